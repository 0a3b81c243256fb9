//! Several tensors as one.

use crate::Tensor;
use crate::autograd::rule;

impl Tensor {
    /// The tensors one after the other along an axis that they all have (`torch.cat`).
    ///
    /// **Panics** when there are none, or when their shapes differ elsewhere than along `axis`.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let (a, b) = (Tensor::from([[1., 2.]]), Tensor::from([[3., 4.], [5., 6.]]));
    /// assert_eq!(Tensor::concatenate(&[&a, &b], 0).to_string(), "[[1, 2],\n [3, 4],\n [5, 6]]");
    /// ```
    #[track_caller]
    pub fn concatenate(tensors: &[&Tensor], axis: usize) -> Tensor {
        let Some((first, _)) = tensors.split_first() else {
            panic!("concatenate: no tensors")
        };
        first.expect_axis("concatenate", axis);
        let mut shape = first.shape().to_vec();
        shape[axis] = 0;
        for tensor in tensors {
            let elsewhere = |shape: &[usize]| [&shape[..axis], &shape[axis + 1..]].concat();
            if tensor.rank() != first.rank()
                || elsewhere(tensor.shape()) != elsewhere(first.shape())
            {
                panic!(
                    "concatenate: shapes {:?} and {:?} differ outside axis {axis}",
                    first.shape(),
                    tensor.shape()
                );
            }
            shape[axis] += tensor.shape()[axis];
        }
        let outer: usize = shape[..axis].iter().product();
        let mut values = Vec::with_capacity(shape.iter().product());
        for o in 0..outer {
            for tensor in tensors {
                let part = tensor.len() / outer;
                values.extend_from_slice(&tensor.as_slice()[o * part..(o + 1) * part]);
            }
        }
        let mut end = 0;
        let rules = tensors.iter().map(|tensor| {
            let range = end..end + tensor.shape()[axis];
            end = range.end;
            rule(move |step| step.grad.slice(axis, range.clone()))
        });
        Tensor::from_parts(&shape, values).recorded(
            "concatenate",
            tensors.iter().copied(),
            rules.collect::<Vec<_>>(),
        )
    }

    /// Tensors of one shape side by side along a new axis (`torch.stack`).
    ///
    /// **Panics** when there are none, when their shapes differ, or when `axis` is beyond their rank.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let (a, b) = (Tensor::from([1., 2.]), Tensor::from([3., 4.]));
    /// assert_eq!(Tensor::stack(&[&a, &b], 0).to_string(), "[[1, 2],\n [3, 4]]");
    /// assert_eq!(Tensor::stack(&[&a, &b], 1).to_string(), "[[1, 3],\n [2, 4]]");
    /// ```
    #[track_caller]
    pub fn stack(tensors: &[&Tensor], axis: usize) -> Tensor {
        let Some((first, _)) = tensors.split_first() else {
            panic!("stack: no tensors")
        };
        if axis > first.rank() {
            panic!(
                "stack: shape {:?} has no place for a new axis {axis}",
                first.shape()
            );
        }
        let mut shape = first.shape().to_vec();
        shape.insert(axis, 1);
        if let Some(other) = tensors
            .iter()
            .find(|tensor| tensor.shape() != first.shape())
        {
            panic!(
                "stack: shapes {:?} and {:?} differ",
                first.shape(),
                other.shape()
            );
        }
        let raised: Vec<Tensor> = tensors
            .iter()
            .map(|tensor| tensor.reshape(&shape))
            .collect();
        Tensor::concatenate(&raised.iter().collect::<Vec<_>>(), axis)
    }
}
