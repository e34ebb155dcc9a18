//! What is remembered of a set: HyperLogLog registers, a bottom-k sample and tallies.
//!
//! A sketch doesn't answer, it is asked: estimates live above. Must not know files or Arrow.

mod bottom_k;
mod frequency;
mod hyperloglog;
mod sketcher;

pub use bottom_k::{BottomK, SAMPLE_BITS};
pub use frequency::RowCounts;
pub use hyperloglog::{HyperLogLog, Precision};
pub use sketcher::Sketcher;

use crate::error::{Error, Result};
use crate::id::{IdBatch, IdDomain, IdSink, Tally, merge_domains};
use std::ops::RangeInclusive;

/// How large a sketch is, and thereby how accurate.
///
/// ```
/// use overlap::SketchOptions;
///
/// let options = SketchOptions::new(14, 4096)?;
/// assert_eq!(options.precision().get(), 14);
/// assert!(SketchOptions::new(3, 4096).is_err());
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SketchOptions {
    precision: Precision,
    k: usize,
}

impl SketchOptions {
    /// The sample sizes that are allowed: below 16 an interval says nothing, above 2^24 an exact
    /// count needs less memory.
    pub const K_RANGE: RangeInclusive<usize> = 1 << 4..=1 << 24;

    /// 2^`precision` registers beside a sample of `k` hashes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] outside [`Precision::RANGE`] and [`Self::K_RANGE`].
    pub fn new(precision: u8, k: usize) -> Result<Self> {
        if !Self::K_RANGE.contains(&k) {
            let (least, most) = (Self::K_RANGE.start(), Self::K_RANGE.end());
            return Err(Error::usage(format!(
                "k is {k}, but must be {least} to {most}"
            )));
        }
        Ok(Self {
            precision: Precision::new(precision)?,
            k,
        })
    }

    /// log2 of the number of registers.
    #[must_use]
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// The largest number of hashes in the sample; sets of up to `k` users are exact.
    #[must_use]
    pub const fn k(self) -> usize {
        self.k
    }
}

impl Default for SketchOptions {
    /// 2^16 registers (64 KiB, within a core's second-level cache) and 65,536 hashes.
    fn default() -> Self {
        Self {
            precision: Precision::DEFAULT,
            k: 1 << 16,
        }
    }
}

/// The sketch of a set of users.
///
/// Two sketches of the same users are equal, whatever the files, batches, threads and order in
/// which the users came, but for their [`Tally`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    domain: Option<IdDomain>,
    registers: HyperLogLog,
    sample: BottomK,
    tally: Tally,
}

impl Sketch {
    /// The sketch of no users: the identity of [`Self::merge`].
    #[must_use]
    pub fn empty(options: SketchOptions) -> Self {
        Sketcher::new(options).finish(Tally::default())
    }

    /// The sketch of IDs in memory.
    ///
    /// ```
    /// use overlap::{Sketch, SketchOptions, id::IdBatch};
    ///
    /// let sketch = Sketch::of(IdBatch::Integers(&[1, 2, 2, 3]), SketchOptions::default())?;
    /// assert_eq!(sketch.sample().hashes().len(), 3);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// None today; [`IdSink::push`] may fail in general.
    pub fn of(batch: IdBatch<'_>, options: SketchOptions) -> Result<Self> {
        let mut sketcher = Sketcher::new(options);
        sketcher.push(batch)?;
        Ok(sketcher.finish(Tally {
            rows: batch.len() as u64,
            nulls: 0,
        }))
    }

    /// Turns this sketch into that of the union of both sets. Commutative, associative and
    /// idempotent (but for the tally, which adds up); different precisions and k fold to the
    /// lower.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Incomparable`] if the IDs are of different domains.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.domain = merge_domains(self.domain, other.domain)?;
        self.registers.merge(&other.registers);
        self.sample.merge(&other.sample);
        self.tally += other.tally;
        Ok(())
    }

    /// The domain of the IDs; `None` while there was no value to tell it.
    #[must_use]
    pub const fn domain(&self) -> Option<IdDomain> {
        self.domain
    }

    /// The HyperLogLog part.
    #[must_use]
    pub const fn registers(&self) -> &HyperLogLog {
        &self.registers
    }

    /// The MinHash part.
    #[must_use]
    pub const fn sample(&self) -> &BottomK {
        &self.sample
    }

    /// Rows and nulls that went in.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Whether the sample is the whole set, so that every answer from it is exact (up to one
    /// collision of 48-bit hashes in about 2^49 / users²).
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.sample.is_exact()
    }
}
