//! The `IdSink` that hashes a batch once and feeds registers and sample from it.

use super::bottom_k::{BottomKBuilder, SAMPLE_BITS};
use super::{HyperLogLog, RowCounts, Sketch, SketchOptions};
use crate::error::Result;
use crate::hash::{BatchHasher, Filter, HashSink, Kernel};
use crate::id::{IdBatch, IdDomain, IdSink, Tally, merge_domains};

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
    hasher: BatchHasher,
    parts: Parts,
}

impl Sketcher {
    /// A sketch of nothing yet.
    #[must_use]
    pub fn new(options: SketchOptions) -> Self {
        Self::on(Kernel::best(), options)
    }

    /// A sketch of nothing yet, hashed by a kernel of one's choice: the sketch is the same.
    #[must_use]
    pub fn on(kernel: Kernel, options: SketchOptions) -> Self {
        Self {
            domain: None,
            hasher: BatchHasher::new(kernel),
            parts: Parts {
                registers: HyperLogLog::new(options.precision()),
                sample: BottomKBuilder::new(options.k()),
                candidate_mask: 0,
                candidates: 0,
                sampled: Vec::new(),
                rows: None,
            },
        }
    }

    /// A sketch of nothing yet that also counts the rows of every sampled user.
    #[must_use]
    pub fn with_row_counts(options: SketchOptions) -> Self {
        let mut sketcher = Self::new(options);
        sketcher.parts.rows = Some(RowCounts::new(options.k()));
        sketcher
    }

    /// The rows of every sampled user so far, if they are counted.
    #[must_use]
    pub fn take_row_counts(&mut self) -> Option<RowCounts> {
        self.parts.rows.take()
    }

    /// The sketch of all that was pushed; `tally` is what the caller read for it.
    #[must_use]
    pub fn finish(self, tally: Tally) -> Sketch {
        Sketch {
            domain: self.domain,
            registers: self.parts.registers,
            sample: self.parts.sample.finish(),
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
}

impl IdSink for Sketcher {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.set_domain(batch.domain())?;
        self.hasher.hash(batch, &mut self.parts);
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        self.parts.rows.is_some()
    }
}

/// What hashes go into.
#[derive(Debug)]
struct Parts {
    registers: HyperLogLog,
    sample: BottomKBuilder,
    /// See [`HyperLogLog::candidate_mask`]; out of date at most in the direction that costs time.
    candidate_mask: u64,
    /// Hashes taken since the mask was made.
    candidates: usize,
    /// A buffer for the hashes of a chunk that the sample wants.
    sampled: Vec<u64>,
    /// Rows per sampled user, if anybody asked.
    rows: Option<RowCounts>,
}

impl HashSink for Parts {
    fn filter(&self) -> Filter {
        const BELOW: u32 = u64::BITS - SAMPLE_BITS;
        Filter {
            zeros: self.candidate_mask,
            // The last hash below θ; shifting out the only bit of θ = 1 leaves 0, and the last
            // hash of all is one less.
            most: (self.sample.theta() << BELOW).wrapping_sub(1),
        }
    }

    fn take(&mut self, hashes: &[u64]) {
        let theta = self.sample.theta();
        self.sampled.resize(self.sampled.len().max(hashes.len()), 0);
        let mut count = 0;
        for &hash in hashes {
            self.registers.insert(hash);
            let sampled = hash >> (u64::BITS - SAMPLE_BITS);
            // Written always and kept by stepping on: nothing to predict.
            self.sampled[count] = sampled;
            count += usize::from(sampled < theta);
        }
        self.sample.insert(&mut self.sampled[..count]);
        self.candidates += hashes.len();
        // Finding the smallest register reads them all: worth it once per as many candidates.
        if self.candidates > self.registers.registers().len() {
            self.candidates = 0;
            self.candidate_mask = self.registers.candidate_mask();
        }
        if let Some(rows) = &mut self.rows {
            // All rows of sampled users are among the candidates.
            rows.count(hashes, self.sample.theta());
        }
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
