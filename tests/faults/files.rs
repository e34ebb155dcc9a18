//! Is it a Parquet file at all?

use crate::harness::{Folder, data, overlap};
use arrow::array::{ArrayRef, Int64Array};
use std::sync::Arc;

#[test]
fn row_1_what_is_no_regular_file_is_refused_without_waiting() {
    let folder = Folder::new();
    let missing = folder.path("missing.parquet");
    let missing = missing.to_str().unwrap();
    overlap(&["estimate", missing]).fails(3, &[missing, "no such file"]);
    overlap(&["estimate", "/dev/null"]).fails(3, &["/dev/null", "not a regular file"]);
    let empty = folder.path("empty");
    std::fs::create_dir(&empty).unwrap();
    overlap(&["estimate", empty.to_str().unwrap()]).fails(3, &["holds no data file"]);
    let glob = folder.path("*.parquet");
    overlap(&["estimate", glob.to_str().unwrap()]).fails(2, &["no file matches"]);
}

#[test]
#[cfg(unix)]
fn row_1_a_fifo_is_not_waited_for() {
    let folder = Folder::new();
    let fifo = folder.path("fifo");
    let made = std::process::Command::new("mkfifo")
        .arg(&fifo)
        .status()
        .unwrap();
    assert!(made.success());
    overlap(&["estimate", fifo.to_str().unwrap()]).fails(3, &["not a regular file"]);
}

#[test]
fn row_2_files_too_short_to_be_parquet() {
    let folder = Folder::new();
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("four", b"PAR1"),
        ("eight", b"PAR1PAR1"),
        ("zero", b"PAR1\0\0\0\0PAR1"),
    ] {
        let path = folder.bytes(name, bytes);
        overlap(&["estimate", &path]).fails(3, &[&path]);
    }
}

#[test]
fn row_3_what_it_looks_like_is_said() {
    let folder = Folder::new();
    for (name, bytes, looks) in [
        ("a.png", &b"\x89PNG\r\n\x1a\n0000000000"[..], "PNG"),
        ("a.parquet.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0\0\0", "gzip"),
        ("a.json", b"[{\"user_id\": 1}]\n", "JSON"),
        (
            "a.xlsx",
            b"PK\x03\x04\x14\0[Content_Types].xml",
            "read_excel",
        ),
        ("a.zip", b"PK\x03\x04\x14\0\0\0a.csv", "unzip"),
        ("a.orc", b"ORC\x11\0\0\n\x06", "pyarrow import orc"),
        ("a.avro", b"Obj\x01\x04\x14avro.codec", "fastavro"),
        (
            "a.sqlite",
            b"SQLite format 3\0\x10\0",
            "sqlite3 -header -csv",
        ),
        ("a.duckdb", b"\0\0\0\0\0\0\0\0DUCK\x40\0", "COPY users TO"),
        (
            "a.csv",
            b"version https://git-lfs.github.com/spec/v1\n",
            "git lfs pull",
        ),
        (
            "b.csv",
            b"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>",
            "error page of a store",
        ),
        ("c.csv", b"<!DOCTYPE html>\n<html>", "web page"),
        ("d.csv", b"", "is empty: 0 bytes"),
        (
            "a.parquet.tmp",
            b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            "not a Parquet file",
        ),
    ] {
        let path = folder.bytes(name, bytes);
        overlap(&["estimate", &path]).fails(3, &[&path, looks]);
    }
}

#[test]
fn row_4_a_cut_file_is_refused_wherever_it_was_cut() {
    let folder = Folder::new();
    let whole = std::fs::read(data("shop.parquet")).unwrap();
    for cut in 1..=12 {
        let path = folder.bytes("cut.parquet", &whole[..whole.len() * cut / 13]);
        overlap(&["estimate", &path]).fails(3, &["cut.parquet"]);
    }
}

#[test]
fn rows_5_and_6_a_footer_that_lies_about_its_length_is_refused() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
    let whole = std::fs::read(folder.ids("whole.parquet", ids)).unwrap();
    let at = whole.len() - 8;
    for length in [0_u32, 1, 2, 1 << 20, u32::MAX] {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        let path = folder.bytes("lies.parquet", &bytes);
        overlap(&["estimate", &path]).fails(3, &["lies.parquet"]);
    }
}

#[test]
fn row_6_footers_that_would_take_for_ever_are_refused_at_once() {
    let folder = Folder::new();
    // Lists of 2^31 - 1 booleans, six bytes each, and structs within structs.
    let booleans = [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07].repeat(10_000);
    let nest = [0x1c].repeat(100_000);
    for (name, footer) in [("booleans", booleans), ("nest", nest)] {
        let mut bytes = b"PAR1".to_vec();
        bytes.extend(&footer);
        bytes.push(0);
        bytes.extend(u32::try_from(footer.len() + 1).unwrap().to_le_bytes());
        bytes.extend(b"PAR1");
        let path = folder.bytes(name, &bytes);
        overlap(&["estimate", &path]).fails(3, &[&path, "its footer makes no sense"]);
        overlap(&["inspect", &path]).fails(3, &[&path, "its footer makes no sense"]);
    }
}

#[test]
fn a_side_may_be_a_folder_a_glob_or_several_files() {
    let folder = Folder::new();
    for part in 0..3_i64 {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(part * 10..part * 10 + 15));
        std::fs::create_dir_all(folder.path("deep/dt=2026-11-23")).unwrap();
        folder.ids(&format!("deep/dt=2026-11-23/{part}.parquet"), ids);
    }
    folder.bytes("deep/_metadata.parquet", b"not read");
    let deep = folder.path("deep");
    let deep = deep.to_str().unwrap();
    let as_folder = format!("shop={deep}");
    let as_glob = format!("shop={deep}/*/*.parquet");
    let one = |i: usize| format!("shop={deep}/dt=2026-11-23/{i}.parquet");
    for arguments in [vec![as_folder], vec![as_glob], vec![one(0), one(1), one(2)]] {
        let mut all = vec!["exact".to_owned(), "--format=json".to_owned()];
        all.extend(arguments);
        let report = overlap(&all).json();
        assert_eq!(report["sides"].as_array().unwrap().len(), 1);
        assert_eq!(report["sides"][0]["name"], "shop");
        assert_eq!(report["sides"][0]["files"], 3);
        assert_eq!(report["sides"][0]["users"]["value"], 35);
        assert_eq!(report["sides"][0]["rows"], 45);
    }
}
