//! Folders, globs and lists as other programs leave them, and the column that is read.

use crate::harness::{Folder, overlap, users};
use crate::sketch_files::write;
use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, StringArray};
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

/// Writes the users of a day of November 2026 into a folder that is called after it, without dashes.
fn compact_day(folder: &Folder, day: i64, ids: Range<i64>) {
    part(folder, &format!("compact/dt=202611{day:02}/a.parquet"), ids);
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
        &format!("{a}\nhdfs://name/b.parquet\n"),
    );
    overlap(&["exact", &side]).fails(3, &["line 2", "address"]);
}

/// Users of the partner's segments by their labels.
fn segments(folder: &Folder, ours: &str, partner: &str, by: &str) -> Vec<(String, u64, u64)> {
    let [a, b] = [ours, partner].map(|name| folder.path(name).display().to_string());
    let report = overlap(&["estimate", &a, &b, "--by", by, "--format", "json"]).json();
    let rows = report["segments"]["rows"].as_array().unwrap();
    let row = |row: &Value| {
        let label = row["segment"][0].as_str().unwrap().to_owned();
        let ours = users(row, "/users_of_ours");
        (label, ours, users(row, "/users"))
    };
    let mut rows: Vec<_> = rows.iter().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn values_of_folders_meet_each_other_and_columns_as_what_they_mean() {
    let folder = Folder::new();
    for (month, ids) in [("01", 0..300), ("02", 300..500)] {
        part(&folder, &format!("text/month={month}/a.parquet"), ids);
    }
    for (month, ids) in [("1", 100..300), ("2", 300..400)] {
        part(&folder, &format!("number/month={month}/a.parquet"), ids);
    }
    let months: ArrayRef = Arc::new(Int64Array::from_iter_values((0..500).map(|i| 1 + i / 300)));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
    write(
        &folder,
        "column.parquet",
        &[("user_id", ids), ("month", months)],
        100,
    );
    let expected = |labels: [&str; 2], ours: [u64; 2]| {
        let [one, two] = labels.map(str::to_owned);
        vec![(one, ours[0], 200), (two, ours[1], 100)]
    };
    for ours in ["text", "column.parquet"] {
        let met = segments(&folder, ours, "number", "month");
        assert_eq!(met, expected(["1", "2"], [300, 200]), "{ours}");
    }
    // Through stored sketches it is the same.
    for name in ["text", "number", "column.parquet"] {
        let [from, to] = [name.to_owned(), format!("{name}.ovs")].map(|name| folder.path(&name));
        let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
        let stored = overlap(&["sketch", from, "--by", "month", "-o", to]);
        assert_eq!(stored.code, Some(0), "{stored:?}");
    }
    for ours in ["text.ovs", "column.parquet.ovs", "text", "column.parquet"] {
        let met = segments(&folder, ours, "number.ovs", "month");
        assert_eq!(met, expected(["1", "2"], [300, 200]), "{ours}");
    }
    // Both spellings in one side are one segment.
    let both = format!("a={}", folder.path("text").display());
    let more = format!("a={}", folder.path("number").display());
    let output = folder.path("both.ovs");
    let said = overlap(&[
        "sketch",
        &both,
        &more,
        "--by",
        "month",
        "-o",
        output.to_str().unwrap(),
    ]);
    assert!(said.stdout.contains("2 sketches"), "{}", said.stdout);
}

#[test]
fn days_with_and_without_dashes_and_date_columns_are_one_segment_each() {
    let folder = Folder::new();
    for day in 1..=2_i64 {
        let ids = day * 100..day * 100 + 100;
        compact_day(&folder, day, ids.clone());
        part(
            &folder,
            &format!("dashes/dt=2026-11-{day:02}/a.parquet"),
            ids,
        );
    }
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values(
        (0..200).map(|i| 20_758 + i / 100),
    ));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(100..300));
    write(
        &folder,
        "dates.parquet",
        &[("user_id", ids), ("dt", days)],
        1_000,
    );
    for (ours, partner) in [
        ("compact", "dashes"),
        ("dates.parquet", "compact"),
        ("dashes", "dates.parquet"),
    ] {
        let met = segments(&folder, ours, partner, "dt");
        let expected = ["2026-11-01", "2026-11-02"].map(|day| {
            // The partner's segments are called as its folders are.
            let label = match partner {
                "compact" => day.replace('-', ""),
                _ => day.to_owned(),
            };
            (label, 100, 100)
        });
        assert_eq!(met, expected, "{ours} {partner}");
    }
}

