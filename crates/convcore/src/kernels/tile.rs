//! The innermost loop: a tile of the output, kept in registers while its sum runs.
//!
//! A tile is `ROWS` filters by `VECTORS` vectors of neighbouring outputs. For each step of the sum it loads the
//! vectors once, each filter's weight once, and multiplies all with all: 8 x 3 vectors make 24 fused multiply-adds
//! for 11 loads, so that the arithmetic units, not memory, set the pace. The 24 sums, the 3 vectors and a weight fill
//! 28 of AVX-512's 32 registers; in AVX2's 16, a tile of 4 x 2 leaves the compiler the room that it needs.
//!
//! For every shape. Measured on a Zen 5 core: 90 % of the peak with AVX-512, 79 % of half of it with AVX2, on 64
//! filters of 5 x 5 over 64 channels of 56 x 56; with few filters, short rows or short sums less.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::parallel::{Shared, filled, for_each_task};
use super::simd::{Kernel, Simd};

/// The weights of a matrix's rows (a convolution's filters), in the order in which tiles read them.
///
/// Rows are dealt into panels of `rows`, the last one narrower; within a panel the weights stand step by step.
pub(super) struct Panels<'a> {
    values: Cow<'a, [f32]>,
    depth: usize,
    count: usize,
    rows: usize,
}

/// One panel: its weights, its first row, how many rows count, and how many there are with filling.
pub(super) struct Panel<'a> {
    pub(super) values: &'a [f32],
    pub(super) first: usize,
    pub(super) used: usize,
    pub(super) rows: usize,
}

impl<'a> Panels<'a> {
    /// Packs a matrix of `count` rows whose element (row, step) is `matrix[row * stride + places[step]]`.
    pub(super) fn pack(
        matrix: &[f32],
        count: usize,
        stride: usize,
        places: &[usize],
        rows: usize,
    ) -> Panels<'static> {
        let depth = places.len();
        let width = |first: usize| rows.min(count - first).next_power_of_two();
        let length = Panels::length(count, depth, rows);
        let fill = |values: Shared| {
            // A number takes as long to move as many multiplications.
            for_each_task(count.div_ceil(rows), 16 * length, |panel| {
                let (first, width) = (panel * rows, width(panel * rows));
                // SAFETY: these are this panel's numbers, each of which is written below.
                let panel = unsafe {
                    let start = values.at(first * depth).cast::<MaybeUninit<f32>>();
                    std::slice::from_raw_parts_mut(start, width * depth)
                };
                for row in 0..width {
                    let places = panel.iter_mut().skip(row).step_by(width).zip(places);
                    match matrix.get((first + row) * stride..) {
                        Some(from) if first + row < count => {
                            places.for_each(|(value, &place)| _ = value.write(from[place]));
                        }
                        _ => places.for_each(|(value, _)| _ = value.write(0.0)),
                    }
                }
            });
        };
        // SAFETY: each panel is filled, and there is nothing but panels.
        let values = unsafe { filled(length, fill) }.into();
        Panels {
            values,
            depth,
            count,
            rows,
        }
    }

    /// Panels of numbers that already stand in their order: see [`Panels::place`].
    pub(super) fn packed(values: &'a [f32], count: usize, depth: usize, rows: usize) -> Panels<'a> {
        Panels {
            values: values.into(),
            depth,
            count,
            rows,
        }
    }

    /// How many numbers panels have.
    pub(super) fn length(count: usize, depth: usize, rows: usize) -> usize {
        count.checked_sub(1).map_or(0, |last| {
            let first = last / rows * rows;
            (first + rows.min(count - first).next_power_of_two()) * depth
        })
    }

    /// Where in panels an element of the matrix stands.
    pub(super) fn place(count: usize, depth: usize, rows: usize, row: usize, step: usize) -> usize {
        let first = row / rows * rows;
        let width = rows.min(count - first).next_power_of_two();
        first * depth + step * width + row - first
    }

    /// Steps of the sum.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Panel<'_>> {
        (0..self.count).step_by(self.rows).map(|first| {
            let used = self.rows.min(self.count - first);
            let rows = used.next_power_of_two();
            let begin = first * self.depth;
            Panel {
                values: &self.values[begin..begin + rows * self.depth],
                first,
                used,
                rows,
            }
        })
    }
}

/// Where a tile's finished numbers go: runs of neighbouring lanes to runs of neighbouring addresses.
///
/// Lane `q` of the layout (see [`super::layout`]) is row `q / width`, column `q % width`; columns beyond `columns` and
/// rows beyond `rows` are thrown away.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    pub(super) width: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// From one row's address to the next, and from one column's.
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

/// Neighbouring lanes `start..end` of a vector, and the address of the first, from the tile's row's own.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) address: usize,
}

impl Grid {
    /// The runs of the vector that begins with lane `q`.
    #[inline(always)]
    pub(super) fn runs(self, q: usize, lanes: usize) -> Runs {
        Runs {
            grid: self,
            row: q / self.width,
            column: q % self.width,
            start: 0,
            lanes,
        }
    }
}

/// The runs of a vector that are yet to come.
pub(super) struct Runs {
    grid: Grid,
    row: usize,
    column: usize,
    start: usize,
    lanes: usize,
}

impl Iterator for Runs {
    type Item = Run;

    #[inline(always)]
    fn next(&mut self) -> Option<Run> {
        let grid = self.grid;
        while self.start < self.lanes && self.row < grid.rows {
            let (start, row, column) = (self.start, self.row, self.column);
            (self.start, self.row, self.column) = (start + grid.width - column, row + 1, 0);
            if column < grid.columns {
                let end = self.lanes.min(start + grid.columns - column);
                let address = row * grid.row_stride + column * grid.column_stride;
                return Some(Run {
                    start,
                    end,
                    address,
                });
            }
        }
        None
    }
}

