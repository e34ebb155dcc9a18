//! Counting with certainty: every distinct ID of every side, kept by value or by 128-bit hash.
//!
//! Integers that an `i64` holds are kept as they are (8 bytes); wider ones too (16 bytes). Text and
//! binary values are kept as their XXH3-128: among n of them a collision has the odds of n² in
//! 2^129, one in 10^20 for a billion. Must not know files.

mod account;
mod count;
mod part;
mod partition;
mod table;

#[cfg(test)]
mod tests;

pub use count::ExactCounts;

use crate::error::{Error, ErrorKind, Result};
use crate::hash::hash_bytes_128;
use crate::id::{ByteIds, IdBatch, IdDomain, IdSink, merge_domains};
use account::Account;
use partition::{Partition, Writer};
use std::sync::Arc;

/// Counts the distinct IDs of several sides at once: hand out [`ExactSink`]s, then
/// [`finish`](Self::finish).
///
/// Takes 8 to 9 bytes for a distinct integer and 16 to 18 for a distinct text, of each side that
/// it is in. Repeated IDs are dropped as they come, so that an event log takes what its users take
/// (at most twice that, or 4 MiB a side of integers), and not its rows.
#[derive(Debug)]
pub struct ExactCounter {
    side_count: usize,
    account: Arc<Account>,
    narrow: Arc<Partition<u64>>,
    wide: Arc<Partition<u128>>,
}

impl ExactCounter {
    /// A side is a bit of a region's mask.
    pub const SIDES_MAX: usize = u64::BITS as usize;

    /// A counter for `side_count` sides whose IDs may take `memory_limit_bytes`; `rows_expected`
    /// serves the message only, should they need more.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for more than [`Self::SIDES_MAX`] sides.
    pub fn new(side_count: usize, memory_limit_bytes: u64, rows_expected: u64) -> Result<Self> {
        if side_count > Self::SIDES_MAX {
            let most = Self::SIDES_MAX;
            return Err(Error::usage(format!(
                "{side_count} sides, but at most {most} can be counted"
            ))
            .hint("overlap estimate takes any number"));
        }
        let account = Arc::new(Account::new(memory_limit_bytes, rows_expected));
        Ok(Self {
            side_count,
            narrow: Arc::new(Partition::new(side_count, &account)),
            wide: Arc::new(Partition::new(side_count, &account)),
            account,
        })
    }

    /// A sink for some of the IDs of `side`, from 0; a side may have many, one a thread.
    ///
    /// # Panics
    /// If there is no such side.
    #[must_use]
    pub fn sink(&self, side: usize) -> ExactSink {
        assert!(side < self.side_count, "side {side} of {}", self.side_count);
        ExactSink {
            domain: None,
            account: Arc::clone(&self.account),
            narrow: Writer::new(side, &self.narrow),
            wide: Writer::new(side, &self.wide),
        }
    }

    /// Counts what `sinks` took in, on the threads of the current rayon pool. They must be all the
    /// sinks of this counter that were pushed into: IDs wait in them.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if sinks took in IDs of different domains,
    /// [`ErrorKind::Limit`] if the memory isn't enough, now or at an earlier push,
    /// [`ErrorKind::Internal`] for a sink of another counter.
    pub fn finish(self, sinks: Vec<ExactSink>) -> Result<ExactCounts> {
        let mut domain = None;
        for sink in sinks {
            if !Arc::ptr_eq(&sink.account, &self.account) {
                let message = "a sink of another exact counter";
                return Err(Error::new(ErrorKind::Internal, message));
            }
            domain = merge_domains(domain, sink.domain)?;
            sink.narrow.finish()?;
            sink.wide.finish()?;
        }
        self.account.check()?;
        let narrow = count::regions(self.side_count, &self.narrow);
        Ok(narrow.add(&count::regions(self.side_count, &self.wide)))
    }
}

/// Takes in IDs of one side.
#[derive(Debug)]
pub struct ExactSink {
    domain: Option<IdDomain>,
    account: Arc<Account>,
    narrow: Writer<u64>,
    wide: Writer<u128>,
}

impl IdSink for ExactSink {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.domain = merge_domains(self.domain, Some(batch.domain()))?;
        if batch.is_empty() {
            return Ok(());
        }
        match batch {
            IdBatch::Integers(ids) => self.narrow.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::WideIntegers(ids) => self.wide.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => self.push_bytes(&ids),
        }?;
        self.account.stored(batch.len());
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        false
    }
}

impl ExactSink {
    fn push_bytes(&mut self, ids: &ByteIds<'_>) -> Result<()> {
        ids.try_for_each(|id| self.wide.extend(std::iter::once(hash_bytes_128(id))))
    }
}
