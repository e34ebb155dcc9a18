//! Which rows are one segment: whatever types, folders, zones and empty files they come from.

use crate::harness::{Answer, Folder, overlap};
use arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::sync::Arc;

/// Runs the binary on words, `{}` standing for the folder.
fn ask(folder: &Folder, line: &str) -> Answer {
    let root = folder.path("").display().to_string();
    let words: Vec<String> = line
        .split(' ')
        .map(|word| word.replace("{}", &root))
        .collect();
    overlap(&words)
}

#[track_caller]
fn json(folder: &Folder, line: &str) -> Value {
    ask(folder, &format!("{line} --format json")).json()
}

#[track_caller]
fn run(folder: &Folder, line: &str) {
    let answer = ask(folder, line);
    assert_eq!(answer.code, Some(0), "{line}: {answer:?}");
}

fn ids(ids: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(ids))
}

fn file(folder: &Folder, name: &str, by: &str, values: ArrayRef, users: ArrayRef) {
    let columns = [("user_id", users), (by, values)];
    folder.batch(name, &columns, WriterProperties::default());
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

/// The segments of a sketch file as `inspect` names them, with their users.
fn segments(folder: &Folder, name: &str) -> Vec<(String, u64)> {
    let table = overlap::read_sketches(&folder.path(name)).unwrap();
    let users = json(folder, &format!("inspect {{}}{name}"));
    let sketches = users["files"][0]["sketches"].as_array().unwrap();
    let users = |row: usize| sketches[row]["users"]["value"].as_u64().unwrap();
    (0..table.values().len())
        .map(|row| (table.label(row), users(row)))
        .collect()
}

#[test]
fn files_without_rows_make_no_segments_and_are_in_nobodys_way() {
    let folder = Folder::new();
    for empty in 0..8 {
        file(
            &folder,
            &format!("mix/{empty}.parquet"),
            "tier",
            texts(&[]),
            ids([]),
        );
    }
    let tiers = ["a", "b", "a"].repeat(1_000);
    file(
        &folder,
        "mix/full.parquet",
        "tier",
        texts(&tiers),
        ids(0..3_000),
    );
    for threads in 1..=8 {
        run(
            &folder,
            &format!("sketch {{}}mix --by tier --threads {threads} -o {{}}mix.ovs"),
        );
        let expected = [("a".to_owned(), 2_000), ("b".to_owned(), 1_000)];
        assert_eq!(segments(&folder, "mix.ovs"), expected);
    }
    run(&folder, "sketch {}mix/0.parquet --by tier -o {}empty.ovs");
    assert_eq!(
        overlap::read_sketches(&folder.path("empty.ovs"))
            .unwrap()
            .names(),
        ["tier"]
    );
    for line in [
        "merge {}empty.ovs {}mix.ovs --by tier -o {}all.ovs",
        "estimate {}mix/0.parquet {}mix.ovs --by tier",
        "estimate {}mix.ovs {}empty.ovs --by tier",
    ] {
        run(&folder, line);
    }
    assert_eq!(segments(&folder, "all.ovs").len(), 2);
    // Empty or not, a column that isn't there is told.
    for line in [
        "sketch {}mix/0.parquet --by city -o {}x.ovs",
        "sketch {}mix --by city -o {}x.ovs",
    ] {
        ask(&folder, line).fails(2, &["no column city", "tier"]);
    }
}

#[test]
fn a_column_named_twice_is_one_and_text_columns_of_the_tables_names_are_data() {
    let folder = Folder::new();
    let columns = [
        ("user_id", ids(0..3)),
        ("hll", texts(&["a", "b", "a"])),
        ("sample", texts(&["x", "x", "x"])),
        ("tier", texts(&["T1", "T2", "T2"])),
    ];
    folder.batch("a.parquet", &columns, WriterProperties::default());
    run(&folder, "sketch {}a.parquet --by tier,tier -o {}a.ovs");
    let expected = [("T1".to_owned(), 1), ("T2".to_owned(), 2)];
    assert_eq!(segments(&folder, "a.ovs"), expected);
}

#[test]
fn folders_of_days_meet_days_that_are_dates() {
    let folder = Folder::new();
    folder.ids("lake/day=2026-11-22/x.parquet", ids(0..100));
    folder.ids("lake/day=2026-11-23/x.parquet", ids(50..150));
    // 2026-11-23 is day 20780.
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_780; 40]));
    file(&folder, "pay.parquet", "day", days, ids(140..180));
    run(&folder, "sketch {}lake --by day -o {}lake.ovs");
    run(&folder, "sketch {}pay.parquet --by day -o {}pay.ovs");
    for parts in [
        "{}lake.ovs {}pay.ovs",
        "{}pay.ovs {}lake.ovs",
        "{}lake {}pay.ovs",
    ] {
        run(&folder, &format!("merge {parts} --by day -o {{}}both.ovs"));
        let expected = [
            ("2026-11-22".to_owned(), 100),
            ("2026-11-23".to_owned(), 130),
        ];
        assert_eq!(segments(&folder, "both.ovs"), expected, "{parts}");
    }
    let report = json(&folder, "estimate {}lake {}pay.parquet --by day");
    let gain = &report["segments"]["rows"][0];
    assert_eq!(gain["users_of_ours"]["value"], 100, "{report}");
    folder.ids("odd/day=someday/x.parquet", ids([1]));
    ask(&folder, "merge {}odd {}pay.ovs --by day -o {}x.ovs")
        .fails(4, &["day", "Date32", "someday"]);
}

