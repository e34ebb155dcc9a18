//! Sketches that other programs made: base64, other hashes of text, other families, and what is said where nobody
//! meets.

use crate::harness::{Folder, overlap, users};
use crate::spelling::said;
use arrow::array::{ArrayRef, BinaryArray, Int64Array, StringArray};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use overlap::format::datasketches::{HllImage, ThetaImage};
use overlap::{DATASKETCHES_SEED, murmur3_128};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

const LG_K: u8 = 14;

fn name(i: u32) -> String {
    format!("ü{i:06}")
}

fn utf8(id: &str) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn utf16(id: &str) -> Vec<u8> {
    id.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn words(ids: impl Iterator<Item = Vec<u8>>) -> Vec<(u64, u64)> {
    ids.map(|id| murmur3_128(&id, DATASKETCHES_SEED)).collect()
}

/// What a theta sketch keeps of some users.
fn theta(words: &[(u64, u64)]) -> Vec<u8> {
    let hashes = words.iter().map(|(first, _)| first >> 1).collect();
    let image = ThetaImage::new(ThetaImage::THETA_MAX, hashes).unwrap();
    image.encode().unwrap()
}

/// What an HLL sketch keeps of them.
fn hll(words: &[(u64, u64)]) -> Vec<u8> {
    let mut image = HllImage::new(LG_K).unwrap();
    for (first, second) in words {
        let register = &mut image.registers[*first as usize & ((1 << LG_K) - 1)];
        *register = (*register).max(second.leading_zeros() as u8 + 1);
    }
    image.encode().unwrap()
}

fn texts(ids: std::ops::Range<u32>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(ids.map(name)))
}

#[test]
fn images_in_base64_are_read_from_files_and_from_columns_of_text() {
    let folder = Folder::new();
    let image = theta(&words((0..2_000).map(|i| utf8(&name(i)))));
    let pay = folder.ids("pay.parquet", texts(1_000..3_000));
    let written = [
        STANDARD.encode(&image),
        URL_SAFE_NO_PAD.encode(&image) + "\n",
    ];
    for text in &written {
        let file = folder.bytes("shop.theta", text.as_bytes());
        let report = overlap(&["estimate", &file, &pay, "--format", "json"]).json();
        assert_eq!(users(&report, "/overlap"), 1_000);
        assert_eq!(said(&report, "foreign_hash"), [""; 0]);
    }
    let columns: [ArrayRef; 2] = [
        Arc::new(StringArray::from_iter_values([written[0].clone()])),
        Arc::new(BinaryArray::from_iter_values([&image])),
    ];
    for column in columns {
        let file = folder.batch(
            "shop.parquet",
            &[("t", column)],
            WriterProperties::default(),
        );
        let flags = ["--theta-column", "t", "--format", "json"];
        let report = overlap(&[&["estimate", &file, &pay], &flags[..]].concat()).json();
        assert_eq!(users(&report, "/overlap"), 1_000);
        let report = overlap(&[&["inspect", &file], &flags[..]].concat()).json();
        assert_eq!(report["files"][0]["sketches"][0]["users"]["value"], 2_000);
    }
    let ids = Arc::new(StringArray::from_iter_values(["bm8gc2tldGNo"]));
    let file = folder.batch("no.parquet", &[("t", ids)], WriterProperties::default());
    overlap(&["estimate", &file, &pay, "--theta-column", "t"]).fails(3, &[&file, "row 0"]);
}

