//! Which rows `--where` takes, what it doesn't read, and what it refuses.

use crate::harness::{Answer, Folder, overlap};
use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, Int64Array, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fmt::Write;
use std::sync::Arc;

const ROWS: i64 = 4_000;
const ROWS_OF_GROUP: usize = 500;

/// User, tier (0 to 7), whether it is active (a third), day (ten of 400 rows), country (null in a fifth).
fn columns(rows: std::ops::Range<i64>) -> Vec<(&'static str, ArrayRef)> {
    let rows = || rows.clone();
    let country = |row: i64| match row % 5 {
        0 => None,
        1 => Some("CH"),
        _ => Some("DE"),
    };
    vec![
        ("user_id", Arc::new(Int64Array::from_iter_values(rows()))),
        (
            "tier",
            Arc::new(
                rows()
                    .map(|row| Some((row % 8) as i32))
                    .collect::<Int32Array>(),
            ),
        ),
        (
            "active",
            Arc::new(
                rows()
                    .map(|row| Some(row % 3 == 0))
                    .collect::<BooleanArray>(),
            ),
        ),
        (
            "day",
            Arc::new(
                rows()
                    .map(|row| Some(20_000 + (row / 400) as i32))
                    .collect::<Date32Array>(),
            ),
        ),
        (
            "country",
            Arc::new(rows().map(country).collect::<StringArray>()),
        ),
    ]
}

fn parquet(folder: &Folder, name: &str, statistics: EnabledStatistics) -> String {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROWS_OF_GROUP))
        .set_statistics_enabled(statistics)
        .set_dictionary_enabled(false)
        .build();
    folder.batch(name, &columns(0..ROWS), properties)
}

fn csv(folder: &Folder, name: &str) -> String {
    let mut text = String::from("user_id,tier,active,day,country\n");
    for row in 0..ROWS {
        let day = format!("2024-10-{:02}", 4 + row / 400);
        let country = ["", "CH", "DE", "DE", "DE"][row as usize % 5];
        writeln!(text, "{row},{},{},{day},{country}", row % 8, row % 3 == 0).unwrap();
    }
    folder.bytes(name, text.as_bytes())
}

fn json_lines(folder: &Folder, name: &str) -> String {
    let mut text = String::new();
    for row in 0..ROWS {
        let country = ["null", "\"CH\"", "\"DE\"", "\"DE\"", "\"DE\""][row as usize % 5];
        let (tier, active, day) = (row % 8, row % 3 == 0, 4 + row / 400);
        writeln!(
            text,
            "{{\"user_id\":{row},\"tier\":{tier},\"active\":{active},\"day\":\"2024-10-{day:02}\",\"country\":{country}}}"
        )
        .unwrap();
    }
    folder.bytes(name, text.as_bytes())
}

fn arrow_file(folder: &Folder, name: &str) -> String {
    let batch = arrow::array::RecordBatch::try_from_iter(columns(0..ROWS)).unwrap();
    let mut bytes = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut bytes, &batch.schema()).unwrap();
    for start in (0..ROWS as usize).step_by(1_300) {
        writer
            .write(&batch.slice(start, 1_300.min(ROWS as usize - start)))
            .unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    folder.bytes(name, &bytes)
}

fn ask(words: &[&str]) -> Answer {
    overlap(words)
}

/// Rows, rows taken, and users of one file.
#[track_caller]
fn counts(file: &str, condition: &str) -> (u64, u64, u64) {
    let answer = ask(&["exact", file, "--where", condition, "--format", "json"]);
    let report = answer.json();
    let side = &report["sides"][0];
    let filter = &side["filter"];
    assert_eq!(filter["condition"], condition);
    assert_eq!(filter["taken"], side["rows"]);
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    (
        number(&filter["rows"]),
        number(&filter["taken"]),
        number(&side["users"]["value"]),
    )
}

