//! Functions of one element at a time.

use crate::Tensor;
use crate::autograd::{Step, rule};

impl Tensor {
    /// `f` of every element, without history.
    pub(crate) fn map(&self, f: impl Fn(f32) -> f32) -> Tensor {
        Tensor::from_parts(
            self.shape(),
            self.as_slice().iter().map(|&x| f(x)).collect(),
        )
    }

    /// `f` of every pair of elements of two tensors of one shape, without history.
    pub(crate) fn map_with(&self, other: &Tensor, f: impl Fn(f32, f32) -> f32) -> Tensor {
        super::broadcast::zip_map("map", self, other, f)
    }

    /// Each element to the power of a whole number.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 2., 3.]).powi(2).to_string(), "[1, 4, 9]");
    /// ```
    pub fn powi(&self, exponent: i32) -> Tensor {
        let slope = move |x: f32| {
            if exponent == 0 {
                0.
            } else {
                exponent as f32 * x.powi(exponent - 1)
            }
        };
        self.map(|x| x.powi(exponent)).recorded(
            "powi",
            [self],
            [rule(move |Step { grad, inputs, .. }| {
                grad.map_with(&inputs[0], |g, x| g * slope(x))
            })],
        )
    }

    /// The exponential of each element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([0., 1.]).exp().to_string(), "[1.0000, 2.7183]");
    /// ```
    pub fn exp(&self) -> Tensor {
        self.map(f32::exp).recorded(
            "exp",
            [self],
            [rule(|Step { grad, output, .. }| *grad * *output)],
        )
    }

    /// The natural logarithm of each element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 10.]).log().to_string(), "[0.0000, 2.3026]");
    /// ```
    pub fn log(&self) -> Tensor {
        self.map(f32::ln).recorded(
            "log",
            [self],
            [rule(|Step { grad, inputs, .. }| *grad / &inputs[0])],
        )
    }

    /// The square root of each element.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([1., 9.]).sqrt().to_string(), "[1, 3]");
    /// ```
    pub fn sqrt(&self) -> Tensor {
        self.map(f32::sqrt).recorded(
            "sqrt",
            [self],
            [rule(|Step { grad, output, .. }| {
                grad.map_with(output, |g, y| g / (2. * y))
            })],
        )
    }

    /// The size of each element. At 0 the slope is taken as 0, as in PyTorch.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([-1.5, 2.]).abs().to_string(), "[1.5, 2.0]");
    /// ```
    pub fn abs(&self) -> Tensor {
        let slope = |x: f32| if x == 0. { 0. } else { x.signum() };
        self.map(f32::abs).recorded(
            "abs",
            [self],
            [rule(move |Step { grad, inputs, .. }| {
                grad.map_with(&inputs[0], |g, x| g * slope(x))
            })],
        )
    }

    /// Each element, or 0 where it is negative. At 0 the slope is taken as 0, as in PyTorch.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([-1., 2.]).relu().to_string(), "[0, 2]");
    /// ```
    pub fn relu(&self) -> Tensor {
        // `max` would turn NaN into 0 and hide it.
        self.map(|x| if x < 0. { 0. } else { x }).recorded(
            "relu",
            [self],
            [rule(|Step { grad, output, .. }| {
                grad.map_with(output, |g, y| if y > 0. { g } else { 0. })
            })],
        )
    }

    /// `1 / (1 + exp(-x))` of each element: any number squeezed into 0 to 1.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([-1000., 0., 1000.]).sigmoid().to_string(), "[0.0, 0.5, 1.0]");
    /// ```
    pub fn sigmoid(&self) -> Tensor {
        self.map(|x| 1. / (1. + (-x).exp())).recorded(
            "sigmoid",
            [self],
            [rule(|Step { grad, output, .. }| {
                grad.map_with(output, |g, y| g * y * (1. - y))
            })],
        )
    }

    /// The hyperbolic tangent of each element: any number squeezed into -1 to 1.
    ///
    /// ```
    /// assert_eq!(convcore::Tensor::from([-1000., 0., 1000.]).tanh().to_string(), "[-1,  0,  1]");
    /// ```
    pub fn tanh(&self) -> Tensor {
        self.map(f32::tanh).recorded(
            "tanh",
            [self],
            [rule(|Step { grad, output, .. }| {
                grad.map_with(output, |g, y| g * (1. - y * y))
            })],
        )
    }
}
