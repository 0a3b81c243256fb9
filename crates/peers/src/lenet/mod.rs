//! The network of the book's chapter *A network* in four libraries, each loaded from the same file.
//!
//! `cargo run --release --example train_lenet` trains it as the chapter does and writes the file. The book's page
//! *Where to go next* shows the definitions side by side.

pub mod burn;
pub mod candle;
pub mod convcore;

use std::path::{Path, PathBuf};

/// The trained weights, in safetensors, under the names that the chapter gives its layers.
pub fn weights() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/lenet.safetensors")
}

/// The script that loads the network in PyTorch: `python lenet.py WEIGHTS IMAGES LOGITS`, all three safetensors files.
pub fn pytorch() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lenet/pytorch.py")
}
