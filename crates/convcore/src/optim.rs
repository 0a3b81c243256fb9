//! Optimisers: how parameters follow their gradients downhill.

use crate::Tensor;
use crate::nn::Module;

/// Stochastic gradient descent (`torch.optim.SGD`): `parameter -= lr * velocity`, where
/// `velocity = momentum * velocity + gradient + weight_decay * parameter`.
///
/// ```
/// use convcore::{Tensor, optim::Sgd};
/// let mut x = Tensor::from([4.]).requires_grad();
/// let mut sgd = Sgd::new(0.1);
/// (&x * &x).sum().backward();
/// sgd.step_on([&mut x]);
/// assert!(x.allclose(&Tensor::from([3.2]), 1e-6)); // 4 - 0.1 * 8
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    lr: f32,
    momentum: f32,
    weight_decay: f32,
    velocities: Vec<Vec<f32>>,
}

impl Sgd {
    /// Plain descent with this learning rate: no momentum, no weight decay.
    ///
    /// **Panics** when the rate is negative or not finite.
    ///
    /// ```
    /// let sgd = convcore::optim::Sgd::new(0.1);
    /// assert_eq!(sgd.lr(), 0.1);
    /// ```
    #[track_caller]
    pub fn new(lr: f32) -> Sgd {
        Sgd {
            lr: not_negative("Sgd", "learning rate", lr),
            momentum: 0.,
            weight_decay: 0.,
            velocities: Vec::new(),
        }
    }

    /// Sets how much of the velocity each step keeps; 0.9 is usual.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Sgd};
    /// let mut x = Tensor::from([0.]).requires_grad();
    /// let mut sgd = Sgd::new(1.).momentum(0.5);
    /// for want in [-1., -2.5] {
    ///     x.zero_grad();
    ///     x.sum().backward(); // the slope is always 1
    ///     sgd.step_on([&mut x]);
    ///     assert_eq!(x.item(), want);
    /// }
    /// ```
    #[track_caller]
    pub fn momentum(self, momentum: f32) -> Sgd {
        Sgd {
            momentum: not_negative("Sgd", "momentum", momentum),
            ..self
        }
    }

    /// Sets how strongly parameters are drawn to zero.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Sgd};
    /// let mut x = Tensor::from([10.]).requires_grad();
    /// (&x * 0.).sum().backward();
    /// Sgd::new(0.1).weight_decay(0.5).step_on([&mut x]);
    /// assert_eq!(x.item(), 9.5);
    /// ```
    #[track_caller]
    pub fn weight_decay(self, weight_decay: f32) -> Sgd {
        Sgd {
            weight_decay: not_negative("Sgd", "weight decay", weight_decay),
            ..self
        }
    }

    /// The learning rate.
    ///
    /// ```
    /// assert_eq!(convcore::optim::Sgd::new(0.5).lr(), 0.5);
    /// ```
    pub fn lr(&self) -> f32 {
        self.lr
    }

    /// Changes the learning rate, say to slow down towards the end.
    ///
    /// ```
    /// let mut sgd = convcore::optim::Sgd::new(0.1);
    /// sgd.set_lr(0.01);
    /// assert_eq!(sgd.lr(), 0.01);
    /// ```
    #[track_caller]
    pub fn set_lr(&mut self, lr: f32) {
        self.lr = not_negative("Sgd", "learning rate", lr);
    }

    /// Moves every parameter of the model one step down its gradient. One without a gradient stays.
    ///
    /// ```
    /// use convcore::{Tensor, mse_loss, nn::{Linear, Module}, optim::Sgd, seeded};
    /// let mut model = Linear::new(1, 1).build(&mut seeded(1)).unwrap();
    /// let (x, y) = (Tensor::from([[1.], [2.]]), Tensor::from([[3.], [5.]]));
    /// let mut sgd = Sgd::new(0.2);
    /// for _ in 0..200 {
    ///     model.zero_grad();
    ///     mse_loss(&model.forward(&x), &y).backward();
    ///     sgd.step(&mut model);
    /// }
    /// assert!(model.weight.allclose(&Tensor::from([[2.]]), 0.01)); // y = 2x + 1
    /// ```
    #[track_caller]
    pub fn step(&mut self, model: &mut (impl Module + ?Sized)) {
        self.step_on(model.parameters_mut());
    }

