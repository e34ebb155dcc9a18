//! All exclusive regions of N sets from one consistent fit.
//!
//! A region is a mask: bit i stands for set i; region m holds the users of just those sets. The
//! sample counts regions below θ; sizes are known better, from registers and from samples that
//! reach above θ. Generalised least squares weighs both by their information.

use super::{Confidence, Estimate};

/// What is known of N sets, N at most [`RegionCounts::SETS_MAX`].
#[derive(Clone, Debug)]
pub struct RegionCounts {
    /// Hashes below θ by region; place 0 (in no set) is not used. 2^N places.
    pub below: Vec<u64>,
    /// The lowest threshold of all sets, in (0, 1]; 1 if every sample is its set.
    pub theta: f64,
    /// Each set's size with its interval.
    pub sizes: Vec<Estimate>,
    /// The level of these intervals.
    pub confidence: Confidence,
}

impl RegionCounts {
    /// 255 regions are as many as anybody reads, and as quick as a blink.
    pub const SETS_MAX: usize = 8;
}

/// Whole users in every region, with their covariance.
#[derive(Clone, Debug)]
pub struct RegionsEstimate {
    users: Vec<f64>,
    covariance: Vec<Vec<f64>>,
    theta: f64,
    confidence: Confidence,
}

/// The regions of all sets at once: any sum of them is an estimate of the same fit.
#[must_use]
pub fn estimate_regions(counts: &RegionCounts) -> RegionsEstimate {
    let theta = counts.theta;
    let confidence = counts.confidence;
    if theta >= 1.0 {
        let users: Vec<f64> = counts.below.iter().map(|&hashes| hashes as f64).collect();
        let covariance = vec![vec![0.0; users.len()]; users.len()];
        return RegionsEstimate {
            users,
            covariance,
            theta,
            confidence,
        };
    }
    let sampled: Vec<f64> = counts
        .below
        .iter()
        .map(|&hashes| hashes as f64 / theta)
        .collect();
    // The information depends on the regions: those of the first fit are near enough.
    let first = fit(counts, &sampled, &covariance(counts, &sampled));
    let covariance = covariance(counts, &first);
    let users = whole(counts, fit(counts, &sampled, &covariance));
    RegionsEstimate {
        users,
        covariance,
        theta,
        confidence,
    }
}

impl RegionsEstimate {
    /// Users in all regions that `wanted` picks, with their interval: a set is `mask & 1 << i != 0`,
    /// the union every mask.
    #[must_use]
    pub fn sum(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        let picked: Vec<usize> = (1..self.users.len()).filter(|&mask| wanted(mask)).collect();
        let value: f64 = picked.iter().map(|&mask| self.users[mask]).sum();
        if self.theta >= 1.0 || picked.is_empty() {
            return Estimate::exact(value);
        }
        let pairs = picked
            .iter()
            .flat_map(|&i| picked.iter().map(move |&j| (i, j)));
        let variance: f64 = pairs.map(|(i, j)| self.covariance[i][j]).sum();
        interval(value, variance, self.theta, self.confidence.z())
    }
}

/// As if the value were a Poisson count of as many events as its variance tells, in the
/// approximation of Wilson and Hilferty; never fewer than the sample itself would show.
pub(super) fn interval(value: f64, variance: f64, theta: f64, z: f64) -> Estimate {
    let events = match variance > 0.0 {
        true => value * value / variance,
        // Nothing was seen: that is no event, not certainty.
        false if value == 0.0 => 0.0,
        false => f64::INFINITY,
    };
    if events.is_infinite() {
        return Estimate::exact(value);
    }
    let cube = |n: f64, z: f64| n * (1.0 - 1.0 / (9.0 * n) + z / (3.0 * n.sqrt())).powi(3);
    // Users that stand behind one event; where there was none, the sample's own.
    let scale = if events >= 1.0 {
        value / events
    } else {
        1.0 / theta
    };
    let lower = if events >= 1.0 {
        cube(events, -z).max(0.0) * scale
    } else {
        0.0
    };
    let upper = cube(events + 1.0, z) * scale;
    super::answer::whole_users(value, lower, upper)
}

/// What a size knows beyond the sample below θ: its value and its information.
fn beyond(counts: &RegionCounts, set: usize, sampled: &[f64]) -> (f64, f64) {
    let size = &counts.sizes[set];
    let below: f64 = members(set, sampled.len()).map(|mask| sampled[mask]).sum();
    let of_sample = odds(counts.theta) / below.max(1.0);
    let sigma = (size.upper - size.lower) / (2.0 * counts.confidence.z());
    // A known size leaves no freedom; a thousandth of a user is as good.
    let all = 1.0 / (sigma * sigma).max(1e-6);
    let information = all - of_sample;
    if information <= 0.0 {
        return (size.value, 0.0);
    }
    (
        (size.value * all - below * of_sample) / information,
        information,
    )
}

fn odds(theta: f64) -> f64 {
    theta / (1.0 - theta)
}

/// The regions that lie in a set.
fn members(set: usize, region_count: usize) -> impl Iterator<Item = usize> {
    (1..region_count).filter(move |mask| mask >> set & 1 == 1)
}

