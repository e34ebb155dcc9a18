//! Rows per sampled user.
//!
//! θ only falls, so that a hash in the final sample was in it since its first row: its count is
//! exact, and merging adds counts.

use super::BottomK;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Rows of every user whose hash is below θ, and of some that aren't any more.
#[derive(Clone, Debug)]
pub struct RowCounts {
    rows: HashMap<u64, u64, BuildHasherDefault<OwnHash>>,
    /// At this many users it is worth looking for those above θ.
    prune_at: usize,
}

/// The keys are hashes already.
#[derive(Clone, Debug, Default)]
struct OwnHash(u64);

impl Hasher for OwnHash {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        // The map takes its index from the low end and its tags from the high end; sampled hashes
        // are small numbers.
        self.0 = hash ^ hash.rotate_right(7);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl RowCounts {
    pub(super) fn new(k: usize) -> Self {
        Self {
            rows: HashMap::default(),
            prune_at: 4 * k,
        }
    }

    /// Counts a batch of sampled hashes, some of which may be above `theta`, the sample's after it.
    pub(super) fn count(&mut self, hashes: impl Iterator<Item = u64>, theta: u64) {
        for hash in hashes.filter(|&hash| hash < theta) {
            *self.rows.entry(hash).or_default() += 1;
        }
        if self.rows.len() > self.prune_at {
            self.rows.retain(|&hash, _| hash < theta);
        }
    }

    /// Adds the rows of another part of the same set.
    pub fn merge(&mut self, other: &Self) {
        for (&hash, rows) in &other.rows {
            *self.rows.entry(hash).or_default() += rows;
        }
    }

    /// How many users of a sample have 1, 2, … rows: place j for j rows, the last place for as
    /// many or more.
    #[must_use]
    pub fn histogram<const PLACES: usize>(&self, sample: &BottomK) -> [u64; PLACES] {
        let mut histogram = [0; PLACES];
        for hash in sample.hashes() {
            let rows = self.rows.get(hash).copied().unwrap_or(0);
            let place = usize::try_from(rows).unwrap_or(usize::MAX).min(PLACES - 1);
            histogram[place] += 1;
        }
        histogram
    }
}
