//! How fast each kernel is, on one core, as a share of what the processor could do without any memory:
//!
//! ```text
//! cargo test --release -p convcore --lib kernels::speed -- --ignored --nocapture
//! ```

use std::hint::black_box;
use std::time::Instant;

use super::convolution::{forward_at, input_gradient_at, weight_gradient_at};
use super::simd::{Kernel, Level, Simd};
use super::sizes::Sizes;
use super::tests::numbers;
use crate::Geometry;

/// Twelve sums that do not wait for each other, each so many steps further.
struct Peak {
    steps: usize,
}

impl Kernel for Peak {
    /// Multiplications and additions.
    type Output = usize;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> usize {
        let (a, b) = (simd.splat(black_box(1.0001)), simd.splat(black_box(0.5)));
        let mut sums = [b; 12];
        for _ in 0..self.steps {
            for sum in &mut sums {
                *sum = simd.mul_add(*sum, a, b);
            }
        }
        black_box(sums);
        2 * self.steps * sums.len() * S::LANES
    }
}

/// The seconds of the fastest of the runs in a third of a second.
fn fastest<R>(mut run: impl FnMut() -> R) -> f64 {
    let (start, mut fastest) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_secs_f64() < 0.3 {
        let start = Instant::now();
        black_box(run());
        fastest = fastest.min(start.elapsed().as_secs_f64());
    }
    fastest
}

#[test]
#[ignore = "prints a table, tests nothing"]
fn share_of_the_peak() {
    let shape = |images, channels, filters, input, geometry: Geometry| Sizes {
        geometry,
        images,
        groups: 1,
        channels,
        filters,
        input,
        output: geometry.output_size(input).unwrap(),
    };
    let five = Geometry::new(5);
    let three = Geometry::new(3).padding(1);
    let all = [
        shape(256, 1, 6, [28, 28], five.padding(2)),
        shape(256, 6, 16, [14, 14], five),
        shape(32, 3, 64, [224, 224], Geometry::new(7).stride(2).padding(3)),
        shape(8, 64, 64, [56, 56], three),
        shape(8, 256, 256, [14, 14], three),
        shape(8, 256, 64, [56, 56], Geometry::new(1)),
        shape(1, 3, 8, [512, 512], three),
        shape(4, 64, 64, [56, 56], five.padding(2)),
        shape(4, 40, 48, [60, 60], three.stride(3)),
        shape(16, 1, 192, [60, 39], Geometry::new((7, 5)).padding(2)),
        shape(16, 96, 96, [7, 62], Geometry::new((7, 3))),
    ];
    let one = rayon::ThreadPoolBuilder::new().num_threads(1);
    one.build().unwrap().install(|| {
        for level in Level::all() {
            let steps = 100_000;
            let operations = level.run(Peak { steps }) as f64;
            let peak = operations / fastest(|| level.run(Peak { steps }));
            println!("\n{level:?}, peak {:.0} GFLOP/s\n", peak / 1e9);
            println!("| images, channels, rows, columns | filters | window | forward | input gradient | weight gradient |");
            println!("|---|---|---|---|---|---|");
            for sizes in &all {
                let [x, weight, y] = sizes.lengths();
                let operations = 2.0 * (y * sizes.channels * sizes.elements()) as f64;
                let (x, weight, grad) = (numbers(x, 1), numbers(weight, 2), numbers(y, 3));
                let times = [
                    fastest(|| forward_at(level, sizes, &x, &weight, None)),
                    fastest(|| input_gradient_at(level, sizes, &grad, &weight)),
                    fastest(|| weight_gradient_at(level, sizes, &x, &grad)),
                ];
                let [forward, input, weight] =
                    times.map(|time| format!("{:.0} %", 100.0 * operations / time / peak));
                let Geometry {
                    kernel,
                    stride,
                    padding,
                    ..
                } = sizes.geometry;
                println!(
                    "| {}, {}, {:?} | {} | {kernel:?}, stride {stride:?}, padding {padding:?} | {forward} | {input} | {weight} |",
                    sizes.images, sizes.channels, sizes.input, sizes.filters
                );
            }
        }
    });
}
