//! Times the stock way to test a book's blocks beside the engine's.
//!
//! ```text
//! cargo run -p mdbook-literate --example stock_route -- [BOOK [CHAPTER.md ...]]
//! ```
//!
//! The stock way is what `mdbook test -L` does: `rustdoc --test -L` on each chapter. For that, each block has to stand by itself, so
//! it gets all the blocks before it as hidden lines, and `extern crate` for each crate. The crates are compiled first, into a folder
//! of their own: a second build of one crate in an `-L` folder would be error E0464. The other way is `mdbook test` through the
//! engine. Each is timed cold (nothing compiled yet) and warm (again, with nothing changed). Without chapters, the whole book is timed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use mdbook_driver::MDBook;
use mdbook_driver::book::Chapter;
use mdbook_literate::chapter::Mark;
use mdbook_literate::config::{Config, normal, slashed};
use mdbook_literate::preprocess::chapters;
use mdbook_literate::program::Program;
use mdbook_literate::toolchain::target_folder;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let root = normal(
        &std::env::current_dir()
            .expect("there is a current folder")
            .join(arguments.next().unwrap_or_else(|| ".".to_owned())),
    );
    let only: Vec<String> = arguments.collect();
    match compare(&root, &only) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(root: &Path, only: &[String]) -> Result<(), String> {
    let book = MDBook::load(root).map_err(|error| format!("{error:#}"))?;
    let config = Config::read(root, &book.config)?;
    let mut chapters = chapters(&book.book, &config);
    chapters.retain(|chapter| {
        !chapter.blocks.is_empty() && (only.is_empty() || only.contains(&chapter.path))
    });
    let blocks: usize = chapters.iter().map(|chapter| chapter.blocks.len()).sum();
    println!("{} chapters, {blocks} blocks", chapters.len());

    let target = target_folder(root);
    let stock = target.join("stock-route");
    let clear = |folder: &Path| {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
        } else {
            Ok(())
        }
    };
    clear(&stock)?;
    let stock_cold = timed("stock, cold", || {
        compile_crates(&stock, &config)?;
        rustdoc(&stock, &config, &chapters)
    })?;
    let stock_warm = timed("stock, warm", || rustdoc(&stock, &config, &chapters))?;

    clear(&target.join("literate"))?;
    let engine = || mdbook_test(root, only);
    let engine_cold = timed("engine, cold", engine)?;
    let engine_warm = timed("engine, warm", engine)?;
    println!(
        "engine / stock: cold {:.2}, warm {:.3}",
        engine_cold / stock_cold,
        engine_warm / stock_warm
    );
    Ok(())
}

fn timed(name: &str, mut act: impl FnMut() -> Result<(), String>) -> Result<f64, String> {
    let start = Instant::now();
    act()?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {seconds:.1} s");
    Ok(seconds)
}

/// Compiles the crates, and nothing else, with the engine's profile for crates.
fn compile_crates(folder: &Path, config: &Config) -> Result<(), String> {
    let mut dependencies = config.dependencies.clone();
    for (_, value) in dependencies.iter_mut() {
        if let Some(path) = value.as_table_mut().and_then(|table| table.get_mut("path")) {
            let absolute = config.root.join(path.as_str().unwrap_or_default());
            *path = toml::Value::String(absolute.to_string_lossy().into_owned());
        }
    }
    let dependencies =
        toml::Table::from_iter([("dependencies".to_owned(), toml::Value::Table(dependencies))]);
    let manifest = format!(
        "[package]\nname = \"stock\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[profile.dev]\nopt-level = 3\ndebug = false\n{dependencies}"
    );
    let write = |path: PathBuf, text: &str| {
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    write(folder.join("Cargo.toml"), &manifest)?;
    write(folder.join("src/lib.rs"), "")?;
    if let Ok(lock) = fs::read(config.root.join("Cargo.lock")) {
        fs::write(folder.join("Cargo.lock"), lock).map_err(|error| error.to_string())?;
    }
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"));
    succeed(&mut cargo)
}

/// `rustdoc --test` on each chapter, one after the other, as mdBook does it.
fn rustdoc(
    folder: &Path,
    config: &Config,
    chapters: &[mdbook_literate::chapter::Chapter],
) -> Result<(), String> {
    for chapter in chapters {
        let file = folder.join(chapter.path.replace('/', "-"));
        fs::write(&file, standalone(chapter, config)).map_err(|error| error.to_string())?;
        let mut rustdoc = Command::new("rustdoc");
        rustdoc
            .arg(&file)
            .args(["--test", "--edition", &config.edition, "-L"])
            .arg(folder.join("target/debug/deps"));
        rustdoc
            .current_dir(config.working_dir())
            .stdout(Stdio::null());
        succeed(&mut rustdoc)?;
    }
    Ok(())
}

/// The chapter's blocks, each with those before it as hidden lines.
fn standalone(chapter: &mdbook_literate::chapter::Chapter, config: &Config) -> String {
    let crates: String = config
        .dependencies
        .keys()
        .map(|name| format!("# extern crate {};\n", name.replace('-', "_")))
        .collect();
    let mut page = String::new();
    for (at, block) in chapter.blocks.iter().enumerate() {
        let mark = match &block.mark {
            Mark::Ignore => continue,
            Mark::Run | Mark::NoRun | Mark::ShouldPanic => "",
            Mark::CompileFail(_) => ",compile_fail",
        };
        let mut until = chapter.clone();
        until.blocks.truncate(at + 1);
        let program = match block.mark {
            Mark::CompileFail(_) => Program::failing(&until, &config.prelude).pop(),
            _ => Program::of(&until, &config.prelude),
        };
        let Some(program) = program else { continue };
        // rustdoc silences lints itself, and puts tests together only when they have no attributes of their own.
        let lines = program
            .text
            .lines()
            .filter(|line| *line != "#![allow(warnings, clippy::all)]");
        let hidden: String = lines.map(|line| format!("# {line}\n")).collect();
        page.push_str(&format!("````rust{mark}\n{crates}{hidden}````\n\n"));
    }
    page
}

/// `mdbook test` of the chosen chapters, by mdBook itself.
fn mdbook_test(root: &Path, only: &[String]) -> Result<(), String> {
    let mut book = MDBook::load(root).map_err(|error| format!("{error:#}"))?;
    if !only.is_empty() {
        let chosen = book.book.chapters().filter(|chapter| {
            let path = chapter.path.as_deref().map(slashed);
            path.is_some_and(|path| only.contains(&path))
        });
        book.book.items = chosen
            .cloned()
            .map(|chapter| {
                Chapter {
                    sub_items: Vec::new(),
                    ..chapter
                }
                .into()
            })
            .collect();
    }
    book.test(Vec::new()).map_err(|error| format!("{error:#}"))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}
