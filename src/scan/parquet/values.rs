//! One row group's ID column → canonical IDs, through the crate's column readers.
//!
//! The readers yield the values that aren't null, densely, which is what a hash wants; they check
//! page checksums and know nothing of Arrow, so that text stays the bytes it is.

use super::footer::{ParquetFile, decode_error};
use super::source::Source;
use crate::error::{Error, Result};
use crate::id::{ByteIds, Cast, IdBatch, IdSink, IntegerForm, Tally};
use crate::scan::column::IdType;
use crate::scan::store::InputFile;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::file::serialized_reader::SerializedPageReader;
use std::sync::Arc;

/// Rows decoded at a time: 64 KiB of 8-byte IDs stay in the second-level cache beside the sketch.
const BATCH_ROWS: usize = 8192;

pub(super) fn read(file: &ParquetFile, index: usize, sink: &mut dyn IdSink) -> Result<Tally> {
    let row_group = &file.row_groups[index];
    if row_group.rows == 0 {
        return Ok(Tally::default());
    }
    let input = Arc::new(InputFile::open(&file.path)?);
    input.ensure_unchanged(file.identity)?;
    let rows = usize::try_from(row_group.rows)
        .map_err(|_| Error::input(format!("{} rows in one row group", row_group.rows)))?;
    let source = Arc::new(Source(Arc::clone(&input)));
    let pages = SerializedPageReader::new(source, &row_group.chunk, rows, None)
        .map_err(|e| decode_error(&e))?;
    let reader = get_column_reader(Arc::clone(&file.column), Box::new(pages));
    let mut form = Form {
        id_type: file.id_type,
        integers: IntegerForm::default(),
        cast: file
            .cast
            .map(|to| Cast::new(to, file.id_type == IdType::Uuid)),
        sink,
    };
    let tally = read_column(reader, file.column.max_def_level() > 0, &mut form)?;
    input.ensure_unchanged(file.identity)?;
    if tally.rows != row_group.rows {
        return Err(Error::input(format!(
            "corrupt Parquet file: {} rows in the footer, {} in the pages",
            row_group.rows, tally.rows
        )));
    }
    Ok(tally)
}

fn read_column(reader: ColumnReader, nullable: bool, form: &mut Form<'_>) -> Result<Tally> {
    match reader {
        ColumnReader::Int32ColumnReader(reader) => {
            read_values(reader, nullable, |values| form.push_i32(values))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            read_values(reader, nullable, |values| form.push_i64(values))
        }
        ColumnReader::ByteArrayColumnReader(reader) => read_values(reader, nullable, |values| {
            form.push_bytes(values.iter().map(ByteArray::data))
        }),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            read_values(reader, nullable, |values: &[FixedLenByteArray]| {
                form.push_bytes(values.iter().map(|value| value.data()))
            })
        }
        ColumnReader::BoolColumnReader(reader) => read_values(reader, nullable, no_ids),
        ColumnReader::Int96ColumnReader(reader) => read_values(reader, nullable, no_ids),
        ColumnReader::FloatColumnReader(reader) => read_values(reader, nullable, no_ids),
        ColumnReader::DoubleColumnReader(reader) => read_values(reader, nullable, no_ids),
    }
}

/// Such a column was let through for being all null: a value in it contradicts the footer.
fn no_ids<T>(values: &[T]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    Err(Error::input(
        "corrupt Parquet file: values in a column of nulls",
    ))
}

/// Reads all values of a column chunk, a batch at a time.
fn read_values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    nullable: bool,
    mut push: impl FnMut(&[T::T]) -> Result<()>,
) -> Result<Tally> {
    let mut values = Vec::with_capacity(BATCH_ROWS);
    let mut levels = Vec::new();
    let mut tally = Tally::default();
    loop {
        values.clear();
        levels.clear();
        let levels = nullable.then_some(&mut levels);
        let (rows, non_null, _) = reader
            .read_records(BATCH_ROWS, levels, None, &mut values)
            .map_err(|e| decode_error(&e))?;
        if rows == 0 {
            return Ok(tally);
        }
        tally += Tally {
            rows: rows as u64,
            nulls: (rows - non_null) as u64,
        };
        push(&values)?;
    }
}

