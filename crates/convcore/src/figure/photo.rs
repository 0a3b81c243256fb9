//! Photographs.

use super::colour::image_element;
use super::grid::Cells;
use super::numbers::{indices_in_words, range_in_words};
use super::palette::reduced;
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, by};
use crate::Tensor;
use crate::image::{PixelKind, Pixels, encode};

/// A photograph narrower and lower than this is drawn with enlarged pixels.
const SMALL: usize = 128;

/// An image: grey from shape `[H, W]` or `[1, H, W]`, colour from `[3, H, W]`, with values in 0..=1 (others are cut).
/// Colours are shown as 256 chosen ones: that halves what a page carries.
///
/// Say with [`Figure::alt`] what is to be seen: size and range of values are added to it. Small images are enlarged, each pixel a square.
///
/// # Panics
///
/// When the tensor has another shape, or no pixel.
///
/// ```
/// use convcore::{figure, image};
///
/// let camera = image::read_gray(sample_data::camera())?;
/// let figure = figure::photo(&camera).alt("A man looks through a camera on a tripod.");
/// assert_eq!(
///     figure.alt_text(),
///     "A man looks through a camera on a tripod. Photograph, 256 by 256 pixels, grey, values from 0 to 1."
/// );
/// # Ok::<(), convcore::image::ImageError>(())
/// ```
#[track_caller]
pub fn photo(image: &Tensor) -> Figure {
    Figure::new(Picture::Photo(Photo {
        pixels: Bitmap::of(image),
        range: range_in_words(image.as_slice()),
        windows: Vec::new(),
    }))
}

#[derive(Clone, Debug)]
pub(super) struct Photo {
    pixels: Bitmap,
    range: String,
    pub(super) windows: Vec<Cells>,
}

/// The pixels as bytes, grey or colour.
#[derive(Clone, Debug)]
struct Bitmap {
    width: usize,
    height: usize,
    colour: bool,
    bytes: Vec<u8>,
}

impl Bitmap {
    #[track_caller]
    fn of(image: &Tensor) -> Bitmap {
        let pixels = Pixels::of("figure::photo", image);
        Bitmap {
            width: pixels.width,
            height: pixels.height,
            colour: matches!(pixels.kind, PixelKind::Rgb),
            bytes: pixels.bytes,
        }
    }

    fn pixels(&self) -> Pixels {
        let kind = if self.colour {
            PixelKind::Rgb
        } else {
            PixelKind::Gray
        };
        Pixels {
            width: self.width,
            height: self.height,
            kind,
            bytes: self.bytes.clone(),
        }
    }
}

/// How many units one pixel takes, for a longer side of at most `side`: whole ones, so that squares stay equal, or a fraction.
pub(super) fn magnification(width: usize, height: usize, side: f32) -> f32 {
    let scale = side / width.max(height) as f32;
    if scale >= 1.0 { scale.floor() } else { scale }
}

/// Windows over an image, outlined. A light line around the coloured one keeps it visible on every ground.
pub(super) fn outlines(windows: &[Cells], pixel: (f32, f32)) -> String {
    let mut markup = String::new();
    for window in windows {
        for (x, y, width, height) in window.boxes(pixel.0, pixel.1) {
            markup += &svg::rect(
                x,
                y,
                width,
                height,
                r##"fill="none" stroke="#fff" stroke-width="6" stroke-opacity=".8""##,
            );
            // The image is the same in every theme, and so are these.
            markup += &svg::rect(
                x,
                y,
                width,
                height,
                r##"class="window" fill="none" stroke="#b35900" stroke-width="3""##,
            );
        }
    }
    markup
}

/// Windows in words: " Outlined: rows 3 to 8, columns 10 to 15."
pub(super) fn outlines_in_words(windows: &[Cells]) -> String {
    let in_words = |window: &Cells| {
        format!(
            " Outlined: {}, {}.",
            indices_in_words("row", &window.rows),
            indices_in_words("column", &window.columns)
        )
    };
    windows.iter().map(in_words).collect()
}

impl Photo {
    pub(super) fn size(&self) -> [usize; 2] {
        [self.pixels.height, self.pixels.width]
    }
}

impl Draw for Photo {
    fn draw(&self, scale: Scale) -> Drawing {
        let scale = magnification(self.pixels.width, self.pixels.height, scale.image);
        let (width, height) = (
            self.pixels.width as f32 * scale,
            self.pixels.height as f32 * scale,
        );
        let image = image_element(&reduced(self.pixels.pixels()), 0.0, 0.0, width, height);
        Drawing::new(
            width,
            height,
            image + &outlines(&self.windows, (scale, scale)),
        )
    }

    fn name(&self, title: Option<&str>) -> String {
        format!(
            "{}, {} pixels",
            title.unwrap_or("Photograph"),
            by(self.pixels.height, self.pixels.width)
        )
    }

    fn describe(&self, title: Option<&str>) -> String {
        let colours = if self.pixels.colour {
            "red, green and blue"
        } else {
            "grey"
        };
        let windows = outlines_in_words(&self.windows);
        format!("{}, {colours}, {}.{windows}", self.name(title), self.range)
    }

    fn png(&self) -> Option<Vec<u8>> {
        let plain = self.windows.is_empty() && self.pixels.width.max(self.pixels.height) >= SMALL;
        plain.then(|| encode(&reduced(self.pixels.pixels())))
    }
}
