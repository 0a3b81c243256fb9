//! Puts outputs below their blocks.

use std::fmt::Write;

use crate::base64;
use crate::chapter::{Chapter, Mark};
use crate::config::{Config, Downloads};
use crate::engine::Outcome;
use crate::pictures::{self, Picture};
use crate::report::Report;
use crate::run::Output;

/// What the backend puts beside a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The chapter's notebook and program, by this name.
    pub downloads: Option<&'a str>,
    /// The files of its pictures.
    pub pictures: bool,
}

/// The chapter's Markdown with its outputs.
pub fn page(chapter: &Chapter, outcome: &Outcome, config: &Config, beside: Beside<'_>) -> String {
    let text = &chapter.source.text;
    let mut page = String::with_capacity(text.len() * 2);
    let mut copied = 0;
    let up = "../".repeat(chapter.path.matches('/').count());
    let pictures = beside.pictures.then_some(up.as_str());
    let links = beside
        .downloads
        .map(|name| links(&up, name))
        .unwrap_or_default();
    let mut top = (config.downloads == Downloads::Top && !links.is_empty())
        .then(|| chapter.title_end.unwrap_or(0));
    for (at, block) in chapter.blocks.iter().enumerate() {
        if let Some(end) = top.filter(|end| *end <= block.range.start) {
            page.push_str(&text[copied..end]);
            copied = end;
            insert(&mut page, "", &links);
            top = None;
        }
        page.push_str(&text[copied..block.range.end]);
        copied = block.range.end;
        let shown = shown(chapter, outcome, at, pictures);
        if !shown.is_empty() {
            insert(&mut page, &block.prefix, &shown);
        }
    }
    if let Some(end) = top {
        page.push_str(&text[copied..end]);
        copied = end;
        insert(&mut page, "", &links);
    }
    page.push_str(&text[copied..]);
    if config.downloads == Downloads::Bottom && !links.is_empty() {
        insert(&mut page, "", &links);
    }
    let general: String = outcome
        .problems
        .iter()
        .filter(|(block, report)| block.is_none() && report.error)
        .map(|(_, report)| problem(chapter, report))
        .collect();
    if !general.is_empty() {
        insert(&mut page, "", &general);
    }
    page
}

/// Adds HTML after a block, in its list or quote, between empty lines.
fn insert(page: &mut String, prefix: &str, html: &str) {
    page.push('\n');
    page.push_str(prefix.trim_end());
    page.push('\n');
    for line in html.lines() {
        page.push_str(if line.is_empty() {
            prefix.trim_end()
        } else {
            prefix
        });
        page.push_str(line);
        page.push('\n');
    }
    page.push_str(prefix.trim_end());
}

/// The HTML below a block. `pictures` leads from the page to where their files lie.
fn shown(chapter: &Chapter, outcome: &Outcome, block: usize, pictures: Option<&str>) -> String {
    let mut html = String::new();
    if let Some(output) = outcome.outputs.get(&block) {
        html += &output_html(output, pictures);
    }
    if let Some(refusal) = outcome.refusals.get(&block) {
        let _ = writeln!(
            html,
            "<pre class=\"literate-output literate-refusal\"><code>{}</code></pre>",
            escape(&refusal.message)
        );
    }
    if chapter.blocks[block].mark == Mark::ShouldPanic
        && let Some(message) = outcome
            .outputs
            .get(&block)
            .and_then(|output| output.panic.as_ref())
    {
        let _ = writeln!(
            html,
            "<pre class=\"literate-output literate-panic\"><code>panicked: {}</code></pre>",
            escape(message.trim_end())
        );
    }
    for (_, report) in outcome
        .problems
        .iter()
        .filter(|(at, report)| *at == Some(block) && report.error)
    {
        html += &problem(chapter, report);
    }
    html
}

fn problem(chapter: &Chapter, report: &Report) -> String {
    format!(
        "<pre class=\"literate-error\" role=\"alert\"><code>{}</code></pre>\n",
        escape(&report.render(&chapter.source.files, false))
    )
}

