//! Tensors in `.safetensors` files, with PyTorch's names and layout, in both directions.
//!
//! ```
//! use convcore::{nn::{self, Conv2d}, safetensors, seeded};
//! let path = std::env::temp_dir().join("convcore-safetensors-example.safetensors");
//! let trained = Conv2d::new(1, 6, 5).build(&mut seeded(1))?;
//! safetensors::save(&path, &nn::state(&trained))?;
//!
//! let mut model = Conv2d::new(1, 6, 5).build(&mut seeded(2))?;
//! nn::load_state(&mut model, &safetensors::load(&path)?)?;
//! assert_eq!(model.weight, trained.weight);
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ::safetensors::tensor::{Metadata, SafeTensors};
use ::safetensors::{Dtype, View};

use crate::Tensor;
use crate::tensor::element_count;

/// Why tensors could not be read from a file or written to one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// The file is missing or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bytes are not in this format, or cut off.
    #[error("no valid safetensors: {reason}")]
    Format {
        /// What is wrong with them.
        reason: String,
    },
    /// There is no tensor of this name.
    #[error("there is no tensor \"{name}\"")]
    Missing {
        /// The name that was asked for.
        name: String,
    },
    /// The tensor's elements are no 32-bit floats.
    #[error("tensor \"{name}\" holds {dtype}; only F32 is read")]
    Type {
        /// The tensor.
        name: String,
        /// The type of its elements, as the format names it.
        dtype: String,
    },
    /// The tensor has a shape that memory cannot hold.
    #[error("tensor \"{name}\" has shape {shape:?}, which does not fit in memory")]
    TooLarge {
        /// The tensor.
        name: String,
        /// The shape that the file claims.
        shape: Vec<usize>,
    },
}

/// The tensors of one file, read one by one.
///
/// ```
/// use convcore::safetensors::Archive;
/// let weights = Archive::open(sample_data::edge_detector())?;
/// assert_eq!(weights.tensor("conv1_1.weight")?.shape(), [64, 3, 3, 3]);
/// assert!(weights.tensor("conv9.weight").is_err());
/// # Ok::<(), convcore::safetensors::SafetensorsError>(())
/// ```
#[derive(Debug)]
pub struct Archive {
    bytes: Vec<u8>,
    metadata: Metadata,
    /// Where the tensors' bytes begin.
    data: usize,
}

impl Archive {
    /// Reads a file's bytes and its table of contents.
    ///
    /// Errs when the file cannot be read, is in another format or is cut off.
    ///
    /// ```
    /// let error = convcore::safetensors::Archive::open("no such file").unwrap_err();
    /// assert!(error.to_string().starts_with("cannot read no such file"));
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Archive, SafetensorsError> {
        let path = path.as_ref();
        let read = |source| SafetensorsError::Read {
            path: path.to_owned(),
            source,
        };
        Archive::from_bytes(std::fs::read(path).map_err(read)?)
    }

    /// The same from bytes that are already in memory.
    ///
    /// ```
    /// let error = convcore::safetensors::Archive::from_bytes(b"short".to_vec()).unwrap_err();
    /// assert!(error.to_string().starts_with("no valid safetensors"));
    /// ```
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Archive, SafetensorsError> {
        let (header, metadata) =
            SafeTensors::read_metadata(&bytes).map_err(|error| SafetensorsError::Format {
                reason: error.to_string(),
            })?;
        // Eight bytes before the header give its length.
        let data = header + 8;
        Ok(Archive {
            bytes,
            metadata,
            data,
        })
    }

    /// The names of the tensors, in alphabetical order.
    ///
    /// ```
    /// let weights = convcore::safetensors::Archive::open(sample_data::edge_detector())?;
    /// assert_eq!(weights.names()[..2], ["conv1_1.bias", "conv1_1.weight"]);
    /// # Ok::<(), convcore::safetensors::SafetensorsError>(())
    /// ```
    pub fn names(&self) -> Vec<String> {
        let mut names = self.metadata.offset_keys();
        names.sort();
        names
    }

    /// The tensor of this name.
    ///
    /// Errs when there is none, when its elements are no 32-bit floats, or when memory cannot hold its shape.
    ///
    /// ```
    /// let weights = convcore::safetensors::Archive::open(sample_data::edge_detector())?;
    /// assert_eq!(weights.tensor("side1.weight")?.shape(), [1, 64, 1, 1]);
    /// # Ok::<(), convcore::safetensors::SafetensorsError>(())
    /// ```
    pub fn tensor(&self, name: &str) -> Result<Tensor, SafetensorsError> {
        let name = || name.to_owned();
        let info = self
            .metadata
            .info(&name())
            .ok_or_else(|| SafetensorsError::Missing { name: name() })?;
        if info.dtype != Dtype::F32 {
            return Err(SafetensorsError::Type {
                name: name(),
                dtype: info.dtype.to_string(),
            });
        }
        let (start, end) = info.data_offsets;
        let bytes = &self.bytes[self.data + start..self.data + end];
        if element_count(&info.shape) != Some(bytes.len() / 4) {
            return Err(SafetensorsError::TooLarge {
                name: name(),
                shape: info.shape.clone(),
            });
        }
        let (values, _) = bytes.as_chunks();
        Ok(Tensor::from_parts(
            &info.shape,
            values
                .iter()
                .map(|&value| f32::from_le_bytes(value))
                .collect(),
        ))
    }
}

