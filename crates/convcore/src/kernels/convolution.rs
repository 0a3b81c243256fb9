//! What the rest of the crate calls: convolution and its gradients, at the best level of the running processor.

use super::simd::Level;
pub(crate) use super::sizes::Sizes;
use super::{
    conv_backward_input, conv_backward_input_scatter, conv_backward_weight,
    conv_backward_weight_few, conv_forward, winograd,
};

/// The outputs of the whole batch: each filter over each image, plus its bias.
pub(crate) fn forward(sizes: &Sizes, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    forward_at(Level::detect(), sizes, x, weight, bias)
}

/// The gradient of the input: each output's gradient goes back, through the weights, to the pixels it was read from.
pub(crate) fn input_gradient(sizes: &Sizes, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    input_gradient_at(Level::detect(), sizes, grad, weight)
}

/// The gradient of the weights: what each weight met, times the gradient of what it contributed to.
pub(crate) fn weight_gradient(sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    weight_gradient_at(Level::detect(), sizes, x, grad)
}

/// The gradient of the biases: the sums of the gradients of what each was added to.
pub(crate) fn bias_gradient(sizes: &Sizes, grad: &[f32]) -> Vec<f32> {
    assert_eq!(grad.len(), sizes.lengths()[2]);
    if grad.is_empty() {
        return vec![0.0; sizes.groups * sizes.filters];
    }
    conv_backward_weight::bias_gradient(sizes, grad)
}

pub(super) fn forward_at(
    level: Level,
    sizes: &Sizes,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    assert_eq!([x.len(), weight.len()], sizes.lengths()[..2]);
    assert!(bias.is_none_or(|bias| bias.len() == sizes.groups * sizes.filters));
    if sizes.lengths().contains(&0) {
        // Sums of nothing.
        let bias = |index: usize| {
            bias.map_or(0.0, |bias| bias[index / sizes.output_pixels() % bias.len()])
        };
        return (0..sizes.lengths()[2]).map(bias).collect();
    }
    if winograd::suits(sizes) {
        return winograd::forward(level, sizes, x, weight, bias);
    }
    conv_forward::forward(level, sizes, x, weight, bias)
}

pub(super) fn input_gradient_at(
    level: Level,
    sizes: &Sizes,
    grad: &[f32],
    weight: &[f32],
) -> Vec<f32> {
    let [x, weights, y] = sizes.lengths();
    assert_eq!([grad.len(), weight.len()], [y, weights]);
    if [x, weights, y].contains(&0) {
        return vec![0.0; x];
    }
    if winograd::suits(sizes) {
        return winograd::input_gradient(level, sizes, grad, weight);
    }
    if conv_backward_input_scatter::suits(level, sizes) {
        return conv_backward_input_scatter::input_gradient(level, sizes, grad, weight);
    }
    conv_backward_input::input_gradient(level, sizes, grad, weight)
}

pub(super) fn weight_gradient_at(level: Level, sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let [inputs, weights, y] = sizes.lengths();
    assert_eq!([x.len(), grad.len()], [inputs, y]);
    if [inputs, weights, y].contains(&0) {
        return vec![0.0; weights];
    }
    if conv_backward_weight_few::suits(level, sizes) {
        return conv_backward_weight_few::weight_gradient(level, sizes, x, grad);
    }
    conv_backward_weight::weight_gradient(level, sizes, x, grad)
}
