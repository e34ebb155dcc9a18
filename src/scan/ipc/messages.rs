//! Where the messages of an Arrow file or stream lie, and which of their bytes are wanted.
//!
//! Both are found without reading a body: a file lists its messages in a footer, a stream is walked
//! from header to header.

use crate::error::{Error, Result};
use crate::reader::ReadLimits;
use crate::scan::store::InputFile;
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, FieldRef, Schema, UnionMode};
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::{
    Block, Message, MessageHeader, MetadataVersion, RecordBatch, Schema as RawSchema,
    root_as_footer, root_as_message,
};
use std::collections::HashSet;
use std::ops::Range;

/// What an Arrow file or stream holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) schema: Schema,
    pub(super) version: MetadataVersion,
    /// Whether it is a stream, not a file with a footer.
    pub(super) is_stream: bool,
    pub(super) dictionaries: Vec<Dictionary>,
    pub(super) batches: Vec<Batch>,
}

/// A dictionary, or more entries for one.
#[derive(Debug)]
pub(super) struct Dictionary {
    pub(super) block: Block,
    id: i64,
    is_delta: bool,
}

/// A record batch.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) block: Block,
    pub(super) rows: u64,
    /// How many dictionaries stand before it.
    pub(super) dictionaries: usize,
}

/// The first and the last bytes of a file.
pub(super) const MAGIC: &[u8] = b"ARROW1";

/// What stands before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Bytes of a header: of thousands of columns, not of a file that claims anything.
const HEADER_BYTES_MAX: usize = 64 << 20;

/// Whether a file begins like an Arrow file or stream.
pub(in crate::scan) fn may_be_arrow(head: &[u8]) -> bool {
    let behind = head
        .strip_prefix(&CONTINUATION)
        .and_then(|head| head.first_chunk());
    let length = behind.map(|length| i32::from_le_bytes(*length));
    head.starts_with(MAGIC) || length.is_some_and(|length| length > 0 && length % 8 == 0)
}

pub(super) fn corrupt(what: impl std::fmt::Display) -> Error {
    Error::input(format!("corrupt Arrow file: {what}"))
        .hint("it may be cut short: compare its size with the original")
}

/// Finds the messages of a file or stream.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for what is none, or isn't whole.
pub(super) fn contents(file: &InputFile) -> Result<Contents> {
    let head = read(file, 0, 6)?;
    match head == MAGIC {
        true => listed(file),
        false => walked(file),
    }
}

fn read(file: &InputFile, offset: u64, length: usize) -> Result<Vec<u8>> {
    let fail = |e: std::io::Error| corrupt(format!("it ends too early ({e})"));
    file.ensure_holds(offset, length).map_err(fail)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(offset, &mut bytes).map_err(fail)?;
    Ok(bytes)
}

fn size(length: impl TryInto<usize>) -> Result<usize> {
    length.try_into().map_err(|_| corrupt("a negative length"))
}

fn schema_of(raw: Option<RawSchema<'_>>) -> Result<Schema> {
    let raw = raw.ok_or_else(|| corrupt("it has no schema"))?;
    if !raw.endianness().equals_to_target_endianness() {
        return Err(Error::input("numbers in the byte order of another machine")
            .hint("write it again as Parquet where it was made"));
    }
    Ok(fb_to_schema(raw))
}