/// How many vectors the next tile of a row takes of those left: four are two and two, which wait less than three and one.
#[inline(always)]
pub(super) fn vectors<S: Simd>(lanes_left: usize) -> usize {
    match lanes_left.div_ceil(S::LANES) {
        4 => 2,
        left => left.min(S::VECTORS),
    }
}

/// What a tile computes with, besides its size.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// For each step of the sum, where the vectors begin, from `data`.
    pub(super) offsets: &'a [u32],
    pub(super) data: *const f32,
    /// The address of output 0 of the panel's first row, and the distance from a row's to the next.
    pub(super) output: *mut f32,
    pub(super) output_stride: usize,
    pub(super) grid: Grid,
    /// Added to each sum: one number a row, or none.
    pub(super) bias: Option<&'a [f32]>,
    /// How far beyond its own numbers each step fetches some for a later tile; 0 where all are near already.
    pub(super) ahead: usize,
}

/// Computes outputs `q..q + vectors * LANES` of a panel's rows.
///
/// # Safety
///
/// `work.data + offset + q..` can be read for `vectors * LANES` numbers, for each of the offsets, and the grid's
/// addresses of those outputs can be written, for each row of the panel.
#[inline(always)]
pub(super) unsafe fn run<S: Simd>(simd: S, panel: &Panel, vectors: usize, q: usize, work: &Work) {
    simd.call(Tile {
        panel,
        vectors,
        q,
        work,
    });
}

/// What [`run`] was called with.
struct Tile<'a> {
    panel: &'a Panel<'a>,
    vectors: usize,
    q: usize,
    work: &'a Work<'a>,
}

impl Kernel for Tile<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Tile {
            panel,
            vectors,
            q,
            work,
        } = self;
        // SAFETY: `run`, which alone makes a `Tile`, was promised the addresses. Panels have no more than `S::ROWS` rows,
        // a power of two.
        unsafe {
            match (panel.rows, vectors) {
                (8, 3) if S::ROWS == 8 && S::VECTORS == 3 => tile::<S, 8, 3>(simd, panel, q, work),
                (8, 2) if S::ROWS == 8 => tile::<S, 8, 2>(simd, panel, q, work),
                (8, _) if S::ROWS == 8 => tile::<S, 8, 1>(simd, panel, q, work),
                (4, 3) if S::VECTORS == 3 => tile::<S, 4, 3>(simd, panel, q, work),
                (4, 2) => tile::<S, 4, 2>(simd, panel, q, work),
                (4, _) => tile::<S, 4, 1>(simd, panel, q, work),
                (2, 3) if S::VECTORS == 3 => tile::<S, 2, 3>(simd, panel, q, work),
                (2, 2) => tile::<S, 2, 2>(simd, panel, q, work),
                (2, _) => tile::<S, 2, 1>(simd, panel, q, work),
                (_, 3) if S::VECTORS == 3 => tile::<S, 1, 3>(simd, panel, q, work),
                (_, 2) => tile::<S, 1, 2>(simd, panel, q, work),
                _ => tile::<S, 1, 1>(simd, panel, q, work),
            }
        }
    }
}

/// # Safety
///
/// As [`run`], with `VECTORS` vectors; the panel has `ROWS` rows.
#[inline(always)]
unsafe fn tile<S: Simd, const ROWS: usize, const VECTORS: usize>(
    simd: S,
    panel: &Panel,
    q: usize,
    work: &Work,
) {
    let mut sums = [[simd.splat(0.0); VECTORS]; ROWS];
    if let Some(bias) = work.bias {
        for (row, sum) in sums.iter_mut().enumerate().take(panel.used) {
            *sum = [simd.splat(bias[panel.first + row]); VECTORS];
        }
    }
    let data = work.data.wrapping_add(q);
    let ahead = data.wrapping_add(work.ahead);
    for (&offset, weights) in work.offsets.iter().zip(panel.values.as_chunks::<ROWS>().0) {
        // SAFETY: the caller vouches for these addresses.
        let inputs = std::array::from_fn::<_, VECTORS, _>(|v| unsafe {
            simd.load(data.wrapping_add(offset as usize + v * S::LANES))
        });
        if ROWS == S::ROWS {
            simd.prefetch(ahead.wrapping_add(offset as usize));
        }
        for (sums, &weight) in sums.iter_mut().zip(weights) {
            let weight = simd.splat(weight);
            for (sum, &input) in sums.iter_mut().zip(&inputs) {
                *sum = simd.mul_add(weight, input, *sum);
            }
        }
    }
    // A copy, because a place that is looked up by a changing `v` is no register, and `sums` must be one above.
    let sums = sums;
    for v in 0..VECTORS {
        for run in work.grid.runs(q + v * S::LANES, S::LANES) {
            for (row, sums) in sums.iter().enumerate().take(panel.used) {
                let to = work
                    .output
                    .wrapping_add(row * work.output_stride + run.address);
                // SAFETY: the caller vouches for the grid's addresses.
                unsafe { write(simd, to, work.grid.column_stride, sums[v], run) };
            }
        }
    }
}

/// # Safety
///
/// `to`, `to + stride`, ... can be written for each lane of the run.
#[inline(always)]
unsafe fn write<S: Simd>(simd: S, to: *mut f32, stride: usize, vector: S::Vector, run: Run) {
    // SAFETY: the caller vouches for the addresses.
    unsafe {
        if stride == 1 && run.end - run.start == S::LANES {
            simd.store(to, vector);
        } else if stride == 1 {
            simd.store_range(to, vector, run.start, run.end);
        } else {
            simd.store_every(to, stride, vector, run.start, run.end);
        }
    }
}
