//! One part in cache: its distinct keys, and the sides each was seen in.
//!
//! Open addressing with linear probing. A free slot is one whose mask is empty, so that starting
//! anew clears the small masks alone and every value can be a key.

use crate::hash::hash_integer;
use std::collections::BTreeMap;
use std::ops::BitOrAssign;

/// A kept ID: its value or its 128-bit hash.
pub(super) trait Key: Copy + Default + Eq + Send + Sync {
    /// All of its bits in a word.
    fn word(self) -> u64;
}

impl Key for u64 {
    #[inline]
    fn word(self) -> u64 {
        self
    }
}

impl Key for u128 {
    #[inline]
    fn word(self) -> u64 {
        // Both halves: the high one of a wide integer may be all zeros.
        self as u64 ^ (self >> u64::BITS) as u64
    }
}

/// The sides that a key was seen in, a bit each.
pub(super) trait Mask: Copy + Default + Eq + BitOrAssign + Send {
    /// The mask of one side alone.
    fn of(side: usize) -> Self;

    /// Adds the users of every mask but the empty one; the order of `masks` is lost.
    fn tally(masks: &mut [Self], users: &mut BTreeMap<u64, u64>);
}

/// Up to 8 sides.
impl Mask for u8 {
    fn of(side: usize) -> Self {
        1 << side
    }

    fn tally(masks: &mut [Self], users: &mut BTreeMap<u64, u64>) {
        // Four rows of counts: one alone waits for its own last increment.
        let mut counts = [[0_u64; 1 << Self::BITS]; 4];
        for four in masks.chunks(counts.len()) {
            for (counts, mask) in counts.iter_mut().zip(four) {
                counts[usize::from(*mask)] += 1;
            }
        }
        for mask in 1..=Self::MAX {
            let count: u64 = counts.iter().map(|row| row[usize::from(mask)]).sum();
            if count > 0 {
                *users.entry(mask.into()).or_default() += count;
            }
        }
    }
}

/// Up to 64 sides.
impl Mask for u64 {
    fn of(side: usize) -> Self {
        1 << side
    }

    fn tally(masks: &mut [Self], users: &mut BTreeMap<u64, u64>) {
        masks.sort_unstable();
        for same in masks.chunk_by(|a, b| a == b).filter(|same| same[0] != 0) {
            *users.entry(same[0]).or_default() += same.len() as u64;
        }
    }
}

/// Distinct keys with their masks.
#[derive(Debug, Default)]
pub(super) struct Table<K, M> {
    /// At least as many as masks; what lies under an empty mask means nothing.
    keys: Vec<K>,
    masks: Vec<M>,
}

impl<K: Key, M: Mask> Table<K, M> {
    /// Empties it, with room for so many keys.
    pub(super) fn start(&mut self, key_count: usize) {
        // Seven slots for four keys: a search that ends at a free slot looks at
        // (1 + (1 − 4/7)⁻²) / 2 ≈ 3.2 of them on average (Knuth, The Art of Computer Programming 3,
        // section 6.4, linear probing).
        let slot_count = key_count + key_count / 4 * 3 + 4;
        self.masks.clear();
        self.masks.resize(slot_count, M::default());
        if self.keys.len() < slot_count {
            self.keys.resize(slot_count, K::default());
        }
    }

    /// Notes that `keys` were seen with `mask`.
    pub(super) fn mark(&mut self, keys: &[K], mask: M) {
        let slot_count = self.masks.len();
        let (table, masks) = (&mut self.keys[..slot_count], &mut self.masks[..]);
        for &key in keys {
            // Not the bits that chose the part: the table would fill in one place.
            let hash = hash_integer(key.word().cast_signed());
            let mut slot = ((u128::from(hash) * slot_count as u128) >> u64::BITS) as usize;
            while masks[slot] != M::default() && table[slot] != key {
                slot += 1;
                if slot == slot_count {
                    slot = 0;
                }
            }
            table[slot] = key;
            masks[slot] |= mask;
        }
    }

    /// The distinct keys, in no order.
    pub(super) fn keys(&self) -> impl Iterator<Item = K> {
        let slots = self.keys.iter().zip(&self.masks);
        slots
            .filter(|(_, mask)| **mask != M::default())
            .map(|(key, _)| *key)
    }

    /// Adds the users of every mask; the table has to be started anew then.
    pub(super) fn tally(&mut self, users: &mut BTreeMap<u64, u64>) {
        M::tally(&mut self.masks, users);
    }
}
