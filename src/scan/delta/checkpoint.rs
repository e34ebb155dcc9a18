//! Checkpoints in Parquet: the actions of a Delta log as rows.

use super::action::{Action, Add, COLUMN_MAPPING, Metadata, Protocol, partition_value};
use super::vector::Vector;
use crate::error::{Error, Result};
use crate::scan::parquet::read_parquet;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::path::Path;

/// The actions of a checkpoint, a part of one, or a sidecar.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't one.
pub(super) fn read(path: &Path) -> Result<Vec<Action>> {
    const WANTED: [&str; 10] = [
        "add.path",
        "add.partitionValues",
        "add.deletionVector",
        "protocol.minReaderVersion",
        "protocol.readerFeatures",
        "metaData.schemaString",
        "metaData.configuration",
        "sidecar.path",
        "sidecar.sizeInBytes",
        "checkpointMetadata",
    ];
    read_parquet(path, |source| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(source);
        let builder = builder.map_err(|e| corrupt(&e))?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), WANTED);
        let reader = builder.with_projection(mask).build();
        let mut actions = Vec::new();
        for batch in reader.map_err(|e| corrupt(&e))? {
            take_batch(&batch.map_err(|e| corrupt(&e))?, &mut actions)?;
        }
        Ok(actions)
    })
}

fn corrupt(what: &dyn std::fmt::Display) -> Error {
    Error::input(format!("corrupt checkpoint: {what}"))
}

fn take_batch(batch: &RecordBatch, actions: &mut Vec<Action>) -> Result<()> {
    let group = |name| batch.column_by_name(name).and_then(|of| of.as_struct_opt());
    let rows = |of: &StructArray| {
        (0..of.len())
            .filter(|&row| of.is_valid(row))
            .collect::<Vec<_>>()
    };
    if group("add").is_none() && group("sidecar").is_none() {
        return Err(corrupt(&"it lacks add"));
    }
    if let Some(add) = group("add") {
        take_adds(add, &rows(add), actions)?;
    }
    if let Some(sidecar) = group("sidecar") {
        let paths = Texts::of(sidecar, "path")?;
        for row in rows(sidecar) {
            actions.push(Action::Sidecar(paths.wanted(row)?));
        }
    }
    if let Some(protocol) = group("protocol") {
        let version = Texts::of(protocol, "minReaderVersion")?;
        let features = protocol.column_by_name("readerFeatures");
        let features = features.and_then(|of| of.as_list_opt::<i32>());
        for row in rows(protocol) {
            let features = features.filter(|of| of.is_valid(row));
            let features = features.map(|of| as_texts(&of.value(row))).transpose()?;
            let features = features.iter().flat_map(|of| of.iter().flatten());
            actions.push(Action::Protocol(Protocol {
                reader_version: version.number(row)?.ok_or_else(|| corrupt(&"no version"))?,
                features: features.map(str::to_owned).collect(),
            }));
        }
    }
    if let Some(metadata) = group("metaData") {
        let schema = Texts::of(metadata, "schemaString")?;
        for row in rows(metadata) {
            let properties = pairs(metadata, "configuration", row)?;
            let mut properties = properties.into_iter();
            let mapping = properties.find(|(name, _)| name == COLUMN_MAPPING);
            actions.push(Action::Metadata(Metadata {
                schema: schema.get(row),
                column_mapping: mapping.and_then(|(_, mode)| mode),
            }));
        }
    }
    Ok(())
}

fn take_adds(add: &StructArray, rows: &[usize], actions: &mut Vec<Action>) -> Result<()> {
    let path = Texts::of(add, "path")?;
    let vectors = add.column_by_name("deletionVector");
    let vectors = vectors.and_then(|vector| vector.as_struct_opt());
    let vectors = vectors.map(Vectors::of).transpose()?;
    for &row in rows {
        let partitions = pairs(add, "partitionValues", row)?.into_iter();
        let vector = vectors.as_ref().map(|vectors| vectors.get(row));
        actions.push(Action::Add(Add {
            path: path.wanted(row)?,
            partitions: partitions
                .map(|(name, value)| (name, partition_value(value)))
                .collect(),
            vector: vector.transpose()?.flatten(),
        }));
    }
    Ok(())
}

/// The deletion vectors of a batch, a column each of their fields.
struct Vectors<'a> {
    of: &'a StructArray,
    fields: [Texts; 5],
}

impl<'a> Vectors<'a> {
    fn of(of: &'a StructArray) -> Result<Self> {
        let field = |name| Texts::of(of, name);
        let fields = [
            field("storageType")?,
            field("pathOrInlineDv")?,
            field("offset")?,
            field("sizeInBytes")?,
            field("cardinality")?,
        ];
        Ok(Self { of, fields })
    }

    fn get(&self, row: usize) -> Result<Option<Vector>> {
        if self.of.is_null(row) {
            return Ok(None);
        }
        let [storage, place, offset, bytes, rows] = &self.fields;
        let lacks = || corrupt(&"a deletion vector without its size");
        Ok(Some(Vector {
            storage: storage.wanted(row)?,
            place: place.wanted(row)?,
            offset: offset.number(row)?,
            bytes: bytes.number(row)?.ok_or_else(lacks)?,
            rows: rows.number(row)?.ok_or_else(lacks)?,
        }))
    }
}

/// A column of a struct as text; one that isn't there is all null.
struct Texts(&'static str, Option<StringArray>);

impl Texts {
    fn of(of: &StructArray, name: &'static str) -> Result<Self> {
        let column = of.column_by_name(name).map(as_texts);
        Ok(Self(name, column.transpose()?))
    }

    fn get(&self, row: usize) -> Option<String> {
        let column = self.1.as_ref().filter(|column| column.is_valid(row));
        column.map(|column| column.value(row).to_owned())
    }

    fn wanted(&self, row: usize) -> Result<String> {
        let lacks = || corrupt(&format!("a row without {}", self.0));
        self.get(row).ok_or_else(lacks)
    }

    fn number(&self, row: usize) -> Result<Option<u64>> {
        let number = self.get(row).map(|text| text.parse());
        number
            .transpose()
            .map_err(|_| corrupt(&format!("{} is no number", self.0)))
    }
}

fn as_texts(array: &ArrayRef) -> Result<StringArray> {
    let array = cast(array, &DataType::Utf8).map_err(|e| corrupt(&e))?;
    Ok(array.as_string::<i32>().clone())
}

/// The entries of a map of texts.
fn pairs(of: &StructArray, name: &str, row: usize) -> Result<Vec<(String, Option<String>)>> {
    let map = of.column_by_name(name).and_then(|of| of.as_map_opt());
    let Some(entries) = map.filter(|of| of.is_valid(row)).map(|of| of.value(row)) else {
        return Ok(Vec::new());
    };
    let (keys, values) = (as_texts(entries.column(0))?, as_texts(entries.column(1))?);
    let pairs = keys.iter().zip(values.iter());
    let pairs = pairs.filter_map(|(key, value)| Some((key?.to_owned(), value.map(str::to_owned))));
    Ok(pairs.collect())
}
