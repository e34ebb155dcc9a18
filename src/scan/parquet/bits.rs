//! A bit a row: words of bits, and bits of values beside bits of rows.

use arrow::buffer::{BooleanBuffer, Buffer};

/// Bits that are written from the first on, a word at a time.
#[derive(Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    /// Bits that aren't a word yet.
    last: u64,
    filled: usize,
}

impl Bits {
    /// No bits yet, and room for `len`.
    pub(super) fn with_room(len: usize) -> Self {
        Self {
            words: Vec::with_capacity(len / 64 + 1),
            ..Self::default()
        }
    }

    /// Adds the lowest `count` bits, at most 64.
    #[inline]
    pub(super) fn push(&mut self, word: u64, count: usize) {
        let word = word & lowest(count);
        self.last |= word << self.filled;
        let filled = self.filled + count;
        if filled < 64 {
            self.filled = filled;
            return;
        }
        self.words.push(self.last.to_le());
        self.last = match self.filled {
            0 => 0,
            // What had no room any more.
            before => word >> (64 - before),
        };
        self.filled = filled - 64;
    }

    /// Adds one bit, so many times.
    pub(super) fn push_run(&mut self, bit: bool, len: usize) {
        let word = if bit { u64::MAX } else { 0 };
        for at in (0..len).step_by(64) {
            self.push(word, (len - at).min(64));
        }
    }

    /// Adds `len` bits of `bytes`, from bit `start` on.
    pub(super) fn push_packed(&mut self, bytes: &[u8], start: usize, len: usize) {
        for at in (0..len).step_by(64) {
            self.push(word_at(bytes, start + at), (len - at).min(64));
        }
    }

    /// Adds all bits of a buffer.
    pub(super) fn push_all(&mut self, bits: &BooleanBuffer) {
        self.push_packed(bits.values(), bits.offset(), bits.len());
    }

    pub(super) fn finish(mut self) -> BooleanBuffer {
        let len = self.words.len() * 64 + self.filled;
        if self.filled > 0 {
            self.words.push(self.last.to_le());
        }
        BooleanBuffer::new(Buffer::from_vec(self.words), 0, len)
    }
}

/// 64 bits from bit `at` on; 0 beyond the end.
#[inline]
pub(super) fn word_at(bytes: &[u8], at: usize) -> u64 {
    let (byte, shift) = (at / 8, at % 8);
    let Some(rest) = bytes.get(byte..) else {
        return 0;
    };
    if let Some((low, rest)) = rest.split_first_chunk::<8>() {
        let low = u64::from_le_bytes(*low) >> shift;
        return match (shift, rest.first()) {
            (0, _) | (_, None) => low,
            (_, Some(&high)) => low | u64::from(high) << (64 - shift),
        };
    }
    let mut padded = [0; 8];
    padded[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(padded) >> shift
}

/// The lowest `count` bits.
#[inline]
pub(super) const fn lowest(count: usize) -> u64 {
    match count {
        0 => 0,
        64.. => u64::MAX,
        _ => (1 << count) - 1,
    }
}

/// Bits of rows from those of the values that are there: `null` where `valid` says that there is none.
pub(super) fn spread(values: &BooleanBuffer, valid: &BooleanBuffer, null: bool) -> BooleanBuffer {
    let mut rows = Bits::with_room(valid.len());
    let nulls = if null { u64::MAX } else { 0 };
    let mut at = values.offset();
    for (start, valid_word) in words(valid) {
        let here = word_at(values.values(), at);
        at += valid_word.count_ones() as usize;
        let word = deposited(here, valid_word) | (nulls & !valid_word);
        rows.push(word, (valid.len() - start).min(64));
    }
    rows.finish()
}

/// Bits of the values that are there, from those of their rows.
pub(super) fn gathered(rows: &BooleanBuffer, valid: &BooleanBuffer) -> BooleanBuffer {
    let mut values = Bits::with_room(rows.len());
    for ((_, valid_word), (_, word)) in words(valid).zip(words(rows)) {
        values.push(
            extracted(word, valid_word),
            valid_word.count_ones() as usize,
        );
    }
    values.finish()
}

/// Words of bits, each with the number of its first bit; what is beyond the last one is 0.
fn words(bits: &BooleanBuffer) -> impl Iterator<Item = (usize, u64)> {
    let word = |at| word_at(bits.values(), bits.offset() + at) & lowest(bits.len() - at);
    (0..bits.len()).step_by(64).map(move |at| (at, word(at)))
}

/// The lowest bits of `bits` at the places of the ones of `places`.
fn deposited(mut bits: u64, mut places: u64) -> u64 {
    if places == u64::MAX {
        return bits;
    }
    let mut out = 0;
    while places != 0 {
        out |= (places & places.wrapping_neg()) & (bits & 1).wrapping_neg();
        bits >>= 1;
        places &= places - 1;
    }
    out
}

/// The bits at the places of the ones of `places`, next to each other.
fn extracted(bits: u64, mut places: u64) -> u64 {
    if places == u64::MAX {
        return bits;
    }
    let (mut out, mut count) = (0, 0);
    while places != 0 {
        out |= ((bits >> places.trailing_zeros()) & 1) << count;
        count += 1;
        places &= places - 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_bits(len: usize, seed: u64) -> BooleanBuffer {
        let mixed = |i: usize| (i as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        BooleanBuffer::collect_bool(len, |i| mixed(i) >> 61 > 2)
    }

    #[test]
    fn words_begin_at_any_bit() {
        let bits = some_bits(200, 7);
        for at in 0..210 {
            let word = word_at(bits.values(), at);
            for i in 0..64 {
                let expected = at + i < 200 && bits.value(at + i);
                assert_eq!(word >> i & 1 == 1, expected, "bit {i} from {at}");
            }
        }
        assert_eq!([lowest(0), lowest(3), lowest(64)], [0, 7, u64::MAX]);
    }

    #[test]
    fn bits_are_written_in_any_pieces() {
        let bits = some_bits(1_000, 3);
        let mut written = Bits::default();
        let mut at = 0;
        for count in (0..=64).cycle() {
            let count = count.min(bits.len() - at);
            written.push(word_at(bits.values(), at), count);
            at += count;
            if at == bits.len() {
                break;
            }
        }
        written.push_run(true, 70);
        written.push_run(false, 5);
        written.push_all(&bits.slice(13, 100));
        let expected = bits.iter().chain([true; 70]).chain([false; 5]);
        let expected = expected.chain(bits.iter().skip(13).take(100));
        assert_eq!(
            written.finish().iter().collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
    }

    #[test]
    fn bits_of_values_and_of_rows_become_each_other() {
        for len in [0, 1, 63, 64, 65, 300] {
            for valid in [
                BooleanBuffer::new_set(len),
                BooleanBuffer::new_unset(len),
                some_bits(len, 11),
            ] {
                let values = some_bits(len + 3, 5).slice(3, valid.count_set_bits());
                for null in [false, true] {
                    let rows = spread(&values, &valid, null);
                    let mut left = values.iter();
                    let expected = valid.iter().map(|valid| match valid {
                        true => left.next().expect("as many"),
                        false => null,
                    });
                    assert_eq!(
                        rows.iter().collect::<Vec<_>>(),
                        expected.collect::<Vec<_>>()
                    );
                    assert_eq!(gathered(&rows, &valid), values);
                }
            }
        }
    }
}
