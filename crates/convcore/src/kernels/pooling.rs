//! Maximum and average over windows, plane by plane, forward and backward.

use std::ops::Range;

use rayon::prelude::*;

use crate::Geometry;

/// The sizes of one pooling, already checked. A plane is one channel of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) geometry: Geometry,
    pub(crate) planes: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
}

impl Sizes {
    /// One result for each output: `f` of the plane and the window, for every plane.
    fn for_each_window(&self, x: &[f32], f: impl Fn(&[f32], &Window) -> f32 + Sync) -> Vec<f32> {
        let mut y = vec![0.; self.planes * self.output[0] * self.output[1]];
        if y.is_empty() {
            return y;
        }
        let windows = Windows::new(self);
        let planes = y
            .par_chunks_mut(self.output[0] * self.output[1])
            .zip(x.par_chunks(self.input[0] * self.input[1]));
        planes.for_each(|(y, x)| {
            y.iter_mut()
                .zip(windows.iter())
                .for_each(|(y, window)| *y = f(x, &window))
        });
        y
    }

    /// The gradient of the input: `f` adds the gradient of each output to the pixels of its window.
    fn spread(
        &self,
        x: &[f32],
        grad: &[f32],
        f: impl Fn(&[f32], &Window, f32, &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let mut result = vec![0.; x.len()];
        if result.is_empty() {
            return result;
        }
        let windows = Windows::new(self);
        let area = self.input[0] * self.input[1];
        let planes = result.par_chunks_mut(area).zip(x.par_chunks(area));
        planes
            .zip(grad.par_chunks(self.output[0] * self.output[1]))
            .for_each(|((result, x), grad)| {
                grad.iter()
                    .zip(windows.iter())
                    .for_each(|(&grad, window)| f(x, &window, grad, result));
            });
        result
    }
}

/// The largest element of each window. NaN counts as the largest, so that it is not hidden.
pub(crate) fn max_forward(sizes: &Sizes, x: &[f32]) -> Vec<f32> {
    sizes.for_each_window(x, |x, window| x[window.largest(x)])
}

/// The gradient of each output goes to the largest element of its window; of equal ones, to the first.
pub(crate) fn max_gradient(sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    sizes.spread(x, grad, |x, window, grad, result| {
        result[window.largest(x)] += grad
    })
}

/// The sum of each window over the number of its elements, padding counted or not.
pub(crate) fn average_forward(sizes: &Sizes, count_padding: bool, x: &[f32]) -> Vec<f32> {
    let divisor = divisor(sizes, count_padding);
    sizes.for_each_window(x, |x, window| {
        window.pixels().map(|pixel| x[pixel]).sum::<f32>() / divisor(window)
    })
}

/// The gradient of each output is shared equally among the elements of its window.
pub(crate) fn average_gradient(
    sizes: &Sizes,
    count_padding: bool,
    x: &[f32],
    grad: &[f32],
) -> Vec<f32> {
    let divisor = divisor(sizes, count_padding);
    sizes.spread(x, grad, |_, window, grad, result| {
        let share = grad / divisor(window);
        window.pixels().for_each(|pixel| result[pixel] += share);
    })
}

fn divisor(sizes: &Sizes, count_padding: bool) -> impl Fn(&Window) -> f32 {
    let [height, width] = sizes.geometry.kernel.map(|length| length as f32);
    move |window| {
        if count_padding {
            height * width
        } else {
            (window.rows.count * window.columns.count) as f32
        }
    }
}

/// The windows of one plane, in the order of the outputs.
struct Windows {
    rows: Vec<Stretch>,
    columns: Vec<Stretch>,
}

/// Positions at equal distances along an axis: the part of a window that lies on the image.
#[derive(Clone, Copy)]
struct Stretch {
    first: usize,
    step: usize,
    count: usize,
}

/// The pixels under one output.
struct Window {
    rows: Stretch,
    columns: Stretch,
}

impl Windows {
    fn new(sizes: &Sizes) -> Windows {
        let input = sizes.input;
        let along = |axis: usize, scale: usize| {
            let stretch = |o| {
                let (taps, start): (Range<usize>, isize) =
                    sizes.geometry.taps(axis, o, input[axis]);
                let step = sizes.geometry.dilation[axis];
                // An empty stretch may start outside the image.
                let first = if taps.is_empty() {
                    0
                } else {
                    start.wrapping_add_unsigned(taps.start * step) as usize
                };
                Stretch {
                    first: first * scale,
                    step: step.saturating_mul(scale),
                    count: taps.len(),
                }
            };
            (0..sizes.output[axis]).map(stretch).collect()
        };
        Windows {
            rows: along(0, input[1]),
            columns: along(1, 1),
        }
    }

    fn iter(&self) -> impl Iterator<Item = Window> {
        self.rows.iter().flat_map(|&rows| {
            self.columns
                .iter()
                .map(move |&columns| Window { rows, columns })
        })
    }
}

impl Stretch {
    #[inline]
    fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |i| self.first + i * self.step)
    }
}

impl Window {
    #[inline]
    fn pixels(&self) -> impl Iterator<Item = usize> {
        let columns = self.columns;
        self.rows
            .positions()
            .flat_map(move |row| columns.positions().map(move |column| row + column))
    }

    #[inline]
    fn largest(&self, x: &[f32]) -> usize {
        let mut best = self.rows.first + self.columns.first;
        for row in self.rows.positions() {
            for column in self.columns.positions() {
                // `>` is false for NaN: the first NaN stays.
                let value = x[row + column];
                if value > x[best] || (value.is_nan() && !x[best].is_nan()) {
                    best = row + column;
                }
            }
        }
        best
    }
}
