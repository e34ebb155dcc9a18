//! Sketches for a partner: what is left out of them, and what is refused.

use crate::harness::{Answer, Folder, overlap};
use crate::keys::key_file;
use arrow::array::{ArrayRef, Int64Array, StringArray};
use overlap::{Policy, read_sketches};
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;

/// A folder with a key, and files for exchange.
pub struct Partner {
    pub folder: Folder,
    pub key: String,
}

impl Partner {
    pub fn new() -> Self {
        let folder = Folder::new();
        let (key, _) = key_file(&folder, "k.key", 1);
        Self { folder, key }
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path(name).to_str().unwrap().to_owned()
    }

    /// A Parquet file of users.
    pub fn data(&self, name: &str, ids: impl IntoIterator<Item = i64>) -> String {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
        self.folder.ids(&format!("{name}.parquet"), ids)
    }

    /// A Parquet file of users with a segment each.
    pub fn segments(&self, name: &str, of: &[(&str, std::ops::Range<i64>)]) -> String {
        let ids = of.iter().flat_map(|(_, ids)| ids.clone());
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
        let tiers = of
            .iter()
            .flat_map(|(tier, ids)| ids.clone().map(move |_| *tier));
        let tiers: Vec<&str> = tiers.collect();
        let tiers: ArrayRef = Arc::new(StringArray::from(tiers));
        let columns = [("user_id", ids), ("tier", tiers)];
        let name = format!("{name}.parquet");
        self.folder
            .batch(&name, &columns, WriterProperties::default())
    }

    pub fn exchange(&self, input: &str, output: &str, more: &[&str]) -> Answer {
        let output = self.path(output);
        let usual = [
            "sketch",
            input,
            "-o",
            &output,
            "--for-exchange",
            "--key-file",
            &self.key,
        ];
        overlap(&[&usual, more].concat())
    }

    /// A file for exchange that must come about.
    pub fn made(&self, input: &str, output: &str, more: &[&str]) -> String {
        let answer = self.exchange(input, output, more);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        self.path(output)
    }

    pub fn ask(&self, arguments: &[&str]) -> Answer {
        overlap(&[arguments, &["--key-file", &self.key]].concat())
    }
}

#[test]
fn a_file_for_exchange_has_no_rows_no_filter_and_no_small_segments() {
    let partner = Partner::new();
    let input = partner.segments(
        "b",
        &[
            ("big", 0..3_000),
            ("small", 3_000..3_200),
            ("tiny", 3_200..3_205),
        ],
    );
    let rules = [
        "--by",
        "tier",
        "--purpose",
        "one campaign",
        "--where",
        "user_id >= 0",
    ];
    let answer = partner.exchange(&input, "b.ovs", &[&rules[..], &["--json"]].concat());
    assert_eq!(answer.json()["left_out"], 2);
    let path = partner.path("b.ovs");
    let inspect = partner.ask(&["inspect", &path, "--format", "json"]).json();
    let file = &inspect["files"][0];
    let sketches = file["sketches"].as_array().unwrap();
    assert_eq!(sketches.len(), 1);
    assert_eq!(sketches[0]["segment"][0], "big");
    assert_eq!(sketches[0]["users"]["value"], 3_000);
    for absent in ["rows", "nulls", "sample", "registers"] {
        assert!(sketches[0][absent].is_null(), "{absent}");
    }
    assert!(file["filter"].is_null());
    assert_eq!(file["policy"]["purpose"], "one campaign");
    assert_eq!(file["policy"]["left_out"], 2);
    // The names of the input's file and of the column of IDs are nowhere in it.
    let bytes = std::fs::read(&path).unwrap();
    for word in ["b.parquet", "user_id", "small", "tiny"] {
        let found = bytes
            .windows(word.len())
            .any(|window| window == word.as_bytes());
        assert!(!found, "{word}");
    }
}

#[test]
fn what_a_file_for_exchange_lacks_is_refused() {
    let partner = Partner::new();
    let input = partner.data("a", 0..2_000);
    let few = partner.data("few", 0..999);
    let output = partner.path("x.ovs");
    overlap(&["sketch", &input, "-o", &output, "--for-exchange"]).fails(5, &["key", "--key-file"]);
    partner
        .exchange(&few, "x.ovs", &[])
        .fails(5, &["fewer than 1000 users"]);
    partner
        .exchange(&input, "x.ovs", &["--min-users", "2001"])
        .fails(5, &["fewer than 2001"]);
    let segments = partner.segments("s", &[("a", 0..500), ("b", 500..900)]);
    partner
        .exchange(&segments, "x.ovs", &["--by", "tier"])
        .fails(5, &["all 2 segments"]);
    partner
        .exchange(&input, "x.ovs", &["--valid-until", "2026-01-31"])
        .fails(2, &["2026-01-31"]);
    partner
        .exchange(&input, "x.ovs", &["--valid-until", "tomorrow"])
        .fails(2, &["--valid-until"]);
    partner
        .exchange(&input, "x.ovs", &["--min-overlap", "0"])
        .fails(2, &["min_overlap"]);
    let purpose = "x".repeat(501);
    partner
        .exchange(&input, "x.ovs", &["--purpose", &purpose])
        .fails(2, &["purpose"]);
    let alone = ["sketch", &input, "-o", &output, "--purpose", "none"];
    assert_eq!(overlap(&alone).code, Some(2));
    assert!(!Path::new(&output).exists());
}

