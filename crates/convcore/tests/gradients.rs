//! Every differentiable operation against central finite differences, for random shapes and geometry.

use convcore::{
    Conv2dOptions, Geometry, Rng, Tensor, avg_pool2d, conv2d, conv2d_true, corr2d, cross_entropy,
    linear, max_pool2d, mse_loss, no_grad, seeded,
};
use proptest::prelude::*;

/// The step of the differences. Where the result is linear in each input, a large one loses no digits.
const LINEAR: f32 = 0.5;
const CURVED: f32 = 1. / 128.;

/// Compares the gradient of `sum(f(inputs) * upstream)` with the slope between two nearby points, for every element.
fn check(inputs: &[Tensor], step: f32, f: impl Fn(&[Tensor]) -> Tensor) {
    let leaves: Vec<Tensor> = inputs.iter().map(|x| x.clone().requires_grad()).collect();
    let y = f(&leaves);
    let upstream = Tensor::uniform(y.shape(), -1. ..1., &mut seeded(99));
    y.backward_with(&upstream);

    let value = |inputs: &[Tensor]| -> f64 {
        let y = no_grad(|| f(inputs));
        let products = y.as_slice().iter().zip(upstream.as_slice());
        products.map(|(&y, &u)| f64::from(y) * f64::from(u)).sum()
    };
    for (which, leaf) in leaves.iter().enumerate() {
        let grad = leaf.grad().expect("every input has a gradient");
        assert_eq!(grad.shape(), leaf.shape());
        let scale = grad
            .as_slice()
            .iter()
            .fold(1_f64, |scale, &g| scale.max(f64::from(g.abs())));
        for i in 0..leaf.len() {
            let mut moved = inputs.to_vec();
            let center = inputs[which].as_slice()[i];
            let (above, below) = (center + step, center - step);
            moved[which].update(|values| values[i] = above);
            let up = value(&moved);
            moved[which].update(|values| values[i] = below);
            let down = value(&moved);
            let slope = (up - down) / (f64::from(above) - f64::from(below));
            let got = f64::from(grad.as_slice()[i]);
            assert!(
                (got - slope).abs() <= 4e-3 * scale,
                "input {which}, element {i}: gradient {got}, slope {slope}"
            );
        }
    }
}

/// Numbers from `low` to `high`, away from 0 where kinks and poles are.
fn draw(shape: &[usize], low: f32, high: f32, rng: &mut Rng) -> Tensor {
    Tensor::uniform(shape, low..high, rng)
}

/// Numbers of both signs, at least 0.2 from 0.
fn draw_signed(shape: &[usize], rng: &mut Rng) -> Tensor {
    Tensor::from_fn(shape, |_| {
        (0.2 + rng.uniform()) * if rng.below(2) == 0 { 1. } else { -1. }
    })
}

/// Distinct numbers, at least 0.25 apart, so that which is the largest does not change within a step.
fn draw_distinct(shape: &[usize], rng: &mut Rng) -> Tensor {
    let order = rng.permutation(shape.iter().product());
    Tensor::new(shape, order.into_iter().map(|i| i as f32 / 4.).collect())
}

fn shapes(rank: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..4, rank)
}

