//! The types of a filter's values, and the one Arrow form of each.
//!
//! Evaluation meets few forms: every column is brought into its type's own before anything is asked
//! of it.

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowTimestampType, DataType, Float64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;
use std::sync::Arc;

/// What a value of a filter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Nothing but null.
    Null,
    /// True or false.
    Bool,
    /// A whole number of at most 64 bits.
    Integer,
    /// An exact number with places behind the point.
    Decimal,
    /// A floating number.
    Float,
    /// A number of a format without types: whole or exact, whichever each value is.
    AnyNumber,
    /// Text.
    Text,
    /// A day.
    Date,
    /// Date and time of no zone.
    Timestamp,
    /// A moment.
    Moment,
    /// A span of time.
    Span,
    /// Text of a format without types, read as whatever it meets.
    Untyped,
    /// A text in quotes, of the type of what it meets.
    Quoted,
    /// What no question is asked of but whether it is null, by its name.
    Other(String),
}

/// The type of decimals: all of the widest precision, each of its own scale.
pub(super) const fn decimal(scale: u8) -> DataType {
    // No scale is beyond 38.
    DataType::Decimal128(super::literal::DIGITS_MAX, scale as i8)
}

impl Type {
    /// The type of a column that holds such an array.
    pub(crate) fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool,
            // Half of its values have no room in 64 bits with a sign.
            DataType::UInt64 => Self::Decimal,
            integer if integer.is_integer() => Self::Integer,
            DataType::Decimal32(_, 0..) | DataType::Decimal64(_, 0..) => Self::Decimal,
            DataType::Decimal128(_, 0..) => Self::Decimal,
            float if float.is_floating() => Self::Float,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Date32 | DataType::Date64 => Self::Date,
            DataType::Timestamp(_, None) => Self::Timestamp,
            DataType::Timestamp(_, Some(_)) => Self::Moment,
            DataType::Dictionary(_, values) => Self::of(values),
            DataType::Struct(_) => Self::Other("a struct".into()),
            DataType::Map(_, _) => Self::Other("a map".into()),
            list if list.is_nested() => Self::Other("a list".into()),
            binary if binary.is_binary() => Self::Other("binary".into()),
            other => Self::Other(other.to_string()),
        }
    }

    pub(super) const fn is_number(&self) -> bool {
        matches!(
            self,
            Self::Integer | Self::Decimal | Self::Float | Self::AnyNumber
        )
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Float => "a floating number",
            Self::AnyNumber => "a number",
            Self::Text => "text",
            Self::Date => "a date",
            Self::Timestamp => "a timestamp",
            Self::Moment => "a timestamp with time zone",
            Self::Span => "an interval",
            Self::Untyped => "a value without type",
            Self::Quoted => "a text in quotes",
            Self::Other(name) => name,
        }
    }
}

/// A cast that fails rather than makes nulls.
pub(super) fn cast(array: &dyn Array, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &strict)
}

/// The array in the form of its type.
///
/// # Errors
/// Those of the cast, such as a moment that 64 bits of microseconds don't hold.
pub(crate) fn in_form(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Float64 => Ok(in_order(array)),
        float if float.is_floating() => cast(array, &DataType::Float64).map(|a| in_order(&a)),
        DataType::UInt64 => cast(array, &decimal(0)),
        DataType::Int64 => Ok(Arc::clone(array)),
        integer if integer.is_integer() => cast(array, &DataType::Int64),
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale) => {
            let scale = u8::try_from(*scale).map_err(|_| unsupported())?;
            match array.data_type() == &decimal(scale) {
                true => Ok(Arc::clone(array)),
                false => cast(array, &decimal(scale)),
            }
        }
        DataType::Utf8 | DataType::LargeUtf8 => cast(array, &DataType::Utf8View),
        DataType::Date64 => cast(array, &DataType::Date32),
        DataType::Timestamp(unit, _) => timestamps(array, unit),
        DataType::Dictionary(_, values) => {
            let values = values.as_ref().clone();
            in_form(&cast(array, &values)?)
        }
        _ => Ok(Arc::clone(array)),
    }
}

fn unsupported() -> ArrowError {
    ArrowError::NotYetImplemented("decimals of a negative scale".into())
}

/// −0 is 0, and every NaN is the one that is greater than all numbers, as in PostgreSQL; Arrow's order
/// tells them apart.
pub(super) fn in_order(array: &ArrayRef) -> ArrayRef {
    let ordered = |value: f64| match value {
        nan if nan.is_nan() => f64::NAN,
        // Both of them.
        0.0 => 0.0,
        other => other,
    };
    Arc::new(
        array
            .as_primitive::<Float64Type>()
            .unary::<_, Float64Type>(ordered),
    )
}

/// Microseconds, or nanoseconds where they are; the zone is the type's, not the array's.
fn timestamps(array: &ArrayRef, unit: &TimeUnit) -> Result<ArrayRef, ArrowError> {
    fn zoneless<T: ArrowTimestampType>(array: &ArrayRef) -> PrimitiveArray<T> {
        array
            .as_primitive::<T>()
            .clone()
            .with_timezone_opt(None::<Arc<str>>)
    }
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    match unit {
        TimeUnit::Second => cast(&zoneless::<TimestampSecondType>(array), &micros),
        TimeUnit::Millisecond => cast(&zoneless::<TimestampMillisecondType>(array), &micros),
        TimeUnit::Microsecond => Ok(Arc::new(zoneless::<TimestampMicrosecondType>(array))),
        TimeUnit::Nanosecond => Ok(Arc::new(zoneless::<TimestampNanosecondType>(array))),
    }
}
