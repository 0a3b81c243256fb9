//! Sums, means and largest elements: over the whole tensor or along one axis.
//!
//! Sums are made in `f64`, in a fixed order: a mean over a million pixels keeps its digits, and every run gives the
//! same bits.

use crate::Tensor;
use crate::autograd::rule;

impl Tensor {
    /// The sum of all elements, a tensor of rank 0.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([[1., 2.], [3., 4.]]).sum().item(), 10.);
    /// ```
    pub fn sum(&self) -> Tensor {
        Tensor::from(total(self.as_slice()) as f32).recorded(
            "sum",
            [self],
            [rule(|step| {
                Tensor::full(step.inputs[0].shape(), step.grad.item())
            })],
        )
    }

    /// The mean of all elements, a tensor of rank 0; NaN when there are none.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([[1., 2.], [3., 4.]]).mean().item(), 2.5);
    /// ```
    pub fn mean(&self) -> Tensor {
        let count = self.len() as f64;
        Tensor::from((total(self.as_slice()) / count) as f32).recorded(
            "mean",
            [self],
            [rule(|step| {
                Tensor::full(
                    step.inputs[0].shape(),
                    step.grad.item() / step.inputs[0].len() as f32,
                )
            })],
        )
    }

    /// The sums along one axis, which disappears: `[N, C]` summed over axis 0 gives `[C]`.
    ///
    /// **Panics** when there is no such axis.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.]]);
    /// assert_eq!(x.sum_axis(0).to_string(), "[4, 6]");
    /// assert_eq!(x.sum_axis(1).to_string(), "[3, 7]");
    /// ```
    #[track_caller]
    pub fn sum_axis(&self, axis: usize) -> Tensor {
        self.expect_axis("sum_axis", axis);
        self.sum_over(axis, false).recorded(
            "sum_axis",
            [self],
            [rule(move |step| {
                step.grad.repeated_along(axis, step.inputs[0].shape())
            })],
        )
    }

    /// The means along one axis, which disappears.
    ///
    /// **Panics** when there is no such axis.
    ///
    /// ```
    /// let x = convcore::Tensor::from([[1., 2.], [3., 4.]]);
    /// assert_eq!(x.mean_axis(0).to_string(), "[2, 3]");
    /// ```
    #[track_caller]
    pub fn mean_axis(&self, axis: usize) -> Tensor {
        self.expect_axis("mean_axis", axis);
        self.sum_axis(axis) / self.shape()[axis] as f32
    }

    /// The largest element; NaN if one is NaN.
    ///
    /// A plain number: it has no gradient.
    ///
    /// **Panics** when there is no element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 3., 2.]).max(), 3.);
    /// ```
    #[track_caller]
    pub fn max(&self) -> f32 {
        self.extreme("max", |new, best| new > best)
    }

    /// The smallest element; NaN if one is NaN.
    ///
    /// A plain number: it has no gradient.
    ///
    /// **Panics** when there is no element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 3., 2.]).min(), 1.);
    /// ```
    #[track_caller]
    pub fn min(&self) -> f32 {
        self.extreme("min", |new, best| new < best)
    }

    #[track_caller]
    fn extreme(&self, operation: &str, better: impl Fn(f32, f32) -> bool) -> f32 {
        let best = self.as_slice().iter().copied().reduce(|best, new| {
            if better(new, best) || new.is_nan() {
                new
            } else {
                best
            }
        });
        match best {
            Some(best) => best,
            None => panic!("{operation}: shape {:?} has no element", self.shape()),
        }
    }

