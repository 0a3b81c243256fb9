//! The graph that backward follows: a box for each tensor, with its value and gradient, and arrows into what used it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::layers::{Layout, lay_out};
use super::numbers::format_all;
use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale};
use crate::Tensor;

/// More boxes are no longer a picture.
const MOST: usize = 60;
/// Tensors of more numbers show their shape instead.
const MOST_NUMBERS: usize = 12;
const FONT: f32 = 16.0;
const LINE: f32 = 22.0;
const PADDING: f32 = 9.0;

/// The history of a tensor: each tensor that it was computed from is a box with its name or operation, its value and, after a
/// backward pass, its gradient; each arrow leads into the operation that used it.
///
/// Leaves that take a gradient have a thick border, constants a dashed one, results round corners.
///
/// # Panics
///
/// When the history has more than 60 tensors.
///
/// ```
/// use convcore::{Tensor, figure};
///
/// let a = Tensor::from([2., 4.]).requires_grad().name("a");
/// let y = a.powi(2).name("y");
/// y.backward_with(&Tensor::from([1., 2.]));
/// assert_eq!(
///     figure::graph(&y).alt_text(),
///     "Graph of 2 tensors. a = [2, 4], gradient [4, 16]. y = powi of a = [4, 16], gradient [1, 2]."
/// );
/// ```
#[track_caller]
pub fn graph(result: &Tensor) -> Figure {
    Figure::new(Picture::Graph(Graph::of(result)))
}

/// The boxes, inputs before what uses them.
#[derive(Clone, Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    label: Option<String>,
    operation: Option<&'static str>,
    is_constant: bool,
    value: Vec<String>,
    gradient: Vec<String>,
    /// Where its inputs stand in the list.
    inputs: Vec<usize>,
}

impl Graph {
    #[track_caller]
    fn of(result: &Tensor) -> Graph {
        let identity = |tensor: &Tensor| Arc::as_ptr(&tensor.node) as usize;
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut nodes: Vec<Node> = Vec::new();
        // Depth first by hand: a history may be longer than the stack is deep. A tensor is visited twice: on the second visit its
        // inputs have their places.
        let mut waiting = vec![(result.clone(), false)];
        while let Some((tensor, inputs_done)) = waiting.pop() {
            if places.contains_key(&identity(&tensor)) {
                continue;
            }
            if inputs_done {
                let inputs = tensor
                    .inputs()
                    .iter()
                    .map(|input| places[&identity(input)])
                    .collect();
                places.insert(identity(&tensor), nodes.len());
                nodes.push(Node::of(&tensor, inputs));
                assert!(
                    nodes.len() <= MOST,
                    "figure::graph: a history of more than {MOST} tensors is no picture any more"
                );
            } else {
                let inputs: Vec<Tensor> = tensor.inputs().to_vec();
                waiting.push((tensor, true));
                assert!(
                    waiting.len() <= 4 * MOST,
                    "figure::graph: a history of more than {MOST} tensors is no picture any more"
                );
                waiting.extend(inputs.into_iter().rev().map(|input| (input, false)));
            }
        }
        Graph { nodes }
    }

    /// What a sentence calls a node.
    fn called(&self, index: usize) -> String {
        match (&self.nodes[index].label, self.nodes[index].operation) {
            (Some(label), _) => label.clone(),
            (None, Some(operation)) => format!("that {operation}"),
            (None, None) => self.nodes[index].value.join(" "),
        }
    }
}

impl Node {
    fn of(tensor: &Tensor, inputs: Vec<usize>) -> Node {
        Node {
            label: tensor.label(),
            operation: tensor.operation(),
            is_constant: !tensor.needs_grad(),
            value: in_lines(tensor),
            gradient: tensor
                .grad()
                .map_or(Vec::new(), |gradient| in_lines(&gradient)),
            inputs,
        }
    }

    /// The name and the operation, as they stand in the box.
    fn heading(&self) -> (String, &str) {
        match (&self.label, self.operation) {
            (Some(label), operation) => (label.clone(), operation.unwrap_or_default()),
            (None, Some(operation)) => (String::new(), operation),
            (None, None) => (
                String::new(),
                if self.is_constant { "constant" } else { "leaf" },
            ),
        }
    }

    /// Lines below the heading: whether each is part of the gradient, and its text.
    fn lines(&self) -> Vec<(bool, String)> {
        let value = self.value.iter().map(|line| (false, line.clone()));
        let gradient = self.gradient.iter().enumerate().map(|(index, line)| {
            (
                true,
                if index == 0 {
                    format!("grad {line}")
                } else {
                    line.clone()
                },
            )
        });
        value.chain(gradient).collect()
    }

    fn size(&self) -> (f32, f32) {
        let (name, operation) = self.heading();
        let between = if name.is_empty() || operation.is_empty() {
            0.0
        } else {
            8.0
        };
        let heading =
            svg::text_width(&name, FONT) * 1.08 + between + svg::text_width(operation, FONT);
        let widest = self
            .lines()
            .iter()
            .map(|(_, line)| svg::text_width(line, FONT))
            .fold(heading, f32::max);
        (
            (widest + 2.0 * PADDING).max(56.0).ceil(),
            (self.lines().len() + 1) as f32 * LINE + PADDING,
        )
    }

