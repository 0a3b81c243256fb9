//! `cargo xtask jupyter`: the notebooks in JupyterLab, on the Rust kernel. And the kernel for whoever executes notebooks.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, process, report, serve, tools};

/// Where Jupyter keeps what it would keep in the reader's home.
const JUPYTER: &str = "target/tools/jupyter";

/// JupyterLab's settings: it asks no other host for news and updates, nor the reader whether it may.
const SETTINGS: &str = r#"{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}"#;

/// Sets up what is missing and opens JupyterLab on `notebooks/`. It listens on the loopback address and asks for its
/// token, as Jupyter does by itself.
pub(crate) fn jupyter(port: u16, open: bool) -> Outcome {
    serve::check_free(port)?;
    prepare()?;
    eprintln!("── Starting JupyterLab on http://127.0.0.1:{port}; Ctrl-C ends it.");
    let mut lab = python();
    lab.args(["-m", "jupyterlab", "notebooks", "--ServerApp.ip=127.0.0.1"])
        .arg(format!("--ServerApp.port={port}"))
        .arg("--ServerApp.port_retries=0")
        // In a container everything runs as root.
        .arg("--allow-root")
        .arg("--LabApp.extension_manager=readonly");
    if !open {
        lab.arg("--no-browser");
    }
    process::become_program(&mut lab)
}

/// Everything but the start: installs what is missing, compiles what the notebooks depend on.
pub(crate) fn prepare() -> Outcome {
    set_up()?;
    let notebooks = notebooks()?;
    warm(&notebooks[0])?;
    // JupyterLab shows the pictures of a notebook that somebody else executed only when that notebook is signed.
    process::run(
        python()
            .args(["-m", "jupyter", "trust"])
            .args(&notebooks)
            .stdout(Stdio::null()),
    )
}

/// Executes every committed notebook on the real kernel and compares its outputs.
pub(crate) fn execute() -> Outcome {
    set_up()?;
    let notebooks = notebooks()?;
    warm(&notebooks[0])?;
    process::run(script("execute.py").args(&notebooks))
}

fn warm(notebook: &Path) -> Outcome {
    report::timed(
        "Warming the kernel: the first time it compiles what the notebooks depend on",
        || process::run(script("execute.py").arg("--warm").arg(notebook)),
    )
}

/// Installs Python's part and the kernel, and registers the kernel in the Python environment: not in the reader's home.
fn set_up() -> Outcome {
    if cfg!(windows) {
        return Err("the Rust kernel is set up on Linux and macOS: on Windows, use WSL or the development container".into());
    }
    tools::python()?;
    let kernel = tools::rust_kernel()?;
    let arguments = [
        tools::python_program("python"),
        tools::absolute("crates/xtask/python/kernel.py"),
        kernel,
        tools::absolute("target/evcxr"),
        tools::absolute("."),
        "{connection_file}".into(),
    ];
    let share = Path::new(tools::PYTHON).join("share/jupyter");
    // Written each time: the first holds absolute paths, and the repository may have been moved.
    write(
        &share.join("kernels/rust/kernel.json"),
        &kernel_json(&arguments),
    )?;
    write(&share.join("lab/settings/overrides.json"), SETTINGS)?;
    std::fs::create_dir_all(JUPYTER).map_err(|error| format!("cannot make {JUPYTER}: {error}"))
}

fn write(file: &Path, text: &str) -> Outcome {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file, text))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn kernel_json(arguments: &[PathBuf]) -> String {
    serde_json::json!({
        "argv": arguments,
        "display_name": "Rust",
        "language": "rust",
        // There is no signal that stops a cell: the kernel does it when asked.
        "interrupt_mode": "message",
    })
    .to_string()
}

fn notebooks() -> Outcome<Vec<PathBuf>> {
    let notebooks = crate::notebooks::in_folder("notebooks")?;
    if notebooks.is_empty() {
        Err("notebooks/ holds no notebook".to_owned())
    } else {
        Ok(notebooks)
    }
}

/// One of the scripts beside this crate.
fn script(name: &str) -> Command {
    let mut command = python();
    command.arg(format!("crates/xtask/python/{name}"));
    command
}

/// The project's Python. Whatever Jupyter reads and writes is below `target/tools`, not in the reader's home.
fn python() -> Command {
    let mut command = Command::new(tools::python_program("python"));
    let folder = tools::absolute(JUPYTER);
    for (variable, name) in [
        ("JUPYTER_CONFIG_DIR", "config"),
        ("JUPYTER_DATA_DIR", "data"),
        ("JUPYTER_RUNTIME_DIR", "runtime"),
        ("JUPYTERLAB_SETTINGS_DIR", "settings"),
        ("JUPYTERLAB_WORKSPACES_DIR", "workspaces"),
        ("IPYTHONDIR", "ipython"),
    ] {
        command.env(variable, folder.join(name));
    }
    // `python -m jupyter` starts programs of the environment by name.
    let path = tools::path_with(&tools::python_folder());
    command
        .env("JUPYTER_PREFER_ENV_PATH", "1")
        .env_remove("JUPYTER_PATH")
        .env("PATH", path);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_quote_survives_the_registration() {
        let json: serde_json::Value =
            serde_json::from_str(&kernel_json(&["/a \"b\"/c".into()])).unwrap();
        assert_eq!(json["argv"][0], "/a \"b\"/c");
    }
}
