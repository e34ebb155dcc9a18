//! The pages of a column chunk, or of a part of it: a chunk that is most of a file is cut at its
//! page boundaries, so that every thread has something to do.

use super::delta;
use super::footer::{ParquetFile, RowGroup, decode_error, without_dictionary_at_0};
use super::header::{Headers, PageHeader, PageKind};
use super::packed::PackedPages;
use super::plain::{self, Layout};
use super::source::Source;
use super::values::DataPage;
use crate::error::{Error, Result};
use crate::id::PageChecks;
use crate::reader::ReadLimits;
use crate::scan::store::InputFile;
use arrow::buffer::BooleanBuffer;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescPtr;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Some of the data pages of a column chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scan) struct Part {
    /// Where the chunk's dictionary is, if it has one.
    dictionary: Option<Range<u64>>,
    /// Where the part's data pages are.
    data: Range<u64>,
    /// Rows in them.
    rows: u64,
    /// Whether it begins the chunk: the dictionary is read with every part, and counted with one.
    is_first: bool,
}

impl Part {
    /// Rows in it, as its page headers say.
    pub(in crate::scan) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The bytes that reading it takes from the disk.
    pub(in crate::scan) const fn stored_bytes(&self) -> u64 {
        self.data.end - self.data.start
    }
}

/// A page, read or not.
pub(super) enum NextPage {
    /// Decompressed and checked.
    Read(Page),
    /// Not read, since its values can be read piece by piece.
    Stored(Stored),
}

/// Values that lie in the file as they are: PLAIN, not compressed, without levels before them, and
/// without a checksum that would have to be checked first.
pub(super) struct Stored {
    pub(super) layout: Layout,
    /// Bytes of each value.
    pub(super) width: usize,
    pub(super) values: u64,
    /// Where they are in the file.
    pub(super) bytes: Range<u64>,
}

impl Stored {
    /// Wider values are read as whole pages.
    const WIDTH_MAX: usize = 1 << 10;

    /// The values behind a header; `None` if they aren't stored that way.
    fn of(header: &PageHeader, pages: &Pages<'_>) -> Result<Option<Self>> {
        let is_data = matches!(header.kind, PageKind::Data | PageKind::DataV2);
        let is_bare = is_data
            && header.encoding == Some(Encoding::PLAIN)
            && pages.of.chunk.compression() == Compression::UNCOMPRESSED
            && pages.of.column.max_def_level() == 0
            && header.level_bytes == 0
            && !header.has_checksum;
        let layout = pages.layout.filter(|_| is_bare);
        let fixed = layout.and_then(|layout| Some((layout, layout.width()?)));
        let Some((layout, width)) = fixed.filter(|&(_, width)| width <= Self::WIDTH_MAX) else {
            return Ok(None);
        };
        let body = &header.body;
        let length = header.values.checked_mul(width as u64);
        let length = length.filter(|&length| length <= body.end - body.start);
        let length = length.ok_or_else(plain::too_short)?;
        Ok(Some(Self {
            layout,
            width,
            values: header.values,
            bytes: body.start..body.start + length,
        }))
    }
}

/// A column's part of a row group, or some pages of that.
#[derive(Clone, Copy)]
pub(super) struct ChunkOf<'a> {
    pub(super) column: &'a ColumnDescPtr,
    pub(super) chunk: &'a ColumnChunkMetaData,
    pub(super) rows: u64,
    pub(super) part: Option<&'a Part>,
    /// Which of the rows are wanted, if not all: pages without one of them aren't read.
    pub(super) wanted: Option<&'a BooleanBuffer>,
}

impl<'a> ChunkOf<'a> {
    /// All rows of a file's ID column in a row group.
    pub(super) fn ids(file: &'a ParquetFile, row_group: usize) -> Self {
        let RowGroup { rows, chunk, .. } = &file.row_groups[row_group];
        Self {
            column: &file.column,
            chunk,
            rows: *rows,
            part: None,
            wanted: None,
        }
    }
}

/// The pages of a column chunk, in order, from one opening of the file.
pub(super) struct Pages<'a> {
    file: &'a ParquetFile,
    of: ChunkOf<'a>,
    layout: Option<Layout>,
    pub(super) input: Arc<InputFile>,
    /// What is left to read, the last first: a part has its dictionary apart from its data.
    ranges: Vec<Range<u64>>,
    reader: Option<SerializedPageReader<Source>>,
    /// Rows of the pages whose headers were read.
    row: u64,
    checks: PageChecks,
    /// What was read ahead, and why no more was.
    ahead: VecDeque<Result<(u64, NextPage)>>,
}

impl<'a> Pages<'a> {
    /// Opens a chunk, or a part of it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file can't be opened or isn't what it was.
    pub(super) fn open(
        file: &'a ParquetFile,
        of: ChunkOf<'a>,
        layout: Option<Layout>,
    ) -> Result<Self> {
        let ChunkOf { chunk, part, .. } = of;
        let ranges = [
            Some(part.map_or(range_of(chunk), |part| part.data.clone())),
            part.and_then(|part| part.dictionary.clone()),
        ];
        let ranges: Vec<_> = ranges.into_iter().flatten().collect();
        let input = open(file)?;
        input.announce(&ranges);
        Ok(Self {
            file,
            of,
            layout,
            input,
            ranges,
            reader: None,
            row: 0,
            checks: PageChecks::default(),
            ahead: VecDeque::new(),
        })
    }

