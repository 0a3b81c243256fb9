//! The replay example: it agrees with the reference, and answers every malformed case on its own.

#[path = "../examples/replay/case.rs"]
mod case;
#[path = "../examples/replay/params.rs"]
mod params;
#[path = "../examples/replay/replay.rs"]
mod replay;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use convcore::{Tensor, safetensors};
use serde_json::{Value, json};

/// An empty folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_reference_case_agrees_with_pytorch() {
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference");
    let output = folder("reference");
    let counts = replay::run(&reference, &output).unwrap();
    assert_eq!((counts.computed, counts.refused), (89, 0));
    let (want, got) = (
        safetensors::load(reference.join("cases.safetensors")).unwrap(),
        safetensors::load(output.join("results.safetensors")).unwrap(),
    );
    let answers = read_json(&output.join("results.json"));
    let cases = read_json(&reference.join("cases.json"));
    let mut compared = 0;
    for case in cases["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        assert_eq!(answers[name], "ok", "{name}");
        for output in case["outputs"].as_array().unwrap() {
            let key = format!("{name}.out.{}", output.as_str().unwrap());
            let (want, got) = (&want[&key], &got[&key]);
            assert_eq!(want.shape(), got.shape(), "{key}");
            for (want, got) in want.as_slice().iter().zip(got.as_slice()) {
                assert!(
                    (got - want).abs() <= 1e-5 + 1e-4 * want.abs(),
                    "{key}: {got} instead of {want}"
                );
            }
            compared += 1;
        }
    }
    assert_eq!((compared, got.len()), (252, 252));
}

/// What replay answers to one case, among good ones before and after it.
struct Bench {
    cases: Vec<Value>,
    tensors: BTreeMap<String, Tensor>,
    wanted: Vec<(String, String)>,
}

impl Bench {
    fn tensor(&mut self, case: &str, input: &str, tensor: Tensor) {
        self.tensors.insert(format!("{case}.in.{input}"), tensor);
    }

    /// A case that must be answered with an error that contains `wanted`.
    fn refused(&mut self, op: &str, params: Value, inputs: &[(&str, &[usize])], wanted: &str) {
        let name = format!("case{}", self.cases.len());
        for (input, shape) in inputs {
            self.tensor(&name, input, Tensor::ones(shape));
        }
        let names: Vec<&str> = inputs.iter().map(|(input, _)| *input).collect();
        self.refused_case(
            json!({"name": name, "op": op, "params": params, "inputs": names}),
            wanted,
        );
    }

    fn refused_case(&mut self, case: Value, wanted: &str) {
        let name = case["name"]
            .as_str()
            .map_or(format!("case {}", self.cases.len()), str::to_owned);
        self.cases.push(case);
        self.wanted.push((name, wanted.to_owned()));
    }
}

