//! What a page gets of a figure with steps: HTML with one SVG a panel, one step's products, and all steps as JSON for the
//! page's script (`book/theme/stepper.js`). Without the script it is a still.

use std::fmt::Write as _;

use super::grid::{Cells, Grid};
use super::numbers::format_all;
use super::stepper::{Frame, Item, Mark, Panel, Stepper};
use super::svg::{self, Drawing, number};
use super::{Draw, Scale};

/// Panels, and what is marked in them at each step.
pub(super) struct Page {
    /// What a screen reader calls it.
    pub(super) name: String,
    pub(super) lines: Vec<Vec<PageItem>>,
    pub(super) frames: Vec<Frame>,
    /// The panels whose values appear one by one, one a step.
    pub(super) results: Vec<usize>,
    /// The step that is seen at first, without the script, and in print.
    pub(super) shown: usize,
}

/// What stands in a line.
pub(super) enum PageItem {
    Panel(PagePanel),
    /// Stays with the panel after it.
    Sign(&'static str),
}

/// A picture without marks.
pub(super) struct PagePanel {
    pub(super) title: String,
    pub(super) alt: String,
    pub(super) body: Drawing,
    /// A cell's width and height: marks count in cells, from the body's corner.
    pub(super) cell: [f32; 2],
    /// Numbers that appear one by one: an element each.
    pub(super) values: String,
}

impl Stepper {
    pub(super) fn page(self, name: &str) -> Page {
        let mut index = 0;
        let mut panel = |panel: &Panel| {
            index += 1;
            page_panel(panel, self.results.contains(&(index - 1)))
        };
        let lines = self.lines.iter().map(|line| {
            let items = line.iter().map(|item| match item {
                Item::Sign(sign) => PageItem::Sign(sign),
                Item::Panel(grid) => PageItem::Panel(panel(grid)),
            });
            items.collect()
        });
        Page {
            name: name.to_owned(),
            lines: lines.collect(),
            frames: self.frames,
            results: self.results,
            shown: self.shown,
        }
    }
}

/// A grid as a panel: the numbers of a result apart from the grid.
fn page_panel(panel: &Panel, is_result: bool) -> PagePanel {
    // Each panel has cells of its own width: on a phone, they stand below each other.
    let scale = Scale {
        cell: panel.grid.cell(),
        image: 0.0,
    };
    let filled = if is_result { 0 } else { panel.grid.filled };
    let grid = Grid {
        filled,
        ..panel.grid.clone()
    };
    let cell = grid.cell_size(scale.cell);
    let (_, font) = grid.scale();
    let place = |(index, text): (usize, &String)| {
        let (row, column) = (index / grid.columns, index % grid.columns);
        let middle = |at: usize, length: f32| (at as f32 + 0.5) * length;
        svg::text(middle(column, cell[0]), middle(row, cell[1]), font, text)
    };
    let mut values = String::new();
    if is_result {
        let texts: String = format_all(&grid.values)
            .iter()
            .enumerate()
            .map(place)
            .collect();
        values = svg::texts(font, r#"class="stepper-values""#, &texts);
    }
    PagePanel {
        title: panel.title.clone(),
        alt: panel.grid.describe(Some(&panel.title)),
        body: grid.draw(scale),
        cell,
        values,
    }
}

impl Page {
    /// The HTML, on one line: Markdown ends a block of HTML at a blank one.
    pub(super) fn html(&self) -> String {
        let mut html = format!(
            r#"<div class="stepper" role="group" aria-label="{}">"#,
            svg::escape(&format!("Steps: {}", self.name))
        );
        let mut index = 0;
        for line in &self.lines {
            html += r#"<div class="stepper-stage">"#;
            let mut sign = None;
            for item in line {
                match item {
                    PageItem::Sign(next) => sign = Some(*next),
                    PageItem::Panel(panel) => {
                        html += r#"<div class="stepper-panel">"#;
                        if let Some(sign) = sign.take() {
                            let _ = write!(
                                html,
                                r#"<span class="stepper-sign" aria-hidden="true">{}</span>"#,
                                typographic(sign)
                            );
                        }
                        html += &self.panel(panel, index);
                        html += "</div>";
                        index += 1;
                    }
                }
            }
            html += "</div>";
        }
        let frame = &self.frames[self.shown];
        let work: Vec<String> = frame.work.iter().map(|line| svg::escape(line)).collect();
        let _ = write!(
            html,
            concat!(
                r#"<p class="stepper-text" data-longest="{}"><span><span class="stepper-at">{}</span>"#,
                r#"<span class="stepper-work">{}</span></span></p><div class="stepper-controls"></div>"#,
                r#"<script type="application/json">{}</script></div>"#
            ),
            self.longest(),
            svg::escape(&frame.at),
            work.join("<br>"),
            self.json(),
        );
        html
    }

    /// A panel, with what is marked at the shown step in groups of its own, which the script replaces.
    fn panel(&self, panel: &PagePanel, index: usize) -> String {
        let [width, height] = panel.cell;
        let marks = self.frames[self.shown].marks.iter();
        let boxes: String = marks
            .filter(|mark| mark.panel == index)
            .flat_map(|mark| mark.cells.boxes(width, height))
            .map(|(x, y, w, h)| svg::rect(x, y, w, h, ""))
            .collect();
        let markup = format!(
            concat!(
                r#"<g class="stepper-shades" fill="{}">{}</g>{}{}"#,
                r#"<g class="stepper-outlines" fill="none" stroke="{}" stroke-width="3">{}</g>"#
            ),
            svg::SHADE,
            boxes,
            panel.body.markup,
            panel.values,
            svg::ACCENT,
            boxes,
        );
        let drawing = Drawing {
            markup,
            ..panel.body.clone()
        };
        let document = svg::document(&drawing.titled_above(&panel.title), &panel.alt);
        let cell = format!(r#"<svg data-cell="{} {}" "#, number(width), number(height));
        document.replacen("<svg ", &cell, 1)
    }

    /// The longest text of a step: the page keeps that much room for it.
    fn longest(&self) -> String {
        let length = |frame: &&Frame| {
            let characters: usize = frame.work.iter().map(|line| line.chars().count()).sum();
            (frame.work.len(), characters)
        };
        let longest = self.frames.iter().max_by_key(length);
        let lines = longest.map(|frame| std::iter::once(&frame.at).chain(&frame.work));
        let lines: Vec<String> = lines
            .into_iter()
            .flatten()
            .map(|line| svg::escape(line))
            .collect();
        lines.join("&#10;")
    }

    /// All steps, for the script: `{ frames: [{ marks, at, work }], results, still }`.
    ///
    /// - `marks`: `[panel, row, column, rows, columns, row gap, column gap]`: the cells of a window, in cells of the panel; the
    ///   gaps (1 when left out) are the dilation. A panel may have several.
    /// - `at`: the place in words. `work`: the products, or another sentence, one line or several.
    /// - `results`: the panels whose numbers appear one by one, one a step.
    /// - `still`: the step that a figure opens on, and that a printed page shows.
    fn json(&self) -> String {
        let frame = |frame: &Frame| {
            let marks: Vec<String> = frame.marks.iter().map(mark_json).collect();
            let (at, work) = (json_string(&frame.at), json_string(&frame.work.join("\n")));
            format!(
                r#"{{"marks":[{}],"at":{at},"work":{work}}}"#,
                marks.join(",")
            )
        };
        let frames: Vec<String> = self.frames.iter().map(frame).collect();
        let results: Vec<String> = self.results.iter().map(usize::to_string).collect();
        format!(
            r#"{{"frames":[{}],"results":[{}],"still":{}}}"#,
            frames.join(","),
            results.join(","),
            self.shown
        )
    }
}

/// `[panel,row,column,rows,columns]`, with the gaps between rows and between columns where they are not 1.
fn mark_json(mark: &Mark) -> String {
    let Cells { rows, columns } = &mark.cells;
    let gap = |lines: &[usize]| lines.get(1).map_or(1, |second| second - lines[0]);
    let (row, column) = (rows[0], columns[0]);
    let mut json = format!(
        "[{},{row},{column},{},{}",
        mark.panel,
        rows.len(),
        columns.len()
    );
    if (gap(rows), gap(columns)) != (1, 1) {
        let _ = write!(json, ",{},{}", gap(rows), gap(columns));
    }
    json + "]"
}

/// A string of JSON that may stand in a `<script>`.
fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\n' => json += "\\n",
            '<' => json += "\\u003c",
            other => json.push(other),
        }
    }
    json + "\""
}

