//! Turns the formulas in Markdown, `$inline$` and `$$display$$`, into MathML.
//!
//! Why it exists: browsers lay out MathML by themselves and screen readers read it, so that a page with formulas needs no
//! script and nothing from another host. And a mistake in a formula is found when the book is built, not by a reader.
//!
//! A formula is written in LaTeX. What is code stays code, and `\$` is a dollar.

use std::ops::Range;

use pulldown_cmark::{Event, Options};
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

/// A formula that is no valid LaTeX.
#[derive(Debug, PartialEq)]
pub struct Mistake {
    /// Where it stands in the Markdown, dollars included, in bytes.
    pub place: Range<usize>,
    /// What is wrong with it.
    pub message: String,
}

/// Replaces the formulas of a Markdown text. A display formula is a `<math display="block">`, which a style sheet can let
/// scroll where the screen is narrow.
///
/// # Errors
///
/// Every formula that is no valid LaTeX.
///
/// # Examples
///
/// ```
/// let html = mdbook_mathml::render("The *output* has $n - k + 1$ rows.").unwrap();
/// assert!(html.starts_with("The *output* has <math"));
/// assert!(html.ends_with("</math> rows."));
/// assert!(mdbook_mathml::render(r"$\frac{1}$").is_err());
/// ```
pub fn render(markdown: &str) -> Result<String, Vec<Mistake>> {
    let mut html = String::new();
    let mut mistakes = Vec::new();
    let mut copied = 0;
    for (event, place) in pulldown_cmark::Parser::new_ext(markdown, options()).into_offset_iter() {
        let (formula, beside) = match event {
            Event::InlineMath(latex) => (
                mathml(&latex, DisplayMode::Inline),
                beside(markdown, copied, &place),
            ),
            Event::DisplayMath(latex) => (mathml(&latex, DisplayMode::Block), place.clone()),
            _ => continue,
        };
        match formula {
            Ok(formula) => {
                html.push_str(&markdown[copied..beside.start]);
                let formula = as_inline_html(&formula);
                if beside == place {
                    html.push_str(&formula);
                } else {
                    let before = &markdown[beside.start..place.start];
                    let after = &markdown[place.end..beside.end];
                    html.push_str(&format!(
                        r#"<span style="white-space: nowrap">{before}{formula}{after}</span>"#
                    ));
                }
                copied = beside.end;
            }
            Err(message) => mistakes.push(Mistake { place, message }),
        }
    }
    html.push_str(&markdown[copied..]);
    if mistakes.is_empty() {
        Ok(html)
    } else {
        Err(mistakes)
    }
}

/// An inline formula's place with what has to stay in its line: a bracket before it, and what follows without a space, such as a
/// full stop. Browsers take a formula for a picture, and would begin a line with that stop.
fn beside(markdown: &str, copied: usize, place: &Range<usize>) -> Range<usize> {
    let before = &markdown[copied..place.start];
    let bracket = before.ends_with('(') && !before.ends_with("](");
    let stays =
        |character: char| character.is_alphanumeric() || ".,;:?)-\u{2019}".contains(character);
    let after = &markdown[place.end..];
    let length = after
        .find(|character| !stays(character))
        .unwrap_or(after.len());
    place.start - usize::from(bracket)..place.end + length
}

/// What mdBook's own Markdown parser reads, and formulas: only so are both of one mind about what is code.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
}

fn mathml(latex: &str, display_mode: DisplayMode) -> Result<String, String> {
    let storage = Storage::new();
    let events: Vec<_> = Parser::new(latex, &storage)
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let mut mathml = String::new();
    let config = RenderConfig {
        display_mode,
        ..RenderConfig::default()
    };
    push_mathml(
        &mut mathml,
        events.into_iter().map(Ok::<_, std::convert::Infallible>),
        config,
    )
    .map_err(|error| error.to_string())?;
    Ok(mathml.replace("<msqrt>", &format!("<msqrt>{STRUT}")))
}

/// Makes every root as high as a capital letter at least: a lower one hangs below its line, since the sign has a least height.
const STRUT: &str = r#"<mspace width="0" height="0.75em" depth="0.25em"></mspace>"#;

/// Writes what Markdown would read as its own in a way that only HTML reads.
fn as_inline_html(mathml: &str) -> String {
    let mut html = String::with_capacity(mathml.len());
    for character in mathml.chars() {
        match character {
            '\n' => html.push(' '),
            '\'' | '*' | '_' | '[' | ']' | '`' | '\\' | '|' | '~' | '$' | '!' | '^' | '{' | '}' => {
                html.push_str(&format!("&#{};", u32::from(character)));
            }
            other => html.push(other),
        }
    }
    html
}