    /// Moves these parameters one step; the same ones in the same order each time, for each has its velocity.
    ///
    /// **Panics** when a parameter has another size than at the last step.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Sgd};
    /// let (mut a, mut b) = (Tensor::from(1.).requires_grad(), Tensor::from(2.).requires_grad());
    /// (&a * &b).backward();
    /// Sgd::new(1.).step_on([&mut a, &mut b]);
    /// assert_eq!((a.item(), b.item()), (-1., 1.));
    /// ```
    #[track_caller]
    pub fn step_on<'a>(&mut self, parameters: impl IntoIterator<Item = &'a mut Tensor>) {
        let Sgd {
            lr,
            momentum,
            weight_decay,
            ..
        } = *self;
        for (i, parameter) in parameters.into_iter().enumerate() {
            let Some(grad) = parameter.grad() else {
                continue;
            };
            let velocity = state_of(&mut self.velocities, i, parameter);
            parameter.update(|values| {
                for ((x, &g), v) in values.iter_mut().zip(grad.as_slice()).zip(velocity) {
                    *v = momentum * *v + (g + weight_decay * *x);
                    *x -= lr * *v;
                }
            });
        }
    }
}

/// Adam (Kingma and Ba, 2015; `torch.optim.Adam`): steps in the direction of the mean gradient, each coordinate scaled by
/// the size that its gradients usually have.
///
/// ```
/// use convcore::{Tensor, optim::Adam};
/// let mut x = Tensor::from([4., 400.]).requires_grad();
/// (&x * &x).sum().backward();
/// Adam::new(0.1).step_on([&mut x]);
/// assert!(x.allclose(&Tensor::from([3.9, 399.9]), 1e-6)); // the first step is lr, however steep the slope
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    lr: f32,
    betas: (f32, f32),
    eps: f32,
    weight_decay: f32,
    /// Steps made so far, of each parameter.
    steps: Vec<i32>,
    means: Vec<Vec<f32>>,
    squares: Vec<Vec<f32>>,
}

impl Adam {
    /// This learning rate (0.001 is usual), betas 0.9 and 0.999, epsilon 1e-8, no weight decay.
    ///
    /// **Panics** when the rate is negative or not finite.
    ///
    /// ```
    /// assert_eq!(convcore::optim::Adam::new(0.001).lr(), 0.001);
    /// ```
    #[track_caller]
    pub fn new(lr: f32) -> Adam {
        Adam {
            lr: not_negative("Adam", "learning rate", lr),
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.,
            steps: Vec::new(),
            means: Vec::new(),
            squares: Vec::new(),
        }
    }

    /// Sets how slowly the mean gradient and the mean square forget.
    ///
    /// **Panics** unless both lie in 0 up to and without 1.
    ///
    /// ```
    /// let adam = convcore::optim::Adam::new(0.001).betas(0.8, 0.99);
    /// assert_eq!(adam.lr(), 0.001);
    /// ```
    #[track_caller]
    pub fn betas(self, mean: f32, square: f32) -> Adam {
        if !(0. ..1.).contains(&mean) || !(0. ..1.).contains(&square) {
            panic!("Adam: betas {mean} and {square} must be at least 0 and below 1");
        }
        Adam {
            betas: (mean, square),
            ..self
        }
    }

    /// Sets the number that keeps the division by the mean square from going wild.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Adam};
    /// let mut x = Tensor::from(0.).requires_grad();
    /// x.sum().backward();
    /// Adam::new(1.).eps(1.).step_on([&mut x]);
    /// assert!((x.item() + 0.5).abs() < 1e-6); // -1 / (1 + 1)
    /// ```
    #[track_caller]
    pub fn eps(self, eps: f32) -> Adam {
        Adam {
            eps: not_negative("Adam", "epsilon", eps),
            ..self
        }
    }

    /// Sets how strongly parameters are drawn to zero, as a part of their gradient.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Adam};
    /// let mut x = Tensor::from(10.).requires_grad();
    /// (&x * 0.).backward();
    /// Adam::new(0.1).weight_decay(0.5).step_on([&mut x]);
    /// assert!(x.item() < 10.);
    /// ```
    #[track_caller]
    pub fn weight_decay(self, weight_decay: f32) -> Adam {
        Adam {
            weight_decay: not_negative("Adam", "weight decay", weight_decay),
            ..self
        }
    }

