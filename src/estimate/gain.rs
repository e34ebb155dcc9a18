//! How likely it is that a gain is larger than a number of users.
//!
//! The probability is that of the confidence distribution: Φ(r) with r the signed root of the
//! profile likelihood's ratio at the number (Barndorff-Nielsen and Cox, "Inference and Asymptotics",
//! section 4.4). Counts of the sample are moved by 1/6: the ratio's own limits expand as
//! N ± z √N + z²/3, those of the distribution whose quantiles are right on both sides (Jeffreys', or
//! the mid-P one) as N ± z √N + z²/3 + 1/6.

use super::counts::{PairCounts, SetCounts};
use super::interval::signed_root;
use super::likelihood::RegisterTerms;
use super::listed;
use super::normal::cumulative;
use super::pair::{fitted, known_sizes, most_users, set_counts};
use super::single::signed_root_of_size;

/// The probability, from 0 to 1, that A gains more than so many users by B: that B has more users
/// whom A doesn't have. 0 or 1 where the counts are exact.
///
/// Of the events that are given a probability of 10 %, about one in ten happens; the simulation is in
/// `docs/accuracy-gain.md`.
///
/// ```
/// use overlap::{Sketch, SketchOptions, id::IdBatch, pair_counts, probability_of_gain};
///
/// let sketch = |ids: std::ops::Range<i64>| {
///     let ids: Vec<i64> = ids.collect();
///     Sketch::of(IdBatch::Integers(&ids), SketchOptions::default())
/// };
/// // B has 100,000 users whom A doesn't have.
/// let counts = pair_counts(&sketch(0..150_000)?, &sketch(100_000..250_000)?)?;
/// assert!(probability_of_gain(&counts, 95_000) > 0.99);
/// assert!(probability_of_gain(&counts, 105_000) < 0.01);
/// # Ok::<(), overlap::Error>(())
/// ```
#[must_use]
pub fn probability_of_gain(counts: &PairCounts, more_than: u64) -> f64 {
    if let Some(sample) = counts.sample.filter(|sample| sample.theta >= 1.0) {
        return certainly(sample.only_b > more_than);
    }
    if let Some(listed) = &counts.listed {
        return match listed.side {
            1 => certainly(listed.only > more_than),
            _ => match listed::root_above(counts, listed, more_than as f64 + 0.5, SHIFT) {
                root if root.is_infinite() => certainly(root > 0.0),
                root => estimated(root),
            },
        };
    }
    // The fit is always made in the same order, as that of the pair is.
    let swapped = counts.swapped();
    let (counts, part) = match counts.order() <= swapped.order() {
        true => (counts, 1),
        false => (&swapped, 0),
    };
    // The gain is a whole number, so that the border is half a user above.
    let border = more_than as f64 + 0.5;
    let known = known_sizes(counts);
    let free = above(counts, known, part, border);
    let most = most_users(counts, &known);
    if most[part].is_some_and(|most| border > most) {
        return 0.0;
    }
    // A set that came out larger than it can be has that size, or fewer users: the less certain of
    // both answers is given.
    let sizes = held_at_bounds(counts, known, most);
    let held = match sizes == known {
        true => free,
        false => above(counts, sizes, part, border),
    };
    if (free - 0.5) * (held - 0.5) < 0.0 {
        return 0.5;
    }
    match (free - 0.5).abs() < (held - 0.5).abs() {
        true => free,
        false => held,
    }
}

/// Φ, short of what is certain.
fn estimated(root: f64) -> f64 {
    cumulative(root).clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
}

