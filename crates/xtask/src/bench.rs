//! `cargo xtask bench`: convcore beside other libraries.

use crate::{Outcome, process};

/// Builds and runs the crate `peers` with these options.
pub(crate) fn bench(options: &[String]) -> Outcome {
    let mut command = process::cargo(["run", "--release", "--package", "peers", "--"]);
    process::run(command.args(options))
}
