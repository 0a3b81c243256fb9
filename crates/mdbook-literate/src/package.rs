//! Keeps the Cargo package of the chapters' programs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cache::{Key, write_if_changed, write_whole};
use crate::config::{Config, normal};
use crate::toolchain::{output, rustc, shapes_the_build};

/// The name of the package.
pub(crate) const PACKAGE: &str = "literate-chapters";

/// The generated package.
#[derive(Clone, Debug)]
pub struct Package {
    pub(crate) folder: PathBuf,
    pub(crate) target: PathBuf,
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
