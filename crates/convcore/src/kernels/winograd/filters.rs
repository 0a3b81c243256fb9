//! The filters as the products take them: 3 x 3 numbers become 16, once for all images.

use super::super::parallel::{Kept, Shared, for_each_task};
use super::super::simd::Level;
use super::super::tile::Panels;
use super::APART;

/// The filters, turned: for each group 16 matrices `[filter][channel]`, in the tiles' order.
///
/// `get(filter of all, channel, element)` gives the filters' elements.
pub(super) fn turned(
    level: Level,
    groups: usize,
    filters: usize,
    channels: usize,
    get: impl Fn(usize, usize, usize) -> f32 + Sync,
) -> Kept {
    let rows = level.rows();
    let length = matrix_length(level, filters, channels);
    let mut matrices = Kept::new(groups * 16 * length);
    // As in `Panels::pack`.
    let work = 16 * matrices.len();
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
pub(super) fn matrix_length(level: Level, filters: usize, channels: usize) -> usize {
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
