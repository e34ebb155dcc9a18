//! A region of many sets from the hashes that the sets' common sample saw of it.
//!
//! Of n users each is below θ with probability θ, so that the number seen is binomial; its interval is
//! that of a set with such a sample and no registers.

use super::counts::{SetCounts, SetSample};
use super::single::estimate_set;
use super::{Confidence, Estimate};

/// What a common sample saw of one region.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SampledCounts {
    /// Hashes below θ that lie in just the sets of the region.
    pub seen: u64,
    /// The threshold as a share of all hashes, in (0, 1]; 1 if every sample is its set.
    pub theta: f64,
    /// The most of these hashes that are expected to be different users of smaller regions who share
    /// a sampled hash.
    pub chance: f64,
}

/// The users of a region, with an interval that holds the truth of a region that was chosen
/// beforehand. Exact if θ is 1.
///
/// ```
/// use overlap::{Confidence, SampledCounts, estimate_sampled};
///
/// let counts = SampledCounts { seen: 400, theta: 0.001, chance: 0.0 };
/// let users = estimate_sampled(&counts, Confidence::default());
/// assert_eq!(users.value, 400_000.0);
/// assert!(users.lower > 360_000.0 && users.upper < 442_000.0);
/// ```
#[must_use]
pub fn estimate_sampled(counts: &SampledCounts, confidence: Confidence) -> Estimate {
    // Rarer chance matches than one in twenty regions change no interval.
    const CHANCE_MIN: f64 = 0.05;
    let of = |seen: u64| {
        let sample = Some(SetSample {
            hashes: seen,
            theta: counts.theta,
        });
        let counts = SetCounts {
            sample,
            ..SetCounts::default()
        };
        estimate_set(&counts, confidence)
    };
    let estimate = match (counts.seen, counts.theta >= 1.0) {
        (0, false) => Estimate {
            value: 0.0,
            lower: 0.0,
            upper: none_seen(counts.theta, confidence),
        },
        _ => of(counts.seen),
    };
    if counts.theta >= 1.0 || counts.chance < CHANCE_MIN {
        return estimate;
    }
    let most = (counts.chance + confidence.z() * counts.chance.sqrt()).ceil();
    let rest = (counts.seen as f64 - most).max(0.0);
    let lower = match rest > 0.0 {
        true => of(rest as u64).lower,
        false => 0.0,
    };
    Estimate { lower, ..estimate }
}

/// The most users that a region can have of which no user was seen: (1 − θ)^n is as small as what an
/// interval of this confidence leaves out at one end.
fn none_seen(theta: f64, confidence: Confidence) -> f64 {
    let left_out = 0.5 - 0.5 * confidence.level();
    (left_out.ln() / (-theta).ln_1p()).floor()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn whole_samples_are_counted() {
        let counts = SampledCounts {
            seen: 7,
            theta: 1.0,
            chance: 0.0,
        };
        let users = estimate_sampled(&counts, Confidence::default());
        assert_eq!(users, Estimate::exact(7.0));
        let nobody = SampledCounts { seen: 0, ..counts };
        let users = estimate_sampled(&nobody, Confidence::default());
        assert_eq!(users, Estimate::exact(0.0));
    }

    #[test]
    fn chance_matches_lower_the_lower_limit_alone() {
        let plain = SampledCounts {
            seen: 30,
            theta: 0.001,
            chance: 0.0,
        };
        let of = |chance: f64| {
            let counts = SampledCounts { chance, ..plain };
            estimate_sampled(&counts, Confidence::default())
        };
        assert_eq!(of(0.0), of(0.01));
        assert!(of(4.0).lower < of(0.0).lower && of(4.0).upper == of(0.0).upper);
        assert_eq!(of(100.0).lower, 0.0);
    }

    /// 4,000 regions of each size: the binomial noise of the share is 0.35 %.
    #[test]
    fn intervals_hold_95_of_100_regions() {
        let mut rng = StdRng::seed_from_u64(17);
        for (users, theta) in [
            (20, 0.1),
            (300, 0.1),
            (2_000, 0.01),
            (50_000, 0.001),
            (40, 0.5),
        ] {
            let mut inside = 0;
            for _ in 0..4_000 {
                let seen = (0..users).filter(|_| rng.random_bool(theta)).count();
                let counts = SampledCounts {
                    seen: seen as u64,
                    theta,
                    chance: 0.0,
                };
                let found = estimate_sampled(&counts, Confidence::default());
                inside += i32::from((found.lower..=found.upper).contains(&f64::from(users)));
            }
            assert!(
                inside >= 3_760,
                "{users} users, θ = {theta}: {inside} of 4,000"
            );
        }
    }
}
