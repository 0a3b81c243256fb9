//! From the files of the cases to the files of the results.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, panic};

use convcore::Tensor;
use convcore::safetensors::{self, Archive};
use serde_json::{Map, Value};

use crate::case;

/// How many cases went which way.
pub(crate) struct Counts {
    pub(crate) computed: usize,
    pub(crate) refused: usize,
}

/// Answers every case of `input` in `output`. The error is for what leaves no case to answer.
pub(crate) fn run(input: &Path, output: &Path) -> Result<Counts, String> {
    let listed = read_cases(&input.join("cases.json"))?;
    let tensors =
        Archive::open(input.join("cases.safetensors")).map_err(|error| error.to_string())?;

    let mut results = BTreeMap::new();
    let mut answers = Map::new();
    for (name, case) in name_cases(&listed) {
        let answer = match case.and_then(|case| guarded(&name, case, &tensors)) {
            Ok(outputs) => {
                let key = |(output, tensor)| (format!("{name}.out.{output}"), tensor);
                results.extend(outputs.into_iter().map(key));
                "ok".to_owned()
            }
            Err(message) => format!("error: {message}"),
        };
        answers.insert(name, Value::String(answer));
    }

    fs::create_dir_all(output)
        .map_err(|error| format!("cannot make {}: {error}", output.display()))?;
    safetensors::save(output.join("results.safetensors"), &results)
        .map_err(|error| error.to_string())?;
    let refused = answers.values().filter(|answer| *answer != "ok").count();
    let counts = Counts {
        computed: answers.len() - refused,
        refused,
    };
    write_json(&output.join("results.json"), &Value::Object(answers))?;
    Ok(counts)
}

fn read_cases(path: &Path) -> Result<Vec<Value>, String> {
    let text =
        fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let json: Value = serde_json::from_slice(&text)
        .map_err(|error| format!("{} is not JSON: {error}", path.display()))?;
    match json.get("cases") {
        Some(Value::Array(cases)) => Ok(cases.clone()),
        _ => Err(format!("{} has no list \"cases\"", path.display())),
    }
}

/// Each case under its name. One without a name goes by its place; several of one name are one error.
fn name_cases(cases: &[Value]) -> BTreeMap<String, Result<&Map<String, Value>, String>> {
    let mut named = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        let (name, case) = match (case, case.get("name")) {
            (Value::Object(fields), Some(Value::String(name))) => (name.clone(), Ok(fields)),
            (Value::Object(_), _) => (
                format!("case {place}"),
                Err("the case has no name that is a string".to_owned()),
            ),
            _ => (
                format!("case {place}"),
                Err("the case is not a JSON object".to_owned()),
            ),
        };
        let twice = || Err(format!("several cases have the name \"{name}\""));
        named
            .entry(name.clone())
            .and_modify(|entry| *entry = twice())
            .or_insert(case);
    }
    named
}

/// The case's outputs. Should a check be missing somewhere, even a panic concerns this case alone.
fn guarded(
    name: &str,
    case: &Map<String, Value>,
    tensors: &Archive,
) -> Result<BTreeMap<String, Tensor>, String> {
    let outcome = panic::catch_unwind(|| case::compute(name, case, tensors));
    outcome.unwrap_or_else(|_| Err("the operation cannot take these inputs".to_owned()))
}

fn write_json(path: &Path, json: &Value) -> Result<(), String> {
    let text = format!("{json:#}\n");
    let part = path.with_extension("json.part");
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