    /// Where the largest element lies along an axis, for every position of the other axes, in row-major order: the
    /// predicted class of each row. Of equal ones the first counts.
    ///
    /// **Panics** when there is no such axis, or it has length 0.
    ///
    /// ```
    /// let scores = convcore::Tensor::from([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2]]);
    /// assert_eq!(scores.argmax(1), [1, 0]);
    /// ```
    #[track_caller]
    pub fn argmax(&self, axis: usize) -> Vec<usize> {
        self.expect_axis("argmax", axis);
        let (outer, length, inner) = self.around(axis);
        if length == 0 {
            panic!(
                "argmax: axis {axis} of shape {:?} has no element",
                self.shape()
            );
        }
        let x = self.as_slice();
        let places = (0..outer).flat_map(|o| (0..inner).map(move |i| o * length * inner + i));
        let best = |start: usize| {
            let value = |i: usize| x[start + i * inner];
            (1..length).fold(0, |best, i| if value(i) > value(best) { i } else { best })
        };
        places.map(best).collect()
    }

    /// Sums along one axis without history; `keep` leaves the axis with length 1.
    pub(crate) fn sum_over(&self, axis: usize, keep: bool) -> Tensor {
        let (outer, length, inner) = self.around(axis);
        let x = self.as_slice();
        let mut sums = Vec::with_capacity(outer * inner);
        let mut row = vec![0_f64; inner];
        for o in 0..outer {
            row.fill(0.);
            for i in 0..length {
                let start = (o * length + i) * inner;
                row.iter_mut()
                    .zip(&x[start..start + inner])
                    .for_each(|(sum, &x)| *sum += f64::from(x));
            }
            sums.extend(row.iter().map(|&sum| sum as f32));
        }
        let mut shape = self.shape().to_vec();
        if keep {
            shape[axis] = 1;
        } else {
            shape.remove(axis);
        }
        Tensor::from_parts(&shape, sums)
    }

    /// The opposite of summing along `axis`: every value again for each position, in the given shape.
    fn repeated_along(&self, axis: usize, shape: &[usize]) -> Tensor {
        let inner: usize = shape[axis + 1..].iter().product();
        let mut values = Vec::with_capacity(shape.iter().product());
        for row in self.as_slice().chunks(inner.max(1)) {
            (0..shape[axis]).for_each(|_| values.extend_from_slice(row));
        }
        Tensor::from_parts(shape, values)
    }

    /// The lengths of the axes before, of, and after `axis`, each multiplied out.
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        let shape = self.shape();
        (
            shape[..axis].iter().product(),
            shape[axis],
            shape[axis + 1..].iter().product(),
        )
    }

    #[track_caller]
    pub(crate) fn expect_axis(&self, operation: &str, axis: usize) {
        if axis >= self.rank() {
            panic!("{operation}: shape {:?} has no axis {axis}", self.shape());
        }
    }
}

/// The sum in `f64`, over eight lanes so that it vectorises, always in the same order.
fn total(values: &[f32]) -> f64 {
    let mut lanes = [0_f64; 8];
    let chunks = values.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|&x| f64::from(x)).sum();
    for chunk in chunks {
        lanes
            .iter_mut()
            .zip(chunk)
            .for_each(|(lane, &x)| *lane += f64::from(x));
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn a_long_sum_keeps_its_digits() {
        let x = Tensor::full(&[10_000_000], 0.1);
        assert_eq!(x.mean().item(), 0.1);
    }

    #[test]
    fn nan_is_not_hidden_by_max() {
        assert!(Tensor::from([1., f32::NAN, 2.]).max().is_nan());
    }

    #[test]
    fn empty_axes_sum_to_zero() {
        assert_eq!(Tensor::zeros(&[2, 0]).sum_axis(1), Tensor::zeros(&[2]));
        assert_eq!(Tensor::zeros(&[0, 2]).sum_axis(1), Tensor::zeros(&[0]));
        let x = Tensor::zeros(&[2, 0]).requires_grad();
        x.sum_axis(1).sum().backward();
        assert_eq!(x.grad().unwrap().shape(), [2, 0]);
    }

    #[test]
    #[should_panic(expected = "sum_axis: shape [2] has no axis 1")]
    fn an_absent_axis_is_refused() {
        Tensor::zeros(&[2]).sum_axis(1);
    }
}
