//! Images from and to PNG files, as tensors with values in 0..=1.
//!
//! Every kind of PNG can be read: 1 to 16 bits a channel, grey, colour or palette. What is transparent is laid over white.
//!
//! ```
//! use convcore::{Tensor, image};
//!
//! let path = std::env::temp_dir().join("convcore-image-example.png");
//! let ramp = Tensor::from([[0.0, 0.2, 0.4], [0.6, 0.8, 1.0]]);
//! image::write(&path, &ramp)?;
//! assert_eq!(image::read_gray(&path)?, ramp);
//! # std::fs::remove_file(&path).unwrap();
//! # Ok::<(), convcore::image::ImageError>(())
//! ```

use std::fs;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use crate::Tensor;

/// More pixels than this are no photograph but a mistake, or an attack on the memory.
const MOST_PIXELS: u64 = 1 << 26;

/// Why an image could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The file is missing or cannot be opened.
    #[error("cannot open the image {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no PNG, or a damaged one.
    #[error("cannot read {} as PNG: {reason}", path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file claims more pixels than are read.
    #[error("the image {} claims {width} by {height} pixels: more than {MOST_PIXELS} are not read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A figure that is a drawing was to be saved as PNG.
    #[error("cannot save {} as PNG: only a photo without a title is pixels; name the file .svg", path.display())]
    NotAPhoto {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a PNG file as grey values: a tensor of shape `[height, width]`, 0 for black to 1 for white.
///
/// Colours become grey by their luma, 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601, as Pillow's mode "L" has it).
///
/// # Errors
///
/// When the file is missing, is no PNG, is damaged, or claims more than 2^26 pixels.
///
/// ```
/// let photo = convcore::image::read_gray(sample_data::camera())?;
/// assert_eq!(photo.shape(), [256, 256]);
/// # Ok::<(), convcore::image::ImageError>(())
/// ```
pub fn read_gray(path: impl AsRef<Path>) -> Result<Tensor, ImageError> {
    let image = decode(path.as_ref())?;
    let values = match image.channels {
        1 => image.values,
        _ => image
            .values
            .chunks_exact(3)
            .map(|rgb| 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])
            .collect(),
    };
    Ok(Tensor::new(&[image.height, image.width], values))
}

/// Reads a PNG file as three planes: a tensor of shape `[3, height, width]` with red, green and blue in 0..=1.
///
/// A grey image has three equal planes.
///
/// # Errors
///
/// When the file is missing, is no PNG, is damaged, or claims more than 2^26 pixels.
///
/// ```
/// let cat = convcore::image::read_rgb(sample_data::chelsea())?;
/// assert_eq!(cat.shape(), [3, 256, 256]);
/// # Ok::<(), convcore::image::ImageError>(())
/// ```
pub fn read_rgb(path: impl AsRef<Path>) -> Result<Tensor, ImageError> {
    let image = decode(path.as_ref())?;
    let plane = |channel: usize| {
        image
            .values
            .iter()
            .skip(channel % image.channels)
            .step_by(image.channels)
            .copied()
    };
    let values: Vec<f32> = (0..3).flat_map(plane).collect();
    Ok(Tensor::new(&[3, image.height, image.width], values))
}

/// Writes a tensor as a PNG file of 8 bits a channel: grey from shape `[height, width]` or `[1, height, width]`, colour from
/// `[3, height, width]`. Values are cut to 0..=1; what is not a number becomes 0.
///
/// The file appears as a whole or not at all; one that exists is replaced.
///
/// # Errors
///
/// When the file cannot be written.
///
/// # Panics
///
/// When the tensor has another shape, or no pixel.
#[track_caller]
pub fn write(path: impl AsRef<Path>, image: &Tensor) -> Result<(), ImageError> {
    let bytes = encode(&Pixels::of("image::write", image));
    write_whole(path.as_ref(), &bytes)
}

/// Writes a file as a whole, with this module's error.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ImageError> {
    crate::file::write(path, bytes).map_err(|source| ImageError::Write {
        path: path.to_owned(),
        source,
    })
}

/// A decoded image: its channels (1 or 3) interleaved, in 0..=1.
struct Decoded {
    height: usize,
    width: usize,
    channels: usize,
    values: Vec<f32>,
}

