//! Many filters over many small images: the images lie along the vectors.
//!
//! In a small image, rows of outputs are short, and the vectors of [`super::correlate`] hold many that hang over the edge: of
//! 9 vectors that hold 10 rows of 10 outputs among 14 pixels, a third is thrown away. But a batch has more images than a
//! vector has places. So 16 images are turned over until a vector holds the same pixel of each. Then every tile is full, and
//! its loads are aligned; the price is to turn the images, and the outputs back.
//!
//! For stride 1, where the sizes say that it is cheaper: see [`suits`]. Measured on a Zen 5 core: 81 % of the peak for 16
//! filters of 5 x 5 over 6 channels of 14 x 14.

use super::conv_forward::BAND;
use super::correlate::Correlation;
use super::layout::Span;
use super::parallel::{Shared, for_each_task, with_scratch};
use super::simd::{Kernel, Simd, turned};
use super::tile::{self, Grid, Panel, Work};

/// Numbers to a cache line.
pub(super) const LINE: usize = 16;

/// Whether this way is open and worth it.
pub(super) fn suits(c: &Correlation) -> bool {
    /// To turn a number takes as long as so many multiplications.
    const TURN: usize = 10;
    let [rows, columns] = [0, 1].map(|axis| c.layout.axes[axis].outputs);
    let Some([down, across]) = c.layout.spans() else {
        return false;
    };
    let lanes = c.level.lanes();
    let along_rows = ((rows - 1) * c.layout.width + columns).next_multiple_of(lanes);
    let wasted = (along_rows - rows * columns) * c.filters * c.depth();
    let turned = c.layout.channels * down.count * across.count + c.filters * rows * columns;
    c.steps == [columns, 1]
        // At most an eighth of the places is for images that there are not.
        && c.count.next_multiple_of(lanes) * 8 <= c.count * 9
        && turned * lanes <= BAND
        && wasted > TURN * turned
}

/// See [`Correlation::run`].
///
/// # Safety
///
/// As there; and it [`suits`].
pub(super) unsafe fn run(c: &Correlation, output: Shared) {
    let lanes = c.level.lanes();
    let blocks = c.count.div_ceil(lanes);
    let Some(spans) = c.layout.spans() else {
        return;
    };
    let [rows, columns] = [0, 1].map(|axis| c.layout.axes[axis].outputs);
    let plane = spans[0].count * spans[1].count * lanes;
    let offsets = c
        .layout
        .offsets()
        .iter()
        .map(|offset| offset * lanes as u32);
    let offsets: Vec<u32> = offsets.collect();
    let pixels = c.layout.channels * plane;
    // Vectors are taken from the outputs of a filter until there are `lanes`, which may be more than there are.
    let outputs = c.level.rows() * rows * columns * lanes + lanes * lanes;
    let work = c.count * c.groups.len() * c.filters * rows * columns * c.depth();
    for_each_task(blocks * c.groups.len(), work, |task| {
        with_scratch(LINE + pixels + outputs, |scratch| {
            let unaligned = scratch.as_ptr().align_offset(LINE * size_of::<f32>());
            let (pixels, outputs) = scratch[unaligned.min(LINE)..].split_at_mut(pixels);
            c.level.run(Block {
                correlation: c,
                spans,
                offsets: &offsets,
                first: task / c.groups.len() * lanes,
                group: task % c.groups.len(),
                pixels,
                outputs,
                output,
            });
        });
    });
}

/// One task: all outputs of one group over as many images as a vector has places.
struct Block<'a> {
    correlation: &'a Correlation<'a>,
    spans: [&'a Span; 2],
    offsets: &'a [u32],
    /// The first image.
    first: usize,
    group: usize,
    /// `[channel][row][column][image]`, with padding.
    pixels: &'a mut [f32],
    /// `[filter of the panel][output][image]`.
    outputs: &'a mut [f32],
    output: Shared<'a>,
}

