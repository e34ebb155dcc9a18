//! Values of any type, one per segment. A segment is the rows of a side with the same values in the
//! segment columns.
//!
//! Knows these values and merges what belongs to equal ones. Must not know files, IDs or sketches.

mod meeting;

pub use meeting::{day, is_untyped, means_the_same, untyped_field};

use crate::error::{Error, ErrorKind, Phrase, Result, Setting};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::row::{RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use std::collections::HashMap;
use std::sync::Arc;

/// Values of type `T`, each with a row of the segment columns.
#[derive(Clone, Debug)]
pub struct Segments<T> {
    columns: RecordBatch,
    values: Vec<T>,
}

impl<T> Segments<T> {
    /// As many rows of segment columns as values.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if they are of different lengths.
    pub fn new(fields: Vec<FieldRef>, columns: Vec<ArrayRef>, values: Vec<T>) -> Result<Self> {
        let schema = Arc::new(Schema::new(fields));
        let options = RecordBatchOptions::new().with_row_count(Some(values.len()));
        let columns = RecordBatch::try_new_with_options(schema, columns, &options)
            .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
        Ok(Self { columns, values })
    }

    /// One value without segment columns.
    ///
    /// # Errors
    /// None.
    pub fn whole(value: T) -> Result<Self> {
        Self::new(Vec::new(), Vec::new(), vec![value])
    }

    /// The segment columns.
    #[must_use]
    pub const fn columns(&self) -> &RecordBatch {
        &self.columns
    }

    /// The values, in the order of the rows.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// The values without their segments.
    #[must_use]
    pub fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The names of the segment columns.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let schema = self.columns.schema();
        let fields = schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    /// The values of a row for people: `tier-1, 2026-11-23`. Other rows have other labels: text that
    /// could be taken for something else (nothing, null, two values, control characters) is quoted.
    #[must_use]
    pub fn label(&self, row: usize) -> String {
        label(&self.cells(row))
    }

    /// The values of a row as text, `None` for null.
    #[must_use]
    pub fn cells(&self, row: usize) -> Vec<Option<String>> {
        let options = FormatOptions::new();
        let cell = |column: &ArrayRef| {
            let formatter = ArrayFormatter::try_new(column, &options);
            let text = formatter.map_or("?".into(), |cells| cells.value(row).to_string());
            // A column of type null has no bits that say so.
            let is_null = column.is_null(row) || *column.data_type() == DataType::Null;
            (!is_null).then_some(text)
        };
        self.columns.columns().iter().map(cell).collect()
    }

    /// The same segments with converted values.
    ///
    /// # Errors
    /// Those of `convert`.
    pub fn try_map<U>(self, convert: impl FnMut(T) -> Result<U>) -> Result<Segments<U>> {
        let values = self.values.into_iter().map(convert);
        Ok(Segments {
            values: values.collect::<Result<_>>()?,
            columns: self.columns,
        })
    }

    /// Merges all values that agree in the columns `by`, so that there is one for each combination, in
    /// ascending order with nulls first. Without columns all become one. Text beside another type is read
    /// as that type, and values of folders (`month=01`, `month=1`) are compared by their meaning. Empty
    /// parts may have any columns.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] for a column that a part doesn't have, [`ErrorKind::Incomparable`] for
    /// one of different types, and those of `merge`.
    pub fn group(
        parts: impl IntoIterator<Item = Self>,
        by: &[String],
        mut merge: impl FnMut(&mut T, T) -> Result<()>,
    ) -> Result<Self> {
        let parts = parts.into_iter().filter(|part| !part.values.is_empty());
        let mut parts: Vec<Self> = parts.collect();
        meeting::settle(&mut parts, by)?;
        let mut groups = Groups::new(by);
        groups.types = by
            .iter()
            .map(|name| type_beside_text(&parts, name))
            .collect();
        let mut values: Vec<T> = Vec::new();
        for part in parts {
            let keys = groups.keys(&part.columns)?;
            for (value, key) in part.values.into_iter().zip(keys) {
                match values.get_mut(key) {
                    Some(group) => merge(group, value)?,
                    None => values.push(value),
                }
            }
        }
        groups.finish(values)
    }
}

/// What Hive and Spark write for null where a value is part of a path.
pub const NULL_IN_PATHS: &str = "__HIVE_DEFAULT_PARTITION__";

/// The type in which values of a segment column are compared, so that all writers' values meet: integers
/// of any width in 64 bits, text in one layout, moments in UTC.
///
/// # Errors
/// [`ErrorKind::Usage`] for a type that makes no segments.
pub fn plain_type(name: &str, data_type: &DataType) -> Result<DataType> {
    use DataType as T;
    Ok(match data_type {
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => T::Int64,
        T::Utf8 | T::LargeUtf8 | T::Utf8View => T::Utf8,
        T::Binary | T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
        T::Dictionary(_, values) => plain_type(name, values)?,
        // A moment is the same in every zone, and in files it has none.
        T::Timestamp(unit, Some(_)) => T::Timestamp(*unit, Some("+00:00".into())),
        T::UInt64
        | T::Boolean
        | T::Null
        | T::Date32
        | T::Date64
        | T::Time32(_)
        | T::Time64(_)
        | T::Timestamp(_, None)
        | T::Decimal128(_, _) => data_type.clone(),
        other => {
            return Err(
                Error::usage(format!("column {name} of type {other} makes no segments"))
                    .hint("cast it to text, an integer or a date where it is written"),
            );
        }
    })
}

/// A column in its [`plain_type`].
///
/// # Errors
/// Those of [`plain_type`].
pub fn plain_column(name: &str, column: &ArrayRef) -> Result<ArrayRef> {
    let wanted = plain_type(name, column.data_type())?;
    if wanted == *column.data_type() {
        return Ok(Arc::clone(column));
    }
    cast(column, &wanted).map_err(|e| Error::input(format!("column {name}: {e}")))
}

/// The label of a row's values, as `Segments::label` promises it.
#[must_use]
pub fn label(cells: &[Option<String>]) -> String {
    let cells = cells.iter().map(|cell| match cell {
        None => "null".to_owned(),
        Some(text) if is_plain(text) => text.clone(),
        Some(text) => format!("{text:?}"),
    });
    let cells: Vec<String> = cells.collect();
    cells.join(", ")
}

/// Whether a text is nothing but itself in a label.
fn is_plain(text: &str) -> bool {
    let odd = |c: char| c.is_control() || c == '"';
    !text.is_empty() && text != "null" && !text.contains(", ") && !text.contains(odd)
}

/// The one type that a column has besides text, if there is one.
fn type_beside_text<T>(parts: &[Segments<T>], name: &str) -> Option<DataType> {
    let columns = parts
        .iter()
        .filter_map(|part| part.columns.column_by_name(name));
    let mut types = columns.filter_map(|column| plain_type(name, column.data_type()).ok());
    types.find(|found| !matches!(found, DataType::Utf8 | DataType::Null))
}

/// Which combinations of values there are, numbered as they come.
#[derive(Debug)]
pub struct Groups {
    by: Vec<String>,
    /// The type of each column that text is read as, where it is known.
    types: Vec<Option<DataType>>,
    /// `None` until the types are known.
    converter: Option<(Vec<FieldRef>, RowConverter)>,
    /// Whether all values of each column come from the names of folders.
    untyped: Vec<bool>,
    numbers: HashMap<Box<[u8]>, usize>,
}

impl Groups {
    /// No combination of values of the columns `by` yet.
    #[must_use]
    pub fn new(by: &[String]) -> Self {
        Self {
            by: by.to_vec(),
            types: vec![None; by.len()],
            converter: None,
            untyped: vec![true; by.len()],
            numbers: HashMap::new(),
        }
    }

    /// The columns.
    #[must_use]
    pub fn by(&self) -> &[String] {
        &self.by
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Forgets all but the first `len`.
    pub fn truncate(&mut self, len: usize) {
        self.numbers.retain(|_, number| *number < len);
    }

    /// The number of the group of each row.
    ///
    /// # Errors
    /// Those of [`Segments::group`].
    pub fn keys(&mut self, rows: &RecordBatch) -> Result<Vec<usize>> {
        if self.by.is_empty() {
            if rows.num_rows() > 0 {
                self.numbers.entry(Box::default()).or_insert(0);
            }
            return Ok(vec![0; rows.num_rows()]);
        }
        let columns = self.columns(rows)?;
        for (name, untyped) in self.by.iter().zip(&mut self.untyped) {
            let field = rows.schema_ref().field_with_name(name);
            *untyped &= field.is_ok_and(is_untyped);
        }
        let (_, converter) = self.converter_for(&columns)?;
        let rows = converter.convert_columns(&columns).map_err(internal)?;
        let mut keys = Vec::with_capacity(rows.num_rows());
        // Neighbours are often alike.
        let mut last: Option<(usize, usize)> = None;
        for (i, row) in rows.iter().enumerate() {
            let number = match last {
                Some((before, number)) if rows.row(before) == row => number,
                _ => match self.numbers.get(row.data()) {
                    Some(&number) => number,
                    None => {
                        let number = self.numbers.len();
                        self.numbers.insert(row.data().into(), number);
                        number
                    }
                },
            };
            last = Some((i, number));
            keys.push(number);
        }
        Ok(keys)
    }

    /// The combinations in ascending order with their `values`, which come by number.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if there isn't a value for each.
    pub fn finish<T>(self, values: Vec<T>) -> Result<Segments<T>> {
        let mut keys: Vec<(Box<[u8]>, usize)> = self.numbers.into_iter().collect();
        keys.sort();
        let (fields, columns) = match &self.converter {
            // No row arrived, so the types are unknown: use text.
            None if keys.is_empty() => {
                let text = |name| Arc::new(Field::new(name, DataType::Utf8, true));
                let fields: Vec<FieldRef> = self.by.iter().map(text).collect();
                let empty = new_empty_array(&DataType::Utf8);
                let columns = vec![empty; fields.len()];
                (fields, columns)
            }
            None => (Vec::new(), Vec::new()),
            Some((fields, converter)) => {
                let parser = converter.parser();
                let rows = keys.iter().map(|(key, _)| parser.parse(key));
                let columns = converter.convert_rows(rows).map_err(internal)?;
                let fields = fields.iter().zip(&self.untyped);
                let fields = fields.map(|(field, &untyped)| match field.data_type() {
                    DataType::Utf8 if untyped => Arc::new(untyped_field(field.name())),
                    _ => Arc::clone(field),
                });
                (fields.collect(), columns)
            }
        };
        let mut values: Vec<Option<T>> = values.into_iter().map(Some).collect();
        let sorted = keys
            .iter()
            .map(|&(_, number)| values.get_mut(number)?.take());
        let sorted: Option<Vec<T>> = sorted.collect();
        let sorted = sorted.ok_or_else(|| Error::new(ErrorKind::Internal, "a lost segment"))?;
        Segments::new(fields, columns, sorted)
    }

    fn columns(&self, rows: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let find = |(name, beside): (&String, &Option<DataType>)| match rows.column_by_name(name) {
            Some(column) => match (plain_column(name, column)?, beside) {
                (column, Some(beside)) => read_as(name, &column, beside),
                (column, None) => Ok(column),
            },
            None => {
                let schema = rows.schema();
                let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
                Err(
                    Error::usage(format!("no segment column {name}")).hint(match names[..] {
                        [] => Phrase::from([
                            "there is one sketch of everything: divide where it is made, with "
                                .into(),
                            Setting::By.into(),
                        ]),
                        _ => format!("the columns are {}", names.join(", ")).into(),
                    }),
                )
            }
        };
        self.by.iter().zip(&self.types).map(find).collect()
    }

    fn converter_for(&mut self, columns: &[ArrayRef]) -> Result<&(Vec<FieldRef>, RowConverter)> {
        if let Some((fields, _)) = &self.converter {
            for (field, column) in fields.iter().zip(columns) {
                let (before, now) = (field.data_type(), column.data_type());
                if before != now {
                    let text = format!("segment column {} is {before} and {now}", field.name());
                    return Err(Error::new(ErrorKind::Incomparable, text)
                        .hint("bring it to one type where it is written"));
                }
            }
        } else {
            let types = columns.iter().map(|column| column.data_type().clone());
            let sort = types.clone().map(SortField::new).collect();
            let converter = RowConverter::new(sort).map_err(internal)?;
            let field = |(name, data_type)| Arc::new(Field::new(name, data_type, true));
            let fields = self.by.iter().zip(types).map(field).collect();
            self.converter = Some((fields, converter));
        }
        self.converter
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::Internal, "no converter"))
    }
}

