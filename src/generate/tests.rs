//! Truth against sets that were read back.

use super::*;
use arrow::array::{Array, ArrayRef};
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
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
            null_share: 0.1,
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
    // An empty side has no row to mix, whatever the seed.
    for seed in 0..20 {
        check_truth(&GenerateOptions {
            users_b: 0,
            overlap: 0,
            seed,
            ..small()
        });
    }
}

#[test]
fn every_place_is_visited_once() {
    for users_a in (1..200).chain([10_007, 65_536, 100_000]) {
        for seed in [0, 1, 999, u64::MAX] {
            let options = GenerateOptions {
                users_a,
                seed,
                ..small()
            };
            let mut places: Vec<u64> = SideRows::new(&options, 0, users_a).places().collect();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..users_a), "{users_a} {seed}");
        }
    }
}

#[test]
fn rows_beyond_the_first_go_to_few_users_when_skewed() {
    let busiest_tenth = |skew: f64| {
        let options = GenerateOptions {
            rows_per_user: 11.0,
            skew,
            ..small()
        };
        let side = SideRows::new(&options, 0, options.users_a);
        let users = (options.users_a..side.rows()).filter_map(|place| side.user_at(place));
        let busy = users.filter(|&user| user < options.users_a / 10).count();
        busy as f64 / (10 * options.users_a) as f64
    };
    // The share is 0.1^(1 / (1 + skew)); 30,000 draws leave a standard error below 0.003.
    for (skew, share) in [(0.0, 0.1), (1.0, 0.316), (2.0, 0.464)] {
        assert!((busiest_tenth(skew) - share).abs() < 0.01, "skew {skew}");
    }
}

#[test]
fn a_user_has_one_tier_and_one_day_on_both_sides() {
    let options = GenerateOptions {
        rows_per_user: 2.0,
        columns: true,
        ..small()
    };
    let columns = |first, users| {
        let side = SideRows::new(&options, first, users);
        let mut found = std::collections::BTreeMap::new();
        for batch in side.batches() {
            let batch = batch.expect("generates");
            let cell = |column: usize, row| {
                array_value_to_string(batch.column(column), row).expect("prints")
            };
            for row in 0..batch.num_rows() {
                let values = [cell(1, row), cell(2, row)];
                let known = found.entry(cell(0, row)).or_insert_with(|| values.clone());
                assert_eq!(*known, values);
            }
        }
        found
    };
    let a = columns(0, options.users_a);
    let b = columns(options.users_a - options.overlap, options.users_b);
    let on_both: Vec<_> = b.iter().filter(|(id, _)| a.contains_key(*id)).collect();
    assert_eq!(on_both.len() as u64, options.overlap);
    assert!(on_both.into_iter().all(|(id, values)| a[id] == *values));
    assert!(
        a.values()
            .chain(b.values())
            .all(|v| v[1].starts_with("2026-"))
    );
    // Users that only B has lean to the lower tiers.
    let low = |users: Vec<&[String; 2]>| {
        users.iter().filter(|v| *v[0] >= *"T3").count() as f64 / users.len() as f64
    };
    let only_b = b.iter().filter(|(id, _)| !a.contains_key(*id));
    let only_b = low(only_b.map(|(_, values)| values).collect());
    assert!(only_b > low(a.values().collect()) + 0.2, "{only_b}");
}

#[test]
fn rows_without_an_id_are_spread_over_the_tiers() {
    let options = GenerateOptions {
        null_share: 0.5,
        columns: true,
        ..small()
    };
    let mut tiers = HashSet::new();
    for batch in SideRows::new(&options, 0, options.users_a).batches() {
        let batch = batch.expect("generates");
        for row in (0..batch.num_rows()).filter(|&row| batch.column(0).is_null(row)) {
            tiers.insert(array_value_to_string(batch.column(1), row).expect("prints"));
        }
    }
    assert_eq!(tiers.len(), 5);
}

