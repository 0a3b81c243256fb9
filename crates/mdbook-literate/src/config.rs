//! The `[preprocessor.literate]` table of `book.toml`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;

/// Where in a page the links to its notebook and program stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downloads {
    /// Below the first heading.
    Top,
    /// At the end.
    Bottom,
    /// Nowhere.
    None,
}

/// The settings of a book.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds `book.toml`.
    pub root: PathBuf,
    /// The folder of the chapters, relative to the root.
    pub source: PathBuf,
    /// The crates that blocks may use, as in a `Cargo.toml`; paths are relative to the root.
    pub dependencies: toml::Table,
    /// Code that stands before each chapter's first block and that no page shows.
    pub prelude: String,
    /// How long one block may run.
    pub time_limit: Duration,
    /// How many bytes of text one block may print before the rest is cut.
    pub output_limit: usize,
    /// How many bytes one displayed part (a picture) may have.
    pub display_limit: usize,
    /// The folder that chapters run in, and notebooks lie in, relative to the root.
    pub working_dir: PathBuf,
    /// The `[profile.dev]` of the generated package.
    pub profile: toml::Table,
    /// Files and folders outside the crates that the chapters read, relative to the root.
    pub inputs: Vec<PathBuf>,
    /// Variables for the chapters' environment.
    pub env: BTreeMap<String, String>,
    /// Where the links to notebook and program stand.
    pub downloads: Downloads,
    /// The Rust edition of the chapters.
    pub edition: String,
    /// Whether `mdbook serve` is running.
    pub serving: bool,
    /// Whether the book has a notebook output beside its pages.
    pub notebooks: bool,
}

/// The crates are compiled once and do the work; a chapter is compiled after each edit, and optimising it costs far more than
/// it gains. What only compiles (macros, build scripts) stays unoptimised: `package."*"` instead would reach it too.
const DEFAULT_PROFILE: &str = r#"
opt-level = 3
debug = false
incremental = false

[package.literate-chapters]
opt-level = 0
debug = "line-tables-only"
"#;

/// The keys that mdBook itself reads.
const MDBOOK_KEYS: [&str; 5] = ["command", "before", "after", "renderers", "optional"];

impl Config {
    /// Reads the table; a mistake is an error that names the key.
    ///
    /// # Errors
    ///
    /// Says which key is unknown or has a value of a wrong type.
    pub fn read(
        root: &Path,
        config: &mdbook_preprocessor::config::Config,
    ) -> Result<Config, String> {
        let mut read = Config {
            root: root.to_owned(),
            source: config.book.src.clone(),
            dependencies: toml::Table::new(),
            prelude: String::new(),
            time_limit: Duration::from_secs(60),
            output_limit: 64 * 1024,
            display_limit: 8 * 1024 * 1024,
            working_dir: PathBuf::from("."),
            profile: DEFAULT_PROFILE
                .parse()
                .expect("the default profile is TOML"),
            inputs: Vec::new(),
            env: BTreeMap::new(),
            downloads: Downloads::Top,
            edition: edition(config),
            serving: matches!(
                config.get::<String>("output.html.live-reload-endpoint"),
                Ok(Some(_))
            ),
            notebooks: matches!(config.get::<toml::Table>("output.notebook"), Ok(Some(_))),
        };
        let table: toml::Table = config
            .get("preprocessor.literate")
            .map_err(|error| format!("book.toml: `preprocessor.literate`: {error:#}"))?
            .unwrap_or_default();
        for (key, value) in table {
            read.set(&key, value)?;
        }
        Ok(read)
    }

