//! The 16 matrix products between the turned filters of a group and the turned pixels of a band: nearly all of the time.

use super::super::simd::Simd;
use super::super::tile::{self, Grid, Panels, Work};
use super::filters::matrix_length;
use super::{APART, Tiles, Winograd};

/// The 16 matrix products: `products[m][filter][tile] = weights[m][filter][channel] * pixels[m][channel][tile]`.
#[inline(always)]
pub(super) fn multiply<S: Simd>(
    simd: S,
    w: &Winograd,
    group: usize,
    tiles: Tiles,
    pixels: &[f32],
    products: &mut [f32],
) {
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
    let group = group * 16 * length;
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
                    ahead: 0,
                };
                // SAFETY: `tiles.count` is a number of whole vectors, so that all lanes are within `pixels` and `products`.
                unsafe { tile::run(simd, &panel, vectors, q, &work) };
            }
            q += vectors * S::LANES;
        }
    }
}
