//! The parameters of a model as a table of names and values.

use std::collections::BTreeMap;

use super::Module;
use crate::Tensor;

/// Why a table of values does not fit a model.
///
/// ```
/// use convcore::{nn::{Linear, StateError}, seeded};
/// let mut layer = Linear::new(2, 1).build(&mut seeded(1)).unwrap();
/// let error = convcore::nn::load_state(&mut layer, &Default::default()).unwrap_err();
/// assert_eq!(error.to_string(), "the model's parameter \"weight\" is not among the values");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A parameter has no value.
    #[error("the model's parameter \"{name}\" is not among the values")]
    Missing {
        /// The parameter's name.
        name: String,
    },
    /// A value has no parameter.
    #[error("the value \"{name}\" is no parameter of the model")]
    Unexpected {
        /// The value's name.
        name: String,
    },
    /// A value has another shape than its parameter.
    #[error("the value \"{name}\" has shape {value:?}, the model's parameter {parameter:?}")]
    Shape {
        /// The name of both.
        name: String,
        /// The value's shape.
        value: Vec<usize>,
        /// The parameter's shape.
        parameter: Vec<usize>,
    },
}

/// The parameters by name, without history: what to save (`state_dict` in PyTorch).
///
/// ```
/// use convcore::{nn::{Linear, state}, seeded};
/// let layer = Linear::new(2, 1).build(&mut seeded(1)).unwrap();
/// assert_eq!(state(&layer)["weight"], layer.weight);
/// ```
pub fn state(model: &(impl Module + ?Sized)) -> BTreeMap<String, Tensor> {
    model
        .named_parameters()
        .into_iter()
        .map(|(name, parameter)| (name, parameter.detach()))
        .collect()
}

/// Gives every parameter the value of its name (`load_state_dict` in PyTorch, strict).
///
/// Errs, with no parameter changed, when a parameter has no value, a value no parameter, or their shapes differ.
///
/// ```
/// use convcore::{nn::{Linear, load_state, state}, seeded};
/// let trained = Linear::new(2, 1).build(&mut seeded(1)).unwrap();
/// let mut copy = Linear::new(2, 1).build(&mut seeded(2)).unwrap();
/// load_state(&mut copy, &state(&trained)).unwrap();
/// assert_eq!(copy.weight, trained.weight);
/// ```
pub fn load_state(
    model: &mut (impl Module + ?Sized),
    values: &BTreeMap<String, Tensor>,
) -> Result<(), StateError> {
    let parameters = model.named_parameters();
    for (name, parameter) in &parameters {
        let Some(value) = values.get(name) else {
            return Err(StateError::Missing { name: name.clone() });
        };
        if value.shape() != parameter.shape() {
            let (value, parameter) = (value.shape().to_vec(), parameter.shape().to_vec());
            return Err(StateError::Shape {
                name: name.clone(),
                value,
                parameter,
            });
        }
    }
    if let Some(name) = values
        .keys()
        .find(|&key| parameters.iter().all(|(name, _)| name != key))
    {
        return Err(StateError::Unexpected { name: name.clone() });
    }
    for (name, parameter) in model.named_parameters_mut() {
        let needs_grad = parameter.needs_grad();
        let label = parameter.label();
        let mut value = values[&name].detach();
        if needs_grad {
            value = value.requires_grad();
        }
        *parameter = match label {
            Some(label) => value.name(label),
            None => value,
        };
    }
    Ok(())
}
