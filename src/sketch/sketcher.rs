//! The `IdSink` that hashes a batch once and feeds registers and sample from it.

use super::bottom_k::{BottomKBuilder, SAMPLE_BITS};
use super::{HyperLogLog, RowCounts, Sketch, SketchOptions, merge_domains};
use crate::error::Result;
use crate::hash::hash_batch;
use crate::id::{IdBatch, IdDomain, IdSink, Tally};

/// A sketch in the making: push IDs in any order and cut, then [`finish`](Self::finish).
///
/// ```
/// use overlap::id::{IdBatch, IdSink};
/// use overlap::{SketchOptions, Sketcher, Tally};
///
/// let mut sketcher = Sketcher::new(SketchOptions::default());
/// sketcher.push(IdBatch::Integers(&[3, 1]))?;
/// sketcher.push(IdBatch::Integers(&[2, 3]))?;
/// let sketch = sketcher.finish(Tally { rows: 5, nulls: 1 });
/// assert_eq!(sketch.sample().hashes().len(), 3);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Debug)]
pub struct Sketcher {
    domain: Option<IdDomain>,
    registers: HyperLogLog,
    sample: BottomKBuilder,
    hashes: Vec<u64>,
    /// See [`HyperLogLog::candidate_mask`]; out of date at most in the direction that costs time.
    candidate_mask: u64,
    candidates: usize,
    /// Rows per sampled user, if anybody asked.
    rows: Option<RowCounts>,
}

impl Sketcher {
    /// A sketch of nothing yet.
    #[must_use]
    pub fn new(options: SketchOptions) -> Self {
        Self {
            domain: None,
            registers: HyperLogLog::new(options.precision()),
            sample: BottomKBuilder::new(options.k()),
            hashes: Vec::new(),
            candidate_mask: 0,
            candidates: 0,
            rows: None,
        }
    }

    /// A sketch of nothing yet that also counts the rows of every sampled user.
    #[must_use]
    pub fn with_row_counts(options: SketchOptions) -> Self {
        Self {
            rows: Some(RowCounts::new(options.k())),
            ..Self::new(options)
        }
    }

    /// The rows of every sampled user so far, if they are counted.
    #[must_use]
    pub fn take_row_counts(&mut self) -> Option<RowCounts> {
        self.rows.take()
    }

    /// The sketch of all that was pushed; `tally` is what the caller read for it.
    #[must_use]
    pub fn finish(self, tally: Tally) -> Sketch {
        Sketch {
            domain: self.domain,
            registers: self.registers,
            sample: self.sample.finish(),
            tally,
        }
    }

    /// Says the domain of the IDs before, or without, any of them: two empty columns of different
    /// types must not meet either.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Incomparable`] if earlier IDs were of another domain.
    pub fn set_domain(&mut self, domain: IdDomain) -> Result<()> {
        self.domain = merge_domains(self.domain, Some(domain))?;
        Ok(())
    }

    /// After the first few thousand users almost no hash changes anything, and two comparisons
    /// tell: this loop is the hot path.
    fn take_in_hashes(&mut self) {
        for &hash in &self.hashes {
            if hash & self.candidate_mask == 0 {
                self.registers.insert(hash);
                self.candidates += 1;
            }
            let sampled = hash >> (u64::BITS - SAMPLE_BITS);
            if sampled < self.sample.theta() {
                self.sample.insert(sampled);
            }
        }
        // Finding the smallest register reads them all: worth it once per as many candidates.
        if self.candidates > self.registers.registers().len() {
            self.candidates = 0;
            self.candidate_mask = self.registers.candidate_mask();
        }
    }
}

impl IdSink for Sketcher {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.set_domain(batch.domain())?;
        self.hashes.clear();
        hash_batch(batch, &mut self.hashes);
        self.take_in_hashes();
        if let Some(rows) = &mut self.rows {
            rows.count(&self.hashes, self.sample.theta());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn sketch_of(ids: &[i64], batch_len: usize) -> Sketch {
        let mut sketcher = Sketcher::new(SketchOptions::new(6, 256).expect("in range"));
        for batch in ids.chunks(batch_len) {
            sketcher.push(IdBatch::Integers(batch)).expect("pushes");
        }
        sketcher.finish(Tally::default())
    }

    #[test]
    fn batches_and_order_change_nothing() {
        let ids: Vec<i64> = (0..50_000).collect();
        let reversed: Vec<i64> = ids.iter().rev().copied().collect();
        let expected = sketch_of(&ids, ids.len());
        assert_eq!(sketch_of(&ids, 7), expected);
        assert_eq!(sketch_of(&reversed, 1000), expected);
    }

    #[test]
    fn the_filter_loses_nothing() {
        let ids: Vec<i64> = (0..50_000).collect();
        let mut registers = HyperLogLog::new(SketchOptions::new(6, 256).expect("ok").precision());
        ids.iter()
            .for_each(|&id| registers.insert(crate::hash::hash_integer(id)));
        assert_eq!(*sketch_of(&ids, 100).registers(), registers);
    }

    #[test]
    fn ids_of_two_domains_never_meet() {
        let mut sketcher = Sketcher::new(SketchOptions::default());
        sketcher.set_domain(IdDomain::Text).expect("first");
        let error = sketcher
            .push(IdBatch::Integers(&[1]))
            .expect_err("integers into text");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
}
