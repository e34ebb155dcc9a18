//! Rows 110 to 115: what the log of a Delta table says of its files.

use crate::harness::{Folder, overlap, users_of_sides};
use arrow::array::{
    ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray, new_null_array,
};
use arrow::datatypes::{DataType, Field, Fields};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use roaring::RoaringTreemap;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

const PROTOCOL: &str = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors","columnMapping","v2Checkpoint"]}}"#;

/// A table whose log is written line by line.
struct Table(Folder);

impl Table {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn root(&self) -> String {
        self.0.path("table").display().to_string()
    }

    fn commit(&self, version: u64, lines: &[String]) {
        let name = format!("table/_delta_log/{version:020}.json");
        self.0.bytes(&name, (lines.join("\n") + "\n").as_bytes());
    }

    /// A file of these users, one a row; every hundredth is null. Row groups have 100 rows.
    fn users(&self, name: &str, users: std::ops::Range<i64>) {
        let ids: Vec<_> = users.map(|id| (id % 100 != 99).then_some(id)).collect();
        let tiers = (0..ids.len()).map(|row| ["a", "b"][row % 2]);
        let tiers: ArrayRef = Arc::new(StringArray::from_iter_values(tiers));
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(100));
        let columns = [
            ("user_id", Arc::new(Int64Array::from(ids)) as ArrayRef),
            ("tier", tiers),
        ];
        self.0
            .batch(&format!("table/{name}"), &columns, properties.build());
    }

    /// A file of deletion vectors, each at its offset, which the log wants.
    fn vectors(&self, vectors: &[RoaringTreemap]) -> Vec<Value> {
        let mut file = vec![1];
        let mut places = Vec::new();
        for vector in vectors {
            let mut bytes = 1_681_511_377_u32.to_le_bytes().to_vec();
            vector.serialize_into(&mut bytes).unwrap();
            places.push(json!({
                "storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^",
                "offset": file.len(), "sizeInBytes": bytes.len(), "cardinality": vector.len(),
            }));
            file.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            file.extend(&bytes);
            file.extend(crc32fast::hash(&bytes).to_be_bytes());
        }
        self.0.bytes(&format!("table/{VECTOR_FILE}"), &file);
        places
    }

    fn ask(&self, words: &str) -> Value {
        let words = words.replace("{}", &self.root());
        let words: Vec<&str> = words.split(' ').chain(["--format", "json"]).collect();
        overlap(&words).json()
    }

    fn exact(&self, words: &str) -> (u64, u64, u64) {
        let side = &self.ask(&format!("exact {words}"))["sides"][0];
        let number = |value: &Value| value.as_u64().unwrap();
        (
            number(&side["users"]["value"]),
            number(&side["rows"]),
            number(&side["nulls"]),
        )
    }

    #[track_caller]
    fn refused(&self, words: &str, code: i32, says: &[&str]) {
        let words = words.replace("{}", &self.root());
        overlap(&words.split(' ').collect::<Vec<_>>()).fails(code, says);
    }
}

const VECTOR_FILE: &str = "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";

fn add(path: &str) -> Value {
    json!({"add": {"path": path, "partitionValues": {}, "size": 1, "dataChange": true}})
}

fn add_without(path: &str, vector: &Value) -> String {
    let mut add = add(path);
    add["add"]["deletionVector"] = vector.clone();
    add.to_string()
}

/// The rows that are deleted of the first file: all of a row group, some of others, nulls among them.
fn deleted() -> RoaringTreemap {
    (100..200).chain([0, 99, 205, 999]).collect()
}

