//! The backend: writes a notebook and a program for each chapter, and puts beside the pages what these refer to.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use mdbook_preprocessor::book::Book;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cache::{Key, write_if_changed};
use crate::cells::{About, CELL, CHAPTER, Cell, names};
use crate::config::{Config, relative, slashed};
use crate::page;
use crate::pictures::FOLDER;
use crate::prose::{Links, Part, anchors, parts};

/// What mdBook gives a backend.
#[derive(Deserialize)]
struct Context {
    root: PathBuf,
    book: Book,
    config: mdbook_preprocessor::config::Config,
    destination: PathBuf,
}

/// Writes the notebooks of the book that mdBook gives.
///
/// # Errors
///
/// Says what cannot be read or written.
pub fn render(input: impl Read) -> Result<(), String> {
    let context: Context = serde_json::from_reader(input)
        .map_err(|error| format!("mdBook's input cannot be read: {error}"))?;
    let config = Config::read(&context.root, &context.config)?;
    let book_url: Option<String> = context
        .config
        .get("output.notebook.book-url")
        .map_err(|error| format!("book.toml: `output.notebook.book-url`: {error:#}"))?;
    let chapters: Vec<_> = context
        .book
        .chapters()
        .filter_map(|chapter| Some((slashed(chapter.path.as_deref()?), chapter)))
        .collect();
    let runs = |content: &str| content.contains(&format!("```{CELL}\n"));
    let numbers: Vec<Vec<u32>> = chapters
        .iter()
        .map(|(_, chapter)| {
            chapter
                .number
                .as_ref()
                .map(|number| number.to_vec())
                .unwrap_or_default()
        })
        .collect();
    let listed: Vec<_> = chapters
        .iter()
        .zip(&numbers)
        .map(|((path, chapter), number)| (path.as_str(), number.as_slice(), runs(&chapter.content)))
        .collect();
    let names = names(&listed);
    let by_path: HashMap<String, String> = chapters
        .iter()
        .zip(&names)
        .filter_map(|((path, _), name)| Some((path.clone(), name.clone()?)))
        .collect();
    let anchors: HashMap<_, _> = chapters
        .iter()
        .map(|(path, chapter)| (path.clone(), anchors(&chapter.content)))
        .collect();
    let links = Links {
        source: context.root.join(&config.source),
        notebooks: config.working_dir(),
        names: &by_path,
        anchors: &anchors,
        book_url: book_url.as_deref(),
    };
    let mut written = HashSet::new();
    let mut pictures = BTreeMap::new();
    for ((path, chapter), name) in chapters.iter().zip(&names) {
        let Some(name) = name else { continue };
        let parts = parts(&chapter.content, path, &links, &[CELL, CHAPTER]);
        let about = parts.iter().find_map(|part| match part {
            Part::Fence(word, json) if word == CHAPTER => serde_json::from_str(json).ok(),
            _ => None,
        });
        let about: About = about.ok_or_else(|| {
            format!("{path} comes without the preprocessor's cells: `preprocessor.literate` in book.toml must not exclude the renderer `notebook`")
        })?;
        pictures.extend(parts.iter().flat_map(pictures_of));
        if about.broken {
            // Only while serving: the page shows the error, and what was written before stays.
            written.extend([format!("{name}.ipynb"), format!("{name}.rs")]);
            continue;
        }
        let mut files = vec![(format!("{name}.ipynb"), notebook(&parts, &config))];
        if let Some(program) = &about.program {
            files.push((
                format!("{name}.rs"),
                standalone(&chapter.name, program, &config),
            ));
        }
        for (file, text) in files {
            let path = context.destination.join(&file);
            write(&path, text.as_bytes())?;
            written.insert(file);
        }
    }
    remove_others(&context.destination, &written);
    let html = context
        .config
        .get::<toml::Table>("output.html")
        .ok()
        .flatten()
        .and(
            context
                .destination
                .parent()
                .map(|parent| parent.join("html")),
        );
    match html {
        Some(html) if html.is_dir() => {
            offer(&context.destination, &html.join("notebooks"), &written)?;
            for (name, bytes) in pictures {
                write(&html.join(FOLDER).join(name), &bytes)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    write_if_changed(path, bytes)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// The files of the pictures that a part shows in its page.
fn pictures_of(part: &Part) -> Vec<(String, Vec<u8>)> {
    let cell = match part {
        Part::Fence(word, json) if word == CELL => serde_json::from_str::<Cell>(json).ok(),
        _ => None,
    };
    let pictures = cell.map(|cell| page::pictures(&cell.output));
    pictures
        .into_iter()
        .flatten()
        .map(|picture| (picture.name, picture.bytes))
        .collect()
}

/// Removes notebooks of chapters that are no more.
fn remove_others(folder: &Path, written: &HashSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !written.contains(&name) && (name.ends_with(".ipynb") || name.ends_with(".rs")) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Copies the files to where the pages' links lead. mdBook has rendered the pages already: outputs come in the order of their names.
fn offer(from: &Path, to: &Path, written: &HashSet<String>) -> Result<(), String> {
    for file in written {
        if let Ok(bytes) = fs::read(from.join(file)) {
            write(&to.join(file), &bytes)?;
        }
    }
    Ok(())
}

/// The notebook as Jupyter itself would write it.
fn notebook(parts: &[Part], config: &Config) -> String {
    let mut ids = Ids::default();
    let mut cells = Vec::new();
    let mut count = 0;
    for part in parts {
        match part {
            Part::Text(text, pictures) => {
                let mut cell = json!({"cell_type": "markdown", "id": ids.next("text", text), "metadata": {}, "source": lines(text)});
                if !pictures.is_empty() {
                    let attachments = pictures
                        .iter()
                        .map(|(name, (mime, data))| (name.clone(), json!({ mime.as_str(): data })));
                    cell["attachments"] = Value::Object(attachments.collect());
                }
                cells.push(cell);
            }
            Part::Fence(word, json) if word == CELL => {
                let Ok(cell) = serde_json::from_str::<Cell>(json) else {
                    continue;
                };
                if count == 0
                    && let Some(setup) = setup(config)
                {
                    count += 1;
                    cells.push(code(
                        &ids.next("code", &setup),
                        &setup,
                        count,
                        json!({}),
                        Vec::new(),
                    ));
                }
                count += 1;
                let metadata = if cell.refusal.is_some() || cell.output.panic.is_some() {
                    json!({"tags": ["raises-exception"]})
                } else {
                    json!({})
                };
                cells.push(code(
                    &ids.next("code", &cell.source),
                    &cell.source,
                    count,
                    metadata,
                    outputs(&cell, count),
                ));
            }
            Part::Fence(..) => {}
        }
    }
    let notebook = json!({
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"},
            "language_info": {
                "codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust", "name": "Rust", "pygment_lexer": "rust", "version": ""
            }
        },
        "nbformat": 4,
        "nbformat_minor": 5
    });
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    notebook
        .serialize(&mut serde_json::Serializer::with_formatter(
            &mut bytes, formatter,
        ))
        .expect("a notebook is JSON");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn code(id: &str, source: &str, count: usize, metadata: Value, outputs: Vec<Value>) -> Value {
    json!({"cell_type": "code", "execution_count": count, "id": id, "metadata": metadata, "outputs": outputs, "source": lines(source)})
}

/// The cell that loads the crates; none when there are none, and no prelude.
fn setup(config: &Config) -> Option<String> {
    let mut lines = Vec::new();
    for (name, value) in &config.dependencies {
        let mut value = value.clone();
        if let Some(path) = value.as_table_mut().and_then(|table| table.get_mut("path"))
            && let Some(text) = path.as_str()
        {
            *path = toml::Value::String(slashed(&relative(
                &config.working_dir(),
                &config.root.join(text),
            )));
        }
        lines.push(format!(":dep {name} = {}", inline(&value)));
    }
    if !lines.is_empty() {
        lines.insert(
            0,
            "// Loads the crates. The first time, they are compiled, which takes a while."
                .to_owned(),
        );
    }
    if !config.prelude.trim().is_empty() {
        lines.push(config.prelude.trim().to_owned());
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// TOML in one line.
fn inline(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let pairs: Vec<_> = table
                .iter()
                .map(|(key, value)| format!("{key} = {}", inline(value)))
                .collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        toml::Value::Array(values) => format!(
            "[{}]",
            values.iter().map(inline).collect::<Vec<_>>().join(", ")
        ),
        value => value.to_string(),
    }
}

/// What the kernel would give: text as it comes, then what is displayed.
fn outputs(cell: &Cell, count: usize) -> Vec<Value> {
    let mut outputs = Vec::new();
    let output = &cell.output;
    if !output.text.is_empty() {
        outputs
            .push(json!({"name": "stdout", "output_type": "stream", "text": lines(&output.text)}));
    }
    if let Some(message) = &output.panic {
        outputs.push(json!({"name": "stderr", "output_type": "stream", "text": lines(&format!("panicked: {message}\n"))}));
    }
    if !output.parts.is_empty() {
        let split = |mime: &str| {
            mime.starts_with("text/") || matches!(mime, "image/svg+xml" | "application/javascript")
        };
        // A figure that moves is a picture here: its HTML lives by a script of the pages', and no kernel is asked for it.
        let is_picture = output.parts.keys().any(|mime| mime.starts_with("image/"));
        let parts = output
            .parts
            .iter()
            .filter(|(mime, _)| !is_picture || *mime != "text/html");
        let data = parts.map(|(mime, data)| {
            let value = match mime {
                mime if split(mime) => lines(data),
                mime if mime.contains("json") => {
                    serde_json::from_str(data).unwrap_or_else(|_| json!(data))
                }
                _ => json!(data),
            };
            (mime.clone(), value)
        });
        let data: serde_json::Map<String, Value> = data.collect();
        outputs.push(json!({"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}));
    }
    if let Some((error, message)) = &cell.refusal {
        let traceback: Vec<&str> = message.lines().collect();
        outputs.push(json!({"ename": "Error", "evalue": error, "output_type": "error", "traceback": traceback}));
    }
    outputs
}

/// A text as notebooks hold it: a list of lines.
fn lines(text: &str) -> Value {
    text.split_inclusive('\n').collect()
}

/// Names cells by what they hold, so that an edit elsewhere changes no cell's name.
#[derive(Default)]
struct Ids(HashMap<String, usize>);

impl Ids {
    fn next(&mut self, kind: &str, source: &str) -> String {
        let id = format!("{kind}-{}", &Key::new().add(source).text()[..12]);
        let count = self.0.entry(id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            format!("{id}-{count}")
        } else {
            id
        }
    }
}

/// The chapter's program with a head that says how to run it.
fn standalone(title: &str, program: &str, config: &Config) -> String {
    let mut head = format!(
        "//! {}: the chapter's program.\n//!\n//! To run it, put it into `src/main.rs` of a package",
        title.replace('\n', " ")
    );
    if config.dependencies.is_empty() {
        head.push_str(" and type `cargo run`.\n");
    } else {
        head.push_str(" with these dependencies, and type `cargo run`:\n//!\n//! ```toml\n//! [dependencies]\n");
        for (name, value) in &config.dependencies {
            head.push_str(&format!("//! {name} = {}\n", inline(value)));
        }
        head.push_str("//! ```\n");
    }
    format!("{head}\n{program}")
}
