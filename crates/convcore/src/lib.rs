//! Tensors with autograd, convolution, pooling, layers and figures: the crate behind the book.

#[cfg(feature = "figures")]
pub mod figure;
#[cfg(feature = "figures")]
pub mod image;
