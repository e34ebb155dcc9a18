//! What a sketch remembers of how its IDs are written.

use super::doubles::Doubles;
use super::rows::{Frequent, RowSample};
use super::sample::LooseSample;
use crate::id::{ByteIds, IdBatch};

/// How the IDs of a set are written: a loose sample and what is frequent. It says nothing of how many there
/// are.
#[derive(Clone, Debug)]
pub struct Spelling {
    /// The loose sample; nobody of integers, which have one spelling.
    pub loose: LooseSample,
    /// IDs that come in many rows.
    pub frequent: Frequent,
    /// Whether its numbers went through a double; files don't keep it.
    pub doubles: Doubles,
}

impl Spelling {
    /// What is known of nobody.
    #[must_use]
    pub fn none() -> Self {
        Self {
            loose: LooseSample::new(usize::MAX),
            frequent: Frequent::default(),
            doubles: Doubles::default(),
        }
    }

    /// Turns this into what is known of the union of both sets.
    pub fn merge(&mut self, other: &Self) {
        self.loose.merge(&other.loose);
        self.frequent.merge(&other.frequent);
        self.doubles.merge(&other.doubles);
    }

    /// Whether there is nothing in it worth keeping.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.loose.is_empty() && self.loose.is_whole() && self.frequent.ids().is_empty()
    }
}

/// What is remembered of spelling, in the making.
#[derive(Clone, Debug)]
pub struct Speller {
    loose: LooseSample,
    rows: RowSample,
}

impl Speller {
    /// Nothing yet, of samples of at most `k` spellings.
    #[must_use]
    pub fn new(k: usize) -> Self {
        Self {
            loose: LooseSample::new(k),
            rows: RowSample::default(),
        }
    }

    /// Takes in the users of a batch.
    #[inline]
    pub fn push_users(&mut self, ids: &ByteIds<'_>) {
        self.loose.push(ids);
    }

    /// Takes in the rows of a batch.
    #[inline]
    pub fn push_rows(&mut self, batch: IdBatch<'_>) {
        self.rows.push(batch);
    }

    /// Takes in rows that were chosen [`Self::row_gap`]s apart.
    pub fn push_chosen_rows(&mut self, batch: IdBatch<'_>) {
        self.rows.push_chosen(batch);
    }

    /// Rows to the next that is to be chosen.
    pub fn row_gap(&mut self) -> usize {
        self.rows.gap()
    }

    /// What is remembered of all that was pushed.
    #[must_use]
    pub fn finish(self) -> Spelling {
        Spelling {
            frequent: self.rows.finish(),
            doubles: self.rows.doubles(),
            loose: self.loose,
        }
    }
}
