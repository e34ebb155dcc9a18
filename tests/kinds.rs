//! IDs of different kinds, and numbers that were rounded: what brings them together was tried, or it is said that
//! nothing does.

use crate::harness::{Answer, Folder, overlap, users};
use crate::spelling::{said, texts};
use arrow::array::{ArrayRef, BinaryArray, Int64Array};
use sha2::{Digest, Sha256};
use std::sync::Arc;

fn binary(ids: impl IntoIterator<Item = Vec<u8>>) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(ids))
}

fn integers(ids: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(ids))
}

/// A number of 63 bits.
fn large(i: i64) -> i64 {
    let spread = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (spread >> 2 | 1 << 62).cast_signed()
}

fn digest(i: i64) -> Vec<u8> {
    Sha256::digest(i.to_string()).to_vec()
}

fn hex(i: i64) -> String {
    digest(i).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The settings that a message names, as words of a command.
fn named(answer: &Answer) -> Vec<String> {
    let text = &answer.stderr;
    let from = text.find(" with --").map(|at| at + " with ".len());
    let rest = from.map_or("", |from| &text[from..]);
    let settings = rest.split(" (").next().unwrap_or("");
    settings.split_whitespace().map(str::to_owned).collect()
}

/// The overlap under the settings that the refusal of two files names.
#[track_caller]
fn mended(files: &[&str], expected: &str, shared: u64) {
    let refused = overlap(&[&["estimate"], files].concat());
    refused.fails(4, &[expected, "tried on"]);
    assert_eq!(named(&refused).join(" "), expected);
    let settings = named(&refused);
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mended = [&["estimate", "--format", "json"], files, &settings].concat();
    assert_eq!(
        users(&overlap(&mended).json(), "/overlap"),
        shared,
        "{expected}"
    );
}

const NOTHING: &str = "no setting brings their first rows to one form";

#[test]
fn of_two_kinds_of_ids_the_setting_is_named_that_brings_them_together() {
    let folder = Folder::new();
    let file = |name: &str, ids: ArrayRef| folder.ids(name, ids);
    let words = || (0..300).map(|i| format!("u{i:07}"));
    let a = file("a", binary(words().map(String::into_bytes)));
    let b = file("b", texts(words().skip(100)));
    mended(&[&a, &b], "--as string", 200);
    let raw = file("raw", binary((0..300).map(digest)));
    let digits = file("digits", texts((100..400).map(hex)));
    mended(&[&raw, &digits], "--as binary", 200);
    let prefixed = (100..400).map(|i| format!("sha256:{}", hex(i)));
    let prefixed = file("prefixed", texts(prefixed));
    // A rule that takes letters away stays in the profile, and bytes can't have it.
    overlap(&["estimate", &raw, &prefixed]).fails(4, &["no setting"]);
    let numbers = file("numbers", integers(100_000..100_300));
    let plain = (100_100..100_400).map(|i| i.to_string());
    let plain = file("plain", texts(plain.chain(["unknown".to_owned()])));
    mended(&[&numbers, &plain], "--as string", 200);
    let padded = || (100_100..100_400).map(|i| format!("{i:010}"));
    let padded_alone = file("padded", texts(padded()));
    mended(&[&numbers, &padded_alone], "--as integer", 200);
    // The empty text is no number, so that the cast would end at it.
    let with_empty = file("with_empty", texts(padded().chain([String::new()])));
    mended(&[&numbers, &with_empty], "--normalize strip-zeros", 200);
}

#[test]
fn where_no_setting_helps_none_is_named() {
    let folder = Folder::new();
    let numbers = folder.ids("numbers", integers(0..300));
    let mails = (0..300).map(|i| format!("ann{i}@example.org"));
    let mails = folder.ids("mails", texts(mails));
    for command in ["estimate", "exact", "verify"] {
        let refused = overlap(&[command, &numbers, &mails]);
        refused.fails(4, &[NOTHING]);
        assert!(!refused.stderr.contains("--"), "{}", refused.stderr);
    }
    // The last digits are gone: read as numbers they are of one form, and meet nobody.
    let exact = folder.ids("exact", integers((0..300).map(large)));
    let rounded = (0..300).map(|i| format!("{:e}", large(i) as f64));
    let rounded = folder.ids("rounded", texts(rounded));
    let refused = overlap(&["estimate", &exact, &rounded]);
    refused.fails(4, &["the ids of rounded were rounded", "2^53"]);
    assert!(!refused.stderr.contains("--"), "{}", refused.stderr);
}

#[test]
fn exports_whose_first_rows_are_of_different_people_are_brought_to_one_form() {
    let folder = Folder::new();
    let numbers = folder.ids("numbers", integers(1_000_000..1_300_000));
    let digits = (1_200_000..1_500_000).map(|i| i.to_string());
    let digits = folder.ids("digits", texts(digits));
    let refused = overlap(&["exact", &numbers, &digits]);
    refused.fails(4, &["--as string", "none of them meet"]);
    let report = overlap(&[
        "exact", &numbers, &digits, "--as", "string", "--format", "json",
    ]);
    assert_eq!(users(&report.json(), "/overlap"), 100_000);
}

#[test]
fn files_of_one_side_that_hold_two_kinds_get_a_cast_that_reads_both() {
    let folder = Folder::new();
    let words = |from: u32| (from..from + 300).map(|i| format!("u{i:07}"));
    folder.ids("mixed/a.parquet", binary(words(0).map(String::into_bytes)));
    folder.ids("mixed/b.parquet", texts(words(300)));
    let mixed = folder.path("mixed");
    let mixed = mixed.to_str().unwrap();
    overlap(&["exact", mixed]).fails(3, &["of the same side", "--as string"]);
    let report = overlap(&["exact", mixed, "--as", "string", "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 600);
    folder.ids("other/a.parquet", integers(0..300));
    folder.ids("other/b.parquet", binary((0..300).map(digest)));
    let other = folder.path("other");
    overlap(&["exact", other.to_str().unwrap()]).fails(3, &["of the same side", NOTHING]);
}

#[test]
fn data_is_brought_to_a_stored_sketch_or_both_have_to_be_sketched_again() {
    let folder = Folder::new();
    let sketched = |name: &str, ids: ArrayRef| {
        let file = folder.ids(name, ids);
        let stored = format!("{file}.ovs");
        assert_eq!(overlap(&["sketch", &file, "-o", &stored]).code, Some(0));
        stored
    };
    let numbers = folder.ids("numbers", integers(100_000..100_300));
    let digits = sketched("digits", texts((100_100..100_400).map(|i| i.to_string())));
    mended(&[&numbers, &digits], "--as string", 200);
    let stored = sketched("stored", integers(100_000..100_300));
    let padded = (100_100..100_400).map(|i| format!("{i:010}"));
    let padded = folder.ids("padded", texts(padded));
    mended(&[&stored, &padded], "--as integer", 200);
    let mails = (0..300).map(|i| format!("ann{i}@example.org"));
    let mails = sketched("mails", texts(mails));
    let refused = overlap(&["estimate", &numbers, &mails]);
    refused.fails(4, &["no setting makes", "sketch the data of both"]);
    assert!(!refused.stderr.contains("--"), "{}", refused.stderr);
}

#[test]
fn numbers_that_went_through_a_double_are_said_by_every_command() {
    let folder = Folder::new();
    let exact = folder.ids("exact", integers((0..2_000).map(large)));
    let rounded = (1_000..3_000).map(|i| large(i) as f64 as i64);
    let rounded = folder.ids("rounded", integers(rounded));
    for command in ["estimate", "exact", "diagnose", "matrix", "reach"] {
        let report = overlap(&[command, &exact, &rounded, "--format", "json"]).json();
        let [text] = &said(&report, "rounded")[..] else {
            panic!("{command}: {}", report["warnings"]);
        };
        assert!(text.contains("the ids of rounded were rounded"), "{text}");
    }
    let stored = format!("{rounded}.ovs");
    let answer = overlap(&["sketch", &rounded, "-o", &stored]);
    assert!(answer.stderr.contains("were rounded"), "{}", answer.stderr);
    let digits = (1_000..3_000).map(|i| (large(i) as f64 as i64).to_string());
    let digits = folder.ids("digits", texts(digits));
    let report = overlap(&[
        "estimate", &exact, &digits, "--as", "string", "--format", "json",
    ]);
    assert_eq!(said(&report.json(), "rounded").len(), 1);
}

#[test]
fn nothing_is_said_of_numbers_that_are_round_by_nature() {
    let folder = Folder::new();
    let clock = (0..2_000).map(|i| (1_700_000_000_000 + i * 37) << 21);
    let clock = folder.ids("clock", integers(clock));
    let small = folder.ids(
        "small",
        integers((0..2_000).map(|i| (large(i) >> 10) as f64 as i64)),
    );
    let report = overlap(&["estimate", &clock, &small, "--format", "json"]).json();
    assert_eq!(said(&report, "rounded"), [""; 0]);
}

#[test]
fn plain_ids_beside_digests_that_meet_nobody_are_said_and_diagnosed() {
    let folder = Folder::new();
    let mail = |i: i64| format!("ann{i}@example.org");
    let plain = folder.ids("plain", texts((0..300).map(mail)));
    let digest_of = |i: i64| -> String {
        let digest = Sha256::digest(mail(i));
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let hashed = folder.ids("hashed", texts((100..400).map(digest_of)));
    let others = folder.ids("others", texts((0..300).map(hex)));
    for command in ["estimate", "exact", "matrix", "regions"] {
        let report = overlap(&[command, &plain, &hashed, "--format", "json"]).json();
        let [text] = &said(&report, "forms")[..] else {
            panic!("{command}: {}", report["warnings"]);
        };
        assert!(text.contains("e-mail addresses in plain"), "{text}");
        assert!(
            text.contains("64 hexadecimal digits (SHA-256) in hashed"),
            "{text}"
        );
    }
    let report = overlap(&["diagnose", &plain, &hashed, "--format", "json"]).json();
    assert_eq!(report["pairs"][0]["settings"], "--digest plain=sha256");
    let mended = [
        "estimate",
        &plain,
        &hashed,
        "--digest",
        "plain=sha256",
        "--format",
        "json",
    ];
    let mended = overlap(&mended).json();
    assert_eq!(
        (users(&mended, "/overlap"), said(&mended, "forms").len()),
        (200, 0)
    );
    let alike = overlap(&["estimate", &others, &hashed, "--format", "json"]).json();
    assert_eq!(said(&alike, "forms"), [""; 0]);
}
