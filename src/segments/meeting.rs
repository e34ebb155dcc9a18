//! Values without types, and what they mean beside others.
//!
//! What the name of a folder says has no type: `month=01` is written by one program, `month=1` by
//! another, and a third keeps an integer column. The rule, for each column: beside a column of another
//! type, text is read as that. If all of it comes from folders, whole numbers that differ by leading
//! zeros alone are one value, and days with and without dashes are; folders of days with dashes meet an
//! integer column of days (20261101) if nothing but days is in either. Text of a file stays what it is.

use super::{Segments, type_beside_text};
use crate::error::{Error, ErrorKind, Result};
use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// How a field says that its values come from the names of folders; kept in sketch files.
const UNTYPED: &str = "overlap.untyped";

/// A segment column whose values come from the names of folders.
#[must_use]
pub fn untyped_field(name: &str) -> Field {
    let mark = HashMap::from([(UNTYPED.to_owned(), "true".to_owned())]);
    Field::new(name, DataType::Utf8, true).with_metadata(mark)
}

/// Whether the values of a field come from the names of folders.
#[must_use]
pub fn is_untyped(field: &Field) -> bool {
    *field.data_type() == DataType::Utf8 && field.metadata().contains_key(UNTYPED)
}

/// Writes values that mean the same alike, in all parts.
pub(super) fn settle<T>(parts: &mut [Segments<T>], by: &[String]) -> Result<()> {
    for name in by {
        let spelling = match type_beside_text(parts, name) {
            Some(DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)) => Spelling::Days,
            Some(DataType::Int32 | DataType::Int64) if are_days(parts, name) => {
                Spelling::DaysAsNumbers
            }
            Some(_) => continue,
            None => Spelling::of(parts, name),
        };
        if spelling != Spelling::AsItIs {
            for part in &mut *parts {
                part.columns = respelt(&part.columns, name, &spelling)?;
            }
        }
    }
    Ok(())
}

/// How values are written alike.
#[derive(Debug, PartialEq, Eq)]
enum Spelling {
    AsItIs,
    /// Days with dashes.
    Days,
    /// Days without dashes, as integer columns hold them.
    DaysAsNumbers,
    /// Whole numbers of these values without leading zeros.
    Numbers(BTreeSet<String>),
}

impl Spelling {
    /// How values of folders are written alike; as they are where some come from files, or where
    /// nothing is written in two ways.
    fn of<T>(parts: &[Segments<T>], name: &str) -> Self {
        let mut values: BTreeSet<&str> = BTreeSet::new();
        for part in parts {
            let schema = part.columns.schema_ref();
            let Some((index, field)) = schema.column_with_name(name) else {
                continue;
            };
            if *field.data_type() == DataType::Null {
                continue;
            }
            if !is_untyped(field) {
                return Self::AsItIs;
            }
            if let Some(column) = part.columns.column(index).as_string_opt::<i32>() {
                values.extend(column.iter().flatten());
            }
        }
        let all = |is: fn(&str) -> bool| values.iter().all(|value| is(value));
        if all(|value| day(value).is_some()) {
            let dashed = values.iter().filter(|value| value.contains('-')).count();
            return match dashed {
                0 => Self::AsItIs,
                _ if dashed == values.len() => Self::AsItIs,
                _ => Self::Days,
            };
        }
        if !all(|value| number(value).is_some()) {
            return Self::AsItIs;
        }
        let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for bare in values.iter().filter_map(|value| number(value)) {
            if !seen.insert(bare.clone()) {
                twice.insert(bare);
            }
        }
        match twice.is_empty() {
            true => Self::AsItIs,
            false => Self::Numbers(twice),
        }
    }

    fn apply(&self, value: &str) -> String {
        let respelt = match self {
            Self::AsItIs => None,
            Self::Days => day(value),
            Self::DaysAsNumbers => day(value).map(|day| day.replace('-', "")),
            Self::Numbers(twice) => number(value).filter(|bare| twice.contains(bare)),
        };
        respelt.unwrap_or_else(|| value.to_owned())
    }
}