impl Kernel for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let c = self.correlation;
        let [rows, columns] = [0, 1].map(|axis| c.layout.axes[axis].outputs);
        let images = S::LANES.min(c.count - self.first);
        self.turn_images(simd, images);
        let grid = Grid {
            width: c.layout.width * S::LANES,
            rows,
            columns: columns * S::LANES,
            row_stride: columns * S::LANES,
            column_stride: 1,
        };
        for panel in c.groups[self.group].iter() {
            let work = Work {
                offsets: self.offsets,
                data: self.pixels.as_ptr(),
                output: self.outputs.as_mut_ptr(),
                output_stride: rows * columns * S::LANES,
                grid,
                bias: c.bias.map(|bias| &bias[self.group * c.filters..]),
                ahead: 0,
            };
            for row in 0..rows {
                let mut column = 0;
                while column < columns {
                    let vectors = tile::vectors::<S>((columns - column) * S::LANES);
                    let q = (row * c.layout.width + column) * S::LANES;
                    // SAFETY: all of these outputs read pixels of the layout, and each has its place in `outputs`.
                    unsafe { tile::run(simd, &panel, vectors, q, &work) };
                    column += vectors;
                }
            }
            self.turn_outputs(simd, images, &panel);
        }
    }
}

impl Block<'_> {
    #[inline(always)]
    fn turn_images<S: Simd>(&mut self, simd: S, images: usize) {
        let c = self.correlation;
        let [down, across] = self.spans;
        let (width, count) = (c.layout.axes[1].length, across.end - across.begin);
        if down.end - down.begin < down.count || count < across.count {
            self.pixels.fill(0.0);
        }
        let image_pixels = c.layout.axes[0].length * width;
        let start = self.first * c.image_strides[0] + self.group * c.group_strides[0];
        for channel in 0..c.layout.channels {
            for (line, row) in (down.begin..down.end).zip(down.skip..) {
                let from = start + channel * image_pixels + row * width + across.skip;
                let to = (channel * down.count + line) * across.count + across.begin;
                let last = (images - 1) * c.image_strides[0];
                let from = c.images[from..from + last + count].as_ptr();
                for at in (0..count).step_by(S::LANES) {
                    let used = S::LANES.min(count - at);
                    let mut vectors = [simd.splat(0.0); 16];
                    for (image, vector) in vectors.iter_mut().enumerate().take(S::LANES) {
                        // Where there are fewer images, the last is repeated.
                        let image = (image * c.image_strides[0]).min(last);
                        // SAFETY: these are pixels of the slice that begins at `from`.
                        *vector = unsafe { simd.load_first(from.add(image + at), used) };
                    }
                    let vectors = turned(simd, vectors);
                    let to = &mut self.pixels[(to + at) * S::LANES..][..used * S::LANES];
                    for (to, vector) in to.chunks_exact_mut(S::LANES).zip(vectors) {
                        // SAFETY: a chunk is a vector long.
                        unsafe { simd.store(to.as_mut_ptr(), vector) };
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn turn_outputs<S: Simd>(&self, simd: S, images: usize, panel: &Panel) {
        let c = self.correlation;
        let count = c.layout.axes[0].outputs * c.layout.axes[1].outputs;
        let start = self.first * c.image_strides[1] + self.group * c.group_strides[1];
        for row in 0..panel.used {
            let to = start + (panel.first + row) * c.filter_stride;
            for at in (0..count).step_by(S::LANES) {
                let used = S::LANES.min(count - at);
                let from = &self.outputs[(row * count + at) * S::LANES..][..S::LANES * S::LANES];
                let mut vectors = [simd.splat(0.0); 16];
                for (vector, from) in vectors.iter_mut().zip(from.chunks_exact(S::LANES)) {
                    // SAFETY: a chunk is a vector long.
                    *vector = unsafe { simd.load(from.as_ptr()) };
                }
                let vectors = turned(simd, vectors);
                let to = self.output.at(to + at);
                for (image, vector) in vectors.into_iter().enumerate().take(images) {
                    let to = to.wrapping_add(image * c.image_strides[1]);
                    // SAFETY: these are outputs of one filter over one image; the creator of the correlation vouches for
                    // their addresses.
                    unsafe { simd.store_range(to, vector, 0, used) };
                }
            }
        }
    }
}
