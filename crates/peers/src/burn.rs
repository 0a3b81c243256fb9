//! burn, with its own backend for the processor, `burn-flex`.

use std::path::Path;

use burn::module::Module;
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::module::{avg_pool2d, conv2d, max_pool2d};
use burn::tensor::ops::{AvgPoolOptions, ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Int, Tensor, TensorData};
use convcore::safetensors;

use crate::work::{BATCH, COMPARED, Kind, MOMENTUM, Pass, RATE, Work, targets};
use crate::{Ready, Result, Tensors, lenet};

pub(crate) fn prepare(work: &Work, file: &Path) -> Result<Box<dyn Ready>> {
    let data = safetensors::load(file)?;
    let layer = match work.kind {
        Kind::LeNet => return Ok(Box::new(Training::new(file, &data["x"])?)),
        Kind::Convolution {
            geometry, groups, ..
        } => Layer::Convolution {
            weight: tensor(&data["weight"]),
            bias: tensor(&data["bias"]),
            options: ConvOptions::new(geometry.stride, geometry.padding, geometry.dilation, groups),
        },
        Kind::MaxPool { geometry, .. } => Layer::MaxPool(
            MaxPoolOptions::new(geometry.kernel)
                .with_stride(geometry.stride)
                .with_padding(geometry.padding),
        ),
        Kind::AveragePool { geometry, .. } => Layer::AveragePool(
            AvgPoolOptions::new(geometry.kernel)
                .with_stride(geometry.stride)
                .with_padding(geometry.padding),
        ),
    };
    let input_gradient = !matches!(
        work.kind,
        Kind::Convolution {
            input_gradient: false,
            ..
        }
    );
    Ok(Box::new(Operation {
        x: tensor(&data["x"]),
        layer,
        upstream: tensor(&data["upstream"]),
        input_gradient,
    }))
}

fn tensor<const AXES: usize>(tensor: &convcore::Tensor) -> Tensor<AXES> {
    let data = TensorData::new(tensor.to_vec(), tensor.shape());
    Tensor::from_data(data, &Device::flex())
}

fn result<const AXES: usize>(tensor: Tensor<AXES>) -> Result<convcore::Tensor> {
    let shape = tensor.dims();
    let values = tensor.into_data().try_into_vec::<f32>();
    let values = values.map_err(|error| format!("{error:?}"))?;
    Ok(convcore::Tensor::new(&shape, values))
}

/// A copy of the tensor that gradients are kept of.
fn learned<const AXES: usize>(tensor: &Tensor<AXES>) -> Tensor<AXES> {
    tensor.clone().autodiff().require_grad()
}

#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are two of it")]
enum Layer {
    Convolution {
        weight: Tensor<4>,
        bias: Tensor<1>,
        options: ConvOptions<2>,
    },
    MaxPool(MaxPoolOptions<2>),
    AveragePool(AvgPoolOptions<2>),
}

impl Layer {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self.clone() {
            Layer::Convolution {
                weight,
                bias,
                options,
            } => conv2d(x, weight, Some(bias), options),
            Layer::MaxPool(options) => max_pool2d(x, options),
            Layer::AveragePool(options) => avg_pool2d(x, options),
        }
    }
}

struct Operation {
    x: Tensor<4>,
    layer: Layer,
    upstream: Tensor<4>,
    input_gradient: bool,
}

impl Operation {
    /// The input and the layer, such that gradients are kept.
    fn learned(&self) -> (Tensor<4>, Layer) {
        let x = if self.input_gradient {
            learned(&self.x)
        } else {
            self.x.clone().autodiff()
        };
        let layer = match &self.layer {
            Layer::Convolution {
                weight,
                bias,
                options,
            } => Layer::Convolution {
                weight: learned(weight),
                bias: learned(bias),
                options: options.clone(),
            },
            pooling => pooling.clone(),
        };
        (x, layer)
    }
}

impl Ready for Operation {
    fn passes(&self) -> Vec<Pass> {
        vec![Pass::Forward, Pass::Gradients]
    }

    fn results(&mut self) -> Result<Tensors> {
        let (x, layer) = self.learned();
        let y = layer.forward(x.clone());
        let gradients = (y * self.upstream.clone().autodiff()).sum().backward();
        let mut found = vec![x.grad(&gradients).map(result)];
        if let Layer::Convolution { weight, bias, .. } = layer {
            found.extend([
                weight.grad(&gradients).map(result),
                bias.grad(&gradients).map(result),
            ]);
        }
        let y = result(self.layer.forward(self.x.clone()))?;
        let mut results = Tensors::from([("y".to_owned(), y)]);
        for (at, gradient) in found.into_iter().enumerate() {
            if let Some(gradient) = gradient {
                results.insert(format!("gradient {at}"), gradient?);
            }
        }
        Ok(results)
    }

    fn run(&mut self, pass: Pass) -> Result<()> {
        if pass == Pass::Forward {
            self.layer.forward(self.x.clone());
        } else {
            let (x, layer) = self.learned();
            // From an upstream gradient of ones, which is all that `backward` offers: it spares burn a product.
            layer.forward(x).backward();
        }
        Ok(())
    }
}

struct Training {
    /// Always there, but while the optimiser has it.
    network: Option<lenet::burn::LeNet>,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
    images: Tensor<4>,
}

impl Training {
    fn new(file: &Path, images: &convcore::Tensor) -> Result<Training> {
        let device = Device::flex().autodiff();
        let network = lenet::burn::load(file, &device).map_err(|error| error.to_string())?;
        let momentum = MomentumConfig::new()
            .with_momentum(MOMENTUM)
            .with_dampening(0.0);
        Ok(Training {
            network: Some(network),
            optimiser: SgdConfig::new().with_momentum(Some(momentum)).init(),
            loss: CrossEntropyLossConfig::new().init(&device),
            images: tensor(images).autodiff(),
        })
    }

    fn logits(&self) -> Result<convcore::Tensor> {
        let network = self.network.as_ref().ok_or("no network")?;
        let images = self.images.clone().slice(0..BATCH);
        result(network.clone().valid().forward(images.inner()))
    }

    /// Learns from so many images, once.
    fn train(&mut self, count: usize) -> Result<()> {
        for first in (0..count).step_by(BATCH) {
            let batch = first..(first + BATCH).min(count);
            let targets: Vec<i32> = targets(batch.clone())
                .into_iter()
                .map(|class| class as i32)
                .collect();
            let targets = Tensor::<1, Int>::from_data(targets.as_slice(), &self.images.device());
            let network = self.network.take().ok_or("no network")?;
            let logits = network.forward(self.images.clone().slice(batch));
            let gradients = self.loss.forward(logits, targets).backward();
            let gradients = GradientsParams::from_grads(gradients, &network);
            self.network = Some(self.optimiser.step(RATE, network, gradients));
        }
        Ok(())
    }
}

impl Ready for Training {
    fn passes(&self) -> Vec<Pass> {
        vec![Pass::Epoch]
    }

    fn results(&mut self) -> Result<Tensors> {
        let before = self.logits()?;
        self.train(COMPARED)?;
        Ok(Tensors::from([
            ("logits".to_owned(), before),
            ("trained logits".to_owned(), self.logits()?),
        ]))
    }

    fn run(&mut self, _: Pass) -> Result<()> {
        let count = self.images.dims()[0];
        self.train(count)
    }
}
