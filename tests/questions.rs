//! What can be asked beyond a pair: known sizes, regions, set formulas, the error to expect.

use crate::cli::shop_and_pay;
use crate::harness::{Folder, overlap, users};
use arrow::array::Array;
use serde_json::Value;

#[test]
fn known_sizes_narrow_the_intervals_and_are_checked() {
    let folder = Folder::new();
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| folder.path(name));
    let [a, b] = [a.to_str().unwrap(), b.to_str().unwrap()];
    let options = [
        "--users-a",
        "400000",
        "--users-b",
        "400000",
        "--overlap",
        "360000",
    ];
    assert_eq!(
        overlap(&[&["generate", a, b], &options[..]].concat()).code,
        Some(0)
    );
    let estimate = |more: &[&str]| {
        let common = [
            "estimate",
            a,
            b,
            "--format",
            "json",
            "--k",
            "4096",
            "--precision",
            "12",
        ];
        overlap(&[&common, more].concat()).json()
    };
    let width = |report: &Value| {
        report["overlap"]["upper"].as_u64().unwrap() - report["overlap"]["lower"].as_u64().unwrap()
    };
    let [free, one, all] = [&[][..], &["--unique=a"], &["--unique"]].map(estimate);
    assert!(
        width(&free) > width(&one) && width(&one) > width(&all),
        "{free} {one} {all}"
    );
    assert_eq!(
        (&one["sides"][0]["unique"], &one["sides"][1]["unique"]),
        (&true.into(), &false.into())
    );
    assert_eq!(users(&all, "/sides/1/users"), 400_000);
    let inside = |end: &str| all["overlap"][end].as_u64().unwrap();
    assert!(
        inside("lower") <= 360_000 && 360_000 <= inside("upper"),
        "{all}"
    );
    overlap(&["estimate", a, b, "--unique=c"]).fails(2, &["the sides are a, b"]);
    // The sample data have more rows than users.
    let answer = overlap(&shop_and_pay(&[
        "estimate",
        "--unique=shop",
        "--format",
        "json",
    ]));
    let report = answer.json();
    assert_eq!(report["warnings"][0]["code"], "not_unique");
    assert_eq!(report["sides"][0]["unique"], false);
    assert!(
        answer.stderr.contains("--unique is left out"),
        "{}",
        answer.stderr
    );
}

