//! Windows that slide over an input: cross-correlation, with any channels, and pooling; as steps.

use super::grid::{Cells, Grid};
use super::numbers::{decimals, format_one};
use super::stepper::{Frame, Item, Mark, Panel, Stepper};
use super::svg::Drawing;
use super::{Draw, Figure, Picture, by};
use crate::{Geometry, Pair, Tensor};

/// Input, kernel and output of a cross-correlation. A page steps the window over the input, with its products written out; a
/// still shows one window.
///
/// Input and kernel are matrices; or an input of several channels `[channels, rows, columns]` with a kernel of as many, and then
/// the sum over the channels is shown; or with several such kernels `[outputs, channels, rows, columns]`, and then each gives an output channel.
///
/// The output is computed. Options: [`padding`](Figure::padding), [`stride`](Figure::stride), [`dilation`](Figure::dilation), and
/// [`at`](Figure::at) for the window that a still shows (else the first). Rows and columns that no window reads are hatched.
///
/// # Panics
///
/// When the shapes do not fit or are too large to be drawn in numbers; when drawn, if the kernel does not fit into the padded
/// input or `at` lies outside the output.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let k = Tensor::from([[0., 1.], [2., 3.]]);
/// let figure = figure::cross_correlation(&x, &k);
/// assert!(figure.alt_text().ends_with("Output row 0, column 0: 0\u{b7}0 + 1\u{b7}1 + 3\u{b7}2 + 4\u{b7}3 = 19."));
/// ```
#[track_caller]
pub fn cross_correlation(input: &Tensor, kernel: &Tensor) -> Figure {
    const NAME: &str = "figure::cross_correlation";
    let kernels: Vec<Vec<Grid>> = match kernel.shape().len() {
        4 => blocks(kernel, 3).iter().map(|kernel| grids(NAME, kernel)).collect(),
        _ => vec![grids(NAME, kernel)],
    };
    let input_grids = grids(NAME, input);
    assert!(
        kernels.iter().all(|kernel| kernel.len() == input_grids.len()),
        "{NAME}: an input of shape {:?} and a kernel of shape {:?} differ in their channels",
        input.shape(),
        kernel.shape(),
    );
    let size = [kernels[0][0].rows, kernels[0][0].columns];
    Figure::new(Picture::Sliding(Sliding::new(input_grids, Operation::Correlation(kernels), Geometry::new(size))))
}

/// Input and output of maximum pooling: each output number is the largest in its window. Shown as [`cross_correlation`] is;
/// the stride is the window's size unless [`stride`](Figure::stride) says otherwise, and padding is never the largest.
///
/// # Panics
///
/// As [`cross_correlation`].
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let figure = figure::max_pool(&x, 2).stride(1);
/// assert!(figure.alt_text().ends_with("Output row 0, column 0: max(0, 1, 3, 4) = 4."));
/// ```
#[track_caller]
pub fn max_pool(input: &Tensor, window: impl Into<Pair>) -> Figure {
    pool("figure::max_pool", input, Operation::MaxPool, window.into())
}

/// Input and output of average pooling: each output number is the mean of its window, zeros of the padding included (as in
/// PyTorch's `AvgPool2d`). Shown as [`max_pool`] is.
///
/// # Panics
///
/// As [`max_pool`].
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
/// let figure = figure::avg_pool(&x, 2).stride(1);
/// assert!(figure.alt_text().ends_with("Output row 0, column 0: (0 + 1 + 3 + 4) / 4 = 2."));
/// ```
#[track_caller]
pub fn avg_pool(input: &Tensor, window: impl Into<Pair>) -> Figure {
    pool("figure::avg_pool", input, Operation::AveragePool, window.into())
}

#[track_caller]
fn pool(name: &str, input: &Tensor, operation: Operation, window: Pair) -> Figure {
    Figure::new(Picture::Sliding(Sliding::new(grids(name, input), operation, Geometry::pooling(window))))
}

/// One grid for each channel: one for a matrix, as many as the first axis has for rank 3.
#[track_caller]
fn grids(operation: &str, tensor: &Tensor) -> Vec<Grid> {
    match tensor.shape().len() {
        3 => blocks(tensor, 2).iter().map(|channel| Grid::new(operation, channel)).collect(),
        _ => vec![Grid::new(operation, tensor)],
    }
}

/// The tensor's parts along its first axis, each of that rank.
fn blocks(tensor: &Tensor, rank: usize) -> Vec<Tensor> {
    let shape = &tensor.shape()[tensor.shape().len() - rank..];
    tensor.as_slice().chunks(shape.iter().product::<usize>().max(1)).map(|part| Tensor::new(shape, part.to_vec())).collect()
}

