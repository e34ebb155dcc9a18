//! Parts → users in every exclusive region of the sides.

use super::key::Key;
use super::part::Part;
use super::partition::Partition;
use super::pool::BLOCK_BYTES;
use super::table::{Extract, Table};
use crate::error::Result;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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
pub(super) fn regions<K: Key>(partition: &Partition) -> Result<ExactCounts> {
    let next = AtomicUsize::new(0);
    let done = rayon::broadcast(|_| {
        let mut worker = Worker::<K>::default();
        loop {
            let index = next.fetch_add(1, Relaxed);
            if index >= partition.shape.part_count() {
                return Ok(worker.counts);
            }
            worker.count(partition, index)?;
        }
    });
    done.into_iter()
        .try_fold(ExactCounts::default(), |sum, counts| Ok(sum.add(&counts?)))
}

/// What a thread keeps from part to part.
#[derive(Default)]
struct Worker<K> {
    table: Table<K>,
    /// Blocks read back.
    run: Vec<u8>,
    counts: ExactCounts,
}

impl<K: Key> Worker<K> {
    fn count(&mut self, partition: &Partition, index: usize) -> Result<()> {
        let sides = partition.take_part::<K>(index);
        let key_count = sides.iter().map(all_keys::<K>).sum::<usize>();
        let shape = &partition.shape;
        let bytes = Table::<K>::bytes_for(key_count as u64, shape.side_count);
        // A part that is too large for a table is read as often as there are tables.
        let tables = bytes.div_ceil(shape.table_bytes).next_power_of_two();
        if key_count == 0 {
            return Ok(());
        }
        for table in 0..tables {
            let extract = Extract {
                part_bits: shape.part_bits,
                table_bits: tables.trailing_zeros(),
                table,
            };
            let keys = key_count.div_ceil(tables as usize);
            self.table.start(keys, shape.side_count, extract);
            for (side, part) in sides.iter().enumerate() {
                self.mark(partition, part, side, extract)?;
            }
            self.table.tally(&mut self.counts.regions);
        }
        Ok(())
    }

    fn mark(
        &mut self,
        partition: &Partition,
        part: &Part,
        side: usize,
        extract: Extract,
    ) -> Result<()> {
        for block in part.blocks() {
            self.table.mark(&block.bytes, block.keys, side, extract);
        }
        for extent in part.extents() {
            let mut rest = *extent;
            while rest.blocks > 0 {
                rest = partition.spill.read(rest, &mut self.run)?;
                for block in self.run.chunks(BLOCK_BYTES) {
                    self.table
                        .mark(block, Table::<K>::BLOCK_KEYS, side, extract);
                }
            }
        }
        Ok(())
    }
}

/// In memory and in the temporary file, repeated ones among them.
fn all_keys<K: Key>(part: &Part) -> usize {
    let blocks: usize = part.extents().iter().map(|extent| extent.blocks).sum();
    part.keys() + blocks * Table::<K>::BLOCK_KEYS
}
