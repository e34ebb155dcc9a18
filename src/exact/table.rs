//! The distinct keys of one part, in cache, and the sides that each was seen in.
//!
//! Open addressing with linear probing. A free slot is one without sides.

use super::key::Key;
use super::pool::BLOCK_BYTES;
use std::collections::BTreeMap;

/// Sides that fit beside a key into its slot.
const SIDES_IN_KEY: usize = u8::BITS as usize;

/// Masks of sides that fit there.
const MASKS: usize = 1 << SIDES_IN_KEY;

/// Distinct keys with their sides.
#[derive(Debug, Default)]
pub(super) struct Table<K> {
    entries: Vec<K>,
    /// The sides of every entry if there are more than its key has room for. Its key says 1 then.
    many_sides: Vec<u64>,
    /// Entries of one block that found their slot taken by another user, with that slot.
    waiting: Vec<(K, usize)>,
    /// Slots that are taken.
    users: usize,
    /// Top bits of an entry that are the same for all of them.
    shared_bits: u32,
}

/// Which keys a table takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extract {
    /// Top bits of a key that chose its part. The first eight of them aren't in the entry.
    pub(super) part_bits: u32,
    /// So many bits after them say to which of the part's tables a key belongs, ...
    pub(super) table_bits: u32,
    /// ... and those of this table are these.
    pub(super) table: u64,
}

impl Extract {
    /// Whether an entry belongs to the table.
    fn holds<K: Key>(self, entry: K) -> bool {
        let rest = entry.top() << (self.part_bits - u8::BITS);
        rest >> (u64::BITS - self.table_bits) == self.table
    }
}

impl<K: Key> Table<K> {
    /// Keys of a block.
    pub(super) const BLOCK_KEYS: usize = BLOCK_BYTES / K::STORED_BYTES;

    /// Bytes of a table for so many keys of up to `side_count` sides.
    pub(super) const fn bytes_for(key_count: u64, side_count: usize) -> u64 {
        let mask = if side_count > SIDES_IN_KEY {
            size_of::<u64>()
        } else {
            0
        };
        slots_for(key_count) * (size_of::<K>() + mask) as u64
    }

    /// Empties it, with room for about so many keys of up to `side_count` sides; it grows if there
    /// are more.
    pub(super) fn start(&mut self, key_count: usize, side_count: usize, extract: Extract) {
        let slots = slots_for(key_count as u64) as usize;
        self.entries.clear();
        self.entries.resize(slots, K::default());
        self.many_sides.clear();
        if side_count > SIDES_IN_KEY {
            self.many_sides.resize(slots, 0);
        }
        self.users = 0;
        self.shared_bits = extract.part_bits - u8::BITS + extract.table_bits;
    }

    /// Notes that of the first `key_count` keys of a block those of this table were seen in `side`.
    pub(super) fn mark(&mut self, block: &[u8], key_count: usize, side: usize, extract: Extract) {
        self.make_room(key_count);
        self.waiting.resize(Self::BLOCK_KEYS, (K::default(), 0));
        let keys = (0..key_count).map(|i| K::load(&block[i * K::STORED_BYTES..]));
        let waiting = if extract.table_bits == 0 {
            self.first_round(keys, side)
        } else {
            self.first_round(keys.filter(|key| extract.holds(*key)), side)
        };
        self.further_rounds(waiting, side);
    }

    /// The slots, free ones among them.
    pub(super) fn slots(&self) -> &[K] {
        &self.entries
    }

    /// Adds the users of every set of sides.
    pub(super) fn tally(&mut self, users: &mut BTreeMap<u64, u64>) {
        if !self.many_sides.is_empty() {
            self.many_sides.sort_unstable();
            for same in self
                .many_sides
                .chunk_by(|a, b| a == b)
                .filter(|same| same[0] != 0)
            {
                *users.entry(same[0]).or_default() += same.len() as u64;
            }
            return;
        }
        // Four rows of counts: one alone waits for its own last increment.
        let mut counts = [[0_u32; MASKS]; 4];
        for four in self.entries.chunks(counts.len()) {
            for (counts, entry) in counts.iter_mut().zip(four) {
                counts[usize::from(entry.sides())] += 1;
            }
        }
        for mask in 1..MASKS {
            let count: u64 = counts.iter().map(|row| u64::from(row[mask])).sum();
            if count > 0 {
                *users.entry(mask as u64).or_default() += count;
            }
        }
    }

