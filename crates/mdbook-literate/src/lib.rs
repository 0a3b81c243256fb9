//! Runs the chapters of a Rust book: real outputs in its pages, its tests and its notebooks.
//!
//! mdBook shows Rust code and can test it, but neither with the crates that a book is about nor with what the code prints or
//! draws. This preprocessor makes one program of each chapter's blocks, compiles it with Cargo, runs it once, and gives the
//! outputs to each renderer: below the blocks for pages, as one doctest a block for `mdbook test`, as cells for notebooks.
//!
//! The modules, in the order of the way: [`config`], [`mod@include`], [`chapter`], [`program`]; [`engine`] leads each program through
//! [`cache`], [`package`] (with [`toolchain`]), [`compile`] and [`run`]; then [`report`] for what is wrong, and [`page`], [`doctest`]
//! and [`cells`] for what each renderer gets. The backend [`notebook`] writes notebooks, with the help of [`prose`], and the files
//! of the pages' pictures, which `pictures` takes out of them.

mod base64;
pub mod cache;
pub mod cells;
pub mod chapter;
pub mod compile;
pub mod config;
pub mod doctest;
pub mod engine;
pub mod include;
mod job;
pub mod notebook;
pub mod package;
pub mod page;
mod pictures;
pub mod preprocess;
pub mod program;
pub mod prose;
pub mod report;
pub mod run;
pub mod toolchain;
