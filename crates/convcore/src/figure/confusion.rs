//! Confusion matrices: which classes are taken for which.

use std::fmt::Write as _;

use super::svg::{self, Drawing, number};
use super::{Draw, Figure, Picture, Scale};

const CELL: f32 = 38.0;
const FONT: f32 = 15.0;
/// Room for the classes' numbers and the axes' names.
const HEAD: f32 = 52.0;
const SIDE: f32 = 58.0;
/// So many kinds of mistake are named in the description.
const NAMED: usize = 10;

/// How often each class was taken for each: a row for each true class, a column for each predicted one.
///
/// Hits stand on the outlined diagonal. Mistakes are shaded, the more the more frequent; the square root of their share sets the shade.
///
/// # Panics
///
/// When there are not as many predictions as labels, when a class is not below `classes`, or when there are none or more than 20 classes.
///
/// ```
/// use convcore::figure;
///
/// let figure = figure::confusion_matrix(&[0, 0, 1, 1, 1], &[0, 1, 1, 1, 1], 2);
/// assert_eq!(figure.alt_text(), "Confusion matrix of 2 classes: 4 of 5 right. Mistakes: 0 taken for 1, once.");
/// ```
#[track_caller]
pub fn confusion_matrix(labels: &[usize], predictions: &[usize], classes: usize) -> Figure {
    assert!(
        (1..=20).contains(&classes),
        "figure::confusion_matrix: 1 to 20 classes can be drawn, got {classes}"
    );
    assert!(
        labels.len() == predictions.len(),
        "figure::confusion_matrix: {} labels and {} predictions",
        labels.len(),
        predictions.len()
    );
    let mut counts = vec![0; classes * classes];
    for (&label, &prediction) in labels.iter().zip(predictions) {
        let highest = label.max(prediction);
        assert!(
            highest < classes,
            "figure::confusion_matrix: class {highest} among {classes} classes, which count from 0"
        );
        counts[label * classes + prediction] += 1;
    }
    Figure::new(Picture::Confusion(Confusion { classes, counts }))
}

#[derive(Clone, Debug)]
pub(super) struct Confusion {
    classes: usize,
    /// Row by row.
    counts: Vec<usize>,
}

impl Confusion {
    /// Label, prediction and count of each kind of mistake that was made, the most frequent first.
    fn mistakes(&self) -> Vec<(usize, usize, usize)> {
        let place =
            |(index, &count): (usize, &usize)| (index / self.classes, index % self.classes, count);
        let mut mistakes: Vec<_> = self
            .counts
            .iter()
            .enumerate()
            .map(place)
            .filter(|&(label, prediction, count)| label != prediction && count > 0)
            .collect();
        mistakes.sort_by_key(|&(label, prediction, count)| {
            (std::cmp::Reverse(count), label, prediction)
        });
        mistakes
    }

    fn right(&self) -> usize {
        (0..self.classes)
            .map(|class| self.counts[class * self.classes + class])
            .sum()
    }
}

impl Draw for Confusion {
    fn draw(&self, _: Scale) -> Drawing {
        let widest = self
            .counts
            .iter()
            .max()
            .map_or(0.0, |count| svg::text_width(&count.to_string(), FONT));
        let cell = CELL.max((widest + 6.0).ceil());
        let (width, height) = (self.classes as f32 * cell, self.classes as f32 * CELL);
        let most = self.mistakes().first().map_or(1, |&(_, _, count)| count);
        let (mut shades, mut numbers, mut zeros, mut hits) =
            (String::new(), String::new(), String::new(), String::new());
        for (index, &count) in self.counts.iter().enumerate() {
            let (label, prediction) = (index / self.classes, index % self.classes);
            let (x, y) = (SIDE + prediction as f32 * cell, HEAD + label as f32 * CELL);
            let (middle, centre) = (x + cell / 2.0, y + CELL / 2.0);
            if label == prediction {
                hits += &svg::text(middle, centre, FONT, &count.to_string());
                numbers += &svg::rect(
                    x + 1.0,
                    y + 1.0,
                    cell - 2.0,
                    CELL - 2.0,
                    &format!(
                        r#"fill="none" stroke="{}" stroke-width="1.6" rx="3""#,
                        svg::LINE
                    ),
                );
            } else if count == 0 {
                zeros += &svg::text(middle, centre, FONT, "\u{b7}");
            } else {
                let share = (count as f32 / most as f32).sqrt();
                shades += &svg::rect(
                    x,
                    y,
                    cell,
                    CELL,
                    &format!(r#"fill-opacity="{}""#, number(0.15 + 0.85 * share)),
                );
                numbers += &svg::text(middle, centre, FONT, &count.to_string());
            }
        }
        let mut lines = String::new();
        for class in 0..=self.classes {
            let _ = write!(
                lines,
                "M{} {HEAD}v{}",
                number(SIDE + class as f32 * cell),
                number(height)
            );
            let _ = write!(
                lines,
                "M{SIDE} {}h{}",
                number(HEAD + class as f32 * CELL),
                number(width)
            );
        }
        let mut classes = String::new();
        for class in 0..self.classes {
            classes += &svg::text(
                SIDE + (class as f32 + 0.5) * cell,
                HEAD - 12.0,
                FONT,
                &class.to_string(),
            );
            classes += &svg::text(
                SIDE - 12.0,
                HEAD + (class as f32 + 0.5) * CELL,
                FONT,
                &class.to_string(),
            );
        }
        let names = svg::text(SIDE + width / 2.0, 12.0, FONT, "predicted")
            + &svg::text(SIDE - 28.0, HEAD - 12.0, FONT, "true");
        let markup = format!(r#"<g fill="{}">{shades}</g>"#, svg::SHADE)
            + &svg::path(
                &lines,
                &format!(r#"stroke="{}" stroke-opacity=".3""#, svg::LINE),
            )
            + &svg::texts(FONT, &format!(r#"fill="{}""#, svg::MUTED), &zeros)
            + &svg::texts(FONT, "", &numbers)
            + &svg::texts(FONT, r#"font-weight="600""#, &(hits + &classes))
            + &svg::texts(FONT, &format!(r#"fill="{}""#, svg::MUTED), &names);
        // The left margin once more on the right: the matrix stands in the middle of a page.
        Drawing::new(SIDE + width + 2.0, HEAD + height + 1.0, markup)
    }

    fn name(&self, title: Option<&str>) -> String {
        let name = format!("Confusion matrix of {} classes", self.classes);
        title.map_or(name.clone(), |title| format!("{title}: {name}"))
    }

    fn describe(&self, title: Option<&str>) -> String {
        let total: usize = self.counts.iter().sum();
        let mut text = format!("{}: {} of {total} right.", self.name(title), self.right());
        let mistakes = self.mistakes();
        if mistakes.is_empty() {
            return text;
        }
        let in_words = |&(label, prediction, count): &(usize, usize, usize)| match count {
            1 => format!("{label} taken for {prediction}, once"),
            2 => format!("{label} taken for {prediction}, twice"),
            _ => format!("{label} taken for {prediction}, {count} times"),
        };
        let named: Vec<String> = mistakes.iter().take(NAMED).map(in_words).collect();
        let heading = if mistakes.len() > NAMED {
            "The most frequent mistakes"
        } else {
            "Mistakes"
        };
        let _ = write!(text, " {heading}: {}.", named.join("; "));
        text
    }
}
