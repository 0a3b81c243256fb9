//! All places of a window at once: where each begins in the input, and which output it gives.

use super::grid::{Cells, Grid};
use super::numbers::indices_in_words;
use super::svg::Drawing;
use super::{Draw, Figure, Picture, Scale, by, row};
use crate::{Geometry, Tensor};

/// Where the windows of a geometry stand on an input of that height and width: the cell in which each begins has the window's number, and
/// so has its output. The first window is shaded, padding is dashed, and what no window reads is hatched.
///
/// # Panics
///
/// When the geometry does not fit the input, or the input is larger than 32 by 32.
///
/// ```
/// use convcore::{Geometry, figure};
///
/// let figure = figure::windows([8, 8], &Geometry::new(3).stride(2));
/// assert_eq!(
///     figure.alt_text(),
///     "9 windows of 3 by 3 on an input of 8 by 8. They begin in rows 0, 2 and 4 and columns 0, 2 and 4. \
///      The output is 3 by 3. Hatched, for no window reads them: row 7, column 7."
/// );
/// ```
#[track_caller]
pub fn windows(input: [usize; 2], geometry: &Geometry) -> Figure {
    let output = match geometry.output_size(input) {
        Ok(size) => size,
        Err(error) => panic!("figure::windows: {error}"),
    };
    // The grids say when they are too large.
    let [rows, columns] = input;
    let blank = Grid::new("figure::windows", &Tensor::zeros(&[rows, columns]));
    let numbered = Grid::new(
        "figure::windows",
        &Tensor::arange(output[0] * output[1]).reshape(&output),
    );
    Figure::new(Picture::Windows(Box::new(Windows {
        geometry: *geometry,
        input: blank,
        output: numbered,
    })))
}

#[derive(Clone, Debug)]
pub(super) struct Windows {
    geometry: Geometry,
    input: Grid,
    output: Grid,
}

impl Windows {
    /// Where windows begin along an axis, counted with the padding.
    fn starts(&self, axis: usize) -> Vec<usize> {
        let count = if axis == 0 {
            self.output.rows
        } else {
            self.output.columns
        };
        (0..count)
            .map(|index| index * self.geometry.stride[axis])
            .collect()
    }

    /// Rows and columns that no window reads, counted with the padding.
    fn unread(&self) -> Cells {
        let padded = Grid {
            padding: self.geometry.padding,
            ..self.input.clone()
        }
        .padded();
        let unread = Geometry {
            padding: [0, 0],
            ..self.geometry
        }
        .unread(padded);
        let [rows, columns] = unread.expect("the output has a size");
        Cells { rows, columns }
    }

    fn row(&self) -> Figure {
        let mut input = Grid {
            padding: self.geometry.padding,
            unread: self.unread(),
            ..self.input.clone()
        };
        let [rows, columns] = input.padded();
        let (row_starts, column_starts) = (self.starts(0), self.starts(1));
        let mut texts = vec![String::new(); rows * columns];
        for (i, row) in row_starts.iter().enumerate() {
            for (j, column) in column_starts.iter().enumerate() {
                texts[row * columns + column] = (i * column_starts.len() + j).to_string();
            }
        }
        input.texts = Some(texts);
        let taps = |axis: usize| {
            (0..self.geometry.kernel[axis]).map(move |tap| tap * self.geometry.dilation[axis])
        };
        input.windows = vec![Cells::new(taps(0), taps(1))];
        let mut output = self.output.clone();
        output.windows = vec![Cells::new([0], [0])];
        let part = |grid: Grid, title: &str| Figure::new(Picture::Grid(grid)).title(title);
        row()
            .part(part(input, "Input"))
            .sign("\u{2192}")
            .part(part(output, "Output"))
    }
}

impl Draw for Windows {
    fn cell(&self) -> f32 {
        self.row().picture.as_draw().cell()
    }

    fn draw(&self, scale: Scale) -> Drawing {
        self.row().picture.as_draw().draw(scale)
    }

    fn name(&self, title: Option<&str>) -> String {
        let [rows, columns] = self.geometry.kernel;
        let count = self.output.values.len();
        let name = format!(
            "{count} window{} of {} on an input of {}",
            if count == 1 { "" } else { "s" },
            by(rows, columns),
            by(self.input.rows, self.input.columns)
        );
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let padding = self.geometry.padding;
        let padded = match padding {
            [0, 0] => String::new(),
            [rows, columns] if rows == columns => format!(", padded by {rows} on every side"),
            [rows, columns] => {
                format!(", padded by {rows} above and below and {columns} left and right")
            }
        };
        let text = format!(
            "{}{padded}. They begin in {} and {}{}. The output is {}.",
            self.name(title),
            indices_in_words("row", &self.starts(0)),
            indices_in_words("column", &self.starts(1)),
            if padding == [0, 0] {
                ""
            } else {
                " of the padded input"
            },
            by(self.output.rows, self.output.columns)
        );
        text + &self.unread().in_words()
    }
}
