//! Rows that a condition takes are the same however a Parquet file is written.

use crate::harness::{Folder, overlap};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use std::collections::BTreeSet;
use std::sync::Arc;

const ROWS: i64 = 3_000;

/// Users come about twice; every seventh row is of nobody.
fn user(row: i64) -> Option<i64> {
    (row % 7 != 3).then_some(row * 5 % 1_300)
}

fn tier(row: i64) -> Option<i32> {
    (row % 11 != 4).then_some((row % 9) as i32)
}

/// Long runs of one value, and of nulls.
fn active(row: i64) -> Option<bool> {
    (row / 250 % 4 != 3).then_some(if row < 1_500 {
        row / 100 % 2 == 0
    } else {
        row % 3 == 0
    })
}

fn amount(row: i64) -> Option<f64> {
    Some((row * 17 % 600) as f64 / 4.0)
}

fn city(row: i64) -> Option<&'static str> {
    ["Graz", "Lyon", "Porto", ""]
        .get(row as usize * 7 % 5)
        .copied()
}

fn columns(ids_are_text: bool) -> Vec<(&'static str, ArrayRef)> {
    let rows = || 0..ROWS;
    let ids: ArrayRef = match ids_are_text {
        true => {
            let text = |row| user(row).map(|user| format!("user {user}"));
            Arc::new(rows().map(text).collect::<StringArray>())
        }
        false => Arc::new(rows().map(user).collect::<Int64Array>()),
    };
    vec![
        ("user_id", ids),
        ("tier", Arc::new(rows().map(tier).collect::<Int32Array>())),
        (
            "active",
            Arc::new(rows().map(active).collect::<BooleanArray>()),
        ),
        (
            "amount",
            Arc::new(rows().map(amount).collect::<Float64Array>()),
        ),
        ("city", Arc::new(rows().map(city).collect::<StringArray>())),
    ]
}

/// Files of the same rows, written in different ways.
fn forms() -> Vec<(String, WriterProperties)> {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(ZstdLevel::default()),
    ];
    let mut forms = Vec::new();
    for (number, codec) in codecs.into_iter().enumerate() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            for dictionary in [true, false] {
                // Pages of different columns end at different rows.
                let properties = WriterProperties::builder()
                    .set_compression(codec)
                    .set_writer_version(version)
                    .set_dictionary_enabled(dictionary)
                    .set_column_encoding(ColumnPath::from("active"), Encoding::RLE)
                    .set_data_page_row_count_limit(97 + 40 * number)
                    .set_write_batch_size(13)
                    .set_max_row_group_row_count(Some(1_100))
                    .set_statistics_enabled(EnabledStatistics::None)
                    .build();
                let name = format!("{codec:?} {version:?} dictionary {dictionary}");
                forms.push((name, properties));
            }
        }
    }
    // A dictionary that is full after some rows.
    let full = WriterProperties::builder()
        .set_dictionary_page_size_limit(300)
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(10);
    forms.push(("a full dictionary".into(), full.build()));
    forms
}

type Takes = fn(i64) -> bool;

/// Conditions, and the rows that they take.
const CASES: &[(&str, Takes)] = &[
    ("tier >= 4 AND active", |row| {
        tier(row).is_some_and(|tier| tier >= 4) && active(row) == Some(true)
    }),
    ("NOT (tier >= 4 AND active)", |row| {
        tier(row).is_some_and(|tier| tier < 4) || active(row) == Some(false)
    }),
    ("(tier >= 4 AND active) IS NOT TRUE", |row| {
        !(tier(row).is_some_and(|tier| tier >= 4) && active(row) == Some(true))
    }),
    ("tier IS NULL OR city LIKE '%o%'", |row| {
        tier(row).is_none() || city(row).is_some_and(|city| city.contains('o'))
    }),
    ("active IS NULL AND city = ''", |row| {
        active(row).is_none() && city(row) == Some("")
    }),
    ("amount BETWEEN 30 AND 60.5 AND NOT active", |row| {
        amount(row).is_some_and(|amount| (30.0..=60.5).contains(&amount))
            && active(row) == Some(false)
    }),
    ("amount > tier * 10 AND city <> 'Graz'", |row| {
        let tier = tier(row).map(f64::from);
        tier.zip(amount(row))
            .is_some_and(|(tier, amount)| amount > tier * 10.0)
            && city(row).is_some_and(|city| city != "Graz")
    }),
    // No row of tier 0 needs the quotient.
    ("tier <> 0 AND 12 / tier > 3", |row| {
        tier(row).is_some_and(|tier| tier != 0 && 12 / tier > 3)
    }),
    ("city = 'Lyon' OR 12 / (tier - 8) > 100 OR tier = 1", |_| {
        false
    }),
    ("tier > 100 AND active", |_| false),
    ("amount >= 0", |_| true),
];

#[test]
fn rows_are_taken_alike_however_a_file_is_written() {
    let folder = Folder::new();
    for ids_are_text in [false, true] {
        for (number, (form, properties)) in forms().into_iter().enumerate() {
            let name = format!("{number}_{ids_are_text}.parquet");
            let file = folder.batch(&name, &columns(ids_are_text), properties);
            for (condition, takes) in CASES {
                let taken = || (0..ROWS).filter(|&row| takes(row));
                let users: BTreeSet<i64> = taken().filter_map(user).collect();
                let nulls = taken().filter(|&row| user(row).is_none()).count();
                // Counting wants every row's ID, a sketch those of a dictionary once.
                for command in ["exact", "estimate"] {
                    let words = [command, &file, &file, "--where", condition];
                    let answer = overlap(&[&words[..], &["--format", "json"]].concat());
                    let what = format!("{command} {condition} of {form}, text: {ids_are_text}");
                    if condition.contains("100 OR") {
                        answer.fails(3, &["division by zero"]);
                        continue;
                    }
                    let side = &answer.json()["sides"][0];
                    let numbers = (&side["rows"], &side["nulls"], &side["users"]["value"]);
                    let numbers = (numbers.0.as_u64(), numbers.1.as_u64(), numbers.2.as_f64());
                    let expected = (taken().count() as u64, nulls as u64, users.len() as f64);
                    let expected = (Some(expected.0), Some(expected.1), Some(expected.2));
                    assert_eq!(numbers, expected, "{what}");
                    assert_eq!(side["filter"]["rows"], ROWS, "{what}");
                }
            }
        }
    }
}
