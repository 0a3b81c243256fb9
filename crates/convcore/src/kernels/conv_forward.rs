//! Convolution, for every stride, padding, dilation and number of groups: the filters over the image as it is laid out.
//!
//! For every shape that [`super::winograd`] is not for. Measured on a Zen 5 core: 57 to 90 % of the peak; 47 % for 6 filters
//! over one channel, whose output is hardly slower to compute than to write. Small images of a batch go
//! [across the vectors](super::across_images).

use super::correlate::Correlation;
use super::layout::{Axis, Layout};
use super::parallel::filled;
use super::simd::Level;
use super::sizes::Sizes;
use super::tile::Panels;

/// Numbers of a laid-out band: half of a core's second-level cache, which the weights share.
pub(super) const BAND: usize = 128 * 1024;

/// The outputs of the whole batch: each filter over each image, plus its bias.
pub(super) fn forward(
    level: Level,
    sizes: &Sizes,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let layout = Layout::new(
        sizes.channels,
        [Axis::forward(sizes, 0), Axis::forward(sizes, 1)],
        BAND,
        sizes.images * sizes.groups,
    );
    let elements = layout.elements(sizes.geometry.kernel[1]);
    let filter_length = sizes.channels * sizes.elements();
    let places: Vec<usize> = (0..sizes.channels)
        .flat_map(|channel| {
            elements
                .iter()
                .map(move |element| channel * sizes.elements() + element)
        })
        .collect();
    let groups = weight
        .chunks(sizes.filters * filter_length)
        .map(|weight| Panels::pack(weight, sizes.filters, filter_length, &places, level.rows()));
    let group_strides = [
        sizes.channels * sizes.input_pixels(),
        sizes.filters * sizes.output_pixels(),
    ];
    let correlation = Correlation {
        level,
        images: x,
        count: sizes.images,
        image_strides: group_strides.map(|stride| sizes.groups * stride),
        groups: groups.collect(),
        layout,
        group_strides,
        filters: sizes.filters,
        filter_stride: sizes.output_pixels(),
        bias,
        first: 0,
        steps: [sizes.output[1], 1],
    };
    // SAFETY: the strides are those of `[image, channel, row, column]`, and every output has one band and one filter.
    unsafe { filled(sizes.lengths()[2], |y| correlation.run(y)) }
}
