//! `cargo xtask test`: everything that the project promises, step by step.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Outcome, jupyter, links, notebooks, pages, peers, process, report, serve, tools};

/// One of the checks. The order is the one in which they run: quick ones first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    Format,
    Spelling,
    Lints,
    Docs,
    Rust,
    BookBuild,
    BookTest,
    Links,
    Pages,
    Notebooks,
    Kernel,
    Peers,
}

impl Step {
    /// All of them, in order.
    pub(crate) const ALL: [Step; 12] = [
        Step::Format,
        Step::Spelling,
        Step::Lints,
        Step::Docs,
        Step::Rust,
        Step::BookBuild,
        Step::BookTest,
        Step::Links,
        Step::Pages,
        Step::Notebooks,
        Step::Kernel,
        Step::Peers,
    ];

    /// Those that run when none is named: a reader does not wait for other libraries to compile.
    pub(crate) fn default() -> impl Iterator<Item = Step> {
        Step::ALL.into_iter().filter(|step| *step != Step::Peers)
    }

    /// The word for `--only` and `--skip`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::Format => "format",
            Step::Spelling => "spelling",
            Step::Lints => "lints",
            Step::Docs => "docs",
            Step::Rust => "rust",
            Step::BookBuild => "book-build",
            Step::BookTest => "book-test",
            Step::Links => "links",
            Step::Pages => "pages",
            Step::Notebooks => "notebooks",
            Step::Kernel => "kernel",
            Step::Peers => "peers",
        }
    }

    /// What it checks, in one line.
    fn about(self) -> &'static str {
        match self {
            Step::Format => "the code is formatted",
            Step::Spelling => "no word is misspelt",
            Step::Lints => "the compiler and clippy have nothing to say",
            Step::Docs => "the crates' documentation builds without a warning",
            Step::Rust => "the crates' tests and the examples in their documentation pass",
            Step::BookBuild => "the book builds, each chapter's code run",
            Step::BookTest => "each block of each chapter passes",
            Step::Links => "each link in the book leads somewhere",
            Step::Pages => "the pages work in a browser, for everybody",
            Step::Notebooks => "the committed notebooks are what the book makes",
            Step::Kernel => "the committed notebooks have the outputs that the real kernel gives",
            Step::Peers => "other libraries give the same results, and the benchmarks compile",
        }
    }

    /// The step whose result this one reads.
    fn needs(self) -> Option<Step> {
        match self {
            Step::Links | Step::Pages | Step::Notebooks => Some(Step::BookBuild),
            _ => None,
        }
    }

    fn run(self) -> Outcome {
        match self {
            Step::Format => process::run(&mut process::cargo(["fmt", "--all", "--check"])),
            Step::Spelling => {
                tools::python()?;
                process::run(&mut Command::new(tools::python_program("typos")))
            }
            Step::Lints => process::run(
                process::cargo(["clippy", "--workspace", "--all-targets", "--all-features"])
                    .args(["--", "-D", "warnings"]),
            ),
            Step::Docs => process::run(
                process::cargo(["doc", "--workspace", "--no-deps", "--all-features"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            ),
            Step::Rust => process::run(&mut process::cargo([
                "test",
                "--workspace",
                "--all-features",
            ])),
            Step::BookBuild => build_book(),
            Step::BookTest => mdbook("test"),
            Step::Links => links::check("target/book/html"),
            Step::Pages => pages::test(),
            Step::Notebooks => notebooks::check(),
            Step::Kernel => jupyter::execute(),
            Step::Peers => peers::check(),
        }
    }
}

/// Says which steps run when none is named.
pub(crate) fn default_steps() -> String {
    let names: Vec<_> = Step::default().map(Step::name).collect();
    format!(
        "Without --only, these steps run: {}. The step peers compiles hundreds of crates of other libraries, for \
         minutes, and runs only when it is named.",
        names.join(", ")
    )
}

/// The steps that `--only` and `--skip` leave, with what they need.
pub(crate) fn select(only: &[String], skip: &[String]) -> Vec<Step> {
    let wanted = |step: &Step| {
        if only.is_empty() {
            Step::default().any(|default| default == *step)
        } else {
            only.iter().any(|name| name == step.name())
        }
    };
    let needed: Vec<Step> = Step::ALL
        .into_iter()
        .filter(wanted)
        .filter_map(Step::needs)
        .collect();
    let left = |step: &Step| !skip.iter().any(|name| name == step.name());
    Step::ALL
        .into_iter()
        .filter(|step| wanted(step) || needed.contains(step))
        .filter(left)
        .collect()
}

/// Runs the steps. One that fails does not keep the others from running; at the end stands which failed.
pub(crate) fn test(steps: &[Step]) -> Outcome {
    let mut results = Vec::new();
    for step in steps {
        println!("\n━━ {}: {}", step.name(), step.about());
        let start = Instant::now();
        let outcome = step.run();
        let time = start.elapsed();
        match &outcome {
            Ok(()) => println!("━━ {} passed in {}", step.name(), report::clock(time)),
            Err(message) => println!(
                "━━ {} FAILED after {}: {message}",
                step.name(),
                report::clock(time)
            ),
        }
        results.push((*step, time, outcome));
    }
    summarise(&results)
}

/// Prints the table, and last the line that says how many steps passed and failed.
fn summarise(results: &[(Step, Duration, Outcome)]) -> Outcome {
    println!("\n━━ summary");
    for (step, time, outcome) in results {
        let verdict = if outcome.is_ok() { "passed" } else { "FAILED" };
        println!(
            "{:<12} {verdict}  {:>12}",
            step.name(),
            report::clock(*time)
        );
    }
    println!(
        "{:<12}         {:>12}",
        "together",
        report::clock(results.iter().map(|(_, time, _)| *time).sum())
    );
    let failed: Vec<_> = results
        .iter()
        .filter(|(.., outcome)| outcome.is_err())
        .map(|(step, ..)| step.name())
        .collect();
    println!(
        "\n{} passed, {} failed",
        results.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("failed: {}", failed.join(", ")))
    }
}

/// Builds the book: its pages and its notebooks.
pub(crate) fn build_book() -> Outcome {
    mdbook("build")
}

fn mdbook(command: &str) -> Outcome {
    tools::mdbook()?;
    serve::build_programs()?;
    process::run(
        Command::new("mdbook")
            .arg(command)
            .env("PATH", tools::path()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(only: &[&str], skip: &[&str]) -> Vec<Step> {
        let owned = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        select(&owned(only), &owned(skip))
    }

    #[test]
    fn every_step_but_peers_runs_when_none_is_named() {
        let (peers, others) = Step::ALL.split_last().unwrap();
        assert_eq!(selected(&[], &[]), others);
        assert_eq!(selected(&["peers"], &[]), [*peers]);
    }

    #[test]
    fn a_step_brings_the_step_it_needs() {
        assert_eq!(selected(&["links"], &[]), [Step::BookBuild, Step::Links]);
        assert_eq!(selected(&["links"], &["book-build"]), [Step::Links]);
    }

    #[test]
    fn one_failed_step_fails_the_whole() {
        let passed = (Step::Docs, Duration::ZERO, Ok(()));
        let failed = (Step::Rust, Duration::ZERO, Err("a test failed".to_owned()));
        assert_eq!(summarise(std::slice::from_ref(&passed)), Ok(()));
        assert_eq!(summarise(&[passed, failed]), Err("failed: rust".to_owned()));
    }
}
