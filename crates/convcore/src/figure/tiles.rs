//! Tiles: many small images in rows, each with a label below: digits, feature maps, kernels.

use std::fmt::{Display, Write as _};

use super::colour::{ColourMap, image_element};
use super::grid::Grid;
use super::heat_map::{colour_bar, frame};
use super::numbers::{range_in_words, rows_in_words};
use super::row::{above, beside, wrap};
use super::svg::{self, Drawing};
use super::{Draw, Figure, Picture, Scale, by};
use crate::Tensor;
use crate::image::Pixels;

/// The most tiles of a row, and the longer side of a tile.
const IN_A_ROW: usize = 5;
const SIDE: f32 = 96.0;
const LARGE_SIDE: f32 = 116.0;
const GAP: f32 = 10.0;
const FONT: f32 = 15.0;
/// Up to so many output channels have a line each.
const TABLE: usize = 8;
/// Kernels of at most so many numbers are drawn as numbered grids.
const NUMBERED: usize = 96;

/// Images with a label below each: digits, say, and what they were taken for.
///
/// An image is `[H, W]`, `[1, H, W]` or `[3, H, W]` with values in 0..=1 (others are cut).
///
/// # Panics
///
/// When there is no tile, or one has another shape or no pixel.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let tiles = [("dark", Tensor::from([[0.0, 0.1]])), ("bright", Tensor::from([[0.9, 1.0]]))];
/// assert_eq!(figure::tiles(&tiles).alt_text(), "2 images of 1 by 2 pixels: dark, bright.");
/// ```
#[track_caller]
pub fn tiles<S: Display>(images: &[(S, Tensor)]) -> Figure {
    assert!(!images.is_empty(), "figure::tiles: there is no image");
    let tiles: Vec<Tile> = images
        .iter()
        .map(|(label, image)| Tile::photo(label.to_string(), image))
        .collect();
    Figure::new(Picture::Tiles(Tiles {
        kind: Kind::Images,
        tiles,
        together: 1,
    }))
}

/// The channels of a feature map, shape `[C, H, W]`, as heat maps with one scale for all; each has its channel's number below.
///
/// Large maps are drawn at a fraction of their size. [`Figure::labels`] puts other labels below, [`Figure::own_scale`] stretches each map's colours
/// over its own range.
///
/// # Panics
///
/// When the tensor does not have three axes, or no element.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let maps = Tensor::new(&[2, 1, 2], vec![0., 1., 2., 3.]);
/// assert_eq!(
///     figure::feature_maps(&maps).alt_text(),
///     "2 feature maps of 1 by 2, channel by channel. 0: values from 0 to 1. 1: values from 2 to 3. \
///      Colours: dark violet for 0 to yellow for 3."
/// );
/// ```
#[track_caller]
pub fn feature_maps(maps: &Tensor) -> Figure {
    let shape = maps.shape();
    let [channels, rows, columns] = *shape else {
        panic!("figure::feature_maps: a tensor [C, H, W] is needed, got shape {shape:?}")
    };
    assert!(
        channels * rows * columns > 0,
        "figure::feature_maps: there is nothing to draw in shape {shape:?}"
    );
    let tile = |(channel, values): (usize, &[f32])| {
        Tile::values(channel.to_string(), rows, columns, values)
    };
    let tiles = maps
        .as_slice()
        .chunks(rows * columns)
        .enumerate()
        .map(tile)
        .collect();
    let map = ColourMap::for_values(maps.as_slice());
    Figure::new(Picture::Tiles(Tiles {
        kind: Kind::FeatureMaps(Some(map)),
        tiles,
        together: 1,
    }))
}

