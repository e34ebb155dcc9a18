//! Parquet's hybrid of run lengths and packed bits: definition levels and dictionary indices.
//!
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>, "Run Length Encoding /
//! Bit-Packing Hybrid". Written here because whole runs can be counted, and packed groups marked,
//! without a value at a time.

use super::bits::Bits;
use crate::error::{Error, Result};
use arrow::buffer::BooleanBuffer;

/// Values unpacked at a time: the least common multiple of every width and whole words.
const GROUP: usize = 32;

/// A run of the hybrid encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run<'a> {
    /// One value, so many times.
    Repeated(u32, usize),
    /// So many values, one behind the other from the lowest bit on.
    Packed(&'a [u8], usize),
}

/// A sequence of small numbers, `width` bits each.
#[derive(Debug)]
pub(super) struct Hybrid<'a> {
    bytes: &'a [u8],
    width: u32,
    /// Values still to come.
    left: usize,
}

impl<'a> Hybrid<'a> {
    /// `len` values of `width` bits from `bytes`; what follows them is ignored.
    ///
    /// # Errors
    /// A width above 32 bits.
    pub(super) fn new(bytes: &'a [u8], width: u32, len: usize) -> Result<Self> {
        if width > u32::BITS {
            return Err(Error::input(format!("corrupt: values of {width} bits")));
        }
        Ok(Self {
            bytes,
            width,
            left: len,
        })
    }

    /// How many of the values are `wanted`.
    ///
    /// # Errors
    /// Bytes that end before the values do.
    pub(super) fn count(mut self, wanted: u32) -> Result<usize> {
        let mut count = 0;
        while let Some(run) = self.next_run()? {
            count += match run {
                Run::Repeated(value, len) if value == wanted => len,
                Run::Repeated(..) => 0,
                Run::Packed(bytes, len) if self.width == 1 => {
                    let ones = count_ones(bytes, len);
                    if wanted == 1 { ones } else { len - ones }
                }
                Run::Packed(bytes, len) => {
                    let mut found = 0;
                    unpack(bytes, self.width, len, |values| {
                        found += values.iter().filter(|&&value| value == wanted).count();
                        Ok(())
                    })?;
                    found
                }
            };
        }
        Ok(count)
    }

    /// A bit for each value: whether it is `wanted`.
    ///
    /// # Errors
    /// Bytes that end before the values do.
    pub(super) fn equal(mut self, wanted: u32) -> Result<BooleanBuffer> {
        let mut bits = Bits::with_room(self.left);
        while let Some(run) = self.next_run()? {
            match run {
                Run::Repeated(value, len) => bits.push_run(value == wanted, len),
                Run::Packed(bytes, len) if self.width == 1 && wanted == 1 => {
                    bits.push_packed(bytes, 0, len);
                }
                Run::Packed(bytes, len) => unpack(bytes, self.width, len, |values| {
                    let one = |(i, &value): (usize, &u32)| u64::from(value == wanted) << i;
                    let word = values
                        .iter()
                        .enumerate()
                        .map(one)
                        .fold(0, |all, bit| all | bit);
                    bits.push(word, values.len());
                    Ok(())
                })?,
            }
        }
        Ok(bits.finish())
    }

