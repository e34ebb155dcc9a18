//! How often users come: reach at a frequency, from rows per sampled user.

use super::{Confidence, Estimate};

/// Frequencies are told one by one up to this one, which stands for as many rows or more.
pub const FREQUENCY_MAX: usize = 10;

/// What a sample says of rows per user.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrequencyCounts {
    /// Sampled users with j rows at place j; the last place is [`FREQUENCY_MAX`] rows or more.
    pub histogram: [u64; FREQUENCY_MAX + 1],
    /// The sampled share of all users, in (0, 1]; 1 if the sample is the set.
    pub theta: f64,
    /// Rows with an ID.
    pub rows: u64,
    /// The set's size with its interval.
    pub users: Estimate,
    /// The level of that interval and of those to come.
    pub confidence: Confidence,
}

/// Users by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct FrequencyEstimate {
    /// Rows a user.
    pub mean: Estimate,
    /// Users with at least j rows at place j − 1, j from 1 to [`FREQUENCY_MAX`].
    pub reach: Vec<Estimate>,
    /// Users with exactly j rows at place j − 1; the last with [`FREQUENCY_MAX`] or more.
    pub exactly: Vec<Estimate>,
}

/// Scales sampled shares by the set's size, which registers and sample know better together than
/// θ does: relative variance (1 − p)/(k p) + σ²/n².
#[must_use]
pub fn estimate_frequency(counts: &FrequencyCounts) -> FrequencyEstimate {
    let sampled: u64 = counts.histogram.iter().sum();
    let from = |j: usize| counts.histogram[j..].iter().sum::<u64>();
    let users = |seen: u64| scaled(counts, seen, sampled);
    let rows = counts.rows as f64;
    // Where there are rows there is a user, and no user without a row.
    let per = |users: f64| {
        if rows > 0.0 {
            rows / users.clamp(1.0, rows)
        } else {
            0.0
        }
    };
    let mut reach: Vec<Estimate> = (1..=FREQUENCY_MAX).map(|j| users(from(j))).collect();
    // Every user has a row.
    reach[0] = counts.users;
    for j in 1..reach.len() {
        // Nobody has more rows than a frequency asks for and isn't counted there.
        let more = reach[j - 1];
        reach[j] = reach[j].at_most(more);
        reach[j].upper = reach[j].upper.min(more.upper);
        reach[j].lower = reach[j].lower.min(more.lower);
    }
    FrequencyEstimate {
        mean: Estimate {
            value: per(counts.users.value),
            lower: per(counts.users.upper),
            upper: per(counts.users.lower),
        },
        exactly: (1..=FREQUENCY_MAX)
            .map(|j| {
                let more = reach.get(j).map_or(0.0, |more| more.value);
                let seen = if j == FREQUENCY_MAX {
                    from(j)
                } else {
                    counts.histogram[j]
                };
                // What is printed adds up: rounding apart, this is the sample's own number.
                users(seen)
                    .limited(reach[j - 1].upper)
                    .with_value(reach[j - 1].value - more)
            })
            .collect(),
        reach,
    }
}

/// Users of whom `seen` of `sampled` were in the sample.
fn scaled(counts: &FrequencyCounts, seen: u64, sampled: u64) -> Estimate {
    if counts.theta >= 1.0 || sampled == 0 {
        return Estimate::exact(seen as f64);
    }
    if seen == sampled {
        // All of the sample: at least as large a share of all as would be missed by so many draws in
        // one case of 1 / tail (Clopper and Pearson).
        let tail = 0.5 * (1.0 - counts.confidence.level());
        let least = counts.users.lower * tail.powf(1.0 / sampled as f64);
        return Estimate {
            lower: least.floor().max(seen as f64).min(counts.users.lower),
            ..counts.users
        };
    }
    let (seen, sampled) = (seen as f64, sampled as f64);
    let share = seen / sampled;
    let value = share * counts.users.value;
    let z = counts.confidence.z();
    let size_sigma = (counts.users.upper - counts.users.lower) / (2.0 * z);
    // A sample of a fixed population without replacement: the sampled ones are certain.
    let of_share = (1.0 - share) * (1.0 - counts.theta) / sampled * share;
    let variance = of_share * counts.users.value.powi(2) + (share * size_sigma).powi(2);
    super::regions::poisson_interval(value.round(), variance, 1.0 / counts.theta, z)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(theta: f64) -> FrequencyCounts {
        let mut histogram = [0; FREQUENCY_MAX + 1];
        (histogram[1], histogram[2], histogram[FREQUENCY_MAX]) = (600, 300, 100);
        let users = Estimate {
            value: 1e5,
            lower: 0.98e5,
            upper: 1.02e5,
        };
        let confidence = Confidence::default();
        FrequencyCounts {
            histogram,
            theta,
            rows: 250_000,
            users,
            confidence,
        }
    }

    #[test]
    fn reach_falls_with_frequency_and_starts_with_all() {
        let estimate = estimate_frequency(&counts(0.01));
        assert_eq!(estimate.reach[0], counts(0.01).users);
        assert_eq!(estimate.reach[1].value, 4e4);
        assert_eq!(estimate.reach[2].value, 1e4);
        assert_eq!(estimate.reach[9].value, 1e4);
        assert_eq!(estimate.exactly[0].value, 6e4);
        assert_eq!(estimate.exactly[2].value, 0.0);
        assert!(
            estimate.exactly[2].upper > 100.0,
            "not seen is not excluded"
        );
        assert_eq!(estimate.mean.value, 2.5);
        let total: f64 = estimate.exactly.iter().map(|users| users.value).sum();
        assert_eq!(total, 1e5);
    }

    #[test]
    fn a_complete_sample_is_counted() {
        let estimate = estimate_frequency(&counts(1.0));
        assert_eq!(estimate.reach[1], Estimate::exact(400.0));
    }
}
