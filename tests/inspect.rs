//! What `inspect` says of data files, through the binary.

use crate::formats::{arrow_file, arrow_stream, batch, gzip, piped};
use crate::harness::{self, Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use serde_json::{Value, json};
use std::sync::Arc;

fn data(arguments: &[&str]) -> Value {
    let report = overlap(&[&["inspect", "--format", "json"], arguments].concat()).json();
    assert_eq!(report["files"][0]["sketches"], json!([]));
    report["files"][0]["data"].clone()
}

fn ids() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(0..50))
}

#[test]
fn every_format_says_its_rows_its_columns_and_which_is_read() {
    let folder = Folder::new();
    let table = batch("user_id", ids());
    let mut csv = String::from("user_id;city\n");
    let mut lines = String::new();
    for id in 0..50 {
        csv += &format!("{id};c{}\n", id % 3);
        lines += &format!("{{\"user_id\":{id},\"city\":\"c{}\"}}\n", id % 3);
    }
    let file = arrow_file(&[table.clone(), table.clone()], None);
    let files = [
        ("Parquet", folder.ids("a.parquet", ids()), Some(50)),
        (
            "delimited text",
            folder.bytes("b", csv.as_bytes()),
            Some(50),
        ),
        ("JSON lines", folder.bytes("c", lines.as_bytes()), Some(50)),
        ("Arrow file", folder.bytes("d", &file), Some(100)),
        (
            "Arrow stream",
            folder.bytes("e", &arrow_stream(&[table], None)),
            Some(50),
        ),
        ("Arrow file", folder.bytes("f", &gzip(&file)), Some(100)),
        (
            "delimited text",
            folder.bytes("g", &gzip(csv.as_bytes())),
            Some(50),
        ),
    ];
    for (format, path, rows) in files {
        let found = data(&[&path]);
        assert_eq!(found["format"], format, "{path}");
        assert_eq!(found["rows"], json!(rows), "{path}");
        assert_eq!(found["id"], "user_id", "{path}");
        let columns = found["columns"].as_array().unwrap();
        let ids: Vec<&Value> = columns.iter().filter(|c| c["may_be_id"] == true).collect();
        assert_eq!(ids.len(), 1, "{path}");
        assert_eq!(ids[0]["name"], "user_id");
        let is_packed = path.ends_with('f') || path.ends_with('g');
        let packed = if is_packed {
            json!(["gzip"])
        } else {
            json!([])
        };
        if format != "Parquet" {
            assert_eq!(found["compression"], packed, "{path}");
        }
        if format == "delimited text" {
            assert_eq!(found["delimiter"], "semicolon");
            assert_eq!(found["header"], true);
            assert_eq!(columns[0]["type"], "numbers");
            assert_eq!(columns[1]["type"], "text");
        }
    }
    // A long text is not read to its end.
    let long = folder.bytes("long", csv.repeat(1000).as_bytes());
    assert_eq!(data(&[&long])["rows"], Value::Null);
    let answer = piped(&["inspect", "-"], csv.as_bytes());
    assert!(answer.stdout.contains("-: delimited text"), "{answer:?}");
}

