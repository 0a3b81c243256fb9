//! Parts of a tensor: a range along an axis, one position of it, a border of zeros, the axis reversed.

use std::ops::Range;

use ndarray::{Axis, Slice};

use crate::Tensor;
use crate::autograd::rule;
use crate::geometry::Pair;

impl Tensor {
    /// The positions `range` of one axis, which stays: rows 2 to 4 are `x.slice(0, 2..5)`.
    ///
    /// **Panics** when there is no such axis, or the range does not lie on it.
    ///
    /// ```
    /// let x = convcore::Tensor::arange(12).reshape(&[3, 4]);
    /// assert_eq!(x.slice(1, 1..3).to_string(), "[[ 1,  2],\n [ 5,  6],\n [ 9, 10]]");
    /// ```
    #[track_caller]
    pub fn slice(&self, axis: usize, range: Range<usize>) -> Tensor {
        self.expect_axis("slice", axis);
        if range.start > range.end || range.end > self.shape()[axis] {
            panic!(
                "slice: {range:?} does not lie on axis {axis} of shape {:?}",
                self.shape()
            );
        }
        let start = range.start;
        let part = self.array().slice_axis_move(Axis(axis), Slice::from(range));
        Tensor::from(part).recorded(
            "slice",
            [self],
            [rule(move |step| {
                step.grad.placed(axis, start, step.inputs[0].shape())
            })],
        )
    }

    /// One position of an axis, which disappears: the second image of a batch is `x.select(0, 1)`.
    ///
    /// **Panics** when there is no such axis or position.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.]]);
    /// assert_eq!(x.select(0, 1).to_string(), "[3, 4]");
    /// ```
    #[track_caller]
    pub fn select(&self, axis: usize, index: usize) -> Tensor {
        self.expect_axis("select", axis);
        if index >= self.shape()[axis] {
            panic!(
                "select: axis {axis} of shape {:?} has no position {index}",
                self.shape()
            );
        }
        let part = Tensor::from(self.array().index_axis_move(Axis(axis), index));
        let back = rule(move |step| {
            let mut shape = step.inputs[0].shape().to_vec();
            shape[axis] = 1;
            step.grad
                .with_shape(&shape)
                .placed(axis, index, step.inputs[0].shape())
        });
        part.recorded("select", [self], [back])
    }