#[test]
fn every_format_takes_the_same_rows() {
    let folder = Folder::new();
    let files = [
        parquet(&folder, "a.parquet", EnabledStatistics::Chunk),
        parquet(&folder, "b.parquet", EnabledStatistics::None),
        csv(&folder, "a.csv"),
        json_lines(&folder, "a.jsonl"),
        arrow_file(&folder, "a.arrow"),
    ];
    let rows = || 0..ROWS;
    let cases: [(&str, usize); 8] = [
        (
            "tier >= 4 AND active",
            rows().filter(|r| r % 8 >= 4 && r % 3 == 0).count(),
        ),
        (
            "tier IN (1, 2) OR country IS NULL",
            rows()
                .filter(|r| matches!(r % 8, 1 | 2) || r % 5 == 0)
                .count(),
        ),
        ("country <> 'CH'", rows().filter(|r| r % 5 > 1).count()),
        ("NOT (country = 'CH')", rows().filter(|r| r % 5 > 1).count()),
        ("country LIKE 'C%'", rows().filter(|r| r % 5 == 1).count()),
        (
            "day >= date '2024-10-12'",
            rows().filter(|r| r / 400 >= 8).count(),
        ),
        (
            "user_id + 1 > 3990 AND tier <> 7",
            rows().filter(|r| r + 1 > 3990 && r % 8 != 7).count(),
        ),
        ("tier > 7", 0),
    ];
    for file in &files {
        for (condition, taken) in cases {
            let taken = taken as u64;
            let found = counts(file, condition);
            assert_eq!(found, (ROWS as u64, taken, taken), "{condition} of {file}");
        }
    }
}

#[test]
fn a_filtered_file_is_sketched_as_one_that_holds_only_the_rows_taken() {
    let folder = Folder::new();
    let whole = parquet(&folder, "whole.parquet", EnabledStatistics::Page);
    let few = folder.batch(
        "few.parquet",
        &columns(1_200..2_000),
        WriterProperties::default(),
    );
    let condition = "day BETWEEN date '2024-10-07' AND date '2024-10-08'";
    // The file also says the condition, for people: the table in it is the same to the bit.
    let table = |name: &str, words: &[&str]| {
        let out = folder.path(name);
        let out = out.to_str().unwrap();
        let words: Vec<&str> = ["sketch", "-o", out].iter().chain(words).copied().collect();
        let answer = ask(&words);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        let file = std::fs::File::open(out).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let rows = reader.build().unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let by = ["--by", "country,tier"];
    for by in [&[][..], &by[..]] {
        let filtered: Vec<&str> = [&whole[..], "--where", condition]
            .iter()
            .chain(by)
            .copied()
            .collect();
        let bare: Vec<&str> = [&few[..]].iter().chain(by).copied().collect();
        assert!(table("a.ovs", &filtered) == table("b.ovs", &bare), "{by:?}");
    }
}

#[test]
fn every_question_takes_conditions_for_all_sides_or_for_one() {
    let folder = Folder::new();
    let a = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let sides = [
        &format!("one={a}")[..],
        &format!("two={}", csv(&folder, "b.csv")),
    ];
    let ask = |command: &str, words: &[&str]| {
        let all = [command]
            .into_iter()
            .chain(sides)
            .chain(words.iter().copied());
        overlap(&all.collect::<Vec<_>>())
    };
    let where_both = ["--where", "tier >= 4", "--where", "two = active"];
    let report = ask("exact", &[&where_both[..], &["--format", "json"]].concat()).json();
    let taken = |side: usize| report["sides"][side]["rows"].as_u64().unwrap();
    assert_eq!(
        (taken(0), taken(1)),
        (
            2_000,
            (0..ROWS).filter(|r| r % 8 >= 4 && r % 3 == 0).count() as u64
        )
    );
    assert_eq!(
        report["sides"][1]["filter"]["condition"],
        "(tier >= 4) AND ( active)"
    );
    let line = "two where (tier >= 4) AND ( active): 4,000 rows, 667 of them taken";
    for command in ["estimate", "exact", "verify", "matrix", "reach", "regions"] {
        for format in ["table", "markdown"] {
            let answer = ask(command, &[&where_both[..], &["--format", format]].concat());
            assert!(
                answer.stdout.contains(line),
                "{command} {format}: {}",
                answer.stdout
            );
        }
    }
    for command in ["matrix", "reach"] {
        let report = ask(command, &[&where_both[..], &["--format", "json"]].concat()).json();
        assert_eq!(report["sources"][1]["filter"]["taken"], 667, "{command}");
    }
    let trend = ask(
        "trend",
        &[&where_both[..], &["--by", "day", "--format", "json"]].concat(),
    )
    .json();
    assert_eq!(trend["sources"][1]["filter"]["rows"], 4_000);
    let segments = ask(
        "estimate",
        &[&where_both[..], &["--by", "country", "--format", "json"]].concat(),
    )
    .json();
    assert_eq!(segments["sides"][1]["rows"], 667);
    let lines = ask("exact", &[&where_both[..], &["--format", "csv"]].concat()).stdout;
    assert!(
        lines.contains("rows_before_filter,one,tier >= 4,4000,4000,4000,user_id\n"),
        "{lines}"
    );
}

/// Overwrites the pages of a column in some row groups.
fn spoil(path: &str, column: usize, groups: impl Fn(usize, &RowGroupMetaData) -> bool) {
    let mut bytes = std::fs::read(path).unwrap();
    let metadata =
        ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::from(bytes.clone()));
    for (number, group) in metadata.unwrap().row_groups().iter().enumerate() {
        if groups(number, group) {
            let (start, length) = group.column(column).byte_range();
            // The header of the first page stays: what is behind it isn't even decompressed.
            let (start, end) = (start as usize + 60, (start + length) as usize);
            bytes[start.min(end)..end].fill(0xff);
        }
    }
    std::fs::write(path, bytes).unwrap();
}

