//! Data pages in every other encoding, through the crate's own decoders, a page at a time.

use super::footer::decode_error;
use super::form::{Form, no_ids};
use super::plain::BATCH;
use crate::error::Result;
use crate::id::ByteIds;
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::ColumnDescPtr;
use std::collections::VecDeque;

/// Pushes the values of a page; returns how many there were.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for bytes that the decoder refuses, and those of the sink.
pub(super) fn push(
    column: &ColumnDescPtr,
    dictionary: Option<&Page>,
    page: Page,
    form: &mut Form<'_>,
) -> Result<usize> {
    let form_of_batches = (column.max_def_level() > 0, batch_rows(&page));
    let pages = Chunk(dictionary.cloned().into_iter().chain([page]).collect());
    match get_column_reader(ColumnDescPtr::clone(column), Box::new(pages)) {
        ColumnReader::Int32ColumnReader(reader) => {
            let widen = form.widen();
            read(reader, form_of_batches, |values| {
                let values: Vec<i64> = values.iter().copied().map(widen).collect();
                form.integers(&values)
            })
        }
        ColumnReader::Int64ColumnReader(reader) => {
            read(reader, form_of_batches, |values| form.integers(values))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            read(reader, form_of_batches, |values| push_bytes(values, form))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read(reader, form_of_batches, |values| push_bytes(values, form))
        }
        ColumnReader::BoolColumnReader(reader) => {
            read(reader, form_of_batches, |v| no_ids(v.len()))
        }
        ColumnReader::Int96ColumnReader(reader) => {
            read(reader, form_of_batches, |v| no_ids(v.len()))
        }
        ColumnReader::FloatColumnReader(reader) => {
            read(reader, form_of_batches, |v| no_ids(v.len()))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            read(reader, form_of_batches, |v| no_ids(v.len()))
        }
    }
}

/// Values that are decoded at a time. Of DELTA_BYTE_ARRAY each may be as long as the whole page,
/// since it repeats the one before it.
pub(super) fn batch_rows(page: &Page) -> usize {
    const BATCH_BYTES: usize = 64 << 20;
    match page.encoding() {
        Encoding::DELTA_BYTE_ARRAY => (BATCH_BYTES / page.buffer().len().max(1)).clamp(1, BATCH),
        _ => BATCH,
    }
}

fn push_bytes<T: AsBytes>(values: &[T], form: &mut Form<'_>) -> Result<()> {
    let values: Vec<&[u8]> = values.iter().map(AsBytes::as_bytes).collect();
    form.bytes(ByteIds::Slices(&values))
}

fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    (nullable, batch): (bool, usize),
    mut push: impl FnMut(&[T::T]) -> Result<()>,
) -> Result<usize> {
    let mut values = Vec::with_capacity(batch);
    let mut levels = Vec::new();
    let mut count = 0;
    loop {
        values.clear();
        levels.clear();
        let levels = nullable.then_some(&mut levels);
        let (rows, non_null, _) = reader
            .read_records(batch, levels, None, &mut values)
            .map_err(|e| decode_error(&e))?;
        if rows == 0 {
            return Ok(count);
        }
        count += non_null;
        push(&values)?;
    }
}

/// A column chunk of a single data page, and the dictionary before it.
pub(super) struct Chunk(pub(super) VecDeque<Page>);

impl Iterator for Chunk {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Chunk {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        Ok(self.0.pop_front())
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        Ok(self.0.front().map(|page| PageMetadata {
            num_rows: None,
            num_levels: Some(page.num_values() as usize),
            is_dict: page.is_dictionary_page(),
        }))
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.0.pop_front();
        Ok(())
    }
}
