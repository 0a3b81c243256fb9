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
//! between stand 16 matrix products, [`tile`]s again. It pays where there are many of both. The results differ from the
//! direct sum in the last digits only (the factors are 1/2 and 1/4), but they do differ.
//!
//! For 3 x 3 filters with stride 1, and 1024 pairs of channel and filter or more. Measured on a Zen 5 core: 1.15 to 1.25
//! times what the direct sum could do at the processor's peak, counted by the direct sum's multiplications (64 and 256
//! channels of 56 x 56 and 14 x 14).
//!
//! Source: Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks* (2015), after Winograd (1980).

use super::layout::{Axis, Layout};
use super::parallel::{Kept, Shared, filled, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd};
use super::sizes::Sizes;
use super::tile::{self, Grid, Panels, Work};

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

/// The filters, turned: for each group 16 matrices `[filter][channel]`, in the tiles' order.
///
/// `get(filter of all, channel, element)` gives the filters' elements.
fn turned(
    level: Level,
    groups: usize,
    filters: usize,
    channels: usize,
    get: impl Fn(usize, usize, usize) -> f32 + Sync,
) -> Kept {
    let rows = level.rows();
    let length = matrix_length(level, filters, channels);
    let mut matrices = Kept::new(groups * 16 * length);
    let work = matrices.len();
    let shared = Shared::new(&mut matrices);
    let panels = filters.div_ceil(rows);
    for_each_task(groups * panels, work, |task| {
        let (group, first) = (task / panels, task % panels * rows);
        let begin = group * 16 * length + Panels::place(filters, channels, rows, first, 0);
        let width = Panels::place(filters, channels, rows, first, 1)
            - Panels::place(filters, channels, rows, first, 0);
        for channel in 0..channels {
            for filter in first..filters.min(first + rows) {
                let g: [[f32; 3]; 3] = std::array::from_fn(|i| {
                    std::array::from_fn(|j| get(group * filters + filter, channel, 3 * i + j))
                });
                let half = transpose(g.map(turn_filter));
                let begin = begin + channel * width + filter - first;
                for (i, values) in transpose(half.map(turn_filter)).into_iter().enumerate() {
                    for (j, value) in values.into_iter().enumerate() {
                        let at = begin + (4 * i + j) * length;
                        // SAFETY: this panel's numbers are this task's alone.
                        unsafe { shared.at(at).write(value) };
                    }
                }
            }
        }
    });
    matrices
}

/// From one of the 16 matrices of filters to the next: see [`APART`].
fn matrix_length(level: Level, filters: usize, channels: usize) -> usize {
    Panels::length(filters, channels, level.rows()) + APART
}

/// A filter of three as the four factors of the products.
fn turn_filter([a, b, c]: [f32; 3]) -> [f32; 4] {
    [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c]
}

#[inline(always)]
fn transpose<T: Copy, const ROWS: usize, const COLUMNS: usize>(
    m: [[T; COLUMNS]; ROWS],
) -> [[T; ROWS]; COLUMNS] {
    std::array::from_fn(|j| std::array::from_fn(|i| m[i][j]))
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
        let output = Output {
            winograd: w,
            group_at: self.group_at,
            output: self.output,
        };
        output.multiply(simd, tiles, pixels, products);
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

/// Where a task's results go.
struct Output<'a> {
    winograd: &'a Winograd<'a>,
    group_at: usize,
    output: Shared<'a>,
}

