//! Parts → users in every exclusive region of the sides.

use super::partition::{Key, PART_COUNT, Parts};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Users in every exclusive region: those that are in just these sides, one bit a side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExactCounts {
    regions: BTreeMap<u64, u64>,
}

impl ExactCounts {
    /// Distinct users of a side.
    #[must_use]
    pub fn users(&self, side: usize) -> u64 {
        self.overlap(side, side)
    }

    /// Users of both sides.
    #[must_use]
    pub fn overlap(&self, a: usize, b: usize) -> u64 {
        let both = 1 << a | 1 << b;
        let regions = self
            .regions
            .iter()
            .filter(|(mask, _)| **mask & both == both);
        regions.map(|(_, users)| users).sum()
    }

    /// Users of any side.
    #[must_use]
    pub fn union(&self) -> u64 {
        self.regions.values().sum()
    }

    /// Users of just the sides in `mask` and no others.
    #[must_use]
    pub fn region(&self, mask: u64) -> u64 {
        self.regions.get(&mask).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mask, users) in &other.regions {
            *self.regions.entry(*mask).or_default() += users;
        }
    }
}

/// Counts all parts, each on its own.
pub(super) fn regions<K: Key>(side_count: usize, sinks: &[(usize, Parts<K>)]) -> ExactCounts {
    let count = |part: usize| {
        let mut merged: Vec<(K, u64)> = Vec::new();
        for side in 0..side_count {
            let keys = distinct(side, part, sinks);
            merged = merge(&merged, &keys, 1 << side);
        }
        let mut counts = ExactCounts::default();
        for (_, mask) in merged {
            *counts.regions.entry(mask).or_default() += 1;
        }
        counts
    };
    (0..PART_COUNT)
        .into_par_iter()
        .map(count)
        .reduce(ExactCounts::default, |mut sum, part| {
            sum.add(&part);
            sum
        })
}

/// A side's keys in one part, ascending.
fn distinct<K: Key>(side: usize, part: usize, sinks: &[(usize, Parts<K>)]) -> Vec<K> {
    let of_side = sinks.iter().filter(|(of, _)| *of == side);
    let mut keys: Vec<K> = of_side
        .flat_map(|(_, parts)| parts.part(part))
        .copied()
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Merges one more side into ascending keys with the sides they were seen in.
fn merge<K: Key>(seen: &[(K, u64)], keys: &[K], side: u64) -> Vec<(K, u64)> {
    let mut merged = Vec::with_capacity(seen.len() + keys.len());
    let mut seen = seen.iter().copied().peekable();
    for &key in keys {
        while let Some(before) = seen.next_if(|(other, _)| *other < key) {
            merged.push(before);
        }
        let mask = seen
            .next_if(|(other, _)| *other == key)
            .map_or(0, |(_, mask)| mask);
        merged.push((key, mask | side));
    }
    merged.extend(seen);
    merged
}