    /// Looks at the first slot of every key. Says how many have to look further.
    ///
    /// No branch depends on what is found there: what can't be guessed would hold up the searches
    /// of the keys behind it, which can go on at the same time.
    #[inline]
    fn first_round(&mut self, keys: impl Iterator<Item = K>, side: usize) -> usize {
        let slots = self.entries.len();
        let bit = if self.many_sides.is_empty() {
            1 << side
        } else {
            1
        };
        let mut waiting = 0;
        for key in keys {
            let slot = slot_of(key, self.shared_bits, slots);
            waiting = self.visit(key.with_sides(bit), slot, side, waiting);
        }
        waiting
    }

    fn further_rounds(&mut self, mut waiting: usize, side: usize) {
        let slots = self.entries.len();
        while waiting > 0 {
            let round = std::mem::take(&mut waiting);
            for i in 0..round {
                let (entry, slot) = self.waiting[i];
                let next = if slot + 1 == slots { 0 } else { slot + 1 };
                waiting = self.visit(entry, next, side, waiting);
            }
        }
    }

    /// Takes the slot if it is free, or the user's own. Else the entry is the next that waits.
    #[inline(always)]
    fn visit(&mut self, entry: K, slot: usize, side: usize, waiting: usize) -> usize {
        let found = self.entries[slot];
        let is_free = found.sides() == 0;
        let is_done = is_free | found.is_same_user(entry);
        let marked = found.with_sides(if is_done { entry.sides() } else { 0 });
        self.entries[slot] = if is_free { entry } else { marked };
        if let Some(sides) = self.many_sides.get_mut(slot) {
            *sides |= u64::from(is_done) << side;
        }
        self.users += usize::from(is_free);
        self.waiting[waiting] = (entry, slot);
        waiting + usize::from(!is_done)
    }

    /// Room for so many more users.
    fn make_room(&mut self, key_count: usize) {
        if self.users + key_count <= self.entries.len() / 8 * 7 {
            return;
        }
        let slots = 2 * self.entries.len() + 2 * key_count;
        let entries = std::mem::replace(&mut self.entries, vec![K::default(); slots]);
        let many_sides = std::mem::take(&mut self.many_sides);
        if !many_sides.is_empty() {
            self.many_sides.resize(slots, 0);
        }
        for (i, entry) in entries
            .into_iter()
            .enumerate()
            .filter(|(_, entry)| entry.sides() != 0)
        {
            let mut slot = slot_of(entry, self.shared_bits, slots);
            while self.entries[slot].sides() != 0 {
                slot = (slot + 1) % slots;
            }
            self.entries[slot] = entry;
            if let Some(sides) = many_sides.get(i) {
                self.many_sides[slot] = *sides;
            }
        }
    }
}

/// Three slots for two keys: a search that ends at a free slot looks at (1 + (1 − 2/3)⁻²) / 2 = 5
/// of them on average, next to each other, if all keys are distinct (Knuth, The Art of Computer
/// Programming 3, section 6.4, linear probing). And room to mark a block without looking.
const fn slots_for(key_count: u64) -> u64 {
    key_count + key_count / 2 + (BLOCK_BYTES / 4) as u64
}

/// Where the search for a key begins: the bits after those that are the same for all.
#[inline]
fn slot_of<K: Key>(key: K, shared_bits: u32, slots: usize) -> usize {
    let rest = key.top() << shared_bits;
    ((u128::from(rest) * slots as u128) >> u64::BITS) as usize
}
