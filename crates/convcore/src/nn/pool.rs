//! The pooling layers.

use super::{LayerError, Module};
use crate::geometry::Pair;
use crate::{Geometry, ShapeError, Tensor, avg_pool2d, max_pool2d};

/// The largest element of each window (`torch.nn.MaxPool2d`).
///
/// ```
/// use convcore::{Tensor, nn::{MaxPool2d, Module}};
/// let pool = MaxPool2d::new(2).build().unwrap();
/// assert_eq!(pool.forward(&Tensor::zeros(&[1, 6, 28, 28])).shape(), [1, 6, 14, 14]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2d {
    geometry: Geometry,
}

/// The mean of each window (`torch.nn.AvgPool2d`).
///
/// ```
/// use convcore::{Tensor, nn::{AvgPool2d, Module}};
/// let pool = AvgPool2d::new(2).build().unwrap();
/// assert_eq!(pool.forward(&Tensor::ones(&[1, 1, 4, 4])).to_string(), "[[[[1, 1],\n   [1, 1]]]]");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2d {
    geometry: Geometry,
    count_include_pad: bool,
}

/// A [`MaxPool2d`] before it is built.
///
/// ```
/// use convcore::nn::MaxPool2d;
/// assert!(MaxPool2d::new(3).stride((2, 1)).padding(1).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct MaxPool2dBuilder {
    geometry: Geometry,
}

/// An [`AvgPool2d`] before it is built.
///
/// ```
/// use convcore::nn::AvgPool2d;
/// assert!(AvgPool2d::new(3).stride(1).padding(1).count_include_pad(false).build().is_ok());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AvgPool2dBuilder {
    geometry: Geometry,
    count_include_pad: bool,
}

impl MaxPool2d {
    /// Describes a layer whose stride is its window, without padding.
    ///
    /// ```
    /// use convcore::{Geometry, nn::MaxPool2d};
    /// assert_eq!(MaxPool2d::new(2).build().unwrap().geometry(), Geometry::new(2).stride(2));
    /// ```
    #[expect(
        clippy::new_ret_no_self,
        reason = "PyTorch's constructor is a description here; build makes the layer"
    )]
    pub fn new(kernel_size: impl Into<Pair>) -> MaxPool2dBuilder {
        MaxPool2dBuilder {
            geometry: Geometry::pooling(kernel_size),
        }
    }

    /// How the window slides.
    ///
    /// ```
    /// use convcore::nn::MaxPool2d;
    /// assert_eq!(MaxPool2d::new(2).build().unwrap().geometry().output_size([28, 28]), Ok([14, 14]));
    /// ```
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }
}

impl AvgPool2d {
    /// Describes a layer whose stride is its window, without padding; padding would count in the average.
    ///
    /// ```
    /// use convcore::{Geometry, nn::AvgPool2d};
    /// assert_eq!(AvgPool2d::new(2).build().unwrap().geometry(), Geometry::pooling(2));
    /// ```
    #[expect(
        clippy::new_ret_no_self,
        reason = "PyTorch's constructor is a description here; build makes the layer"
    )]
    pub fn new(kernel_size: impl Into<Pair>) -> AvgPool2dBuilder {
        AvgPool2dBuilder {
            geometry: Geometry::pooling(kernel_size),
            count_include_pad: true,
        }
    }

    /// How the window slides.
    ///
    /// ```
    /// use convcore::nn::AvgPool2d;
    /// assert_eq!(AvgPool2d::new(2).build().unwrap().geometry().output_size([28, 28]), Ok([14, 14]));
    /// ```
    pub fn geometry(&self) -> Geometry {
        self.geometry
    }
}

impl MaxPool2dBuilder {
    /// Sets how far the window moves between outputs.
    ///
    /// ```
    /// use convcore::nn::MaxPool2d;
    /// assert_eq!(MaxPool2d::new(3).stride(1).build().unwrap().geometry().stride, [1, 1]);
    /// ```
    pub fn stride(self, stride: impl Into<Pair>) -> MaxPool2dBuilder {
        MaxPool2dBuilder {
            geometry: self.geometry.stride(stride),
        }
    }

    /// Sets the border, per side; it is never the largest.
    ///
    /// ```
    /// use convcore::nn::MaxPool2d;
    /// assert_eq!(MaxPool2d::new(3).padding(1).build().unwrap().geometry().padding, [1, 1]);
    /// ```
    pub fn padding(self, padding: impl Into<Pair>) -> MaxPool2dBuilder {
        MaxPool2dBuilder {
            geometry: self.geometry.padding(padding),
        }
    }

