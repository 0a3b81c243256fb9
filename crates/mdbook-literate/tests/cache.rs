//! What is compiled and run, and what is not: by the engine's own report, not by a clock.

mod driver;

use std::fs;
use std::time::Instant;

use driver::{TestBook, target};

const SETTINGS: &str =
    "[rust]\nedition = \"2024\"\n[preprocessor.literate]\nbefore = [\"links\"]\n";

fn two_chapters(name: &str) -> TestBook {
    let book = TestBook::empty(name);
    book.write("book.toml", SETTINGS);
    book.write(
        "src/SUMMARY.md",
        "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n",
    );
    book.write("src/one.md", "# One\n\n```rust\n\"first of one\"\n```\n");
    book.write("src/two.md", "# Two\n\n```rust\n\"first of two\"\n```\n");
    book
}

/// Builds and says which chapters were compiled and run.
fn work(book: &TestBook) -> Vec<String> {
    let built = book.build();
    assert!(built.succeeded, "{}", built.report);
    let work = book.work("html");
    work.into_iter()
        .filter(|(_, compiled, ran)| assert_both(*compiled, *ran))
        .map(|(chapter, ..)| chapter)
        .collect()
}

fn assert_both(compiled: bool, ran: bool) -> bool {
    assert_eq!(compiled, ran);
    ran
}

#[test]
fn only_what_changed_is_compiled_and_run() {
    let _alone = alone();
    let book = two_chapters("changes");
    assert_eq!(work(&book), ["src/one.md", "src/two.md"]);
    assert_eq!(work(&book), [""; 0]);

    // Prose costs nothing, even when it moves the block to another line.
    book.write(
        "src/one.md",
        "# One\n\nMore prose.\n\n```rust\n\"first of one\"\n```\n",
    );
    assert_eq!(work(&book), [""; 0]);
    assert!(book.page("book/one.html").contains("first of one"));

    book.write("src/one.md", "# One\n\n```rust\n\"second of one\"\n```\n");
    assert_eq!(work(&book), ["src/one.md"]);
    assert!(book.page("book/one.html").contains("second of one"));

    // Back to what it was: that is known.
    book.write("src/one.md", "# One\n\n```rust\n\"first of one\"\n```\n");
    assert_eq!(work(&book), [""; 0]);

    book.write(
        "src/SUMMARY.md",
        "# Summary\n\n- [New](new.md)\n- [Two](two.md)\n",
    );
    book.write("src/new.md", "# New\n\n```rust\n\"new\"\n```\n");
    assert_eq!(work(&book), ["src/new.md"]);

    // What else decides what is printed.
    book.write(
        "book.toml",
        &format!("{SETTINGS}prelude = \"use std::fmt;\"\n"),
    );
    assert_eq!(work(&book), ["src/new.md", "src/two.md"]);
    fs::remove_dir_all(target().join("literate"))
        .expect("what `cargo clean` removes can be removed");
    assert_eq!(work(&book), ["src/new.md", "src/two.md"]);
}

#[test]
fn a_change_in_a_crate_reaches_all_chapters() {
    let _alone = alone();
    let book = two_chapters("crates");
    let depends = "[preprocessor.literate.dependencies]\nouter = { path = \"outer\" }\n";
    book.write(
        "book.toml",
        &format!("{SETTINGS}inputs = [\"data.txt\"]\n{depends}"),
    );
    book.write("data.txt", "data");
    let manifest = |name: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n")
    };
    book.write(
        "outer/Cargo.toml",
        &format!(
            "{}\n[dependencies]\ninner = {{ path = \"../inner\" }}\n",
            manifest("outer")
        ),
    );
    book.write(
        "outer/src/lib.rs",
        "pub fn value() -> i32 { inner::value() }\n",
    );
    book.write("inner/Cargo.toml", &manifest("inner"));
    book.write("inner/src/lib.rs", "pub fn value() -> i32 { 41 }\n");
    book.write("src/one.md", "# One\n\n```rust\nouter::value()\n```\n");
    assert_eq!(work(&book).len(), 2);
    assert!(book.page("book/one.html").contains("41"));

    book.write("inner/src/lib.rs", "pub fn value() -> i32 { 42 }\n");
    assert_eq!(work(&book).len(), 2);
    assert!(book.page("book/one.html").contains("42"));

    book.write("inner/tests/test.rs", "#[test] fn t() {}\n");
    assert_eq!(work(&book).len(), 0, "a crate's tests change nothing");
    book.write("data.txt", "other data");
    assert_eq!(work(&book).len(), 2);
}

