//! Maximum and average over windows, plane by plane, forward and backward.
//!
//! A maximum of a window is the maximum, over its columns, of the maximum of each column. So an output row takes two
//! passes: over the window's rows, whole rows at a time (neighbours with neighbours: the compiler makes vectors of
//! that), into one line; then over the columns of that line. A window of k x k costs k + k steps instead of k x k. Sums
//! work alike, and an average's gradient runs the same two passes backwards.
//!
//! For every shape. Measured on a Zen 5 core, 3 x 3 windows with stride 2 over 6.4 million pixels: about 0.8 ns a pixel for
//! the maximum and for its gradient, 0.4 and 0.6 ns for the average and its.

use rayon::prelude::*;

use super::parallel::{WORTH_THREADS, with_scratch};
use super::simd::{Kernel, Level, Simd};
use crate::Geometry;

/// The sizes of one pooling, already checked. A plane is one channel of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) geometry: Geometry,
    pub(crate) planes: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
}

/// The largest element of each window. NaN counts as the largest, so that it is not hidden.
pub(crate) fn max_forward(sizes: &Sizes, x: &[f32]) -> Vec<f32> {
    forward(sizes, x, f32::NEG_INFINITY, larger, |value, _| value)
}

/// The sum of each window over the number of its elements, padding counted or not.
pub(crate) fn average_forward(sizes: &Sizes, count_padding: bool, x: &[f32]) -> Vec<f32> {
    let divisor = divisor(sizes, count_padding);
    forward(
        sizes,
        x,
        0.0,
        |a, b| a + b,
        |sum, elements| sum / divisor(elements),
    )
}

/// The gradient of each output goes to the largest element of its window; of equal ones, to the first.
///
/// Which of random pixels is the largest, no processor guesses, and each wrong guess at a branch costs it 20 steps. So
/// there is none: a pixel's rank and its place make one whole number, and the largest of those tells the place.
pub(crate) fn max_gradient(sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let [rows, columns] = [0, 1].map(|axis| stretches(sizes, axis));
    u32::try_from(sizes.input[0] * sizes.input[1]).expect("a plane of over 4 billion pixels");
    let level = Level::detect();
    backward(sizes, |plane, result| {
        level.run(MaxGradient {
            rows: &rows,
            columns: &columns,
            width: sizes.input[1],
            x: &x[plane * result.len()..][..result.len()],
            grad: &grad[plane * rows.len() * columns.len()..],
            result,
        });
    })
}

/// The gradient of one plane.
struct MaxGradient<'a> {
    rows: &'a [Stretch],
    columns: &'a [Stretch],
    width: usize,
    x: &'a [f32],
    grad: &'a [f32],
    result: &'a mut [f32],
}

impl Kernel for MaxGradient<'_> {
    type Output = ();

    /// Plain loops, which the compiler turns into the level's instructions.
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let width = self.width;
        let mut grad = self.grad.iter();
        let mut line = vec![0; width];
        for row in self.rows {
            line.fill(0);
            for y in row.positions() {
                let pixels = &self.x[y * width..][..width];
                for (x, (best, &pixel)) in line.iter_mut().zip(pixels).enumerate() {
                    // Of equal ranks, the smaller place is the larger number.
                    let place = (y * width + x) as u32;
                    let number = u64::from(rank(pixel)) << 32 | u64::from(!place);
                    *best = number.max(*best);
                }
            }
            for (column, grad) in self.columns.iter().zip(&mut grad) {
                let best = column.positions().fold(0, |best, x| line[x].max(best));
                // 0 is no pixel's number: such a window lies all in the padding.
                if best > 0 {
                    self.result[!(best as u32) as usize] += grad;
                }
            }
        }
    }
}

/// A number that is larger for a larger one, equal for equal ones, and the largest for NaN.
#[inline(always)]
fn rank(value: f32) -> u32 {
    // Adding 0 makes -0 the same as 0.
    let bits = (value + 0.0).to_bits();
    let sign = (bits as i32 >> 31) as u32;
    if value.is_nan() {
        u32::MAX
    } else {
        bits ^ (sign | 1 << 31)
    }
}

/// The gradient of each output is shared equally among the elements of its window.
pub(crate) fn average_gradient(sizes: &Sizes, count_padding: bool, grad: &[f32]) -> Vec<f32> {
    let [rows, columns] = [0, 1].map(|axis| stretches(sizes, axis));
    let width = sizes.input[1];
    let divisor = divisor(sizes, count_padding);
    backward(sizes, |plane, result| {
        let mut grad = grad[plane * rows.len() * columns.len()..].iter();
        with_scratch(width, |line| {
            for row in &rows {
                line.fill(0.0);
                for (column, grad) in columns.iter().zip(&mut grad) {
                    let share = grad / divisor(row.count * column.count);
                    column.positions().for_each(|x| line[x] += share);
                }
                for y in row.positions() {
                    let pixels = &mut result[y * width..][..width];
                    pixels
                        .iter_mut()
                        .zip(&*line)
                        .for_each(|(pixel, share)| *pixel += share);
                }
            }
        });
    })
}

