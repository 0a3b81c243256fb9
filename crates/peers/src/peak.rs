//! How fast the processor could be: multiplications and additions without any memory.

use std::hint::black_box;
use std::time::Instant;

/// Billions of multiplications and additions a second of so many threads at once, with the widest vectors that the
/// processor has.
pub fn gigaflops(threads: usize) -> f64 {
    // At once: two threads of one core share what it can do.
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(of_one)).collect();
        let each = all.into_iter().map(|one| one.join().unwrap_or(0.0));
        each.sum()
    })
}

fn of_one() -> f64 {
    let rounds = 200_000;
    (0..20)
        .map(|_| {
            let start = Instant::now();
            let operations = run(rounds);
            operations as f64 / start.elapsed().as_secs_f64() / 1e9
        })
        .fold(0.0, f64::max)
}

/// Twelve sums that do not wait for each other, each a step further, again and again. (A macro, because a function's
/// instructions would be those of the poorest processor.)
macro_rules! chains {
    ($rounds:expr, $lanes:expr, $start:expr, $step:expr) => {{
        let mut sums = [$start; 12];
        for _ in 0..$rounds {
            for sum in &mut sums {
                *sum = $step(*sum);
            }
        }
        black_box(sums);
        2 * $rounds * sums.len() * $lanes
    }};
}

/// How many multiplications and additions were done.
fn run(rounds: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;

        #[target_feature(enable = "avx512f")]
        fn sixteen(rounds: usize) -> usize {
            let (a, b) = (_mm512_set1_ps(1.0001), _mm512_set1_ps(0.5));
            chains!(rounds, 16, b, |sum| _mm512_fmadd_ps(sum, a, b))
        }
        #[target_feature(enable = "avx2,fma")]
        fn eight(rounds: usize) -> usize {
            let (a, b) = (_mm256_set1_ps(1.0001), _mm256_set1_ps(0.5));
            chains!(rounds, 8, b, |sum| _mm256_fmadd_ps(sum, a, b))
        }
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has the instructions.
            return unsafe { sixteen(rounds) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has the instructions.
            return unsafe { eight(rounds) };
        }
    }
    let (a, b) = (black_box(1.0001_f32), black_box(0.5_f32));
    chains!(rounds, 4, [b; 4], |sum: [f32; 4]| sum
        .map(|lane| lane * a + b))
}
