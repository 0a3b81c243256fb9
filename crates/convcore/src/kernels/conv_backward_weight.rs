//! The gradient of a convolution's weights and biases: sums over all outputs of all images.
//!
//! `gradient[filter][tap] = sum over outputs of grad[filter][output] * x[what the tap reads for that output]`
//!
//! Here the filters lie along the vectors: the output's gradient is turned so that one output's filters are neighbours,
//! and each step multiplies a vector or two of them with one pixel for each of 8 taps. So short rows waste nothing.
//!
//! The images are cut into parts by the sizes alone. Each part sums up a gradient of its own, and these are added in
//! order: the result does not depend on the number of threads.
//!
//! For every shape that [`super::conv_backward_weight_few`] is not for. Measured on a Zen 5 core: 75 to 89 % of the peak with
//! 64 filters or more over many channels, 63 % for 16 filters over 6, 60 % for 64 filters over 3 channels of 224 x 224.

use std::ops::Range;

use rayon::prelude::*;

use super::conv_forward::BAND;
use super::layout::{Axis, Layout};
use super::parallel::{Kept, Shared, WORTH_THREADS, filled, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd, turned};
use super::sizes::Sizes;

/// The gradient of the weights: what each weight met, times the gradient of what it contributed to.
pub(super) fn weight_gradient(level: Level, sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let axes = [Axis::forward(sizes, 0), Axis::forward(sizes, 1)];
    // A turned band of the output's gradient takes its share of the cache.
    let share = BAND * sizes.channels / (sizes.channels + sizes.filters);
    let layout = Layout::new(sizes.channels, axes, share, sizes.images);
    let elements = layout.elements(sizes.geometry.kernel[1]);
    let blocks = Block::all(sizes.filters, level.lanes());
    let filled_filters = blocks.last().map_or(0, |block| block.first + block.width);
    let depth = sizes.channels * elements.len();
    if depth == 0 {
        // Nothing but padding was ever read.
        return vec![0.0; sizes.lengths()[1]];
    }
    let sums = Sums {
        level,
        sizes,
        x,
        grad,
        group_length: filled_filters * depth,
        depth,
        layout,
        blocks,
    };

    let units = sizes.images * sums.layout.bands();
    let pairs: Vec<(usize, &Block)> = (0..sizes.groups)
        .flat_map(|group| sums.blocks.iter().map(move |block| (group, block)))
        .collect();
    let lengths: Vec<usize> = pairs.iter().map(|pair| pair.1.width * depth).collect();
    let partials = in_parts(
        units,
        &lengths,
        grad.len() * depth,
        |unit, these, sums_of| sums.add_unit(unit, &pairs[these], sums_of),
    );
    sums.total(&partials, &elements)
}

/// Sums over all units, in parts that are yet to be added up: one after the other in memory. Each part has, one after the
/// other, pieces of so many numbers.
///
/// `add` adds a unit to some pieces of a part; there are `work` multiplications in all.
pub(super) fn in_parts(
    units: usize,
    pieces: &[usize],
    work: usize,
    add: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) -> Kept {
    /// Tasks that a few cores share evenly.
    const TASKS: usize = 4;
    let length: usize = pieces.iter().sum();
    // Few parts where there are many sums, for which they would not be in the cache; then a task adds some pieces alone.
    let parts = ((1 << 20) / length.max(1)).clamp(1, 16).min(units);
    let shares = TASKS.div_ceil(parts).min(pieces.len());
    let mut partials = Kept::new(parts * length);
    let mut tasks = Vec::with_capacity(parts * shares);
    let mut rest = &mut partials[..];
    for part in 0..parts {
        for share in 0..shares {
            let these = pieces.len() * share / shares..pieces.len() * (share + 1) / shares;
            let (sums, after) = rest.split_at_mut(pieces[these.clone()].iter().sum());
            tasks.push((
                units * part / parts..units * (part + 1) / parts,
                these,
                sums,
            ));
            rest = after;
        }
    }
    let run = |(units, these, sums): (Range<usize>, Range<usize>, &mut [f32])| {
        sums.fill(0.0);
        for unit in units {
            add(unit, these.clone(), sums);
        }
    };
    if work < WORTH_THREADS {
        tasks.into_iter().for_each(run);
    } else {
        tasks.into_par_iter().for_each(run);
    }
    partials
}

/// The gradient of the biases: the sums of the gradients of what each was added to.
pub(super) fn bias_gradient(sizes: &Sizes, grad: &[f32]) -> Vec<f32> {
    let (pixels, filters) = (sizes.output_pixels(), sizes.groups * sizes.filters);
    let sum = |filter: usize| -> f32 {
        let planes =
            (0..sizes.images).map(|image| &grad[(image * filters + filter) * pixels..][..pixels]);
        planes.map(sum_of).sum()
    };
    if grad.len() < WORTH_THREADS {
        (0..filters).map(sum).collect()
    } else {
        (0..filters).into_par_iter().map(sum).collect()
    }
}

