//! Numbered grids: a small matrix, number by number, with windows, padding and unread cells marked.

use std::fmt::Write as _;

use super::numbers::{format_all, indices_in_words, rows_in_words};
use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale, by};
use crate::{Pair, Tensor};

/// A cell's height, and its least width, in a grid of few cells.
pub(super) const CELL: f32 = 40.0;
/// More rows or columns are not legible: a heat map shows them better.
const MOST: usize = 32;

/// A grid of cells with the tensor's numbers in them. A tensor of rank 0 is one cell, one of rank 1 is a row.
///
/// Options: [`title`](Figure::title), [`window`](Figure::window), [`padding`](Figure::padding),
/// [`padding_value`](Figure::padding_value), [`unread`](Figure::unread), [`first_cells`](Figure::first_cells).
///
/// # Panics
///
/// When the tensor has more than two axes, no element, or more than 32 rows or columns ([`heat_map`](super::heat_map)
/// shows larger ones).
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let figure = figure::grid(&x).padding(1).window(0..2, 0..2);
/// assert!(figure.alt_text().contains("padded to 5 by 5 with 0"));
/// ```
#[track_caller]
pub fn grid(tensor: &Tensor) -> Figure {
    Figure::new(Picture::Grid(Grid::new("figure::grid", tensor)))
}

/// A set of whole rows and columns: the cells where they cross.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells {
    pub(super) rows: Vec<usize>,
    pub(super) columns: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) values: Vec<f32>,
    /// Rings of padding: rows above and below, columns left and right.
    pub(super) padding: [usize; 2],
    pub(super) padding_value: f32,
    /// Counted with the padding, as all cells below.
    pub(super) windows: Vec<Cells>,
    pub(super) unread: Cells,
    /// How many cells, in reading order, show their number.
    pub(super) filled: usize,
    /// What the cells show instead of their numbers, padding included.
    pub(super) texts: Option<Vec<String>>,
}

impl Grid {
    #[track_caller]
    pub(super) fn new(operation: &str, tensor: &Tensor) -> Grid {
        let shape = tensor.shape();
        let (rows, columns) = match *shape {
            [] => (1, 1),
            [columns] => (1, columns),
            [rows, columns] => (rows, columns),
            _ => panic!("{operation}: a tensor of at most two axes is needed, got shape {shape:?}"),
        };
        assert!(
            rows > 0 && columns > 0,
            "{operation}: there is nothing to draw in shape {shape:?}"
        );
        assert!(
            rows <= MOST && columns <= MOST,
            "{operation}: at most {MOST} by {MOST} numbers are legible, got shape {shape:?}"
        );
        Grid {
            rows,
            columns,
            values: tensor.as_slice().to_vec(),
            padding: [0, 0],
            padding_value: 0.0,
            windows: Vec::new(),
            unread: Cells {
                rows: Vec::new(),
                columns: Vec::new(),
            },
            filled: usize::MAX,
            texts: None,
        }
    }

    /// Rows and columns with the padding.
    pub(super) fn padded(&self) -> [usize; 2] {
        [
            self.rows + 2 * self.padding[0],
            self.columns + 2 * self.padding[1],
        ]
    }

    fn is_padding(&self, row: usize, column: usize) -> bool {
        let [top, left] = self.padding;
        row < top || row >= top + self.rows || column < left || column >= left + self.columns
    }

    pub(super) fn value(&self, row: usize, column: usize) -> f32 {
        if self.is_padding(row, column) {
            self.padding_value
        } else {
            self.values[(row - self.padding[0]) * self.columns + column - self.padding[1]]
        }
    }

    /// A cell's width and height, where cells are at least that wide.
    pub(super) fn cell_size(&self, cell: f32) -> [f32; 2] {
        let (height, _) = self.scale();
        [cell.max(height), height]
    }