#[test]
fn what_does_not_compile_is_not_compiled_again() {
    let _alone = alone();
    let book = two_chapters("broken");
    book.write("src/one.md", "# One\n\n```rust\nlet a: i32 = \"\";\n```\n");
    assert!(!book.build().succeeded);
    book.write(
        "src/one.md",
        "# One\n\nProse.\n\n```rust\nlet a: i32 = \"\";\n```\n",
    );
    let built = book.build();
    assert!(built.report.contains("src/one.md:6:14"), "{}", built.report);
    assert_eq!(built.progress, [""; 0]);
}

#[test]
fn nothing_half_written_is_trusted() {
    let _alone = alone();
    let book = two_chapters("half");
    work(&book);
    let cache = target().join("literate/cache");
    for entry in fs::read_dir(&cache).expect("there is a cache").flatten() {
        let whole = fs::read(entry.path()).expect("it can be read");
        fs::write(entry.path(), &whole[..whole.len() / 2]).expect("it can be cut");
    }
    fs::write(cache.join(".left-over.1"), "half").expect("it can be written");
    assert_eq!(work(&book), ["src/one.md", "src/two.md"]);
    assert!(book.page("book/one.html").contains("first of one"));
}

#[test]
fn a_killed_build_leaves_nothing_wrong() {
    let _alone = alone();
    let book = two_chapters("killed");
    let flag = target().join("killed-flag");
    let _ = fs::remove_file(&flag);
    // Waits until the second build allows it to end; before, it has printed something.
    let code = format!(
        "println!(\"begun\");\nwhile !std::path::Path::new({flag:?}).exists() {{\n    std::thread::sleep(std::time::Duration::from_millis(20));\n}}\nprintln!(\"done\");\n"
    );
    book.write("src/two.md", &format!("# Two\n\n```rust\n{code}```\n"));
    let mut child = book.preprocess();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(
        child.stderr.take().expect("stderr is piped"),
    ));
    let compiled = lines
        .map_while(Result::ok)
        .find(|line| line.starts_with("literate: compiled src/two.md"));
    assert!(compiled.is_some());
    child.kill().expect("the engine can be killed");
    child.wait().expect("it ends");
    fs::write(&flag, "").expect("it can be written");
    let work = work(&book);
    assert!(work.contains(&"src/two.md".to_owned()));
    assert!(book.page("book/two.html").contains("begun\ndone"));
}

#[test]
fn two_builds_at_once_share_the_work() {
    let _alone = alone();
    let book = two_chapters("together");
    book.write(
        "src/one.md",
        &format!("# One\n\n```rust\n\"{:?}\"\n```\n", Instant::now()),
    );
    book.write("src/two.md", "# Two\n\n```rust\n\"two builds\"\n```\n");
    let children = [book.preprocess(), book.preprocess()];
    let outputs = children.map(|child| child.wait_with_output().expect("the engine ends"));
    assert!(outputs.iter().all(|output| output.status.success()));
    assert_eq!(outputs[0].stdout, outputs[1].stdout);
    let told: String = outputs
        .iter()
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .collect();
    assert_eq!(
        told.matches("literate: ran src/one.md").count(),
        1,
        "{told}"
    );
}

#[test]
fn two_builds_give_the_same_bytes() {
    let _alone = alone();
    let book = TestBook::copy("twice", "markup");
    let mut results = Vec::new();
    for _ in 0..2 {
        fs::remove_dir_all(target().join("literate/cache")).unwrap_or_default();
        assert!(book.build().succeeded);
        let files = [
            "book/html/markup.html",
            "book/html/figures.html",
            "book/notebook/01-markup.ipynb",
            "book/notebook/02-figures.ipynb",
        ];
        results.push(files.map(|file| book.read(file)));
    }
    assert!(results[0] == results[1]);
}

/// These tests look at the one cache and the one report, so they take turns.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
