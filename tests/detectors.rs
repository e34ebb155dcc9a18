//! Answers that look right and aren't: what must hold for every file that is read at all.

use crate::harness::{Folder, data, overlap, users};
use arrow::array::{ArrayRef, BinaryArray, StringArray};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use std::sync::Arc;

/// Asks about a file in several ways that must agree (the letters of the catalogue of faults).
#[track_caller]
pub fn never_silently_wrong(path: &str) {
    let folder = Folder::new();
    let alone = ["estimate", path, "--format", "json"];
    let report = overlap(&alone).json();
    let side = &report["sides"][0];
    let id_type = side["id_type"].as_str();
    // (a) All rows of the footers are accounted for; those of lists are values.
    if let Some(rows) = rows_in_footer(path) {
        assert_eq!(side["rows"].as_u64(), Some(rows), "rows of {path}");
    }
    // (b) The text says what the JSON says, and (c) twice the same.
    let text = overlap(&["estimate", path, "--format", "table"]);
    let number = |name: &str| with_commas(side[name].as_u64().unwrap());
    for said in [
        number("rows"),
        number("nulls"),
        with_commas(users(side, "/users")),
    ] {
        assert!(
            text.stdout.contains(&said),
            "{said} of {path}: {}",
            text.stdout
        );
    }
    assert_eq!(overlap(&alone).stdout, overlap(&alone).stdout);
    // (d) Swapping the sides swaps the answer.
    let other = match id_type {
        Some("string") => folder.ids(
            "other",
            Arc::new(StringArray::from_iter_values(["a", "", "7"])),
        ),
        Some("binary") => {
            let ids: ArrayRef =
                Arc::new(BinaryArray::from_iter_values([&[7_u8][..], b"", b"abcd"]));
            folder.ids("other", ids)
        }
        _ => data("shop.parquet"),
    };
    let (one, two) = (pair(path, &other), pair(&other, path));
    for (here, there) in [
        ("overlap", "overlap"),
        ("union", "union"),
        ("only_a", "only_b"),
        ("only_b", "only_a"),
    ] {
        assert_eq!(one[here], two[there], "{here} of {path}");
    }
    assert_eq!(one["sides"][0]["users"], two["sides"][1]["users"]);
    // (e) The parts add up to the whole, within rounding.
    let number = |pointer: &str| users(&one, pointer).cast_signed();
    let sum = number("/sides/0/users") + number("/sides/1/users") - number("/overlap");
    assert!((sum - number("/union")).abs() <= 2, "{sum} of {path}");
    // (f) Everybody is in both of twice the same.
    let twice = pair(path, path);
    assert_eq!(
        twice["overlap"]["value"], side["users"]["value"],
        "{path} with itself"
    );
}

fn pair(a: &str, b: &str) -> Value {
    let (a, b) = (format!("one={a}"), format!("two={b}"));
    overlap(&["estimate", &a, &b, "--format", "json"]).json()
}

/// Rows by the crate's own reader; `None` where it can't read the footer, or there are lists.
fn rows_in_footer(path: &str) -> Option<u64> {
    let reader = SerializedFileReader::new(std::fs::File::open(path).ok()?).ok()?;
    let file = reader.metadata().file_metadata();
    let columns = file.schema_descr().columns();
    let flat = columns.iter().all(|column| column.max_rep_level() == 0);
    flat.then(|| file.num_rows().cast_unsigned())
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
