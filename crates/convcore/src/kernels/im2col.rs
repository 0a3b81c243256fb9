//! An image unfolded into a matrix: one row for each weight of a filter, one column for each output position.

use std::ops::Range;

use crate::Geometry;

/// Which part of the unfolded matrix: the geometry, the sizes, and the columns (flat output positions).
pub(super) struct Unfolding<'a> {
    pub(super) geometry: &'a Geometry,
    pub(super) input: [usize; 2],
    pub(super) output: [usize; 2],
    pub(super) positions: Range<usize>,
}

impl Unfolding<'_> {
    /// Fills `matrix` with what each weight meets at each position; zeros where that is padding.
    ///
    /// `planes` are the channels of the image, one after the other.
    pub(super) fn unfold(&self, planes: &[f32], matrix: &mut [f32]) {
        let width = self.input[1];
        self.for_each_run(planes.len(), |plane, segment, run| {
            let into = &mut matrix[segment];
            let Some(run) = run else { return into.fill(0.) };
            into[..run.before].fill(0.);
            into[run.before + run.count..].fill(0.);
            let into = &mut into[run.before..run.before + run.count];
            let row = &planes[plane + run.row * width + run.column..];
            match run.step {
                1 => into.copy_from_slice(&row[..run.count]),
                step => into
                    .iter_mut()
                    .zip(row.iter().step_by(step))
                    .for_each(|(to, &x)| *to = x),
            }
        });
    }

    /// The opposite: adds each element of `matrix` to the pixel that it was unfolded from.
    pub(super) fn fold(&self, matrix: &[f32], planes: &mut [f32]) {
        let width = self.input[1];
        self.for_each_run(planes.len(), |plane, segment, run| {
            let Some(run) = run else { return };
            let from = &matrix[segment][run.before..run.before + run.count];
            let row = &mut planes[plane + run.row * width + run.column..];
            match run.step {
                1 => row.iter_mut().zip(from).for_each(|(pixel, x)| *pixel += x),
                step => row
                    .iter_mut()
                    .step_by(step)
                    .zip(from)
                    .for_each(|(pixel, x)| *pixel += x),
            }
        });
    }

    /// Calls `visit` for every stretch of the matrix that lies in one row of it and one row of the output: with the start
    /// of the channel's plane, the stretch, and the pixels under it (`None` when all of it is padding).
    fn for_each_run(&self, planes: usize, mut visit: impl FnMut(usize, Range<usize>, Option<Run>)) {
        let Unfolding {
            geometry,
            input,
            output,
            positions,
        } = self;
        let columns = positions.len();
        let area = input[0] * input[1];
        let mut matrix_row = 0;
        for plane in (0..planes).step_by(area.max(1)) {
            for ky in 0..geometry.kernel[0] {
                for kx in 0..geometry.kernel[1] {
                    let mut at = positions.start;
                    while at < positions.end {
                        let (i, j) = (at / output[1], at % output[1]);
                        let count = (output[1] - j).min(positions.end - at);
                        let start = matrix_row * columns + at - positions.start;
                        visit(
                            plane,
                            start..start + count,
                            self.run([ky, kx], i, j..j + count),
                        );
                        at += count;
                    }
                    matrix_row += 1;
                }
            }
        }
    }

    /// The pixels that weight `k` of a filter meets at the outputs `columns` of output row `i`.
    fn run(&self, k: [usize; 2], i: usize, columns: Range<usize>) -> Option<Run> {
        let Geometry {
            stride,
            padding,
            dilation,
            ..
        } = self.geometry;
        let row = (i * stride[0] + k[0] * dilation[0])
            .checked_sub(padding[0])
            .filter(|&row| row < self.input[0])?;
        // Column j meets pixel j * stride + offset - padding. The first and the end of those on the image:
        let offset = k[1] * dilation[1];
        let first = padding[1]
            .saturating_sub(offset)
            .div_ceil(stride[1])
            .max(columns.start);
        let end = (self.input[1] + padding[1])
            .saturating_sub(offset)
            .div_ceil(stride[1])
            .min(columns.end);
        if first >= end {
            return None;
        }
        Some(Run {
            before: first - columns.start,
            count: end - first,
            row,
            column: first * stride[1] + offset - padding[1],
            step: stride[1],
        })
    }
}

/// Pixels of one image row that follow each other in the matrix.
struct Run {
    /// How many zeros of padding come first.
    before: usize,
    count: usize,
    row: usize,
    column: usize,
    step: usize,
}