    fn set(&mut self, key: &str, value: toml::Value) -> Result<(), String> {
        match key {
            "dependencies" => {
                self.dependencies = dependencies(typed(key, "a table of crates", value)?)?
            }
            "prelude" => self.prelude = typed(key, "Rust code in a string", value)?,
            "time-limit" => {
                let seconds: f64 = number(key, "a number of seconds", value)?;
                self.time_limit = Duration::try_from_secs_f64(seconds)
                    .ok()
                    .filter(|limit| !limit.is_zero())
                    .ok_or_else(|| wrong(key, "a number of seconds above 0"))?;
            }
            "output-limit" => self.output_limit = typed(key, "a number of bytes", value)?,
            "display-limit" => self.display_limit = typed(key, "a number of bytes", value)?,
            "working-dir" => self.working_dir = typed(key, "a folder", value)?,
            "profile" => {
                let profile: toml::Table = typed(key, "a table like Cargo's [profile.dev]", value)?;
                merge(&mut self.profile, profile);
            }
            "inputs" => self.inputs = typed(key, "a list of files and folders", value)?,
            "env" => self.env = typed(key, "a table of texts", value)?,
            "downloads" => {
                self.downloads = match value.as_str() {
                    Some("top") => Downloads::Top,
                    Some("bottom") => Downloads::Bottom,
                    Some("none") => Downloads::None,
                    _ => return Err(wrong(key, r#""top", "bottom" or "none""#)),
                }
            }
            _ if MDBOOK_KEYS.contains(&key) => {}
            _ => {
                return Err(format!(
                    "book.toml: `preprocessor.literate.{key}` is no setting of mdbook-literate; there are: dependencies, \
                     prelude, time-limit, output-limit, display-limit, working-dir, profile, inputs, env, downloads"
                ));
            }
        }
        Ok(())
    }

    /// The folder that chapters run in.
    pub fn working_dir(&self) -> PathBuf {
        normal(&self.root.join(&self.working_dir))
    }
}

/// The edition of the chapters: the book's, or the newest.
fn edition(config: &mdbook_preprocessor::config::Config) -> String {
    config
        .get("rust.edition")
        .ok()
        .flatten()
        .unwrap_or_else(|| "2024".to_owned())
}

fn typed<T: DeserializeOwned>(key: &str, expected: &str, value: toml::Value) -> Result<T, String> {
    value
        .try_into()
        .map_err(|error: toml::de::Error| format!("{}: {}", wrong(key, expected), error.message()))
}

fn number(key: &str, expected: &str, value: toml::Value) -> Result<f64, String> {
    match value {
        toml::Value::Integer(whole) => Ok(whole as f64),
        toml::Value::Float(number) => Ok(number),
        _ => Err(wrong(key, expected)),
    }
}

fn wrong(key: &str, expected: &str) -> String {
    format!("book.toml: `preprocessor.literate.{key}` must be {expected}")
}

/// Checks what Cargo's own messages would only report for a generated file.
fn dependencies(table: toml::Table) -> Result<toml::Table, String> {
    for (name, value) in &table {
        let key = format!("dependencies.{name}");
        match value {
            toml::Value::String(_) => {}
            toml::Value::Table(table) => {
                if table.contains_key("workspace") {
                    return Err(format!(
                        "book.toml: `preprocessor.literate.{key}.workspace` is not possible: the chapters are a package of their \
                         own; give a version or a path"
                    ));
                }
                if table.get("path").is_some_and(|path| !path.is_str()) {
                    return Err(wrong(&format!("{key}.path"), "a folder"));
                }
            }
            _ => return Err(wrong(&key, "a version or a table, as in a Cargo.toml")),
        }
    }
    Ok(table)
}

fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// The path without `.` and `..`, as far as its text allows.
pub fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(normal.components().next_back(), Some(Component::Normal(_))) =>
            {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The way from one folder to a file or folder, both absolute.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let (from, to) = (normal(from), normal(to));
    let common = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut way = PathBuf::new();
    for _ in from.components().skip(common) {
        way.push("..");
    }
    way.extend(to.components().skip(common));
    if way.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        way
    }
}

/// A path with `/` between its parts, on every system.
pub fn slashed(path: &Path) -> String {
    path.components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        Config::read(Path::new("/book"), &text.parse().expect("TOML"))
    }

    #[test]
    fn a_mistake_names_its_key() {
        let mistakes = [
            (
                "time-limits = 3",
                "`preprocessor.literate.time-limits` is no setting",
            ),
            (
                "time-limit = \"3 s\"",
                "`preprocessor.literate.time-limit` must be a number of seconds",
            ),
            (
                "time-limit = -1",
                "`preprocessor.literate.time-limit` must be a number of seconds above 0",
            ),
            (
                "output-limit = true",
                "`preprocessor.literate.output-limit` must be a number of bytes",
            ),
            (
                "display-limit = -1",
                "`preprocessor.literate.display-limit` must be a number of bytes",
            ),
            (
                "prelude = 1",
                "`preprocessor.literate.prelude` must be Rust code in a string",
            ),
            (
                "working-dir = []",
                "`preprocessor.literate.working-dir` must be a folder",
            ),
            (
                "profile = 3",
                "`preprocessor.literate.profile` must be a table",
            ),
            (
                "inputs = \"data\"",
                "`preprocessor.literate.inputs` must be a list",
            ),
            (
                "env = { A = 1 }",
                "`preprocessor.literate.env` must be a table of texts",
            ),
            (
                "downloads = \"left\"",
                "`preprocessor.literate.downloads` must be \"top\", \"bottom\" or \"none\"",
            ),
            (
                "dependencies = \"itoa\"",
                "`preprocessor.literate.dependencies` must be a table of crates",
            ),
            (
                "[preprocessor.literate.dependencies]\nitoa = 1",
                "`preprocessor.literate.dependencies.itoa` must be a version or a table",
            ),
            (
                "[preprocessor.literate.dependencies]\nitoa = { workspace = true }",
                "`preprocessor.literate.dependencies.itoa.workspace` is not possible",
            ),
            (
                "[preprocessor.literate.dependencies]\nitoa = { path = 1 }",
                "`preprocessor.literate.dependencies.itoa.path` must be a folder",
            ),
        ];
        for (text, message) in mistakes {
            let error = read(&format!("[preprocessor.literate]\n{text}")).expect_err(text);
            assert!(
                error.starts_with("book.toml: ") && error.contains(message),
                "{text}: {error}"
            );
        }
        let misplaced = read("[preprocessor]\nliterate = 3").expect_err("no table");
        assert!(misplaced.contains("`preprocessor.literate`"), "{misplaced}");
    }

    #[test]
    fn a_profile_changes_only_what_it_names() {
        let config =
            read("[preprocessor.literate.profile.package.literate-chapters]\nopt-level = 2")
                .expect("it is right");
        let chapters = &config.profile["package"]["literate-chapters"];
        assert_eq!(
            (
                chapters["opt-level"].as_integer(),
                chapters["debug"].as_str()
            ),
            (Some(2), Some("line-tables-only"))
        );
    }

    #[test]
    fn a_way_goes_up_and_down() {
        assert_eq!(
            relative(Path::new("/a/b/c"), Path::new("/a/./d/../e")),
            Path::new("../../e")
        );
        assert_eq!(relative(Path::new("/a"), Path::new("/a")), Path::new("."));
    }
}
