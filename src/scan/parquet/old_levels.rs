//! Levels as bits packed from the highest one on, which Parquet gave up in 2013.

// Files of then are still read.
#![allow(deprecated)]

use super::plain::too_short;
use super::values::level_bits;
use crate::error::{Error, Result};
use arrow::buffer::BooleanBuffer;
use parquet::basic::Encoding;
use parquet::column::page::Page;

/// Which rows of a page hold a value.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for a page that ends early, or levels of another kind.
pub(super) fn valid(page: &Page, max_level: i16) -> Result<BooleanBuffer> {
    let Page::DataPage {
        buf,
        def_level_encoding: Encoding::BIT_PACKED,
        ..
    } = page
    else {
        return Err(Error::input("unsupported: levels of an unknown encoding"));
    };
    let (rows, max_level) = (page.num_values() as usize, max_level.unsigned_abs());
    let width = level_bits(max_level) as usize;
    let length = rows.saturating_mul(width).div_ceil(8);
    let levels = buf.get(..length).ok_or_else(too_short)?;
    let bit = |at: usize| u16::from(levels[at / 8] >> (7 - at % 8) & 1);
    let level = |row: usize| (0..width).fold(0, |level, i| level << 1 | bit(row * width + i));
    Ok(BooleanBuffer::collect_bool(rows, |row| {
        level(row) == max_level
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_from_the_highest_on() {
        let page = |bytes: &[u8], rows| Page::DataPage {
            buf: bytes.to_vec().into(),
            num_values: rows,
            encoding: Encoding::PLAIN,
            def_level_encoding: Encoding::BIT_PACKED,
            rep_level_encoding: Encoding::BIT_PACKED,
            statistics: None,
        };
        let rows = |bits: BooleanBuffer| bits.iter().collect::<Vec<bool>>();
        let valid_of = |page, max_level| valid(&page, max_level).map(rows);
        let one = page(&[0b1010_0000, 0b0100_0000, 9], 10);
        let expected: Vec<bool> = (0..10).map(|row| [0, 2, 9].contains(&row)).collect();
        assert_eq!(valid_of(one, 1), Ok(expected));
        let two = page(&[0b10_01_11_10, 9], 4);
        assert_eq!(valid_of(two, 2), Ok(vec![true, false, false, true]));
        assert!(valid(&page(&[0], 9), 1).is_err(), "a page that ends early");
    }
}
