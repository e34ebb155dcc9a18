//! Whole numbers that are stored as decimals or as floats.

use crate::error::{Error, Result};
use crate::id::not_read;
use arrow::array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float16Type, Float32Type,
    Float64Type,
};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, i256};

/// The whole numbers that the values of an array are, nulls left out; `None` for a type whose values are
/// neither decimals nor floats.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for a value that isn't a whole number of at most 128 bits, or that a float
/// can't be trusted with: they hold whole numbers up to 2^53.
pub(super) fn whole_numbers(array: &dyn Array) -> Result<Option<Vec<i128>>> {
    fn each<T>(
        values: impl Iterator<Item = Option<T>>,
        whole: impl Fn(T) -> Result<i128>,
    ) -> Result<Option<Vec<i128>>> {
        values.flatten().map(whole).collect::<Result<_>>().map(Some)
    }
    match *array.data_type() {
        DataType::Decimal32(_, scale) => {
            let values = array.as_primitive::<Decimal32Type>();
            each(values.iter(), |value| of_decimal(value.into(), scale))
        }
        DataType::Decimal64(_, scale) => {
            let values = array.as_primitive::<Decimal64Type>();
            each(values.iter(), |value| of_decimal(value.into(), scale))
        }
        DataType::Decimal128(_, scale) => {
            let values = array.as_primitive::<Decimal128Type>();
            each(values.iter(), |value| of_decimal(value, scale))
        }
        DataType::Decimal256(_, scale) => {
            let values = array.as_primitive::<Decimal256Type>();
            each(values.iter(), |value| of_wide_decimal(value, scale))
        }
        DataType::Float16 => {
            let values = array.as_primitive::<Float16Type>();
            each(values.iter(), |value| of_float(value.to_f64()))
        }
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            each(values.iter(), |value| of_float(value.into()))
        }
        DataType::Float64 => each(array.as_primitive::<Float64Type>().iter(), of_float),
        _ => Ok(None),
    }
}

fn not_whole() -> Error {
    not_read("a whole number")
}

fn of_decimal(value: i128, scale: i8) -> Result<i128> {
    if scale == 0 || value == 0 {
        return Ok(value);
    }
    let power = 10_i128.checked_pow(u32::from(scale.unsigned_abs()));
    let power = power.ok_or_else(not_whole)?;
    match scale > 0 {
        true if value % power == 0 => Ok(value / power),
        true => Err(not_whole()),
        false => value.checked_mul(power).ok_or_else(too_wide),
    }
}

fn of_wide_decimal(value: i256, scale: i8) -> Result<i128> {
    if value == i256::ZERO {
        return Ok(0);
    }
    let power = i256::from_i128(10).checked_pow(u32::from(scale.unsigned_abs()));
    let power = power.ok_or_else(not_whole)?;
    let whole = match scale >= 0 {
        true if value.checked_rem(power) == Some(i256::ZERO) => value.checked_div(power),
        true => return Err(not_whole()),
        false => value.checked_mul(power),
    };
    whole.and_then(i256::to_i128).ok_or_else(too_wide)
}

fn too_wide() -> Error {
    Error::input("a decimal id wider than 128 bits")
}

fn of_float(value: f64) -> Result<i128> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if value.is_finite() && value.abs() > EXACT_MAX {
        return Err(
            Error::input("an id is beyond 2^53, where a float has rounded it").hint(
                "have the column written as integers or as text from where the ids are still whole",
            ),
        );
    }
    match value.is_finite() && value.fract() == 0.0 {
        // Whole and within 2^53.
        true => Ok(value as i128),
        false => Err(not_whole()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_every_scale_are_whole_or_an_error() {
        for (value, scale, whole) in [
            (1_234, 0, Some(1_234)),
            (123_400, 2, Some(1_234)),
            (123_401, 2, None),
            (-50_000_000_000, 10, Some(-5)),
            (12, -3, Some(12_000)),
            (0, 38, Some(0)),
            (i128::MAX, -1, None),
            (1, 38, None),
        ] {
            assert_eq!(of_decimal(value, scale).ok(), whole, "{value} {scale}");
            let wide = of_wide_decimal(i256::from_i128(value), scale);
            assert_eq!(wide.ok(), whole, "{value} {scale}");
        }
        let beyond = i256::from_i128(i128::MAX).wrapping_mul(i256::from_i128(1_000));
        assert_eq!(of_wide_decimal(beyond, 3).ok(), Some(i128::MAX));
        assert!(of_wide_decimal(beyond, 0).is_err());
    }

    #[test]
    fn floats_are_whole_within_what_they_hold() {
        for (value, whole) in [
            (1_234.0, Some(1_234)),
            (-0.0, Some(0)),
            (-7.0, Some(-7)),
            (9_007_199_254_740_992.0, Some(1 << 53)),
            (9_007_199_254_740_994.0, None),
            (0.5, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
        ] {
            assert_eq!(of_float(value).ok(), whole, "{value}");
        }
    }
}
