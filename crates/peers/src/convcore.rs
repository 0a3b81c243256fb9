//! The book's crate itself.

use std::path::Path;

use convcore::nn::{Module, Sequential, load_state};
use convcore::optim::Sgd;
use convcore::{
    Conv2dOptions, Tensor, avg_pool2d, conv2d, cross_entropy, max_pool2d, no_grad, safetensors,
    seeded,
};

use crate::work::{BATCH, COMPARED, Kind, MOMENTUM, Pass, RATE, Work, targets};
use crate::{Ready, Result, Tensors, lenet};

type Compute = Box<dyn Fn(&[Tensor]) -> Tensor>;

pub(crate) fn prepare(work: &Work, file: &Path) -> Result<Box<dyn Ready>> {
    let mut data = safetensors::load(file)?;
    let mut take = |name: &str| data.remove(name).ok_or(format!("there is no {name}"));
    let mut learned = |name: &str| take(name).map(Tensor::requires_grad);
    let (inputs, compute): (_, Compute) = match work.kind {
        Kind::LeNet => {
            let images = take("x")?;
            let mut network = lenet::convcore::lenet(&mut seeded(0))?;
            load_state(&mut network, &data)?;
            return Ok(Box::new(Training {
                network,
                optimiser: Sgd::new(RATE as f32).momentum(MOMENTUM as f32),
                images,
            }));
        }
        Kind::Convolution {
            geometry,
            groups,
            input_gradient,
            ..
        } => {
            let options = Conv2dOptions {
                stride: geometry.stride,
                padding: geometry.padding,
                dilation: geometry.dilation,
                groups,
            };
            let (weight, bias) = (learned("weight")?, learned("bias")?);
            let x = if input_gradient {
                learned("x")?
            } else {
                take("x")?
            };
            (
                vec![x, weight, bias],
                Box::new(move |inputs| conv2d(&inputs[0], &inputs[1], Some(&inputs[2]), options)),
            )
        }
        Kind::MaxPool { geometry, .. } => (
            vec![learned("x")?],
            Box::new(move |inputs| max_pool2d(&inputs[0], geometry)),
        ),
        Kind::AveragePool { geometry, .. } => (
            vec![learned("x")?],
            Box::new(move |inputs| avg_pool2d(&inputs[0], geometry, true)),
        ),
    };
    Ok(Box::new(Operation {
        compute,
        inputs,
        upstream: take("upstream")?,
    }))
}

struct Operation {
    compute: Compute,
    inputs: Vec<Tensor>,
    upstream: Tensor,
}

impl Ready for Operation {
    fn passes(&self) -> Vec<Pass> {
        vec![Pass::Forward, Pass::Gradients]
    }

    fn results(&mut self) -> Result<Tensors> {
        self.run(Pass::Gradients)?;
        let y = no_grad(|| (self.compute)(&self.inputs));
        let gradients = self.inputs.iter().enumerate();
        let named =
            gradients.filter_map(|(at, input)| Some((format!("gradient {at}"), input.grad()?)));
        Ok(named.chain([("y".to_owned(), y)]).collect())
    }

    fn run(&mut self, pass: Pass) -> Result<()> {
        if pass == Pass::Forward {
            no_grad(|| (self.compute)(&self.inputs));
        } else {
            self.inputs.iter().for_each(Tensor::zero_grad);
            (self.compute)(&self.inputs).backward_with(&self.upstream);
        }
        Ok(())
    }
}

struct Training {
    network: Sequential,
    optimiser: Sgd,
    images: Tensor,
}

impl Training {
    fn logits(&self) -> Tensor {
        no_grad(|| self.network.forward(&self.images.slice(0, 0..BATCH)))
    }

    /// Learns from so many images, once.
    fn train(&mut self, count: usize) {
        for first in (0..count).step_by(BATCH) {
            let batch = first..(first + BATCH).min(count);
            self.network.zero_grad();
            let logits = self.network.forward(&self.images.slice(0, batch.clone()));
            cross_entropy(&logits, &targets(batch)).backward();
            self.optimiser.step(&mut self.network);
        }
    }
}

impl Ready for Training {
    fn passes(&self) -> Vec<Pass> {
        vec![Pass::Epoch]
    }

    fn results(&mut self) -> Result<Tensors> {
        let before = self.logits();
        self.train(COMPARED);
        Ok(Tensors::from([
            ("logits".to_owned(), before),
            ("trained logits".to_owned(), self.logits()),
        ]))
    }

    fn run(&mut self, _: Pass) -> Result<()> {
        let count = self.images.shape()[0];
        self.train(count);
        Ok(())
    }
}
