//! `cargo xtask notebooks`: the committed notebooks, made from the book.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Outcome, test};

/// Where the book's build leaves them.
const GENERATED: &str = "target/book/notebook";
const COMMITTED: &str = "notebooks";

/// Builds the book and copies its notebooks to `notebooks/`; what is there and no longer made goes.
pub(crate) fn update() -> Outcome {
    test::build_book()?;
    let generated = names(GENERATED)?;
    for name in &generated {
        let text = read(GENERATED, name)?;
        if read(COMMITTED, name).is_ok_and(|old| old == text) {
            continue;
        }
        let file = Path::new(COMMITTED).join(name);
        std::fs::write(&file, text)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        println!("wrote {}", file.display());
    }
    for name in names(COMMITTED)?.difference(&generated) {
        let file = Path::new(COMMITTED).join(name);
        std::fs::remove_file(&file)
            .map_err(|error| format!("cannot remove {}: {error}", file.display()))?;
        println!("removed {}", file.display());
    }
    println!("{} notebooks are up to date", generated.len());
    Ok(())
}

/// Fails when what is committed is not what the book's last build made, and says where they differ first.
pub(crate) fn check() -> Outcome {
    let (generated, committed) = (names(GENERATED)?, names(COMMITTED)?);
    let mut problems = Vec::new();
    for name in generated.union(&committed) {
        match (read(GENERATED, name), read(COMMITTED, name)) {
            (Ok(new), Ok(old)) if new == old => {}
            (Ok(new), Ok(old)) => problems.push(format!("{name}: {}", difference(&old, &new))),
            (Ok(_), Err(_)) => problems.push(format!("{name}: not committed")),
            (Err(_), _) => problems.push(format!(
                "{name}: committed, but the book has no such chapter"
            )),
        }
    }
    if problems.is_empty() {
        println!("{} notebooks equal what the book makes", generated.len());
        return Ok(());
    }
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    Err(format!(
        "{} notebooks differ from what the book makes: run `cargo xtask notebooks`",
        problems.len()
    ))
}

/// The notebooks of a folder, in order.
pub(crate) fn in_folder(folder: &str) -> Outcome<Vec<PathBuf>> {
    Ok(names(folder)?
        .iter()
        .map(|name| Path::new(folder).join(name))
        .collect())
}

fn names(folder: &str) -> Outcome<BTreeSet<String>> {
    let entries =
        std::fs::read_dir(folder).map_err(|error| format!("cannot read {folder}: {error}"))?;
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.ends_with(".ipynb")).collect())
}

fn read(folder: &str, name: &str) -> Outcome<String> {
    let file = Path::new(folder).join(name);
    std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Names the first cell that differs and what differs in it.
fn difference(old: &str, new: &str) -> String {
    let (Ok(old), Ok(new)) = (
        serde_json::from_str::<Value>(old),
        serde_json::from_str::<Value>(new),
    ) else {
        return "what is committed is no valid JSON".to_owned();
    };
    let cells = |notebook: &Value| notebook["cells"].as_array().cloned().unwrap_or_default();
    let (old_cells, new_cells) = (cells(&old), cells(&new));
    for (index, (old, new)) in old_cells.iter().zip(&new_cells).enumerate() {
        for part in ["cell_type", "source", "outputs", "id", "metadata"] {
            if old[part] != new[part] {
                let id = new["id"].as_str().unwrap_or("none");
                return format!("cell {} (id {id}): its {part} differ", index + 1);
            }
        }
    }
    if old_cells.len() != new_cells.len() {
        return format!(
            "{} cells are committed, the book makes {}",
            old_cells.len(),
            new_cells.len()
        );
    }
    "the cells are equal; what differs is around them".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_cell() {
        let notebook = |output: &str| {
            serde_json::json!({"cells": [
                {"id": "a", "cell_type": "markdown", "source": ["x"]},
                {"id": "b", "cell_type": "code", "source": ["1"], "outputs": [{"text": output}]},
            ]})
            .to_string()
        };
        assert_eq!(
            difference(&notebook("1"), &notebook("2")),
            "cell 2 (id b): its outputs differ"
        );
        assert!(
            difference(r#"{"cells": []}"#, &notebook("2"))
                .contains("0 cells are committed, the book makes 2")
        );
        assert!(difference("{", &notebook("2")).contains("no valid JSON"));
    }
}
