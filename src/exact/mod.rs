//! Counting with certainty: every distinct ID of every side, kept by value or by 128-bit hash.
//!
//! Integers that an `i64` holds are kept as they are (8 bytes); wider ones too (16 bytes). Text and
//! binary values are kept as their XXH3-128: among n of them a collision has the odds of n² in
//! 2^129, one in 10^20 for a billion. What memory has no room for goes to a temporary file (`spill`);
//! no other files are known here.

mod count;
mod key;
mod part;
mod partition;
mod pool;
mod shape;
mod spill;
mod table;

#[cfg(test)]
mod tests;

pub use count::ExactCounts;

use crate::error::{Error, ErrorKind, Result};
use crate::hash::hash_bytes_128;
use crate::id::{ByteIds, IdBatch, IdDomain, IdSink, merge_domains};
use partition::{Partition, Writer};
use shape::Shape;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

/// Memory, folder and threads for counting, and the number of rows to expect.
#[derive(Clone, Debug)]
pub struct ExactOptions {
    /// Memory for IDs and tables, in bytes. IDs that it has no room for go to a temporary file.
    pub memory_limit_bytes: u64,
    /// The folder of the temporary file, which is made when it is first needed, has no name where
    /// the system allows it, and is gone in any case when the counter is.
    pub temp_dir: PathBuf,
    /// The largest number of sinks per side, and of threads that count.
    pub threads: usize,
    /// Rows of all sides; 0 if unknown. A wrong number costs time, nothing else.
    pub rows_expected: u64,
}

impl ExactOptions {
    /// Counting within `memory_limit_bytes` on a thread a core, with the system's temporary folder.
    #[must_use]
    pub fn new(memory_limit_bytes: u64) -> Self {
        Self {
            memory_limit_bytes,
            temp_dir: std::env::temp_dir(),
            threads: std::thread::available_parallelism().map_or(1, NonZero::get),
            rows_expected: 0,
        }
    }
}

/// Counts the distinct IDs of several sides at once: hand out [`ExactSink`]s, then
/// [`finish`](Self::finish).
///
/// Takes 7 bytes for a distinct integer and 15 for a distinct text, of each side that it is in, in
/// memory as long as there is some and else in a temporary file. Repeated IDs are dropped as they
/// come: an event log takes up to four times what its users take (or 4 to 32 MiB a side, by the
/// rows), and not its rows.
#[derive(Debug)]
pub struct ExactCounter {
    partition: Arc<Partition>,
}

impl ExactCounter {
    /// A side is a bit of a region's mask.
    pub const SIDES_MAX: usize = u64::BITS as usize;

    /// A counter for `side_count` sides.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for more than [`Self::SIDES_MAX`] sides, [`ErrorKind::Limit`] for less
    /// memory than open blocks and tables need: 14.5 MiB for two sides on two threads, and for each
    /// further thread 5.25 MiB, for each further side 6 MiB.
    pub fn new(side_count: usize, options: &ExactOptions) -> Result<Self> {
        if side_count > Self::SIDES_MAX {
            let most = Self::SIDES_MAX;
            return Err(Error::usage(format!(
                "{side_count} sides, but at most {most} can be counted"
            ))
            .hint("overlap estimate takes any number"));
        }
        let shape = Shape::new(side_count, options)?;
        let partition = Arc::new(Partition::new(shape, &options.temp_dir));
        Ok(Self { partition })
    }

    /// A sink for some of the IDs of `side`, from 0; a side may have many, one a thread.
    ///
    /// # Panics
    /// If there is no such side.
    #[must_use]
    pub fn sink(&self, side: usize) -> ExactSink {
        let side_count = self.partition.shape.side_count;
        assert!(side < side_count, "side {side} of {side_count}");
        ExactSink {
            domain: None,
            partition: Arc::clone(&self.partition),
            narrow: Writer::new(side, &self.partition),
            wide: Writer::new(side, &self.partition),
        }
    }

    /// Counts what `sinks` took in, on the threads of the current rayon pool. They must be all the
    /// sinks of this counter that were pushed into: IDs wait in them.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if sinks took in IDs of different domains,
    /// [`ErrorKind::Output`] if a temporary file can't be written or read, now or at an earlier
    /// push, [`ErrorKind::Limit`] if there were more sinks than announced and no memory for them,
    /// [`ErrorKind::Internal`] for a sink of another counter.
    pub fn finish(self, sinks: Vec<ExactSink>) -> Result<ExactCounts> {
        let mut domain = None;
        for sink in sinks {
            if !Arc::ptr_eq(&sink.partition, &self.partition) {
                let message = "a sink of another exact counter";
                return Err(Error::new(ErrorKind::Internal, message));
            }
            domain = merge_domains(domain, sink.domain)?;
            sink.narrow.finish();
            sink.wide.finish();
        }
        self.partition.check()?;
        let narrow = count::regions::<u64>(&self.partition)?;
        Ok(narrow.add(&count::regions::<u128>(&self.partition)?))
    }
}

/// Takes in IDs of one side.
#[derive(Debug)]
pub struct ExactSink {
    domain: Option<IdDomain>,
    partition: Arc<Partition>,
    narrow: Writer<u64>,
    wide: Writer<u128>,
}

impl IdSink for ExactSink {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.domain = merge_domains(self.domain, Some(batch.domain()))?;
        match batch {
            IdBatch::Integers(ids) => self.narrow.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::WideIntegers(ids) => self.wide.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => self.push_bytes(&ids),
        }
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
