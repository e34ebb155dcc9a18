//! JSON lines, Arrow files and streams, and standard input, through the binary.

use crate::harness::{Answer, Folder, command, count, overlap, users};
use arrow::array::{
    ArrayRef, DictionaryArray, Int32Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, StructArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int32Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;

/// A table of one column beside another.
pub fn batch(name: &str, ids: ArrayRef) -> RecordBatch {
    let other: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..ids.len()).map(|row| format!("c{}", row % 3)),
    ));
    let columns = [("city", other, true), (name, ids, true)];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

pub fn arrow_file(batches: &[RecordBatch], packing: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(packing)
        .unwrap();
    let schema = batches[0].schema();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

pub fn arrow_stream(batches: &[RecordBatch], packing: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(packing)
        .unwrap();
    let schema = batches[0].schema();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

/// Bytes inside of gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn numbers(range: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(range))
}

/// Runs the program with bytes on its standard input.
pub fn piped(arguments: &[&str], bytes: &[u8]) -> Answer {
    let mut child = command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    // It may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn lines(ids: impl Iterator<Item = i64>) -> String {
    let line =
        |id| format!("{{\"ts\":\"2026-11-27\",\"user\":{{\"id\":{id}}},\"n\":[{id},{{}}]}}\n");
    ids.map(line).collect()
}

#[test]
fn json_lines_meet_every_other_format() {
    let folder = Folder::new();
    let json = folder.bytes("a.jsonl", lines(0..300).as_bytes());
    let parquet = folder.ids("b.parquet", numbers(100..500));
    let quoted: String = (200..600)
        .map(|id| format!("{{\"user_id\":\"{id}\"}}\r\n"))
        .collect();
    let strings = folder.bytes("c", quoted.as_bytes());
    let csv = folder.bytes(
        "d.csv",
        (0..50)
            .fold("user_id\n".into(), |text: String, id| {
                text + &format!("{id}\n")
            })
            .as_bytes(),
    );
    let arrow = folder.bytes(
        "e",
        &arrow_file(&[batch("user_id", numbers(290..310))], None),
    );
    let pair = |a: &str, b: &str| {
        let report = overlap(&[
            "exact",
            "--format",
            "json",
            "--id",
            "a=user.id",
            &format!("a={a}"),
            &format!("b={b}"),
        ]);
        users(&report.json(), "/overlap")
    };
    assert_eq!(pair(&json, &parquet), 200);
    assert_eq!(pair(&json, &strings), 100);
    assert_eq!(pair(&json, &csv), 50);
    assert_eq!(pair(&json, &arrow), 10);
}

#[test]
fn strings_of_json_stay_text_among_texts() {
    let folder = Folder::new();
    let a = folder.bytes(
        "a.jsonl",
        b"{\"user_id\":\"007\"}\n{\"user_id\":\"\"}\n{\"user_id\":null}\n{}\n",
    );
    let b = folder.bytes("b.csv", b"user_id\n007\n7\n");
    assert_eq!(count(&a), (4, 2, 2));
    let report = overlap(&["exact", "--format", "json", &a, &b]).json();
    assert_eq!(users(&report, "/overlap"), 1);
    let integers = folder.ids("c.parquet", numbers(0..10));
    overlap(&["exact", &a, &integers]).fails(4, &["leading zeros", "line 1", "--as string"]);
    let named = overlap(&["exact", &a, "--format", "json", "--null", "007"]).json();
    assert_eq!(named["sides"][0]["nulls"], 3);
}

#[test]
fn both_spellings_are_one_user_if_asked() {
    let folder = Folder::new();
    let mixed = folder.bytes(
        "a.jsonl",
        b"{\"user_id\":7}\n{\"user_id\":\"7\"}\n{\"user_id\":\"07\"}\n",
    );
    for (cast, expected) in [("string", 2), ("integer", 1)] {
        let report = overlap(&["exact", &mixed, "--as", cast, "--format", "json"]).json();
        assert_eq!(users(&report, "/sides/0/users"), expected, "{cast}");
    }
}

#[test]
fn an_id_that_comes_late_is_found() {
    let folder = Folder::new();
    let mut text = "{\"x\":1}\n{\"user_id\":null}\n".repeat(20_000);
    text += "{\"user_id\":5}\n";
    let late = folder.bytes("late.jsonl", text.as_bytes());
    let integers = folder.ids("b.parquet", numbers(0..10));
    let report = overlap(&["exact", "--format", "json", &late, &integers]).json();
    assert_eq!(users(&report, "/overlap"), 1);
    assert_eq!(report["sides"][0]["nulls"], 40_000);
}

#[test]
fn segments_are_made_of_json_keys_and_arrow_columns() {
    let folder = Folder::new();
    let json: String = (0..300)
        .map(|id| {
            format!(
                "{{\"user_id\":{id},\"geo\":{{\"city\":\"c{}\"}}}}\n",
                id % 3
            )
        })
        .collect();
    let json = folder.bytes("a.jsonl", json.as_bytes());
    let arrow = [
        batch("user_id", numbers(0..150)),
        batch("user_id", numbers(150..300)),
    ];
    let arrow = folder.bytes("a.arrow", &arrow_file(&arrow, None));
    for (path, by) in [(&json, "geo.city"), (&arrow, "city")] {
        let report = overlap(&["estimate", path, path, "--by", by, "--format", "json"]).json();
        let rows = report["segments"]["rows"].as_array().unwrap();
        let users: Vec<u64> = rows.iter().map(|row| users(row, "/users")).collect();
        assert_eq!(users, [100; 3], "{by}: {report}");
    }
    overlap(&["estimate", &json, &json, "--by", "city"]).fails(2, &["no column city", "geo.city"]);
}

#[test]
fn every_arrow_type_layout_and_packing_holds_the_same_users() {
    let folder = Folder::new();
    let texts = || (0..1000).map(|id| format!("user-{id}"));
    let dictionary: DictionaryArray<Int32Type> = (0..1000)
        .map(|id| Some(format!("user-{id}")))
        .collect::<Vec<_>>()
        .iter()
        .map(Option::as_deref)
        .collect();
    let columns: [ArrayRef; 7] = [
        numbers(0..1000),
        Arc::new(Int32Array::from_iter_values(0..1000)),
        Arc::new(UInt64Array::from_iter_values(0..1000)),
        Arc::new(StringArray::from_iter_values(texts())),
        Arc::new(LargeStringArray::from_iter_values(texts())),
        Arc::new(StringViewArray::from_iter_values(texts())),
        Arc::new(dictionary),
    ];
    for column in columns {
        for packing in [
            None,
            Some(CompressionType::LZ4_FRAME),
            Some(CompressionType::ZSTD),
        ] {
            let whole = batch("user_id", Arc::clone(&column));
            let parts = [
                whole.slice(0, 300),
                whole.slice(300, 0),
                whole.slice(300, 700),
            ];
            for (kind, bytes) in [
                ("file", arrow_file(&parts, packing)),
                ("stream", arrow_stream(&parts, packing)),
            ] {
                let path = folder.bytes(kind, &bytes);
                let message = format!("{} {kind} {packing:?}", column.data_type());
                assert_eq!(count(&path), (1000, 0, 1000), "{message}");
                let parquet = folder.ids("same.parquet", Arc::clone(&column));
                let report = overlap(&["exact", "--format", "json", &path, &parquet]).json();
                assert_eq!(users(&report, "/overlap"), 1000, "{message}");
            }
        }
    }
}

#[test]
fn arrow_files_and_streams_inside_of_packings_are_read_and_refused_when_they_are_cut() {
    let folder = Folder::new();
    let parquet = folder.ids("a.parquet", numbers(0..3000));
    let batches = [
        batch("user_id", numbers(1000..2000)),
        batch("user_id", numbers(2000..4000)),
    ];
    for bytes in [arrow_file(&batches, None), arrow_stream(&batches, None)] {
        for packed in [
            gzip(&bytes),
            zstd::stream::encode_all(&bytes[..], 1).unwrap(),
        ] {
            let path = folder.bytes("b", &packed);
            let report = overlap(&["exact", "--format", "json", &parquet, &path]).json();
            assert_eq!(users(&report, "/overlap"), 2000);
            assert_eq!(users(&report, "/sides/1/users"), 3000);
            assert_eq!(piped(&["exact", &parquet, "-"], &packed).code, Some(0));
            let cut = folder.bytes("cut", &packed[..packed.len() / 2]);
            overlap(&["exact", &parquet, &cut]).fails(3, &["cut short"]);
        }
    }
    // What grows too much when it is unpacked is a limit.
    let zeros = [&arrow_file(&batches, None)[..], &vec![0; 64 << 20]].concat();
    let bomb = folder.bytes("bomb", &gzip(&zeros));
    overlap(&["exact", &bomb, "--max-ratio", "10"]).fails(7, &["max-ratio"]);
}

#[test]
fn row_94_formats_without_checksums_are_refused_where_they_are_required() {
    let folder = Folder::new();
    let arrow = arrow_file(&[batch("user_id", numbers(0..9))], None);
    for (name, bytes) in [
        ("Arrow IPC", &arrow[..]),
        ("Arrow IPC", &gzip(&arrow)),
        ("delimited text", b"user_id\n1\n"),
        ("JSON lines", b"{\"user_id\":1}\n"),
    ] {
        let path = folder.bytes("x", bytes);
        for command in ["estimate", "exact"] {
            overlap(&[command, "--require-checksums", &path])
                .fails(3, &[name, "without checksums", "--require-checksums"]);
        }
    }
}

#[test]
fn dictionaries_that_change_within_a_stream_are_each_batchs_own() {
    let folder = Folder::new();
    let part = |texts: [&str; 3]| {
        let ids: DictionaryArray<Int32Type> = texts.into_iter().collect();
        batch("user_id", Arc::new(ids))
    };
    let parts = [
        part(["a", "b", "c"]),
        part(["d", "e", "f"]),
        part(["a", "x", "y"]),
    ];
    let path = folder.bytes("replaced.arrows", &arrow_stream(&parts, None));
    assert_eq!(count(&path), (9, 0, 8));
    let one = folder.bytes("one.csv", b"user_id\nd\nx\nb\nz\n");
    let report = overlap(&["exact", "--format", "json", &path, &one]).json();
    assert_eq!(users(&report, "/overlap"), 3);
}

#[test]
fn rows_a_user_are_those_of_every_format() {
    let folder = Folder::new();
    let ids = || (0..9_000).map(|row| format!("user-{}", row % 1_000 % 700));
    let texts: Vec<String> = ids().collect();
    let dictionary: DictionaryArray<Int32Type> = texts.iter().map(String::as_str).collect();
    let rows = batch("user_id", Arc::new(dictionary));
    let lines: String = ids()
        .map(|id| format!("{{\"user_id\":\"{id}\"}}\n"))
        .collect();
    let parquet = folder.ids("a.parquet", Arc::new(StringArray::from_iter_values(ids())));
    let json = folder.bytes("a.jsonl", lines.as_bytes());
    let file = folder.bytes(
        "a.arrow",
        &arrow_file(&[rows.slice(0, 5_000), rows.slice(5_000, 4_000)], None),
    );
    let frequency = |path: &str| {
        let report = overlap(&["estimate", path, path, "--frequency", "--format", "json"]).json();
        report["sides"][0]["frequency"].clone()
    };
    let expected = frequency(&parquet);
    assert!(expected.is_object(), "{expected}");
    assert_eq!(frequency(&json), expected);
    assert_eq!(frequency(&file), expected);
}

#[test]
fn many_small_batches_and_dictionaries_take_no_time() {
    let folder = Folder::new();
    let part = |number: usize| {
        let texts = [format!("user-{number}"), format!("user-{}", number + 1)];
        let ids: DictionaryArray<Int32Type> = texts.iter().map(String::as_str).collect();
        batch("user_id", Arc::new(ids))
    };
    let parts: Vec<RecordBatch> = (0..2_000).map(part).collect();
    let path = folder.bytes("a.arrows", &arrow_stream(&parts, None));
    assert_eq!(count(&path), (4_000, 0, 2_001));
}

#[test]
fn an_arrow_id_below_a_null_is_null() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), None, Some(4)]));
    let field = Arc::new(Field::new("id", DataType::Int64, true));
    let nulls = vec![true, false, true, true].into();
    let user = StructArray::new(vec![field].into(), vec![ids], Some(nulls));
    let rows = batch("user", Arc::new(user));
    let path = folder.bytes("nested.arrow", &arrow_file(&[rows], None));
    let report = overlap(&["exact", &path, "--id", "user.id", "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 2);
    assert_eq!(report["sides"][0]["nulls"], 2);
    overlap(&["exact", &path, "--id", "user"]).fails(2, &["user.id"]);
}

#[test]
fn standard_input_is_a_side_in_every_format() {
    let folder = Folder::new();
    let other = folder.ids("b.parquet", numbers(100..400));
    let parquet = std::fs::read(folder.ids("a.parquet", numbers(0..300))).unwrap();
    let rows = [batch("user_id", numbers(0..300))];
    let csv: String = (0..300).fold("user_id\n".into(), |text, id| text + &format!("{id}\n"));
    let json: String = (0..300)
        .map(|id| format!("{{\"user_id\":{id}}}\n"))
        .collect();
    let zstd = zstd::stream::encode_all(json.as_bytes(), 1).unwrap();
    for (kind, bytes) in [
        ("parquet", parquet),
        ("file", arrow_file(&rows, None)),
        ("stream", arrow_stream(&rows, None)),
        ("csv", csv.into_bytes()),
        ("json", json.into_bytes()),
        ("packed", zstd),
    ] {
        for side in ["-", "a=-"] {
            let arguments = ["exact", side, &other, "--format", "json"];
            let report = piped(&arguments, &bytes).json();
            assert_eq!(users(&report, "/overlap"), 200, "{kind}");
            let name = if side == "-" { "stdin" } else { "a" };
            assert_eq!(report["sides"][0]["name"], name);
        }
    }
}

#[test]
fn large_json_lines_are_shared_by_threads_and_counted_once() {
    let folder = Folder::new();
    let path = folder.bytes("a.jsonl", lines((0..200_000).chain(0..100_000)).as_bytes());
    for threads in ["1", "2", "5"] {
        let arguments = [
            "exact",
            &path,
            "--id",
            "user.id",
            "--threads",
            threads,
            "--format",
            "json",
        ];
        let side = &overlap(&arguments).json()["sides"][0];
        assert_eq!(
            (users(side, "/users"), side["rows"].as_u64()),
            (200_000, Some(300_000))
        );
    }
    // The first of several faults is reported, whichever thread was faster.
    let bad = "{\"user\":1}\n";
    let text = [&lines(0..123_456), bad, &lines(0..100_000), bad].concat();
    let path = folder.bytes("b.jsonl", text.as_bytes());
    let answer = overlap(&["exact", &path, "--id", "user.id"]);
    answer.fails(3, &["a value of user that is no object", "line 123457"]);
}

#[test]
fn a_line_of_json_longer_than_the_longest_id_is_refused() {
    let folder = Folder::new();
    let long = "x".repeat(3 << 20);
    let text = format!("{{\"user_id\":1}}\n{{\"user_id\":2,\"x\":\"{long}\"}}\n");
    let path = folder.bytes("long.jsonl", text.as_bytes());
    let answer = overlap(&["exact", &path, "--max-value", "2MiB"]);
    answer.fails(7, &["line 2", "one object a line", "--max-value"]);
    assert!(!answer.stderr.contains("delimiter"), "{}", answer.stderr);
    assert_eq!(count(&path), (2, 0, 2));
}