    /// A cell's height and its font's size: smaller where there are many.
    pub(super) fn scale(&self) -> (f32, f32) {
        let [rows, columns] = self.padded();
        let height = (480.0 / rows.max(columns) as f32).clamp(28.0, CELL);
        (height, (height * 0.475).round())
    }
}

impl Draw for Grid {
    fn cell(&self) -> f32 {
        let (height, font) = self.scale();
        let widest = format_all(&self.values)
            .iter()
            .map(|text| svg::text_width(text, font))
            .fold(0.0, f32::max);
        height.max((widest + 10.0).ceil())
    }

    fn draw(&self, scale: Scale) -> Drawing {
        let [rows, columns] = self.padded();
        let (height, font) = self.scale();
        let width = scale.cell.max(height);
        let (full_width, full_height) = (columns as f32 * width, rows as f32 * height);
        let mut markup = String::new();

        for window in &self.windows {
            for (x, y, w, h) in window.boxes(width, height) {
                markup += &svg::rect(x, y, w, h, &format!(r#"fill="{}""#, svg::SHADE));
            }
        }
        let mut hatching = String::new();
        for row in 0..rows {
            for column in 0..columns {
                if self.unread.rows.contains(&row) || self.unread.columns.contains(&column) {
                    hatching +=
                        &svg::hatching(column as f32 * width, row as f32 * height, width, height);
                }
            }
        }
        markup += &svg::path(
            &hatching,
            &format!(r#"stroke="{}" stroke-opacity=".8""#, svg::MUTED),
        );
        markup += &self.lines(width, height);

        let (mut inner, mut ring) = (String::new(), String::new());
        let texts = format_all(&self.values);
        let padding_text = super::numbers::format_short(self.padding_value);
        for row in 0..rows {
            for column in 0..columns {
                let (x, y) = ((column as f32 + 0.5) * width, (row as f32 + 0.5) * height);
                if let Some(texts) = &self.texts {
                    let text = &texts[row * columns + column];
                    if !text.is_empty() {
                        inner += &svg::text(x, y, font, text);
                    }
                } else if self.is_padding(row, column) {
                    ring += &svg::text(x, y, font, &padding_text);
                } else {
                    let index = (row - self.padding[0]) * self.columns + column - self.padding[1];
                    if index < self.filled {
                        inner += &svg::text(x, y, font, &texts[index]);
                    }
                }
            }
        }
        markup += &svg::texts(font, &format!(r#"fill="{}""#, svg::MUTED), &ring);
        markup += &svg::texts(font, "", &inner);

        for window in &self.windows {
            for (x, y, w, h) in window.boxes(width, height) {
                markup += &svg::rect(
                    x,
                    y,
                    w,
                    h,
                    &format!(
                        r#"class="window" fill="none" stroke="{}" stroke-width="3""#,
                        svg::ACCENT
                    ),
                );
            }
        }
        Drawing::new(full_width, full_height, markup)
    }

    fn name(&self, title: Option<&str>) -> String {
        format!(
            "{}, {}",
            title.unwrap_or("Grid"),
            by(self.rows, self.columns)
        )
    }

    fn describe(&self, title: Option<&str>) -> String {
        let mut text = self.name(title);
        let [rows, columns] = self.padded();
        if self.padding != [0, 0] {
            let _ = write!(
                text,
                ", padded to {} with {}",
                by(rows, columns),
                super::numbers::format_short(self.padding_value)
            );
        }
        match self.filled {
            0 => text += ", still empty.",
            filled if filled >= self.values.len() => {
                let _ = write!(text, ": {}.", rows_in_words(&self.values, self.columns));
            }
            filled => {
                let _ = write!(
                    text,
                    ", its first {filled} of {} numbers: {}.",
                    self.values.len(),
                    format_all(&self.values)[..filled].join(" ")
                );
            }
        }
        for window in &self.windows {
            let inside: Vec<f32> = window
                .rows
                .iter()
                .flat_map(|&row| {
                    window
                        .columns
                        .iter()
                        .map(move |&column| self.value(row, column))
                })
                .collect();
            let _ = write!(
                text,
                " Shaded: {}, {}{}, holding {}.",
                indices_in_words("row", &window.rows),
                indices_in_words("column", &window.columns),
                if self.padding == [0, 0] {
                    ""
                } else {
                    " of the padded grid"
                },
                rows_in_words(&inside, window.columns.len()),
            );
        }
        text += &self.unread.in_words();
        text
    }
}

impl Grid {
    /// The lines between cells, light, and around them; dashed in the padding.
    fn lines(&self, width: f32, height: f32) -> String {
        let [rows, columns] = self.padded();
        let [top, left] = self.padding;
        let (right, bottom) = (
            (left + self.columns) as f32 * width,
            (top + self.rows) as f32 * height,
        );
        let (x0, y0) = (left as f32 * width, top as f32 * height);
        let (full_width, full_height) = (columns as f32 * width, rows as f32 * height);
        let (mut solid, mut dashed) = (String::new(), String::new());
        for column in 0..=columns {
            let x = column as f32 * width;
            if column > left && column < left + self.columns {
                let _ = write!(solid, "M{} {}V{}", number(x), number(y0), number(bottom));
            }
            if self.padding == [0, 0] {
                continue;
            }
            if column < left || column > left + self.columns {
                let _ = write!(dashed, "M{} 0V{}", number(x), number(full_height));
            } else if top > 0 {
                let _ = write!(
                    dashed,
                    "M{x} 0V{}M{x} {}V{}",
                    number(y0),
                    number(bottom),
                    number(full_height),
                    x = number(x)
                );
            }
        }
        for row in 0..=rows {
            let y = row as f32 * height;
            if row > top && row < top + self.rows {
                let _ = write!(solid, "M{} {}H{}", number(x0), number(y), number(right));
            }
            if self.padding == [0, 0] {
                continue;
            }
            if row < top || row > top + self.rows {
                let _ = write!(dashed, "M0 {}H{}", number(y), number(full_width));
            } else if left > 0 {
                let _ = write!(
                    dashed,
                    "M0 {y}H{}M{} {y}H{}",
                    number(x0),
                    number(right),
                    number(full_width),
                    y = number(y)
                );
            }
        }
        svg::path(
            &dashed,
            &format!(
                r#"stroke="{}" stroke-opacity=".6" stroke-dasharray="3 4""#,
                svg::LINE
            ),
        ) + &svg::path(
            &solid,
            &format!(r#"stroke="{}" stroke-opacity=".4""#, svg::LINE),
        ) + &svg::rect(
            x0,
            y0,
            right - x0,
            bottom - y0,
            &format!(r#"fill="none" stroke="{}" stroke-width="1.5""#, svg::LINE),
        )
    }
}

impl Cells {
    pub(super) fn new(
        rows: impl IntoIterator<Item = usize>,
        columns: impl IntoIterator<Item = usize>,
    ) -> Cells {
        Cells {
            rows: rows.into_iter().collect(),
            columns: columns.into_iter().collect(),
        }
    }

    /// The sentence that tells these as rows and columns that no window reads; none when there are none.
    pub(super) fn in_words(&self) -> String {
        let parts: Vec<String> = [("row", &self.rows), ("column", &self.columns)]
            .into_iter()
            .filter(|(_, indices)| !indices.is_empty())
            .map(|(noun, indices)| indices_in_words(noun, indices))
            .collect();
        if parts.is_empty() {
            return String::new();
        }
        format!(" Hatched, for no window reads them: {}.", parts.join(", "))
    }

    /// The rectangles that the cells fill: one when they lie side by side, else one for each.
    pub(super) fn boxes(&self, width: f32, height: f32) -> Vec<(f32, f32, f32, f32)> {
        let mut boxes = Vec::new();
        for (row, row_count) in runs(&self.rows) {
            for (column, column_count) in runs(&self.columns) {
                boxes.push((
                    column as f32 * width,
                    row as f32 * height,
                    column_count as f32 * width,
                    row_count as f32 * height,
                ));
            }
        }
        boxes
    }
}

/// Neighbouring indices taken together: the first and how many.
fn runs(indices: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &index in indices {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == index => *count += 1,
            _ => runs.push((index, 1)),
        }
    }
    runs
}

/// Options of [`grid`], [`heat_map`](super::heat_map()) and [`photo`](super::photo()).
impl Figure {
    /// Marks the cells where these rows and columns cross, shaded and outlined: `.window(0..2, 0..2)`. With a
    /// [`padding`](Figure::padding), rows and columns count from the padding's first. A dilated window has gaps:
    /// `.window((0..5).step_by(2), (0..5).step_by(2))`. Call it again for a further window. On a
    /// [`photo`](super::photo()) or a [`heat_map`](super::heat_map()), rows and columns are pixels and the window is outlined.
    ///
    /// # Panics
    ///
    /// When the figure has no rows and columns, or when a row or column lies outside.
    #[must_use]
    #[track_caller]
    pub fn window(
        mut self,
        rows: impl IntoIterator<Item = usize>,
        columns: impl IntoIterator<Item = usize>,
    ) -> Figure {
        let window = Cells::new(rows, columns);
        let ([row_count, column_count], windows) = match &mut self.picture {
            Picture::Grid(grid) => (grid.padded(), &mut grid.windows),
            Picture::HeatMap(map) => (map.size(), &mut map.windows),
            Picture::Photo(photo) => (photo.size(), &mut photo.windows),
            _ => self.does_not_apply("window"),
        };
        assert!(
            window.rows.iter().all(|&row| row < row_count)
                && window.columns.iter().all(|&column| column < column_count),
            "Figure::window: rows {:?} and columns {:?} do not lie in a grid of {}",
            window.rows,
            window.columns,
            by(row_count, column_count)
        );
        windows.push(window);
        self
    }

    /// Puts a ring of padding around the grid, dashed: that many cells on every side, or `(rows, columns)`, each holding 0.
    ///
    /// # Panics
    ///
    /// When the figure has no padding, or has windows already (they count from the padding's first row and column).
    #[must_use]
    #[track_caller]
    pub fn padding(mut self, padding: impl Into<Pair>) -> Figure {
        let Picture::Grid(grid) = &mut self.picture else {
            return self.change_geometry("padding", |geometry| geometry.padding(padding));
        };
        assert!(
            grid.windows.is_empty(),
            "Figure::padding: call it before Figure::window, which counts with the padding"
        );
        grid.padding = padding.into().0;
        self
    }

    /// Sets what the padding's cells hold; maximum pooling pads with `f32::NEG_INFINITY`.
    #[must_use]
    #[track_caller]
    pub fn padding_value(mut self, value: f32) -> Figure {
        let Picture::Grid(grid) = &mut self.picture else {
            self.does_not_apply("padding_value")
        };
        grid.padding_value = value;
        self
    }

    /// Hatches rows and columns that no window reads. They count from the padding's first.
    #[must_use]
    #[track_caller]
    pub fn unread(
        mut self,
        rows: impl IntoIterator<Item = usize>,
        columns: impl IntoIterator<Item = usize>,
    ) -> Figure {
        let Picture::Grid(grid) = &mut self.picture else {
            self.does_not_apply("unread")
        };
        grid.unread = Cells::new(rows, columns);
        self
    }

    /// Shows only the first `count` numbers in reading order: an output that is being computed.
    #[must_use]
    #[track_caller]
    pub fn first_cells(mut self, count: usize) -> Figure {
        let Picture::Grid(grid) = &mut self.picture else {
            self.does_not_apply("first_cells")
        };
        grid.filled = count;
        self
    }
}
