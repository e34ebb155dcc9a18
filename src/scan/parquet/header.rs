//! Page headers: what is in a page and how large it is, before any of it is read.
//!
//! `PageHeader` of parquet.thrift, as far as it is needed here. The `parquet` crate reads
//! headers too, but doesn't hand out sizes and encodings before the page itself.

use super::thrift::{Compact, DEPTH_MAX, wire};
use crate::error::{Error, Result};
use crate::scan::store::InputFile;
use parquet::basic::Encoding;
use std::ops::Range;

/// What a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PageKind {
    /// Values, with levels before them.
    Data,
    /// Values, with levels before them that are never compressed.
    DataV2,
    Dictionary,
    /// Anything else holds no values.
    Other,
}

/// The header of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) kind: PageKind,
    /// Where its body is in the file.
    pub(super) body: Range<u64>,
    /// Bytes of the body when it is decompressed.
    pub(super) uncompressed_bytes: u64,
    pub(super) has_checksum: bool,
    /// Values, nulls among them.
    pub(super) values: u64,
    /// The encoding of the values, `None` for one that nobody here asks for.
    pub(super) encoding: Option<Encoding>,
    /// Bytes of the levels before the values (version 2 only).
    pub(super) level_bytes: u64,
}

/// The headers of all pages in a range of a file.
#[derive(Debug)]
pub(super) struct Headers<'a> {
    pub(super) input: &'a InputFile,
    /// What is left of the range; its start is the next header.
    pub(super) range: Range<u64>,
}

impl Headers<'_> {
    /// Where the next header starts.
    pub(super) const fn position(&self) -> u64 {
        self.range.start
    }
}

impl Iterator for Headers<'_> {
    type Item = Result<PageHeader>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.range.is_empty() {
            return None;
        }
        let header = read(self.input, &self.range);
        // Behind a header without sense there is nothing to go on from.
        self.range.start = header
            .as_ref()
            .map_or(self.range.end, |header| header.body.end);
        Some(header)
    }
}

/// Reads the header at the start of `range`, which the page must not leave.
fn read(input: &InputFile, range: &Range<u64>) -> Result<PageHeader> {
    /// A few dozen bytes as a rule; more with statistics of long texts.
    const LENGTHS: [u64; 3] = [256, 1 << 14, 1 << 24];
    let corrupt = || Error::input("corrupt: a page header makes no sense");
    for length in LENGTHS {
        let left = range.end - range.start;
        let mut bytes = vec![0; usize::try_from(length.min(left)).map_err(|_| corrupt())?];
        input
            .read_exact_at(range.start, &mut bytes)
            .map_err(|e| Error::input(format!("can't be read: {e}")))?;
        let mut compact = Compact { bytes: &bytes };
        let Some(fields) = Fields::read(&mut compact) else {
            if length < left {
                continue;
            }
            break;
        };
        let start = range.start + (bytes.len() - compact.bytes.len()) as u64;
        let header = fields.checked(start).ok_or_else(corrupt)?;
        if header.body.end > range.end {
            return Err(Error::input("corrupt: a page reaches out of its column"));
        }
        return Ok(header);
    }
    Err(corrupt())
}

/// The fields of a header as they are stored; 0 for those that aren't.
#[derive(Default)]
struct Fields {
    page_type: i64,
    uncompressed_bytes: i64,
    compressed_bytes: i64,
    has_checksum: bool,
    values: i64,
    encoding: i64,
    definition_bytes: i64,
    repetition_bytes: i64,
}

