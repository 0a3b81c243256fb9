//! The initial values of weights.

use crate::{Rng, Tensor};

/// How a layer's weights are drawn when it is built.
///
/// `fan_in` is the number of inputs that one output adds up (channels of a group times kernel area), `fan_out` the number
/// of filters times kernel area. Too large initial weights make signals explode from layer to layer, too small ones
/// make them vanish; each rule keeps their variance for some kind of layer.
///
/// ```
/// use convcore::{nn::{Conv2d, Init}, seeded};
/// let layer = Conv2d::new(16, 32, 3).init(Init::HeNormal).build(&mut seeded(1)).unwrap();
/// let variance = layer.weight.powi(2).mean().item();
/// assert!((variance - 2. / (16. * 9.)).abs() < 0.001);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Init {
    /// Uniform in ±1/√fan_in, the bias too: what PyTorch's layers do.
    #[default]
    Default,
    /// Uniform in ±√(6/fan_in), bias 0: for layers before a ReLU (He et al., 2015; `kaiming_uniform_`).
    HeUniform,
    /// Normal with variance 2/fan_in, bias 0: for layers before a ReLU (He et al., 2015; `kaiming_normal_`).
    HeNormal,
    /// Uniform in ±√(6/(fan_in + fan_out)), bias 0: for sigmoid and tanh (Glorot and Bengio, 2010; `xavier_uniform_`).
    XavierUniform,
    /// Normal with variance 2/(fan_in + fan_out), bias 0 (Glorot and Bengio, 2010; `xavier_normal_`).
    XavierNormal,
}

impl Init {
    /// Weights of shape `[outputs, inputs, ...]`.
    pub(super) fn weight(self, shape: &[usize], rng: &mut Rng) -> Tensor {
        let area: usize = shape[2..].iter().product();
        let (fan_in, fan_out) = ((shape[1] * area) as f32, (shape[0] * area) as f32);
        let uniform = |bound: f32, rng: &mut Rng| Tensor::uniform(shape, -bound..bound, rng);
        let normal = |variance: f32, rng: &mut Rng| Tensor::randn(shape, rng) * variance.sqrt();
        let weight = match self {
            Init::Default => uniform(1. / fan_in.sqrt(), rng),
            Init::HeUniform => uniform((6. / fan_in).sqrt(), rng),
            Init::HeNormal => normal(2. / fan_in, rng),
            Init::XavierUniform => uniform((6. / (fan_in + fan_out)).sqrt(), rng),
            Init::XavierNormal => normal(2. / (fan_in + fan_out), rng),
        };
        weight.requires_grad().name("weight")
    }

    /// The bias of a layer whose weights have this shape.
    pub(super) fn bias(self, weight: &[usize], rng: &mut Rng) -> Tensor {
        let fan_in: usize = weight[1..].iter().product();
        let bias = match self {
            Init::Default => {
                let bound = 1. / (fan_in as f32).sqrt();
                Tensor::uniform(&weight[..1], -bound..bound, rng)
            }
            _ => Tensor::zeros(&weight[..1]),
        };
        bias.requires_grad().name("bias")
    }
}

#[cfg(test)]
mod tests {
    use super::Init;
    use crate::seeded;

    #[test]
    fn every_rule_has_its_range_and_variance() {
        let shape = [40, 30, 3, 3];
        let (fan_in, fan_out) = (270_f32, 360_f32);
        for (init, variance, bound) in [
            (Init::Default, 1. / (3. * fan_in), Some(1. / fan_in.sqrt())),
            (Init::HeUniform, 2. / fan_in, Some((6. / fan_in).sqrt())),
            (Init::HeNormal, 2. / fan_in, None),
            (
                Init::XavierUniform,
                2. / (fan_in + fan_out),
                Some((6. / (fan_in + fan_out)).sqrt()),
            ),
            (Init::XavierNormal, 2. / (fan_in + fan_out), None),
        ] {
            let weight = init.weight(&shape, &mut seeded(1));
            let measured = weight.powi(2).mean().item();
            assert!(
                (measured / variance - 1.).abs() < 0.05,
                "{init:?}: {measured} instead of {variance}"
            );
            if let Some(bound) = bound {
                let largest = weight.abs().max();
                assert!(
                    largest <= bound && largest > 0.99 * bound,
                    "{init:?}: {largest} within {bound}"
                );
            }
        }
    }

    #[test]
    fn the_default_bias_follows_fan_in_and_others_are_zero() {
        let bias = Init::Default.bias(&[1000, 4], &mut seeded(1));
        assert!(bias.abs().max() <= 0.5 && bias.abs().max() > 0.49);
        assert_eq!(Init::HeNormal.bias(&[8, 4], &mut seeded(1)).abs().max(), 0.);
    }
}
