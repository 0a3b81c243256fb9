//! Layers with PyTorch's names, arguments, defaults and initial values.
//!
//! A layer with hyper-parameters is described first and then built: a bad hyper-parameter is a [`LayerError`].
//!
//! ```
//! use convcore::nn::{Conv2d, Flatten, Linear, MaxPool2d, Module, Relu, Sequential};
//! use convcore::{Tensor, seeded};
//! # fn main() -> Result<(), convcore::nn::LayerError> {
//! let mut rng = seeded(42);
//! let model = Sequential::new()
//!     .add("conv1", Conv2d::new(1, 4, 3).padding(1).build(&mut rng)?)
//!     .add("relu1", Relu)
//!     .add("pool1", MaxPool2d::new(2).build()?)
//!     .add("flatten", Flatten::new())
//!     .add("fc", Linear::new(4 * 4 * 4, 10).build(&mut rng)?);
//! assert_eq!(model.forward(&Tensor::zeros(&[2, 1, 8, 8])).shape(), [2, 10]);
//! assert_eq!(model.named_parameters()[0].0, "conv1.weight");
//! # Ok(())
//! # }
//! ```

mod activation;
mod conv2d;
mod init;
mod linear;
mod module;
mod pool;
mod sequential;
mod state;

pub use activation::{Flatten, Relu, Sigmoid, Tanh};
pub use conv2d::{Conv2d, Conv2dBuilder};
pub use init::Init;
pub use linear::{Linear, LinearBuilder};
pub use module::{Module, prefixed, prefixed_mut};
pub use pool::{AvgPool2d, AvgPool2dBuilder, MaxPool2d, MaxPool2dBuilder};
pub use sequential::Sequential;
pub use state::{StateError, load_state, state};

use crate::GeometryError;

/// Why a layer cannot be built from its hyper-parameters.
///
/// ```
/// use convcore::{nn::Conv2d, seeded};
/// let error = Conv2d::new(3, 4, 3).groups(2).build(&mut seeded(1)).unwrap_err();
/// assert_eq!(error.to_string(), "Conv2d: 2 groups do not divide 3 input channels");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{layer}: {reason}")]
pub struct LayerError {
    layer: &'static str,
    reason: String,
}

impl LayerError {
    fn new(layer: &'static str, reason: impl Into<String>) -> LayerError {
        LayerError {
            layer,
            reason: reason.into(),
        }
    }

    fn geometry(layer: &'static str, error: GeometryError) -> LayerError {
        LayerError {
            layer,
            reason: error.to_string(),
        }
    }

    /// The error when one of the named numbers is 0.
    fn if_zero(layer: &'static str, numbers: &[(&str, usize)]) -> Result<(), LayerError> {
        match numbers.iter().find(|(_, number)| *number == 0) {
            Some((name, _)) => Err(LayerError::new(
                layer,
                format!("{name} is 0; it must be at least 1"),
            )),
            None => Ok(()),
        }
    }
}