/// The messages that the footer lists.
fn listed(file: &InputFile) -> Result<Contents> {
    const TAIL_BYTES: u64 = 10;
    let tail_at = file.len().saturating_sub(TAIL_BYTES);
    let tail = read(file, tail_at, 10)?;
    if &tail[4..] != MAGIC {
        return Err(corrupt("it has no footer"));
    }
    let length = size(i32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]))?;
    let at = tail_at.checked_sub(length as u64);
    let at = at.ok_or_else(|| corrupt(format!("its footer claims {length} bytes")))?;
    let bytes = read(file, at, length)?;
    let footer = root_as_footer(&bytes).map_err(corrupt)?;
    let mut contents = Contents {
        schema: schema_of(footer.schema())?,
        version: footer.version(),
        is_stream: false,
        dictionaries: Vec::new(),
        batches: Vec::new(),
    };
    let dictionaries = footer.dictionaries().into_iter().flatten();
    let batches = footer.recordBatches().into_iter().flatten();
    for block in dictionaries.chain(batches) {
        let header = read(
            file,
            u64::try_from(block.offset()).map_err(corrupt)?,
            size(block.metaDataLength())?,
        )?;
        let message = message_of(&header)?;
        if message.bodyLength() != block.bodyLength() {
            return Err(corrupt("footer and message differ in a length"));
        }
        contents.note(&message, *block, file)?;
    }
    Ok(contents)
}

/// The messages of a stream, from its first byte on.
fn walked(file: &InputFile) -> Result<Contents> {
    let mut contents: Option<Contents> = None;
    let mut at = 0;
    loop {
        if at == file.len() {
            return Err(
                Error::input("an Arrow stream that ends without its end marker")
                    .hint("it may be cut short, or its writer wasn't closed: write it again"),
            );
        }
        let prefix = read(file, at, 8)?;
        if prefix[..4] != CONTINUATION && at == 0 {
            return Err(Error::input("neither an Arrow file nor an Arrow stream"));
        }
        if prefix[..4] != CONTINUATION {
            return Err(corrupt("a message was wanted"));
        }
        let length = size(i32::from_le_bytes([
            prefix[4], prefix[5], prefix[6], prefix[7],
        ]))?;
        if length == 0 {
            if at + 8 != file.len() {
                return Err(corrupt("something stands behind the end of the stream"));
            }
            return contents.ok_or_else(|| corrupt("it has no schema"));
        }
        if length > HEADER_BYTES_MAX {
            return Err(corrupt(format!("a header of {length} bytes")));
        }
        let header = read(file, at, length + 8)?;
        let message = message_of(&header)?;
        let body = size(message.bodyLength())? as u64;
        let block = Block::new(
            i64::try_from(at).map_err(corrupt)?,
            i32::try_from(length + 8).map_err(corrupt)?,
            message.bodyLength(),
        );
        match &mut contents {
            Some(contents) => contents.note(&message, block, file)?,
            None => {
                contents = Some(Contents {
                    schema: schema_of(message.header_as_schema())?,
                    version: message.version(),
                    is_stream: true,
                    dictionaries: Vec::new(),
                    batches: Vec::new(),
                });
            }
        }
        at += length as u64 + 8 + body;
    }
}

/// The message of a header, whose length stands before it.
fn message_of(header: &[u8]) -> Result<Message<'_>> {
    let prefix = if header.starts_with(&CONTINUATION) {
        8
    } else {
        4
    };
    let message = header.get(prefix..).unwrap_or_default();
    root_as_message(message).map_err(corrupt)
}

impl Contents {
    fn note(&mut self, message: &Message<'_>, block: Block, file: &InputFile) -> Result<()> {
        let length = size(block.metaDataLength())?.checked_add(size(block.bodyLength())?);
        let length = length.ok_or_else(|| corrupt("a message that is too long"))?;
        let offset = u64::try_from(block.offset()).map_err(corrupt)?;
        file.ensure_holds(offset, length).map_err(corrupt)?;
        if let Some(batch) = message.header_as_record_batch() {
            self.batches.push(Batch {
                block,
                rows: u64::try_from(batch.length()).map_err(corrupt)?,
                dictionaries: self.dictionaries.len(),
            });
        } else if let Some(dictionary) = message.header_as_dictionary_batch() {
            self.dictionaries.push(Dictionary {
                block,
                id: dictionary.id(),
                is_delta: dictionary.isDelta(),
            });
        } else {
            return Err(corrupt("a message that is neither rows nor a dictionary"));
        }
        Ok(())
    }

