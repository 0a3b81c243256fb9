//! The gradient of a convolution's weights where filters are few: sums over all outputs, with the outputs along the vectors.
//!
//! A handful of filters fill a small part of the vectors in [`super::conv_backward_weight`]. Here a vector holds neighbouring
//! outputs of a row instead: each step multiplies the gradients of 16 outputs with the 16 pixels that they read through a
//! tap, for up to 3 filters and 8 taps at a time, whose 24 vectors of sums stay in registers. In the end the numbers of a
//! vector are added up.
//!
//! For filters that fill half of a vector or less, few enough channels, and rows that do fill vectors. Measured on a Zen 5
//! core: 42 % of the peak for 6 filters of 5 x 5 over 28 x 28 pixels, 61 % for 8 filters of 3 x 3 over 512 x 512.

use super::conv_backward_weight::in_parts;
use super::conv_forward::BAND;
use super::layout::{Axis, Layout};
use super::parallel::with_scratch;
use super::simd::{Kernel, Level, Simd};
use super::sizes::Sizes;

/// Sums, counted in vectors' places, beyond which a core's cache does not hold them beside all else.
const MOST_SUMS: usize = 1 << 16;

/// Whether this way is worth it.
pub(super) fn suits(level: Level, sizes: &Sizes) -> bool {
    let lanes = level.lanes();
    let columns = sizes.output[1];
    sizes.filters * 2 <= lanes
        && columns * 2 > columns.next_multiple_of(lanes)
        && sizes.lengths()[1] * lanes <= MOST_SUMS
}

/// See [`super::conv_backward_weight::weight_gradient`].
pub(super) fn weight_gradient(level: Level, sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let axes = [Axis::forward(sizes, 0), Axis::forward(sizes, 1)];
    // A band of the output's gradient takes its share of the cache.
    let share = BAND * sizes.channels / (sizes.channels + sizes.filters);
    let layout = Layout::new(sizes.channels, axes, share, sizes.images);
    let elements = layout.elements(sizes.geometry.kernel[1]);
    let (filters, lanes) = (sizes.groups * sizes.filters, level.lanes());
    let filter_length = sizes.channels * elements.len() * lanes;
    let mut weight = vec![0.0; sizes.lengths()[1]];
    if filter_length == 0 {
        // Nothing but padding was ever read.
        return weight;
    }
    let work = grad.len() * sizes.channels * elements.len();
    let units = sizes.images * layout.bands();
    let partials = in_parts(units, &[filters * filter_length], work, |unit, _, sums| {
        let (image, band) = (unit / layout.bands(), unit % layout.bands());
        let rows = layout.band_rows(band);
        let first = rows.start * sizes.output[1];
        with_scratch(layout.scratch(), |scratch| {
            for (group, sums) in sums.chunks_mut(sizes.filters * filter_length).enumerate() {
                let group = image * sizes.groups + group;
                let start = group * sizes.channels * sizes.input_pixels();
                let (data, offsets) = layout.lay_out(level, x, start, band, scratch);
                level.run(AddProducts {
                    data,
                    offsets,
                    grad: &grad[group * sizes.filters * sizes.output_pixels() + first..],
                    grad_stride: sizes.output_pixels(),
                    grid: [rows.len(), sizes.output[1], layout.width],
                    filters: sizes.filters,
                    sums,
                });
            }
        });
    });
    // The parts in order, then a vector's numbers.
    for filter in 0..filters {
        for (tap, sums) in (0..filter_length / lanes).zip((filter * filter_length..).step_by(lanes))
        {
            let mut total = [0.0; 16];
            for part in partials.chunks_exact(filters * filter_length) {
                for (total, sum) in total.iter_mut().zip(&part[sums..sums + lanes]) {
                    *total += sum;
                }
            }
            let element = elements[tap % elements.len()];
            let channel = filter * sizes.channels + tap / elements.len();
            weight[channel * sizes.elements() + element] = total.iter().sum();
        }
    }
    weight
}

