//! Tensors with autograd, convolution, pooling, layers and figures: the crate behind the book.

#[cfg(feature = "figures")]
pub mod figure;
pub mod idx;
#[cfg(feature = "figures")]
pub mod image;
pub mod nn;
pub mod optim;
pub mod safetensors;
pub mod shape;

mod autograd;
mod conv;
mod error;
mod file;
mod geometry;
mod kernels;
mod ops;
mod random;
mod receptive_field;
mod tensor;

pub use autograd::no_grad;
pub use conv::{
    Conv2dOptions, avg_pool2d, conv2d, conv2d_by_definition, conv2d_true, corr2d, max_pool2d,
};
pub use error::ShapeError;
pub use geometry::{Geometry, GeometryError, Pair};
pub use ops::{cross_entropy, linear, mse_loss};
pub use random::{Rng, seeded};
pub use receptive_field::{ReceptiveField, receptive_field};
pub use tensor::Tensor;
