//! Colour maps, and images inside a drawing.

use super::numbers::finite_range;
use super::svg::number;
use crate::image::{PixelKind, Pixels, encode};

/// Viridis (Smith and van der Walt, 2015), every 32nd of its colours: even steps of lightness, for every kind of colour vision.
const VIRIDIS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];
/// The two ends of the diverging map: alike in lightness, told apart by every kind of colour vision.
const NEGATIVE: [u8; 3] = [40, 116, 190];
const POSITIVE: [u8; 3] = [184, 90, 0];

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ColourMap {
    /// Dark violet to yellow, for values of one sign.
    Sequential { low: f32, high: f32 },
    /// Blue for negative, orange for positive; zero is clear, so that the page shows through on light and dark ground.
    Diverging { limit: f32 },
}

impl ColourMap {
    /// The map that suits the values: diverging when signs are mixed.
    pub(super) fn for_values(values: &[f32]) -> ColourMap {
        match finite_range(values) {
            None => ColourMap::Sequential {
                low: 0.0,
                high: 1.0,
            },
            Some((low, high)) if low < 0.0 && high > 0.0 => ColourMap::Diverging {
                limit: high.max(-low),
            },
            Some((low, high)) if low == high => ColourMap::Sequential {
                low: low - 0.5,
                high: high + 0.5,
            },
            Some((low, high)) => ColourMap::Sequential { low, high },
        }
    }

    /// The ends of the scale.
    pub(super) fn range(self) -> (f32, f32) {
        match self {
            ColourMap::Sequential { low, high } => (low, high),
            ColourMap::Diverging { limit } => (-limit, limit),
        }
    }

    /// Where on the scale a value lies, 0 to 1; `None` for what is not a finite number.
    fn fraction(self, value: f32) -> Option<f32> {
        if !value.is_finite() {
            return None;
        }
        let (low, high) = self.range();
        // In f64, so that the width of the scale cannot overflow.
        let fraction = (f64::from(value) - f64::from(low))
            / (f64::from(high) - f64::from(low)).max(f64::MIN_POSITIVE);
        Some(fraction.clamp(0.0, 1.0) as f32)
    }

    /// The colour, with its opacity, at a place on the scale.
    fn colour(self, fraction: Option<f32>) -> [u8; 4] {
        let Some(fraction) = fraction else {
            return [0, 0, 0, 0];
        };
        match self {
            ColourMap::Sequential { .. } => {
                let position = fraction * 8.0;
                let step = (position as usize).min(7);
                let between = position - step as f32;
                let mix = |channel: usize| {
                    let (from, to) = (
                        f32::from(VIRIDIS[step][channel]),
                        f32::from(VIRIDIS[step + 1][channel]),
                    );
                    (from + (to - from) * between).round() as u8
                };
                [mix(0), mix(1), mix(2), 255]
            }
            ColourMap::Diverging { .. } => {
                let signed = 2.0 * fraction - 1.0;
                let [red, green, blue] = if signed < 0.0 { NEGATIVE } else { POSITIVE };
                // Half linear, half by the square root: what is faint can still be seen.
                let opacity = (signed.abs() + signed.abs().sqrt()) / 2.0;
                [red, green, blue, (opacity * 255.0).round() as u8]
            }
        }
    }

    /// Fill attributes for a cell of that value.
    pub(super) fn fill(self, value: f32) -> String {
        let [red, green, blue, opacity] = self.colour(self.fraction(value));
        let colour = format!("fill=\"#{red:02x}{green:02x}{blue:02x}\"");
        match opacity {
            255 => colour,
            0 => "fill=\"none\"".to_owned(),
            _ => format!(
                "{colour} fill-opacity=\"{}\"",
                number(f32::from(opacity) / 255.0)
            ),
        }
    }

    /// The colour in which a number is legible on a cell of that value: `None` for the ink of the page.
    pub(super) fn text_on(self, value: f32) -> Option<&'static str> {
        let [red, green, blue, opacity] = self.colour(self.fraction(value));
        if opacity < 217 {
            return None;
        }
        let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        // Where black and white stand out equally: (L + 0.05)^2 = 1.05 * 0.05.
        Some(if luminance > 0.179 { "#000" } else { "#fff" })
    }

    /// What the colours stand for, in words.
    pub(super) fn in_words(self) -> String {
        let (low, high) = self.range();
        let texts = super::numbers::format_all(&[low, high]);
        match self {
            ColourMap::Sequential { .. } => {
                format!("dark violet for {} to yellow for {}", texts[0], texts[1])
            }
            ColourMap::Diverging { .. } => {
                format!(
                    "blue for negative down to {}, orange for positive up to {}, clear for 0",
                    texts[0], texts[1]
                )
            }
        }
    }

    /// Values as an image in this map, in steps that the eye does not see: fewer colours make a smaller file.
    pub(super) fn pixels(self, width: usize, height: usize, values: &[f32]) -> Pixels {
        // An even number of steps, so that the middle of the scale, zero, is one of them.
        const STEPS: f32 = 62.0;
        let colour = |&value: &f32| {
            self.colour(
                self.fraction(value)
                    .map(|fraction| (fraction * STEPS).round() / STEPS),
            )
        };
        let colours: Vec<[u8; 4]> = values.iter().map(colour).collect();
        let mut palette = colours.clone();
        // Clear colours first: the file lists opacities up to the last that is not full.
        palette.sort_by_key(|&[red, green, blue, opacity]| (opacity, red, green, blue));
        palette.dedup();
        let index = |colour: &[u8; 4]| {
            palette
                .iter()
                .position(|entry| entry == colour)
                .expect("a colour of the palette") as u8
        };
        Pixels {
            width,
            height,
            bytes: colours.iter().map(index).collect(),
            kind: PixelKind::Indexed(palette),
        }
    }
}

/// A channel of an sRGB colour, made linear in light; a power of 2.2 is close enough to choose black or white text.
fn linear(channel: u8) -> f32 {
    (f32::from(channel) / 255.0).powf(2.2)
}

/// An image element that holds a PNG; enlarged pixels are sharp squares.
pub(super) fn image_element(pixels: &Pixels, x: f32, y: f32, width: f32, height: f32) -> String {
    let enlarged = width >= 1.5 * pixels.width as f32 || height >= 1.5 * pixels.height as f32;
    let rendering = if enlarged {
        r#"image-rendering="pixelated" "#
    } else {
        ""
    };
    format!(
        r#"<image x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none" {rendering}href="data:image/png;base64,{}"/>"#,
        number(x),
        number(y),
        number(width),
        number(height),
        base64(&encode(pixels))
    )
}

/// Base64 with padding (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group
            .iter()
            .fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte))
            << (8 * (3 - group.len()));
        for digit in 0..4 {
            if digit <= group.len() {
                text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_gives_the_rfc_s_examples() {
        let examples = [
            "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
        ];
        for (length, expected) in examples.iter().enumerate() {
            assert_eq!(base64(&b"foobar"[..length]), *expected);
        }
    }

    #[test]
    fn the_diverging_map_is_clear_at_zero_and_symmetric() {
        let map = ColourMap::for_values(&[-2.0, 1.0]);
        assert_eq!(map, ColourMap::Diverging { limit: 2.0 });
        let opacity = |value: f32| map.colour(map.fraction(value))[3];
        assert_eq!(opacity(0.0), 0);
        assert_eq!((opacity(-1.0), opacity(1.0)), (154, 154));
        assert_eq!(opacity(f32::NAN), 0);
    }
}
