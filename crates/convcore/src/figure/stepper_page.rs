//! What a page gets of a stepper: HTML with one SVG a panel, the first step's products, and all steps as JSON for the page's
//! script (`book/theme/stepper.js`). Without the script it is the still.

use std::fmt::Write as _;

use super::grid::{Cells, Grid};
use super::numbers::format_all;
use super::stepper::{Frame, Item, Mark, Panel, Stepper};
use super::svg::{self, Drawing, number};
use super::{Draw, Scale};

impl Stepper {
    /// The HTML, on one line: Markdown ends a block of HTML at a blank one. `name` is what a screen reader calls it.
    pub(super) fn html(&self, name: &str) -> String {
        let scale = Scale {
            cell: self.cell(),
            image: 0.0,
        };
        let mut html = format!(
            r#"<div class="stepper" role="group" aria-label="{}">"#,
            svg::escape(&format!("Steps: {name}"))
        );
        let mut index = 0;
        for line in &self.lines {
            html += r#"<div class="stepper-stage">"#;
            let mut sign = None;
            for item in line {
                match item {
                    Item::Sign(next) => sign = Some(*next),
                    Item::Panel(panel) => {
                        html += r#"<div class="stepper-panel">"#;
                        if let Some(sign) = sign.take() {
                            let _ = write!(
                                html,
                                r#"<span class="stepper-sign" aria-hidden="true">{}</span>"#,
                                page_sign(sign)
                            );
                        }
                        html += &self.panel(panel, index, scale);
                        html += "</div>";
                        index += 1;
                    }
                }
            }
            html += "</div>";
        }
        let frame = self.frame();
        let _ = write!(
            html,
            concat!(
                r#"<p class="stepper-text" data-longest="{}"><span><span class="stepper-at">{}</span>"#,
                r#"<span class="stepper-work">{}</span></span></p><div class="stepper-controls"></div>"#,
                r#"<script type="application/json">{}</script></div>"#
            ),
            self.longest(),
            svg::escape(&frame.at),
            frame
                .work
                .iter()
                .map(|line| svg::escape(line))
                .collect::<Vec<_>>()
                .join("<br>"),
            self.json(),
        );
        html
    }

    /// A panel, with what is marked at the shown step in groups of its own, which the script replaces.
    fn panel(&self, panel: &Panel, index: usize, scale: Scale) -> String {
        let is_result = self.results.contains(&index);
        let grid = Grid {
            filled: if is_result { 0 } else { panel.grid.filled },
            ..panel.grid.clone()
        };
        let body = grid.draw(scale);
        let [width, height] = grid.cell_size(scale.cell);
        let marks = || {
            self.frame()
                .marks
                .iter()
                .filter(move |mark| mark.panel == index)
        };
        let boxes = |attributes: &str| -> String {
            marks()
                .flat_map(|mark| mark.cells.boxes(width, height))
                .map(|(x, y, w, h)| svg::rect(x, y, w, h, attributes))
                .collect()
        };
        let mut markup = format!(
            r#"<g class="stepper-shades" fill="{}">{}</g>"#,
            svg::SHADE,
            boxes("")
        );
        markup += &body.markup;
        if is_result {
            let (_, font) = grid.scale();
            let values: String = format_all(&grid.values)
                .iter()
                .enumerate()
                .map(|(place, text)| {
                    let (row, column) = (place / grid.columns, place % grid.columns);
                    svg::text(
                        (column as f32 + 0.5) * width,
                        (row as f32 + 0.5) * height,
                        font,
                        text,
                    )
                })
                .collect();
            markup += &svg::texts(font, r#"class="stepper-values""#, &values);
        }
        let outline = format!(
            r#"class="stepper-outlines" fill="none" stroke="{}" stroke-width="3""#,
            svg::ACCENT
        );
        let _ = write!(markup, "<g {outline}>{}</g>", boxes(""));

        let drawing = Drawing { markup, ..body }.titled_above(&panel.title);
        let alt = panel.grid.describe(Some(&panel.title));
        let document = svg::document(&drawing, &alt);
        document.replacen(
            "<svg ",
            &format!(r#"<svg data-cell="{} {}" "#, number(width), number(height)),
            1,
        )
    }

    /// The longest text of a step: the page keeps that much room for it.
    fn longest(&self) -> String {
        let longest = self.frames.iter().max_by_key(|frame| {
            (
                frame.work.len(),
                frame
                    .work
                    .iter()
                    .map(|line| line.chars().count())
                    .sum::<usize>(),
            )
        });
        let lines = longest
            .into_iter()
            .flat_map(|frame: &Frame| std::iter::once(&frame.at).chain(&frame.work));
        lines
            .map(|line| svg::escape(line))
            .collect::<Vec<_>>()
            .join("&#10;")
    }

    /// All steps, for the script: its header explains the format.
    fn json(&self) -> String {
        let frames = self.frames.iter().map(|frame| {
            let marks: Vec<String> = frame.marks.iter().map(mark_json).collect();
            format!(
                r#"{{"marks":[{}],"at":{},"work":{}}}"#,
                marks.join(","),
                json_string(&frame.at),
                json_string(&frame.work.join("\n"))
            )
        });
        let frames: Vec<String> = frames.collect();
        let results: Vec<String> = self.results.iter().map(usize::to_string).collect();
        format!(
            r#"{{"frames":[{}],"results":[{}]}}"#,
            frames.join(","),
            results.join(",")
        )
    }
}

/// `[panel,row,column,rows,columns]`, with the gaps between rows and between columns where they are not 1.
fn mark_json(mark: &Mark) -> String {
    let Cells { rows, columns } = &mark.cells;
    let gap = |lines: &[usize]| lines.get(1).map_or(1, |second| second - lines[0]);
    let mut json = format!(
        "[{},{},{},{},{}",
        mark.panel,
        rows[0],
        columns[0],
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

/// The sign as text in a page: typographic, where ASCII stands in for it.
fn page_sign(sign: &str) -> &str {
    match sign {
        "*" => "\u{2217}",
        "->" => "\u{2192}",
        other => other,
    }
}
