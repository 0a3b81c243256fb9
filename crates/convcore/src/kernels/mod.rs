//! The fast paths: loops over plain slices, with no tensors and no history.
//!
//! Convolution unfolds the image into a matrix (`im2col`) and multiplies matrices; pooling walks over planes. Work is
//! split by image or plane, never inside a sum, and partial sums are added in a fixed order: the results are the same
//! bits for every number of threads. What is computed is defined, in plain loops, by
//! [`conv2d_by_definition`](crate::conv2d_by_definition), against which these are tested.

pub(crate) mod convolution;
mod im2col;
pub(crate) mod pooling;
