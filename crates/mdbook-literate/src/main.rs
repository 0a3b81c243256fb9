//! Runs the chapters of a Rust book.

fn main() {}
