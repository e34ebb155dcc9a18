//! Delimited text: CSV, TSV, any other delimiter, or one ID a line.

mod cut;
mod dialect;
mod layout;
mod marks;
mod plain;
mod records;
mod rows;
mod survey;
#[cfg(test)]
mod tests;

pub(crate) use cut::RecordCutter;
pub(crate) use dialect::Dialect;
pub use dialect::{Delimiter, TextOptions};
pub(crate) use layout::{Layout, option_of};

use super::batch::Take;
use super::collect::Collector;
use super::fault::Fault;
use super::limits::ReadLimits;
use super::stream::{Block, Cutter};
use super::text::{Form, Nulls, RowsRead, TextFormat};
use crate::error::{Error, Result};
use crate::id::IdSink;
use records::Field;

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

impl TextFormat for Delimited {
    fn format_name(&self) -> &'static str {
        "delimited text"
    }

    fn names(&self) -> &[String] {
        &self.names
    }

    fn id_name(&self) -> String {
        self.names[self.layout.id].clone()
    }

    fn cutter(&self) -> Box<dyn Cutter> {
        Box::new(RecordCutter::new(
            self.layout.delimiter,
            self.layout.line_end,
        ))
    }

    fn line_end(&self) -> u8 {
        self.layout.line_end
    }

    fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    fn ids(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<RowsRead> {
        let start = self
            .header_end(text, block)
            .map_err(|f| self.locate(text, block, f))?;
        self.ids_behind(&text[start..], block, form, sink)
            .map_err(|fault| {
                let at = start + fault.at;
                self.locate(text, block, Fault { at, ..fault })
            })
    }

    fn rows(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        columns: &[usize],
        take: Take<'_>,
    ) -> Result<RowsRead> {
        let start = self
            .header_end(text, block)
            .map_err(|f| self.locate(text, block, f))?;
        rows::rows(self, &text[start..], &block.glance, form, (columns, take)).map_err(|fault| {
            let at = start + fault.at;
            self.locate(text, block, Fault { at, ..fault })
        })
    }
}

impl Delimited {
    fn ids_behind(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<RowsRead, Fault> {
        let glance = &block.glance;
        layout::check_nul(text, glance)?;
        let layout = &self.layout;
        let mut ids = Collector::new(form, &self.nulls, &self.limits, sink);
        ids.check_utf8(glance.beyond_ascii && std::str::from_utf8(text).is_err());
        let name = self
            .header
            .as_ref()
            .map(|header| header[layout.id].as_slice());
        if block.quoted {
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
            plain::ids(text, glance, layout, |id, at| {
                if name == Some(id) {
                    self.check_repeated_at(text, at)?;
                }
                ids.plain(id, at)
            })?;
        }
        let (tally, named_nulls) = ids.finish(text.len())?;
        Ok(RowsRead { tally, named_nulls })
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
        fault.locate(text, block, self.layout.line_end)
    }
}
