//! Pictures of tensors, computed from their numbers: SVG that follows the page's theme, with caption and alternative text.
//!
//! | what you have | what shows it |
//! |---|---|
//! | a small matrix | [`grid`]: its numbers in cells, with windows, padding and unread rows marked |
//! | several of them, in a calculation | [`row`]: any parts with signs between them |
//! | input, kernel and output | [`cross_correlation`], for one channel or several |
//! | input and output of a pooling | [`max_pool`], [`avg_pool`] |
//! | kernel size, stride, padding, dilation | [`windows`]: where each window begins, and what none reads |
//! | a stack of layers | [`receptive_field`]: what stands behind one output |
//! | a matrix of measured values | [`heat_map`], with windows outlined |
//! | an image | [`photo`], with windows outlined |
//! | pictures to be compared | [`side_by_side`], each with its title below |
//! | many small images | [`tiles`], each with a label |
//! | what a layer gives, and its weights | [`feature_maps`], [`kernels`] |
//! | a computed result | [`graph`]: what it was computed from, with values and gradients |
//! | a quantity over steps | [`line_chart`] |
//! | a few quantities to be compared | [`bar_chart`] |
//! | labels and predictions | [`confusion_matrix`] |
//!
//! Each makes a [`Figure`]. In a notebook, a cell that ends in a figure shows it; in the book, a block does.
//! [`Figure::save`] writes it to a file.
//!
//! ```
//! use convcore::{Tensor, figure};
//!
//! let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
//! let picture = figure::grid(&x).title("Input").window(0..2, 0..2);
//! assert_eq!(picture.caption_text(), "Input, 3 by 3.");
//! assert_eq!(
//!     picture.alt_text(),
//!     "Input, 3 by 3: 0 1 2 / 3 4 5 / 6 7 8. Shaded: rows 0 and 1, columns 0 and 1, holding 0 1 / 3 4."
//! );
//! ```
//!
//! # Colours
//!
//! Text, lines and marks take their colours from CSS variables (`--figure-ink`, `--figure-paper`, `--figure-shade`, `--figure-line`,
//! `--figure-accent`, `--figure-muted`, `--figure-series-1` to `--figure-series-6`), so that a page sets them for its themes; where nothing sets them,
//! colours for a white ground apply.

mod bars;
mod chart;
mod colour;
mod confusion;
mod graph;
mod grid;
mod heat_map;
mod layers;
mod numbers;
mod palette;
mod photo;
mod playground;
mod receptive;
mod row;
mod stepper;
mod stepper_page;
mod stepper_sliding;
mod svg;
mod tiles;
mod windows;

use std::fmt;
use std::path::Path;

pub use bars::bar_chart;
pub use chart::line_chart;
pub use confusion::confusion_matrix;
pub use graph::graph;
pub use grid::grid;
pub use heat_map::heat_map;
pub use photo::photo;
pub use playground::kernel_playground;
pub use receptive::receptive_field;
pub use row::{row, side_by_side};
pub use stepper_sliding::{avg_pool, cross_correlation, max_pool};
pub use tiles::{feature_maps, kernels, tiles};
pub use windows::windows;

use crate::image::ImageError;
use svg::Drawing;

/// A picture with its caption and its alternative text.
///
/// Made by the functions of [this module](self). Its options are methods that take and return the figure; one that does
/// not apply to that kind of picture panics at the line that called it.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let figure = figure::grid(&Tensor::from([[1., 2.], [3., 4.]])).caption("Four numbers.");
/// assert!(figure.svg().starts_with("<svg "));
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    picture: Picture,
    title: Option<String>,
    caption: Option<String>,
    alt: Option<String>,
}

/// The kinds of picture.
#[derive(Clone, Debug)]
enum Picture {
    Grid(grid::Grid),
    HeatMap(heat_map::HeatMap),
    Photo(photo::Photo),
    Row(row::Row),
    Sliding(stepper_sliding::Sliding),
    Playground(playground::Playground),
    LineChart(chart::LineChart),
    Tiles(tiles::Tiles),
    Graph(graph::Graph),
    Confusion(confusion::Confusion),
    Bars(bars::Bars),
    Windows(Box<windows::Windows>),
    Receptive(receptive::Receptive),
}

/// How large the parts of a picture are drawn, so that those side by side agree.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// The width of a cell, at least.
    cell: f32,
    /// The longer side of an image, at most.
    image: f32,
}

