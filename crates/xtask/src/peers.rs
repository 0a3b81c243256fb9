//! The crate `peers`: convcore beside other libraries. It is a workspace of its own, in whose folder cargo runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, process, report, tools};

const FOLDER: &str = "crates/peers";

/// Where a Python with PyTorch is to be found, for whoever has one already.
const PYTHON: &str = "PEERS_PYTHON";

/// Checks the crate, and that the other libraries give the same results. PyTorch takes part where it is installed.
pub(crate) fn check() -> Outcome {
    process::run(&mut cargo(["fmt", "--check"]))?;
    process::run(cargo(["clippy", "--all-targets"]).args(["--", "-D", "warnings"]))?;
    let mut tests = cargo(["test"]);
    match installed_pytorch() {
        Some(python) => tests.env(PYTHON, python).args(["--", "--include-ignored"]),
        None => {
            println!(
                "PyTorch is not installed and NOT compared (cargo xtask bench --lenet installs it)"
            );
            &mut tests
        }
    };
    process::run(&mut tests)
}

/// Times the libraries; `options` are those of the program. Without PyTorch, unless it is wanted.
pub(crate) fn bench(pytorch: bool, options: &[String]) -> Outcome {
    let python = if pytorch {
        Some(pytorch_python()?)
    } else {
        None
    };
    report::timed(
        "Building convcore and the other libraries (minutes, the first time)",
        || process::run(&mut cargo(["build", "--release"])),
    )?;
    let mut program = cargo(["run", "--quiet", "--release", "--"]);
    program.args(options);
    if let Some(python) = python {
        program.arg("--python").arg(python);
    }
    process::run(&mut program)
}

/// Checks that the book's network gives the same logits in all libraries, PyTorch included.
pub(crate) fn lenet() -> Outcome {
    let python = pytorch_python()?;
    process::run(
        cargo([
            "test",
            "--test",
            "lenet",
            "--",
            "--include-ignored",
            "--show-output",
        ])
        .env(PYTHON, python),
    )
}

/// The interpreter that has PyTorch, which is installed if need be.
fn pytorch_python() -> Outcome<PathBuf> {
    match std::env::var_os(PYTHON) {
        Some(python) => Ok(python.into()),
        None => tools::pytorch(),
    }
}

fn installed_pytorch() -> Option<PathBuf> {
    let python = match std::env::var_os(PYTHON) {
        Some(python) => python.into(),
        None => tools::pytorch_program(),
    };
    process::output(Command::new(&python).args(["-c", "import torch, safetensors"]))?;
    Some(python)
}

fn cargo<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = process::cargo(arguments);
    command.current_dir(Path::new(FOLDER));
    command
}