#[test]
fn moments_of_every_zone_are_segments_and_days() {
    let folder = Folder::new();
    // Half an hour before midnight: the next day in Berlin, but a moment of a file has no zone.
    let moment = 20_779_i64 * 86_400_000_000 + 23 * 3_600_000_000 + 1_800_000_000;
    let zones = [
        ("utc", "UTC"),
        ("berlin", "Europe/Berlin"),
        ("offset", "+14:00"),
    ];
    for (name, zone) in zones {
        let moments = TimestampMicrosecondArray::from(vec![moment]).with_timezone(zone);
        file(
            &folder,
            &format!("{name}.parquet"),
            "at",
            Arc::new(moments),
            ids([7]),
        );
        run(
            &folder,
            &format!("sketch {{}}{name}.parquet --by at -o {{}}{name}.ovs"),
        );
        let [(label, _)] = &segments(&folder, &format!("{name}.ovs"))[..] else {
            panic!("one segment of {name}");
        };
        assert_eq!(label, "2026-11-22T23:30:00Z", "{zone}");
        let trend = json(&folder, &format!("trend {{}}{name}.parquet --by at"));
        assert_eq!(trend["days"][0]["day"], "2026-11-22", "{trend}");
    }
    run(
        &folder,
        "merge {}utc.ovs {}berlin.ovs {}offset.ovs --by at -o {}all.ovs",
    );
    assert_eq!(segments(&folder, "all.ovs").len(), 1);
}

#[test]
fn no_two_segments_look_alike() {
    let folder = Folder::new();
    let values: ArrayRef = Arc::new(StringArray::from(vec![
        None,
        Some("null"),
        Some(""),
        Some("a\u{1b}[31m"),
        Some("a\nb"),
    ]));
    file(&folder, "odd.parquet", "seg", values, ids(0..5));
    run(&folder, "sketch {}odd.parquet --by seg -o {}odd.ovs");
    let labels: Vec<String> = segments(&folder, "odd.ovs")
        .into_iter()
        .map(|(l, _)| l)
        .collect();
    let expected = ["null", "\"\"", "\"a\\nb\"", "\"a\\u{1b}[31m\"", "\"null\""];
    assert_eq!(labels, expected);
    let table = ask(&folder, "inspect {}odd.ovs").stdout;
    assert!(
        !table.contains('\u{1b}') && !table.contains("\nb"),
        "{table}"
    );
}

