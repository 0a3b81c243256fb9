//! The optimisers walk PyTorch's paths: `tests/reference/trajectories.py` made them.

use std::collections::BTreeMap;
use std::path::Path;

use convcore::optim::{Adam, Sgd};
use convcore::{Tensor, linear, mse_loss, safetensors};

fn reference() -> BTreeMap<String, Tensor> {
    let file = "tests/reference/trajectories.safetensors";
    safetensors::load(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Runs the 20 steps and compares the parameters after each.
fn follow(name: &str, mut step: impl FnMut([&mut Tensor; 2])) {
    let reference = reference();
    let mut weight = reference["weight"].clone().requires_grad();
    let mut bias = reference["bias"].clone().requires_grad();
    let (weights, biases) = (
        &reference[&format!("{name}.weight")],
        &reference[&format!("{name}.bias")],
    );
    assert_eq!(weights.shape(), [20, 3, 4]);
    for i in 0..20 {
        weight.zero_grad();
        bias.zero_grad();
        let prediction = linear(&reference["x"], &weight, Some(&bias)).tanh();
        mse_loss(&prediction, &reference["target"]).backward();
        step([&mut weight, &mut bias]);
        for (got, want) in [
            (&weight, weights.select(0, i)),
            (&bias, biases.select(0, i)),
        ] {
            assert!(
                got.allclose(&want, 1e-5),
                "{name}, step {}: {got}\ninstead of {want}",
                i + 1
            );
        }
    }
}

#[test]
fn plain_sgd() {
    let mut sgd = Sgd::new(0.5);
    follow("sgd", |parameters| sgd.step_on(parameters));
}

#[test]
fn sgd_with_momentum() {
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    follow("sgd_momentum", |parameters| sgd.step_on(parameters));
}

#[test]
fn sgd_with_momentum_and_weight_decay() {
    let mut sgd = Sgd::new(0.1).momentum(0.9).weight_decay(0.05);
    follow("sgd_momentum_decay", |parameters| sgd.step_on(parameters));
}

#[test]
fn adam_with_its_defaults() {
    let mut adam = Adam::new(0.05);
    follow("adam", |parameters| adam.step_on(parameters));
}

#[test]
fn adam_with_other_betas_epsilon_and_weight_decay() {
    let mut adam = Adam::new(0.05).betas(0.8, 0.95).eps(1e-3).weight_decay(0.1);
    follow("adam_betas_decay", |parameters| adam.step_on(parameters));
}
