//! Line charts: quantities over steps.

use std::fmt::Write as _;

use super::numbers::{format_one, format_short};
use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale};

const WIDTH: f32 = 500.0;
const PLOT_HEIGHT: f32 = 250.0;
const FONT: f32 = 15.0;
/// A line of more points is thinned out to the highest and lowest of each of so many steps.
const BUCKETS: usize = 300;

/// Colours of the lines. Each line has its own dashes and markers too.
pub(super) const SERIES: [&str; 6] = [
    "var(--figure-series-1,#0072b2)",
    "var(--figure-series-2,#c44e00)",
    "var(--figure-series-3,#007d5a)",
    "var(--figure-series-4,#a8407b)",
    "var(--figure-series-5,#806600)",
    "var(--figure-series-6,#5b5fc7)",
];
const DASHES: [&str; 6] = ["", "7 5", "2 4", "10 4 2 4", "14 5", "5 3 1 3 1 3"];

/// A chart that [`Figure::series`] and [`Figure::points`] fill with lines.
///
/// Its axes have round numbers; the vertical one begins at 0 when that does not squeeze the lines.
///
/// ```
/// use convcore::figure;
///
/// let figure = figure::line_chart().series("loss", &[4.0, 2.0, 1.0]).x_label("step").y_label("squared error");
/// assert_eq!(figure.alt_text(), "Line chart of squared error over step. loss: 3 points, from 4 at 0 to 1 at 2.");
/// ```
pub fn line_chart() -> Figure {
    Figure::new(Picture::LineChart(LineChart {
        series: Vec::new(),
        x_label: String::new(),
        y_label: String::new(),
    }))
}

#[derive(Clone, Debug)]
pub(super) struct LineChart {
    series: Vec<Series>,
    x_label: String,
    y_label: String,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    points: Vec<(f32, f32)>,
}

/// Options of [`line_chart`].
impl Figure {
    /// Adds a line through the values at 0, 1, 2, ...
    #[must_use]
    #[track_caller]
    pub fn series(self, name: impl Into<String>, values: &[f32]) -> Figure {
        let points: Vec<(f32, f32)> = values
            .iter()
            .enumerate()
            .map(|(index, &value)| (index as f32, value))
            .collect();
        self.points(name, &points)
    }

    /// Adds a line through these points (x, y).
    #[must_use]
    #[track_caller]
    pub fn points(mut self, name: impl Into<String>, points: &[(f32, f32)]) -> Figure {
        let Picture::LineChart(chart) = &mut self.picture else {
            self.does_not_apply("points")
        };
        chart.series.push(Series {
            name: name.into(),
            points: points.to_vec(),
        });
        self
    }

    /// Names the horizontal axis, with its unit.
    #[must_use]
    #[track_caller]
    pub fn x_label(mut self, label: impl Into<String>) -> Figure {
        let Picture::LineChart(chart) = &mut self.picture else {
            self.does_not_apply("x_label")
        };
        chart.x_label = label.into();
        self
    }

    /// Names the vertical axis, with its unit.
    #[must_use]
    #[track_caller]
    pub fn y_label(mut self, label: impl Into<String>) -> Figure {
        let Picture::LineChart(chart) = &mut self.picture else {
            self.does_not_apply("y_label")
        };
        chart.y_label = label.into();
        self
    }
}

/// An axis: its ends and its round numbers.
#[derive(Debug)]
struct Axis {
    low: f64,
    high: f64,
    ticks: Vec<f64>,
    decimals: usize,
}

impl Axis {
    /// Round numbers that cover the range: steps of 1, 2 or 5 times a power of ten.
    fn covering(low: f64, high: f64, most_ticks: usize) -> Axis {
        let (low, high) = if low < high {
            (low, high)
        } else {
            // Half a unit does not move a number that is large enough.
            let half = (low.abs() * 1e-6).max(0.5);
            (low - half, low + half)
        };
        let rough = (high - low) / most_ticks as f64;
        let power = 10_f64.powi(rough.log10().floor() as i32);
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|digit| digit * power)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(10.0 * power);
        let (first, last) = ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil());
        // A step below the precision of the ends would give no tick, or no end of them.
        let count = (last - first).clamp(1.0, 4.0 * most_ticks as f64) as usize;
        let ticks = (0..=count)
            .map(|tick| (first + tick as f64) * step)
            .collect();
        let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        Axis {
            low: first * step,
            high: (first + count as f64) * step,
            ticks,
            decimals,
        }
    }

    fn fraction(&self, value: f64) -> f32 {
        ((value - self.low) / (self.high - self.low)) as f32
    }

    fn labels(&self) -> Vec<String> {
        self.ticks
            .iter()
            .map(|&tick| format_one(tick as f32, self.decimals))
            .collect()
    }
}

impl LineChart {
    fn finite(&self) -> impl Iterator<Item = (f64, f64)> {
        self.series
            .iter()
            .flat_map(|series| finite_points(&series.points))
    }

