//! Writes a page with one figure of each kind, to be looked at: `cargo run -p convcore --features figures --example gallery -- FILE.html`.

use convcore::figure::{self, Figure};
use convcore::{Geometry, Tensor, image};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: gallery FILE.html")?;
    let mut page = String::from("<!doctype html><meta charset=utf-8><title>Figures</title>");
    for (name, figure) in figures()? {
        eprintln!(
            "{name}: {} bytes",
            figure.png().map_or(figure.svg().len(), |png| png.len())
        );
        page += &format!(
            "<h2>{name}</h2><figure>{}<figcaption>{}</figcaption></figure><p><small>{}</small>\n",
            figure.svg(),
            figure.caption_text(),
            figure.alt_text()
        );
    }
    std::fs::write(file, page)?;
    Ok(())
}

fn figures() -> Result<Vec<(&'static str, Figure)>, Box<dyn std::error::Error>> {
    let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
    let k = Tensor::from([[0., 1.], [2., 3.]]);
    let camera = image::read_gray(sample_data::camera())?;
    let cat = image::read_rgb(sample_data::chelsea())?;
    let weights = Tensor::from([[0.25, -0.125, 1.5], [-0.75, 0.333, 0.0], [-1.25, 0.8, 0.06]]);
    let big = Tensor::new(
        &[256, 255],
        (0..256 * 255)
            .map(|i| {
                camera.as_slice()[i / 255 * 256 + i % 255]
                    - camera.as_slice()[i / 255 * 256 + i % 255 + 1]
            })
            .collect::<Vec<f32>>(),
    );
    let loss1: Vec<f32> = (0..30).map(|i| 14.0 * 0.8_f32.powi(i) + 0.3).collect();
    let loss2: Vec<f32> = (0..30).map(|i| 11.0 * 0.87_f32.powi(i) + 0.8).collect();
    let loss3: Vec<f32> = (0..30).map(|i| 15.0 * 0.93_f32.powi(i) + 0.5).collect();
    let stripes = Tensor::from([[1., 1., 0., 0., 0., 0., 1., 1.]; 6]);
    let edges = Tensor::from([[0., 1., 0., 0., 0., -1., 0.]; 6]);
    let digits: Vec<(String, Tensor)> = (0..20)
        .map(|i| {
            (
                format!("{} read as {}", i % 10, (i * 3) % 10),
                Tensor::new(
                    &[28, 28],
                    (0..784)
                        .map(|p| {
                            (((p / 28) as f32 - 14.).powi(2) + ((p % 28) as f32 - 14.).powi(2)
                                - (i * 5) as f32)
                                .abs()
                                .min(60.)
                                / 60.
                        })
                        .collect::<Vec<f32>>(),
                ),
            )
        })
        .collect();
    let maps = Tensor::new(
        &[8, 256, 255],
        (0..8)
            .flat_map(|c| {
                big.as_slice()
                    .iter()
                    .map(move |v| (v * (c as f32 - 3.5)).max(0.))
                    .collect::<Vec<f32>>()
            })
            .collect::<Vec<f32>>(),
    );
    let wave = |n: usize| {
        (0..n)
            .map(|i| ((i * 7919) % 101) as f32 / 50.5 - 1.0)
            .collect::<Vec<f32>>()
    };
    let a = Tensor::from([2., 4.]).requires_grad().name("a");
    let y = ((a.powi(2) + a.flip(0)).name("b") * 2.).name("y");
    y.backward_with(&Tensor::from([1., 2.]));
    let w = Tensor::from([[0.5, -1.0], [2.0, 0.25]])
        .requires_grad()
        .name("weight");
    let bias = Tensor::from([0.1, -0.2]).requires_grad().name("bias");
    let input = Tensor::from([[1., 2.], [3., -1.]]).name("x");
    let loss = ((input.matmul(&w) + &bias).relu()
        - Tensor::from([[1., 0.], [0., 1.]]).name("target"))
    .powi(2)
    .mean()
    .name("loss");
    loss.backward();
    let unit = |x: &Tensor| {
        let s = x.sigmoid();
        &s * (1. - &s) + x * &s
    };
    let deep = unit(&unit(&a).name("h")).sum().name("out");
    deep.backward();
    let three = Geometry::new(3).padding(1);
    let detector = [
        ("conv1_1", three),
        ("conv1_2", three),
        ("pool1", Geometry::pooling(2)),
        ("conv2_1", three),
        ("conv2_2", three),
    ];
    let labels: Vec<usize> = (0..10000).map(|i| i % 10).collect();
    let predictions: Vec<usize> = (0..10000)
        .map(|i| {
            if i % 37 == 0 {
                (i * i + i / 7) % 10
            } else {
                i % 10
            }
        })
        .collect();
    Ok(vec![
        (
            "receptive field",
            figure::receptive_field(
                [11, 11],
                &[
                    ("first", Geometry::new(3)),
                    ("second", Geometry::new(3)),
                    ("third", Geometry::new(3)),
                ],
                [2, 2],
            ),
        ),
        (
            "receptive field, detector",
            figure::receptive_field([32, 32], &detector, [2, 8]),
        ),
        (
            "windows",
            figure::windows([8, 8], &Geometry::new(3).stride(2)),
        ),
        (
            "windows, padded",
            figure::windows(
                [8, 8],
                &Geometry::new((3, 5)).padding((0, 1)).stride((3, 4)),
            ),
        ),
        (
            "confusion",
            figure::confusion_matrix(&labels, &predictions, 10),
        ),
        (
            "bars",
            figure::bar_chart("weights")
                .bar("fully connected, 256 by 256 to 254 by 254", 4228120576.)
                .bar("convolution", 9.)
                .bar("two", 1_828_120_576.),
        ),
        (
            "bars, signed",
            figure::bar_chart("change")
                .bar("up", 0.25)
                .bar("down", -0.125),
        ),
        (
            "window on a photograph",
            figure::photo(&camera).window(60..100, 90..150),
        ),
        (
            "window on a heat map",
            figure::heat_map(&x).window(0..2, 1..3),
        ),
        (
            "heat map of one row",
            figure::heat_map(&Tensor::from([1., 2., 3., 2., 1., 0., 0.])),
        ),
        ("graph", figure::graph(&y)),
        ("graph of a layer", figure::graph(&loss)),
        ("graph, larger", figure::graph(&deep)),
        ("max pool", figure::max_pool(&x, 2, 1)),
        ("average pool", figure::avg_pool(&x, 2, 1)),
        (
            "max pool, padded",
            figure::max_pool(
                &Tensor::new(&[4, 4], (0..16).map(|i| i as f32).collect::<Vec<f32>>()),
                3,
                (2, 1),
            )
            .padding(1),
        ),
        ("tiles", figure::tiles(&digits)),
        (
            "tiles, short labels",
            figure::tiles(
                &digits
                    .iter()
                    .enumerate()
                    .map(|(i, d)| (i, d.1.clone()))
                    .collect::<Vec<_>>(),
            ),
        ),
        ("feature maps", figure::feature_maps(&maps)),
        (
            "kernels",
            figure::kernels(&Tensor::new(&[6, 1, 5, 5], wave(150))),
        ),
        (
            "kernels, numbered",
            figure::kernels(&Tensor::new(
                &[3, 2, 2, 2],
                (0..24).map(|i| i as f32).collect::<Vec<f32>>(),
            )),
        ),
        (
            "kernels, many",
            figure::kernels(&Tensor::new(&[8, 3, 3, 3], wave(216))),
        ),
        ("grid", figure::grid(&x).title("Input").window(0..2, 0..2)),
        ("grid, fractions", figure::grid(&weights).title("Kernel")),
        (
            "padding",
            figure::grid(&x)
                .title("Padded input")
                .padding(1)
                .window(0..2, 0..2),
        ),
        ("cross-correlation", figure::cross_correlation(&x, &k)),
        (
            "cross-correlation, padded",
            figure::cross_correlation(&x, &k).padding(1).at(1, 2),
        ),
        (
            "strides",
            figure::cross_correlation(&x, &k).padding(1).stride((3, 2)),
        ),
        (
            "3 by 3 kernel",
            figure::cross_correlation(&stripes, &Tensor::from([[1., 0., -1.]; 3])),
        ),
        (
            "unread",
            figure::cross_correlation(&stripes, &Tensor::from([[1., 0., -1.]; 3])).stride(2),
        ),
        (
            "dilation",
            figure::cross_correlation(&stripes, &Tensor::from([[1., -1.]; 2])).dilation(2),
        ),
        ("stripes", figure::grid(&stripes)),
        ("heat map, small", figure::heat_map(&edges)),
        ("heat map, one sign", figure::heat_map(&x)),
        ("heat map, large", figure::heat_map(&big)),
        (
            "photo",
            figure::photo(&camera).alt("A man looks through a camera."),
        ),
        (
            "side by side",
            figure::side_by_side([
                ("photograph", figure::photo(&cat)),
                ("vertical edges", figure::heat_map(&big)),
            ]),
        ),
        (
            "side by side, small",
            figure::side_by_side([
                ("input X", figure::heat_map(&stripes)),
                ("target Y", figure::heat_map(&edges)),
            ]),
        ),
        (
            "line chart",
            figure::line_chart()
                .series("loss", &loss1)
                .x_label("step")
                .y_label("sum of squared errors"),
        ),
        (
            "line chart, several",
            figure::line_chart()
                .series("0.01", &loss1)
                .series("0.003", &loss2)
                .series("0.001", &loss3)
                .x_label("step")
                .y_label("loss"),
        ),
    ])
}