/// A window's size and how it moves over an input, one grid for each channel; and what it computes.
#[derive(Clone, Debug)]
pub(super) struct Sliding {
    input: Vec<Grid>,
    operation: Operation,
    pub(super) geometry: Geometry,
    at: [usize; 2],
}

#[derive(Clone, Debug)]
enum Operation {
    /// The kernels: for each output channel, a grid for each input channel.
    Correlation(Vec<Vec<Grid>>),
    MaxPool,
    AveragePool,
}

/// Options of [`cross_correlation`], [`max_pool`] and [`avg_pool`].
impl Figure {
    /// Sets how many rows and columns the window moves at a time: one number for both, or a pair.
    #[must_use]
    #[track_caller]
    pub fn stride(mut self, stride: impl Into<Pair>) -> Figure {
        let Picture::Sliding(sliding) = &mut self.picture else { self.does_not_apply("stride") };
        sliding.geometry = sliding.geometry.stride(stride);
        self
    }

    /// Sets how far apart the rows and columns are that the kernel's neighbours lie on.
    #[must_use]
    #[track_caller]
    pub fn dilation(mut self, dilation: impl Into<Pair>) -> Figure {
        let Picture::Sliding(sliding) = &mut self.picture else { self.does_not_apply("dilation") };
        sliding.geometry = sliding.geometry.dilation(dilation);
        self
    }

    /// Lets a still show the window of the output in this row and column.
    #[must_use]
    #[track_caller]
    pub fn at(mut self, row: usize, column: usize) -> Figure {
        let Picture::Sliding(sliding) = &mut self.picture else { self.does_not_apply("at") };
        sliding.at = [row, column];
        self
    }
}

impl Draw for Sliding {
    fn cell(&self) -> f32 {
        self.stepper().cell()
    }

    fn draw(&self, cell: f32) -> Drawing {
        self.stepper().draw(cell)
    }

    fn name(&self, title: Option<&str>) -> String {
        let [rows, columns] = self.output_size();
        let channels = |count: usize| if count == 1 { String::new() } else { format!("{count} channels of ") };
        let input = format!("Input, {}{}", channels(self.input.len()), by(self.input[0].rows, self.input[0].columns));
        let window = by(self.geometry.kernel[0], self.geometry.kernel[1]);
        let (middle, outputs) = match &self.operation {
            Operation::Correlation(kernels) if kernels.len() == 1 => (format!("kernel, {window}"), 1),
            Operation::Correlation(kernels) => (format!("{} kernels, {window}", kernels.len()), kernels.len()),
            Operation::MaxPool => (format!("largest of each window, {window}"), self.input.len()),
            Operation::AveragePool => (format!("mean of each window, {window}"), self.input.len()),
        };
        let title = title.map(|title| format!("{title}: ")).unwrap_or_default();
        format!("{title}{input}; {middle}; output, {}{}", channels(outputs), by(rows, columns))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let title = title.map(|title| format!("{title}: ")).unwrap_or_default();
        title + &self.stepper().describe()
    }

    fn html(&self, title: Option<&str>) -> Option<String> {
        Some(self.stepper().html(&self.name(title)))
    }
}

impl Sliding {
    fn new(input: Vec<Grid>, operation: Operation, geometry: Geometry) -> Sliding {
        Sliding { input, operation, geometry, at: [0, 0] }
    }

    /// The input's rows and columns, without padding.
    fn input_size(&self) -> [usize; 2] {
        [self.input[0].rows, self.input[0].columns]
    }

    /// The output's rows and columns.
    #[track_caller]
    fn output_size(&self) -> [usize; 2] {
        match self.geometry.output_size(self.input_size()) {
            Ok(size) => size,
            Err(error) => panic!("figure: {error}"),
        }
    }

    /// The cells of the padded input that the window at an output's place reads.
    fn cells(&self, at: [usize; 2]) -> Cells {
        let Geometry { kernel, stride, dilation, .. } = self.geometry;
        let lines = |axis: usize| (0..kernel[axis]).map(move |tap| at[axis] * stride[axis] + tap * dilation[axis]);
        Cells::new(lines(0), lines(1))
    }

