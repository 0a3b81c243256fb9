//! Every fast kernel against the definition, at every level of the processor, over shapes nobody would choose.

use proptest::prelude::*;

use super::convolution::{bias_gradient, forward_at, input_gradient_at, weight_gradient_at};
use super::gemm::{Matrix, product_at};
use super::simd::Level;
use super::sizes::Sizes;
use super::{pooling, reference, winograd};
use crate::Geometry;

/// Small numbers, the same for the same seed; whole multiples of 1/8, so that most sums have no rounding.
pub(super) fn numbers(length: usize, seed: u32) -> Vec<f32> {
    (0..length as u32)
        .map(|i| ((i ^ seed).wrapping_mul(2_654_435_761) >> 28) as f32 / 8.0 - 1.0)
        .collect()
}

pub(super) fn assert_close(what: &str, fast: &[f32], slow: &[f32]) {
    assert_eq!(fast.len(), slow.len(), "{what}");
    for (index, (fast, slow)) in fast.iter().zip(slow).enumerate() {
        assert!(
            (fast - slow).abs() <= 1e-4 * (1.0 + slow.abs()),
            "{what}: [{index}] is {fast}, should be {slow}"
        );
    }
}

/// One axis: input, kernel, stride, padding, dilation, output.
fn axis() -> impl Strategy<Value = [usize; 6]> {
    (
        1..=20_usize,
        1..=5_usize,
        1..=4_usize,
        0..=3_usize,
        1..=3_usize,
    )
        .prop_filter("the kernel fits", |(n, k, _, p, d)| n + 2 * p > d * (k - 1))
        .prop_map(|(n, k, s, p, d)| [n, k, s, p, d, (n + 2 * p - d * (k - 1) - 1) / s + 1])
}

fn all_sizes() -> impl Strategy<Value = Sizes> {
    (
        axis(),
        axis(),
        1..=3_usize,
        1..=3_usize,
        1..=5_usize,
        prop_oneof![1..=5_usize, 6..=40_usize],
    )
        .prop_map(|(rows, columns, images, groups, channels, filters)| {
            let pair = |i: usize| [rows[i], columns[i]];
            let geometry = Geometry {
                kernel: pair(1),
                stride: pair(2),
                padding: pair(3),
                dilation: pair(4),
            };
            Sizes {
                geometry,
                images,
                groups,
                channels,
                filters,
                input: pair(0),
                output: pair(5),
            }
        })
}

