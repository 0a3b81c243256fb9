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
