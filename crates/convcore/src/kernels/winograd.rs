//! Convolution with 3 x 3 filters in 16 multiplications for 4 outputs, instead of 36.
//!
//! Two neighbouring outputs of a filter of three, `y0 = d0 g0 + d1 g1 + d2 g2` and `y1 = d1 g0 + d2 g1 + d3 g2`, take six
//! multiplications. Four are enough:
//!
//! ```text
//!   m0 = (d0 - d2) g0                     y0 = m0 + m1 + m2
//!   m1 = (d1 + d2) (g0 + g1 + g2) / 2     y1 = m1 - m2 - m3
//!   m2 = (d2 - d1) (g0 - g1 + g2) / 2
//!   m3 = (d1 - d3) g2
//! ```
//!
//! Done along both axes, a tile of 4 x 4 pixels and a filter of 3 x 3 become 16 numbers each, whose 16 products become
//! 2 x 2 outputs. What is done to the pixels is shared by all filters, what is done to the filters by all pixels; in
//! between stand 16 matrix products. [`filters`] turns the filters, [`pixels`] the pixels, and the products back into
//! outputs; [`products`] multiplies. Here are the loops around them. It pays where there are many of both. The results differ from the
//! direct sum in the last digits only (the factors are 1/2 and 1/4), but they do differ.
//!
//! For 3 x 3 filters with stride 1, and 1024 pairs of channel and filter or more. Measured on a Zen 5 core: 1.23 to 1.37
//! times what the direct sum could do at the processor's peak, counted by the direct sum's multiplications (64 and 256
//! channels of 56 x 56 and 14 x 14).
//!
//! Source: Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks* (2015), after Winograd (1980).

mod filters;
mod pixels;
mod products;

use self::filters::turned;
use self::pixels::{Output, turn_pixels};
use self::products::multiply;
use super::layout::{Axis, Layout};
use super::parallel::{Kept, Shared, filled, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd};
use super::sizes::Sizes;
use super::tile::Grid;

/// A convolution with 3 x 3 filters and stride 1, of images with their own strides in memory.
struct Winograd<'a> {
    level: Level,
    images: &'a [f32],
    count: usize,
    groups: usize,
    channels: usize,
    filters: usize,
    input: [usize; 2],
    output: [usize; 2],
    layout: Layout,
    /// For each group, the 16 matrices of turned filters: see [`turned`].
    weights: Kept,
    bias: Option<&'a [f32]>,
}

/// Whether this way is open and worth it.
pub(super) fn suits(sizes: &Sizes) -> bool {
    let geometry = &sizes.geometry;
    geometry.kernel == [3, 3]
        && geometry.stride == [1, 1]
        && geometry.dilation == [1, 1]
        && geometry.padding.iter().all(|&padding| padding <= 2)
        && sizes.channels.min(sizes.filters) >= 16
        && sizes.channels * sizes.filters >= 1024
        && sizes
            .input
            .iter()
            .chain(&sizes.output)
            .all(|&length| length >= 4)
}

/// See [`super::conv_forward::forward`].
pub(super) fn forward(
    level: Level,
    sizes: &Sizes,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let element = |filter: usize, channel: usize, element: usize| {
        weight[(filter * sizes.channels + channel) * 9 + element]
    };
    let weights = turned(level, sizes.groups, sizes.filters, sizes.channels, element);
    let Sizes {
        images,
        groups,
        channels,
        filters,
        input,
        output,
        geometry,
    } = *sizes;
    let layout = layout(channels, filters, input, output, geometry.padding);
    Winograd {
        level,
        images: x,
        count: images,
        groups,
        channels,
        filters,
        input,
        output,
        layout,
        weights,
        bias,
    }
    .run()
}

/// See [`super::conv_backward_input::input_gradient`]: the filters stand on their heads, and read the output's channels.
pub(super) fn input_gradient(
    level: Level,
    sizes: &Sizes,
    grad: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    let element = |channel: usize, filter: usize, element: usize| {
        let filter = channel / sizes.channels * sizes.filters + filter;
        weight[(filter * sizes.channels + channel % sizes.channels) * 9 + 8 - element]
    };
    let weights = turned(level, sizes.groups, sizes.channels, sizes.filters, element);
    let Sizes {
        images,
        groups,
        channels,
        filters,
        input,
        output,
        geometry,
    } = *sizes;
    let layout = layout(
        filters,
        channels,
        output,
        input,
        geometry.padding.map(|padding| 2 - padding),
    );
    Winograd {
        level,
        images: grad,
        count: images,
        groups,
        channels: filters,
        filters: channels,
        input: output,
        output: input,
        layout,
        weights,
        bias: None,
    }
    .run()
}

