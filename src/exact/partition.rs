//! The keys of all sides, in parts by the top bits of their mixed values.
//!
//! A part is a random sample of its side: what one of them says about repeated keys holds for all.
//! When there is no memory for another block, parts are written away in turn.

use super::key::{Key, Seed};
use super::part::{Filled, Part};
use super::pool::Pool;
use super::shape::Shape;
use super::spill::{RUN_BLOCKS, Spill};
use super::table::Table;
use crate::error::{Error, ErrorKind, Result};
use bytes::BytesMut;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What sinks share: the parts of every side.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) shape: Shape,
    pub(super) spill: Spill,
    pool: Pool,
    seed: Seed,
    narrow: Vec<SideParts>,
    wide: Vec<SideParts>,
    /// The part to be written away next.
    victim: AtomicUsize,
    /// Why keys were left out, if they were.
    failed: OnceLock<Error>,
}

#[derive(Debug)]
struct SideParts {
    parts: Vec<Mutex<Part>>,
    /// Whether the last probe dropped enough keys for the other parts to do the same.
    repeats: AtomicBool,
}

#[derive(Clone, Copy)]
pub(super) struct Place {
    side: usize,
    part: usize,
}

impl Partition {
    pub(super) fn new(shape: Shape, temp_dir: &Path) -> Self {
        let side = || SideParts {
            parts: std::iter::repeat_with(Mutex::default)
                .take(shape.part_count())
                .collect(),
            repeats: AtomicBool::new(false),
        };
        let sides = || {
            std::iter::repeat_with(side)
                .take(shape.side_count)
                .collect()
        };
        Self {
            shape,
            spill: Spill::new(temp_dir.to_owned()),
            pool: Pool::new(shape.pool_blocks),
            seed: Seed::random(),
            narrow: sides(),
            wide: sides(),
            victim: AtomicUsize::new(0),
            failed: OnceLock::new(),
        }
    }

    /// # Errors
    /// That of the first push that failed: keys are missing.
    pub(super) fn check(&self) -> Result<()> {
        self.failed.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    /// Takes the keys of every side out of one part.
    pub(super) fn take_part<K: Key>(&self, index: usize) -> Vec<Part> {
        let sides = self.sides::<K>().iter();
        sides
            .map(|side| std::mem::take(&mut *lock(&side.parts[index])))
            .collect()
    }

    fn sides<K: Key>(&self) -> &[SideParts] {
        if K::IS_NARROW {
            &self.narrow
        } else {
            &self.wide
        }
    }

    fn push<K: Key>(&self, place: Place, block: Filled, table: &mut Table<K>) {
        let side = &self.sides::<K>()[place.side];
        let mut part = lock(&side.parts[place.part]);
        part.push(block);
        let probes = place.part < side.parts.len() / 64;
        let fits = Table::<K>::bytes_for(part.keys() as u64, 1) <= self.shape.table_bytes;
        if fits && part.has_outgrown() && (probes || side.repeats.load(Relaxed)) {
            let before = part.keys();
            part.dedup(table, self.shape.part_bits, &self.pool);
            if probes {
                // A quarter gone pays: looking again costs twice the rows, whatever comes.
                side.repeats.store(part.keys() <= before / 4 * 3, Relaxed);
            }
        }
    }

    /// A block, for which others may have to be written away.
    fn block(&self) -> Result<BytesMut> {
        let mut idle = 0;
        loop {
            if let Some(block) = self.pool.take() {
                return Ok(block);
            }
            let returned = self.pool.returned_count();
            self.spill_next()?;
            if self.pool.returned_count() != returned || self.spill.has_writers() {
                idle = 0;
                std::thread::yield_now();
                continue;
            }
            // Blocks may have become full behind the search; there are enough of them for as many
            // sinks as were announced.
            idle += 1;
            if idle == IDLE_MAX {
                let message = "more sinks count exactly than the memory limit has room for";
                return Err(Error::new(ErrorKind::Limit, message)
                    .hint("raise it, or announce as many threads as there are"));
            }
        }
    }

    /// Writes away the next part that has something to write.
    fn spill_next(&self) -> Result<()> {
        let sides = self.shape.side_count;
        let victims = 2 * sides * self.shape.part_count();
        for _ in 0..victims {
            let victim = self.victim.fetch_add(1, Relaxed) % victims;
            let place = Place {
                side: victim / 2 % sides,
                part: victim / 2 / sides,
            };
            let has_freed = if victim.is_multiple_of(2) {
                self.spill_part::<u64>(place)
            } else {
                self.spill_part::<u128>(place)
            }?;
            if has_freed {
                break;
            }
        }
        Ok(())
    }

    /// Frees memory of a part: by dropping repeated keys if that leaves half of them or less, else
    /// by writing away. Whether there was any.
    fn spill_part<K: Key>(&self, place: Place) -> Result<bool> {
        let _writing = self.spill.begin();
        let side = &self.sides::<K>()[place.side];
        let mut part = lock(&side.parts[place.part]);
        let fits = Table::<K>::bytes_for(part.keys() as u64, 1) <= self.shape.table_bytes;
        if fits && part.has_grown() && side.repeats.load(Relaxed) {
            let before = part.blocks().len();
            part.dedup(&mut Table::<K>::default(), self.shape.part_bits, &self.pool);
            if part.blocks().len() <= before / 2 {
                return Ok(true);
            }
        }
        let full = part.take_full::<K>();
        // Others go on while it is written.
        drop(part);
        let mut extents = Vec::new();
        for run in full.chunks(RUN_BLOCKS) {
            extents.push(self.spill.write(run.iter().map(|block| &block.bytes))?);
        }
        lock(&side.parts[place.part]).add_extents(extents);
        let has_freed = !full.is_empty();
        self.pool
            .give_back(full.into_iter().map(|block| block.bytes));
        Ok(has_freed)
    }
}

/// Searches that find nothing to write away before it is an error.
const IDLE_MAX: usize = 16;

/// One sink's way into a [`Partition`]: fills a block for every part.
#[derive(Debug)]
pub(super) struct Writer<K> {
    side: usize,
    partition: Arc<Partition>,
    seed: Seed,
    /// One a part, empty until a key comes; none at all before the first key.
    blocks: Vec<BytesMut>,
    /// Where the keys of each block end; at [`Self::FULL`] there is no room, or no block.
    ends: Vec<u16>,
    table: Table<K>,
}

impl<K: Key> Writer<K> {
    const FULL: u16 = (Table::<K>::BLOCK_KEYS * K::STORED_BYTES) as u16;

