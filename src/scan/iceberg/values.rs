//! The values of partitions as texts, in the spelling that columns of the same type have.

use super::avro::Value;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, Time64MicrosecondArray,
    TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::util::display::array_value_to_string;
use serde_json::Value as Json;
use std::sync::Arc;

/// A value of a column of type `of` as text, `Some(None)` for null; `None` for types whose values
/// have no text that could be read back, or if the value isn't of the type.
pub(super) fn text(of: &str, value: &Value) -> Option<Option<String>> {
    if value.is_null() {
        return Some(None);
    }
    let long = || value.long();
    let array: ArrayRef = match (of, value) {
        ("string", Value::Text(text)) => return Some(Some(text.clone())),
        ("boolean", Value::Boolean(value)) => Arc::new(BooleanArray::from(vec![*value])),
        ("int" | "long", _) => Arc::new(Int64Array::from(vec![long()?])),
        ("date", _) => Arc::new(Date32Array::from(vec![i32::try_from(long()?).ok()?])),
        ("time", _) => Arc::new(Time64MicrosecondArray::from(vec![long()?])),
        ("timestamp", _) => Arc::new(TimestampMicrosecondArray::from(vec![long()?])),
        ("timestamp_ns", _) => Arc::new(TimestampNanosecondArray::from(vec![long()?])),
        ("timestamptz", _) => {
            Arc::new(TimestampMicrosecondArray::from(vec![long()?]).with_timezone_utc())
        }
        ("timestamptz_ns", _) => {
            Arc::new(TimestampNanosecondArray::from(vec![long()?]).with_timezone_utc())
        }
        (_, Value::Bytes(bytes)) => Arc::new(decimal(of, bytes)?),
        _ => return None,
    };
    array_value_to_string(&array, 0).ok().map(Some)
}

/// `decimal(9, 2)` and the big-endian bytes of a number.
fn decimal(of: &str, bytes: &[u8]) -> Option<Decimal128Array> {
    let inner = of.strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = inner.split_once(',')?;
    let first = *bytes.first()?;
    let sign = if first & 0x80 == 0 { 0 } else { 0xff };
    let mut all = [sign; 16];
    let at = all.len().checked_sub(bytes.len())?;
    all[at..].copy_from_slice(bytes);
    let array = Decimal128Array::from(vec![i128::from_be_bytes(all)]);
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    array.with_precision_and_scale(precision, scale).ok()
}

/// A default as metadata writes it, as text; `None` for types whose values have no such text.
pub(super) fn default_text(of: &str, default: &Json) -> Option<Option<String>> {
    match (of, default) {
        (_, Json::Null) => Some(None),
        ("int" | "long", Json::Number(number)) => Some(Some(number.to_string())),
        ("boolean", Json::Bool(value)) => Some(Some(value.to_string())),
        ("string" | "date" | "time" | "timestamp" | "timestamptz", Json::String(text)) => {
            Some(Some(text.clone()))
        }
        (_, Json::String(text)) if of.starts_with("decimal") => Some(Some(text.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_spelt_as_columns_of_their_type_are() {
        let long = Value::Long;
        for (of, value, expected) in [
            ("string", Value::Text("01".into()), "01"),
            ("int", long(7), "7"),
            ("boolean", Value::Boolean(true), "true"),
            ("date", long(20_758), "2026-11-01"),
            (
                "timestamp",
                long(20_758 * 86_400_000_000),
                "2026-11-01T00:00:00",
            ),
            (
                "timestamptz",
                long(20_758 * 86_400_000_000),
                "2026-11-01T00:00:00Z",
            ),
            ("decimal(9, 2)", Value::Bytes(vec![0x7d]), "1.25"),
            ("decimal(9,2)", Value::Bytes(vec![0xff, 0x83]), "-1.25"),
        ] {
            assert_eq!(text(of, &value), Some(Some(expected.into())), "{of}");
            assert_eq!(text(of, &Value::Null), Some(None));
        }
        for (of, value) in [
            ("double", Value::Double(0.5)),
            ("uuid", Value::Bytes(vec![0; 16])),
            ("decimal(9, 2)", Value::Bytes(vec![])),
            ("decimal(9, 2)", Value::Bytes(vec![1; 17])),
            ("date", Value::Text("x".into())),
            ("string", long(1)),
        ] {
            assert_eq!(text(of, &value), None, "{of}");
        }
        assert_eq!(default_text("long", &Json::from(5)), Some(Some("5".into())));
        assert_eq!(default_text("binary", &Json::from("ff")), None);
    }
}
