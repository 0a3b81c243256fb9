//! Computes the cases of a reference and writes what came out, so that others can compare.
//!
//! `cargo run --release -p convcore --example replay -- IN_DIR OUT_DIR` reads `IN_DIR/cases.json` and
//! `IN_DIR/cases.safetensors` (format: `tests/reference/README.md`) and writes `OUT_DIR/results.safetensors`, with tensors
//! `<case>.out.<name>`, and `OUT_DIR/results.json`, which says `ok` or `error: <message>` for each case. A wrong case
//! gets its error there and the rest still run. Exit code 0 when every case was answered.

mod case;
mod params;
mod replay;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [input, output] = &arguments[..] else {
        eprintln!("usage: replay IN_DIR OUT_DIR");
        return ExitCode::from(2);
    };
    // A panic in a case becomes that case's answer; its text is for nobody.
    std::panic::set_hook(Box::new(|_| {}));
    match replay::run(Path::new(input), Path::new(output)) {
        Ok(counts) => {
            println!(
                "{} cases computed, {} answered with an error",
                counts.computed, counts.refused
            );
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("replay: {message}");
            ExitCode::FAILURE
        }
    }
}
