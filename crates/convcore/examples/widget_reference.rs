//! What the pages' widgets must compute, and a page's worth of figures that move: for the browser tests in `tests/pages`.
//!
//! `cargo run -p convcore --features figures --example widget_reference -- FILE` writes, as JSON:
//! - `geometry`: for every setting of the geometry calculator, in the order of its loops, the output size (0: it fits nowhere) and
//!   what is never read, as bits;
//! - `photograph` and `kernels`: the photograph's pixels, and kernels with what [`corr2d`] makes of it (f32, little-endian, in base64);
//! - `stacks`: stacks of layers with each layer's receptive field and length;
//! - `html`: every kind of figure that moves, and the widgets.

use std::error::Error;
use std::fmt::Write as _;

use convcore::figure::{self, Figure};
use convcore::{Geometry, Rng, Tensor, corr2d, image, receptive_field, seeded};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args()
        .nth(1)
        .ok_or("usage: widget_reference FILE")?;
    let photograph = image::read_gray(sample_data::camera())?;
    let reference = json!({
        "geometry": geometry(),
        "photograph": base64(&photograph),
        "kernels": kernels(&photograph),
        "stacks": stacks()?,
        "html": html(&photograph)?,
    });
    std::fs::write(file, reference.to_string())?;
    Ok(())
}

/// The ranges are the calculator's own; the test checks that.
fn geometry() -> Value {
    let mut results = Vec::new();
    for input in 1..=16 {
        for kernel in 1..=7 {
            for padding in 0..=4 {
                for stride in 1..=5 {
                    for dilation in 1..=4 {
                        let geometry = Geometry::new(kernel)
                            .padding(padding)
                            .stride(stride)
                            .dilation(dilation);
                        let size = geometry
                            .output_size([input, input])
                            .map_or(0, |[rows, _]| rows);
                        let unread = geometry.unread([input, input]).unwrap_or_default();
                        let bits = unread[0].iter().fold(0_u32, |bits, line| bits | 1 << line);
                        results.push(json!([size, bits]));
                    }
                }
            }
        }
    }
    Value::Array(results)
}

fn kernels(photograph: &Tensor) -> Value {
    let third = 1. / 3.;
    let ninth = 1. / 9.;
    let kernels = [
        [0., 0., 0., 0., 1., 0., 0., 0., 0.],
        [ninth; 9],
        [0., -1., 0., -1., 5., -1., 0., -1., 0.],
        [-1., 0., 1., -2., 0., 2., -1., 0., 1.],
        [-1., -2., -1., 0., 0., 0., 1., 2., 1.],
        [-2., -1., 0., -1., 1., 1., 0., 1., 2.],
        [0., 1., 0., 1., -4., 1., 0., 1., 0.],
        // No symmetry, so that nothing flipped or turned would pass.
        [0.25, -1.5, 3., 0.125, third, -0.75, 2., -2.5, 0.5],
        [1., 2., 3., 4., 5., 6., 7., 8., 9.],
    ];
    let results = kernels.map(|weights| {
        let result = corr2d(photograph, &Tensor::new(&[3, 3], weights.to_vec()));
        json!({ "weights": weights, "result": base64(&result) })
    });
    Value::Array(results.to_vec())
}