/// The layout in which output `q` is a tile of 2 x 2, and its 16 taps are the pixels that it reads.
fn layout(
    channels: usize,
    filters: usize,
    input: [usize; 2],
    output: [usize; 2],
    padding: [usize; 2],
) -> Layout {
    let axes = [0, 1].map(|axis| {
        let reads = (0..4).map(|element| (element, element as isize - padding[axis] as isize));
        Axis::new(input[axis], output[axis].div_ceil(2), 2, reads)
    });
    // Turned pixels and products for about 96 tiles at a time, or fewer where there are many channels.
    let tiles = (320 * 1024 / (16 * (channels + filters))).clamp(48, 192);
    let width = output[1].div_ceil(2) + 1;
    Layout::in_bands(channels, axes, tiles / width)
}

impl Winograd<'_> {
    fn run(&self) -> Vec<f32> {
        let bands = self.layout.bands();
        let pixels = self.output[0] * self.output[1];
        let length = self.count * self.groups * self.filters * pixels;
        let fill = |output: Shared| {
            for_each_task(
                self.count * self.groups * bands,
                length * self.channels,
                |task| {
                    let (group_at, band) = (task / bands, task % bands);
                    let most = Tiles::new(self.layout.band * self.layout.width, self.level.lanes());
                    let length = self.layout.scratch()
                        + 16 * (most.matrix(self.channels) + most.matrix(self.filters));
                    with_scratch(length, |scratch| {
                        self.level.run(Band {
                            winograd: self,
                            group_at,
                            band,
                            scratch,
                            output,
                        });
                    });
                },
            );
        };
        // SAFETY: each output is in one tile, and each tile in one band of one group of one image.
        unsafe { filled(length, fill) }
    }
}

/// A cache line between the 16 matrices: a power of two apart, all 16 would contend for one place in the cache.
const APART: usize = 16;

/// How a row of turned tiles stands in memory.
#[derive(Clone, Copy)]
struct Tiles {
    /// Whole vectors of tiles.
    count: usize,
    /// From a row to the next: an odd number of vectors. Rows an even number apart would crowd into a part of the
    /// first-level cache.
    stride: usize,
}

impl Tiles {
    fn new(tiles: usize, lanes: usize) -> Tiles {
        let vectors = tiles.div_ceil(lanes);
        Tiles {
            count: vectors * lanes,
            stride: (vectors | 1) * lanes,
        }
    }

    /// From one of the 16 matrices of so many rows to the next.
    fn matrix(self, rows: usize) -> usize {
        rows * self.stride + APART
    }
}

/// One task: a band of tile rows of all filters of a group over one image.
struct Band<'a> {
    winograd: &'a Winograd<'a>,
    /// The image, times the groups, plus the group.
    group_at: usize,
    band: usize,
    scratch: &'a mut [f32],
    output: Shared<'a>,
}

impl Kernel for Band<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let w = self.winograd;
        let rows = w.layout.band_rows(self.band);
        let columns = w.output[1].div_ceil(2);
        let tiles = Tiles::new((rows.len() - 1) * w.layout.width + columns, S::LANES);
        let (scratch, rest) = self.scratch.split_at_mut(w.layout.scratch());
        let (pixels, products) = rest.split_at_mut(16 * tiles.matrix(w.channels));
        let start = self.group_at * w.channels * w.input[0] * w.input[1];
        let (data, offsets) = w
            .layout
            .lay_out(w.level, w.images, start, self.band, scratch);
        for (channel, offsets) in offsets.as_chunks().0.iter().enumerate() {
            let pixels = &mut pixels[channel * tiles.stride..];
            turn_pixels(
                simd,
                data,
                offsets,
                tiles.count,
                tiles.matrix(w.channels),
                pixels,
            );
        }
        multiply(simd, w, self.group_at % w.groups, tiles, pixels, products);
        let output = Output {
            winograd: w,
            group_at: self.group_at,
            output: self.output,
        };
        let grid = Grid {
            width: w.layout.width,
            rows: rows.len(),
            columns,
            row_stride: 2 * w.output[1],
            column_stride: 2,
        };
        for filter in 0..w.filters {
            output.finish(simd, filter, &grid, 2 * rows.start, tiles, products);
        }
    }
}
