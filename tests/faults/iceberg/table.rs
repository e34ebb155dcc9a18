//! Writes the metadata of an Iceberg table piece by piece, and asks the program about the table.

use crate::harness::{Folder, overlap, users_of_sides};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// Where the table says that it is; it was copied from there.
pub const LOCATION: &str = "s3://warehouse/n/t";

/// A number of Avro.
fn long(value: i64) -> Vec<u8> {
    let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    while zigzag >= 0x80 {
        bytes.push(u8::try_from(zigzag & 0x7f).unwrap() | 0x80);
        zigzag >>= 7;
    }
    bytes.push(u8::try_from(zigzag).unwrap());
    bytes
}

/// A text of Avro.
fn text(value: &str) -> Vec<u8> {
    [long(value.len() as i64), value.as_bytes().to_vec()].concat()
}

/// A container file of one block.
fn avro(schema: &Value, properties: &[(&str, &str)], records: &[Vec<u8>]) -> Vec<u8> {
    let schema = schema.to_string();
    let mut file = b"Obj\x01".to_vec();
    file.extend(long(properties.len() as i64 + 1));
    for (name, value) in properties.iter().chain(&[("avro.schema", &*schema)]) {
        file.extend([text(name), text(value)].concat());
    }
    file.extend(long(0));
    file.extend([7; 16]);
    if !records.is_empty() {
        file.extend(long(records.len() as i64));
        file.extend(long(records.concat().len() as i64));
        file.extend(records.concat());
        file.extend([7; 16]);
    }
    file
}

fn field(id: i64, name: &str, of: &Value) -> Value {
    json!({"field-id": id, "name": name, "type": of})
}

/// A file of a manifest.
#[derive(Clone)]
pub struct Entry {
    pub status: i64,
    pub content: i64,
    pub path: String,
    pub format: &'static str,
    pub tier: Option<&'static str>,
    pub rows: i64,
}

/// An existing Parquet file of the table.
pub fn entry(path: &str, rows: i64) -> Entry {
    Entry {
        status: 0,
        content: 0,
        path: format!("{LOCATION}/{path}"),
        format: "PARQUET",
        tier: None,
        rows,
    }
}

/// A table whose metadata is written piece by piece; of its two columns `tier` is its partition.
pub struct Table(pub Folder);

impl Table {
    pub fn new() -> Self {
        Self(Folder::new())
    }

    pub fn root(&self) -> String {
        self.0.path("table").display().to_string()
    }

    /// A file of these columns, each with its field ID.
    pub fn file(&self, path: &str, columns: &[(&str, Option<i32>, ArrayRef)]) {
        let field = |(name, id, array): &(&str, Option<i32>, ArrayRef)| {
            let id = id.map(|id| ("PARQUET:field_id".to_owned(), id.to_string()));
            let field = Field::new(*name, array.data_type().clone(), true);
            field.with_metadata(HashMap::from_iter(id))
        };
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        let arrays = columns.iter().map(|(.., array)| Arc::clone(array));
        let batch = RecordBatch::try_new(Arc::new(schema), arrays.collect()).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        self.0.bytes(&format!("table/{path}"), &bytes);
    }

