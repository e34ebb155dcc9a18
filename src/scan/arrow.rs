//! Arrow arrays → canonical IDs.

use super::column::{IdType, decimal_refused, float_hint};
use super::file::DataFile;
use super::parquet::ParquetFile;
use super::whole::whole_numbers;
use crate::error::{Error, Result};
use crate::id::{ByteIds, Cast, IdBatch, IdDomain, IdSink, IntegerForm, Tally};
use arrow::array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::{DataType, Field};

/// Turns Arrow arrays into canonical IDs, under the same rules as a Parquet column.
///
/// ```
/// use arrow::array::Int32Array;
/// use overlap::{ArrowIds, SketchOptions, Sketcher};
///
/// let mut sketcher = Sketcher::new(SketchOptions::default());
/// let mut ids = ArrowIds::default();
/// let tally = ids.push(&Int32Array::from(vec![Some(1), None, Some(2)]), &mut sketcher)?;
/// assert_eq!((tally.rows, tally.nulls), (3, 1));
/// let sketch = sketcher.finish(tally);
/// assert_eq!(sketch.sample().map(|sample| sample.hashes().len()), Some(2));
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct ArrowIds {
    integers: IntegerForm,
    to: Option<IdDomain>,
    cast: Option<Cast>,
}

impl ArrowIds {
    /// IDs of arrays of `field`'s type, brought into the domain `cast` if there is one. The field
    /// is only asked whether its values are UUIDs (extension type `arrow.uuid`).
    #[must_use]
    pub fn new(field: &Field, cast: Option<IdDomain>) -> Self {
        let uuid = field.extension_type_name() == Some("arrow.uuid");
        Self::of_type(cast, uuid)
    }

    /// IDs of the arrays of a file's ID column.
    pub(super) fn of_column(file: &DataFile) -> Self {
        match file {
            DataFile::Parquet(file) => Self::of_parquet(file),
            DataFile::Text(file) => Self::of_text(file.cast()),
            DataFile::Ipc(file) => Self::new(file.id_field(), file.cast),
        }
    }

    /// IDs of the arrays of a Parquet file's ID column.
    pub(super) fn of_parquet(file: &ParquetFile) -> Self {
        Self::of_type(file.cast, file.id_type == IdType::Uuid)
    }

    /// IDs of the arrays of a text file's ID column.
    pub(super) fn of_text(cast: Option<IdDomain>) -> Self {
        Self::of_type(cast, false)
    }

    fn of_type(cast: Option<IdDomain>, uuid: bool) -> Self {
        Self {
            integers: IntegerForm::default(),
            to: cast,
            cast: cast.map(|to| Cast::new(to, uuid)),
        }
    }

    /// Pushes the IDs of `array` into `sink`; nulls are skipped and counted. Of a dictionary only
    /// the entries that some row uses.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for a type that can't identify a user, and those of the cast and
    /// the sink.
    pub fn push(&mut self, array: &dyn Array, sink: &mut dyn IdSink) -> Result<Tally> {
        let nulls = array.logical_null_count() as u64;
        self.push_values(array, sink)?;
        Ok(Tally {
            rows: array.len() as u64,
            nulls,
        })
    }

