//! The network in burn.

// ANCHOR: network
use std::path::Path;

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::store::{ModuleSnapshot, PyTorchToBurnAdapter};
use burn::store::{SafetensorsStore, SafetensorsStoreError};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

/// The network. `Module` names the weights after the fields.
#[derive(Module, Debug)]
pub struct LeNet {
    conv1: Conv2d,
    conv2: Conv2d,
    pool: MaxPool2d,
    fc1: Linear,
    fc2: Linear,
    fc3: Linear,
}

impl LeNet {
    /// The network with weights drawn at random.
    pub fn new(device: &Device) -> LeNet {
        let padding = PaddingConfig2d::Explicit(2, 2, 2, 2);
        LeNet {
            conv1: Conv2dConfig::new([1, 6], [5, 5])
                .with_padding(padding)
                .init(device),
            conv2: Conv2dConfig::new([6, 16], [5, 5]).init(device),
            pool: MaxPool2dConfig::new([2, 2]).init(),
            fc1: LinearConfig::new(400, 120).init(device),
            fc2: LinearConfig::new(120, 84).init(device),
            fc3: LinearConfig::new(84, 10).init(device),
        }
    }

    /// `[n, 1, 28, 28]` to `[n, 10]`. The type says how many axes a tensor has.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let x = self.pool.forward(relu(self.conv1.forward(x)));
        let x = self.pool.forward(relu(self.conv2.forward(x)));
        let x = relu(self.fc1.forward(x.flatten(1, 3)));
        let x = relu(self.fc2.forward(x));
        self.fc3.forward(x)
    }
}

/// The network with the weights of a file. The adapter transposes `Linear`'s:
/// burn keeps them as `[in, out]`, the file as `[out, in]`.
pub fn load(file: &Path, device: &Device) -> Result<LeNet, SafetensorsStoreError> {
    let mut network = LeNet::new(device);
    let store = SafetensorsStore::from_file(file);
    let mut store = store.with_from_adapter(PyTorchToBurnAdapter);
    network.load_from(&mut store)?;
    Ok(network)
}
// ANCHOR_END: network
