//! Parts side by side, with signs between them; a row too wide for a phone is broken.

use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale};

/// The widest row. A phone shows about 360 units: what is wider than this would shrink beyond reading.
const WIDEST: f32 = 540.0;
/// The longer side of an image that has others beside it.
const BESIDE: f32 = 220.0;
const THREE: f32 = 160.0;
const SIGN: f32 = 44.0;
const GAP: f32 = 28.0;
const LINE_GAP: f32 = 20.0;

/// A row that [`Figure::part`] and [`Figure::sign`] fill.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let a = Tensor::from([[1., 2.]]);
/// let b = Tensor::from([[3., 4.]]);
/// let sum = figure::row()
///     .part(figure::grid(&a).title("a"))
///     .sign("+")
///     .part(figure::grid(&b).title("b"))
///     .sign("=")
///     .part(figure::grid(&(&a + &b)).title("a + b"));
/// assert_eq!(sum.caption_text(), "a, 1 by 2; plus b, 1 by 2; equals a + b, 1 by 2.");
/// ```
pub fn row() -> Figure {
    Figure::new(Picture::Row(Row {
        items: Vec::new(),
        titles_below: false,
    }))
}

/// Figures beside each other, each with its title below; they wrap where they are too wide.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1.], [1., 0.]]);
/// let figure = figure::side_by_side([("before", figure::photo(&x)), ("after", figure::heat_map(&x))]);
/// assert!(figure.alt_text().starts_with("before, 2 by 2 pixels"));
/// ```
pub fn side_by_side<S: Into<String>>(figures: impl IntoIterator<Item = (S, Figure)>) -> Figure {
    let items = figures
        .into_iter()
        .map(|(title, figure)| Item::Part(Box::new(figure.title(title))))
        .collect();
    Figure::new(Picture::Row(Row {
        items,
        titles_below: true,
    }))
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    items: Vec<Item>,
    titles_below: bool,
}

#[derive(Clone, Debug)]
enum Item {
    Part(Box<Figure>),
    Sign(String),
}

/// Options of [`row`].
impl Figure {
    /// Adds a part to a [`row`]: a figure, whose title stands above it.
    #[must_use]
    #[track_caller]
    pub fn part(mut self, part: Figure) -> Figure {
        let Picture::Row(row) = &mut self.picture else {
            self.does_not_apply("part")
        };
        row.items.push(Item::Part(Box::new(part)));
        self
    }

    /// Adds a sign to a [`row`]: `"*"`, `"="`, `"+"`, `"-"`, `"→"`, or any short text.
    #[must_use]
    #[track_caller]
    pub fn sign(mut self, sign: &str) -> Figure {
        let Picture::Row(row) = &mut self.picture else {
            self.does_not_apply("sign")
        };
        row.items.push(Item::Sign(sign.to_owned()));
        self
    }
}

impl Draw for Row {
    fn cell(&self) -> f32 {
        self.parts()
            .map(|part| part.picture.as_draw().cell())
            .fold(0.0, f32::max)
    }

    fn draw(&self, scale: Scale) -> Drawing {
        // Two images fit side by side; three, when they are smaller and no colour bar is beside them.
        let photos = |part: &Figure| matches!(part.picture, Picture::Photo(_));
        let image = match self.parts().count() {
            0 | 1 => scale.image,
            3 if self.parts().all(photos) => THREE,
            _ => BESIDE,
        };
        let scale = Scale { image, ..scale };
        // A sign stays with the part that follows it.
        let mut groups: Vec<Drawing> = Vec::new();
        let mut signs: Option<Drawing> = None;
        for item in &self.items {
            match item {
                Item::Sign(sign) => {
                    let drawn = draw_sign(sign);
                    signs =
                        Some(signs.map_or(drawn.clone(), |before| beside(&before, &drawn, 0.0)));
                }
                Item::Part(part) => {
                    let part = part.drawing(scale, self.titles_below);
                    groups.push(match signs.take() {
                        Some(sign) => beside(&sign, &part, 0.0),
                        None => part,
                    });
                }
            }
        }
        groups.extend(signs);
        let has_signs = self.items.iter().any(|item| matches!(item, Item::Sign(_)));
        wrap(&groups, if has_signs { 0.0 } else { GAP })
    }

    fn name(&self, title: Option<&str>) -> String {
        let parts = self.in_words(
            |part| part.picture.as_draw().name(part.title.as_deref()),
            ";",
        );
        match title {
            Some(title) => format!("{title}: {parts}"),
            None => parts,
        }
    }

    fn describe(&self, title: Option<&str>) -> String {
        let parts = self.in_words(Figure::alt_text, "");
        match title {
            Some(title) => format!("{title}: {parts}"),
            None => parts,
        }
    }
}

