//! Expands `{{#include}}` and `{{#rustdoc_include}}` as mdBook does, and remembers where each line comes from.

use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{normal, relative, slashed};

/// mdBook gives up at this depth too.
const MAX_DEPTH: usize = 10;

/// A file that text came from.
#[derive(Clone, Debug)]
pub struct File {
    /// Its path from the book's root, with `/` between the parts.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Where a line of an expanded text comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Index of the file.
    pub file: usize,
    /// Line in that file, from 1.
    pub line: usize,
    /// How many characters of the line were added in front of the file's.
    pub shift: usize,
}

/// A chapter's text with all its includes expanded.
#[derive(Clone, Debug)]
pub struct Source {
    /// The text.
    pub text: String,
    /// The files it came from; the chapter's own is the first.
    pub files: Vec<File>,
    origins: Vec<Origin>,
}

/// An include that cannot be read.
#[derive(Clone, Debug)]
pub struct BrokenInclude {
    /// Where the directive stands.
    pub origin: Origin,
    /// What is wrong.
    pub message: String,
}

impl Source {
    /// Where a line (from 0) comes from.
    pub fn origin(&self, line: usize) -> Origin {
        self.origins[line.min(self.origins.len() - 1)]
    }

    /// A text put together of whole files.
    pub fn of_files(files: impl Iterator<Item = (String, String)>) -> Source {
        let files: Vec<File> = files.map(|(path, text)| File { path, text }).collect();
        let lines = |(file, text): (usize, &File)| {
            (1..=text.text.split('\n').count())
                .map(move |line| Origin {
                    file,
                    line,
                    shift: 0,
                })
                .collect::<Vec<_>>()
        };
        let origins = files.iter().enumerate().flat_map(lines).collect();
        let text = files
            .iter()
            .map(|file| file.text.as_str())
            .collect::<Vec<_>>()
            .join("\n");
        Source {
            text,
            files,
            origins,
        }
    }

    /// Expands the includes of a chapter that lies at `path`; both paths are absolute.
    pub fn expand(text: &str, path: &Path, root: &Path) -> (Source, Vec<BrokenInclude>) {
        let mut expansion = Expansion {
            source: Source {
                text: String::new(),
                files: Vec::new(),
                origins: Vec::new(),
            },
            root,
            broken: Vec::new(),
        };
        expansion.source.files.push(File {
            path: slashed(&relative(root, path)),
            text: text.to_owned(),
        });
        let lines: Vec<_> = text
            .split('\n')
            .enumerate()
            .map(|(at, line)| {
                (
                    Origin {
                        file: 0,
                        line: at + 1,
                        shift: 0,
                    },
                    line.to_owned(),
                )
            })
            .collect();
        let folder = path.parent().unwrap_or(root);
        for (origin, line) in lines {
            expansion.start_line(origin);
            expansion.line(&line, origin, folder, 0);
        }
        (expansion.source, expansion.broken)
    }
}

struct Expansion<'a> {
    source: Source,
    root: &'a Path,
    broken: Vec<BrokenInclude>,
}

