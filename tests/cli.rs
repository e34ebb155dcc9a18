//! Commands and their output, through the binary.

use crate::harness::{Folder, data, overlap, users};
use crate::sketch_files::{json, run, tiers, words};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use serde_json::Value;
use std::sync::Arc;

pub fn shop_and_pay(more: &[&str]) -> Vec<String> {
    let mut arguments = vec![
        more[0].to_owned(),
        data("shop.parquet"),
        data("pay.parquet"),
    ];
    arguments.extend(more[1..].iter().map(|&text| text.to_owned()));
    arguments
}

fn truth() -> Value {
    serde_json::from_str(&std::fs::read_to_string(data("truth.json")).unwrap()).unwrap()
}

#[test]
fn exact_gives_the_very_numbers_of_the_sample_data() {
    let report = overlap(&shop_and_pay(&["exact", "--format", "json"])).json();
    let truth = truth();
    for (pointer, name) in [
        ("/sides/0/users", "users_a"),
        ("/sides/1/users", "users_b"),
        ("/overlap", "overlap"),
        ("/union", "union"),
    ] {
        assert_eq!(
            users(&report, pointer),
            truth[name].as_u64().unwrap(),
            "{name}"
        );
    }
    assert_eq!(report["sides"][0]["rows"], truth["rows_a"]);
    assert_eq!(report["sides"][1]["nulls"], truth["nulls_b"]);
    assert_eq!(report["quality"], "exact");
}

#[test]
fn estimate_holds_the_truth_of_the_sample_data_within_its_intervals() {
    let arguments = ["estimate", "--format", "json", "--k", "65536"];
    let report = overlap(&shop_and_pay(&arguments)).json();
    assert_eq!(report["schema"], "overlap.estimate/1");
    let truth = truth();
    for (pointer, name) in [
        ("/sides/0/users", "users_a"),
        ("/sides/1/users", "users_b"),
        ("/overlap", "overlap"),
        ("/union", "union"),
    ] {
        let estimate = report.pointer(pointer).unwrap();
        let [lower, upper] = ["lower", "upper"].map(|end| estimate[end].as_u64().unwrap());
        let truth = truth[name].as_u64().unwrap();
        assert!(
            (lower..=upper).contains(&truth),
            "{name}: {estimate} and {truth}"
        );
        assert!(lower < upper, "{name} is an estimate");
    }
}

#[test]
fn the_numbers_of_a_report_add_up() {
    for command in ["estimate", "exact"] {
        let report = overlap(&shop_and_pay(&[command, "--format", "json"])).json();
        let [a, b, x] = ["/sides/0/users", "/sides/1/users", "/overlap"].map(|p| users(&report, p));
        let [only_a, only_b] = ["/only_a", "/only_b"].map(|p| users(&report, p));
        assert_eq!(a + b - x, users(&report, "/union"));
        assert_eq!((only_a, only_b), (a - x, b - x));
        let ratio = |name: &str| report[name]["value"].as_f64().unwrap();
        assert!((ratio("share_of_a") - x as f64 / a as f64).abs() < 1e-12);
        assert!((ratio("gain_a") - only_b as f64 / a as f64).abs() < 1e-12);
        assert!((ratio("jaccard") - x as f64 / (a + b - x) as f64).abs() < 1e-12);
    }
}

#[test]
fn every_format_tells_the_same_numbers() {
    let json = overlap(&shop_and_pay(&["exact", "--format", "json"])).json();
    let x = users(&json, "/overlap").to_string();
    let csv = overlap(&shop_and_pay(&["exact", "--format", "csv"])).stdout;
    assert!(
        csv.starts_with("measure,a,b,value,lower,upper,id_column\n"),
        "{csv}"
    );
    assert!(
        csv.contains(&format!("\noverlap,shop,pay,{x},{x},{x},\n")),
        "{csv}"
    );
    let grouped = format!("{},{}", &x[..2], &x[2..]);
    let table = overlap(&shop_and_pay(&["exact"])).stdout;
    assert!(table.contains(&format!("overlap     {grouped}")), "{table}");
    assert!(table.contains("reach for shop from pay"), "{table}");
    let markdown = overlap(&shop_and_pay(&["exact", "--format", "markdown"])).stdout;
    assert!(
        markdown.contains(&format!("| overlap | {grouped} |")),
        "{markdown}"
    );
}

#[test]
fn the_table_is_what_the_readme_shows() {
    let table = overlap(&shop_and_pay(&["estimate"])).stdout;
    let readme = include_str!("../README.md");
    assert!(readme.contains(&table), "README.md should show\n{table}");
}

