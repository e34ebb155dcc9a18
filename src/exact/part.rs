//! The keys of one side that fall into one part: in blocks, and in the temporary file.

use super::key::Key;
use super::pool::Pool;
use super::spill::Extent;
use super::table::{Extract, Table};
use bytes::BytesMut;

/// A block with keys in it.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) bytes: BytesMut,
    pub(super) keys: usize,
}

/// One part of one side.
#[derive(Debug, Default)]
pub(super) struct Part {
    blocks: Vec<Filled>,
    extents: Vec<Extent>,
    /// Keys in `blocks`, repeated ones among them.
    keys: usize,
    /// So many of them were left when repeated keys were last looked for.
    distinct: usize,
}

impl Part {
    /// Fewer blocks aren't searched for repeated keys: the fewer users a side has, the more often
    /// they would be.
    const DEDUP_BLOCKS: usize = 4;

    /// Keys for each distinct one of the last search: one in four is looked at again.
    const GROWTH: usize = 4;

    pub(super) fn blocks(&self) -> &[Filled] {
        &self.blocks
    }

    /// What was written away: full blocks.
    pub(super) fn extents(&self) -> &[Extent] {
        &self.extents
    }

    /// Keys in memory, repeated ones among them.
    pub(super) const fn keys(&self) -> usize {
        self.keys
    }

    pub(super) fn push(&mut self, block: Filled) {
        self.keys += block.keys;
        self.blocks.push(block);
    }

    /// Whether there is anything in which repeated keys weren't looked for.
    pub(super) const fn has_grown(&self) -> bool {
        self.keys > self.distinct
    }

    /// Whether it has grown so much since repeated keys were last looked for that looking at the
    /// old ones again is a small part of the work.
    pub(super) fn has_outgrown(&self) -> bool {
        self.keys >= Self::GROWTH * self.distinct && self.blocks.len() >= Self::DEDUP_BLOCKS
    }

    /// Drops repeated keys and gives their memory back.
    pub(super) fn dedup<K: Key>(&mut self, table: &mut Table<K>, part_bits: u32, pool: &Pool) {
        let all = Extract {
            part_bits,
            table_bits: 0,
            table: 0,
        };
        // Where keys repeat most of a large table would lie idle; where they don't it grows.
        let likely = (self.keys / Self::GROWTH).max(2 * self.distinct);
        table.start(likely, 1, all);
        for block in &self.blocks {
            table.mark(&block.bytes, block.keys, 0, all);
        }
        let mut slots = table.slots().iter();
        self.keys = 0;
        for block in &mut self.blocks {
            // Free slots are stored too, but the next one overwrites them: no branch to guess.
            let mut end = 0;
            while end < Table::<K>::BLOCK_KEYS * K::STORED_BYTES
                && let Some(entry) = slots.next()
            {
                entry.as_stored().store(&mut block.bytes[end..]);
                end += K::STORED_BYTES * usize::from(entry.sides());
            }
            block.keys = end / K::STORED_BYTES;
            self.keys += block.keys;
        }
        let used = self
            .blocks
            .iter()
            .take_while(|block| block.keys > 0)
            .count();
        pool.give_back(self.blocks.drain(used..).map(|block| block.bytes));
        self.distinct = self.keys;
    }

    /// Takes the full blocks out.
    pub(super) fn take_full<K: Key>(&mut self) -> Vec<Filled> {
        let is_full = |block: &mut Filled| block.keys == Table::<K>::BLOCK_KEYS;
        let full: Vec<Filled> = self.blocks.extract_if(.., is_full).collect();
        self.keys -= full.len() * Table::<K>::BLOCK_KEYS;
        self.distinct = 0;
        full
    }

    /// Notes where full blocks went.
    pub(super) fn add_extents(&mut self, extents: Vec<Extent>) {
        self.extents.extend(extents);
    }
}
