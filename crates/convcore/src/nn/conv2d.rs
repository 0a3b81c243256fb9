//! The convolutional layer.

use super::module::weight_and_bias;
use super::{Init, LayerError, Module};
use crate::geometry::Pair;
use crate::{Conv2dOptions, Geometry, Rng, ShapeError, Tensor, conv2d};

/// A convolutional layer: a set of filters over all channels of an image (`torch.nn.Conv2d`).
///
/// ```
/// use convcore::{Tensor, nn::{Conv2d, Module}, seeded};
/// let layer = Conv2d::new(2, 3, (3, 5)).padding((1, 2)).build(&mut seeded(1)).unwrap();
/// assert_eq!(layer.weight.shape(), [3, 2, 3, 5]);
/// assert_eq!(layer.forward(&Tensor::zeros(&[4, 2, 3, 5])).shape(), [4, 3, 3, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// The filters, `[out_channels, in_channels / groups, height, width]`.
    pub weight: Tensor,
    /// One number for each filter, added everywhere: `[out_channels]`.
    pub bias: Option<Tensor>,
    options: Conv2dOptions,
}

/// A [`Conv2d`] before it is built.
///
/// ```
/// use convcore::{nn::Conv2d, seeded};
/// let builder = Conv2d::new(4, 4, 3).stride(2).padding(1).dilation(1).groups(4).bias(false);
/// assert_eq!(builder.build(&mut seeded(1)).unwrap().weight.shape(), [4, 1, 3, 3]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Conv2dBuilder {
    in_channels: usize,
    out_channels: usize,
    kernel: [usize; 2],
    options: Conv2dOptions,
    bias: bool,
    init: Init,
}

impl Conv2d {
    /// Describes a layer with the defaults: stride 1, no padding, dilation 1, one group, a bias.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let layer = Conv2d::new(1, 6, 5).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.bias.unwrap().shape(), [6]);
    /// ```
    #[expect(
        clippy::new_ret_no_self,
        reason = "PyTorch's constructor is a description here; build makes the layer"
    )]
    pub fn new(
        in_channels: usize,
        out_channels: usize,
        kernel_size: impl Into<Pair>,
    ) -> Conv2dBuilder {
        Conv2dBuilder {
            in_channels,
            out_channels,
            kernel: kernel_size.into().0,
            options: Conv2dOptions::new(),
            bias: true,
            init: Init::Default,
        }
    }

    /// How the kernel slides.
    ///
    /// ```
    /// use convcore::{Geometry, nn::Conv2d, seeded};
    /// let layer = Conv2d::new(1, 6, 5).padding(2).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.geometry(), Geometry::new(5).padding(2));
    /// ```
    pub fn geometry(&self) -> Geometry {
        self.options
            .geometry((self.weight.shape()[2], self.weight.shape()[3]))
    }
}

impl Conv2dBuilder {
    /// Sets how far the kernel moves between outputs.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let layer = Conv2d::new(1, 1, 3).stride(2).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.geometry().stride, [2, 2]);
    /// ```
    pub fn stride(mut self, stride: impl Into<Pair>) -> Conv2dBuilder {
        self.options = self.options.stride(stride);
        self
    }

    /// Sets the border of zeros, per side.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let layer = Conv2d::new(1, 1, 3).padding(1).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.geometry().padding, [1, 1]);
    /// ```
    pub fn padding(mut self, padding: impl Into<Pair>) -> Conv2dBuilder {
        self.options = self.options.padding(padding);
        self
    }

    /// Sets the distance between neighbouring elements of the kernel.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let layer = Conv2d::new(1, 1, 3).dilation(2).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.geometry().dilation, [2, 2]);
    /// ```
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Conv2dBuilder {
        self.options = self.options.dilation(dilation);
        self
    }

    /// Splits the channels into this many independent convolutions.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let depthwise = Conv2d::new(8, 8, 3).groups(8).build(&mut seeded(1)).unwrap();
    /// assert_eq!(depthwise.weight.shape(), [8, 1, 3, 3]);
    /// ```
    pub fn groups(mut self, groups: usize) -> Conv2dBuilder {
        self.options.groups = groups;
        self
    }