    /// The given positions of one axis, in the given order (`torch.index_select`): on axis 0, a batch of examples.
    ///
    /// **Panics** when there is no such axis, or no such position.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.], [5., 6.]]);
    /// assert_eq!(x.index_select(0, &[2, 0]).to_string(), "[[5, 6],\n [1, 2]]");
    /// assert_eq!(x.index_select(1, &[1]).to_string(), "[[2],\n [4],\n [6]]");
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: usize, positions: &[usize]) -> Tensor {
        self.expect_axis("index_select", axis);
        let (outer, length, inner) = self.around(axis);
        if let Some(position) = positions.iter().find(|&&position| position >= length) {
            panic!(
                "index_select: axis {axis} of shape {:?} has no position {position}",
                self.shape()
            );
        }
        // Where each run of the result comes from, in the order of the result.
        let starts: Vec<usize> = (0..outer)
            .flat_map(|before| {
                positions
                    .iter()
                    .map(move |position| (before * length + position) * inner)
            })
            .collect();
        let x = self.as_slice();
        let values = starts.iter().flat_map(|&start| &x[start..start + inner]);
        let mut shape = self.shape().to_vec();
        shape[axis] = positions.len();
        let result = Tensor::from_parts(&shape, values.copied().collect());
        let back = rule(move |step| {
            let mut grad = vec![0.; step.inputs[0].len()];
            for (run, &start) in starts.iter().enumerate() {
                let from = &step.grad.as_slice()[run * inner..(run + 1) * inner];
                grad[start..start + inner]
                    .iter_mut()
                    .zip(from)
                    .for_each(|(sum, g)| *sum += g);
            }
            Tensor::from_parts(step.inputs[0].shape(), grad)
        });
        result.recorded("index_select", [self], [back])
    }

    /// The last two axes with a border of zeros: `padding` rows above and below, columns left and right (height, width).
    ///
    /// **Panics** when the rank is below 2.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.]]);
    /// assert_eq!(x.pad2d((0, 1)).to_string(), "[[0, 1, 2, 0],\n [0, 3, 4, 0]]");
    /// ```
    #[track_caller]
    pub fn pad2d(&self, padding: impl Into<Pair>) -> Tensor {
        let Pair([rows, columns]) = padding.into();
        let Some(axis) = self.rank().checked_sub(2) else {
            panic!("pad2d: shape {:?} has no height and width", self.shape());
        };
        let mut shape = self.shape().to_vec();
        let padded = |length: usize, border: usize| {
            border
                .checked_mul(2)
                .and_then(|both| length.checked_add(both))
        };
        match (padded(shape[axis], rows), padded(shape[axis + 1], columns)) {
            (Some(height), Some(width)) => (shape[axis], shape[axis + 1]) = (height, width),
            _ => panic!("pad2d: a padding of {rows} and {columns} is more than memory can hold"),
        }
        if crate::tensor::element_count(&shape).is_none() {
            panic!("pad2d: a padding of {rows} and {columns} is more than memory can hold");
        }
        let mut tall = self.shape().to_vec();
        tall[axis] = shape[axis];
        let padded = self
            .placed(axis, rows, &tall)
            .placed(axis + 1, columns, &shape);
        let back = rule(move |step| {
            let [.., height, width] = *step.inputs[0].shape() else {
                unreachable!("checked above")
            };
            step.grad
                .slice(axis, rows..rows + height)
                .slice(axis + 1, columns..columns + width)
        });
        padded.recorded("pad2d", [self], [back])
    }

    /// One axis in reverse order.
    ///
    /// **Panics** when there is no such axis.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 2., 3.]).flip(0).to_string(), "[3, 2, 1]");
    /// ```
    #[track_caller]
    pub fn flip(&self, axis: usize) -> Tensor {
        self.expect_axis("flip", axis);
        let flipped = move |tensor: &Tensor| {
            let mut view = tensor.array();
            view.invert_axis(Axis(axis));
            Tensor::from(view)
        };
        flipped(self).recorded("flip", [self], [rule(move |step| flipped(step.grad))])
    }

    /// These values from position `start` of an axis on, and zeros around, in the given shape, without history.
    fn placed(&self, axis: usize, start: usize, shape: &[usize]) -> Tensor {
        let (outer, length, inner) = self.around(axis);
        let row = shape[axis] * inner;
        let mut values = vec![0.; shape.iter().product()];
        let part = length * inner;
        for o in 0..outer {
            let from = o * row + start * inner;
            values[from..from + part].copy_from_slice(&self.as_slice()[o * part..(o + 1) * part]);
        }
        Tensor::from_parts(shape, values)
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn a_position_selected_twice_gets_both_gradients() {
        let x = Tensor::from([[1., 2.], [3., 4.]]).requires_grad();
        x.index_select(0, &[1, 1])
            .backward_with(&Tensor::from([[1., 2.], [10., 20.]]));
        assert_eq!(x.grad().unwrap(), Tensor::from([[0., 0.], [11., 22.]]));
    }

    #[test]
    fn slices_of_the_innermost_axis_put_their_gradient_back() {
        let x = Tensor::arange(6).reshape(&[2, 3]).requires_grad();
        x.slice(1, 1..3)
            .backward_with(&Tensor::from([[1., 2.], [3., 4.]]));
        assert_eq!(
            x.grad().unwrap(),
            Tensor::from([[0., 1., 2.], [0., 3., 4.]])
        );
    }

    #[test]
    #[should_panic(expected = "slice: 1..4 does not lie on axis 0 of shape [3]")]
    fn a_range_beyond_the_axis_is_refused() {
        Tensor::zeros(&[3]).slice(0, 1..4);
    }
}
