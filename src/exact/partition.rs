//! IDs by the top bits of a mixed value: parts that are deduplicated each on its own.

use crate::error::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Parts a sink. 50 million 8-byte IDs make parts of 1.6 MB, which sort within a core's cache.
pub(super) const PART_COUNT: usize = 256;

/// What all sinks together hold.
#[derive(Debug)]
pub(super) struct Account {
    limit_bytes: u64,
    held_bytes: AtomicU64,
    rows_seen: AtomicU64,
    rows_expected: u64,
}

impl Account {
    pub(super) fn new(limit_bytes: u64, rows_expected: u64) -> Self {
        Self {
            limit_bytes,
            held_bytes: AtomicU64::new(0),
            rows_seen: AtomicU64::new(0),
            rows_expected,
        }
    }

    /// So many more rows came in.
    pub(super) fn saw(&self, rows: u64) {
        self.rows_seen.fetch_add(rows, Ordering::Relaxed);
    }

    fn has_room_for(&self, bytes: u64) -> bool {
        self.held_bytes
            .load(Ordering::Relaxed)
            .saturating_add(bytes)
            <= self.limit_bytes
    }

    fn charge(&self, bytes: u64) {
        self.held_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn refund(&self, bytes: u64) {
        self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// What is held so far, extended to all rows.
    fn exhausted(&self) -> Error {
        let held = self.held_bytes.load(Ordering::Relaxed) as f64;
        let seen = self.rows_seen.load(Ordering::Relaxed).max(1) as f64;
        let needed = held * (self.rows_expected as f64 / seen).max(1.0);
        let mebibytes = |bytes: f64| format!("{:.0} MiB", (bytes / f64::from(1 << 20)).ceil());
        Error::new(
            ErrorKind::Limit,
            format!(
                "counting exactly needs about {} of memory, but the limit is {}",
                mebibytes(needed),
                mebibytes(self.limit_bytes as f64)
            ),
        )
        .hint("raise it with --memory, or use overlap estimate")
    }
}

/// A kept ID: its value or its 128-bit hash.
pub(super) trait Key: Copy + Ord + Send + Sync {
    /// The part that it belongs to, the same whichever sink it reaches.
    fn part(self) -> usize;
}

/// Fibonacci hashing: the odd integer next to 2^64 / φ spreads any run of values over the top bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Key for u64 {
    #[inline]
    fn part(self) -> usize {
        (self.wrapping_mul(SPREAD) >> (u64::BITS - PART_COUNT.trailing_zeros())) as usize
    }
}

impl Key for u128 {
    #[inline]
    fn part(self) -> usize {
        // Both halves: the high one of a wide integer may be all zeros.
        (self as u64 ^ (self >> 64) as u64).part()
    }
}

/// The IDs of one sink.
#[derive(Debug)]
pub(super) struct Parts<K> {
    parts: Vec<Part<K>>,
    account: Arc<Account>,
}

#[derive(Debug)]
struct Part<K> {
    keys: Vec<K>,
    /// At this length it is worth looking for repeated keys again.
    dedup_at: usize,
}

impl<K: Key> Parts<K> {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        Self {
            parts: Vec::new(),
            account: Arc::clone(account),
        }
    }

    pub(super) fn extend(&mut self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        if self.parts.is_empty() {
            let empty = || Part {
                keys: Vec::new(),
                dedup_at: Part::<K>::DEDUP_FIRST,
            };
            self.parts = std::iter::repeat_with(empty).take(PART_COUNT).collect();
        }
        for key in keys {
            let part = &mut self.parts[key.part()];
            if part.keys.len() == part.keys.capacity() {
                part.make_room(&self.account)?;
            }
            part.keys.push(key);
        }
        Ok(())
    }

    /// The keys of one part, in no order, repeated ones among them.
    pub(super) fn part(&self, index: usize) -> &[K] {
        self.parts.get(index).map_or(&[], |part| &part.keys)
    }
}

impl<K: Key> Part<K> {
    const DEDUP_FIRST: usize = 1 << 10;

    /// Makes room for one more key: by dropping repeated ones where that is likely to help, else
    /// by half as much memory again.
    fn make_room(&mut self, account: &Account) -> Result<()> {
        // Where distinct IDs are the rule, looking again only after eightfold growth keeps the
        // sorting to an eighth of the final one.
        const BACK_OFF: usize = 8;
        let before = self.keys.len();
        if before >= self.dedup_at {
            self.dedup();
            let helped = self.keys.len() <= before / 4 * 3;
            self.dedup_at = if helped { before } else { before * BACK_OFF };
            if helped {
                return Ok(());
            }
        }
        let capacity = self.keys.capacity();
        let growth = (capacity / 2).max(64);
        let bytes = (growth * size_of::<K>()) as u64;
        if !account.has_room_for(bytes) {
            self.dedup();
            return if self.keys.len() < before {
                Ok(())
            } else {
                Err(account.exhausted())
            };
        }
        account.charge(bytes);
        self.keys.reserve_exact(growth);
        let granted = self.keys.capacity().saturating_sub(capacity + growth);
        account.charge((granted * size_of::<K>()) as u64);
        Ok(())
    }

    fn dedup(&mut self) {
        self.keys.sort_unstable();
        self.keys.dedup();
    }
}

impl<K> Drop for Parts<K> {
    fn drop(&mut self) {
        let held: usize = self.parts.iter().map(|part| part.keys.capacity()).sum();
        self.account.refund((held * size_of::<K>()) as u64);
    }
}
