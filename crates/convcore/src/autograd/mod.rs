//! Automatic differentiation: a graph of nodes, and the walk back through it.
//!
//! Each operation that has an input with a gradient records a node: its name, its inputs, and one rule an input that
//! turns the gradient of the result into the gradient of that input. The rule stands in the same file as the
//! operation. [`Tensor::backward`] visits the nodes from the result to the leaves, each once, and adds up what arrives.

mod backward;
mod no_grad;
mod node;

#[cfg(doc)]
use crate::Tensor;
pub use no_grad::no_grad;
pub(crate) use node::{Node, Step, rule};
