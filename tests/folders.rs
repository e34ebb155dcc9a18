//! Folders, globs and lists as other programs leave them, and the column that is read.

use crate::harness::{Folder, overlap, users};
use arrow::array::{ArrayRef, Int64Array};
use serde_json::Value;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Writes users into a file of whatever name.
fn part(folder: &Folder, name: &str, ids: Range<i64>) {
    let path = folder.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    folder.ids(name, ids);
}

fn text(folder: &Folder, name: &str, text: &str) {
    let path = folder.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn report(path: &Path) -> Value {
    let side = format!("side={}", path.display());
    overlap(&["exact", &side, "--format", "json"]).json()
}

#[test]
fn whatever_holds_data_is_data_and_leftovers_are_none() {
    let folder = Folder::new();
    part(&folder, "lake/000000_0", 0..1_000);
    part(&folder, "lake/day=1/20261126_101500_uuid", 500..2_000);
    part(&folder, "lake/_day=2/x.0.parq", 2_000..3_000);
    text(&folder, "lake/part.csv", "user_id\n3000\n3001\n");
    part(&folder, "lake/_temporary/0/part-1.parquet", 5_000..6_000);
    part(
        &folder,
        "lake/.spark-staging-1/part-2.parquet",
        5_000..6_000,
    );
    part(&folder, "lake/._part.parquet", 5_000..6_000);
    text(&folder, "lake/_SUCCESS", "");
    let whole = report(&folder.path("lake"));
    assert_eq!(users(&whole, "/sides/0/users"), 3_002);
    assert_eq!(whole["sides"][0]["passed_over"], serde_json::json!([]));
    for glob in ["lake/*", "lake/**/*"] {
        let by_glob = report(&folder.path(glob));
        assert_eq!(users(&by_glob, "/sides/0/users"), 3_002, "{glob}");
    }
}

#[test]
fn what_is_passed_over_is_named_and_nothing_skipped_is_said_of_nothing_else() {
    let folder = Folder::new();
    part(&folder, "lake/part-0.parquet", 0..1_000);
    let path = folder.path("lake");
    let table = || overlap(&["estimate", path.to_str().unwrap()]).stdout;
    assert!(table().contains("nothing skipped"), "{}", table());
    text(&folder, "lake/README.md", "hello\n");
    part(&folder, "lake/_old/part-1.parquet", 0..2_000);
    let said = table();
    assert!(said.contains("2 paths passed over ("), "{said}");
    assert!(
        said.contains("README.md") && said.contains("_old"),
        "{said}"
    );
    assert!(!said.contains("nothing skipped"), "{said}");
    let json = report(&path);
    assert_eq!(users(&json, "/sides/0/users"), 1_000);
    let passed = json["sides"][0]["passed_over"].as_array().unwrap();
    assert_eq!(passed.len(), 2, "{passed:?}");
    let side = path.to_str().unwrap();
    let matrix = overlap(&["matrix", side, side, "--format", "json"]).json();
    assert_eq!(
        matrix["sources"][1]["passed_over"],
        json["sides"][0]["passed_over"]
    );
}

#[cfg(unix)]
#[test]
fn links_to_folders_are_followed_and_what_they_repeat_is_said() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new();
    part(&folder, "store/part-0.parquet", 1_000..2_000);
    part(&folder, "lake/day=1/part-0.parquet", 0..1_000);
    symlink(folder.path("store"), folder.path("lake/day=2")).unwrap();
    symlink("..", folder.path("lake/day=1/up")).unwrap();
    symlink("day=1", folder.path("lake/latest")).unwrap();
    let report = report(&folder.path("lake"));
    assert_eq!(users(&report, "/sides/0/users"), 2_000);
    assert_eq!(report["sides"][0]["rows"], 2_000);
    assert_eq!(report["warnings"][0]["code"], "repeated_input");
}

#[test]
fn the_key_of_a_row_is_not_taken_for_a_user_unasked() {
    let folder = Folder::new();
    text(&folder, "orders.csv", "id,customer_id\n1,70\n2,70\n3,71\n");
    text(&folder, "crm.csv", "user_id,city\n70,a\n72,b\n");
    let [orders, crm] = ["orders.csv", "crm.csv"].map(|name| folder.path(name));
    let sides = [orders.to_str().unwrap(), crm.to_str().unwrap()];
    overlap(&[&["estimate"], &sides[..]].concat()).fails(2, &["customer_id", "--id"]);
    let named = [&sides[..], &["--id", "orders=customer_id"]].concat();
    let report = overlap(&[&["exact", "--format", "json"], &named[..]].concat()).json();
    assert_eq!(users(&report, "/sides/0/users"), 2);
    assert_eq!(users(&report, "/overlap"), 1);
}

#[test]
fn every_report_shows_the_column_that_is_read() {
    let folder = Folder::new();
    text(&folder, "a.csv", "id,day\n1,2026-11-01\n2,2026-11-02\n");
    text(&folder, "b.csv", "uid,day\n2,2026-11-01\n3,2026-11-02\n");
    let [a, b] = ["a.csv", "b.csv"].map(|name| folder.path(name));
    let (a, b) = (a.to_str().unwrap(), b.to_str().unwrap());
    for command in [
        "estimate", "exact", "verify", "regions", "matrix", "reach", "trend",
    ] {
        for format in ["table", "json", "csv", "markdown"] {
            let mut arguments = vec![command, a, b, "--format", format];
            if command == "trend" {
                arguments.extend(["--by", "day"]);
            }
            let answer = overlap(&arguments);
            assert_eq!(answer.code, Some(0), "{answer:?}");
            let told = match format {
                "json" => ["\"column\": \"id\"", "\"column\": \"uid\""],
                "csv" => ["id", "uid"],
                _ => ["id of a", "uid of b"],
            };
            for word in told {
                assert!(
                    answer.stdout.contains(word),
                    "{command} {format}: {}",
                    answer.stdout
                );
            }
            if format == "csv" {
                let header = answer.stdout.lines().next().unwrap();
                assert!(header.contains("id_column"), "{header}");
            }
        }
    }
    let output = folder.path("a.ovs");
    let said = overlap(&["sketch", a, "-o", output.to_str().unwrap()]).stdout;
    assert!(said.contains("id column: id\n"), "{said}");
}

#[test]
fn lists_of_other_systems_are_read_or_refused_with_the_line() {
    let folder = Folder::new();
    part(&folder, "a b.parquet", 0..1_000);
    part(&folder, "c.parquet", 500..2_000);
    let [a, b] = ["a b.parquet", "c.parquet"].map(|name| folder.path(name).display().to_string());
    let uri = format!("file://{}", a.replace(' ', "%20"));
    let side = format!("side=@{}", folder.path("list.txt").display());
    for list in [
        format!("\u{feff}{a}\r\n{b}\r\n"),
        format!("# live files\n{a}\n\n{b}\n"),
        format!("{uri}\n\"{b}\"\n"),
    ] {
        text(&folder, "list.txt", &list);
        let report = overlap(&["exact", &side, "--format", "json"]).json();
        assert_eq!(users(&report, "/sides/0/users"), 2_000, "{list}");
    }
    text(
        &folder,
        "list.txt",
        &format!("{a}\ns3://bucket/b.parquet\n"),
    );
    overlap(&["exact", &side]).fails(3, &["line 2", "address"]);
}
