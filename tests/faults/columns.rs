//! Which column holds the IDs?

use crate::harness::{Folder, count, overlap, users};
use arrow::array::{
    Array, ArrayRef, Int32Array, Int64Array, ListArray, NullBufferBuilder, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, Int64Type};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

fn integers(ids: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(ids))
}

#[test]
fn row_13_a_column_is_never_guessed() {
    let folder = Folder::new();
    let properties = WriterProperties::default;
    let upper = folder.batch("upper", &[("User_ID", integers(0..3))], properties());
    overlap(&["estimate", &upper]).fails(2, &["no column is called", "User_ID"]);
    overlap(&["estimate", &upper, "--id", "user_id"]).fails(2, &["near it is User_ID"]);
    overlap(&["estimate", &upper, "--id", "customer"]).fails(2, &["the columns are User_ID"]);
    let two = [("id", integers(0..5)), ("uid", integers(2..7))];
    let two = folder.batch("two", &two, properties());
    overlap(&["estimate", &two]).fails(2, &["any of id, uid"]);
    let report = overlap(&["estimate", &two, "--id", "uid", "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 5);
    let twins = folder.bytes(
        "twins",
        &schema_only("OPTIONAL INT64 user_id; OPTIONAL INT64 user_id;"),
    );
    for arguments in [
        vec!["estimate", &twins],
        vec!["estimate", &twins, "--id", "user_id"],
    ] {
        overlap(&arguments).fails(2, &["user_id"]);
    }
}

/// A file of these columns and no rows.
fn schema_only(columns: &str) -> Vec<u8> {
    let schema = parquet::schema::parser::parse_message_type(&format!("message m {{ {columns} }}"));
    let mut bytes = Vec::new();
    let schema = Arc::new(schema.unwrap());
    let writer =
        parquet::file::writer::SerializedFileWriter::new(&mut bytes, schema, Arc::default());
    writer.unwrap().close().unwrap();
    bytes
}

#[test]
fn row_42_ids_written_differently_are_other_users_and_that_is_said() {
    let folder = Folder::new();
    let side = |name: &str, id: fn(usize) -> String| {
        let ids: StringArray = (0..3_000).map(|i| Some(id(i))).collect();
        folder.ids(name, Arc::new(ids))
    };
    let plain = side("plain", |i| format!("user{i}@example.org"));
    let spellings: [fn(usize) -> String; 5] = [
        |i| format!("User{i}@Example.org"),
        |i| format!("user{i}@example.org "),
        |i| format!("00user{i}@example.org"),
        |i| format!("\u{feff}user{i}@example.org"),
        |i| format!("\"user{i}@example.org\""),
    ];
    for (i, spelling) in spellings.into_iter().enumerate() {
        let other = side(&format!("other{i}"), spelling);
        for command in ["estimate", "exact"] {
            let report = overlap(&[command, &plain, &other, "--format", "json"]).json();
            assert_eq!(users(&report, "/overlap"), 0, "{i}");
            let codes = report["warnings"].as_array().unwrap().iter();
            let said = codes.filter(|warning| warning["code"] == "spelling");
            assert_eq!(said.count(), 1, "{i}");
        }
    }
    // One spelling each, even where they look alike.
    let spellings = ["Ann", "ann", "ann ", "007", "7", "\u{e9}", "e\u{301}"];
    let path = folder.ids("spelt", Arc::new(StringArray::from_iter_values(spellings)));
    assert_eq!(count(&path), (7, 0, 7));
    // Strangers stay strangers, and nothing is said of them; sides that do share some are told of the others.
    let strangers = side("strangers", |i| format!("someone{i}@example.org"));
    let mixed = side("mixed", |i| match i % 2 {
        0 => format!("user{i}@example.org"),
        _ => format!("USER{i}@example.org"),
    });
    for (other, is_said) in [(strangers, false), (mixed, true)] {
        let report = overlap(&["estimate", &plain, &other, "--format", "json"]).json();
        let warnings = report["warnings"].to_string();
        assert_eq!(warnings.contains("spelling"), is_said, "{warnings}");
    }
}

#[test]
fn each_side_may_name_its_own_column() {
    let folder = Folder::new();
    let shop = folder.batch(
        "s",
        &[("buyer", integers(0..10))],
        WriterProperties::default(),
    );
    let pay = folder.batch(
        "p",
        &[("payer", integers(5..10))],
        WriterProperties::default(),
    );
    let sides = [format!("shop={shop}"), format!("pay={pay}")];
    let ids = [
        "--id",
        "shop=buyer",
        "--id",
        "pay=payer",
        "--format",
        "json",
    ];
    let report = overlap(&[&["estimate", &sides[0], &sides[1]], &ids[..]].concat()).json();
    assert_eq!(users(&report, "/overlap"), 5);
    overlap(&["estimate", &shop, "--id", "nobody=buyer"]).fails(2, &["nobody", "the sides are s"]);
}

#[test]
fn row_34_a_nested_leaf_is_read_by_its_path() {
    let folder = Folder::new();
    // Five users, of which two structs are null whatever is below them.
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![
        Some(1),
        Some(2),
        None,
        Some(4),
        Some(5),
    ]));
    let mut nulls = NullBufferBuilder::new(5);
    [true, false, true, false, true]
        .iter()
        .for_each(|&valid| nulls.append(valid));
    let field = Arc::new(Field::new("id", DataType::Int64, true));
    let user = StructArray::new(vec![field].into(), vec![ids], nulls.finish());
    let user: ArrayRef = Arc::new(user);
    let nested = folder.batch("nested", &[("user", user)], WriterProperties::default());
    let report = overlap(&["exact", &nested, "--id", "user.id", "--format", "json"]).json();
    assert_eq!(report["sides"][0]["nulls"], 3);
    assert_eq!(users(&report, "/sides/0/users"), 2);
    overlap(&["estimate", &nested, "--id", "user"]).fails(2, &["its leaves are user.id"]);
}

