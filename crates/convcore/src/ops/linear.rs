//! A weighted sum of all inputs for each output: the fully connected layer's operation.

use super::matmul::{matrix, product};
use crate::Tensor;
use crate::autograd::{Step, rule};
use crate::error::{ShapeError, or_panic};
use crate::kernels::gemm;

/// `x · weightᵀ + bias` (`torch.nn.functional.linear`).
///
/// `x` is `[N, in]`, `weight` is `[out, in]`, `bias` is `[out]`; the result is `[N, out]`.
///
/// **Panics** when the shapes do not fit.
///
/// ```
/// use convcore::{Tensor, linear};
/// let (x, weight) = (Tensor::from([[1., 2.]]), Tensor::from([[3., 4.], [5., 6.]]));
/// assert_eq!(linear(&x, &weight, Some(&Tensor::from([0., 100.]))).to_string(), "[[ 11, 117]]");
/// ```
#[track_caller]
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let shape = or_panic(check(x.shape(), weight.shape(), bias.map(Tensor::shape)));
    let mut y = gemm::product(matrix(x), matrix(weight).transposed());
    if let Some(bias) = bias.filter(|bias| !bias.is_empty()) {
        for row in y.chunks_exact_mut(bias.len()) {
            row.iter_mut()
                .zip(bias.as_slice())
                .for_each(|(y, bias)| *y += bias);
        }
    }
    let x_rule = rule(|Step { grad, inputs, .. }| product(matrix(grad), matrix(&inputs[1])));
    let weight_rule =
        rule(|Step { grad, inputs, .. }| product(matrix(grad).transposed(), matrix(&inputs[0])));
    let bias_rule = rule(|step| step.grad.sum_over(0, false));
    Tensor::from_parts(&shape, y).recorded(
        "linear",
        [x, weight].into_iter().chain(bias),
        [x_rule, weight_rule]
            .into_iter()
            .chain(bias.map(|_| bias_rule)),
    )
}

/// The shape of the result.
pub(crate) fn check(
    x: &[usize],
    weight: &[usize],
    bias: Option<&[usize]>,
) -> Result<[usize; 2], ShapeError> {
    let error = |reason| Err(ShapeError::new("linear", reason));
    let ([rows, features], [outputs, expected]) = (x, weight) else {
        return error(format!(
            "input {x:?} must be [rows, features], weight {weight:?} [outputs, features]"
        ));
    };
    if features != expected {
        return error(format!(
            "input {x:?} has {features} features, weight {weight:?} expects {expected}"
        ));
    }
    if let Some(bias) = bias.filter(|&bias| bias != [*outputs]) {
        return error(format!(
            "bias {bias:?} does not fit the {outputs} outputs of weight {weight:?}"
        ));
    }
    if crate::tensor::element_count(&[*rows, *outputs]).is_none() {
        return error(format!(
            "an output of shape [{rows}, {outputs}] does not fit in memory"
        ));
    }
    Ok([*rows, *outputs])
}
