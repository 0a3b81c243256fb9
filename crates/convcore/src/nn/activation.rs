//! Layers without parameters: activations, and the step from images to vectors.

use super::Module;
use crate::{ShapeError, Tensor};

/// Each element, or 0 where it is negative (`torch.nn.ReLU`).
///
/// ```
/// use convcore::{Tensor, nn::{Module, Relu}};
/// assert_eq!(Relu.forward(&Tensor::from([-1., 2.])).to_string(), "[0, 2]");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Relu;

/// `1 / (1 + exp(-x))` of each element (`torch.nn.Sigmoid`).
///
/// ```
/// use convcore::{Tensor, nn::{Module, Sigmoid}};
/// assert_eq!(Sigmoid.forward(&Tensor::from(0.)).item(), 0.5);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Sigmoid;

/// The hyperbolic tangent of each element (`torch.nn.Tanh`).
///
/// ```
/// use convcore::{Tensor, nn::{Module, Tanh}};
/// assert_eq!(Tanh.forward(&Tensor::from(0.)).item(), 0.);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tanh;

/// Joins all axes but the first: a batch of images becomes a batch of vectors (`torch.nn.Flatten`).
///
/// ```
/// use convcore::{Tensor, nn::{Flatten, Module}};
/// assert_eq!(Flatten::new().forward(&Tensor::zeros(&[2, 16, 5, 5])).shape(), [2, 400]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Flatten {
    start: usize,
}

impl Flatten {
    /// Joins the axes from 1 on.
    ///
    /// ```
    /// use convcore::nn::{Flatten, Module};
    /// assert_eq!(Flatten::new().output_shape(&[2, 3, 4]).unwrap(), [2, 12]);
    /// ```
    pub fn new() -> Flatten {
        Flatten { start: 1 }
    }

    /// Joins the axes from `axis` on.
    ///
    /// ```
    /// use convcore::nn::{Flatten, Module};
    /// assert_eq!(Flatten::from_axis(0).output_shape(&[2, 3, 4]).unwrap(), [24]);
    /// ```
    pub fn from_axis(axis: usize) -> Flatten {
        Flatten { start: axis }
    }
}

impl Default for Flatten {
    fn default() -> Flatten {
        Flatten::new()
    }
}

impl Module for Flatten {
    fn forward(&self, input: &Tensor) -> Tensor {
        input.flatten(self.start)
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        if self.start > input.len() {
            return Err(ShapeError::new(
                "flatten",
                format!("shape {input:?} has no axis {}", self.start),
            ));
        }
        let (kept, joined) = input.split_at(self.start);
        Ok([kept, &[joined.iter().product()]].concat())
    }
}

/// A layer that applies a method of [`Tensor`] to each element.
macro_rules! elementwise {
    ($($layer:ident: $method:ident),+) => {$(
        impl Module for $layer {
            fn forward(&self, input: &Tensor) -> Tensor {
                input.$method()
            }

            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
                Ok(input.to_vec())
            }
        }
    )+};
}

elementwise!(Relu: relu, Sigmoid: sigmoid, Tanh: tanh);