#[test]
fn text_that_was_hashed_as_utf16_is_found_and_met() {
    let folder = Folder::new();
    let words = words((0..8_000).map(|i| utf16(&name(i))));
    let pay = folder.ids("pay.parquet", texts(4_000..12_000));
    let image = folder.bytes("druid.theta", &theta(&words));
    for file in [&image, &folder.bytes("druid.hll", &hll(&words))] {
        // It shares nobody by UTF-8, and it is said how it does.
        let report = overlap(&["estimate", file, &pay, "--format", "json"]).json();
        let [text] = &said(&report, "foreign_hash")[..] else {
            panic!("{report}");
        };
        assert!(
            text.contains("are found in it with `hash = murmur3-utf16`"),
            "{text}"
        );
        let flags = ["--hash", "murmur3-utf16", "--format", "json"];
        let report = overlap(&[&["estimate", file, &pay], &flags[..]].concat()).json();
        let overlap = &report["overlap"];
        let (lower, upper) = (
            overlap["lower"].as_u64().unwrap(),
            overlap["upper"].as_u64().unwrap(),
        );
        assert!((lower..=upper).contains(&4_000), "{overlap}");
        assert_eq!(said(&report, "foreign_hash"), [""; 0]);
    }
    // A sketch of the data says which it is, and never meets the other.
    let sketches = ["murmur3", "murmur3-utf16"].map(|hash| {
        let path = folder.path(&format!("{hash}.ovs")).display().to_string();
        let answer = overlap(&["sketch", &pay, "--hash", hash, "-o", &path]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        path
    });
    overlap(&["estimate", &sketches[0], &sketches[1]]).fails(4, &["murmur3-utf16"]);
    let stored = [
        "estimate",
        &image,
        &sketches[1],
        "--hash",
        "murmur3-utf16",
        "--format",
        "json",
    ];
    assert_eq!(users(&overlap(&stored).json(), "/overlap"), 4_000);
    let shown = overlap(&["inspect", &sketches[1]]).stdout;
    assert!(
        shown.contains("murmur3-utf16 (fingerprint 1b2de0192aa1bf71)"),
        "{shown}"
    );
}

#[test]
fn text_and_numbers_that_cant_meet_are_said() {
    let folder = Folder::new();
    let text = words((0..2_000_u32).map(|i| i.to_string().into_bytes()));
    let numbers = words((0..2_000_u64).map(|i| i.to_le_bytes().to_vec()));
    let of_text = folder.bytes("text.theta", &theta(&text));
    let of_numbers = folder.bytes("numbers.theta", &theta(&numbers));
    let integers = folder.ids(
        "i.parquet",
        Arc::new(Int64Array::from_iter_values(1_000..3_000)),
    );
    let digits = StringArray::from_iter_values((1_000..3_000).map(|i| i.to_string()));
    let digits = folder.ids("d.parquet", Arc::new(digits));
    for (image, data, flag) in [
        (&of_text, &integers, "string"),
        (&of_numbers, &digits, "integer"),
    ] {
        let report = overlap(&["estimate", image, data, "--format", "json"]).json();
        let [text] = &said(&report, "foreign_hash")[..] else {
            panic!("{report}");
        };
        assert!(text.contains(&format!("`cast = {flag}`")), "{text}");
        let report = overlap(&["estimate", image, data, "--as", flag, "--format", "json"]).json();
        assert_eq!(users(&report, "/overlap"), 1_000);
    }
    let report = overlap(&["estimate", &of_text, &of_numbers, "--format", "json"]).json();
    assert_eq!(said(&report, "foreign_hash").len(), 1);
}

#[test]
fn other_families_are_named_with_the_way_out() {
    let folder = Folder::new();
    let pay = folder.ids("pay.parquet", texts(0..10));
    let cpc = [1, 1, 16, 12, 0, 14, 0xcc, 0x93];
    let kll = [2, 1, 15, 0, 200, 0, 8, 0];
    let cases: [(&str, &[u8], &str); 8] = [
        (
            "redis.hll",
            b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff",
            "Redis",
        ),
        (
            "postgres.hll",
            b"\x12\x8b\x7f\x88\x95\xa3\xf5\xaf\x28\xca\xfe",
            "PostgreSQL",
        ),
        ("pgtext.hll", b"\\x128b7f8895a3f5af28cafe\n", "PostgreSQL"),
        (
            "bigquery.hll",
            b"\x08\x70\x10\x05\x18\x02\x20\x0b",
            "BigQuery",
        ),
        ("cpc.hll", &cpc, "CPC"),
        ("cpc.theta", &cpc, "CPC"),
        ("kll.theta", &kll, "KLL"),
        ("empty.theta", b"", "empty"),
    ];
    for (file, bytes, words) in cases {
        let path = folder.bytes(file, bytes);
        overlap(&["estimate", &path, &pay]).fails(3, &[&path, words]);
    }
}

#[test]
fn stored_sketches_cant_be_cast_any_more_and_say_so() {
    let folder = Folder::new();
    let ids = || (0..300).map(name);
    let bytes = BinaryArray::from_iter_values(ids().map(String::into_bytes));
    let bytes = folder.ids("impala.parquet", Arc::new(bytes));
    let text = folder.ids("spark.parquet", texts(100..400));
    let sketch = |file: &str, flags: &[&str]| {
        let path = format!("{file}.ovs");
        let answer = overlap(&[&["sketch", file, "-o", &path], flags].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        path
    };
    let (of_bytes, of_text) = (sketch(&bytes, &[]), sketch(&text, &[]));
    let again = "sketch the data of both again with --as string";
    overlap(&["estimate", &of_bytes, &of_text]).fails(4, &[again]);
    let asked = "sketch the data again with --as string";
    for words in [
        &["estimate", &of_bytes, &of_text, "--as", "string"],
        &["merge", &of_bytes, "-o", "x.ovs", "--as", "string"][..],
    ] {
        overlap(words).fails(4, &[&of_bytes, asked]);
    }
    let asked = "sketch the data again with --normalize";
    overlap(&["estimate", &of_text, &of_text, "--normalize", "lower"]).fails(4, &[&of_text, asked]);
    let of_bytes = sketch(&bytes, &["--as", "string"]);
    let report = overlap(&[
        "estimate", &of_bytes, &of_text, "--as", "string", "--format", "json",
    ]);
    assert_eq!(users(&report.json(), "/overlap"), 200);
}
