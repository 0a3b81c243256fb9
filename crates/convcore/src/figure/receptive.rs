//! The receptive field of one output, drawn into each map from the image on.

use std::fmt::Write as _;
use std::ops::Range;

use super::grid::Cells;
use super::row::{above, beside, draw_sign, wrap};
use super::stepper::{Frame, Mark};
use super::stepper_page::{Page, PageItem, PagePanel};
use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale, by};
use crate::Geometry;

/// The longer side of the image, as drawn.
const SIDE: f32 = 176.0;
/// Smaller cells are drawn without lines between them.
const FINEST: f32 = 5.0;
const FONT: f32 = 15.0;

/// What stands behind one output of a stack of layers: the image and each layer's map, and in each the region that the output depends on.
///
/// `input` is the image's height and width, `output` a row and a column of the last map. A region that reaches into the padding sticks out of its map.
///
/// # Panics
///
/// When a layer does not fit the map before it, or `output` lies outside the last map.
///
/// ```
/// use convcore::{Geometry, figure};
///
/// let layers = [("first", Geometry::new(3)), ("second", Geometry::new(3))];
/// assert_eq!(
///     figure::receptive_field([7, 7], &layers, [1, 1]).alt_text(),
///     "Receptive field of row 1, column 1 of second. Image, 7 by 7: rows 1 to 5, columns 1 to 5, that is 5 by 5. \
///      first, 5 by 5: rows 1 to 3, columns 1 to 3, that is 3 by 3. second, 3 by 3: row 1, column 1, that is 1 by 1."
/// );
/// ```
#[track_caller]
pub fn receptive_field(
    input: [usize; 2],
    layers: &[(&str, Geometry)],
    output: [usize; 2],
) -> Figure {
    let mut maps = vec![Map {
        name: "Image".to_owned(),
        size: input,
        region: [0..0, 0..0],
    }];
    for (name, geometry) in layers {
        let before = maps.last().expect("the image").size;
        let size = geometry
            .output_size(before)
            .unwrap_or_else(|error| panic!("figure::receptive_field: layer {name}: {error}"));
        maps.push(Map {
            name: (*name).to_owned(),
            size,
            region: [0..0, 0..0],
        });
    }
    let last = maps.last().expect("the image").size;
    assert!(
        output[0] < last[0] && output[1] < last[1],
        "figure::receptive_field: output {output:?} lies outside the last map of {}",
        by(last[0], last[1])
    );
    let mut region = output.map(|index| index as isize..index as isize + 1);
    for (index, map) in maps.iter_mut().enumerate().rev() {
        map.region = region.clone();
        if index > 0 {
            let geometry = &layers[index - 1].1;
            region = [0, 1].map(|axis| behind(&region[axis], geometry, axis));
        }
    }
    Figure::new(Picture::Receptive(Receptive { maps, output }))
}

/// The region along an axis that a layer reads for a region of its output.
fn behind(region: &Range<isize>, geometry: &Geometry, axis: usize) -> Range<isize> {
    let [stride, padding, dilation, kernel] = [
        geometry.stride,
        geometry.padding,
        geometry.dilation,
        geometry.kernel,
    ]
    .map(|pair| pair[axis] as isize);
    region.start * stride - padding
        ..(region.end - 1) * stride - padding + dilation * (kernel - 1) + 1
}

#[derive(Clone, Debug)]
pub(super) struct Receptive {
    /// The image, then each layer's map.
    maps: Vec<Map>,
    output: [usize; 2],
}

#[derive(Clone, Debug)]
struct Map {
    name: String,
    size: [usize; 2],
    /// Rows and columns; outside the map, they are padding.
    region: [Range<isize>; 2],
}