/// `sums[filter][tap][lane] += grad[filter][output] * data[offsets[tap] + output]`, over all outputs.
struct AddProducts<'a> {
    data: &'a [f32],
    offsets: &'a [u32],
    /// The first filter's, and how far it is to the next one's.
    grad: &'a [f32],
    grad_stride: usize,
    /// Rows, columns, and pixels from a row to the next in `data`.
    grid: [usize; 3],
    filters: usize,
    sums: &'a mut [f32],
}

impl Kernel for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let [rows, columns, width] = self.grid;
        let last = (rows - 1) * width + columns;
        assert!(self.grad.len() >= (self.filters - 1) * self.grad_stride + rows * columns);
        assert!(
            self.offsets
                .iter()
                .all(|&offset| offset as usize + last <= self.data.len())
        );
        assert!(self.sums.len() >= self.filters * self.offsets.len() * S::LANES);
        for first in (0..self.filters).step_by(3) {
            // SAFETY: checked above.
            unsafe {
                match (S::ROWS, self.filters - first) {
                    (8, 1) => self.tiles::<S, 1, 8>(simd, first),
                    (8, 2) => self.tiles::<S, 2, 8>(simd, first),
                    (8, _) => self.tiles::<S, 3, 8>(simd, first),
                    (_, 1) => self.tiles::<S, 1, 4>(simd, first),
                    (_, 2) => self.tiles::<S, 2, 4>(simd, first),
                    _ => self.tiles::<S, 3, 4>(simd, first),
                }
            }
        }
    }
}

impl AddProducts<'_> {
    /// All taps of the filters from `first` on.
    ///
    /// # Safety
    ///
    /// There are so many filters; every tap's pixels are within `data`, every output's gradient within `grad`, and every
    /// sum within `sums`.
    #[inline(always)]
    unsafe fn tiles<S: Simd, const FILTERS: usize, const TAPS: usize>(
        &mut self,
        simd: S,
        first: usize,
    ) {
        /// A longer running sum loses digits.
        const LONGEST_SUM: usize = 256;
        let [rows, columns, width] = self.grid;
        let rows_at_once = (LONGEST_SUM / columns.div_ceil(S::LANES)).max(1);
        let grads: [*const f32; FILTERS] = std::array::from_fn(|filter| {
            self.grad
                .as_ptr()
                .wrapping_add((first + filter) * self.grad_stride)
        });
        for (tile, offsets) in self.offsets.chunks(TAPS).enumerate() {
            // Where there are fewer taps, the last is repeated, and its sums thrown away.
            let pixels: [*const f32; TAPS] = std::array::from_fn(|tap| {
                self.data
                    .as_ptr()
                    .wrapping_add(offsets[tap.min(offsets.len() - 1)] as usize)
            });
            for start in (0..rows).step_by(rows_at_once) {
                let mut sums = [[simd.splat(0.0); TAPS]; FILTERS];
                for row in start..(start + rows_at_once).min(rows) {
                    for column in (0..columns).step_by(S::LANES) {
                        let count = (columns - column).min(S::LANES);
                        // SAFETY: the caller vouches for all that is read.
                        unsafe {
                            let grads: [_; FILTERS] = std::array::from_fn(|filter| {
                                simd.load_first(grads[filter].add(row * columns + column), count)
                            });
                            for (tap, pixel) in pixels.iter().enumerate() {
                                let pixel = simd.load_first(pixel.add(row * width + column), count);
                                for (sums, &grad) in sums.iter_mut().zip(&grads) {
                                    sums[tap] = simd.mul_add(grad, pixel, sums[tap]);
                                }
                            }
                        }
                    }
                }
                // A copy: see `tile`.
                let sums = sums;
                for (filter, sums) in sums.iter().enumerate() {
                    let at = ((first + filter) * self.offsets.len() + tile * TAPS) * S::LANES;
                    let results = &mut self.sums[at..][..offsets.len() * S::LANES];
                    for (result, sum) in results.chunks_exact_mut(S::LANES).zip(sums) {
                        // SAFETY: a chunk is a vector long.
                        unsafe {
                            let sum = simd.add(simd.load(result.as_ptr()), *sum);
                            simd.store(result.as_mut_ptr(), sum);
                        }
                    }
                }
            }
        }
    }
}
