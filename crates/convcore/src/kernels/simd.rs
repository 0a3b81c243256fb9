//! A handful of numbers at a time: the vector instructions that the kernels are written in.
//!
//! A processor that multiplies 8 or 16 numbers in one instruction is 8 or 16 times as fast, but only if it is asked
//! for it, and not every processor has the same instructions. So each kernel is written once, over [`Simd`], and
//! compiled once per instruction set; [`Level::detect`] looks at the running processor and picks. One binary is right
//! everywhere:
//!
//! | level    | numbers at a time | registers | where                          |
//! |----------|-------------------|-----------|--------------------------------|
//! | Avx512   | 16                | 32        | x86-64 servers, Zen 4 and later |
//! | Avx2     | 8                 | 16        | x86-64 since about 2014        |
//! | Portable | 4                 | any       | every other processor, and Miri |

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
use x86::{Avx2, Avx512};

/// Vectors of `f32` and what can be done to them.
///
/// A value of an implementing type is the proof that the running processor has the instructions: [`Level::run`] alone
/// creates one, after it has looked.
///
/// # Safety
///
/// Implementations of `store`, `store_range` and `store_every` write only the addresses that they say.
pub(super) unsafe trait Simd: Copy {
    /// Several numbers in one register.
    type Vector: Copy;
    /// How many numbers a `Vector` holds.
    const LANES: usize;
    /// Rows of a tile, and vectors in a row, that the registers hold: see [`super::tile`].
    const ROWS: usize;
    /// See `ROWS`.
    const VECTORS: usize;

    /// Runs a part of a kernel as a function of its own.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;

    /// Says that the number at an address, and its neighbours, will be read soon. Any address will do.
    #[inline(always)]
    fn prefetch(self, _from: *const f32) {}

    /// Reads `LANES` numbers.
    ///
    /// # Safety
    ///
    /// `from..from + LANES` can be read.
    unsafe fn load(self, from: *const f32) -> Self::Vector;

    /// Reads `count` numbers, and puts zeros behind them.
    ///
    /// # Safety
    ///
    /// `count <= LANES`, and `from..from + count` can be read.
    unsafe fn load_first(self, from: *const f32, count: usize) -> Self::Vector;

    /// Reads `LANES` numbers, `step` apart.
    ///
    /// # Safety
    ///
    /// `from..from + LANES * step` can be read.
    unsafe fn load_every(self, from: *const f32, step: usize) -> Self::Vector;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    ///
    /// `to..to + LANES` can be written.
    unsafe fn store(self, to: *mut f32, vector: Self::Vector);

    /// Writes the numbers in `start..end` of the vector to the addresses `to..to + (end - start)`.
    ///
    /// # Safety
    ///
    /// `start <= end <= LANES`, and those addresses can be written.
    unsafe fn store_range(self, to: *mut f32, vector: Self::Vector, start: usize, end: usize);

    /// Writes the numbers in `start..end` of the vector to `to`, `to + step`, ...
    ///
    /// # Safety
    ///
    /// `start <= end <= LANES`, and those addresses can be written.
    #[inline(always)]
    unsafe fn store_every(
        self,
        to: *mut f32,
        step: usize,
        vector: Self::Vector,
        start: usize,
        end: usize,
    ) {
        // SAFETY: the caller vouches for all.
        unsafe { store_one_by_one(self, to, step, vector, start, end) }
    }

    /// The same number in all places.
    fn splat(self, value: f32) -> Self::Vector;

    /// `a * b + c`, rounded once where the processor can.
    fn mul_add(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// `a + b`.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `a - b`.
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `[a0, b0, a1, b1, ...]`, in two vectors.
    fn interleave(self, a: Self::Vector, b: Self::Vector) -> [Self::Vector; 2];
}

/// See [`Simd::store_every`].
///
/// # Safety
///
/// As there.
#[inline(always)]
unsafe fn store_one_by_one<S: Simd>(
    simd: S,
    to: *mut f32,
    step: usize,
    vector: S::Vector,
    start: usize,
    end: usize,
) {
    let mut lanes = [0.0; 16];
    // SAFETY: `lanes` has room for a vector; the caller vouches for the addresses.
    unsafe {
        simd.store(lanes.as_mut_ptr(), vector);
        for (index, &lane) in lanes[start..end].iter().enumerate() {
            to.wrapping_add(index * step).write(lane);
        }
    }
}

/// Code that runs at the level it is given to.
///
/// Implementations of `run`, and all that they call with the `simd` value, are `#[inline(always)]`: only then does
/// the compiler translate them with the level's instructions.
pub(super) trait Kernel {
    type Output;
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// The instruction sets that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best that the running processor has. The standard library remembers the answer.
    pub(super) fn detect() -> Level {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512f") {
            return Level::Avx512;
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Level::Avx2;
        }
        Level::Portable
    }

