//! Tables of segments as days or months in a row.

use crate::analysis::Days;
use crate::error::{Error, Result};
use crate::format::SketchTable;
use crate::report::TrendUnit;
use crate::segments::day;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray};
use arrow::compute::kernels::cast_utils::Parser as _;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// A table of days as such, and the rows that have no day. The columns are a day, or year, month and
/// day; of year and month alone a step is a month.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if they hold no days.
pub(super) fn by_day(table: SketchTable, unit: TrendUnit) -> Result<(Days, Option<u64>)> {
    let steps = match table.columns().columns() {
        [] => return Ok((Days::new(), None)),
        [column] => days(column, &table.names().join(", "))?,
        parts => {
            let names = table.names();
            let numbers = parts.iter().zip(&names);
            let numbers = numbers.map(|(column, name)| numbers_of(column, name));
            let numbers = numbers.collect::<Result<Vec<_>>>()?;
            let step = |row: usize| step(&numbers, row, unit, &names);
            let rows = 0..table.values().len();
            rows.map(step).collect::<Result<Vec<_>>>()?
        }
    };
    let (mut by_step, mut without) = (Days::new(), None);
    for (step, sketch) in steps.into_iter().zip(table.into_values()) {
        let Some(step) = step else {
            let rows = sketch.tally().map_or(0, |tally| tally.rows);
            without = Some(without.unwrap_or(0) + rows);
            continue;
        };
        // Moments of one day are one day.
        match by_step.entry(step) {
            Entry::Vacant(free) => {
                free.insert(sketch);
            }
            Entry::Occupied(mut known) => known.get_mut().merge(&sketch)?,
        }
    }
    Ok((by_step, without))
}

const STRICT: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: arrow::util::display::FormatOptions::new(),
};

/// Days since 1970-01-01 of a column of days.
fn days(column: &ArrayRef, name: &str) -> Result<Vec<Option<i32>>> {
    let found = column.data_type();
    let way_out = "days are dates, or text such as 2026-11-23; where year, month and day are columns of their own, name all three in this order";
    if found.is_numeric() || matches!(found, DataType::Boolean | DataType::Binary) {
        let text = format!("column {name} of type {found} holds no days");
        return Err(Error::usage(text).hint(way_out));
    }
    // Days without dashes.
    let texts = column.as_string_opt::<i32>().map(|texts| {
        let dashed = |text: &str| day(text).unwrap_or_else(|| text.to_owned());
        let texts = texts.iter().map(|text| text.map(dashed));
        Arc::new(StringArray::from_iter(texts)) as ArrayRef
    });
    let column = texts.as_ref().unwrap_or(column);
    let dates = cast_with_options(column, &DataType::Date32, &STRICT).map_err(|e| {
        Error::usage(format!("not all values of column {name} are days: {e}")).hint(way_out)
    })?;
    Ok(dates.as_primitive::<Date32Type>().iter().collect())
}

/// The values of a column of years, months or days.
fn numbers_of(column: &ArrayRef, name: &str) -> Result<Int64Array> {
    let numbers = cast_with_options(column, &DataType::Int64, &STRICT).map_err(|e| {
        Error::usage(format!(
            "not all values of column {name} are whole numbers: {e}"
        ))
        .hint("name the columns of year, month and day in this order")
    })?;
    Ok(numbers.as_primitive::<Int64Type>().clone())
}

/// The step that a row belongs to: a day since 1970-01-01, or a month since January 1970.
fn step(
    numbers: &[Int64Array],
    row: usize,
    unit: TrendUnit,
    names: &[String],
) -> Result<Option<i32>> {
    if numbers.iter().any(|column| column.is_null(row)) {
        return Ok(None);
    }
    let values: Vec<i64> = numbers.iter().map(|column| column.value(row)).collect();
    let step = match (unit, &values[..]) {
        (TrendUnit::Month, &[year, month]) => month_number(year, month),
        (TrendUnit::Day, &[year, month, day]) => day_number(year, month, day),
        _ => None,
    };
    let shown = || {
        let values: Vec<String> = values.iter().map(i64::to_string).collect();
        values.join(", ")
    };
    let wrong = || {
        Error::usage(format!("{} of {} is no day", shown(), names.join(", ")))
            .hint("name the columns of year, month and day in this order")
    };
    step.map(Some).ok_or_else(wrong)
}

fn month_number(year: i64, month: i64) -> Option<i32> {
    let is_month = (1..=9_999).contains(&year) && (1..=12).contains(&month);
    let number = (year - 1970) * 12 + month - 1;
    i32::try_from(number).ok().filter(|_| is_month)
}

/// Days since 1970-01-01; `None` if there is no such day.
fn day_number(year: i64, month: i64, day: i64) -> Option<i32> {
    month_number(year, month)?;
    Date32Type::parse(&format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_numbered_from_1970_and_others_are_none() {
        let days = [
            ((1970, 1, 1), Some(0)),
            ((1969, 12, 31), Some(-1)),
            ((2000, 2, 29), Some(11_016)),
            ((2026, 11, 23), Some(20_780)),
            ((2026, 2, 29), None),
            ((2026, 13, 1), None),
            ((26, 11, 0), None),
            ((2026, 11, -1), None),
            ((2026, 11, 100), None),
            ((9_999, 12, 31), Some(2_932_896)),
            ((10_000, 1, 1), None),
        ];
        for ((year, month, day), number) in days {
            assert_eq!(day_number(year, month, day), number, "{year}-{month}-{day}");
        }
        assert_eq!(month_number(1970, 1), Some(0));
        assert_eq!(month_number(2026, 11), Some(682));
    }
}
