//! Finds the Rust blocks of a chapter: their code, their marks, and where they stand.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::include::{BrokenInclude, Source};

/// A chapter of the book.
#[derive(Clone, Debug)]
pub struct Chapter {
    /// Its file, relative to the folder of the chapters, with `/` between the parts.
    pub path: String,
    /// Its number in the summary, empty for a prefix or suffix chapter.
    pub number: Vec<u32>,
    /// Its title in the summary.
    pub name: String,
    /// Its text, includes expanded.
    pub source: Source,
    /// Includes that could not be read.
    pub broken_includes: Vec<BrokenInclude>,
    /// Its Rust blocks, in order.
    pub blocks: Vec<Block>,
    /// The byte at which the first top heading ends.
    pub title_end: Option<usize>,
    /// Its headings: the line (from 0) and the text.
    pub headings: Vec<(usize, String)>,
}

/// What is to happen with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is compiled and run.
    Run,
    /// It is shown only.
    Ignore,
    /// It is compiled only.
    NoRun,
    /// It has to panic.
    ShouldPanic,
    /// It must not compile, and fail with one of these codes where there are any.
    CompileFail(Vec<String>),
}

/// A Rust block of a chapter.
#[derive(Clone, Debug)]
pub struct Block {
    /// What is to happen with it.
    pub mark: Mark,
    /// Its code, a line each.
    pub lines: Vec<Line>,
    /// Its bytes in the chapter's text, fences included.
    pub range: Range<usize>,
    /// The line of its opening fence, from 0.
    pub fence_line: usize,
    /// What each further line of its list or quote begins with.
    pub prefix: String,
}

/// A line of a block.
#[derive(Clone, Debug)]
pub struct Line {
    /// The code, without the mark that hides it.
    pub code: String,
    /// The line of the chapter's text, from 0.
    pub line: usize,
    /// The character of that line at which the code begins.
    pub column: usize,
    /// Whether pages hide it.
    pub hidden: bool,
}

