//! What must hold of convolution whatever the numbers are, and that threads change nothing.

use convcore::nn::{Conv2d, Flatten, Linear, MaxPool2d, Module, Relu, Sequential};
use convcore::optim::Sgd;
use convcore::{
    Conv2dOptions, Tensor, conv2d, conv2d_by_definition, corr2d, cross_entropy, seeded,
};
use proptest::prelude::*;

/// The options of a convolution, its input and its weights.
#[derive(Debug)]
struct Setting {
    options: Conv2dOptions,
    x: Tensor,
    weight: Tensor,
}

fn settings() -> impl Strategy<Value = Setting> {
    let pairs = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    let geometry = (
        pairs(1..=4),
        pairs(1..=3),
        pairs(0..=3),
        pairs(1..=3),
        pairs(0..=9),
    );
    let counts = [1_usize..4, 1..4, 1..5, 1..6];
    (geometry, counts, any::<u64>()).prop_map(
        |((kernel, stride, padding, dilation, more), counts, seed)| {
            let [images, groups, channels, filters] = counts;
            let size = |axis: usize| {
                (dilation[axis] * (kernel[axis] - 1) + 1)
                    .saturating_sub(2 * padding[axis])
                    .max(1)
                    + more[axis]
            };
            let rng = &mut seeded(seed);
            Setting {
                options: Conv2dOptions::new()
                    .stride(stride)
                    .padding(padding)
                    .dilation(dilation)
                    .groups(groups),
                x: Tensor::randn(&[images, groups * channels, size(0), size(1)], rng),
                weight: Tensor::randn(&[groups * filters, channels, kernel[0], kernel[1]], rng),
            }
        },
    )
}

