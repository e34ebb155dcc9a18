//! Where are a partner's users whom we don't reach?

use crate::compare::{pair_counts, set_counts};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set, probability_of_gain};
use crate::sketch::Sketch;

/// The users of one segment of a partner, beside all of ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmentGain {
    /// The segment's place among the partner's.
    pub segment: usize,
    /// The partner's users in it.
    pub users: Estimate,
    /// The partner's users in it whom we have, in any segment of ours.
    pub overlap: Estimate,
    /// The partner's users in it whom we don't have.
    pub new: Estimate,
    /// new / users: how much of the segment is new.
    pub new_share: Estimate,
    /// new / all of our users: the reach that the segment adds.
    pub gain: Estimate,
}

/// Every segment of a partner compared with all of our users, the largest gain first.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two sketches can't be compared.
pub fn segment_gains(
    ours: &Sketch,
    partner: &[&Sketch],
    confidence: Confidence,
) -> Result<Vec<SegmentGain>> {
    let gain = |(segment, sketch): (usize, &&Sketch)| {
        let pair = estimate_pair(&pair_counts(ours, sketch)?, confidence);
        // 1 − share, whose interval turns round.
        let new_share = match pair.b.value > 0.0 {
            true => Estimate {
                value: 1.0 - pair.share_of_b.value,
                lower: 1.0 - pair.share_of_b.upper,
                upper: 1.0 - pair.share_of_b.lower,
            },
            false => Estimate::exact(0.0),
        };
        Ok(SegmentGain {
            segment,
            users: pair.b,
            overlap: pair.overlap,
            new: pair.only_b,
            new_share,
            gain: pair.gain_a,
        })
    };
    let gains = partner.iter().enumerate().map(gain);
    let mut gains: Vec<SegmentGain> = gains.collect::<Result<_>>()?;
    gains.sort_by(|a, b| b.new.value.total_cmp(&a.new.value));
    Ok(gains)
}

/// For every segment of a partner, by its place, the probability that more than so many of its users
/// are new to us.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two sketches can't be compared.
pub fn segment_odds(ours: &Sketch, partner: &[&Sketch], more_than: u64) -> Result<Vec<f64>> {
    let odds = |sketch: &&Sketch| {
        let counts = pair_counts(ours, sketch)?;
        Ok(probability_of_gain(&counts, more_than))
    };
    partner.iter().map(odds).collect()
}

/// The users of some segments.
#[must_use]
pub fn segment_users(segments: &[Sketch], confidence: Confidence) -> Vec<Estimate> {
    let users = |sketch: &Sketch| estimate_set(&set_counts(sketch), confidence);
    segments.iter().map(users).collect()
}
