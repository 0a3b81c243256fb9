//! The work that all peers do.

use std::fmt;
use std::str::FromStr;

use convcore::{Geometry, Rng, Tensor, nn, seeded};
use serde::{Deserialize, Serialize};

use crate::{Tensors, lenet};

/// A piece of work, and how it is called in the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// A letter, a word or a number.
    pub name: String,
    /// What is to be computed.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What is to be computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Kind {
    /// A convolution with bias.
    Convolution {
        /// The input's shape: images, channels, rows, columns.
        input: [usize; 4],
        /// How many.
        filters: usize,
        /// The window and its way.
        #[serde(with = "Window")]
        geometry: Geometry,
        /// Into how many groups the channels fall.
        groups: usize,
        /// Whether the gradient of the input is wanted: not in a network's first layer.
        input_gradient: bool,
    },
    /// The maximum of each window.
    MaxPool {
        /// The input's shape: images, channels, rows, columns.
        input: [usize; 4],
        /// The window and its way.
        #[serde(with = "Window")]
        geometry: Geometry,
    },
    /// The mean of each window, padding included.
    AveragePool {
        /// The input's shape: images, channels, rows, columns.
        input: [usize; 4],
        /// The window and its way.
        #[serde(with = "Window")]
        geometry: Geometry,
    },
    /// LeNet-5 trained on 10,000 images in batches of [`BATCH`], by gradient descent with momentum.
    LeNet,
}

/// [`Geometry`], for serde.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Geometry")]
struct Window {
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
}

/// How many images LeNet learns from at a time.
pub const BATCH: usize = 256;

/// How many images LeNet has learned from when its results are compared. Later, a rounding may have turned another number
/// of a window into its maximum, from where on two libraries go different ways.
pub const COMPARED: usize = 10 * BATCH;

/// The step size for LeNet.
pub const RATE: f64 = 0.01;

/// How much of the last step LeNet's next one keeps.
pub const MOMENTUM: f64 = 0.9;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The result alone, without history.
    Forward,
    /// The result and all gradients.
    Gradients,
    /// A whole epoch.
    Epoch,
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Pass::Forward => "forward",
            Pass::Gradients => "gradients",
            Pass::Epoch => "epoch",
        })
    }
}

impl FromStr for Pass {
    type Err = String;

    fn from_str(name: &str) -> std::result::Result<Pass, String> {
        [Pass::Forward, Pass::Gradients, Pass::Epoch]
            .into_iter()
            .find(|pass| pass.to_string() == name)
            .ok_or_else(|| format!("there is no pass {name}"))
    }
}

/// The list in the book.
pub fn fixed() -> Vec<Work> {
    let convolution = |name: &str, input, filters, geometry, input_gradient| Work {
        name: name.into(),
        kind: Kind::Convolution {
            input,
            filters,
            geometry,
            groups: 1,
            input_gradient,
        },
    };
    let (three, pooled) = (Geometry::new(3).padding(1), [8, 64, 112, 112]);
    let window = three.stride(2);
    vec![
        convolution("A", [256, 1, 28, 28], 6, Geometry::new(5).padding(2), false),
        convolution("B", [256, 6, 14, 14], 16, Geometry::new(5), true),
        convolution(
            "C",
            [32, 3, 224, 224],
            64,
            Geometry::new(7).stride(2).padding(3),
            false,
        ),
        convolution("D", [8, 64, 56, 56], 64, three, true),
        convolution("E", [8, 256, 14, 14], 256, three, true),
        convolution("F", [8, 256, 56, 56], 64, Geometry::new(1), true),
        convolution("H", [1, 3, 512, 512], 8, three, false),
        Work {
            name: "max".into(),
            kind: Kind::MaxPool {
                input: pooled,
                geometry: window,
            },
        },
        Work {
            name: "average".into(),
            kind: Kind::AveragePool {
                input: pooled,
                geometry: window,
            },
        },
        Work {
            name: "LeNet".into(),
            kind: Kind::LeNet,
        },
    ]
}

/// Convolutions of random sizes, kernels, strides, paddings, dilations and groups, the same ones in every run.
pub fn random(count: usize) -> Vec<Work> {
    let mut rng = seeded(7);
    let mut works = Vec::new();
    while works.len() < count {
        let channels: usize = one_of(&mut rng, &[1, 2, 3, 4, 5, 8, 13, 16, 24, 37, 64, 96, 128]);
        let filters: usize = one_of(&mut rng, &[4, 5, 8, 11, 16, 24, 32, 50, 64, 96, 128, 192]);
        let groups = if channels.is_multiple_of(4) && filters.is_multiple_of(4) {
            one_of(&mut rng, &[1, 1, 2, 4])
        } else {
            1
        };
        let side = |rng: &mut Rng| 7 + one_of(rng, &(0..80).collect::<Vec<_>>());
        let input = [
            one_of(&mut rng, &[1, 2, 5, 8, 16]),
            channels,
            side(&mut rng),
            side(&mut rng),
        ];
        let kernel = (
            one_of(&mut rng, &[1, 2, 3, 3, 4, 5, 7]),
            one_of(&mut rng, &[1, 3, 3, 5, 7]),
        );
        let geometry = Geometry::new(kernel)
            .stride((
                one_of(&mut rng, &[1, 1, 2, 3]),
                one_of(&mut rng, &[1, 1, 2, 3]),
            ))
            .padding((one_of(&mut rng, &[0, 1, 2]), one_of(&mut rng, &[0, 1, 2])))
            .dilation((
                one_of(&mut rng, &[1, 1, 2, 3]),
                one_of(&mut rng, &[1, 1, 2]),
            ));
        let kind = Kind::Convolution {
            input,
            filters,
            geometry,
            groups,
            input_gradient: true,
        };
        let work = Work {
            name: (works.len() + 1).to_string(),
            kind,
        };
        let fits = geometry.output_size([input[2], input[3]]).is_ok();
        if fits && (0.03..2.0).contains(&work.gigaflop(Pass::Forward)) {
            works.push(work);
        }
    }
    works
}