/// The command in data/README.md. Rows, not bytes: another release of a codec may pack them anew.
#[test]
fn the_sample_data_are_the_rows_that_their_readme_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = ["shop.parquet", "pay.parquet"].map(|name| folder.path().join(name));
    let options = GenerateOptions {
        users_a: 200_000,
        users_b: 150_000,
        overlap: 62_000,
        ids: IdKind::Int32,
        rows_per_user: 1.2,
        skew: 1.0,
        seed: 2026,
        codec: Codec::Zstd,
        columns: true,
        ..GenerateOptions::default()
    };
    let truth = generate(&paths[0], &paths[1], &options).expect("generates");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let text = std::fs::read_to_string(data.join("truth.json")).expect("reads");
    assert_eq!(
        serde_json::to_string_pretty(&truth).expect("serialises") + "\n",
        text
    );
    let rows = |path: &Path| -> Vec<_> {
        let file = File::open(path).expect("opens");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("parses");
        let batches = reader.build().expect("builds");
        batches.map(|batch| batch.expect("reads")).collect()
    };
    for path in &paths {
        let kept = data.join(path.file_name().expect("a name"));
        assert!(rows(path) == rows(&kept), "{} differs", kept.display());
    }
}

#[test]
fn two_sides_need_two_paths() {
    let path = Path::new("no/such/folder/same");
    let error = generate(path, path, &small()).expect_err("one path");
    assert_eq!(error.kind(), ErrorKind::Usage);
}

#[test]
fn ids_are_plain_unless_a_dictionary_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let is_encoded = |dictionary: bool| {
        let options = GenerateOptions {
            dictionary,
            row_group_rows: 1_000,
            ..small()
        };
        generate(&path, &folder.path().join("b.parquet"), &options).expect("generates");
        let file = File::open(&path).expect("opens");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("parses");
        let metadata = reader.metadata();
        assert_eq!(metadata.num_row_groups(), 3);
        assert_eq!(
            metadata.file_metadata().created_by(),
            Some("overlap generate")
        );
        let column = metadata.row_group(0).column(0);
        let encodings: Vec<_> = column.encodings().collect();
        assert!(encodings.contains(&Encoding::PLAIN));
        encodings.contains(&Encoding::RLE_DICTIONARY)
    };
    assert!(!is_encoded(false));
    assert!(is_encoded(true));
}

#[test]
fn equal_seeds_give_equal_bytes_and_others_give_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |seed: u64| {
        let (path_a, path_b) = (folder.path().join("a"), folder.path().join("b"));
        let options = GenerateOptions {
            seed,
            rows_per_user: 1.5,
            skew: 1.0,
            null_share: 0.1,
            columns: true,
            codec: Codec::Zstd,
            ..small()
        };
        generate(&path_a, &path_b, &options).expect("generates");
        [path_a, path_b].map(|path| std::fs::read(path).expect("reads"))
    };
    let (seven, again, eight) = (bytes(7), bytes(7), bytes(8));
    assert_eq!(seven, again);
    assert_ne!(seven[0], eight[0]);
    assert_ne!(seven[1], eight[1]);
}

#[track_caller]
fn check_refused(bound: &str, change: impl FnOnce(&mut GenerateOptions)) {
    let mut options = small();
    change(&mut options);
    let error = check(&options).expect_err("a contradiction");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(error.message().contains(bound), "{error}");
}

#[test]
fn contradictions_are_usage_errors_that_name_the_bound() {
    check_refused("(2000)", |o| o.overlap = 2_001);
    check_refused("1 to 1,000,000", |o| o.rows_per_user = 0.5);
    check_refused("1 to 1,000,000", |o| o.rows_per_user = f64::INFINITY);
    check_refused("0 to below 1", |o| o.null_share = 1.0);
    check_refused("0 to below 1", |o| o.null_share = f64::NAN);
    check_refused("0 to 10", |o| o.skew = f64::NAN);
    check_refused("int32 ids (2147483648)", |o| {
        o.ids = IdKind::Int32;
        o.users_a = 1 << 32;
    });
    check_refused("more users than there are", |o| o.users_a = u64::MAX);
    check_refused("1 to 1073741824", |o| o.row_group_rows = 0);
    check_refused("1 to 1073741824", |o| o.row_group_rows = usize::MAX);
}

#[test]
fn more_rows_than_a_file_holds_are_refused_before_the_first_is_written() {
    check_refused("row groups of 1 hold (32767)", |o| {
        o.users_a = 32_768;
        o.row_group_rows = 1;
    });
    check_refused("32767 row groups", |o| o.null_share = 1.0 - f64::EPSILON);
    check_refused("32767 row groups", |o| {
        o.users_a = 1 << 47;
        o.rows_per_user = 1e6;
    });
    let fits = GenerateOptions {
        users_a: 32_767,
        row_group_rows: 1,
        ..small()
    };
    check(&fits).expect("as many row groups as a file may have");
}
