//! The gradient of a convolution's input where gathering wastes much: each output gives to the pixels that it read.
//!
//! [`super::conv_backward_input`] gathers for each pixel, through every tap, also where the tap came from no output: a single
//! row of outputs of 7 x 3 filters gives to 7 rows of pixels, each through one of 7 rows of taps, but all are multiplied. And
//! for a single channel, a tile of its own has a single row. The other way round nothing is wasted: one product of matrices,
//! `given[channel and tap][output] = sum over filters of weight[filter][channel and tap] * grad[filter][output]`, with a tile's
//! rows along channels and taps; then each number is added to its pixel, which is memory's work, and has to be less.
//!
//! For the shapes where the sizes say that it is cheaper: see [`suits`]. Measured on a Zen 5 core: 66 % of the peak for
//! 96 filters of 7 x 3 over 96 channels of 7 x 62, 62 % for 192 filters of 7 x 5 over one channel of 60 x 39.

use super::conv_forward::BAND;
use super::layout::Axis;
use super::parallel::{Shared, filled, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd};
use super::sizes::Sizes;
use super::tile::{self, Grid, Panels, Work};

/// Whether this way is worth it, counted in multiplications of a vector.
pub(super) fn suits(level: Level, sizes: &Sizes) -> bool {
    let (lanes, rows) = (level.lanes(), level.rows());
    let [stride_down, stride] = sizes.geometry.stride;
    // A tile of few rows takes as long as one of three: each step waits for the one before.
    let tile_rows = match sizes.channels {
        few if few < rows => few.next_power_of_two().max(3),
        many => many.next_multiple_of(rows),
    };
    let mut gather = 0;
    for down in (0..stride_down.min(sizes.input[0])).map(|first| Axis::backward(sizes, 0, first)) {
        for across in (0..stride.min(sizes.input[1])).map(|first| Axis::backward(sizes, 1, first)) {
            let vectors = (down.outputs * across.width()).div_ceil(lanes);
            gather += vectors * down.taps() * across.taps() * tile_rows * sizes.filters;
        }
    }
    let (given, columns) = (sizes.channels * sizes.elements(), sizes.output[1]);
    let product =
        given.next_multiple_of(rows) * sizes.output_pixels().div_ceil(lanes) * sizes.filters;
    // To add, a row waits for what was added just before to the pixels around.
    let add = match stride {
        1 => 40 + 20 * columns.div_ceil(lanes),
        _ => 40 + 4 * columns,
    };
    let scatter = product + given * sizes.output[0] * add;
    4 * scatter < 3 * gather && given * columns <= BAND
}

/// See [`super::conv_backward_input::input_gradient`].
pub(super) fn input_gradient(
    level: Level,
    sizes: &Sizes,
    grad: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    /// Tasks that a few cores share evenly.
    const TASKS: usize = 8;
    let planes = sizes.images * sizes.groups;
    let shares = TASKS.div_ceil(planes).min(sizes.channels);
    let share =
        |index: usize| sizes.channels * index / shares..sizes.channels * (index + 1) / shares;
    let (elements, filter_length) = (sizes.elements(), sizes.channels * sizes.elements());
    let places: Vec<usize> = (0..sizes.filters)
        .map(|filter| filter * filter_length)
        .collect();
    let mut panels = Vec::with_capacity(sizes.groups * shares);
    for group in weight.chunks(sizes.filters * filter_length) {
        for channels in (0..shares).map(share) {
            let weight = &group[channels.start * elements..];
            panels.push(Panels::pack(
                weight,
                channels.len() * elements,
                1,
                &places,
                level.rows(),
            ));
        }
    }
    let rows = (BAND / (filter_length * sizes.output[1])).clamp(1, sizes.output[0]);
    let columns = (rows * sizes.output[1]).next_multiple_of(level.lanes());
    let work = sizes.lengths()[2] * filter_length;
    let run = |gradient: Shared| {
        for_each_task(planes * shares, work, |task| {
            let (plane, part) = (task / shares, task % shares);
            let channels = share(part);
            let pixels = channels.len() * sizes.input_pixels();
            let first = (plane * sizes.channels + channels.start) * sizes.input_pixels();
            let to = gradient.at(first);
            assert!(first + pixels <= sizes.lengths()[0]);
            // SAFETY: the channels of a plane are this task's alone, and clear before they are read.
            let to = unsafe {
                to.write_bytes(0, pixels);
                std::slice::from_raw_parts_mut(to, pixels)
            };
            with_scratch(
                (channels.len() * elements + sizes.filters) * columns,
                |scratch| {
                    let (given, turned) = scratch.split_at_mut(channels.len() * elements * columns);
                    for first in (0..sizes.output[0]).step_by(rows) {
                        let rows = first..(first + rows).min(sizes.output[0]);
                        level.run(Multiply {
                            panels: &panels[plane % sizes.groups * shares + part],
                            grad: &grad[plane * sizes.filters * sizes.output_pixels()
                                + first * sizes.output[1]..],
                            filters: sizes.filters,
                            grad_stride: sizes.output_pixels(),
                            outputs: rows.len() * sizes.output[1],
                            columns,
                            data: turned,
                            given,
                        });
                        level.run(Scatter {
                            sizes,
                            rows,
                            columns,
                            given,
                            to,
                        });
                    }
                },
            );
        });
    };
    // SAFETY: each task clears and fills the channels of its plane, and there is nothing else.
    unsafe { filled(sizes.lengths()[0], run) }
}

