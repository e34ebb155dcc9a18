//! Data that is compared at once: how large its sample is, whatever the rows, threads and order.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, BinaryArray, DictionaryArray, Int64Array, StringArray};
use arrow::datatypes::Int32Type;
use serde_json::Value;
use std::sync::Arc;

/// The answer about two sides with the same IDs in both, in three row groups.
fn ask(folder: &Folder, more: &[&str]) -> Value {
    let (a, b) = (path(folder, "a.parquet"), path(folder, "b.parquet"));
    let mut arguments = vec!["estimate", &a, &b, "--format", "json"];
    arguments.extend(more);
    overlap(&arguments).json()
}

/// Two sides, of `ids` and of seven of eight of them, none of which is held whole, of which both say the same as with `k` given, on
/// one, two and three threads.
fn ensure_as_with(k: &str, ids: Vec<i64>) {
    let folder = Folder::new();
    let few: Vec<i64> = ids.iter().copied().filter(|id| id % 8 != 0).collect();
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

/// How a column of IDs is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Integers,
    Texts,
    Categories,
    Binary,
}

impl Form {
    fn column(self, ids: &[Option<i64>]) -> ArrayRef {
        let texts = || ids.iter().map(|id| id.map(|id| format!("user-{id:020}")));
        match self {
            Self::Integers => Arc::new(ids.iter().copied().collect::<Int64Array>()),
            Self::Texts => Arc::new(texts().collect::<StringArray>()),
            Self::Categories => {
                let texts: Vec<Option<String>> = texts().collect();
                let texts = texts.iter().map(Option::as_deref);
                Arc::new(texts.collect::<DictionaryArray<Int32Type>>())
            }
            Self::Binary => Arc::new(
                ids.iter()
                    .map(|id| id.map(|id| id.to_be_bytes().to_vec()))
                    .collect::<BinaryArray>(),
            ),
        }
    }
}

/// Users `range`, some of whom come again, and a null now and then.
fn rows(range: std::ops::Range<i64>, extra: i64) -> Vec<Option<i64>> {
    let count = range.end - range.start;
    let again = (0..extra).map(|row| range.start + mixed(row).rem_euclid(count));
    let all = range.clone().chain(again);
    all.map(|user| (user % 1000 != 7).then(|| mixed(user)))
        .collect()
}

/// The same question by sketches and by counting, of files `names` in this order.
fn both_ways(folder: &Folder, names: &[&str], more: &[&str]) -> [Value; 2] {
    ["estimate", "exact"].map(|command| {
        let sides = names
            .iter()
            .map(|name| format!("{name}={}", path(folder, name)));
        let mut arguments = vec![command.to_owned(), "--format".into(), "json".into()];
        arguments.extend(sides);
        if command == "estimate" {
            arguments.extend(more.iter().map(|it| (*it).to_owned()));
        }
        overlap(&arguments).json()
    })
}

#[track_caller]
fn ensure_same(estimated: &Value, exact: &Value, names: &[&str]) {
    for name in names {
        assert_eq!(estimated[name], exact[name], "{name}");
    }
}

/// Whether the truth lies within, or hardly outside, an interval.
#[track_caller]
fn ensure_near(estimated: &Value, exact: &Value) {
    let [lower, value, upper, truth] = [
        &estimated["lower"],
        &estimated["value"],
        &estimated["upper"],
        &exact["value"],
    ]
    .map(|number| number.as_f64().unwrap());
    let (below, above) = (value - lower, upper - value);
    assert!(
        truth >= value - 2.0 * below && truth <= value + 2.0 * above,
        "{estimated} {exact}"
    );
}

#[test]
fn a_small_side_is_held_whole_whatever_its_ids_are() {
    for form in [Form::Integers, Form::Texts, Form::Categories, Form::Binary] {
        let folder = Folder::new();
        // Some of the small side's users, all of them, and none are in the large one.
        for (small, large) in [
            (0..60_000, 30_000..1_150_000),
            (100_000..140_000, 0..1_100_000),
            (0..5_000, 10_000..1_110_000),
        ] {
            folder.ids("small", form.column(&rows(small, 900)));
            folder.ids("large", form.column(&rows(large, 40_000)));
            let [estimated, exact] = both_ways(&folder, &["small", "large"], &[]);
            assert_eq!(estimated["sides"][0]["held_whole"], true, "{form:?}");
            assert_eq!(estimated["sides"][1]["held_whole"], Value::Null);
            ensure_same(
                &estimated,
                &exact,
                &["overlap", "only_a", "share_of_a", "quality"],
            );
            assert_eq!(estimated["sides"][0]["users"], exact["sides"][0]["users"]);
            ensure_near(&estimated["only_b"], &exact["only_b"]);
            ensure_near(&estimated["union"], &exact["union"]);
            let number = |name: &str| estimated[name]["value"].as_u64().unwrap();
            let users = |side: usize| estimated["sides"][side]["users"]["value"].as_u64().unwrap();
            assert_eq!(users(0) + users(1) - number("overlap"), number("union"));
            for threads in ["1", "2", "3"] {
                let [again, _] = both_ways(&folder, &["small", "large"], &["--threads", threads]);
                assert_eq!(again, estimated, "{threads} threads");
                let [swapped, _] = both_ways(&folder, &["large", "small"], &["--threads", threads]);
                ensure_same(&swapped, &estimated, &["overlap", "union", "jaccard"]);
                assert_eq!(swapped["only_a"], estimated["only_b"]);
                assert_eq!(swapped["gain_a"], estimated["gain_b"]);
            }
        }
    }
}

