//! How a tensor reads: nested rows, as short as the numbers allow.

use std::fmt;

use ndarray::{ArrayViewD, Axis};

use super::Tensor;

/// An axis longer than this shows its ends only.
const LONGEST_AXIS: usize = 16;
/// How many entries stay at either end of a long axis.
const ENDS: usize = 3;

/// Nested rows in columns. Whole numbers stand without a decimal point, others with as many decimals as they need, four
/// at most; very large or very small ones in scientific notation. Of a long axis only the ends are shown.
///
/// ```
/// use convcore::Tensor;
/// assert_eq!(Tensor::from([[19., 25.], [37., 43.]]).to_string(), "[[19, 25],\n [37, 43]]");
/// assert_eq!(Tensor::from([0.5, -1.]).to_string(), "[ 0.5, -1.0]");
/// assert_eq!(Tensor::arange(100).to_string(), "[ 0,  1,  2, ..., 97, 98, 99]");
/// assert_eq!(Tensor::from(2.5).to_string(), "2.5");
/// ```
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Vec::new();
        collect_shown(self.array(), &mut shown);
        let style = Style::of(&shown);
        let width = shown
            .iter()
            .map(|&value| style.write(value).len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        write_nested(&mut text, self.array(), 1, &|value| {
            let width = if self.rank() == 0 { 0 } else { width };
            format!("{:>width$}", style.write(value))
        });
        f.write_str(&text)
    }
}

/// The same as `Display`.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Tensor {
    /// Shows the tensor as a notebook's output: evcxr calls this for a cell's last expression.
    ///
    /// ```
    /// convcore::Tensor::from([1., 2.]).evcxr_display();
    /// ```
    pub fn evcxr_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/plain\n{self}\nEVCXR_END_CONTENT");
    }
}

/// Which positions of an axis are shown: all of them, or the ends with a gap between (`None`).
fn positions(length: usize) -> Vec<Option<usize>> {
    if length <= LONGEST_AXIS {
        return (0..length).map(Some).collect();
    }
    let head = (0..ENDS).map(Some);
    head.chain([None])
        .chain((length - ENDS..length).map(Some))
        .collect()
}

fn collect_shown(part: ArrayViewD<'_, f32>, shown: &mut Vec<f32>) {
    if part.ndim() == 0 {
        return shown.extend(part.iter());
    }
    for position in positions(part.len_of(Axis(0))).into_iter().flatten() {
        collect_shown(part.index_axis(Axis(0), position), shown);
    }
}

fn write_nested(
    text: &mut String,
    part: ArrayViewD<'_, f32>,
    depth: usize,
    write: &dyn Fn(f32) -> String,
) {
    let Some(&length) = part.shape().first() else {
        return text.extend(part.iter().map(|&value| write(value)));
    };
    // Rows go on lines of their own, matrices have an empty line between, and so on outwards.
    let separator = match part.ndim() {
        1 => ", ".to_owned(),
        n => format!(",{}{}", "\n".repeat(n - 1), " ".repeat(depth)),
    };
    text.push('[');
    for (count, position) in positions(length).into_iter().enumerate() {
        if count > 0 {
            text.push_str(&separator);
        }
        match position {
            Some(position) => {
                write_nested(text, part.index_axis(Axis(0), position), depth + 1, write)
            }
            None => text.push_str("..."),
        }
    }
    text.push(']');
}

/// How all the numbers of one tensor are written.
enum Style {
    Decimals(usize),
    Scientific,
}

impl Style {
    const MOST_DECIMALS: usize = 4;

    /// The shortest style that shows every one of these values to four decimals.
    fn of(values: &[f32]) -> Style {
        let sizes = values
            .iter()
            .map(|value| value.abs())
            .filter(|size| size.is_finite() && *size > 0.);
        let largest = sizes.fold(0_f32, f32::max);
        if largest >= 1e7 || (largest > 0. && largest < 1e-3) {
            return Style::Scientific;
        }
        let finite = values.iter().filter(|value| value.is_finite());
        let decimals = finite.map(|&value| {
            let longest = format!("{value:.*}", Style::MOST_DECIMALS);
            let needed = longest.trim_end_matches('0');
            needed.len() - needed.find('.').map_or(needed.len(), |point| point + 1)
        });
        Style::Decimals(decimals.max().unwrap_or(0))
    }

    fn write(&self, value: f32) -> String {
        let text = match self {
            Style::Decimals(decimals) => format!("{value:.decimals$}"),
            Style::Scientific => format!("{value:.4e}"),
        };
        // A rounded -0.00001 must not read as "-0.0000".
        match text.strip_prefix('-') {
            Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Tensor;

    #[test]
    fn rows_stand_in_columns_and_matrices_apart() {
        let cube = Tensor::arange(12).reshape(&[2, 2, 3]);
        assert_eq!(
            cube.to_string(),
            "[[[ 0,  1,  2],\n  [ 3,  4,  5]],\n\n [[ 6,  7,  8],\n  [ 9, 10, 11]]]"
        );
    }

    #[test]
    fn fractions_are_rounded_to_four_decimals_and_zero_has_no_sign() {
        assert_eq!(
            Tensor::from([1. / 3., -0.000_01]).to_string(),
            "[0.3333, 0.0000]"
        );
        assert_eq!(Tensor::from([-0.]).to_string(), "[0]");
    }

    #[test]
    fn extreme_values_are_scientific_and_odd_ones_named() {
        assert_eq!(
            Tensor::from([1.5e10, 0.]).to_string(),
            "[1.5000e10,  0.0000e0]"
        );
        assert_eq!(Tensor::from([2e-5]).to_string(), "[2.0000e-5]");
        assert_eq!(
            Tensor::from([f32::NAN, f32::INFINITY, 1.]).to_string(),
            "[NaN, inf,   1]"
        );
    }

    #[test]
    fn a_long_axis_shows_its_ends() {
        let long = Tensor::arange(40).reshape(&[20, 2]).to_string();
        assert_eq!(
            long,
            "[[ 0,  1],\n [ 2,  3],\n [ 4,  5],\n ...,\n [34, 35],\n [36, 37],\n [38, 39]]"
        );
    }

    #[test]
    fn empty_tensors_show_their_brackets() {
        assert_eq!(Tensor::zeros(&[0]).to_string(), "[]");
        assert_eq!(Tensor::zeros(&[2, 0]).to_string(), "[[],\n []]");
    }
}
