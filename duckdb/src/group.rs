//! A sketch in the making: the state of one group.
//!
//! A sketcher takes a hundred kilobytes from its first ID on, so that the IDs of a small group wait in a list.

use crate::border::Answer;
use crate::ids::{Form, Ids};
use crate::words::worded;
use overlap::id::{ByteIds, IdBatch, IdDomain, IdSink};
use overlap::{Sketch, SketchOptions, Sketcher, Tally};
use std::ops::Range;

/// What is known of one group.
#[derive(Default)]
pub struct Group {
    /// `None` before the first row.
    options: Option<SketchOptions>,
    domain: Option<IdDomain>,
    waiting: Waiting,
    sketcher: Option<Box<Sketcher>>,
    /// Rows that aren't in `done` yet.
    tally: Tally,
    /// What other threads found, and what was asked for already.
    done: Option<Box<Sketch>>,
}

impl Group {
    /// Takes in some rows of a chunk.
    pub fn push(
        &mut self,
        ids: &Ids<'_>,
        rows: Range<usize>,
        options: SketchOptions,
    ) -> Answer<()> {
        self.agree(Some(options))?;
        self.domain = self.domain.or(ids.domain());
        let found = ids.count(rows.clone());
        self.tally += Tally {
            rows: rows.len() as u64,
            nulls: (rows.len() - found) as u64,
        };
        if found == 0 {
            return Ok(());
        }
        let is_whole = found == rows.len();
        match &ids.form {
            Form::Integers(values) if is_whole && rows.len() >= Waiting::IDS_MAX / 2 => {
                self.sketch(IdBatch::Integers(&values[rows]))?;
            }
            Form::Bytes(domain, values) if is_whole && rows.len() >= Waiting::IDS_MAX / 2 => {
                let some = ByteIds::Slices(&values[rows]);
                self.sketch(match domain {
                    IdDomain::Text => IdBatch::Text(some),
                    _ => IdBatch::Binary(some),
                })?;
            }
            form => {
                for row in rows.filter(|&row| ids.validity.is_valid(row)) {
                    self.wait(form, row)?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what another state of the same group knows, which stays as it is.
    pub fn merge(&mut self, other: &mut Self) -> Answer<()> {
        self.agree(other.options)?;
        self.domain = self.domain.or(other.domain);
        if other.sketcher.is_none() && other.done.is_none() {
            self.tally += other.tally;
            return other
                .waiting
                .batches(other.domain, |batch| self.take_over(batch));
        }
        let theirs = other.settle()?;
        match &mut self.done {
            Some(ours) => ours.merge(theirs).map_err(|e| worded(&e))?,
            None => self.done = Some(Box::new(theirs.clone())),
        }
        Ok(())
    }

    /// The sketch of all rows so far; more may follow.
    pub fn settle(&mut self) -> Answer<&Sketch> {
        let is_new = self.tally != Tally::default() || self.sketcher.is_some();
        if is_new || self.done.is_none() {
            self.flush()?;
            let sketch = self.sketcher().finish(std::mem::take(&mut self.tally));
            match &mut self.done {
                Some(done) => done.merge(&sketch).map_err(|e| worded(&e))?,
                None => self.done = Some(Box::new(sketch)),
            }
        }
        Ok(self.done.as_deref().expect("was made above"))
    }

    fn agree(&mut self, options: Option<SketchOptions>) -> Answer<()> {
        match (self.options, options) {
            (Some(ours), Some(theirs)) if ours != theirs => {
                Err("k and precision must be the same in all rows of a group".into())
            }
            _ => {
                self.options = self.options.or(options);
                Ok(())
            }
        }
    }

    /// One ID into the list.
    fn wait(&mut self, form: &Form<'_>, row: usize) -> Answer<()> {
        match form {
            Form::Integers(values) => self.waiting.integers.push(values[row]),
            Form::Wide(values) => match i64::try_from(values[row]) {
                Ok(id) => self.waiting.integers.push(id),
                Err(_) => self.waiting.wide.push(values[row]),
            },
            Form::Bytes(domain, values) => {
                // A text of megabytes goes no further than it must.
                if values[row].len() > Waiting::BYTES_MAX {
                    return self.sketch(batch_of(*domain, ByteIds::Slices(&[values[row]])));
                }
                self.waiting.push_bytes(values[row]);
            }
            Form::Uuids(values) => self.waiting.push_bytes(&values[row]),
            Form::Nulls => {}
        }
        match self.waiting.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// The list of another group.
    fn take_over(&mut self, batch: IdBatch<'_>) -> Answer<()> {
        match batch {
            IdBatch::Integers(ids) => self.waiting.integers.extend_from_slice(ids),
            IdBatch::WideIntegers(ids) => self.waiting.wide.extend_from_slice(ids),
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                ids.for_each(|id| self.waiting.push_bytes(id));
            }
        }
        match self.waiting.is_full() {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// The list into the sketcher.
    fn flush(&mut self) -> Answer<()> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.batches(self.domain, |batch| self.sketch(batch))?;
        // The list's memory is used again where there is a sketcher beside it anyway.
        waiting.clear();
        self.waiting = waiting;
        Ok(())
    }

    fn sketch(&mut self, batch: IdBatch<'_>) -> Answer<()> {
        let options = self.options.unwrap_or_default();
        let sketcher = self
            .sketcher
            .get_or_insert_with(|| Box::new(Sketcher::new(options)));
        sketcher.push(batch).map_err(|e| worded(&e))
    }

    /// The sketcher, which is a new one afterwards.
    fn sketcher(&mut self) -> Sketcher {
        let options = self.options.unwrap_or_default();
        let taken = self.sketcher.take();
        let mut sketcher = taken.map_or_else(|| Sketcher::new(options), |sketcher| *sketcher);
        if let Some(domain) = self.domain {
            // The first domain of a group is that of all its IDs.
            let _ = sketcher.set_domain(domain);
        }
        sketcher
    }
}

/// IDs that aren't hashed yet.
#[derive(Default)]
struct Waiting {
    integers: Vec<i64>,
    wide: Vec<i128>,
    bytes: Vec<u8>,
    /// Where the IDs in `bytes` begin and end.
    offsets: Vec<i32>,
}

impl Waiting {
    /// IDs that wait at most: eight kilobytes of integers.
    const IDS_MAX: usize = 1024;
    /// Bytes of texts that wait at most, or twice that.
    const BYTES_MAX: usize = 1 << 15;

    fn push_bytes(&mut self, id: &[u8]) {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.bytes.extend_from_slice(id);
        // At most twice BYTES_MAX, but for a list that is taken over, which is no longer.
        self.offsets.push(self.bytes.len() as i32);
    }

    fn is_full(&self) -> bool {
        self.integers.len() + self.wide.len() + self.offsets.len() > Self::IDS_MAX
            || self.bytes.len() > Self::BYTES_MAX
    }

    fn clear(&mut self) {
        self.integers.clear();
        self.wide.clear();
        self.bytes.clear();
        self.offsets.clear();
    }

    /// Hands on what waits, in as many batches as there are forms.
    fn batches(
        &self,
        domain: Option<IdDomain>,
        mut to: impl FnMut(IdBatch<'_>) -> Answer<()>,
    ) -> Answer<()> {
        if !self.integers.is_empty() {
            to(IdBatch::Integers(&self.integers))?;
        }
        if !self.wide.is_empty() {
            to(IdBatch::WideIntegers(&self.wide))?;
        }
        if !self.offsets.is_empty() {
            let (data, offsets) = (&self.bytes, &self.offsets);
            let ids = ByteIds::Offsets { data, offsets };
            to(batch_of(domain.unwrap_or(IdDomain::Text), ids))?;
        }
        Ok(())
    }
}

fn batch_of(domain: IdDomain, ids: ByteIds<'_>) -> IdBatch<'_> {
    match domain {
        IdDomain::Binary => IdBatch::Binary(ids),
        _ => IdBatch::Text(ids),
    }
}
