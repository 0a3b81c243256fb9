//! The book's network gives the same logits in every library that loads its file.

use std::process::Command;

use burn::tensor::TensorData;
use candle_nn::Module as _;
use convcore::nn::Module as _;
use convcore::{Tensor, idx, no_grad, safetensors};
use peers::lenet;

/// How many digits all libraries read.
const COUNT: usize = 64;

fn digits() -> Tensor {
    idx::read_images(sample_data::test_images())
        .unwrap()
        .reshape(&[10_000, 1, 28, 28])
}

fn expected() -> Tensor {
    let network = lenet::convcore::load(&lenet::weights()).unwrap();
    no_grad(|| network.forward(&digits().slice(0, 0..COUNT)))
}

fn assert_same(library: &str, logits: &[f32]) {
    let expected = expected();
    assert_eq!(logits.len(), expected.len());
    let apart = expected
        .as_slice()
        .iter()
        .zip(logits)
        .map(|(a, b)| (a - b).abs());
    let apart = apart.fold(0.0, f32::max);
    println!("{library}: {apart:e} apart at most");
    assert!(apart <= 1e-4, "{library}: {apart:e} apart");
}

#[test]
fn the_file_holds_a_trained_network() {
    let network = lenet::convcore::load(&lenet::weights()).unwrap();
    let labels = idx::read_labels(sample_data::test_labels()).unwrap();
    let read = no_grad(|| network.forward(&digits())).argmax(1);
    let right = read.iter().zip(&labels).filter(|(a, b)| a == b).count();
    assert!(right >= 9_700, "{right} of 10,000 digits are read right");
}

#[test]
fn candle_gives_the_same_logits() {
    let device = candle_core::Device::Cpu;
    let network = lenet::candle::load(&lenet::weights(), &device).unwrap();
    let x = digits().slice(0, 0..COUNT);
    let x = candle_core::Tensor::from_slice(x.as_slice(), x.shape(), &device).unwrap();
    let logits = network.forward(&x).unwrap().flatten_all().unwrap();
    assert_same("candle", &logits.to_vec1().unwrap());
}

#[test]
fn burn_gives_the_same_logits() {
    let device = burn::tensor::Device::flex();
    let network = lenet::burn::load(&lenet::weights(), &device).unwrap();
    let x = digits().slice(0, 0..COUNT);
    let x = TensorData::new(x.to_vec(), x.shape());
    let logits = network.forward(burn::tensor::Tensor::from_data(x, &device));
    assert_same("burn", &logits.into_data().try_into_vec::<f32>().unwrap());
}

#[test]
#[ignore = "needs PyTorch: cargo xtask bench --lenet installs it and runs this"]
fn pytorch_gives_the_same_logits() {
    let python = std::env::var("PEERS_PYTHON").expect("the interpreter that has PyTorch");
    let folder = std::env::temp_dir().join(format!("peers-lenet-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (images, logits) = (
        folder.join("x.safetensors"),
        folder.join("logits.safetensors"),
    );
    let x = digits().slice(0, 0..COUNT);
    safetensors::save(&images, &[("x".to_owned(), x)].into()).unwrap();
    let status = Command::new(python)
        .arg("-B")
        .args([&lenet::pytorch(), &lenet::weights(), &images, &logits])
        .status()
        .unwrap();
    assert!(status.success());
    let theirs = safetensors::load(&logits).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_same("PyTorch", theirs["logits"].as_slice());
}