#[test]
fn row_110_rows_that_a_deletion_vector_deletes_are_not_counted() {
    let table = Table::new();
    table.users("a.parquet", 0..1_000);
    table.users("b.parquet", 900..1_100);
    let vectors = table.vectors(&[[5].into_iter().collect(), deleted()]);
    let first = [
        PROTOCOL.to_owned(),
        add("a.parquet").to_string(),
        add("b.parquet").to_string(),
    ];
    table.commit(0, &first);
    // 1,089 of 1,100 users, as one of a hundred is null; both files hold 900 to 999.
    assert_eq!(table.exact("{}"), (1_089, 1_200, 12));
    let again = [
        json!({"remove": {"path": "a.parquet", "deletionTimestamp": 1}}).to_string(),
        add_without("a.parquet", &vectors[1]),
    ];
    table.commit(1, &again);
    // 99 users of a whole row group, 0 and 205; the rows 99 and 999 hold null.
    let left = (1_089 - 99 - 2, 1_200 - 104, 12 - 3);
    assert_eq!(table.exact("{}"), left);
    assert_eq!(table.exact("{} --threads 1"), left);
    assert_eq!(table.exact("{} --as string"), left);
    assert_eq!(
        table.exact("{}/a.parquet"),
        (990 - 99 - 2, 1_000 - 104, 10 - 3)
    );
    assert_eq!(table.exact("{}/*.parquet --as-of 0"), (1_089, 1_200, 12));
    assert_eq!(table.exact("{} --files"), (1_089, 1_200, 12));
    // Of the even rows, which are the tier a, 51 are deleted, and both files hold 50.
    assert_eq!(table.exact("{} --where tier='a'"), (499, 549, 0));
    let estimate = table.ask("estimate {}");
    assert_eq!(estimate["sides"][0]["rows"], left.1);
    assert_eq!(estimate["sides"][0]["nulls"], left.2);
    assert_eq!(estimate["warnings"], json!([]));
    // Of rows 0 to 999 of the tier a (even rows) 50 + 1 are deleted: 500 - 51 users; b adds 1000 to 1099.
    let matrix = table.ask("matrix {} --by tier");
    let users: Vec<u64> = (matrix["sides"].as_array().unwrap().iter())
        .map(|side| side["users"]["value"].as_f64().unwrap().round() as u64)
        .collect();
    assert_eq!(users, [550 - 51, 539 - 50]);
    // The same vector, named by its path: a URL, or one of the file system.
    let path = table.0.path(&format!("table/{VECTOR_FILE}"));
    let path = path.canonicalize().unwrap().display().to_string();
    for path in [format!("file://{path}"), path] {
        let mut absolute = vectors[1].clone();
        absolute["storageType"] = json!("p");
        absolute["pathOrInlineDv"] = json!(path);
        let lines = [
            json!({"remove": {"path": "a.parquet"}}).to_string(),
            add_without("a.parquet", &absolute),
        ];
        table.commit(1, &lines);
        assert_eq!(table.exact("{}"), left);
    }
    table.commit(1, &again);
    // A vector that replaces another.
    let last = [
        json!({"remove": {"path": "a.parquet", "deletionVector": vectors[1]}}).to_string(),
        add_without("a.parquet", &vectors[0]),
    ];
    table.commit(2, &last);
    assert_eq!(table.exact("{}"), (1_088, 1_199, 12));
}

#[test]
fn row_111_a_deletion_vector_that_is_not_what_the_log_says_is_refused() {
    let table = Table::new();
    table.users("a.parquet", 0..1_000);
    let [vector, beyond] = &table.vectors(&[deleted(), [1_000].into_iter().collect()])[..] else {
        unreachable!("two vectors");
    };
    let path = table.0.path(&format!("table/{VECTOR_FILE}"));
    let bytes = std::fs::read(&path).unwrap();
    let with = |vector: &Value| {
        table.commit(0, &[PROTOCOL.to_owned(), add_without("a.parquet", vector)]);
    };
    with(beyond);
    table.refused("exact {}", 3, &["a.parquet", "beyond its 1000 rows"]);
    let mut other = vector.clone();
    other["cardinality"] = json!(3);
    with(&other);
    table.refused("exact {}", 3, &["deletes 104 rows, not 3", "--files"]);
    with(vector);
    for (at, says) in [(0, "unknown version"), (4, "bytes long"), (60, "checksum")] {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        table.refused(
            "exact {}",
            3,
            &[says, "deletion_vector_d2c639aa", "--files"],
        );
    }
    std::fs::write(&path, &bytes[..40]).unwrap();
    table.refused("exact {}", 3, &["cut short"]);
    std::fs::remove_file(&path).unwrap();
    table.refused("exact {}", 3, &["is missing"]);
}

