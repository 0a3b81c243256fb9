//! The product of two matrices, in the same tiles as a convolution.
//!
//! Each task takes some columns of the right matrix, lays them out step by step in its scratch memory (so that they can
//! be turned over or end anywhere), and runs all panels of the left matrix over them.
//!
//! For every shape, but made for the layers of small networks: matrices too large for the second-level cache are not cut
//! into blocks that fit.

use super::parallel::{Shared, filled, for_each_task, with_scratch};
use super::simd::{Kernel, Level, Simd};
use super::tile::{self, Grid, Panels, Work};

/// A matrix in a slice: element (row, column) is `values[row * strides[0] + column * strides[1]]`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// A matrix of `columns` columns, row after row.
    pub(crate) fn new(values: &'a [f32], rows: usize, columns: usize) -> Matrix<'a> {
        assert_eq!(values.len(), rows * columns);
        Matrix {
            values,
            rows,
            columns,
            strides: [columns, 1],
        }
    }

    /// The same numbers, rows for columns.
    pub(crate) fn transposed(self) -> Matrix<'a> {
        let [down, across] = self.strides;
        Matrix {
            rows: self.columns,
            columns: self.rows,
            strides: [across, down],
            ..self
        }
    }
}

/// `a * b`, row after row.
pub(crate) fn product(a: Matrix, b: Matrix) -> Vec<f32> {
    product_at(Level::detect(), a, b)
}

pub(super) fn product_at(level: Level, a: Matrix, b: Matrix) -> Vec<f32> {
    assert_eq!(a.columns, b.rows);
    let (rows, columns, depth) = (a.rows, b.columns, a.columns);
    if rows * columns * depth == 0 {
        return vec![0.0; rows * columns];
    }
    let places: Vec<usize> = (0..depth).map(|step| step * a.strides[1]).collect();
    let panels = Panels::pack(a.values, rows, a.strides[0], &places, level.rows());
    let width = 6 * level.lanes();
    let offsets: Vec<u32> = (0..depth)
        .map(|step| u32::try_from(step * width).expect("a matrix of over 4 billion elements"))
        .collect();
    let fill = |output: Shared| {
        for_each_task(columns.div_ceil(width), rows * columns * depth, |task| {
            let first = task * width;
            let used = width.min(columns - first);
            with_scratch(depth * width, |block| {
                copy(b, first, used, width, block);
                level.run(Columns {
                    panels: &panels,
                    offsets: &offsets,
                    block,
                    first,
                    used,
                    columns,
                    output,
                });
            });
        });
    };
    // SAFETY: each column is one task's, which writes all of its rows.
    unsafe { filled(rows * columns, fill) }
}

/// Lays out columns `first..first + used`, `width` numbers from a row to the next.
fn copy(b: Matrix, first: usize, used: usize, width: usize, block: &mut [f32]) {
    for (row, block) in block.chunks_exact_mut(width).enumerate() {
        let from = &b.values[row * b.strides[0] + first * b.strides[1]..];
        if b.strides[1] == 1 {
            block[..used].copy_from_slice(&from[..used]);
        } else {
            for (to, value) in block[..used]
                .iter_mut()
                .zip(from.iter().step_by(b.strides[1]))
            {
                *to = *value;
            }
        }
    }
}

/// One task: all rows of some columns.
struct Columns<'a> {
    panels: &'a Panels<'a>,
    offsets: &'a [u32],
    block: &'a [f32],
    first: usize,
    used: usize,
    columns: usize,
    output: Shared<'a>,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let grid = Grid {
            width: self.used,
            rows: 1,
            columns: self.used,
            row_stride: 0,
            column_stride: 1,
        };
        let mut q = 0;
        while q < self.used {
            let vectors = tile::vectors::<S>(self.used - q);
            for panel in self.panels.iter() {
                let work = Work {
                    offsets: self.offsets,
                    data: self.block.as_ptr(),
                    output: self.output.at(panel.first * self.columns + self.first),
                    output_stride: self.columns,
                    grid,
                    bias: None,
                    ahead: 0,
                };
                // SAFETY: the block's rows are whole vectors; the columns that are written are this task's.
                unsafe { tile::run(simd, &panel, vectors, q, &work) };
            }
            q += vectors * S::LANES;
        }
    }
}