/// What each kind of picture can do.
trait Draw {
    /// The narrowest cell that its numbers fit in, when it is made of cells; the parts of a row share the widest.
    fn cell(&self) -> f32 {
        0.0
    }

    /// The picture without its title.
    fn draw(&self, scale: Scale) -> Drawing;

    /// A short name, with the title when there is one: "Input, 3 by 3".
    fn name(&self, title: Option<&str>) -> String;

    /// What a reader who does not see the picture needs to know: whole sentences that begin with the name.
    fn describe(&self, title: Option<&str>) -> String;

    /// What a page shows instead of the picture, when it is more than a picture there.
    fn html(&self, _title: Option<&str>, _alt: &str) -> Option<String> {
        None
    }

    /// The picture as a PNG file, when that alone shows it.
    fn png(&self) -> Option<Vec<u8>> {
        None
    }
}

impl Picture {
    fn as_draw(&self) -> &dyn Draw {
        match self {
            Picture::Grid(grid) => grid,
            Picture::HeatMap(map) => map,
            Picture::Photo(photo) => photo,
            Picture::Row(row) => row,
            Picture::Sliding(sliding) => sliding,
            Picture::Playground(playground) => playground,
            Picture::LineChart(chart) => chart,
            Picture::Tiles(tiles) => tiles,
            Picture::Graph(graph) => graph,
            Picture::Confusion(confusion) => confusion,
            Picture::Bars(bars) => bars,
            Picture::Windows(windows) => windows.as_ref(),
            Picture::Receptive(receptive) => receptive,
        }
    }

    /// What a message calls this kind.
    fn kind(&self) -> &'static str {
        match self {
            Picture::Grid(_) => "a grid",
            Picture::HeatMap(_) => "a heat map",
            Picture::Photo(_) => "a photo",
            Picture::Row(_) => "a row of parts",
            Picture::Sliding(_) => "a sliding window",
            Picture::Playground(_) => "a kernel playground",
            Picture::LineChart(_) => "a line chart",
            Picture::Tiles(_) => "tiles",
            Picture::Graph(_) => "a graph",
            Picture::Confusion(_) => "a confusion matrix",
            Picture::Bars(_) => "a bar chart",
            Picture::Windows(_) => "a picture of windows",
            Picture::Receptive(_) => "a receptive field",
        }
    }
}

impl Figure {
    fn new(picture: Picture) -> Figure {
        Figure {
            picture,
            title: None,
            caption: None,
            alt: None,
        }
    }

    #[track_caller]
    fn does_not_apply(&self, option: &str) -> ! {
        panic!("Figure::{option} does not apply to {}", self.picture.kind())
    }

