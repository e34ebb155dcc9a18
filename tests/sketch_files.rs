//! Sketch files, and the questions about many of them, through the binary.

use crate::harness::{Folder, data, overlap};
use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Int64Type};
use overlap::{Division, Silent, SketchOptions, Sources, read_sketches, sketch_segments};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Runs the binary on words, `{}` standing for the folder; it must succeed.
#[track_caller]
pub fn run(folder: &Folder, line: &str) -> String {
    let answer = overlap(&words(folder, line));
    assert_eq!(answer.code, Some(0), "{line}: {answer:?}");
    answer.stdout
}

pub fn json(folder: &Folder, line: &str) -> Value {
    serde_json::from_str(&run(folder, &format!("{line} --format json"))).unwrap()
}

pub fn words(folder: &Folder, line: &str) -> Vec<String> {
    let (data, root) = (data(""), folder.path("").display().to_string());
    line.split(' ')
        .map(|word| word.replace("{}", &root).replace("DATA/", &data))
        .collect()
}

/// A folder with the sample data sketched by city tier.
pub fn tiers() -> Folder {
    let folder = Folder::new();
    run(
        &folder,
        "sketch DATA/shop.parquet --by city_tier -o {}shop.ovs",
    );
    run(
        &folder,
        "sketch DATA/pay.parquet --by city_tier -o {}pay.ovs",
    );
    folder
}

/// A Parquet file of `columns` in row groups of at most so many rows.
pub fn write(folder: &Folder, name: &str, columns: &[(&str, ArrayRef)], row_group_rows: usize) {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group_rows))
        .build();
    folder.batch(name, columns, properties);
}

/// The users of each city tier of a file of the sample data.
fn users_by_tier(file: &str) -> BTreeMap<String, BTreeSet<i64>> {
    let file = std::fs::File::open(data(file)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let mut tiers: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = |name: &str, as_type: DataType| {
            arrow::compute::cast(batch.column_by_name(name).unwrap(), &as_type).unwrap()
        };
        let (ids, tier) = (
            column("user_id", DataType::Int64),
            column("city_tier", DataType::Utf8),
        );
        let ids = ids.as_primitive::<Int64Type>();
        let tier = tier.as_string::<i32>();
        for row in 0..batch.num_rows() {
            let users = tiers.entry(tier.value(row).into()).or_default();
            users.extend(ids.is_valid(row).then(|| ids.value(row)));
        }
    }
    tiers
}

/// A report without what tells files from sketches.
fn numbers(mut report: Value) -> Value {
    for side in report["sides"].as_array_mut().unwrap() {
        let side = side.as_object_mut().unwrap();
        for key in ["name", "files", "column", "pages", "pages_checked"] {
            side.remove(key);
        }
    }
    report
}

#[test]
fn stored_sketches_and_data_give_the_same_answer_in_any_mix() {
    let folder = tiers();
    let data = "estimate DATA/shop.parquet DATA/pay.parquet --k 65536";
    let expected = numbers(json(&folder, data));
    for line in [
        "estimate {}shop.ovs {}pay.ovs",
        "estimate DATA/shop.parquet {}pay.ovs",
        "estimate {}shop.ovs DATA/pay.parquet",
    ] {
        assert_eq!(numbers(json(&folder, line)), expected, "{line}");
    }
    let regions = numbers(json(&folder, "regions {}shop.ovs {}pay.ovs"));
    assert_eq!(regions["union"], expected["union"]);
}

#[test]
fn segments_rolled_up_are_the_whole_byte_for_byte() {
    let folder = tiers();
    run(&folder, "merge {}shop.ovs -o {}merged.ovs");
    run(&folder, "sketch DATA/shop.parquet -o {}whole.ovs");
    let bytes = |name: &str| std::fs::read(folder.path(name)).unwrap();
    assert_eq!(bytes("merged.ovs"), bytes("whole.ovs"));
    run(&folder, "merge {}shop.ovs --by city_tier -o {}same.ovs");
    assert_eq!(bytes("same.ovs"), bytes("shop.ovs"));
    // Repeated input changes nothing but the rows.
    run(&folder, "merge {}shop.ovs {}same.ovs -o {}twice.ovs");
    let [twice, once] = ["twice.ovs", "whole.ovs"]
        .map(|name| read_sketches(Path::new(&folder.path(name))).unwrap());
    assert_eq!(twice.values()[0].sample(), once.values()[0].sample());
    assert_eq!(twice.values()[0].registers(), once.values()[0].registers());
    assert_eq!(twice.values()[0].tally().unwrap().rows, 480_000);
}