fn decode(path: &Path) -> Result<Decoded, ImageError> {
    let file = fs::File::open(path).map_err(|source| ImageError::Open {
        path: path.to_owned(),
        source,
    })?;
    let damaged = |reason: String| ImageError::Decode {
        path: path.to_owned(),
        reason,
    };

    let mut decoder = png::Decoder::new(BufReader::new(file));
    // Palettes become colours, less than 8 bits become 8; 16 bits stay.
    decoder.set_transformations(png::Transformations::EXPAND);
    let (width, height) = decoder
        .read_header_info()
        .map_err(|error| damaged(error.to_string()))?
        .size();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(ImageError::TooLarge {
            path: path.to_owned(),
            width,
            height,
        });
    }
    let mut reader = decoder
        .read_info()
        .map_err(|error| damaged(error.to_string()))?;
    let size = reader
        .output_buffer_size()
        .ok_or_else(|| damaged("it does not fit into memory".to_owned()))?;
    let mut bytes = vec![0; size];
    let info = reader
        .next_frame(&mut bytes)
        .map_err(|error| damaged(error.to_string()))?;
    bytes.truncate(info.buffer_size());

    let samples: Vec<f32> = match info.bit_depth {
        png::BitDepth::Sixteen => bytes
            .chunks_exact(2)
            .map(|pair| f32::from(u16::from_be_bytes([pair[0], pair[1]])) / 65535.0)
            .collect(),
        _ => bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect(),
    };
    let over_white = |pixels: &[f32], channels: usize| -> Vec<f32> {
        let opaque = |pixel: &[f32]| {
            let alpha = pixel[channels];
            pixel[..channels]
                .iter()
                .map(|value| value * alpha + (1.0 - alpha))
                .collect::<Vec<_>>()
        };
        pixels.chunks_exact(channels + 1).flat_map(opaque).collect()
    };
    let (channels, values) = match info.color_type {
        png::ColorType::Grayscale => (1, samples),
        png::ColorType::GrayscaleAlpha => (1, over_white(&samples, 1)),
        png::ColorType::Rgb => (3, samples),
        png::ColorType::Rgba => (3, over_white(&samples, 3)),
        png::ColorType::Indexed => return Err(damaged("its palette is missing".to_owned())),
    };
    Ok(Decoded {
        height: info.height as usize,
        width: info.width as usize,
        channels,
        values,
    })
}

/// What the encoder writes.
pub(crate) struct Pixels {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) kind: PixelKind,
    /// Row by row; three bytes a pixel when it is RGB, else one.
    pub(crate) bytes: Vec<u8>,
}

pub(crate) enum PixelKind {
    Gray,
    Rgb,
    /// Bytes are indices into these colours: red, green, blue, opacity.
    Indexed(Vec<[u8; 4]>),
}

impl Pixels {
    /// The pixels of an image tensor, values cut to 0..=1.
    #[track_caller]
    pub(crate) fn of(operation: &str, image: &Tensor) -> Pixels {
        let shape = image.shape();
        let (channels, height, width) = match *shape {
            [height, width] | [1, height, width] => (1, height, width),
            [3, height, width] => (3, height, width),
            _ => panic!(
                "{operation}: an image is [H, W], [1, H, W] or [3, H, W], got shape {shape:?}"
            ),
        };
        assert!(
            height > 0 && width > 0,
            "{operation}: an image needs pixels, got shape {shape:?}"
        );
        let values = image.as_slice();
        let plane = height * width;
        // NaN survives `clamp` and becomes 0 in the conversion.
        let byte = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
        let bytes = (0..plane)
            .flat_map(|pixel| {
                (0..channels).map(move |channel| byte(values[channel * plane + pixel]))
            })
            .collect();
        Pixels {
            width,
            height,
            kind: if channels == 3 {
                PixelKind::Rgb
            } else {
                PixelKind::Gray
            },
            bytes,
        }
    }
}

