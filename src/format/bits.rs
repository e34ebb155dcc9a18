//! Streams of bits, the lowest bit of a byte first, and Golomb–Rice codes in them.
//!
//! Rice's code (JPL Technical Report SP 78-3, 1978) of a number n with parameter t is ⌊n / 2^t⌋
//! zeros, a one, and the t low bits of n. Gaps between uniform hashes are geometric, for which it
//! is within 0.1 bits of the entropy if 2^t is the mean rounded down to a power of two.

use crate::error::{Error, Result};

/// The parameter for gaps between `count` numbers below `end`: log2 of ⌊end / count⌋, rounded down.
pub(super) fn rice_parameter(end: u64, count: usize) -> u32 {
    (end / (count as u64).max(1)).max(1).ilog2()
}

/// Bits in the making.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that fill no whole word yet.
    word: u64,
    len: u32,
}

impl BitWriter {
    /// Appends the `count` low bits of `value`, at most 64, whose other bits are zero.
    pub(super) fn write(&mut self, value: u64, count: u32) {
        self.word |= value << self.len;
        if self.len + count < u64::BITS {
            self.len += count;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_le_bytes());
        let written = u64::BITS - self.len;
        self.word = value.checked_shr(written).unwrap_or(0);
        self.len = count - written;
    }

    pub(super) fn write_rice(&mut self, value: u64, parameter: u32) {
        let mut zeros = value >> parameter;
        while zeros >= u64::from(u64::BITS) {
            self.write(0, u64::BITS);
            zeros -= u64::from(u64::BITS);
        }
        self.write(1 << zeros, zeros as u32 + 1);
        self.write(value & ((1 << parameter) - 1), parameter);
    }

    /// The bits, with zeros up to the next whole byte.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let left = self.len.div_ceil(u8::BITS) as usize;
        self.bytes
            .extend_from_slice(&self.word.to_le_bytes()[..left]);
        self.bytes
    }
}

/// Bits that are read from front to back.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// The place of the next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Bits that a look ahead shows at least, if so many are left.
    const AHEAD: u32 = u64::BITS - u8::BITS + 1;

    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next [`Self::AHEAD`] bits or more, zeros beyond the end.
    fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(word) => *word,
            None => {
                let mut word = [0; 8];
                word[..rest.len()].copy_from_slice(rest);
                word
            }
        };
        u64::from_le_bytes(word) >> (self.at % 8)
    }

    fn skip(&mut self, count: u32) -> Result<()> {
        self.at += count as usize;
        if self.at > 8 * self.bytes.len() {
            return Err(Error::input("cut short: bits are missing at the end"));
        }
        Ok(())
    }

    /// The next `count` bits, at most 64.
    pub(super) fn read(&mut self, count: u32) -> Result<u64> {
        let low = count.min(Self::AHEAD);
        let value = self.peek() & (u64::MAX >> (u64::BITS - low.max(1)));
        self.skip(low)?;
        if low == count {
            return Ok(if count == 0 { 0 } else { value });
        }
        let high = self.read(count - low)?;
        Ok(value | high << low)
    }

    pub(super) fn read_rice(&mut self, parameter: u32) -> Result<u64> {
        let mut zeros: u64 = 0;
        loop {
            let run = self.peek().trailing_zeros();
            if run < Self::AHEAD {
                zeros += u64::from(run);
                self.skip(run + 1)?;
                break;
            }
            zeros += u64::from(Self::AHEAD);
            self.skip(Self::AHEAD)?;
        }
        let low = self.read(parameter)?;
        let high = (zeros.checked_mul(1 << parameter))
            .ok_or_else(|| Error::input("a gap beyond the end of all hashes"))?;
        Ok(high | low)
    }

    /// Sees to it that there is nothing left but the zeros that fill the last byte.
    pub(super) fn finish(self) -> Result<()> {
        let left = 8 * self.bytes.len() - self.at;
        if left >= 8 || self.peek() != 0 {
            return Err(Error::input("surplus bytes or bits at the end"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            values in prop::collection::vec((any::<u64>(), 0_u32..=64, 0_u32..=62), 0..50),
        ) {
            let kept = |value: u64, count: u32| value.checked_shr(64 - count).unwrap_or(0);
            // Quotients stay short: 2^10 zeros at most.
            let coded = |value: u64, parameter: u32| value >> (54 - parameter.min(54));
            let mut bits = BitWriter::default();
            for &(value, count, parameter) in &values {
                bits.write(kept(value, count), count);
                bits.write_rice(coded(value, parameter), parameter);
            }
            let bytes = bits.finish();
            let mut bits = BitReader::new(&bytes);
            for &(value, count, parameter) in &values {
                prop_assert_eq!(bits.read(count), Ok(kept(value, count)));
                prop_assert_eq!(bits.read_rice(parameter), Ok(coded(value, parameter)));
            }
            prop_assert_eq!(bits.finish(), Ok(()));
        }

        #[test]
        fn no_bytes_make_a_reader_panic(
            bytes in prop::collection::vec(prop_oneof![Just(0), any::<u8>()], 0..100),
            reads in prop::collection::vec((0_u32..=64, 0_u32..=63), 0..50),
        ) {
            let mut bits = BitReader::new(&bytes);
            for (count, parameter) in reads {
                if bits.read(count).and_then(|_| bits.read_rice(parameter)).is_err() {
                    return Ok(());
                }
            }
            let _ = bits.finish();
        }
    }

    #[test]
    fn the_parameter_is_the_mean_gap_rounded_down() {
        assert_eq!(rice_parameter(1 << 48, 1 << 16), 32);
        assert_eq!(rice_parameter((1 << 48) - 1, 1 << 16), 31);
        assert_eq!(rice_parameter(1 << 63, 0), 63);
        assert_eq!(rice_parameter(1, 1), 0);
    }
}