/// The kernels of a layer, shape `[O, I, H, W]`: a group for each output channel, a tile in it for each input channel.
///
/// Few small kernels show their numbers; others are heat maps with one scale for all.
///
/// # Panics
///
/// When the tensor does not have four axes, or no element.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let weight = Tensor::new(&[1, 2, 1, 2], vec![1., -1., 0.5, 0.]);
/// assert_eq!(
///     figure::kernels(&weight).alt_text(),
///     "2 kernels of 1 by 2, 1 output channel with 2 input channels. out 0, in 0: 1 \u{2212}1. out 0, in 1: 0.5 0.0."
/// );
/// ```
#[track_caller]
pub fn kernels(weight: &Tensor) -> Figure {
    let shape = weight.shape();
    let [outputs, inputs, rows, columns] = *shape else {
        panic!("figure::kernels: a tensor [O, I, H, W] is needed, got shape {shape:?}")
    };
    assert!(
        outputs * inputs * rows * columns > 0,
        "figure::kernels: there is nothing to draw in shape {shape:?}"
    );
    let label = |index: usize| {
        if inputs == 1 {
            index.to_string()
        } else {
            format!("out {}, in {}", index / inputs, index % inputs)
        }
    };
    let tile = |(index, values): (usize, &[f32])| Tile::values(label(index), rows, columns, values);
    let tiles = weight
        .as_slice()
        .chunks(rows * columns)
        .enumerate()
        .map(tile)
        .collect();
    let numbered = weight.as_slice().len() <= NUMBERED;
    let map = ColourMap::for_values(weight.as_slice());
    let kind = Kind::Kernels {
        outputs,
        inputs,
        map: (!numbered).then_some(map),
    };
    Figure::new(Picture::Tiles(Tiles {
        kind,
        tiles,
        together: inputs,
    }))
}

#[derive(Clone, Debug)]
pub(super) struct Tiles {
    kind: Kind,
    tiles: Vec<Tile>,
    /// How many tiles stay in one row.
    together: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Images,
    /// With one scale for all, or none.
    FeatureMaps(Option<ColourMap>),
    /// With a scale, or numbered.
    Kernels {
        outputs: usize,
        inputs: usize,
        map: Option<ColourMap>,
    },
}

#[derive(Clone, Debug)]
struct Tile {
    label: String,
    rows: usize,
    columns: usize,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// An image tensor.
    Photo(Tensor),
    Values(Vec<f32>),
}

impl Tile {
    #[track_caller]
    fn photo(label: String, image: &Tensor) -> Tile {
        let pixels = Pixels::of("figure::tiles", image);
        Tile {
            label,
            rows: pixels.height,
            columns: pixels.width,
            content: Content::Photo(image.clone()),
        }
    }

    fn values(label: String, rows: usize, columns: usize, values: &[f32]) -> Tile {
        Tile {
            label,
            rows,
            columns,
            content: Content::Values(values.to_vec()),
        }
    }

    /// The tile with its label below.
    fn draw(&self, side: f32, map: Option<ColourMap>, cell: f32) -> Drawing {
        let body = match (&self.content, map) {
            (Content::Photo(image), _) => {
                let (width, height) = self.size(side);
                let image =
                    image_element(&Pixels::of("figure::tiles", image), 0.0, 0.0, width, height);
                Drawing::new(width, height, image + &frame(width, height))
            }
            (Content::Values(values), Some(map)) => {
                let (width, height) = self.size(side);
                // Twice the drawn size is enough for fine screens.
                let factor = (self.rows.max(self.columns) / (side as usize).max(1)).max(1);
                let (rows, columns, values) = shrunk(self.rows, self.columns, values, factor);
                let image =
                    image_element(&map.pixels(columns, rows, &values), 0.0, 0.0, width, height);
                Drawing::new(width, height, image + &frame(width, height))
            }
            (Content::Values(values), None) => {
                let grid = Grid::new(
                    "figure::kernels",
                    &Tensor::new(&[self.rows, self.columns], values.clone()),
                );
                grid.draw(Scale { cell, image: side })
            }
        };
        if self.label.is_empty() {
            return body;
        }
        let width = body.width.max(svg::text_width(&self.label, FONT));
        let label = svg::texts(
            FONT,
            "",
            &svg::text(width / 2.0, FONT * 0.75, FONT, &self.label),
        );
        above(&body, &Drawing::new(width, FONT * 1.3, label), 3.0)
    }

