//! The pages of a column chunk, or of a part of it: a chunk that is most of a file is cut at its
//! page boundaries, so that every thread has something to do.

use super::footer::{ParquetFile, RowGroup, decode_error};
use super::source::{Cursor, Source};
use crate::error::{Error, Result};
use crate::scan::store::InputFile;
use bytes::Bytes;
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::serialized_reader::SerializedPageReader;
use std::io::BufReader;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Some of the data pages of a column chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Part {
    /// Where the chunk's dictionary is, if it has one.
    dictionary: Option<Range<u64>>,
    /// Where the part's data pages are.
    data: Range<u64>,
    /// Rows in them.
    rows: u64,
}

impl Part {
    /// Rows in it, as its page headers say.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The bytes that reading it takes from the disk.
    pub(in crate::scan) const fn stored_bytes(&self) -> u64 {
        self.data.end - self.data.start
    }
}

/// The pages of a row group's column chunk, in order, from one opening of the file.
pub(super) struct Pages {
    input: Arc<InputFile>,
    /// What is left to read: first the dictionary, where a part has it apart from its data.
    readers: Vec<SerializedPageReader<Source>>,
    /// Rows that must come.
    pub(super) rows: u64,
}

impl Pages {
    /// Opens a chunk, or a part of it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file can't be opened or isn't what it was.
    pub(super) fn open(file: &ParquetFile, row_group: usize, part: Option<&Part>) -> Result<Self> {
        let input = Arc::new(InputFile::open(&file.path)?);
        input.ensure_unchanged(file.identity)?;
        let RowGroup { rows, chunk } = &file.row_groups[row_group];
        let reader = |chunk: &ColumnChunkMetaData| {
            let source = Arc::new(Source(Arc::clone(&input)));
            let rows = usize::try_from(*rows)
                .map_err(|_| Error::input(format!("{rows} rows in one row group")))?;
            SerializedPageReader::new(source, chunk, rows, None).map_err(|e| decode_error(&e))
        };
        let (readers, rows) = match part {
            None => (vec![reader(chunk)?], *rows),
            Some(part) => {
                let ranges = [Some(&part.data), part.dictionary.as_ref()];
                let readers = ranges.into_iter().flatten();
                let readers = readers.map(|range| reader(&narrowed(chunk, range)?));
                (readers.collect::<Result<_>>()?, part.rows)
            }
        };
        Ok(Self {
            input,
            readers,
            rows,
        })
    }

    /// The next page, decompressed.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for whatever is wrong with its bytes.
    pub(super) fn next(&mut self) -> Result<Option<Page>> {
        while let Some(reader) = self.readers.last_mut() {
            if let Some(page) = reader.get_next_page().map_err(|e| decode_error(&e))? {
                return Ok(Some(page));
            }
            self.readers.pop();
        }
        Ok(None)
    }

    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file was changed since its footer was read.
    pub(super) fn ensure_unchanged(&self, file: &ParquetFile) -> Result<()> {
        self.input.ensure_unchanged(file.identity)
    }
}

/// A chunk of the same column that is only the pages in `range`.
fn narrowed(chunk: &ColumnChunkMetaData, range: &Range<u64>) -> Result<ColumnChunkMetaData> {
    // Both came from the footer, where they are signed.
    let (start, length) = (range.start.cast_signed(), range.end - range.start);
    chunk
        .clone()
        .into_builder()
        .set_dictionary_page_offset(None)
        .set_data_page_offset(start)
        .set_total_compressed_size(length.cast_signed())
        .build()
        .map_err(|e| decode_error(&e))
}

/// Cuts a chunk into parts of about `part_bytes`, by reading its page headers.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the headers don't make sense.
pub(super) fn split(file: &ParquetFile, row_group: usize, part_bytes: u64) -> Result<Vec<Part>> {
    let chunk = &file.row_groups[row_group].chunk;
    let (start, length) = chunk.byte_range();
    let headers = Headers::of(file, chunk)?;
    let mut parts: Vec<Part> = Vec::new();
    let mut dictionary = None;
    for (i, page) in headers.iter().enumerate() {
        let end = headers.get(i + 1).map_or(start + length, |next| next.start);
        match parts.last_mut() {
            _ if page.is_dictionary => dictionary = Some(page.start..end),
            Some(part) if part.stored_bytes() < part_bytes => {
                part.data.end = end;
                part.rows += page.rows;
            }
            _ => parts.push(Part {
                dictionary: dictionary.clone(),
                data: page.start..end,
                rows: page.rows,
            }),
        }
    }
    Ok(parts)
}

/// What a page's header says, and where it is.
struct Header {
    start: u64,
    rows: u64,
    is_dictionary: bool,
}

/// A source that notes where headers are read: the page reader doesn't tell.
struct Headers {
    source: Source,
    starts: Mutex<Vec<u64>>,
}

impl Headers {
    fn of(file: &ParquetFile, chunk: &ColumnChunkMetaData) -> Result<Vec<Header>> {
        let input = Arc::new(InputFile::open(&file.path)?);
        input.ensure_unchanged(file.identity)?;
        let source = Arc::new(Self {
            source: Source(input),
            starts: Mutex::default(),
        });
        let corrupt = |e| decode_error(&e);
        let mut pages =
            SerializedPageReader::new(Arc::clone(&source), chunk, 0, None).map_err(corrupt)?;
        let mut headers = Vec::new();
        while let Some(page) = pages.peek_next_page().map_err(corrupt)? {
            let starts = source.starts.lock().unwrap_or_else(PoisonError::into_inner);
            headers.push(Header {
                start: starts.last().copied().unwrap_or_default(),
                rows: page.num_rows.or(page.num_levels).unwrap_or_default() as u64,
                is_dictionary: page.is_dict,
            });
            drop(starts);
            pages.skip_next_page().map_err(corrupt)?;
        }
        Ok(headers)
    }
}

impl Length for Headers {
    fn len(&self) -> u64 {
        self.source.len()
    }
}

impl ChunkReader for Headers {
    type T = BufReader<Cursor>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        let mut starts = self.starts.lock().unwrap_or_else(PoisonError::into_inner);
        starts.push(start);
        self.source.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        self.source.get_bytes(start, length)
    }
}