/// The sign as text in a page, where ASCII stands in for it.
fn typographic(sign: &str) -> &str {
    match sign {
        "*" => "\u{2217}",
        "->" => "\u{2192}",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use crate::figure::{cross_correlation, receptive_field};
    use crate::{Geometry, Tensor};

    #[test]
    fn a_page_gets_every_step_with_its_window_and_products() {
        let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
        let k = Tensor::from([[0., 1.], [2., 3.]]);
        let html = cross_correlation(&x, &k).html().unwrap();
        let json = html
            .split("json\">")
            .nth(1)
            .unwrap()
            .split("</script>")
            .next()
            .unwrap();
        let steps: serde_json::Value = serde_json::from_str(json).unwrap();
        let work = |step: usize| steps["frames"][step]["work"].as_str().unwrap();
        assert_eq!(work(0), "0\u{b7}0 + 1\u{b7}1 + 3\u{b7}2 + 4\u{b7}3 = 19");
        assert_eq!(work(3), "4\u{b7}0 + 5\u{b7}1 + 7\u{b7}2 + 8\u{b7}3 = 43");
        let marks = serde_json::json!([[0, 1, 0, 2, 2], [2, 1, 0, 1, 1]]);
        assert_eq!(steps["frames"][2]["marks"], marks);
        assert_eq!(steps["results"], serde_json::json!([2]));
        assert_eq!(steps["frames"].as_array().unwrap().len(), 4);
        assert!(!html.contains('\n'), "a blank line would end the HTML");
    }

    #[test]
    fn a_dilated_window_is_marked_with_its_gaps() {
        let (x, k) = (Tensor::zeros(&[6, 6]), Tensor::ones(&[2, 3]));
        let html = cross_correlation(&x, &k).dilation((3, 2)).html().unwrap();
        assert!(
            html.contains("\"marks\":[[0,0,0,2,3,3,2],[2,0,0,1,1]]"),
            "{html}"
        );
    }

    #[test]
    fn a_receptive_field_is_stepped_from_the_last_layer_to_the_image() {
        let layers = [
            ("first", Geometry::new(3)),
            ("second", Geometry::new(3).padding(1)),
        ];
        let html = receptive_field([7, 7], &layers, [0, 2]).html().unwrap();
        // The second layer's padding sticks out above: rows count from it.
        assert!(html.contains("\"marks\":[[2,0,2,1,1]]"), "{html}");
        assert!(
            html.contains("\"marks\":[[1,0,1,3,3],[2,0,2,1,1]]"),
            "{html}"
        );
        assert!(html.contains("sees 5 \u{d7} 5 numbers of Image"), "{html}");
    }
}
