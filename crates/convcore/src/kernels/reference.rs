//! Convolution and its gradients as their definitions say: loops and a sum. Slow, plain, and what every fast kernel in
//! this folder is tested against.

use super::pooling;
use super::sizes::Sizes;

/// Calls `visit(input index, weight index, output index)` for every product in a convolution.
fn for_each_product(sizes: &Sizes, mut visit: impl FnMut(usize, usize, usize)) {
    let Sizes {
        geometry,
        images,
        groups,
        channels,
        filters,
        input: [height, width],
        output: [rows, columns],
    } = *sizes;
    let [kernel_rows, kernel_columns] = geometry.kernel;
    for (image, filter) in pairs(images, groups * filters) {
        for (row, column) in pairs(rows, columns) {
            for channel in 0..channels {
                for (i, j) in pairs(kernel_rows, kernel_columns) {
                    let at = |output: usize, element: usize, axis: usize| {
                        let padded =
                            output * geometry.stride[axis] + element * geometry.dilation[axis];
                        padded.wrapping_sub(geometry.padding[axis])
                    };
                    let (y, x) = (at(row, i, 0), at(column, j, 1));
                    if y < height && x < width {
                        let source = (image * groups + filter / filters) * channels + channel;
                        visit(
                            (source * height + y) * width + x,
                            ((filter * channels + channel) * kernel_rows + i) * kernel_columns + j,
                            ((image * groups * filters + filter) * rows + row) * columns + column,
                        );
                    }
                }
            }
        }
    }
}

fn pairs(first: usize, second: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..first).flat_map(move |i| (0..second).map(move |j| (i, j)))
}

/// Every output is the sum of the products of its window and its filter, plus the filter's bias.
pub(super) fn forward(sizes: &Sizes, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let mut y = vec![0.0; sizes.lengths()[2]];
    if let Some(bias) = bias {
        for (index, value) in y.iter_mut().enumerate() {
            *value = bias[index / sizes.output_pixels() % bias.len()];
        }
    }
    for_each_product(sizes, |input, element, output| {
        y[output] += x[input] * weight[element]
    });
    y
}

/// A pixel's gradient: that of each output that read it, times the weight through which it did.
pub(super) fn input_gradient(sizes: &Sizes, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; sizes.lengths()[0]];
    for_each_product(sizes, |input, element, output| {
        sums[input] += grad[output] * weight[element]
    });
    sums
}

/// A weight's gradient: that of each output it took part in, times the pixel that it met there.
pub(super) fn weight_gradient(sizes: &Sizes, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; sizes.lengths()[1]];
    for_each_product(sizes, |input, element, output| {
        sums[element] += grad[output] * x[input]
    });
    sums
}

/// A bias's gradient: those of all outputs that it was added to.
pub(super) fn bias_gradient(sizes: &Sizes, grad: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; sizes.groups * sizes.filters];
    for (index, value) in grad.iter().enumerate() {
        let filter = index / sizes.output_pixels() % sums.len();
        sums[filter] += value;
    }
    sums
}

/// For each output of a pooling, in order, the places in the input that its window covers; `None` is padding.
pub(super) fn windows(sizes: &pooling::Sizes) -> Vec<Vec<Option<usize>>> {
    let [height, width] = sizes.input;
    let at = |output: usize, element: usize, axis: usize| {
        let geometry = &sizes.geometry;
        let padded = output * geometry.stride[axis] + element * geometry.dilation[axis];
        padded.wrapping_sub(geometry.padding[axis])
    };
    let outputs = pairs(sizes.planes, sizes.output[0]).flat_map(|(plane, row)| {
        pairs(1, sizes.output[1]).map(move |(_, column)| (plane, row, column))
    });
    outputs
        .map(|(plane, row, column)| {
            pairs(sizes.geometry.kernel[0], sizes.geometry.kernel[1])
                .map(|(i, j)| {
                    let (y, x) = (at(row, i, 0), at(column, j, 1));
                    (y < height && x < width).then(|| (plane * height + y) * width + x)
                })
                .collect()
        })
        .collect()
}