#[test]
fn one_or_two_small_sides_beside_large_ones_make_their_regions_exact() {
    let folder = Folder::new();
    let file = |name: &str, ids: Vec<Option<i64>>| folder.ids(name, Form::Integers.column(&ids));
    file("tiny", rows(500_000..530_000, 2_000));
    file("small", rows(520_000..640_000, 0));
    file("large", rows(0..600_000, 30_000));
    file("other", rows(580_000..1_300_000, 0));
    for names in [
        &["tiny", "large", "other"][..],
        &["large", "tiny", "other", "small"],
        &["small", "tiny", "large"],
    ] {
        let [estimated, exact] = both_ways(&folder, names, &[]);
        let (estimated_pairs, exact_pairs) = (&estimated["pairs"], &exact["pairs"]);
        for (estimated, exact) in
            (estimated_pairs.as_array().unwrap().iter()).zip(exact_pairs.as_array().unwrap())
        {
            let is_small = |name: &str| {
                let name = estimated[name].as_str().unwrap();
                name == "tiny" || name == "small"
            };
            match is_small("a") || is_small("b") {
                true => ensure_same(estimated, exact, &["overlap", "quality"]),
                false => assert_ne!(estimated["quality"], "exact"),
            }
            ensure_near(&estimated["overlap"], &exact["overlap"]);
        }
        ensure_near(&estimated["union"], &exact["union"]);
        // Regions, formulas, matrix and reach say the same of the same sides.
        let sides: Vec<String> = (names.iter().map(|name| path(&folder, name))).collect();
        let told = |command: &str, more: &[&str]| {
            let mut arguments = vec![command, "--format", "json"];
            arguments.extend(sides.iter().map(String::as_str));
            arguments.extend(more);
            overlap(&arguments).json()
        };
        let regions = told("regions", &["--threads", "1"]);
        assert_eq!(regions["union"], estimated["union"]);
        for region in regions["regions"].as_array().unwrap() {
            let of = region["sides"].as_array().unwrap();
            let is_exact = region["users"]["lower"] == region["users"]["upper"];
            let is_small = of.iter().any(|side| side == "tiny" || side == "small");
            assert!(is_exact || !is_small, "{region}");
        }
        let matrix = told("matrix", &["--threads", "3"]);
        for (pair, other) in
            (matrix["pairs"].as_array().unwrap().iter()).zip(estimated_pairs.as_array().unwrap())
        {
            assert_eq!(pair["overlap"], other["overlap"]);
        }
        let reach = told("reach", &[]);
        let last = reach["steps"].as_array().unwrap().last().unwrap();
        assert_eq!(last["reach"], estimated["union"]);
        let asked = told("estimate", &["--expr", "tiny - large", "--threads", "2"]);
        let users = &asked["formulas"][0]["users"];
        assert_eq!(users["lower"], users["upper"], "{asked}");
        assert_eq!(asked["pairs"], *estimated_pairs);
    }
}

#[test]
fn what_is_given_a_size_or_has_no_footer_is_not_held_whole() {
    let folder = Folder::new();
    folder.ids("small", Form::Integers.column(&rows(0..3_000, 0)));
    folder.ids("large", Form::Integers.column(&rows(2_000..1_100_000, 0)));
    let lines: String = (0..3_000)
        .map(|user| format!("{}\n", mixed(user)))
        .collect();
    folder.bytes("lines.csv", format!("user_id\n{lines}").as_bytes());
    let held = |names: &[&str], more: &[&str]| {
        let [estimated, _] = both_ways(&folder, names, more);
        estimated["sides"][0]["held_whole"].clone()
    };
    assert_eq!(held(&["small", "large"], &[]), true);
    assert_eq!(held(&["small", "large"], &["--k", "1048576"]), Value::Null);
    assert_eq!(held(&["lines.csv", "large"], &[]), Value::Null);
    // How many rows a filter takes is known once they are read.
    let odd = ["--where", "small=user_id % 2 = 1"];
    assert_eq!(held(&["small", "large"], &odd), Value::Null);
    // Where nobody is larger, both samples are the sets as they were.
    assert_eq!(held(&["small", "small"], &[]), Value::Null);
}
