//! Losses: how wrong a prediction is, as one number.

use crate::Tensor;
use crate::autograd::rule;
use crate::error::{ShapeError, or_panic};

impl Tensor {
    /// `exp(x)` divided by its sum along an axis: scores become probabilities that add up to 1.
    ///
    /// The largest score is subtracted first, so that large scores do not overflow.
    ///
    /// **Panics** when there is no such axis.
    ///
    /// ```
    /// let scores = convcore::Tensor::from([[0., 0.], [1000., 0.]]);
    /// assert_eq!(scores.softmax(1).to_string(), "[[0.5, 0.5],\n [1.0, 0.0]]");
    /// ```
    #[track_caller]
    pub fn softmax(&self, axis: usize) -> Tensor {
        self.expect_axis("softmax", axis);
        let (outer, length, inner) = self.around(axis);
        let mut values = self.to_vec();
        for start in (0..outer).flat_map(|o| (0..inner).map(move |i| o * length * inner + i)) {
            let places = (0..length).map(|i| start + i * inner);
            let largest = places
                .clone()
                .fold(f32::NEG_INFINITY, |largest, i| largest.max(values[i]));
            let mut sum = 0.;
            for i in places.clone() {
                values[i] = (values[i] - largest).exp();
                sum += values[i];
            }
            places.for_each(|i| values[i] /= sum);
        }
        let back = rule(move |step| {
            // y · (g - Σ g y), the sum along the axis
            let weighted = (step.grad * step.output).sum_over(axis, true);
            step.output * (step.grad - weighted)
        });
        Tensor::from_parts(self.shape(), values).recorded("softmax", [self], [back])
    }
}

/// The mean over the rows of `-log(softmax(row)[target])`: how surprised the scores are by the true classes.
///
/// `logits` are scores of any size, shape `[N, classes]`; `targets` holds the true class of each row. Source:
/// `torch.nn.functional.cross_entropy`. The logarithm is taken of the sum directly, so large scores stay exact.
///
/// **Panics** when `logits` is no matrix, the numbers of rows differ, or a target is no class.
///
/// ```
/// use convcore::{Tensor, cross_entropy};
/// let sure_and_right = cross_entropy(&Tensor::from([[10., 0.]]), &[0]);
/// let sure_and_wrong = cross_entropy(&Tensor::from([[10., 0.]]), &[1]);
/// assert!(sure_and_right.item() < 0.001 && sure_and_wrong.item() > 9.9);
/// ```
#[track_caller]
pub fn cross_entropy(logits: &Tensor, targets: &[usize]) -> Tensor {
    or_panic(check_cross_entropy(logits.shape(), targets));
    let classes = logits.shape()[1];
    let mut loss = 0.;
    for (row, &target) in logits.as_slice().chunks(classes.max(1)).zip(targets) {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = row
            .iter()
            .map(|&score| f64::from(score - largest).exp())
            .sum();
        loss += sum.ln() - f64::from(row[target] - largest);
    }
    let targets = targets.to_vec();
    let back = rule(move |step| {
        // (softmax - one hot) / rows
        let mut grad = step.inputs[0].softmax(1).to_vec();
        for (row, &target) in grad.chunks_mut(classes.max(1)).zip(&targets) {
            row[target] -= 1.;
        }
        let scale = step.grad.item() / targets.len() as f32;
        grad.iter_mut().for_each(|g| *g *= scale);
        Tensor::from_parts(step.inputs[0].shape(), grad)
    });
    let rows = logits.shape()[0] as f64;
    Tensor::from((loss / rows) as f32).recorded("cross_entropy", [logits], [back])
}

/// Whether the targets are classes of the rows of `logits`.
pub(crate) fn check_cross_entropy(logits: &[usize], targets: &[usize]) -> Result<(), ShapeError> {
    let error = |reason| Err(ShapeError::new("cross_entropy", reason));
    let [rows, classes] = *logits else {
        return error(format!(
            "logits {logits:?} are no matrix of rows and classes"
        ));
    };
    if targets.len() != rows {
        return error(format!(
            "logits {logits:?} have {rows} rows, there are {} targets",
            targets.len()
        ));
    }
    if let Some(target) = targets.iter().find(|&&target| target >= classes) {
        return error(format!(
            "target {target} is none of the {classes} classes of logits {logits:?}"
        ));
    }
    Ok(())
}

/// The mean of the squared differences (`torch.nn.functional.mse_loss`).
///
/// **Panics** when the shapes differ.
///
/// ```
/// use convcore::{Tensor, mse_loss};
/// assert_eq!(mse_loss(&Tensor::from([1., 2.]), &Tensor::from([1., 4.])).item(), 2.);
/// ```
#[track_caller]
pub fn mse_loss(prediction: &Tensor, target: &Tensor) -> Tensor {
    if prediction.shape() != target.shape() {
        panic!(
            "mse_loss: prediction {:?} and target {:?} differ in shape",
            prediction.shape(),
            target.shape()
        );
    }
    (prediction - target).powi(2).mean()
}

#[cfg(test)]
mod tests {
    use crate::{Tensor, cross_entropy};

    #[test]
    fn even_scores_cost_the_logarithm_of_the_number_of_classes() {
        let loss = cross_entropy(&Tensor::zeros(&[3, 10]), &[0, 5, 9]);
        assert!((loss.item() - 10_f32.ln()).abs() < 1e-6);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: target 2 is none of the 2 classes of logits [1, 2]")]
    fn a_target_that_is_no_class_is_refused() {
        cross_entropy(&Tensor::zeros(&[1, 2]), &[2]);
    }

    #[test]
    fn softmax_along_the_first_axis_normalises_columns() {
        let y = Tensor::arange(6).reshape(&[3, 2]).softmax(0);
        assert!(y.sum_axis(0).allclose(&Tensor::ones(&[2]), 1e-6));
    }
}
