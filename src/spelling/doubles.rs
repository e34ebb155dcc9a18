//! Did numbers go through a double, which keeps 53 bits of them and rounds the rest away?
//!
//! Whoever reads whole numbers above 2^53 as floating point, as pandas does with a column that has nulls and JavaScript
//! with all, gets the nearest numbers that have 53 bits. Such numbers are told from others by two counts. All of them
//! have 53 bits, as one in 2^n of any numbers has by chance, of which 2^n are rounded to one. And about every second
//! uses the last of the bits: numbers that are round by nature, such as those of a clock, don't.

use crate::id::text_to_integer;

/// Numbers that were looked at, and what is told of doubles by them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubles {
    /// Numbers above 2^53.
    large: u64,
    /// Of these the ones that a double holds.
    held: u64,
    /// Of these the ones that need the last bit of the 53.
    last_bit: u64,
}

impl Doubles {
    /// 2^53: up to here a double holds every whole number.
    const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

    /// Takes in a number.
    pub fn push(&mut self, number: i128) {
        let number = number.unsigned_abs();
        let bits = u128::BITS - number.leading_zeros();
        if bits <= f64::MANTISSA_DIGITS {
            return;
        }
        let spare = bits - f64::MANTISSA_DIGITS;
        self.large += 1;
        self.held += u64::from(number.trailing_zeros() >= spare);
        self.last_bit += u64::from(number.trailing_zeros() == spare);
    }

    /// Takes in a text, if it is a number. Those with a point and an exponent are doubles in decimal digits, 17 at most.
    pub fn push_text(&mut self, text: &[u8]) {
        if let Some(number) = text_to_integer(text) {
            return self.push(number);
        }
        let is_double = text.contains(&b'.') && text.iter().any(|b| matches!(b, b'e' | b'E'));
        let number = std::str::from_utf8(text).ok().filter(|_| is_double);
        let number = number.and_then(|text| text.trim().parse::<f64>().ok());
        if number.is_some_and(|number| number.is_finite() && number.abs() > Self::WHOLE_MAX) {
            self.large += 1;
            self.held += 1;
            self.last_bit += 1;
        }
    }

    /// Takes in what others were told by.
    pub const fn merge(&mut self, other: &Self) {
        self.large += other.large;
        self.held += other.held;
        self.last_bit += other.last_bit;
    }

    /// Whether the numbers were rounded by a double.
    #[must_use]
    pub const fn are_rounded(&self) -> bool {
        /// Of fewer numbers nothing is said.
        const LEAST: u64 = 50;
        // Half of the numbers need the last bit; that fewer than a quarter of 50 do is chance once in 10,000 times.
        self.large >= LEAST && 100 * self.held >= 99 * self.large && 4 * self.last_bit >= self.large
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_rounded(numbers: impl IntoIterator<Item = i128>) -> bool {
        let mut doubles = Doubles::default();
        numbers.into_iter().for_each(|number| doubles.push(number));
        doubles.are_rounded()
    }

    fn random(i: i128, bits: u32) -> i128 {
        let x = u64::try_from(i).expect("small") + 1;
        let x =
            (x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (x << 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        i128::from(x >> (64 - bits)) | 1 << (bits - 1)
    }

    #[test]
    fn numbers_that_went_through_a_double_are_told_from_those_that_did_not() {
        for bits in [55, 57, 60, 63, 64] {
            let numbers = || (0..1_000).map(|i| random(i, bits));
            assert!(!are_rounded(numbers()), "{bits}");
            assert!(are_rounded(numbers().map(|n| n as f64 as i128)), "{bits}");
            assert!(are_rounded(numbers().map(|n| -n as f64 as i128)), "{bits}");
        }
        assert!(!are_rounded(
            (0..1_000).map(|i| random(i, 53) as f64 as i128)
        ));
        assert!(!are_rounded((0..40).map(|i| random(i, 62) as f64 as i128)));
    }

    #[test]
    fn numbers_that_are_round_by_nature_are_no_doubles() {
        // A clock and 22 bits for machine and sequence, of which most are 0; nanoseconds of a clock of seconds.
        assert!(!are_rounded((0..1_000).map(|i| (random(i, 40)) << 22)));
        let second = |i: i128| 1_700_000_000_000_000_000 + i * 1_000_000_000;
        assert!(!are_rounded((0..1_000).map(second)));
        assert!(!are_rounded(
            (0..1_000).map(|i| 1_700_000_000_000_000_000 + i * 1_000)
        ));
    }

    #[test]
    fn texts_with_exponents_have_lost_their_last_digits() {
        let mut doubles = Doubles::default();
        for i in 0..100 {
            doubles.push_text(format!("{:e}", random(i, 62) as f64).as_bytes());
            doubles.push_text(b"no number");
        }
        assert!(doubles.are_rounded());
        let mut whole = Doubles::default();
        (0..100).for_each(|i| whole.push_text(random(i, 62).to_string().as_bytes()));
        assert!(!whole.are_rounded());
    }
}