fn output_html(output: &Output, pictures: Option<&str>) -> String {
    let mut html = String::new();
    if !output.text.is_empty() || output.cut {
        let mut text = escape(output.text.trim_end_matches('\n'));
        if output.cut {
            text +=
                "\n<span class=\"literate-cut\">… the rest is cut: the block printed more</span>";
        }
        let _ = writeln!(
            html,
            "<pre class=\"literate-output\"><code>{text}</code></pre>"
        );
    }
    let plain = output.parts.get("text/plain");
    if let Some(picture) = figure(output, pictures) {
        html += &picture;
    } else if let Some(shown) = output.parts.get("text/html") {
        let _ = writeln!(
            html,
            "<div class=\"literate-html\">\n{}\n</div>",
            without_blank_lines(shown)
        );
    } else if let Some(plain) = plain {
        let _ = writeln!(
            html,
            "<pre class=\"literate-output literate-value\"><code>{}</code></pre>",
            escape(plain)
        );
    }
    html
}

/// A picture with its caption: the first line of the text beside it. `pictures` leads from the page to where their files lie.
fn figure(output: &Output, pictures: Option<&str>) -> Option<String> {
    let still = still(output)?;
    let image = match (output.parts.get("text/html"), pictures) {
        // A figure that moves: the picture beside it is its still, for notebooks.
        (Some(html), _) => without_blank_lines(html),
        (None, Some(up)) => pictures::apart(&still, up).0,
        (None, None) => still,
    };
    let caption = match output.words().0.trim() {
        "" => String::new(),
        caption => format!("<figcaption>{}</figcaption>\n", escape(caption)),
    };
    Some(format!(
        "<figure class=\"literate-figure\">\n{image}\n{caption}</figure>\n"
    ))
}

/// The files of the pictures that a block's figure has, in a page with its pictures beside it.
pub(crate) fn pictures(output: &Output) -> Vec<Picture> {
    match still(output) {
        Some(still) if !output.parts.contains_key("text/html") => pictures::apart(&still, "").1,
        _ => Vec::new(),
    }
}

/// The picture that a block shows, whole.
fn still(output: &Output) -> Option<String> {
    if let Some(svg) = output.parts.get("image/svg+xml") {
        return Some(inline_svg(svg));
    }
    let (mime, data) = output
        .parts
        .iter()
        .find(|(mime, _)| mime.starts_with("image/"))?;
    let data: String = data.split_whitespace().collect();
    let size = png_size(&data)
        .filter(|_| mime == "image/png")
        .map(|(width, height)| format!(" width=\"{width}\" height=\"{height}\""))
        .unwrap_or_default();
    let (caption, rest) = output.words();
    let alternative = match rest.trim() {
        "" => caption,
        rest => rest,
    };
    Some(format!(
        "<img src=\"data:{mime};base64,{data}\"{size} alt=\"{}\">",
        escape(&alternative.replace('\n', " "))
    ))
}

/// An SVG fit to stand in HTML: without what only a file of its own needs, and without empty lines, which would end the HTML.
fn inline_svg(svg: &str) -> String {
    let start = svg.find("<svg").unwrap_or(0);
    without_blank_lines(&svg[start..]).replace("{{#", "{&#123;#")
}

fn without_blank_lines(html: &str) -> String {
    html.lines()
        .filter(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The width and height of a PNG in base64.
fn png_size(data: &str) -> Option<(u32, u32)> {
    let bytes = base64::decode(data.get(..32)?)?;
    let number = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
    };
    bytes
        .starts_with(b"\x89PNG")
        .then_some((number(16)?, number(20)?))
}

/// The links to a chapter's notebook and program; `up` leads to the root of the pages.
fn links(up: &str, name: &str) -> String {
    let name = escape(name);
    format!(
        "<p class=\"literate-downloads\"><a href=\"{up}notebooks/{name}.ipynb\" download>Notebook</a> <a href=\"{up}notebooks/{name}.rs\" download>Program</a></p>\n"
    )
}

/// Text that neither HTML, nor Markdown, nor mdBook's directives, nor mathematics take for their own.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '{' => escaped.push_str("&#123;"),
            '$' => escaped.push_str("&#36;"),
            '\\' => escaped.push_str("&#92;"),
            // Colours for a terminal, bells and the like.
            char if char.is_control() && char != '\n' && char != '\t' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_prints_stays_text() {
        assert_eq!(
            escape("</div> `a` {{#include x}} $x$"),
            "&lt;/div&gt; `a` &#123;&#123;#include x}} &#36;x&#36;"
        );
    }

    #[test]
    fn the_size_of_a_png_is_read_from_its_header() {
        assert_eq!(
            png_size("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAUCAYAAAD/Rn+7"),
            Some((10, 20))
        );
        assert_eq!(png_size("iVBO"), None);
    }
}
