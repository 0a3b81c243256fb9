//! The IDX format of the MNIST digits, plain or gzipped.
//!
//! Source: the format's description on Yann LeCun's MNIST page. A file holds two zero bytes, the type of the elements, the
//! number of axes, the length of each axis (four bytes, the highest first), and the elements.
//!
//! ```
//! use convcore::idx;
//! let images = idx::read_images(sample_data::test_images())?;
//! let labels = idx::read_labels(sample_data::test_labels())?;
//! assert_eq!(images.shape(), [10_000, 28, 28]);
//! assert_eq!(labels[..3], [7, 2, 1]);
//! # Ok::<(), idx::IdxError>(())
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::Tensor;
use crate::tensor::element_count;

/// Why a file could not be read as IDX.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {} as IDX: {reason}", path.display())]
pub struct IdxError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: IdxReason,
}

/// What is wrong with an IDX file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxReason {
    /// The file is missing, cannot be read, or is damaged gzip.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The first four bytes are not those of unsigned bytes with this number of axes.
    #[error("it begins with {found:?}, not with {expected:?}")]
    Magic {
        /// The first bytes of the file.
        found: [u8; 4],
        /// Those of such a file.
        expected: [u8; 4],
    },
    /// The file ends early.
    #[error("it ends after {found} bytes of data, its header says {expected}")]
    Truncated {
        /// How many bytes of data there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// The file goes on after its data.
    #[error("it goes on after the {expected} bytes of data that its header says")]
    TooLong {
        /// How many bytes of data there should be.
        expected: usize,
    },
    /// The header claims more than memory can hold.
    #[error("its header says {shape:?}, which does not fit in memory")]
    TooLarge {
        /// The lengths of the axes.
        shape: Vec<usize>,
    },
}

/// Reads grey images, `[N, height, width]`, with 0 for a byte of 0 and 1 for one of 255.
///
/// Errs when the file cannot be read, is no IDX file of images, or is cut off.
///
/// ```
/// let images = convcore::idx::read_images(sample_data::train_images())?;
/// assert_eq!((images.min(), images.max()), (0., 1.));
/// # Ok::<(), convcore::idx::IdxError>(())
/// ```
pub fn read_images(path: impl AsRef<Path>) -> Result<Tensor, IdxError> {
    let (shape, bytes) = read::<3>(path.as_ref())?;
    let values = bytes.into_iter().map(|byte| f32::from(byte) / 255.);
    Ok(Tensor::from_parts(&shape, values.collect()))
}

/// Reads labels: one class a row.
///
/// Errs when the file cannot be read, is no IDX file of labels, or is cut off.
///
/// ```
/// let labels = convcore::idx::read_labels(sample_data::train_labels())?;
/// assert_eq!(labels.len(), 10_000);
/// # Ok::<(), convcore::idx::IdxError>(())
/// ```
pub fn read_labels(path: impl AsRef<Path>) -> Result<Vec<usize>, IdxError> {
    let (_, bytes) = read::<1>(path.as_ref())?;
    Ok(bytes.into_iter().map(usize::from).collect())
}

fn read<const AXES: usize>(path: &Path) -> Result<([usize; AXES], Vec<u8>), IdxError> {
    let open = || -> Result<_, IdxReason> {
        let mut file = BufReader::new(File::open(path)?);
        // Gzip tells itself by its first bytes, whatever the file is called.
        if file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
            decode(MultiGzDecoder::new(file))
        } else {
            decode(file)
        }
    };
    open().map_err(|reason| IdxError {
        path: path.to_owned(),
        reason,
    })
}

/// The shape and the bytes of an array of unsigned bytes.
fn decode<const AXES: usize>(mut file: impl Read) -> Result<([usize; AXES], Vec<u8>), IdxReason> {
    const UNSIGNED_BYTES: u8 = 8;
    let expected = [0, 0, UNSIGNED_BYTES, AXES as u8];
    let mut word = || -> io::Result<[u8; 4]> {
        let mut word = [0; 4];
        file.read_exact(&mut word)?;
        Ok(word)
    };
    let found = word()?;
    if found != expected {
        return Err(IdxReason::Magic { found, expected });
    }
    let mut shape = [0; AXES];
    for length in &mut shape {
        *length = u32::from_be_bytes(word()?) as usize;
    }
    let expected = element_count(&shape).ok_or(IdxReason::TooLarge {
        shape: shape.to_vec(),
    })?;
    // The buffer grows with the data that there is, not with what the header claims.
    let mut bytes = Vec::new();
    file.take(expected as u64 + 1).read_to_end(&mut bytes)?;
    match bytes.len() {
        found if found < expected => Err(IdxReason::Truncated { found, expected }),
        found if found > expected => Err(IdxReason::TooLong { expected }),
        _ => Ok((shape, bytes)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::{IdxReason, decode};

    const TWO_IMAGES: [u8; 18] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9];

    #[test]
    fn a_small_file_is_read() {
        let (shape, bytes) = decode::<3>(&TWO_IMAGES[..]).unwrap();
        assert_eq!((shape, bytes), ([2, 1, 1], vec![7, 9]));
    }

    #[test]
    fn every_truncation_and_any_excess_is_an_error() {
        for length in 0..TWO_IMAGES.len() {
            let error = decode::<3>(&TWO_IMAGES[..length]).unwrap_err();
            assert!(
                matches!(error, IdxReason::Io(_) | IdxReason::Truncated { .. }),
                "{length} bytes: {error}"
            );
        }
        let longer = [&TWO_IMAGES[..], &[1]].concat();
        assert!(matches!(
            decode::<3>(&longer[..]),
            Err(IdxReason::TooLong { expected: 2 })
        ));
    }

    #[test]
    fn another_magic_number_is_an_error() {
        let error = decode::<1>(&TWO_IMAGES[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it begins with [0, 0, 8, 3], not with [0, 0, 8, 1]"
        );
    }

    #[test]
    fn absurd_lengths_are_an_error_and_no_allocation() {
        let mut claims = TWO_IMAGES;
        claims[4..16].fill(0xff);
        assert!(matches!(
            decode::<3>(&claims[..]),
            Err(IdxReason::TooLarge { .. })
        ));
        claims[12..16].copy_from_slice(&[0, 0, 0, 1]);
        claims[4] = 0x3f;
        // 2⁶² bytes would fit in an address space, and in no machine.
        assert!(matches!(
            decode::<3>(&claims[..]),
            Err(IdxReason::TooLarge { .. } | IdxReason::Truncated { .. })
        ));
    }

    #[test]
    fn damaged_gzip_is_an_error_of_its_file() {
        let path = std::env::temp_dir().join(format!("convcore-idx-{}.gz", std::process::id()));
        let whole = std::fs::read(sample_data::test_labels()).unwrap();
        let mut damaged = std::fs::File::create(&path).unwrap();
        damaged.write_all(&whole[..whole.len() / 2]).unwrap();
        let error = super::read_labels(&path).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert!(error.to_string().contains("convcore-idx"), "{error}");
        assert!(matches!(error.reason, IdxReason::Io(_)), "{error}");
    }

    #[test]
    fn a_gzip_bomb_is_read_no_further_than_its_header_says() {
        let endless = TWO_IMAGES.chain(std::io::repeat(0));
        assert!(matches!(
            decode::<3>(endless),
            Err(IdxReason::TooLong { expected: 2 })
        ));
    }
}