#[test]
fn verify_prints_estimate_and_truth() {
    let report = overlap(&shop_and_pay(&["verify", "--format", "json"])).json();
    assert_eq!(report["schema"], "overlap.verify/1");
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 6);
    assert!(
        checks.iter().all(|check| check["inside"] == true),
        "{checks:?}"
    );
    let x = truth()["overlap"].clone();
    assert!(
        checks
            .iter()
            .any(|check| check["truth"] == x && check["measure"] == "shop ∩ pay")
    );
    let table = overlap(&shop_and_pay(&["verify"])).stdout;
    assert!(
        table.contains("truth") && table.contains("peak memory"),
        "{table}"
    );
}

#[test]
fn three_sides_give_pairs_and_the_union_of_all() {
    let mut arguments = shop_and_pay(&["estimate", "--format", "json"]);
    arguments.push(format!("again={}", data("shop.parquet")));
    let report = overlap(&arguments).json();
    assert!(report.get("overlap").is_none());
    let pairs = report["pairs"].as_array().unwrap();
    let names: Vec<_> = pairs.iter().map(|pair| (&pair["a"], &pair["b"])).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[1], (&"shop".into(), &"again".into()));
    assert_eq!(pairs[1]["jaccard"]["value"], 1.0);
    let union = &report["union"];
    let truth = truth()["union"].as_u64().unwrap();
    let [lower, upper] = ["lower", "upper"].map(|end| union[end].as_u64().unwrap());
    assert!((lower..=upper).contains(&truth), "{union}");
    let table = overlap(
        &arguments[..4]
            .iter()
            .filter(|a| *a != "--format")
            .collect::<Vec<_>>(),
    );
    assert_eq!(table.code, Some(0));
}

#[test]
fn a_single_side_is_counted() {
    let report = overlap(&["exact", &data("pay.parquet"), "--format", "json"]).json();
    assert_eq!(
        users(&report, "/union"),
        truth()["users_b"].as_u64().unwrap()
    );
    assert!(report.get("overlap").is_none());
}

#[test]
fn higher_confidence_is_a_wider_interval() {
    let width = |confidence: &str| {
        let arguments = [
            "estimate",
            "--format",
            "json",
            "--k",
            "65536",
            "--confidence",
        ];
        let arguments: Vec<&str> = arguments.into_iter().chain([confidence]).collect();
        let overlap = overlap(&shop_and_pay(&arguments)).json()["overlap"].clone();
        overlap["upper"].as_u64().unwrap() - overlap["lower"].as_u64().unwrap()
    };
    let [narrow, usual, wide] = ["90", "95", "99.7%"].map(width);
    assert!(narrow < usual && usual < wide, "{narrow} {usual} {wide}");
}

#[test]
fn threads_change_no_byte() {
    let one = overlap(&shop_and_pay(&[
        "estimate",
        "--format",
        "json",
        "--threads",
        "1",
    ]));
    for threads in ["2", "7"] {
        let more = overlap(&shop_and_pay(&[
            "estimate",
            "--format",
            "json",
            "--threads",
            threads,
        ]));
        assert_eq!(one.stdout, more.stdout);
    }
}

#[test]
fn wrong_arguments_are_usage_errors_that_say_what_is_right() {
    let cases: [(&[&str], &str); 8] = [
        (&["estimate", "--precision", "3"], "4 to 24"),
        (&["estimate", "--k", "1"], "16 to 16777216"),
        (&["estimate", "--confidence", "0.95"], "percent"),
        (&["estimate", "--threads", "0"], "threads"),
        (&["estimate", "--as", "float"], "possible values"),
        (&["estimate", "--format", "xml"], "possible values"),
        (&["exact", "--memory", "lots"], "512MiB"),
        (
            &["estimate", "--id", "nothing"],
            "user_id, city_tier, last_active",
        ),
    ];
    for (arguments, hint) in cases {
        overlap(&shop_and_pay(arguments)).fails(2, &[hint]);
    }
    overlap(&["estimate"]).fails(2, &["PATH"]);
    overlap::<&str>(&[]).fails(2, &["Usage"]);
    overlap(&["guess"]).fails(2, &["guess"]);
}

#[test]
fn too_little_memory_for_exact_is_a_limit_with_the_least_figure() {
    let arguments = shop_and_pay(&["exact", "--threads", "2", "--memory"]);
    let with = |memory: &str| overlap(&[&arguments[..], &[memory.into()]].concat());
    with("2MiB").fails(7, &["at least 15 MiB", "the limit is 2 MiB", "--memory"]);
    assert_eq!(with("15MiB").code, Some(0));
}

