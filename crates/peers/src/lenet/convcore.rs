//! The network in convcore, as in the book.

use std::error::Error;
use std::path::Path;

use convcore::nn::{Conv2d, Flatten, LayerError, Linear, MaxPool2d, Relu, Sequential, load_state};
use convcore::{Rng, safetensors, seeded};

/// The network with weights drawn at random.
pub fn lenet(rng: &mut Rng) -> Result<Sequential, LayerError> {
    Ok(Sequential::new()
        .add("conv1", Conv2d::new(1, 6, 5).padding(2).build(rng)?)
        .add("relu1", Relu)
        .add("pool1", MaxPool2d::new(2).build()?)
        .add("conv2", Conv2d::new(6, 16, 5).build(rng)?)
        .add("relu2", Relu)
        .add("pool2", MaxPool2d::new(2).build()?)
        .add("flatten", Flatten::new())
        .add("fc1", Linear::new(400, 120).build(rng)?)
        .add("relu3", Relu)
        .add("fc2", Linear::new(120, 84).build(rng)?)
        .add("relu4", Relu)
        .add("fc3", Linear::new(84, 10).build(rng)?))
}

/// The network with the weights of a file.
pub fn load(weights: &Path) -> Result<Sequential, Box<dyn Error>> {
    let mut network = lenet(&mut seeded(0))?;
    load_state(&mut network, &safetensors::load(weights)?)?;
    Ok(network)
}
