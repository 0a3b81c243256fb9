//! Carries a chapter's blocks and outputs through mdBook to the notebook backend.
//!
//! Preprocessors hand on Markdown and nothing else. So each block becomes a fenced block of JSON, which the backend finds again.

use serde::{Deserialize, Serialize};

use crate::chapter::{Block, Chapter, Mark};
use crate::config::Config;
use crate::engine::Outcome;
use crate::program::Syntax;
use crate::run::Output;

/// The word behind the fence of a cell.
pub const CELL: &str = "literate-cell";
/// The word behind the fence of what concerns the whole chapter.
pub const CHAPTER: &str = "literate-chapter";

/// A code cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its code, hidden lines included.
    pub source: String,
    /// What it gave.
    pub output: Output,
    /// What the compiler says of a block that must not compile: the error, and the whole message.
    pub refusal: Option<(String, String)>,
}

/// What the backend has to know of a chapter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// Its program.
    pub program: Option<String>,
    /// Why it has none, or no outputs.
    pub broken: bool,
}

/// The chapter's Markdown with cells in place of blocks.
pub fn cells(chapter: &Chapter, outcome: &Outcome) -> String {
    let text = &chapter.source.text;
    let mut marked = String::with_capacity(text.len() * 2);
    let mut copied = 0;
    for (at, block) in chapter.blocks.iter().enumerate() {
        let start = text[..block.range.start].rfind('\n').map_or(0, |at| at + 1);
        // A fence may follow its list's mark; that mark stays.
        marked.push_str(&text[copied..start]);
        marked.push_str(&text[start..block.range.start]);
        marked.push_str(&replacement(block, at, outcome));
        copied = block.range.end;
    }
    marked.push_str(&text[copied..]);
    let about = About {
        program: outcome.program.clone(),
        broken: outcome.broken(),
    };
    marked.push_str(&format!("\n\n```{CHAPTER}\n{}\n```\n", json(&about)));
    marked
}

fn replacement(block: &Block, at: usize, outcome: &Outcome) -> String {
    if matches!(block.mark, Mark::Ignore | Mark::NoRun) {
        // A notebook runs all its cells; what must not run is shown as text.
        let code: String = block
            .lines
            .iter()
            .map(|line| format!("{}{}\n", block.prefix, line.code))
            .collect();
        return format!("```rust\n{code}{}```", block.prefix);
    }
    let mut source = block.code().trim_end().to_owned();
    if let Some(returns) = Syntax::of(&source).main {
        source.push_str(if returns {
            "\nmain().unwrap();"
        } else {
            "\nmain();"
        });
    }
    let output = outcome.outputs.get(&at).cloned().unwrap_or_default();
    let refusal = outcome
        .refusals
        .get(&at)
        .map(|refusal| (refusal.error.clone(), refusal.message.clone()));
    let cell = Cell {
        source,
        output,
        refusal,
    };
    format!(
        "```{CELL}\n{}{}\n{}```",
        block.prefix,
        json(&cell),
        block.prefix
    )
}

/// JSON in which mdBook finds no directive.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .expect("cells are JSON")
        .replace("{{", "\\u007b\\u007b")
        .replace("{#", "\\u007b#")
}

/// The names of the chapters' notebooks, without extension: none for a chapter with nothing to run.
///
/// A numbered chapter's begins with its number in the summary (`03-padding`, `03.2-dilation`), so that they sort as they are
/// read; one before the numbered has `00-`, one after them no number. Adding an unnumbered chapter renames no other.
pub fn names(chapters: &[(&str, &[u32], bool)]) -> Vec<Option<String>> {
    let mut numbered = false;
    let mut names: Vec<Option<String>> = Vec::new();
    for (path, number, runs) in chapters {
        numbered |= !number.is_empty();
        let stem = path.rsplit('/').next().unwrap_or(path);
        let stem = stem.strip_suffix(".md").unwrap_or(stem);
        let folder = path.rsplit('/').nth(1);
        let stem = if matches!(stem, "README" | "index") {
            folder.unwrap_or(stem)
        } else {
            stem
        };
        let prefix = match number {
            [] if numbered => String::new(),
            [] => "00-".to_owned(),
            [first, rest @ ..] => format!(
                "{first:02}{}-",
                rest.iter()
                    .map(|part| format!(".{part}"))
                    .collect::<String>()
            ),
        };
        let mut name = format!("{prefix}{stem}");
        if names.iter().flatten().any(|other| *other == name) {
            name = format!(
                "{prefix}{}",
                path.strip_suffix(".md").unwrap_or(path).replace('/', "-")
            );
        }
        names.push(runs.then_some(name));
    }
    names
}

/// The names for the chapters of a book that is being built.
pub fn names_of(chapters: &[Chapter], config: &Config) -> Vec<Option<String>> {
    let runs = |chapter: &Chapter| {
        config.notebooks
            && chapter
                .blocks
                .iter()
                .any(|block| !matches!(block.mark, Mark::Ignore | Mark::NoRun))
    };
    let chapters: Vec<_> = chapters
        .iter()
        .map(|chapter| {
            (
                chapter.path.as_str(),
                chapter.number.as_slice(),
                runs(chapter),
            )
        })
        .collect();
    names(&chapters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_the_chapters_are_read() {
        let chapters: [(&str, &[u32], bool); 6] = [
            ("intro.md", &[], true),
            ("a.md", &[1], true),
            ("a/README.md", &[1, 2], true),
            ("b.md", &[2], false),
            ("c.md", &[10], true),
            ("words.md", &[], true),
        ];
        let names: Vec<String> = names(&chapters).into_iter().flatten().collect();
        assert_eq!(names, ["00-intro", "01-a", "01.2-a", "10-c", "words"]);
        assert!(names.is_sorted());
    }
}
