//! What shape an operation gives, without computing it: to check shapes that come from outside.
//!
//! The operations themselves panic when shapes do not fit; these functions return the same text as an error.
//!
//! ```
//! use convcore::{Conv2dOptions, shape};
//! let output = shape::conv2d(&[1, 3, 32, 32], &[8, 3, 5, 5], None, Conv2dOptions::new());
//! assert_eq!(output.unwrap(), [1, 8, 28, 28]);
//! let error = shape::matmul(&[2, 3], &[4, 5]).unwrap_err();
//! assert_eq!(error.to_string(), "matmul: shapes [2, 3] and [4, 5] do not fit: 3 columns against 4 rows");
//! ```

use crate::{Conv2dOptions, Geometry, ShapeError, conv, ops};

/// The shape of [`conv2d`](crate::conv2d)'s result, `[N, F, H', W']`.
///
/// ```
/// use convcore::{Conv2dOptions, shape};
/// let options = Conv2dOptions::new().groups(2);
/// let error = shape::conv2d(&[1, 2, 8, 8], &[4, 2, 3, 3], None, options).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "conv2d: input has 2 channels, weight [4, 2, 3, 3] with groups 2 expects 4"
/// );
/// ```
pub fn conv2d(
    x: &[usize],
    weight: &[usize],
    bias: Option<&[usize]>,
    options: Conv2dOptions,
) -> Result<[usize; 4], ShapeError> {
    conv::check_conv2d(x, weight, bias, options).map(|sizes| sizes.output_shape())
}

/// The shape of [`max_pool2d`](crate::max_pool2d)'s result, `[N, C, H', W']`.
///
/// ```
/// use convcore::{Geometry, shape};
/// assert_eq!(shape::max_pool2d(&[1, 6, 28, 28], Geometry::pooling(2)).unwrap(), [1, 6, 14, 14]);
/// ```
pub fn max_pool2d(x: &[usize], geometry: Geometry) -> Result<[usize; 4], ShapeError> {
    conv::check_pool("max_pool2d", x, geometry).map(|(_, shape)| shape)
}

/// The shape of [`avg_pool2d`](crate::avg_pool2d)'s result, `[N, C, H', W']`.
///
/// ```
/// use convcore::{Geometry, shape};
/// assert!(shape::avg_pool2d(&[28, 28], Geometry::pooling(2)).is_err());
/// ```
pub fn avg_pool2d(x: &[usize], geometry: Geometry) -> Result<[usize; 4], ShapeError> {
    conv::check_pool("avg_pool2d", x, geometry).map(|(_, shape)| shape)
}

/// The shape of [`linear`](crate::linear)'s result, `[N, out]`.
///
/// ```
/// assert_eq!(convcore::shape::linear(&[5, 7], &[4, 7], Some(&[4])).unwrap(), [5, 4]);
/// ```
pub fn linear(
    x: &[usize],
    weight: &[usize],
    bias: Option<&[usize]>,
) -> Result<[usize; 2], ShapeError> {
    ops::check_linear(x, weight, bias)
}

/// The shape of [`Tensor::matmul`](crate::Tensor::matmul)'s result.
///
/// ```
/// assert_eq!(convcore::shape::matmul(&[3, 5], &[5, 4]).unwrap(), [3, 4]);
/// ```
pub fn matmul(a: &[usize], b: &[usize]) -> Result<[usize; 2], ShapeError> {
    ops::check_matmul(a, b)
}

/// The shape that two shapes broadcast to, by NumPy's rule: aligned at the last axis, where lengths are equal or one is 1.
///
/// ```
/// use convcore::shape;
/// assert_eq!(shape::broadcast("add", &[2, 1, 4], &[3, 1]).unwrap(), [2, 3, 4]);
/// let error = shape::broadcast("add", &[2, 3], &[2]).unwrap_err();
/// assert_eq!(error.to_string(), "add: shapes [2, 3] and [2] do not broadcast");
/// ```
pub fn broadcast(
    operation: &'static str,
    a: &[usize],
    b: &[usize],
) -> Result<Vec<usize>, ShapeError> {
    ops::broadcast_shape(operation, a, b)
}

/// Whether the targets are classes of the rows of `logits`, as [`cross_entropy`](crate::cross_entropy) needs them.
///
/// ```
/// let error = convcore::shape::cross_entropy(&[2, 10], &[3, 10]).unwrap_err();
/// assert_eq!(error.to_string(), "cross_entropy: target 10 is none of the 10 classes of logits [2, 10]");
/// ```
pub fn cross_entropy(logits: &[usize], targets: &[usize]) -> Result<(), ShapeError> {
    ops::check_cross_entropy(logits, targets)
}