    /// Sets the title that stands with the picture: above a grid, below a photograph.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Figure {
        self.title = Some(title.into());
        self
    }

    /// Sets the caption: a sentence for every reader. Without it, a figure names its parts and their sizes.
    #[must_use]
    pub fn caption(mut self, caption: impl Into<String>) -> Figure {
        self.caption = Some(caption.into());
        self
    }

    /// Sets what a photograph shows, or replaces the computed description of another figure.
    ///
    /// The alternative text is for readers who do not see the picture. For a photograph, its size and its range of values
    /// follow what is said here. Other figures describe themselves: give this only when the computed text misses the point.
    #[must_use]
    pub fn alt(mut self, alt: impl Into<String>) -> Figure {
        self.alt = Some(alt.into());
        self
    }

    /// The caption: what was set, or the parts' names and sizes.
    pub fn caption_text(&self) -> String {
        let text = match &self.caption {
            Some(caption) => caption.clone(),
            None => self.picture.as_draw().name(self.title.as_deref()) + ".",
        };
        one_line(&text)
    }

    /// The alternative text: what was set, or a description with the figure's numbers.
    pub fn alt_text(&self) -> String {
        let computed = || self.picture.as_draw().describe(self.title.as_deref());
        let text = match (&self.alt, &self.picture) {
            (Some(alt), Picture::Photo(_)) => format!("{} {}", alt.trim_end(), computed()),
            (Some(alt), _) => alt.clone(),
            (None, _) => computed(),
        };
        one_line(&text)
    }

    /// The picture as an SVG document on one line.
    pub fn svg(&self) -> String {
        let scale = Scale {
            cell: self.picture.as_draw().cell(),
            image: 256.0,
        };
        let drawing = self.drawing(scale, false);
        svg::document(&drawing, &self.alt_text())
    }

    /// The picture as a PNG file, when it is a photograph without a title; other figures are drawings.
    pub fn png(&self) -> Option<Vec<u8>> {
        if self.title.is_some() {
            None
        } else {
            self.picture.as_draw().png()
        }
    }

    /// Writes the picture to a file: as PNG when the name ends in `.png`, else as SVG. An existing file is replaced as a whole.
    ///
    /// # Errors
    ///
    /// When the file cannot be written, or when the name asks for PNG and the figure is a drawing.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ImageError> {
        let path = path.as_ref();
        let wants_png = path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
        let bytes = match wants_png {
            true => self.png().ok_or_else(|| ImageError::NotAPhoto {
                path: path.to_owned(),
            })?,
            false => self.svg().into_bytes(),
        };
        crate::image::write_whole(path, &bytes)
    }

    /// Shows the figure in a notebook: prints its caption and alternative text, and the picture, in evcxr's format.
    pub fn evcxr_display(&self) {
        print!("{}", self.display());
    }

    /// What a page shows instead of the picture, when the figure can be stepped through there: HTML on one line.
    ///
    /// [`evcxr_display`](Figure::evcxr_display) prints it as well when the environment variable `CONVCORE_HTML` is set, as
    /// where pages are made. A notebook would prefer it to the picture, and lacks the script that brings it to life.
    ///
    /// ```
    /// use convcore::{Tensor, figure};
    ///
    /// let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
    /// assert!(figure::max_pool(&x, 2, 1).html().unwrap().starts_with("<div class=\"stepper\""));
    /// assert_eq!(figure::grid(&x).html(), None);
    /// ```
    pub fn html(&self) -> Option<String> {
        let alt = self.alt.as_deref().unwrap_or("The photograph.");
        self.picture.as_draw().html(self.title.as_deref(), alt)
    }

    /// What [`evcxr_display`](Figure::evcxr_display) prints.
    fn display(&self) -> String {
        let (mime, data) = match self.png() {
            Some(bytes) => ("image/png", colour::base64(&bytes)),
            None => ("image/svg+xml", self.svg()),
        };
        let part = |mime: &str, data: &str| {
            format!("EVCXR_BEGIN_CONTENT {mime}\n{data}\nEVCXR_END_CONTENT\n")
        };
        let words = format!("{}\n{}", self.caption_text(), self.alt_text());
        let mut parts = part("text/plain", &words) + &part(mime, &data);
        let for_a_page = std::env::var_os("CONVCORE_HTML").is_some();
        if let Some(html) = self.html().filter(|_| for_a_page) {
            parts += &part("text/html", &html);
        }
        parts
    }

    /// The picture with its title, in cells at least that wide.
    fn drawing(&self, scale: Scale, title_below: bool) -> Drawing {
        let drawing = self.picture.as_draw().draw(scale);
        match &self.title {
            None => drawing,
            Some(title) if title_below => drawing.titled_below(title),
            Some(title) => drawing.titled_above(title),
        }
    }
}

impl fmt::Display for Figure {
    /// The caption and the alternative text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.caption_text(), self.alt_text())
    }
}

/// Caption and alternative text are told apart by the line break between them: neither holds one.
fn one_line(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// "3 by 4".
fn by(rows: usize, columns: usize) -> String {
    format!("{rows} by {columns}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn a_notebook_gets_caption_description_and_picture_in_evcxr_s_format() {
        let drawing = grid(&Tensor::from([1.0, 2.0])).caption("Two numbers.");
        let expected = format!(
            "EVCXR_BEGIN_CONTENT text/plain\nTwo numbers.\nGrid, 1 by 2: 1 2.\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT image/svg+xml\n{}\nEVCXR_END_CONTENT\n",
            drawing.svg()
        );
        assert_eq!(drawing.display(), expected);

        let photograph = photo(&Tensor::zeros(&[128, 128]));
        let picture = format!(
            "EVCXR_BEGIN_CONTENT image/png\n{}\nEVCXR_END_CONTENT\n",
            colour::base64(&photograph.png().unwrap())
        );
        assert!(photograph.display().ends_with(&picture));
        assert!(picture.contains("\niVBORw0KGgo"));
    }
}