#[test]
fn generated_pairs_of_every_kind_are_counted_and_estimated_right() {
    let folder = Folder::new();
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| folder.path(name));
    let [a, b] = [a.to_str().unwrap(), b.to_str().unwrap()];
    for ids in [
        "random",
        "sequential",
        "int32",
        "uint64",
        "uuid",
        "hex",
        "email",
        "binary16",
    ] {
        let options = ["--users-a", "3000", "--users-b", "2000", "--overlap", "700"];
        let more = [
            "--rows-per-user",
            "2",
            "--null-share",
            "0.1",
            "--ids",
            ids,
            "--dictionary",
        ];
        let truth = overlap(&[&["generate", a, b], &options[..], &more].concat()).json();
        for command in ["exact", "estimate"] {
            let report = overlap(&[command, a, b, "--format", "json"]).json();
            assert_eq!(users(&report, "/overlap"), 700, "{ids}");
            assert_eq!(users(&report, "/union"), 4300, "{ids}");
            assert_eq!(report["sides"][0]["nulls"], truth["nulls_a"], "{ids}");
        }
    }
}

#[test]
fn an_overlap_too_small_to_see_is_called_so() {
    let folder = Folder::new();
    let [a, b] = ["a.parquet", "b.parquet"].map(|name| folder.path(name));
    let [a, b] = [a.to_str().unwrap(), b.to_str().unwrap()];
    let options = [
        "--users-a",
        "200000",
        "--users-b",
        "200000",
        "--overlap",
        "0",
    ];
    assert_eq!(
        overlap(&[&["generate", a, b], &options[..]].concat()).code,
        Some(0)
    );
    let answer = overlap(&["estimate", a, b, "--k", "1024", "--precision", "10"]);
    assert!(
        answer.stdout.contains("not resolvable: 0 – "),
        "{}",
        answer.stdout
    );
    assert!(answer.stderr.contains("larger --k"), "{}", answer.stderr);
}

#[test]
fn the_heading_of_limits_is_that_of_limits_alone() {
    for command in ["sketch", "merge", "estimate", "exact", "matrix"] {
        let help = overlap(&[command, "-h"]).stdout;
        let (options, limits) = help.split_once("\nLimits:\n").unwrap();
        let of_limits = limits.lines().take_while(|line| !line.is_empty());
        let of_limits = of_limits.filter(|line| line.contains(" --"));
        assert_eq!(of_limits.count(), 4, "{limits}");
        assert!(options.contains("--threads"), "{options}");
    }
}

/// Users of `pay` in two segments each, of which `shop` has a half.
fn twice_in_segments() -> Folder {
    let folder = Folder::new();
    let ids = |users: Vec<i64>| Arc::new(Int64Array::from(users)) as ArrayRef;
    folder.ids("shop.parquet", ids((0..100).collect()));
    let users = (50..150).chain(50..150).collect();
    let tiers = StringArray::from([["a,b"; 100], ["a/b"; 100]].concat());
    let columns: [(&str, ArrayRef); 2] = [("user_id", ids(users)), ("tier", Arc::new(tiers))];
    folder.batch("pay.parquet", &columns, Default::default());
    folder
}

#[test]
fn shares_of_new_users_are_of_all_that_are_new() {
    let folder = twice_in_segments();
    let table = run(&folder, "estimate {}shop.parquet {}pay.parquet --by tier");
    assert_eq!(table.matches(" 100.0 %").count(), 2, "{table}");
    let csv = run(
        &folder,
        "estimate {}shop.parquet {}pay.parquet --by tier --format csv",
    );
    for line in [
        "measure,a,b,segment,value,lower,upper,id_column",
        "users,shop,,,100,100,100,user_id",
        "overlap,shop,pay,,50,50,50,",
        "segment_users,pay,,\"a,b\",100,100,100,",
        "segment_new,shop,pay,a/b,50,50,50,",
    ] {
        assert!(csv.lines().any(|found| found == line), "{line}: {csv}");
    }
    let folder = tiers();
    let csv = run(
        &folder,
        "estimate {}shop.ovs {}pay.ovs --by city_tier --format csv",
    );
    let ours = csv
        .lines()
        .filter(|line| line.starts_with("segment_users,shop,,T"));
    assert_eq!(ours.count(), 5, "{csv}");
    let table = run(
        &folder,
        "estimate DATA/shop.parquet DATA/pay.parquet --by city_tier",
    );
    let (_, segments) = table.split_once("\ncity_tier").unwrap();
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(segments),
        "README.md should show\n{segments}"
    );
}

