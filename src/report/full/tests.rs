//! Laws of whole reports.

use super::{FullReport, Number};

const ESTIMATE: &str = r#"{"schema":"overlap.estimate/1","method":{"name":"sketch","precision":16,"k":65536,"joint":true},
"confidence":0.95,"sides":[{"name":"a","files":1,"users":{"value":3,"lower":3,"upper":3}},
{"name":"b","files":1,"users":{"value":4,"lower":4,"upper":4}}],
"overlap":{"value":1,"lower":1,"upper":1},"only_a":{"value":2,"lower":2,"upper":2},"only_b":{"value":3,"lower":3,"upper":3},
"share_of_a":{"value":0.3333333333333333,"lower":0.1,"upper":0.7},"share_of_b":{"value":0.25,"lower":0.25,"upper":0.25},
"gain_a":{"value":1,"lower":1,"upper":1},"gain_b":{"value":0.5,"lower":0.5,"upper":0.5},
"jaccard":{"value":0.16666666666666666,"lower":0.1,"upper":0.2},"quality":"exact",
"union":{"value":6,"lower":6,"upper":6},"warnings":[{"code":"x","text":"careful"}]}"#;

#[test]
fn the_pair_of_two_sides_is_a_pair_and_three_regions() {
    let report = FullReport::from_json(ESTIMATE).expect("reads");
    let pair = report.pair_of(0, 1).expect("is there");
    assert_eq!(pair.overlap, Number::new(1.0, 1.0, 1.0));
    let masks: Vec<usize> = report
        .region_masks()
        .iter()
        .map(|(mask, _)| *mask)
        .collect();
    assert_eq!(masks, [1, 2, 3]);
    assert_eq!(report.warnings[0].text, "careful");
}

#[test]
fn a_report_that_is_written_and_read_is_written_the_same() {
    let report = FullReport::from_json(ESTIMATE).expect("reads");
    let text = report.to_json();
    assert_eq!(FullReport::from_json(&text).expect("reads").to_json(), text);
}

#[test]
fn overlaps_of_many_sides_are_found_by_their_places() {
    let side = |name: usize| format!(r#"{{"name":"{name}"}}"#);
    let sides: Vec<String> = (0..5).map(side).collect();
    let overlaps = (0..10).map(|n| format!("[{n},{n},{n}]"));
    let overlaps: Vec<String> = overlaps.collect();
    let text = format!(
        r#"{{"schema":"overlap.report/1","sides":[{}],"overlaps":[{}]}}"#,
        sides.join(","),
        overlaps.join(",")
    );
    let report = FullReport::from_json(&text).expect("reads");
    let mut expected = 0.0;
    for a in 0..5 {
        assert_eq!(report.overlap_of(a, a), None);
        for b in a + 1..5 {
            let found = report.overlap_of(b, a).expect("is there");
            assert_eq!(found.value, expected, "{a} {b}");
            expected += 1.0;
        }
    }
}

#[test]
fn pairs_of_many_sides_become_overlaps() {
    let users = |n: usize| serde_json::json!({"value": n, "lower": n, "upper": n});
    let sides: Vec<_> = (0..9)
        .map(|i| serde_json::json!({"name": format!("s{i}")}))
        .collect();
    let pairs = (0..9).flat_map(|a| (a + 1..9).map(move |b| (a, b)));
    let pairs = pairs.map(|(a, b)| {
        serde_json::json!({"a": format!("s{a}"), "b": format!("s{b}"), "overlap": users(10 * a + b)})
    });
    let pairs: Vec<_> = pairs.collect();
    let value = serde_json::json!({"schema": "overlap.matrix/1", "sides": sides, "pairs": pairs});
    let report = FullReport::from_json(&value.to_string()).expect("reads");
    assert!(report.pairs.is_empty());
    for (a, b) in [(0, 1), (3, 7), (7, 8)] {
        let found = report.overlap_of(a, b).expect("is there").value;
        assert_eq!(found, (10 * a + b) as f64);
    }
}

#[test]
fn what_is_no_report_is_refused() {
    for (text, words) in [
        ("", "isn't JSON, at line 1"),
        ("{}", "without the schema"),
        (r#"{"schema":"overlap.inspect/1"}"#, "has no page"),
        (r#"{"schema":"overlap.report/1"}"#, "without sides"),
        (
            r#"{"schema":"overlap.report/1","sides":[{"name":"a"}],"regions":[{"sides":["b"],"users":{"value":1,"lower":1,"upper":1}}]}"#,
            "don't fit each other",
        ),
        (
            r#"{"schema":"overlap.report/1","sides":5}"#,
            "isn't the report",
        ),
    ] {
        let error = FullReport::from_json(text).expect_err(text);
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}
