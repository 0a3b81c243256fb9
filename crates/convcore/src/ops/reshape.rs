//! The same elements under another shape, or with the axes in another order.

use crate::Tensor;
use crate::autograd::rule;

impl Tensor {
    /// The same elements in the same row-major order, under another shape.
    ///
    /// **Panics** when the numbers of elements differ.
    ///
    /// ```
    /// let x = convcore::Tensor::arange(6).reshape(&[2, 3]);
    /// assert_eq!(x.to_string(), "[[0, 1, 2],\n [3, 4, 5]]");
    /// ```
    #[track_caller]
    pub fn reshape(&self, shape: &[usize]) -> Tensor {
        if crate::tensor::element_count(shape) != Some(self.len()) {
            panic!(
                "reshape: shape {:?} has {} elements, shape {shape:?} has not",
                self.shape(),
                self.len()
            );
        }
        self.with_shape(shape).recorded(
            "reshape",
            [self],
            [rule(|step| step.grad.with_shape(step.inputs[0].shape()))],
        )
    }

    /// Joins the axes from `axis` on into one: `[N, C, H, W]` flattened from 1 gives `[N, C * H * W]`.
    ///
    /// From 0 it gives a vector. Source: `torch.flatten` with `start_dim`.
    ///
    /// **Panics** when `axis` is beyond the rank.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::zeros(&[2, 3, 4]).flatten(1).shape(), [2, 12]);
    /// ```
    #[track_caller]
    pub fn flatten(&self, axis: usize) -> Tensor {
        if axis > self.rank() {
            panic!("flatten: shape {:?} has no axis {axis}", self.shape());
        }
        let (kept, joined) = self.shape().split_at(axis);
        self.reshape(&[kept, &[joined.iter().product()]].concat())
    }

    /// The matrix mirrored at its diagonal: rows become columns.
    ///
    /// **Panics** unless the rank is 2; [`permute`](Tensor::permute) reorders the axes of other ranks.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2., 3.]]);
    /// assert_eq!(x.transpose().to_string(), "[[1],\n [2],\n [3]]");
    /// ```
    #[track_caller]
    pub fn transpose(&self) -> Tensor {
        if self.rank() != 2 {
            panic!(
                "transpose: shape {:?} is not that of a matrix",
                self.shape()
            );
        }
        self.permute(&[1, 0])
    }

    /// The axes in another order: axis `i` of the result is axis `axes[i]` of this tensor (`torch.permute`).
    ///
    /// **Panics** unless `axes` names each axis once.
    ///
    /// ```
    /// let rgb = convcore::Tensor::zeros(&[3, 20, 30]);
    /// assert_eq!(rgb.permute(&[1, 2, 0]).shape(), [20, 30, 3]);
    /// ```
    #[track_caller]
    pub fn permute(&self, axes: &[usize]) -> Tensor {
        let mut back = vec![usize::MAX; self.rank()];
        for (to, &from) in axes.iter().enumerate() {
            if let Some(place) = back.get_mut(from) {
                *place = to;
            }
        }
        if axes.len() != self.rank() || back.contains(&usize::MAX) {
            panic!(
                "permute: {axes:?} is no order of the axes of shape {:?}",
                self.shape()
            );
        }
        let permuted =
            |tensor: &Tensor, axes: &[usize]| Tensor::from(tensor.array().permuted_axes(axes));
        permuted(self, axes).recorded(
            "permute",
            [self],
            [rule(move |step| permuted(step.grad, &back))],
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn permuting_moves_the_elements_and_the_gradient_back() {
        let x = Tensor::arange(24).reshape(&[2, 3, 4]).requires_grad();
        let y = x.permute(&[2, 0, 1]);
        assert_eq!(y[[3, 1, 2]], x[[1, 2, 3]]);
        y.backward_with(&Tensor::arange(24).reshape(&[4, 2, 3]));
        assert_eq!(x.grad().unwrap()[[1, 2, 3]], 23.);
        assert_eq!(x.grad().unwrap()[[1, 0, 0]], 3.);
    }

    #[test]
    #[should_panic(expected = "permute: [0, 0] is no order of the axes of shape [2, 3]")]
    fn an_axis_named_twice_is_refused() {
        Tensor::zeros(&[2, 3]).permute(&[0, 0]);
    }

    #[test]
    #[should_panic(expected = "reshape: shape [2, 3] has 6 elements, shape [4] has not")]
    fn another_number_of_elements_is_refused() {
        Tensor::zeros(&[2, 3]).reshape(&[4]);
    }
}