#[test]
fn every_question_that_a_policy_does_not_allow_is_refused() {
    let partner = Partner::new();
    let ours = partner.data("a", 0..3_000);
    let theirs = partner.data("b", 1_000..5_000);
    let theirs = partner.made(&theirs, "b.ovs", &[]);
    let (page, merged, folder) = (
        partner.path("p.html"),
        partner.path("m.ovs"),
        partner.path("f"),
    );
    let picture = partner.path("p.svg");
    let (ours, theirs) = (ours.as_str(), theirs.as_str());
    let refused: [&[&str]; 11] = [
        &["reach", ours, theirs],
        &["trend", ours, theirs, "--by", "day"],
        &["report", ours, theirs, "-o", &page],
        &["plot", "venn", ours, theirs, "-o", &picture],
        &["diagnose", ours, theirs],
        &["merge", ours, theirs, "-o", &merged],
        &["sketch", theirs, "-o", &merged],
        &["convert", theirs, "--to", "ovs", "-o", &merged],
        &["convert", theirs, "--to", "datasketches", "-o", &folder],
        &["estimate", ours, theirs, "--break-even", "10"],
        &[
            "matrix", theirs, theirs, theirs, theirs, theirs, theirs, theirs, theirs, theirs,
        ],
    ];
    for arguments in refused {
        let answer = match arguments[0] {
            // Named nine times it is one side: nine names.
            "matrix" => {
                let sides: Vec<String> = (0..9).map(|i| format!("s{i}={theirs}")).collect();
                let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
                partner.ask(&[&["matrix"], &sides[..]].concat())
            }
            _ => partner.ask(arguments),
        };
        assert_eq!(answer.code, Some(5), "{arguments:?}: {answer:?}");
        assert_eq!(answer.stdout, "", "{arguments:?}");
    }
    for written in [&page, &merged, &folder] {
        assert!(!Path::new(written).exists(), "{written}");
    }
    // Library and Python read files by these.
    let error = read_sketches(Path::new(theirs)).unwrap_err();
    assert_eq!(error.kind().exit_code(), 5);
}

#[test]
fn after_its_last_day_nothing_is_said() {
    let partner = Partner::new();
    let ours = partner.data("a", 0..3_000);
    let path = partner.path("old.ovs");
    // As `overlap sketch` would have written it before.
    let key = overlap::read_key(Path::new(&partner.key)).unwrap();
    let mut sketcher = overlap::Sketcher::new(overlap::SketchOptions::default()).with_key(&key);
    let ids: Vec<i64> = (0..2_000).collect();
    overlap::id::IdSink::push(&mut sketcher, overlap::id::IdBatch::Integers(&ids)).unwrap();
    let table = overlap::Segments::whole(sketcher.finish(overlap::Tally::default())).unwrap();
    let policy = Policy {
        valid_until: Some(overlap::Day::parse("2025-06-30").unwrap()),
        ..Policy::default()
    };
    let notes = overlap::format::FileNotes {
        filter: None,
        key: Some(key),
        policy: Some(policy),
    };
    overlap::write_sketches_with(&table, &notes, Path::new(&path)).unwrap();
    for command in ["estimate", "regions", "matrix", "reach"] {
        partner
            .ask(&[command, &ours, &path])
            .fails(5, &["old.ovs", "2025-06-30"]);
        overlap(&[command, &path, &path]).fails(5, &["2025-06-30"]);
    }
    partner.ask(&["inspect", &path]).fails(5, &["2025-06-30"]);
    let tomorrow = partner.made(&ours, "new.ovs", &["--valid-until", "2999-12-31"]);
    let answer = partner.ask(&["estimate", &ours, &tomorrow]);
    assert!(answer.stdout.contains("until 2999-12-31"), "{answer:?}");
}

#[test]
fn a_policy_that_cannot_be_read_is_refused_and_a_changed_one_noticed() {
    let partner = Partner::new();
    let input = partner.data("a", 0..3_000);
    let path = partner.made(&input, "a.ovs", &[]);
    let bytes = std::fs::read(&path).unwrap();
    let changed = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let place = bytes
            .windows(from.len())
            .rposition(|w| w == from.as_bytes())
            .unwrap();
        let mut bytes = bytes.clone();
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
        partner.folder.bytes("changed.ovs", &bytes)
    };
    let laxer = changed("\"min_overlap\":50", "\"min_overlap\":01");
    overlap(&["estimate", &laxer]).fails(3, &["policy can't be read"]);
    let laxer = changed("\"min_overlap\":50", "\"min_overlap\":10");
    partner
        .ask(&["estimate", &laxer, &input])
        .fails(3, &["tag"]);
    let later = changed("\"round_to\"", "\"weekdays\"".split_at(10).0);
    overlap(&["estimate", &later]).fails(3, &["policy can't be read"]);
}
