//! A fit as plain numbers, for programs that answer sums of regions without the sketches.
//!
//! The page of a report holds it and repeats `Intervals::of` step by step: the same additions in the
//! same order give the same digits.

use super::super::Estimate;

/// A set of regions: bit r of the words, the lowest word first, stands for region r.
pub type RegionWords = [u64; 4];

/// Everything that the interval of a sum of regions follows from. It holds numbers of users and their
/// covariance; no hash and no ID.
#[derive(Clone, Debug)]
pub struct RegionsFit {
    /// Whole users in each region; region 0 is empty.
    pub users: Vec<f64>,
    /// What the fit says before rounding.
    pub fitted: Vec<f64>,
    /// Covariance of the regions' users, row by row; 0 where a bound holds a region.
    pub covariance: Vec<f64>,
    /// Regions that a bound holds.
    pub held: Vec<HeldRegion>,
    /// How many users each region would gain under something that may be so as well.
    pub leans: Vec<Vec<f64>>,
    /// Users that were seen of sets of regions.
    pub seen: Vec<(RegionWords, u64)>,
    /// Sets of regions whose total is certain, with that total.
    pub certain: Vec<(RegionWords, f64)>,
    /// So many of the first `certain` sets have no region in common.
    pub disjoint: usize,
    /// Users that stand behind one hash of the sample; infinite without a sample.
    pub per_hash: f64,
    /// The normal quantile of the confidence.
    pub z: f64,
    /// Sums whose limits bound those of their parts and of what they are a part of.
    pub anchors: Vec<(RegionWords, Estimate)>,
}

/// A region that a bound holds, and what it would mean if it had more users.
#[derive(Clone, Debug)]
pub struct HeldRegion {
    /// Which region.
    pub region: usize,
    /// How many users it may have beyond its bound.
    pub most: f64,
    /// What fraction of a user it has above its bound.
    pub above: f64,
    /// How many users fewer each other region would have, for each of its own.
    pub replaced: Vec<f64>,
}