    pub(super) fn new(side: usize, partition: &Arc<Partition>) -> Self {
        Self {
            side,
            partition: Arc::clone(partition),
            seed: partition.seed.clone(),
            blocks: Vec::new(),
            ends: Vec::new(),
            table: Table::default(),
        }
    }

    pub(super) fn extend(&mut self, keys: impl Iterator<Item = K>) -> Result<()> {
        let part_count = self.partition.shape.part_count();
        if self.blocks.is_empty() {
            self.blocks.resize_with(part_count, BytesMut::new);
            self.ends.resize(part_count, Self::FULL);
        }
        let shift = u64::BITS - self.partition.shape.part_bits;
        for key in keys {
            let mixed = key.mixed(&self.seed);
            let part = (mixed.top() >> shift) as usize;
            if self.ends[part] == Self::FULL {
                self.refill(part)?;
            }
            let end = usize::from(self.ends[part]);
            mixed.store(&mut self.blocks[part][end..]);
            self.ends[part] += K::STORED_BYTES as u16;
        }
        Ok(())
    }

    /// Hands over what it still holds.
    pub(super) fn finish(mut self) {
        for part in 0..self.blocks.len() {
            self.hand_over(part);
        }
    }

    #[cold]
    fn refill(&mut self, part: usize) -> Result<()> {
        self.hand_over(part);
        let block = self.partition.block();
        self.blocks[part] = block.inspect_err(|error| {
            let _ = self.partition.failed.set(error.clone());
        })?;
        self.ends[part] = 0;
        Ok(())
    }

    fn hand_over(&mut self, part: usize) {
        let bytes = std::mem::take(&mut self.blocks[part]);
        if !bytes.is_empty() {
            let keys = usize::from(self.ends[part]) / K::STORED_BYTES;
            let side = self.side;
            let block = Filled { bytes, keys };
            self.partition
                .push(Place { side, part }, block, &mut self.table);
        }
        self.ends[part] = Self::FULL;
    }
}

/// A thread that panicked leaves nothing half done here that could be counted: the panic goes on
/// to the thread that waits for the scan.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