/// Whether all values are days: of folders with dashes or without, of integer columns such as 20261101.
/// Then they can't mean anything else, and a day is its number.
fn are_days<T>(parts: &[Segments<T>], name: &str) -> bool {
    parts.iter().all(|part| {
        let schema = part.columns.schema_ref();
        let Some((index, field)) = schema.column_with_name(name) else {
            return true;
        };
        let column = part.columns.column(index);
        if *field.data_type() == DataType::Utf8 && !is_untyped(field) {
            return false;
        }
        let texts = cast(column, &DataType::Utf8);
        texts.is_ok_and(|texts| {
            let mut texts = texts.as_string::<i32>().iter().flatten();
            texts.all(|text| day(text).is_some())
        })
    })
}

fn respelt(columns: &RecordBatch, name: &str, spelling: &Spelling) -> Result<RecordBatch> {
    let internal = |e: arrow::error::ArrowError| Error::new(ErrorKind::Internal, e.to_string());
    let Some((index, _)) = columns.schema_ref().column_with_name(name) else {
        return Ok(columns.clone());
    };
    let Some(texts) = columns.column(index).as_string_opt::<i32>() else {
        return Ok(columns.clone());
    };
    let texts = texts
        .iter()
        .map(|text| text.map(|text| spelling.apply(text)));
    let texts: ArrayRef = Arc::new(StringArray::from_iter(texts));
    let mut arrays = columns.columns().to_vec();
    arrays[index] = texts;
    let options = RecordBatchOptions::new().with_row_count(Some(columns.num_rows()));
    let schema = Arc::new(Schema::new(columns.schema_ref().fields().clone()));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(internal)
}

/// A whole number without leading zeros.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(match digits.trim_start_matches('0') {
        "" => "0".into(),
        bare => format!("{sign}{bare}"),
    })
}

/// A day with dashes, of one with or without: `2026-11-23`, `20261123`.
#[must_use]
pub fn day(text: &str) -> Option<String> {
    let parts = match text.split('-').collect::<Vec<_>>()[..] {
        [year, month, day] => [year, month, day],
        [_] if text.len() == 8 && text.is_ascii() => [&text[..4], &text[4..6], &text[6..]],
        _ => return None,
    };
    let lengths = parts.map(str::len) == [4, 2, 2];
    let numbers = parts.map(|part| {
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| part.parse::<u16>().ok()).flatten()
    });
    let [Some(year), Some(month), Some(day)] = numbers else {
        return None;
    };
    let is_day =
        (1900..=2199).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    (lengths && is_day).then(|| parts.join("-"))
}