/// All tensors of a file by name: what [`nn::load_state`](crate::nn::load_state) takes.
///
/// Errs when the file cannot be read, is damaged, or holds other numbers than 32-bit floats.
///
/// ```
/// let weights = convcore::safetensors::load(sample_data::edge_detector())?;
/// assert_eq!(weights["conv1_1.bias"].shape(), [64]);
/// # Ok::<(), convcore::safetensors::SafetensorsError>(())
/// ```
pub fn load(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>, SafetensorsError> {
    let archive = Archive::open(path)?;
    let read = |name: String| archive.tensor(&name).map(|tensor| (name, tensor));
    archive.names().into_iter().map(read).collect()
}

/// Writes tensors by name, as 32-bit floats in row-major order, to a file that PyTorch's `safetensors` package reads.
///
/// The file appears whole or not at all: it is written beside and then renamed. Errs when it cannot be.
///
/// ```
/// use std::collections::BTreeMap;
/// use convcore::{Tensor, safetensors};
/// let path = std::env::temp_dir().join("convcore-save-example.safetensors");
/// let tensors = BTreeMap::from([("kernel".to_owned(), Tensor::from([[0., 1.], [2., 3.]]))]);
/// safetensors::save(&path, &tensors)?;
/// assert_eq!(safetensors::load(&path)?, tensors);
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), safetensors::SafetensorsError>(())
/// ```
pub fn save(
    path: impl AsRef<Path>,
    tensors: &BTreeMap<String, Tensor>,
) -> Result<(), SafetensorsError> {
    let bytes = to_bytes(tensors)?;
    let path = path.as_ref();
    crate::file::write(path, &bytes).map_err(|source| SafetensorsError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The bytes that [`save`] writes.
///
/// ```
/// use convcore::safetensors::{Archive, to_bytes};
/// let bytes = to_bytes(&Default::default())?;
/// assert!(Archive::from_bytes(bytes)?.names().is_empty());
/// # Ok::<(), convcore::safetensors::SafetensorsError>(())
/// ```
pub fn to_bytes(tensors: &BTreeMap<String, Tensor>) -> Result<Vec<u8>, SafetensorsError> {
    ::safetensors::serialize(
        tensors.iter().map(|(name, tensor)| (name, Values(tensor))),
        None,
    )
    .map_err(|error| SafetensorsError::Format {
        reason: error.to_string(),
    })
}

/// A tensor as the format's crate wants to see it.
struct Values<'a>(&'a Tensor);

impl View for Values<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.0
            .as_slice()
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn data_len(&self) -> usize {
        4 * self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Archive, SafetensorsError, to_bytes};
    use crate::Tensor;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            data,
        ]
        .concat()
    }

    #[test]
    fn every_truncation_of_a_file_is_an_error() {
        let tensors = BTreeMap::from([
            ("a".to_owned(), Tensor::arange(3)),
            ("b".to_owned(), Tensor::from(1.)),
        ]);
        let bytes = to_bytes(&tensors).unwrap();
        for length in 0..bytes.len() {
            let error = Archive::from_bytes(bytes[..length].to_vec()).unwrap_err();
            assert!(
                matches!(error, SafetensorsError::Format { .. }),
                "{length} bytes: {error}"
            );
        }
        assert_eq!(Archive::from_bytes(bytes).unwrap().names(), ["a", "b"]);
    }

    #[test]
    fn other_types_and_absurd_shapes_are_errors() {
        let header = r#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#;
        let error = Archive::from_bytes(file(header, &[0; 8]))
            .unwrap()
            .tensor("a")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "tensor \"a\" holds F64; only F32 is read"
        );
        let header =
            r#"{"a":{"dtype":"F32","shape":[0,4611686018427387904],"data_offsets":[0,0]}}"#;
        let error = Archive::from_bytes(file(header, &[]))
            .and_then(|archive| archive.tensor("a"))
            .unwrap_err();
        assert!(error.to_string().contains("4611686018427387904"), "{error}");
    }

    #[test]
    fn a_header_that_lies_about_its_data_is_an_error() {
        for header in [
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,400]}}"#,
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
            "[]",
        ] {
            assert!(
                Archive::from_bytes(file(header, &[0; 4])).is_err(),
                "{header}"
            );
        }
    }
}