#[test]
fn row_34_a_list_is_refused() {
    let folder = Folder::new();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), Some(2)])]);
    let lists: ArrayRef = Arc::new(lists);
    let path = folder.batch("lists", &[("ids", lists)], WriterProperties::default());
    let leaf = overlap(&["estimate", &path, "--id", "ids"]);
    leaf.fails(2, &["ids.list."]);
    let name = leaf.stderr.rsplit("are ").next().unwrap().trim().to_owned();
    overlap(&["estimate", &path, "--id", &name]).fails(3, &["unsupported id type list"]);
}

#[test]
fn row_36_files_of_one_side_must_hold_one_kind_of_ids() {
    let folder = Folder::new();
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let a = folder.batch(
        "side/a.parquet",
        &[("city", integers(0..3)), ("user_id", integers(0..3))],
        WriterProperties::default(),
    );
    let b = folder.ids("side/b.parquet", narrow);
    let side = folder.path("side");
    assert_eq!(
        count(side.to_str().unwrap()),
        (6, 1, 4),
        "nullability, order and width may differ"
    );
    let c = folder.ids("side/c.parquet", texts);
    overlap(&["estimate", side.to_str().unwrap()]).fails(3, &[&a, &c, "--as string"]);
    let report = overlap(&[
        "exact",
        side.to_str().unwrap(),
        "--as",
        "integer",
        "--format",
        "json",
    ])
    .json();
    assert_eq!(users(&report, "/sides/0/users"), 4);
    assert!(!b.is_empty() && texts_are_integers(&c));
}

fn texts_are_integers(path: &str) -> bool {
    overlap(&["exact", path, "--as", "integer"]).code == Some(0)
}

#[test]
fn rows_41_a_file_named_twice_is_read_once_and_said() {
    let folder = Folder::new();
    let path = folder.ids("a.parquet", integers(0..10));
    let named = format!("shop={path}");
    let answer = overlap(&["exact", &named, &named, "--format", "json"]);
    assert!(
        answer.stderr.contains("more than once"),
        "{}",
        answer.stderr
    );
    let report = answer.json();
    assert_eq!(report["sides"][0]["rows"], 10);
    assert_eq!(report["warnings"][0]["code"], "repeated_input");
    let report = overlap(&["estimate", &path, &path, "--format", "json"]).json();
    assert_eq!(report["warnings"][0]["code"], "same_input");
    assert_eq!(users(&report, "/overlap"), 10);
    let nobody: ArrayRef = Arc::new(Int64Array::new_null(3));
    assert_eq!(nobody.len(), 3);
}