#[test]
fn folders_of_days_meet_integers_that_are_days_and_no_others() {
    let folder = Folder::new();
    for day in 1..=2_i64 {
        let name = format!("dashes/dt=2026-11-{day:02}/a.parquet");
        part(&folder, &name, day * 100..day * 100 + 100);
    }
    let integers = |name: &str, last: i64| {
        let days = (0..200).map(|row| if row < 100 { 20_261_101 } else { last });
        let days: ArrayRef = Arc::new(Int64Array::from_iter_values(days));
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(100..300));
        write(&folder, name, &[("user_id", ids), ("dt", days)], 1_000);
    };
    integers("days.parquet", 20_261_102);
    for (ours, partner) in [("days.parquet", "dashes"), ("dashes", "days.parquet")] {
        let met = segments(&folder, ours, partner, "dt");
        // The partner's segments are called as it calls them.
        let expected = ["2026-11-01", "2026-11-02"].map(|day| match partner {
            "dashes" => (day.to_owned(), 100, 100),
            _ => (day.replace('-', ""), 100, 100),
        });
        assert_eq!(met, expected, "{ours} {partner}");
    }
    // A number that is no day: the column may hold something else.
    integers("other.parquet", 7);
    let paths = ["dashes", "other.parquet"].map(|name| folder.path(name));
    let [dashes, other] = paths.each_ref().map(|path| path.to_str().unwrap());
    overlap(&["estimate", "--by", "dt", dashes, other]).fails(4, &["dt", "one type"]);
}

#[test]
fn a_folder_called_as_the_id_column_is_named_as_such() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..9));
    write(&folder, "byuser/user_id=7/a.parquet", &[("n", ids)], 1_000);
    let path = folder.path("byuser");
    let path = path.to_str().unwrap();
    for arguments in [
        &["estimate", path][..],
        &["estimate", "--id", "user_id", path],
    ] {
        overlap(arguments).fails(2, &["user_id is the name of a folder", "--id"]);
    }
}

#[test]
fn row_97_a_part_of_floats_beside_parts_of_integers_is_refused_with_how_it_came_about() {
    let folder = Folder::new();
    part(&folder, "num/a.parquet", 0..9);
    let ids: ArrayRef = Arc::new(Float64Array::from(vec![Some(9.0), None]));
    write(&folder, "num/b.parquet", &[("user_id", ids)], 1_000);
    let path = folder.path("num");
    overlap(&["estimate", path.to_str().unwrap()])
        .fails(3, &["b.parquet", "DOUBLE", "pandas", "Int64"]);
}

#[test]
fn a_trend_is_told_from_folders_of_years_months_and_days() {
    let folder = Folder::new();
    for day in 1..=3_i64 {
        let ids = 500 * (day - 1)..500 * (day + 1);
        part(
            &folder,
            &format!("glue/year=2026/month=11/day={day:02}/a.parquet"),
            ids.clone(),
        );
        compact_day(&folder, day, ids.clone());
        part(
            &folder,
            &format!("months/year=2026/month={:02}/a.parquet", 9 + day),
            ids,
        );
    }
    let trend = |name: &str, by: &str| {
        let path = folder.path(name);
        let path = format!("side={}", path.display());
        overlap(&[
            "trend",
            &path,
            "--by",
            by,
            "--windows",
            "2",
            "--format",
            "csv",
        ])
    };
    let days = trend("glue", "year,month,day").stdout;
    for line in [
        "2026-11-01,side,users,1000,",
        "2026-11-03,side,cumulative,2000,",
        "2026-11-03,side,users_2d,1500,",
    ] {
        assert!(days.contains(line), "{line}: {days}");
    }
    assert_eq!(trend("compact", "dt").stdout, days);
    let months = trend("months", "year,month").stdout;
    assert!(months.starts_with("month,side,"), "{months}");
    assert!(months.contains("2026-12,side,cumulative,2000,"), "{months}");
    assert!(months.contains("2026-11,side,users_2m,1500,"), "{months}");
    assert_eq!(
        months
            .lines()
            .filter(|line| line.contains(",users,"))
            .count(),
        3,
        "{months}"
    );
    trend("glue", "day").fails(2, &["year, month and day"]);
}

#[test]
fn the_path_wins_over_the_column_and_where_they_differ_is_said() {
    let folder = Folder::new();
    for (name, inside) in [("same", "2026-11-23"), ("late", "2026-11-22")] {
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100));
        let days = (0..100).map(|i| if i < 40 { inside } else { "2026-11-23" });
        let days: ArrayRef = Arc::new(StringArray::from_iter_values(days));
        let path = format!("{name}/day=2026-11-23/a.parquet");
        std::fs::create_dir_all(folder.path(&path).parent().unwrap()).unwrap();
        write(&folder, &path, &[("user_id", ids), ("day", days)], 1_000);
        let (from, to) = (folder.path(name), folder.path("out.ovs"));
        let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
        let report = overlap(&["sketch", from, "--by", "day", "-o", to, "--json"]).json();
        assert_eq!(report["sketches"], 1, "{name}");
        let warnings = report["warnings"].as_array().unwrap();
        match name {
            "same" => assert!(warnings.is_empty(), "{warnings:?}"),
            _ => {
                assert_eq!(warnings[0]["code"], "path_differs");
                assert!(warnings[0]["text"].as_str().unwrap().contains("40 rows"));
            }
        }
    }
}
