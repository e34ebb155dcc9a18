//! Random numbers, points and noise from one seed.
//!
//! The stream is SHA-512 of the seed and a counter. The seed must come from the system's own source of
//! randomness: the engine asks for it.

use super::numbers::Epsilon;
use curve25519_dalek::{RistrettoPoint, Scalar};
use sha2::{Digest, Sha512};

/// A stream of random bytes. The seed is as secret as what they are used for.
pub struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 64],
    used: usize,
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            counter: 0,
            block: [0; 64],
            used: 64,
        }
    }

    /// The next `N` bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| {
            if self.used == self.block.len() {
                let mut hasher = Sha512::new();
                hasher.update(b"overlap private random 1");
                hasher.update(self.seed);
                hasher.update(self.counter.to_le_bytes());
                self.block = hasher.finalize().into();
                self.counter += 1;
                self.used = 0;
            }
            let byte = self.block[self.used];
            self.used += 1;
            byte
        })
    }

    /// A whole number of 64 random bits.
    pub fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A number that points are multiplied by; never 0.
    pub(super) fn scalar(&mut self) -> Scalar {
        loop {
            let scalar = Scalar::from_bytes_mod_order_wide(&self.bytes());
            if scalar != Scalar::ZERO {
                return scalar;
            }
        }
    }

    /// A point that nobody knows the logarithm of.
    pub(super) fn point(&mut self) -> RistrettoPoint {
        RistrettoPoint::from_uniform_bytes(&self.bytes())
    }

    /// A number below `bound`, each as likely as any other.
    fn below(&mut self, bound: u64) -> u64 {
        // The last numbers that don't make up a whole round are drawn again.
        let rounds = u64::MAX - u64::MAX % bound;
        loop {
            let number = self.number();
            if number < rounds {
                return number % bound;
            }
        }
    }

    /// True with probability e^−(`numerator`/`denominator`), exactly, for a fraction of at most 1:
    /// Canonne, Kamath and Steinke, "The discrete Gaussian for differential privacy"
    /// (arXiv:2004.00010), algorithm 1.
    fn happens(&mut self, numerator: u64, denominator: u64) -> bool {
        let mut turn = 1;
        while self.below(denominator * turn) < numerator {
            turn += 1;
        }
        turn % 2 == 1
    }

    /// True with probability e^−(`numerator`/`denominator`), exactly.
    fn goes_on(&mut self, numerator: u64, denominator: u64) -> bool {
        let (whole, rest) = (numerator / denominator, numerator % denominator);
        (0..whole).all(|_| self.happens(1, 1)) && self.happens(rest, denominator)
    }

    /// Discrete Laplace noise, exactly: P(n) is proportional to e^−(`numerator`/`denominator`)·|n|. The difference of two
    /// geometric numbers. The fraction is above 0, and the denominator below 2^40.
    pub fn laplace(&mut self, numerator: u64, denominator: u64) -> i64 {
        let mut noise = 0;
        for step in [1, -1] {
            while self.goes_on(numerator, denominator) {
                noise += step;
            }
        }
        noise
    }

    /// [`Self::laplace`], drawn again if it is further from 0 than `most`.
    pub(super) fn laplace_within(&mut self, epsilon: Epsilon, most: i64) -> i64 {
        loop {
            let noise = self.laplace(epsilon.millionths(), Epsilon::ONE);
            if noise.abs() <= most {
                return noise;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_goes_on_and_depends_on_the_seed() {
        let mut one = Random::new([7; 32]);
        let (first, second): ([u8; 64], [u8; 64]) = (one.bytes(), one.bytes());
        assert_ne!(first, second);
        assert_eq!(Random::new([7; 32]).bytes(), first);
        assert_ne!(Random::new([8; 32]).bytes(), first);
    }

    #[test]
    fn numbers_below_a_bound_are_alike() {
        let mut random = Random::new([1; 32]);
        let mut seen = [0_u32; 6];
        for _ in 0..60_000 {
            seen[usize::try_from(random.below(6)).expect("small")] += 1;
        }
        // Five standard deviations of a binomial count of 10,000.
        assert!(seen.iter().all(|&n| n.abs_diff(10_000) < 460), "{seen:?}");
    }

    /// Against the distribution's own formula, by a χ² of the numbers −8 to 8 (17 cells and the rest):
    /// below 45 with probability 0.9997.
    #[test]
    fn noise_is_the_discrete_laplace() {
        const DRAWS: u32 = 40_000;
        for (numerator, denominator, seed) in [
            (500_000, 1_000_000, 2),
            (1, 1, 3),
            (1_700_000, 1_000_000, 4),
            // As for counts, where one user changes two numbers.
            (1_000_001, 2_000_000, 5),
            (5_000_000, 2_000_000, 6),
        ] {
            let mut random = Random::new([seed; 32]);
            let mut seen = [0_u32; 17];
            let mut rest = 0;
            for _ in 0..DRAWS {
                let noise = random.laplace(numerator, denominator);
                match usize::try_from(noise + 8) {
                    Ok(cell) if cell < 17 => seen[cell] += 1,
                    _ => rest += 1,
                }
            }
            let q = (-(numerator as f64) / denominator as f64).exp();
            let chance = |n: i32| (1.0 - q) / (1.0 + q) * q.powi(n.abs());
            let inside: f64 = (-8..=8).map(chance).sum();
            let cells = seen.iter().zip(-8..=8).map(|(&n, at)| (n, chance(at)));
            let all = cells.chain([(rest, 1.0 - inside)]);
            let distance: f64 = all
                .map(|(n, chance)| {
                    let expected = chance * f64::from(DRAWS);
                    (f64::from(n) - expected).powi(2) / expected
                })
                .sum();
            assert!(
                distance < 45.0,
                "{numerator}/{denominator}: {distance}, {seen:?}, {rest}"
            );
        }
    }

    #[test]
    fn noise_keeps_within_its_bound() {
        let epsilon = Epsilon::from_millionths(100_000).expect("in range");
        let mut random = Random::new([5; 32]);
        assert!((0..2_000).all(|_| random.laplace_within(epsilon, 3).abs() <= 3));
    }
}
