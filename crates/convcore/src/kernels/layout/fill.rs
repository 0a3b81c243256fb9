//! Copies an image into its layout, by vectors: of small images this is a good part of the time.

use super::super::simd::{Kernel, Simd};
use super::{Axis, Layout};

/// Copies what a band reads.
pub(super) struct Fill<'a> {
    pub(super) layout: &'a Layout,
    /// All from the image's first number on.
    pub(super) images: &'a [f32],
    pub(super) band: usize,
    pub(super) scratch: &'a mut [f32],
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let layout = self.layout;
        let mut rest = self.scratch;
        for channel in 0..layout.channels {
            let image = &self.images[channel * layout.image_pixels()..];
            for down in &layout.down[self.band] {
                for across in &layout.across {
                    copy(simd, image, layout.axes[1].length, [down, across], rest);
                    rest = &mut rest[layout.plane()..];
                }
            }
        }
    }
}

/// Some of an axis's reads through one phase.
#[derive(Debug)]
pub(in super::super) struct Span {
    /// How many there are, and which of them are pixels of the image.
    pub(in super::super) count: usize,
    pub(in super::super) begin: usize,
    pub(in super::super) end: usize,
    /// The first of these pixels, and how far apart they are.
    pub(in super::super) skip: usize,
    step: usize,
}

impl Span {
    /// The reads of `count` outputs from `first` on.
    pub(super) fn new(axis: &Axis, first: usize, count: usize, phase: usize) -> Span {
        let step = axis.step;
        let origin = axis.origin + (first * step + phase) as isize;
        // The first and the end of those t with 0 <= origin + step * t < length.
        let begin = ((-origin).max(0) as usize).div_ceil(step).min(count);
        let end = ((axis.length as isize - origin).max(0) as usize)
            .div_ceil(step)
            .clamp(begin, count);
        Span {
            count,
            begin,
            end,
            skip: (origin + (begin * step) as isize).max(0) as usize,
            step,
        }
    }
}

/// Fills a plane: the pixels that there are, and zeros. Writes perhaps a little more, which comes later in its order: the
/// planes are written one after the other, and behind the last is room.
#[inline(always)]
fn copy<S: Simd>(
    simd: S,
    image: &[f32],
    image_width: usize,
    [down, across]: [&Span; 2],
    plane: &mut [f32],
) {
    let (lines, width) = (down.end - down.begin, across.count);
    let pixels = across.end - across.begin;
    let whole = pixels.next_multiple_of(S::LANES);
    let (from, from_line) = (
        down.skip * image_width + across.skip,
        down.step * image_width,
    );
    let to = down.begin * width + across.begin;
    // At the end of the last image, whole vectors would read beyond it.
    let safe = match image.len().checked_sub(from + whole * across.step) {
        Some(rest) if pixels > 0 => lines.min(rest / from_line + 1),
        _ => 0,
    };
    assert!(plane.len() >= down.count * width + S::LANES);
    let (start, strides) = (plane[to..].as_mut_ptr(), [from_line, width]);
    let from_start = image.as_ptr().wrapping_add(from);
    // SAFETY: this is what `safe` says, and the planes have room for a vector more.
    unsafe {
        // The frequent steps by themselves: what the compiler knows, it need not compute again for each vector.
        match across.step {
            1 => copy_lines(simd, from_start, start, strides, [safe, whole], 1),
            2 => copy_lines(simd, from_start, start, strides, [safe, whole], 2),
            3 => copy_lines(simd, from_start, start, strides, [safe, whole], 3),
            step => copy_lines(simd, from_start, start, strides, [safe, whole], step),
        }
    }
    for line in safe..lines {
        let from = image[(from + line * from_line).min(image.len())..].iter();
        let to = &mut plane[to + line * width..][..pixels];
        for (value, pixel) in to.iter_mut().zip(from.step_by(across.step)) {
            *value = *pixel;
        }
    }
    if pixels < width {
        for line in plane[..down.count * width].chunks_exact_mut(width) {
            clear(simd, &mut line[..across.begin]);
            clear(simd, &mut line[across.end..]);
        }
    }
    clear(simd, &mut plane[..down.begin * width]);
    clear(simd, &mut plane[down.end * width..down.count * width]);
}

/// Copies lines of whole vectors, of every `step`-th pixel; `strides` are from a line to the next, there and here.
///
/// # Safety
///
/// In each line, `whole * step` numbers can be read and `whole` be written.
#[inline(always)]
unsafe fn copy_lines<S: Simd>(
    simd: S,
    mut from: *const f32,
    mut to: *mut f32,
    strides: [usize; 2],
    [lines, whole]: [usize; 2],
    step: usize,
) {
    for _ in 0..lines {
        for at in (0..whole).step_by(S::LANES) {
            // SAFETY: the caller vouches for the addresses.
            unsafe {
                let pixels = match step {
                    1 => simd.load(from.add(at)),
                    _ => simd.load_every(from.add(at * step), step),
                };
                simd.store(to.add(at), pixels);
            }
        }
        (from, to) = (from.wrapping_add(strides[0]), to.wrapping_add(strides[1]));
    }
}

/// Zeros: often few, for which a call of `fill` takes longer.
#[inline(always)]
fn clear<S: Simd>(simd: S, to: &mut [f32]) {
    let mut chunks = to.chunks_exact_mut(S::LANES);
    for chunk in &mut chunks {
        // SAFETY: a chunk is a vector long.
        unsafe { simd.store(chunk.as_mut_ptr(), simd.splat(0.0)) };
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        // SAFETY: as many as there are.
        unsafe { simd.store_range(rest.as_mut_ptr(), simd.splat(0.0), 0, rest.len()) };
    }
}
