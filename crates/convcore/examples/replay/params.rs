//! The parameters of a case, which may be anything that JSON allows.

use std::cell::RefCell;

use convcore::{Conv2dOptions, Geometry};
use serde_json::{Map, Value};

/// The parameters by name. Those that PyTorch has a default for may be absent.
pub(crate) struct Params<'a> {
    values: Option<&'a Map<String, Value>>,
    /// The names that somebody has asked for.
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Params<'a> {
    pub(crate) fn of(params: Option<&'a Value>) -> Result<Params<'a>, String> {
        let values = match params {
            None => None,
            Some(Value::Object(values)) => Some(values),
            Some(other) => {
                return Err(format!(
                    "params must be a JSON object, not {}",
                    brief(other)
                ));
            }
        };
        Ok(Params {
            values,
            known: RefCell::default(),
        })
    }

    fn get(&self, name: &'static str) -> Option<&'a Value> {
        self.known.borrow_mut().push(name);
        self.values?.get(name)
    }

    pub(crate) fn conv2d_options(&self) -> Result<Conv2dOptions, String> {
        let groups = self
            .get("groups")
            .map_or(Ok(1), |value| whole("groups", value))?;
        Ok(Conv2dOptions::new()
            .stride(self.pair("stride")?.unwrap_or([1, 1]))
            .padding(self.pair("padding")?.unwrap_or([0, 0]))
            .dilation(self.pair("dilation")?.unwrap_or([1, 1]))
            .groups(groups))
    }

    pub(crate) fn pooling(&self) -> Result<Geometry, String> {
        let kernel = self.pair("kernel_size")?.ok_or("kernel_size is missing")?;
        Ok(Geometry::new(kernel)
            .stride(self.pair("stride")?.unwrap_or(kernel))
            .padding(self.pair("padding")?.unwrap_or([0, 0]))
            .dilation(self.pair("dilation")?.unwrap_or([1, 1])))
    }

    pub(crate) fn boolean(&self, name: &'static str, default: bool) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(default),
            Some(Value::Bool(value)) => Ok(*value),
            Some(other) => Err(format!(
                "{name} must be true or false, not {}",
                brief(other)
            )),
        }
    }

    /// A list of whole numbers.
    pub(crate) fn indices(&self, name: &'static str) -> Result<Vec<usize>, String> {
        match self.get(name) {
            Some(Value::Array(list)) => list.iter().map(|value| whole(name, value)).collect(),
            Some(other) => Err(format!(
                "{name} must be a list of whole numbers, not {}",
                brief(other)
            )),
            None => Err(format!("{name} is missing")),
        }
    }

    /// Height and width, or one number for both.
    fn pair(&self, name: &'static str) -> Result<Option<[usize; 2]>, String> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => match &list[..] {
                [height, width] => Ok(Some([whole(name, height)?, whole(name, width)?])),
                _ => Err(format!(
                    "{name} must have two numbers (height, width), not {}",
                    list.len()
                )),
            },
            Some(both) => whole(name, both).map(|both| Some([both, both])),
        }
    }

    /// An error when a parameter is there that nobody has asked for: ignoring it would give a wrong result.
    pub(crate) fn expect_all_known(&self) -> Result<(), String> {
        let known = self.known.borrow();
        match self
            .values
            .into_iter()
            .flat_map(Map::keys)
            .find(|&name| !known.contains(&name.as_str()))
        {
            Some(name) => Err(format!("unknown parameter \"{name}\"")),
            None => Ok(()),
        }
    }
}

fn whole(name: &str, value: &Value) -> Result<usize, String> {
    let number = value
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| match value.as_f64() {
        Some(number) if number < 0. => format!("{name} is {value}; it must not be negative"),
        Some(number) if number >= u64::MAX as f64 => {
            format!("{name} is {value}; that is too large")
        }
        _ => format!("{name} must be a whole number, not {}", brief(value)),
    })
}

/// The value as JSON, cut where it is long.
fn brief(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
