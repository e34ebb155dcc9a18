//! Sizes that each side's registers say by themselves, beside a sample that both sides share.
//!
//! Registers that stay where they are can't be compared, but the size that they say can be told. Its error is
//! normal, with the variance that registers of that many users have. The errors of two sides that share users
//! are dependent. How much is known only within bounds: with ρ the correlation, the sum of both errors is
//! taken with the largest ρ there can be, |A ∩ B| / √(|A| |B|) as of sums over users, and their difference with a
//! small one, |A ∩ B| / |A ∪ B|, the share of registers whose value comes from a common user. Both make
//! intervals wider, never narrower.

use super::counts::{PairCounts, RegisterSize};
use super::fisher;
use super::likelihood::{Correction, SET_A, SET_B, UNION};
use super::matrix::{Vector, dot};

/// What registers say of |A| and |B|, for sides of which nothing better is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes([Option<Size>; 2]);

/// A size and its standard deviation.
#[derive(Clone, Copy, Debug)]
struct Size {
    users: f64,
    sigma: f64,
}

impl Size {
    fn of(size: &RegisterSize) -> Option<Self> {
        let users = size.users;
        let information = fisher::of_set(users, size.precision);
        // Less the noise of a Poisson number of users: the set has a fixed size.
        let variance = 1.0 / information - users;
        let usable = users >= 1.0 && variance.is_finite() && variance > 0.0;
        usable.then(|| Self {
            users,
            sigma: variance.sqrt(),
        })
    }
}

impl Sizes {
    /// `None` if registers say nothing, or nothing that isn't known better.
    pub(super) fn of(counts: &PairCounts, known: &[Option<f64>; 2]) -> Option<Self> {
        let size = |side: usize| match known[side] {
            None => counts.alone[side].as_ref().and_then(Size::of),
            Some(_) => None,
        };
        let sizes = [size(0), size(1)];
        sizes.iter().any(Option::is_some).then_some(Self(sizes))
    }

    /// Their part of the likelihood, as a parabola around `v`.
    pub(super) fn around(&self, v: &Vector) -> Correction {
        const RHO_MAX: f64 = 0.95;
        let mut correction = Correction {
            center: *v,
            slope: [0.0; 3],
            information: [[0.0; 3]; 3],
        };
        let sets = [SET_A, SET_B];
        let (n_a, n_b, union) = (dot(&SET_A, v), dot(&SET_B, v), dot(&UNION, v));
        match self.0 {
            [Some(a), Some(b)] => {
                let of_sums = v[2] / (n_a * n_b).sqrt();
                let of_differences = (v[2] / union).min(RHO_MAX);
                for (sign, variance) in [(1.0, 1.0 + of_sums), (-1.0, 1.0 - of_differences)] {
                    let w: Vector = std::array::from_fn(|i| {
                        (sets[0][i] / a.sigma + sign * sets[1][i] / b.sigma) / 2.0_f64.sqrt()
                    });
                    let away = ((a.users - n_a) / a.sigma + sign * (b.users - n_b) / b.sigma)
                        / 2.0_f64.sqrt();
                    correction.add(&w, away, variance);
                }
            }
            sizes => {
                for ((size, w), n) in sizes.iter().zip(&sets).zip([n_a, n_b]) {
                    if let Some(size) = size {
                        correction.add(
                            &w.map(|w| w / size.sigma),
                            (size.users - n) / size.sigma,
                            1.0,
                        );
                    }
                }
            }
        }
        correction
    }
}

impl Correction {
    /// A normal observation of wᵀv, which is `away` from its value at the center.
    fn add(&mut self, w: &Vector, away: f64, variance: f64) {
        for i in 0..3 {
            self.slope[i] += w[i] * away / variance;
            for j in 0..3 {
                self.information[i][j] += w[i] * w[j] / variance;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::estimate::tests::sample;
    use crate::estimate::{Confidence, PairCounts, RegisterSize, estimate_pair};

    fn counts(both: u64, alone: [Option<f64>; 2]) -> PairCounts {
        PairCounts {
            sample: Some(sample(10_000 - both, 10_000 - both, both, 0.005)),
            alone: alone.map(|users| {
                users.map(|users| RegisterSize {
                    precision: 14,
                    users,
                })
            }),
            ..PairCounts::default()
        }
    }

    fn width(counts: &PairCounts) -> [f64; 2] {
        let pair = estimate_pair(counts, Confidence::default());
        [pair.a, pair.overlap].map(|number| number.relative_half_width())
    }

    /// 10,000 hashes say 1 %, 2^14 registers 0.81 % (1 / √(0.9305 m)): together 0.63 %.
    #[test]
    fn registers_that_stay_at_home_narrow_the_sizes() {
        let [free, _] = width(&counts(100, [None; 2]));
        let [told, _] = width(&counts(100, [Some(2e6); 2]));
        assert!((free / 1.96 / 0.01 - 1.0).abs() < 0.03, "{free}");
        assert!((0.60..0.66).contains(&(told / free)), "{told} of {free}");
    }

    #[test]
    fn registers_pull_the_sizes_and_keep_the_sum() {
        let pair = estimate_pair(
            &counts(5_000, [Some(2.04e6), Some(2.0e6)]),
            Confidence::default(),
        );
        assert!(pair.a.value > 2.01e6 && pair.a.value < 2.04e6, "{pair:?}");
        assert_eq!(
            pair.a.value + pair.b.value - pair.overlap.value,
            pair.union.value
        );
    }

    #[test]
    fn the_same_set_twice_is_not_known_twice() {
        let of = |both: u64| width(&counts(both, [Some(2e6); 2]))[0];
        let one = width(&counts(10_000, [Some(2e6), None]))[0];
        assert!(of(10_000) > 0.97 * one, "{} beside {one}", of(10_000));
    }

    #[test]
    fn swapped_sides_swap_the_answer() {
        let counts = counts(3_000, [Some(2.02e6), None]);
        let (one, other) = (
            estimate_pair(&counts, Confidence::default()),
            estimate_pair(&counts.swapped(), Confidence::default()),
        );
        assert_eq!(one, other.swapped());
    }
}
