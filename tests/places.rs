//! Where the ID stands that a rule or a cast can't read: file, row group and row, or line; never the ID.

use crate::formats::{arrow_file, batch};
use crate::harness::{Folder, overlap, users};
use arrow::array::{
    ArrayRef, Decimal128Array, Float32Array, Float64Array, Int64Array, StringArray,
};
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::sync::Arc;

const SECRET: &str = "nobody-may-see-this";

/// Addresses, but that some are none, and some are null.
fn addresses(rows: usize, bad: &[usize]) -> Vec<Option<String>> {
    let address = |row: usize| match row {
        row if bad.contains(&row) => Some(format!("{SECRET}-{row}")),
        row if row % 5 == 2 => None,
        row => Some(format!("ann{row}@example.org")),
    };
    (0..rows).map(address).collect()
}

fn texts(ids: &[Option<String>]) -> ArrayRef {
    Arc::new(StringArray::from(ids.to_vec()))
}

fn small_groups(dictionary: bool) -> WriterProperties {
    WriterProperties::builder()
        .set_dictionary_enabled(dictionary)
        .set_max_row_group_row_count(Some(1_000))
        .build()
}

/// What is said of the first side's IDs that its rules can't read, on both faces.
#[track_caller]
fn unreadable(file: &str, flags: &[&str]) -> Value {
    let mut first = None;
    for command in ["estimate", "exact"] {
        let words = [
            &[command, file, "--normalize", "email", "--format", "json"],
            flags,
        ]
        .concat();
        let answer = overlap(&words);
        assert!(!answer.stderr.contains(SECRET), "{}", answer.stderr);
        let report = answer.json();
        let said = report["sides"][0]["unreadable"].clone();
        let place = said["first"].as_object().unwrap();
        for (key, number) in place.iter().filter(|(key, _)| *key != "file") {
            let words = format!("{} {number}", key.replace('_', " "));
            assert!(answer.stderr.contains(&words), "{words}: {}", answer.stderr);
        }
        assert!(answer.stderr.contains(file), "{}", answer.stderr);
        assert_eq!(first.get_or_insert_with(|| said.clone()), &said);
    }
    first.unwrap()
}

#[test]
fn rows_of_parquet_are_named_whatever_the_pages() {
    let folder = Folder::new();
    let ids = addresses(10_000, &[7_777, 4_321, 4_400]);
    for dictionary in [true, false] {
        let file = folder.batch(
            "crm.parquet",
            &[("user_id", texts(&ids))],
            small_groups(dictionary),
        );
        for threads in ["1", "3"] {
            let said = unreadable(&file, &["--threads", threads]);
            assert_eq!(said["ids"], 3);
            assert_eq!(said["first"]["row_group"], 4);
            assert_eq!(said["first"]["row"], 321);
        }
    }
}

#[test]
fn of_several_files_the_first_is_named() {
    let folder = Folder::new();
    for (name, bad) in [("a", &[][..]), ("b", &[900, 17]), ("c", &[3])] {
        let file = format!("crm/{name}.parquet");
        folder.batch(
            &file,
            &[("user_id", texts(&addresses(1_000, bad)))],
            small_groups(true),
        );
    }
    let said = unreadable(folder.path("crm").to_str().unwrap(), &[]);
    assert_eq!(said["ids"], 3);
    assert!(
        said["first"]["file"]
            .as_str()
            .unwrap()
            .ends_with("b.parquet")
    );
    assert_eq!(said["first"]["row"], 17);
}

