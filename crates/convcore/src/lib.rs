//! Tensors with autograd, convolution, pooling, layers and figures: the crate behind the book.
//!
//! This crate exists so that a reader can open what the book calls, and recognise it. Every number and every picture in the
//! book comes from the functions below. They hold what a small convolutional network needs, and no more; each is checked
//! against PyTorch, and its gradient against finite differences.
//!
//! # Tensors
//!
//! A [`Tensor`] holds `f32` numbers of any rank in row-major order. Make one from nested arrays, with
//! [`zeros`](Tensor::zeros) or [`arange`](Tensor::arange), or at random with [`randn`](Tensor::randn) from a
//! [`seeded`] generator. Operators broadcast as in NumPy, and a tensor prints as rows of numbers.
//!
//! ```
//! use convcore::Tensor;
//! let x = Tensor::from([[1., 2.], [3., 4.]]);
//! assert_eq!((&x * 10. + Tensor::from([0.5, 0.])).to_string(), "[[10.5, 20.0],\n [30.5, 40.0]]");
//! assert_eq!(x.sum_axis(0).to_string(), "[4, 6]");
//! ```
//!
//! # Gradients
//!
//! What is computed from a tensor that [`requires_grad`](Tensor::requires_grad) is recorded as a graph.
//! [`backward`](Tensor::backward) walks it back and adds to each tensor's [`grad`](Tensor::grad). [`no_grad`] records
//! nothing; [`detach`](Tensor::detach) makes a constant.
//!
//! ```
//! use convcore::Tensor;
//! let x = Tensor::from([1., 2., 3.]).requires_grad();
//! let y = (&x * &x).sum();
//! y.backward();
//! assert_eq!(x.grad().unwrap().to_string(), "[2, 4, 6]");
//! ```
//!
//! # Convolution and pooling
//!
//! [`corr2d`] is the definition: one kernel slides over one image. [`conv2d`] does the same for batches, channels and
//! filters, with stride, padding, dilation and groups. [`max_pool2d`] and [`avg_pool2d`] make images smaller. A
//! [`Geometry`] says where a window stands and how many outputs there are; [`receptive_field`] what part of the image a
//! stack of layers sees.
//!
//! ```
//! use convcore::{Geometry, Tensor, corr2d};
//! let edge = Tensor::from([[0., 0., 1., 1.]]);
//! assert_eq!(corr2d(&edge, &Tensor::from([[-1., 1.]])).to_string(), "[[0, 1, 0]]");
//! assert_eq!(Geometry::new(2).output_size([1, 4]).unwrap_err().to_string(),
//!     "the kernel's height 2 is larger than the padded input's 1 (1 with padding 0 per side)");
//! ```
//!
//! # Learning
//!
//! [`nn`] has the layers, [`cross_entropy`] and [`mse_loss`] say how wrong a prediction is, and [`optim`] makes it less so.
//!
//! ```
//! use convcore::nn::{Conv2d, LayerError, Module};
//! use convcore::{Tensor, corr2d, mse_loss, optim::Sgd, seeded};
//! // Learn a kernel from an image and what the kernel makes of it.
//! let mut rng = seeded(1);
//! let image = Tensor::randn(&[6, 8], &mut rng);
//! let target = corr2d(&image, &Tensor::from([[-1., 1.]])).reshape(&[1, 1, 6, 7]);
//! let image = image.reshape(&[1, 1, 6, 8]);
//! let mut layer = Conv2d::new(1, 1, (1, 2)).bias(false).build(&mut rng)?;
//! let mut sgd = Sgd::new(0.1);
//! for _ in 0..100 {
//!     layer.zero_grad();
//!     mse_loss(&layer.forward(&image), &target).backward();
//!     sgd.step(&mut layer);
//! }
//! assert!(layer.weight.allclose(&Tensor::from([[[[-1., 1.]]]]), 1e-3));
//! # Ok::<(), LayerError>(())
//! ```
//!
//! # Files
//!
//! [`safetensors`] exchanges weights with PyTorch, [`idx`] reads the MNIST digits. With the feature `figures`, `image`
//! reads and writes PNG files and `figure` draws; without it the crate stays small.
//!
//! # When something does not fit
//!
//! What comes from outside gives an error: files, weights, a layer's hyper-parameters; [`shape`] checks shapes in advance.
//! A mistake in the program panics at the line that made it, and names the operation and the shapes:
//!
//! ```should_panic
//! use convcore::Tensor;
//! let _ = Tensor::zeros(&[2, 3]) + Tensor::zeros(&[2]); // add: shapes [2, 3] and [2] do not broadcast
//! ```
//!
//! Random numbers come from the generator that the caller passes, and no result depends on the number of threads: the same
//! program prints the same numbers again.

#[cfg(feature = "figures")]
pub mod figure;
pub mod idx;
#[cfg(feature = "figures")]
pub mod image;
pub mod nn;
pub mod optim;
pub mod safetensors;
pub mod shape;

mod autograd;
mod conv;
mod error;
mod file;
mod geometry;
mod kernels;
mod ops;
mod random;
mod receptive_field;
mod tensor;

pub use autograd::no_grad;
pub use conv::{
    Conv2dOptions, avg_pool2d, conv2d, conv2d_by_definition, conv2d_true, corr2d, max_pool2d,
};
pub use error::ShapeError;
pub use geometry::{Geometry, GeometryError, Pair};
pub use ops::{cross_entropy, linear, mse_loss};
pub use random::{Rng, seeded};
pub use receptive_field::{ReceptiveField, receptive_field};
pub use tensor::Tensor;