    /// A file of these users, in the columns of the table.
    pub fn users(&self, path: &str, users: std::ops::Range<i64>) {
        let tiers = users.clone().map(|user| ["a", "b"][(user % 2) as usize]);
        let tiers: ArrayRef = Arc::new(StringArray::from_iter_values(tiers));
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(users));
        self.file(path, &[("user_id", Some(1), ids), ("tier", Some(2), tiers)]);
    }

    pub fn manifest(&self, name: &str, entries: &[Entry]) {
        let partition = field(1000, "tier", &json!(["null", "string"]));
        let file = json!({"type": "record", "name": "r2", "fields": [
            field(134, "content", &json!("int")), field(100, "file_path", &json!("string")),
            field(101, "file_format", &json!("string")),
            field(102, "partition", &json!({"type": "record", "name": "r102", "fields": [partition]})),
            field(103, "record_count", &json!("long"))]});
        let schema = json!({"type": "record", "name": "manifest_entry", "fields": [
            field(0, "status", &json!("int")), field(2, "data_file", &file)]});
        let record = |entry: &Entry| {
            let tier = entry.tier.map(|tier| [long(1), text(tier)].concat());
            let tier = tier.unwrap_or_else(|| long(0));
            let (path, format) = (text(&entry.path), text(entry.format));
            let (status, content) = (long(entry.status), long(entry.content));
            [status, content, path, format, tier, long(entry.rows)].concat()
        };
        let records: Vec<_> = entries.iter().map(record).collect();
        let bytes = avro(&schema, &[("partition-spec-id", "0")], &records);
        self.0.bytes(&format!("table/metadata/{name}"), &bytes);
    }

    /// A list of manifests, each with the number of live files that it says there are.
    pub fn list(&self, name: &str, manifests: &[(&str, i64)]) {
        let schema = json!({"type": "record", "name": "manifest_file", "fields": [
            field(500, "manifest_path", &json!("string")),
            field(502, "partition_spec_id", &json!("int")),
            field(504, "added_files_count", &json!("int")),
            field(505, "existing_files_count", &json!("int"))]});
        let record = |(manifest, live): &(&str, i64)| {
            let path = text(&format!("{LOCATION}/metadata/{manifest}"));
            [path, long(0), long(0), long(*live)].concat()
        };
        let records: Vec<_> = manifests.iter().map(record).collect();
        let bytes = avro(&schema, &[], &records);
        self.0.bytes(&format!("table/metadata/{name}"), &bytes);
    }

    /// The metadata of a version, whose current snapshot is the last of these: its ID and its list.
    pub fn metadata(&self, version: u64, snapshots: &[(i64, &str)], change: &[(&str, Value)]) {
        let snapshot = |(id, list): &(i64, &str)| {
            json!({"snapshot-id": id, "timestamp-ms": id * 86_400_000, "schema-id": 0,
                "manifest-list": format!("{LOCATION}/metadata/{list}")})
        };
        let log =
            |(id, _): &(i64, &str)| json!({"snapshot-id": id, "timestamp-ms": id * 86_400_000});
        let column = |id: i32, name: &str, of: &str| json!({"id": id, "name": name, "type": of, "required": false});
        let mut metadata = json!({
            "format-version": 2, "location": LOCATION, "last-updated-ms": version,
            "schemas": [{"schema-id": 0, "type": "struct", "fields": [
                column(1, "user_id", "long"), column(2, "tier", "string")]}],
            "current-schema-id": 0,
            "partition-specs": [{"spec-id": 0, "fields": [
                {"source-id": 2, "field-id": 1000, "transform": "identity", "name": "tier"}]}],
            "snapshots": snapshots.iter().map(snapshot).collect::<Vec<_>>(),
            "snapshot-log": snapshots.iter().map(log).collect::<Vec<_>>(),
            "current-snapshot-id": snapshots.last().map(|(id, _)| id),
        });
        for (name, value) in change {
            metadata[name] = value.clone();
        }
        let name = format!("table/metadata/v{version}.metadata.json");
        self.0.bytes(&name, metadata.to_string().as_bytes());
    }

    /// A table of these live files in one manifest.
    pub fn holds(&self, entries: &[Entry], change: &[(&str, Value)]) {
        let live = entries.iter().filter(|entry| entry.status != 2).count();
        self.manifest("m.avro", entries);
        self.list("list.avro", &[("m.avro", live as i64)]);
        self.metadata(1, &[(1, "list.avro")], change);
    }

    pub fn ask(&self, words: &str) -> Value {
        let words = words.replace("{}", &self.root());
        let words: Vec<&str> = words.split(' ').chain(["--format", "json"]).collect();
        overlap(&words).json()
    }

    /// Users, rows, and how many paths were passed over.
    pub fn exact(&self, words: &str) -> (u64, u64, usize) {
        let side = &self.ask(&format!("exact {words}"))["sides"][0];
        let number = |value: &Value| value.as_u64().unwrap();
        let passed_over = side["passed_over"].as_array().unwrap().len();
        (
            number(&side["users"]["value"]),
            number(&side["rows"]),
            passed_over,
        )
    }

    /// The names and users of a side's segments.
    pub fn segments(&self, words: &str) -> Vec<(String, u64)> {
        let segments = users_of_sides(&self.ask(&format!("matrix {words}")));
        let bare = |name: String| name.rsplit('/').next().unwrap().to_owned();
        let segments = segments.into_iter();
        segments.map(|(name, users)| (bare(name), users)).collect()
    }

    #[track_caller]
    pub fn refused(&self, words: &str, code: i32, says: &[&str]) {
        let words = words.replace("{}", &self.root());
        overlap(&words.split(' ').collect::<Vec<_>>()).fails(code, says);
    }
}
