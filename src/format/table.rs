//! A table of sketches as Parquet: one row a segment.
//!
//! Over whatever reads and writes bytes; files are opened elsewhere.

use super::notes::{FileNotes, metadata};
use super::tag::TagWriter;
use super::{
    ImageColumns, datasketches, decode, decode_spelling, registers_blob, sample_blob, spelling_blob,
};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::hash::{HashScheme, merge_schemes};
use crate::id::{Tally, ensure_one_profile, merge_domains};
use crate::segments::Segments;
use crate::sketch::Sketch;
use crate::spelling::Spelling;
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryBuilder, Int64Array, RecordBatch, RecordBatchReader,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, SchemaRef};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ConvertedType, Type as PhysicalType};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::ChunkReader;
use parquet::schema::types::{ColumnPath, SchemaDescriptor};
use std::io::Write;
use std::sync::Arc;

/// Sketches by segment.
pub type SketchTable = Segments<Sketch>;

const ROWS: &str = "rows";
const NULLS: &str = "nulls";
const USERS: &str = "users";
const REGISTERS: &str = "hll";
const SAMPLE: &str = "sample";
const SPELLING: &str = "spelling";

/// The columns that aren't segment columns.
const OWN: [&str; 6] = [ROWS, NULLS, USERS, REGISTERS, SAMPLE, SPELLING];

/// Rows that are encoded or decoded at a time: at the default size a few megabytes.
const BATCH_ROWS: usize = 64;

/// Whether a Parquet file holds sketches rather than IDs: it has all the binary columns that
/// `images` names, or, if that names none, such columns `hll` and `sample`.
#[must_use]
pub fn is_sketch_table(schema: &SchemaDescriptor, images: &ImageColumns) -> bool {
    let mut named = images.named().peekable();
    if named.peek().is_some() {
        return named.all(|name| is_bytes(schema, name));
    }
    [REGISTERS, SAMPLE]
        .iter()
        .all(|name| is_binary(schema, name))
}

/// Whether a column is binary, or text, which may be base64.
fn is_bytes(schema: &SchemaDescriptor, name: &str) -> bool {
    let mut columns = schema.columns().iter();
    columns.any(|column| {
        column.path().parts() == [name] && column.physical_type() == PhysicalType::BYTE_ARRAY
    })
}

fn is_binary(schema: &SchemaDescriptor, name: &str) -> bool {
    schema.columns().iter().any(|column| {
        // Text is stored as bytes too, and says so.
        let is_text =
            column.logical_type_ref().is_some() || column.converted_type() != ConvertedType::NONE;
        column.path().parts() == [name] && is_bytes(schema, name) && !is_text
    })
}

/// Writes a table of sketches; `users` are their estimates, for people who just look.
///
/// # Errors
/// Those of [`write_table_with`].
pub fn write_table(table: &SketchTable, users: &[f64], out: impl Write + Send) -> Result<()> {
    write_table_with(table, users, &FileNotes::default(), out)
}

/// [`write_table`] with notes beside the sketches. With a key, a tag says that the file is as it was written.
///
/// # Errors
/// [`ErrorKind::Usage`] for segment columns that are called as the table's own,
/// [`ErrorKind::Incomparable`] if the sketches are of different hashes or domains, or of another key than
/// that of the notes, [`ErrorKind::Output`] if the bytes can't be written.
pub fn write_table_with(
    table: &SketchTable,
    users: &[f64],
    notes: &FileNotes,
    out: impl Write + Send,
) -> Result<()> {
    let batches = table_batches(table, users)?.with_spelling();
    ensure_key(table, notes)?;
    let properties = properties(table.values(), notes);
    let out = TagWriter::new(out, notes.key.as_ref());
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&batches.schema), Some(properties))
        .map_err(|e| write_error(&e))?;
    for batch in batches {
        writer.write(&batch?).map_err(|e| write_error(&e))?;
        writer.flush().map_err(|e| write_error(&e))?;
    }
    writer.inner_mut().begin_end();
    writer.into_inner().map_err(|e| write_error(&e))?.finish()
}

/// Keyed sketches are written with their key: without it the file would have no tag.
fn ensure_key(table: &SketchTable, notes: &FileNotes) -> Result<()> {
    let Some(hash) = table.values().first().map(Sketch::hash) else {
        return Ok(());
    };
    match (hash, &notes.key) {
        (HashScheme::Keyed(wanted), None) => Err(Error::new(
            ErrorKind::Incomparable,
            format!("sketches of the key {wanted} can't be written without it"),
        )
        .hint(["name its ".into(), Setting::KeyFile.into()])),
        (_, Some(key)) => merge_schemes(hash, HashScheme::Keyed(key.fingerprint())).map(|_| ()),
        (_, None) => Ok(()),
    }
}

