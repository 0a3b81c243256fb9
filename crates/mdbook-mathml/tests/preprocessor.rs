//! The program as mdBook starts it: with the book as JSON on its standard input.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::{Book, BookItem, Chapter};
use mdbook_preprocessor::config::Config;

const PROGRAM: &str = env!("CARGO_BIN_EXE_mdbook-mathml");

/// A book of one chapter, whose file holds `source` and whose content other preprocessors made `content`.
fn run(test: &str, source: &str, content: &str) -> Output {
    let root = std::env::temp_dir().join(format!("mdbook-mathml-{test}-{}", std::process::id()));
    std::fs::create_dir_all(root.join("book")).unwrap();
    std::fs::write(root.join("book/chapter.md"), source).unwrap();
    let chapter = Chapter::new("Chapter", content.to_owned(), "chapter.md", Vec::new());
    let book = Book::new_with_items(vec![BookItem::Chapter(chapter)]);
    let mut config = Config::default();
    config.book.src = PathBuf::from("book");
    let context = PreprocessorContext::new(root.clone(), config, "html".to_owned());
    let output = fed(&serde_json::to_string(&(context, book)).unwrap());
    std::fs::remove_dir_all(root).unwrap();
    output
}

fn fed(input: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_book_comes_back_with_its_formulas_rendered() {
    let output = run("rendered", "$n$\n", "$n$\n");
    assert!(output.status.success());
    let book: Book = serde_json::from_slice(&output.stdout).unwrap();
    let content = book.chapters().next().unwrap().content.clone();
    assert!(
        content.starts_with("<math") && content.ends_with("</math>\n"),
        "{content}"
    );
}

#[test]
fn a_mistake_fails_with_the_line_of_the_chapters_file() {
    let output = run(
        "mistake",
        "# Title\n\nText $\\oops$.\n",
        "# Title\n\nMore\n\nlines\n\nText $\\oops$.\n",
    );
    let message = String::from_utf8(output.stderr).unwrap();
    let place = Path::new("book").join("chapter.md");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert!(
        message.starts_with(&format!("{}:3: in the formula $\\oops$", place.display())),
        "{message}"
    );
}

#[test]
fn only_pages_are_rendered() {
    for (renderer, supported) in [("html", true), ("test", false), ("notebook", false)] {
        let status = Command::new(PROGRAM)
            .args(["supports", renderer])
            .status()
            .unwrap();
        assert_eq!(status.success(), supported, "{renderer}");
    }
}