impl Fields {
    fn checked(&self, start: u64) -> Option<PageHeader> {
        let size = |bytes: i64| u64::try_from(i32::try_from(bytes).ok()?).ok();
        Some(PageHeader {
            kind: match self.page_type {
                0 => PageKind::Data,
                2 => PageKind::Dictionary,
                3 => PageKind::DataV2,
                _ => PageKind::Other,
            },
            body: start..start + size(self.compressed_bytes)?,
            uncompressed_bytes: size(self.uncompressed_bytes)?,
            has_checksum: self.has_checksum,
            values: size(self.values)?,
            encoding: match self.encoding {
                0 => Some(Encoding::PLAIN),
                2 => Some(Encoding::PLAIN_DICTIONARY),
                5 => Some(Encoding::DELTA_BINARY_PACKED),
                6 => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
                7 => Some(Encoding::DELTA_BYTE_ARRAY),
                8 => Some(Encoding::RLE_DICTIONARY),
                _ => None,
            },
            level_bytes: size(self.definition_bytes)? + size(self.repetition_bytes)?,
        })
    }
}

impl Fields {
    /// The fields of a `PageHeader`.
    fn read(compact: &mut Compact<'_>) -> Option<Self> {
        let mut fields = Self::default();
        compact.each_field(|this, id, kind| {
            match (id, kind) {
                (1, _) => fields.page_type = this.integer(kind)?,
                (2, _) => fields.uncompressed_bytes = this.integer(kind)?,
                (3, _) => fields.compressed_bytes = this.integer(kind)?,
                (4, _) => {
                    fields.has_checksum = true;
                    this.integer(kind)?;
                }
                (5 | 7 | 8, wire::STRUCT) => this.each_field(|this, inner, kind| {
                    match (id, inner) {
                        (_, 1) => fields.values = this.integer(kind)?,
                        (5 | 7, 2) | (8, 4) => fields.encoding = this.integer(kind)?,
                        (8, 5) => fields.definition_bytes = this.integer(kind)?,
                        (8, 6) => fields.repetition_bytes = this.integer(kind)?,
                        _ => this.skip(kind, DEPTH_MAX)?,
                    }
                    Some(())
                })?,
                _ => this.skip(kind, DEPTH_MAX)?,
            }
            Some(())
        })?;
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A version 1 header with statistics: PLAIN, 7 values, 56 bytes.
    const HEADER: [u8; 29] = [
        0x15, 0x00, // type: data page
        0x15, 0x70, // uncompressed: 56
        0x15, 0x70, // compressed: 56
        0x2c, // data page header (field 5)
        0x15, 0x0e, // values: 7
        0x15, 0x00, // encoding: PLAIN
        0x15, 0x06, // definition levels: RLE
        0x15, 0x06, // repetition levels: RLE
        0x1c, // statistics
        0x18, 0x02, 0x61, 0x62, // max: "ab"
        0x18, 0x02, 0x61, 0x61, // min: "aa"
        0x16, 0x00, // nulls: 0
        0x00, 0x00, 0x00, // ends of the three structs
    ];

    #[test]
    fn a_header_tells_kind_sizes_and_encoding() {
        let mut compact = Compact { bytes: &HEADER };
        let header = Fields::read(&mut compact).and_then(|fields| fields.checked(100));
        let expected = PageHeader {
            kind: PageKind::Data,
            body: 100..156,
            uncompressed_bytes: 56,
            has_checksum: false,
            values: 7,
            encoding: Some(Encoding::PLAIN),
            level_bytes: 0,
        };
        assert_eq!((header, compact.bytes.len()), (Some(expected), 0));
    }

    #[test]
    fn headers_that_end_early_are_refused() {
        for len in 0..HEADER.len() {
            let mut compact = Compact {
                bytes: &HEADER[..len],
            };
            assert!(Fields::read(&mut compact).is_none(), "{len}");
        }
    }

    #[test]
    fn nests_of_structs_and_negative_sizes_are_refused() {
        let nest = [0x1c_u8; 1000];
        assert!(Fields::read(&mut Compact { bytes: &nest }).is_none());
        let negative = [0x15, 0x00, 0x15, 0x01, 0x00];
        let fields = Fields::read(&mut Compact { bytes: &negative });
        assert!(fields.is_some_and(|fields| fields.checked(0).is_none()));
    }
}
