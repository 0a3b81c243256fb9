//! Operations on tensors. Each stands beside its own backward rule.

mod arithmetic;
mod broadcast;
mod elementwise;
mod join;
mod linear;
mod loss;
mod matmul;
mod reduce;
mod reshape;
mod slice;

pub(crate) use broadcast::broadcast_shape;
pub(crate) use linear::check as check_linear;
pub use linear::linear;
pub(crate) use loss::check_cross_entropy;
pub use loss::{cross_entropy, mse_loss};
pub(crate) use matmul::check as check_matmul;