#[test]
fn every_malformed_case_gets_an_error_that_names_what_did_not_fit_and_the_rest_are_computed() {
    let mut bench = Bench {
        cases: Vec::new(),
        tensors: BTreeMap::new(),
        wanted: Vec::new(),
    };
    let good = |name: &str| json!({"name": name, "op": "relu", "params": {}, "inputs": ["x", "dy"], "outputs": ["y", "grad_x"]});
    for name in ["first", "last"] {
        bench.tensor(name, "x", Tensor::from([-1., 2.]));
        bench.tensor(name, "dy", Tensor::from([3., 4.]));
    }
    bench.cases.push(good("first"));

    // Geometry.
    let x: (&str, &[usize]) = ("x", &[1, 2, 5, 5]);
    let weight: (&str, &[usize]) = ("weight", &[3, 2, 3, 3]);
    let dy: (&str, &[usize]) = ("dy", &[1, 3, 3, 3]);
    let conv = [x, weight, dy];
    let pool = [x, ("dy", &[1, 2, 2, 2][..])];
    for (params, wanted) in [
        (
            json!({"dilation": [3, 1]}),
            "the kernel's height 3 (7 with dilation 3) is larger than the padded input's 5",
        ),
        (json!({"stride": [0, 1]}), "the stride's height is 0"),
        (json!({"dilation": 0}), "the dilation's height is 0"),
        (json!({"groups": 0}), "0 groups"),
        (
            json!({"groups": 2}),
            "3 filters, which 2 groups do not divide",
        ),
        (
            json!({"groups": 3}),
            "input has 2 channels, weight [3, 2, 3, 3] with groups 3 expects 6",
        ),
        (
            json!({"groups": -1}),
            "groups is -1; it must not be negative",
        ),
        (
            json!({"groups": i64::MIN}),
            "groups is -9223372036854775808; it must not be negative",
        ),
        (json!({"groups": u64::MAX}), "groups"),
        (
            json!({"stride": [-1, 1]}),
            "stride is -1; it must not be negative",
        ),
        (
            json!({"stride": [u64::MAX, u64::MAX]}),
            "the result [1, 3, 1, 1]",
        ),
        (
            json!({"padding": -3}),
            "padding is -3; it must not be negative",
        ),
        (
            json!({"padding": 1_000_000_000_000_u64}),
            "does not fit in memory",
        ),
        (
            json!({"padding": 100_000}),
            "the result [1, 3, 200003, 200003]",
        ),
        (
            json!({"padding": i64::MAX}),
            "the padded input overflows along the height",
        ),
        (
            json!({"padding": u64::MAX}),
            "the padded input overflows along the height",
        ),
        (
            json!({"padding": 1e30}),
            "padding is 1e+30; that is too large",
        ),
        (
            json!({"padding": 1.5}),
            "padding must be a whole number, not 1.5",
        ),
        (
            json!({"padding": "same"}),
            "padding must be a whole number, not \"same\"",
        ),
        (
            json!({"padding": null}),
            "padding must be a whole number, not null",
        ),
        (
            json!({"padding": true}),
            "padding must be a whole number, not true",
        ),
        (
            json!({"padding": [1]}),
            "padding must have two numbers (height, width), not 1",
        ),
        (
            json!({"padding": [1, [2]]}),
            "padding must be a whole number, not [2]",
        ),
        (
            json!({"dilation": u64::MAX}),
            "the dilated kernel overflows along the height",
        ),
        (
            json!({"padding_mode": "reflect"}),
            "unknown parameter \"padding_mode\"",
        ),
        (json!([1, 2]), "params must be a JSON object, not [1,2]"),
    ] {
        bench.refused("conv2d", params, &conv, wanted);
    }
    for op in ["max_pool2d", "avg_pool2d"] {
        for (params, wanted) in [
            (json!({}), "kernel_size is missing"),
            (json!({"kernel_size": 0}), "the kernel's height is 0"),
            (
                json!({"kernel_size": [2, 6]}),
                "the kernel's width 6 is larger than the padded input's 5",
            ),
            (
                json!({"kernel_size": 2, "stride": 0}),
                "the stride's height is 0",
            ),
            (
                json!({"kernel_size": 2, "padding": [0, 2]}),
                "padding 2 is more than half of the pooling window's width 2",
            ),
            (
                json!({"kernel_size": 1_000_000_000_000_u64, "padding": 500_000_000_000_u64}),
                "the result [1, 2, 1, 1]",
            ),
            (
                json!({"kernel_size": "2"}),
                "kernel_size must be a whole number, not \"2\"",
            ),
            (
                json!({"kernel_size": 2, "ceil_mode": true}),
                "unknown parameter \"ceil_mode\"",
            ),
        ] {
            bench.refused(op, params, &pool, wanted);
        }
    }
    bench.refused(
        "avg_pool2d",
        json!({"kernel_size": 2, "count_include_pad": 1}),
        &pool,
        "true or false, not 1",
    );
    bench.refused(
        "avg_pool2d",
        json!({"kernel_size": 2, "dilation": 2}),
        &pool,
        "dilation",
    );

    // Shapes.
    bench.refused(
        "conv2d",
        json!({}),
        &[("x", &[2, 5, 5]), weight, dy],
        "input [2, 5, 5] must be",
    );
    bench.refused(
        "conv2d",
        json!({}),
        &[x, ("weight", &[3, 2, 3]), dy],
        "weight [3, 2, 3]",
    );
    bench.refused(
        "conv2d",
        json!({}),
        &[x, weight, ("bias", &[2]), dy],
        "bias [2] does not fit the 3 filters",
    );
    bench.refused(
        "conv2d",
        json!({}),
        &[x, ("weight", &[3, 2, 0, 3]), dy],
        "the kernel's height is 0",
    );
    bench.refused(
        "conv2d",
        json!({}),
        &[("x", &[1, 2, 0, 5]), weight, dy],
        "the input's height is 0",
    );
    bench.refused(
        "conv2d",
        json!({}),
        &[x, weight, ("dy", &[3, 3, 3])],
        "dy has shape [3, 3, 3], the result [1, 3, 3, 3]",
    );
    bench.refused(
        "max_pool2d",
        json!({"kernel_size": 1}),
        &[("x", &[5]), ("dy", &[5])],
        "input [5] must be",
    );
    bench.refused(
        "linear",
        json!({}),
        &[("x", &[2, 3]), ("weight", &[4, 5]), ("dy", &[2, 4])],
        "3 features, weight [4, 5] expects 5",
    );
    bench.refused(
        "linear",
        json!({}),
        &[("x", &[3]), ("weight", &[4, 3]), ("dy", &[4])],
        "input [3] must be",
    );
    bench.refused(
        "matmul",
        json!({}),
        &[("a", &[2, 3]), ("b", &[2, 3]), ("dy", &[2, 3])],
        "3 columns against 2 rows",
    );
    bench.refused(
        "matmul",
        json!({}),
        &[("a", &[2]), ("b", &[2, 3]), ("dy", &[3])],
        "not those of two matrices",
    );
    bench.refused(
        "matmul",
        json!({}),
        &[("a", &[1 << 20, 0]), ("b", &[0, 1 << 20]), ("dy", &[1])],
        "the result [1048576, 1048576]",
    );
    bench.refused(
        "add",
        json!({}),
        &[("a", &[2, 3]), ("b", &[2]), ("dy", &[2, 3])],
        "add: shapes [2, 3] and [2] do not broadcast",
    );
    bench.refused(
        "div",
        json!({}),
        &[("a", &[1 << 20, 1]), ("b", &[1, 1 << 20]), ("dy", &[1])],
        "the result [1048576, 1048576]",
    );
    bench.refused(
        "sum",
        json!({}),
        &[("x", &[2]), ("dy", &[1])],
        "dy has shape [1], the result []",
    );

    // Targets.
    let scores = [("x", &[2, 3][..]), ("dy", &[][..])];
    for (params, wanted) in [
        (json!({}), "target is missing"),
        (
            json!({"target": [0, 3]}),
            "target 3 is none of the 3 classes",
        ),
        (
            json!({"target": [0, -1]}),
            "target is -1; it must not be negative",
        ),
        (json!({"target": [0]}), "2 rows, there are 1 targets"),
        (json!({"target": [0, 1, 2]}), "2 rows, there are 3 targets"),
        (
            json!({"target": [0, 1.0]}),
            "target must be a whole number, not 1.0",
        ),
        (json!({"target": "01"}), "target must be a list"),
        (json!({"target": [0, u64::MAX]}), "is none of the 3 classes"),
    ] {
        bench.refused("cross_entropy", params, &scores, wanted);
    }
    bench.refused(
        "cross_entropy",
        json!({"target": [0]}),
        &[("x", &[3]), ("dy", &[])],
        "no matrix of rows and classes",
    );

    // The case itself.
    bench.refused(
        "fft",
        json!({}),
        &[("x", &[2]), ("dy", &[2])],
        "unknown operation \"fft\"",
    );
    bench.refused(
        "relu",
        json!({}),
        &[("x", &[2])],
        "the case lists no input \"dy\"",
    );
    bench.refused(
        "relu",
        json!({}),
        &[("dy", &[2])],
        "the case lists no input \"x\"",
    );
    bench.refused(
        "relu",
        json!({}),
        &[("x", &[2]), ("weight", &[2]), ("dy", &[2])],
        "relu takes no input \"weight\"",
    );
    bench.refused(
        "relu",
        json!({"inplace": true}),
        &[("x", &[2]), ("dy", &[2])],
        "unknown parameter \"inplace\"",
    );
    bench.refused_case(
        json!({"name": "absent", "op": "relu", "inputs": ["x", "dy"]}),
        "there is no tensor \"absent.in.x\"",
    );
    bench.refused_case(json!({"name": "no op"}), "op must be a string");
    bench.refused_case(json!({"op": "relu"}), "no name");
    bench.refused_case(json!({"name": 7, "op": "relu"}), "no name");
    bench.refused_case(json!("relu"), "not a JSON object");
    bench.refused_case(
        json!({"name": "odd inputs", "op": "relu", "inputs": "x"}),
        "inputs must be a list of names",
    );
    bench.refused_case(
        json!({"name": "twice", "op": "relu", "inputs": []}),
        "several cases have the name \"twice\"",
    );
    bench
        .cases
        .push(json!({"name": "twice", "op": "relu", "inputs": []}));
    bench.tensor("odd outputs", "x", Tensor::ones(&[1]));
    bench.tensor("odd outputs", "dy", Tensor::ones(&[1]));
    bench.refused_case(
        json!({"name": "odd outputs", "op": "relu", "outputs": ["grad_z"]}),
        "relu has no output \"grad_z\"",
    );

    bench.cases.push(good("last"));

    let (input, output) = (folder("hostile"), folder("hostile-results"));
    std::fs::write(
        input.join("cases.json"),
        json!({"cases": bench.cases}).to_string(),
    )
    .unwrap();
    safetensors::save(input.join("cases.safetensors"), &bench.tensors).unwrap();
    replay::run(&input, &output).unwrap();

    let answers = read_json(&output.join("results.json"));
    for (name, wanted) in &bench.wanted {
        let answer = answers[name].as_str().unwrap_or("nothing");
        assert!(
            answer.starts_with("error: ") && answer.contains(wanted),
            "{name}: {answer}\nwanted: {wanted}"
        );
    }
    let results = safetensors::load(output.join("results.safetensors")).unwrap();
    assert_eq!(
        results.len(),
        4,
        "two outputs of each good case, and no others"
    );
    for name in ["first", "last"] {
        assert_eq!(answers[name], "ok");
        assert_eq!(results[&format!("{name}.out.y")], Tensor::from([0., 2.]));
        assert_eq!(
            results[&format!("{name}.out.grad_x")],
            Tensor::from([0., 4.])
        );
    }
}