    fn size(&self, side: f32) -> (f32, f32) {
        let scale = super::photo::magnification(self.columns, self.rows, side);
        (self.columns as f32 * scale, self.rows as f32 * scale)
    }
}

/// An image at a fraction of its size: each pixel the mean of a square of `factor` by `factor`.
fn shrunk(rows: usize, columns: usize, values: &[f32], factor: usize) -> (usize, usize, Vec<f32>) {
    if factor == 1 {
        return (rows, columns, values.to_vec());
    }
    let (new_rows, new_columns) = ((rows / factor).max(1), (columns / factor).max(1));
    let mean = |row: usize, column: usize| {
        let across = |axis: usize, length: usize| axis * factor..((axis + 1) * factor).min(length);
        let square: Vec<f32> = across(row, rows)
            .flat_map(|y| across(column, columns).map(move |x| values[y * columns + x]))
            .collect();
        square.iter().sum::<f32>() / square.len() as f32
    };
    let means = (0..new_rows * new_columns)
        .map(|index| mean(index / new_columns, index % new_columns))
        .collect();
    (new_rows, new_columns, means)
}

/// Options of [`tiles`], [`feature_maps`] and [`kernels`].
impl Figure {
    /// Puts these labels below the tiles: the numbers of selected channels, say.
    ///
    /// # Panics
    ///
    /// When there are more or fewer labels than tiles.
    #[must_use]
    #[track_caller]
    pub fn labels<L: Display>(mut self, labels: impl IntoIterator<Item = L>) -> Figure {
        let Picture::Tiles(tiles) = &mut self.picture else {
            self.does_not_apply("labels")
        };
        let labels: Vec<String> = labels.into_iter().map(|label| label.to_string()).collect();
        let (given, wanted) = (labels.len(), tiles.tiles.len());
        assert!(
            given == wanted,
            "Figure::labels: {given} labels for {wanted} tiles"
        );
        for (tile, label) in tiles.tiles.iter_mut().zip(labels) {
            tile.label = label;
        }
        self
    }

    /// Stretches the colours of each of the [`feature_maps`] over its own range: faint ones show, but strengths cannot be compared.
    #[must_use]
    #[track_caller]
    pub fn own_scale(mut self) -> Figure {
        let Picture::Tiles(Tiles {
            kind: Kind::FeatureMaps(map),
            ..
        }) = &mut self.picture
        else {
            self.does_not_apply("own_scale")
        };
        *map = None;
        self
    }
}

impl Tiles {
    fn scale_of(&self, tile: &Tile) -> Option<ColourMap> {
        match (&self.kind, &tile.content) {
            (Kind::FeatureMaps(None), Content::Values(values)) => {
                Some(ColourMap::for_values(values))
            }
            (Kind::FeatureMaps(map) | Kind::Kernels { map, .. }, _) => *map,
            (Kind::Images, _) => None,
        }
    }

    fn grids(&self) -> impl Iterator<Item = Grid> {
        self.tiles.iter().filter_map(|tile| match &tile.content {
            Content::Values(values) if self.scale_of(tile).is_none() => Some(Grid::new(
                "figure::kernels",
                &Tensor::new(&[tile.rows, tile.columns], values.clone()),
            )),
            _ => None,
        })
    }
}

impl Draw for Tiles {
    fn cell(&self) -> f32 {
        self.grids().map(|grid| grid.cell()).fold(0.0, f32::max)
    }

