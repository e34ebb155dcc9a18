//! Parts → users in every exclusive region of the sides.

use super::part::Part;
use super::partition::{PART_COUNT, Partition};
use super::table::{Key, Mask, Table};
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
        let both = 1_u64 << a | 1 << b;
        let regions = self.regions.iter();
        regions
            .filter(|(mask, _)| **mask & both == both)
            .map(|(_, users)| users)
            .sum()
    }

    /// Users of any side.
    #[must_use]
    pub fn union(&self) -> u64 {
        self.regions.values().sum()
    }

    /// Users of just the sides in `mask` (bit i is side i) and no others.
    #[must_use]
    pub fn region(&self, mask: u64) -> u64 {
        self.regions.get(&mask).copied().unwrap_or(0)
    }

    pub(super) fn add(mut self, other: &Self) -> Self {
        for (mask, users) in &other.regions {
            *self.regions.entry(*mask).or_default() += users;
        }
        self
    }
}

/// Counts and empties all parts, each on its own.
pub(super) fn regions<K: Key>(side_count: usize, partition: &Partition<K>) -> ExactCounts {
    if side_count <= u8::BITS as usize {
        regions_with::<K, u8>(partition)
    } else {
        regions_with::<K, u64>(partition)
    }
}

fn regions_with<K: Key, M: Mask>(partition: &Partition<K>) -> ExactCounts {
    let nothing = || (Table::<K, M>::default(), ExactCounts::default());
    (0..PART_COUNT)
        .into_par_iter()
        .fold(nothing, |(mut table, mut counts), index| {
            let sides = partition.take_part(index);
            table.start(sides.iter().map(Part::len).sum());
            for (side, part) in sides.iter().enumerate() {
                for keys in part.chunks() {
                    table.mark(keys, M::of(side));
                }
            }
            table.tally(&mut counts.regions);
            (table, counts)
        })
        .map(|(_, counts)| counts)
        .reduce(ExactCounts::default, |sum, counts| sum.add(&counts))
}
