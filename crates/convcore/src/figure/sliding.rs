//! A window that slides over an input: what it covers, what it computes there, and where the result goes.

use std::fmt::Write as _;

use super::grid::{Cells, Grid};
use super::numbers::{decimals, format_one};
use super::row::above;
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, by, row};
use crate::{Geometry, Pair, Tensor};

/// The size of the line that writes the window's products out, and the space it takes.
const FONT: f32 = 18.0;
const LINE: f32 = 26.0;
/// Longer sums are broken into one line for each row of the window.
const LONGEST: f32 = 380.0;

/// Input, kernel and output of a cross-correlation, with one window marked and its products written out.
///
/// The output is computed. Options: [`padding`](Figure::padding), [`stride`](Figure::stride), [`dilation`](Figure::dilation),
/// or all of them by [`geometry`](Figure::geometry), and [`at`](Figure::at) for the window that is shown (else the first). Rows
/// and columns that no window reads are hatched.
///
/// # Panics
///
/// When input or kernel is no matrix or is too large to be drawn in numbers; when drawn, if the kernel does not fit into the padded
/// input or `at` lies outside the output.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let k = Tensor::from([[0., 1.], [2., 3.]]);
/// let figure = figure::cross_correlation(&x, &k);
/// assert!(figure.alt_text().ends_with("The shaded window gives 0\u{b7}0 + 1\u{b7}1 + 3\u{b7}2 + 4\u{b7}3 = 19."));
/// ```
#[track_caller]
pub fn cross_correlation(input: &Tensor, kernel: &Tensor) -> Figure {
    let operation = "figure::cross_correlation";
    let (input, kernel) = (Grid::new(operation, input), Grid::new(operation, kernel));
    let geometry = Geometry::new([kernel.rows, kernel.columns]);
    Sliding::figure(input, Rule::Correlate(kernel), geometry)
}

/// Input and output of a maximum pooling, with one window marked and its maximum written out.
///
/// Options as for [`cross_correlation`]. Padding holds minus infinity.
///
/// # Panics
///
/// As [`cross_correlation`].
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let figure = figure::max_pool(&x, 2, 1);
/// assert!(figure.alt_text().ends_with("The shaded window gives max(0, 1, 3, 4) = 4."));
/// ```
#[track_caller]
pub fn max_pool(input: &Tensor, window: impl Into<Pair>, stride: impl Into<Pair>) -> Figure {
    let mut input = Grid::new("figure::max_pool", input);
    input.padding_value = f32::NEG_INFINITY;
    Sliding::figure(input, Rule::Max, Geometry::new(window).stride(stride))
}

/// Input and output of an average pooling, with one window marked and its average written out. Zeros of the padding count.
///
/// Options as for [`cross_correlation`].
///
/// # Panics
///
/// As [`cross_correlation`].
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let figure = figure::avg_pool(&x, 2, 1);
/// assert!(figure.alt_text().ends_with("The shaded window gives (0 + 1 + 3 + 4) / 4 = 2."));
/// ```
#[track_caller]
pub fn avg_pool(input: &Tensor, window: impl Into<Pair>, stride: impl Into<Pair>) -> Figure {
    Sliding::figure(
        Grid::new("figure::avg_pool", input),
        Rule::Average,
        Geometry::new(window).stride(stride),
    )
}

#[derive(Clone, Debug)]
pub(super) struct Sliding {
    input: Grid,
    rule: Rule,
    geometry: Geometry,
    at: [usize; 2],
}

/// What is computed from a window.
#[derive(Clone, Debug)]
enum Rule {
    Correlate(Grid),
    Max,
    Average,
}

/// Options of [`cross_correlation`], [`max_pool`] and [`avg_pool`].
impl Figure {
    /// Sets how many rows and columns the window moves at a time: one number for both, or `(down, across)`.
    #[must_use]
    #[track_caller]
    pub fn stride(self, stride: impl Into<Pair>) -> Figure {
        self.change_geometry("stride", |geometry| geometry.stride(stride))
    }

    /// Sets how far apart the window's neighbouring rows and columns are: one number for both, or `(down, across)`.
    #[must_use]
    #[track_caller]
    pub fn dilation(self, dilation: impl Into<Pair>) -> Figure {
        self.change_geometry("dilation", |geometry| geometry.dilation(dilation))
    }

