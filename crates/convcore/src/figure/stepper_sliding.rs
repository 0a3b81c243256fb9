//! Windows that slide over an input, as steps: cross-correlation with any channels, and pooling.

use super::grid::{Cells, Grid};
use super::numbers::{decimals, format_one};
use super::stepper::{Frame, Item, Mark, Panel, Stepper};
use super::svg::Drawing;
use super::{Draw, Figure, Picture, Scale, by};
use crate::{Conv2dOptions, Geometry, Pair, Tensor, avg_pool2d, conv2d, max_pool2d};

/// Input, kernel and output of a cross-correlation. A page steps the window over the input, with its products written out; a
/// still shows one window.
///
/// Input and kernel are matrices. Or the input has channels, `[channels, rows, columns]`: then the kernel has as many, and
/// what each channel gives is added up. Or there are several such kernels, `[outputs, channels, rows, columns]`: then each
/// gives a channel of the output.
///
/// The output is [`conv2d`]'s. Options: [`padding`](Figure::padding), [`stride`](Figure::stride), [`dilation`](Figure::dilation),
/// or all of them by [`geometry`](Figure::geometry), and [`at`](Figure::at) for the window of a still (else the first). Rows
/// and columns that no window reads are hatched.
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
    let input = channels(NAME, input);
    let kernels = match *kernel.shape() {
        [_, _, _, _] => kernel.clone(),
        _ => {
            let kernel = channels(NAME, kernel);
            kernel.reshape(&[&[1], kernel.shape()].concat())
        }
    };
    let [_, kernel_channels, rows, columns] = *kernels.shape() else {
        unreachable!("a kernel has four axes by now")
    };
    assert!(
        input.shape()[0] == kernel_channels,
        "{NAME}: an input of shape {:?} and a kernel of shape {:?} differ in their channels",
        input.shape(),
        kernel.shape(),
    );
    Sliding::figure(
        input,
        Rule::Correlate(kernels),
        Geometry::new((rows, columns)),
    )
}

/// Input and output of a maximum pooling: each output number is the largest in its window. Channels are pooled apart.
///
/// Shown as [`cross_correlation`] is, with the same options. Padding holds minus infinity, and is never the largest.
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
/// assert!(figure.alt_text().ends_with("Output row 0, column 0: max(0, 1, 3, 4) = 4."));
/// ```
#[track_caller]
pub fn max_pool(input: &Tensor, window: impl Into<Pair>, stride: impl Into<Pair>) -> Figure {
    Sliding::figure(
        channels("figure::max_pool", input),
        Rule::Max,
        Geometry::new(window).stride(stride),
    )
}

/// Input and output of an average pooling: each output number is the mean of its window, zeros of the padding included (as by
/// default in PyTorch's `AvgPool2d`). Channels are pooled apart.
///
/// Shown as [`cross_correlation`] is, with the same options.
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
/// assert!(figure.alt_text().ends_with("Output row 0, column 0: (0 + 1 + 3 + 4) / 4 = 2."));
/// ```
#[track_caller]
pub fn avg_pool(input: &Tensor, window: impl Into<Pair>, stride: impl Into<Pair>) -> Figure {
    Sliding::figure(
        channels("figure::avg_pool", input),
        Rule::Average,
        Geometry::new(window).stride(stride),
    )
}

/// The tensor with an axis for channels: a matrix is one channel.
#[track_caller]
fn channels(operation: &str, tensor: &Tensor) -> Tensor {
    match *tensor.shape() {
        [rows, columns] => tensor.reshape(&[1, rows, columns]),
        [_, _, _] => tensor.clone(),
        ref shape => {
            panic!("{operation}: a matrix is needed, or one for each channel, got shape {shape:?}")
        }
    }
}

/// A matrix for each channel, as grids.
fn grids(channels: &Tensor) -> Vec<Grid> {
    let [count, rows, columns] = *channels.shape() else {
        unreachable!("`channels` made three axes")
    };
    (0..count)
        .map(|channel| {
            Grid::new(
                "figure",
                &channels.select(0, channel).reshape(&[rows, columns]),
            )
        })
        .collect()
}

/// A window that slides over an input of shape `[channels, rows, columns]`, and what it computes there.
#[derive(Clone, Debug)]
pub(super) struct Sliding {
    input: Tensor,
    rule: Rule,
    geometry: Geometry,
    at: [usize; 2],
}

