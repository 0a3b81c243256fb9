//! The fast paths: loops over plain slices, with no tensors and no history. All of the crate's `unsafe` is here.
//!
//! In the order in which to read them:
//!
//! - [`simd`]: vectors of numbers, and which of them the running processor has;
//! - [`layout`]: an image laid out so that each tap of a filter reads it in one straight run;
//! - [`tile`]: the innermost loop, a tile of the output kept in registers;
//! - [`correlate`]: the loops around the tiles, for [`conv_forward`] and [`conv_backward_input`];
//! - [`across_images`]: the same for many small images, which lie along the vectors;
//! - [`winograd`]: 3 x 3 filters with less than half of the multiplications;
//! - [`conv_backward_input_scatter`]: the gradient of the input the other way round, where gathering wastes much;
//! - [`conv_backward_weight`]: sums over all outputs, with the filters along the vectors;
//! - [`conv_backward_weight_few`]: the same for few filters, with the outputs along the vectors;
//! - [`gemm`]: the product of two matrices;
//! - [`pooling`]: maxima and averages;
//! - [`parallel`]: work spread over the cores;
//! - [`convolution`]: what the rest of the crate calls.
//!
//! The shares of the peak in the files' heads are from the table of `speed.rs`, on one core of a Zen 5 processor whose peak is
//! 272 billion additions and multiplications a second: `cargo test --release -p convcore --lib kernels::speed -- --ignored
//! --nocapture`.
//!
//! Every result is the same, bit for bit, for every number of threads. Between levels of instructions, the last bits
//! differ. What is computed is defined, in plain loops, by [`conv2d_by_definition`](crate::conv2d_by_definition);
//! `reference` has the definitions of the gradients as well, against which the tests hold every kernel.

mod across_images;
mod conv_backward_input;
mod conv_backward_input_scatter;
mod conv_backward_weight;
mod conv_backward_weight_few;
mod conv_forward;
pub(crate) mod convolution;
mod correlate;
pub(crate) mod gemm;
mod layout;
mod parallel;
pub(crate) mod pooling;
#[cfg(test)]
mod reference;
mod simd;
mod sizes;
#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
mod tile;
mod winograd;
