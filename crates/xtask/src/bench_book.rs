//! `cargo xtask bench --book`: how long the book takes to build, and where the time goes.
//!
//! All of it happens in a copy of the repository, with a `target` of its own: the reader's files and what is built
//! already stay as they are.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, process, report, tools};

/// The copy.
const COPY: &str = "target/bench-book";

/// The chapter that is edited.
const CHAPTER: &str = "book/padding.md";

/// A chapter's code may run for so many seconds, or the table says so.
const LONG: f64 = 10.0;

/// The chapter that trains a network has so many.
const CAPSTONE: (&str, f64) = ("book/a-network.md", 60.0);

/// Builds the book in the ways that a reader does, and prints the table.
pub(crate) fn bench() -> Outcome {
    tools::mdbook()?;
    copy()?;
    let outcome = measure();
    let removed = std::fs::remove_dir_all(COPY);
    outcome?;
    removed.map_err(|error| format!("cannot remove {COPY}: {error}"))
}

fn measure() -> Outcome {
    // Downloads are not measured.
    process::run(&mut cargo(["fetch", "--quiet"]))?;
    let mut table = Table::new();
    table.add("`cargo build --workspace`, cold", || {
        let start = Instant::now();
        process::run(&mut cargo(["build", "--quiet", "--workspace"]))?;
        Ok((start.elapsed(), String::new()))
    })?;
    std::fs::remove_dir_all(format!("{COPY}/target"))
        .map_err(|error| format!("cannot remove {COPY}/target: {error}"))?;
    let mut runs = Vec::new();
    table.add("`mdbook build`, cold", || {
        let start = Instant::now();
        for program in ["mdbook-literate", "mdbook-mathml"] {
            process::run(&mut cargo(["build", "--quiet", "--package", program]))?;
        }
        let programs = start.elapsed();
        let book = mdbook("build")?;
        runs = book.runs.clone();
        let total = start.elapsed();
        Ok((
            total,
            format!("{} engine, {}", seconds(programs), book.parts()),
        ))
    })?;
    table.add("`mdbook build`, nothing changed", || timed_mdbook("build"))?;
    edit(|text| text + "\nOne more sentence.\n")?;
    table.add("`mdbook build`, prose of one chapter changed", || {
        timed_mdbook("build")
    })?;
    edit(|text| text.replacen("```rust\n", "```rust\nlet _one_more = 1;\n", 1))?;
    table.add("`mdbook build`, one block of one chapter changed", || {
        timed_mdbook("build")
    })?;
    table.add("`mdbook test`, after that", || timed_mdbook("test"))?;
    println!("\n{}", table.text);
    for line in slow(&runs) {
        println!("{line}");
    }
    Ok(())
}

/// The measurements, as Markdown.
struct Table {
    text: String,
    /// The first one, to which all others are compared.
    first: Option<Duration>,
}

impl Table {
    fn new() -> Table {
        let text = "| what | time | ratio to the first | where it goes |\n|---|--:|--:|---|\n";
        Table {
            text: text.to_owned(),
            first: None,
        }
    }

    fn add(&mut self, what: &str, work: impl FnOnce() -> Outcome<(Duration, String)>) -> Outcome {
        let (time, parts) = report::timed(what, work)?;
        let first = *self.first.get_or_insert(time);
        let ratio = time.as_secs_f64() / first.as_secs_f64();
        self.text += &format!("| {what} | {} | {ratio:.2} | {parts} |\n", seconds(time));
        Ok(())
    }
}

/// What mdBook's programs say while it runs, and when.
struct Book {
    time: Duration,
    /// When the engine began to compile, when the first and the last chapter were compiled and when the last had run.
    compiling: Option<Duration>,
    first: Option<Duration>,
    last: Option<Duration>,
    ran: Option<Duration>,
    /// The chapters that ran, and for how long.
    runs: Vec<(String, f64)>,
}

impl Book {
    fn read(&mut self, line: &str, now: Duration) {
        let Some(said) = line.strip_prefix("literate: ") else {
            return;
        };
        if said.starts_with("compiling ") {
            self.compiling.get_or_insert(now);
        } else if said.starts_with("compiled ") {
            self.first.get_or_insert(now);
            self.last = Some(now);
        } else if let Some((chapter, time)) = said
            .strip_prefix("ran ")
            .and_then(|rest| rest.strip_suffix(" s)")?.split_once(" ("))
        {
            self.ran = Some(now);
            self.runs
                .push((chapter.to_owned(), time.parse().unwrap_or(0.0)));
        }
    }

