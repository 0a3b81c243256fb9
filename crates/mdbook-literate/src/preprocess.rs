//! The preprocessor: a book in, the same book with outputs out.

use std::io::{IsTerminal, Read, Write};

use mdbook_preprocessor::PreprocessorContext;
use mdbook_preprocessor::book::Book;

use crate::chapter::Chapter;
use crate::config::{Config, slashed};
use crate::engine::{Outcome, outcomes};
use crate::page::Beside;
use crate::{cells, doctest, page};

/// Reads a book from mdBook and writes it back with the outputs of its chapters.
///
/// # Errors
///
/// Says what keeps the book from being built; each line that the reader needs is in it.
pub fn preprocess(input: impl Read, output: impl Write) -> Result<(), String> {
    let (context, mut book) = mdbook_preprocessor::parse_input(input)
        .map_err(|error| format!("mdBook's input cannot be read: {error:#}"))?;
    let config = Config::read(&context.root, &context.config)?;
    let chapters = chapters(&book, &config);
    match outcomes(&chapters, &config, &context.renderer) {
        Ok(outcomes) => {
            let broken = report(&chapters, &outcomes);
            if broken > 0 && !config.serving && context.renderer != "test" {
                return Err(format!("{broken} of {} chapters failed", chapters.len()));
            }
            replace(&mut book, &chapters, &outcomes, &config, &context);
        }
        // While serving, the page says what is wrong, and the next save may mend it.
        Err(error) if config.serving => {
            eprintln!("error: {error}");
            let notice = format!(
                "<pre class=\"literate-error\" role=\"alert\"><code>{}</code></pre>\n\n",
                page::escape(&crate::compile::plain(&error))
            );
            book.for_each_chapter_mut(|chapter| chapter.content.insert_str(0, &notice));
        }
        Err(error) => return Err(error),
    }
    serde_json::to_writer(output, &book)
        .map_err(|error| format!("the book cannot be written: {error}"))
}

/// Reads the chapters that have a file.
pub fn chapters(book: &Book, config: &Config) -> Vec<Chapter> {
    let source = config.root.join(&config.source);
    let mut chapters = Vec::new();
    for chapter in book.chapters() {
        let Some(path) = &chapter.path else { continue };
        let number = chapter
            .number
            .as_ref()
            .map(|number| number.to_vec())
            .unwrap_or_default();
        let file = source.join(chapter.source_path.as_ref().unwrap_or(path));
        chapters.push(Chapter::read(
            path,
            &chapter.name,
            number,
            &chapter.content,
            &file,
            &config.root,
        ));
    }
    chapters
}

/// Prints what is wrong; gives back how many chapters are broken.
fn report(chapters: &[Chapter], outcomes: &[Outcome]) -> usize {
    let color = std::io::stderr().is_terminal();
    for (chapter, outcome) in chapters.iter().zip(outcomes) {
        for (_, report) in &outcome.problems {
            eprintln!("{}\n", report.render(&chapter.source.files, color));
        }
    }
    outcomes.iter().filter(|outcome| outcome.broken()).count()
}

fn replace(
    book: &mut Book,
    chapters: &[Chapter],
    outcomes: &[Outcome],
    config: &Config,
    context: &PreprocessorContext,
) {
    let names = cells::names_of(chapters, config);
    book.for_each_chapter_mut(|item| {
        let path = item.path.as_deref().map(slashed);
        let Some(at) = chapters
            .iter()
            .position(|chapter| Some(&chapter.path) == path.as_ref())
        else {
            return;
        };
        let (chapter, outcome, name) = (&chapters[at], &outcomes[at], &names[at]);
        item.content = match context.renderer.as_str() {
            "test" => doctest::doctests(chapter, outcome),
            "notebook" => cells::cells(chapter, outcome),
            renderer => {
                let beside = Beside {
                    downloads: name.as_deref(),
                    // The backend knows where the pages of mdBook itself are.
                    pictures: config.notebooks && renderer == "html",
                };
                page::page(chapter, outcome, config, beside)
            }
        };
    });
}
