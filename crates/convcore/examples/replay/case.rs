//! One case: its inputs, its operation, its results.

use std::collections::BTreeMap;

use convcore::safetensors::Archive;
use convcore::{Geometry, ShapeError, Tensor, shape};
use serde_json::{Map, Value};

use crate::params::Params;

/// The result `y` of the case's operation, and the gradient of `sum(y * dy)` for each input.
pub(crate) fn compute(
    name: &str,
    case: &Map<String, Value>,
    tensors: &Archive,
) -> Result<BTreeMap<String, Tensor>, String> {
    let Some(Value::String(operation)) = case.get("op") else {
        return Err("op must be a string".to_owned());
    };
    let params = Params::of(case.get("params"))?;
    let inputs = Inputs::read(name, case, tensors)?;
    let planned = plan(operation, &inputs, &params)?;
    params.expect_all_known()?;
    inputs.expect_all_known(operation)?;

    // The upstream gradient is as large as the result: comparing them first, nothing larger than the file is computed.
    let upstream = inputs.upstream()?;
    if upstream.shape() != planned.shape {
        return Err(format!(
            "{operation}: the upstream gradient dy has shape {:?}, the result {:?}",
            upstream.shape(),
            planned.shape
        ));
    }
    let y = (planned.compute)();
    y.backward_with(upstream);

    let grads = inputs
        .tensors
        .iter()
        .filter_map(|(name, x)| Some((format!("grad_{name}"), x.grad()?)));
    let mut outputs: BTreeMap<String, Tensor> = grads.collect();
    outputs.insert("y".to_owned(), y.detach());
    match names(case, "outputs")? {
        None => Ok(outputs),
        Some(wanted) => {
            let take = |name: String| match outputs.remove(&name) {
                Some(tensor) => Ok((name, tensor)),
                None => Err(format!("{operation} has no output \"{name}\"")),
            };
            wanted.into_iter().map(take).collect()
        }
    }
}

/// What will be computed, and the shape it has.
struct Plan<'a> {
    shape: Vec<usize>,
    compute: Box<dyn FnOnce() -> Tensor + 'a>,
}

fn plan<'a>(operation: &str, inputs: &'a Inputs, params: &Params<'_>) -> Result<Plan<'a>, String> {
    let ready = |shape: Result<Vec<usize>, ShapeError>,
                 compute: Box<dyn FnOnce() -> Tensor + 'a>| {
        shape
            .map(|shape| Plan { shape, compute })
            .map_err(|error| error.to_string())
    };
    match operation {
        "conv2d" => {
            let (x, weight) = (inputs.get("x")?, inputs.get("weight")?);
            let bias = inputs.get_optional("bias");
            let options = params.conv2d_options()?;
            let shape = shape::conv2d(x.shape(), weight.shape(), bias.map(Tensor::shape), options);
            ready(
                shape.map(Vec::from),
                Box::new(move || convcore::conv2d(x, weight, bias, options)),
            )
        }
        "max_pool2d" => {
            let x = inputs.get("x")?;
            let geometry = params.pooling()?;
            let shape = shape::max_pool2d(x.shape(), geometry);
            ready(
                shape.map(Vec::from),
                Box::new(move || convcore::max_pool2d(x, geometry)),
            )
        }
        "avg_pool2d" => {
            let x = inputs.get("x")?;
            let geometry: Geometry = params.pooling()?;
            let include_pad = params.boolean("count_include_pad", true)?;
            let shape = shape::avg_pool2d(x.shape(), geometry);
            ready(
                shape.map(Vec::from),
                Box::new(move || convcore::avg_pool2d(x, geometry, include_pad)),
            )
        }
        "linear" => {
            let (x, weight) = (inputs.get("x")?, inputs.get("weight")?);
            let bias = inputs.get_optional("bias");
            let shape = shape::linear(x.shape(), weight.shape(), bias.map(Tensor::shape));
            ready(
                shape.map(Vec::from),
                Box::new(move || convcore::linear(x, weight, bias)),
            )
        }
        "matmul" => {
            let (a, b) = (inputs.get("a")?, inputs.get("b")?);
            ready(
                shape::matmul(a.shape(), b.shape()).map(Vec::from),
                Box::new(move || a.matmul(b)),
            )
        }
        "add" | "sub" | "mul" | "div" => {
            let (a, b) = (inputs.get("a")?, inputs.get("b")?);
            let (name, compute): (_, Box<dyn FnOnce() -> Tensor>) = match operation {
                "add" => ("add", Box::new(move || a + b)),
                "sub" => ("sub", Box::new(move || a - b)),
                "mul" => ("mul", Box::new(move || a * b)),
                _ => ("div", Box::new(move || a / b)),
            };
            ready(shape::broadcast(name, a.shape(), b.shape()), compute)
        }
        "relu" | "sigmoid" | "tanh" | "sum" | "mean" => {
            let x = inputs.get("x")?;
            let (shape, compute): (_, fn(&Tensor) -> Tensor) = match operation {
                "relu" => (x.shape(), Tensor::relu),
                "sigmoid" => (x.shape(), Tensor::sigmoid),
                "tanh" => (x.shape(), Tensor::tanh),
                "sum" => (&[][..], Tensor::sum),
                _ => (&[][..], Tensor::mean),
            };
            ready(Ok(shape.to_vec()), Box::new(move || compute(x)))
        }
        "cross_entropy" => {
            let x = inputs.get("x")?;
            let targets = params.indices("target")?;
            let shape = shape::cross_entropy(x.shape(), &targets).map(|()| Vec::new());
            ready(
                shape,
                Box::new(move || convcore::cross_entropy(x, &targets)),
            )
        }
        unknown => Err(format!("unknown operation \"{unknown}\"")),
    }
}

