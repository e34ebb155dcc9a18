//! Data that is compared at once: how large its sample is, whatever the rows, threads and order.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, Int64Array};
use serde_json::Value;
use std::sync::Arc;

/// The answer about two sides with the same IDs in both, in three row groups.
fn ask(folder: &Folder, more: &[&str]) -> Value {
    let (a, b) = (path(folder, "a.parquet"), path(folder, "b.parquet"));
    let mut arguments = vec!["estimate", &a, &b, "--format", "json"];
    arguments.extend(more);
    overlap(&arguments).json()
}

/// Two sides, of `ids` and of every second of them, of which both say the same as with `k` given, on
/// one, two and three threads.
fn ensure_as_with(k: &str, ids: Vec<i64>) {
    let folder = Folder::new();
    let few: Vec<i64> = ids.iter().copied().filter(|id| id % 2 == 0).collect();
    for (name, ids) in [("a.parquet", ids), ("b.parquet", few)] {
        let column: [(&str, ArrayRef); 1] = [("user_id", Arc::new(Int64Array::from(ids)))];
        folder.batch(name, &column, Default::default());
    }
    let expected = ask(&folder, &["--k", k]);
    for threads in ["1", "2", "3"] {
        let answer = ask(&folder, &["--threads", threads]);
        assert_eq!(numbers(&answer), numbers(&expected), "{threads} threads");
        // What was read twice counts once.
        assert_eq!(answer["sides"], expected["sides"], "{threads} threads");
    }
}

fn path(folder: &Folder, name: &str) -> String {
    folder.path(name).display().to_string()
}

fn numbers(report: &Value) -> Vec<&Value> {
    let names = ["overlap", "union", "only_a", "only_b", "jaccard", "quality"];
    names.iter().map(|name| &report[name]).collect()
}

/// A number that looks random, the same for the same `n`.
fn mixed(n: i64) -> i64 {
    let n = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((n ^ n >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93) >> 1) as i64
}

#[test]
fn users_who_come_once_have_a_sample_of_a_million() {
    // b has half of them, which is the whole of its sample.
    ensure_as_with("1048576", (0..1_400_000).map(mixed).collect());
}

#[test]
fn users_who_come_often_have_a_smaller_one() {
    let rows = (0..2_400_000).map(|row| mixed(row) % 350_000);
    ensure_as_with("131072", rows.collect());
}

#[test]
fn users_of_one_day_who_come_again_the_next_are_noticed_at_the_end() {
    // The sample that the first rows make expect is too large here, …
    ensure_as_with(
        "131072",
        (0..2_400_000).map(|row| mixed(row % 600_000)).collect(),
    );
    // … and too small here: everything is read again.
    ensure_as_with(
        "131072",
        (0..2_400_000).map(|row| mixed(row % 100_000)).collect(),
    );
}

#[test]
fn users_who_come_often_at_first_and_once_later_are_noticed_too() {
    let first = (0..300_000).map(|row| mixed(row % 1000));
    let rows = first.chain((0..1_500_000).map(mixed));
    ensure_as_with("1048576", rows.collect());
}

#[test]
fn the_size_that_was_asked_for_is_the_size() {
    let folder = Folder::new();
    for name in ["a.parquet", "b.parquet"] {
        let ids = Int64Array::from_iter_values((0..100_000).map(mixed));
        let column: [(&str, ArrayRef); 1] = [("user_id", Arc::new(ids))];
        folder.batch(name, &column, Default::default());
    }
    let k = |more: &[&str]| ask(&folder, more)["method"]["k"].clone();
    assert_eq!(k(&[]), 1_048_576);
    assert_eq!(k(&["--k", "4096"]), 4096);
    // What is stored decides for what stands beside it.
    let (a, stored) = (path(&folder, "a.parquet"), path(&folder, "b.ovs"));
    overlap(&["sketch", &path(&folder, "b.parquet"), "-o", &stored]);
    let beside = overlap(&["estimate", &a, &stored, "--format", "json"]).json();
    assert_eq!(beside["method"]["k"], 65_536);
    assert!(beside["overlap"]["lower"] != beside["overlap"]["upper"]);
    // Four sides share the room of two.
    let four: Vec<String> = (0..4).map(|i| format!("side{i}={a}")).collect();
    let mut arguments = vec!["estimate", "--format", "json"];
    arguments.extend(four.iter().map(String::as_str));
    assert_eq!(overlap(&arguments).json()["method"]["k"], 524_288);
}
