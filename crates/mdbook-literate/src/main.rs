//! The command that mdBook starts.

use std::io::{stdin, stdout};
use std::process::ExitCode;

use clap::{Arg, Command};
use mdbook_literate::{notebook, preprocess};

fn main() -> ExitCode {
    let matches = Command::new("mdbook-literate")
        .about("Runs the chapters of a Rust book: real outputs in its pages, its tests and its notebooks.")
        .after_help(
            "mdBook starts this command for a book whose book.toml has a table [preprocessor.literate];\n\
             without a subcommand it reads the book from standard input and writes it to standard output.",
        )
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand(
            Command::new("supports")
                .about("Says by its exit code whether pages of a renderer can have outputs")
                .arg(Arg::new("renderer").required(true)),
        )
        .subcommand(Command::new("notebook").about("Writes notebooks: the command of [output.notebook] in book.toml"))
        .get_matches();
    let result = match matches.subcommand() {
        Some(("supports", _)) => Ok(()),
        Some(("notebook", _)) => notebook::render(stdin().lock()),
        _ => preprocess::preprocess(stdin().lock(), stdout().lock()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
