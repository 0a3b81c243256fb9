//! The picture in the repository's README is what the crate draws.
//!
//! `cargo test -p convcore --features figures --test readme_picture -- --ignored` draws it anew.

use std::path::{Path, PathBuf};

use convcore::{Tensor, figure};

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/images/cross-correlation.svg")
}

fn picture() -> figure::Figure {
    let x = Tensor::from([[0., 1., 2.], [3., 4., 5.], [6., 7., 8.]]);
    let k = Tensor::from([[0., 1.], [2., 3.]]);
    figure::cross_correlation(&x, &k)
}

#[test]
fn the_picture_is_the_one_that_the_crate_draws() {
    let committed = std::fs::read_to_string(path()).unwrap();
    assert!(
        committed == picture().svg(),
        "{} is out of date: draw it anew, as the head of this file says",
        path().display()
    );
}

#[test]
#[ignore = "writes the picture"]
fn draw_the_picture() {
    picture().save(path()).unwrap();
}
