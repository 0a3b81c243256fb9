// ANCHOR: double
fn double(a: i32) -> i32 { a * 2 }
// ANCHOR_END: double
fn half(a: i32) -> i32 { a / 2 }
fn triple(a: i32) -> i32 {
    a * 3
}
