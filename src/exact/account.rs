//! How much memory the IDs may take, and what to say when it isn't enough.
//!
//! Not in the account: the tables in which each thread deduplicates one part at a time, a 500th of
//! the keys a thread.

use crate::error::{Error, ErrorKind, Result};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What all sinks together hold.
#[derive(Debug)]
pub(super) struct Account {
    limit_bytes: u64,
    held_bytes: AtomicU64,
    /// All that was ever given back.
    returned_bytes: AtomicU64,
    /// Of the bytes held those of write buffers, which don't grow with the rows.
    buffer_bytes: AtomicU64,
    rows_expected: u64,
    rows_stored: AtomicU64,
    /// What would have been enough when the limit was passed; 0 if it wasn't.
    needed_bytes: AtomicU64,
}

impl Account {
    pub(super) fn new(limit_bytes: u64, rows_expected: u64) -> Self {
        Self {
            limit_bytes,
            held_bytes: AtomicU64::new(0),
            returned_bytes: AtomicU64::new(0),
            buffer_bytes: AtomicU64::new(0),
            rows_expected,
            rows_stored: AtomicU64::new(0),
            needed_bytes: AtomicU64::new(0),
        }
    }

    /// So many more rows came in, into parts or write buffers.
    pub(super) fn stored(&self, rows: usize) {
        self.rows_stored.fetch_add(rows as u64, Relaxed);
    }

    /// Whether `bytes` were free; they are held from now on.
    #[must_use]
    pub(super) fn take(&self, bytes: u64) -> bool {
        let within = |held: u64| {
            held.checked_add(bytes)
                .filter(|sum| *sum <= self.limit_bytes)
        };
        self.held_bytes
            .fetch_update(Relaxed, Relaxed, within)
            .is_ok()
    }

    /// [`Self::take`] for a write buffer.
    #[must_use]
    pub(super) fn take_buffer(&self, bytes: u64) -> bool {
        let taken = self.take(bytes);
        if taken {
            self.buffer_bytes.fetch_add(bytes, Relaxed);
        }
        taken
    }

    pub(super) fn give_back(&self, bytes: u64) {
        self.held_bytes.fetch_sub(bytes, Relaxed);
        self.returned_bytes.fetch_add(bytes, Relaxed);
    }

    /// Makes `bytes` free by `search`, which gives back what it can. Whether it was worth it, or
    /// others had done it before.
    pub(super) fn reclaim(&self, bytes: u64, search: impl FnOnce()) -> bool {
        // Every search deduplicates what is held: at a 32nd a time no row pays for more than 32.
        let wanted = bytes.max(self.limit_bytes / 32);
        let is_free = || self.held_bytes.load(Relaxed).saturating_add(wanted) <= self.limit_bytes;
        if is_free() {
            return true;
        }
        let before = self.returned_bytes.load(Relaxed);
        search();
        // What was given back may be taken again by now: the rows of other threads go on.
        is_free() || self.returned_bytes.load(Relaxed) - before >= wanted
    }

    /// The error of a limit that keys of type `K` pass with `wanted_bytes` more. It stays, since
    /// IDs are left out from now on.
    pub(super) fn overdraw<K>(&self, wanted_bytes: u64) -> Error {
        let needed = self.needed_for::<K>(wanted_bytes).max(1);
        self.needed_bytes.fetch_max(needed, Relaxed);
        self.exhausted(needed)
    }

    /// # Errors
    /// That of an earlier [`Self::overdraw`].
    pub(super) fn check(&self) -> Result<()> {
        match self.needed_bytes.load(Relaxed) {
            0 => Ok(()),
            needed => Err(self.exhausted(needed)),
        }
    }

    fn exhausted(&self, needed_bytes: u64) -> Error {
        Error::new(
            ErrorKind::Limit,
            format!(
                "counting exactly needs about {} of memory, but the limit is {}",
                in_words(needed_bytes),
                in_words(self.limit_bytes)
            ),
        )
        .hint("raise it with --memory, or use overlap estimate")
    }

    /// What is held and wanted, and what the rows to come take if users repeat in them as they did
    /// so far.
    fn needed_for<K>(&self, wanted_bytes: u64) -> u64 {
        let held = self.held_bytes.load(Relaxed);
        let buffers = self.buffer_bytes.load(Relaxed).min(held);
        // Rows that may still wait in a write buffer come yet.
        let waiting = buffers / size_of::<K>() as u64;
        let stored = self.rows_stored.load(Relaxed).saturating_sub(waiting);
        // A new user takes a key and a part's growth in advance, an eighth.
        let row_bytes_max = size_of::<K>() as f64 * 9.0 / 8.0;
        let row_bytes = if stored == 0 {
            row_bytes_max
        } else {
            ((held - buffers) as f64 / stored as f64).min(row_bytes_max)
        };
        let rows_to_come = self.rows_expected.saturating_sub(stored);
        held + wanted_bytes + (rows_to_come as f64 * row_bytes).ceil() as u64
    }
}

/// Bytes as a figure for `--memory`, rounded up so that it is enough.
fn in_words(bytes: u64) -> String {
    const MEBIBYTE: u64 = 1 << 20;
    const GIBIBYTE: u64 = 1 << 30;
    if bytes < GIBIBYTE {
        format!("{} MiB", bytes.div_ceil(MEBIBYTE))
    } else {
        let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(GIBIBYTE));
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        let words = [1, 1 << 20, (1 << 20) + 1, 1 << 30, (1 << 30) + 1, u64::MAX].map(in_words);
        let wanted = [
            "1 MiB",
            "1 MiB",
            "2 MiB",
            "1.0 GiB",
            "1.1 GiB",
            "17179869184.0 GiB",
        ];
        assert_eq!(words, wanted);
    }

    #[test]
    fn nothing_is_held_beyond_the_limit() {
        let account = Account::new(100, 0);
        assert!(account.take(60) && !account.take(41) && account.take(40));
        assert!(!account.take(u64::MAX) && !account.take(1));
        account.give_back(50);
        assert!(!account.take(51) && account.take(50));
    }

    #[test]
    fn what_others_take_while_one_reclaims_is_no_failure() {
        let account = Account::new(100, 0);
        assert!(account.take(100));
        let taken_at_once = || {
            account.give_back(50);
            assert!(account.take(50));
        };
        assert!(account.reclaim(50, taken_at_once));
        assert!(!account.reclaim(51, taken_at_once));
        account.give_back(50);
        assert!(account.reclaim(50, || unreachable!("50 are free")));
    }
}