/// What is computed from a window.
#[derive(Clone, Debug)]
enum Rule {
    /// With these kernels, `[outputs, channels, rows, columns]`.
    Correlate(Tensor),
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

    /// Lets a still show the window of the output in this row and column.
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

impl Draw for Sliding {
    fn cell(&self) -> f32 {
        self.stepper().cell()
    }

    fn draw(&self, scale: Scale) -> Drawing {
        self.stepper().draw(scale)
    }

    fn name(&self, title: Option<&str>) -> String {
        let Geometry {
            kernel: [rows, columns],
            ..
        } = self.geometry;
        let [channels, input_rows, input_columns] = *self.input.shape() else {
            unreachable!("`channels` made three axes")
        };
        let window = by(rows, columns);
        let (middle, outputs) = match &self.rule {
            Rule::Correlate(kernels) if kernels.shape()[0] == 1 => (format!("kernel, {window}"), 1),
            Rule::Correlate(kernels) => (
                format!("{} kernels, {window}", kernels.shape()[0]),
                kernels.shape()[0],
            ),
            Rule::Max => (format!("maximum of a window of {window}"), channels),
            Rule::Average => (format!("mean of a window of {window}"), channels),
        };
        let several = |count: usize| {
            if count == 1 {
                String::new()
            } else {
                format!("{count} channels of ")
            }
        };
        let [output_rows, output_columns] = self.output_size();
        format!(
            "{}Input, {}{}; {middle}; output, {}{}",
            title.map(|title| format!("{title}: ")).unwrap_or_default(),
            several(channels),
            by(input_rows, input_columns),
            several(outputs),
            by(output_rows, output_columns),
        )
    }

    fn describe(&self, title: Option<&str>) -> String {
        title.map(|title| format!("{title}: ")).unwrap_or_default() + &self.stepper().describe()
    }

    fn html(&self, title: Option<&str>, _alt: &str) -> Option<String> {
        Some(self.stepper().page(&self.name(title)).html())
    }
}

impl Sliding {
    fn figure(input: Tensor, rule: Rule, geometry: Geometry) -> Figure {
        Figure::new(Picture::Sliding(Sliding {
            input,
            rule,
            geometry,
            at: [0, 0],
        }))
    }

    /// The input's rows and columns, without padding.
    fn input_size(&self) -> [usize; 2] {
        [self.input.shape()[1], self.input.shape()[2]]
    }

    #[track_caller]
    fn output_size(&self) -> [usize; 2] {
        self.geometry
            .output_size(self.input_size())
            .unwrap_or_else(|error| panic!("figure: {error}"))
    }

    /// The cells of the padded input that the window at an output's place reads.
    fn window(&self, at: [usize; 2]) -> Cells {
        let Geometry {
            kernel,
            stride,
            dilation,
            ..
        } = self.geometry;
        let lines = |axis: usize| {
            (0..kernel[axis]).map(move |tap| at[axis] * stride[axis] + tap * dilation[axis])
        };
        Cells::new(lines(0), lines(1))
    }

    /// The input's channels with their padding, and what no window reads hatched.
    fn padded(&self) -> Vec<Grid> {
        let padding = self.geometry.padding;
        let padding_value = if matches!(self.rule, Rule::Max) {
            f32::NEG_INFINITY
        } else {
            0.0
        };
        let [rows, columns] =
            std::array::from_fn(|axis| self.input_size()[axis] + 2 * padding[axis]);
        // The padding's rows and columns count too: asked of an input that has them.
        let unread = Geometry {
            padding: [0, 0],
            ..self.geometry
        }
        .unread([rows, columns]);
        let [unread_rows, unread_columns] = unread.unwrap_or_default();
        let unread = Cells::new(unread_rows, unread_columns);
        grids(&self.input)
            .into_iter()
            .map(|grid| Grid {
                padding,
                padding_value,
                unread: unread.clone(),
                ..grid
            })
            .collect()
    }

    /// The output `[channels, rows, columns]`, by the functions that the book teaches.
    fn output(&self) -> Tensor {
        let Geometry {
            stride,
            padding,
            dilation,
            ..
        } = self.geometry;
        let input = self.input.reshape(&[&[1], self.input.shape()].concat());
        let options = Conv2dOptions::new()
            .stride(stride)
            .padding(padding)
            .dilation(dilation);
        let output = match &self.rule {
            Rule::Correlate(kernels) => conv2d(&input, kernels, None, options),
            Rule::Max => max_pool2d(&input, self.geometry),
            Rule::Average => avg_pool2d(&input, self.geometry, true),
        };
        output.select(0, 0)
    }