    /// Every level of the running processor, for tests.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Level> {
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend((Level::detect() != Level::Portable).then_some(Level::Avx2));
            levels.extend((Level::detect() == Level::Avx512).then_some(Level::Avx512));
        }
        levels
    }

    /// [`Simd::LANES`] of the level.
    pub(super) fn lanes(self) -> usize {
        match self {
            Level::Portable => Portable::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Avx2::LANES,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Avx512::LANES,
        }
    }

    /// [`Simd::ROWS`] of the level.
    pub(super) fn rows(self) -> usize {
        match self {
            Level::Portable => Portable::ROWS,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Avx2::ROWS,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Avx512::ROWS,
        }
    }

    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Level::Portable => with_portable(kernel),
            // SAFETY: only `detect` and `all` make these levels, after they have seen that the processor has them.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { with_avx2(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { with_avx512(kernel) },
        }
    }
}

// One function a kernel and level, in the level's instructions. Never copied into its callers, of which a tile has many:
// every copy costs whoever builds this crate.

#[inline(never)]
fn with_portable<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Portable)
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx2(()))
}

#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512f")]
fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run(Avx512(()))
}

/// Rows for columns, of the first `LANES` vectors.
#[inline(always)]
pub(super) fn turned<S: Simd>(simd: S, vectors: [S::Vector; 16]) -> [S::Vector; 16] {
    let vectors = dealt(simd, dealt(simd, vectors));
    match S::LANES {
        4 => vectors,
        8 => dealt(simd, vectors),
        _ => dealt(simd, dealt(simd, vectors)),
    }
}

/// The two halves of the first `LANES` vectors, dealt out like a pack of cards: a round for each doubling turns them.
#[inline(always)]
fn dealt<S: Simd>(simd: S, vectors: [S::Vector; 16]) -> [S::Vector; 16] {
    let mut dealt = [simd.splat(0.0); 16];
    for i in 0..S::LANES / 2 {
        [dealt[2 * i], dealt[2 * i + 1]] = simd.interleave(vectors[i], vectors[i + S::LANES / 2]);
    }
    dealt
}

/// Plain Rust, four numbers at a time: small enough for the compiler to find the vector instructions itself.
#[derive(Clone, Copy)]
struct Portable;

// SAFETY: the stores write what the trait says.
unsafe impl Simd for Portable {
    type Vector = [f32; 4];
    const LANES: usize = 4;
    const ROWS: usize = 4;
    const VECTORS: usize = 2;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        with_portable(kernel)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> [f32; 4] {
        // SAFETY: the caller vouches for the addresses; an array is aligned like its elements.
        unsafe { from.cast::<[f32; 4]>().read() }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> [f32; 4] {
        let mut lanes = [0.0; 4];
        // SAFETY: the caller vouches for the addresses.
        unsafe { std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), count) };
        lanes
    }

    #[inline(always)]
    unsafe fn load_every(self, from: *const f32, step: usize) -> [f32; 4] {
        // SAFETY: the caller vouches for the addresses.
        std::array::from_fn(|lane| unsafe { from.add(lane * step).read() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: [f32; 4]) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[f32; 4]>().write(vector) }
    }

    #[inline(always)]
    unsafe fn store_range(self, to: *mut f32, vector: [f32; 4], start: usize, end: usize) {
        for (index, &lane) in vector[start..end].iter().enumerate() {
            // SAFETY: the caller vouches for the addresses.
            unsafe { to.add(index).write(lane) }
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; 4] {
        [value; 4]
    }

    #[inline(always)]
    fn mul_add(self, a: [f32; 4], b: [f32; 4], c: [f32; 4]) -> [f32; 4] {
        // Without an instruction for it, `f32::mul_add` is a slow function call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            std::array::from_fn(|i| a[i].mul_add(b[i], c[i]))
        } else {
            std::array::from_fn(|i| a[i] * b[i] + c[i])
        }
    }

    #[inline(always)]
    fn add(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
        std::array::from_fn(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn interleave(self, a: [f32; 4], b: [f32; 4]) -> [[f32; 4]; 2] {
        [[a[0], b[0], a[1], b[1]], [a[2], b[2], a[3], b[3]]]
    }
}