fn quickly() -> ProptestConfig {
    ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn assert_close(got: &Tensor, want: &Tensor) {
    assert!(got.allclose(want, 1e-4), "{got}\ninstead of\n{want}");
}

proptest! {
    #![proptest_config(quickly())]

    #[test]
    fn it_is_what_its_definition_says(Setting { options, x, weight } in settings()) {
        let bias = Tensor::randn(&weight.shape()[..1], &mut seeded(1));
        assert_close(&conv2d(&x, &weight, Some(&bias), options), &conv2d_by_definition(&x, &weight, Some(&bias), options));
    }

    #[test]
    fn it_is_linear_in_its_input(Setting { options, x, weight } in settings(), [a, b] in [-2_f32..2., -2. ..2.]) {
        let other = Tensor::randn(x.shape(), &mut seeded(2));
        let conv = |x: &Tensor| conv2d(x, &weight, None, options);
        assert_close(&conv(&(a * &x + b * &other)), &(a * conv(&x) + b * conv(&other)));
    }

    #[test]
    fn a_shifted_image_gives_a_shifted_result(Setting { options, x, weight } in settings()) {
        let options = options.stride(1).padding(0);
        let x = x.pad2d((12, 12));
        let y = conv2d(&x, &weight, None, options);
        let [_, _, height, width] = *x.shape() else { unreachable!() };
        let shifted = conv2d(&x.slice(2, 1..height).slice(3, 2..width), &weight, None, options);
        let [_, _, height, width] = *y.shape() else { unreachable!() };
        assert_close(&shifted, &y.slice(2, 1..height).slice(3, 2..width));
    }

    #[test]
    fn padding_is_a_border_of_zeros(Setting { options, x, weight } in settings()) {
        let padded = conv2d(&x.pad2d(options.padding), &weight, None, options.padding(0));
        assert_close(&conv2d(&x, &weight, None, options), &padded);
    }

    #[test]
    fn groups_are_convolutions_side_by_side(Setting { options, x, weight } in settings()) {
        let (channels, filters) = (weight.shape()[1], weight.shape()[0] / options.groups);
        let part = |group: usize| {
            let x = x.slice(1, group * channels..(group + 1) * channels);
            let weight = weight.slice(0, group * filters..(group + 1) * filters);
            conv2d(&x, &weight, None, options.groups(1))
        };
        let parts: Vec<Tensor> = (0..options.groups).map(part).collect();
        let whole = Tensor::concatenate(&parts.iter().collect::<Vec<_>>(), 1);
        assert_close(&conv2d(&x, &weight, None, options), &whole);
    }

    #[test]
    fn dilation_is_a_kernel_with_zeros_between(Setting { options, x, weight } in settings()) {
        let [filters, channels, kh, kw] = *weight.shape() else { unreachable!() };
        let [dy, dx] = options.dilation;
        let spread = Tensor::from_fn(&[filters, channels, dy * (kh - 1) + 1, dx * (kw - 1) + 1], |i| {
            if i[2] % dy == 0 && i[3] % dx == 0 { weight[[i[0], i[1], i[2] / dy, i[3] / dx]] } else { 0. }
        });
        assert_close(&conv2d(&x, &weight, None, options), &conv2d(&x, &spread, None, options.dilation(1)));
    }

    #[test]
    fn one_pixel_kernels_are_a_matrix_product_over_channels(Setting { x, weight, .. } in settings()) {
        let channels = x.shape()[1];
        let weight = Tensor::randn(&[weight.shape()[0], channels, 1, 1], &mut seeded(3));
        let y = conv2d(&x, &weight, None, Conv2dOptions::new());
        let pixels = x.permute(&[1, 0, 2, 3]).flatten(1);
        let product = weight.flatten(1).matmul(&pixels);
        assert_close(&y.permute(&[1, 0, 2, 3]).flatten(1), &product);
    }

    #[test]
    fn one_image_and_one_kernel_are_corr2d(Setting { x, weight, .. } in settings()) {
        let [_, _, kh, kw] = *weight.shape() else { unreachable!() };
        let (image, kernel) = (x.select(0, 0).select(0, 0).pad2d(4), weight.select(0, 0).select(0, 0));
        let [h, w] = *image.shape() else { unreachable!() };
        let y = conv2d(&image.reshape(&[1, 1, h, w]), &kernel.reshape(&[1, 1, kh, kw]), None, Conv2dOptions::new());
        assert_close(&y.select(0, 0).select(0, 0), &corr2d(&image, &kernel));
    }
}

/// The bits of all parameters and gradients of a small network after three steps of training.
fn trained_bits() -> Vec<u32> {
    let rng = &mut seeded(8);
    let mut model = Sequential::new()
        .add("conv1", Conv2d::new(1, 6, 5).padding(2).build(rng).unwrap())
        .add("relu1", Relu)
        .add("pool1", MaxPool2d::new(2).build().unwrap())
        .add("conv2", Conv2d::new(6, 16, 5).build(rng).unwrap())
        .add("relu2", Relu)
        .add("pool2", MaxPool2d::new(2).build().unwrap())
        .add("flatten", Flatten::new())
        .add("fc", Linear::new(400, 10).build(rng).unwrap());
    let mut sgd = Sgd::new(0.05).momentum(0.9);
    for _ in 0..3 {
        let x = Tensor::uniform(&[37, 1, 28, 28], 0. ..1., rng);
        let targets: Vec<usize> = (0..37).map(|_| rng.below(10)).collect();
        model.zero_grad();
        cross_entropy(&model.forward(&x), &targets).backward();
        sgd.step(&mut model);
    }
    let parameters = model.parameters().into_iter();
    let numbers = parameters
        .flat_map(|parameter| [parameter.to_vec(), parameter.grad().unwrap().to_vec()].concat());
    numbers.map(f32::to_bits).collect()
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let with_threads = |count: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(count)
            .build()
            .unwrap();
        pool.install(trained_bits)
    };
    let one = with_threads(1);
    for count in [2, 3, 7] {
        assert!(
            with_threads(count) == one,
            "{count} threads give other bits than one"
        );
    }
}