#[test]
fn the_partners_new_users_are_told_by_segment() {
    let folder = tiers();
    let report = json(&folder, "estimate {}shop.ovs {}pay.ovs --by city_tier");
    let (shop, pay) = (users_by_tier("shop.parquet"), users_by_tier("pay.parquet"));
    let ours: BTreeSet<i64> = shop.values().flatten().copied().collect();
    let rows = report["segments"]["rows"].as_array().unwrap();
    let mut gains: Vec<(usize, &String)> = pay
        .iter()
        .map(|(tier, users)| (users.difference(&ours).count(), tier))
        .collect();
    gains.sort();
    gains.reverse();
    assert_eq!(rows.len(), gains.len());
    for (row, (new, tier)) in rows.iter().zip(gains) {
        assert_eq!(row["segment"][0], **tier, "sorted by gain");
        let holds = |key: &str, truth: usize| {
            let end = |end: &str| row[key][end].as_u64().unwrap();
            (end("lower")..=end("upper")).contains(&(truth as u64))
        };
        assert!(holds("users", pay[tier].len()), "{row}");
        assert!(holds("users_of_ours", shop[tier].len()), "{row}");
        assert!(holds("new", new), "{row}: {new}");
    }
    // The whole stays what it is without segments.
    let whole = json(&folder, "estimate {}shop.ovs {}pay.ovs");
    assert_eq!(report["overlap"], whole["overlap"]);
    // Our own side need not have the column.
    run(&folder, "merge {}shop.ovs -o {}plain.ovs");
    let plain = json(&folder, "estimate {}plain.ovs {}pay.ovs --by city_tier");
    assert_eq!(plain["segments"]["rows"][0]["new"], rows[0]["new"]);
    assert_eq!(plain["segments"]["rows"][0]["users_of_ours"], Value::Null);
}

#[test]
fn greedy_reach_begins_with_the_largest_side_unless_told_otherwise() {
    let folder = tiers();
    let sides = |report: &Value| -> Vec<String> {
        let steps = report["steps"].as_array().unwrap();
        steps
            .iter()
            .map(|step| step["side"].as_str().unwrap().to_owned())
            .collect()
    };
    let greedy = json(
        &folder,
        "reach {}shop.ovs {}pay.ovs --by city_tier --order greedy",
    );
    assert_eq!(sides(&greedy)[0], "shop/T1");
    let steps = greedy["steps"].as_array().unwrap();
    let value = |step: &Value, key: &str| step[key]["value"].as_u64().unwrap();
    for pair in steps.windows(2) {
        assert_eq!(
            value(&pair[1], "reach"),
            value(&pair[0], "reach") + value(&pair[1], "added")
        );
        assert!(pair[1]["duplication"].as_f64() >= pair[0]["duplication"].as_f64());
    }
    let based = json(
        &folder,
        "reach {}shop.ovs {}pay.ovs --by city_tier --order greedy --base pay/T5",
    );
    assert_eq!(sides(&based)[0], "pay/T5");
    let given = json(&folder, "reach {}pay.ovs {}shop.ovs");
    assert_eq!(sides(&given), ["pay", "shop"]);
    overlap(&words(&folder, "reach {}shop.ovs --base nobody")).fails(2, &["nobody", "shop"]);
}

#[test]
fn a_trend_is_told_from_folders_of_days_and_from_date_columns() {
    let folder = Folder::new();
    let (mut days, mut ids) = (Vec::new(), Vec::new());
    for day in 0..10_i64 {
        let users: Vec<i64> = (50 * day..50 * day + 100).collect();
        let name = format!("lake/day=2026-11-{:02}/part.parquet", day + 1);
        let column: ArrayRef = Arc::new(Int64Array::from(users.clone()));
        write(&folder, &name, &[("user_id", column)], 1 << 20);
        // 2026-11-01 is day 20,758.
        days.extend(users.iter().map(|_| 20_758 + i32::try_from(day).unwrap()));
        ids.extend(users);
    }
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user_id", Arc::new(Int64Array::from(ids))),
        ("day", Arc::new(Date32Array::from(days))),
    ];
    write(&folder, "log.parquet", &columns, 300);
    run(&folder, "sketch {}lake --by day -o {}lake.ovs");
    let csv = run(&folder, "trend {}lake.ovs --by day --format csv");
    for (line, value) in [
        ("2026-11-01,lake,users", 100),
        ("2026-11-10,lake,users", 100),
        ("2026-11-10,lake,new", 50),
        ("2026-11-10,lake,cumulative", 550),
        ("2026-11-10,lake,users_7d", 400),
    ] {
        assert!(
            csv.contains(&format!("{line},{value},{value},{value},")),
            "{line}: {csv}"
        );
    }
    assert!(
        csv.contains("2026-11-02,lake,returned,0.5,0.5,0.5,"),
        "{csv}"
    );
    assert!(
        !csv.contains("2026-11-06,lake,users_7d"),
        "no window before it is whole: {csv}"
    );
    // Sketches don't tell their column.
    let rename = |text: String| {
        let text = text.replace(",log,", ",lake,");
        text.replace(",user_id\n", ",\n")
    };
    assert_eq!(
        rename(run(&folder, "trend {}log.parquet --by day --format csv")),
        csv
    );
    let both = json(
        &folder,
        "trend {}lake.ovs {}log.parquet --by day --windows 3",
    );
    let day = &both["days"][9]["measures"];
    let overlap = day
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["measure"] == "overlap_3d");
    assert_eq!(overlap.unwrap()["value"]["value"], 200.0);
}

