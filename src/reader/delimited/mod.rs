//! Delimited text: CSV, TSV, any other delimiter, or one ID a line.

mod collect;
mod cut;
mod dialect;
mod integer;
mod layout;
mod plain;
mod records;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use cut::RecordCutter;
pub(crate) use dialect::Dialect;
pub use dialect::{Delimiter, TextOptions};
pub(crate) use layout::Layout;

use super::limits::ReadLimits;
use super::stream::Block;
use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use arrow::array::{ArrayRef, RecordBatch};
use collect::Collector;
use layout::Fault;
use records::Field;

/// What the IDs of text are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the text that they are.
    Text,
    /// As integers, each of which must be a plain one.
    Integers,
}

/// Texts that mean null.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nulls(Vec<Vec<u8>>);

impl Nulls {
    pub(crate) fn new(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| text.clone().into_bytes()).collect())
    }

    #[inline(always)]
    fn contains(&self, text: &[u8]) -> bool {
        !self.0.is_empty() && self.0.iter().any(|null| null == text)
    }
}

/// What came of some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    /// Rows and nulls.
    pub(crate) tally: Tally,
    /// Nulls that were written as a text that means null.
    pub(crate) named_nulls: u64,
}

impl std::ops::AddAssign for Read {
    fn add_assign(&mut self, other: Self) {
        self.tally += other.tally;
        self.named_nulls += other.named_nulls;
    }
}

/// A file of delimited text: how it is laid out, and what its columns are called.
#[derive(Clone, Debug)]
pub(crate) struct Delimited {
    pub(crate) layout: Layout,
    /// The names of the columns; their numbers where there is no header.
    pub(crate) names: Vec<String>,
    /// The fields of the first record, if that is the header.
    pub(crate) header: Option<Vec<Vec<u8>>>,
    pub(crate) nulls: Nulls,
    pub(crate) limits: ReadLimits,
}

impl Delimited {
    /// Cuts the stream into blocks.
    pub(crate) fn cutter(&self) -> RecordCutter {
        RecordCutter::new(self.layout.delimiter, self.layout.line_end)
    }

    /// Pushes the IDs of a block.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] with the line of what isn't delimited text,
    /// [`crate::ErrorKind::Incomparable`] for an ID that is no integer but has to be one,
    /// [`crate::ErrorKind::Limit`] for one that is too long, and those of the sink.
    pub(crate) fn ids(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<Read> {
        let start = self
            .header_end(text, block)
            .map_err(|f| self.locate(text, block, f))?;
        self.ids_behind(&text[start..], block.quoted, form, sink)
            .map_err(|fault| {
                let at = start + fault.at;
                self.locate(text, block, Fault { at, ..fault })
            })
    }

    fn ids_behind(
        &self,
        text: &[u8],
        quoted: bool,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<Read, Fault> {
        layout::check_nul(text)?;
        let layout = &self.layout;
        let mut ids = Collector::new(form, &self.nulls, &self.limits, sink);
        ids.check_utf8(std::str::from_utf8(text).is_err());
        let name = self
            .header
            .as_ref()
            .map(|header| header[layout.id].as_slice());
        if quoted {
            records::records(text, layout, |fields, at| {
                if fields.len() != layout.width {
                    return Err(Fault::new(at, layout.ragged(fields.len())));
                }
                let id = fields[layout.id];
                self.check_repeated(text, fields, at)?;
                match id.quoted {
                    true => ids.quoted(id.text(text), at),
                    false => ids.plain(&text[id.start..id.end], at),
                }
            })?;
        } else {
            plain::ids(text, layout, |id, at| {
                if name == Some(id) {
                    self.check_repeated_at(text, at)?;
                }
                ids.plain(id, at)
            })?;
        }
        let (tally, named_nulls) = ids.finish(text.len())?;
        Ok(Read { tally, named_nulls })
    }

    /// Hands the rows of a block on: the IDs, and the columns of these numbers as text.
    ///
    /// # Errors
    /// Those of [`Self::ids`], [`crate::ErrorKind::Input`] for text that isn't UTF-8, and those of
    /// `take`.
    pub(crate) fn rows(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        columns: &[usize],
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
    ) -> Result<Read> {
        let start = self
            .header_end(text, block)
            .map_err(|f| self.locate(text, block, f))?;
        rows::rows(self, &text[start..], form, columns, take).map_err(|fault| {
            let at = start + fault.at;
            self.locate(text, block, Fault { at, ..fault })
        })
    }

    /// The header must not come again: files that were written one behind the other would count the
    /// name of the column as an ID.
    fn check_repeated(&self, text: &[u8], fields: &[Field], at: usize) -> Result<(), Fault> {
        let Some(header) = &self.header else {
            return Ok(());
        };
        let is_name = |(field, name): (&Field, &Vec<u8>)| *field.text(text) == **name;
        if !is_name((&fields[self.layout.id], &header[self.layout.id]))
            || !fields.iter().zip(header).all(is_name)
        {
            return Ok(());
        }
        let error = Error::input("the header again, in the middle of the file");
        Err(Fault::new(
            at,
            error.hint("several files seem to be in one: name them apart, or leave out all headers but the first"),
        ))
    }

    #[cold]
    fn check_repeated_at(&self, text: &[u8], at: usize) -> Result<(), Fault> {
        let end = records::first_end(&text[at..], &self.layout)?;
        records::records(&text[at..at + end], &self.layout, |fields, _| {
            self.check_repeated(&text[at..], fields, 0)
        })
        .map_err(|fault| Fault {
            at: at + fault.at,
            ..fault
        })
    }

    /// Where the records begin: behind the header.
    fn header_end(&self, text: &[u8], block: &Block) -> Result<usize, Fault> {
        if self.header.is_none() || block.index > 0 {
            return Ok(0);
        }
        records::first_end(text, &self.layout)
    }

    fn locate(&self, text: &[u8], block: &Block, fault: Fault) -> Error {
        let before = &text[..fault.at.min(text.len())];
        let lines = memchr::memchr_iter(self.layout.line_end, before).count() as u64;
        fault.error.with("line", block.first_line + lines)
    }
}