/// The sum of a plane, in 32 running sums at a time: one alone would wait for each addition, and be less exact.
fn sum_of(plane: &[f32]) -> f32 {
    let (chunks, rest) = plane.as_chunks::<32>();
    let mut sums = [0.0; 32];
    for chunk in chunks {
        sums.iter_mut()
            .zip(chunk)
            .for_each(|(sum, value)| *sum += value);
    }
    sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Neighbouring filters of a group that one tile computes: one or two vectors of them.
#[derive(Clone, Copy)]
struct Block {
    first: usize,
    /// How many count, and how many there are with filling.
    used: usize,
    width: usize,
}

impl Block {
    fn all(filters: usize, lanes: usize) -> Vec<Block> {
        let block = |first: usize| {
            let used = (filters - first).min(2 * lanes);
            Block {
                first,
                used,
                width: used.next_multiple_of(lanes),
            }
        };
        (0..filters).step_by(2 * lanes).map(block).collect()
    }
}

struct Sums<'a> {
    level: Level,
    sizes: &'a Sizes,
    x: &'a [f32],
    grad: &'a [f32],
    layout: Layout,
    blocks: Vec<Block>,
    /// Taps over all channels of a group.
    depth: usize,
    /// Numbers in the sums of a group: `[block][tap][filter of the block]`.
    group_length: usize,
}

impl Sums<'_> {
    /// Adds the products of one band of one image to the sums of some blocks, each with its group: `[block][tap][filter of
    /// the block]`.
    fn add_unit(&self, unit: usize, pairs: &[(usize, &Block)], mut sums: &mut [f32]) {
        let (sizes, layout) = (self.sizes, &self.layout);
        let (image, band) = (unit / layout.bands(), unit % layout.bands());
        let (rows, columns) = (layout.band_rows(band), sizes.output[1]);
        let outputs = rows.len() * columns;
        let length = layout.scratch() + outputs * self.blocks[0].width;
        with_scratch(length, |scratch| {
            let (scratch, turned) = scratch.split_at_mut(layout.scratch());
            for pairs in pairs.chunk_by(|a, b| a.0 == b.0) {
                let group_at = image * sizes.groups + pairs[0].0;
                let start = group_at * sizes.channels * sizes.input_pixels();
                let (data, offsets) = layout.lay_out(self.level, self.x, start, band, scratch);
                for (_, block) in pairs {
                    let filter = group_at * sizes.filters + block.first;
                    self.level.run(Turn {
                        from: &self.grad[filter * sizes.output_pixels() + rows.start * columns..],
                        stride: sizes.output_pixels(),
                        block,
                        outputs,
                        to: turned,
                    });
                    let length = self.depth * block.width;
                    let these = sums.split_off_mut(..length).expect("sums for each block");
                    self.level.run(AddProducts {
                        data,
                        offsets,
                        turned,
                        grid: [rows.len(), columns, layout.width],
                        lanes: block.width,
                        sums: these,
                    });
                }
            }
        });
    }

    /// The sum of the parts, in order, as `[filter][channel][element]`.
    fn total(&self, partials: &[f32], elements: &[usize]) -> Vec<f32> {
        const TAPS: usize = 16;
        let length = self.sizes.lengths()[1];
        let (depth, strips) = (self.depth, self.depth.div_ceil(TAPS));
        let filter_length = self.sizes.channels * self.sizes.elements();
        let part_length = self.sizes.groups * self.group_length;
        let add = |weight: Shared| {
            let tasks = self.sizes.groups * self.blocks.len() * strips;
            for_each_task(tasks, partials.len(), |task| {
                let (group, strip) = (task / strips / self.blocks.len(), task % strips);
                let block = &self.blocks[task / strips % self.blocks.len()];
                let at = group * self.group_length + block.first * depth;
                for tap in strip * TAPS..((strip + 1) * TAPS).min(depth) {
                    let element = tap / elements.len() * self.sizes.elements()
                        + elements[tap % elements.len()];
                    let mut sums = [0.0; 32];
                    for part in partials.chunks_exact(part_length) {
                        let part = &part[at + tap * block.width..][..block.used];
                        for (sum, value) in sums.iter_mut().zip(part) {
                            *sum += value;
                        }
                    }
                    for (lane, &sum) in sums[..block.used].iter().enumerate() {
                        let filter = group * self.sizes.filters + block.first + lane;
                        // SAFETY: this element of this filter is this task's alone.
                        unsafe { weight.at(filter * filter_length + element).write(sum) };
                    }
                }
            });
        };
        if elements.len() < self.sizes.elements() {
            // Some elements meet nothing but padding.
            let mut weight = vec![0.0; length];
            add(Shared::new(&mut weight));
            return weight;
        }
        // SAFETY: each element of each filter is in one strip of one block.
        unsafe { filled(length, add) }
    }
}