#[test]
fn lines_of_text_are_named_whatever_the_blocks() {
    let folder = Folder::new();
    // Four blocks of a megabyte, with quotes and line ends in them.
    let ids = addresses(120_000, &[110_001, 60_002]);
    let mut csv = String::from("note,user_id,active\n");
    let mut json = String::new();
    for (row, id) in ids.iter().enumerate() {
        let id = id.as_deref().unwrap_or("");
        csv += &format!("\"two\nlines, \"\"{row}\"\"\",{id},{}\n", row % 2);
        json += &format!(
            "{{\"n\":{row},\"user_id\":{}}}\n",
            match id {
                "" => "null".into(),
                id => format!("\"{id}\""),
            }
        );
    }
    let csv = folder.bytes("crm.csv", csv.as_bytes());
    let json = folder.bytes("crm.jsonl", json.as_bytes());
    for flags in [&[][..], &["--threads", "3"]] {
        // Records begin in the line before that of their ID.
        assert_eq!(unreadable(&csv, flags)["first"]["line"], 2 * 60_002 + 2);
        assert_eq!(unreadable(&json, flags)["first"]["line"], 60_003);
    }
    let taken = unreadable(&csv, &["--where", "active = 1"]);
    assert_eq!(
        (&taken["ids"], &taken["first"]["line"]),
        (&1.into(), &(2 * 110_001 + 2).into())
    );
}

#[test]
fn filters_segments_and_arrow_files_name_rows_too() {
    let folder = Folder::new();
    let ids = addresses(3_000, &[2_104, 2_007]);
    let tiers = Int64Array::from_iter_values((0..3_000).map(|row| row % 2));
    let columns: [(&str, ArrayRef); 2] = [("user_id", texts(&ids)), ("tier", Arc::new(tiers))];
    let file = folder.batch("crm.parquet", &columns, small_groups(true));
    // Of row group 2 the rows of even numbers are taken.
    let said = unreadable(&file, &["--where", "tier = 0"]);
    assert_eq!(said["ids"], 1);
    assert_eq!(said["first"]["row_group"], 2);
    assert_eq!(said["first"]["row_taken"], 52);
    let stored = folder.path("crm.ovs").display().to_string();
    let answer = overlap(&[
        "sketch",
        &file,
        "--by",
        "tier",
        "--normalize",
        "email",
        "-o",
        &stored,
    ]);
    assert!(
        answer.stderr.contains("row group 2, row 7"),
        "{}",
        answer.stderr
    );
    let batches = [
        batch("user_id", texts(&ids[..2_000])),
        batch("user_id", texts(&ids[2_000..])),
    ];
    let arrow = folder.bytes("crm.arrow", &arrow_file(&batches, None));
    let said = unreadable(&arrow, &[]);
    assert_eq!(
        (&said["first"]["record_batch"], &said["first"]["row"]),
        (&1.into(), &7.into())
    );
}

#[test]
fn a_side_that_is_read_whole_says_nothing() {
    let folder = Folder::new();
    let file = folder.ids("crm.parquet", texts(&addresses(100, &[])));
    let answer = overlap(&[
        "estimate",
        &file,
        "--normalize",
        "email",
        "--format",
        "json",
    ]);
    assert_eq!(answer.stderr, "");
    assert!(answer.json()["sides"][0].get("unreadable").is_none());
}

#[test]
fn a_cast_that_fails_names_row_or_line() {
    let folder = Folder::new();
    let ids: Vec<Option<String>> = (0..5_000)
        .map(|row| match row {
            3_210 => Some(SECRET.to_owned()),
            row if row % 7 == 1 => None,
            row => Some(row.to_string()),
        })
        .collect();
    let parquet = folder.batch(
        "a.parquet",
        &[("user_id", texts(&ids))],
        small_groups(false),
    );
    let lines = ids.iter().map(|id| id.clone().unwrap_or_default() + ",x\n");
    let csv = folder.bytes(
        "a.csv",
        (String::from("user_id,y\n") + &lines.collect::<String>()).as_bytes(),
    );
    let arrow = folder.bytes(
        "a.arrow",
        &arrow_file(&[batch("user_id", texts(&ids))], None),
    );
    let cases = [
        (&parquet, "row group 3, row 210"),
        (&csv, "line 3212"),
        (&arrow, "record batch 0, row 3210"),
    ];
    for (file, place) in cases {
        for flags in [&[][..], &["--where", "user_id IS NOT NULL"]] {
            let answer = overlap(&[&["estimate", file, "--as", "integer"], flags].concat());
            let place = match flags {
                [] => place,
                _ if *file == csv => place,
                _ => "row taken",
            };
            answer.fails(
                3,
                &[file, "column user_id", place, "an id is not a whole number"],
            );
            assert!(!answer.stderr.contains(SECRET), "{}", answer.stderr);
        }
    }
}

