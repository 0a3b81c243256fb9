//! The mdBook preprocessor: reads the book as JSON, writes it with its formulas as MathML.

use std::io::{Error, stdin, stdout};
use std::path::Path;
use std::process::ExitCode;

use mdbook_mathml::Mistake;
use mdbook_preprocessor::book::{Book, Chapter};
use mdbook_preprocessor::parse_input;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // Only pages show formulas; notebooks and tests have their own ways with them.
        ["supports", renderer] => ExitCode::from(u8::from(renderer != "html")),
        [] => match preprocess() {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("{message}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("mdBook starts this program: name it in book.toml as a preprocessor");
            ExitCode::FAILURE
        }
    }
}

fn preprocess() -> Result<(), String> {
    let (context, mut book) = parse_input(stdin()).map_err(|error| format!("{error:#}"))?;
    let source = &context.config.book.src;
    let mistakes = render_chapters(&mut book, &context.root, source);
    if !mistakes.is_empty() {
        return Err(mistakes.join("\n"));
    }
    serde_json::to_writer(stdout(), &book).map_err(|error| Error::from(error).to_string())
}

/// Replaces the formulas of every chapter and returns what is wrong with some, as `book/chapter.md:12: ...`.
fn render_chapters(book: &mut Book, root: &Path, source: &Path) -> Vec<String> {
    let mut messages = Vec::new();
    book.for_each_chapter_mut(|chapter| match mdbook_mathml::render(&chapter.content) {
        Ok(content) => chapter.content = content,
        Err(mistakes) => messages.extend(mistakes.iter().map(|mistake| {
            let file = source.join(chapter.source_path.as_deref().unwrap_or(Path::new("")));
            let line = line(chapter, &root.join(&file), mistake);
            let formula = &chapter.content[mistake.place.clone()];
            format!(
                "{}:{line}: in the formula {formula}\n{}",
                file.display(),
                mistake.message
            )
        })),
    });
    messages
}

/// The line of a formula in the chapter's file. Other preprocessors, which ran before, may have added lines above it.
fn line(chapter: &Chapter, file: &Path, mistake: &Mistake) -> usize {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let in_file = text
        .find(&chapter.content[mistake.place.clone()])
        .map(|at| &text[..at]);
    in_file
        .unwrap_or(&chapter.content[..mistake.place.start])
        .matches('\n')
        .count()
        + 1
}
