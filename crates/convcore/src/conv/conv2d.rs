//! Convolution of a batch of images: the operation and its gradients.

use crate::autograd::{Step, rule};
use crate::error::{ShapeError, or_panic};
use crate::geometry::Pair;
use crate::kernels::convolution::{self, Sizes};
use crate::{Geometry, Tensor};

/// How [`conv2d`] moves its kernel, whose size the weights give: PyTorch's arguments and defaults.
///
/// ```
/// use convcore::Conv2dOptions;
/// let options = Conv2dOptions::new().stride(2).padding((1, 0));
/// assert_eq!((options.stride, options.padding, options.dilation, options.groups), ([2, 2], [1, 0], [1, 1], 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dOptions {
    /// How far the kernel moves between outputs, down and across; 1 by default.
    pub stride: [usize; 2],
    /// Rows of zeros above and below, columns left and right, each per side; 0 by default.
    pub padding: [usize; 2],
    /// The distance between neighbouring elements of the kernel; 1 by default.
    pub dilation: [usize; 2],
    /// Into how many independent convolutions the channels are split; 1 by default.
    pub groups: usize,
}

impl Default for Conv2dOptions {
    fn default() -> Conv2dOptions {
        Conv2dOptions {
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        }
    }
}

impl Conv2dOptions {
    /// The defaults.
    ///
    /// ```
    /// assert_eq!(convcore::Conv2dOptions::new(), convcore::Conv2dOptions::default());
    /// ```
    pub fn new() -> Conv2dOptions {
        Conv2dOptions::default()
    }

    /// The same with another stride.
    ///
    /// ```
    /// assert_eq!(convcore::Conv2dOptions::new().stride(2).stride, [2, 2]);
    /// ```
    pub fn stride(self, stride: impl Into<Pair>) -> Conv2dOptions {
        Conv2dOptions {
            stride: stride.into().0,
            ..self
        }
    }

    /// The same with another padding per side.
    ///
    /// ```
    /// assert_eq!(convcore::Conv2dOptions::new().padding((1, 2)).padding, [1, 2]);
    /// ```
    pub fn padding(self, padding: impl Into<Pair>) -> Conv2dOptions {
        Conv2dOptions {
            padding: padding.into().0,
            ..self
        }
    }

    /// The same with another dilation.
    ///
    /// ```
    /// assert_eq!(convcore::Conv2dOptions::new().dilation(2).dilation, [2, 2]);
    /// ```
    pub fn dilation(self, dilation: impl Into<Pair>) -> Conv2dOptions {
        Conv2dOptions {
            dilation: dilation.into().0,
            ..self
        }
    }

    /// The same with another number of groups.
    ///
    /// ```
    /// assert_eq!(convcore::Conv2dOptions::new().groups(4).groups, 4);
    /// ```
    pub fn groups(self, groups: usize) -> Conv2dOptions {
        Conv2dOptions { groups, ..self }
    }

    /// The geometry for a kernel of this size.
    ///
    /// ```
    /// use convcore::{Conv2dOptions, Geometry};
    /// assert_eq!(Conv2dOptions::new().padding(1).geometry(3), Geometry::new(3).padding(1));
    /// ```
    pub fn geometry(&self, kernel: impl Into<Pair>) -> Geometry {
        Geometry::new(kernel)
            .stride(self.stride)
            .padding(self.padding)
            .dilation(self.dilation)
    }
}

/// Convolution (cross-correlation) of a batch of images with a set of filters (`torch.nn.functional.conv2d`).
///
/// `x` is `[N, C, H, W]`, `weight` is `[F, C / groups, kh, kw]`, `bias` is `[F]`; the result is `[N, F, H', W']` with the
/// size that [`Geometry::output_size`] gives. With `groups`, filter `f` sees only the channels of its own group.
///
/// **Panics** when the shapes do not fit, naming them.
///
/// ```
/// use convcore::{Conv2dOptions, Tensor, conv2d};
/// let image = Tensor::ones(&[1, 2, 4, 4]);
/// let weight = Tensor::ones(&[3, 2, 3, 3]);
/// let y = conv2d(&image, &weight, None, Conv2dOptions::new().padding(1));
/// assert_eq!(y.shape(), [1, 3, 4, 4]);
/// assert_eq!(y[[0, 0, 0, 0]], 8.); // a corner sees 2 x 2 pixels of 2 channels
/// ```
#[track_caller]
pub fn conv2d(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    options: Conv2dOptions,
) -> Tensor {
    let sizes = or_panic(check(
        x.shape(),
        weight.shape(),
        bias.map(Tensor::shape),
        options,
    ));
    let values = convolution::forward(
        &sizes,
        x.as_slice(),
        weight.as_slice(),
        bias.map(Tensor::as_slice),
    );
    let shape = sizes.output_shape();
    let input_rule = rule(move |Step { grad, inputs, .. }| {
        let values = convolution::input_gradient(&sizes, grad.as_slice(), inputs[1].as_slice());
        Tensor::from_parts(inputs[0].shape(), values)
    });
    let weight_rule = rule(move |Step { grad, inputs, .. }| {
        let values = convolution::weight_gradient(&sizes, inputs[0].as_slice(), grad.as_slice());
        Tensor::from_parts(inputs[1].shape(), values)
    });
    let bias_rule = rule(move |Step { grad, inputs, .. }| {
        let values = convolution::bias_gradient(&sizes, grad.as_slice());
        Tensor::from_parts(inputs[2].shape(), values)
    });
    Tensor::from_parts(&shape, values).recorded(
        "conv2d",
        [x, weight].into_iter().chain(bias),
        [input_rule, weight_rule]
            .into_iter()
            .chain(bias.map(|_| bias_rule)),
    )
}

/// Whether these shapes can be convolved, and the sizes of the computation.
pub(crate) fn check(
    x: &[usize],
    weight: &[usize],
    bias: Option<&[usize]>,
    options: Conv2dOptions,
) -> Result<Sizes, ShapeError> {
    let error = |reason| Err(ShapeError::new("conv2d", reason));
    let ([images, in_channels, h, w], [out_channels, channels, kh, kw]) = (x, weight) else {
        return error(format!(
            "input {x:?} must be [images, channels, height, width], weight {weight:?} \
             [filters, channels / groups, height, width]"
        ));
    };
    let groups = options.groups;
    if groups == 0 || out_channels % groups != 0 {
        return error(format!(
            "weight {weight:?} has {out_channels} filters, which {groups} groups do not divide"
        ));
    }
    if channels.checked_mul(groups) != Some(*in_channels) {
        return error(format!(
            "input has {in_channels} channels, weight {weight:?} with groups {groups} expects {}",
            channels.saturating_mul(groups)
        ));
    }
    if let Some(bias) = bias.filter(|&bias| bias != [*out_channels]) {
        return error(format!(
            "bias {bias:?} does not fit the {out_channels} filters of weight {weight:?}"
        ));
    }
    let geometry = options.geometry((*kh, *kw));
    let input = [*h, *w];
    let output = geometry
        .output_size(input)
        .map_err(|error| ShapeError::geometry("conv2d", error))?;
    let shape = [*images, *out_channels, output[0], output[1]];
    if crate::tensor::element_count(&shape).is_none() {
        return error(format!(
            "an output of shape {shape:?} does not fit in memory"
        ));
    }
    Ok(Sizes {
        geometry,
        images: *images,
        groups,
        channels: *channels,
        filters: out_channels / groups,
        input,
        output,
    })
}