#[test]
fn segments_hold_the_users_that_their_rows_hold() {
    let folder = Folder::new();
    let rows = 40_000_i64;
    let ids = Int64Array::from_iter((0..rows).map(|i| (i % 11 != 0).then_some(i * 7 % 9_001)));
    let city = |i: i64| (i % 5 != 4).then(|| format!("c{}", i / 3 % 7));
    let cities = StringArray::from_iter((0..rows).map(city));
    // Long runs in one column, none in the other.
    let regions = Int64Array::from_iter_values((0..rows).map(|i| i / 10_000));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user_id", Arc::new(ids.clone())),
        ("city", Arc::new(cities)),
        ("region", Arc::new(regions)),
    ];
    write(&folder, "a.parquet", &columns, 7_000);
    let mut expected: BTreeMap<(i64, Option<String>), (BTreeSet<i64>, u64)> = BTreeMap::new();
    for i in 0..rows {
        let (users, nulls) = expected.entry((i / 10_000, city(i))).or_default();
        match ids.is_valid(i as usize) {
            true => drop(users.insert(ids.value(i as usize))),
            false => *nulls += 1,
        }
    }
    for threads in [1, 2, 3] {
        let mut sources = Sources::new(&[folder.path("a.parquet")]).unwrap();
        sources.threads = threads;
        let division = Division::by(vec!["region".into(), "city".into()]);
        let options = SketchOptions::default();
        let tables = sketch_segments(&sources, &division, options, &Silent).unwrap();
        let labels: Vec<String> = (0..tables[0].values().len())
            .map(|row| tables[0].label(row))
            .collect();
        let of = |(region, city): &(i64, Option<String>)| {
            format!("{region}, {}", city.as_deref().unwrap_or("null"))
        };
        assert_eq!(labels, expected.keys().map(of).collect::<Vec<_>>());
        for (sketch, (users, nulls)) in tables[0].values().iter().zip(expected.values()) {
            assert_eq!(sketch.sample().unwrap().hashes().len(), users.len());
            assert_eq!(sketch.tally().unwrap().nulls, *nulls);
        }
    }
    run(&folder, "sketch {}a.parquet --by city -o {}city.ovs");
    run(&folder, "sketch {}a.parquet --by region,city -o {}both.ovs");
    run(&folder, "merge {}both.ovs --by city -o {}rolled.ovs");
    let bytes = |name: &str| std::fs::read(folder.path(name)).unwrap();
    assert_eq!(bytes("rolled.ovs"), bytes("city.ovs"));
}

#[test]
fn a_sketch_file_says_what_it_is() {
    let folder = tiers();
    let report = json(&folder, "inspect {}shop.ovs");
    let file = &report["files"][0];
    assert_eq!(file["segment_columns"][0], "city_tier");
    assert_eq!(file["sketches"].as_array().unwrap().len(), 5);
    let first = &file["sketches"][0];
    assert_eq!(
        (&first["hash"], &first["id_type"]),
        (&"xxh3".into(), &"integer".into())
    );
    assert_eq!(
        (&first["rows"], &first["segment"][0]),
        (&72_094.into(), &"T1".into())
    );
    assert_eq!(first["sample"]["k"], 65_536);
    assert_eq!(first["registers"]["precision"], 16);
    let bytes = std::fs::metadata(folder.path("shop.ovs")).unwrap().len();
    assert_eq!(file["bytes"], bytes);
    for format in ["table", "csv", "markdown"] {
        let text = run(&folder, &format!("inspect {{}}shop.ovs --format {format}"));
        assert!(text.contains("T5"), "{text}");
    }
}