    /// The learning rate.
    ///
    /// ```
    /// assert_eq!(convcore::optim::Adam::new(0.5).lr(), 0.5);
    /// ```
    pub fn lr(&self) -> f32 {
        self.lr
    }

    /// Changes the learning rate.
    ///
    /// ```
    /// let mut adam = convcore::optim::Adam::new(0.1);
    /// adam.set_lr(0.01);
    /// assert_eq!(adam.lr(), 0.01);
    /// ```
    #[track_caller]
    pub fn set_lr(&mut self, lr: f32) {
        self.lr = not_negative("Adam", "learning rate", lr);
    }

    /// Moves every parameter of the model one step. One without a gradient stays.
    ///
    /// ```
    /// use convcore::{Tensor, mse_loss, nn::{Linear, Module}, optim::Adam, seeded};
    /// let mut model = Linear::new(1, 1).build(&mut seeded(1)).unwrap();
    /// let before = model.weight.clone();
    /// mse_loss(&model.forward(&Tensor::from([[1.]])), &Tensor::from([[3.]])).backward();
    /// Adam::new(0.1).step(&mut model);
    /// assert!(model.weight.allclose(&(before + 0.1), 1e-5));
    /// ```
    #[track_caller]
    pub fn step(&mut self, model: &mut (impl Module + ?Sized)) {
        self.step_on(model.parameters_mut());
    }

    /// Moves these parameters one step; the same ones in the same order each time, for each has its own means.
    ///
    /// **Panics** when a parameter has another size than at the last step.
    ///
    /// ```
    /// use convcore::{Tensor, optim::Adam};
    /// let mut x = Tensor::from(1.).requires_grad();
    /// x.backward();
    /// Adam::new(0.25).step_on([&mut x]);
    /// assert!((x.item() - 0.75).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn step_on<'a>(&mut self, parameters: impl IntoIterator<Item = &'a mut Tensor>) {
        let Adam {
            lr,
            betas: (beta1, beta2),
            eps,
            weight_decay,
            ..
        } = *self;
        for (i, parameter) in parameters.into_iter().enumerate() {
            let Some(grad) = parameter.grad() else {
                continue;
            };
            let mean = state_of(&mut self.means, i, parameter);
            let square = state_of(&mut self.squares, i, parameter);
            self.steps.resize(self.steps.len().max(i + 1), 0);
            self.steps[i] = self.steps[i].saturating_add(1);
            // The means start at 0; these undo the pull towards it.
            let correction = |beta: f32| 1. - f64::from(beta).powi(self.steps[i]);
            let rate = (f64::from(lr) / correction(beta1)) as f32;
            let root = correction(beta2).sqrt() as f32;
            parameter.update(|values| {
                for (((x, &g), m), s) in
                    values.iter_mut().zip(grad.as_slice()).zip(mean).zip(square)
                {
                    let g = g + weight_decay * *x;
                    *m += (1. - beta1) * (g - *m);
                    *s = beta2 * *s + (1. - beta2) * g * g;
                    *x -= rate * *m / (s.sqrt() / root + eps);
                }
            });
        }
    }
}

/// What an optimiser remembers of parameter `i`: as many numbers as it has elements, at first zeros.
#[track_caller]
fn state_of<'a>(states: &'a mut Vec<Vec<f32>>, i: usize, parameter: &Tensor) -> &'a mut [f32] {
    states.resize(states.len().max(i + 1), Vec::new());
    let state = &mut states[i];
    if state.is_empty() {
        state.resize(parameter.len(), 0.);
    }
    if state.len() != parameter.len() {
        panic!(
            "step: parameter {i} of shape {:?} had {} elements before",
            parameter.shape(),
            state.len()
        );
    }
    state
}

#[track_caller]
fn not_negative(optimiser: &str, what: &str, value: f32) -> f32 {
    if !value.is_finite() || value < 0. {
        panic!("{optimiser}: the {what} {value} must be finite and at least 0");
    }
    value
}