    /// The next page that may hold values that are wanted, and the number of its first row.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for whatever is wrong with its bytes.
    pub(super) fn next(&mut self) -> Result<Option<(u64, NextPage)>> {
        if self.of.chunk.compression() != Compression::SNAPPY {
            return Ok(self.read()?.map(|(row, page, _)| (row, page)));
        }
        if self.ahead.is_empty() {
            self.read_ahead();
        }
        self.ahead.pop_front().transpose()
    }

    /// Reads as many Snappy pages as are unpacked at a time.
    fn read_ahead(&mut self) {
        let (mut packed, mut rows) = (PackedPages::default(), Vec::new());
        let end = loop {
            match self.read() {
                Ok(Some((row, NextPage::Read(page), header))) => {
                    rows.push(row);
                    if !packed.push(page, header) {
                        break None;
                    }
                }
                Ok(Some((row, stored, _))) => break Some(Ok((row, stored))),
                Ok(None) => break None,
                Err(e) => break Some(Err(e)),
            }
        };
        let pages = rows.into_iter().zip(packed.unpack());
        let pages = pages.map(|(row, page)| page.map(|page| (row, NextPage::Read(page))));
        self.ahead.extend(pages.chain(end));
    }

    /// The next page that may hold values that are wanted, as the reader of pages hands it out, the number of
    /// its first row, and its header.
    fn read(&mut self) -> Result<Option<(u64, NextPage, PageHeader)>> {
        while let Some(range) = self.ranges.last().cloned() {
            let mut headers = Headers {
                input: &self.input,
                range: range.clone(),
            };
            let Some(header) = headers.next().transpose()? else {
                self.ranges.pop();
                self.reader = None;
                continue;
            };
            let rest = headers.range;
            let row = self.row;
            let is_wanted = self.is_wanted(&header);
            if is_wanted {
                self.check(&header)?;
            }
            let stored = match is_wanted {
                true => Stored::of(&header, self)?,
                false => None,
            };
            let reader = match &mut self.reader {
                Some(reader) => reader,
                none => none.insert(page_reader(&self.input, self.of.chunk, &range)?),
            };
            // The reader goes the same way, and reads the headers again.
            let page = if stored.is_some() || !is_wanted {
                reader.skip_next_page().map(|()| None)
            } else {
                reader.get_next_page()
            };
            let page = page.map_err(|e| decode_error(&e))?.map(NextPage::Read);
            if let Some(range) = self.ranges.last_mut() {
                *range = rest;
            }
            if let Some(page) = page.or(stored.map(NextPage::Stored)) {
                return Ok(Some((row, page, header)));
            }
        }
        Ok(None)
    }

    /// Whether a page may hold a value that is wanted; its rows are counted.
    fn is_wanted(&mut self, header: &PageHeader) -> bool {
        let start = self.row;
        match header.kind {
            PageKind::Dictionary => return true,
            PageKind::Other => return false,
            PageKind::Data | PageKind::DataV2 => self.row = start.saturating_add(header.values),
        }
        // Rows beyond the last are no rows: the count says so at the end.
        let rows_of = |wanted| rows_of(wanted, start, header.values);
        self.of
            .wanted
            .is_none_or(|wanted| rows_of(wanted).has_true())
    }

    /// Sees to it that a page may be read, and counts it.
    fn check(&mut self, header: &PageHeader) -> Result<()> {
        let checks = check(header, &self.file.limits)?;
        let is_first = self.of.part.is_none_or(|part| part.is_first);
        if is_first || header.kind != PageKind::Dictionary {
            self.checks += checks;
        }
        Ok(())
    }

    /// What was read is complete; the pages that were read.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the file was changed since its footer was read, or holds another number
    /// of rows than that says.
    pub(super) fn finish(self) -> Result<PageChecks> {
        self.input.ensure_unchanged(&self.file.identity)?;
        let rows = self.of.part.map_or(self.of.rows, |part| part.rows);
        match self.row == rows {
            true => Ok(self.checks),
            false => Err(Error::input(format!(
                "corrupt Parquet file: {rows} rows in the footer, {} in the pages",
                self.row
            ))),
        }
    }
}

/// The bits of a page's rows, as far as there are any.
pub(super) fn rows_of(bits: &BooleanBuffer, start: u64, rows: u64) -> BooleanBuffer {
    let within = |row: u64| usize::try_from(row).map_or(bits.len(), |row| row.min(bits.len()));
    let (start, end) = (within(start), within(start.saturating_add(rows)));
    bits.slice(start, end - start)
}

