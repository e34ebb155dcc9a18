//! Values of one type as another, or a reason why not; none of the reasons shows a value.

use super::expression::Target;
use super::literal::{self, Exact};
use super::program::To;
use super::types::{Type, cast, decimal, in_order};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, new_null_array,
};
use arrow::compute::kernels::cmp::neq;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimeUnit};
use std::sync::Arc;

/// Values of type `of`, in its form, as `to`.
pub(super) fn convert(array: &ArrayRef, of: &Type, to: To) -> Result<ArrayRef, String> {
    if let Some(texts) = array.as_string_view_opt() {
        return match to {
            To::Number => numbers(texts),
            To::Type(target) => of_texts(texts, target),
        };
    }
    let To::Type(target) = to else {
        return Ok(Arc::clone(array));
    };
    if array.data_type() == &DataType::Null {
        return Ok(new_null_array(&form_of(target), array.len()));
    }
    let out = |_| "a value out of range".to_owned();
    match target {
        Target::Integer(bits) => integers(array, bits),
        Target::Decimal(None) if *of == Type::Integer => cast(array, &decimal(0)).map_err(out),
        Target::Decimal(None) => Ok(Arc::clone(array)),
        Target::Decimal(Some((precision, scale))) => decimals(array, precision, scale),
        Target::Float => cast(array, &DataType::Float64).map_err(out),
        Target::Bool if *of == Type::Integer => {
            let zero = Int64Array::new_scalar(0);
            Ok(Arc::new(neq(array, &zero).map_err(out)?))
        }
        Target::Bool => Ok(Arc::clone(array)),
        Target::Text => cast(array, &DataType::Utf8View).map_err(out),
        // Moments and timestamps are both in UTC.
        Target::Timestamp | Target::Moment => match array.data_type() {
            DataType::Date32 => {
                cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).map_err(out)
            }
            _ => Ok(Arc::clone(array)),
        },
        Target::Date => cast(array, &DataType::Date32).map_err(out),
    }
}

fn form_of(target: Target) -> DataType {
    match target {
        Target::Bool => DataType::Boolean,
        Target::Integer(_) => DataType::Int64,
        Target::Decimal(info) => decimal(info.map_or(0, |(_, scale)| scale)),
        Target::Float => DataType::Float64,
        Target::Text => DataType::Utf8View,
        Target::Date => DataType::Date32,
        Target::Timestamp | Target::Moment => DataType::Timestamp(TimeUnit::Microsecond, None),
    }
}

/// Every text read by `read`, or the reason.
fn each<T>(
    texts: &StringViewArray,
    read: impl Fn(&str) -> Option<T>,
    what: &str,
) -> Result<Vec<Option<T>>, String> {
    let read = |text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => read(text).map(Some).ok_or(()),
    };
    let values = texts.iter().map(read).collect::<Result<Vec<_>, ()>>();
    values.map_err(|()| format!("a value that is {what}"))
}

const NO_NUMBER: &str = "no number of at most 38 digits";
const NO_INTEGER: &str = "no whole number of the type's size";

/// Whole numbers where all of them are, else exact ones of the largest scale.
fn numbers(texts: &StringViewArray) -> Result<ArrayRef, String> {
    let values = each(texts, literal::exact, NO_NUMBER)?;
    let whole = |value: &Option<Exact>| match value {
        None => Some(None),
        Some(Exact { mantissa, scale: 0 }) => i64::try_from(*mantissa).ok().map(Some),
        Some(_) => None,
    };
    if let Some(values) = values.iter().map(whole).collect::<Option<Int64Array>>() {
        return Ok(Arc::new(values));
    }
    let scale = values.iter().flatten().map(|value| value.scale).max();
    exact(&values, scale.unwrap_or(0))
}