    /// The dictionaries that hold where so many of them stand before, without those that others
    /// replace.
    pub(super) fn dictionaries_at(&self, before: usize) -> Vec<&Dictionary> {
        let mut whole = HashSet::new();
        let mut known: Vec<&Dictionary> = Vec::new();
        for dictionary in self.dictionaries[..before].iter().rev() {
            if !whole.contains(&dictionary.id) {
                known.push(dictionary);
            }
            if !dictionary.is_delta {
                whole.insert(dictionary.id);
            }
        }
        known.reverse();
        known
    }
}

/// Where a flat column of fixed width lies in the file.
pub(super) struct Stored {
    /// Which rows are null, a bit a row; `None` if none is.
    pub(super) validity: Option<Range<u64>>,
    pub(super) values: Range<u64>,
}

/// Where a column of a record batch lies, if that needs no decoding: nothing is packed, and no nested
/// column stands before it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for what isn't there or contradicts itself.
pub(super) fn stored(
    file: &InputFile,
    batch: &Batch,
    schema: &Schema,
    column: usize,
) -> Result<Option<Stored>> {
    let fields = &schema.fields()[..=column];
    if fields.iter().any(|field| field.data_type().is_nested()) {
        return Ok(None);
    }
    let block = &batch.block;
    let offset = u64::try_from(block.offset()).map_err(corrupt)?;
    let header_bytes = size(block.metaDataLength())?;
    let header = read(file, offset, header_bytes)?;
    let message = message_of(&header)?;
    let rows = message.header_as_record_batch();
    let rows = rows.ok_or_else(|| corrupt("a message without rows"))?;
    if rows.compression().is_some() {
        return Ok(None);
    }
    let nodes = rows.nodes().into_iter().flatten();
    let node = nodes.into_iter().nth(column);
    let node = node.ok_or_else(|| corrupt("a column is missing"))?;
    if u64::try_from(node.length()).ok() != Some(batch.rows) {
        return Err(corrupt("a record batch of another length"));
    }
    let buffers = wanted(&rows, message.version(), Some((schema, &[column])))?;
    let body = offset + header_bytes as u64;
    let body_bytes = size(block.bodyLength())?;
    let ranges = buffers
        .into_iter()
        .map(|range| match range.end > body_bytes {
            true => Err(corrupt("a buffer beyond its message")),
            false => Ok(body + range.start as u64..body + range.end as u64),
        });
    let ranges = ranges.collect::<Result<Vec<_>>>()?;
    let [validity, values] = &ranges[..] else {
        return Ok(None);
    };
    file.announce(&ranges);
    let bitmap_bytes = batch.rows.div_ceil(8);
    let validity = (node.null_count() > 0).then(|| validity.clone());
    if validity
        .as_ref()
        .is_some_and(|range| range.end - range.start < bitmap_bytes)
    {
        return Err(corrupt("fewer marks of nulls than rows"));
    }
    let values = values.clone();
    Ok(Some(Stored { validity, values }))
}

