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

pub(crate) use linear::check as check_linear;
pub use linear::linear;
pub use loss::{cross_entropy, mse_loss};