impl Expansion<'_> {
    fn start_line(&mut self, origin: Origin) {
        if !self.source.origins.is_empty() {
            self.source.text.push('\n');
        }
        self.source.origins.push(origin);
    }

    /// Adds a line to the current one, with its includes expanded.
    fn line(&mut self, line: &str, origin: Origin, folder: &Path, depth: usize) {
        let mut rest = line;
        while let Some((before, directive, after)) = find_directive(rest) {
            self.source.text.push_str(before);
            match self.read(&directive, folder, depth) {
                Ok((lines, folder)) => self.included(lines, &folder, depth + 1),
                Err(message) => {
                    self.broken.push(BrokenInclude { origin, message });
                    self.source.text.push_str(directive.text);
                }
            }
            rest = after;
        }
        self.source.text.push_str(rest);
    }

    fn included(&mut self, lines: Vec<(Origin, String)>, folder: &Path, depth: usize) {
        let start = self.source.text.rfind('\n').map_or(0, |at| at + 1);
        let before = &self.source.text[start..];
        // In a list or a quote, what is included has to stay inside of it.
        let prefix = if before
            .chars()
            .all(|char| char.is_whitespace() || char == '>')
        {
            before.to_owned()
        } else {
            String::new()
        };
        let whole = prefix.len() == before.len();
        let width = prefix.chars().count();
        for (at, (mut origin, line)) in lines.into_iter().enumerate() {
            origin.shift += width;
            if at > 0 {
                self.start_line(origin);
                self.source.text.push_str(&prefix);
            } else if whole {
                *self.source.origins.last_mut().expect("a line has begun") = origin;
            }
            self.line(&line, origin, folder, depth);
        }
    }

    /// The lines that a directive asks for, and the folder that includes in them start from.
    fn read(
        &mut self,
        directive: &Directive,
        folder: &Path,
        depth: usize,
    ) -> Result<(Vec<(Origin, String)>, PathBuf), String> {
        let path = normal(&folder.join(directive.path));
        let name = slashed(&relative(self.root, &path));
        if depth >= MAX_DEPTH {
            return Err(format!(
                "{name} is included more than {MAX_DEPTH} levels deep: it includes itself?"
            ));
        }
        let text =
            fs::read_to_string(&path).map_err(|error| format!("cannot include {name}: {error}"))?;
        let file = self.source.files.len();
        let lines = directive.select(&text).ok_or_else(|| {
            format!(
                "{name} has no `ANCHOR: {}`",
                directive.range.unwrap_or_default()
            )
        })?;
        let lines = lines
            .into_iter()
            .map(|(line, text, shift)| {
                (
                    Origin {
                        file,
                        line: line + 1,
                        shift,
                    },
                    text,
                )
            })
            .collect();
        self.source.files.push(File { path: name, text });
        Ok((lines, path.parent().unwrap_or(folder).to_owned()))
    }
}

struct Directive<'a> {
    text: &'a str,
    path: &'a str,
    range: Option<&'a str>,
    /// Keep the lines outside the range as hidden ones.
    rustdoc: bool,
}

/// Finds the first include in a line: what stands before it, itself, and what comes after.
fn find_directive(line: &str) -> Option<(&str, Directive<'_>, &str)> {
    let mut from = 0;
    while let Some(at) = line[from..].find("{{") {
        let start = from + at;
        if line[..start].ends_with('\\') {
            // mdBook takes an escaped directive to the last braces of its line.
            from = line.rfind("}}").filter(|end| *end > start)?;
            continue;
        }
        from = start + 2;
        let Some(length) = line[from..].find('}') else {
            continue;
        };
        let inner = &line[from..from + length];
        let after = &line[from + length..];
        let Some(after) = after.strip_prefix("}}") else {
            continue;
        };
        let Some((name, rest)) = inner
            .trim_start()
            .strip_prefix('#')
            .and_then(|inner| inner.split_once(char::is_whitespace))
        else {
            continue;
        };
        let Some(argument) = rest.split_whitespace().next() else {
            continue;
        };
        let rustdoc = match name {
            "include" => false,
            "rustdoc_include" => true,
            _ => continue,
        };
        let (path, range) = argument
            .split_once(':')
            .map_or((argument, None), |(path, range)| (path, Some(range)));
        let text = &line[start..line.len() - after.len()];
        return Some((
            &line[..start],
            Directive {
                text,
                path,
                range,
                rustdoc,
            },
            after,
        ));
    }
    None
}

