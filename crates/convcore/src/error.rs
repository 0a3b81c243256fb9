//! The error of operations whose inputs do not fit together.

use crate::GeometryError;

/// Shapes that an operation cannot take together. Its text names the operation, the shapes and what did not fit.
///
/// Operations on tensors panic with this text at the caller's line, for a wrong shape is a mistake in the program.
/// Where shapes come from outside, check first: [`Module::check`](crate::nn::Module::check) returns this error.
///
/// ```
/// use convcore::{ShapeError, nn::{Linear, Module}, seeded};
/// let layer = Linear::new(4, 2).build(&mut seeded(1)).unwrap();
/// let error: ShapeError = layer.check(&[1, 3]).unwrap_err();
/// assert_eq!(error.to_string(), "linear: input [1, 3] has 3 features, weight [2, 4] expects 4");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{operation}: {reason}", layer.as_ref().map_or(String::new(), |layer| format!("layer {layer}: ")))]
pub struct ShapeError {
    layer: Option<String>,
    operation: &'static str,
    reason: String,
    geometry: Option<Box<GeometryError>>,
}

impl ShapeError {
    pub(crate) fn new(operation: &'static str, reason: impl Into<String>) -> ShapeError {
        ShapeError {
            layer: None,
            operation,
            reason: reason.into(),
            geometry: None,
        }
    }

    pub(crate) fn geometry(operation: &'static str, error: GeometryError) -> ShapeError {
        ShapeError {
            layer: None,
            operation,
            reason: error.to_string(),
            geometry: Some(Box::new(error)),
        }
    }

    /// The same error, in a layer of this name; names of nested layers are joined by points.
    pub(crate) fn in_layer(self, name: &str) -> ShapeError {
        let layer = self
            .layer
            .map_or(name.to_owned(), |inner| format!("{name}.{inner}"));
        ShapeError {
            layer: Some(layer),
            ..self
        }
    }

    /// The operation that could not take the shapes, say `conv2d`.
    ///
    /// ```
    /// use convcore::{nn::{Linear, Module}, seeded};
    /// let layer = Linear::new(4, 2).build(&mut seeded(1)).unwrap();
    /// assert_eq!(layer.check(&[1, 3]).unwrap_err().operation(), "linear");
    /// ```
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// What was wrong with the geometry, where it was the geometry.
    ///
    /// ```
    /// use convcore::{GeometryError, nn::{MaxPool2d, Module}};
    /// let pool = MaxPool2d::new(5).build().unwrap();
    /// let error = pool.check(&[1, 1, 4, 4]).unwrap_err();
    /// assert!(matches!(error.geometry_error(), Some(GeometryError::KernelTooLarge { .. })));
    /// ```
    pub fn geometry_error(&self) -> Option<&GeometryError> {
        self.geometry.as_deref()
    }
}

/// The value, or a panic with the error's text at the caller's line.
#[track_caller]
pub(crate) fn or_panic<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}
