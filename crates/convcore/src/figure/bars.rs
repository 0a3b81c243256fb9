//! Bar charts: a few quantities to be compared, each with its number.

use super::chart::SERIES;
use super::numbers::{decimals, finite_range, format_one};
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale};

const WIDTH: f32 = 460.0;
const BAR: f32 = 22.0;
const FONT: f32 = 16.0;
/// A bar with its name above it, and the space to the next.
const PITCH: f32 = 58.0;

/// A chart that [`Figure::bar`] fills: a bar for each quantity, all from 0 to the same scale, with name and number.
///
/// ```
/// use convcore::figure;
///
/// let figure = figure::bar_chart("weights").bar("fully connected", 786_432.).bar("convolution", 9.);
/// assert_eq!(figure.alt_text(), "Bar chart of weights. fully connected: 786\u{202f}432. convolution: 9.");
/// ```
pub fn bar_chart(quantity: impl Into<String>) -> Figure {
    Figure::new(Picture::Bars(Bars {
        quantity: quantity.into(),
        bars: Vec::new(),
    }))
}

#[derive(Clone, Debug)]
pub(super) struct Bars {
    quantity: String,
    bars: Vec<(String, f64)>,
}

/// Options of [`bar_chart`].
impl Figure {
    /// Adds a bar. Counts come as `f64`: an `f32` is exact to 16 million only.
    ///
    /// # Panics
    ///
    /// When the figure is no bar chart.
    #[must_use]
    #[track_caller]
    pub fn bar(mut self, name: impl Into<String>, value: impl Into<f64>) -> Figure {
        let Picture::Bars(bars) = &mut self.picture else {
            self.does_not_apply("bar")
        };
        bars.bars.push((name.into(), value.into()));
        self
    }
}

impl Bars {
    /// The values in `f32`, which is exact enough for lengths.
    fn values(&self) -> Vec<f32> {
        self.bars.iter().map(|bar| bar.1 as f32).collect()
    }

    /// The numbers: whole ones in groups of three digits.
    fn numbers(&self) -> Vec<String> {
        let places = decimals(&self.values());
        let text = |&(_, value): &(String, f64)| {
            if value.fract() == 0.0 && value.abs() < 1e15 {
                grouped(value as i64)
            } else {
                format_one(value as f32, places)
            }
        };
        self.bars.iter().map(text).collect()
    }
}

/// A whole number in groups of three digits from 10 000 on.
fn grouped(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    if value < 0 {
        format!("\u{2212}{text}")
    } else {
        text
    }
}

impl Draw for Bars {
    fn draw(&self, _: Scale) -> Drawing {
        let numbers = self.numbers();
        let (low, high) = finite_range(&self.values()).unwrap_or((0.0, 1.0));
        let (low, high) = (f64::from(low.min(0.0)), f64::from(high.max(0.0)));
        let room = WIDTH
            - numbers
                .iter()
                .map(|text| svg::text_width(text, FONT))
                .fold(0.0, f32::max)
            - 8.0;
        let place = |value: f64| {
            if high > low {
                ((value - low) / (high - low)) as f32 * room
            } else {
                0.0
            }
        };
        let zero = place(0.0);
        let (mut bars, mut texts) = (String::new(), String::new());
        for (index, ((name, value), text)) in self.bars.iter().zip(&numbers).enumerate() {
            let y = index as f32 * PITCH;
            let end = if value.is_finite() {
                place(*value)
            } else {
                zero
            };
            texts += &svg::text(0.0, y + 11.0, FONT, name);
            bars += &svg::rect(
                zero.min(end),
                y + 24.0,
                (zero - end).abs().max(1.0),
                BAR,
                r#"rx="1.5""#,
            );
            texts += &svg::text(zero.max(end) + 8.0, y + 24.0 + BAR / 2.0, FONT, text);
        }
        let height = (self.bars.len() as f32 * PITCH - (PITCH - 24.0 - BAR)).max(0.0);
        let markup = format!(r#"<g fill="{}">{bars}</g>"#, SERIES[0])
            + &svg::texts(FONT, r#"text-anchor="start""#, &texts);
        Drawing::new(WIDTH, height, markup)
    }

    fn name(&self, title: Option<&str>) -> String {
        let name = format!("Bar chart of {}", self.quantity);
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let bars: String = self
            .bars
            .iter()
            .zip(self.numbers())
            .map(|((name, _), number)| format!(" {name}: {number}."))
            .collect();
        format!("{}.{bars}", self.name(title))
    }
}