fn pairs(range: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = [usize; 2]> {
    [range.clone(), range]
}

fn quickly() -> ProptestConfig {
    ProptestConfig {
        cases: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(quickly())]

    #[test]
    fn functions_of_one_element(shape in shapes(0..=3), exponent in -3..4, seed: u64) {
        let rng = &mut seeded(seed);
        let positive = [draw(&shape, 0.5, 1.5, rng)];
        let signed = [draw_signed(&shape, rng)];
        check(&positive, CURVED, |x| x[0].powi(exponent));
        check(&positive, CURVED, |x| x[0].log());
        check(&positive, CURVED, |x| x[0].sqrt());
        check(&signed, CURVED, |x| x[0].exp());
        check(&signed, CURVED, |x| x[0].abs());
        check(&signed, CURVED, |x| x[0].relu());
        check(&signed, CURVED, |x| x[0].sigmoid());
        check(&signed, CURVED, |x| x[0].tanh());
        check(&signed, LINEAR, |x| -&x[0]);
    }

    #[test]
    fn arithmetic_broadcast_both_ways(
        shape in shapes(0..=3), ones in any::<[[bool; 3]; 2]>(), drop in 0_usize..4, swap: bool, seed: u64,
    ) {
        let rng = &mut seeded(seed);
        let squeezed = |ones: [bool; 3]| -> Vec<usize> {
            shape.iter().zip(ones).map(|(&n, one)| if one { 1 } else { n }).collect()
        };
        let (long, short) = (squeezed(ones[0]), squeezed(ones[1])[drop.min(shape.len())..].to_vec());
        let (a, b) = if swap { (short, long) } else { (long, short) };
        let inputs = [draw_signed(&a, rng), draw(&b, 0.5, 1.5, rng)];
        check(&inputs, LINEAR, |x| &x[0] + &x[1]);
        check(&inputs, LINEAR, |x| &x[0] - &x[1]);
        check(&inputs, LINEAR, |x| &x[0] * &x[1]);
        check(&inputs, CURVED, |x| &x[0] / &x[1]);
        check(&inputs[..1], LINEAR, |x| 2. - 3. * &x[0] / 4. + &x[0]);
    }

    #[test]
    fn sums_and_means(shape in shapes(1..=4), axis in 0_usize..4, seed: u64) {
        let axis = axis % shape.len();
        let x = [draw_signed(&shape, &mut seeded(seed))];
        check(&x, LINEAR, |x| x[0].sum());
        check(&x, LINEAR, |x| x[0].mean());
        check(&x, LINEAR, |x| x[0].sum_axis(axis));
        check(&x, LINEAR, |x| x[0].mean_axis(axis));
        check(&x, CURVED, |x| x[0].softmax(axis));
    }

    #[test]
    fn rearrangements(shape in shapes(2..=4), axis in 0_usize..4, padding in pairs(0..=2), seed: u64) {
        let rng = &mut seeded(seed);
        let axis = axis % shape.len();
        let order = rng.permutation(shape.len());
        let (start, position) = (rng.below(shape[axis]), rng.below(shape[axis]));
        let positions = [(); 3].map(|()| rng.below(shape[axis]));
        let (x, other) = (draw_signed(&shape, rng), draw_signed(&shape, rng));
        let two = [x, other];
        let x = &two[..1];
        check(x, LINEAR, |x| x[0].reshape(&[x[0].len(), 1]));
        check(x, LINEAR, |x| x[0].flatten(axis));
        check(x, LINEAR, |x| x[0].permute(&order));
        check(x, LINEAR, |x| x[0].flatten(1).transpose());
        check(x, LINEAR, |x| x[0].slice(axis, start..x[0].shape()[axis]));
        check(x, LINEAR, |x| x[0].select(axis, position));
        check(x, LINEAR, |x| x[0].index_select(axis, &positions));
        check(x, LINEAR, |x| x[0].pad2d(padding));
        check(x, LINEAR, |x| x[0].flip(axis));
        check(&two, LINEAR, |x| Tensor::concatenate(&[&x[0], &x[1], &x[0]], axis));
        check(&two, LINEAR, |x| Tensor::stack(&[&x[0], &x[1]], axis));
    }

    #[test]
    fn matrix_products([n, k, m] in [1_usize..5, 1..5, 1..5], seed: u64) {
        let rng = &mut seeded(seed);
        let inputs = [draw_signed(&[n, k], rng), draw_signed(&[m, k], rng), draw_signed(&[m], rng)];
        check(&inputs[..2], LINEAR, |x| x[0].matmul(&x[1].transpose()));
        check(&inputs, LINEAR, |x| linear(&x[0], &x[1], Some(&x[2])));
        check(&inputs[..2], LINEAR, |x| linear(&x[0], &x[1], None));
    }

    #[test]
    fn losses([rows, classes] in [1_usize..5, 1..5], seed: u64) {
        let rng = &mut seeded(seed);
        let targets: Vec<usize> = (0..rows).map(|_| rng.below(classes)).collect();
        let inputs = [draw_signed(&[rows, classes], rng), draw_signed(&[rows, classes], rng)];
        check(&inputs[..1], CURVED, |x| cross_entropy(&x[0], &targets));
        check(&inputs, CURVED, |x| mse_loss(&x[0], &x[1]));
    }

    #[test]
    fn sliding_one_kernel_over_one_image(kernel in pairs(1..=3), more in pairs(0..=3), seed: u64) {
        let rng = &mut seeded(seed);
        let image = [kernel[0] + more[0], kernel[1] + more[1]];
        let inputs = [draw_signed(&image, rng), draw_signed(&kernel, rng)];
        check(&inputs, LINEAR, |x| corr2d(&x[0], &x[1]));
        check(&inputs, LINEAR, |x| conv2d_true(&x[0], &x[1]));
    }

    #[test]
    fn convolutions(
        kernel in pairs(1..=3), stride in pairs(1..=3), padding in pairs(0..=2), dilation in pairs(1..=2),
        more in pairs(0..=3), [images, groups, channels, filters] in [1_usize..3, 1..3, 1..3, 1..3], seed: u64,
    ) {
        let rng = &mut seeded(seed);
        let smallest = |axis: usize| {
            (dilation[axis] * (kernel[axis] - 1) + 1).saturating_sub(2 * padding[axis]).max(1) + more[axis]
        };
        let x = draw_signed(&[images, groups * channels, smallest(0), smallest(1)], rng);
        let weight = draw_signed(&[groups * filters, channels, kernel[0], kernel[1]], rng);
        let inputs = [x, weight, draw_signed(&[groups * filters], rng)];
        let options = Conv2dOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
        check(&inputs, LINEAR, |x| conv2d(&x[0], &x[1], Some(&x[2]), options));
        check(&inputs[..2], LINEAR, |x| conv2d(&x[0], &x[1], None, options));
    }

    #[test]
    fn poolings(
        kernel in pairs(1..=4), stride in pairs(1..=3), padding in pairs(0..=2), dilation in pairs(1..=2),
        more in pairs(0..=3), [images, channels] in [1_usize..3, 1..3], count_include_pad: bool, seed: u64,
    ) {
        let rng = &mut seeded(seed);
        let padding = [padding[0].min(kernel[0] / 2), padding[1].min(kernel[1] / 2)];
        let plain = Geometry::new(kernel).stride(stride).padding(padding);
        let size = |dilation: [usize; 2], axis: usize| dilation[axis] * (kernel[axis] - 1) + 1 + more[axis];
        let x = |dilation| draw_distinct(&[images, channels, size(dilation, 0), size(dilation, 1)], &mut rng.clone());
        check(&[x(dilation)], 1. / 16., |x| max_pool2d(&x[0], plain.dilation(dilation)));
        check(&[x([1, 1])], LINEAR, |x| avg_pool2d(&x[0], plain, count_include_pad));
    }
}
