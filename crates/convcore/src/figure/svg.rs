//! The small SVG writer behind the figures: a measured piece of a picture, text, numbers, and the finished document.

use std::fmt::Write as _;

/// Colours of text, lines and marks: CSS variables that a page may set, with what applies elsewhere.
pub(crate) const INK: &str = "var(--figure-ink,#1f2328)";
pub(crate) const PAPER: &str = "var(--figure-paper,#ffffff)";
pub(crate) const SHADE: &str = "var(--figure-shade,#ffd8a8)";
pub(crate) const LINE: &str = "var(--figure-line,#57606a)";
pub(crate) const ACCENT: &str = "var(--figure-accent,#b35900)";
pub(crate) const MUTED: &str = "var(--figure-muted,#6e7781)";

/// Free space around a finished figure.
const MARGIN: f32 = 6.0;

/// The size of the titles of parts.
pub(crate) const TITLE: f32 = 16.0;
/// What a title takes above or below its part.
pub(crate) const TITLE_SPACE: f32 = 26.0;

/// A measured piece of a picture, drawn from its own (0, 0).
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// The height on which a sign beside it stands: the middle of the body, whatever title is above it.
    pub(crate) axis: f32,
    pub(crate) markup: String,
}

impl Drawing {
    pub(crate) fn new(width: f32, height: f32, markup: String) -> Drawing {
        Drawing {
            width,
            height,
            axis: height / 2.0,
            markup,
        }
    }

    /// The markup, moved to (x, y).
    pub(crate) fn at(&self, x: f32, y: f32) -> String {
        if x == 0.0 && y == 0.0 {
            return self.markup.clone();
        }
        format!(
            r#"<g transform="translate({} {})">{}</g>"#,
            number(x),
            number(y),
            self.markup
        )
    }

    /// The same piece with a title above it, centred.
    pub(crate) fn titled_above(self, title: &str) -> Drawing {
        let title_width = text_width(title, TITLE) + 4.0;
        let width = self.width.max(title_width);
        let markup =
            heading(width / 2.0, TITLE, title) + &self.at((width - self.width) / 2.0, TITLE_SPACE);
        Drawing {
            width,
            height: self.height + TITLE_SPACE,
            axis: self.axis + TITLE_SPACE,
            markup,
        }
    }

    /// The same piece with a title below it, centred.
    pub(crate) fn titled_below(self, title: &str) -> Drawing {
        let title_width = text_width(title, TITLE) + 4.0;
        let width = self.width.max(title_width);
        let markup = self.at((width - self.width) / 2.0, 0.0)
            + &heading(width / 2.0, self.height + 20.0, title);
        Drawing {
            width,
            height: self.height + TITLE_SPACE,
            axis: self.axis,
            markup,
        }
    }
}

/// A finished SVG document on one line: Markdown ends a block of HTML at a blank line.
pub(crate) fn document(drawing: &Drawing, alt: &str) -> String {
    let (width, height) = (
        number(drawing.width + 2.0 * MARGIN),
        number(drawing.height + 2.0 * MARGIN),
    );
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" "#,
            r#"aria-label="{alt}" font-family="system-ui,sans-serif" fill="{ink}" "#,
            r#"style="max-width:100%;height:auto;font-variant-numeric:tabular-nums">"#,
            r#"<rect width="{w}" height="{h}" fill="{paper}"/>{body}</svg>"#
        ),
        w = width,
        h = height,
        alt = escape(alt),
        ink = INK,
        paper = PAPER,
        body = drawing.at(MARGIN, MARGIN),
    )
}

/// A part's title, centred on `x`.
fn heading(x: f32, baseline: f32, title: &str) -> String {
    format!(
        r#"<text x="{}" y="{}" text-anchor="middle" font-size="{TITLE}" font-weight="600">{}</text>"#,
        number(x),
        number(baseline),
        escape(title)
    )
}

/// Text whose vertical middle is at `y`; the attributes that a group sets (size, anchor, colour) apply.
pub(crate) fn text(x: f32, y: f32, size: f32, content: &str) -> String {
    // A digit's middle lies about 0.35 of the size above the baseline, in every common font.
    format!(
        r#"<text x="{}" y="{}">{}</text>"#,
        number(x),
        number(y + 0.355 * size),
        escape(content)
    )
}

/// A group of texts of one size, centred on their positions unless `attributes` say otherwise.
pub(crate) fn texts(size: f32, attributes: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let anchor = if attributes.contains("text-anchor") {
        ""
    } else {
        r#" text-anchor="middle""#
    };
    let space = if attributes.is_empty() { "" } else { " " };
    format!(
        r#"<g font-size="{}"{anchor}{space}{attributes}>{content}</g>"#,
        number(size)
    )
}

/// A rectangle; `attributes` give it its fill and stroke.
pub(crate) fn rect(x: f32, y: f32, width: f32, height: f32, attributes: &str) -> String {
    format!(
        r#"<rect x="{}" y="{}" width="{}" height="{}" {attributes}/>"#,
        number(x),
        number(y),
        number(width),
        number(height)
    )
}

/// An open path; `attributes` give it its stroke.
pub(crate) fn path(data: &str, attributes: &str) -> String {
    if data.is_empty() {
        String::new()
    } else {
        format!(r#"<path d="{data}" fill="none" {attributes}/>"#)
    }
}

/// Diagonal lines over a rectangle, as path data: a pattern would need an id, unique within the page.
pub(crate) fn hatching(x: f32, y: f32, width: f32, height: f32) -> String {
    const STEP: f32 = 8.0;
    let mut data = String::new();
    // Lines rise to the right: each is the set x + y = c, cut at the rectangle's sides.
    let mut sum = STEP / 2.0;
    while sum < width + height {
        let (x0, y0) = if sum < height {
            (0.0, sum)
        } else {
            (sum - height, height)
        };
        let (x1, y1) = if sum < width {
            (sum, 0.0)
        } else {
            (width, sum - width)
        };
        let _ = write!(
            data,
            "M{} {}L{} {}",
            number(x + x0),
            number(y + y0),
            number(x + x1),
            number(y + y1)
        );
        sum += STEP;
    }
    data
}

/// A number as SVG wants it: at most two decimals, none that are zero.
pub(crate) fn number(value: f32) -> String {
    let mut digits = format!("{value:.2}");
    digits.truncate(digits.trim_end_matches('0').trim_end_matches('.').len());
    if digits == "-0" {
        "0".to_owned()
    } else {
        digits
    }
}

/// Text for use in an element or an attribute. Characters that XML cannot hold become U+FFFD.
pub(crate) fn escape(content: &str) -> String {
    let mut escaped = String::with_capacity(content.len());
    for character in content.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

/// About how wide a text is: the reader's font is not known, so this is on the generous side.
pub(crate) fn text_width(content: &str, size: f32) -> f32 {
    let ems: f32 = content
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' => 0.32,
            'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '-' => 0.42,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.92,
            'A'..='Z' => 0.7,
            '0'..='9' | '\u{2212}' | '+' | '=' => 0.6,
            _ => 0.58,
        })
        .sum();
    ems * size
}