fn check(sizes: &Sizes) {
    let [x, weight, y] = sizes.lengths();
    let (x, weight, grad) = (numbers(x, 1), numbers(weight, 2), numbers(y, 3));
    let bias = numbers(sizes.groups * sizes.filters, 4);
    let y = reference::forward(sizes, &x, &weight, Some(&bias));
    let x_gradient = reference::input_gradient(sizes, &grad, &weight);
    let weight_gradient = reference::weight_gradient(sizes, &x, &grad);
    for level in Level::all() {
        let close = |kernel: &str, fast: &[f32], slow: &[f32]| {
            assert_close(&format!("{kernel} at {level:?} of {sizes:?}"), fast, slow);
        };
        close(
            "forward",
            &forward_at(level, sizes, &x, &weight, Some(&bias)),
            &y,
        );
        close(
            "input_gradient",
            &input_gradient_at(level, sizes, &grad, &weight),
            &x_gradient,
        );
        close(
            "weight_gradient",
            &weight_gradient_at(level, sizes, &x, &grad),
            &weight_gradient,
        );
    }
    assert_close(
        "bias_gradient",
        &bias_gradient(sizes, &grad),
        &reference::bias_gradient(sizes, &grad),
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow there")]
    fn convolution_and_its_gradients_agree_with_the_definition(sizes in all_sizes()) {
        check(&sizes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow there")]
    fn three_by_three_filters_with_fewer_multiplications_agree_with_the_definition(
        input in (4..=13_usize, 4..=13_usize),
        padding in (0..=2_usize, 0..=2_usize),
        groups in 1..=2_usize,
        images in 1..=2_usize,
        channels in 16..=24_usize,
        filters in 64..=70_usize,
    ) {
        let geometry = Geometry::new(3).padding(padding);
        let input = [input.0, input.1];
        let output = geometry.output_size(input).unwrap();
        prop_assume!(output.iter().all(|&length| length >= 4));
        let sizes = Sizes { geometry, images, groups, channels, filters, input, output };
        prop_assert!(winograd::suits(&sizes));
        check(&sizes);
        let turned = Sizes { channels: filters, filters: channels, ..sizes };
        check(&turned);
    }
}

fn check_product(rows: usize, depth: usize, columns: usize) {
    let (a, b) = (numbers(rows * depth, 8), numbers(depth * columns, 9));
    let element = |index: usize| -> f32 {
        let (row, column) = (index / columns, index % columns);
        (0..depth)
            .map(|step| a[row * depth + step] * b[step * columns + column])
            .sum()
    };
    let slow: Vec<f32> = (0..rows * columns).map(element).collect();
    let turned = |values: &[f32], rows: usize, columns: usize| -> Vec<f32> {
        (0..rows * columns)
            .map(|index| values[index % rows * columns + index / rows])
            .collect()
    };
    let (a_turned, b_turned) = (turned(&a, rows, depth), turned(&b, depth, columns));
    for level in Level::all() {
        for a in [
            Matrix::new(&a, rows, depth),
            Matrix::new(&a_turned, depth, rows).transposed(),
        ] {
            for b in [
                Matrix::new(&b, depth, columns),
                Matrix::new(&b_turned, columns, depth).transposed(),
            ] {
                let what = format!("{rows} x {depth} x {columns} at {level:?}");
                assert_close(&what, &product_at(level, a, b), &slow);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow there")]
    fn products_of_matrices_agree_with_the_definition(rows in 0..40_usize, depth in 0..70_usize, columns in 0..220_usize) {
        check_product(rows, depth, columns);
    }
}

/// Fewer multiplications, however few channels there are.
fn check_winograd(sizes: &Sizes) {
    let [x, weight, y] = sizes.lengths();
    let (x, weight, grad) = (numbers(x, 1), numbers(weight, 2), numbers(y, 3));
    let bias = numbers(sizes.groups * sizes.filters, 4);
    for level in Level::all() {
        let what = format!("winograd at {level:?} of {sizes:?}");
        let fast = winograd::forward(level, sizes, &x, &weight, Some(&bias));
        assert_close(
            &what,
            &fast,
            &reference::forward(sizes, &x, &weight, Some(&bias)),
        );
        let fast = winograd::input_gradient(level, sizes, &grad, &weight);
        assert_close(
            &what,
            &fast,
            &reference::input_gradient(sizes, &grad, &weight),
        );
    }
}

#[test]
fn each_kernel_at_each_level_under_a_sanitizer_too() {
    let sizes = |geometry: Geometry, groups, channels, filters, input: [usize; 2]| {
        let output = geometry.output_size(input).unwrap();
        Sizes {
            geometry,
            images: 2,
            groups,
            channels,
            filters,
            input,
            output,
        }
    };
    check(&sizes(Geometry::new(3).padding(1), 1, 2, 5, [5, 6]));
    check(&sizes(
        Geometry::new((2, 3)).stride((2, 3)).dilation((1, 2)),
        2,
        1,
        1,
        [5, 7],
    ));
    check(&sizes(Geometry::new(1), 1, 3, 9, [3, 5]));
    check(&sizes(Geometry::new((2, 1)), 1, 1, 4, [3, 20]));
    check(&sizes(Geometry::new((5, 3)), 2, 1, 20, [5, 12]));
    check(&sizes(
        Geometry::new((4, 3)).stride((1, 2)).padding((0, 1)),
        1,
        1,
        40,
        [4, 12],
    ));
    check(&Sizes {
        // About as many as a vector has places.
        images: if cfg!(miri) { 4 } else { 15 },
        ..sizes(Geometry::new((3, 5)).padding((0, 1)), 1, 3, 20, [4, 6])
    });
    check_winograd(&sizes(Geometry::new(3).padding((0, 1)), 1, 2, 3, [6, 7]));
    check_winograd(&sizes(Geometry::new(3).padding(2), 2, 1, 2, [5, 4]));
    check_product(5, 3, 7);
    let pool = Geometry::new(3).stride(2).padding(1);
    check_pooling(
        &pooling::Sizes {
            geometry: pool,
            planes: 2,
            input: [5, 6],
            output: pool.output_size([5, 6]).unwrap(),
        },
        &numbers(60, 7),
    );
}

#[test]
#[cfg_attr(miri, ignore = "too slow there")]
fn images_larger_than_a_band_agree_with_the_definition() {
    let wide = |geometry: Geometry, output: [usize; 2]| {
        let input = [90, 70];
        check(&Sizes {
            geometry,
            images: 1,
            groups: 1,
            channels: 40,
            filters: 3,
            input,
            output,
        });
    };
    wide(Geometry::new(3).padding(1), [90, 70]);
    wide(Geometry::new(3).padding(1).stride((2, 1)), [45, 70]);
    wide(Geometry::new(3), [88, 68]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow there")]
    fn many_small_images_agree_with_the_definition(
        images in 14..=48_usize,
        input in (3..=9_usize, 3..=14_usize),
        kernel in (1..=5_usize, 4..=5_usize),
        padding in (0..=2_usize, 0..=2_usize),
        groups in 1..=2_usize,
        channels in 4..=8_usize,
        filters in 8..=20_usize,
    ) {
        let geometry = Geometry::new(kernel).padding(padding);
        let input = [input.0, input.1];
        let output = geometry.output_size(input);
        prop_assume!(output.is_ok());
        check(&Sizes { geometry, images, groups, channels, filters, input, output: output.unwrap() });
    }
}

#[test]
fn sums_of_nothing_are_the_bias() {
    let sizes = Sizes {
        geometry: Geometry::new(1),
        images: 1,
        groups: 1,
        channels: 0,
        filters: 2,
        input: [1, 2],
        output: [1, 2],
    };
    assert_eq!(
        forward_at(Level::detect(), &sizes, &[], &[], Some(&[3.0, 4.0])),
        [3.0, 3.0, 4.0, 4.0]
    );
    assert!(weight_gradient_at(Level::detect(), &sizes, &[], &[0.0; 4]).is_empty());
}

#[test]
fn a_vast_border_costs_nothing() {
    let far = 1 << 40;
    let geometry = Geometry::new(3).dilation(far).padding(far);
    check(&Sizes {
        geometry,
        images: 1,
        groups: 1,
        channels: 2,
        filters: 2,
        input: [3, 4],
        output: [3, 4],
    });
}

#[test]
#[cfg_attr(miri, ignore = "too slow there")]
fn the_result_does_not_depend_on_the_number_of_threads() {
    let sizes = |channels, filters, length| Sizes {
        geometry: Geometry::new(3).padding(1),
        images: 17,
        groups: 1,
        channels,
        filters,
        input: [13, length],
        output: [13, length],
    };
    // The usual way; few filters; fewer multiplications; many small images; an output of a single row.
    let small = Sizes {
        images: 48,
        ..sizes(4, 20, 5)
    };
    let single = Sizes {
        geometry: Geometry::new((13, 3)),
        output: [1, 38],
        ..sizes(4, 20, 40)
    };
    let (usual, few) = (sizes(4, 20, 17), sizes(9, 2, 30));
    let all = [usual, few, sizes(32, 40, 17), small, single];
    let suits = all.map(|sizes| winograd::suits(&sizes));
    assert_eq!(suits, [false, false, true, false, false]);
    let thirds = |length, seed| {
        numbers(length, seed)
            .iter()
            .map(|value| value / 3.0)
            .collect::<Vec<f32>>()
    };
    for sizes in all {
        let [x, weight, y] = sizes.lengths();
        let (x, weight, grad) = (thirds(x, 1), thirds(weight, 2), thirds(y, 3));
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let level = Level::detect();
                [
                    forward_at(level, &sizes, &x, &weight, None),
                    input_gradient_at(level, &sizes, &grad, &weight),
                    weight_gradient_at(level, &sizes, &x, &grad),
                ]
            })
        };
        let one = run(1);
        assert_eq!(one, run(2), "{sizes:?}");
        assert_eq!(one, run(5), "{sizes:?}");
    }
}

fn check_pooling(sizes: &pooling::Sizes, x: &[f32]) {
    let windows = reference::windows(sizes);
    let grad = numbers(windows.len(), 5);
    let mut max = Vec::new();
    let mut max_gradient = vec![0.0; x.len()];
    let (mut average, mut average_gradient) = (
        [vec![], vec![]],
        [max_gradient.clone(), max_gradient.clone()],
    );
    for (window, grad) in windows.iter().zip(&grad) {
        let seen: Vec<usize> = window.iter().flatten().copied().collect();
        let largest = seen
            .iter()
            .map(|&at| x[at])
            .fold(f32::NEG_INFINITY, f32::max);
        max.push(largest);
        if let Some(&first) = seen.iter().find(|&&at| x[at] == largest) {
            max_gradient[first] += grad;
        }
        for (padding, divisor) in [seen.len(), window.len()].into_iter().enumerate() {
            average[padding].push(seen.iter().map(|&at| x[at]).sum::<f32>() / divisor as f32);
            seen.iter()
                .for_each(|&at| average_gradient[padding][at] += grad / divisor as f32);
        }
    }
    assert_eq!(pooling::max_forward(sizes, x), max, "{sizes:?}");
    assert_close(
        "max_gradient",
        &pooling::max_gradient(sizes, x, &grad),
        &max_gradient,
    );
    for (padding, counted) in [false, true].into_iter().enumerate() {
        assert_close(
            "average",
            &pooling::average_forward(sizes, counted, x),
            &average[padding],
        );
        let fast = pooling::average_gradient(sizes, counted, &grad);
        assert_close("average_gradient", &fast, &average_gradient[padding]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "too slow there")]
    fn pooling_and_its_gradients_agree_with_the_definition(rows in axis(), columns in axis(), planes in 1..=3_usize) {
        let pair = |i: usize| [rows[i], columns[i]];
        // At most half of a window may be padding.
        let padding = [rows[3].min(rows[1] / 2), columns[3].min(columns[1] / 2)];
        let geometry = Geometry { kernel: pair(1), stride: pair(2), padding, dilation: pair(4) };
        if let Ok(output) = geometry.output_size(pair(0)) {
            let sizes = pooling::Sizes { geometry, planes, input: pair(0), output };
            // A window all in the padding has no average.
            prop_assume!(reference::windows(&sizes).iter().all(|window| window.iter().any(Option::is_some)));
            check_pooling(&sizes, &numbers(planes * rows[0] * columns[0], 6));
        }
    }
}

#[test]
fn the_gradient_goes_to_the_first_of_the_largest_and_to_nan_before_all() {
    let geometry = Geometry::new((1, 2)).stride((1, 2));
    let sizes = pooling::Sizes {
        geometry,
        planes: 1,
        input: [1, 8],
        output: [1, 4],
    };
    let x = [
        0.0,
        -0.0,
        -1.0,
        -f32::NAN,
        f32::NEG_INFINITY,
        f32::NEG_INFINITY,
        -2.0,
        -1.0,
    ];
    let gradient = pooling::max_gradient(&sizes, &x, &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(gradient, [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 4.0]);
}
