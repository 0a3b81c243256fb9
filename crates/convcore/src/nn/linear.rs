//! The fully connected layer.

use super::module::weight_and_bias;
use super::{Init, LayerError, Module};
use crate::{Rng, ShapeError, Tensor, linear};

/// A fully connected layer: each output is a weighted sum of all inputs, plus a bias (`torch.nn.Linear`).
///
/// ```
/// use convcore::{Tensor, nn::{Linear, Module}, seeded};
/// let layer = Linear::new(400, 120).build(&mut seeded(1)).unwrap();
/// assert_eq!(layer.forward(&Tensor::zeros(&[64, 400])).shape(), [64, 120]);
/// ```
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out_features, in_features]`.
    pub weight: Tensor,
    /// `[out_features]`.
    pub bias: Option<Tensor>,
}

/// A [`Linear`] before it is built.
///
/// ```
/// use convcore::{nn::Linear, seeded};
/// assert!(Linear::new(3, 2).bias(false).build(&mut seeded(1)).unwrap().bias.is_none());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LinearBuilder {
    in_features: usize,
    out_features: usize,
    bias: bool,
    init: Init,
}

impl Linear {
    /// Describes a layer with a bias and PyTorch's initial values.
    ///
    /// ```
    /// use convcore::{nn::Linear, seeded};
    /// assert_eq!(Linear::new(3, 2).build(&mut seeded(1)).unwrap().weight.shape(), [2, 3]);
    /// ```
    #[expect(
        clippy::new_ret_no_self,
        reason = "PyTorch's constructor is a description here; build makes the layer"
    )]
    pub fn new(in_features: usize, out_features: usize) -> LinearBuilder {
        LinearBuilder {
            in_features,
            out_features,
            bias: true,
            init: Init::Default,
        }
    }
}

impl LinearBuilder {
    /// Sets whether there is a bias.
    ///
    /// ```
    /// use convcore::{nn::Linear, seeded};
    /// assert!(Linear::new(3, 2).bias(true).build(&mut seeded(1)).unwrap().bias.is_some());
    /// ```
    pub fn bias(self, bias: bool) -> LinearBuilder {
        LinearBuilder { bias, ..self }
    }

    /// Sets how the weights are drawn.
    ///
    /// ```
    /// use convcore::{nn::{Init, Linear}, seeded};
    /// let layer = Linear::new(3, 2).init(Init::XavierNormal).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.bias.unwrap().to_vec(), [0., 0.]);
    /// ```
    pub fn init(self, init: Init) -> LinearBuilder {
        LinearBuilder { init, ..self }
    }

    /// Makes the layer, its weights drawn from `rng`.
    ///
    /// Errs when a number is 0, or when memory cannot hold the weights.
    ///
    /// ```
    /// use convcore::{nn::Linear, seeded};
    /// let error = Linear::new(0, 2).build(&mut seeded(1)).unwrap_err();
    /// assert_eq!(error.to_string(), "Linear: in_features is 0; it must be at least 1");
    /// ```
    pub fn build(self, rng: &mut Rng) -> Result<Linear, LayerError> {
        const LAYER: &str = "Linear";
        LayerError::if_zero(
            LAYER,
            &[
                ("in_features", self.in_features),
                ("out_features", self.out_features),
            ],
        )?;
        let shape = [self.out_features, self.in_features];
        if crate::tensor::element_count(&shape).is_none() {
            return Err(LayerError::new(
                LAYER,
                format!("weights of shape {shape:?} do not fit in memory"),
            ));
        }
        let weight = self.init.weight(&shape, rng);
        let bias = self.bias.then(|| self.init.bias(&shape, rng));
        Ok(Linear { weight, bias })
    }
}

impl Module for Linear {
    fn forward(&self, input: &Tensor) -> Tensor {
        linear(input, &self.weight, self.bias.as_ref())
    }

    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        self.output_shape(input).map(|_| ())
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        crate::ops::check_linear(
            input,
            self.weight.shape(),
            self.bias.as_ref().map(Tensor::shape),
        )
        .map(Vec::from)
    }

    fn named_parameters(&self) -> Vec<(String, &Tensor)> {
        weight_and_bias(&self.weight, self.bias.as_ref())
    }

    fn named_parameters_mut(&mut self) -> Vec<(String, &mut Tensor)> {
        weight_and_bias(&mut self.weight, self.bias.as_mut())
    }

    fn describe(&self) -> String {
        format!(
            "Linear({}, {})",
            self.weight.shape()[1],
            self.weight.shape()[0]
        )
    }
}