impl Block {
    /// The whole code.
    pub fn code(&self) -> String {
        self.lines
            .iter()
            .map(|line| line.code.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// The Markdown that mdBook understands.
pub fn markdown(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM;
    Parser::new_ext(text, options)
}

impl Chapter {
    /// Reads a chapter; `file` is its absolute path.
    pub fn read(
        path: &Path,
        name: &str,
        number: Vec<u32>,
        text: &str,
        file: &Path,
        root: &Path,
    ) -> Chapter {
        let (source, broken_includes) = Source::expand(text, file, root);
        let mut chapter = Chapter {
            path: crate::config::slashed(path),
            number,
            name: name.to_owned(),
            source,
            broken_includes,
            blocks: Vec::new(),
            title_end: None,
            headings: Vec::new(),
        };
        chapter.parse();
        chapter
    }

    /// The chapter's file from the book's root, for messages.
    pub fn file(&self) -> &str {
        &self.source.files[0].path
    }

    /// The path of the file, as the system writes it, relative to the folder of the chapters.
    pub fn relative_path(&self) -> PathBuf {
        self.path.split('/').collect()
    }

    /// The chapter as if each block were a file of its own, that of `block` without a name: for messages that a reader sees
    /// beside the block.
    pub fn alone(&self, block: usize) -> Chapter {
        let name = |at: usize| {
            if at == block {
                String::new()
            } else {
                format!("an earlier block ({})", at + 1)
            }
        };
        let files = self
            .blocks
            .iter()
            .enumerate()
            .map(|(at, block)| (name(at), block.code()));
        let mut chapter = Chapter {
            source: Source::of_files(files),
            ..self.clone()
        };
        let mut line = 0;
        for block in &mut chapter.blocks {
            block.fence_line = line;
            for code in &mut block.lines {
                (code.line, code.column) = (line, 0);
                line += 1;
            }
            line += usize::from(block.lines.is_empty());
        }
        chapter
    }

    fn parse(&mut self) {
        let text = &self.source.text;
        let lines = LineStarts::new(text);
        let mut events = markdown(text).into_offset_iter();
        while let Some((event, range)) = events.next() {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    let mut texts = Vec::new();
                    for (event, range) in events.by_ref() {
                        match event {
                            Event::Text(_) => texts.push(range),
                            _ => break,
                        }
                    }
                    if let Some(mark) = mark(&info) {
                        let block = Block {
                            mark,
                            lines: code_lines(text, &lines, &texts),
                            fence_line: lines.line(range.start),
                            prefix: prefix(
                                &text[lines.starts[lines.line(range.start)]..range.start],
                            ),
                            range: range.start
                                ..range.start
                                    + text[range].trim_end_matches(['\n', '\r', ' ', '>']).len(),
                        };
                        self.blocks.push(block);
                    }
                }
                Event::Start(Tag::Heading { level, .. }) => {
                    let mut title = String::new();
                    for (event, _) in events.by_ref() {
                        match event {
                            Event::Text(text) | Event::Code(text) => title.push_str(&text),
                            Event::End(TagEnd::Heading(_)) => break,
                            _ => {}
                        }
                    }
                    if level == pulldown_cmark::HeadingLevel::H1 && self.title_end.is_none() {
                        self.title_end = Some(range.start + text[range.clone()].trim_end().len());
                    }
                    self.headings.push((lines.line(range.start), title));
                }
                _ => {}
            }
        }
    }
}

/// Says what is to happen with a block that has these words after its fence; none when it is not Rust.
fn mark(info: &str) -> Option<Mark> {
    let mut words = info.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    if words.next() != Some("rust") {
        return None;
    }
    let words: Vec<&str> = words.collect();
    let has = |mark: &str| words.contains(&mark);
    Some(
        if words
            .iter()
            .any(|word| *word == "ignore" || word.starts_with("ignore-"))
        {
            Mark::Ignore
        } else if has("compile_fail") {
            let is_code = |word: &&str| {
                word.len() == 5
                    && word.starts_with('E')
                    && word[1..].bytes().all(|byte| byte.is_ascii_digit())
            };
            Mark::CompileFail(
                words
                    .iter()
                    .copied()
                    .filter(is_code)
                    .map(str::to_owned)
                    .collect(),
            )
        } else if has("should_panic") {
            Mark::ShouldPanic
        } else if has("no_run") {
            Mark::NoRun
        } else {
            Mark::Run
        },
    )
}

/// The lines of a block from the ranges of its text.
fn code_lines(text: &str, starts: &LineStarts, ranges: &[Range<usize>]) -> Vec<Line> {
    let mut lines = Vec::new();
    for range in ranges {
        let mut at = range.start;
        for piece in text[range.clone()].split_inclusive('\n') {
            let line = starts.line(at);
            let column = text[starts.starts[line]..at].chars().count();
            let code = unescape(piece.trim_end_matches(['\n', '\r']));
            match lines.last_mut() {
                // One line may come in several pieces.
                Some(Line {
                    line: last,
                    code: whole,
                    ..
                }) if *last == line => whole.push_str(&code),
                _ => lines.push(Line {
                    code,
                    line,
                    column,
                    hidden: false,
                }),
            }
            at += piece.len();
        }
    }
    lines.iter_mut().for_each(unhide);
    lines
}

/// Takes away the backslash that keeps mdBook from taking `{{#...}}` for a directive.
fn unescape(code: &str) -> String {
    match code.split_once("\\{{#") {
        Some((before, after)) if after.contains("}}") => format!("{before}{{{{#{after}"),
        _ => code.to_owned(),
    }
}

/// Takes away the mark that hides a line, by mdBook's rules.
fn unhide(line: &mut Line) {
    let indent = line.code.len() - line.code.trim_start().len();
    let Some(rest) = line.code[indent..].strip_prefix('#') else {
        return;
    };
    let (code, hidden) = match rest.chars().next() {
        None => (String::new(), true),
        Some(' ') => (format!("{}{}", &line.code[..indent], &rest[1..]), true),
        Some('#') => (format!("{}{rest}", &line.code[..indent]), false),
        Some(_) => return,
    };
    line.column += line.code.chars().count() - code.chars().count();
    line.code = code;
    line.hidden = hidden;
}

/// What goes on with the list or quote that a fence stands in: its marks become spaces, quotes stay.
fn prefix(before: &str) -> String {
    before
        .chars()
        .map(|char| {
            if char == '>' || char == '\t' {
                char
            } else {
                ' '
            }
        })
        .collect()
}

/// Finds the line of a byte.
struct LineStarts {
    starts: Vec<usize>,
}

impl LineStarts {
    fn new(text: &str) -> LineStarts {
        let mut starts = vec![0];
        starts.extend(
            text.bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n')
                .map(|(at, _)| at + 1),
        );
        LineStarts { starts }
    }