impl Map {
    /// The region's rows and columns: how many.
    fn extent(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.region[axis].len())
    }

    /// The rows (axis 0) or columns that a picture shows: the map's and the region's together.
    fn shown(&self, axis: usize) -> Range<isize> {
        let region = &self.region[axis];
        region.start.min(0)..region.end.max(self.size[axis] as isize)
    }

    /// The map alone, with room for the region.
    fn ground(&self, cell: f32) -> Drawing {
        let [top, left] = [0, 1].map(|axis| self.shown(axis).start as f32 * cell);
        let [height, width] = self.size.map(|length| length as f32 * cell);
        let mut markup = String::new();
        if cell >= FINEST {
            let mut lines = String::new();
            for column in 1..self.size[1] {
                let x = number(column as f32 * cell - left);
                let _ = write!(lines, "M{x} {}v{}", number(-top), number(height));
            }
            for row in 1..self.size[0] {
                let y = number(row as f32 * cell - top);
                let _ = write!(lines, "M{} {y}h{}", number(-left), number(width));
            }
            markup += &svg::path(
                &lines,
                &format!(r#"stroke="{}" stroke-opacity=".3""#, svg::LINE),
            );
        }
        markup += &svg::rect(
            -left,
            -top,
            width,
            height,
            &format!(r#"fill="none" stroke="{}" stroke-width="1.5""#, svg::LINE),
        );
        let [height, width] = [0, 1].map(|axis| self.shown(axis).len() as f32 * cell);
        Drawing::new(width, height, markup)
    }

    /// The region's rows and columns, counted from the first that the picture shows.
    fn region_shown(&self) -> Cells {
        let [rows, columns] = [0, 1].map(|axis| {
            let first = self.shown(axis).start;
            let Range { start, end } = self.region[axis];
            (start - first) as usize..(end - first) as usize
        });
        Cells::new(rows, columns)
    }

    /// The map with the region in it, its name above and the region's size below.
    fn draw(&self, cell: f32) -> Drawing {
        let region = |attributes: &str| -> String {
            let boxes = self.region_shown().boxes(cell, cell);
            let rects = boxes
                .into_iter()
                .map(|(x, y, w, h)| svg::rect(x, y, w, h, attributes));
            rects.collect()
        };
        let ground = self.ground(cell);
        let markup = region(&format!(r#"fill="{}""#, svg::SHADE))
            + &ground.markup
            + &region(&format!(
                r#"class="window" fill="none" stroke="{}" stroke-width="2.5""#,
                svg::ACCENT
            ));
        let body = Drawing { markup, ..ground };
        let [rows, columns] = self.extent();
        let label = format!(
            "{rows}\u{d7}{columns} of {}\u{d7}{}",
            self.size[0], self.size[1]
        );
        let label_width = svg::text_width(&label, FONT);
        let text = svg::texts(
            FONT,
            "",
            &svg::text(label_width / 2.0, FONT * 0.7, FONT, &label),
        );
        let axis = body.axis;
        let labelled = above(&body, &Drawing::new(label_width, FONT * 1.4, text), 6.0);
        Drawing { axis, ..labelled }.titled_above(&self.name)
    }

    fn in_words(&self) -> String {
        let lines = |noun: &str, region: &Range<isize>| {
            let text = |index: isize| index.to_string().replace('-', "\u{2212}");
            if region.len() == 1 {
                format!("{noun} {}", text(region.start))
            } else {
                format!("{noun}s {} to {}", text(region.start), text(region.end - 1))
            }
        };
        let [rows, columns] = &self.region;
        format!(
            "{}, {}: {}, {}, that is {}.",
            self.name,
            by(self.size[0], self.size[1]),
            lines("row", rows),
            lines("column", columns),
            by(rows.len(), columns.len())
        )
    }
}

impl Receptive {
    fn cell_size(&self) -> f32 {
        let [height, width] = self.maps[0].size;
        (SIDE / height.max(width) as f32).min(18.0)
    }

    /// The maps, and a step for each: from the last back to the image.
    fn page(&self, name: String) -> Page {
        let cell = self.cell_size();
        let last = self.maps.len() - 1;
        let mut line = Vec::new();
        for map in &self.maps {
            if !line.is_empty() {
                line.push(PageItem::Sign("->"));
            }
            line.push(PageItem::Panel(PagePanel {
                title: map.name.clone(),
                alt: format!("{}, {}", map.name, by(map.size[0], map.size[1])),
                body: map.ground(cell),
                cell: [cell, cell],
                values: String::new(),
            }));
        }
        let frame = |level: usize| {
            let marks = (level..=last).map(|panel| Mark {
                panel,
                cells: self.maps[panel].region_shown(),
            });
            let [rows, columns] = self.maps[level].extent();
            let [row, column] = self.output;
            let map = &self.maps[level].name;
            Frame {
                marks: marks.collect(),
                at: format!("Row {row}, column {column} of {}", self.maps[last].name),
                work: vec![match level {
                    level if level == last => format!("is one number of {map}"),
                    _ => format!("sees {rows} \u{d7} {columns} numbers of {map}"),
                }],
            }
        };
        Page {
            name,
            lines: vec![line],
            frames: (0..=last).rev().map(frame).collect(),
            results: Vec::new(),
            shown: last,
        }
    }
}

impl Draw for Receptive {
    fn draw(&self, _: Scale) -> Drawing {
        let cell = self.cell_size();
        let panels = self.maps.iter().enumerate().map(|(index, map)| {
            let panel = map.draw(cell);
            // An arrow stays with the map it leads to.
            if index == 0 {
                panel
            } else {
                beside(&draw_sign("\u{2192}"), &panel, 0.0)
            }
        });
        wrap(&panels.collect::<Vec<_>>(), 4.0)
    }

    fn name(&self, title: Option<&str>) -> String {
        let [row, column] = self.output;
        let last = self.maps.last().expect("the image");
        let name = format!(
            "Receptive field of row {row}, column {column} of {}",
            last.name
        );
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn html(&self, title: Option<&str>, _alt: &str) -> Option<String> {
        Some(self.page(self.name(title)).html())
    }

    fn describe(&self, title: Option<&str>) -> String {
        let maps: Vec<String> = self.maps.iter().map(Map::in_words).collect();
        format!("{}. {}", self.name(title), maps.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drawn_region_is_the_computed_receptive_field() {
        let layers = [
            ("conv1", Geometry::new((3, 5)).padding((1, 2))),
            ("pool1", Geometry::pooling(2)),
            ("conv2", Geometry::new(3).dilation(2).stride((2, 1))),
        ];
        let figure = receptive_field([32, 32], &layers, [2, 3]);
        let Picture::Receptive(Receptive { maps, .. }) = &figure.picture else {
            unreachable!()
        };
        let fields = crate::receptive_field(&layers).unwrap();
        assert_eq!(maps[0].region, fields[2].1.region([2, 3]));
    }
}