    /// Where the time goes, in words.
    fn parts(&self) -> String {
        let (Some(compiling), Some(first), Some(last), Some(ran)) =
            (self.compiling, self.first, self.last, self.ran)
        else {
            return "nothing compiled, nothing run".to_owned();
        };
        let run: f64 = self.runs.iter().map(|(_, time)| time).sum();
        format!(
            "{} until the engine compiles, {} crates and first chapter, {} other chapters compiled and linked, {} until \
             the last has run ({run:.1} s of runs in all, most beside the compiler), {} pages, notebooks, documentation",
            seconds(compiling),
            seconds(first - compiling),
            seconds(last - first),
            seconds(ran.saturating_sub(last)),
            seconds(self.time.saturating_sub(ran.max(last)))
        )
    }
}

fn timed_mdbook(command: &str) -> Outcome<(Duration, String)> {
    let book = mdbook(command)?;
    Ok((book.time, book.parts()))
}

/// Runs mdBook in the copy, and passes on what it says.
fn mdbook(command: &str) -> Outcome<Book> {
    let mut book = Book {
        time: Duration::ZERO,
        compiling: None,
        first: None,
        last: None,
        ran: None,
        runs: Vec::new(),
    };
    let start = Instant::now();
    let mut child = in_copy(Command::new("mdbook").arg(command))
        .env("PATH", tools::path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("`mdbook` could not be started: {error}"))?;
    let said = child.stderr.take().expect("it was asked for");
    for line in BufReader::new(said).lines().map_while(Result::ok) {
        eprintln!("   {line}");
        book.read(&line, start.elapsed());
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    book.time = start.elapsed();
    if status.success() {
        Ok(book)
    } else {
        Err(format!("`mdbook {command}` failed ({status})"))
    }
}

/// The chapters that run for too long, in words.
fn slow(runs: &[(String, f64)]) -> Vec<String> {
    let limit = |chapter: &str| match chapter == CAPSTONE.0 {
        true => CAPSTONE.1,
        false => LONG,
    };
    let slow: Vec<String> = runs
        .iter()
        .filter(|(chapter, time)| *time > limit(chapter))
        .map(|(chapter, time)| {
            format!(
                "{chapter} runs for {time:.1} s, more than {} s.",
                limit(chapter)
            )
        })
        .collect();
    if !slow.is_empty() {
        return slow;
    }
    let longest = runs.iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
    let longest = longest.map_or(String::new(), |(chapter, time)| {
        format!(" The longest is {chapter}, {time:.1} s.")
    });
    vec![format!(
        "Each chapter's code runs for less than {LONG} s ({}: {} s).{longest}",
        CAPSTONE.0, CAPSTONE.1
    )]
}

/// Copies what git knows of and what it would take in: no built files.
fn copy() -> Outcome {
    let _ = std::fs::remove_dir_all(COPY);
    let files = process::output(Command::new("git").args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]))
    .ok_or("git does not list the repository's files")?;
    for file in files
        .split_terminator('\0')
        .map(Path::new)
        .filter(|file| file.is_file())
    {
        let to = PathBuf::from(COPY).join(file);
        let folder = to.parent().unwrap_or(Path::new(COPY));
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::copy(file, &to))
            .map_err(|error| format!("cannot copy {}: {error}", file.display()))?;
    }
    Ok(())
}

fn edit(change: impl FnOnce(String) -> String) -> Outcome {
    let file = format!("{COPY}/{CHAPTER}");
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("cannot read {file}: {error}"))?;
    std::fs::write(&file, change(text)).map_err(|error| format!("cannot write {file}: {error}"))
}

fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = process::cargo(arguments);
    in_copy(&mut command);
    command
}

fn in_copy(command: &mut Command) -> &mut Command {
    command.current_dir(COPY).env_remove("CARGO_TARGET_DIR")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_says_is_read() {
        let mut book = Book {
            time: Duration::from_secs(9),
            compiling: None,
            first: None,
            last: None,
            ran: None,
            runs: Vec::new(),
        };
        for (at, line) in [
            "literate: compiling book/a.md",
            "literate: compiled book/a.md (1.0 s)",
            "literate: ran book/a.md (12.5 s)",
        ]
        .into_iter()
        .enumerate()
        {
            book.read(line, Duration::from_secs(at as u64));
        }
        assert_eq!(book.runs, [("book/a.md".to_owned(), 12.5)]);
        assert!(
            book.parts()
                .ends_with("7.0 s pages, notebooks, documentation"),
            "{}",
            book.parts()
        );
        assert_eq!(
            slow(&book.runs),
            ["book/a.md runs for 12.5 s, more than 10 s."]
        );
    }
}