    fn line(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte) - 1
    }
}

#[cfg(test)]
impl Chapter {
    /// A chapter of this text, for tests.
    pub(crate) fn of(text: &str) -> Chapter {
        let file = Path::new("/book/a.md");
        Chapter::read(Path::new("a.md"), "A", vec![1], text, file, Path::new("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_keep_their_lines_and_columns_in_lists_and_quotes() {
        let chapter = Chapter::of(
            "# T\n\n1. one\n\n   ```rust\n   let a = 1;\n   # let b = 2;\n   ```\n\n> ```rust,no_run\n> f();\n> ```\n",
        );
        let [list, quote] = &chapter.blocks[..] else {
            panic!("{:?}", chapter.blocks)
        };
        assert_eq!(list.code(), "let a = 1;\nlet b = 2;");
        assert_eq!(
            (
                list.lines[0].line,
                list.lines[0].column,
                list.lines[0].hidden
            ),
            (5, 3, false)
        );
        assert_eq!(
            (
                list.lines[1].line,
                list.lines[1].column,
                list.lines[1].hidden
            ),
            (6, 5, true)
        );
        assert_eq!((list.prefix.as_str(), list.fence_line), ("   ", 4));
        assert_eq!(
            (
                quote.mark.clone(),
                quote.code().as_str(),
                quote.prefix.as_str()
            ),
            (Mark::NoRun, "f();", "> ")
        );
        assert!(chapter.source.text[quote.range.clone()].ends_with("```"));
    }

    #[test]
    fn marks_are_those_of_mdbook() {
        assert_eq!(mark("rust"), Some(Mark::Run));
        assert_eq!(mark("rust,editable"), Some(Mark::Run));
        assert_eq!(mark("rust ignore"), Some(Mark::Ignore));
        assert_eq!(
            mark("rust,compile_fail,E0308"),
            Some(Mark::CompileFail(vec!["E0308".to_owned()]))
        );
        assert_eq!(mark("rust,should_panic"), Some(Mark::ShouldPanic));
        assert_eq!((mark("text"), mark(""), mark("rusty")), (None, None, None));
    }

    #[test]
    fn windows_line_ends_leave_no_trace() {
        let chapter = Chapter::of("```rust\r\nlet a = 1;\r\n\r\nlet b = 2;\r\n```\r\n");
        assert_eq!(chapter.blocks[0].code(), "let a = 1;\n\nlet b = 2;");
        assert_eq!(chapter.blocks[0].lines[2].line, 3);
    }

    #[test]
    fn a_doubled_hash_is_a_visible_one() {
        let chapter = Chapter::of("```rust\n## a\n#\n#[derive(Debug)]\n```\n");
        let hidden: Vec<_> = chapter.blocks[0]
            .lines
            .iter()
            .map(|line| (line.code.as_str(), line.hidden))
            .collect();
        assert_eq!(
            hidden,
            [("# a", false), ("", true), ("#[derive(Debug)]", false)]
        );
    }
}
