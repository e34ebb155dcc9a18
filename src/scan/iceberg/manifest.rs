//! Manifests: which files a snapshot holds, and the lists of them.
//!
//! Both are Avro files, whose fields are known by their IDs. Files of deleted rows are refused by name.

use super::avro::{self, Header, Schema, Value};
use super::metadata::PartitionField;
use crate::error::{Error, Result};
use std::path::Path;

/// A manifest as a list of them has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) path: String,
    /// How its files are partitioned.
    pub(super) spec: Option<i64>,
    /// How many live files it names, if the list says so.
    pub(super) live: Option<i64>,
}

/// A live data file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DataFile {
    pub(super) path: String,
    pub(super) rows: u64,
    /// The values of its partition, with their field IDs.
    pub(super) partition: Vec<(Option<i64>, Value)>,
}

/// What a manifest says.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) files: Vec<DataFile>,
    /// How they are partitioned.
    pub(super) spec: Option<i64>,
    /// That spec, for tables that have forgotten it.
    pub(super) fields: Option<Vec<PartitionField>>,
}

/// The way out of a table with files of deleted rows, as part of a message.
const REWRITE: &str = "rewrite its data files first, such as by rewrite_data_files in Spark with delete-file-threshold 1";

/// The manifests of a list.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be read or is none.
pub(super) fn read_list(path: &Path) -> Result<Vec<Manifest>> {
    let mut manifests = Vec::new();
    avro::read(path, |header, row| {
        let field = |id, name| header.schema.field(row, id, name);
        let long = |id, name| field(id, name).and_then(Value::long);
        if field(519, "key_metadata").is_some_and(|key| !key.is_null()) {
            return Err(Error::input("names an encrypted manifest"));
        }
        let (added, existing) = (
            long(504, "added_files_count"),
            long(505, "existing_files_count"),
        );
        manifests.push(Manifest {
            path: wanted(&header.schema, row, 500, "manifest_path")?,
            spec: long(502, "partition_spec_id"),
            live: added
                .zip(existing)
                .map(|(added, existing)| added + existing),
        });
        Ok(())
    })?;
    Ok(manifests)
}

/// The live data files of a manifest.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be read or is none, if it names files that aren't Parquet or
/// files of deleted rows, or fewer or more files than `manifest` says.
pub(super) fn read(path: &Path, manifest: &Manifest) -> Result<Contents> {
    let mut files = Vec::new();
    let header = avro::read(path, |header, row| {
        files.extend(live_file(header, row)?);
        Ok(())
    })?;
    match manifest.live {
        Some(live) if usize::try_from(live) != Ok(files.len()) => Err(Error::input(format!(
            "names {} live files, but the list of manifests says {live}",
            files.len()
        ))),
        _ => {
            let property = |name| header.properties.get(name).map(Vec::as_slice);
            let spec = property("partition-spec-id").and_then(|of| serde_json::from_slice(of).ok());
            let fields = property("partition-spec").and_then(|of| serde_json::from_slice(of).ok());
            Ok(Contents {
                files,
                spec: manifest.spec.or(spec),
                fields,
            })
        }
    }
}

/// The data file of an entry, if it is live.
fn live_file(header: &Header, row: &Value) -> Result<Option<DataFile>> {
    /// Of an entry that takes its file out of the table.
    const DELETED: i64 = 2;
    let schema = &header.schema;
    let lacks = |what: &str| Error::input(format!("holds an entry without {what}"));
    let status = schema.field(row, 0, "status").and_then(Value::long);
    match status {
        Some(0 | 1) => {}
        Some(DELETED) => return Ok(None),
        _ => return Err(lacks("a status that is known")),
    }
    let file = schema
        .field(row, 2, "data_file")
        .ok_or_else(|| lacks("a file"))?;
    let format = wanted(schema, file, 101, "file_format")?.to_lowercase();
    let content = schema.field(file, 134, "content").and_then(Value::long);
    let refused = match (content.unwrap_or(0), &*format) {
        (0, "parquet") => None,
        (0, other) => Some(format!("data files of {other}, and only Parquet is read")),
        (1, "puffin") => Some(format!("deletion vectors, which aren't read: {REWRITE}")),
        (1, _) => Some(format!(
            "position delete files, which aren't read: {REWRITE}"
        )),
        (2, _) => Some(format!(
            "equality delete files, which aren't read: {REWRITE}"
        )),
        (other, _) => Some(format!("files of an unknown content, {other}")),
    };
    if let Some(refused) = refused {
        return Err(Error::input(format!("names {refused}")));
    }
    if schema
        .field(file, 131, "key_metadata")
        .is_some_and(|key| !key.is_null())
    {
        return Err(Error::input("names an encrypted data file"));
    }
    let rows = schema
        .field(file, 103, "record_count")
        .and_then(Value::long);
    let rows = rows.and_then(|rows| u64::try_from(rows).ok());
    let partition = schema.field(file, 102, "partition");
    let partition = partition.into_iter().flat_map(|of| schema.fields(of));
    Ok(Some(DataFile {
        path: wanted(schema, file, 100, "file_path")?,
        rows: rows.ok_or_else(|| lacks("a number of rows"))?,
        partition: partition.map(|(id, value)| (id, value.clone())).collect(),
    }))
}

fn wanted(schema: &Schema, row: &Value, id: i64, name: &str) -> Result<String> {
    let text = schema.field(row, id, name).and_then(Value::text);
    let lacks = || Error::input(format!("holds an entry without {name}"));
    text.map(str::to_owned).ok_or_else(lacks)
}
