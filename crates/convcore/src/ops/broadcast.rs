//! Broadcasting: computing with two shapes as if the smaller were repeated, and summing that away again.
//!
//! NumPy's rule: the shapes are aligned at their last axis; a missing axis counts as length 1; two lengths fit when they
//! are equal or one of them is 1.

use ndarray::IxDyn;

use crate::Tensor;
use crate::error::ShapeError;

/// The shape that two shapes broadcast to.
pub(crate) fn broadcast_shape(
    operation: &'static str,
    a: &[usize],
    b: &[usize],
) -> Result<Vec<usize>, ShapeError> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| {
        (axis + shape.len())
            .checked_sub(rank)
            .map_or(1, |axis| shape[axis])
    };
    let axes = (0..rank).map(|axis| match (length(a, axis), length(b, axis)) {
        (n, m) if n == m => Ok(n),
        (1, n) | (n, 1) => Ok(n),
        _ => Err(ShapeError::new(
            operation,
            format!("shapes {a:?} and {b:?} do not broadcast"),
        )),
    });
    let shape: Vec<usize> = axes.collect::<Result<_, _>>()?;
    match crate::tensor::element_count(&shape) {
        Some(_) => Ok(shape),
        None => Err(ShapeError::new(
            operation,
            format!("shapes {a:?} and {b:?} broadcast to more than memory can hold"),
        )),
    }
}

/// `f` of every pair of elements, broadcast, without history.
#[track_caller]
pub(crate) fn zip_map(
    operation: &'static str,
    a: &Tensor,
    b: &Tensor,
    f: impl Fn(f32, f32) -> f32,
) -> Tensor {
    let (left, right) = (a.as_slice(), b.as_slice());
    if a.shape() == b.shape() {
        let values = left.iter().zip(right).map(|(&a, &b)| f(a, b)).collect();
        return Tensor::from_parts(a.shape(), values);
    }
    if let ([b], true) = (right, b.rank() <= a.rank()) {
        return Tensor::from_parts(a.shape(), left.iter().map(|&a| f(a, *b)).collect());
    }
    if let ([a], true) = (left, a.rank() <= b.rank()) {
        return Tensor::from_parts(b.shape(), right.iter().map(|&b| f(*a, b)).collect());
    }
    let shape = crate::error::or_panic(broadcast_shape(operation, a.shape(), b.shape()));
    let spread = "the shape was made to fit both";
    let (left, right) = (a.array(), b.array());
    let left = left.broadcast(IxDyn(&shape)).expect(spread);
    let right = right.broadcast(IxDyn(&shape)).expect(spread);
    let values = left
        .iter()
        .zip(right.iter())
        .map(|(&a, &b)| f(a, b))
        .collect();
    Tensor::from_parts(&shape, values)
}

impl Tensor {
    /// Sums over the axes that broadcasting from `shape` has added or stretched, without history.
    pub(crate) fn sum_to(&self, shape: &[usize]) -> Tensor {
        if self.shape() == shape {
            return self.clone();
        }
        let mut sum = self.clone();
        while sum.rank() > shape.len() {
            sum = sum.sum_over(0, false);
        }
        for (axis, &length) in shape.iter().enumerate() {
            if sum.shape()[axis] != length {
                sum = sum.sum_over(axis, true);
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::broadcast_shape;
    use crate::Tensor;

    #[test]
    fn shapes_align_at_their_last_axis() {
        assert_eq!(
            broadcast_shape("add", &[2, 1, 4], &[3, 1]).unwrap(),
            [2, 3, 4]
        );
        assert_eq!(broadcast_shape("add", &[], &[3]).unwrap(), [3]);
        assert_eq!(broadcast_shape("add", &[0, 1], &[1]).unwrap(), [0, 1]);
        let error = broadcast_shape("add", &[2, 3], &[2]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "add: shapes [2, 3] and [2] do not broadcast"
        );
    }

    #[test]
    fn a_single_element_of_higher_rank_raises_the_rank() {
        assert_eq!(
            (Tensor::from([1., 2.]) + Tensor::ones(&[1, 1])).shape(),
            [1, 2]
        );
        assert_eq!(
            (Tensor::ones(&[1, 1]) + Tensor::from([1., 2.])).shape(),
            [1, 2]
        );
    }
}
