//! The book's crate itself.

use std::error::Error;
use std::time::{Duration, Instant};

use convcore::nn::{self, Conv2d, Flatten, Linear, MaxPool2d, Module, Relu, Sequential};
use convcore::optim::Sgd;
use convcore::{
    Conv2dOptions, Geometry, Tensor, avg_pool2d, conv2d, cross_entropy, max_pool2d, no_grad, seeded,
};
use rayon::ThreadPool;

use crate::work::{Kind, Pass, Work, targets};
use crate::{Peer, Tensors};

pub(crate) struct Convcore {
    threads: ThreadPool,
    prepared: Option<Prepared>,
}

type Operation = Box<dyn Fn(&[Tensor]) -> Tensor + Send + Sync>;

/// Work that is ready to be done.
enum Prepared {
    Operation {
        forward: Operation,
        inputs: Vec<Tensor>,
        upstream: Tensor,
    },
    Training {
        model: Box<Sequential>,
        optimiser: Sgd,
        images: Tensor,
    },
}

impl Convcore {
    pub(crate) fn new() -> Result<Convcore, Box<dyn Error>> {
        Ok(Convcore {
            threads: pool(1)?,
            prepared: None,
        })
    }
}

fn pool(threads: usize) -> Result<ThreadPool, Box<dyn Error>> {
    Ok(rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?)
}

/// LeNet-5 with rectifiers and maxima, as in the book.
pub(crate) fn lenet() -> Result<Sequential, Box<dyn Error>> {
    let rng = &mut seeded(3);
    Ok(Sequential::new()
        .add("conv1", Conv2d::new(1, 6, 5).padding(2).build(rng)?)
        .push(Relu)
        .push(MaxPool2d::new(2).build()?)
        .add("conv2", Conv2d::new(6, 16, 5).build(rng)?)
        .push(Relu)
        .push(MaxPool2d::new(2).build()?)
        .push(Flatten::new())
        .add("fc1", Linear::new(400, 120).build(rng)?)
        .push(Relu)
        .add("fc2", Linear::new(120, 84).build(rng)?)
        .push(Relu)
        .add("fc3", Linear::new(84, 10).build(rng)?))
}

/// The weights of [`lenet`], by name, for the others.
pub(crate) fn lenet_state() -> Result<Tensors, Box<dyn Error>> {
    Ok(nn::state(&lenet()?))
}

impl Peer for Convcore {
    fn name(&self) -> &'static str {
        "convcore"
    }

    fn set_threads(&mut self, threads: usize) -> Result<(), Box<dyn Error>> {
        self.threads = pool(threads)?;
        Ok(())
    }

    fn prepare(&mut self, work: &Work, data: &Tensors) -> Result<Tensors, Box<dyn Error>> {
        let input = |name: &str, wanted: bool| {
            let tensor = data[name].clone();
            if wanted {
                tensor.requires_grad()
            } else {
                tensor
            }
        };
        let operation = |forward, inputs| Prepared::Operation {
            forward,
            inputs,
            upstream: data["upstream"].clone(),
        };
        let prepared = match work.kind {
            Kind::Convolution {
                geometry,
                groups,
                input_gradient,
                ..
            } => {
                let Geometry {
                    stride,
                    padding,
                    dilation,
                    ..
                } = geometry;
                let options = Conv2dOptions {
                    stride,
                    padding,
                    dilation,
                    groups,
                };
                operation(
                    Box::new(move |inputs: &[Tensor]| {
                        conv2d(&inputs[0], &inputs[1], Some(&inputs[2]), options)
                    }),
                    vec![
                        input("x", input_gradient),
                        input("weight", true),
                        input("bias", true),
                    ],
                )
            }
            Kind::MaxPool { geometry, .. } => operation(
                Box::new(move |inputs: &[Tensor]| max_pool2d(&inputs[0], geometry)),
                vec![input("x", true)],
            ),
            Kind::AveragePool { geometry, .. } => operation(
                Box::new(move |inputs: &[Tensor]| avg_pool2d(&inputs[0], geometry, true)),
                vec![input("x", true)],
            ),
            Kind::LeNet => Prepared::Training {
                model: Box::new(lenet()?),
                optimiser: Sgd::new(0.01).momentum(0.9),
                images: data["x"].clone(),
            },
        };
        let mut results = Tensors::new();
        match &prepared {
            Prepared::Operation {
                forward,
                inputs,
                upstream,
            } => {
                let y = forward(inputs);
                y.backward_with(upstream);
                results.insert("y".into(), y.detach());
                for (index, gradient) in inputs.iter().map(Tensor::grad).enumerate() {
                    results
                        .extend(gradient.map(|gradient| (format!("gradient {index}"), gradient)));
                }
            }
            Prepared::Training { model, images, .. } => {
                results.insert(
                    "logits".into(),
                    no_grad(|| model.forward(&images.slice(0, 0..256))),
                );
            }
        }
        self.prepared = Some(prepared);
        Ok(results)
    }

    fn time(&mut self, pass: Pass, seconds: f64) -> Result<Vec<f64>, Box<dyn Error>> {
        let prepared = self.prepared.as_mut().ok_or("nothing is prepared")?;
        Ok(self.threads.install(|| {
            let mut times = Vec::new();
            let end = Instant::now() + Duration::from_secs_f64(seconds);
            while times.is_empty() || Instant::now() < end {
                let start = Instant::now();
                prepared.run(pass);
                times.push(start.elapsed().as_secs_f64() * 1e3);
            }
            times
        }))
    }
}

impl Prepared {
    fn run(&mut self, pass: Pass) {
        match self {
            Prepared::Operation {
                forward,
                inputs,
                upstream,
            } => {
                if pass == Pass::Forward {
                    no_grad(|| forward(inputs));
                } else {
                    inputs.iter().for_each(Tensor::zero_grad);
                    forward(inputs).backward_with(upstream);
                }
            }
            Prepared::Training {
                model,
                optimiser,
                images,
            } => {
                let count = images.shape()[0];
                for first in (0..count).step_by(256) {
                    let batch = first..(first + 256).min(count);
                    model.zero_grad();
                    let logits = model.forward(&images.slice(0, batch.clone()));
                    cross_entropy(&logits, &targets(batch)).backward();
                    optimiser.step(model.as_mut());
                }
            }
        }
    }
}