impl Directive<'_> {
    /// The chosen lines with their numbers (from 0) and the width of what was put before them; none when the anchor is missing.
    fn select(&self, text: &str) -> Option<Vec<(usize, String, usize)>> {
        let lines: Vec<&str> = text.lines().collect();
        let chosen: Vec<Option<bool>> = match self.bounds() {
            Bounds::Lines(start, end) => (0..lines.len())
                .map(|at| Some(at >= start && end.is_none_or(|end| at < end)))
                .collect(),
            Bounds::Anchor(anchor) => {
                if !lines
                    .iter()
                    .any(|line| anchor_in(line, "ANCHOR:") == Some(anchor))
                {
                    return None;
                }
                let mut inside = false;
                let choose = |line: &&str| {
                    let start = anchor_in(line, "ANCHOR:");
                    let end = anchor_in(line, "ANCHOR_END:");
                    if start == Some(anchor) {
                        inside = true;
                    } else if end == Some(anchor) {
                        inside = false;
                    }
                    // The anchors themselves are shown nowhere.
                    (start.is_none() && end.is_none()).then_some(inside)
                };
                lines.iter().map(choose).collect()
            }
        };
        let take =
            |(at, (line, chosen)): (usize, (&str, Option<bool>))| match (chosen?, self.rustdoc) {
                (true, _) => Some((at, line.to_owned(), 0)),
                (false, true) => Some((at, format!("# {line}"), 2)),
                (false, false) => None,
            };
        Some(
            lines
                .into_iter()
                .zip(chosen)
                .enumerate()
                .filter_map(take)
                .collect(),
        )
    }

    fn bounds(&self) -> Bounds<'_> {
        let mut parts = self.range.unwrap_or_default().splitn(3, ':');
        let start = parts.next().unwrap_or_default();
        let end = parts.next().map(|end| end.parse().ok());
        match (start.parse::<usize>(), end) {
            (Ok(start), None) => Bounds::Lines(start.saturating_sub(1), Some(start.max(1))),
            (Ok(start), Some(end)) => Bounds::Lines(start.saturating_sub(1), end),
            (Err(_), end) if start.is_empty() => Bounds::Lines(0, end.flatten()),
            (Err(_), _) => Bounds::Anchor(start),
        }
    }
}

enum Bounds<'a> {
    Lines(usize, Option<usize>),
    Anchor(&'a str),
}

/// The name behind `ANCHOR:` or `ANCHOR_END:` in a line.
fn anchor_in<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let name = line[line.find(mark)? + mark.len()..].trim_start();
    let end = name
        .find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-'))
        .unwrap_or(name.len());
    (end > 0).then_some(&name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(argument: &str, rustdoc: bool, text: &str) -> Vec<(usize, String)> {
        let (path, range) = argument
            .split_once(':')
            .map_or((argument, None), |(path, range)| (path, Some(range)));
        let directive = Directive {
            text: "",
            path,
            range,
            rustdoc,
        };
        directive
            .select(text)
            .unwrap_or_default()
            .into_iter()
            .map(|(at, line, _)| (at, line))
            .collect()
    }

    #[test]
    fn a_range_counts_from_one_and_includes_its_end() {
        let text = "a\nb\nc\nd\n";
        assert_eq!(
            select("x:2:3", false, text),
            [(1, "b".to_owned()), (2, "c".to_owned())]
        );
        assert_eq!(select("x:3", false, text), [(2, "c".to_owned())]);
        assert_eq!(
            select("x:3:", false, text),
            [(2, "c".to_owned()), (3, "d".to_owned())]
        );
        assert_eq!(
            select("x::2", false, text),
            [(0, "a".to_owned()), (1, "b".to_owned())]
        );
        assert_eq!(select("x", false, text).len(), 4);
    }

    #[test]
    fn an_anchor_selects_what_is_between_its_marks() {
        let text = "a\n// ANCHOR: one\nb\n// ANCHOR: two\nc\n// ANCHOR_END: one\nd\n";
        assert_eq!(
            select("x:one", false, text),
            [(2, "b".to_owned()), (4, "c".to_owned())]
        );
        assert_eq!(select("x:none", false, text), []);
        let hidden: Vec<_> = select("x:one", true, text)
            .into_iter()
            .map(|(_, line)| line)
            .collect();
        assert_eq!(hidden, ["# a", "b", "c", "# d"]);
    }

    #[test]
    fn an_escaped_directive_is_left_alone() {
        assert!(find_directive(r"\{{#include a.rs}} and {{#include b.rs}}").is_none());
        let (before, directive, after) =
            find_directive("see {{ #include a.rs:2 }}!").expect("a directive");
        assert_eq!(
            (before, directive.path, directive.range, after),
            ("see ", "a.rs", Some("2"), "!")
        );
    }
}