fn one_of<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    let at = Tensor::uniform(&[1], 0.0..1.0, rng).item() * choices.len() as f32;
    choices[(at as usize).min(choices.len() - 1)]
}

impl Work {
    /// What is timed of it.
    pub fn passes(&self) -> &'static [Pass] {
        match self.kind {
            Kind::LeNet => &[Pass::Epoch],
            _ => &[Pass::Forward, Pass::Gradients],
        }
    }

    /// What it is, in a line.
    pub fn title(&self) -> String {
        let shape = |input: [usize; 4]| input.map(|length| length.to_string()).join("x");
        let window = |geometry: &Geometry| {
            let axes = |what: &str, [down, across]: [usize; 2], usual: usize| match (down, across) {
                (down, across) if down == usual && across == usual => String::new(),
                (down, across) if down == across => format!(" {what}{down}"),
                (down, across) => format!(" {what}{down}x{across}"),
            };
            axes("k", geometry.kernel, 0)
                + &axes("s", geometry.stride, 1)
                + &axes("p", geometry.padding, 0)
                + &axes("d", geometry.dilation, 1)
        };
        match &self.kind {
            Kind::Convolution {
                input,
                filters,
                geometry,
                groups,
                ..
            } => {
                let groups = if *groups > 1 {
                    format!(" g{groups}")
                } else {
                    String::new()
                };
                format!(
                    "{}, {filters} filters{}{groups}",
                    shape(*input),
                    window(geometry)
                )
            }
            Kind::MaxPool { input, geometry } => {
                format!("max pool {}{}", shape(*input), window(geometry))
            }
            Kind::AveragePool { input, geometry } => {
                format!("average pool {}{}", shape(*input), window(geometry))
            }
            Kind::LeNet => "LeNet-5, 10,000 images, batch 256".into(),
        }
    }

    /// Billions of multiplications and additions in a convolution; 0 for all else.
    pub fn gigaflop(&self, pass: Pass) -> f64 {
        let Kind::Convolution {
            input,
            filters,
            geometry,
            groups,
            input_gradient,
        } = &self.kind
        else {
            return 0.0;
        };
        let [rows, columns] = geometry.output_size([input[2], input[3]]).unwrap_or([0, 0]);
        let taps = input[1] / groups * geometry.kernel[0] * geometry.kernel[1];
        let forward = 2e-9 * (input[0] * filters * rows * columns * taps) as f64;
        match pass {
            Pass::Forward => forward,
            _ if *input_gradient => 3.0 * forward,
            _ => 2.0 * forward,
        }
    }

    /// The numbers that all peers compute with, by name.
    pub fn data(&self) -> Tensors {
        let rng = &mut seeded(1);
        let mut data = Tensors::new();
        let mut add = |name: &str, shape: &[usize]| {
            data.insert(name.into(), Tensor::randn(shape, rng));
        };
        match &self.kind {
            Kind::Convolution {
                input,
                filters,
                geometry,
                groups,
                ..
            } => {
                let [rows, columns] = geometry
                    .output_size([input[2], input[3]])
                    .expect("a window that fits");
                add("x", input);
                add(
                    "weight",
                    &[
                        *filters,
                        input[1] / groups,
                        geometry.kernel[0],
                        geometry.kernel[1],
                    ],
                );
                add("bias", &[*filters]);
                add("upstream", &[input[0], *filters, rows, columns]);
            }
            Kind::MaxPool { input, geometry } | Kind::AveragePool { input, geometry } => {
                let [rows, columns] = geometry
                    .output_size([input[2], input[3]])
                    .expect("a window that fits");
                add("x", input);
                add("upstream", &[input[0], input[1], rows, columns]);
            }
            Kind::LeNet => {
                add("x", &[10_000, 1, 28, 28]);
                let network = lenet::convcore::lenet(&mut seeded(3)).expect("layers that exist");
                data.extend(nn::state(&network));
            }
        }
        data
    }
}

/// The classes of LeNet's images: made up, as the images are.
pub fn targets(images: std::ops::Range<usize>) -> Vec<usize> {
    images.map(|image| image * 7 % 10).collect()
}