    fn push_values(&mut self, array: &dyn Array, sink: &mut dyn IdSink) -> Result<()> {
        use IdDomain::{Binary, Text};
        match array.data_type() {
            DataType::Null => Ok(()),
            DataType::Int8 => self.push_integers::<Int8Type>(array, sink),
            DataType::Int16 => self.push_integers::<Int16Type>(array, sink),
            DataType::Int32 => self.push_integers::<Int32Type>(array, sink),
            DataType::Int64 if array.null_count() == 0 => {
                let ids = array.as_primitive::<Int64Type>().values();
                push(&mut self.cast, IdBatch::Integers(ids), sink)
            }
            DataType::Int64 => self.push_integers::<Int64Type>(array, sink),
            DataType::UInt8 => self.push_integers::<UInt8Type>(array, sink),
            DataType::UInt16 => self.push_integers::<UInt16Type>(array, sink),
            DataType::UInt32 => self.push_integers::<UInt32Type>(array, sink),
            DataType::UInt64 => self.push_integers::<UInt64Type>(array, sink),
            DataType::Utf8 if array.null_count() == 0 => {
                let array = array.as_string::<i32>();
                let (data, offsets) = (array.value_data(), array.value_offsets());
                let ids = ByteIds::Offsets { data, offsets };
                push(&mut self.cast, IdBatch::Text(ids), sink)
            }
            DataType::Utf8 => self.push_bytes(Text, texts(array.as_string::<i32>()), sink),
            DataType::LargeUtf8 => self.push_bytes(Text, texts(array.as_string::<i64>()), sink),
            DataType::Utf8View => self.push_bytes(Text, texts(array.as_string_view()), sink),
            DataType::Binary => self.push_bytes(Binary, array.as_binary::<i32>(), sink),
            DataType::LargeBinary => self.push_bytes(Binary, array.as_binary::<i64>(), sink),
            DataType::BinaryView => self.push_bytes(Binary, array.as_binary_view(), sink),
            DataType::FixedSizeBinary(_) => {
                self.push_bytes(Binary, array.as_fixed_size_binary(), sink)
            }
            DataType::Dictionary(_, _) => self.push_used_entries(array, sink),
            other => {
                id_domain(other, self.to)?;
                let numbers = whole_numbers(array)?.ok_or_else(|| unsupported(other))?;
                let Self { integers, cast, .. } = self;
                integers.push(numbers, |batch| push(cast, batch, sink))
            }
        }
    }

    fn push_integers<T>(&mut self, array: &dyn Array, sink: &mut dyn IdSink) -> Result<()>
    where
        T: ArrowPrimitiveType<Native: TryInto<i64> + TryInto<i128>>,
    {
        let Self { integers, cast, .. } = self;
        let array = array.as_primitive::<T>();
        integers.push(array.iter().flatten(), |batch| push(cast, batch, sink))
    }

    fn push_bytes<'a>(
        &mut self,
        domain: IdDomain,
        values: impl IntoIterator<Item = Option<&'a [u8]>>,
        sink: &mut dyn IdSink,
    ) -> Result<()> {
        let values: Vec<&[u8]> = values.into_iter().flatten().collect();
        let ids = ByteIds::Slices(&values);
        let batch = match domain {
            IdDomain::Text => IdBatch::Text(ids),
            _ => IdBatch::Binary(ids),
        };
        push(&mut self.cast, batch, sink)
    }

    /// A dictionary may hold entries that no row uses (filtered categoricals): they aren't users.
    fn push_used_entries(&mut self, array: &dyn Array, sink: &mut dyn IdSink) -> Result<()> {
        let dictionary = array.as_any_dictionary();
        let entries = dictionary.values();
        let mut used = vec![false; entries.len()];
        let keys = dictionary.keys();
        // An empty dictionary has only null keys, whose normalised value means nothing.
        if !entries.is_empty() {
            for (row, key) in dictionary.normalized_keys().into_iter().enumerate() {
                used[key] |= keys.is_valid(row);
            }
        }
        let entries = filter(entries, &BooleanArray::from(used))
            .map_err(|e| Error::input(format!("can't be read: {e}")))?;
        self.push_values(&entries, sink)
    }
}

/// The domain of the IDs in arrays of this type; `None` where all are null. Decimals with places and floats are
/// whole numbers only if they are cast to integers.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for a type that can't identify a user.
pub(super) fn id_domain(data_type: &DataType, cast: Option<IdDomain>) -> Result<Option<IdDomain>> {
    match data_type {
        DataType::Null => Ok(None),
        decimal if decimal.is_decimal() => match scale(decimal) {
            scale if scale == 0 || cast == Some(IdDomain::Integer) => Ok(Some(IdDomain::Integer)),
            scale => Err(decimal_refused(scale.into())),
        },
        float if float.is_floating() && cast == Some(IdDomain::Integer) => {
            Ok(Some(IdDomain::Integer))
        }
        integer if integer.is_integer() => Ok(Some(IdDomain::Integer)),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(Some(IdDomain::Text)),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => Ok(Some(IdDomain::Binary)),
        DataType::Dictionary(_, values) => id_domain(values, cast),
        other => Err(unsupported(other)),
    }
}

