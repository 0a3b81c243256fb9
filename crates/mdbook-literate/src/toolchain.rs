//! Finds Cargo and its compiler, and tells what of the environment matters to them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::config::normal;

/// Variables that Cargo sets for what it runs. Passed on, they would make it compile crates again.
pub(crate) fn is_cargos(name: &str) -> bool {
    const PREFIXES: [&str; 5] = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_FEATURE_",
        "CARGO_CFG_",
    ];
    const NAMES: [&str; 6] = [
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
        "RUST_RECURSION_COUNT",
        "CARGO_TARGET_DIR",
        "CARGO_MAKEFLAGS",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// Variables that change what the compiler makes.
pub(crate) fn shapes_the_build(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTC",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTUP_TOOLCHAIN",
    ];
    NAMES.contains(&name)
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_BUILD_")
        || (name.starts_with("CARGO_TARGET_") && !is_cargos(name))
}

/// The Cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The compiler that Cargo will use.
pub(crate) fn rustc() -> std::ffi::OsString {
    if let Some(rustc) = std::env::var_os("RUSTC") {
        return rustc;
    }
    let beside = std::env::var_os("CARGO").map(|cargo| {
        Path::new(&cargo).with_file_name(if cfg!(windows) { "rustc.exe" } else { "rustc" })
    });
    beside
        .filter(|rustc| rustc.exists())
        .map_or_else(|| "rustc".into(), PathBuf::into_os_string)
}

pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(output) => Err(format!(
            "{name} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => Err(format!("{name} cannot be started: {error}")),
    }
}

/// The `target` folder that the book's project uses.
pub fn target_folder(root: &Path) -> PathBuf {
    if let Some(folder) = std::env::var_os("CARGO_TARGET_DIR") {
        return normal(&root.join(folder));
    }
    // The folder of the workspace, which Cargo would use when nothing else is set.
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    if !root
        .ancestors()
        .any(|folder| folder.join("Cargo.toml").exists())
    {
        return root.join("target");
    }
    let asked = output(
        Command::new(cargo())
            .args([
                "metadata",
                "--no-deps",
                "--offline",
                "--format-version",
                "1",
            ])
            .current_dir(root),
    );
    let told = asked
        .ok()
        .and_then(|told| serde_json::from_slice::<Metadata>(&told).ok());
    told.map_or_else(|| root.join("target"), |told| told.target_directory)
}