/// The larger one; NaN if either is.
fn larger(a: f32, b: f32) -> f32 {
    if b > a || b.is_nan() { b } else { a }
}

/// What an average divides by, from the number of elements of its window that are on the image.
fn divisor(sizes: &Sizes, count_padding: bool) -> impl Fn(usize) -> f32 {
    let [height, width] = sizes.geometry.kernel.map(|length| length as f32);
    move |elements| {
        if count_padding {
            height * width
        } else {
            elements as f32
        }
    }
}

/// For each output, `finish` of its window's elements, combined from `start` on, and of their number.
fn forward(
    sizes: &Sizes,
    x: &[f32],
    start: f32,
    combine: impl Fn(f32, f32) -> f32 + Sync,
    finish: impl Fn(f32, usize) -> f32 + Sync,
) -> Vec<f32> {
    let [rows, columns] = [0, 1].map(|axis| stretches(sizes, axis));
    let [height, width] = sizes.input;
    assert_eq!(x.len(), sizes.planes * height * width);
    let mut y = vec![0.0; sizes.planes * rows.len() * columns.len()];
    let level = Level::detect();
    let plane = |(plane, y): (usize, &mut [f32])| {
        with_scratch(width, |line| {
            level.run(Forward {
                rows: &rows,
                columns: &columns,
                x: &x[plane * height * width..][..height * width],
                y,
                line,
                start,
                combine: &combine,
                finish: &finish,
            });
        });
    };
    for_each_plane(&mut y, rows.len() * columns.len(), x.len(), plane);
    y
}

/// The outputs of one plane.
struct Forward<'a, C, F> {
    rows: &'a [Stretch],
    columns: &'a [Stretch],
    x: &'a [f32],
    y: &'a mut [f32],
    line: &'a mut [f32],
    start: f32,
    combine: C,
    finish: F,
}

impl<C: Fn(f32, f32) -> f32, F: Fn(f32, usize) -> f32> Kernel for Forward<'_, C, F> {
    type Output = ();

    /// Plain loops, which the compiler turns into the level's instructions.
    #[inline(always)]
    fn run<S: Simd>(self, _: S) {
        let width = self.line.len();
        for (row, y) in self
            .rows
            .iter()
            .zip(self.y.chunks_exact_mut(self.columns.len()))
        {
            self.line.fill(self.start);
            for position in row.positions() {
                let pixels = &self.x[position * width..][..width];
                for (value, &pixel) in self.line.iter_mut().zip(pixels) {
                    *value = (self.combine)(*value, pixel);
                }
            }
            for (y, column) in y.iter_mut().zip(self.columns) {
                let pixels = column.positions().map(|x| self.line[x]);
                let value = pixels.fold(self.start, &self.combine);
                *y = (self.finish)(value, row.count * column.count);
            }
        }
    }
}

/// The gradient of the input: `add` adds a plane's to zeros.
fn backward(sizes: &Sizes, add: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let pixels = sizes.input[0] * sizes.input[1];
    let mut result = vec![0.0; sizes.planes * pixels];
    let work = result.len();
    for_each_plane(&mut result, pixels, work, |(plane, result)| {
        add(plane, result)
    });
    result
}

fn for_each_plane(
    values: &mut [f32],
    plane: usize,
    work: usize,
    run: impl Fn((usize, &mut [f32])) + Sync,
) {
    if plane == 0 {
    } else if work < WORTH_THREADS {
        values.chunks_exact_mut(plane).enumerate().for_each(&run);
    } else {
        values
            .par_chunks_exact_mut(plane)
            .enumerate()
            .for_each(&run);
    }
}

/// Positions at equal distances along an axis: the part of a window that lies on the image.
#[derive(Clone, Copy)]
struct Stretch {
    first: usize,
    step: usize,
    count: usize,
}

impl Stretch {
    #[inline(always)]
    fn positions(self) -> impl Iterator<Item = usize> {
        (0..self.count).map(move |i| self.first + i * self.step)
    }
}

/// The part on the image of each window along an axis.
fn stretches(sizes: &Sizes, axis: usize) -> Vec<Stretch> {
    let step = sizes.geometry.dilation[axis];
    let stretch = |output| {
        let (taps, start) = sizes.geometry.taps(axis, output, sizes.input[axis]);
        // An empty stretch may start outside the image.
        let first = if taps.is_empty() {
            0
        } else {
            start.wrapping_add_unsigned(taps.start * step) as usize
        };
        Stretch {
            first,
            step,
            count: taps.len(),
        }
    };
    (0..sizes.output[axis]).map(stretch).collect()
}
