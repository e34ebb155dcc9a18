//! The keys of all sides, in parts by the top bits of a mixed value.
//!
//! A part is a random sample of its side: what one of them says about repeated keys holds for all.

use super::account::Account;
use super::part::Part;
use super::table::{Key, Table};
use crate::error::Result;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parts of a side. 50 million keys in each of two sides make tables of at most 1.5 MB, which a
/// second-level cache holds.
pub(super) const PART_COUNT: usize = 1 << 10;

/// Keys that a sink gathers before it asks for a part: 256 KiB of 8-byte keys a sink.
pub(super) const BUFFER_LEN: usize = 32;

/// Parts of a side that are asked first whether keys repeat.
const PROBE_COUNT: usize = PART_COUNT / 64;

/// What sinks share: the parts of every side.
#[derive(Debug)]
pub(super) struct Partition<K> {
    sides: Vec<SideParts<K>>,
    account: Arc<Account>,
    /// Held by the one thread that looks for memory.
    reclaiming: Mutex<()>,
}

#[derive(Debug)]
struct SideParts<K> {
    parts: Vec<Mutex<Part<K>>>,
    /// Whether the last probe dropped enough keys for the other parts to do the same.
    repeats: AtomicBool,
}

impl<K: Key> Partition<K> {
    pub(super) fn new(side_count: usize, account: &Arc<Account>) -> Self {
        let side = || SideParts {
            parts: std::iter::repeat_with(Mutex::default)
                .take(PART_COUNT)
                .collect(),
            repeats: AtomicBool::new(false),
        };
        Self {
            sides: std::iter::repeat_with(side).take(side_count).collect(),
            account: Arc::clone(account),
            reclaiming: Mutex::new(()),
        }
    }

    /// Takes the keys of every side out of one part.
    pub(super) fn take_part(&self, index: usize) -> Vec<Part<K>> {
        let sides = self.sides.iter();
        sides
            .map(|side| std::mem::take(&mut *lock(&side.parts[index])))
            .collect()
    }

    fn push(&self, place: Place, mut keys: &[K], table: &mut Table<K, u8>) -> Result<()> {
        let side = &self.sides[place.side];
        loop {
            let mut part = lock(&side.parts[place.part]);
            keys = part.append(keys);
            while !keys.is_empty() && self.make_room(side, place.part, &mut part, table) {
                keys = part.append(keys);
            }
            if keys.is_empty() {
                return Ok(());
            }
            let bytes = part.growth_bytes();
            // Whoever reclaims locks the parts one by one.
            drop(part);
            self.reclaim(bytes, table)?;
        }
    }

    /// Room in a full part: by dropping repeated keys where that helps, else by growing.
    fn make_room(
        &self,
        side: &SideParts<K>,
        index: usize,
        part: &mut Part<K>,
        table: &mut Table<K, u8>,
    ) -> bool {
        let probes = index < PROBE_COUNT;
        if part.has_doubled() && (probes || side.repeats.load(Relaxed)) {
            let before = part.len();
            let kept = part.dedup(table, &self.account);
            if probes {
                // A quarter gone pays: looking again costs twice the rows, whatever comes.
                side.repeats.store(kept <= before / 4 * 3, Relaxed);
            }
        }
        !part.is_full() || part.grow(&self.account)
    }

    /// Finds memory for `bytes` by dropping repeated keys wherever there are many.
    fn reclaim(&self, bytes: u64, table: &mut Table<K, u8>) -> Result<()> {
        let _alone = lock(&self.reclaiming);
        let dedup_sides = || {
            for side in &self.sides {
                self.dedup_side(side, table);
            }
        };
        if self.account.reclaim(bytes, dedup_sides) {
            Ok(())
        } else {
            Err(self.account.overdraw::<K>(bytes))
        }
    }

    /// Drops a side's repeated keys if a 32nd or more are: the probes find distinct IDs out in a
    /// 64th of the time.
    fn dedup_side(&self, side: &SideParts<K>, table: &mut Table<K, u8>) {
        let (probes, others) = side.parts.split_at(PROBE_COUNT);
        let kept = self.dedup_all(probes, table);
        let held: usize = others.iter().map(|part| lock(part).len()).sum();
        // The others are compared with the probes, and not the probes with what they were: they
        // may just have been deduplicated.
        if kept * (others.len() / probes.len()) <= held / 32 * 31 {
            self.dedup_all(others, table);
        }
    }

    /// Says how many keys were left.
    fn dedup_all(&self, parts: &[Mutex<Part<K>>], table: &mut Table<K, u8>) -> usize {
        let dedup = |part: &Mutex<Part<K>>| lock(part).dedup(table, &self.account);
        parts.iter().map(dedup).sum()
    }
}

/// One sink's way into a [`Partition`]: gathers keys of a part, so that asking for it is rare.
#[derive(Debug)]
pub(super) struct Writer<K> {
    side: usize,
    partition: Arc<Partition<K>>,
    /// One a part; none before the first key.
    buffers: Vec<Buffer<K>>,
    table: Table<K, u8>,
}

#[derive(Clone, Debug)]
struct Buffer<K> {
    len: usize,
    keys: [K; BUFFER_LEN],
}

#[derive(Clone, Copy)]
struct Place {
    side: usize,
    part: usize,
}

impl<K: Key> Writer<K> {
    pub(super) fn new(side: usize, partition: &Arc<Partition<K>>) -> Self {
        Self {
            side,
            partition: Arc::clone(partition),
            buffers: Vec::new(),
            table: Table::default(),
        }
    }

    pub(super) fn extend(&mut self, keys: impl Iterator<Item = K>) -> Result<()> {
        if self.buffers.is_empty() {
            self.allocate()?;
        }
        let Self {
            side,
            partition,
            buffers,
            table,
        } = self;
        for key in keys {
            let part = part_of(key);
            let buffer = &mut buffers[part];
            buffer.keys[buffer.len % BUFFER_LEN] = key;
            buffer.len += 1;
            if buffer.len == BUFFER_LEN {
                buffer.len = 0;
                partition.push(Place { side: *side, part }, &buffer.keys, table)?;
            }
        }
        Ok(())
    }

    /// Hands over what it still holds.
    pub(super) fn finish(mut self) -> Result<()> {
        let buffers = std::mem::take(&mut self.buffers);
        let side = self.side;
        for (part, buffer) in buffers.iter().enumerate() {
            let keys = &buffer.keys[..buffer.len];
            self.partition
                .push(Place { side, part }, keys, &mut self.table)?;
        }
        Ok(())
    }

    fn allocate(&mut self) -> Result<()> {
        let bytes = (PART_COUNT * size_of::<Buffer<K>>()) as u64;
        while !self.partition.account.take_buffer(bytes) {
            self.partition.reclaim(bytes, &mut self.table)?;
        }
        let empty = Buffer {
            len: 0,
            keys: [K::default(); BUFFER_LEN],
        };
        self.buffers = vec![empty; PART_COUNT];
        Ok(())
    }
}

/// The part that a key belongs to, the same whichever sink it reaches.
#[inline]
fn part_of<K: Key>(key: K) -> usize {
    // Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4): the odd integer
    // next to 2^64 / φ spreads any run of values over the top bits; the shift brings in the high
    // half, which would reach them only in part.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let word = key.word();
    let mixed = (word ^ (word >> 32)).wrapping_mul(SPREAD);
    (mixed >> (u64::BITS - PART_COUNT.trailing_zeros())) as usize
}

/// A thread that panicked leaves nothing half done here that could be counted: the panic goes on
/// to whoever waits for the scan.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
