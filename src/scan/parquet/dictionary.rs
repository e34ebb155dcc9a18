//! Dictionary pages: each entry is pushed at most once, and only if some row uses it.
//!
//! Files written from categoricals carry entries that no row uses: pushing a dictionary as it is
//! would count users who aren't there.

use super::form::{Form, What};
use super::hybrid::Hybrid;
use super::plain::{self, BATCH, Layout, Prefixed};
use super::selection::Selection;
use crate::error::{Error, Result};
use crate::id::ByteIds;
use bytes::Bytes;

/// The dictionary of a column chunk, and which of its entries were used.
#[derive(Debug)]
pub(super) struct Dictionary {
    layout: Layout,
    bytes: Bytes,
    /// Where entries start, if they aren't of one width; one more than there are entries.
    starts: Vec<usize>,
    /// A 1 for each entry that a row uses.
    used: Vec<u8>,
    /// Entries that no row has used yet.
    unused: usize,
}

impl Dictionary {
    /// `len` PLAIN values.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if `bytes` holds fewer.
    pub(super) fn new(bytes: Bytes, layout: Layout, len: usize) -> Result<Self> {
        let mut starts = Vec::new();
        match layout.width() {
            Some(width) => {
                let wanted = len.checked_mul(width).ok_or_else(plain::too_short)?;
                bytes.get(..wanted).ok_or_else(plain::too_short)?;
            }
            None => {
                let mut entries = Prefixed(&bytes);
                starts.push(0);
                for _ in 0..len {
                    entries.next().ok_or_else(plain::too_short)?;
                    starts.push(bytes.len() - entries.0.len());
                }
            }
        }
        Ok(Self {
            layout,
            bytes,
            starts,
            used: vec![0; len],
            unused: len,
        })
    }

    /// Takes in the rows of a data page: `len` indices behind a byte with their width in bits.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for indices without an entry or too few of them, and those of
    /// the sink.
    pub(super) fn push(&mut self, indices: &[u8], len: usize, form: &mut Form<'_>) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let (&width, indices) = indices.split_first().ok_or_else(plain::too_short)?;
        let indices = Hybrid::new(indices, width.into(), len)?;
        let (mut selection, mut taken) = (form.take_selection(), Vec::new());
        if form.counts_repeats() {
            return self.push_rows(indices, selection, form);
        }
        if self.unused == 0 {
            return Ok(());
        }
        // Who is frequent is told by the rows; entries come once.
        let mut skip = form.row_gap().map_or(usize::MAX, |gap| gap - 1);
        let mut chosen = Vec::new();
        indices.for_each(|indices| {
            let indices = selection.pick(indices, &mut taken);
            while let Some(&index) = indices.get(skip) {
                chosen.push(index as usize);
                skip += form.row_gap().unwrap_or(usize::MAX - skip);
            }
            skip -= indices.len();
            for &index in indices {
                let used = self.used.get_mut(index as usize);
                let used = used.ok_or_else(|| no_entry(index))?;
                // The count isn't for free, but reading the mark before it is written is what makes
                // large dictionaries fast: reads from the second-level cache overlap, writes wait.
                self.unused -= usize::from(1 - *used);
                *used = 1;
            }
            Ok(())
        })?;
        let pushed = self.push_entries(&chosen, form.pushing(What::RowsHereAndThere));
        form.pushing(What::Rows);
        pushed
    }

    /// Pushes the entries that rows used.
    ///
    /// # Errors
    /// Those of the sink.
    pub(super) fn finish(&self, form: &mut Form<'_>) -> Result<()> {
        let used = self.used.iter().enumerate().filter(|(_, used)| **used == 1);
        let indices: Vec<usize> = used.map(|(index, _)| index).collect();
        form.pushing(What::Entries);
        indices
            .chunks(BATCH)
            .try_for_each(|indices| self.push_entries(indices, form))
    }

    /// Pushes an entry for every row that is selected.
    fn push_rows(
        &self,
        indices: Hybrid<'_>,
        mut selection: Selection,
        form: &mut Form<'_>,
    ) -> Result<()> {
        let (mut batch, mut taken) = (Vec::with_capacity(BATCH), Vec::new());
        indices.for_each(|indices| {
            let indices = selection.pick(indices, &mut taken);
            for &index in indices {
                if index as usize >= self.used.len() {
                    return Err(no_entry(index));
                }
                batch.push(index as usize);
            }
            if batch.len() + indices.len() > BATCH {
                self.push_entries(&batch, form)?;
                batch.clear();
            }
            Ok(())
        })?;
        self.push_entries(&batch, form)
    }

    fn push_entries(&self, indices: &[usize], form: &mut Form<'_>) -> Result<()> {
        match self.layout {
            Layout::Int32 => {
                let (entries, _) = self.bytes.as_chunks();
                let widen = form.widen_bytes();
                let ids: Vec<i64> = indices.iter().map(|&i| widen(entries[i])).collect();
                form.integers(&ids)
            }
            Layout::Int64 => {
                let (entries, _) = self.bytes.as_chunks();
                let id = |&i: &usize| i64::from_le_bytes(entries[i]);
                let ids: Vec<i64> = indices.iter().map(id).collect();
                form.integers(&ids)
            }
            Layout::Fixed(width) => {
                let id = |&i: &usize| &self.bytes[i * width..][..width];
                let ids: Vec<&[u8]> = indices.iter().map(id).collect();
                form.bytes(ByteIds::Slices(&ids))
            }
            Layout::Prefixed => {
                let id =
                    |&i: &usize| &self.bytes[self.starts[i] + size_of::<u32>()..self.starts[i + 1]];
                let ids: Vec<&[u8]> = indices.iter().map(id).collect();
                form.bytes(ByteIds::Slices(&ids))
            }
        }
    }
}

fn no_entry(index: u32) -> Error {
    Error::input(format!(
        "corrupt: a row names entry {index} of the dictionary, which has none"
    ))
}
