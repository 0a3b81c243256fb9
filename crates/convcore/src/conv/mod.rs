//! Convolution and pooling: the definitions, the operations on batches, their gradients.

mod conv2d;
mod corr2d;
mod definition;
mod pool;

pub(crate) use conv2d::check as check_conv2d;
pub use conv2d::{Conv2dOptions, conv2d};
pub use corr2d::{conv2d_true, corr2d};
pub use definition::conv2d_by_definition;
pub(crate) use pool::check as check_pool;
pub use pool::{avg_pool2d, max_pool2d};
