//! Builds whole books with the real mdBook and the real engine.

// Each file of tests uses its own part of this.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use mdbook_driver::MDBook;
use mdbook_preprocessor::book::Book;
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

/// The command under test.
pub(crate) const ENGINE: &str = env!("CARGO_BIN_EXE_mdbook-literate");

/// A copy of a book, in a folder of its own.
pub(crate) struct TestBook {
    pub(crate) root: PathBuf,
    /// Whether the engine is to believe that `mdbook serve` runs.
    pub(crate) serving: bool,
}

/// What a build gave.
pub(crate) struct Built {
    pub(crate) succeeded: bool,
    /// What the engine wrote to stderr, lines of progress left out.
    pub(crate) report: String,
    /// The lines of progress, without times.
    pub(crate) progress: Vec<String>,
    /// The Markdown that the renderer `test` got, by chapter.
    pub(crate) doctests: Vec<(String, String)>,
}

impl TestBook {
    /// Copies a book of `tests/books`.
    pub(crate) fn copy(name: &str, of: &str) -> TestBook {
        let book = TestBook::empty(name);
        copy(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/books")
                .join(of),
            &book.root,
        );
        book
    }

    /// An empty book.
    pub(crate) fn empty(name: &str) -> TestBook {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("books")
            .join(name);
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).expect("the test's folder can be made");
        TestBook {
            root,
            serving: false,
        }
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.root.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What a reader sees of a page: the HTML of the chapter.
    pub(crate) fn page(&self, path: &str) -> String {
        let html = self.read(path);
        let start = html.find("<main>").expect("a page has a main part") + "<main>".len();
        let end = html.find("</main>").expect("a page has a main part");
        format!("{}\n", html[start..end].trim())
    }

    /// `mdbook build`.
    pub(crate) fn build(&self) -> Built {
        self.with(|book| book.build().is_ok())
    }

    /// `mdbook test`.
    pub(crate) fn test(&self) -> Built {
        self.with(|book| book.test(Vec::new()).is_ok())
    }

    fn with(&self, act: impl FnOnce(&mut MDBook) -> bool) -> Built {
        let mut config = mdbook_driver::config::Config::from_disk(self.root.join("book.toml"))
            .expect("the book has its settings");
        if self.serving {
            config
                .set("output.html.live-reload-endpoint", "__livereload")
                .expect("it can be set");
        }
        let notebook = config
            .get::<serde_json::Value>("output.notebook")
            .ok()
            .flatten()
            .is_some();
        if notebook {
            let command = format!("'{ENGINE}' notebook");
            config
                .set("output.notebook.command", command)
                .expect("it can be set");
        }
        let mut book =
            MDBook::load_with_config(&self.root, config).expect("the book can be loaded");
        let heard = Arc::new(Mutex::new(Heard::default()));
        // In the place that book.toml gives the preprocessor, but with its stderr in our hands.
        book.with_preprocessor(Engine(Arc::clone(&heard)));
        let succeeded = act(&mut book);
        let heard = heard.lock().expect("nobody panicked");
        let (progress, report): (Vec<&str>, Vec<&str>) =
            heard.stderr.lines().partition(|line| is_progress(line));
        let doctests = heard.doctests.clone();
        let progress = progress
            .iter()
            .filter(|line| line.starts_with("literate: "))
            .map(|line| line.split(" (").next().unwrap_or_default().to_owned());
        Built {
            succeeded,
            report: format!("{}\n", report.join("\n").trim()),
            progress: progress.collect(),
            doctests,
        }
    }

    /// Starts the preprocessor by itself on the book, for the renderer `html`.
    pub(crate) fn preprocess(&self) -> std::process::Child {
        let book = MDBook::load(&self.root).expect("the book can be loaded");
        let context =
            PreprocessorContext::new(self.root.clone(), book.config.clone(), "html".to_owned());
        let mut child = engine()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the engine starts");
        serde_json::to_writer(
            child.stdin.take().expect("stdin is piped"),
            &(context, &book.book),
        )
        .expect("the engine reads");
        child
    }