/// Sees to it that a page may be read; whoever reads it checks its checksum, if it has one.
fn check(header: &PageHeader, limits: &ReadLimits) -> Result<PageChecks> {
    if header.kind == PageKind::Other {
        return Ok(PageChecks::default());
    }
    let stored = header.body.end - header.body.start;
    limits.check_page(stored, header.uncompressed_bytes, header.has_checksum)?;
    Ok(PageChecks {
        pages: 1,
        checked: header.has_checksum.into(),
        ..PageChecks::default()
    })
}

/// [`check`]s all pages of a chunk that somebody else is going to read.
///
/// # Errors
/// Those of the limits, and [`crate::ErrorKind::Input`] for headers without sense.
pub(super) fn check_chunk(
    input: &Arc<InputFile>,
    chunk: &ColumnChunkMetaData,
    limits: &ReadLimits,
) -> Result<PageChecks> {
    if chunk.num_values() == 0 {
        return Ok(PageChecks::default());
    }
    let range = range_of(&without_dictionary_at_0(chunk)?);
    let headers = Headers {
        input,
        range: range.clone(),
    };
    let headers = headers.collect::<Result<Vec<PageHeader>>>()?;
    let mut checks = PageChecks::default();
    for header in &headers {
        checks += check(header, limits)?;
    }
    let is_delta = |header: &PageHeader| header.encoding.is_some_and(delta::is_one);
    if headers.iter().any(is_delta) {
        check_deltas(page_reader(input, chunk, &range)?, &headers, chunk)?;
    }
    Ok(checks)
}

/// Reads the pages before somebody else does, to see what their encodings claim.
fn check_deltas(
    mut reader: SerializedPageReader<Source>,
    headers: &[PageHeader],
    chunk: &ColumnChunkMetaData,
) -> Result<()> {
    let max_level = chunk.column_descr().max_def_level();
    for header in headers
        .iter()
        .filter(|header| header.kind != PageKind::Other)
    {
        let page = reader.get_next_page().map_err(|e| decode_error(&e))?;
        let Some(page) = page.filter(|page| delta::is_one(page.encoding())) else {
            continue;
        };
        let page = match chunk.compression() {
            Compression::SNAPPY => unpacked(page, header)?,
            _ => page,
        };
        let data = DataPage::of(&page, max_level)?.ok_or_else(|| delta::old_levels(&page))?;
        delta::check(data.encoding, &data.values, data.non_null)?;
    }
    Ok(())
}

/// One Snappy page by itself.
fn unpacked(page: Page, header: &PageHeader) -> Result<Page> {
    let mut packed = PackedPages::default();
    packed.push(page, header.clone());
    let mut pages = packed.unpack();
    pages.pop().unwrap_or_else(|| Err(plain::too_short()))
}

fn open(file: &ParquetFile) -> Result<Arc<InputFile>> {
    let input = Arc::new(InputFile::open(&file.path)?);
    input.ensure_unchanged(&file.identity)?;
    Ok(input)
}

/// Where a chunk is; the footer was checked for it to be within the file.
pub(super) fn range_of(chunk: &ColumnChunkMetaData) -> Range<u64> {
    let (start, length) = chunk.byte_range();
    start..start + length
}

/// A reader of the pages in a range of a chunk.
fn page_reader(
    input: &Arc<InputFile>,
    chunk: &ColumnChunkMetaData,
    range: &Range<u64>,
) -> Result<SerializedPageReader<Source>> {
    let source = Arc::new(Source(Arc::clone(input)));
    // They came from the footer, where they are signed. A dictionary's offset would be taken for
    // the start.
    let (start, length) = (range.start.cast_signed(), range.end - range.start);
    let narrowed = chunk
        .clone()
        .into_builder()
        .set_dictionary_page_offset(None)
        .set_data_page_offset(start)
        .set_total_compressed_size(length.cast_signed())
        .set_compression(match chunk.compression() {
            // Unpacked by `PackedPages`.
            Compression::SNAPPY => Compression::UNCOMPRESSED,
            other => other,
        })
        .build();
    narrowed
        .and_then(|chunk| SerializedPageReader::new(source, &chunk, 0, None))
        .map_err(|e| decode_error(&e))
}

/// Cuts a chunk into parts of about `part_bytes`, by its page headers.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if the headers don't make sense.
pub(super) fn split(file: &ParquetFile, row_group: usize, part_bytes: u64) -> Result<Vec<Part>> {
    let input = open(file)?;
    let mut headers = Headers {
        input: &input,
        range: range_of(&file.row_groups[row_group].chunk),
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut dictionary = None;
    let mut start = headers.position();
    while let Some(header) = headers.next().transpose()? {
        let page = start..header.body.end;
        start = page.end;
        match (header.kind, parts.last_mut()) {
            (PageKind::Dictionary, None) => dictionary = Some(page),
            (PageKind::Dictionary, Some(_)) => {
                return Err(Error::input("corrupt: a dictionary behind its values"));
            }
            (PageKind::Other, _) => {}
            (_, Some(part)) if part.stored_bytes() < part_bytes => {
                part.data.end = page.end;
                part.rows += header.values;
            }
            _ => parts.push(Part {
                dictionary: dictionary.clone(),
                data: page,
                rows: header.values,
                is_first: parts.is_empty(),
            }),
        }
    }
    Ok(parts)
}
