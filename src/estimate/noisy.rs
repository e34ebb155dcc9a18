//! A pair whose number of common hashes has noise.
//!
//! Each number keeps its estimate; its interval becomes that of two independent errors, the sample's and the
//! noise's, whose distances from the value add up in squares. The noise is discrete Laplace: the chance that it is
//! t or more is e^−εt / (1 + e^−ε).

use super::answer::whole_users;
use super::counts::{PairCounts, SampleCounts};
use super::pair::{PairEstimate, estimate_pair};
use super::{Confidence, Estimate};

/// [`estimate_pair`] of a number of common hashes that discrete Laplace noise of scale 1/`epsilon` was added to.
/// `matches` replaces that of the counts, and may be below 0 or above what there can be.
#[must_use]
pub fn estimate_noisy_pair(
    counts: &PairCounts,
    matches: i64,
    epsilon: f64,
    confidence: Confidence,
) -> PairEstimate {
    let Some(sample) = counts.sample else {
        return estimate_pair(counts, confidence);
    };
    let (in_a, in_b) = (sample.only_a + sample.both, sample.only_b + sample.both);
    let both = u64::try_from(matches.max(0))
        .unwrap_or(0)
        .min(in_a)
        .min(in_b);
    let counts = PairCounts {
        sample: Some(SampleCounts {
            only_a: in_a - both,
            only_b: in_b - both,
            both,
            ..sample
        }),
        ..*counts
    };
    let pair = estimate_pair(&counts, confidence);
    pair.with_noise(noise_quantile(epsilon, confidence) / sample.theta)
}

/// How large the noise is at most in 1 of 2 cases outside the interval.
fn noise_quantile(epsilon: f64, confidence: Confidence) -> f64 {
    let beyond = (1.0 - confidence.level()) / 2.0;
    (-(beyond * (1.0 + (-epsilon).exp())).ln() / epsilon).ceil()
}

impl PairEstimate {
    /// The intervals of an overlap that is `noise` users less certain to either side, at sizes that are as certain as
    /// before.
    fn with_noise(self, noise: f64) -> Self {
        let (n_a, n_b, union) = (self.a.value, self.b.value, self.union.value);
        let smaller = n_a.min(n_b);
        let per = |of: f64| if of > 0.0 { noise / of } else { 0.0 };
        let users = |number: Estimate, most: f64| {
            let wide = wider(number, noise);
            let limited = whole_users(number.value, wide.lower, wide.upper.min(most));
            if number.value == 0.0 && most == 0.0 {
                number
            } else {
                limited
            }
        };
        let share = |number: Estimate, noise: f64| {
            let wide = wider(number, noise);
            Estimate::ordered(number.value, wide.lower.max(0.0), wide.upper.min(1.0))
        };
        let gain = |number: Estimate, noise: f64| {
            let wide = wider(number, noise);
            Estimate::ordered(number.value, wide.lower.max(0.0), wide.upper)
        };
        let most = self.a.upper.min(self.b.upper);
        Self {
            only_a: users(self.only_a, self.a.upper),
            only_b: users(self.only_b, self.b.upper),
            overlap: users(self.overlap, most),
            union: users(self.union, self.a.upper + self.b.upper),
            share_of_a: share(self.share_of_a, per(n_a)),
            share_of_b: share(self.share_of_b, per(n_b)),
            // x / (|A| + |B| − x) has the slope (|A| + |B|) / union².
            jaccard: share(self.jaccard, per(union) * (n_a + n_b) / union.max(1.0)),
            overlap_coefficient: share(self.overlap_coefficient, per(smaller)),
            gain_a: gain(self.gain_a, per(n_a)),
            gain_b: gain(self.gain_b, per(n_b)),
            exact: false,
            ..self
        }
    }
}

/// Limits that are further from the value by an independent error.
fn wider(number: Estimate, noise: f64) -> Estimate {
    Estimate {
        value: number.value,
        lower: number.value - (number.value - number.lower).hypot(noise),
        upper: number.value + (number.upper - number.value).hypot(noise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::tests::sample;

    fn counts(theta: f64) -> PairCounts {
        PairCounts {
            sample: Some(sample(9_000, 4_000, 1_000, theta)),
            ..PairCounts::default()
        }
    }

    #[test]
    fn noise_widens_whatever_depends_on_the_overlap() {
        let confidence = Confidence::default();
        let plain = estimate_pair(&counts(0.001), confidence);
        let noisy = estimate_noisy_pair(&counts(0.001), 1_000, 0.05, confidence);
        assert_eq!((plain.a, plain.b), (noisy.a, noisy.b));
        assert_eq!(plain.overlap.value, noisy.overlap.value);
        // 61 of 1,000 beside 2.0 √1,000: 62 and 61 in squares.
        let ratio = noisy.overlap.relative_half_width() / plain.overlap.relative_half_width();
        assert!((1.3..1.6).contains(&ratio), "{ratio}");
        let width = |estimate: Estimate| estimate.upper - estimate.lower;
        assert!(width(noisy.jaccard) > width(plain.jaccard));
        assert!(width(noisy.gain_a) > width(plain.gain_a));
    }

    #[test]
    fn a_counted_overlap_has_the_interval_of_the_noise() {
        let pair = estimate_noisy_pair(&counts(1.0), 1_003, 1.0, Confidence::default());
        assert_eq!(
            (pair.a.value, pair.b.value, pair.overlap.value),
            (10_000.0, 5_000.0, 1_003.0)
        );
        assert_eq!((pair.overlap.lower, pair.overlap.upper), (999.0, 1_007.0));
        assert!(!pair.exact);
    }

    #[test]
    fn impossible_counts_are_estimates_too() {
        for matches in [i64::MIN, -20, 0, 5_000, 5_020, i64::MAX] {
            for theta in [1.0, 0.5, 0.001] {
                let pair = estimate_noisy_pair(&counts(theta), matches, 0.3, Confidence::default());
                let x = pair.overlap;
                assert!(
                    0.0 <= x.lower && x.lower <= x.value && x.value <= x.upper,
                    "{pair:?}"
                );
                assert!(x.upper <= pair.b.upper);
                assert_eq!(pair.a.value + pair.b.value - x.value, pair.union.value);
            }
        }
    }

    /// P(|noise| > t) is 5 % at most: 1 − Σ of the distribution's own formula.
    #[test]
    fn the_quantile_is_that_of_the_noise() {
        for epsilon in [0.1_f64, 0.5, 1.0, 3.0] {
            let t = noise_quantile(epsilon, Confidence::default());
            let q = (-epsilon).exp();
            let outside = |t: f64| 2.0 * q.powf(t + 1.0) / (1.0 + q);
            assert!(outside(t) <= 0.05, "{epsilon}: {t}");
            assert!(t <= 1.0 || outside(t - 2.0) > 0.05, "{epsilon}: {t}");
        }
    }
}