#[test]
fn a_folder_of_sketch_files_is_inspected_as_it_is_read() {
    let folder = tiers();
    for (at, name) in ["shop", "pay"].iter().enumerate() {
        let bytes = std::fs::read(folder.path(&format!("{name}.ovs"))).unwrap();
        folder.bytes(&format!("spark/part-{at}.parquet"), &bytes);
    }
    folder.bytes("spark/_SUCCESS", b"");
    for line in ["inspect {}spark", "inspect sketches={}spark/part-*"] {
        let report = json(&folder, line);
        let files = report["files"].as_array().unwrap();
        assert_eq!(files.len(), 2, "{line}");
        assert_eq!(files[1]["sketches"].as_array().unwrap().len(), 5);
    }
}

#[test]
fn images_of_segments_have_names_of_their_own() {
    let folder = twice_in_segments();
    run(
        &folder,
        "sketch {}pay.parquet --by tier --hash murmur3 -o {}pay.ovs",
    );
    run(&folder, "convert {}pay.ovs --to datasketches -o {}images");
    for name in [
        "pay-a%2Cb.theta",
        "pay-a%2Fb.theta",
        "pay-a%2Cb.hll",
        "pay-a%2Fb.hll",
    ] {
        assert!(folder.path(&format!("images/{name}")).exists(), "{name}");
    }
    let file = "convert {}pay.ovs --to datasketches -o {}pay.parquet";
    overlap(&words(&folder, file)).fails(6, &["pay.parquet", "a folder is wanted"]);
    overlap(&words(
        &folder,
        "convert DATA/pay.parquet --to ovs -o {}x.ovs",
    ))
    .fails(3, &["holds data, not sketches", "overlap sketch"]);
}

#[test]
fn sizes_that_nobody_knows_or_uses_are_not_told() {
    let folder = twice_in_segments();
    run(&folder, "sketch {}pay.parquet --hash murmur3 -o {}pay.ovs");
    run(&folder, "convert {}pay.ovs --to datasketches -o {}images");
    let sizes = |line: &str| {
        let method = json(&folder, line)["method"].clone();
        (method["precision"].as_u64(), method["k"].as_u64())
    };
    let known = (Some(16), Some(65_536));
    assert_eq!(sizes("estimate {}pay.ovs {}shop.parquet"), known);
    assert_eq!(
        sizes("estimate {}images/pay.theta {}pay.ovs"),
        (None, known.1)
    );
    assert_eq!(sizes("matrix {}images/pay.hll {}pay.ovs"), (known.0, None));
    let inspected = json(&folder, "inspect {}images/pay.theta");
    let sample = &inspected["files"][0]["sketches"][0]["sample"];
    assert_eq!(
        (&sample["k"], &sample["hashes"]),
        (&Value::Null, &100.into())
    );
    let table = run(&folder, "inspect {}images/pay.theta");
    assert!(!table.contains("16,777,216"), "{table}");
}

#[test]
fn every_question_about_many_sides_says_who_is_empty_and_what_was_skipped() {
    let folder = tiers();
    let nobody = Arc::new(Int64Array::from(vec![None, None]));
    let days = Arc::new(StringArray::from(vec!["2026-11-23"; 2]));
    let columns: [(&str, ArrayRef); 2] = [("user_id", nobody), ("day", days)];
    folder.batch("nobody.parquet", &columns, Default::default());
    for (command, line, k) in [
        ("matrix", "DATA/shop.parquet {}nobody.parquet", "1,048,576"),
        ("reach", "DATA/shop.parquet {}nobody.parquet", "1,048,576"),
        (
            "trend",
            "{}nobody.parquet --by day --windows 3,2,3",
            "65,536",
        ),
    ] {
        let line = format!("{command} {line}");
        let warnings = json(&folder, &line)["warnings"].clone();
        assert_eq!(warnings[0]["code"], "no_users", "{line}");
        let table = run(&folder, &line);
        let last = table.lines().last().unwrap();
        assert!(last.starts_with("2 rows without an id skipped; "), "{last}");
        assert!(
            last.ends_with(&format!("; estimated with p = 16, k = {k}")),
            "{last}"
        );
    }
    let trend = json(&folder, "trend {}nobody.parquet --by day --windows 3,2,3");
    assert_eq!(trend["windows_days"], serde_json::json!([3, 2]));
}

#[test]
fn what_the_library_says_of_settings_are_flags_on_the_command_line() {
    for (options, text) in [
        (
            &["--unique=bank"][..],
            "--unique names a side bank that isn't there; the sides are shop, pay",
        ),
        (
            &["--id", "bank=uid"],
            "--id names a side bank that isn't there; the sides are shop, pay",
        ),
        (
            &["--by", "city_tier", "--frequency"],
            "--frequency and --by are two questions; ask them one after the other",
        ),
    ] {
        let arguments = shop_and_pay(&[&["estimate"], options].concat());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let answer = overlap(&arguments);
        assert_eq!(answer.code, Some(2));
        assert_eq!(answer.stderr, format!("overlap: {text}\n"));
    }
}