    /// The panels, and a step for each place of the output.
    #[track_caller]
    fn stepper(&self) -> Stepper {
        let [rows, columns] = self.output_size();
        let [row, column] = self.at;
        assert!(
            row < rows && column < columns,
            "Figure::at: ({row}, {column}) lies outside the output of {}",
            by(rows, columns)
        );
        let inputs = self.padded();
        let outputs = grids(&self.output());
        let kernels = match &self.rule {
            Rule::Correlate(kernels) => (0..kernels.shape()[0])
                .map(|output| grids(&kernels.select(0, output)))
                .collect(),
            Rule::Max | Rule::Average => Vec::new(),
        };
        let lines = self.layout(&inputs, &kernels, &outputs);
        let roles: Vec<Role> = lines
            .iter()
            .flatten()
            .filter_map(|(role, _)| *role)
            .collect();
        let place = |index: usize| {
            let at = [index / columns, index % columns];
            let marks = roles
                .iter()
                .enumerate()
                .filter_map(|(panel, role)| match role {
                    Role::Input => Some(Mark {
                        panel,
                        cells: self.window(at),
                    }),
                    Role::Kernel => None,
                    Role::Output => Some(Mark {
                        panel,
                        cells: Cells::new([at[0]], [at[1]]),
                    }),
                });
            Frame {
                marks: marks.collect(),
                at: format!("Output row {}, column {}", at[0], at[1]),
                work: self.work(&inputs, &kernels, &outputs, at),
            }
        };
        Stepper {
            frames: (0..rows * columns).map(place).collect(),
            results: (0..roles.len())
                .filter(|&panel| roles[panel] == Role::Output)
                .collect(),
            lines: lines
                .into_iter()
                .map(|line| line.into_iter().map(|(_, item)| item).collect())
                .collect(),
            shown: row * columns + column,
        }
    }

    /// The panels and signs in lines; a panel with its role.
    fn layout(
        &self,
        inputs: &[Grid],
        kernels: &[Vec<Grid>],
        outputs: &[Grid],
    ) -> Vec<Vec<(Option<Role>, Item)>> {
        let sign = |sign: &'static str| (None, Item::Sign(sign));
        let panel = |role: Role, title: String, grid: &Grid| {
            (
                Some(role),
                Item::Panel(Panel {
                    title,
                    grid: grid.clone(),
                }),
            )
        };
        let input = |channel: usize| {
            panel(
                Role::Input,
                numbered("Input", channel, inputs.len()),
                &inputs[channel],
            )
        };
        let output = |channel: usize| {
            panel(
                Role::Output,
                numbered("Output", channel, outputs.len()),
                &outputs[channel],
            )
        };
        match kernels {
            [] => (0..inputs.len())
                .map(|channel| vec![input(channel), sign("->"), output(channel)])
                .collect(),
            [kernel] => {
                let mut line = Vec::new();
                for (channel, grid) in kernel.iter().enumerate() {
                    line.push(sign("+"));
                    line.extend([
                        input(channel),
                        sign("*"),
                        panel(
                            Role::Kernel,
                            numbered("Kernel", channel, kernel.len()),
                            grid,
                        ),
                    ]);
                }
                line.extend([sign("="), output(0)]);
                // No sign stands before the first channel.
                vec![line.split_off(1)]
            }
            _ => {
                let mut lines = vec![(0..inputs.len()).map(input).collect::<Vec<_>>()];
                for (index, kernel) in kernels.iter().enumerate() {
                    let title = |channel: usize| match kernel.len() {
                        1 => format!("Kernel {index}"),
                        _ => format!("Kernel {index}, {channel}"),
                    };
                    let mut line: Vec<_> = kernel
                        .iter()
                        .enumerate()
                        .map(|(channel, grid)| panel(Role::Kernel, title(channel), grid))
                        .collect();
                    line.extend([sign("->"), output(index)]);
                    lines.push(line);
                }
                lines
            }
        }
    }