/// From decoded values to canonical IDs in the sink.
struct Form<'a> {
    id_type: IdType,
    integers: IntegerForm,
    cast: Option<Cast>,
    sink: &'a mut dyn IdSink,
}

impl Form<'_> {
    fn push_i32(&mut self, values: &[i32]) -> Result<()> {
        let Self {
            integers,
            cast,
            sink,
            ..
        } = self;
        let push = |batch: IdBatch<'_>| push(cast, *sink, batch);
        match self.id_type {
            IdType::Unsigned => {
                integers.push(values.iter().map(|value| value.cast_unsigned()), push)
            }
            IdType::Null => no_ids(values),
            _ => integers.push(values.iter().copied(), push),
        }
    }

    fn push_i64(&mut self, values: &[i64]) -> Result<()> {
        let Self {
            integers,
            cast,
            sink,
            ..
        } = self;
        match self.id_type {
            IdType::Unsigned => integers
                .push(values.iter().map(|value| value.cast_unsigned()), |batch| {
                    push(cast, *sink, batch)
                }),
            IdType::Null => no_ids(values),
            // The commonest column of all goes straight through.
            _ => push(cast, *sink, IdBatch::Integers(values)),
        }
    }

    fn push_bytes<'v>(&mut self, values: impl Iterator<Item = &'v [u8]>) -> Result<()> {
        let Self {
            integers,
            cast,
            sink,
            ..
        } = self;
        if self.id_type == IdType::DecimalBytes {
            let numbers = values.map(decimal).collect::<Result<Vec<i128>>>()?;
            return integers.push(numbers, |batch| push(cast, *sink, batch));
        }
        let values: Vec<&[u8]> = values.collect();
        let ids = ByteIds::Slices(&values);
        match self.id_type {
            IdType::Null => no_ids(&values),
            IdType::Text => push(cast, *sink, IdBatch::Text(ids)),
            _ => push(cast, *sink, IdBatch::Binary(ids)),
        }
    }
}

fn push(cast: &mut Option<Cast>, sink: &mut dyn IdSink, batch: IdBatch<'_>) -> Result<()> {
    match cast {
        Some(cast) => cast.push(batch, sink),
        None => sink.push(batch),
    }
}

/// A whole number from big-endian two's complement of any length, as Parquet writes decimals.
fn decimal(bytes: &[u8]) -> Result<i128> {
    const WIDTH: usize = size_of::<i128>();
    let fill = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let (surplus, low) = bytes.split_at(bytes.len().saturating_sub(WIDTH));
    let mut wide = [fill; WIDTH];
    wide[WIDTH - low.len()..].copy_from_slice(low);
    let number = i128::from_be_bytes(wide);
    // Bytes above the sixteenth may only repeat the sign.
    let fits = surplus.iter().all(|&byte| byte == fill) && (number < 0) == (fill != 0);
    if fits {
        Ok(number)
    } else {
        Err(Error::input("a decimal id wider than 128 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_every_width_are_the_number() {
        for number in [
            0_i128,
            1,
            -1,
            255,
            -256,
            i128::from(i64::MIN),
            i128::MAX,
            i128::MIN,
        ] {
            let full = number.to_be_bytes();
            assert_eq!(decimal(&full), Ok(number));
            let sign = if number < 0 { 0xff } else { 0 };
            let longer: Vec<u8> = [sign; 16].into_iter().chain(full).collect();
            assert_eq!(decimal(&longer), Ok(number));
        }
        assert_eq!(decimal(&[0x80]), Ok(-128));
        assert_eq!(decimal(&[0, 0x80]), Ok(128));
        assert_eq!(decimal(&[]), Ok(0));
        assert!(decimal(&[1; 17]).is_err());
    }
}