/// The overlap with the integers 100 to 299.
#[track_caller]
fn shared(folder: &Folder, file: &str, flags: &[&str]) -> u64 {
    let integers = folder.ids(
        "integers.parquet",
        Arc::new(Int64Array::from_iter_values(100..300)),
    );
    let answers = ["estimate", "exact"].map(|command| {
        let words = [
            &[
                command, file, &integers, "--as", "integer", "--format", "json",
            ],
            flags,
        ]
        .concat();
        users(&overlap(&words).json(), "/overlap")
    });
    assert_eq!(answers[0], answers[1]);
    answers[0]
}

#[test]
fn whole_decimals_of_every_scale_and_whole_floats_are_integers() {
    let folder = Folder::new();
    let numbers = || (0..200_i64).map(|row| (row % 9 != 4).then_some(row));
    let decimals = |precision: u8, scale: i8| -> ArrayRef {
        let values =
            numbers().map(|n| n.map(|n| i128::from(n) * 10_i128.pow(scale.unsigned_abs().into())));
        let values: Decimal128Array = values.collect();
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
    };
    let doubles: Float64Array = numbers().map(|n| n.map(|n| n as f64)).collect();
    let floats: Float32Array = numbers().map(|n| n.map(|n| n as f32)).collect();
    let columns: [(&str, ArrayRef); 7] = [
        ("int32", decimals(9, 2)),
        ("int64", decimals(18, 4)),
        ("oracle", decimals(38, 10)),
        ("bigquery", decimals(38, 9)),
        ("whole", decimals(38, 0)),
        ("double", Arc::new(doubles)),
        ("float", Arc::new(floats)),
    ];
    let expected = (100..200).filter(|row| row % 9 != 4).count() as u64;
    for (name, ids) in columns {
        let parquet = folder.batch(name, &[("user_id", Arc::clone(&ids))], small_groups(true));
        assert_eq!(shared(&folder, &parquet, &[]), expected, "{name}");
        assert_eq!(
            shared(&folder, &parquet, &["--where", "user_id IS NOT NULL"]),
            expected,
            "{name}"
        );
        let arrow = folder.bytes("a.arrow", &arrow_file(&[batch("user_id", ids)], None));
        assert_eq!(shared(&folder, &arrow, &[]), expected, "{name}");
        if name != "whole" {
            overlap(&["estimate", &parquet]).fails(3, &["--as integer"]);
        }
    }
    let json = (0..200)
        .map(|n| format!("{{\"user_id\":{n}.0}}\n"))
        .collect::<String>();
    let json = folder.bytes("a.jsonl", json.as_bytes());
    assert_eq!(shared(&folder, &json, &[]), 100);
}

#[test]
fn a_decimal_or_float_that_is_not_whole_is_an_error_with_its_row() {
    let folder = Folder::new();
    let odd = |odd: f64| -> ArrayRef {
        let value = |row: i32| if row == 1_234 { odd } else { f64::from(row) };
        Arc::new(Float64Array::from_iter_values((0..3_000).map(value)))
    };
    let cents = (0..3_000).map(|row| if row == 1_234 { 5 } else { row * 100 });
    let cents = Decimal128Array::from_iter_values(cents)
        .with_precision_and_scale(18, 2)
        .unwrap();
    let cases: [(ArrayRef, &str); 5] = [
        (odd(0.5), "an id is not a whole number"),
        (odd(f64::NAN), "an id is not a whole number"),
        (odd(f64::INFINITY), "an id is not a whole number"),
        (odd(1e16), "2^53"),
        (Arc::new(cents), "an id is not a whole number"),
    ];
    for (ids, words) in cases {
        let file = folder.batch("a.parquet", &[("user_id", ids)], small_groups(true));
        for flags in [&[][..], &["--threads", "1"]] {
            let words = [&file, "row group 1, row 234", words];
            overlap(&[&["exact", &file, "--as", "integer"], flags].concat()).fails(3, &words);
        }
        overlap(&["estimate", &file, "--as", "string"]).fails(3, &["--as integer"]);
    }
}
