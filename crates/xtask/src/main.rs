//! The project's commands: `cargo xtask serve | test | jupyter | notebooks`.
//!
//! A reader has Rust, Python 3 and git. Whatever else a command needs, it installs itself: pinned, below `target/tools`,
//! once, and saying so.

mod api;
mod bench;
mod bench_book;
mod jupyter;
mod links;
mod notebooks;
mod pages;
mod peers;
mod process;
mod report;
mod serve;
mod test;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, builder::PossibleValuesParser, value_parser};

/// What a command returns: nothing, or a message for the person who started it.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let matches = command_line().get_matches();
    // Every path below is relative to the repository, wherever the command was started.
    std::env::set_current_dir(repository())
        .expect("the repository should still be where xtask was built");
    let outcome = match matches.subcommand() {
        Some(("serve", options)) => serve::serve(port(options), !options.get_flag("no-open")),
        Some(("jupyter", options)) if options.get_flag("set-up") => jupyter::prepare(),
        Some(("jupyter", options)) => jupyter::jupyter(port(options), !options.get_flag("no-open")),
        Some(("notebooks", options)) if options.get_flag("check") => {
            test::build_book().and_then(|()| notebooks::check())
        }
        Some(("notebooks", _)) => notebooks::update(),
        Some(("bench", options)) => bench::bench(options),
        Some(("api", _)) => api::render(std::io::stdin().lock()),
        Some(("test", options)) => test::test(&test::select(
            &names(options, "only"),
            &names(options, "skip"),
        )),
        _ => unreachable!("clap requires one of the subcommands"),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn command_line() -> Command {
    let port = |default: &'static str| {
        Arg::new("port")
            .long("port")
            .value_name("PORT")
            .default_value(default)
            .value_parser(value_parser!(u16).range(1..))
            .help("Listen on this port of the loopback address")
    };
    let no_open = Arg::new("no-open")
        .long("no-open")
        .action(ArgAction::SetTrue)
        .help("Open no browser");
    let set_up = Arg::new("set-up")
        .long("set-up")
        .action(ArgAction::SetTrue)
        .help("Set everything up and start nothing");
    let step = |name: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("STEP")
            .action(ArgAction::Append)
            .value_delimiter(',')
            .value_parser(PossibleValuesParser::new(
                test::Step::ALL.map(test::Step::name),
            ))
    };
    Command::new("cargo xtask")
        .bin_name("cargo xtask")
        .about("The project's commands")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("serve")
                .about("Build the book, serve it on this machine and follow every change")
                .args([port("3000"), no_open.clone()]),
        )
        .subcommand(
            Command::new("jupyter")
                .about("Open the notebooks in JupyterLab, with the Rust kernel")
                .args([port("8888"), no_open, set_up]),
        )
        .subcommand(
            Command::new("notebooks")
                .about("Make the notebooks from the book")
                .arg(
                    Arg::new("check")
                        .long("check")
                        .action(ArgAction::SetTrue)
                        .help("Change nothing; fail when a committed notebook differs"),
                ),
        )
        .subcommand(
            Command::new("api")
                .about("Put convcore's documentation beside the book's pages (for mdBook to run)"),
        )
        .subcommand(bench::command())
        .subcommand(
            Command::new("test")
                .about("Check everything that the project promises")
                .after_help(test::default_steps())
                .args([
                    step("only").help("Run this step and what it needs (may be repeated)"),
                    step("skip").help("Leave this step out (may be repeated)"),
                ]),
        )
}

fn port(options: &ArgMatches) -> u16 {
    *options.get_one("port").expect("the port has a default")
}

fn names(options: &ArgMatches, option: &str) -> Vec<String> {
    options
        .get_many::<String>(option)
        .into_iter()
        .flatten()
        .cloned()
        .collect()
}

/// The repository's root: two folders above this crate.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readers_commands_are_offered() {
        let mut command = command_line();
        command.build();
        command.clone().debug_assert();
        for name in ["serve", "test", "jupyter", "notebooks"] {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
    }
}