    /// Calls `each` with all runs, in order.
    ///
    /// # Errors
    /// Bytes that end before the values do, and those of `each`.
    pub(super) fn for_each_run(
        mut self,
        mut each: impl FnMut(&Run<'a>) -> Result<()>,
    ) -> Result<()> {
        while let Some(run) = self.next_run()? {
            each(&run)?;
        }
        Ok(())
    }

    /// Calls `each` with all values, some at a time and in order.
    ///
    /// # Errors
    /// Bytes that end before the values do, and those of `each`.
    pub(super) fn for_each(mut self, mut each: impl FnMut(&[u32]) -> Result<()>) -> Result<()> {
        while let Some(run) = self.next_run()? {
            match run {
                Run::Repeated(value, mut len) => {
                    let values = [value; GROUP];
                    while len > 0 {
                        let some = len.min(GROUP);
                        each(&values[..some])?;
                        len -= some;
                    }
                }
                Run::Packed(bytes, len) => unpack(bytes, self.width, len, &mut each)?,
            }
        }
        Ok(())
    }

    fn next_run(&mut self) -> Result<Option<Run<'a>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let header = self.varint()?;
        let count = usize::try_from(header >> 1).map_err(|_| too_short())?;
        let run = if header & 1 == 1 {
            let width = self.width as usize;
            let len = count.saturating_mul(8).min(self.left);
            // Some writers cut the last group off behind its last value.
            let whole = count.saturating_mul(width);
            let bytes = self.take(whole.min(self.bytes.len()))?;
            if (bytes.len() * 8) < len.saturating_mul(width) {
                return Err(too_short());
            }
            Run::Packed(bytes, len)
        } else {
            let value = self.take(self.width.div_ceil(8) as usize)?;
            let mut word = [0; 4];
            word[..value.len()].copy_from_slice(value);
            Run::Repeated(u32::from_le_bytes(word), count.min(self.left))
        };
        let (Run::Repeated(_, len) | Run::Packed(_, len)) = run;
        if len == 0 {
            return Err(Error::input("corrupt: an empty run of values"));
        }
        self.left -= len;
        Ok(Some(run))
    }

    /// An unsigned LEB128 number.
    fn varint(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Error::input("corrupt: a number of too many bytes"))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or_else(too_short)?;
        self.bytes = rest;
        Ok(taken)
    }
}

fn too_short() -> Error {
    Error::input("corrupt: a page ends before its values do")
}

fn count_ones(bytes: &[u8], len: usize) -> usize {
    let whole: u32 = bytes[..len / 8].iter().map(|byte| byte.count_ones()).sum();
    let rest = match len % 8 {
        0 => 0,
        bits => (bytes[len / 8] & ((1 << bits) - 1)).count_ones(),
    };
    (whole + rest) as usize
}

/// Unpacks `len` values of `width` bits, a group at a time.
pub(super) fn unpack(
    bytes: &[u8],
    width: u32,
    len: usize,
    mut each: impl FnMut(&[u32]) -> Result<()>,
) -> Result<()> {
    let group_bytes = width as usize * GROUP / 8;
    let mut values = [0; GROUP];
    let whole = len / GROUP;
    for i in 0..whole {
        unpack_group(&bytes[i * group_bytes..][..group_bytes], width, &mut values);
        each(&values)?;
    }
    let rest = len % GROUP;
    if rest > 0 {
        let mut padded = [0; size_of::<u32>() * GROUP];
        let left = &bytes[whole * group_bytes..];
        let left = &left[..left.len().min(group_bytes)];
        padded[..left.len()].copy_from_slice(left);
        unpack_group(&padded[..group_bytes], width, &mut values);
        each(&values[..rest])?;
    }
    Ok(())
}

/// One group; a loop of its own for each width, with every shift a constant.
fn unpack_group(bytes: &[u8], width: u32, out: &mut [u32; GROUP]) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                $($w => unpack_group_of::<$w>(bytes, out),)*
                _ => *out = [0; GROUP],
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32);
}

fn unpack_group_of<const W: usize>(bytes: &[u8], out: &mut [u32; GROUP]) {
    let mut words = [0_u32; W];
    let (chunks, _) = bytes.as_chunks::<4>();
    for (word, chunk) in words.iter_mut().zip(chunks) {
        *word = u32::from_le_bytes(*chunk);
    }
    let mask = u32::MAX >> (u32::BITS as usize - W);
    for (i, value) in out.iter_mut().enumerate() {
        let (word, bit) = (i * W / 32, i * W % 32);
        let mut bits = words[word] >> bit;
        if bit + W > 32 {
            bits |= words[word + 1] << (32 - bit);
        }
        *value = bits & mask;
    }
}