/// The rows of a sketch table as record batches, a few at a time.
#[derive(Debug)]
pub struct TableBatches<'a> {
    table: &'a SketchTable,
    users: &'a [f64],
    schema: SchemaRef,
    /// Whether there is a column of spellings.
    spelling: bool,
    next: usize,
}

/// A table of sketches as the record batches that [`write_table`] writes; `users` are their
/// estimates.
///
/// # Errors
/// [`ErrorKind::Usage`] for segment columns that are called as the table's own,
/// [`ErrorKind::Incomparable`] if the sketches are of different hashes or domains.
pub fn table_batches<'a>(table: &'a SketchTable, users: &'a [f64]) -> Result<TableBatches<'a>> {
    let segments = table.columns().schema();
    let is_own = |field: &&FieldRef| OWN.contains(&field.name().as_str());
    if let Some(field) = segments.fields().iter().find(is_own) {
        return Err(Error::usage(format!(
            "a segment column can't be called {}: a sketch table has such a column of its own",
            field.name()
        )));
    }
    let kinds = table
        .values()
        .iter()
        .map(|sketch| (sketch.hash(), sketch.domain(), sketch.profile()));
    let one = |(hash, domain, profile), (other, its, theirs)| {
        ensure_one_profile(profile, theirs)?;
        Ok((
            merge_schemes(hash, other)?,
            merge_domains(domain, its)?,
            profile,
        ))
    };
    kinds
        .map(Ok)
        .reduce(|all: Result<_>, kind| one(all?, kind?))
        .transpose()?;
    let own = [
        Field::new(ROWS, DataType::Int64, true),
        Field::new(NULLS, DataType::Int64, true),
        Field::new(USERS, DataType::Int64, true),
        Field::new(REGISTERS, DataType::Binary, true),
        Field::new(SAMPLE, DataType::Binary, true),
    ];
    let fields = segments.fields().iter().cloned();
    let fields: Vec<FieldRef> = fields.chain(own.map(Arc::new)).collect();
    Ok(TableBatches {
        table,
        users,
        schema: Arc::new(Schema::new(fields)),
        spelling: false,
        next: 0,
    })
}

impl TableBatches<'_> {
    /// With a column of what is known of spellings, if anything is: integers have but one.
    fn with_spelling(mut self) -> Self {
        let is_keyed = |sketch: &&Sketch| matches!(sketch.hash(), HashScheme::Keyed(_));
        let open = self
            .table
            .values()
            .iter()
            .filter(|sketch| !is_keyed(sketch));
        let mut spellings = open.filter_map(Sketch::spelling);
        self.spelling = spellings.any(|spelling| !spelling.is_empty());
        if self.spelling {
            let own = Arc::new(Field::new(SPELLING, DataType::Binary, true));
            let fields = self.schema.fields().iter().cloned();
            self.schema = Arc::new(Schema::new(fields.chain([own]).collect::<Vec<_>>()));
        }
        self
    }

    /// The schema of every batch.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

impl Iterator for TableBatches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let sketches = self.table.values();
        let rows = self.next..sketches.len().min(self.next + BATCH_ROWS);
        if rows.is_empty() {
            return None;
        }
        self.next = rows.end;
        let mut columns = self
            .table
            .columns()
            .slice(rows.start, rows.len())
            .columns()
            .to_vec();
        columns.extend(own_columns(
            &sketches[rows.clone()],
            &self.users[rows.clone()],
        ));
        if self.spelling {
            columns.push(blobs(&sketches[rows], spelling_blob));
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns);
        Some(batch.map_err(|e| Error::new(ErrorKind::Internal, e.to_string())))
    }
}

/// The sketches in record batches of a sketch table; `images` as in [`read_table`].
///
/// # Errors
/// Those of [`read_table`].
pub fn read_batches(batches: &[RecordBatch], images: &ImageColumns) -> Result<SketchTable> {
    let mut parts = Vec::with_capacity(batches.len());
    let mut row = 0;
    for batch in batches {
        parts.push(read_part(batch, row, images)?);
        row += batch.num_rows();
    }
    join(parts)
}

