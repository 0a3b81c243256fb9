//! The tensor: `f32` values of any rank, in row-major order, that remember how they were computed.

mod access;
mod create;
pub(crate) use create::element_count;
mod display;

use std::sync::Arc;

use ndarray::{ArcArray, ArrayD, IxDyn};

use crate::autograd::Node;

/// Values of type `f32` in row-major order, of any rank, that remember how they were computed.
///
/// A tensor is a handle: a clone is cheap and means the same values and the same gradient. Values never change behind
/// another handle. Every operation gives a new tensor; [`Tensor::update`], which optimisers use, copies first when
/// somebody else still looks at the values.
///
/// After [`requires_grad`](Tensor::requires_grad), what is computed from a tensor keeps its history, so that
/// [`backward`](Tensor::backward) can follow it.
///
/// ```
/// use convcore::Tensor;
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.]]);
/// assert_eq!(x.shape(), [2, 3]);
/// assert_eq!(x[[1, 0]], 3.);
/// assert_eq!((&x * 2. + 1.).to_string(), "[[ 1,  3,  5],\n [ 7,  9, 11]]");
/// ```
#[derive(Clone)]
pub struct Tensor {
    pub(crate) node: Arc<Node>,
}

impl Tensor {
    /// A leaf with these values. They must be in standard (row-major, contiguous) layout.
    pub(crate) fn leaf(values: ArcArray<f32, IxDyn>) -> Tensor {
        debug_assert!(values.is_standard_layout());
        Tensor {
            node: Arc::new(Node::leaf(values)),
        }
    }

    /// A leaf from a shape and as many values, in row-major order.
    pub(crate) fn from_parts(shape: &[usize], values: Vec<f32>) -> Tensor {
        let values =
            ArrayD::from_shape_vec(IxDyn(shape), values).expect("as many values as the shape says");
        Tensor::leaf(values.into_shared())
    }

    /// The values, shared.
    pub(crate) fn values(&self) -> &ArcArray<f32, IxDyn> {
        &self.node.values
    }

    /// The same values under another shape, without history and without copying. The element counts must agree.
    pub(crate) fn with_shape(&self, shape: &[usize]) -> Tensor {
        let values = self.values().clone().into_shape_with_order(IxDyn(shape));
        Tensor::leaf(values.expect("an equal number of elements"))
    }
}
