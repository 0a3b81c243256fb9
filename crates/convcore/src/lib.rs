//! Tensors with autograd, convolution, pooling, layers and figures: the crate behind the book.
