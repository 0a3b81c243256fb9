//! A figure that can be stepped through: grids side by side, a window that moves over them, and the products of each step
//! written out. A page makes it move; a notebook and a printed page show its first step and the whole result.
//!
//! A [`Stepper`] says what there is to see; the functions that fill one ([`super::stepper_sliding`],
//! [`super::stepper_receptive`]) know the operations. Here is its still; [`super::stepper_page`] is what a page gets.

use super::grid::{Cells, Grid};
use super::row::{above, wrap};
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, row};

/// The size of the line that writes a step's products out.
const FONT: f32 = 18.0;

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
        self.stills().iter().map(|line| line.picture.as_draw().cell()).fold(0.0, f32::max)
    }

    /// The still: the panels with the marks of one step, and its products below.
    pub(super) fn draw(&self, cell: f32) -> Drawing {
        let lines = self.stills().into_iter().map(|line| line.picture.as_draw().draw(cell));
        let panels = lines.reduce(|before, line| above(&before, &line, 16.0)).unwrap_or_default();
        let axis = panels.axis;
        let work = self.frame().work.iter().map(|line| write_out(line));
        let drawing = work.enumerate().fold(panels, |before, (index, line)| above(&before, &line, if index == 0 { 16.0 } else { 4.0 }));
        Drawing { axis, ..drawing }
    }

    /// Each panel in words, with what is marked in it, and the products.
    pub(super) fn describe(&self) -> String {
        let panels = self.panels().enumerate();
        let mut sentences: Vec<String> =
            panels.map(|(index, panel)| self.marked(index, panel).describe(Some(&panel.title))).collect();
        sentences.push(format!("{}: {}.", self.frame().at, self.frame().work.join("; ").trim_end_matches('.')));
        sentences.join(" ")
    }

    /// A panel's grid with the marks of the step that is shown.
    fn marked(&self, index: usize, panel: &Panel) -> Grid {
        let marks = self.frame().marks.iter().filter(|mark| mark.panel == index);
        Grid { windows: marks.map(|mark| mark.cells.clone()).collect(), ..panel.grid.clone() }
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

/// A line of text, broken between its terms where it is too wide.
fn write_out(line: &str) -> Drawing {
    let mut terms: Vec<String> = Vec::new();
    for word in line.split(' ') {
        // A sign stays with the term after it.
        match terms.last_mut() {
            Some(sign) if matches!(sign.as_str(), "+" | "=" | "/") => *sign = format!("{sign} {word}"),
            _ => terms.push(word.to_owned()),
        }
    }
    let words: Vec<Drawing> = terms
        .iter()
        .map(|term| {
            let width = svg::text_width(term, FONT) * 0.95;
            Drawing::new(width, FONT * 1.3, svg::texts(FONT, "", &svg::text(width / 2.0, FONT * 0.65, FONT, term)))
        })
        .collect();
    wrap(&words, FONT * 0.3)
}
