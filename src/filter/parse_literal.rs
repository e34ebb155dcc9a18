//! Literals with a type (`DATE '2026-11-23'`, `INTERVAL '30 days'`), the clock, and types of casts.

use super::Fault;
use super::expression::{Literal, Target};
use super::literal;
use sqlparser::ast::{
    DataType, ExactNumberInfo, Expr, Function, FunctionArguments, Interval, TimezoneInfo,
    TypedString, Value,
};
use std::ops::Range;

/// A literal that names its type.
pub(super) fn typed(literal: &TypedString, at: &Range<usize>) -> Result<Literal, Fault> {
    let fault = |what: String| Fault::new(at.clone(), what);
    let Value::SingleQuotedString(text) = &literal.value.value else {
        return Err(fault("a literal wants a text in single quotes".into()));
    };
    let Ok(target) = target(&literal.data_type, at) else {
        return Err(fault(format!(
            "{} is no type of literals here",
            literal.data_type
        )));
    };
    of_text(text, target).map_err(|what| fault(what.into()))
}

/// The constant that a text is, read as `target`.
pub(super) fn of_text(text: &str, target: Target) -> Result<Literal, &'static str> {
    match target {
        Target::Bool => {
            let value = literal::boolean(text).ok_or("it is neither true nor false")?;
            Ok(Literal::Bool(value))
        }
        Target::Date => {
            let day = literal::date(text).ok_or("a date is written as '2026-11-23'")?;
            Ok(Literal::Date(day))
        }
        Target::Timestamp => {
            let moment =
                literal::moment(text).ok_or("a timestamp is written as '2026-11-23 12:30:00'")?;
            // PostgreSQL drops the zone without a word.
            if moment.has_zone {
                return Err("it says a time zone: write TIMESTAMPTZ");
            }
            Ok(Literal::Timestamp(moment.nanos))
        }
        Target::Moment => {
            let moment = literal::moment(text)
                .ok_or("a timestamp with time zone is written as '2026-11-23 12:30:00+01'")?;
            Ok(Literal::Moment(moment.nanos))
        }
        Target::Text => Ok(Literal::Text(text.to_owned())),
        _ => Err("write the number without quotes"),
    }
}

/// `INTERVAL '30 days'` or `INTERVAL '30' DAY`.
pub(super) fn interval(interval: &Interval, at: &Range<usize>) -> Result<Literal, Fault> {
    let fault = || {
        let what = "an interval is written as '30 days' or '1 year 2 months 3 hours'";
        Fault::new(at.clone(), what)
    };
    let text = match &*interval.value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::Number(text, _) => text,
            _ => return Err(fault()),
        },
        _ => return Err(fault()),
    };
    if interval.last_field.is_some() {
        return Err(fault());
    }
    let unit = interval.leading_field.as_ref().map(ToString::to_string);
    let span = literal::span(text, unit.as_deref());
    span.map(Literal::Span).ok_or_else(fault)
}

/// The clock's functions, which say the same in all rows.
pub(super) fn clock(function: &Function, now: i64, at: &Range<usize>) -> Result<Literal, Fault> {
    let has_arguments = match &function.args {
        FunctionArguments::None => false,
        FunctionArguments::List(list) => !list.args.is_empty(),
        FunctionArguments::Subquery(_) => true,
    };
    let name = function.name.to_string().to_lowercase();
    let nanos = i128::from(now) * 1000;
    match name.as_str() {
        _ if has_arguments => {}
        "current_date" => {
            let day = now.div_euclid(86_400_000_000);
            return Ok(Literal::Date(i32::try_from(day).unwrap_or(i32::MAX)));
        }
        "now" | "current_timestamp" => return Ok(Literal::Moment(nanos)),
        "localtimestamp" => return Ok(Literal::Timestamp(nanos)),
        _ => {}
    }
    Err(Fault::new(
        at.clone(),
        format!(
            "the function {name} isn't known: current_date, current_timestamp, localtimestamp and now() are"
        ),
    ))
}

/// The type that a cast is to.
pub(super) fn target(data_type: &DataType, at: &Range<usize>) -> Result<Target, Fault> {
    use DataType as Type;
    let decimal = |info: &ExactNumberInfo| match *info {
        ExactNumberInfo::None => Some(Target::Decimal(None)),
        ExactNumberInfo::Precision(precision) => decimal(precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => decimal(precision, scale),
    };
    let found = match data_type {
        Type::Bool | Type::Boolean => Some(Target::Bool),
        Type::SmallInt(None) | Type::Int2(None) => Some(Target::Integer(16)),
        Type::Int(None) | Type::Integer(None) | Type::Int4(None) => Some(Target::Integer(32)),
        Type::BigInt(None) | Type::Int8(None) => Some(Target::Integer(64)),
        Type::Numeric(info) | Type::Decimal(info) | Type::Dec(info) => decimal(info),
        Type::Double(ExactNumberInfo::None)
        | Type::Float(ExactNumberInfo::None)
        | Type::DoublePrecision
        | Type::Float8 => Some(Target::Float),
        Type::Text | Type::Varchar(None) | Type::CharacterVarying(None) | Type::String(None) => {
            Some(Target::Text)
        }
        Type::Date => Some(Target::Date),
        Type::Timestamp(None, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            Some(Target::Timestamp)
        }
        Type::Timestamp(None, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            Some(Target::Moment)
        }
        _ => None,
    };
    found.ok_or_else(|| {
        let what = format!("{data_type} is no type that a filter knows");
        let hint = "boolean, smallint, integer, bigint, numeric(p, s), double precision, text, date, timestamp and timestamptz are";
        Fault::new(at.clone(), format!("{what}: {hint}"))
    })
}

fn decimal(precision: u64, scale: i64) -> Option<Target> {
    let (precision, scale) = (u8::try_from(precision).ok()?, u8::try_from(scale).ok()?);
    let fits = (1..=literal::DIGITS_MAX).contains(&precision) && scale <= precision;
    fits.then_some(Target::Decimal(Some((precision, scale))))
}