/// `given[row of the panels][output] = sum over filters of panels[row][filter] * grad[filter][output]`.
struct Multiply<'a> {
    panels: &'a Panels<'a>,
    grad: &'a [f32],
    filters: usize,
    grad_stride: usize,
    outputs: usize,
    /// From one row to the next, in `data` and in `given`: whole vectors.
    columns: usize,
    /// Room for `grad` in such rows.
    data: &'a mut [f32],
    given: &'a mut [f32],
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let columns = self.columns;
        for (filter, data) in self
            .data
            .chunks_exact_mut(columns)
            .enumerate()
            .take(self.filters)
        {
            data[..self.outputs]
                .copy_from_slice(&self.grad[filter * self.grad_stride..][..self.outputs]);
        }
        let offsets: Vec<u32> = (0..self.filters)
            .map(|filter| (filter * columns) as u32)
            .collect();
        let grid = Grid {
            width: columns,
            rows: 1,
            columns,
            row_stride: 0,
            column_stride: 1,
        };
        assert!(self.data.len() >= self.filters * columns);
        let mut q = 0;
        while q < self.outputs {
            let vectors = tile::vectors::<S>(self.outputs - q);
            for panel in self.panels.iter() {
                let work = Work {
                    offsets: &offsets,
                    data: self.data.as_ptr(),
                    output: self.given[panel.first * columns..][..panel.used * columns]
                        .as_mut_ptr(),
                    output_stride: columns,
                    grid,
                    bias: None,
                    ahead: 0,
                };
                // SAFETY: rows of `data` and of `given` are whole vectors.
                unsafe { tile::run(simd, &panel, vectors, q, &work) };
            }
            q += vectors * S::LANES;
        }
    }
}

/// Adds what some rows of outputs give to their pixels.
struct Scatter<'a> {
    sizes: &'a Sizes,
    rows: std::ops::Range<usize>,
    /// From one row to the next in `given`.
    columns: usize,
    /// `[channel][tap][output]`.
    given: &'a [f32],
    /// `[channel][pixel]`.
    to: &'a mut [f32],
}

impl Kernel for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let sizes = self.sizes;
        let [kernel_rows, kernel_columns] = sizes.geometry.kernel;
        let [height, width] = sizes.input;
        let mut given = self.given.chunks_exact(self.columns);
        // The outputs of an axis whose window's element is a pixel, and the first one's pixel.
        let inside = |axis: usize, element: usize| {
            let stride = sizes.geometry.stride[axis];
            let read = (element * sizes.geometry.dilation[axis]) as isize
                - sizes.geometry.padding[axis] as isize;
            let begin = ((-read).max(0) as usize).div_ceil(stride);
            let end = ((sizes.input[axis] as isize - read).max(0) as usize).div_ceil(stride);
            let end = end.min(sizes.output[axis]);
            (begin..end, read + (begin * stride) as isize)
        };
        let [down, across] = sizes.geometry.stride;
        for plane in self.to.chunks_exact_mut(height * width) {
            for i in 0..kernel_rows {
                let (rows, first_row) = inside(0, i);
                for j in 0..kernel_columns {
                    let given = given.next().expect("numbers for each tap");
                    let (columns, first_column) = inside(1, j);
                    for row in rows.start.max(self.rows.start)..rows.end.min(self.rows.end) {
                        if columns.is_empty() {
                            continue;
                        }
                        let from = (row - self.rows.start) * sizes.output[1];
                        let from = &given[from..from + sizes.output[1]][columns.clone()];
                        let y = first_row as usize + (row - rows.start) * down;
                        let to = &mut plane[y * width + first_column as usize..(y + 1) * width];
                        if across == 1 {
                            add(simd, from, &mut to[..from.len()]);
                        } else {
                            for (to, value) in to.iter_mut().step_by(across).zip(from) {
                                *to += value;
                            }
                        }
                    }
                }
            }
        }
    }
}

/// `to += from`.
#[inline(always)]
fn add<S: Simd>(simd: S, from: &[f32], to: &mut [f32]) {
    for at in (0..from.len()).step_by(S::LANES) {
        let count = S::LANES.min(from.len() - at);
        let (from, to) = (&from[at..at + count], &mut to[at..at + count]);
        // SAFETY: as many as the slices have.
        unsafe {
            let sum = simd.add(
                simd.load_first(from.as_ptr(), count),
                simd.load_first(to.as_ptr(), count),
            );
            simd.store_range(to.as_mut_ptr(), sum, 0, count);
        }
    }
}
