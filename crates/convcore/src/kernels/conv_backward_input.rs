//! The gradient of a convolution's input: a convolution of the output's gradient, with the filters turned round.
//!
//! Each pixel gathers what it gave. With stride 1 that is one convolution, with padding `dilation * (kernel - 1) -
//! padding`, whose filters read the output's channels. With stride s, only every s-th element of a filter can have met
//! a given pixel: the pixels fall into s x s sets, each with a part of the filter for its own.
//!
//! For every shape that [`super::winograd`] and [`super::conv_backward_input_scatter`] are not for. Measured on a Zen 5 core:
//! as the forward pass with many channels and stride 1; 33 % for 6 channels of 14 x 14 with 5 x 5 filters, where
//! half of what is read is padding; 24 % for 6 filters over a single channel.

use super::conv_forward::BAND;
use super::correlate::Correlation;
use super::layout::{Axis, Layout};
use super::parallel::{Shared, filled};
use super::simd::Level;
use super::sizes::Sizes;
use super::tile::Panels;

/// The gradient of the input: each output's gradient goes back, through the weights, to the pixels it was read from.
pub(super) fn input_gradient(
    level: Level,
    sizes: &Sizes,
    grad: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    // Sets that begin beyond the image are empty.
    let [down, across] = [0, 1].map(|axis| sizes.geometry.stride[axis].min(sizes.input[axis]));
    let run = |gradient: Shared| {
        for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column)))
        {
            let pixels = gather(level, sizes, grad, weight, [row, column]);
            // SAFETY: the pixels `first + stride * i` of each channel of each image are this correlation's alone.
            unsafe { pixels.run(gradient) };
        }
    };
    // SAFETY: every pixel is `first + stride * i` for one `first` below the stride.
    unsafe { filled(sizes.lengths()[0], run) }
}

/// The convolution that computes the pixels `first`, `first + stride`, ... of both axes.
fn gather<'a>(
    level: Level,
    sizes: &Sizes,
    grad: &'a [f32],
    weight: &[f32],
    first: [usize; 2],
) -> Correlation<'a> {
    let axes = [
        Axis::backward(sizes, 0, first[0]),
        Axis::backward(sizes, 1, first[1]),
    ];
    let layout = Layout::new(sizes.filters, axes, BAND, sizes.images * sizes.groups);
    let elements = layout.elements(sizes.geometry.kernel[1]);
    let filter_length = sizes.channels * sizes.elements();
    let places: Vec<usize> = (0..sizes.filters)
        .flat_map(|filter| {
            elements
                .iter()
                .map(move |element| filter * filter_length + element)
        })
        .collect();
    let groups = weight.chunks(sizes.filters * filter_length).map(|weight| {
        Panels::pack(
            weight,
            sizes.channels,
            sizes.elements(),
            &places,
            level.rows(),
        )
    });
    let group_strides = [
        sizes.filters * sizes.output_pixels(),
        sizes.channels * sizes.input_pixels(),
    ];
    Correlation {
        level,
        images: grad,
        count: sizes.images,
        image_strides: group_strides.map(|stride| sizes.groups * stride),
        groups: groups.collect(),
        layout,
        group_strides,
        filters: sizes.channels,
        filter_stride: sizes.input_pixels(),
        bias: None,
        first: first[0] * sizes.input[1] + first[1],
        steps: [
            sizes.geometry.stride[0] * sizes.input[1],
            sizes.geometry.stride[1],
        ],
    }
}
