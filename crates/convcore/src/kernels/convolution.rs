//! Convolution of a batch by matrix multiplication, forward and backward.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use super::im2col::Unfolding;
use crate::Geometry;

/// The sizes of one convolution, already checked against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) geometry: Geometry,
    pub(crate) images: usize,
    pub(crate) groups: usize,
    /// Input channels of one group.
    pub(crate) channels: usize,
    /// Filters, that is output channels, of one group.
    pub(crate) filters: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
}

/// An unfolded tile has about this many elements: it should stay in the second-level cache.
const TILE: usize = 1 << 16;
/// A product with fewer columns than this wastes the matrix multiplication.
const FEWEST_COLUMNS: usize = 64;
/// Images are summed in at most so many parts, whatever the number of threads, so that the sum is always the same.
const PARTS: usize = 16;

impl Sizes {
    /// `[N, F, H', W']`.
    pub(crate) fn output_shape(&self) -> [usize; 4] {
        [
            self.images,
            self.groups * self.filters,
            self.output[0],
            self.output[1],
        ]
    }

    /// Weights of one filter: rows of the unfolded matrix.
    fn rows(&self) -> usize {
        self.channels * self.geometry.kernel[0] * self.geometry.kernel[1]
    }

    fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    fn input_group(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }

    fn output_group(&self) -> usize {
        self.filters * self.positions()
    }

    fn weight_group(&self) -> usize {
        self.filters * self.rows()
    }

    /// Whether the image already is its own unfolded matrix.
    fn pointwise(&self) -> bool {
        self.geometry == Geometry::new(1).dilation(self.geometry.dilation)
    }

    fn tiles(&self) -> impl Iterator<Item = Range<usize>> {
        let positions = self.positions();
        let tile = (TILE / self.rows().max(1)).max(FEWEST_COLUMNS);
        (0..positions)
            .step_by(tile)
            .map(move |start| start..(start + tile).min(positions))
    }

    fn unfolding(&self, positions: Range<usize>) -> Unfolding<'_> {
        Unfolding {
            geometry: &self.geometry,
            input: self.input,
            output: self.output,
            positions,
        }
    }
}

/// The outputs of the whole batch: each filter over each image, plus its bias.
pub(crate) fn forward(sizes: &Sizes, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let mut y = vec![0.; sizes.images * sizes.groups * sizes.output_group()];
    if y.is_empty() {
        return y;
    }
    let work = |buffer: &mut Vec<f32>, (group, y): (usize, &mut [f32])| {
        let x = &x[group * sizes.input_group()..][..sizes.input_group()];
        let group = group % sizes.groups;
        if let Some(bias) = bias {
            let bias = &bias[group * sizes.filters..];
            y.chunks_mut(sizes.positions())
                .zip(bias)
                .for_each(|(plane, &b)| plane.fill(b));
        }
        if sizes.rows() == 0 {
            return;
        }
        let weight = matrix(
            &weight[group * sizes.weight_group()..][..sizes.weight_group()],
            sizes.filters,
        );
        let mut y = matrix_mut(y, sizes.filters);
        with_tiles(sizes, x, buffer, |positions, unfolded| {
            general_mat_mul(
                1.,
                &weight,
                &unfolded,
                1.,
                &mut y.slice_mut(s![.., positions]),
            );
        });
    };
    y.par_chunks_mut(sizes.output_group())
        .enumerate()
        .for_each_init(Vec::new, work);
    y
}

/// The gradient of the input: each output's gradient goes back, through the weights, to the pixels it was read from.
pub(crate) fn input_gradient(sizes: &Sizes, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    let mut result = vec![0.; sizes.images * sizes.groups * sizes.input_group()];
    if result.is_empty() || grad.is_empty() {
        return result;
    }
    let work = |buffer: &mut Vec<f32>, (group, result): (usize, &mut [f32])| {
        let grad = matrix(
            &grad[group * sizes.output_group()..][..sizes.output_group()],
            sizes.filters,
        );
        let group = group % sizes.groups;
        let weight = matrix(
            &weight[group * sizes.weight_group()..][..sizes.weight_group()],
            sizes.filters,
        );
        if sizes.pointwise() {
            let mut result = matrix_mut(result, sizes.rows());
            return general_mat_mul(1., &weight.t(), &grad, 0., &mut result);
        }
        for positions in sizes.tiles() {
            buffer.resize(sizes.rows() * positions.len(), 0.);
            let mut unfolded = matrix_mut(buffer, sizes.rows());
            general_mat_mul(
                1.,
                &weight.t(),
                &grad.slice(s![.., positions.clone()]),
                0.,
                &mut unfolded,
            );
            sizes.unfolding(positions).fold(buffer, result);
        }
    };
    result
        .par_chunks_mut(sizes.input_group())
        .enumerate()
        .for_each_init(Vec::new, work);
    result
}

/// The gradient of the weights: what each weight met, times the gradient of what it contributed to.
pub(crate) fn weight_gradient(sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let length = sizes.groups * sizes.weight_group();
    if x.is_empty() || grad.is_empty() {
        return vec![0.; length];
    }
    let images: Vec<usize> = (0..sizes.images).collect();
    let part = |images: &[usize]| {
        let mut sum = vec![0.; length];
        let mut buffer = Vec::new();
        for group in images
            .iter()
            .flat_map(|image| image * sizes.groups..(image + 1) * sizes.groups)
        {
            let x = &x[group * sizes.input_group()..][..sizes.input_group()];
            let grad = matrix(
                &grad[group * sizes.output_group()..][..sizes.output_group()],
                sizes.filters,
            );
            let sum =
                &mut sum[group % sizes.groups * sizes.weight_group()..][..sizes.weight_group()];
            let mut sum = matrix_mut(sum, sizes.filters);
            with_tiles(sizes, x, &mut buffer, |positions, unfolded| {
                general_mat_mul(
                    1.,
                    &grad.slice(s![.., positions]),
                    &unfolded.t(),
                    1.,
                    &mut sum,
                );
            });
        }
        sum
    };
    let parts: Vec<Vec<f32>> = images
        .par_chunks(sizes.images.div_ceil(PARTS))
        .map(part)
        .collect();
    let mut parts = parts.into_iter();
    let mut sum = parts.next().expect("at least one image");
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, x)| *sum += x);
    }
    sum
}

/// Calls `visit` with each tile of the unfolded image and the output positions that it holds.
fn with_tiles(
    sizes: &Sizes,
    x: &[f32],
    buffer: &mut Vec<f32>,
    mut visit: impl FnMut(Range<usize>, ArrayView2<'_, f32>),
) {
    if sizes.pointwise() {
        return visit(0..sizes.positions(), matrix(x, sizes.rows()));
    }
    for positions in sizes.tiles() {
        buffer.resize(sizes.rows() * positions.len(), 0.);
        sizes.unfolding(positions.clone()).unfold(x, buffer);
        visit(positions, matrix(buffer, sizes.rows()));
    }
}

fn matrix(values: &[f32], rows: usize) -> ArrayView2<'_, f32> {
    let columns = values.len().checked_div(rows).unwrap_or(0);
    ArrayView2::from_shape((rows, columns), values).expect("whole rows")
}

fn matrix_mut(values: &mut [f32], rows: usize) -> ArrayViewMut2<'_, f32> {
    let columns = values.len().checked_div(rows).unwrap_or(0);
    ArrayViewMut2::from_shape((rows, columns), values).expect("whole rows")
}
