//! Says what is wrong in terms of the Markdown files: `book/padding.md:41:9`.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde::Serialize;

use crate::chapter::Chapter;
use crate::compile::{Diagnostic, Span};
use crate::include::{File, Origin};
use crate::program::{Place, Program};
use crate::run::{Failure, Limits};

/// Something wrong in a chapter, or in the book as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether it makes the build fail.
    pub error: bool,
    /// What is wrong, in one line where possible.
    pub title: String,
    /// The compiler's code for it.
    pub code: Option<String>,
    /// The places it speaks of, the main one first.
    pub marks: Vec<Mark>,
    /// What else there is to say.
    pub notes: Vec<Note>,
}

/// A place in a Markdown file, or in a file it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The file's path from the book's root.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// The character, from 1.
    pub column: usize,
    /// The bytes in the file.
    pub bytes: Range<usize>,
    /// What is said of it.
    pub label: String,
    /// Whether the error is here.
    pub primary: bool,
}

/// A note or a piece of help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Whether it is help.
    pub help: bool,
    /// What it says.
    pub text: String,
    /// What to write in place of what.
    pub patches: Vec<(Mark, String)>,
}

/// A report in the engine's own report file.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    level: &'static str,
    message: String,
    code: Option<String>,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
}

impl Report {
    /// An error with no place.
    pub fn error(title: impl Into<String>) -> Report {
        Report {
            error: true,
            title: title.into(),
            code: None,
            marks: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The same as a warning.
    pub fn warning(title: impl Into<String>) -> Report {
        Report {
            error: false,
            ..Report::error(title)
        }
    }

    /// Adds a place.
    pub fn at(mut self, mark: Option<Mark>) -> Report {
        self.marks.extend(mark);
        self
    }

    /// Adds a note.
    pub fn note(mut self, text: impl Into<String>) -> Report {
        self.notes.push(Note {
            help: false,
            text: text.into(),
            patches: Vec::new(),
        });
        self
    }

    /// Adds a piece of help.
    pub fn help(mut self, text: impl Into<String>) -> Report {
        self.notes.push(Note {
            help: true,
            text: text.into(),
            patches: Vec::new(),
        });
        self
    }

    /// The main place.
    pub fn main_mark(&self) -> Option<&Mark> {
        self.marks
            .iter()
            .find(|mark| mark.primary)
            .or(self.marks.first())
    }

    /// For the engine's report file.
    pub fn summary(&self) -> Summary {
        let mark = self.main_mark();
        Summary {
            level: if self.error { "error" } else { "warning" },
            message: self.title.clone(),
            code: self.code.clone(),
            file: mark.map(|mark| mark.path.clone()),
            line: mark.map(|mark| mark.line),
            column: mark.map(|mark| mark.column),
        }
    }

    /// The report as the compiler would print it.
    pub fn render(&self, files: &[File], color: bool) -> String {
        let level = if self.error {
            Level::ERROR
        } else {
            Level::WARNING
        };
        let mut title = level.primary_title(self.title.as_str());
        if let Some(code) = &self.code {
            title = title.id(code.as_str());
        }
        let mut group = Group::with_title(title);
        let mut paths: Vec<&str> = self
            .main_mark()
            .map(|mark| mark.path.as_str())
            .into_iter()
            .collect();
        self.marks.iter().for_each(|mark| {
            if !paths.contains(&mark.path.as_str()) {
                paths.push(&mark.path);
            }
        });
        for path in paths {
            let Some(file) = files.iter().find(|file| file.path == path) else {
                continue;
            };
            let mut snippet = Snippet::source(file.text.as_str());
            if !path.is_empty() {
                snippet = snippet.path(path);
            }
            for mark in self.marks.iter().filter(|mark| mark.path == path) {
                let kind = if mark.primary {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let annotation = kind.span(mark.bytes.clone());
                snippet = snippet.annotation(if mark.label.is_empty() {
                    annotation
                } else {
                    annotation.label(mark.label.as_str())
                });
            }
            group = group.element(snippet);
        }
        let mut groups = Vec::new();
        for note in &self.notes {
            let level = if note.help { Level::HELP } else { Level::NOTE };
            if note.patches.is_empty() {
                group = group.element(level.message(note.text.as_str()));
                continue;
            }
            let mut help = Group::with_title(level.secondary_title(note.text.as_str()));
            for file in files
                .iter()
                .filter(|file| note.patches.iter().any(|(mark, _)| mark.path == file.path))
            {
                let patches = note
                    .patches
                    .iter()
                    .filter(|(mark, _)| mark.path == file.path);
                let patches =
                    patches.map(|(mark, text)| Patch::new(mark.bytes.clone(), text.as_str()));
                let snippet = Snippet::source(file.text.as_str()).patches(patches);
                help = help.element(if file.path.is_empty() {
                    snippet
                } else {
                    snippet.path(file.path.as_str())
                });
            }
            groups.push(help);
        }
        groups.insert(0, group);
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.decor_style(DecorStyle::Ascii).render(&groups)
    }
}

/// Places in a chapter.
impl Chapter {
    /// The mark of a place in a block, some characters long.
    pub fn mark(&self, place: Place, characters: usize) -> Option<Mark> {
        let block = self.blocks.get(place.block)?;
        match block.lines.get(place.line).or(block.lines.last()) {
            Some(line) => {
                let column = (line.column + place.column)
                    .saturating_sub(self.source.origin(line.line).shift);
                self.mark_at(self.source.origin(line.line), column, characters)
            }
            None => self.block_mark(place.block),
        }
    }

    /// The mark of a block's first line.
    pub fn block_mark(&self, block: usize) -> Option<Mark> {
        let block = self.blocks.get(block)?;
        let origin = self.source.origin(block.fence_line);
        let text = self.source.files[origin.file]
            .text
            .lines()
            .nth(origin.line - 1)
            .unwrap_or_default();
        let fence = text.find("```").or(text.find("~~~")).unwrap_or(0);
        self.mark_at(origin, text[..fence].chars().count(), usize::MAX)
    }

    /// The mark of a place in a file.
    pub fn mark_at(&self, origin: Origin, column: usize, characters: usize) -> Option<Mark> {
        let file = &self.source.files[origin.file];
        let mut start = 0;
        let line = file
            .text
            .split_inclusive('\n')
            .nth(origin.line.checked_sub(1)?)
            .unwrap_or_default();
        file.text
            .split_inclusive('\n')
            .take(origin.line - 1)
            .for_each(|line| start += line.len());
        let line = line.trim_end_matches(['\n', '\r']);
        let byte = |column: usize| {
            line.char_indices()
                .nth(column)
                .map_or(line.len(), |(at, _)| at)
        };
        let (from, to) = (byte(column), byte(column.saturating_add(characters)));
        Some(Mark {
            path: file.path.clone(),
            line: origin.line,
            column: column + 1,
            bytes: start + from..start + to,
            label: String::new(),
            primary: true,
        })
    }

    /// The mark of what the compiler points to; none when it is no code of the chapter.
    fn span_mark(&self, program: &Program, source: &str, span: &Span) -> Option<Mark> {
        let mut span = span;
        // What went wrong within a macro is shown where the macro is called.
        while !span.file_name.replace('\\', "/").ends_with(source)
            || program.place(span.line_start, span.column_start).is_none()
        {
            span = &span.expansion.as_deref()?.span;
        }
        let start = program.place(span.line_start, span.column_start)?;
        let mut mark = self.mark(
            start,
            if span.line_start == span.line_end {
                span.column_end.saturating_sub(span.column_start)
            } else {
                usize::MAX
            },
        )?;
        if span.line_end > span.line_start
            && let Some(end) = program
                .place(span.line_end, span.column_end)
                .and_then(|end| self.mark(end, 0))
            && end.path == mark.path
            && end.bytes.start > mark.bytes.start
        {
            mark.bytes.end = end.bytes.start;
        }
        Some(mark)
    }

    /// What the compiler says, for the Markdown. `source` is the end of the program's path.
    pub fn compile_report(
        &self,
        program: &Program,
        source: &str,
        diagnostic: &Diagnostic,
    ) -> (Option<usize>, Report) {
        let mut report = Report::error(diagnostic.message.as_str());
        report.code = diagnostic.code.as_ref().map(|code| code.code.clone());
        let mut block = None;
        for span in &diagnostic.spans {
            let Some(mut mark) = self.span_mark(program, source, span) else {
                continue;
            };
            mark.label = span.label.clone().unwrap_or_default();
            mark.primary = span.is_primary;
            report.marks.push(mark);
        }
        if !report.marks.iter().any(|mark| mark.primary) {
            // The compiler points to code around the block: to the end of the block, then.
            let own = diagnostic.spans.iter().find(|span| {
                span.is_primary && span.file_name.replace('\\', "/").ends_with(source)
            });
            let place = own.and_then(|span| program.nearest(span.line_start));
            report
                .marks
                .extend(place.and_then(|place| self.mark(place, usize::MAX)));
        }
        let mut primaries = diagnostic.spans.iter().filter(|span| span.is_primary);
        if let Some(span) = primaries.next() {
            let mut outer = Some(span);
            while let Some(span) = outer {
                if span.file_name.replace('\\', "/").ends_with(source) {
                    block = program
                        .place(span.line_start, span.column_start)
                        .or(program.nearest(span.line_start))
                        .map(|place| place.block);
                }
                outer = span.expansion.as_deref().map(|expansion| &expansion.span);
            }
        }
        for child in &diagnostic.children {
            let patches: Vec<_> = child
                .spans
                .iter()
                .filter_map(|span| {
                    Some((
                        self.span_mark(program, source, span)?,
                        span.suggested_replacement.clone()?,
                    ))
                })
                .collect();
            let text = child.message.clone();
            // Advice for the code around the blocks helps nobody.
            let elsewhere = !child.spans.is_empty()
                && child
                    .spans
                    .iter()
                    .all(|span| self.span_mark(program, source, span).is_none());
            let to_us = elsewhere
                && child
                    .spans
                    .iter()
                    .any(|span| span.file_name.replace('\\', "/").ends_with(source));
            if !to_us
                && !text.contains("__literate")
                && !text.contains("for more information about this error")
            {
                report.notes.push(Note {
                    help: child.level == "help",
                    text,
                    patches,
                });
            }
        }
        if diagnostic
            .message
            .starts_with("mismatched closing delimiter")
            && diagnostic
                .spans
                .iter()
                .any(|span| self.span_mark(program, source, span).is_none())
        {
            // What closes it wrongly is ours.
            report.title = "this block has a bracket that nothing closes".to_owned();
        }
        if diagnostic.message.contains("evcxr_display") {
            report.title = "the last expression of this block cannot be shown: its type has neither `evcxr_display` nor `Debug`".to_owned();
            report = report.help("end the block with `;` to show nothing, or derive `Debug`");
        }
        (block, report)
    }

    /// What ended a run, for the Markdown.
    pub fn run_report(
        &self,
        program: &Program,
        block: usize,
        failure: &Failure,
        limits: Limits,
    ) -> (usize, Report) {
        let place = |place: &Option<(usize, usize)>| {
            place.and_then(|(line, column)| program.place(line, column).or(program.nearest(line)))
        };
        let (found, report) = match failure {
            Failure::Panic(message, at) => (place(at), titled("panicked", message)),
            Failure::Error(message, at) => (place(at), titled("`?` passed an error on", message)),
            Failure::Survived => (None, Report::error("this block is marked `should_panic`, but it did not panic")),
            Failure::Timeout => {
                let limit = limits.time.as_secs_f64();
                (None, Report::error(format!("this block ran for longer than {limit} s and was stopped")).help("`time-limit` in book.toml sets how long a block may run"))
            }
            Failure::Endless(bytes) => {
                (None, Report::error(format!("this block printed more than {bytes} bytes, where {} are shown, and was stopped", limits.text)))
            }
            Failure::Twice(mime) => (
                None,
                Report::error(format!("this block displays more than one `{mime}`"))
                    .note("a notebook keeps only the last of each type, so page and notebook would differ")
                    .help("display one per block, or put several pictures into one figure"),
            ),
            Failure::TooLarge(mime, limit) => {
                (None, Report::error(format!("this block displays a `{mime}` of more than {limit} bytes")).help("`display-limit` in book.toml sets how many are allowed"))
            }
            Failure::Died(how, stderr) => {
                let report = Report::error(format!("this block did not come to its end: {how}"));
                (None, if stderr.is_empty() { report } else { report.note(format!("it wrote to stderr:\n{stderr}")) })
            }
            Failure::NotStarted(why) => (None, Report::error(why.as_str())),
        };
        match found {
            Some(place) => (place.block, report.at(self.mark(place, 1))),
            None => (block, report.at(self.block_mark(block))),
        }
    }
}

/// A report of a message that may have several lines.
fn titled(what: &str, message: &str) -> Report {
    let (first, rest) = message.split_once('\n').unwrap_or((message, ""));
    let report = Report::error(format!("{what}: {first}"));
    if rest.trim().is_empty() {
        report
    } else {
        report.note(rest.trim_end())
    }
}