impl Row {
    fn parts(&self) -> impl Iterator<Item = &Figure> {
        self.items.iter().filter_map(|item| match item {
            Item::Part(part) => Some(part.as_ref()),
            Item::Sign(_) => None,
        })
    }

    /// The parts in words, with the signs between them as words.
    fn in_words(&self, part_in_words: impl Fn(&Figure) -> String, separator: &str) -> String {
        let mut text = String::new();
        for item in &self.items {
            match item {
                Item::Part(part) => {
                    if !text.is_empty() && !text.ends_with(' ') {
                        text += separator;
                        text.push(' ');
                    }
                    text += &part_in_words(part);
                }
                Item::Sign(sign) => {
                    text += separator;
                    text.push(' ');
                    text += sign_in_words(sign);
                    text.push(' ');
                }
            }
        }
        text.trim_end().to_owned()
    }
}

fn sign_in_words(sign: &str) -> &str {
    match sign {
        "*" => "combined with",
        "=" => "equals",
        "+" => "plus",
        "-" | "\u{2212}" => "minus",
        "\u{2192}" | "->" => "becomes",
        "\u{d7}" => "times",
        other => other,
    }
}

/// A sign in the middle of its space. The common ones are drawn: not every font has them.
pub(super) fn draw_sign(sign: &str) -> Drawing {
    let middle = SIGN / 2.0;
    let stroke = format!(
        r#"stroke="{}" stroke-width="2.4" stroke-linecap="round""#,
        svg::INK
    );
    let (data, width) = match sign {
        "=" => (
            format!("M{l} -4.5h16M{l} 4.5h16", l = number(middle - 8.0)),
            SIGN,
        ),
        "+" => (
            format!("M{} 0h16M{} -8v16", number(middle - 8.0), number(middle)),
            SIGN,
        ),
        "-" | "\u{2212}" => (format!("M{} 0h16", number(middle - 8.0)), SIGN),
        // Three strokes, 60 degrees apart: 8 cos 30 = 6.93.
        "*" => (
            format!(
                "M{m} -8v16M{l} -4l13.86 8M{l} 4l13.86 -8",
                m = number(middle),
                l = number(middle - 6.93)
            ),
            SIGN,
        ),
        "\u{d7}" => (
            format!("M{l} -6.5l13 13M{l} 6.5l13 -13", l = number(middle - 6.5)),
            SIGN,
        ),
        "\u{2192}" | "->" => ("M10 0h32M34 -7l8 7l-8 7".to_owned(), 52.0),
        other => {
            let width = svg::text_width(other, 20.0) + 24.0;
            let text = svg::texts(20.0, "", &svg::text(width / 2.0, 0.0, 20.0, other));
            return Drawing {
                width,
                height: 24.0,
                axis: 12.0,
                markup: format!(r#"<g transform="translate(0 12)">{text}</g>"#),
            };
        }
    };
    let markup = format!(
        r#"<g transform="translate(0 12)">{}</g>"#,
        svg::path(&data, &format!(r#"{stroke} stroke-linejoin="round""#))
    );
    Drawing {
        width,
        height: 24.0,
        axis: 12.0,
        markup,
    }
}

/// Two pieces side by side, their axes at one height.
pub(super) fn beside(left: &Drawing, right: &Drawing, gap: f32) -> Drawing {
    let axis = left.axis.max(right.axis);
    let below = (left.height - left.axis).max(right.height - right.axis);
    let markup = left.at(0.0, axis - left.axis) + &right.at(left.width + gap, axis - right.axis);
    Drawing {
        width: left.width + gap + right.width,
        height: axis + below,
        axis,
        markup,
    }
}

/// Two pieces, one above the other, centred.
pub(super) fn above(top: &Drawing, bottom: &Drawing, gap: f32) -> Drawing {
    let width = top.width.max(bottom.width);
    let markup = top.at((width - top.width) / 2.0, 0.0)
        + &bottom.at((width - bottom.width) / 2.0, top.height + gap);
    let height = top.height + gap + bottom.height;
    Drawing {
        width,
        height,
        axis: height / 2.0,
        markup,
    }
}

/// Pieces side by side in as many lines as they need.
pub(super) fn wrap(pieces: &[Drawing], gap: f32) -> Drawing {
    let mut lines: Vec<Drawing> = Vec::new();
    for piece in pieces {
        match lines.last_mut() {
            Some(line) if line.width + gap + piece.width <= WIDEST => {
                *line = beside(line, piece, gap)
            }
            _ => lines.push(piece.clone()),
        }
    }
    let mut lines = lines.into_iter();
    let Some(first) = lines.next() else {
        return Drawing::default();
    };
    lines.fold(first, |before, line| {
        let axis = before.axis;
        Drawing {
            axis,
            ..above(&before, &line, LINE_GAP)
        }
    })
}
