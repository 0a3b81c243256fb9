//! The network in candle.

// ANCHOR: network
use std::path::Path;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, Linear, Module, VarBuilder, conv2d, linear};

/// The network: the layers that have weights. `forward` is ordinary code.
pub struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

impl LeNet {
    /// A builder hands out the weights by name.
    pub fn new(weights: VarBuilder) -> Result<LeNet> {
        let padded = Conv2dConfig {
            padding: 2,
            ..Default::default()
        };
        Ok(LeNet {
            conv1: conv2d(1, 6, 5, padded, weights.pp("conv1"))?,
            conv2: conv2d(6, 16, 5, Default::default(), weights.pp("conv2"))?,
            fc1: linear(400, 120, weights.pp("fc1"))?,
            fc2: linear(120, 84, weights.pp("fc2"))?,
            fc3: linear(84, 10, weights.pp("fc3"))?,
        })
    }
}

impl Module for LeNet {
    /// `[n, 1, 28, 28]` to `[n, 10]`.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let x = self.conv1.forward(x)?.relu()?.max_pool2d(2)?;
        let x = self.conv2.forward(&x)?.relu()?.max_pool2d(2)?;
        let x = self.fc1.forward(&x.flatten_from(1)?)?.relu()?;
        let x = self.fc2.forward(&x)?.relu()?;
        self.fc3.forward(&x)
    }
}

/// The network with the weights of a file.
pub fn load(file: &Path, device: &Device) -> Result<LeNet> {
    let bytes = std::fs::read(file)?;
    let weights = VarBuilder::from_buffered_safetensors(bytes, DType::F32, device)?;
    LeNet::new(weights)
}
// ANCHOR_END: network