/// A file of snappy pages of IDs, which can't be decompressed once they are spoilt.
fn snappy(folder: &Folder, name: &str) -> String {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROWS_OF_GROUP))
        .set_compression(parquet::basic::Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    folder.batch(name, &columns(0..ROWS), properties)
}

#[test]
fn row_groups_that_statistics_rule_out_are_not_read() {
    let folder = Folder::new();
    let file = snappy(&folder, "a.parquet");
    // Days 8 and 9 are in the last two row groups.
    for column in 0..5 {
        spoil(&file, column, |number, _| number < 6);
    }
    assert_eq!(counts(&file, "day >= date '2024-10-12'"), (4_000, 800, 800));
    ask(&["exact", &file]).fails(3, &["a.parquet"]);
    ask(&["exact", &file, "--where", "day >= date '2024-10-11'"]).fails(3, &["row group"]);
}

#[test]
fn a_file_that_is_named_twice_is_counted_once() {
    let folder = Folder::new();
    let file = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let (one, again) = (format!("s={file}"), format!("s={file}"));
    let condition = ["--where", "day >= date '2024-10-12'", "--format", "json"];
    let answer = ask(&[&["exact", &one, &again], &condition[..]].concat());
    let filter = &answer.json()["sides"][0]["filter"];
    assert_eq!(
        (&filter["rows"], &filter["taken"]),
        (&4_000.into(), &800.into())
    );
}

#[test]
fn ids_of_row_groups_without_a_taken_row_are_not_decompressed() {
    let folder = Folder::new();
    let file = snappy(&folder, "a.parquet");
    spoil(&file, 0, |number, _| number % 2 == 1);
    // No statistics say so of an expression.
    let even = "(tier + 0 * tier) = 9 OR day - date '2024-10-04' < 1";
    assert_eq!(counts(&file, even), (4_000, 400, 400));
    ask(&["exact", &file, "--where", "tier + 0 >= 0"]).fails(3, &["row group 1"]);
}

#[test]
fn partitions_rule_files_out_before_they_are_read() {
    let folder = Folder::new();
    let good = "user_id,n\n1,1\n2,2\n";
    folder.bytes("lake/day=2026-01-01/a.csv", good.as_bytes());
    folder.bytes("lake/day=2026-01-02/b.csv", good.as_bytes());
    folder.bytes("lake/day=2026-01-03/c.csv", b"user_id,n\n3,1\n4\n");
    folder.batch(
        "lake/day=2026-01-01/p.parquet",
        &columns(0..100)[..1],
        WriterProperties::default(),
    );
    let lake = folder.path("lake");
    let lake = lake.to_str().unwrap();
    let answer = ask(&[
        "exact",
        lake,
        "--where",
        "day = date '2026-01-01'",
        "--format",
        "json",
    ]);
    let side = answer.json()["sides"][0].clone();
    assert_eq!(side["filter"]["rows"], 102);
    assert_eq!(side["filter"]["taken"], 102);
    assert_eq!(side["filter"]["files_unread"], 2);
    let text = ask(&["exact", lake, "--where", "day < '2026-01-02'"]).stdout;
    assert!(
        text.contains("102 rows, 102 of them taken; 2 files not read, by their paths"),
        "{text}"
    );
    ask(&["exact", lake]).fails(3, &["c.csv"]);
    let answer = ask(&["exact", lake, "--where", "day = '2026-01-01' AND dya > 2"]);
    answer.fails(
        2,
        &[
            "no column dya",
            "partitions day",
            "                         ^^^",
        ],
    );
}