    /// What is computed at a place, a line for each channel: "0·0 + 1·1 + 3·2 + 4·3 = 19".
    fn work(
        &self,
        inputs: &[Grid],
        kernels: &[Vec<Grid>],
        outputs: &[Grid],
        at: [usize; 2],
    ) -> Vec<String> {
        let result = |channel: usize| {
            format_one(
                outputs[channel].value(at[0], at[1]),
                decimals(&outputs[channel].values),
            )
        };
        let several = outputs.len() > 1;
        let line = |channel: usize, sum: String| {
            let name = if several {
                format!("Output {channel}: ")
            } else {
                String::new()
            };
            format!("{name}{sum} = {}", result(channel))
        };
        let window = self.window(at);
        let values: Vec<Vec<f32>> = inputs.iter().map(|input| window.values(input)).collect();
        let texts = |channel: usize| -> Vec<String> {
            let decimals = decimals(&inputs[channel].values);
            // Padding with minus infinity is never the largest: it is not worth a term.
            values[channel]
                .iter()
                .filter(|value| value.is_finite())
                .map(|&value| format_one(value, decimals))
                .collect()
        };
        match &self.rule {
            Rule::Max => (0..inputs.len())
                .map(|channel| line(channel, format!("max({})", texts(channel).join(", "))))
                .collect(),
            Rule::Average => {
                let mean = |channel: usize| {
                    format!("({}) / {}", sum(texts(channel)), values[channel].len())
                };
                (0..inputs.len())
                    .map(|channel| line(channel, mean(channel)))
                    .collect()
            }
            Rule::Correlate(_) if kernels.len() == 1 && inputs.len() > 1 => {
                // Each channel's sum by itself, and then their sum.
                let dot = |(values, kernel): (&Vec<f32>, &Grid)| {
                    values.iter().zip(&kernel.values).map(|(x, k)| x * k).sum()
                };
                let sums: Vec<f32> = values.iter().zip(&kernels[0]).map(dot).collect();
                let sums: Vec<String> = sums
                    .iter()
                    .map(|&sum| format_one(sum, decimals(&sums)))
                    .collect();
                let channel = |(channel, kernel): (usize, &Grid)| {
                    format!("{} = {}", products(&texts(channel), kernel), sums[channel])
                };
                let mut lines: Vec<String> = kernels[0].iter().enumerate().map(channel).collect();
                lines.push(line(0, sum(sums)));
                lines
            }
            Rule::Correlate(_) => {
                let products = |kernel: &Vec<Grid>| -> String {
                    let sums = kernel
                        .iter()
                        .enumerate()
                        .map(|(channel, grid)| products(&texts(channel), grid));
                    sums.collect::<Vec<_>>().join(" + ")
                };
                kernels
                    .iter()
                    .enumerate()
                    .map(|(output, kernel)| line(output, products(kernel)))
                    .collect()
            }
        }
    }
}

/// What a panel shows: it decides what is marked in it.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Input,
    Kernel,
    Output,
}

impl Cells {
    /// The numbers in these cells, row by row.
    fn values(&self, grid: &Grid) -> Vec<f32> {
        self.rows
            .iter()
            .flat_map(|&row| {
                self.columns
                    .iter()
                    .map(move |&column| grid.value(row, column))
            })
            .collect()
    }
}

/// "Input", or "Input 1" when there are several.
fn numbered(noun: &str, index: usize, count: usize) -> String {
    if count == 1 {
        noun.to_owned()
    } else {
        format!("{noun} {index}")
    }
}

/// "0·0 + 1·1": a term for each of the kernel's numbers.
fn products(values: &[String], kernel: &Grid) -> String {
    let decimals = decimals(&kernel.values);
    let term = |(value, &weight): (&String, &f32)| {
        format!(
            "{}\u{b7}{}",
            in_brackets(value),
            in_brackets(&format_one(weight, decimals))
        )
    };
    values
        .iter()
        .zip(&kernel.values)
        .map(term)
        .collect::<Vec<_>>()
        .join(" + ")
}

fn sum(terms: Vec<String>) -> String {
    terms
        .iter()
        .map(|term| in_brackets(term))
        .collect::<Vec<_>>()
        .join(" + ")
}

/// A negative number in brackets: an operator stands beside it.
fn in_brackets(number: &str) -> String {
    if number.starts_with('\u{2212}') {
        format!("({number})")
    } else {
        number.to_owned()
    }
}