/// Numbers of one scale, none of them of more digits.
fn exact(values: &[Option<Exact>], scale: u8) -> Result<ArrayRef, String> {
    let scaled = |value: &Option<Exact>| match value {
        None => Ok(None),
        Some(value) => {
            let factor = 10_i128.checked_pow(u32::from(scale.saturating_sub(value.scale)));
            let scaled = factor.and_then(|factor| value.mantissa.checked_mul(factor));
            scaled
                .map(Some)
                .ok_or_else(|| format!("values that are, in one form, {NO_NUMBER}"))
        }
    };
    let values = values
        .iter()
        .map(scaled)
        .collect::<Result<Decimal128Array, _>>()?;
    Ok(Arc::new(values.with_data_type(decimal(scale))))
}

fn of_texts(texts: &StringViewArray, target: Target) -> Result<ArrayRef, String> {
    match target {
        Target::Text => Ok(Arc::new(texts.clone())),
        Target::Bool => {
            let values = each(texts, literal::boolean, "neither true nor false")?;
            Ok(Arc::new(BooleanArray::from(values)))
        }
        Target::Integer(bits) => {
            let read = |text: &str| {
                let text = text.trim_ascii();
                let is_whole = text
                    .bytes()
                    .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+'));
                let value = is_whole.then(|| text.parse::<i64>().ok()).flatten()?;
                fits(value, bits).then_some(value)
            };
            Ok(Arc::new(Int64Array::from(each(texts, read, NO_INTEGER)?)))
        }
        Target::Decimal(None) => {
            let values = each(texts, literal::exact, NO_NUMBER)?;
            let scale = values.iter().flatten().map(|value| value.scale).max();
            exact(&values, scale.unwrap_or(0))
        }
        Target::Decimal(Some((precision, scale))) => {
            let values = each(texts, literal::exact, NO_NUMBER)?;
            let own = values.iter().flatten().map(|value| value.scale).max();
            let exact = exact(&values, own.unwrap_or(0))?;
            decimals(&exact, precision, scale)
        }
        Target::Float => {
            let values = each(texts, literal::float, "no number")?;
            let values: ArrayRef = Arc::new(Float64Array::from(values));
            Ok(in_order(&values))
        }
        Target::Date => {
            let read = |text: &str| {
                let moment = literal::moment(text).filter(|moment| !moment.has_zone)?;
                i32::try_from(moment.nanos.div_euclid(86_400_000_000_000)).ok()
            };
            let what = "no date such as 2026-11-23";
            Ok(Arc::new(Date32Array::from(each(texts, read, what)?)))
        }
        Target::Timestamp => moments(texts, false),
        Target::Moment => moments(texts, true),
    }
}

/// Microseconds, or nanoseconds if one of them is finer.
fn moments(texts: &StringViewArray, zoned: bool) -> Result<ArrayRef, String> {
    let what = match zoned {
        true => "no timestamp such as 2026-11-23 12:30:00+01",
        false => "no timestamp such as 2026-11-23 12:30:00, without time zone",
    };
    // PostgreSQL would drop the zone without a word.
    let read = |text: &str| literal::moment(text).filter(|moment| zoned || !moment.has_zone);
    let values = each(texts, read, what)?;
    let is_fine = values.iter().flatten().any(|moment| moment.is_fine);
    let unit = if is_fine { 1 } else { 1000 };
    let number = |moment: Option<literal::Moment>| {
        let number = moment.map(|moment| i64::try_from(moment.nanos.div_euclid(unit)));
        number
            .transpose()
            .map_err(|_| "a time out of range".to_owned())
    };
    let numbers = values
        .into_iter()
        .map(number)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(match is_fine {
        true => Arc::new(TimestampNanosecondArray::from(numbers)),
        false => Arc::new(TimestampMicrosecondArray::from(numbers)),
    })
}

const fn fits(value: i64, bits: u8) -> bool {
    match bits {
        16 => value >= i16::MIN as i64 && value <= i16::MAX as i64,
        32 => value >= i32::MIN as i64 && value <= i32::MAX as i64,
        _ => true,
    }
}