/// The bytes of a PNG file, small.
pub(crate) fn encode(pixels: &Pixels) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let (width, height) = (u32::try_from(pixels.width), u32::try_from(pixels.height));
    let mut encoder = png::Encoder::new(
        &mut file,
        width.expect("a width below 2^32"),
        height.expect("a height below 2^32"),
    );
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_deflate_compression(png::DeflateCompression::Level(9));
    encoder.set_filter(png::Filter::Adaptive);
    match &pixels.kind {
        PixelKind::Gray => encoder.set_color(png::ColorType::Grayscale),
        PixelKind::Rgb => encoder.set_color(png::ColorType::Rgb),
        PixelKind::Indexed(palette) => {
            encoder.set_color(png::ColorType::Indexed);
            encoder.set_palette(
                palette
                    .iter()
                    .flat_map(|colour| colour[..3].to_vec())
                    .collect::<Vec<u8>>(),
            );
            if palette.iter().any(|colour| colour[3] < 255) {
                encoder.set_trns(
                    palette
                        .iter()
                        .map(|colour| colour[3])
                        .take_while(|&opacity| opacity < 255)
                        .collect::<Vec<u8>>(),
                );
            }
            // Neighbouring indices differ by no rule that a filter could use.
            encoder.set_filter(png::Filter::NoFilter);
        }
    }
    // Writing to memory fails only for inconsistent sizes, which `Pixels` rules out.
    let mut writer = encoder.write_header().expect("a valid header");
    writer
        .write_image_data(&pixels.bytes)
        .expect("as many bytes as pixels");
    writer.finish().expect("a complete file");
    file.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of the test's own, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Folder {
            let folder =
                std::env::temp_dir().join(format!("convcore-{test}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }

        /// A PNG file made with the encoder itself.
        fn png(
            &self,
            color: png::ColorType,
            depth: png::BitDepth,
            size: (u32, u32),
            bytes: &[u8],
        ) -> PathBuf {
            let path = self.0.join("image.png");
            let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), size.0, size.1);
            encoder.set_color(color);
            encoder.set_depth(depth);
            if color == png::ColorType::Indexed {
                encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
                encoder.set_trns(vec![255, 0]);
            }
            encoder
                .write_header()
                .unwrap()
                .write_image_data(bytes)
                .unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = Folder::new("round-trip");
        let path = folder.0.join("image.png");
        let levels: Vec<f32> = (0..=255_u8).map(|level| f32::from(level) / 255.0).collect();
        let grey = Tensor::new(&[16, 16], levels.clone());
        write(&path, &grey).unwrap();
        assert_eq!(read_gray(&path).unwrap(), grey);
        assert_eq!(
            read_rgb(&path).unwrap(),
            Tensor::new(&[3, 16, 16], levels.repeat(3))
        );

        let colour = Tensor::new(&[3, 2, 1], vec![0.0, 1.0, 0.2, 0.4, 0.6, 0.8]);
        write(&path, &colour).unwrap();
        assert_eq!(read_rgb(&path).unwrap(), colour);
        let luma = [0.114 * 0.6 + 0.587 * 0.2, 0.299 + 0.587 * 0.4 + 0.114 * 0.8];
        assert!(
            read_gray(&path)
                .unwrap()
                .allclose(&Tensor::new(&[2, 1], luma.to_vec()), 1e-6)
        );
        assert_eq!(
            fs::read_dir(&folder.0).unwrap().count(),
            1,
            "nothing but the image is left"
        );
    }

    #[test]
    fn values_outside_of_the_range_are_cut() {
        let folder = Folder::new("cut");
        let path = folder.0.join("image.png");
        write(
            &path,
            &Tensor::from([[-1.0, 2.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5]]),
        )
        .unwrap();
        assert_eq!(
            read_gray(&path).unwrap(),
            Tensor::from([[0.0, 1.0, 0.0, 1.0, 0.0, 128.0 / 255.0]])
        );
    }

    #[test]
    fn sixteen_bits_few_bits_palettes_and_transparency_are_read() {
        use png::{BitDepth, ColorType};
        let folder = Folder::new("kinds");
        let path = folder.png(
            ColorType::Grayscale,
            BitDepth::Sixteen,
            (2, 1),
            &[0x80, 0x00, 0xff, 0xff],
        );
        assert_eq!(
            read_gray(path).unwrap(),
            Tensor::from([[32768.0 / 65535.0, 1.0]])
        );
        // 1011: white, black, white, white.
        let path = folder.png(ColorType::Grayscale, BitDepth::One, (4, 1), &[0b1011_0000]);
        assert_eq!(
            read_gray(path).unwrap(),
            Tensor::from([[1.0, 0.0, 1.0, 1.0]])
        );
        // Red, and a blue that is not there: white shows.
        let path = folder.png(ColorType::Indexed, BitDepth::Eight, (2, 1), &[0, 1]);
        assert_eq!(
            read_rgb(path).unwrap(),
            Tensor::new(&[3, 1, 2], vec![1.0, 1.0, 0.0, 1.0, 0.0, 1.0])
        );
        let path = folder.png(
            ColorType::GrayscaleAlpha,
            BitDepth::Eight,
            (2, 1),
            &[0, 51, 100, 0],
        );
        assert!(
            read_gray(path)
                .unwrap()
                .allclose(&Tensor::from([[0.8, 1.0]]), 1e-6)
        );
    }

    #[test]
    fn what_is_no_image_is_an_error_that_names_the_file() {
        let folder = Folder::new("errors");
        let missing = read_gray(folder.0.join("none.png")).unwrap_err();
        assert!(
            matches!(missing, ImageError::Open { .. }) && missing.to_string().contains("none.png"),
            "{missing}"
        );

        let path = folder.0.join("text.png");
        fs::write(&path, "no image").unwrap();
        let text = read_rgb(&path).unwrap_err();
        assert!(
            matches!(text, ImageError::Decode { .. }) && text.to_string().contains("text.png"),
            "{text}"
        );

        write(&path, &Tensor::zeros(&[64, 64])).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in [0, 8, 20, 40, whole.len() / 2] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                matches!(read_gray(&path), Err(ImageError::Decode { .. })),
                "cut to {length} bytes"
            );
        }
    }

    #[test]
    fn an_absurd_size_is_refused_before_memory_is_asked_for() {
        let folder = Folder::new("absurd");
        let path = folder.0.join("image.png");
        let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), 100_000, 100_000);
        encoder.set_color(png::ColorType::Rgb);
        drop(encoder.write_header().unwrap());
        let error = read_gray(&path).unwrap_err();
        assert!(
            matches!(
                error,
                ImageError::TooLarge {
                    width: 100_000,
                    height: 100_000,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = Folder::new("failed");
        // A folder stands where the file should go: the rename fails.
        let path = folder.0.join("image.png");
        fs::create_dir(&path).unwrap();
        let error = write(&path, &Tensor::zeros(&[2, 2])).unwrap_err();
        assert!(matches!(error, ImageError::Write { .. }), "{error}");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }
}