    /// The engine's own report: which chapters were compiled and run.
    pub(crate) fn work(&self, renderer: &str) -> Vec<(String, bool, bool)> {
        let report = fs::read_to_string(target().join(format!("literate/report-{renderer}.json")))
            .expect("the engine wrote its report");
        let lines: Vec<serde_json::Value> =
            serde_json::from_str(&report).expect("the report is JSON");
        let flag = |line: &serde_json::Value, name: &str| line[name].as_bool().expect("a flag");
        lines
            .iter()
            .map(|line| {
                (
                    line["chapter"].as_str().expect("a path").to_owned(),
                    flag(line, "compiled"),
                    flag(line, "ran"),
                )
            })
            .collect()
    }
}

/// The target folder that all books share, so that each crate is compiled once.
pub(crate) fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("chapters")
}

/// The engine with the shared target folder.
pub(crate) fn engine() -> Command {
    static CLEAN: OnceLock<()> = OnceLock::new();
    // What an earlier run of the tests left must not stand in for what this one does.
    CLEAN.get_or_init(|| {
        let _ = fs::remove_dir_all(target().join("literate/cache"));
    });
    let mut command = Command::new(ENGINE);
    command.env("CARGO_TARGET_DIR", target());
    command
}

fn is_progress(line: &str) -> bool {
    const CARGO: [&str; 6] = [
        "Compiling",
        "Updating",
        "Locking",
        "Downloading",
        "Downloaded",
        "Blocking",
    ];
    line.starts_with("literate: ") || CARGO.iter().any(|word| line.trim_start().starts_with(word))
}

#[derive(Default)]
struct Heard {
    stderr: String,
    doctests: Vec<(String, String)>,
}

struct Engine(Arc<Mutex<Heard>>);

impl Preprocessor for Engine {
    fn name(&self) -> &str {
        "literate"
    }

    fn run(
        &self,
        context: &PreprocessorContext,
        book: Book,
    ) -> mdbook_preprocessor::errors::Result<Book> {
        let mut child = engine()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        serde_json::to_writer(
            child.stdin.take().expect("stdin is piped"),
            &(context, &book),
        )?;
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output()?;
        let mut heard = self.0.lock().expect("nobody panicked");
        heard.stderr.push_str(&String::from_utf8_lossy(&stderr));
        if !status.success() {
            return Err(mdbook_preprocessor::errors::Error::msg(
                "the preprocessor failed",
            ));
        }
        let book: Book = serde_json::from_slice(&stdout)?;
        if context.renderer == "test" {
            let chapters = book.chapters().map(|chapter| {
                (
                    chapter
                        .path
                        .as_ref()
                        .expect("a path")
                        .to_string_lossy()
                        .into_owned(),
                    chapter.content.clone(),
                )
            });
            heard.doctests = chapters.collect();
        }
        Ok(book)
    }
}

/// Compares a text with what a case expects; with `UPDATE_EXPECTED` set, takes it as what is expected from now on.
pub(crate) fn expect(case: &str, file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/books")
        .join(case)
        .join("expected")
        .join(file);
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder can be made");
        fs::write(&path, text).expect("the file can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected != text {
        let line = expected
            .lines()
            .zip(text.lines())
            .take_while(|(expected, found)| expected == found)
            .count();
        let (wanted, found) = (
            expected.lines().nth(line).unwrap_or("(the end)"),
            text.lines().nth(line).unwrap_or("(the end)"),
        );
        panic!(
            "{case}/expected/{file} differs in line {}\nexpected: {wanted}\n   found: {found}\n\nthe whole:\n{text}",
            line + 1
        );
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from)
        .unwrap_or_else(|error| panic!("{}: {error}", from.display()))
        .flatten()
    {
        let (source, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "expected" {
        } else if source.is_dir() {
            fs::create_dir_all(&copied).expect("the folder can be made");
            copy(&source, &copied);
        } else {
            fs::copy(&source, &copied).expect("the file can be copied");
        }
    }
}
