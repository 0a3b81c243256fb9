//! Seeded random numbers that are the same on every machine.

/// A random generator with the given seed. The same seed gives the same numbers on every machine and in every release.
///
/// ```
/// let (mut one, mut other) = (convcore::seeded(42), convcore::seeded(42));
/// assert_eq!(one.normal(), other.normal());
/// ```
pub fn seeded(seed: u64) -> Rng {
    Rng::with_stream(seed, 54)
}

/// A small, portable random generator: PCG-XSH-RR 64/32.
///
/// Source: M. O'Neill, *PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
/// Generation*, 2014. Make one with [`seeded`]. Not for cryptography.
///
/// ```
/// let mut rng = convcore::seeded(42);
/// assert!((0. ..1.).contains(&rng.uniform()));
/// assert!(rng.below(6) < 6);
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
    increment: u64,
}

impl Rng {
    fn with_stream(seed: u64, stream: u64) -> Rng {
        let mut rng = Rng {
            state: 0,
            increment: stream << 1 | 1,
        };
        rng.next_u32();
        rng.state = rng.state.wrapping_add(seed);
        rng.next_u32();
        rng
    }

    /// The next 32 random bits.
    ///
    /// ```
    /// assert_eq!(convcore::seeded(42).next_u32(), 0xa15c_02b7);
    /// ```
    pub fn next_u32(&mut self) -> u32 {
        let old = self.state;
        self.state = old
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(self.increment);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// A number from 0 up to and without 1, each multiple of 2⁻²⁴ equally likely.
    ///
    /// ```
    /// assert!(convcore::seeded(0).uniform() < 1.);
    /// ```
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / (1 << 24) as f32
    }

    /// A draw from the normal distribution with mean 0 and standard deviation 1 (Box and Muller, 1958).
    ///
    /// ```
    /// let mut rng = convcore::seeded(3);
    /// let mean = (0..1000).map(|_| rng.normal()).sum::<f32>() / 1000.;
    /// assert!(mean.abs() < 0.1);
    /// ```
    pub fn normal(&mut self) -> f32 {
        // 1 - u lies in (0, 1]: its logarithm is finite.
        let radius = (-2. * (1. - f64::from(self.uniform())).ln()).sqrt();
        let angle = std::f64::consts::TAU * f64::from(self.uniform());
        (radius * angle.cos()) as f32
    }

    /// A whole number from 0 up to and without `end`, each equally likely.
    ///
    /// **Panics** when `end` is 0.
    ///
    /// ```
    /// let mut rng = convcore::seeded(3);
    /// assert!((0..100).all(|_| rng.below(10) < 10));
    /// ```
    #[track_caller]
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 {
            panic!("below: there is no number below 0");
        }
        // The high half of a 64-bit draw times `end` (Lemire, 2019): the bias is below end / 2⁶⁴.
        let draw = u128::from(self.next_u32()) << 32 | u128::from(self.next_u32());
        ((draw * end as u128) >> 64) as usize
    }

    /// The numbers 0 to `count - 1` in random order (Fisher and Yates): the order in which to visit examples.
    ///
    /// ```
    /// let mut order = convcore::seeded(1).permutation(5);
    /// order.sort();
    /// assert_eq!(order, [0, 1, 2, 3, 4]);
    /// ```
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_generator_is_pcg32_of_the_paper() {
        // The first round of the reference implementation's demonstration program (seed 42, stream 54).
        let mut rng = super::seeded(42);
        let drawn: Vec<u32> = (0..6).map(|_| rng.next_u32()).collect();
        assert_eq!(
            drawn,
            [
                0xa15c_02b7,
                0x7b47_f409,
                0xba1d_3330,
                0x83d2_f293,
                0xbfa4_784b,
                0xcbed_606e
            ]
        );
    }

    #[test]
    fn normal_draws_have_mean_0_and_variance_1() {
        let mut rng = super::seeded(5);
        let draws: Vec<f64> = (0..100_000).map(|_| f64::from(rng.normal())).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance - 1.).abs() < 0.02, "{variance}");
    }

    #[test]
    fn below_reaches_every_number_about_equally_often() {
        let mut rng = super::seeded(7);
        let mut counts = [0; 6];
        (0..60_000).for_each(|_| counts[rng.below(6)] += 1);
        assert!(
            counts.iter().all(|count| (9_500..10_500).contains(count)),
            "{counts:?}"
        );
    }
}
