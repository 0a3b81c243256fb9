//! Colour photographs with 256 colours: a page or a notebook carries a third of the bytes, and nobody sees the difference.

use crate::image::{PixelKind, Pixels};

/// Colours are told apart by their five highest bits a channel while they are counted.
const BITS: usize = 5;
const MOST: usize = 256;

/// Pixels that look alike: one bin of the count.
struct Bin {
    index: usize,
    /// The sum of each channel.
    sums: [usize; 3],
    count: usize,
}

impl Bin {
    fn mean(&self, channel: usize) -> usize {
        self.sums[channel] / self.count
    }
}

/// The same picture with at most 256 colours, when it is in colour. Source: P. Heckbert, *Color image quantization for frame
/// buffer display*, 1982 (median cut).
pub(super) fn reduced(pixels: Pixels) -> Pixels {
    if !matches!(pixels.kind, PixelKind::Rgb) {
        return pixels;
    }
    let bin_of = |pixel: &[u8]| {
        pixel.iter().fold(0, |index, &value| {
            index << BITS | usize::from(value) >> (8 - BITS)
        })
    };
    let mut bins: Vec<Bin> = (0..1 << (3 * BITS))
        .map(|index| Bin {
            index,
            sums: [0; 3],
            count: 0,
        })
        .collect();
    for pixel in pixels.bytes.chunks(3) {
        let bin = &mut bins[bin_of(pixel)];
        bin.count += 1;
        for (sum, &value) in bin.sums.iter_mut().zip(pixel) {
            *sum += usize::from(value);
        }
    }
    bins.retain(|bin| bin.count > 0);

    let mut boxes = vec![bins];
    while boxes.len() < MOST {
        // The box whose split gains most: many pixels, far apart.
        let gain = |bins: &Vec<Bin>| {
            let pixels: usize = bins.iter().map(|bin| bin.count).sum();
            pixels * longest_side(bins).1
        };
        let (at, _) = boxes
            .iter()
            .enumerate()
            .max_by_key(|(_, bins)| gain(bins))
            .expect("there is a box");
        if gain(&boxes[at]) == 0 {
            break;
        }
        let mut lower = std::mem::take(&mut boxes[at]);
        let (channel, _) = longest_side(&lower);
        lower.sort_by_key(|bin| (bin.mean(channel), bin.index));
        let half = lower.iter().map(|bin| bin.count).sum::<usize>() / 2;
        let mut seen = 0;
        let reaches_half = |bin: &Bin| {
            seen += bin.count;
            seen > half
        };
        let middle = lower.iter().position(reaches_half).unwrap_or(0);
        let upper = lower.split_off(middle.clamp(1, lower.len() - 1));
        boxes[at] = lower;
        boxes.push(upper);
    }

    let mut palette = Vec::with_capacity(boxes.len());
    let mut colour_of = vec![0_u8; 1 << (3 * BITS)];
    // From dark to light, so that neighbours in the picture have neighbouring numbers.
    let mean = |bins: &Vec<Bin>| -> [usize; 3] {
        let count: usize = bins.iter().map(|bin| bin.count).sum();
        std::array::from_fn(|channel| {
            bins.iter().map(|bin| bin.sums[channel]).sum::<usize>() / count
        })
    };
    boxes.sort_by_key(|bins| mean(bins).iter().sum::<usize>());
    for (colour, bins) in boxes.iter().enumerate() {
        let [red, green, blue] = mean(bins).map(|value| value as u8);
        palette.push([red, green, blue, 255]);
        for bin in bins {
            colour_of[bin.index] = colour as u8;
        }
    }
    Pixels {
        width: pixels.width,
        height: pixels.height,
        kind: PixelKind::Indexed(palette),
        bytes: pixels
            .bytes
            .chunks(3)
            .map(|pixel| colour_of[bin_of(pixel)])
            .collect(),
    }
}

/// The channel in which the bins lie furthest apart, and how far.
fn longest_side(bins: &[Bin]) -> (usize, usize) {
    let range = |channel: usize| {
        let values = || bins.iter().map(|bin| bin.mean(channel));
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    (0..3)
        .map(|channel| (channel, range(channel)))
        .max_by_key(|&(_, range)| range)
        .expect("there are three channels")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photograph() -> Pixels {
        let cat = crate::image::read_rgb(sample_data::chelsea()).unwrap();
        Pixels::of("test", &cat)
    }

    #[test]
    fn a_photograph_keeps_its_look_and_loses_half_its_bytes() {
        let (before, whole) = (photograph(), crate::image::encode(&photograph()).len());
        let after = reduced(photograph());
        let PixelKind::Indexed(palette) = &after.kind else {
            panic!("it stayed as it was")
        };
        assert_eq!(palette.len(), 256);
        let squares = before
            .bytes
            .chunks(3)
            .zip(&after.bytes)
            .map(|(pixel, &colour)| {
                let near = palette[usize::from(colour)];
                pixel
                    .iter()
                    .zip(near)
                    .map(|(&a, b)| (f64::from(a) - f64::from(b)).powi(2))
                    .sum::<f64>()
            });
        let error = (squares.sum::<f64>() / before.bytes.len() as f64).sqrt();
        assert!(error < 4.0, "off by {error} of 255");
        let size = crate::image::encode(&after).len();
        assert!(2 * size < whole, "{size} of {whole} bytes");
    }

    #[test]
    fn few_colours_stay_few() {
        let bytes = [[255, 0, 0], [0, 0, 255], [255, 0, 0], [0, 128, 0]].concat();
        let pixels = Pixels {
            width: 2,
            height: 2,
            kind: PixelKind::Rgb,
            bytes,
        };
        let after = reduced(pixels);
        let PixelKind::Indexed(palette) = &after.kind else {
            panic!("it stayed as it was")
        };
        let colours: Vec<[u8; 4]> = after
            .bytes
            .iter()
            .map(|&colour| palette[usize::from(colour)])
            .collect();
        assert_eq!(
            colours,
            [
                [255, 0, 0, 255],
                [0, 0, 255, 255],
                [255, 0, 0, 255],
                [0, 128, 0, 255]
            ]
        );
    }
}