const fn certainly(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// The known sizes, and the bounds of sets that come out larger than these.
fn held_at_bounds(
    counts: &PairCounts,
    known: [Option<f64>; 2],
    most: [Option<f64>; 2],
) -> [Option<f64>; 2] {
    if most == [None; 2] || known.contains(&Some(0.0)) {
        return known;
    }
    let terms = counts.registers.as_ref().map(RegisterTerms::of_pair);
    let v = fitted(counts, known, terms.as_ref(), 1.0).fit.v;
    std::array::from_fn(|side| {
        let is_over = |&most: &f64| v[side] + v[2] > most;
        known[side].or(most[side].filter(is_over))
    })
}

/// How far the counts of a sample are moved, all alike: up for what the sample saw of the gain, and
/// up for what it trades users with.
const SHIFT: f64 = 1.0 / 6.0;

/// The probability that `part` (0: users of A alone, 1: of B alone) is above `border`.
fn above(counts: &PairCounts, known: [Option<f64>; 2], part: usize, border: f64) -> f64 {
    let other = 1 - part;
    if known[part] == Some(0.0) {
        return 0.0;
    }
    if known[other] == Some(0.0) {
        // All of its users are new.
        return match known[part] {
            Some(users) => certainly(users > border),
            None => size_above(&set_counts(counts, part), border),
        };
    }
    let terms = counts.registers.as_ref().map(RegisterTerms::of_pair);
    let answer = fitted(counts, known, terms.as_ref(), 1.0);
    let mut model = answer.model;
    if border < model.likelihood.floor()[part] {
        return 1.0;
    }
    // Where the set's size is known, its users alone are what the overlap leaves.
    let (asked, value) = match known[part] {
        Some(users) => (2, users - border),
        None => (part, border),
    };
    if value <= 0.0 {
        return 0.0;
    }
    if asked == 2 && value >= model.overlap_max() {
        return 1.0;
    }
    if let Some(sample) = &mut model.likelihood.sample {
        *sample = sample.shifted(asked, SHIFT, SHIFT, &answer.register_events);
    }
    let fit = model.maximise(&answer.fit.v, None);
    let root = signed_root(&model, &fit, asked, value);
    estimated(if asked == 2 { -root } else { root })
}

fn size_above(counts: &SetCounts, border: f64) -> f64 {
    match counts.sample.filter(|sample| sample.theta >= 1.0) {
        Some(sample) => certainly(sample.hashes as f64 > border),
        None => estimated(signed_root_of_size(counts, border, SHIFT)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::tests::sample;

    fn counts(only_a: u64, only_b: u64, both: u64, theta: f64) -> PairCounts {
        PairCounts {
            sample: Some(sample(only_a, only_b, both, theta)),
            ..PairCounts::default()
        }
    }

    #[test]
    fn counted_gains_are_certain() {
        let counts = counts(70, 40, 30, 1.0);
        assert_eq!(probability_of_gain(&counts, 39), 1.0);
        assert_eq!(probability_of_gain(&counts, 40), 0.0);
        assert_eq!(probability_of_gain(&counts.swapped(), 69), 1.0);
    }

    #[test]
    fn a_larger_number_is_never_likelier() {
        let mut free = counts(700, 400, 300, 0.005);
        for (known_b, most_b) in [(None, None), (Some(140_000), None), (None, Some(139_000))] {
            (free.known_b, free.most_b) = (known_b, most_b);
            let mut last = 1.0;
            for users in (0..200_000).step_by(2_000) {
                let next = probability_of_gain(&free, users);
                assert!((0.0..=last).contains(&next), "{known_b:?}, {users}: {next}");
                last = next;
            }
            assert!(last < 1e-9, "{known_b:?}: {last}");
            assert!((0.3..0.7).contains(&probability_of_gain(&free, 80_000)));
        }
    }

    #[test]
    fn what_was_seen_is_certain_and_what_rows_forbid_is_impossible() {
        let mut counts = counts(400, 400, 300, 0.5);
        assert_eq!(probability_of_gain(&counts, 399), 1.0);
        counts.most_b = Some(1_500);
        assert_eq!(probability_of_gain(&counts, 1_500), 0.0);
    }

    /// With a flat Poisson count the probability is that of a gamma distribution with shape n + ½,
    /// to second order: 100 seen of 1 in 200, quantiles of that distribution by
    /// bisection.
    #[test]
    fn the_quantiles_of_a_plain_count_are_jeffreys() {
        let counts = counts(0, 100, 0, 0.005);
        for (probability, quantile) in [(0.1, 22_708.5), (0.5, 20_033.4), (0.9, 17_577.1)] {
            let found = probability_of_gain(&counts, quantile as u64);
            assert!(
                (found - probability).abs() < 0.004,
                "{probability}: {found}"
            );
        }
    }
}
