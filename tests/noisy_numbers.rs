//! Exact numbers with noise through the binary: what is in them, what isn't, and everything that is refused.

use crate::harness::{Answer, Folder, data, overlap};
use arrow::array::Int64Array;
use serde_json::Value;
use std::sync::Arc;

/// Sides of 4,000, 3,000 and 500 users; the first two share 1,000, the third shares nobody.
fn sides(folder: &Folder) -> [String; 3] {
    let ids = |name: &str, users: std::ops::Range<i64>| {
        folder.ids(name, Arc::new(Int64Array::from_iter_values(users)))
    };
    [
        ids("shop.parquet", 0..4_000),
        ids("pay.parquet", 3_000..6_000),
        ids("game.parquet", 10_000..10_500),
    ]
}

fn count(inputs: &[&str], more: &[&str]) -> Answer {
    overlap(&[&["exact"][..], inputs, more].concat())
}

fn number(report: &Value, end: &str) -> f64 {
    report[end].as_f64().unwrap()
}

/// With 99.9999 % an interval misses once in a million runs.
#[test]
fn numbers_have_noise_add_up_and_intervals_hold_the_truth() {
    let (shop, pay) = (data("shop.parquet"), data("pay.parquet"));
    let asked = [
        "--epsilon",
        "1",
        "--confidence",
        "99.9999",
        "--format",
        "json",
    ];
    let answer = count(&[&shop, &pay], &asked);
    let report = answer.json();
    assert_eq!(report["method"]["name"], "noisy count");
    assert_eq!(report["method"]["epsilon"], 1.0);
    for (number_of, truth) in [
        (&report["overlap"], 62_000.0),
        (&report["only_a"], 138_000.0),
        (&report["only_b"], 88_000.0),
        (&report["union"], 288_000.0),
        (&report["sides"][0]["users"], 200_000.0),
        (&report["sides"][1]["users"], 150_000.0),
        (&report["share_of_a"], 0.31),
        (&report["jaccard"], 62.0 / 288.0),
        (&report["gain_a"], 0.44),
    ] {
        let (lower, upper) = (number(number_of, "lower"), number(number_of, "upper"));
        assert!(lower <= truth && truth <= upper, "{number_of} {truth}");
        assert!(upper - lower < 200.0 && upper > lower, "{number_of}");
    }
    let value = |of: &Value| number(of, "value");
    let (a, b) = (&report["sides"][0]["users"], &report["sides"][1]["users"]);
    assert_eq!(
        value(a) + value(b) - value(&report["overlap"]),
        value(&report["union"])
    );
    let again = count(&[&shop, &pay], &asked).json();
    let all = |report: &Value| ["overlap", "only_a", "only_b"].map(|name| value(&report[name]));
    assert_ne!(all(&report), all(&again), "noise is new in every answer");
    assert!(answer.stderr.contains("spends another 1"), "{answer:?}");
}

/// Rows, nulls and what a condition took are counts of users without noise.
#[test]
fn nothing_that_was_counted_is_in_the_report_without_noise() {
    let folder = Folder::new();
    let [shop, pay, _] = sides(&folder);
    let asked = ["--epsilon", "0.01", "--where", "user_id >= 0"];
    for format in ["json", "table", "csv", "markdown"] {
        let answer = count(
            &[&shop, &pay],
            &[&asked[..], &["--format", format]].concat(),
        );
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let both = format!("{}{}", answer.stdout, answer.stderr).replace(',', "");
        // Noise of scale 200 hits any of these once in a thousand runs of all four.
        for counted in ["4000", "3000"] {
            let words = both.split(|c: char| !c.is_ascii_digit());
            assert!(!words.into_iter().any(|word| word == counted), "{both}");
        }
    }
    let report = count(
        &[&shop, &pay],
        &[&asked[..], &["--format", "json"]].concat(),
    )
    .json();
    for side in report["sides"].as_array().unwrap() {
        assert_eq!(
            (&side["rows"], &side["nulls"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(side["pages"], 0);
        assert!(side.get("filter").is_none());
    }
}

#[test]
fn three_sides_add_up_and_nothing_is_negative() {
    let folder = Folder::new();
    let [shop, pay, game] = sides(&folder);
    let asked = ["--epsilon", "0.05", "--format", "json"];
    let report = count(&[&shop, &pay, &game], &asked).json();
    let users = |place: usize| number(&report["sides"][place]["users"], "value");
    for (pair, (a, b)) in report["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .zip([(0, 1), (0, 2), (1, 2)])
    {
        let overlap = number(&pair["overlap"], "value");
        assert!(
            overlap >= 0.0 && overlap <= users(a).min(users(b)),
            "{pair}"
        );
        assert_eq!(
            users(a) + users(b) - overlap,
            number(&pair["union"], "value")
        );
    }
    assert!(number(&report["union"], "value") >= users(0));
}

#[test]
fn one_ledger_is_for_files_and_numbers() {
    let folder = Folder::new();
    let [shop, pay, _] = sides(&folder);
    let ledger = folder.path("ledger.json").to_str().unwrap().to_owned();
    let output = folder.path("shop.ovn").to_str().unwrap().to_owned();
    let budget = ["--budget-file", &ledger, "--budget", "2"];
    let first = count(
        &[&shop, &pay],
        &[&["--epsilon", "1.2"][..], &budget].concat(),
    );
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(
        first.stderr.contains("the budget has 0.8 left"),
        "{first:?}"
    );
    assert!(first.stdout.contains("noise of epsilon 1.2"), "{first:?}");
    count(&[&shop, &pay], &[&["--epsilon", "1"][..], &budget].concat())
        .fails(5, &["ledger.json", "has 0.8 left, less than epsilon 1"]);
    let file = ["sketch", &shop, "-o", &output, "--epsilon", "1"];
    overlap(&[&file[..], &budget].concat()).fails(5, &["has 0.8 left"]);
    let entries = std::fs::read_to_string(&ledger).unwrap();
    assert!(entries.contains("numbers of shop, pay"), "{entries}");
    // A count that fails has released nothing, and spends nothing.
    count(
        &["none.parquet"],
        &[&["--epsilon", "0.1"][..], &budget].concat(),
    )
    .fails(3, &["none"]);
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), entries);
}

#[test]
fn what_can_not_be_counted_with_noise_is_refused() {
    let folder = Folder::new();
    let [shop, pay, _] = sides(&folder);
    for (more, words) in [
        (
            &["--epsilon", "0"][..],
            "epsilon is 0, but must be 0.01 to 10",
        ),
        (&["--epsilon=-1"], "epsilon is -1"),
        (&["--epsilon", "nan"], "epsilon is NaN"),
        (&["--budget-file", "x"], "--epsilon"),
        (&["--confidence", "90"], "--epsilon"),
        (
            &["--epsilon", "1", "--budget-file", &shop, "--budget", "2"],
            "is an input and an output",
        ),
    ] {
        count(&[&shop, &pay], more).fails(2, &[words]);
    }
    let many: Vec<String> = (0..9).map(|side| format!("s{side}={shop}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    count(&many, &["--epsilon", "1"]).fails(2, &["9 sides, but at most 8"]);
    let lost = folder.path("no/ledger.json").to_str().unwrap().to_owned();
    let budget = ["--epsilon", "1", "--budget-file", &lost, "--budget", "2"];
    count(&[&shop, &pay], &budget).fails(6, &["ledger.json"]);
}
