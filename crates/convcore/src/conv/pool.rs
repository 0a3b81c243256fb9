//! Pooling of a batch of images: the operations and their gradients.

use crate::autograd::{Step, rule};
use crate::error::{ShapeError, or_panic};
use crate::kernels::pooling::{self, Sizes};
use crate::{Geometry, Tensor};

/// The largest element of each window (`torch.nn.functional.max_pool2d`).
///
/// `x` is `[N, C, H, W]`; the result is `[N, C, H', W']` with the size that [`Geometry::output_size`] gives. Padding is
/// never the largest. The gradient goes to the largest element; of equal ones, to the first.
///
/// **Panics** when the rank is not 4 or the window does not fit, as [`Geometry::validate_pooling`] tells.
///
/// ```
/// use convcore::{Geometry, Tensor, max_pool2d};
/// let x = Tensor::arange(16).reshape(&[1, 1, 4, 4]);
/// let y = max_pool2d(&x, Geometry::pooling(2));
/// assert_eq!(y.reshape(&[2, 2]).to_string(), "[[ 5,  7],\n [13, 15]]");
/// ```
#[track_caller]
pub fn max_pool2d(x: &Tensor, geometry: Geometry) -> Tensor {
    let (sizes, shape) = or_panic(check("max_pool2d", x.shape(), geometry));
    Tensor::from_parts(&shape, pooling::max_forward(&sizes, x.as_slice())).recorded(
        "max_pool2d",
        [x],
        [rule(move |Step { grad, inputs, .. }| {
            let values = pooling::max_gradient(&sizes, inputs[0].as_slice(), grad.as_slice());
            Tensor::from_parts(inputs[0].shape(), values)
        })],
    )
}

/// The mean of each window (`torch.nn.functional.avg_pool2d`).
///
/// `x` is `[N, C, H, W]`; the result is `[N, C, H', W']`. With `count_include_pad`, PyTorch's default, a window over the
/// border divides by all of its elements, the zeros of the padding too; without, by those on the image.
///
/// **Panics** as [`max_pool2d`] does, and on a dilated window, which averages do not have in PyTorch.
///
/// ```
/// use convcore::{Geometry, Tensor, avg_pool2d};
/// let x = Tensor::ones(&[1, 1, 2, 2]);
/// let corner = Geometry::pooling(2).padding(1);
/// assert_eq!(avg_pool2d(&x, corner, true)[[0, 0, 0, 0]], 0.25);
/// assert_eq!(avg_pool2d(&x, corner, false)[[0, 0, 0, 0]], 1.);
/// ```
#[track_caller]
pub fn avg_pool2d(x: &Tensor, geometry: Geometry, count_include_pad: bool) -> Tensor {
    let (sizes, shape) = or_panic(check("avg_pool2d", x.shape(), geometry));
    Tensor::from_parts(
        &shape,
        pooling::average_forward(&sizes, count_include_pad, x.as_slice()),
    )
    .recorded(
        "avg_pool2d",
        [x],
        [rule(move |Step { grad, inputs, .. }| {
            let values = pooling::average_gradient(&sizes, count_include_pad, grad.as_slice());
            Tensor::from_parts(inputs[0].shape(), values)
        })],
    )
}

/// Whether these images can be pooled, the sizes of the computation, and the shape of its result.
pub(crate) fn check(
    operation: &'static str,
    x: &[usize],
    geometry: Geometry,
) -> Result<(Sizes, [usize; 4]), ShapeError> {
    let [images, channels, h, w] = *x else {
        let reason = format!("input {x:?} must be [images, channels, height, width]");
        return Err(ShapeError::new(operation, reason));
    };
    let fail = |error| ShapeError::geometry(operation, error);
    geometry.validate_pooling().map_err(fail)?;
    if operation == "avg_pool2d" && geometry.dilation != [1, 1] {
        return Err(ShapeError::new(
            operation,
            format!(
                "a window with dilation {:?} has no average",
                geometry.dilation
            ),
        ));
    }
    let input = [h, w];
    let output = geometry.output_size(input).map_err(fail)?;
    let shape = [images, channels, output[0], output[1]];
    if crate::tensor::element_count(&shape).is_none() {
        return Err(ShapeError::new(
            operation,
            format!("an output of shape {shape:?} does not fit in memory"),
        ));
    }
    Ok((
        Sizes {
            geometry,
            planes: images * channels,
            input,
            output,
        },
        shape,
    ))
}

#[cfg(test)]
mod tests {
    use crate::{Geometry, Tensor, avg_pool2d, max_pool2d};

    #[test]
    fn pytorch_s_result_for_a_padded_window_with_unequal_strides() {
        let x = Tensor::arange(32).reshape(&[1, 2, 4, 4]);
        let y = max_pool2d(&x, Geometry::new(3).padding(1).stride((2, 1)));
        let want = [[
            [[5., 6., 7., 7.], [13., 14., 15., 15.]],
            [[21., 22., 23., 23.], [29., 30., 31., 31.]],
        ]];
        assert_eq!(y, Tensor::from(want));
    }

    #[test]
    fn of_equal_elements_the_first_gets_the_gradient() {
        let x = Tensor::ones(&[1, 1, 2, 2]).requires_grad();
        max_pool2d(&x, Geometry::pooling(2)).sum().backward();
        assert_eq!(x.grad().unwrap(), Tensor::from([[[[1., 0.], [0., 0.]]]]));
    }

    #[test]
    fn nan_and_minus_infinity_pass_through_a_maximum() {
        let x = Tensor::from([[[[f32::NAN, 1., f32::NEG_INFINITY, f32::NEG_INFINITY]]]]);
        let y = max_pool2d(&x, Geometry::pooling((1, 2)));
        assert!(y[[0, 0, 0, 0]].is_nan());
        assert_eq!(y[[0, 0, 0, 1]], f32::NEG_INFINITY);
    }

    #[test]
    fn a_vast_window_that_is_mostly_padding_costs_no_more_than_its_pixels() {
        let vast = Geometry::pooling(1_000_000_000_000).padding(500_000_000_000);
        let x = Tensor::from([[[[1., 3.], [2., 0.]]]]);
        assert_eq!(max_pool2d(&x, vast).item(), 3.);
        assert_eq!(avg_pool2d(&x, vast, false).item(), 1.5);
    }

    #[test]
    #[should_panic(
        expected = "max_pool2d: padding 2 is more than half of the pooling window's height 2"
    )]
    fn padding_beyond_half_the_window_is_refused() {
        max_pool2d(
            &Tensor::zeros(&[1, 1, 4, 4]),
            Geometry::pooling(2).padding(2),
        );
    }
}