fn write_error(error: &parquet::errors::ParquetError) -> Error {
    Error::new(ErrorKind::Output, format!("can't be written: {error}"))
}

/// Blobs are neither compressed nor in a dictionary nor in statistics: they are dense already.
fn properties(sketches: &[Sketch], notes: &FileNotes) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_key_value_metadata(Some(metadata(sketches, notes)));
    for name in [REGISTERS, SAMPLE, SPELLING] {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    properties.build()
}

fn own_columns(sketches: &[Sketch], users: &[f64]) -> [ArrayRef; 5] {
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let tallies = || sketches.iter().map(Sketch::tally);
    let rows: Int64Array = tallies().map(|tally| Some(whole(tally?.rows))).collect();
    let nulls: Int64Array = tallies().map(|tally| Some(whole(tally?.nulls))).collect();
    let users: Int64Array = users
        .iter()
        .map(|users| Some(users.round() as i64))
        .collect();
    [
        Arc::new(rows),
        Arc::new(nulls),
        Arc::new(users),
        blobs(sketches, registers_blob),
        blobs(sketches, sample_blob),
    ]
}

/// A column of blobs.
fn blobs(sketches: &[Sketch], blob: fn(&Sketch) -> Option<Vec<u8>>) -> ArrayRef {
    let mut column = BinaryBuilder::new();
    for sketch in sketches {
        column.append_option(blob(sketch));
    }
    Arc::new(column.finish())
}

