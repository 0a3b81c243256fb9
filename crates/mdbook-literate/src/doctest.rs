//! Gives rustdoc one test a block, which fails when the block failed.

use std::fmt::Write;

use crate::chapter::{Chapter, Mark};
use crate::engine::Outcome;

/// A chapter for rustdoc. Each block stands on the line that it has in the Markdown, so that rustdoc's names of tests tell it.
pub fn doctests(chapter: &Chapter, outcome: &Outcome) -> String {
    let mut page = Page::default();
    let mut headings = chapter.headings.iter().peekable();
    let broken = outcome.problems.iter().filter(|(_, report)| report.error);
    let is_broken = broken.clone().next().is_some();
    for (at, block) in chapter.blocks.iter().enumerate() {
        while let Some((line, title)) = headings.next_if(|(line, _)| *line < block.fence_line) {
            page.go_to(chapter.source.origin(*line).line);
            page.push(&format!("# {}", title.replace('\n', " ")));
        }
        let origin = chapter.source.origin(block.fence_line);
        page.go_to(origin.line);
        let reports: Vec<String> = broken
            .clone()
            .filter(|(of, _)| of.unwrap_or(0) == at)
            .map(|(_, report)| report.render(&chapter.source.files, false))
            .collect();
        let body = if !reports.is_empty() {
            fails(&format!("\n{}\n", reports.join("\n\n")))
        } else if block.mark == Mark::Ignore {
            page.push("```rust,ignore\n\n```");
            continue;
        } else if is_broken
            && matches!(block.mark, Mark::Run | Mark::ShouldPanic)
            && !outcome.outputs.contains_key(&at)
        {
            fails(&format!(
                "{}:{}: not run, since a block of the chapter failed",
                chapter.source.files[origin.file].path, origin.line
            ))
        } else {
            "let _passed = ();".to_owned()
        };
        page.push(&format!("```rust\n{body}\n```"));
    }
    if chapter.blocks.is_empty()
        && let Some((_, report)) = broken.clone().next()
    {
        page.push(&format!(
            "```rust\n{}\n```",
            fails(&report.render(&chapter.source.files, false))
        ));
    }
    page.text
}

/// A test that fails with a message, in which mdBook finds no directive.
fn fails(message: &str) -> String {
    format!("panic!(\"{{}}\", {:?});", message).replace("{{#", "\\u{7b}{#")
}

#[derive(Default)]
struct Page {
    text: String,
    lines: usize,
}

impl Page {
    /// Goes down to a line, from 1; nowhere when that is passed.
    fn go_to(&mut self, line: usize) {
        while self.lines + 1 < line {
            self.push("");
        }
    }

    fn push(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
        self.lines += text.matches('\n').count() + 1;
    }
}
