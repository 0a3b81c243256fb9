//! Compiles the chapters' programs with Cargo, and reads what the compiler says.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::package::{Binary, PACKAGE, Package};
use crate::toolchain::{cargo, is_cargos};

/// What the compiler says, as it puts it into JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// The error's code.
    #[serde(default)]
    pub code: Option<Code>,
    /// `error`, `warning`, `note` or `help`.
    pub level: String,
    /// The places it speaks of.
    #[serde(default)]
    pub spans: Vec<Span>,
    /// What belongs to it.
    #[serde(default)]
    pub children: Vec<Diagnostic>,
    /// The text that rustc would print.
    #[serde(default)]
    pub rendered: Option<String>,
}

/// The code of an error, such as `E0308`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// The code.
    pub code: String,
}

/// A place in a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The file.
    pub file_name: String,
    /// First line, from 1.
    pub line_start: usize,
    /// Last line.
    pub line_end: usize,
    /// First character, from 1.
    pub column_start: usize,
    /// The character after the last.
    pub column_end: usize,
    /// Whether it is the place of the error itself.
    pub is_primary: bool,
    /// What is said of it.
    #[serde(default)]
    pub label: Option<String>,
    /// What to write there instead.
    #[serde(default)]
    pub suggested_replacement: Option<String>,
    /// The macro call that it is within.
    #[serde(default)]
    pub expansion: Option<Box<Expansion>>,
}

/// The call of a macro.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expansion {
    /// Where the call stands.
    pub span: Span,
}

/// What came of a compilation.
#[derive(Debug, Default)]
pub struct Compiled {
    /// The errors of each binary that has some.
    pub errors: BTreeMap<String, Vec<Diagnostic>>,
    /// Errors in the crates that the chapters use, as text.
    pub crates: Vec<String>,
    /// What Cargo said when it could not even begin.
    pub cargo: Option<String>,
}

/// Compiles binaries, and calls back for each that is ready to run.
///
/// # Errors
///
/// When Cargo cannot be started.
pub fn compile(
    package: &Package,
    binaries: &[Binary],
    color: bool,
    mut ready: impl FnMut(&str, PathBuf),
) -> Result<Compiled, String> {
    let mut command = Command::new(cargo());
    command
        .args([
            "build",
            "--keep-going",
            "--message-format=json",
            "--color",
            if color { "always" } else { "never" },
        ])
        .arg("--target-dir")
        .arg(&package.target)
        .current_dir(&package.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, _) in std::env::vars().filter(|(name, _)| is_cargos(name)) {
        command.env_remove(name);
    }
    binaries.iter().for_each(|binary| {
        command.args(["--bin", &binary.name]);
    });
    let mut child = command
        .spawn()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let stderr = child.stderr.take().expect("stderr is piped");
    let progress = thread::spawn(move || progress(stderr));
    let mut compiled = Compiled::default();
    let mut finished = None;
    for line in BufReader::new(child.stdout.take().expect("stdout is piped"))
        .lines()
        .map_while(Result::ok)
    {
        let Ok(message) = serde_json::from_str::<Message>(&line) else {
            continue;
        };
        match message {
            Message::Diagnostic {
                target,
                message,
                package_id,
            } if message.level.starts_with("error") => {
                if package_id.contains(PACKAGE) {
                    compiled
                        .errors
                        .entry(target.name)
                        .or_default()
                        .push(message);
                } else {
                    compiled
                        .crates
                        .push(message.rendered.unwrap_or(message.message));
                }
            }
            Message::Artifact {
                target,
                executable: Some(executable),
                ..
            } => ready(&target.name, executable),
            Message::BuildFinished { success } => finished = Some(success),
            _ => {}
        }
    }
    let said = progress.join().unwrap_or_default();
    let status = child
        .wait()
        .map_err(|error| format!("cargo's end is unknown: {error}"))?;
    if !status.success()
        && (finished.is_none() || (compiled.errors.is_empty() && compiled.crates.is_empty()))
    {
        compiled.cargo = Some(said);
    }
    Ok(compiled)
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    #[serde(rename = "compiler-message")]
    Diagnostic {
        package_id: String,
        target: Target,
        message: Diagnostic,
    },
    #[serde(rename = "compiler-artifact")]
    Artifact {
        target: Target,
        executable: Option<PathBuf>,
    },
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Passes on which crates Cargo fetches and compiles, and gives back the rest.
fn progress(stderr: impl Read) -> String {
    let mut rest = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let said = plain(&line);
        let word = said.split_whitespace().next().unwrap_or_default();
        match word {
            "Compiling" | "Downloading" | "Downloaded" | "Updating" | "Locking" | "Blocking"
                if !said.contains(PACKAGE) =>
            {
                eprintln!("{line}")
            }
            "Compiling" | "Finished" | "Adding" | "Locking" | "Removing" => {}
            _ => {
                rest.push_str(&line);
                rest.push('\n');
            }
        }
    }
    rest
}

/// A text without the escapes that colour it.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\u{1b}' {
            chars.by_ref().find(|char| char.is_ascii_alphabetic());
        } else {
            plain.push(char);
        }
    }
    plain
}
