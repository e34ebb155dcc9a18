//! Snappy pages as they were stored → pages, some of a chunk at a time: blocks are unpacked faster side by side.

use super::header::PageHeader;
use super::source::PageBuffer;
use crate::error::{Error, Result};
use crate::scan::snappy::{self, Block};
use bytes::Bytes;
use parquet::column::page::Page;

/// Pages that were read, but not unpacked yet.
#[derive(Default)]
pub(super) struct PackedPages {
    pages: Vec<Packed>,
    /// What they are going to take.
    bytes: u64,
}

/// A page as it was stored, and what its header says.
struct Packed {
    page: Page,
    header: PageHeader,
}

impl PackedPages {
    /// Bytes that pages may have together; one alone may have more.
    const BYTES_MAX: u64 = 8 << 20;

    /// Takes a page in; whether another one beside it would be a gain.
    pub(super) fn push(&mut self, page: Page, header: PageHeader) -> bool {
        let (stored, length) = (
            header.body.end - header.body.start,
            header.uncompressed_bytes,
        );
        // What couldn't be made smaller is only copied.
        let is_packed = stored < length - length / 64;
        self.bytes += length;
        self.pages.push(Packed { page, header });
        is_packed && self.bytes < Self::BYTES_MAX && self.pages.len() < snappy::SIDE_BY_SIDE
    }

    /// The pages, in order.
    pub(super) fn unpack(self) -> Vec<Result<Page>> {
        let mut buffers: Vec<Result<Option<Unpacked>>> =
            self.pages.iter().map(Unpacked::of).collect();
        let blocks = self.pages.iter().zip(&mut buffers);
        let blocks = blocks.filter_map(|(packed, buffer)| {
            let buffer = buffer.as_mut().ok()?.as_mut()?;
            buffer.block(packed.page.buffer())
        });
        let mut unpacked = snappy::unpack(blocks.collect()).into_iter();
        let pages = self.pages.into_iter().zip(buffers);
        pages
            .map(|(Packed { page, .. }, buffer)| match buffer? {
                None => Ok(page),
                Some(buffer) if !buffer.has_block() || unpacked.next() == Some(true) => {
                    Ok(with_bytes(page, buffer.buffer.into_bytes(buffer.length)))
                }
                Some(_) => Err(corrupt()),
            })
            .collect()
    }
}

/// Where a page is unpacked: a buffer that is used again, as a new megabyte for each page would cost as much as unpacking
/// what Snappy left as it was.
struct Unpacked {
    buffer: PageBuffer,
    /// Bytes that are stored as they are: the levels of version 2.
    levels: usize,
    /// Bytes of the whole page.
    length: usize,
}

impl Unpacked {
    /// Room for a page; `None` if it is stored as it is, which version 2 may say.
    fn of(Packed { page, header }: &Packed) -> Result<Option<Self>> {
        let levels = match page {
            Page::DataPageV2 {
                is_compressed: false,
                ..
            } => return Ok(None),
            Page::DataPageV2 { .. } => header.level_bytes,
            _ => 0,
        };
        let size = |bytes| usize::try_from(bytes).map_err(|_| corrupt());
        let (levels, length) = (size(levels)?, size(header.uncompressed_bytes)?);
        let stored = page.buffer();
        // Snappy's best is a copy of 64 bytes by 3: more can't come of so few.
        if levels > length || levels > stored.len() || length - levels > stored.len() * 64 / 3 {
            return Err(corrupt());
        }
        let mut buffer = PageBuffer::with_room(length);
        buffer.bytes[..levels].copy_from_slice(&stored[..levels]);
        Ok(Some(Self {
            buffer,
            levels,
            length,
        }))
    }

    const fn has_block(&self) -> bool {
        self.length > self.levels
    }

    fn block<'a>(&'a mut self, stored: &'a [u8]) -> Option<Block<'a>> {
        self.has_block().then(|| Block {
            packed: &stored[self.levels..],
            out: &mut self.buffer.bytes[self.levels..self.length],
        })
    }
}

