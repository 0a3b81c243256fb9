//! Heat maps: values as colours, with a scale.

use super::colour::{ColourMap, image_element};
use super::grid::{CELL, Cells};
use super::numbers::{format_all, range_in_words, rows_in_words};
use super::photo::{magnification, outlines, outlines_in_words};
use super::row::beside;
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, by};
use crate::Tensor;

/// Up to this many rows and columns the cells hold their numbers.
const NUMBERED: usize = 12;
/// The colour bar: its width, its distance from the map, and its numbers' size.
const BAR: f32 = 14.0;
const GAP: f32 = 12.0;
const FONT: f32 = 15.0;

/// The values of a matrix as colours, with a bar that tells which colour is which value.
///
/// Values of one sign run from dark violet to yellow; where signs are mixed, negative ones are blue, positive ones orange and zero is clear.
/// Up to 12 rows and columns, cells hold their numbers too. Ranks 0 and 1 are drawn as one row; further axes must have length 1.
///
/// # Panics
///
/// When the tensor has no element, or more than two axes longer than 1.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let edges = Tensor::from([[0., 1., 0., -1.], [0., 1., 0., -1.]]);
/// let figure = figure::heat_map(&edges).title("Edges");
/// assert!(figure.alt_text().contains("blue for negative down to \u{2212}1, orange for positive up to 1"));
/// ```
#[track_caller]
pub fn heat_map(tensor: &Tensor) -> Figure {
    let (rows, columns) = matrix("figure::heat_map", tensor);
    let values = tensor.as_slice().to_vec();
    let map = ColourMap::for_values(&values);
    Figure::new(Picture::HeatMap(HeatMap {
        rows,
        columns,
        values,
        map,
        windows: Vec::new(),
    }))
}

/// Rows and columns of a tensor that is a matrix but for axes of length 1.
#[track_caller]
pub(super) fn matrix(operation: &str, tensor: &Tensor) -> (usize, usize) {
    let shape = tensor.shape();
    let (leading, (rows, columns)) = match *shape {
        [] => (&[][..], (1, 1)),
        [columns] => (&[][..], (1, columns)),
        [ref leading @ .., rows, columns] => (leading, (rows, columns)),
    };
    assert!(
        leading.iter().all(|&length| length == 1),
        "{operation}: a matrix is needed, got shape {shape:?}"
    );
    assert!(
        rows > 0 && columns > 0,
        "{operation}: there is nothing to draw in shape {shape:?}"
    );
    (rows, columns)
}

#[derive(Clone, Debug)]
pub(super) struct HeatMap {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
    map: ColourMap,
    pub(super) windows: Vec<Cells>,
}

impl HeatMap {
    pub(super) fn size(&self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    fn is_numbered(&self) -> bool {
        self.rows <= NUMBERED && self.columns <= NUMBERED
    }

    /// Cells with their numbers.
    fn cells(&self, cell: f32) -> Drawing {
        let font = FONT + 1.0;
        let (mut fills, mut own, mut black, mut white) =
            (String::new(), String::new(), String::new(), String::new());
        for (index, (&value, text)) in self.values.iter().zip(format_all(&self.values)).enumerate()
        {
            let (x, y) = (
                (index % self.columns) as f32 * cell,
                (index / self.columns) as f32 * CELL,
            );
            fills += &svg::rect(x, y, cell, CELL, &self.map.fill(value));
            let text = svg::text(x + cell / 2.0, y + CELL / 2.0, font, &text);
            match self.map.text_on(value) {
                None => own += &text,
                Some("#000") => black += &text,
                Some(_) => white += &text,
            }
        }
        let (width, height) = (self.columns as f32 * cell, self.rows as f32 * CELL);
        // Neighbouring cells meet without a seam when the drawing is scaled.
        let markup = format!(r#"<g shape-rendering="crispEdges">{fills}</g>"#)
            + &frame(width, height)
            + &svg::texts(font, "", &own)
            + &svg::texts(font, r##"fill="#000""##, &black)
            + &svg::texts(font, r##"fill="#fff""##, &white)
            + &outlines(&self.windows, (cell, CELL));
        Drawing::new(width, height, markup)
    }

    /// Pixels without numbers.
    fn image(&self, side: f32) -> Drawing {
        let scale = magnification(self.columns, self.rows, side);
        let (width, height) = (self.columns as f32 * scale, self.rows as f32 * scale);
        let image = image_element(
            &self.map.pixels(self.columns, self.rows, &self.values),
            0.0,
            0.0,
            width,
            height,
        );
        let markup = image + &frame(width, height) + &outlines(&self.windows, (scale, scale));
        Drawing::new(width, height, markup)
    }
}

/// A thin frame: where the map is clear, its border would not be seen.
pub(super) fn frame(width: f32, height: f32) -> String {
    svg::rect(
        0.0,
        0.0,
        width,
        height,
        &format!(r#"fill="none" stroke="{}""#, svg::LINE),
    )
}

/// A vertical scale with its ends and its middle in numbers.
pub(super) fn colour_bar(map: ColourMap, height: f32) -> Drawing {
    let (low, high) = map.range();
    // Beside the others, such an end is 0: 1.8e-5 on a scale up to 1 would only distract.
    let near_zero = |end: f32| end.abs() < 1e-3 * (high - low);
    let ends =
        [high, low / 2.0 + high / 2.0, low].map(|end| if near_zero(end) { 0.0 } else { end });
    let texts = format_all(&ends);
    let steps: Vec<f32> = (0..64)
        .map(|step| high + (low - high) * (step as f32 / 63.0))
        .collect();
    let mut markup = image_element(&map.pixels(1, 64, &steps), 0.0, 0.0, BAR, height);
    markup += &frame(BAR, height);
    let mut labels = String::new();
    for (place, text) in [0.5 * FONT, height / 2.0, height - 0.5 * FONT]
        .into_iter()
        .zip(&texts)
    {
        // In a low bar the middle would run into the ends.
        if height > 4.0 * FONT || place != height / 2.0 {
            labels += &svg::text(BAR + 6.0, place, FONT, text);
        }
    }
    markup += &svg::texts(FONT, r#"text-anchor="start""#, &labels);
    let widest = texts
        .iter()
        .map(|text| svg::text_width(text, FONT))
        .fold(0.0, f32::max);
    Drawing::new(BAR + 6.0 + widest, height, markup)
}

impl Draw for HeatMap {
    fn cell(&self) -> f32 {
        let widest = format_all(&self.values)
            .iter()
            .map(|text| svg::text_width(text, FONT + 1.0))
            .fold(0.0, f32::max);
        if self.is_numbered() {
            CELL.max((widest + 8.0).ceil())
        } else {
            0.0
        }
    }

    fn draw(&self, scale: Scale) -> Drawing {
        let body = if self.is_numbered() {
            self.cells(scale.cell.max(CELL))
        } else {
            self.image(scale.image)
        };
        let bar = colour_bar(self.map, body.height.max(2.0 * CELL));
        beside(&body, &bar, GAP)
    }

    fn name(&self, title: Option<&str>) -> String {
        format!(
            "{}, {}",
            title.unwrap_or("Heat map"),
            by(self.rows, self.columns)
        )
    }

    fn describe(&self, title: Option<&str>) -> String {
        let numbers = if self.is_numbered() {
            rows_in_words(&self.values, self.columns)
        } else {
            range_in_words(&self.values)
        };
        format!(
            "{}: {numbers}. Colours: {}.{}",
            self.name(title),
            self.map.in_words(),
            outlines_in_words(&self.windows)
        )
    }
}
