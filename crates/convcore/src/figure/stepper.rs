//! A figure that can be stepped through: grids side by side, a window that moves over them, and the products of each step
//! written out. A page makes it move; a notebook and a printed page show its first step and the whole result.
//!
//! A [`Stepper`] says what there is to see; the functions that fill one ([`super::stepper_sliding`],
//! [`super::receptive`]) know the operations. Here is its still; [`super::stepper_page`] is what a page gets.

use super::grid::{Cells, Grid};
use super::row::above;
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, row};

/// The size of the lines that write a step's products out, the space of each, and the widest.
const FONT: f32 = 18.0;
const LINE: f32 = 26.0;
const LONGEST: f32 = 380.0;

/// Panels, and what is marked in them at each step.
pub(super) struct Stepper {
    /// The panels in lines, as they are read.
    pub(super) lines: Vec<Vec<Item>>,
    /// The steps; never empty.
    pub(super) frames: Vec<Frame>,
    /// The panels whose numbers are results: one more is there with each step.
    pub(super) results: Vec<usize>,
    /// The step that a still shows.
    pub(super) shown: usize,
}

/// What stands in a line.
pub(super) enum Item {
    Panel(Panel),
    Sign(&'static str),
}

/// A grid with its title.
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) grid: Grid,
}

/// One step.
pub(super) struct Frame {
    pub(super) marks: Vec<Mark>,
    /// The place, in words: "Output row 0, column 1".
    pub(super) at: String,
    /// The products, or a sentence: a line for each channel.
    pub(super) work: Vec<String>,
}

/// Cells of a panel that a step marks; counted with the padding.
pub(super) struct Mark {
    pub(super) panel: usize,
    pub(super) cells: Cells,
}

impl Stepper {
    pub(super) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.lines.iter().flatten().filter_map(|item| match item {
            Item::Panel(panel) => Some(panel),
            Item::Sign(_) => None,
        })
    }

    /// The step that a still shows.
    pub(super) fn frame(&self) -> &Frame {
        &self.frames[self.shown]
    }

    /// The least width of a cell that all panels can have.
    pub(super) fn cell(&self) -> f32 {
        self.stills()
            .iter()
            .map(|line| line.picture.as_draw().cell())
            .fold(0.0, f32::max)
    }

    /// The still: the panels with the marks of one step, and its products below.
    pub(super) fn draw(&self, scale: Scale) -> Drawing {
        let lines = self
            .stills()
            .into_iter()
            .map(|line| line.picture.as_draw().draw(scale));
        let panels = lines
            .reduce(|before, line| above(&before, &line, 16.0))
            .unwrap_or_default();
        let work: Vec<String> = self
            .frame()
            .work
            .iter()
            .flat_map(|line| broken(line))
            .collect();
        Drawing {
            axis: panels.axis,
            ..above(&panels, &paragraph(&work), 14.0)
        }
    }

    /// Each panel in words, with what is marked in it, and the products.
    pub(super) fn describe(&self) -> String {
        let panels = self.panels().enumerate();
        let mut sentences: Vec<String> = panels
            .map(|(index, panel)| self.marked(index, panel).describe(Some(&panel.title)))
            .collect();
        sentences.push(format!(
            "{}: {}.",
            self.frame().at,
            self.frame().work.join("; ").trim_end_matches('.')
        ));
        sentences.join(" ")
    }

    /// A panel's grid with the marks of the step that is shown.
    fn marked(&self, index: usize, panel: &Panel) -> Grid {
        let marks = self.frame().marks.iter().filter(|mark| mark.panel == index);
        Grid {
            windows: marks.map(|mark| mark.cells.clone()).collect(),
            ..panel.grid.clone()
        }
    }

    /// The lines as figures, marked as at the step that is shown.
    fn stills(&self) -> Vec<Figure> {
        let mut index = 0;
        let mut part = |panel: &Panel| {
            index += 1;
            Figure::new(Picture::Grid(self.marked(index - 1, panel))).title(panel.title.clone())
        };
        let lines = self.lines.iter().map(|line| {
            line.iter().fold(row(), |figure, item| match item {
                Item::Sign(sign) => figure.sign(sign),
                Item::Panel(panel) => figure.part(part(panel)),
            })
        });
        lines.collect()
    }
}

/// A sum in as many lines as it needs, each but the first beginning with its sign.
fn broken(sum: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut term = String::new();
    for word in sum.split(' ') {
        if matches!(word, "+" | "=" | "/") {
            append(&mut lines, &std::mem::take(&mut term));
        }
        if !term.is_empty() {
            term.push(' ');
        }
        term += word;
    }
    append(&mut lines, &term);
    lines
}

/// Adds a term to the last line, or to a new one where it would be too long.
fn append(lines: &mut Vec<String>, term: &str) {
    let line = lines.last_mut().expect("there is a first line");
    if line.is_empty() {
        *line = term.to_owned();
    } else if svg::text_width(line, FONT) + svg::text_width(term, FONT) < LONGEST {
        *line = format!("{line} {term}");
    } else {
        lines.push(term.to_owned());
    }
}

/// Lines of text, centred under each other.
fn paragraph(lines: &[String]) -> Drawing {
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
