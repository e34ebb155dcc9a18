//! Every integer width lies on one number line.

use super::IdBatch;
use crate::error::Result;

/// Widens integers of one source type to the number line and cuts them into batches.
///
/// Keeps its buffers from batch to batch; the source values of one call are pushed in at most two
/// batches, those that an `i64` holds and those that it does not.
#[derive(Debug, Default)]
pub struct IntegerForm {
    narrow: Vec<i64>,
    wide: Vec<i128>,
}

impl IntegerForm {
    /// Pushes `values` of any integer width.
    ///
    /// ```
    /// use overlap::id::{IdBatch, IntegerForm};
    ///
    /// let mut form = IntegerForm::default();
    /// let mut seen = Vec::new();
    /// form.push([1_u64, u64::MAX], |batch| {
    ///     seen.push(format!("{batch:?}"));
    ///     Ok(())
    /// })?;
    /// assert_eq!(seen, ["Integers([1])", "WideIntegers([18446744073709551615])"]);
    /// # Ok::<(), overlap::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `push`.
    pub fn push<T, I>(
        &mut self,
        values: I,
        mut push: impl FnMut(IdBatch<'_>) -> Result<()>,
    ) -> Result<()>
    where
        I: IntoIterator<Item = T>,
        T: Copy + TryInto<i64> + TryInto<i128>,
    {
        self.narrow.clear();
        self.wide.clear();
        for value in values {
            match TryInto::<i64>::try_into(value) {
                Ok(narrow) => self.narrow.push(narrow),
                // Every integer type that a column can have fits an i128.
                Err(_) => self.wide.extend(TryInto::<i128>::try_into(value).ok()),
            }
        }
        if !self.narrow.is_empty() {
            push(IdBatch::Integers(&self.narrow))?;
        }
        if !self.wide.is_empty() {
            push(IdBatch::WideIntegers(&self.wide))?;
        }
        Ok(())
    }
}

/// The text of an integer under `--as string`: decimal digits, a minus sign where it is negative.
pub fn integer_to_text(value: i128, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing into a Vec can't fail.
    let _ = write!(out, "{value}");
}

/// The integer that a text means under `--as integer`: decimal digits with an optional sign and
/// blanks around them; `None` for anything else. Leading zeros mean nothing: "007" is 7.
///
/// ```
/// use overlap::id::text_to_integer;
///
/// assert_eq!(text_to_integer(b" 007 "), Some(7));
/// assert_eq!(text_to_integer(b"7.000"), Some(7));
/// assert_eq!(text_to_integer(b"1.5E3"), Some(1_500));
/// assert_eq!(text_to_integer(b"7.5"), None);
/// ```
#[must_use]
pub fn text_to_integer(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?.trim();
    text.parse().ok().or_else(|| whole_decimal(text))
}

/// `1234.0` or `1.0E5` as the whole number that it is.
fn whole_decimal(text: &str) -> Option<i128> {
    /// A number with an exponent went through a double, as a rule, which knows whole numbers only up to here.
    const EXACT_MAX: u128 = 1 << 53;
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        None => (text, None),
        Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i32>().ok()?)),
    };
    let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits: String = [whole, part].concat();
    if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let places = i32::try_from(part.len()).ok()?;
    let shift = exponent.unwrap_or(0).checked_sub(places)?;
    let significant = digits.trim_end_matches('0');
    let zeros = i32::try_from(digits.len() - significant.len()).ok()?;
    if significant.trim_start_matches('0').is_empty() {
        return Some(0);
    }
    let power = u32::try_from(shift.checked_add(zeros)?).ok()?;
    let number: u128 = significant.parse().ok()?;
    let number = number.checked_mul(10_u128.checked_pow(power)?)?;
    if exponent.is_some() && number > EXACT_MAX {
        return None;
    }
    let number = i128::try_from(number).ok()?;
    Some(if mantissa.starts_with('-') {
        -number
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical<T: Copy + TryInto<i64> + TryInto<i128>>(values: &[T]) -> (Vec<i64>, Vec<i128>) {
        let (mut narrow, mut wide) = (Vec::new(), Vec::new());
        let push = |batch: IdBatch<'_>| {
            match batch {
                IdBatch::Integers(ids) => narrow.extend_from_slice(ids),
                IdBatch::WideIntegers(ids) => wide.extend_from_slice(ids),
                _ => unreachable!("integers only"),
            }
            Ok(())
        };
        IntegerForm::default()
            .push(values.iter().copied(), push)
            .expect("pushes");
        (narrow, wide)
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_spelt_and_others_never() {
        let whole: [(&str, i128); 9] = [
            ("1234.0", 1_234),
            ("1234.0000000000", 1_234),
            ("1.0E5", 100_000),
            ("1.2345e+4", 12_345),
            ("-7.0", -7),
            ("0.0", 0),
            ("120E-1", 12),
            ("9007199254740992E0", 1 << 53),
            ("+5.", 5),
        ];
        for (text, number) in whole {
            assert_eq!(text_to_integer(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "1.5",
            "1E-1",
            "1.0E17",
            ".",
            "E5",
            "1.0.0",
            "1e",
            "0x10",
            "1,000",
            "1_0",
            "--1.0",
            "1.0E99999999999",
        ] {
            assert_eq!(text_to_integer(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_same_number_is_the_same_id_in_every_width() {
        let expected = (vec![0_i64, 1, 127], vec![]);
        assert_eq!(canonical(&[0_i8, 1, 127]), expected);
        assert_eq!(canonical(&[0_u8, 1, 127]), expected);
        assert_eq!(canonical(&[0_i32, 1, 127]), expected);
        assert_eq!(canonical(&[0_u64, 1, 127]), expected);
        assert_eq!(canonical(&[0_i128, 1, 127]), expected);
    }

    #[test]
    fn a_large_unsigned_number_is_not_a_negative_one() {
        assert_eq!(canonical(&[u64::MAX]), (vec![], vec![i128::from(u64::MAX)]));
        assert_eq!(canonical(&[-1_i64]), (vec![-1], vec![]));
    }

    #[test]
    fn text_and_integer_are_inverse() {
        for value in [0, 7, -7, i128::from(u64::MAX), i128::MIN] {
            let mut text = Vec::new();
            integer_to_text(value, &mut text);
            assert_eq!(text_to_integer(&text), Some(value));
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for text in ["", "x", "0x10", "1_000", "- 1"] {
            assert_eq!(text_to_integer(text.as_bytes()), None, "{text:?}");
        }
    }
}
