//! Whole books: `tests/books/<case>` goes in, and what comes out is in `tests/books/<case>/expected`.
//!
//! `UPDATE_EXPECTED=1 cargo test -p mdbook-literate --test books` takes what comes out as what is expected; read the difference.

mod driver;

use std::fs;
use std::process::Command;

use driver::{TestBook, expect, target};

#[test]
fn blocks_mean_what_they_mean_in_a_notebook() {
    let book = TestBook::copy("semantics", "semantics");
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    expect("semantics", "report.txt", &built.report);
    for page in ["preface", "scope", "marks", "words"] {
        expect(
            "semantics",
            &format!("{page}.html"),
            &book.page(&format!("book/html/{page}.html")),
        );
    }
    for name in [
        "01-scope.ipynb",
        "02-marks.ipynb",
        "words.ipynb",
        "02-marks.rs",
    ] {
        expect(
            "semantics",
            name,
            &book.read(&format!("book/notebook/{name}")),
        );
        assert_eq!(
            book.read(&format!("book/html/notebooks/{name}")),
            book.read(&format!("book/notebook/{name}"))
        );
    }
    assert!(
        !book.root.join("book/notebook/00-preface.ipynb").exists(),
        "a chapter with nothing to run has no notebook"
    );
    let tested = book.test();
    assert!(tested.succeeded, "{}", tested.report);
    expect(
        "semantics",
        "marks.test.md",
        &tested
            .doctests
            .iter()
            .find(|(path, _)| path == "marks.md")
            .expect("the chapter")
            .1,
    );
}

#[test]
fn what_a_block_prints_is_text_and_what_it_draws_is_a_figure() {
    let book = TestBook::copy("markup", "markup");
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    expect("markup", "markup.html", &book.page("book/html/markup.html"));
    expect(
        "markup",
        "figures.html",
        &book.page("book/html/figures.html"),
    );
    expect(
        "markup",
        "01-markup.ipynb",
        &book.read("book/notebook/01-markup.ipynb"),
    );
    expect(
        "markup",
        "02-figures.ipynb",
        &book.read("book/notebook/02-figures.ipynb"),
    );
    // The two large pictures of the chapter hold the same.
    let pictures: Vec<_> = fs::read_dir(book.root.join("book/html/pictures"))
        .expect("the folder of pictures")
        .flatten()
        .collect();
    assert_eq!(pictures.len(), 1);
    let name = pictures[0].file_name().into_string().expect("UTF-8");
    assert_eq!(
        book.read(&format!("book/html/pictures/{name}")),
        "ABC".repeat(1024)
    );
    for page in ["figures", "print"] {
        let html = book.read(&format!("book/html/{page}.html"));
        assert_eq!(
            html.matches(&format!("src=\"pictures/{name}\"")).count(),
            2,
            "{page}"
        );
    }
}

#[test]
fn blocks_are_found_wherever_they_stand() {
    let book = TestBook::copy("places", "places");
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    for page in ["parent", "größe/über", "windows"] {
        expect(
            "places",
            &format!("{}.html", page.replace('/', "-")),
            &book.page(&format!("book/html/{page}.html")),
        );
    }
    for name in ["01-parent.ipynb", "01.1-über.ipynb", "02-windows.ipynb"] {
        expect("places", name, &book.read(&format!("book/notebook/{name}")));
    }
    assert!(
        book.test().succeeded,
        "a chapter in a folder below is tested as well"
    );
}

#[test]
fn a_book_of_its_own_uses_a_crate_from_crates_io() {
    let book = TestBook::copy("crates-io", "crates-io");
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    expect(
        "crates-io",
        "integers.html",
        &book.page("book/html/integers.html"),
    );
    expect(
        "crates-io",
        "01-integers.ipynb",
        &book.read("book/notebook/01-integers.ipynb"),
    );
    assert!(book.test().succeeded);

    // What the page offers as its program runs in a package that depends on the crate.
    book.write("program/Cargo.toml", "[package]\nname = \"program\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nitoa = \"1\"\n");
    book.write(
        "program/src/main.rs",
        &book.read("book/html/notebooks/01-integers.rs"),
    );
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["run", "--quiet"])
        .current_dir(book.root.join("program"))
        .env("CARGO_TARGET_DIR", target());
    let run = cargo.output().expect("cargo starts");
    assert_eq!(
        String::from_utf8_lossy(&run.stdout),
        "\"-7\"\n",
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn all_that_goes_wrong_is_told_at_once_with_its_line() {
    let book = TestBook::copy("failures", "failures");
    let built = book.build();
    assert!(!built.succeeded);
    expect("failures", "report.txt", &built.report);

    let tested = book.test();
    assert!(!tested.succeeded);
    for chapter in ["panic", "missing-include", "good"] {
        let (_, doctests) = tested
            .doctests
            .iter()
            .find(|(path, _)| *path == format!("{chapter}.md"))
            .expect("the chapter");
        expect("failures", &format!("{chapter}.test.md"), doctests);
    }
}

#[test]
fn while_serving_a_broken_chapter_shows_its_error_in_its_page() {
    let mut book = TestBook::copy("serving", "failures");
    book.serving = true;
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    for page in ["type-error", "panic", "cut", "missing-include", "good"] {
        expect(
            "failures",
            &format!("serving-{page}.html"),
            &book.page(&format!("book/html/{page}.html")),
        );
    }
    assert!(book.root.join("book/html/notebooks/20-good.ipynb").exists());
    assert!(
        !book
            .root
            .join("book/html/notebooks/03-panic.ipynb")
            .exists()
    );
}

#[test]
fn a_crate_that_does_not_compile_is_told_once() {
    let mut book = TestBook::copy("broken-crate", "broken-crate");
    let built = book.build();
    assert!(!built.succeeded);
    expect("broken-crate", "report.txt", &built.report);

    book.serving = true;
    assert!(book.build().succeeded);
    expect("broken-crate", "one.html", &book.page("book/one.html"));
}
