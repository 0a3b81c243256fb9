//! Matrix products.

use crate::Tensor;
use crate::autograd::{Step, rule};
use crate::error::{ShapeError, or_panic};
use crate::kernels::gemm::{self, Matrix};

impl Tensor {
    /// The matrix product of `[n, k]` and `[k, m]`: shape `[n, m]`.
    ///
    /// **Panics** unless both are matrices, and as many columns here as rows there.
    ///
    /// ```
    /// use convcore::Tensor;
    /// let (a, b) = (Tensor::from([[1., 2.], [3., 4.]]), Tensor::from([[0., 1.], [1., 0.]]));
    /// assert_eq!(a.matmul(&b).to_string(), "[[2, 1],\n [4, 3]]");
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        or_panic(check(self.shape(), other.shape()));
        product(matrix(self), matrix(other)).recorded(
            "matmul",
            [self, other],
            [
                rule(|Step { grad, inputs, .. }| {
                    product(matrix(grad), matrix(&inputs[1]).transposed())
                }),
                rule(|Step { grad, inputs, .. }| {
                    product(matrix(&inputs[0]).transposed(), matrix(grad))
                }),
            ],
        )
    }
}

/// The shape of the product of two matrices.
pub(crate) fn check(a: &[usize], b: &[usize]) -> Result<[usize; 2], ShapeError> {
    let ([n, k], [k2, m]) = (a, b) else {
        return Err(ShapeError::new(
            "matmul",
            format!("shapes {a:?} and {b:?} are not those of two matrices"),
        ));
    };
    if k != k2 {
        let reason = format!("shapes {a:?} and {b:?} do not fit: {k} columns against {k2} rows");
        return Err(ShapeError::new("matmul", reason));
    }
    crate::tensor::element_count(&[*n, *m])
        .map(|_| [*n, *m])
        .ok_or_else(|| {
            ShapeError::new(
                "matmul",
                format!("the product of shapes {a:?} and {b:?} does not fit in memory"),
            )
        })
}

/// A tensor of rank 2 as a matrix.
pub(crate) fn matrix(tensor: &Tensor) -> Matrix<'_> {
    let &[rows, columns] = tensor.shape() else {
        unreachable!("rank 2, checked by the operation");
    };
    Matrix::new(tensor.as_slice(), rows, columns)
}

/// The product of two matrices, without history.
pub(crate) fn product(a: Matrix, b: Matrix) -> Tensor {
    Tensor::from_parts(&[a.rows, b.columns], gemm::product(a, b))
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn an_empty_inner_axis_gives_zeros() {
        assert_eq!(
            Tensor::zeros(&[2, 0]).matmul(&Tensor::zeros(&[0, 3])),
            Tensor::zeros(&[2, 3])
        );
    }

    #[test]
    #[should_panic(
        expected = "matmul: shapes [2, 3] and [2, 3] do not fit: 3 columns against 2 rows"
    )]
    fn unequal_inner_lengths_are_refused() {
        Tensor::zeros(&[2, 3]).matmul(&Tensor::zeros(&[2, 3]));
    }
}