/// Turns `[filter][output]`, `stride` apart, to `[output][filter]`. Filling is anything: nobody reads its sums.
struct Turn<'a> {
    from: &'a [f32],
    stride: usize,
    block: &'a Block,
    outputs: usize,
    to: &'a mut [f32],
}

impl Kernel for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (Block { used, width, .. }, outputs) = (*self.block, self.outputs);
        assert!(self.from.len() >= (used - 1) * self.stride + outputs);
        for first in (0..width).step_by(S::LANES) {
            for at in (0..outputs).step_by(S::LANES) {
                let count = S::LANES.min(outputs - at);
                let mut vectors = [simd.splat(0.0); 16];
                for (lane, vector) in vectors.iter_mut().enumerate().take(S::LANES) {
                    let filter = (first + lane).min(used - 1);
                    // SAFETY: checked above.
                    *vector = unsafe {
                        let from = self.from.as_ptr().add(filter * self.stride + at);
                        simd.load_first(from, count)
                    };
                }
                let to = &mut self.to[at * width..(at + count) * width];
                for (to, vector) in to.chunks_exact_mut(width).zip(turned(simd, vectors)) {
                    let to = &mut to[first..first + S::LANES];
                    // SAFETY: a vector's length.
                    unsafe { simd.store(to.as_mut_ptr(), vector) };
                }
            }
        }
    }
}

/// `sums[tap][filter] += turned[output][filter] * data[offsets[tap] + output]`, over all outputs.
struct AddProducts<'a> {
    data: &'a [f32],
    offsets: &'a [u32],
    turned: &'a [f32],
    /// Rows, columns, and pixels from a row to the next in `data`.
    grid: [usize; 3],
    lanes: usize,
    sums: &'a mut [f32],
}

impl Kernel for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let [rows, columns, width] = self.grid;
        let last = (rows - 1) * width + columns;
        assert!(self.turned.len() >= rows * columns * self.lanes);
        assert!(
            self.offsets
                .iter()
                .all(|&offset| offset as usize + last <= self.data.len())
        );
        // SAFETY: checked above.
        unsafe {
            match (S::ROWS, self.lanes / S::LANES) {
                (8, 2) => self.tiles::<S, 8, 2>(simd),
                (8, _) => self.tiles::<S, 8, 1>(simd),
                (_, 2) => self.tiles::<S, 4, 2>(simd),
                _ => self.tiles::<S, 4, 1>(simd),
            }
        }
    }
}

impl AddProducts<'_> {
    /// # Safety
    ///
    /// Every tap's pixels are within `data`, and `turned` has `VECTORS` vectors for each.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const TAPS: usize, const VECTORS: usize>(self, simd: S) {
        /// A longer running sum loses digits: see `sum_of`.
        const LONGEST_SUM: usize = 256;
        let [rows, columns, width] = self.grid;
        let rows_at_once = (LONGEST_SUM / columns).max(1);
        for (offsets, results) in self
            .offsets
            .chunks(TAPS)
            .zip(self.sums.chunks_mut(TAPS * VECTORS * S::LANES))
        {
            // Where there are fewer taps, the last is repeated, and its sums thrown away.
            let pixels: [*const f32; TAPS] = std::array::from_fn(|tap| {
                self.data
                    .as_ptr()
                    .wrapping_add(offsets[tap.min(offsets.len() - 1)] as usize)
            });
            let mut turned = self.turned.as_ptr();
            for first in (0..rows).step_by(rows_at_once) {
                let mut sums = [[simd.splat(0.0); VECTORS]; TAPS];
                for row in first..(first + rows_at_once).min(rows) {
                    for at in row * width..row * width + columns {
                        // SAFETY: the caller vouches for all that is read.
                        unsafe {
                            let filters: [_; VECTORS] =
                                std::array::from_fn(|v| simd.load(turned.add(v * S::LANES)));
                            for (sums, pixel) in sums.iter_mut().zip(&pixels) {
                                let pixel = simd.splat(*pixel.add(at));
                                for (sum, &filters) in sums.iter_mut().zip(&filters) {
                                    *sum = simd.mul_add(pixel, filters, *sum);
                                }
                            }
                            turned = turned.add(VECTORS * S::LANES);
                        }
                    }
                }
                // A copy: see `tile`.
                let sums = sums;
                for (result, sum) in results.chunks_exact_mut(S::LANES).zip(sums.as_flattened()) {
                    // SAFETY: a chunk is a vector long.
                    unsafe {
                        simd.store(
                            result.as_mut_ptr(),
                            simd.add(simd.load(result.as_ptr()), *sum),
                        )
                    };
                }
            }
        }
    }
}