    /// An input channel with its padding and what is never read of it.
    fn padded(&self, channel: usize) -> Grid {
        let padding_value = if matches!(self.operation, Operation::MaxPool) { f32::NEG_INFINITY } else { 0.0 };
        let padding = self.geometry.padding;
        let [rows, columns] = self.geometry.unread(self.input_size()).unwrap_or_default();
        let shift = |lines: Vec<usize>, axis: usize| lines.into_iter().map(move |line| line + padding[axis]);
        let unread = Cells::new(shift(rows, 0), shift(columns, 1));
        Grid { padding, padding_value, unread, ..self.input[channel].clone() }
    }

    /// The values in a window of a padded channel, row by row.
    fn values(&self, channel: &Grid, at: [usize; 2]) -> Vec<f32> {
        let Cells { rows, columns } = self.cells(at);
        rows.iter().flat_map(|&row| columns.iter().map(move |&column| channel.value(row, column))).collect()
    }

    /// The panels, and a step for each place of the output.
    #[track_caller]
    fn stepper(&self) -> Stepper {
        let [rows, columns] = self.output_size();
        let [row, column] = self.at;
        assert!(row < rows && column < columns, "Figure::at: ({row}, {column}) lies outside the output of {}", by(rows, columns));
        let inputs: Vec<Grid> = (0..self.input.len()).map(|channel| self.padded(channel)).collect();
        let places: Vec<[usize; 2]> = (0..rows * columns).map(|index| [index / columns, index % columns]).collect();
        let outputs: Vec<Grid> = self.compute(&inputs, &places).into_iter().map(|values| Grid::of(rows, columns, values)).collect();
        let (lines, kinds) = self.layout(&inputs, &outputs);
        let frames = places.iter().enumerate().map(|(index, &at)| Frame {
            marks: kinds
                .iter()
                .enumerate()
                .filter_map(|(panel, kind)| match kind {
                    Kind::Input => Some(Mark { panel, cells: self.cells(at) }),
                    Kind::Kernel => None,
                    Kind::Output => Some(Mark { panel, cells: Cells::new([at[0]], [at[1]]) }),
                })
                .collect(),
            at: format!("Output row {}, column {}", at[0], at[1]),
            work: self.work(&inputs, &outputs, at, index),
        });
        Stepper {
            frames: frames.collect(),
            results: (0..kinds.len()).filter(|&panel| matches!(kinds[panel], Kind::Output)).collect(),
            lines,
            shown: row * columns + column,
        }
    }

    /// The output's values, channel by channel.
    fn compute(&self, inputs: &[Grid], places: &[[usize; 2]]) -> Vec<Vec<f32>> {
        let each = |reduce: &dyn Fn(&[f32]) -> f32| -> Vec<Vec<f32>> {
            inputs.iter().map(|input| places.iter().map(|&at| reduce(&self.values(input, at))).collect()).collect()
        };
        match &self.operation {
            Operation::Correlation(kernels) => {
                let sum = |kernel: &[Grid], at| inputs.iter().zip(kernel).map(|(input, kernel)| dot(&self.values(input, at), &kernel.values)).sum();
                kernels.iter().map(|kernel| places.iter().map(|&at| sum(kernel, at)).collect()).collect()
            }
            Operation::MaxPool => each(&|values| values.iter().copied().fold(f32::NEG_INFINITY, f32::max)),
            Operation::AveragePool => each(&|values| values.iter().sum::<f32>() / values.len() as f32),
        }
    }

    /// The panels in lines, and what each of them is.
    fn layout(&self, inputs: &[Grid], outputs: &[Grid]) -> (Vec<Vec<Item>>, Vec<Kind>) {
        let mut kinds = Vec::new();
        let mut panel = |kind: Kind, noun: &str, count: usize, index: usize, grid: &Grid| {
            kinds.push(kind);
            let title = if count == 1 { noun.to_owned() } else { format!("{noun} {index}") };
            Item::Panel(Panel { title, grid: grid.clone() })
        };
        let mut lines = Vec::new();
        match &self.operation {
            Operation::Correlation(kernels) if kernels.len() == 1 => {
                let mut line = Vec::new();
                for (channel, (input, kernel)) in inputs.iter().zip(&kernels[0]).enumerate() {
                    if channel > 0 {
                        line.push(Item::Sign("+"));
                    }
                    line.push(panel(Kind::Input, "Input", inputs.len(), channel, input));
                    line.push(Item::Sign("*"));
                    line.push(panel(Kind::Kernel, "Kernel", inputs.len(), channel, kernel));
                }
                line.push(Item::Sign("="));
                line.push(panel(Kind::Output, "Output", 1, 0, &outputs[0]));
                lines.push(line);
            }
            Operation::Correlation(kernels) => {
                lines.push(inputs.iter().enumerate().map(|(channel, input)| panel(Kind::Input, "Input", inputs.len(), channel, input)).collect());
                for (output, kernel) in kernels.iter().enumerate() {
                    let noun = format!("Kernel {output},");
                    let mut line = Vec::new();
                    for (channel, grid) in kernel.iter().enumerate() {
                        line.push(match inputs.len() {
                            1 => panel(Kind::Kernel, "Kernel", 2, output, grid),
                            count => panel(Kind::Kernel, &noun, count, channel, grid),
                        });
                    }
                    line.push(Item::Sign("->"));
                    line.push(panel(Kind::Output, "Output", kernels.len(), output, &outputs[output]));
                    lines.push(line);
                }
            }
            Operation::MaxPool | Operation::AveragePool => {
                for (channel, (input, output)) in inputs.iter().zip(outputs).enumerate() {
                    lines.push(vec![
                        panel(Kind::Input, "Input", inputs.len(), channel, input),
                        Item::Sign("->"),
                        panel(Kind::Output, "Output", outputs.len(), channel, output),
                    ]);
                }
            }
        }
        (lines, kinds)
    }

