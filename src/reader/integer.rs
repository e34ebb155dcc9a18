//! Plain integers: what a column of numbers looks like when nothing else wrote into it.

/// The integer that plain digits mean: a minus sign at most, no leading zero, no blanks. `None` for
/// anything else, and for what no `i128` holds.
#[inline]
pub(super) fn plain_integer(text: &[u8]) -> Option<Integer> {
    // Half of random numbers are negative: what depends on the sign must not branch.
    let negative = text.first() == Some(&b'-');
    let digits = text.get(usize::from(negative)..)?;
    match digits {
        [] => return None,
        [b'0'] if !negative => return Some(Integer::Narrow(0)),
        [b'0', ..] => return None,
        _ => {}
    }
    if digits.len() > WORD_DIGITS {
        return wide(text, digits);
    }
    let value = word_of(digits)?;
    match i64::try_from(value) {
        Ok(value) => Some(Integer::Narrow(if negative { -value } else { value })),
        Err(_) => {
            let value = i128::from(value);
            Some(of_wide(if negative { -value } else { value }))
        }
    }
}

/// The number that at most [`WORD_DIGITS`] digits are. Eight at a time from the end; what is left before
/// them is read as the beginning of the first eight, so that no loop depends on how many digits there are.
#[inline(always)]
fn word_of(digits: &[u8]) -> Option<u64> {
    const EIGHT: u64 = 100_000_000;
    let Some(first) = digits.first_chunk() else {
        return digits.iter().try_fold(0, |value, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit <= 9).then_some(value * 10 + u64::from(digit))
        });
    };
    let (before, last) = digits.split_last_chunk()?;
    let last = eight_digits(u64::from_le_bytes(*last))?;
    let first = u64::from_le_bytes(*first);
    let Some((before, middle)) = before.split_last_chunk() else {
        return Some(eight_digits(beginning(first, before.len()))? * EIGHT + last);
    };
    let middle = eight_digits(u64::from_le_bytes(*middle))?;
    let most = eight_digits(beginning(first, before.len()))?;
    Some((most * EIGHT + middle) * EIGHT + last)
}

/// The first `count` of eight digits, at most seven, behind as many zeros as make eight of them.
#[inline(always)]
const fn beginning(word: u64, count: usize) -> u64 {
    let bits = 8 * count as u32;
    word.unbounded_shl(u64::BITS - bits) | ZEROS >> bits
}

/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// An integer by the form of its canonical ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    /// One that an `i64` holds.
    Narrow(i64),
    /// Any other.
    Wide(i128),
}

impl From<Integer> for i128 {
    fn from(integer: Integer) -> Self {
        match integer {
            Integer::Narrow(value) => value.into(),
            Integer::Wide(value) => value,
        }
    }
}

/// So many digits fit a `u64` whatever they are: random 64-bit IDs have as many.
const WORD_DIGITS: usize = 19;

/// The least integer is an `i64`, though its digits without the sign are none.
fn of_wide(value: i128) -> Integer {
    i64::try_from(value).map_or(Integer::Wide(value), Integer::Narrow)
}

#[cold]
fn wide(text: &[u8], digits: &[u8]) -> Option<Integer> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: i128 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(of_wide(value))
}

/// How many of eight bytes are digits, before the first that isn't.
#[inline(always)]
pub(super) const fn leading_digits(word: u64) -> usize {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    /// What brings a byte above 9 to its highest bit.
    const ABOVE_9: u64 = 0x7676_7676_7676_7676;
    let values = word ^ ZEROS;
    let others = (((values & LOW) + ABOVE_9) | values) & !LOW;
    (others.trailing_zeros() >> 3) as usize
}

/// Whether eight bytes are digits, all of them.
#[inline(always)]
const fn are_digits(word: u64) -> bool {
    const SIXES: u64 = 0x0606_0606_0606_0606;
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // A digit's high half is 3, also after 6 was added: '9' + 6 is 0x3f, ':' + 6 is 0x40.
    word & HIGH == ZEROS && word.wrapping_add(SIXES) & HIGH == ZEROS
}

/// Eight digits at once, the first in the lowest byte: pairs, then fours, then all of them.
#[inline]
const fn eight_digits(word: u64) -> Option<u64> {
    if !are_digits(word) {
        return None;
    }
    let ones = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_plain_integer_is_none() {
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "-01",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e3",
            "1_0",
            "0x1",
            "１",
            "1234567a",
            "a1234567",
            "12345678:",
            "1234567/",
            "99999999999999999999999999999999999999999",
            "12345678\u{0}",
            "-170141183460469231731687303715884105729",
            "--1",
            "1-",
        ] {
            assert_eq!(plain_integer(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn integers_at_the_ends_of_words_are_themselves() {
        for value in [
            i128::from(i64::MAX) - 1,
            i64::MAX.into(),
            i128::from(i64::MAX) + 1,
            i64::MIN.into(),
            i128::from(i64::MIN) - 1,
            u64::MAX.into(),
            i128::from(u64::MAX) + 1,
            9_999_999_999_999_999_999,
            -9_999_999_999_999_999_999,
            10_000_000_000_000_000_000,
        ] {
            let found = plain_integer(value.to_string().as_bytes());
            assert_eq!(found, Some(of_wide(value)), "{value}");
        }
    }

    #[test]
    fn every_byte_at_every_place_but_digits_is_refused() {
        for length in 1..22 {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'5'; length];
                    text[at] = byte;
                    let expected = std::str::from_utf8(&text).ok().and_then(|text| {
                        text.parse::<i128>().ok().filter(|n| n.to_string() == text)
                    });
                    let found = plain_integer(&text).map(|integer| match integer {
                        Integer::Narrow(value) => i128::from(value),
                        Integer::Wide(value) => value,
                    });
                    assert_eq!(found, expected, "{text:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_integer_is_itself(value: i128, shift in 0_u32..128) {
            let value = value >> shift;
            let expected = i64::try_from(value).map_or(Integer::Wide(value), Integer::Narrow);
            prop_assert_eq!(plain_integer(value.to_string().as_bytes()), Some(expected));
        }
    }
}