/// The tensors that the case lists as its inputs.
struct Inputs {
    case: String,
    tensors: BTreeMap<String, Tensor>,
    /// The names that the operation has asked for.
    known: std::cell::RefCell<Vec<String>>,
}

impl Inputs {
    const UPSTREAM: &str = "dy";

    fn read(name: &str, case: &Map<String, Value>, archive: &Archive) -> Result<Inputs, String> {
        let prefix = format!("{name}.in.");
        let stored = || {
            archive
                .names()
                .iter()
                .filter_map(|key| Some(key.strip_prefix(&prefix)?.to_owned()))
                .collect()
        };
        let listed = names(case, "inputs")?.unwrap_or_else(stored);
        let read = |input: String| {
            let tensor = archive
                .tensor(&format!("{prefix}{input}"))
                .map_err(|error| error.to_string())?;
            let tensor = if input == Inputs::UPSTREAM {
                tensor
            } else {
                tensor.requires_grad()
            };
            Ok((input, tensor))
        };
        let tensors = listed
            .into_iter()
            .map(read)
            .collect::<Result<_, String>>()?;
        Ok(Inputs {
            case: name.to_owned(),
            tensors,
            known: Default::default(),
        })
    }

    fn get(&self, name: &str) -> Result<&Tensor, String> {
        self.get_optional(name).ok_or_else(|| self.absent(name))
    }

    fn get_optional(&self, name: &str) -> Option<&Tensor> {
        self.known.borrow_mut().push(name.to_owned());
        self.tensors.get(name)
    }

    fn upstream(&self) -> Result<&Tensor, String> {
        self.tensors
            .get(Inputs::UPSTREAM)
            .ok_or_else(|| self.absent(Inputs::UPSTREAM))
    }

    fn absent(&self, name: &str) -> String {
        format!(
            "the case lists no input \"{name}\" (tensor \"{}.in.{name}\")",
            self.case
        )
    }

    fn expect_all_known(&self, operation: &str) -> Result<(), String> {
        let known = self.known.borrow();
        match self
            .tensors
            .keys()
            .find(|&name| name != Inputs::UPSTREAM && !known.contains(name))
        {
            Some(name) => Err(format!("{operation} takes no input \"{name}\"")),
            None => Ok(()),
        }
    }
}

/// A list of names in the case; `None` when there is no such list.
fn names(case: &Map<String, Value>, key: &str) -> Result<Option<Vec<String>>, String> {
    let wrong = || format!("{key} must be a list of names");
    let list = match case.get(key) {
        None => return Ok(None),
        Some(list) => list.as_array().ok_or_else(wrong)?,
    };
    list.iter()
        .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect::<Result<_, _>>()
        .map(Some)
}