fn corrupt() -> Error {
    Error::input("corrupt: a page can't be decompressed by Snappy")
}

/// The same page around other bytes.
fn with_bytes(mut page: Page, bytes: Bytes) -> Page {
    match &mut page {
        Page::DataPage { buf, .. }
        | Page::DataPageV2 { buf, .. }
        | Page::DictionaryPage { buf, .. } => *buf = bytes,
    }
    page
}

#[cfg(test)]
mod tests {
    use super::super::header::PageKind;
    use super::*;
    use parquet::basic::Encoding;

    const LEVELS: &[u8] = &[9, 9, 9];

    fn header(stored: usize, length: usize, level_bytes: usize) -> PageHeader {
        PageHeader {
            kind: PageKind::Data,
            body: 0..stored as u64,
            uncompressed_bytes: length as u64,
            has_checksum: false,
            values: 1,
            encoding: Some(Encoding::PLAIN),
            level_bytes: level_bytes as u64,
        }
    }

    fn version_1(values: &[u8]) -> (Page, PageHeader) {
        let stored = snap::raw::Encoder::new().compress_vec(values);
        let stored = stored.expect("packs");
        let header = header(stored.len(), values.len(), 0);
        let page = Page::DataPage {
            buf: stored.into(),
            num_values: 1,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        (page, header)
    }

    fn version_2(values: &[u8], is_compressed: bool) -> (Page, PageHeader) {
        let packed = snap::raw::Encoder::new().compress_vec(values);
        let packed = packed.expect("packs");
        let body = if is_compressed { &packed[..] } else { values };
        let stored = [LEVELS, body].concat();
        let length = LEVELS.len() + values.len();
        let header = header(stored.len(), length, LEVELS.len());
        let page = Page::DataPageV2 {
            buf: stored.into(),
            num_values: 1,
            encoding: Encoding::PLAIN,
            num_nulls: 0,
            num_rows: 1,
            def_levels_byte_len: LEVELS.len() as u32,
            rep_levels_byte_len: 0,
            is_compressed,
            statistics: None,
        };
        (page, header)
    }

    #[test]
    fn pages_of_every_form_come_in_order_and_a_damaged_one_harms_no_other() {
        let values: Vec<u8> = (0..5_000_u64).flat_map(|i| (i * 7).to_le_bytes()).collect();
        let (damaged, damaged_header) = version_1(&values);
        let mut bytes = damaged.buffer().to_vec();
        bytes.truncate(bytes.len() - 1);
        let damaged = with_bytes(damaged, bytes.into());
        let with_levels = [LEVELS, &values[..]].concat();
        let cases = [
            (version_1(&values), Some(values.clone())),
            (version_2(&values, true), Some(with_levels.clone())),
            (version_2(&values, false), Some(with_levels)),
            ((damaged, damaged_header), None),
            (version_2(&[], true), Some(LEVELS.to_vec())),
            (version_1(&values[..80]), Some(values[..80].to_vec())),
        ];
        let mut packed = PackedPages::default();
        for ((page, header), _) in &cases {
            packed.push(page.clone(), header.clone());
        }
        for (page, (_, expected)) in packed.unpack().into_iter().zip(cases) {
            match expected {
                Some(expected) => assert_eq!(page.expect("whole").buffer(), &expected),
                None => assert!(page.is_err()),
            }
        }
    }

    #[test]
    fn pages_are_read_ahead_while_that_is_a_gain() {
        let push = |sizes: &[(usize, usize)]| {
            let mut packed = PackedPages::default();
            let page = || version_1(b"").0;
            let more = sizes
                .iter()
                .map(|&(stored, length)| packed.push(page(), header(stored, length, 0)));
            more.collect::<Vec<bool>>()
        };
        assert_eq!(push(&[(600, 1_000); 3]), [true, true, false]);
        // What is stored as it was gains nothing; what is large would take too much room.
        assert_eq!(push(&[(1_000, 1_000)]), [false]);
        assert_eq!(push(&[(600, 1_000), (1 << 20, 8 << 20)]), [true, false]);
    }
}