#[test]
fn datasketches_images_come_and_go_through_the_binary() {
    let folder = Folder::new();
    run(
        &folder,
        "sketch DATA/shop.parquet --hash murmur3 -o {}shop.ovs",
    );
    run(&folder, "convert {}shop.ovs --to datasketches -o {}images");
    run(
        &folder,
        "convert {}images/shop.theta {}images/shop.hll --to ovs -o {}back.ovs",
    );
    let [ours, back] =
        ["shop.ovs", "back.ovs"].map(|name| read_sketches(Path::new(&folder.path(name))).unwrap());
    assert_eq!(ours.values()[0].registers(), back.values()[0].registers());
    let sample = |table: &overlap::format::SketchTable| {
        let sample = table.values()[0].sample().unwrap();
        (sample.theta(), sample.hashes().to_vec())
    };
    assert_eq!(sample(&ours), sample(&back));
    // Either part alone answers, and says that it is alone. Data is hashed as the sketch is.
    for (line, missing) in [
        (
            "estimate {}images/shop.theta DATA/pay.parquet",
            "theta sketch alone",
        ),
        (
            "estimate {}images/shop.hll DATA/pay.parquet",
            "HLL sketch alone",
        ),
    ] {
        let report = json(&folder, line);
        let warnings = report["warnings"].as_array().unwrap();
        assert!(
            warnings
                .iter()
                .any(|w| w["text"].as_str().unwrap().contains(missing)),
            "{line}"
        );
        let overlap = &report["overlap"];
        let truth = 62_000_f64;
        assert!(
            (overlap["value"].as_f64().unwrap() / truth - 1.0).abs() < 0.05,
            "{overlap}"
        );
        assert_eq!(report["sides"][0]["rows"], Value::Null);
    }
    overlap(&words(
        &folder,
        "estimate {}images/shop.theta {}images/shop.hll",
    ))
    .fails(4, &["registers alone", "sample alone"]);
}

#[test]
fn sketches_that_cannot_be_compared_are_refused_before_anything_is_read() {
    let folder = Folder::new();
    run(&folder, "sketch DATA/shop.parquet -o {}shop.ovs");
    run(
        &folder,
        "sketch DATA/pay.parquet --hash murmur3 -o {}murmur.ovs",
    );
    run(&folder, "sketch DATA/pay.parquet --as string -o {}text.ovs");
    let both = ["37d626b478c5e5c9", "bee71e7f51b9e1d5"];
    overlap(&words(&folder, "estimate {}shop.ovs {}murmur.ovs")).fails(4, &both);
    overlap(&words(&folder, "merge {}shop.ovs {}murmur.ovs -o {}x.ovs")).fails(4, &both);
    overlap(&words(
        &folder,
        "convert {}shop.ovs --to datasketches -o {}x",
    ))
    .fails(4, &["murmur3"]);
    let types = ["integer ids", "string ids", "--as"];
    overlap(&words(&folder, "estimate {}shop.ovs {}text.ovs")).fails(4, &types);
    overlap(&words(&folder, "estimate {}text.ovs DATA/shop.parquet")).fails(4, &types);
    overlap(&words(&folder, "matrix {}text.ovs {}shop.ovs")).fails(4, &types);
}

#[test]
fn what_cannot_be_asked_is_a_usage_error_with_a_way_out() {
    let folder = tiers();
    for (line, code, said) in [
        (
            "sketch {}shop.ovs -o {}shop.ovs",
            2,
            "is an input and an output",
        ),
        (
            "exact {}shop.ovs {}pay.ovs",
            2,
            "overlap estimate takes sketches",
        ),
        (
            "estimate {}shop.ovs {}pay.ovs --frequency",
            2,
            "name the data files",
        ),
        ("estimate {}shop.ovs {}pay.ovs --by city", 2, "city_tier"),
        ("estimate {}shop.ovs --by city_tier", 2, "two sides"),
        (
            "sketch DATA/shop.parquet --by city -o {}x.ovs",
            2,
            "the columns are user_id",
        ),
        (
            "sketch DATA/shop.parquet --by city_tier --max-segments 4 -o {}x.ovs",
            7,
            "--max-segments",
        ),
        ("trend {}shop.ovs", 2, "--by day"),
        ("trend {}shop.ovs --by city_tier", 2, "2026-11-23"),
        (
            "sketch DATA/shop.parquet -o {}no/such/folder/x.ovs",
            6,
            "there is no folder",
        ),
        ("inspect DATA/truth.json", 3, "jq -c"),
    ] {
        overlap(&words(&folder, line)).fails(code, &[said]);
    }
    assert!(!Path::new(&folder.path("x.ovs")).exists());
}

#[test]
fn sketches_of_different_sizes_fold_and_say_so() {
    let folder = Folder::new();
    run(
        &folder,
        "sketch DATA/shop.parquet --precision 12 --k 4096 -o {}small.ovs",
    );
    run(&folder, "sketch DATA/pay.parquet -o {}pay.ovs");
    let one = json(&folder, "estimate {}small.ovs {}pay.ovs");
    let other = json(&folder, "estimate {}pay.ovs {}small.ovs");
    assert_eq!(one["method"]["precision"], 12);
    assert_eq!(one["warnings"][0]["code"], "folded");
    assert_eq!(one["overlap"], other["overlap"]);
    assert_eq!(one["only_a"], other["only_b"]);
}