    /// Sets whether there is a bias.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// assert!(Conv2d::new(1, 1, 3).bias(false).build(&mut seeded(1)).unwrap().bias.is_none());
    /// ```
    pub fn bias(mut self, bias: bool) -> Conv2dBuilder {
        self.bias = bias;
        self
    }

    /// Sets how the weights are drawn.
    ///
    /// ```
    /// use convcore::{nn::{Conv2d, Init}, seeded};
    /// let layer = Conv2d::new(1, 2, 3).init(Init::HeUniform).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.bias.unwrap().to_vec(), [0., 0.]);
    /// ```
    pub fn init(mut self, init: Init) -> Conv2dBuilder {
        self.init = init;
        self
    }

    /// Makes the layer, its weights drawn from `rng`.
    ///
    /// Errs when a number is 0, when the groups do not divide the channels, or when memory cannot hold the weights.
    ///
    /// ```
    /// use convcore::{nn::Conv2d, seeded};
    /// let error = Conv2d::new(1, 6, 0).build(&mut seeded(1)).unwrap_err();
    /// assert_eq!(error.to_string(), "Conv2d: the kernel's height is 0; it must be at least 1");
    /// ```
    pub fn build(self, rng: &mut Rng) -> Result<Conv2d, LayerError> {
        const LAYER: &str = "Conv2d";
        let Conv2dBuilder {
            in_channels,
            out_channels,
            kernel,
            options,
            bias,
            init,
        } = self;
        let groups = options.groups;
        let numbers = [
            ("in_channels", in_channels),
            ("out_channels", out_channels),
            ("groups", groups),
        ];
        LayerError::if_zero(LAYER, &numbers)?;
        for (channels, which) in [(in_channels, "input"), (out_channels, "output")] {
            if channels % groups != 0 {
                return Err(LayerError::new(
                    LAYER,
                    format!("{groups} groups do not divide {channels} {which} channels"),
                ));
            }
        }
        options
            .geometry(kernel)
            .validate()
            .map_err(|error| LayerError::geometry(LAYER, error))?;
        let shape = [out_channels, in_channels / groups, kernel[0], kernel[1]];
        if crate::tensor::element_count(&shape).is_none() {
            return Err(LayerError::new(
                LAYER,
                format!("weights of shape {shape:?} do not fit in memory"),
            ));
        }
        let weight = init.weight(&shape, rng);
        let bias = bias.then(|| init.bias(&shape, rng));
        Ok(Conv2d {
            weight,
            bias,
            options,
        })
    }
}

impl Module for Conv2d {
    fn forward(&self, input: &Tensor) -> Tensor {
        conv2d(input, &self.weight, self.bias.as_ref(), self.options)
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let bias = self.bias.as_ref().map(Tensor::shape);
        let sizes = crate::conv::check_conv2d(input, self.weight.shape(), bias, self.options)?;
        Ok(sizes.output_shape().to_vec())
    }

    fn named_parameters(&self) -> Vec<(String, &Tensor)> {
        weight_and_bias(&self.weight, self.bias.as_ref())
    }

    fn named_parameters_mut(&mut self) -> Vec<(String, &mut Tensor)> {
        weight_and_bias(&mut self.weight, self.bias.as_mut())
    }

    fn describe(&self) -> String {
        let [filters, channels, h, w] = *self.weight.shape() else {
            return "Conv2d".to_owned();
        };
        let Conv2dOptions {
            stride,
            padding,
            dilation,
            groups,
        } = self.options;
        let mut text = format!("Conv2d({}, {filters}, {h} x {w}", channels * groups);
        for (name, pair, default) in [
            ("stride", stride, 1),
            ("padding", padding, 0),
            ("dilation", dilation, 1),
        ] {
            match pair {
                [h, w] if h != w => text += &format!(", {name} {h} x {w}"),
                [both, _] if both != default => text += &format!(", {name} {both}"),
                _ => {}
            }
        }
        if groups != 1 {
            text += &format!(", groups {groups}");
        }
        text + ")"
    }
}