#[test]
fn bounds_tell_the_error_before_anything_is_read() {
    let arguments = [
        "bounds",
        "--size-a",
        "1e9",
        "--size-b",
        "3e8",
        "--overlap",
        "2%",
    ];
    let table = overlap(&arguments);
    assert!(
        table
            .stdout
            .starts_with("A 1,000,000,000, B 300,000,000, overlap 6,000,000;")
    );
    let report = overlap(&[&arguments[..], &["--format", "json"]].concat()).json();
    assert_eq!(report["schema"], "overlap.bounds/1");
    let widths: Vec<f64> = report["sketches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sketch| sketch["half_width_overlap"].as_f64().unwrap())
        .collect();
    // Four times the sketch is half the error.
    for pair in widths.windows(2) {
        assert!((pair[0] / pair[1] - 2.0).abs() < 0.1, "{widths:?}");
    }
    let known = overlap(&[&arguments[..], &["--format", "json", "--unique"]].concat()).json();
    assert_eq!(known["sketches"][2]["half_width_a"], 0.0);
    let one = ["--precision", "14", "--k", "4096", "--format", "csv"];
    let csv = overlap(&[&arguments[..], &one].concat()).stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    let wrong = [
        "bounds",
        "--size-a",
        "10",
        "--size-b",
        "5",
        "--overlap",
        "7",
    ];
    overlap(&wrong).fails(2, &["smaller side"]);
    overlap(&["bounds", "--size-a", "x", "--size-b", "5", "--overlap", "1"]).fails(2, &["size-a"]);
}

#[test]
fn an_error_wished_for_picks_the_sketch() {
    let pick = |error: &str| {
        let report = overlap(&shop_and_pay(&[
            "estimate", "--format", "json", "--error", error,
        ]));
        report.json()["method"]["k"].as_u64().unwrap()
    };
    assert!(pick("20%") < pick("2%"));
    overlap(&shop_and_pay(&["estimate", "--error", "0.01%"])).fails(2, &["overlap exact"]);
    let both = ["estimate", "--error", "5%", "--k", "4096"];
    overlap(&shop_and_pay(&both)).fails(2, &["--error"]);
}

/// Users by region: bit i of a place is side i.
const REGIONS: [i64; 8] = [0, 8_000, 6_000, 2_000, 4_000, 100, 1_000, 600];

/// Three sides with these regions, of users from `first` on.
fn three_sides(first: i64) -> [Vec<i64>; 3] {
    let mut sides = [vec![], vec![], vec![]];
    let mut user = first;
    for (mask, &users) in REGIONS.iter().enumerate() {
        for _ in 0..users {
            user += 1;
            let inside = (0..3).filter(|side| mask >> side & 1 == 1);
            inside.for_each(|side| sides[side].push(user));
        }
    }
    sides
}

fn three_files(folder: &Folder) -> Vec<String> {
    use arrow::array::{ArrayRef, Int64Array};
    let sides = ["shop", "pay", "bank"].iter().zip(three_sides(7_000_000));
    let files = sides.map(|(name, ids)| {
        let ids: ArrayRef = std::sync::Arc::new(Int64Array::from(ids));
        format!("{name}={}", folder.ids(name, ids))
    });
    files.collect()
}

/// 100 trials of seven regions, three sizes and the union; nominal is 95 %.
#[test]
fn intervals_of_regions_hold_the_truth() {
    use overlap::{Confidence, Sketch, SketchOptions, id::IdBatch, regions};
    let options = SketchOptions::new(11, 1024).unwrap();
    let (mut inside, mut all) = (0, 0);
    for trial in 0..100 {
        let sketch = |ids: &Vec<i64>| Sketch::of(IdBatch::Integers(ids), options).unwrap();
        let sides = three_sides(trial * 1_000_003).each_ref().map(sketch);
        let fit = regions(&sides.each_ref(), &[None; 3], Confidence::default()).unwrap();
        let mut check = |wanted: &dyn Fn(usize) -> bool| {
            let masks = (1..8).filter(|&mask| wanted(mask));
            let truth: i64 = masks.map(|mask| REGIONS[mask]).sum();
            let found = fit.sum(wanted);
            inside += i32::from((found.lower..=found.upper).contains(&(truth as f64)));
            all += 1;
        };
        (1..8).for_each(|mask| check(&|other| other == mask));
        (0..3).for_each(|side| check(&|mask| mask >> side & 1 == 1));
        check(&|_| true);
    }
    let share = f64::from(inside) / f64::from(all);
    assert!((0.925..0.985).contains(&share), "{share}");
}

#[test]
fn regions_are_one_consistent_estimate() {
    let folder = Folder::new();
    let files = three_files(&folder);
    let run = |command: &str, more: &[&str]| {
        let mut arguments = vec![
            command.to_owned(),
            "--k=1024".into(),
            "--precision=11".into(),
        ];
        arguments.extend(more.iter().map(|&text| text.to_owned()));
        arguments.extend(files.clone());
        overlap(&[&arguments[..], &["--format=json".to_owned()]].concat()).json()
    };
    let regions = run("regions", &[]);
    let formulas = ["--expr", "(shop & pay) - bank", "--expr", "shop | pay"];
    let estimate = run("estimate", &formulas);
    assert_eq!(regions["schema"], "overlap.regions/1");
    let found: Vec<u64> = (0..7)
        .map(|i| users(&regions["regions"][i], "/users"))
        .collect();
    let sum = |wanted: &dyn Fn(usize) -> bool| -> u64 {
        (1..8)
            .filter(|&mask| wanted(mask))
            .map(|mask| found[mask - 1])
            .sum()
    };
    // To the digit: sizes, union and formulas are sums of the printed regions.
    for side in 0..3 {
        let size = sum(&|mask| mask >> side & 1 == 1);
        assert_eq!(users(&regions, &format!("/sides/{side}/users")), size);
        assert_eq!(users(&estimate, &format!("/sides/{side}/users")), size);
    }
    assert_eq!(users(&regions, "/union"), sum(&|_| true));
    assert_eq!(users(&estimate, "/union"), sum(&|_| true));
    assert_eq!(users(&estimate, "/formulas/0/users"), found[0b011 - 1]);
    assert_eq!(
        users(&estimate, "/formulas/1/users"),
        sum(&|mask| mask & 0b011 != 0)
    );
    assert_eq!(
        regions["regions"][4]["sides"],
        serde_json::json!(["shop", "bank"])
    );
}

#[test]
fn regions_of_two_sides_are_the_pair() {
    let regions = overlap(&shop_and_pay(&["regions", "--format", "json"])).json();
    let estimate = overlap(&shop_and_pay(&["estimate", "--format", "json"])).json();
    for (region, name) in ["only_a", "only_b", "overlap"].into_iter().enumerate() {
        assert_eq!(regions["regions"][region]["users"], estimate[name]);
    }
    assert_eq!(regions["union"], estimate["union"]);
    let table = overlap(&shop_and_pay(&["regions"])).stdout;
    assert!(table.contains("shop & pay"), "{table}");
    overlap(&shop_and_pay(&["estimate", "--expr", "shop & bank"]))
        .fails(2, &["a side bank", "the sides are shop, pay"]);
    overlap(&shop_and_pay(&["estimate", "--expr", "shop &"])).fails(2, &["at character 7"]);
}

#[test]
fn frequency_tells_how_often_users_come() {
    use arrow::array::{ArrayRef, Int64Array};
    let folder = Folder::new();
    // User i has i % 13 + 1 rows.
    let ids = (0..60_000_i64).flat_map(|user| (0..=user % 13).map(move |_| user));
    let ids: ArrayRef = std::sync::Arc::new(Int64Array::from_iter_values(ids));
    let rows = ids.len();
    let path = folder.ids("log.parquet", ids);
    let truth = |at_least: i64| {
        (0..60_000_i64)
            .filter(|user| user % 13 + 1 >= at_least)
            .count()
    };
    for (k, exact) in [("65536", true), ("2048", false)] {
        let arguments = [
            "estimate",
            &path,
            "--frequency",
            "--k",
            k,
            "--format",
            "json",
        ];
        let report = overlap(&arguments).json();
        let frequency = &report["sides"][0]["frequency"];
        let mean = frequency["mean"]["value"].as_f64().unwrap();
        assert!(
            (mean / (rows as f64 / 60_000.0) - 1.0).abs() < 0.03,
            "{mean}"
        );
        for at_least in 1..=10 {
            let users = &frequency["reach"][at_least - 1];
            let [value, lower, upper] =
                ["value", "lower", "upper"].map(|end| users[end].as_u64().unwrap() as usize);
            let truth = truth(at_least as i64);
            assert!(!exact || value == truth, "{at_least}+: {users} and {truth}");
            // Twice the half width is four standard deviations.
            let room = upper - lower;
            assert!(
                value.abs_diff(truth) <= room,
                "{at_least}+: {users} and {truth}"
            );
            assert!(exact || (lower < value && value < upper), "{users}");
        }
        let table = overlap(&arguments[..5]).stdout;
        assert!(table.contains("10+"), "{table}");
    }
    let off = overlap(&["estimate", &path, "--format", "json"]).json();
    assert!(off["sides"][0].get("frequency").is_none());
}
