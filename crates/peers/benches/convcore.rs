//! Times single functions of convcore: `cargo bench` in this folder; `cargo bench -- forward` for some of them.
//!
//! The shapes are those of three layers: a first one, one in the middle, a 1x1. RAYON_NUM_THREADS=1 gives one thread.

use convcore::{Conv2dOptions, Geometry, Tensor, avg_pool2d, conv2d, max_pool2d, no_grad, seeded};
use divan::Bencher;

fn main() {
    divan::main();
}

/// A convolution, by its name in the output.
const LAYERS: [Layer; 3] = [
    Layer {
        name: "first 3x224x224, 32 of 7x7 by 2",
        channels: 3,
        side: 224,
        filters: 32,
        kernel: 7,
        stride: 2,
    },
    Layer {
        name: "middle 64x56x56, 64 of 3x3",
        channels: 64,
        side: 56,
        filters: 64,
        kernel: 3,
        stride: 1,
    },
    Layer {
        name: "1x1 256x56x56, 64 of 1x1",
        channels: 256,
        side: 56,
        filters: 64,
        kernel: 1,
        stride: 1,
    },
];

struct Layer {
    name: &'static str,
    channels: usize,
    side: usize,
    filters: usize,
    kernel: usize,
    stride: usize,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Layer {
    /// Four images, the filters, and how they meet.
    fn data(&self) -> (Tensor, Tensor, Conv2dOptions) {
        let rng = &mut seeded(1);
        let x = Tensor::randn(&[4, self.channels, self.side, self.side], rng);
        let weight = Tensor::randn(
            &[self.filters, self.channels, self.kernel, self.kernel],
            rng,
        );
        let options = Conv2dOptions {
            stride: [self.stride; 2],
            padding: [self.kernel / 2; 2],
            ..Conv2dOptions::default()
        };
        (x, weight, options)
    }
}

#[divan::bench(args = LAYERS)]
fn conv2d_forward(bencher: Bencher, layer: &Layer) {
    let (x, weight, options) = layer.data();
    bencher.bench_local(|| no_grad(|| conv2d(&x, &weight, None, options)));
}

/// The way back alone, to the input and the filters.
#[divan::bench(args = LAYERS)]
fn conv2d_backward(bencher: Bencher, layer: &Layer) {
    let (x, weight, options) = layer.data();
    let (x, weight) = (x.requires_grad(), weight.requires_grad());
    bencher
        .with_inputs(|| {
            x.zero_grad();
            weight.zero_grad();
            let y = conv2d(&x, &weight, None, options);
            let upstream = y.detach();
            (y, upstream)
        })
        .bench_local_refs(|(y, upstream)| y.backward_with(upstream));
}

fn maps() -> Tensor {
    Tensor::randn(&[4, 64, 112, 112], &mut seeded(1))
}

#[divan::bench]
fn max_pool2d_forward(bencher: Bencher) {
    let (x, window) = (maps(), Geometry::new(3).stride(2).padding(1));
    bencher.bench_local(|| no_grad(|| max_pool2d(&x, window)));
}

#[divan::bench]
fn avg_pool2d_forward(bencher: Bencher) {
    let (x, window) = (maps(), Geometry::new(3).stride(2).padding(1));
    bencher.bench_local(|| no_grad(|| avg_pool2d(&x, window, true)));
}

#[divan::bench(args = [64, 256, 512])]
fn matmul(bencher: Bencher, size: usize) {
    let rng = &mut seeded(1);
    let (a, b) = (
        Tensor::randn(&[size, size], rng),
        Tensor::randn(&[size, size], rng),
    );
    bencher.bench_local(|| no_grad(|| a.matmul(&b)));
}