    /// What is computed at a place: "0·0 + 1·1 + 3·2 + 4·3 = 19", a line for each channel.
    fn work(&self, inputs: &[Grid], outputs: &[Grid], at: [usize; 2], index: usize) -> Vec<String> {
        let result = |channel: usize| format_one(outputs[channel].values[index], decimals(&outputs[channel].values));
        let texts = |input: &Grid| -> Vec<String> {
            let decimals = decimals(&input.values);
            self.values(input, at).iter().map(|&value| format_one(value, decimals)).collect()
        };
        let numbered = |count: usize, channel: usize| if count == 1 { String::new() } else { format!("{channel}: ") };
        match &self.operation {
            Operation::Correlation(kernels) if kernels.len() == 1 => {
                let parts: Vec<f32> =
                    inputs.iter().zip(&kernels[0]).map(|(input, kernel)| dot(&self.values(input, at), &kernel.values)).collect();
                let sums: Vec<String> = parts.iter().map(|&part| format_one(part, decimals(&parts))).collect();
                let mut lines: Vec<String> = inputs
                    .iter()
                    .zip(&kernels[0])
                    .zip(&sums)
                    .map(|((input, kernel), sum)| format!("{} = {sum}", products(&texts(input), kernel)))
                    .collect();
                match inputs.len() {
                    1 => lines = vec![format!("{} = {}", products(&texts(&inputs[0]), &kernels[0][0]), result(0))],
                    _ => lines.push(format!("{} = {}", sums.iter().map(|sum| in_brackets(sum)).collect::<Vec<_>>().join(" + "), result(0))),
                }
                lines
            }
            Operation::Correlation(kernels) => kernels
                .iter()
                .enumerate()
                .map(|(output, kernel)| {
                    let sums: Vec<String> = inputs.iter().zip(kernel).map(|(input, kernel)| products(&texts(input), kernel)).collect();
                    format!("{}{} = {}", numbered(kernels.len(), output), sums.join(" + "), result(output))
                })
                .collect(),
            Operation::MaxPool => inputs
                .iter()
                .enumerate()
                .map(|(channel, input)| format!("{}max({}) = {}", numbered(inputs.len(), channel), texts(input).join(", "), result(channel)))
                .collect(),
            Operation::AveragePool => inputs
                .iter()
                .enumerate()
                .map(|(channel, input)| {
                    let values = texts(input);
                    let sum: Vec<String> = values.iter().map(|value| in_brackets(value)).collect();
                    format!("{}({}) / {} = {}", numbered(inputs.len(), channel), sum.join(" + "), values.len(), result(channel))
                })
                .collect(),
        }
    }
}

/// What a panel is: where its marks are.
enum Kind {
    Input,
    Kernel,
    Output,
}

fn dot(values: &[f32], weights: &[f32]) -> f32 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

/// "0·0 + 1·1": a term for each of the kernel's numbers.
fn products(values: &[String], kernel: &Grid) -> String {
    let decimals = decimals(&kernel.values);
    let terms = values.iter().zip(&kernel.values).enumerate().map(|(index, (value, &weight))| {
        let value = if index == 0 { value.clone() } else { in_brackets(value) };
        format!("{value}\u{b7}{}", in_brackets(&format_one(weight, decimals)))
    });
    terms.collect::<Vec<_>>().join(" + ")
}

/// A negative number in brackets, where an operator stands before it.
fn in_brackets(number: &str) -> String {
    if number.starts_with('\u{2212}') { format!("({number})") } else { number.to_owned() }
}