#[test]
fn odd_but_sound_cases_are_computed() {
    let (input, output) = (folder("odd"), folder("odd-results"));
    let mut bench = Bench {
        cases: Vec::new(),
        tensors: BTreeMap::new(),
        wanted: Vec::new(),
    };
    let mut add = |name: &str, op: &str, params: Value, inputs: &[(&str, Tensor)]| {
        bench
            .cases
            .push(json!({"name": name, "op": op, "params": params}));
        inputs
            .iter()
            .for_each(|(input, tensor)| bench.tensor(name, input, tensor.clone()));
    };
    let (one, nan) = (
        Tensor::ones(&[1, 1, 2, 2]),
        Tensor::full(&[1, 1, 2, 2], f32::NAN),
    );
    add(
        "nan",
        "conv2d",
        json!({"padding": 1}),
        &[
            ("x", nan.clone()),
            ("weight", Tensor::ones(&[1, 1, 3, 3])),
            ("dy", one.clone()),
        ],
    );
    add(
        "nan pool",
        "max_pool2d",
        json!({"kernel_size": 2}),
        &[("x", nan), ("dy", Tensor::ones(&[1, 1, 1, 1]))],
    );
    add(
        "no images",
        "conv2d",
        json!({}),
        &[
            ("x", Tensor::zeros(&[0, 2, 5, 5])),
            ("weight", Tensor::ones(&[3, 2, 3, 3])),
            ("dy", Tensor::zeros(&[0, 3, 3, 3])),
        ],
    );
    add(
        "no channels",
        "conv2d",
        json!({}),
        &[
            ("x", Tensor::zeros(&[1, 0, 3, 3])),
            ("weight", Tensor::ones(&[2, 0, 3, 3])),
            ("bias", Tensor::from([1., 2.])),
            ("dy", Tensor::ones(&[1, 2, 1, 1])),
        ],
    );
    add(
        "no filters",
        "conv2d",
        json!({}),
        &[
            ("x", Tensor::zeros(&[1, 1, 3, 3])),
            ("weight", Tensor::ones(&[0, 1, 3, 3])),
            ("dy", Tensor::zeros(&[1, 0, 1, 1])),
        ],
    );
    add(
        "no planes",
        "avg_pool2d",
        json!({"kernel_size": 2}),
        &[
            ("x", Tensor::zeros(&[1, 0, 2, 2])),
            ("dy", Tensor::zeros(&[1, 0, 1, 1])),
        ],
    );
    add(
        "no rows",
        "cross_entropy",
        json!({"target": []}),
        &[("x", Tensor::zeros(&[0, 3])), ("dy", Tensor::from(1.))],
    );
    add(
        "no classes",
        "cross_entropy",
        json!({"target": []}),
        &[("x", Tensor::zeros(&[0, 0])), ("dy", Tensor::from(1.))],
    );
    add(
        "nothing",
        "sum",
        json!({}),
        &[("x", Tensor::zeros(&[0])), ("dy", Tensor::from(1.))],
    );
    add(
        "vast",
        "max_pool2d",
        json!({"kernel_size": 1_000_000_000_000_u64, "padding": 500_000_000_000_u64}),
        &[("x", one.clone()), ("dy", Tensor::ones(&[1, 1, 1, 1]))],
    );
    add(
        "far",
        "conv2d",
        json!({"padding": 1_000_000_000_000_u64, "stride": 1_000_000_000_000_u64}),
        &[
            ("x", one),
            ("weight", Tensor::ones(&[1, 1, 1, 1])),
            ("dy", Tensor::ones(&[1, 1, 3, 3])),
        ],
    );
    let count = bench.cases.len();
    std::fs::write(
        input.join("cases.json"),
        json!({"cases": bench.cases}).to_string(),
    )
    .unwrap();
    safetensors::save(input.join("cases.safetensors"), &bench.tensors).unwrap();
    replay::run(&input, &output).unwrap();
    let answers = read_json(&output.join("results.json"));
    assert_eq!(answers.as_object().unwrap().len(), count);
    assert!(
        answers
            .as_object()
            .unwrap()
            .values()
            .all(|answer| answer == "ok"),
        "{answers:#}"
    );
    let results = safetensors::load(output.join("results.safetensors")).unwrap();
    assert_eq!(results["no channels.out.y"].to_vec(), [1., 2.]);
    assert!(results["nan.out.y"].to_vec().iter().all(|y| y.is_nan()));
    assert!(results["nan pool.out.y"].item().is_nan());
    assert_eq!(results["far.out.y"].sum().item(), 1.);
}

