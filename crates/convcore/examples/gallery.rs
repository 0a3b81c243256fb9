//! Writes a page with each kind of figure, to be looked at, on light ground or on dark:
//! `cargo run -p convcore --features figures --example gallery -- FILE.html`.

use convcore::figure::{self, Figure};
use convcore::{Geometry, Tensor, corr2d, idx, image};

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'><title>Figures</title>\
<style>body { max-width: 750px; margin: auto; padding: 15px; font-family: system-ui, sans-serif }\
@media (prefers-color-scheme: dark) { :root { --figure-ink: #d5d9e0; --figure-line: #8b93a1; --figure-muted: #a0a8b5; --figure-shade: #5d4214;\
--figure-accent: #ffb454; --figure-series-1: #56b4e9; --figure-series-2: #ff9f5a; --figure-series-3: #3fcf9e }\
body { background: #161923; color: #d5d9e0 } } :root { --figure-paper: transparent }\
figure { margin: 2em 0; text-align: center }</style>";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: gallery FILE.html")?;
    let mut page = HEAD.to_owned();
    for figure in figures()? {
        let (svg, caption, alt) = (figure.svg(), figure.caption_text(), figure.alt_text());
        let bytes = figure.png().map_or(svg.len(), |png| png.len());
        page += &format!(
            "<figure>{svg}<figcaption>{caption} ({bytes} bytes)<br><small>{alt}</small></figcaption></figure>\n"
        );
    }
    std::fs::write(file, page)?;
    Ok(())
}

fn figures() -> Result<Vec<Figure>, Box<dyn std::error::Error>> {
    let mut all = Vec::new();
    drawings(&mut all);
    layers(&mut all);
    charts(&mut all);
    pictures(&mut all)?;
    Ok(all)
}

/// Numbers in cells, and windows over them.
fn drawings(all: &mut Vec<Figure>) {
    let x = Tensor::arange(9).reshape(&[3, 3]);
    let k = Tensor::arange(4).reshape(&[2, 2]);
    let stripes = Tensor::from([[1., 1., 0., 0., 0., 0., 1., 1.]; 6]);
    let sobel = Tensor::from([[1., 0., -1.], [2., 0., -2.], [1., 0., -1.]]);
    all.push(
        figure::grid(&x)
            .title("Input")
            .padding(1)
            .window(0..2, 0..2),
    );
    all.push(
        figure::grid(&Tensor::from([[0.25, -0.75, 1.5], [-1.25, 1. / 3., 0.]])).title("Weights"),
    );
    all.push(
        figure::row()
            .part(figure::grid(&x).title("a"))
            .sign("+")
            .part(figure::grid(&x).title("b"))
            .sign("=")
            .part(figure::grid(&(&x + &x)).title("a + b")),
    );
    all.push(figure::cross_correlation(&x, &k));
    all.push(figure::cross_correlation(&x, &k).padding(1).stride((3, 2)));
    all.push(figure::cross_correlation(&stripes, &sobel).stride(2));
    all.push(figure::cross_correlation(&stripes, &Tensor::from([[1., -1.]; 2])).dilation(2));
    all.push(figure::max_pool(&Tensor::arange(16).reshape(&[4, 4]), 3, (2, 1)).padding(1));
    all.push(figure::avg_pool(&x, 2, 1));
    all.push(figure::windows(
        [8, 8],
        &Geometry::new((3, 5)).padding((0, 1)).stride((3, 4)),
    ));
    all.push(figure::heat_map(&corr2d(
        &stripes,
        &Tensor::from([[1., -1.]]),
    )));
    all.push(figure::heat_map(&x).window(0..2, 1..3));
}

/// Stacks of layers, their weights, and the history of a result.
fn layers(all: &mut Vec<Figure>) {
    let three = Geometry::new(3).padding(1);
    let detector = [
        ("conv1_1", three),
        ("conv1_2", three),
        ("pool1", Geometry::pooling(2)),
        ("conv2_1", three),
    ];
    all.push(figure::receptive_field([32, 32], &detector, [2, 8]));
    all.push(figure::kernels(&Tensor::arange(24).reshape(&[3, 2, 2, 2])));
    all.push(figure::kernels(&Tensor::randn(
        &[6, 1, 5, 5],
        &mut convcore::seeded(1),
    )));

    let weight = Tensor::from([[0.5, -1.], [2., 0.25]])
        .requires_grad()
        .name("weight");
    let bias = Tensor::from([0.1, -0.2]).requires_grad().name("bias");
    let input = Tensor::from([[1., 2.], [3., -1.]]).name("x");
    let loss = (input.matmul(&weight) + &bias)
        .relu()
        .powi(2)
        .mean()
        .name("loss");
    loss.backward();
    all.push(figure::graph(&loss));
}

/// Quantities.
fn charts(all: &mut Vec<Figure>) {
    let falling = |start: f32, factor: f32| -> Vec<f32> {
        (0..30).map(|step| start * factor.powi(step)).collect()
    };
    let chart = figure::line_chart()
        .series("0.01", &falling(14., 0.8))
        .series("0.003", &falling(12., 0.87));
    all.push(
        chart
            .series("0.001", &falling(15., 0.93))
            .x_label("step")
            .y_label("loss"),
    );
    all.push(
        figure::bar_chart("weights")
            .bar("fully connected", 1_032_256.)
            .bar("convolution", 9.),
    );
    let labels: Vec<usize> = (0..1000).map(|index| index % 10).collect();
    let predictions: Vec<usize> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| if index % 37 == 0 { index % 7 } else { *label })
        .collect();
    all.push(figure::confusion_matrix(&labels, &predictions, 10));
}

/// Images.
fn pictures(all: &mut Vec<Figure>) -> Result<(), Box<dyn std::error::Error>> {
    let camera = image::read_gray(sample_data::camera())?;
    let edges = corr2d(&camera, &Tensor::from([[1., -1.]]));
    all.push(figure::photo(&camera).alt("A man looks through a camera on a tripod."));
    all.push(figure::photo(&camera).window(60..100, 90..150));
    all.push(figure::side_by_side([
        (
            "photograph",
            figure::photo(&image::read_rgb(sample_data::chelsea())?),
        ),
        ("edges", figure::heat_map(&edges)),
    ]));
    let maps = [&edges, &(&edges * -1.)].map(Tensor::relu);
    all.push(
        figure::feature_maps(&Tensor::stack(&[&maps[0], &maps[1]], 0))
            .labels(["falling", "rising"]),
    );
    let (digits, labels) = (
        idx::read_images(sample_data::test_images())?,
        idx::read_labels(sample_data::test_labels())?,
    );
    let tiles: Vec<(usize, Tensor)> = (0..10)
        .map(|index| (labels[index], digits.select(0, index)))
        .collect();
    all.push(figure::tiles(&tiles));
    Ok(())
}
