//! Pixels on their way into the products, and products on their way out: a vector holds one number of 16 neighbouring tiles.

use super::super::parallel::Shared;
use super::super::simd::Simd;
use super::super::tile::Grid;
use super::{Tiles, Winograd};

/// Turns the tiles of one channel: `pixels[m * stride + tile]` for each of the 16 matrices m.
#[inline(always)]
pub(super) fn turn_pixels<S: Simd>(
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

/// Where a task's results go.
pub(super) struct Output<'a> {
    pub(super) winograd: &'a Winograd<'a>,
    pub(super) group_at: usize,
    pub(super) output: Shared<'a>,
}

impl Output<'_> {
    /// Turns a filter's products into outputs, from row `first_row` on.
    #[expect(
        clippy::needless_range_loop,
        reason = "both indices say which way a matrix is read"
    )]
    #[inline(always)]
    pub(super) fn finish<S: Simd>(
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

/// Four products as the two outputs.
#[inline(always)]
fn finish_line<S: Simd>(simd: S, [a, b, c, d]: [S::Vector; 4]) -> [S::Vector; 2] {
    [simd.add(simd.add(a, b), c), simd.sub(simd.sub(b, c), d)]
}