/// Text (or a column of nothing but nulls) as another type; whatever isn't text stays as it is.
fn read_as(name: &str, column: &ArrayRef, beside: &DataType) -> Result<ArrayRef> {
    if !matches!(column.data_type(), DataType::Utf8 | DataType::Null) {
        return Ok(Arc::clone(column));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, beside, &strict).map_err(|e| {
        let text = format!("segment column {name} is {beside} and text that isn't: {e}");
        Error::new(ErrorKind::Incomparable, text).hint("bring it to one type where it is written")
    })
}

#[allow(clippy::needless_pass_by_value)] // as map_err hands it over
fn internal(error: arrow::error::ArrowError) -> Error {
    Error::new(ErrorKind::Internal, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, Int32Array, Int64Array, StringArray};

    fn part(tiers: &[Option<&str>], days: ArrayRef, values: &[u32]) -> Segments<u32> {
        let fields = [("tier", DataType::Utf8), ("day", days.data_type().clone())];
        let fields = fields.map(|(name, kind)| Arc::new(Field::new(name, kind, true)));
        let tiers = Arc::new(StringArray::from(tiers.to_vec()));
        Segments::new(fields.to_vec(), vec![tiers, days], values.to_vec()).expect("equal lengths")
    }

    fn parts() -> [Segments<u32>; 2] {
        let tiers = [Some("b"), None, Some("a")];
        [
            part(
                &tiers,
                Arc::new(Int32Array::from(vec![1, 1, 2])),
                &[1, 2, 4],
            ),
            part(
                &tiers,
                Arc::new(Int64Array::from(vec![1, 1, 1])),
                &[8, 16, 32],
            ),
        ]
    }

    fn grouped(by: &[&str]) -> Result<Vec<(String, u32)>> {
        let by: Vec<String> = by.iter().map(|&name| name.into()).collect();
        let groups = Segments::group(parts(), &by, |sum, value| {
            *sum += value;
            Ok(())
        })?;
        let rows = groups.values().iter().enumerate();
        Ok(rows.map(|(row, &sum)| (groups.label(row), sum)).collect())
    }

    #[test]
    fn equal_values_come_together_in_order_whatever_their_width() {
        let tiers = [("null", 18), ("a", 36), ("b", 9)].map(|(l, s)| (l.to_owned(), s));
        assert_eq!(grouped(&["tier"]), Ok(tiers.to_vec()));
        let both = [("1, null", 18), ("1, a", 32), ("1, b", 9), ("2, a", 4)];
        let both = both.map(|(label, sum)| (label.to_owned(), sum));
        assert_eq!(grouped(&["day", "tier"]), Ok(both.to_vec()));
        assert_eq!(grouped(&[]), Ok(vec![(String::new(), 63)]));
    }

    #[test]
    fn a_column_that_is_not_there_is_a_usage_error_that_names_those_that_are() {
        let error = grouped(&["city"]).expect_err("no such column");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.to_string().contains("tier, day"), "{error}");
    }

    #[test]
    fn text_beside_another_type_is_read_as_that_in_any_order() {
        let days = |values: Vec<i32>| Arc::new(Date32Array::from(values)) as ArrayRef;
        let dates = part(&[None, None], days(vec![20_000, 20_001]), &[1, 2]);
        let names = Arc::new(StringArray::from(vec!["2024-10-05", "2024-10-04"]));
        let folders = part(&[None, None], names, &[4, 8]);
        for parts in [[dates.clone(), folders.clone()], [folders, dates]] {
            let sum = |sum: &mut u32, value| {
                *sum += value;
                Ok(())
            };
            let met = Segments::group(parts, &["day".into()], sum).expect("dates");
            assert_eq!(met.columns().column(0).data_type(), &DataType::Date32);
            assert_eq!(met.values(), [9, 6]);
        }
    }

    #[test]
    fn columns_of_different_types_do_not_meet() {
        let text = part(&[None], Arc::new(StringArray::from(vec!["one"])), &[1]);
        let date = part(&[None], Arc::new(Date32Array::from(vec![1])), &[1]);
        for other in [text, date] {
            let [number, _] = parts();
            let error = Segments::group([number, other], &["day".into()], |_, _| Ok(()));
            assert_eq!(error.expect_err("differ").kind(), ErrorKind::Incomparable);
        }
    }

    #[test]
    fn parts_without_things_are_of_whatever_columns_and_leave_those_asked_for() {
        let nothing = Segments::<u32>::new(Vec::new(), Vec::new(), Vec::new()).expect("nothing");
        let none = Segments::group([nothing.clone()], &["day".into()], |_, _| Ok(()));
        assert_eq!(none.expect("nothing").names(), ["day"]);
        let [some, _] = parts();
        let all = Segments::group([nothing, some], &["day".into()], |_, _| Ok(()));
        assert_eq!(all.expect("some").values().len(), 2);
    }

    #[test]
    fn labels_are_of_one_row_each() {
        let odd = [
            None,
            Some("null"),
            Some(""),
            Some("a, b"),
            Some("a\nb"),
            Some("\"a\""),
        ];
        let days = Arc::new(Int32Array::from(vec![None; 6]));
        let part = part(&odd, days, &[0; 6]);
        let labels: Vec<String> = (0..6).map(|row| part.label(row)).collect();
        let expected = [
            "null",
            "\"null\"",
            "\"\"",
            "\"a, b\"",
            "\"a\\nb\"",
            "\"\\\"a\\\"\"",
        ];
        assert_eq!(labels, expected.map(|label| format!("{label}, null")));
        assert_eq!(part.cells(1), [Some("null".to_owned()), None]);
    }
}