/// Reads a table of sketches. Columns that it doesn't know are segment columns; nested ones are left
/// out.
///
/// # Errors
/// [`ErrorKind::Input`] with row group or row if it isn't a readable sketch table.
pub fn read_table(
    source: impl ChunkReader + 'static,
    images: &ImageColumns,
) -> Result<SketchTable> {
    let corrupt = |e: &dyn std::fmt::Display| Error::input(format!("corrupt or unsupported: {e}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(source).map_err(|e| corrupt(&e))?;
    if images.named().next().is_none() && !is_sketch_table(builder.parquet_schema(), images) {
        return Err(Error::input("holds data, not sketches").hint([
            "overlap sketch makes them; ".into(),
            Setting::ThetaColumn.into(),
            " and ".into(),
            Setting::HllColumn.into(),
            " name columns of images".into(),
        ]));
    }
    let fields = builder.schema().fields().iter().enumerate();
    let flat = fields.filter(|(_, field)| !field.data_type().is_nested());
    let roots: Vec<usize> = flat.map(|(root, _)| root).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    let reader = reader.build().map_err(|e| corrupt(&e))?;
    // A table of no rows has columns all the same.
    let mut parts = vec![read_part(
        &RecordBatch::new_empty(reader.schema()),
        0,
        images,
    )?];
    let mut row = 0;
    for batch in reader {
        let batch = batch.map_err(|e| corrupt(&e))?;
        parts.push(read_part(&batch, row, images)?);
        row += batch.num_rows();
    }
    join(parts)
}

/// The sketches of one batch, whose first row is row `first` of the table.
fn read_part(batch: &RecordBatch, first: usize, images: &ImageColumns) -> Result<SketchTable> {
    match images.named().next() {
        None => read_blobs(batch, first),
        Some(_) => read_images(batch, first, images),
    }
}

/// The sketches of one batch of a table of ours.
fn read_blobs(batch: &RecordBatch, first: usize) -> Result<SketchTable> {
    let registers = binary(batch, REGISTERS)?;
    let sample = binary(batch, SAMPLE)?;
    let spelling = match batch.column_by_name(SPELLING) {
        Some(_) => Some(binary(batch, SPELLING)?),
        None => None,
    };
    let (rows, nulls) = (integers(batch, ROWS)?, integers(batch, NULLS)?);
    let sketch = |row: usize| {
        let tally = tally(rows.as_ref(), nulls.as_ref(), row)?;
        let sketch = decode(value(&registers, row), value(&sample, row), tally)?;
        let Some(spelling) = &spelling else {
            return Ok(sketch);
        };
        match value(spelling, row) {
            Some(blob) => decode_spelling(sketch, blob),
            // Beside others: a set without any.
            None => Ok(sketch.with_spelling(Some(Spelling::none()))),
        }
    };
    rows_of(batch, first, &OWN, sketch)
}

/// The sketches of one batch of a table of images.
fn read_images(batch: &RecordBatch, first: usize, images: &ImageColumns) -> Result<SketchTable> {
    let column = |name: &Option<String>| name.as_ref().map(|name| bytes(batch, name)).transpose();
    let (theta, hll) = (column(&images.theta)?, column(&images.hll)?);
    let sketch = |row: usize| {
        let theta = theta.as_ref().and_then(|column| value(column, row));
        let hll = hll.as_ref().and_then(|column| value(column, row));
        datasketches::decode_of(images.hash(), theta, hll)
    };
    let own: Vec<&str> = images.named().map(String::as_str).collect();
    rows_of(batch, first, &own, sketch)
}

/// A binary value, unless it is null.
fn value(column: &ArrayRef, row: usize) -> Option<&[u8]> {
    let column = column.as_binary::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

/// The sketch of every row of a batch beside the columns that aren't the table's `own`.
fn rows_of(
    batch: &RecordBatch,
    first: usize,
    own: &[&str],
    sketch: impl Fn(usize) -> Result<Sketch>,
) -> Result<SketchTable> {
    let sketch = |row: usize| sketch(row).map_err(|e| e.with("row", first + row));
    let sketches = (0..batch.num_rows()).map(sketch).collect::<Result<_>>()?;
    let schema = batch.schema();
    let segments = schema.fields().iter().zip(batch.columns());
    let segments = segments.filter(|(field, _)| !own.contains(&field.name().as_str()));
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = segments
        .map(|(f, c)| (Arc::clone(f), Arc::clone(c)))
        .unzip();
    Segments::new(fields, columns, sketches)
}

/// Batches of one schema as one table.
fn join(parts: Vec<SketchTable>) -> Result<SketchTable> {
    let internal = |e: arrow::error::ArrowError| Error::new(ErrorKind::Internal, e.to_string());
    let Some(schema) = parts.first().map(|part| part.columns().schema()) else {
        return Segments::new(Vec::new(), Vec::new(), Vec::new());
    };
    let mut columns = Vec::new();
    for column in 0..schema.fields().len() {
        let arrays: Vec<&dyn Array> = parts
            .iter()
            .map(|p| &**p.columns().column(column))
            .collect();
        columns.push(arrow::compute::concat(&arrays).map_err(internal)?);
    }
    let sketches = parts.into_iter().flat_map(Segments::into_values).collect();
    Segments::new(schema.fields().to_vec(), columns, sketches)
}

fn binary(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let column = batch.column_by_name(name);
    let column = column.ok_or_else(|| Error::input(format!("no column {name}")))?;
    match column.data_type() {
        DataType::Binary => Ok(Arc::clone(column)),
        DataType::LargeBinary | DataType::BinaryView => {
            cast(column, &DataType::Binary).map_err(|e| Error::input(format!("column {name}: {e}")))
        }
        other => Err(Error::input(format!(
            "column {name} is {other}, not binary"
        ))),
    }
}

/// Likewise, or of text, as its bytes.
fn bytes(batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let column = batch.column_by_name(name);
    match column.filter(|column| column.data_type().is_string()) {
        Some(text) => {
            cast(text, &DataType::Binary).map_err(|e| Error::input(format!("column {name}: {e}")))
        }
        None => binary(batch, name),
    }
}

/// A column of whole numbers, if it is there.
fn integers(batch: &RecordBatch, name: &str) -> Result<Option<Int64Array>> {
    let Some(column) = batch.column_by_name(name) else {
        return Ok(None);
    };
    if !column.data_type().is_integer() && *column.data_type() != DataType::Null {
        let found = column.data_type();
        return Err(Error::input(format!(
            "column {name} is {found}, not an integer"
        )));
    }
    let numbers =
        cast(column, &DataType::Int64).map_err(|e| Error::input(format!("column {name}: {e}")))?;
    Ok(Some(numbers.as_primitive::<Int64Type>().clone()))
}

fn tally(
    rows: Option<&Int64Array>,
    nulls: Option<&Int64Array>,
    row: usize,
) -> Result<Option<Tally>> {
    let value = |numbers: Option<&Int64Array>| {
        let numbers = numbers?;
        numbers.is_valid(row).then(|| numbers.value(row))
    };
    let (Some(rows), Some(nulls)) = (value(rows), value(nulls)) else {
        return Ok(None);
    };
    match (u64::try_from(rows), u64::try_from(nulls)) {
        (Ok(rows), Ok(nulls)) if nulls <= rows => Ok(Some(Tally { rows, nulls })),
        _ => Err(Error::input(format!(
            "corrupt: {rows} rows, {nulls} of them null"
        ))),
    }
}