    /// Sets the distance between neighbouring elements of the window.
    ///
    /// ```
    /// use convcore::nn::MaxPool2d;
    /// assert_eq!(MaxPool2d::new(3).dilation(2).build().unwrap().geometry().dilation, [2, 2]);
    /// ```
    pub fn dilation(self, dilation: impl Into<Pair>) -> MaxPool2dBuilder {
        MaxPool2dBuilder {
            geometry: self.geometry.dilation(dilation),
        }
    }

    /// Makes the layer. Errs when a number is 0, or the padding more than half the window.
    ///
    /// ```
    /// use convcore::nn::MaxPool2d;
    /// let error = MaxPool2d::new(2).padding(2).build().unwrap_err();
    /// assert_eq!(error.to_string(), "MaxPool2d: padding 2 is more than half of the pooling window's height 2");
    /// ```
    pub fn build(self) -> Result<MaxPool2d, LayerError> {
        self.geometry
            .validate_pooling()
            .map_err(|error| LayerError::geometry("MaxPool2d", error))?;
        Ok(MaxPool2d {
            geometry: self.geometry,
        })
    }
}

impl AvgPool2dBuilder {
    /// Sets how far the window moves between outputs.
    ///
    /// ```
    /// use convcore::nn::AvgPool2d;
    /// assert_eq!(AvgPool2d::new(3).stride(1).build().unwrap().geometry().stride, [1, 1]);
    /// ```
    pub fn stride(self, stride: impl Into<Pair>) -> AvgPool2dBuilder {
        AvgPool2dBuilder {
            geometry: self.geometry.stride(stride),
            ..self
        }
    }

    /// Sets the border of zeros, per side.
    ///
    /// ```
    /// use convcore::nn::AvgPool2d;
    /// assert_eq!(AvgPool2d::new(3).padding(1).build().unwrap().geometry().padding, [1, 1]);
    /// ```
    pub fn padding(self, padding: impl Into<Pair>) -> AvgPool2dBuilder {
        AvgPool2dBuilder {
            geometry: self.geometry.padding(padding),
            ..self
        }
    }

    /// Sets whether a window over the border divides by all of its elements, or by those on the image.
    ///
    /// ```
    /// use convcore::{Tensor, nn::{AvgPool2d, Module}};
    /// let pool = AvgPool2d::new(2).padding(1).count_include_pad(false).build().unwrap();
    /// assert_eq!(pool.forward(&Tensor::ones(&[1, 1, 2, 2])), Tensor::ones(&[1, 1, 2, 2]));
    /// ```
    pub fn count_include_pad(self, count_include_pad: bool) -> AvgPool2dBuilder {
        AvgPool2dBuilder {
            count_include_pad,
            ..self
        }
    }

    /// Makes the layer. Errs when a number is 0, or the padding more than half the window.
    ///
    /// ```
    /// assert!(convcore::nn::AvgPool2d::new(0).build().is_err());
    /// ```
    pub fn build(self) -> Result<AvgPool2d, LayerError> {
        self.geometry
            .validate_pooling()
            .map_err(|error| LayerError::geometry("AvgPool2d", error))?;
        Ok(AvgPool2d {
            geometry: self.geometry,
            count_include_pad: self.count_include_pad,
        })
    }
}

impl Module for MaxPool2d {
    fn forward(&self, input: &Tensor) -> Tensor {
        max_pool2d(input, self.geometry)
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        crate::conv::check_pool("max_pool2d", input, self.geometry).map(|(_, shape)| shape.to_vec())
    }

    fn describe(&self) -> String {
        describe("MaxPool2d", self.geometry)
    }
}

impl Module for AvgPool2d {
    fn forward(&self, input: &Tensor) -> Tensor {
        avg_pool2d(input, self.geometry, self.count_include_pad)
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        crate::conv::check_pool("avg_pool2d", input, self.geometry).map(|(_, shape)| shape.to_vec())
    }

    fn describe(&self) -> String {
        describe("AvgPool2d", self.geometry)
    }
}

fn describe(name: &str, geometry: Geometry) -> String {
    let Geometry {
        kernel: [h, w],
        stride,
        padding,
        ..
    } = geometry;
    let mut text = format!("{name}({h} x {w}");
    if stride != [h, w] {
        text += &format!(", stride {} x {}", stride[0], stride[1]);
    }
    if padding != [0, 0] {
        text += &format!(", padding {} x {}", padding[0], padding[1]);
    }
    text + ")"
}
