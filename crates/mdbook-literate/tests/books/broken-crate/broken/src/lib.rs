//! Broken.

/// Does not compile.
pub fn f() -> String {
    1
}