/// Whole numbers of so many bits; halves go to the even of floating numbers and away from 0 of exact
/// ones, as in PostgreSQL.
fn integers(array: &ArrayRef, bits: u8) -> Result<ArrayRef, String> {
    let out = || "a value out of range".to_owned();
    let sized = |value: i64| fits(value, bits).then_some(value).ok_or_else(out);
    let values: Int64Array = match array.data_type() {
        DataType::Boolean => {
            return cast(array, &DataType::Int64).map_err(|_| out());
        }
        DataType::Float64 => {
            let whole = |value: f64| {
                const TWO_63: f64 = 9_223_372_036_854_775_808.0;
                let value = value.round_ties_even();
                let is_in_range = (-TWO_63..TWO_63).contains(&value);
                is_in_range.then_some(value as i64).ok_or_else(out)
            };
            let array = array.as_primitive::<Float64Type>();
            array.try_unary::<_, Int64Type, _>(|value| whole(value).and_then(sized))?
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10_i128.pow((*scale).try_into().unwrap_or(0));
            let array = array.as_primitive::<Decimal128Type>();
            let whole = |value: i128| i64::try_from(rounded(value, unit)).map_err(|_| out());
            array.try_unary::<_, Int64Type, _>(|value| whole(value).and_then(sized))?
        }
        _ => array.as_primitive::<Int64Type>().try_unary(sized)?,
    };
    Ok(Arc::new(values))
}

/// A quotient, halves away from 0.
const fn rounded(value: i128, unit: i128) -> i128 {
    let (whole, rest) = (value / unit, value % unit);
    match rest.unsigned_abs() >= (unit.unsigned_abs() - rest.unsigned_abs()) && rest != 0 {
        true => whole + value.signum(),
        false => whole,
    }
}

/// Exact numbers of a precision and scale.
fn decimals(array: &ArrayRef, precision: u8, scale: u8) -> Result<ArrayRef, String> {
    let to = DataType::Decimal128(precision, scale.try_into().unwrap_or(0));
    let sized = cast(array, &to).map_err(|_| "a value out of range".to_owned())?;
    let sized = sized.as_primitive::<Decimal128Type>().clone();
    Ok(Arc::new(sized.with_data_type(decimal(scale))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Date32Type;

    #[test]
    fn halves_are_rounded_as_in_postgresql() {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5, 2.5, -0.5, -2.5]));
        let whole = integers(&floats, 64).expect("in range");
        assert_eq!(
            whole.as_primitive::<Int64Type>().values(),
            &[0, 2, 2, 0, -2]
        );
        let exact: ArrayRef =
            Arc::new(Decimal128Array::from(vec![5, 15, 25, -5, -25, 4]).with_data_type(decimal(1)));
        let whole = integers(&exact, 64).expect("in range");
        assert_eq!(
            whole.as_primitive::<Int64Type>().values(),
            &[1, 2, 3, -1, -3, 0]
        );
    }

    #[test]
    fn numbers_are_whole_where_all_are() {
        let numbers_of = |texts: Vec<&str>| numbers(&StringViewArray::from(texts));
        let whole = numbers_of(vec!["1", " 2", "1e3"]).expect("numbers");
        assert_eq!(whole.data_type(), &DataType::Int64);
        let exact = numbers_of(vec!["1", "2.25"]).expect("numbers");
        assert_eq!(exact.data_type(), &decimal(2));
        assert!(numbers_of(vec!["1", "one"]).is_err());
        assert!(numbers_of(vec!["1", ""]).is_err());
    }

    #[test]
    fn a_day_is_the_date_of_a_timestamp() {
        let texts = StringViewArray::from(vec!["1970-01-02 23:59"]);
        let date = of_texts(&texts, Target::Date).expect("a date");
        assert_eq!(date.as_primitive::<Date32Type>().values(), &[1]);
        let zoned = StringViewArray::from(vec!["1970-01-02 23:59+01"]);
        assert!(of_texts(&zoned, Target::Date).is_err());
    }
}
