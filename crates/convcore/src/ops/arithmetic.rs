//! `+ - * /` between tensors and numbers, broadcast as in NumPy.
//!
//! **Panics** when the shapes do not broadcast.

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub};

use super::broadcast::zip_map;
use crate::Tensor;
use crate::autograd::{Step, rule};

#[track_caller]
fn add(a: &Tensor, b: &Tensor) -> Tensor {
    zip_map("add", a, b, |a, b| a + b).recorded(
        "add",
        [a, b],
        [
            rule(|step| step.grad.sum_to(step.inputs[0].shape())),
            rule(|step| step.grad.sum_to(step.inputs[1].shape())),
        ],
    )
}

#[track_caller]
fn sub(a: &Tensor, b: &Tensor) -> Tensor {
    zip_map("sub", a, b, |a, b| a - b).recorded(
        "sub",
        [a, b],
        [
            rule(|step| step.grad.sum_to(step.inputs[0].shape())),
            rule(|step| -step.grad.sum_to(step.inputs[1].shape())),
        ],
    )
}

#[track_caller]
fn mul(a: &Tensor, b: &Tensor) -> Tensor {
    zip_map("mul", a, b, |a, b| a * b).recorded(
        "mul",
        [a, b],
        [
            rule(|Step { grad, inputs, .. }| (*grad * &inputs[1]).sum_to(inputs[0].shape())),
            rule(|Step { grad, inputs, .. }| (*grad * &inputs[0]).sum_to(inputs[1].shape())),
        ],
    )
}

#[track_caller]
fn div(a: &Tensor, b: &Tensor) -> Tensor {
    zip_map("div", a, b, |a, b| a / b).recorded(
        "div",
        [a, b],
        [
            rule(|Step { grad, inputs, .. }| (*grad / &inputs[1]).sum_to(inputs[0].shape())),
            // d(a / b) / db = -(a / b) / b
            rule(
                |Step {
                     grad,
                     inputs,
                     output,
                 }| -(*grad * *output / &inputs[1]).sum_to(inputs[1].shape()),
            ),
        ],
    )
}

/// One operator for every mix of owned tensors, borrowed tensors and numbers.
macro_rules! operator {
    ($trait:ident, $method:ident, $($left:ty, $right:ty);+) => {$(
        impl $trait<$right> for $left {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: $right) -> Tensor {
                $method(&Tensor::from(self), &Tensor::from(other))
            }
        }
    )+};
    ($($trait:ident $method:ident),+) => {$(
        operator!($trait, $method, &Tensor, &Tensor; &Tensor, Tensor; Tensor, &Tensor; Tensor, Tensor;
                  &Tensor, f32; Tensor, f32; f32, &Tensor; f32, Tensor);
    )+};
}

operator!(Add add, Sub sub, Mul mul, Div div);

impl Neg for &Tensor {
    type Output = Tensor;

    fn neg(self) -> Tensor {
        self.map(|x| -x)
            .recorded("neg", [self], [rule(|step| -step.grad)])
    }
}

impl Neg for Tensor {
    type Output = Tensor;

    fn neg(self) -> Tensor {
        -&self
    }
}

/// `total += x` is `total = total + x`: the history stays, and other handles keep the old value.
impl<T> AddAssign<T> for Tensor
where
    for<'a> &'a Tensor: Add<T, Output = Tensor>,
{
    #[track_caller]
    fn add_assign(&mut self, other: T) {
        *self = &*self + other;
    }
}
