//! How the numbers of a figure are written: short, and alike within one figure.

/// The values as texts: whole numbers as such; otherwise all with the same one to three decimals.
pub(crate) fn format_all(values: &[f32]) -> Vec<String> {
    let decimals = decimals(values);
    values
        .iter()
        .map(|&value| format_one(value, decimals))
        .collect()
}

/// One value by itself.
pub(crate) fn format_short(value: f32) -> String {
    format_one(value, decimals(&[value]))
}

/// The fewest decimals that tell the values: none for whole numbers, one where that is exact, else two; three when all are small.
pub(crate) fn decimals(values: &[f32]) -> usize {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let exact_with = |factor: f32| {
        finite().all(|value| {
            (value * factor - (value * factor).round()).abs()
                <= 1e-5 * (value * factor).abs().max(1.0)
        })
    };
    if finite().all(|value| value.fract() == 0.0) {
        return 0;
    }
    let largest = finite().fold(0.0_f32, |most, value| most.max(value.abs()));
    match largest {
        _ if largest >= 1000.0 => 0,
        _ if largest >= 100.0 || exact_with(10.0) => 1,
        _ if largest < 0.1 && !exact_with(100.0) => 3,
        _ => 2,
    }
}

/// A value with that many decimals, and a true minus sign; very large or very small ones as 1.2e9.
pub(crate) fn format_one(value: f32, decimals: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "\u{221e}"
        } else {
            "\u{2212}\u{221e}"
        }
        .to_owned();
    }
    let size = value.abs();
    let vanishes = size > 0.0 && size < 0.5 * 0.1_f32.powi(decimals as i32) && size < 0.0005;
    let digits = if size >= 1e6 || vanishes {
        let digits = format!("{value:.1e}");
        digits.replace(".0e", "e")
    } else {
        format!("{value:.decimals$}")
    };
    // What rounds to nothing has no sign.
    let unsigned = digits.trim_start_matches('-');
    if unsigned
        .chars()
        .all(|character| character == '0' || character == '.')
    {
        return unsigned.to_owned();
    }
    digits.replace('-', "\u{2212}")
}

/// Rows of a matrix in a sentence: "0 1 2 / 3 4 5", or its range when it is long.
pub(crate) fn rows_in_words(values: &[f32], columns: usize) -> String {
    const MOST: usize = 144;
    if values.len() > MOST {
        return range_in_words(values);
    }
    format_all(values)
        .chunks(columns)
        .map(|row| row.join(" "))
        .collect::<Vec<_>>()
        .join(" / ")
}

/// "values from 0 to 1", of the finite ones.
pub(crate) fn range_in_words(values: &[f32]) -> String {
    match finite_range(values) {
        Some((low, high)) if low == high => format!("every value {}", format_short(low)),
        Some((low, high)) => {
            let texts = format_all(&[low, high]);
            format!("values from {} to {}", texts[0], texts[1])
        }
        None => "no finite value".to_owned(),
    }
}

/// The smallest and the largest finite value.
pub(crate) fn finite_range(values: &[f32]) -> Option<(f32, f32)> {
    values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .fold(None, |range, value| match range {
            None => Some((value, value)),
            Some((low, high)) => Some((value.min(low), value.max(high))),
        })
}

/// "rows 0 to 1", "row 2", "rows 0, 2 and 4".
pub(crate) fn indices_in_words(noun: &str, indices: &[usize]) -> String {
    let run = indices.windows(2).all(|pair| pair[1] == pair[0] + 1);
    match indices {
        [] => format!("no {noun}"),
        [only] => format!("{noun} {only}"),
        [first, .., last] if run && indices.len() > 2 => format!("{noun}s {first} to {last}"),
        [init @ .., last] => {
            let init: Vec<String> = init.iter().map(usize::to_string).collect();
            format!("{noun}s {} and {last}", init.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_figure_have_as_many_decimals_as_they_need_and_alike() {
        let texts = |values: &[f32]| format_all(values).join(" ");
        assert_eq!(texts(&[0., 19., -3.]), "0 19 \u{2212}3");
        assert_eq!(texts(&[0.5, 2.0]), "0.5 2.0");
        assert_eq!(texts(&[0.25, -1.0 / 3.0]), "0.25 \u{2212}0.33");
        assert_eq!(texts(&[0.1 + 0.2, 1.0]), "0.3 1.0");
        assert_eq!(texts(&[0.0125, -0.0301]), "0.013 \u{2212}0.030");
        assert_eq!(texts(&[1234.5, 0.25]), "1234 0");
        assert_eq!(texts(&[-0.0001, 1.5]), "\u{2212}1e\u{2212}4 1.50");
        assert_eq!(texts(&[-0.0, 1.0]), "0 1");
        assert_eq!(
            texts(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
            "NaN \u{221e} \u{2212}\u{221e}"
        );
        assert_eq!(texts(&[3e9, 1.0]), "3e9 1");
    }

    #[test]
    fn indices_read_as_a_phrase() {
        assert_eq!(indices_in_words("row", &[0, 1, 2]), "rows 0 to 2");
        assert_eq!(indices_in_words("row", &[0, 1]), "rows 0 and 1");
        assert_eq!(indices_in_words("row", &[4]), "row 4");
        assert_eq!(indices_in_words("column", &[0, 2, 4]), "columns 0, 2 and 4");
    }
}