#[test]
fn what_cannot_be_a_condition_is_refused_with_its_place() {
    let folder = Folder::new();
    let file = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let text = csv(&folder, "a.csv");
    let refuse = |file: &str, condition: &str, code: i32, words: &[&str]| {
        ask(&["exact", file, "--where", condition]).fails(code, words);
    };
    refuse(
        &file,
        "tier >= ",
        2,
        &["--where: expected", "\n  tier >= \n          ^"],
    );
    refuse(
        &file,
        "Tier = 1",
        2,
        &["no column Tier", "near it is tier", "\n  ^^^^"],
    );
    refuse(
        &file,
        "country > 5",
        2,
        &["text can't be compared with a whole number", "^^^^^^^^^^^"],
    );
    refuse(&file, "tier", 2, &["where a condition is wanted"]);
    refuse(&file, "sum(tier) > 1", 2, &["the function sum isn't known"]);
    refuse(
        &file,
        "tier = (SELECT 1)",
        2,
        &["nothing that a filter knows"],
    );
    refuse(
        &file,
        "10 / tier > 1",
        3,
        &["division by zero", "column tier", "row group 0"],
    );
    refuse(
        &file,
        "user_id * 9223372036854775807 > 1",
        3,
        &["out of range"],
    );
    refuse(
        &text,
        "country > 5",
        3,
        &["a value that is no number", "line 3", "column country"],
    );
    refuse(&text, "tier / 2 = 1", 2, &["can't be divided"]);
    refuse(&text, "tier = user_id", 2, &["cast one of them"]);
    // The value itself is shown nowhere.
    let answer = ask(&["exact", &text, "--where", "country > 5"]);
    assert!(!answer.stderr.contains("CH"), "{}", answer.stderr);
    ask(&["exact", &file, "--where", "other=tier = 1"]).fails(2, &["no column other"]);
}

#[test]
fn a_row_that_a_condition_excludes_may_not_fail_its_next() {
    let folder = Folder::new();
    let file = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let taken = (0..ROWS).filter(|r| matches!(r % 8, 1..=5)).count() as u64;
    assert_eq!(counts(&file, "tier <> 0 AND 10 / tier > 1").1, taken);
}

#[test]
fn sketches_have_no_rows_to_take() {
    let folder = Folder::new();
    let file = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let sketch = folder.path("a.ovs");
    let sketch = sketch.to_str().unwrap();
    assert_eq!(ask(&["sketch", &file, "-o", sketch]).code, Some(0));
    let (one, two) = (format!("one={sketch}"), format!("two={file}"));
    ask(&["estimate", &one, &two, "--where", "active"])
        .fails(2, &["one holds sketches", "--where"]);
    let report = ask(&[
        "estimate",
        &one,
        &two,
        "--where",
        "two=active",
        "--format",
        "json",
    ])
    .json();
    assert_eq!(report["sides"][1]["rows"], 1_334);
    assert!(report["sides"][0].get("filter").is_none());
}

#[test]
fn a_merged_file_says_the_conditions_of_its_parts() {
    let folder = Folder::new();
    let file = parquet(&folder, "a.parquet", EnabledStatistics::Chunk);
    let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
    let (active, high, all) = (path("active.ovs"), path("high.ovs"), path("all.ovs"));
    let sketched = |words: &[&str]| assert_eq!(ask(words).code, Some(0), "{words:?}");
    sketched(&["sketch", &file, "-o", &active, "--where", "active"]);
    sketched(&["sketch", &file, "-o", &high, "--where", "tier > 2"]);
    sketched(&["sketch", &file, "-o", &all]);
    let merged = path("merged.ovs");
    let told = |words: &[&str]| {
        let merge = ["merge", "-o", &merged];
        let words: Vec<&str> = merge.iter().chain(words).copied().collect();
        sketched(&words);
        let report = ask(&["inspect", &merged, "--format", "json"]).json();
        report["files"][0]["filter"].clone()
    };
    assert_eq!(told(&[&active, &high]), "active | tier > 2");
    assert_eq!(told(&[&active, &active]), "active");
    assert_eq!(told(&[&all, &high]), "all rows | tier > 2");
    assert_eq!(told(&[&all, &file]), serde_json::Value::Null);
}