    fn draw(&self, scale: Scale) -> Drawing {
        let side = if self.tiles[0].rows.max(self.tiles[0].columns) > 32 {
            LARGE_SIDE
        } else {
            SIDE
        };
        let tiles: Vec<Drawing> = self
            .tiles
            .iter()
            .map(|tile| tile.draw(side, self.scale_of(tile), scale.cell))
            .collect();
        // Equal widths, so that tiles with long labels stand in columns too.
        let width = tiles.iter().map(|tile| tile.width).fold(0.0, f32::max);
        let even = |tile: &Drawing| Drawing {
            width,
            markup: tile.at((width - tile.width) / 2.0, 0.0),
            ..tile.clone()
        };
        let tiles: Vec<Drawing> = tiles.iter().map(even).collect();
        let groups: Vec<Drawing> = tiles
            .chunks(self.together)
            .map(|group| {
                let (first, rest) = group.split_first().expect("a tile");
                rest.iter()
                    .fold(first.clone(), |line, tile| beside(&line, tile, GAP))
            })
            .collect();
        let body = if self.together == 1 {
            wrap_evenly(&groups)
        } else if groups.len() <= TABLE {
            let (first, rest) = groups.split_first().expect("a group");
            rest.iter().fold(first.clone(), |before, group| {
                above(&before, group, 1.4 * GAP)
            })
        } else {
            wrap(&groups, 3.0 * GAP)
        };
        match &self.kind {
            Kind::FeatureMaps(Some(map)) | Kind::Kernels { map: Some(map), .. } => {
                let bar = colour_bar(*map, body.height.min(170.0));
                let markup = body.at(0.0, 0.0) + &bar.at(body.width + 16.0, 0.0);
                Drawing {
                    width: body.width + 16.0 + bar.width,
                    markup,
                    ..body
                }
            }
            _ => body,
        }
    }

    fn name(&self, title: Option<&str>) -> String {
        let first = &self.tiles[0];
        let size = by(first.rows, first.columns);
        let plural = |count: usize, noun: &str| {
            format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
        };
        let count = self.tiles.len();
        let name = match &self.kind {
            Kind::Images => format!("{} of {size} pixels", plural(count, "image")),
            Kind::FeatureMaps(_) => format!("{} of {size}", plural(count, "feature map")),
            Kind::Kernels {
                outputs, inputs, ..
            } => format!(
                "{} of {size}, {} with {}",
                plural(count, "kernel"),
                plural(*outputs, "output channel"),
                plural(*inputs, "input channel")
            ),
        };
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let mut text = self.name(title);
        match &self.kind {
            Kind::Images => {
                let labels: Vec<&str> = self.tiles.iter().map(|tile| tile.label.as_str()).collect();
                let _ = write!(text, ": {}.", labels.join(", "));
            }
            Kind::FeatureMaps(_) => text += ", channel by channel.",
            Kind::Kernels { .. } => text.push('.'),
        }
        for tile in &self.tiles {
            if let Content::Values(values) = &tile.content {
                let numbers = if values.len() <= 30 && matches!(self.kind, Kind::Kernels { .. }) {
                    rows_in_words(values, tile.columns)
                } else {
                    range_in_words(values)
                };
                let _ = write!(text, " {}: {numbers}.", tile.label);
            }
        }
        match &self.kind {
            Kind::FeatureMaps(Some(map)) | Kind::Kernels { map: Some(map), .. } => {
                let _ = write!(text, " Colours: {}.", map.in_words());
            }
            Kind::FeatureMaps(None) => text += " Each map has its own scale.",
            _ => {}
        }
        text
    }
}

/// Pieces of equal width in rows of equal length: full ones if that takes rows of more than half the width, else the
/// last one is left-aligned.
fn wrap_evenly(pieces: &[Drawing]) -> Drawing {
    let width = pieces[0].width;
    let fitting = ((510.0 + GAP) / (width + GAP)).floor().max(1.0) as usize;
    let most = fitting.min(IN_A_ROW.max(fitting.min(8)));
    let count = pieces.len();
    let columns = (most / 2 + 1..=most)
        .rev()
        .find(|columns| count.is_multiple_of(*columns))
        .unwrap_or_else(|| count.div_ceil(count.div_ceil(most)));
    let mut markup = String::new();
    let mut y = 0.0;
    for row in pieces.chunks(columns) {
        let height = row.iter().map(|piece| piece.height).fold(0.0, f32::max);
        for (column, piece) in row.iter().enumerate() {
            markup += &piece.at(column as f32 * (width + GAP), y);
        }
        y += height + GAP;
    }
    Drawing::new(columns as f32 * (width + GAP) - GAP, y - GAP, markup)
}