    fn axes(&self) -> (Axis, Axis) {
        let range = |coordinate: fn((f64, f64)) -> f64| {
            self.finite()
                .map(coordinate)
                .fold(None, |range: Option<(f64, f64)>, value| match range {
                    None => Some((value, value)),
                    Some((low, high)) => Some((low.min(value), high.max(value))),
                })
        };
        let (x_low, x_high) = range(|point| point.0).unwrap_or((0.0, 1.0));
        let (y_low, y_high) = range(|point| point.1).unwrap_or((0.0, 1.0));
        let y_low = if y_low > 0.0 && y_low < 0.6 * y_high {
            0.0
        } else {
            y_low
        };
        let mut x = Axis::covering(x_low, x_high, 6);
        // Lines fill the width: only the vertical axis ends on a round number.
        if x_low < x_high {
            (x.low, x.high) = (x_low, x_high);
            let slack = (x_high - x_low) * 1e-6;
            x.ticks
                .retain(|&tick| tick >= x_low - slack && tick <= x_high + slack);
        }
        (x, Axis::covering(y_low, y_high, 5))
    }
}

impl Draw for LineChart {
    fn draw(&self, _: Scale) -> Drawing {
        let (x_axis, y_axis) = self.axes();
        let (x_labels, y_labels) = (x_axis.labels(), y_axis.labels());
        let widest = |labels: &[String]| {
            labels
                .iter()
                .map(|label| svg::text_width(label, FONT))
                .fold(0.0, f32::max)
        };
        let left = widest(&y_labels) + 10.0;
        let names: Vec<String> = self
            .series
            .iter()
            .map(|series| series.name.clone())
            .collect();
        let right = if self.names_shown() {
            widest(&names) + 34.0
        } else {
            12.0
        };
        let top = if self.y_label.is_empty() { 10.0 } else { 30.0 };
        let plot_width = (WIDTH - left - right).max(160.0);
        let bottom = top + PLOT_HEIGHT;
        let place = |(x, y): (f64, f64)| {
            (
                left + x_axis.fraction(x) * plot_width,
                bottom - y_axis.fraction(y) * PLOT_HEIGHT,
            )
        };

        let mut markup = String::new();
        let (mut lines, mut labels) = (String::new(), String::new());
        for (&tick, label) in y_axis.ticks.iter().zip(&y_labels) {
            let (_, y) = place((x_axis.low, tick));
            let _ = write!(
                lines,
                "M{} {}h{}",
                number(left),
                number(y),
                number(plot_width)
            );
            labels += &svg::text(left - 8.0, y, FONT, label);
        }
        markup += &svg::path(
            &lines,
            &format!(r#"stroke="{}" stroke-opacity=".25""#, svg::LINE),
        );
        markup += &svg::texts(FONT, r#"text-anchor="end""#, &labels);
        let (mut ticks, mut labels) = (String::new(), String::new());
        for (&tick, label) in x_axis.ticks.iter().zip(&x_labels) {
            let (x, _) = place((tick, y_axis.low));
            let _ = write!(ticks, "M{} {}v5", number(x), number(bottom));
            labels += &svg::text(x, bottom + 16.0, FONT, label);
        }
        let _ = write!(
            ticks,
            "M{} {}h{}",
            number(left),
            number(bottom),
            number(plot_width)
        );
        markup += &svg::path(
            &ticks,
            &format!(r#"stroke="{}" stroke-width="1.3""#, svg::LINE),
        );
        if !self.x_label.is_empty() {
            labels += &svg::text(left + plot_width / 2.0, bottom + 38.0, FONT, &self.x_label);
        }
        markup += &svg::texts(FONT, "", &labels);
        if !self.y_label.is_empty() {
            markup += &svg::texts(
                FONT,
                r#"text-anchor="start""#,
                &svg::text(0.0, 8.0, FONT, &self.y_label),
            );
        }

        let mut ends = Vec::new();
        for (index, series) in self.series.iter().enumerate() {
            let style = index % SERIES.len();
            let stroke = format!(
                r#"stroke="{}" stroke-width="2.2" stroke-linejoin="round""#,
                SERIES[style]
            );
            let dash = if DASHES[style].is_empty() {
                String::new()
            } else {
                format!(r#" stroke-dasharray="{}""#, DASHES[style])
            };
            let mut data = String::new();
            for run in series
                .points
                .split(|(x, y)| !x.is_finite() || !y.is_finite())
            {
                for (nth, point) in thinned(run).into_iter().enumerate() {
                    let (x, y) = place(point);
                    let _ = write!(
                        data,
                        "{}{} {}",
                        if nth == 0 { "M" } else { "L" },
                        number(x),
                        number(y)
                    );
                }
            }
            markup += &svg::path(&data, &format!("{stroke}{dash}"));
            let points: Vec<(f64, f64)> = finite_points(&series.points).collect();
            if self.series.len() > 1 || points.len() <= 12 {
                let every = points.len().div_ceil(12).max(1);
                let marks: String = points
                    .iter()
                    .skip((index * every) / self.series.len().max(1))
                    .step_by(every)
                    .map(|&point| marker(style, place(point)))
                    .collect();
                markup += &format!(
                    r#"<path d="{marks}" fill="{}" stroke="{}" stroke-width="1.2"/>"#,
                    SERIES[style], SERIES[style]
                );
            }
            if let Some(&last) = points.last() {
                ends.push((place(last).1, style, series.name.as_str()));
            }
        }
        if self.names_shown() {
            markup += &end_labels(ends, left + plot_width, top, bottom);
        }
        let height = bottom + if self.x_label.is_empty() { 28.0 } else { 50.0 };
        Drawing::new(left + plot_width + right, height, markup)
    }

    fn name(&self, title: Option<&str>) -> String {
        let mut name = title.map(|title| format!("{title}: ")).unwrap_or_default() + "Line chart";
        if !self.y_label.is_empty() {
            let _ = write!(name, " of {}", self.y_label);
        }
        if !self.x_label.is_empty() {
            let _ = write!(name, " over {}", self.x_label);
        }
        name
    }

    fn describe(&self, title: Option<&str>) -> String {
        let mut text = self.name(title) + ".";
        for series in &self.series {
            let points: Vec<&(f32, f32)> = series
                .points
                .iter()
                .filter(|(x, y)| x.is_finite() && y.is_finite())
                .collect();
            let _ = write!(
                text,
                " {}: {} point{}",
                series.name,
                points.len(),
                if points.len() == 1 { "" } else { "s" }
            );
            if let (Some(first), Some(last)) = (points.first(), points.last()) {
                let short = |value: f32| format_short(value);
                let _ = write!(
                    text,
                    ", from {} at {} to {} at {}",
                    short(first.1),
                    short(first.0),
                    short(last.1),
                    short(last.0)
                );
            }
            text.push('.');
        }
        text
    }
}

impl LineChart {
    /// A single line is named by the axis.
    fn names_shown(&self) -> bool {
        self.series.len() > 1
            || (self.series.len() == 1
                && self.y_label.is_empty()
                && !self.series[0].name.is_empty())
    }
}

/// The lines' names at their ends, moved apart where they would overlap.
fn end_labels(mut ends: Vec<(f32, usize, &str)>, x: f32, top: f32, bottom: f32) -> String {
    const APART: f32 = FONT * 1.25;
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut lowest = top - APART;
    for end in &mut ends {
        end.0 = end.0.max(lowest + APART);
        lowest = end.0;
    }
    // Pushed below the axis: move the whole column up again.
    let mut highest = bottom + APART * 0.2;
    for end in ends.iter_mut().rev() {
        end.0 = end.0.min(highest);
        highest = end.0 - APART;
    }
    let mut markup = String::new();
    let mut labels = String::new();
    for (y, style, name) in ends {
        let mark = marker(style, (x + 14.0, y));
        markup += &format!(
            r#"<path d="{mark}" fill="{}" stroke="{}" stroke-width="1.2"/>"#,
            SERIES[style], SERIES[style]
        );
        labels += &svg::text(x + 25.0, y, FONT, name);
    }
    markup + &svg::texts(FONT, r#"text-anchor="start""#, &labels)
}

/// A marker's outline around a point: each line has a shape of its own.
fn marker(style: usize, (x, y): (f32, f32)) -> String {
    let (x, y) = (number(x), number(y));
    match style {
        0 => format!("M{x} {y}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"),
        1 => format!("M{x} {y}m-3.7 -3.7h7.4v7.4h-7.4z"),
        2 => format!("M{x} {y}m0 -4.8l4.6 8.2h-9.2z"),
        3 => format!("M{x} {y}m0 -5.2l5.2 5.2l-5.2 5.2l-5.2 -5.2z"),
        4 => format!("M{x} {y}m0 4.8l4.6 -8.2h-9.2z"),
        _ => format!("M{x} {y}m-4 -4l8 8m0 -8l-8 8"),
    }
}

fn finite_points(points: &[(f32, f32)]) -> impl Iterator<Item = (f64, f64)> {
    points
        .iter()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .map(|&(x, y)| (f64::from(x), f64::from(y)))
}

/// The points of a line, or of a long one the lowest and highest of each step, in order.
fn thinned(points: &[(f32, f32)]) -> Vec<(f64, f64)> {
    if points.len() <= 2 * BUCKETS {
        return finite_points(points).collect();
    }
    let size = points.len().div_ceil(BUCKETS);
    let extremes = |bucket: &[(f32, f32)]| {
        let by_height = |a: &usize, b: &usize| bucket[*a].1.total_cmp(&bucket[*b].1);
        let (low, high) = (
            (0..bucket.len()).min_by(by_height),
            (0..bucket.len()).max_by(by_height),
        );
        let mut both: Vec<usize> = low.into_iter().chain(high).collect();
        both.sort_unstable();
        both.dedup();
        both.into_iter()
            .map(|index| bucket[index])
            .collect::<Vec<_>>()
    };
    let kept: Vec<(f32, f32)> = points.chunks(size).flat_map(extremes).collect();
    finite_points(&kept).collect()
}
