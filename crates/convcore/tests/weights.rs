//! Weights that others have written: they load by name and compute what they should.

use std::path::Path;

use convcore::nn::{
    AvgPool2d, Conv2d, Flatten, Linear, MaxPool2d, Module, Relu, Sequential, StateError, Tanh,
    load_state, state,
};
use convcore::{safetensors, seeded};

fn model(seed: u64) -> Sequential {
    let rng = &mut seeded(seed);
    Sequential::new()
        .add(
            "conv1",
            Conv2d::new(1, 4, 3)
                .stride(2)
                .padding(1)
                .build(rng)
                .unwrap(),
        )
        .add("relu", Relu)
        .add("pool", MaxPool2d::new(2).build().unwrap())
        .add(
            "conv2",
            Conv2d::new(4, 6, 3)
                .padding(1)
                .groups(2)
                .bias(false)
                .build(rng)
                .unwrap(),
        )
        .add("tanh", Tanh)
        .add("average", AvgPool2d::new(2).build().unwrap())
        .add("flatten", Flatten::new())
        .add("fc", Linear::new(6, 3).build(rng).unwrap())
}

fn pytorch_model() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/model.safetensors")
}

#[test]
fn a_model_that_pytorch_wrote_computes_what_it_did_there() {
    let mut values = safetensors::load(pytorch_model()).unwrap();
    let (x, y) = (values.remove("x").unwrap(), values.remove("y").unwrap());
    let mut model = model(1);
    load_state(&mut model, &values).unwrap();
    assert!(model.forward(&x).allclose(&y, 1e-6));
    assert!(
        model
            .parameters()
            .iter()
            .all(|parameter| parameter.needs_grad()),
        "they can be trained further"
    );
}

#[test]
fn a_saved_model_has_the_names_shapes_and_bytes_that_pytorch_writes() {
    let mut values = safetensors::load(pytorch_model()).unwrap();
    values.retain(|name, _| !["x", "y"].contains(&name.as_str()));
    let mut model = model(2);
    load_state(&mut model, &values).unwrap();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("saved.safetensors");
    safetensors::save(&path, &state(&model)).unwrap();
    assert_eq!(safetensors::load(&path).unwrap(), values);
    // The package's own layout: header length, JSON, then the data. Tensors of one type are ordered by name.
    let bytes = std::fs::read(&path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let json: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).unwrap();
    assert_eq!(json["conv1.weight"]["dtype"], "F32");
    assert_eq!(
        json["conv1.weight"]["shape"],
        serde_json::json!([4, 1, 3, 3])
    );
}

#[test]
fn values_that_do_not_fit_change_nothing() {
    let mut model = model(3);
    let before = state(&model);
    let mut lacking = before.clone();
    lacking.remove("fc.bias");
    let mut too_many = before.clone();
    too_many.insert("fc2.bias".into(), before["fc.bias"].clone());
    let mut other_shape: std::collections::BTreeMap<_, _> = before
        .iter()
        .map(|(name, value)| (name.clone(), value * 2.))
        .collect();
    other_shape.insert("fc.weight".into(), before["fc.weight"].transpose());
    assert!(
        matches!(load_state(&mut model, &lacking), Err(StateError::Missing { name }) if name == "fc.bias")
    );
    assert!(
        matches!(load_state(&mut model, &too_many), Err(StateError::Unexpected { name }) if name == "fc2.bias")
    );
    assert!(
        matches!(load_state(&mut model, &other_shape), Err(StateError::Shape { name, .. }) if name == "fc.weight")
    );
    assert_eq!(state(&model), before);
}

#[cfg(feature = "figures")]
mod edge_detector {
    //! The trained edge detector on the photographs. The values were computed with numpy.

    use convcore::nn::{Conv2d, Module, load_state};
    use convcore::{Geometry, Tensor, image, max_pool2d, safetensors, seeded};

    /// A layer with the weights of this name.
    fn layer(name: &str, channels: usize, filters: usize, kernel: usize) -> Conv2d {
        let mut layer = Conv2d::new(channels, filters, kernel)
            .padding(kernel / 2)
            .build(&mut seeded(1))
            .unwrap();
        let weights = safetensors::load(sample_data::edge_detector()).unwrap();
        let own = |key: &String| key.strip_prefix(name)?.strip_prefix('.').map(str::to_owned);
        let own = weights
            .into_iter()
            .filter_map(|(key, value)| Some((own(&key)?, value)));
        load_state(&mut layer, &own.collect()).unwrap();
        layer
    }

    /// What the detector expects of an RGB image in 0..=1, `[3, H, W]`.
    fn prepared(rgb: &Tensor) -> Tensor {
        let mean = Tensor::from([[[122.67892]], [[116.66877]], [[104.00699]]]);
        let [_, h, w] = *rgb.shape() else {
            panic!("no RGB image")
        };
        (rgb * 255. - mean).reshape(&[1, 3, h, w])
    }

    #[test]
    fn side_outputs_on_the_cat() {
        let x = prepared(&image::read_rgb(sample_data::chelsea()).unwrap());
        let block1 = layer("conv1_2", 64, 64, 3)
            .forward(&layer("conv1_1", 3, 64, 3).forward(&x).relu())
            .relu();
        let side1 = layer("side1", 64, 1, 1).forward(&block1);
        assert!(
            (side1[[0, 0, 128, 128]] - -0.39856).abs() < 1e-4,
            "{}",
            side1[[0, 0, 128, 128]]
        );
        assert!(
            (side1.mean().item() - -0.32211).abs() < 1e-4,
            "{}",
            side1.mean()
        );
        let pooled = max_pool2d(&block1, Geometry::pooling(2));
        let block2 = layer("conv2_2", 128, 128, 3)
            .forward(&layer("conv2_1", 64, 128, 3).forward(&pooled).relu())
            .relu();
        let side2 = layer("side2", 128, 1, 1).forward(&block2);
        assert!(
            (side2.mean().item() - -1.54471).abs() < 1e-4,
            "{}",
            side2.mean()
        );
    }

    #[test]
    fn the_first_layer_on_the_photographer() {
        let gray = image::read_gray(sample_data::camera()).unwrap();
        let x = prepared(&Tensor::stack(&[&gray, &gray, &gray], 0));
        let y = layer("conv1_1", 3, 64, 3).forward(&x).relu();
        let got = y
            .select(0, 0)
            .select(0, 0)
            .select(0, 100)
            .slice(0, 100..104);
        assert!(
            got.allclose(&Tensor::from([0., 3.62535, 5.61769, 1.11310]), 1e-4),
            "{got}"
        );
    }
}
