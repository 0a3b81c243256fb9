//! `cargo xtask bench`: how fast convcore is beside other libraries, and how fast the book builds.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::{Outcome, bench_book, peers};

/// The options that go to the crate `peers` as they are: name, value, help.
const OPTIONS: [(&str, &str, &str); 6] = [
    ("threads", "N,N", "On so many threads each [default: 1,2]"),
    (
        "only",
        "WORK,WORK",
        "Only these lines of the table, such as A,D,max,average,LeNet",
    ),
    (
        "random",
        "N",
        "So many random convolutions instead of the fixed list",
    ),
    (
        "slice",
        "SECONDS",
        "How long a library's turn is [default: 0.2]",
    ),
    (
        "rounds",
        "N",
        "How many turns each library has [default: 5]",
    ),
    (
        "write",
        "FILE",
        "Write the tables to this file as well, as Markdown",
    ),
];

/// The switches, of which `book` and `lenet` are commands of their own.
const SWITCHES: [(&str, &str); 4] = [
    (
        "memory",
        "Measure how much memory each library takes, not how long",
    ),
    (
        "no-pytorch",
        "Leave PyTorch out, which is large to download",
    ),
    (
        "lenet",
        "Time nothing: check that the book's network gives the same logits in all libraries",
    ),
    (
        "book",
        "Time how the book builds instead, on a copy of the repository",
    ),
];

/// What the command line takes.
pub(crate) fn command() -> Command {
    let mut command = Command::new("bench")
        .about("Time convcore beside PyTorch, burn, candle and tract: the same work, the same numbers, in turns")
        .after_help(
            "A table has a line for each pass of each work. What a library cannot do is a dash. PyTorch is installed \
             into target/tools, unless PEERS_PYTHON names a Python that has torch and safetensors.",
        );
    for (name, value, help) in OPTIONS {
        command = command.arg(Arg::new(name).long(name).value_name(value).help(help));
    }
    for (name, help) in SWITCHES {
        let mut switch = Arg::new(name)
            .long(name)
            .action(ArgAction::SetTrue)
            .help(help);
        if name == "book" || name == "lenet" {
            switch = switch.exclusive(true);
        }
        command = command.arg(switch);
    }
    command
}

/// Runs what the options ask for.
pub(crate) fn bench(matches: &ArgMatches) -> Outcome {
    if matches.get_flag("book") {
        return bench_book::bench();
    }
    if matches.get_flag("lenet") {
        return peers::lenet();
    }
    peers::bench(!matches.get_flag("no-pytorch"), &options(matches)?)
}

/// The options in the form that the program takes: in pairs.
fn options(matches: &ArgMatches) -> Outcome<Vec<String>> {
    let mut options = Vec::new();
    for (name, ..) in OPTIONS {
        if let Some(value) = matches.get_one::<String>(name) {
            let value = match name {
                // The program runs in a folder of its own.
                "write" => crate::tools::absolute(value).display().to_string(),
                _ => value.clone(),
            };
            options.extend([format!("--{name}"), value]);
        }
    }
    if matches.get_flag("memory") {
        if matches.get_one::<String>("write").is_some() {
            return Err("--write is for tables of times".to_owned());
        }
        options.extend(["--memory".to_owned(), "true".to_owned()]);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_reach_the_program_in_pairs() {
        let given = ["bench", "--only", "A,D", "--memory", "--threads=2"];
        let matches = command().get_matches_from(given);
        assert_eq!(
            options(&matches).unwrap(),
            ["--threads", "2", "--only", "A,D", "--memory", "true"]
        );
    }
}