/// The weighted mean of what sample and sizes say.
fn fit(counts: &RegionCounts, sampled: &[f64], covariance: &[Vec<f64>]) -> Vec<f64> {
    let n = sampled.len();
    // Information times deviation from the sample: the sample's own part is nothing.
    let mut pull = vec![0.0; n];
    for set in 0..counts.sizes.len() {
        let (value, information) = beyond(counts, set, sampled);
        let below: f64 = members(set, n).map(|mask| sampled[mask]).sum();
        for mask in members(set, n) {
            pull[mask] += information * (value - below);
        }
    }
    let moved = |mask: usize| -> f64 {
        let step: f64 = covariance[mask].iter().zip(&pull).map(|(c, p)| c * p).sum();
        // What the sample didn't see is moved by nothing.
        if counts.below[mask] == 0 {
            0.0
        } else {
            (sampled[mask] + step).max(0.0)
        }
    };
    (0..n).map(moved).collect()
}

/// Whole users, so that every sum is exact; sets of a known size keep it to the user.
fn whole(counts: &RegionCounts, users: Vec<f64>) -> Vec<f64> {
    let mut users: Vec<f64> = users.into_iter().map(f64::round).collect();
    for (set, size) in counts.sizes.iter().enumerate() {
        if size.lower == size.upper {
            let found: f64 = members(set, users.len()).map(|mask| users[mask]).sum();
            let alone = &mut users[1 << set];
            *alone = (*alone + size.value - found).max(0.0);
        }
    }
    users
}

/// The inverse of the information: the sample's about every region, and what each size knows
/// beyond the sample.
fn covariance(counts: &RegionCounts, users: &[f64]) -> Vec<Vec<f64>> {
    let n = users.len();
    let mut information = vec![vec![0.0; n]; n];
    for (mask, row) in information.iter_mut().enumerate() {
        // A region that wasn't seen is known to one event.
        row[mask] = odds(counts.theta) / users[mask].max(1.0 / counts.theta);
    }
    for set in 0..counts.sizes.len() {
        let (_, beyond) = beyond(counts, set, users);
        for i in members(set, n) {
            for j in members(set, n) {
                information[i][j] += beyond;
            }
        }
    }
    inverse(information)
}

/// The inverse of a positive definite matrix by Gauss and Jordan; place 0 is unused.
fn inverse(mut m: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = m.len();
    // Unit diagonal first: regions differ by orders of magnitude.
    let scale: Vec<f64> = (0..n).map(|i| 1.0 / m[i][i].sqrt()).collect();
    let mut inverse = vec![vec![0.0; n]; n];
    for i in 0..n {
        inverse[i][i] = 1.0;
        for j in 0..n {
            m[i][j] *= scale[i] * scale[j];
        }
    }
    for pivot in 0..n {
        let factor = 1.0 / m[pivot][pivot];
        for j in 0..n {
            m[pivot][j] *= factor;
            inverse[pivot][j] *= factor;
        }
        let (pivot_row, pivot_inverse) = (m[pivot].clone(), inverse[pivot].clone());
        for i in (0..n).filter(|&i| i != pivot) {
            let factor = m[i][pivot];
            if factor != 0.0 {
                for j in 0..n {
                    m[i][j] -= factor * pivot_row[j];
                    inverse[i][j] -= factor * pivot_inverse[j];
                }
            }
        }
    }
    for i in 0..n {
        for j in 0..n {
            inverse[i][j] *= scale[i] * scale[j];
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, relative: f64) -> Estimate {
        Estimate {
            value,
            lower: value * (1.0 - relative),
            upper: value * (1.0 + relative),
        }
    }

    fn counts() -> RegionCounts {
        RegionCounts {
            below: vec![0, 400, 300, 100, 200, 0, 50, 30],
            theta: 0.001,
            sizes: vec![near(5.2e5, 0.01), near(4.9e5, 0.01), near(2.9e5, 0.01)],
            confidence: Confidence::default(),
        }
    }

    #[test]
    fn known_sizes_are_kept_to_the_user() {
        let mut counts = counts();
        counts.sizes[1] = Estimate::exact(490_001.0);
        let regions = estimate_regions(&counts);
        assert_eq!(regions.sum(|mask| mask & 2 == 2).value, 490_001.0);
    }

    #[test]
    fn regions_move_towards_better_known_sizes() {
        let counts = counts();
        let regions = estimate_regions(&counts);
        for (set, size) in counts.sizes.iter().enumerate() {
            let sampled: f64 = members(set, 8)
                .map(|mask| counts.below[mask] as f64 * 1000.0)
                .sum();
            let fitted = regions.sum(|mask| mask >> set & 1 == 1).value;
            assert!(
                (fitted - size.value).abs() < 0.2 * (sampled - size.value).abs(),
                "{fitted}"
            );
        }
    }

    #[test]
    fn better_sizes_narrow_the_regions() {
        let sizes = counts()
            .sizes
            .iter()
            .map(|size| near(size.value, 0.2))
            .collect();
        let coarse = RegionCounts { sizes, ..counts() };
        let width = |counts: &RegionCounts| {
            let first = estimate_regions(counts).sum(|mask| mask == 1);
            first.upper - first.lower
        };
        assert!(width(&counts()) < 0.9 * width(&coarse));
    }

    #[test]
    fn what_was_not_seen_has_an_upper_bound() {
        let unseen = estimate_regions(&counts()).sum(|mask| mask == 0b101);
        assert_eq!(unseen.lower, 0.0);
        assert!(
            unseen.upper > 2_000.0 && unseen.upper < 8_000.0,
            "{unseen:?}"
        );
    }

    #[test]
    fn complete_samples_are_counted() {
        let regions = estimate_regions(&RegionCounts {
            theta: 1.0,
            ..counts()
        });
        assert_eq!(regions.sum(|mask| mask == 6), Estimate::exact(50.0));
    }
}