const fn scale(decimal: &DataType) -> i8 {
    match decimal {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => *scale,
        _ => 0,
    }
}

fn texts<'a>(
    array: impl IntoIterator<Item = Option<&'a str>>,
) -> impl Iterator<Item = Option<&'a [u8]>> {
    array.into_iter().map(|text| text.map(str::as_bytes))
}

fn push(cast: &mut Option<Cast>, batch: IdBatch<'_>, sink: &mut dyn IdSink) -> Result<()> {
    match cast {
        Some(cast) => cast.push(batch, sink),
        None => sink.push(batch),
    }
}

fn unsupported(data_type: &DataType) -> Error {
    let error = Error::input(format!("unsupported id type {data_type}"));
    match data_type.is_floating() {
        true => error.hint(float_hint()),
        false => error.hint("cast it to an integer, a string or a binary type"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        ArrayRef, DictionaryArray, Float64Array, Int8Array, Int64Array, LargeStringArray,
        StringArray, StringViewArray, UInt64Array,
    };
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// The distinct IDs that were pushed, as text.
    #[derive(Default)]
    struct Spy(BTreeSet<String>);

    impl IdSink for Spy {
        fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
            match batch {
                IdBatch::Integers(ids) => self.0.extend(ids.iter().map(i64::to_string)),
                IdBatch::WideIntegers(ids) => self.0.extend(ids.iter().map(i128::to_string)),
                IdBatch::Text(ids) | IdBatch::Binary(ids) => ids.for_each(|id| {
                    self.0.insert(String::from_utf8_lossy(id).into_owned());
                }),
            }
            Ok(())
        }
    }

    fn users(array: &dyn Array) -> Result<(Vec<String>, Tally)> {
        let mut spy = Spy::default();
        let tally = ArrowIds::default().push(array, &mut spy)?;
        Ok((spy.0.into_iter().collect(), tally))
    }

    #[test]
    fn every_width_and_layout_holds_the_same_users() {
        let integers: [ArrayRef; 3] = [
            Arc::new(Int8Array::from(vec![Some(1), None, Some(2)])),
            Arc::new(Int64Array::from(vec![2, 1])),
            Arc::new(UInt64Array::from(vec![1, 2, 2])),
        ];
        for array in integers {
            assert_eq!(
                users(&array).expect("integers").0,
                ["1", "2"],
                "{}",
                array.data_type()
            );
        }
        let texts: [ArrayRef; 5] = [
            Arc::new(StringArray::from(vec!["a", "b"])),
            Arc::new(StringArray::from(vec![Some("b"), None, Some("a")])),
            Arc::new(LargeStringArray::from(vec![Some("b"), None, Some("a")])),
            Arc::new(StringViewArray::from(vec!["a", "a", "b"])),
            Arc::new(
                ["a", "b", "a"]
                    .into_iter()
                    .collect::<DictionaryArray<Int8Type>>(),
            ),
        ];
        for array in texts {
            assert_eq!(
                users(&array).expect("texts").0,
                ["a", "b"],
                "{}",
                array.data_type()
            );
        }
    }

    #[test]
    fn an_unsigned_number_above_the_sign_bit_is_itself() {
        let (users, _) = users(&UInt64Array::from(vec![u64::MAX])).expect("integers");
        assert_eq!(users, [u64::MAX.to_string()]);
    }

    #[test]
    fn dictionary_entries_that_no_row_uses_are_no_users() {
        let values = Arc::new(StringArray::from(vec!["a", "b", "c"]));
        let keys = Int8Array::from(vec![Some(0), None, Some(2)]);
        let (users, tally) = users(&DictionaryArray::new(keys, values)).expect("texts");
        assert_eq!(users, ["a", "c"]);
        assert_eq!(tally, Tally { rows: 3, nulls: 1 });
    }

    #[test]
    fn floats_are_refused_with_a_hint() {
        let error = users(&Float64Array::from(vec![1.0])).expect_err("floats");
        assert!(error.to_string().contains("cast it to INT64"), "{error}");
    }
}