/// A message with the bytes of some columns, or of all; the others are zeros that take no memory.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for what isn't there, [`crate::ErrorKind::Limit`] for buffers that are
/// too large when they are decompressed.
pub(super) fn load(
    file: &InputFile,
    block: &Block,
    columns: Option<(&Schema, &[usize])>,
    limits: &ReadLimits,
) -> Result<Buffer> {
    let offset = u64::try_from(block.offset()).map_err(corrupt)?;
    let header_bytes = size(block.metaDataLength())?;
    let body_bytes = size(block.bodyLength())?;
    let all = header_bytes.checked_add(body_bytes);
    let all = all.ok_or_else(|| corrupt("a message that is too long"))?;
    file.ensure_holds(offset, all).map_err(corrupt)?;
    let mut bytes = vec![0; all];
    let fail = |e: std::io::Error| corrupt(e);
    file.read_exact_at(offset, &mut bytes[..header_bytes])
        .map_err(fail)?;
    let message = message_of(&bytes[..header_bytes])?;
    let rows = match message.header_type() {
        MessageHeader::RecordBatch => message.header_as_record_batch(),
        _ => message
            .header_as_dictionary_batch()
            .and_then(|batch| batch.data()),
    };
    let rows = rows.ok_or_else(|| corrupt("a message without rows"))?;
    let is_packed = rows.compression().is_some();
    let wanted = wanted(&rows, message.version(), columns)?;
    let body = offset + header_bytes as u64;
    let ranges = wanted
        .iter()
        .map(|range| body + range.start as u64..body + range.end as u64);
    file.announce(&ranges.collect::<Vec<_>>());
    for range in wanted {
        let (start, end) = (header_bytes + range.start, header_bytes + range.end);
        if range.end > body_bytes {
            return Err(corrupt("a buffer beyond its message"));
        }
        let buffer = &mut bytes[start..end];
        file.read_exact_at(offset + start as u64, buffer)
            .map_err(fail)?;
        if let Some(length) = buffer.first_chunk().filter(|_| is_packed) {
            // -1 says that it isn't packed after all.
            let length = u64::try_from(i64::from_le_bytes(*length)).unwrap_or(0);
            limits.check_page(range.len() as u64, length, true)?;
        }
    }
    Ok(Buffer::from_vec(bytes))
}

/// Where in the body the buffers of the columns lie.
fn wanted(
    rows: &RecordBatch<'_>,
    version: MetadataVersion,
    columns: Option<(&Schema, &[usize])>,
) -> Result<Vec<Range<usize>>> {
    let raw = rows.buffers().into_iter().flatten();
    let buffers = raw.map(|buffer| {
        let start = size(buffer.offset())?;
        let end = start.checked_add(size(buffer.length())?);
        Ok(start..end.ok_or_else(|| corrupt("a buffer that is too long"))?)
    });
    let buffers = buffers.collect::<Result<Vec<Range<usize>>>>()?;
    let Some((schema, columns)) = columns else {
        return Ok(buffers);
    };
    let mut wanted = Vec::new();
    let mut views = rows.variadicBufferCounts().into_iter().flatten();
    let mut at: usize = 0;
    for (number, field) in schema.fields().iter().enumerate() {
        let count = count(field.data_type(), version, &mut views)
            .ok_or_else(|| corrupt("buffers are missing"))?;
        let end = at.saturating_add(count);
        if columns.contains(&number) {
            let own = buffers.get(at..end);
            wanted.extend_from_slice(own.ok_or_else(|| corrupt("buffers are missing"))?);
        }
        at = end;
    }
    Ok(wanted)
}

/// How many buffers an array of this type has, its children's among them.
fn count(
    data_type: &DataType,
    version: MetadataVersion,
    views: &mut dyn Iterator<Item = i64>,
) -> Option<usize> {
    let mut of = |field: &FieldRef| count(field.data_type(), version, views);
    Some(match data_type {
        DataType::Null => 0,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Binary | DataType::LargeBinary => 3,
        DataType::Utf8View | DataType::BinaryView => usize::try_from(views.next()?).ok()? + 2,
        DataType::List(field) | DataType::LargeList(field) | DataType::Map(field, _) => {
            of(field)? + 2
        }
        DataType::ListView(field) | DataType::LargeListView(field) => of(field)? + 3,
        DataType::FixedSizeList(field, _) => of(field)? + 1,
        DataType::Struct(fields) => fields.iter().map(of).sum::<Option<usize>>()? + 1,
        DataType::RunEndEncoded(ends, values) => of(ends)? + of(values)?,
        DataType::Union(fields, mode) => {
            let offsets = usize::from(*mode == UnionMode::Dense);
            let nulls = usize::from(version < MetadataVersion::V5);
            let children = fields.iter().map(|(_, field)| of(field));
            children.sum::<Option<usize>>()? + 1 + offsets + nulls
        }
        _ => 2,
    })
}
