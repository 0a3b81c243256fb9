//! What a command needs beyond Rust, Python 3 and git: installed below `target/tools`, pinned, once.

use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, process, report};

/// Where the tools live, relative to the repository.
const TOOLS: &str = "target/tools";

/// The project's own Python environment.
pub(crate) const PYTHON: &str = "target/tools/python";

/// A Python environment for PyTorch, which needs more disk than all else together.
const PYTORCH: &str = "target/tools/pytorch";

/// Installs mdBook, which turns the chapters into pages.
pub(crate) fn mdbook() -> Outcome {
    cargo_install("mdbook", "0.5.4", "a few minutes")
}

/// The search path with the project's own tools first.
pub(crate) fn path() -> OsString {
    path_with(&absolute(TOOLS).join("bin"))
}

/// The search path with a folder in front.
pub(crate) fn path_with(folder: &Path) -> OsString {
    let old = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&old)))
        .expect("the repository's path should hold no separator of the search path")
}

/// Installs the kernel that runs Rust in Jupyter, and returns where it is.
pub(crate) fn rust_kernel() -> Outcome<PathBuf> {
    let kernel = "evcxr_jupyter";
    cargo_install(kernel, "0.22.0", "some minutes more")?;
    Ok(absolute(program(kernel)))
}

/// Installs a published program, unless that version is there. What an interrupted installation had compiled is kept
/// and used by the next one.
fn cargo_install(name: &str, version: &str, duration: &str) -> Outcome {
    // Cargo's own record of what it installed, written when all is in place.
    let record = std::fs::read_to_string(format!("{TOOLS}/.crates.toml")).unwrap_or_default();
    if record.contains(&format!("\"{name} {version} (")) && program(name).is_file() {
        return Ok(());
    }
    let build = format!("{TOOLS}/build");
    let what = format!("Installing {name} {version} into {TOOLS} (once; it takes {duration})");
    report::timed(&what, || {
        process::run(
            process::cargo(["install", name, "--version", version, "--locked", "--force"])
                .args(["--root", TOOLS, "--target-dir", &build])
                // The installation says to extend the PATH, which nobody needs to do here.
                .env("PATH", path()),
        )
    })?;
    // Gigabytes that nothing needs any more.
    std::fs::remove_dir_all(&build).map_err(|error| format!("cannot remove {build}: {error}"))
}

/// The path of something in the repository, independent of the current folder.
pub(crate) fn absolute(path: impl AsRef<Path>) -> PathBuf {
    std::path::absolute(path).expect("the current folder is the repository")
}

/// Where cargo puts a program that it installs.
fn program(name: &str) -> PathBuf {
    Path::new(TOOLS)
        .join("bin")
        .join(format!("{name}{EXE_SUFFIX}"))
}

/// Installs JupyterLab and what checks notebooks and spelling.
pub(crate) fn python() -> Outcome {
    pip_install(
        PYTHON,
        "requirements.txt",
        include_str!("../python/requirements.txt"),
        "JupyterLab and the checkers",
        "about a minute",
    )
}

/// Installs Node.js, for a machine that has none, and returns the folder where it is.
pub(crate) fn node() -> Outcome<PathBuf> {
    let requirements = include_str!("../python/node.txt");
    pip_install(
        PYTHON,
        "node.txt",
        requirements,
        "Node.js",
        "about a minute",
    )?;
    Ok(python_folder())
}

/// Installs PyTorch, and returns the interpreter that has it.
pub(crate) fn pytorch() -> Outcome<PathBuf> {
    pip_install(
        PYTORCH,
        "pytorch.txt",
        include_str!("../python/pytorch.txt"),
        "PyTorch",
        "on Linux it downloads gigabytes, and takes 5.4 GB of disk; --no-pytorch does without",
    )?;
    Ok(pytorch_program())
}

/// Where the interpreter that has PyTorch is, once it is installed.
pub(crate) fn pytorch_program() -> PathBuf {
    program_of(PYTORCH, "python")
}

/// Installs what a file pins into a Python environment, unless it is there. pip checks each package's hash. An
/// interrupted installation is gone on with: what pip has fetched stays in its cache.
fn pip_install(
    environment: &str,
    file: &str,
    requirements: &str,
    what: &str,
    cost: &str,
) -> Outcome {
    let python = program_of(environment, "python");
    let installed = format!("{environment}/installed-{file}");
    let works = process::output(Command::new(&python).arg("--version")).is_some();
    if works && std::fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
        return Ok(());
    }
    report::timed(
        &format!("Installing {what} into {environment} (once; {cost})"),
        || {
            if !works {
                let _ = std::fs::remove_dir_all(environment);
                process::run(Command::new(system_python()?).args(["-m", "venv", environment])).map_err(|error| {
                format!("{error}. Debian and Ubuntu keep Python's venv in a package of its own: apt install python3-venv")
            })?;
            }
            process::run(
                Command::new(&python)
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                        "--no-input",
                    ])
                    .args([
                        "--require-hashes",
                        "--requirement",
                        &format!("crates/xtask/python/{file}"),
                    ]),
            )?;
            std::fs::write(&installed, requirements)
                .map_err(|error| format!("cannot write {installed}: {error}"))
        },
    )
}

/// Where the project's Python environment keeps its programs.
pub(crate) fn python_folder() -> PathBuf {
    folder_of(PYTHON)
}

/// A program of the project's Python environment.
pub(crate) fn python_program(name: &str) -> PathBuf {
    program_of(PYTHON, name)
}

/// Where a Python environment keeps its programs.
fn folder_of(environment: &str) -> PathBuf {
    absolute(environment).join(if cfg!(windows) { "Scripts" } else { "bin" })
}

fn program_of(environment: &str, name: &str) -> PathBuf {
    folder_of(environment).join(format!("{name}{EXE_SUFFIX}"))
}

/// A program's place on the search path; or the program itself, when it is named by its place.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(format!("{name}{EXE_SUFFIX}")))
        .find(|program| program.is_file())
}

fn system_python() -> Outcome<&'static str> {
    // JupyterLab and its company ask for 3.10.
    let recent = "import sys; sys.exit(sys.version_info < (3, 10))";
    ["python3", "python"]
        .into_iter()
        .find(|python| process::output(Command::new(python).args(["-c", recent])).is_some())
        .ok_or_else(|| "Python 3.10 or newer is needed and was not found on the PATH".to_owned())
}
