//! The vectors of x86-64 processors.

use std::arch::x86_64::*;

use super::{Kernel, Simd, store_one_by_one, with_avx2, with_avx512};

/// Eight numbers at a time. The field keeps others than [`Level`](super::Level) from making one.
#[derive(Clone, Copy)]
pub(super) struct Avx2(pub(super) ());

// SAFETY: the stores write what the trait says.
unsafe impl Simd for Avx2 {
    type Vector = __m256;
    const LANES: usize = 8;
    const ROWS: usize = 4;
    const VECTORS: usize = 2;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` proves the instructions.
        unsafe { with_avx2(kernel) }
    }

    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: an address that cannot be read does no harm to this instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves the instruction, the caller the addresses.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> __m256 {
        // SAFETY: `self` proves the instructions; the mask keeps them from reading more than the caller vouches for.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_maskload_ps(
                from,
                _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes),
            )
        }
    }

    #[inline(always)]
    unsafe fn load_every(self, from: *const f32, step: usize) -> __m256 {
        // SAFETY: as in `load`. From each vector come the numbers whose turn it is, to where they belong.
        unsafe {
            let every = _mm256_set1_epi32(step as i32);
            let places = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), every);
            let vectors = _mm256_srli_epi32::<3>(places);
            let mut numbers = _mm256_permutevar8x32_ps(_mm256_loadu_ps(from), places);
            for vector in 1..step {
                let next = _mm256_loadu_ps(from.add(8 * vector));
                let its = _mm256_cmpeq_epi32(vectors, _mm256_set1_epi32(vector as i32));
                let next = _mm256_permutevar8x32_ps(next, places);
                numbers = _mm256_blendv_ps(numbers, next, _mm256_castsi256_ps(its));
            }
            numbers
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m256) {
        // SAFETY: as in `load`.
        unsafe { _mm256_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn store_range(self, to: *mut f32, vector: __m256, start: usize, end: usize) {
        let mut lanes = [0.0; 8];
        // SAFETY: `lanes` has room for all, `to` for the range. (The masked store is far slower on many processors.)
        unsafe {
            _mm256_storeu_ps(lanes.as_mut_ptr(), vector);
            std::ptr::copy_nonoverlapping(lanes.as_ptr().add(start), to, end - start);
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn interleave(self, a: __m256, b: __m256) -> [__m256; 2] {
        // SAFETY: `self` proves the instructions. They interleave within each half: the halves change places last.
        unsafe {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            [
                _mm256_permute2f128_ps::<0x20>(low, high),
                _mm256_permute2f128_ps::<0x31>(low, high),
            ]
        }
    }
}

/// Sixteen numbers at a time. The field keeps others than [`Level`](super::Level) from making one.
#[derive(Clone, Copy)]
pub(super) struct Avx512(pub(super) ());

// SAFETY: the stores write what the trait says.
unsafe impl Simd for Avx512 {
    type Vector = __m512;
    const LANES: usize = 16;
    const ROWS: usize = 8;
    const VECTORS: usize = 3;

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: `self` proves the instructions.
        unsafe { with_avx512(kernel) }
    }

    #[inline(always)]
    fn prefetch(self, from: *const f32) {
        // SAFETY: an address that cannot be read does no harm to this instruction.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves the instruction, the caller the addresses.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_first(self, from: *const f32, count: usize) -> __m512 {
        // SAFETY: `self` proves the instruction; the mask keeps it from reading more than the caller vouches for.
        unsafe { _mm512_maskz_loadu_ps(((1_u32 << count) - 1) as __mmask16, from) }
    }

    #[inline(always)]
    unsafe fn load_every(self, from: *const f32, step: usize) -> __m512 {
        // SAFETY: as in `load`. From each vector come the numbers whose turn it is, to where they belong.
        unsafe {
            let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
            let places = _mm512_mullo_epi32(lanes, _mm512_set1_epi32(step as i32));
            let vectors = _mm512_srli_epi32::<4>(places);
            let mut numbers = _mm512_permutexvar_ps(places, _mm512_loadu_ps(from));
            for vector in 1..step {
                let next = _mm512_loadu_ps(from.add(16 * vector));
                let its = _mm512_cmpeq_epi32_mask(vectors, _mm512_set1_epi32(vector as i32));
                numbers = _mm512_mask_permutexvar_ps(numbers, its, places, next);
            }
            numbers
        }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m512) {
        // SAFETY: as in `load`.
        unsafe { _mm512_storeu_ps(to, vector) }
    }

    #[inline(always)]
    unsafe fn store_range(self, to: *mut f32, vector: __m512, start: usize, end: usize) {
        let mask = ((1_u32 << end) - (1_u32 << start)) as __mmask16;
        // SAFETY: the mask keeps the instruction from touching any address but those the caller vouches for.
        unsafe { _mm512_mask_storeu_ps(to.wrapping_sub(start), mask, vector) }
    }

    #[inline(always)]
    unsafe fn store_every(
        self,
        to: *mut f32,
        step: usize,
        vector: __m512,
        start: usize,
        end: usize,
    ) {
        /// Where the lanes go, a bit each, for each step.
        const PLACES: [u64; 5] = [
            0,
            0xffff,
            0x5555_5555,
            0x2492_4924_9249,
            0x1111_1111_1111_1111,
        ];
        let Some(&places) = PLACES.get(step).filter(|_| start < end) else {
            // SAFETY: the caller vouches for all.
            return unsafe { store_one_by_one(self, to, step, vector, start, end) };
        };
        let range = (u64::MAX << (start * step)) & (u64::MAX >> (64 - end * step));
        let to = to.wrapping_sub(start * step);
        for part in 0..step {
            let begin = 16 * part;
            let (its, mask) = (places >> begin, (places & range) >> begin);
            let before = (places & ((1 << begin) - 1)).count_ones();
            // SAFETY: as in `store_range`.
            unsafe {
                let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
                let next = _mm512_add_epi32(lanes, _mm512_set1_epi32(before as i32));
                let spread =
                    _mm512_maskz_expand_ps(its as __mmask16, _mm512_permutexvar_ps(next, vector));
                _mm512_mask_storeu_ps(to.wrapping_add(begin), mask as __mmask16, spread);
            }
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: `self` proves the instruction.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn interleave(self, a: __m512, b: __m512) -> [__m512; 2] {
        // SAFETY: `self` proves the instructions. Place i takes element order[i] of `a` and `b` in a row.
        unsafe {
            let order = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let next = _mm512_add_epi32(order, _mm512_set1_epi32(8));
            [
                _mm512_permutex2var_ps(a, order, b),
                _mm512_permutex2var_ps(a, next, b),
            ]
        }
    }
}