    /// Sets stride, padding and dilation at once. The window's size is the kernel's, whatever the geometry says.
    #[must_use]
    #[track_caller]
    pub fn geometry(self, geometry: &Geometry) -> Figure {
        self.change_geometry("geometry", |own| Geometry {
            kernel: own.kernel,
            ..*geometry
        })
    }

    /// Shows the window of the output in this row and column.
    #[must_use]
    #[track_caller]
    pub fn at(mut self, row: usize, column: usize) -> Figure {
        let Picture::Sliding(sliding) = &mut self.picture else {
            self.does_not_apply("at")
        };
        sliding.at = [row, column];
        self
    }

    #[track_caller]
    pub(super) fn change_geometry(
        mut self,
        option: &str,
        change: impl FnOnce(Geometry) -> Geometry,
    ) -> Figure {
        let Picture::Sliding(sliding) = &mut self.picture else {
            self.does_not_apply(option)
        };
        sliding.geometry = change(sliding.geometry);
        self
    }
}

impl Sliding {
    fn figure(input: Grid, rule: Rule, geometry: Geometry) -> Figure {
        Figure::new(Picture::Sliding(Sliding {
            input,
            rule,
            geometry,
            at: [0, 0],
        }))
    }

    fn input_size(&self) -> [usize; 2] {
        [self.input.rows, self.input.columns]
    }

    fn output_size(&self) -> [usize; 2] {
        self.geometry
            .output_size(self.input_size())
            .unwrap_or_else(|error| panic!("figure: {error}"))
    }

    /// The cells of the padded input that the window at an output's place reads.
    fn window(&self, at: [usize; 2]) -> Cells {
        let lines = |axis: usize| {
            let (start, step) = (
                at[axis] * self.geometry.stride[axis],
                self.geometry.dilation[axis],
            );
            (0..self.geometry.kernel[axis]).map(move |index| start + index * step)
        };
        Cells::new(lines(0), lines(1))
    }

    /// The numbers in a window, row by row.
    fn inputs(&self, at: [usize; 2]) -> Vec<f32> {
        let padded = self.padded();
        let window = self.window(at);
        window
            .rows
            .iter()
            .flat_map(|&row| window.columns.iter().map(move |&column| (row, column)))
            .map(|(row, column)| padded.value(row, column))
            .collect()
    }

    fn padded(&self) -> Grid {
        Grid {
            padding: self.geometry.padding,
            ..self.input.clone()
        }
    }

    fn result(&self, at: [usize; 2]) -> f32 {
        let inputs = self.inputs(at);
        match &self.rule {
            Rule::Correlate(kernel) => inputs.iter().zip(&kernel.values).map(|(x, k)| x * k).sum(),
            Rule::Max => inputs.iter().copied().fold(f32::NEG_INFINITY, f32::max),
            Rule::Average => inputs.iter().sum::<f32>() / inputs.len() as f32,
        }
    }

    pub(super) fn output(&self) -> Grid {
        let [rows, columns] = self.output_size();
        let values = (0..rows * columns)
            .map(|index| self.result([index / columns, index % columns]))
            .collect();
        Grid {
            rows,
            columns,
            values,
            padding: [0, 0],
            ..self.input.clone()
        }
    }

    /// Input, kernel if there is one, and output, with the window marked; each with its title.
    fn parts(&self) -> Vec<(&'static str, Grid)> {
        let [rows, columns] = self.output_size();
        let [row, column] = self.at;
        assert!(
            row < rows && column < columns,
            "Figure::at: ({row}, {column}) lies outside the output of {}",
            by(rows, columns)
        );
        let mut input = self.padded();
        input.windows = vec![self.window(self.at)];
        // The padding's rows and columns count too: asked of an input that has them.
        let unread = Geometry {
            padding: [0, 0],
            ..self.geometry
        }
        .unread(input.padded());
        let [unread_rows, unread_columns] = unread.expect("the output has a size");
        input.unread = Cells {
            rows: unread_rows,
            columns: unread_columns,
        };
        let mut output = self.output();
        output.windows = vec![Cells::new([row], [column])];
        let mut parts = vec![("Input", input)];
        if let Rule::Correlate(kernel) = &self.rule {
            parts.push(("Kernel", kernel.clone()));
        }
        parts.push(("Output", output));
        parts
    }