#[test]
fn row_96_what_may_be_an_id_is_no_name_and_is_not_shown() {
    let folder = Folder::new();
    for (name, text) in [
        ("list", "ann@example.com\nbob@example.com\n"),
        ("wide", "ann@example.com,1\nbob@example.com,2\n"),
        (
            "map",
            "{\"seen\":{\"ann@example.com\":1,\"bob@example.com\":2}}\n",
        ),
    ] {
        let path = folder.bytes(name, text.as_bytes());
        for format in ["table", "json", "csv", "markdown"] {
            let answer = overlap(&["inspect", &path, "--format", format]);
            assert_eq!(answer.code, Some(0), "{answer:?}");
            assert!(!answer.stdout.contains("ann@"), "{}", answer.stdout);
        }
        overlap(&["estimate", &path]).fails(2, &[]);
        let answer = overlap(&["estimate", &path]);
        assert!(!answer.stderr.contains("ann@"), "{}", answer.stderr);
    }
    let headless = folder.bytes("headless", b"ann@example.com,1\nbob@example.com,2\n");
    let found = data(&["--no-header", &headless]);
    assert_eq!(
        (&found["header"], &found["rows"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(found["columns"][1]["name"], "2");
}

#[test]
fn keys_that_are_data_are_counted_not_listed() {
    let folder = Folder::new();
    let lines: String = (0..100)
        .map(|id| format!("{{\"session\":{id},\"scores\":{{\"u{id}x\":1}}}}\n"))
        .collect();
    let path = folder.bytes("map.jsonl", lines.as_bytes());
    let answer = overlap(&["estimate", &path]);
    answer.fails(2, &["session", "scores.* (100 keys)"]);
    assert!(!answer.stderr.contains("u7x"), "{}", answer.stderr);
    // They can be named all the same.
    let named = overlap(&["exact", "--id", "scores.u7x", &path]);
    assert_eq!(named.code, Some(0), "{named:?}");
}

#[test]
fn sketches_beside_data_are_each_told_as_what_they_are() {
    let folder = Folder::new();
    let parquet = folder.ids("a.parquet", ids());
    let sketch = folder.path("a.ovs").to_str().unwrap().to_owned();
    assert_eq!(overlap(&["sketch", &parquet, "-o", &sketch]).code, Some(0));
    let report = overlap(&["inspect", "--format", "json", &parquet, &sketch]).json();
    assert_eq!(report["files"][0]["data"]["format"], "Parquet");
    assert!(report["files"][1].get("data").is_none());
    assert_eq!(report["files"][1]["sketches"][0]["rows"], 50);
    // Whoever names columns of images wants sketches.
    overlap(&["inspect", "--theta-column", "t", &parquet]).fails(3, &["no column t"]);
    let picture = folder.bytes("x.png", b"\x89PNG\r\n\x1a\n and so on");
    overlap(&["inspect", &picture]).fails(3, &["PNG"]);
}

/// The condition is for people: it changes no answer, and a file without one says nothing of it.
#[test]
fn a_sketch_of_some_rows_says_which() {
    let folder = Folder::new();
    let sketch = |name: &str, more: &[&str]| {
        let path = folder.path(name).display().to_string();
        let shop = harness::data("shop.parquet");
        let mut arguments = vec!["sketch", &shop, "-o", &path];
        arguments.extend(more);
        assert_eq!(overlap(&arguments).code, Some(0));
        path
    };
    let condition = "city_tier = 'T1' OR city_tier = 'T2'";
    let some = sketch("some.ovs", &["--where", condition]);
    let all = sketch("all.ovs", &[]);
    let inspect = |path: &str, format: &str| overlap(&["inspect", path, "--format", format]);
    assert_eq!(
        inspect(&some, "json").json()["files"][0]["filter"],
        condition
    );
    for format in ["table", "markdown"] {
        let text = inspect(&some, format).stdout;
        assert!(text.contains("rows where city_tier ="), "{text}");
        assert!(!inspect(&all, format).stdout.contains("rows where"));
    }
    assert!(
        inspect(&all, "json").json()["files"][0]
            .get("filter")
            .is_none()
    );
    let merged = folder.path("merged.ovs").display().to_string();
    assert_eq!(
        overlap(&["merge", &some, &all, "-o", &merged]).code,
        Some(0)
    );
    assert_eq!(
        inspect(&merged, "json").json()["files"][0]["filter"],
        format!("{condition} | all rows")
    );
}

/// Every message of private overlap says what stands in it and whom it tells what; a secret file isn't shown.
#[test]
fn messages_of_private_overlap_say_what_they_tell() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
    let [offer, answer, result] = ["offer.ovp", "answer.ovp", "result.ovp"].map(path);
    let secret = path("offer.ovp.secret");
    let [shop, pay] = ["shop.parquet", "pay.parquet"].map(harness::data);
    for step in [
        &["offer", &shop, "-o", &offer, "--k", "256"][..],
        &["answer", &offer, &pay, "-o", &answer, "--k", "256"],
    ] {
        let done = overlap(&[&["private"], step].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
    }
    let finish = [
        "private", "finish", &answer, "--secret", &secret, "-o", &result,
    ];
    assert_eq!(overlap(&finish).code, Some(0));
    for (message, words) in [
        (
            &offer,
            &["offer of private overlap", "shop", "256", "secret file"][..],
        ),
        (
            &answer,
            &[
                "answer of private overlap",
                "pay",
                "points",
                "can't tell which",
            ],
        ),
        (
            &result,
            &["result of private overlap", "common users of both samples"],
        ),
    ] {
        let shown = overlap(&["inspect", message]);
        assert_eq!(shown.code, Some(0), "{shown:?}");
        for word in words {
            assert!(shown.stdout.contains(word), "{word}: {shown:?}");
        }
        let document = overlap(&["inspect", message, "--format", "json"]).json();
        let tells = &document["files"][0]["message"]["tells"];
        assert_eq!(tells.as_array().unwrap().len(), 2, "{document}");
    }
    assert_eq!(overlap(&["inspect", &secret]).code, Some(3));
    let mut bytes = std::fs::read(&offer).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&offer, bytes).unwrap();
    overlap(&["inspect", &offer]).fails(5, &["offer.ovp", "damaged"]);
}