/// Adds a number of seven bits a byte, the lowest first.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn values(bytes: &[u8], width: u32, len: usize) -> Result<Vec<u32>> {
        let mut all = Vec::new();
        Hybrid::new(bytes, width, len)?.for_each(|some| {
            all.extend_from_slice(some);
            Ok(())
        })?;
        Ok(all)
    }

    /// One run of values, packed from the lowest bit on, the slow and plain way.
    pub(in crate::scan::parquet) fn pack(values: &[u32], width: u32) -> Vec<u8> {
        let groups = values.len().div_ceil(8);
        let mut bytes = vec![0; groups * width as usize];
        for (i, value) in values.iter().enumerate() {
            for bit in 0..width as usize {
                let at = i * width as usize + bit;
                bytes[at / 8] |= ((value >> bit & 1) as u8) << (at % 8);
            }
        }
        let mut packed = Vec::new();
        push_number(&mut packed, (groups as u64) << 1 | 1);
        packed.extend(bytes);
        packed
    }

    #[test]
    fn packed_values_of_every_width_come_back() {
        for width in 0..=32_u32 {
            for len in [1, 7, 8, 31, 32, 33, 64, 100, 1_000] {
                let mask = u32::MAX.checked_shr(32 - width).unwrap_or(0);
                let wanted: Vec<u32> = (0..len as u32)
                    .map(|i| i.wrapping_mul(0x9e37_79b9) & mask)
                    .collect();
                let packed = pack(&wanted, width);
                assert_eq!(
                    values(&packed, width, len),
                    Ok(wanted.clone()),
                    "{width} {len}"
                );
                let ones = wanted.iter().filter(|&&value| value == 1).count();
                let counted = Hybrid::new(&packed, width, len).and_then(|hybrid| hybrid.count(1));
                assert_eq!(counted, Ok(ones), "{width} {len}");
                for value in [0, 1] {
                    let equal = Hybrid::new(&packed, width, len).and_then(|all| all.equal(value));
                    let equal = equal.map(|bits| bits.iter().collect::<Vec<bool>>());
                    let expected = wanted.iter().map(|&other| other == value).collect();
                    assert_eq!(equal, Ok(expected), "{width} {len}");
                }
            }
        }
    }

    #[test]
    fn runs_of_both_kinds_follow_each_other() {
        // Forty times 5, then 1 to 8 packed, then 3 twice: three bits each.
        let mut bytes = vec![40 << 1, 5];
        bytes.extend(pack(&[1, 2, 3, 4, 5, 6, 7, 0], 3));
        bytes.extend([2 << 1, 3]);
        let mut wanted = vec![5; 40];
        wanted.extend([1, 2, 3, 4, 5, 6, 7, 0, 3, 3]);
        assert_eq!(values(&bytes, 3, 50), Ok(wanted));
        let counted = |value| Hybrid::new(&bytes, 3, 50).and_then(|hybrid| hybrid.count(value));
        assert_eq!((counted(5), counted(3), counted(6)), (Ok(41), Ok(3), Ok(1)));
        let fives = Hybrid::new(&bytes, 3, 50).and_then(|hybrid| hybrid.equal(5));
        assert_eq!(fives.map(|bits| bits.count_set_bits()), Ok(41));
    }

    #[test]
    fn bytes_that_end_early_are_an_error() {
        let packed = pack(&[1; 100], 5);
        // The header, and 500 bits; the last group may end behind its last value.
        let enough = 1 + (100_usize * 5).div_ceil(8);
        for len in 0..packed.len() {
            assert_eq!(
                values(&packed[..len], 5, 100).is_ok(),
                len >= enough,
                "{len}"
            );
        }
        assert!(values(&[0x80; 11], 1, 8).is_err(), "an endless number");
        assert!(values(&[0, 1], 1, 8).is_err(), "an empty run");
        assert!(values(&[], 33, 1).is_err(), "a width of 33 bits");
    }
}