impl Output<'_> {
    /// The 16 matrix products: `products[m][filter][tile] = weights[m][filter][channel] * pixels[m][channel][tile]`.
    #[inline(always)]
    fn multiply<S: Simd>(&self, simd: S, tiles: Tiles, pixels: &[f32], products: &mut [f32]) {
        let w = self.winograd;
        let offsets: Vec<u32> = (0..w.channels)
            .map(|channel| (channel * tiles.stride) as u32)
            .collect();
        let grid = Grid {
            width: tiles.count,
            rows: 1,
            columns: tiles.count,
            row_stride: 0,
            column_stride: 1,
        };
        let length = matrix_length(w.level, w.filters, w.channels);
        let group = self.group_at % w.groups * 16 * length;
        for (m, weights) in w.weights[group..][..16 * length]
            .chunks_exact(length)
            .enumerate()
        {
            let weights = Panels::packed(
                &weights[..length - APART],
                w.filters,
                w.channels,
                w.level.rows(),
            );
            let pixels = &pixels[m * tiles.matrix(w.channels)..][..w.channels * tiles.stride];
            let products = &mut products[m * tiles.matrix(w.filters)..][..w.filters * tiles.stride];
            let mut q = 0;
            while q < tiles.count {
                let vectors = tile::vectors::<S>(tiles.count - q);
                for panel in weights.iter() {
                    let work = Work {
                        offsets: &offsets,
                        data: pixels.as_ptr(),
                        output: products[panel.first * tiles.stride..].as_mut_ptr(),
                        output_stride: tiles.stride,
                        grid,
                        bias: None,
                    };
                    // SAFETY: `tiles.count` is a number of whole vectors, so that all lanes are within `pixels` and `products`.
                    unsafe { tile::run(simd, &panel, vectors, q, &work) };
                }
                q += vectors * S::LANES;
            }
        }
    }

    #[expect(
        clippy::needless_range_loop,
        reason = "both indices say which way a matrix is read"
    )]
    /// Turns a filter's products into outputs, from row `first_row` on.
    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        filter: usize,
        grid: &Grid,
        first_row: usize,
        tiles: Tiles,
        products: &[f32],
    ) {
        let w = self.winograd;
        let [height, width] = w.output;
        let bias = w.bias.map_or(0.0, |bias| {
            bias[self.group_at % w.groups * w.filters + filter]
        });
        let plane = (self.group_at * w.filters + filter) * height * width;
        for q in (0..tiles.count).step_by(S::LANES) {
            let mut m = [[simd.splat(0.0); 4]; 4];
            for i in 0..4 {
                for j in 0..4 {
                    let at = (4 * i + j) * tiles.matrix(w.filters) + filter * tiles.stride + q;
                    // SAFETY: `products` has whole vectors for each.
                    m[j][i] = unsafe { simd.load(products[at..at + S::LANES].as_ptr()) };
                }
            }
            // Down each column, then along each row.
            let [a, b, c, d] = m;
            let half = [
                finish_line(simd, a),
                finish_line(simd, b),
                finish_line(simd, c),
                finish_line(simd, d),
            ];
            for row in 0..2 {
                let [even, odd] = finish_line(
                    simd,
                    [half[0][row], half[1][row], half[2][row], half[3][row]],
                );
                let both = simd.interleave(
                    simd.add(even, simd.splat(bias)),
                    simd.add(odd, simd.splat(bias)),
                );
                for run in grid.runs(q, S::LANES) {
                    let (y, x) = (first_row + run.address / width + row, run.address % width);
                    if y >= height {
                        break;
                    }
                    // An odd width ends in the middle of a tile.
                    let (start, end) =
                        (2 * run.start, (2 * run.end).min(2 * run.start + width - x));
                    let to = self.output.at(plane + y * width + x);
                    for part in 0..2 {
                        let lanes = part * S::LANES;
                        let from = start.clamp(lanes, lanes + S::LANES);
                        let until = end.clamp(lanes, lanes + S::LANES);
                        if from < until {
                            let to = to.wrapping_add(from - start);
                            // SAFETY: these are outputs of this row, from column x + from - start on.
                            unsafe {
                                simd.store_range(to, both[part], from - lanes, until - lanes)
                            };
                        }
                    }
                }
            }
        }
    }
}

/// Turns the tiles of one channel: `pixels[m * stride + tile]` for each of the 16 matrices m.
#[inline(always)]
fn turn_pixels<S: Simd>(
    simd: S,
    data: &[f32],
    offsets: &[u32; 16],
    tiles: usize,
    stride: usize,
    pixels: &mut [f32],
) {
    for q in (0..tiles).step_by(S::LANES) {
        let mut d = [[simd.splat(0.0); 4]; 4];
        for i in 0..4 {
            for j in 0..4 {
                let at = offsets[4 * i + j] as usize + q;
                // SAFETY: the layout has slack for the lanes beyond its last tile.
                d[j][i] = unsafe { simd.load(data[at..at + S::LANES].as_ptr()) };
            }
        }
        // Down each column, then along each row.
        let [a, b, c, d] = d;
        let half = [
            turn_line(simd, a),
            turn_line(simd, b),
            turn_line(simd, c),
            turn_line(simd, d),
        ];
        for i in 0..4 {
            let row = turn_line(simd, [half[0][i], half[1][i], half[2][i], half[3][i]]);
            for j in 0..4 {
                let to = &mut pixels[(4 * i + j) * stride + q..][..S::LANES];
                // SAFETY: `to` has a vector's length.
                unsafe { simd.store(to.as_mut_ptr(), row[j]) };
            }
        }
    }
}

/// Four pixels as the four factors of the products.
#[inline(always)]
fn turn_line<S: Simd>(simd: S, [a, b, c, d]: [S::Vector; 4]) -> [S::Vector; 4] {
    [
        simd.sub(a, c),
        simd.add(b, c),
        simd.sub(c, b),
        simd.sub(b, d),
    ]
}

/// Four products as the two outputs.
#[inline(always)]
fn finish_line<S: Simd>(simd: S, [a, b, c, d]: [S::Vector; 4]) -> [S::Vector; 2] {
    [simd.add(simd.add(a, b), c), simd.sub(simd.sub(b, c), d)]
}
