//! The tests of the built book in a real browser: `tests/pages`, run by Node.js in Chromium.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, process, report, tools};

const TESTS: &str = "tests/pages";

/// Where a browser that Playwright can drive is found, by name on the search path or by its place.
const BROWSERS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/// Installs what the tests need and runs all of them.
pub(crate) fn test() -> Outcome {
    let browser = browser()?;
    let node = node()?;
    install(&node)?;
    println!("in {}", browser.display());
    process::run(
        Command::new(node.join("node"))
            // One file after the other: two browsers at once make each other's pages slow.
            .args(["--test", "--test-reporter=spec", "--test-concurrency=1"])
            .current_dir(TESTS)
            .env("CHROMIUM", browser),
    )
}

/// An installed Chromium or Chrome. On Debian root can install it, as in a container; anybody else is told what is missing.
fn browser() -> Outcome<PathBuf> {
    if let Some(browser) = std::env::var_os("CHROMIUM") {
        return Ok(browser.into());
    }
    if let Some(browser) = BROWSERS.iter().find_map(|name| tools::find(name)) {
        return Ok(browser);
    }
    let root = process::output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    if cfg!(target_os = "linux") && root && tools::find("apt-get").is_some() {
        report::timed("Installing Chromium with apt-get (once)", || {
            process::run(Command::new("apt-get").args(["update", "-qq"]))?;
            process::run(
                Command::new("apt-get")
                    .args([
                        "install",
                        "-y",
                        "-qq",
                        "--no-install-recommends",
                        "chromium",
                    ])
                    .env("DEBIAN_FRONTEND", "noninteractive"),
            )
        })?;
    }
    tools::find("chromium").ok_or_else(|| {
        "no browser to test the pages in: install Chromium or Chrome (on Debian: apt install chromium), \
         or set CHROMIUM to one, or leave this step out with --skip pages"
            .to_owned()
    })
}

/// The folder with `node` and `npm`: the installed ones, when they are recent enough, or those of the Python package.
fn node() -> Outcome<PathBuf> {
    let installed = tools::find("node").filter(|node| {
        let version = process::output(Command::new(node).arg("--version")).unwrap_or_default();
        let major = version
            .trim()
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        major.is_some_and(|major: u32| major >= 20) && tools::find("npm").is_some()
    });
    match installed.as_deref().and_then(Path::parent) {
        Some(folder) => Ok(folder.to_owned()),
        None => tools::node(),
    }
}

/// Installs the packages that the lock file names, unless they are there.
fn install(node: &Path) -> Outcome {
    let lock = read(&format!("{TESTS}/package-lock.json"))?;
    let installed = format!("{TESTS}/node_modules/installed.json");
    if read(&installed).is_ok_and(|text| text == lock) {
        return Ok(());
    }
    report::timed("Installing Playwright and axe-core", || {
        process::run(
            Command::new(node.join("npm"))
                .args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"])
                .current_dir(TESTS)
                .env("PATH", tools::path_with(node)),
        )
    })?;
    std::fs::write(&installed, lock).map_err(|error| format!("cannot write {installed}: {error}"))
}

fn read(file: &str) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}"))
}
