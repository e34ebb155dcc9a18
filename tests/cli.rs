//! Commands and their output, through the binary.

use crate::harness::{Folder, data, overlap, users};
use serde_json::Value;

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
    let report = overlap(&shop_and_pay(&["estimate", "--format", "json"])).json();
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
    assert!(csv.starts_with("measure,a,b,value,lower,upper\n"), "{csv}");
    assert!(
        csv.contains(&format!("\noverlap,shop,pay,{x},{x},{x}\n")),
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
        let arguments = ["estimate", "--format", "json", "--confidence", confidence];
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