    /// The box, its middle top at (x, y).
    fn draw(&self, x: f32, y: f32) -> String {
        let (width, height) = self.size();
        let border = match (self.operation, self.is_constant) {
            (_, true) => format!(r#"rx="2" stroke="{}" stroke-dasharray="4 3""#, svg::LINE),
            (None, false) => format!(r#"rx="2" stroke="{}" stroke-width="2.6""#, svg::INK),
            (Some(_), false) => format!(r#"rx="10" stroke="{}" stroke-width="1.4""#, svg::LINE),
        };
        let mut markup = svg::rect(
            x - width / 2.0,
            y,
            width,
            height,
            &format!(r#"fill="none" {border}"#),
        );
        let (name, operation) = self.heading();
        let middle = |line: usize| y + PADDING / 2.0 + (line as f32 + 0.5) * LINE;
        let mut spans = String::new();
        if !name.is_empty() {
            let _ = write!(
                spans,
                r#"<tspan font-weight="600">{}</tspan>"#,
                svg::escape(&name)
            );
        }
        if !operation.is_empty() {
            let space = if name.is_empty() { "" } else { r#" dx="8""# };
            let _ = write!(
                spans,
                r#"<tspan{space} font-style="italic" fill="{}">{}</tspan>"#,
                svg::MUTED,
                svg::escape(operation)
            );
        }
        let _ = write!(
            markup,
            r#"<text x="{}" y="{}">{spans}</text>"#,
            number(x),
            number(middle(0) + 0.355 * FONT)
        );
        let (mut values, mut gradients) = (String::new(), String::new());
        for (index, (is_gradient, line)) in self.lines().iter().enumerate() {
            let text = svg::text(x, middle(index + 1), FONT, line);
            if *is_gradient {
                gradients += &text
            } else {
                values += &text
            }
        }
        if !gradients.is_empty() {
            gradients = format!(r#"<g fill="{}">{gradients}</g>"#, svg::ACCENT);
        }
        markup + &values + &gradients
    }
}

/// A tensor's numbers, a line for each row; or its shape.
fn in_lines(tensor: &Tensor) -> Vec<String> {
    let shape = tensor.shape();
    let values = tensor.as_slice();
    if shape.len() > 2 || values.len() > MOST_NUMBERS || values.is_empty() {
        let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
        return vec![format!("shape {}", lengths.join("\u{d7}"))];
    }
    let texts = format_all(values);
    match *shape {
        [] => texts,
        [_] => vec![format!("[{}]", texts.join(", "))],
        _ => texts
            .chunks(shape[1])
            .map(|row| format!("[{}]", row.join(", ")))
            .collect(),
    }
}

impl Draw for Graph {
    fn draw(&self, _: Scale) -> Drawing {
        let sizes: Vec<(f32, f32)> = self.nodes.iter().map(Node::size).collect();
        let inputs: Vec<Vec<usize>> = self.nodes.iter().map(|node| node.inputs.clone()).collect();
        let Layout {
            width,
            height,
            tops,
            edges,
        } = lay_out(&sizes, &inputs);
        let (mut lines, mut heads) = (String::new(), String::new());
        for edge in &edges {
            let (&(x, y), rest) = edge.split_first().expect("an edge has two ends");
            let _ = write!(lines, "M{} {}", number(x), number(y));
            let mut from = (x, y);
            for &(x, y) in rest {
                let middle = (from.1 + y) / 2.0;
                let _ = write!(
                    lines,
                    "C{} {m} {} {m} {} {}",
                    number(from.0),
                    number(x),
                    number(x),
                    number(y),
                    m = number(middle)
                );
                from = (x, y);
            }
            let _ = write!(heads, "M{} {}l-4.5 -9h9z", number(from.0), number(from.1));
        }
        let mut markup = svg::path(
            &lines,
            &format!(r#"stroke="{}" stroke-width="1.4""#, svg::LINE),
        );
        if !heads.is_empty() {
            markup += &format!(r#"<path d="{heads}" fill="{}"/>"#, svg::LINE);
        }
        let boxes: String = self
            .nodes
            .iter()
            .zip(&tops)
            .map(|(node, &(x, y))| node.draw(x, y))
            .collect();
        markup += &svg::texts(FONT, "", &boxes);
        Drawing::new(width, height, markup)
    }

    fn name(&self, title: Option<&str>) -> String {
        let plural = if self.nodes.len() == 1 { "" } else { "s" };
        let name = format!("Graph of {} tensor{plural}", self.nodes.len());
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let mut text = self.name(title) + ".";
        for node in &self.nodes {
            text.push(' ');
            if let Some(label) = &node.label {
                let _ = write!(text, "{label} = ");
            }
            if let Some(operation) = node.operation {
                let inputs: Vec<String> = node
                    .inputs
                    .iter()
                    .map(|&input| self.called(input))
                    .collect();
                let _ = write!(text, "{operation} of {} = ", inputs.join(" and "));
            } else if node.label.is_none() {
                text += if node.is_constant {
                    "constant "
                } else {
                    "leaf "
                };
            }
            text += &node.value.join(" ");
            if !node.gradient.is_empty() {
                let _ = write!(text, ", gradient {}", node.gradient.join(" "));
            }
            text.push('.');
        }
        text
    }
}
