//! Headers of delta encodings, before the crate's decoders make room for what they claim.
//!
//! DELTA_BINARY_PACKED (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>): a header
//! with the number of values, then blocks of miniblocks, each bit-packed at a width of its own. The
//! texts' encodings begin with one such stream of lengths, or two, whose number of values decides how
//! much memory is asked for.

use super::plain::too_short;
use crate::error::{Error, Result};
use parquet::basic::Encoding;
use parquet::column::page::Page;

/// Whether an encoding begins with such a header.
pub(super) fn is_one(encoding: Encoding) -> bool {
    streams(encoding) > 0
}

fn streams(encoding: Encoding) -> u32 {
    match encoding {
        Encoding::DELTA_BINARY_PACKED | Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
        Encoding::DELTA_BYTE_ARRAY => 2,
        _ => 0,
    }
}

/// Levels of a kind that is older than these encodings: where values begin behind them, and so what
/// they claim, isn't known here.
pub(super) fn old_levels(page: &Page) -> Error {
    let text = format!("unsupported: {} behind levels of old", page.encoding());
    Error::input(text)
}

/// Sees to it that a page of `encoding` claims no more than `len` values.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it does, or ends early.
pub(super) fn check(encoding: Encoding, bytes: &[u8], len: usize) -> Result<()> {
    let mut stream = Stream { bytes };
    for left in (0..streams(encoding)).rev() {
        let header = stream.header().ok_or_else(too_short)?;
        if header.values > len as u64 {
            return Err(too_short());
        }
        if left > 0 {
            stream.skip(&header).ok_or_else(too_short)?;
        }
    }
    Ok(())
}

/// The head of a stream.
struct Header {
    miniblocks: u64,
    miniblock_values: u64,
    values: u64,
}

/// What is left of a page; `None` wherever it ends or makes no sense.
struct Stream<'a> {
    bytes: &'a [u8],
}

impl<'a> Stream<'a> {
    fn header(&mut self) -> Option<Header> {
        let block_values = self.varint()?;
        let miniblocks = self.varint()?;
        let values = self.varint()?;
        self.varint()?; // the first value
        Some(Header {
            miniblocks,
            miniblock_values: block_values.checked_div(miniblocks).filter(|&n| n > 0)?,
            values,
        })
    }

    /// Goes behind the values. Miniblocks that none is left for aren't stored.
    fn skip(&mut self, header: &Header) -> Option<()> {
        let mut left = header.values.saturating_sub(1);
        while left > 0 {
            self.varint()?; // the smallest delta
            let widths = self.take(header.miniblocks)?;
            for &width in widths {
                if left == 0 {
                    break;
                }
                let bits = u64::from(width).checked_mul(header.miniblock_values)?;
                self.take(bits.div_ceil(8))?;
                left = left.saturating_sub(header.miniblock_values);
            }
        }
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(usize::try_from(length).ok()?)?;
        self.bytes = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 128 values in 4 miniblocks; `values` of them, the first 0.
    fn header(values: u8) -> Vec<u8> {
        vec![0x80, 0x01, 4, values, 0]
    }

    #[test]
    fn more_values_than_rows_are_refused_in_every_stream() {
        let check_one = |claimed| check(Encoding::DELTA_LENGTH_BYTE_ARRAY, &header(claimed), 5);
        assert!(check_one(5).is_ok() && check_one(6).is_err());
        // 40 values: two miniblocks of 32 deltas, of 1 bit and of none.
        let mut first = header(40);
        first.extend([0, 1, 0, 0, 0]);
        first.extend([0xff; 4]);
        for (second, ok) in [(40, true), (41, false)] {
            let page = [first.clone(), header(second)].concat();
            assert_eq!(check(Encoding::DELTA_BYTE_ARRAY, &page, 40).is_ok(), ok);
        }
        for end in 0..first.len() + 5 {
            let page = [first.clone(), header(1)].concat();
            assert!(check(Encoding::DELTA_BYTE_ARRAY, &page[..end], 40).is_err());
        }
    }

    #[test]
    fn widths_and_blocks_without_sense_are_refused() {
        for page in [&[0, 0, 2, 0][..], &[1, 4, 2, 0], &[0xff; 12]] {
            assert!(check(Encoding::DELTA_BYTE_ARRAY, page, 10).is_err());
        }
    }
}
