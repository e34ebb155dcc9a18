//! From IDs as they are read to normal ones, on their way to whoever wants them.

use super::Normal;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ByteIds, IdBatch, IdDomain, IdSink, integer_to_text};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Brings every ID to its normal form and passes it on. IDs that a rule can't read are counted and
/// nobody.
#[derive(Debug)]
pub struct Normalizing<S> {
    sink: S,
    normal: Option<Arc<Normal>>,
    unreadable: u64,
    all_unreadable: Arc<AtomicU64>,
    forms: Vec<u8>,
    offsets: Vec<i32>,
    digits: Vec<u8>,
    spare: [Vec<u8>; 2],
}

impl<S> Normalizing<S> {
    /// Passes IDs on to `sink`, as they are if there is nothing to be done. `all_unreadable` counts the IDs
    /// that can't be read, those of other sinks included.
    pub fn new(sink: S, normal: Option<Arc<Normal>>, all_unreadable: Arc<AtomicU64>) -> Self {
        Self {
            sink,
            normal,
            unreadable: 0,
            all_unreadable,
            forms: Vec::new(),
            offsets: Vec::new(),
            digits: Vec::new(),
            spare: [Vec::new(), Vec::new()],
        }
    }

    /// Whom IDs were passed to, and how many couldn't be read.
    pub fn finish(self) -> (S, u64) {
        (self.sink, self.unreadable)
    }
}

impl<S: IdSink> Normalizing<S> {
    /// Forms so many bytes of IDs before they are passed on: they are still in the nearest cache when they are hashed.
    const BATCH_BYTES: usize = 1 << 15;

    fn start(&mut self) {
        self.forms.clear();
        self.offsets.clear();
        self.offsets.push(0);
    }

    fn add(&mut self, normal: &Normal, id: &[u8], domain: IdDomain, to: IdDomain) -> Result<()> {
        let is_text = domain != IdDomain::Binary;
        let before = self.forms.len();
        let formed = normal.apply_with(id, is_text, &mut self.forms, &mut self.spare);
        if formed.is_none() {
            // Whatever a rule wrote of it isn't the next one's.
            self.forms.truncate(before);
            self.unreadable += 1;
            return Ok(());
        }
        let end = i32::try_from(self.forms.len()).map_err(|_| {
            Error::new(
                ErrorKind::Limit,
                "the ids of one batch are longer than 2 GiB together",
            )
        })?;
        self.offsets.push(end);
        if self.forms.len() >= Self::BATCH_BYTES {
            self.pass_on(to)?;
        }
        Ok(())
    }

    fn pass_on(&mut self, domain: IdDomain) -> Result<()> {
        let ids = ByteIds::Offsets {
            data: &self.forms,
            offsets: &self.offsets,
        };
        if !ids.is_empty() {
            self.sink.push(match domain {
                IdDomain::Binary => IdBatch::Binary(ids),
                _ => IdBatch::Text(ids),
            })?;
        }
        self.start();
        Ok(())
    }

    fn push_digits(
        &mut self,
        normal: &Normal,
        ids: impl Iterator<Item = i128>,
        to: IdDomain,
    ) -> Result<()> {
        let mut digits = std::mem::take(&mut self.digits);
        for id in ids {
            digits.clear();
            integer_to_text(id, &mut digits);
            self.add(normal, &digits, IdDomain::Text, to)?;
        }
        self.digits = digits;
        Ok(())
    }
}

impl<S: IdSink> IdSink for Normalizing<S> {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        let Some(normal) = self.normal.clone() else {
            return self.sink.push(batch);
        };
        let domain = batch.domain();
        let to = normal.domain(domain)?;
        let before = self.unreadable;
        self.start();
        match batch {
            IdBatch::Integers(ids) => {
                self.push_digits(&normal, ids.iter().map(|&id| i128::from(id)), to)?;
            }
            IdBatch::WideIntegers(ids) => self.push_digits(&normal, ids.iter().copied(), to)?,
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                ids.try_for_each(|id| self.add(&normal, id, domain, to))?;
            }
        }
        if self.unreadable > before {
            let more = self.unreadable - before;
            self.all_unreadable.fetch_add(more, Ordering::Relaxed);
        }
        self.pass_on(to)
    }

    fn counts_repeats(&self) -> bool {
        // Rows that can't be read are counted one by one.
        self.normal.is_some() || self.sink.counts_repeats()
    }

    fn push_entries(&mut self, batch: IdBatch<'_>) -> Result<()> {
        match self.normal {
            None => self.sink.push_entries(batch),
            Some(_) => self.push(batch),
        }
    }

    fn row_gap(&mut self) -> Option<usize> {
        self.sink.row_gap().filter(|_| self.normal.is_none())
    }

    fn note_rows(&mut self, batch: IdBatch<'_>) {
        self.sink.note_rows(batch);
    }
}
