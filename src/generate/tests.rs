//! Truth against sets that were read back.

use super::*;
use arrow::array::{Array, ArrayRef};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashSet;
use std::fs::File;

/// The distinct IDs of a file, its rows and its nulls.
fn read(path: &Path) -> (HashSet<String>, u64, u64) {
    let file = File::open(path).expect("opens");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("parses");
    let (mut ids, mut rows, mut nulls) = (HashSet::new(), 0, 0);
    for batch in reader.build().expect("builds") {
        let column: ArrayRef = batch.expect("reads").column(0).clone();
        rows += column.len() as u64;
        nulls += column.null_count() as u64;
        for row in (0..column.len()).filter(|&row| column.is_valid(row)) {
            ids.insert(array_value_to_string(&column, row).expect("prints"));
        }
    }
    (ids, rows, nulls)
}

fn check_truth(options: &GenerateOptions) {
    let folder = tempfile::tempdir().expect("a folder");
    let (path_a, path_b) = (
        folder.path().join("a.parquet"),
        folder.path().join("b.parquet"),
    );
    let truth = generate(&path_a, &path_b, options).expect("generates");
    let ((a, rows_a, nulls_a), (b, rows_b, nulls_b)) = (read(&path_a), read(&path_b));
    let found = Truth {
        rows_a,
        rows_b,
        nulls_a,
        nulls_b,
        users_a: a.len() as u64,
        users_b: b.len() as u64,
        overlap: a.intersection(&b).count() as u64,
        union: a.union(&b).count() as u64,
    };
    assert_eq!(found, truth, "{options:?}");
}

fn small() -> GenerateOptions {
    GenerateOptions {
        users_a: 3_000,
        users_b: 2_000,
        overlap: 700,
        ..GenerateOptions::default()
    }
}

#[test]
fn the_truth_is_what_the_files_hold_for_every_kind_of_id() {
    for ids in IdKind::ALL {
        check_truth(&GenerateOptions {
            ids,
            rows_per_user: 2.5,
            skew: 1.0,
            ..small()
        });
    }
}

#[test]
fn the_truth_holds_with_nulls_codecs_dictionaries_and_small_row_groups() {
    for codec in [Codec::None, Codec::Snappy, Codec::Zstd] {
        check_truth(&GenerateOptions {
            codec,
            null_share: 0.25,
            dictionary: true,
            row_group_rows: 333,
            columns: true,
            ..small()
        });
    }
}

#[test]
fn edges_are_generated_too() {
    check_truth(&GenerateOptions {
        overlap: 0,
        ..small()
    });
    check_truth(&GenerateOptions {
        users_a: 2_000,
        overlap: 2_000,
        ..small()
    });
    check_truth(&GenerateOptions {
        users_b: 0,
        overlap: 0,
        ..small()
    });
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_give_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |name: &str, seed: u64| {
        let (path_a, path_b) = (folder.path().join(name), folder.path().join("b"));
        generate(&path_a, &path_b, &GenerateOptions { seed, ..small() }).expect("generates");
        std::fs::read(path_a).expect("reads")
    };
    assert_eq!(bytes("one", 7), bytes("two", 7));
    assert_ne!(bytes("one", 7), bytes("two", 8));
}

#[test]
fn contradictions_are_usage_errors() {
    let wrong = [
        GenerateOptions {
            overlap: 2_001,
            ..small()
        },
        GenerateOptions {
            rows_per_user: 0.5,
            ..small()
        },
        GenerateOptions {
            null_share: 1.0,
            ..small()
        },
        GenerateOptions {
            ids: IdKind::Int32,
            users_a: 1 << 32,
            ..small()
        },
        GenerateOptions {
            skew: f64::NAN,
            ..small()
        },
    ];
    for options in wrong {
        let error = check(&options).expect_err("a contradiction");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }
}
