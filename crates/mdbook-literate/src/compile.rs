//! Keeps the Cargo package of the chapters' programs and compiles it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::cache::{Key, write_if_changed, write_whole};
use crate::config::{Config, normal};

/// The generated package.
#[derive(Clone, Debug)]
pub struct Package {
    folder: PathBuf,
    target: PathBuf,
    /// The nearest `Cargo.lock` above the book, so that the chapters get the versions that the project has.
    lock: Option<PathBuf>,
    manifest: String,
}

/// A program to compile: the name of its binary, and its source.
#[derive(Clone, Debug)]
pub struct Binary {
    /// Its name.
    pub name: String,
    /// Its source.
    pub source: String,
}

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

/// Variables that Cargo sets for what it runs. Passed on, they would make it compile crates again.
fn is_cargos(name: &str) -> bool {
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
fn shapes_the_build(name: &str) -> bool {
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

impl Package {
    /// The package in a folder of its own.
    pub fn new(folder: &Path, config: &Config) -> Package {
        Package {
            folder: folder.join("package"),
            target: folder.join("build"),
            lock: config
                .root
                .ancestors()
                .map(|folder| folder.join("Cargo.lock"))
                .find(|lock| lock.exists()),
            manifest: manifest(config),
        }
    }

    /// Everything beside the programs that decides what they do: toolchain, settings, crates.
    ///
    /// # Errors
    ///
    /// When Cargo or rustc cannot be asked, or does not understand the dependencies.
    pub fn key(&self, config: &Config) -> Result<String, String> {
        let mut key = Key::new();
        key.add(env!("CARGO_PKG_VERSION"))
            .add(&self.manifest)
            .add(&config.edition);
        for (name, value) in std::env::vars().filter(|(name, _)| shapes_the_build(name)) {
            key.add(name).add(value);
        }
        key.add(output(
            Command::new(rustc()).arg("-vV").current_dir(&config.root),
        )?);
        if let Some(lock) = &self.lock {
            key.add_tree(lock, &[]);
        }
        for folder in self.path_dependencies(config)? {
            key.add_tree(&folder, &["tests", "benches", "examples"]);
            // A workspace's manifest gives its members versions, features and lints.
            for manifest in folder
                .ancestors()
                .skip(1)
                .map(|folder| folder.join("Cargo.toml"))
                .filter(|manifest| manifest.exists())
            {
                key.add_tree(&manifest, &[]);
            }
        }
        for input in &config.inputs {
            let path = config.root.join(input);
            if !path.exists() {
                return Err(format!(
                    "book.toml: `preprocessor.literate.inputs` names {}, which does not exist",
                    input.display()
                ));
            }
            key.add_tree(&path, &[]);
        }
        Ok(key.text())
    }

    /// The folders of all packages that the chapters use and that lie in the file system.
    fn path_dependencies(&self, config: &Config) -> Result<Vec<PathBuf>, String> {
        let mut found = BTreeSet::new();
        let mut queue: Vec<PathBuf> = paths_in(&config.dependencies, &config.root);
        while let Some(folder) = queue.pop() {
            if !found.insert(folder.clone()) {
                continue;
            }
            let file = folder.join("Cargo.toml");
            let text = fs::read_to_string(&file).map_err(|error| {
                format!("the crate in {} cannot be used: {error}", folder.display())
            })?;
            let manifest: toml::Table = text
                .parse()
                .map_err(|error| format!("{}: {error}", file.display()))?;
            let workspace = folder.ancestors().find_map(|above| {
                Some((
                    above.to_owned(),
                    fs::read_to_string(above.join("Cargo.toml"))
                        .ok()?
                        .parse::<toml::Table>()
                        .ok()?
                        .get("workspace")?
                        .as_table()?
                        .clone(),
                ))
            });
            for mut table in dependency_tables(&manifest) {
                if let Some((root, workspace)) = &workspace {
                    let shared = workspace
                        .get("dependencies")
                        .and_then(|shared| shared.as_table());
                    let inherited = |(name, value): (&String, &toml::Value)| {
                        let inherits = value.as_table()?.get("workspace")?.as_bool()?;
                        inherits.then(|| Some((name.clone(), shared?.get(name)?.clone())))?
                    };
                    let inherited: toml::Table = table.iter().filter_map(inherited).collect();
                    queue.extend(paths_in(&inherited, root));
                    inherited.keys().for_each(|name| {
                        table.remove(name);
                    });
                }
                queue.extend(paths_in(&table, &folder));
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Writes the package's files as far as they changed.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write(&self, binaries: &[Binary], keep: &BTreeSet<String>) -> std::io::Result<()> {
        let sources = self.folder.join("src/bin");
        fs::create_dir_all(&sources)?;
        let manifest = self.folder.join("Cargo.toml");
        let lock = self
            .lock
            .as_ref()
            .map(fs::read)
            .transpose()?
            .unwrap_or_default();
        // Cargo drops from its copy what the chapters do not need, so the copy cannot be compared.
        let origin = self.folder.join("lock-origin");
        let fresh = fs::read(&origin).is_ok_and(|seen| seen == lock)
            && fs::read(&manifest).is_ok_and(|seen| seen == self.manifest.as_bytes());
        if !fresh {
            write_if_changed(&manifest, self.manifest.as_bytes())?;
            if self.lock.is_some() {
                write_whole(&self.folder.join("Cargo.lock"), &lock)?;
            }
            write_whole(&origin, &lock)?;
        }
        for entry in fs::read_dir(&sources)?.flatten() {
            let name = entry
                .path()
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !keep.contains(&name) {
                let _ = fs::remove_file(entry.path());
            }
        }
        for binary in binaries {
            write_if_changed(
                &sources.join(format!("{}.rs", binary.name)),
                binary.source.as_bytes(),
            )?;
        }
        Ok(())
    }

    /// Compiles binaries, and calls back for each that is ready to run.
    ///
    /// # Errors
    ///
    /// When Cargo cannot be started.
    pub fn compile(
        &self,
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
            .arg(&self.target)
            .current_dir(&self.folder)
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
}

const PACKAGE: &str = "literate-chapters";

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

/// The Cargo that runs us, or the one on the path.
fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The compiler that Cargo will use.
fn rustc() -> std::ffi::OsString {
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

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
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

/// The `Cargo.toml` of the chapters.
fn manifest(config: &Config) -> String {
    let mut dependencies = config.dependencies.clone();
    for (_, value) in dependencies.iter_mut() {
        if let Some(path) = value.as_table_mut().and_then(|table| table.get_mut("path")) {
            let absolute = path.as_str().map(|path| normal(&config.root.join(path)));
            if let Some(absolute) = absolute {
                *path = toml::Value::String(absolute.to_string_lossy().into_owned());
            }
        }
    }
    let mut profile = toml::Table::new();
    profile.insert("dev".to_owned(), toml::Value::Table(config.profile.clone()));
    let mut package = toml::Table::new();
    for (key, value) in [
        ("name", PACKAGE),
        ("version", "0.0.0"),
        ("edition", &config.edition),
    ] {
        package.insert(key.to_owned(), value.into());
    }
    package.insert("publish".to_owned(), false.into());
    let mut manifest = toml::Table::new();
    manifest.insert("package".to_owned(), toml::Value::Table(package));
    // Not a member of the workspace above it.
    manifest.insert(
        "workspace".to_owned(),
        toml::Value::Table(toml::Table::new()),
    );
    manifest.insert("dependencies".to_owned(), toml::Value::Table(dependencies));
    manifest.insert("profile".to_owned(), toml::Value::Table(profile));
    format!("# Written by mdbook-literate.\n{manifest}")
}

/// The folders that a table of dependencies points to.
fn paths_in(dependencies: &toml::Table, from: &Path) -> Vec<PathBuf> {
    dependencies
        .values()
        .filter_map(|value| Some(normal(&from.join(value.as_table()?.get("path")?.as_str()?))))
        .collect()
}

/// The tables of dependencies that matter for a library, those for one platform too.
fn dependency_tables(manifest: &toml::Table) -> Vec<toml::Table> {
    const TABLES: [&str; 2] = ["dependencies", "build-dependencies"];
    let mut places = vec![manifest];
    if let Some(targets) = manifest
        .get("target")
        .and_then(|targets| targets.as_table())
    {
        places.extend(targets.values().filter_map(|target| target.as_table()));
    }
    let tables = places.iter().flat_map(|place| {
        TABLES
            .iter()
            .filter_map(|table| place.get(*table)?.as_table())
    });
    tables.cloned().collect()
}