#[test]
fn merging_sketches_of_different_sizes_is_said() {
    let folder = Folder::new();
    folder.ids("a.parquet", ids(0..1_000));
    run(&folder, "sketch {}a.parquet -o {}large.ovs");
    run(
        &folder,
        "sketch {}a.parquet --precision 12 --k 4096 -o {}small.ovs",
    );
    for parts in ["{}large.ovs {}small.ovs", "{}a.parquet {}small.ovs"] {
        let answer = ask(&folder, &format!("merge {parts} -o {{}}x.ovs --json"));
        assert_eq!(answer.json()["warnings"][0]["code"], "folded", "{answer:?}");
        assert!(answer.stderr.contains("p = 12"), "{answer:?}");
    }
    let answer = ask(&folder, "merge {}small.ovs -o {}x.ovs --json");
    assert_eq!(answer.json()["warnings"].as_array().unwrap().len(), 0);
}

#[test]
fn windows_never_say_more_than_all_days() {
    let folder = Folder::new();
    let (mut days, mut users) = (Vec::new(), Vec::new());
    for day in 0..12 {
        for user in 0..3_000 {
            days.push(20_000 + day);
            // Most come every day, so that all days are little more than a week.
            users.push(i64::from(user + day * 40));
        }
    }
    let days: ArrayRef = Arc::new(Date32Array::from(days));
    file(&folder, "a.parquet", "day", days, ids(users));
    let trend = json(
        &folder,
        "trend {}a.parquet --by day --k 64 --precision 6 --windows 3,7",
    );
    for (day, line) in trend["days"].as_array().unwrap().iter().enumerate() {
        let measures = line["measures"].as_array().unwrap();
        let measure = |name: &str| {
            let found = measures.iter().find(|found| found["measure"] == name);
            found.unwrap()["value"]["value"].as_f64()
        };
        let all = measure("cumulative").unwrap();
        for (window, length) in [("users_3d", 3), ("users_7d", 7)] {
            match measure(window) {
                Some(users) if day + 1 == length => assert_eq!(users, all, "day {day}"),
                Some(users) => assert!(users <= all, "day {day}: {users} of {all}"),
                None => assert!(day + 1 < length),
            }
        }
    }
}

#[test]
fn a_day_that_stands_for_none_is_a_limit_and_no_million_lines() {
    let folder = Folder::new();
    for far in [2_932_896, i32::MAX, i32::MIN] {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![20_780, far]));
        file(&folder, "a.parquet", "day", days, ids([1, 2]));
        ask(&folder, "trend {}a.parquet --by day").fails(7, &["days", "9999-12-31"]);
    }
}

#[test]
fn a_glob_of_partitions_is_no_name() {
    let folder = Folder::new();
    folder.ids("day=1/x.parquet", ids([1]));
    folder.ids("other/x.parquet", ids([2, 3]));
    let rows = |glob: &str| {
        let mut command = crate::harness::command();
        command
            .args(["exact", glob, "--format", "json"])
            .current_dir(folder.path(""));
        let report: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
        report["sides"][0]["rows"].as_u64().unwrap()
    };
    assert_eq!(rows("day=*/x.parquet"), 1);
    assert_eq!(rows("day=*"), 1);
    assert_eq!(rows("side=*/x.parquet"), 3);
}

#[test]
fn images_of_different_sets_are_not_one_sketch() {
    let folder = Folder::new();
    folder.ids("few.parquet", ids(0..100));
    folder.ids("many.parquet", ids(0..100_000));
    for name in ["few", "many"] {
        run(
            &folder,
            &format!("sketch {{}}{name}.parquet --hash murmur3 -o {{}}{name}.ovs"),
        );
        run(
            &folder,
            &format!("convert {{}}{name}.ovs --to datasketches -o {{}}{name}"),
        );
    }
    let twin = |of: &str, kind: &str| {
        let image = std::fs::read(folder.path(&format!("{of}/{of}.{kind}"))).unwrap();
        folder.bytes(&format!("twins/x.{kind}"), &image)
    };
    twin("few", "theta");
    twin("many", "hll");
    ask(&folder, "estimate {}twins").fails(3, &["x.hll", "registers", "sample"]);
    twin("few", "hll");
    run(&folder, "estimate {}twins");
}
