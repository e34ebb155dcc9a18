//! The largest exclusive regions of any number of sides, from their common sample.

use crate::compare::{SampledRegions, sampled_regions};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, SampledCounts, estimate_sampled};
use crate::sketch::Sketch;
use std::collections::BTreeSet;

/// The largest exclusive regions of some sides, and what there is beside them.
#[derive(Clone, Debug, PartialEq)]
pub struct LargestRegions {
    /// The sides that the users of each region are in, by their places, and how many users; the
    /// largest first.
    pub regions: Vec<(Vec<usize>, Estimate)>,
    /// The regions that aren't listed.
    pub rest: OtherRegions,
}

/// The regions that aren't listed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OtherRegions {
    /// How many regions are known to have users and aren't listed.
    pub regions: u64,
    /// The users of all of these together.
    pub users: Estimate,
    /// The most users that a region can have of which the sample saw no user; 0 if there is no such
    /// region.
    pub unseen_most: f64,
}

/// The `top` largest exclusive regions of some sides, by the users whom the common sample of all
/// sides saw: that below the lowest θ. An interval is that of a region that was chosen beforehand.
///
/// ```
/// use overlap::{Confidence, Sketch, SketchOptions, id::IdBatch, largest_regions};
///
/// let side = |ids: &[i64]| Sketch::of(IdBatch::Integers(ids), SketchOptions::default());
/// let sides = [side(&[1, 2, 3, 4, 5])?, side(&[4, 5])?, side(&[6])?];
/// let largest = largest_regions(&sides.each_ref(), 2, Confidence::default())?;
/// assert_eq!(largest.regions[0].0, [0]);
/// assert_eq!(largest.regions[1].0, [0, 1]);
/// assert_eq!(largest.rest.users.value, 1.0);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two sides can't be compared, or if one has no sample.
pub fn largest_regions(
    sketches: &[&Sketch],
    top: usize,
    confidence: Confidence,
) -> Result<LargestRegions> {
    let sampled = sampled_regions(sketches)?;
    let (listed, others) = sampled.seen.split_at(top.min(sampled.seen.len()));
    let users = |seen: u64, chance: f64| {
        let counts = SampledCounts {
            seen,
            theta: sampled.theta,
            chance,
        };
        estimate_sampled(&counts, confidence)
    };
    let region = |(sides, seen): &(Vec<usize>, u64)| {
        let chance = chance_matches(&sampled, sides);
        (sides.clone(), users(*seen, chance))
    };
    Ok(LargestRegions {
        regions: listed.iter().map(region).collect(),
        rest: OtherRegions {
            regions: others.len() as u64,
            users: users(others.iter().map(|(_, seen)| seen).sum(), 0.0),
            unseen_most: users(0, 0.0).upper,
        },
    })
}

/// The most chance matches that a region may hold: pairs of users of smaller regions within it, one of
/// which has at least half of its sides, who share a hash.
fn chance_matches(sampled: &SampledRegions, sides: &[usize]) -> f64 {
    let all: u64 = sampled.seen.iter().map(|(_, seen)| seen).sum();
    let of_pairs = |one: u64, other: u64| {
        let hashes = sampled.theta * sampled.hash_values;
        one as f64 * other as f64 / hashes
    };
    // Mostly there are too few users for any chance match at all.
    if sides.len() < 2 || of_pairs(all, all) < 0.01 {
        return 0.0;
    }
    let sides: BTreeSet<usize> = sides.iter().copied().collect();
    let is_within = |region: &Vec<usize>| {
        region.len() < sides.len() && region.iter().all(|side| sides.contains(side))
    };
    let within = || sampled.seen.iter().filter(|(region, _)| is_within(region));
    let smaller: u64 = within().map(|(_, seen)| seen).sum();
    let large = within().filter(|(region, _)| 2 * region.len() >= sides.len());
    of_pairs(large.map(|(_, seen)| seen).sum(), smaller)
}