/// The metadata of a table of two columns, `user_id` and `day`, which its files call otherwise.
fn mapped(mode: &str) -> String {
    let field = |name: &str, id: i32, stored: &str| {
        json!({"name": name, "type": "long", "nullable": true, "metadata": {
            "delta.columnMapping.id": id, "delta.columnMapping.physicalName": stored}})
    };
    let fields = [
        field("user_id", 1, "col-1"),
        field("day", 2, "col-2"),
        field("tier", 3, "tier"),
    ];
    let schema = json!({"type": "struct", "fields": fields}).to_string();
    json!({"metaData": {"schemaString": schema, "partitionColumns": ["day"],
        "configuration": {"delta.columnMapping.mode": mode}}})
    .to_string()
}

#[test]
fn row_112_columns_are_called_as_the_table_calls_them_and_dropped_ones_are_not_read() {
    for mode in ["name", "id"] {
        let table = Table::new();
        let field = |name: &str, id: i32, data: DataType| {
            let id = HashMap::from([("PARQUET:field_id".to_owned(), id.to_string())]);
            Field::new(name, data, true).with_metadata(id)
        };
        // The file holds a column that was dropped and called as another one is now.
        let schema = arrow::datatypes::Schema::new(vec![
            field("user_id", 9, DataType::Int64),
            field("col-1", 1, DataType::Int64),
            field("tier", 3, DataType::Utf8),
        ]);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![7; 300])),
            Arc::new(Int64Array::from_iter_values(0..300)),
            Arc::new(StringArray::from_iter_values(
                (0..300).map(|row| ["a", "b"][row % 2]),
            )),
        ];
        let batch = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        table.0.bytes("table/Xy/a.parquet", &bytes);
        table.0.bytes("table/day=9/b.parquet", &bytes);
        let vector = table.vectors(&[[0, 1, 2].into_iter().collect()]).remove(0);
        let mut a = add("Xy/a.parquet");
        a["add"]["partitionValues"] = json!({"col-2": "1"});
        a["add"]["deletionVector"] = vector;
        let mut b = add("day=9/b.parquet");
        b["add"]["partitionValues"] = json!({"col-2": ""});
        table.commit(
            0,
            &[
                PROTOCOL.to_owned(),
                mapped(mode),
                a.to_string(),
                b.to_string(),
            ],
        );
        let report = table.ask("exact {}");
        assert_eq!(report["sides"][0]["column"], "user_id", "{mode}");
        assert_eq!(report["union"]["value"], 300, "{mode}");
        assert_eq!(report["sides"][0]["rows"], 597, "{mode}");
        let by_day: Vec<u64> = users_of_sides(&table.ask("matrix {} --by day"))
            .into_iter()
            .map(|(_, n)| n)
            .collect();
        assert_eq!(by_day, [300, 297], "{mode}: null, then 1");
        let by_tier: Vec<u64> = users_of_sides(&table.ask("matrix {} --by tier"))
            .into_iter()
            .map(|(_, n)| n)
            .collect();
        assert_eq!(by_tier, [150, 150], "{mode}");
        table.refused("exact {} --id col-1", 2, &["no column col-1"]);
    }
    let table = Table::new();
    table.users("a.parquet", 0..10);
    table.commit(
        0,
        &[
            PROTOCOL.to_owned(),
            mapped("colour"),
            add("a.parquet").to_string(),
        ],
    );
    table.refused("exact {}", 3, &["column mapping of mode colour", "--files"]);
}