/// Stacks of one to six layers, drawn from the explorer's ranges.
fn stacks() -> Result<Value, Box<dyn Error>> {
    let mut rng = seeded(7);
    let mut results = Vec::new();
    for _ in 0..2000 {
        let count = between(&mut rng, 1, 6);
        let layers: Vec<(&str, Geometry)> = (0..count)
            .map(|_| {
                let kernel = between(&mut rng, 1, 9);
                let geometry = Geometry::new(kernel)
                    .stride(between(&mut rng, 1, 4))
                    .padding(between(&mut rng, 0, 8))
                    .dilation(between(&mut rng, 1, 8));
                ("layer", geometry)
            })
            .collect();
        let input = between(&mut rng, 4, 32);
        let mut length = Some(input);
        let lengths = layers.iter().map(|(_, geometry)| {
            length = length
                .and_then(|length| geometry.output_size([length, length]).ok())
                .map(|[rows, _]| rows);
            json!(length)
        });
        let lengths: Vec<Value> = lengths.collect();
        let fields = receptive_field(&layers)?;
        let fields = fields
            .iter()
            .map(|(_, field)| json!([field.size[0], field.jump[0], field.offset[0]]));
        let settings = layers.iter().map(|(_, layer)| {
            json!([
                layer.kernel[0],
                layer.stride[0],
                layer.padding[0],
                layer.dilation[0]
            ])
        });
        results.push(json!({
            "input": input,
            "layers": settings.collect::<Vec<_>>(),
            "fields": fields.collect::<Vec<_>>(),
            "lengths": lengths,
        }));
    }
    Ok(Value::Array(results))
}

/// A whole number between two, both included.
fn between(rng: &mut Rng, low: usize, high: usize) -> usize {
    let place = Tensor::uniform(&[1], 0.0..1.0, rng).as_slice()[0];
    low + ((place * (high - low + 1) as f32) as usize).min(high - low)
}

fn html(photograph: &Tensor) -> Result<String, Box<dyn Error>> {
    let x = Tensor::arange(9).reshape(&[3, 3]);
    let k = Tensor::arange(4).reshape(&[2, 2]);
    let channels = Tensor::stack(&[&x, &(&x + 1.)], 0);
    let kernels = Tensor::stack(&[&k, &(&k + 1.)], 0);
    let mix = Tensor::new(&[3, 2, 1, 1], vec![1., 2., -1., 0., 0.5, 0.5]);
    let eight = Tensor::arange(64).reshape(&[8, 8]);
    let layers = [
        ("first", Geometry::new(3)),
        ("second", Geometry::new(3).padding(1)),
    ];
    let figures: [(&str, Figure); 9] = [
        ("correlation", figure::cross_correlation(&x, &k)),
        ("padding", figure::cross_correlation(&x, &k).padding(1)),
        (
            "stride",
            figure::cross_correlation(&eight, &Tensor::ones(&[3, 3]))
                .padding(1)
                .stride(2),
        ),
        (
            "dilation",
            figure::cross_correlation(&eight, &k).dilation((3, 2)),
        ),
        ("channels", figure::cross_correlation(&channels, &kernels)),
        ("mix", figure::cross_correlation(&channels, &mix)),
        ("max", figure::max_pool(&x, 2, 1)),
        ("mean", figure::avg_pool(&x, 2, 1)),
        ("field", figure::receptive_field([9, 9], &layers, [1, 1])),
    ];
    let mut html = String::from("<h1>Figures that move</h1>\n");
    let mut add = |id: &str, body: &str| {
        let _ = writeln!(
            html,
            "<figure class=\"literate-figure\" id=\"{id}\">{body}</figure>"
        );
    };
    for (id, figure) in &figures {
        add(id, &figure.html().ok_or("a figure that moves has HTML")?);
    }
    let playground = figure::kernel_playground(photograph).alt("A man at his camera.");
    add(
        "playground",
        &playground.html().ok_or("the playground has HTML")?,
    );
    for widget in ["geometry-calculator", "receptive-field"] {
        let _ = writeln!(
            html,
            "<div class=\"widget\" data-widget=\"{widget}\" id=\"{widget}\"><p>With JavaScript, a {widget} stands here.</p></div>"
        );
    }
    Ok(html)
}

/// The values as f32, little-endian, in base64.
fn base64(tensor: &Tensor) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = tensor
        .as_slice()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |number, &byte| number << 8 | u32::from(byte))
            << (8 * (3 - three.len()));
        for digit in 0..4 {
            let index = (number >> (18 - 6 * digit)) & 63;
            text.push(if digit > three.len() {
                '='
            } else {
                char::from(DIGITS[index as usize])
            });
        }
    }
    text
}