#[test]
fn elements_of_another_type_are_an_error_of_their_case() {
    use ::safetensors::{Dtype, serialize, tensor::TensorView};
    let (input, output) = (folder("types"), folder("types-results"));
    let data = [0; 16];
    let view = TensorView::new(Dtype::F64, vec![2], &data).unwrap();
    std::fs::write(
        input.join("cases.safetensors"),
        serialize([("a.in.x", &view), ("a.in.dy", &view)], None).unwrap(),
    )
    .unwrap();
    std::fs::write(
        input.join("cases.json"),
        r#"{"cases": [{"name": "a", "op": "relu"}]}"#,
    )
    .unwrap();
    replay::run(&input, &output).unwrap();
    let answers = read_json(&output.join("results.json"));
    assert!(
        answers["a"]
            .as_str()
            .unwrap()
            .starts_with("error: tensor \"a.in."),
        "{answers}"
    );
}

#[test]
fn without_a_list_of_cases_nothing_is_written() {
    let (input, output) = (folder("broken"), folder("broken-results").join("absent"));
    let run = || replay::run(&input, &output).err().expect("an error");
    assert!(run().contains("cannot read"));
    for (text, wanted) in [
        ("{", "is not JSON"),
        ("[]", "no list \"cases\""),
        (r#"{"cases": 3}"#, "no list \"cases\""),
    ] {
        std::fs::write(input.join("cases.json"), text).unwrap();
        assert!(run().contains(wanted), "{text}");
    }
    std::fs::write(input.join("cases.json"), r#"{"cases": []}"#).unwrap();
    assert!(
        run().contains("cases.safetensors"),
        "the tensors are missing"
    );
    std::fs::write(input.join("cases.safetensors"), "short").unwrap();
    assert!(run().contains("no valid safetensors"));
    assert!(!output.exists());
}
