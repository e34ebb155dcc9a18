//! `overlap verify`: the estimate beside the exact numbers and two textbook methods.

use crate::cli::shop_and_pay;
use crate::harness::{Folder, data, overlap};
use serde_json::Value;

fn verified(more: &[&str]) -> Value {
    let mut arguments = vec!["verify", "--format", "json", "--k", "65536"];
    arguments.extend(more);
    overlap(&shop_and_pay(&arguments)).json()
}

fn check<'a>(report: &'a Value, measure: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["measure"] == measure);
    found.unwrap_or_else(|| panic!("no {measure} in {checks:?}"))
}

/// What a textbook method says of a measure: users, and its error.
fn said(report: &Value, measure: &str, method: &str) -> (i64, f64) {
    let said = &check(report, measure)["textbook"][method];
    let error = said["relative_error"].as_f64().unwrap();
    (said["users"].as_i64().unwrap(), error)
}

#[test]
fn textbook_methods_answer_every_measure_within_their_errors() {
    for hash in ["xxh3", "murmur3"] {
        let report = verified(&["--hash", hash]);
        // Standard deviations at p = 16, k = 65,536: 0.4 % of a size; of the overlap 1.9 % for inclusion
        // and exclusion, 0.9 % for MinHash.
        for (measure, most) in [
            ("shop", 0.02),
            ("pay", 0.02),
            ("union", 0.02),
            ("shop ∩ pay", 0.08),
        ] {
            for method in ["hyperloglogplus", "minhash"] {
                let (_, error) = said(&report, measure, method);
                assert!(error.abs() < most, "{hash} {method} {measure}: {error}");
            }
        }
        let plus = |measure| said(&report, measure, "hyperloglogplus").0;
        let overlap = plus("shop") + plus("pay") - plus("union");
        assert!((plus("shop ∩ pay") - overlap).abs() <= 2, "rounding alone");
        assert!((plus("shop − pay") + overlap - plus("shop")).abs() <= 2);
        let textbook = &report["textbook"];
        assert_eq!(textbook["hyperloglogplus"]["bytes"], 2 * 49_152);
        assert_eq!(textbook["minhash"]["bytes"], 2 * 8 * 65_536);
        let ours = textbook["sketch_bytes"].as_u64().unwrap();
        assert!((300_000..1_000_000).contains(&ours), "{ours}");
        assert!(textbook["hyperloglogplus"]["cost"]["seconds"].is_number());
    }
}

#[test]
fn the_estimate_is_that_of_the_command_estimate() {
    let verified = verified(&[]);
    let estimate = ["estimate", "--format", "json", "--k", "65536"];
    let estimate = overlap(&shop_and_pay(&estimate)).json();
    assert_eq!(verified["estimate"]["report"], estimate);
    let exact = overlap(&shop_and_pay(&["exact", "--format", "json"])).json();
    assert_eq!(verified["exact"]["report"], exact);
}

#[test]
fn every_form_shows_the_textbook() {
    let ask = |format: &str| {
        overlap(&shop_and_pay(&[
            "verify", "--format", format, "--k", "65536",
        ]))
        .stdout
    };
    let table = ask("table");
    for words in [
        "HyperLogLog++    error  MinHash    error",
        "HyperLogLog++ (p = 16): overlap = A + B − union",
        "96 KiB",
        "1.0 MiB",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
    let csv = ask("csv");
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0].last(), Some(&"id_column"));
    let place = |name: &str| rows[0].iter().position(|cell| *cell == name).unwrap();
    for method in ["hyperloglogplus", "minhash"] {
        for row in &rows[1..] {
            let users: f64 = row[place(method)].parse().unwrap();
            let error: f64 = row[place(&format!("{method}_error"))].parse().unwrap();
            let truth: f64 = row[place("truth")].parse().unwrap();
            assert!((users / truth - 1.0 - error).abs() < 1e-9, "{row:?}");
        }
    }
    let markdown = ask("markdown");
    assert!(
        markdown.contains("\n| measure | HyperLogLog++ | error | MinHash | error |\n|---|"),
        "{markdown}"
    );
}

#[test]
fn an_error_of_no_user_is_no_number() {
    let folder = Folder::new();
    let [a, b] = ["a", "b"].map(|name| {
        let path = folder.path(&format!("{name}.parquet"));
        path.to_str().unwrap().to_owned()
    });
    let users = "--users-a 50000 --users-b 50000 --overlap 0";
    let generate: Vec<&str> = ["generate", &a, &b]
        .into_iter()
        .chain(users.split(' '))
        .collect();
    assert_eq!(overlap(&generate).code, Some(0));
    let report = overlap(&["verify", &a, &b, "--format", "json"]).json();
    let check = check(&report, "a ∩ b");
    let said = |method: &str| &check["textbook"][method];
    assert_eq!(check["truth"], 0);
    // The samples are the whole sets here; registers aren't.
    assert_eq!(said("minhash")["users"], 0);
    assert_eq!(said("minhash")["relative_error"], 0.0);
    assert_ne!(said("hyperloglogplus")["users"], 0);
    assert_eq!(said("hyperloglogplus")["relative_error"], Value::Null);
    let table = overlap(&["verify", &a, &b]).stdout;
    let mut line = table.lines().filter(|line| line.starts_with("a ∩ b"));
    assert!(line.next_back().unwrap().contains("  –  "), "{table}");
}

#[test]
fn three_sides_have_three_pairs_in_the_textbook_too() {
    let again = format!("again={}", data("shop.parquet"));
    let report = verified(&[&again]);
    let (overlap, _) = said(&report, "shop ∩ again", "hyperloglogplus");
    let (shop, _) = said(&report, "shop", "hyperloglogplus");
    assert_eq!(overlap, shop, "a copy is the same registers");
    let (overlap, _) = said(&report, "shop ∩ again", "minhash");
    assert_eq!(overlap, said(&report, "shop", "minhash").0);
    let (union, _) = said(&report, "pay ∪ again", "minhash");
    assert_eq!(union, said(&report, "union", "minhash").0);
}
