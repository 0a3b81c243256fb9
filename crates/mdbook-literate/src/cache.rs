//! Keeps what chapters gave, by a key of everything that it depends on.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::compile::Diagnostic;
use crate::run::Output;

/// What is known of a chapter's program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The outputs of its blocks, when it ran to its end.
    pub outputs: Option<BTreeMap<usize, Output>>,
    /// Why it does not compile. Places are lines of the program, which do not change when the chapter's prose does.
    pub errors: Vec<Diagnostic>,
}

/// The folder of entries.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in a folder, which need not exist.
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder }
    }

    /// The entry of a key; none when there is none that can be read.
    pub fn get(&self, key: &str) -> Option<Entry> {
        serde_json::from_slice(&fs::read(self.file(key)).ok()?).ok()
    }

    /// Keeps an entry. It appears whole or not at all.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn put(&self, key: &str, entry: &Entry) -> std::io::Result<()> {
        write_whole(&self.file(key), &serde_json::to_vec(entry)?)
    }

    /// Forgets the entries that no key of these names, when there are many.
    pub fn prune(&self, keep: &[String]) {
        const ROOM: usize = 500;
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        let old: Vec<_> = entries
            .flatten()
            .filter(|entry| {
                !keep
                    .iter()
                    .any(|key| self.file(key).file_name() == Some(&entry.file_name()))
            })
            .map(|entry| {
                (
                    entry.metadata().and_then(|data| data.modified()).ok(),
                    entry.path(),
                )
            })
            .collect();
        if old.len() > ROOM {
            let mut old = old;
            old.sort();
            old[..old.len() - ROOM].iter().for_each(|(_, path)| {
                let _ = fs::remove_file(path);
            });
        }
    }

    fn file(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.json"))
    }
}

/// Writes a file beside its place and moves it there, so that no reader sees half of it.
///
/// # Errors
///
/// When the folder or the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.{}", std::process::id()));
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    drop(file);
    fs::rename(&beside, path).inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}

/// Writes a file only when it does not hold these bytes already: a new time would make Cargo compile it again.
///
/// # Errors
///
/// When the folder or the file cannot be written.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        Ok(())
    } else {
        write_whole(path, bytes)
    }
}

/// Makes a key of many parts.
#[derive(Default)]
pub struct Key(Xxh3);

impl Key {
    /// A key of nothing.
    pub fn new() -> Key {
        Key::default()
    }

    /// Adds a part; its length goes in too, so that no two lists of parts are alike.
    pub fn add(&mut self, part: impl AsRef<[u8]>) -> &mut Key {
        let part = part.as_ref();
        self.0.update(&(part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds a file, or all the files of a folder, by name and content. Hidden ones and Cargo's `target` stay out.
    pub fn add_tree(&mut self, path: &Path, skip: &[&str]) -> &mut Key {
        self.add(path.file_name().unwrap_or_default().as_encoded_bytes());
        match fs::read_dir(path) {
            Ok(entries) => {
                let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
                entries.sort();
                for entry in entries {
                    let name = entry
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                    if !name.starts_with('.') && name != "target" && !skip.contains(&name.as_str())
                    {
                        self.add_tree(&entry, &[]);
                    }
                }
                self.add("end")
            }
            Err(_) => self.add(
                fs::read(path)
                    .unwrap_or_else(|error| format!("unreadable: {}", error.kind()).into_bytes()),
            ),
        }
    }

    /// The key as text.
    pub fn text(&self) -> String {
        format!("{:032x}", self.0.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_where_one_part_ends() {
        assert_ne!(
            Key::new().add("ab").add("c").text(),
            Key::new().add("a").add("bc").text()
        );
    }

    #[test]
    fn half_an_entry_is_none() {
        let folder = std::env::temp_dir().join(format!("literate-cache-{}", std::process::id()));
        let cache = Cache::new(folder.clone());
        let entry = Entry {
            outputs: Some(BTreeMap::from([(
                0,
                Output {
                    text: "1\n".to_owned(),
                    ..Output::default()
                },
            )])),
            errors: Vec::new(),
        };
        cache.put("k", &entry).expect("the folder can be written");
        assert_eq!(cache.get("k"), Some(entry));
        let whole = fs::read(folder.join("k.json")).expect("the entry is there");
        fs::write(folder.join("k.json"), &whole[..whole.len() / 2]).expect("it can be cut");
        assert_eq!(cache.get("k"), None);
        fs::remove_dir_all(folder).expect("the folder can be removed");
    }
}