/// Whether the name of a folder and a value of a column, as text, mean the same: equal, or the same
/// number, or a moment of the same day.
#[must_use]
pub fn means_the_same(folder: &str, value: &str) -> bool {
    if folder == value {
        return true;
    }
    if let (Some(folder), Some(value)) = (number(folder), number(value)) {
        return folder == value;
    }
    let date = value.split(['T', ' ']).next().unwrap_or(value);
    match (day(folder), day(date)) {
        (Some(folder), Some(date)) => folder == date,
        // A moment: 2026-11-23 13:00:00 and 2026-11-23T13:00:00.
        _ => folder.replacen(' ', "T", 1) == value.replacen(' ', "T", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Int64Array, TimestampSecondArray};
    use arrow::datatypes::FieldRef;

    fn part(field: Field, column: ArrayRef) -> Segments<usize> {
        let fields: Vec<FieldRef> = vec![Arc::new(field)];
        let ones = vec![1; column.len()];
        Segments::new(fields, vec![column], ones).expect("equal lengths")
    }

    fn folders(values: &[&str]) -> Segments<usize> {
        part(
            untyped_field("x"),
            Arc::new(StringArray::from(values.to_vec())),
        )
    }

    fn file(column: ArrayRef) -> Segments<usize> {
        part(Field::new("x", column.data_type().clone(), true), column)
    }

    /// Labels of what came together, and of how many parts each is.
    fn met(parts: Vec<Segments<usize>>) -> Vec<(String, usize)> {
        let sum = |sum: &mut usize, value| {
            *sum += value;
            Ok(())
        };
        let met = Segments::group(parts, &["x".into()], sum).expect("they meet");
        let rows = met.values().iter().enumerate();
        rows.map(|(row, &sum)| (met.label(row), sum)).collect()
    }

    fn labels(met: &[(String, usize)]) -> Vec<(&str, usize)> {
        met.iter().map(|(label, sum)| (&label[..], *sum)).collect()
    }

    #[test]
    fn folders_meet_as_what_they_mean_within_a_side_and_between_sides() {
        let numbers = met(vec![folders(&["01", "1", "11"]), folders(&["2", "02"])]);
        assert_eq!(labels(&numbers), [("1", 2), ("11", 1), ("2", 2)]);
        let days = met(vec![
            folders(&["20261101"]),
            folders(&["2026-11-01", "2026-11-02"]),
        ]);
        assert_eq!(labels(&days), [("2026-11-01", 2), ("2026-11-02", 1)]);
        // What was grouped is grouped again with more.
        let sum = |sum: &mut usize, value| {
            *sum += value;
            Ok(())
        };
        let once = Segments::group([folders(&["01", "03"])], &["x".into()], sum).expect("grouped");
        assert_eq!(
            labels(&met(vec![once, folders(&["1"])])),
            [("03", 1), ("1", 2)]
        );
    }

    #[test]
    fn folders_meet_columns_of_every_type() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 11]));
        let both = met(vec![folders(&["01", "1"]), file(numbers)]);
        assert_eq!(labels(&both), [("1", 3), ("11", 1)]);
        let days: ArrayRef = Arc::new(Date32Array::from(vec![20_758]));
        let both = met(vec![folders(&["20261101", "2026-11-01"]), file(days)]);
        assert_eq!(labels(&both), [("2026-11-01", 3)]);
        let moments: ArrayRef = Arc::new(TimestampSecondArray::from(vec![20_758 * 86_400]));
        let both = met(vec![folders(&["2026-11-01 00:00:00"]), file(moments)]);
        assert_eq!(labels(&both), [("2026-11-01T00:00:00", 2)]);
    }

    #[test]
    fn folders_of_days_meet_integers_that_are_days_and_no_others() {
        let integers = |values: &[i64]| file(Arc::new(Int64Array::from(values.to_vec())));
        let both = met(vec![
            folders(&["2026-11-01", "20261102"]),
            integers(&[20_261_101, 20_261_103]),
        ]);
        assert_eq!(
            labels(&both),
            [("20261101", 2), ("20261102", 1), ("20261103", 1)]
        );
        let text = file(Arc::new(StringArray::from(vec!["2026-11-01"])));
        for parts in [
            vec![folders(&["2026-11-01"]), integers(&[20_261_101, 7])],
            vec![folders(&["2026-11-01", "x"]), integers(&[20_261_101])],
            vec![text, integers(&[20_261_101])],
        ] {
            let error = Segments::group(parts, &["x".into()], |_, _: usize| Ok(()));
            assert_eq!(error.err().map(|e| e.kind()), Some(ErrorKind::Incomparable));
        }
    }

    #[test]
    fn text_of_a_file_stays_what_it_is() {
        let text = |values: &[&str]| file(Arc::new(StringArray::from(values.to_vec())));
        let apart = met(vec![text(&["01", "1"]), text(&["1"])]);
        assert_eq!(labels(&apart), [("01", 1), ("1", 2)]);
        let apart = met(vec![text(&["01"]), folders(&["01", "1"])]);
        assert_eq!(labels(&apart), [("01", 2), ("1", 1)]);
        let words = met(vec![folders(&["01", "1", "x"])]);
        assert_eq!(words.len(), 3, "not all of them are numbers");
    }

    #[test]
    fn a_folder_and_a_column_beside_it_are_compared_by_meaning() {
        for (folder, value) in [
            ("01", "1"),
            ("2026-11-23", "2026-11-23T07:04:00"),
            ("20261123", "2026-11-23"),
            ("a", "a"),
            ("2026-11-23 13:00:00", "2026-11-23T13:00:00"),
        ] {
            assert!(means_the_same(folder, value), "{folder} {value}");
        }
        for (folder, value) in [
            ("2026-11-23", "2026-11-22"),
            ("a", "A"),
            ("1", "2"),
            ("x", "1"),
        ] {
            assert!(!means_the_same(folder, value), "{folder} {value}");
        }
    }
}