#[test]
fn row_113_the_values_of_partitions_are_those_of_the_log() {
    let table = Table::new();
    for (name, users) in [("p0/a.parquet", 0..100), ("day=9/b.parquet", 100..300)] {
        table.users(name, users);
    }
    let with = |path: &str, day: &str| {
        let mut add = add(path);
        add["add"]["partitionValues"] = json!({"day": day});
        add.to_string()
    };
    table.commit(
        0,
        &[
            PROTOCOL.to_owned(),
            with("p0/a.parquet", "1"),
            with("day=9/b.parquet", "2"),
        ],
    );
    let matrix = table.ask("matrix {} --by day");
    let names: Vec<&str> = (matrix["sides"].as_array().unwrap().iter())
        .map(|side| side["name"].as_str().unwrap())
        .collect();
    assert!(
        names[0].ends_with('1') && names[1].ends_with('2'),
        "{names:?}"
    );
}

#[test]
fn row_113_values_of_partitions_are_text_where_the_tables_schema_says_so() {
    let table = Table::new();
    table.users("a.parquet", 0..100);
    table.users("b.parquet", 100..300);
    for (of, segments) in [("string", 2), ("integer", 1)] {
        let field = json!({"name": "class", "type": of, "nullable": true, "metadata": {}});
        let schema = json!({"type": "struct", "fields": [field]}).to_string();
        let metadata = json!({"metaData": {"schemaString": schema, "configuration": {}}});
        let with = |path: &str, class: &str| {
            let mut add = add(path);
            add["add"]["partitionValues"] = json!({"class": class});
            add.to_string()
        };
        let lines = [
            PROTOCOL.to_owned(),
            metadata.to_string(),
            with("a.parquet", "01"),
            with("b.parquet", "1"),
        ];
        table.commit(0, &lines);
        let matrix = table.ask("matrix {} --by class");
        assert_eq!(matrix["sides"].as_array().unwrap().len(), segments, "{of}");
    }
}

#[test]
fn row_114_a_table_is_read_as_of_a_version_or_a_time() {
    let table = Table::new();
    for (name, users) in [("a.parquet", 0..100), ("b.parquet", 0..300)] {
        table.users(name, users);
    }
    let at = |time: &str| {
        let time = match overlap::AsOf::parse(time).unwrap() {
            overlap::AsOf::Time(time) => time,
            overlap::AsOf::Version(_) => unreachable!("a time"),
        };
        json!({"commitInfo": {"inCommitTimestamp": time}}).to_string()
    };
    let remove = json!({"remove": {"path": "a.parquet"}}).to_string();
    table.commit(
        0,
        &[
            at("2026-11-01"),
            PROTOCOL.to_owned(),
            add("a.parquet").to_string(),
        ],
    );
    table.commit(
        1,
        &[
            at("2026-11-02T12:00:00Z"),
            remove,
            add("b.parquet").to_string(),
        ],
    );
    let users = |as_of: &str| table.exact(&format!("{{}} --as-of {as_of}")).0;
    for first in [
        "0",
        "2026-11-01",
        "2026-11-02T11:59:59Z",
        "2026-11-02T12:30:00+01:00",
    ] {
        assert_eq!(users(first), 99, "{first}");
    }
    for second in ["1", "2026-11-02T12:00:00Z", "2027-01-01", "table=1"] {
        assert_eq!(users(second), 297, "{second}");
    }
    table.refused(
        "exact {} --as-of 2",
        2,
        &["--as-of", "no version 2: the newest is 1"],
    );
    table.refused("exact {} --as-of 2026-10-31", 2, &["doesn't go back"]);
    table.refused(
        "exact {} --as-of soon",
        2,
        &["\"soon\" is neither a version nor a time"],
    );
    table.refused("exact {} --as-of shop=1", 2, &["names a side shop"]);
    table.refused("exact {} --as-of 0 --files", 2, &["--files"]);
    table.refused("exact {}/b.parquet --as-of 0", 3, &["in that version"]);
    let plain = table
        .0
        .ids("plain.parquet", Arc::new(Int64Array::from(vec![1, 2])));
    let sides = format!("{{}} plain={plain}");
    table.refused(
        &format!("exact {sides} --as-of 0"),
        2,
        &["side plain is no table"],
    );
    assert_eq!(table.exact(&format!("{sides} --as-of table=0")).0, 99);
    std::fs::remove_file(table.0.path("table/a.parquet")).unwrap();
    assert_eq!(users("1"), 297);
    table.refused("exact {} --as-of 0", 3, &["live file a.parquet is missing"]);
}

