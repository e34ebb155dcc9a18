//! What the tests of text formats share: a sink that remembers, and streams of any block size.

use super::stream::{BlockSizes, Watch};
use super::text::{Form, TextFormat, TextStream};
use crate::error::{Error, Result};
use crate::id::{IdBatch, IdSink, Tally};
use std::io::{Cursor, Read};

/// The IDs that were pushed.
#[derive(Default)]
pub(super) struct Spy(pub(super) Vec<Vec<u8>>);

impl IdSink for Spy {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        let digits = |id: String| id.into_bytes();
        match batch {
            IdBatch::Text(ids) | IdBatch::Binary(ids) => {
                ids.for_each(|id| self.0.push(id.to_vec()));
            }
            IdBatch::Integers(ids) => self.0.extend(ids.iter().map(|id| digits(id.to_string()))),
            IdBatch::WideIntegers(ids) => {
                self.0.extend(ids.iter().map(|id| digits(id.to_string())));
            }
        }
        Ok(())
    }
}

pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn go_on(&self) -> Result<bool> {
        Ok(true)
    }

    fn advance(&self, _: u64) {}
}

/// A text as a stream in blocks of this size.
pub(super) fn stream(text: &[u8], block: usize) -> TextStream {
    let text = text.to_vec();
    let opener = move || Ok(Box::new(Cursor::new(text)) as Box<dyn Read + Send>);
    let sizes = BlockSizes {
        block,
        record_max: 1 << 20,
        total_max: u64::MAX,
    };
    TextStream::new(Box::new(opener), None, sizes)
}

/// The IDs of a text, sorted, read in blocks of this size.
pub(super) fn read(
    file: &dyn TextFormat,
    text: &[u8],
    block: usize,
    form: Form,
) -> Result<(Vec<Vec<u8>>, Tally), Error> {
    let mut spy = Spy::default();
    let read = stream(text, block).ids(file, form, &mut spy, &Unwatched);
    let read = read.map_err(|failure| failure.error)?;
    spy.0.sort();
    Ok((spy.0, read.tally))
}
