//! What all layers and models have in common.

use crate::{ShapeError, Tensor, no_grad};

/// A layer or a model: something with a forward pass and, maybe, parameters.
///
/// A model of your own needs [`forward`](Module::forward) and, when it has parameters, the two `named_parameters`
/// methods, which [`prefixed`] and [`prefixed_mut`] make short:
///
/// ```
/// use convcore::nn::{Linear, Module, prefixed, prefixed_mut};
/// use convcore::{Tensor, seeded};
///
/// struct Residual {
///     inner: Linear,
/// }
///
/// impl Module for Residual {
///     fn forward(&self, input: &Tensor) -> Tensor {
///         input + self.inner.forward(input).relu()
///     }
///     fn named_parameters(&self) -> Vec<(String, &Tensor)> {
///         prefixed("inner", &self.inner)
///     }
///     fn named_parameters_mut(&mut self) -> Vec<(String, &mut Tensor)> {
///         prefixed_mut("inner", &mut self.inner)
///     }
/// }
///
/// let model = Residual { inner: Linear::new(3, 3).build(&mut seeded(1)).unwrap() };
/// assert_eq!(model.named_parameters()[1].0, "inner.bias");
/// assert_eq!(model.parameter_count(), 12);
/// ```
pub trait Module: Send + Sync {
    /// What the layer computes from its input.
    ///
    /// **Panics** at the caller's line when the input's shape does not fit.
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor;

    /// Whether an input of this shape fits. Layers that take any shape need not say more than the default does.
    fn check(&self, input: &[usize]) -> Result<(), ShapeError> {
        let _ = input;
        Ok(())
    }

    /// The shape of what the layer gives for an input of this shape.
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        self.check(input)?;
        Ok(no_grad(|| self.forward(&Tensor::zeros(input)))
            .shape()
            .to_vec())
    }

    /// The parameters, each with the name that PyTorch's `state_dict` gives it.
    fn named_parameters(&self) -> Vec<(String, &Tensor)> {
        Vec::new()
    }

    /// The same parameters, to be changed.
    fn named_parameters_mut(&mut self) -> Vec<(String, &mut Tensor)> {
        Vec::new()
    }

    /// One line about the layer: its name and hyper-parameters.
    fn describe(&self) -> String {
        let path = std::any::type_name::<Self>();
        path.rsplit("::").next().unwrap_or(path).to_owned()
    }

    /// The parameters in order.
    fn parameters(&self) -> Vec<&Tensor> {
        self.named_parameters()
            .into_iter()
            .map(|(_, parameter)| parameter)
            .collect()
    }

    /// The same parameters, to be changed.
    fn parameters_mut(&mut self) -> Vec<&mut Tensor> {
        self.named_parameters_mut()
            .into_iter()
            .map(|(_, parameter)| parameter)
            .collect()
    }

    /// How many numbers the parameters hold together.
    fn parameter_count(&self) -> usize {
        self.parameters()
            .iter()
            .map(|parameter| parameter.len())
            .sum()
    }

    /// Forgets the gradients of all parameters.
    fn zero_grad(&self) {
        self.parameters().into_iter().for_each(Tensor::zero_grad);
    }
}

/// The parameters of a part of a model, their names prefixed by the part's: `weight` of `conv1` is `conv1.weight`.
///
/// ```
/// use convcore::{nn::{Linear, prefixed}, seeded};
/// let layer = Linear::new(2, 1).build(&mut seeded(1)).unwrap();
/// assert_eq!(prefixed("fc", &layer)[0].0, "fc.weight");
/// ```
pub fn prefixed<'a>(name: &str, part: &'a (impl Module + ?Sized)) -> Vec<(String, &'a Tensor)> {
    let join = |(inner, parameter)| (format!("{name}.{inner}"), parameter);
    part.named_parameters().into_iter().map(join).collect()
}

/// As [`prefixed`], to be changed.
///
/// ```
/// use convcore::{nn::{Linear, prefixed_mut}, seeded};
/// let mut layer = Linear::new(2, 1).build(&mut seeded(1)).unwrap();
/// assert_eq!(prefixed_mut("fc", &mut layer)[1].0, "fc.bias");
/// ```
pub fn prefixed_mut<'a>(
    name: &str,
    part: &'a mut (impl Module + ?Sized),
) -> Vec<(String, &'a mut Tensor)> {
    let join = |(inner, parameter)| (format!("{name}.{inner}"), parameter);
    part.named_parameters_mut().into_iter().map(join).collect()
}

/// The parameters of a layer with a weight and maybe a bias, under PyTorch's names: `&Tensor`s or `&mut Tensor`s.
pub(super) fn weight_and_bias<T>(weight: T, bias: Option<T>) -> Vec<(String, T)> {
    [("weight", Some(weight)), ("bias", bias)]
        .into_iter()
        .filter_map(|(name, parameter)| Some((name.to_owned(), parameter?)))
        .collect()
}