    /// What the window computes, a text for each of its rows, and the result: "0·0 + 1·1", "+ 3·2 + 4·3", "= 19".
    fn work(&self) -> Vec<String> {
        let inputs = self.inputs(self.at);
        let places = decimals(&self.input.values);
        let number = |value: f32| format_one(value, places);
        let signed = |text: String| {
            if text.starts_with('\u{2212}') {
                format!("({text})")
            } else {
                text
            }
        };
        let columns = self.geometry.kernel[1];
        let rows: Vec<Vec<String>> = match &self.rule {
            Rule::Correlate(kernel) => {
                let kernel_places = decimals(&kernel.values);
                let product = |(&x, &k): (&f32, &f32)| {
                    format!(
                        "{}\u{b7}{}",
                        signed(number(x)),
                        signed(format_one(k, kernel_places))
                    )
                };
                let products: Vec<String> =
                    inputs.iter().zip(&kernel.values).map(product).collect();
                products.chunks(columns).map(<[String]>::to_vec).collect()
            }
            Rule::Max => inputs
                .chunks(columns)
                .map(|row| row.iter().map(|&x| number(x)).collect())
                .collect(),
            Rule::Average => inputs
                .chunks(columns)
                .map(|row| row.iter().map(|&x| signed(number(x))).collect())
                .collect(),
        };
        let (between, before, after) = match self.rule {
            Rule::Correlate(_) => (" + ", "", String::new()),
            Rule::Max => (", ", "max(", ")".to_owned()),
            Rule::Average => (" + ", "(", format!(") / {}", inputs.len())),
        };
        let mut lines: Vec<String> = rows.iter().map(|row| row.join(between)).collect();
        let count = lines.len();
        for (index, line) in lines.iter_mut().enumerate() {
            if index == 0 {
                line.insert_str(0, before);
            }
            if index + 1 < count {
                line.push_str(between.trim_end());
            } else {
                line.push_str(&after);
            }
        }
        let output = self.output();
        lines.push(format!(
            "= {}",
            format_one(self.result(self.at), decimals(&output.values))
        ));
        lines
    }

    fn row(&self) -> Figure {
        let parts = self.parts();
        let signs: &[&str] = if parts.len() == 3 {
            &["*", "="]
        } else {
            &["\u{2192}"]
        };
        let mut whole = row();
        for (index, (title, grid)) in parts.into_iter().enumerate() {
            if index > 0 {
                whole = whole.sign(signs[index - 1]);
            }
            whole = whole.part(Figure::new(Picture::Grid(grid)).title(title));
        }
        whole
    }
}

/// Lines of text, centred under each other.
pub(super) fn paragraph(lines: &[String]) -> Drawing {
    let width = lines
        .iter()
        .map(|line| svg::text_width(line, FONT))
        .fold(0.0, f32::max);
    let place = |(index, line): (usize, &String)| {
        svg::text(width / 2.0, (index as f32 + 0.5) * LINE, FONT, line)
    };
    let texts: String = lines.iter().enumerate().map(place).collect();
    Drawing::new(
        width,
        lines.len() as f32 * LINE,
        svg::texts(FONT, "", &texts),
    )
}

impl Draw for Sliding {
    fn cell(&self) -> f32 {
        self.row().picture.as_draw().cell()
    }

    fn draw(&self, scale: Scale) -> Drawing {
        let equation = self.row().picture.as_draw().draw(scale);
        let mut work = self.work();
        let line = work.join(" ");
        if svg::text_width(&line, FONT) < LONGEST {
            work = vec![line];
        }
        Drawing {
            axis: equation.axis,
            ..above(&equation, &paragraph(&work), 14.0)
        }
    }

    fn name(&self, title: Option<&str>) -> String {
        let mut name = title.map(|title| format!("{title}: ")).unwrap_or_default();
        for (index, (part, grid)) in self.parts().into_iter().enumerate() {
            let part = if index == 0 {
                part.to_owned()
            } else {
                format!("; {}", part.to_lowercase())
            };
            let _ = write!(name, "{part}, {}", by(grid.rows, grid.columns));
        }
        name
    }

    fn describe(&self, title: Option<&str>) -> String {
        let mut text = title.map(|title| format!("{title}: ")).unwrap_or_default();
        for (part, grid) in self.parts() {
            text += &grid.describe(Some(part));
            text.push(' ');
        }
        let _ = write!(text, "The shaded window gives {}.", self.work().join(" "));
        text
    }
}
