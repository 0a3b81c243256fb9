//! `cargo xtask api`: convcore's documentation beside the book's pages, where their links lead. `book.toml` runs it as a renderer.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::{Outcome, process};

/// Where cargo leaves the documentation.
const DOCUMENTATION: &str = "target/doc";

/// Reads from standard input what mdBook tells a renderer, and puts the documentation into the folder `api` of the pages.
pub(crate) fn render(mut input: impl Read) -> Outcome {
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .map_err(|error| format!("cannot read what mdBook says: {error}"))?;
    let pages = pages(&text)?;
    process::run(&mut process::cargo([
        "doc",
        "--quiet",
        "--no-deps",
        "--package",
        "convcore",
        "--all-features",
    ]))?;
    let api = pages.join("api");
    copy(Path::new(DOCUMENTATION), &api)
        .map_err(|error| format!("cannot copy {DOCUMENTATION} to {}: {error}", api.display()))
}

/// The folder of the pages: mdBook gives each renderer a folder of its own, side by side.
fn pages(context: &str) -> Outcome<std::path::PathBuf> {
    let context: Value = serde_json::from_str(context)
        .map_err(|error| format!("`cargo xtask api` is for mdBook to run: {error}"))?;
    let destination = context["destination"]
        .as_str()
        .ok_or("`cargo xtask api` is for mdBook to run: its input names no `destination`")?;
    Ok(Path::new(destination).with_file_name("html"))
}

/// Copies convcore's part of the documentation: other crates may have been documented into the same folder.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default();
        if path.is_file() {
            fs::copy(&path, to.join(name))?;
        } else if ["convcore", "static.files", "search.index"]
            .map(OsStr::new)
            .contains(&name)
        {
            copy_all(&path, &to.join(name))?;
        } else if name == "src" {
            copy_all(&path.join("convcore"), &to.join("src/convcore"))?;
        }
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_all(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_lie_beside_the_renderers_own_folder() {
        let context = r#"{"destination": "/book/target/book/reference"}"#;
        assert_eq!(pages(context).unwrap(), Path::new("/book/target/book/html"));
    }

    #[test]
    fn what_is_not_from_mdbook_is_refused() {
        assert!(pages("").unwrap_err().contains("for mdBook to run"));
        assert!(pages("{}").unwrap_err().contains("names no `destination`"));
    }

    #[test]
    fn only_the_crates_own_part_is_copied() {
        let folder = std::env::temp_dir().join(format!("xtask-api-{}", std::process::id()));
        let (from, to) = (folder.join("doc"), folder.join("api"));
        for file in [
            "convcore/nn/index.html",
            "other/index.html",
            "src/convcore/lib.rs.html",
            "src/other/lib.rs.html",
        ] {
            fs::create_dir_all(from.join(file).parent().unwrap()).unwrap();
            fs::write(from.join(file), file).unwrap();
        }
        copy(&from, &to).unwrap();
        assert_eq!(
            fs::read_to_string(to.join("convcore/nn/index.html")).unwrap(),
            "convcore/nn/index.html"
        );
        assert!(to.join("src/convcore/lib.rs.html").exists());
        assert!(!to.join("other").exists() && !to.join("src/other").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