/// A file of a checkpoint whose rows add these files.
fn adds(files: &[&str], vector: &Value) -> Vec<u8> {
    let paths: ArrayRef = Arc::new(StringArray::from(files.to_vec()));
    let text = |name: &str| -> ArrayRef {
        let text = vector[name].as_str().unwrap();
        Arc::new(StringArray::from_iter_values(files.iter().map(|_| text)))
    };
    let number = |name: &str| -> ArrayRef {
        let number = i32::try_from(vector[name].as_u64().unwrap()).unwrap();
        Arc::new(Int32Array::from(vec![number; files.len()]))
    };
    let names = [
        "storageType",
        "pathOrInlineDv",
        "offset",
        "sizeInBytes",
        "cardinality",
    ];
    let arrays: Vec<ArrayRef> = names
        .iter()
        .enumerate()
        .map(|(at, name)| if at < 2 { text(name) } else { number(name) })
        .collect();
    let fields = names.iter().zip(&arrays);
    let fields = fields.map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let vectors: ArrayRef = Arc::new(StructArray::new(fields.collect::<Fields>(), arrays, None));
    let fields = Fields::from(vec![
        Field::new("path", DataType::Utf8, true),
        Field::new("deletionVector", vectors.data_type().clone(), true),
    ]);
    let adds: ArrayRef = Arc::new(StructArray::new(fields, vec![paths, vectors], None));
    let rest = new_null_array(&DataType::Utf8, files.len());
    let batch = RecordBatch::try_from_iter_with_nullable([("add", adds, true), ("x", rest, true)]);
    let batch = batch.unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn row_115_checkpoints_of_version_2_name_the_files_that_hold_their_actions() {
    let table = Table::new();
    for (name, users) in [
        ("a.parquet", 0..100),
        ("b.parquet", 100..300),
        ("c.parquet", 300..400),
    ] {
        table.users(name, users);
    }
    let vector = table.vectors(&[[0, 1].into_iter().collect()]).remove(0);
    let sidecar = "table/_delta_log/_sidecars/one.parquet";
    table
        .0
        .bytes(sidecar, &adds(&["a.parquet", "b.parquet"], &vector));
    let checkpoint = [
        json!({"checkpointMetadata": {"version": 4}}).to_string(),
        PROTOCOL.to_owned(),
        json!({"sidecar": {"path": "one.parquet", "sizeInBytes": 1}}).to_string(),
    ];
    let name = "00000000000000000004.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json";
    let name = format!("table/_delta_log/{name}");
    table.0.bytes(&name, checkpoint.join("\n").as_bytes());
    table.commit(5, &[add("c.parquet").to_string()]);
    // Two rows of each of the first files are deleted, one of a hundred is null.
    assert_eq!(table.exact("{}"), (400 - 4 - 4, 400 - 4, 4));
    assert_eq!(table.exact("{} --as-of 4").1, 300 - 4);
    table.refused("exact {} --as-of 3", 3, &["lacks version 0"]);
    std::fs::remove_file(table.0.path(sidecar)).unwrap();
    table.refused("exact {}", 3, &["one.parquet", "no such file", "--files"]);
}
