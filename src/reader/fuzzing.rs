//! What the fuzzer asks of delimited text: the IDs of bytes in memory, cut into blocks of any size.
//!
//! Must not know files; the fuzz target and the replay of its corpus are the only callers.

use super::batch::Take;
use super::delimited::{Delimited, Dialect, Layout, TextOptions};
use super::limits::ReadLimits;
use super::stream::{BlockSizes, Watch};
use super::text::{Form, Nulls, TextFormat, TextStream, head_of, text_of};
use crate::error::{Error, Result};
use crate::id::{IdBatch, IdSink, Tally};
use arrow::array::{ArrayRef, AsArray, RecordBatch};
use std::io::{Cursor, Read};

/// The IDs of delimited text and how many rows and nulls there were, read as IDs alone, and as rows with
/// all columns beside them, the way segments are read.
#[derive(Debug)]
pub struct DelimitedIds {
    /// Fields of every record.
    pub width: usize,
    /// The IDs that aren't null, sorted, and the rows and nulls.
    pub ids: Result<(Vec<Vec<u8>>, Tally)>,
    /// Likewise, of rows, if they were wanted.
    pub of_rows: Option<Result<(Vec<Vec<u8>>, Tally)>>,
}

/// Reads `text` in blocks of `block` bytes as a file is read; records longer than `record_max` bytes are
/// refused. The column is the remainder of `column` by their number.
///
/// # Errors
/// As for a file whose first record is no delimited text, or whose delimiter isn't clear.
pub fn delimited_ids(
    text: &[u8],
    options: &TextOptions,
    column: usize,
    block: usize,
    record_max: usize,
    with_rows: bool,
) -> Result<DelimitedIds> {
    let mut stream = text_of(Box::new(Cursor::new(text.to_vec())), None)?;
    let read = head_of(&mut *stream, text.len() + 1);
    let (head, _) = read.map_err(|e| Error::input(e.to_string()))?;
    let dialect = Dialect::of(&head, true, options)?;
    let dialect = dialect.ok_or_else(|| Error::input("holds no record"))?;
    let width = dialect.first.len();
    let file = Delimited {
        layout: Layout {
            delimiter: dialect.delimiter,
            found: dialect.found,
            line_end: dialect.line_end,
            width,
            id: column % width,
        },
        names: (1..=width).map(|number| number.to_string()).collect(),
        header: (!options.no_header).then_some(dialect.first),
        nulls: Nulls::new(&options.nulls),
        limits: ReadLimits::default(),
    };
    let sizes = BlockSizes {
        block: block.max(1),
        record_max,
        total_max: u64::MAX,
    };
    Ok(DelimitedIds {
        width,
        ids: ids(&file, &stream_of(text, sizes)),
        of_rows: with_rows.then(|| of_rows(&file, &stream_of(text, sizes))),
    })
}

fn stream_of(text: &[u8], sizes: BlockSizes) -> TextStream {
    let text = text.to_vec();
    let opener = move || Ok(Box::new(Cursor::new(text)) as Box<dyn Read + Send>);
    TextStream::new(Box::new(opener), None, sizes)
}

fn ids(file: &dyn TextFormat, stream: &TextStream) -> Result<(Vec<Vec<u8>>, Tally)> {
    let mut kept = Kept(Vec::new());
    let read = stream.ids(file, Form::Text, &mut kept, &Unwatched);
    let read = read.map_err(|failure| failure.error)?;
    kept.0.sort();
    Ok((kept.0, read.tally))
}

fn of_rows(file: &Delimited, stream: &TextStream) -> Result<(Vec<Vec<u8>>, Tally)> {
    let mut kept = Vec::new();
    let take: Take<'_> = &mut |ids: &ArrayRef, _: RecordBatch| {
        let texts = ids.as_string::<i32>().iter().flatten();
        kept.extend(texts.map(|id| id.as_bytes().to_vec()));
        Ok(())
    };
    let columns: Vec<usize> = (0..file.layout.width).collect();
    let read = stream.rows(file, Form::Text, &columns, take, &Unwatched);
    let read = read.map_err(|failure| failure.error)?;
    kept.sort();
    Ok((kept, read.tally))
}

/// The IDs that were pushed; text is pushed as text.
struct Kept(Vec<Vec<u8>>);

impl IdSink for Kept {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        if let IdBatch::Text(ids) = batch {
            ids.for_each(|id| self.0.push(id.to_vec()));
        }
        Ok(())
    }
}

struct Unwatched;

impl Watch for Unwatched {
    fn go_on(&self) -> Result<bool> {
        Ok(true)
    }

    fn advance(&self, _: u64) {}
}
