//! Counting with certainty: every distinct ID of every side, kept by value or by 128-bit hash.
//!
//! Integers that an `i64` holds are kept as they are (8 bytes); wider ones too (16 bytes). Text and
//! binary values are kept as their XXH3-128: among n of them a collision has the odds of n² in
//! 2^129, one in 10^20 for a billion. Must not know files.

mod count;
mod partition;

pub use count::ExactCounts;

use crate::error::{Error, ErrorKind, Result};
use crate::hash::hash_bytes_128;
use crate::id::{IdBatch, IdDomain, IdSink};
use partition::{Account, Parts};
use std::sync::Arc;

/// Counts the distinct IDs of several sides at once: hand out [`ExactSink`]s, then
/// [`finish`](Self::finish).
#[derive(Debug)]
pub struct ExactCounter {
    side_count: usize,
    account: Arc<Account>,
}

impl ExactCounter {
    /// A side is a bit of a region's mask.
    pub const SIDES_MAX: usize = 64;

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
        Ok(Self {
            side_count,
            account: Arc::new(Account::new(memory_limit_bytes, rows_expected)),
        })
    }

    /// A sink for some of the IDs of a side; a side may have many.
    #[must_use]
    pub fn sink(&self, side: usize) -> ExactSink {
        ExactSink {
            side,
            domain: None,
            account: Arc::clone(&self.account),
            narrow: Parts::new(&self.account),
            wide: Parts::new(&self.account),
        }
    }

    /// Counts what all sinks took in, on the threads of the current rayon pool.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if sinks took in IDs of different domains.
    pub fn finish(self, sinks: Vec<ExactSink>) -> Result<ExactCounts> {
        let mut domain = None;
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        for sink in sinks {
            domain = one_domain(domain, sink.domain)?;
            narrow.push((sink.side, sink.narrow));
            wide.push((sink.side, sink.wide));
        }
        let mut counts = count::regions(self.side_count, &narrow);
        counts.add(&count::regions(self.side_count, &wide));
        Ok(counts)
    }
}

/// Takes in IDs of one side.
#[derive(Debug)]
pub struct ExactSink {
    side: usize,
    domain: Option<IdDomain>,
    account: Arc<Account>,
    narrow: Parts<u64>,
    wide: Parts<u128>,
}

impl IdSink for ExactSink {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.domain = one_domain(self.domain, Some(batch.domain()))?;
        self.account.saw(batch.len() as u64);
        match batch {
            IdBatch::Integers(ids) => self.narrow.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::WideIntegers(ids) => self.wide.extend(ids.iter().map(|id| id.cast_unsigned())),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                ids.try_for_each(|id| self.wide.extend([hash_bytes_128(id)]))
            }
        }
    }
}

fn one_domain(a: Option<IdDomain>, b: Option<IdDomain>) -> Result<Option<IdDomain>> {
    match (a, b) {
        (Some(a), Some(b)) if a != b => Err(Error::new(
            ErrorKind::Incomparable,
            format!("{a} ids can't be compared with {b} ids"),
        )),
        _ => Ok(a.or(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ByteIds;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn count(sides: &[Vec<i64>], batch_len: usize, sinks_per_side: usize) -> ExactCounts {
        let counter = ExactCounter::new(sides.len(), u64::MAX, 0).expect("few sides");
        let mut sinks = Vec::new();
        for (side, ids) in sides.iter().enumerate() {
            let mut of_side: Vec<_> = (0..sinks_per_side).map(|_| counter.sink(side)).collect();
            for (i, batch) in ids.chunks(batch_len).enumerate() {
                of_side[i % sinks_per_side]
                    .push(IdBatch::Integers(batch))
                    .expect("pushes");
            }
            sinks.extend(of_side);
        }
        counter.finish(sinks).expect("one domain")
    }

    proptest! {
        #[test]
        fn counts_are_those_of_hash_sets(
            sides in prop::collection::vec(prop::collection::vec(-300_i64..300, 0..400), 1..4),
            batch_len in 1_usize..50,
            sinks in 1_usize..4,
        ) {
            let counts = count(&sides, batch_len, sinks);
            let sets: Vec<HashSet<i64>> =
                sides.iter().map(|ids| ids.iter().copied().collect()).collect();
            for (i, a) in sets.iter().enumerate() {
                prop_assert_eq!(counts.users(i), a.len() as u64);
                for (j, b) in sets.iter().enumerate() {
                    prop_assert_eq!(counts.overlap(i, j), a.intersection(b).count() as u64);
                }
            }
            let union: HashSet<i64> = sets.iter().flatten().copied().collect();
            prop_assert_eq!(counts.union(), union.len() as u64);
        }
    }

    #[test]
    fn an_event_log_takes_memory_for_its_users_not_its_rows() {
        let counter = ExactCounter::new(1, 8 << 20, 0).expect("one side");
        let mut sink = counter.sink(0);
        for round in 0..2_000_i64 {
            let ids: Vec<i64> = (0..1_000).map(|i| (i * 7 + round) % 5_000).collect();
            sink.push(IdBatch::Integers(&ids))
                .expect("5,000 users in 8 MiB");
        }
        assert_eq!(
            counter.finish(vec![sink]).expect("one domain").users(0),
            5_000
        );
    }

    #[test]
    fn too_little_memory_is_a_limit_error_that_names_what_would_do() {
        let counter = ExactCounter::new(1, 1 << 20, 10_000_000).expect("one side");
        let mut sink = counter.sink(0);
        let mut pushes = (0..1_000_i64).map(|i| {
            let ids: Vec<i64> = (i * 10_000..(i + 1) * 10_000).collect();
            sink.push(IdBatch::Integers(&ids))
        });
        let error = pushes
            .find_map(Result::err)
            .expect("10 million ids are more than 1 MiB");
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert!(error.to_string().contains("MiB"), "{error}");
    }

    #[test]
    fn wide_and_narrow_integers_are_different_users() {
        let counter = ExactCounter::new(2, u64::MAX, 0).expect("two sides");
        let (mut a, mut b) = (counter.sink(0), counter.sink(1));
        a.push(IdBatch::Integers(&[-1, 5])).expect("pushes");
        b.push(IdBatch::WideIntegers(&[i128::from(u64::MAX)]))
            .expect("pushes");
        b.push(IdBatch::Integers(&[5])).expect("pushes");
        let counts = counter.finish(vec![a, b]).expect("one domain");
        assert_eq!(
            (counts.users(0), counts.users(1), counts.overlap(0, 1)),
            (2, 2, 1)
        );
    }

    #[test]
    fn text_counts_and_domains_stay_apart() {
        let counter = ExactCounter::new(2, u64::MAX, 0).expect("two sides");
        let (mut a, mut b) = (counter.sink(0), counter.sink(1));
        a.push(IdBatch::Text(ByteIds::Slices(&[b"ann", b"", b"ann"])))
            .expect("pushes");
        assert!(a.push(IdBatch::Integers(&[1])).is_err());
        b.push(IdBatch::Integers(&[1])).expect("pushes");
        let error = counter.finish(vec![a, b]).expect_err("text and integers");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
}
