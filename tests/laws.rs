//! The same users give the same sketch; merging is a commutative, associative, idempotent monoid.

use crate::harness::{Folder, overlap};
use arrow::array::{
    Array, ArrayRef, DictionaryArray, Int32Array, Int64Array, StringArray, UInt64Array,
};
use arrow::datatypes::Int32Type;
use overlap::format::{decode, registers_blob, sample_blob};
use overlap::id::IdBatch;
use overlap::{
    Confidence, HashScheme, Silent, Sketch, SketchOptions, Sources, estimate_sketches, pair_counts,
    read_sketches, sketch_array, sketch_sides,
};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;

/// Sketches of one side of some files.
fn sketch(files: &[String], threads: usize) -> Sketch {
    let arguments: Vec<String> = files.iter().map(|file| format!("side={file}")).collect();
    let mut sources = Sources::new(&arguments).unwrap();
    sources.threads = threads;
    let options = SketchOptions::new(8, 500).unwrap();
    sketch_sides(&sources, options, &Silent).unwrap().remove(0)
}

/// Writes a column as `file_count` files of small row groups and pages.
fn split(folder: &Folder, ids: &ArrayRef, file_count: usize, row_group_rows: usize) -> Vec<String> {
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group_rows))
        .set_data_page_row_count_limit(row_group_rows / 3 + 1)
        .set_write_batch_size(64)
        .build();
    let rows = ids.len().div_ceil(file_count);
    (0..file_count)
        .map(|i| {
            let part = ids.slice(i * rows, rows.min(ids.len() - i * rows));
            let name = format!("{i}-{file_count}-{row_group_rows}.parquet");
            folder.batch(&name, &[("user_id", part)], properties.clone())
        })
        .collect()
}

#[test]
fn the_same_users_give_the_same_sketch_however_they_are_stored() {
    let folder = Folder::new();
    let numbers: Vec<i32> = (0..6_000).map(|i| i * 7919 % 4_001).collect();
    let texts: Vec<String> = numbers
        .iter()
        .map(|number| format!("user-{number}"))
        .collect();
    let keyed: DictionaryArray<Int32Type> = texts.iter().map(String::as_str).collect();
    let groups: [Vec<ArrayRef>; 2] = [
        vec![
            Arc::new(Int64Array::from_iter_values(
                numbers.iter().map(|&id| i64::from(id)),
            )),
            Arc::new(Int32Array::from(numbers.clone())),
            Arc::new(UInt64Array::from_iter_values(
                numbers.iter().map(|&id| id as u64),
            )),
            Arc::new(Int64Array::from_iter_values(
                numbers.iter().rev().map(|&id| i64::from(id)),
            )),
        ],
        vec![Arc::new(StringArray::from(texts.clone())), Arc::new(keyed)],
    ];
    for arrays in groups {
        let expected = sketch(&split(&folder, &arrays[0], 1, 10_000), 1);
        for array in &arrays {
            for (files, row_group_rows, threads) in
                [(1, 10_000, 1), (1, 97, 2), (3, 500, 5), (7, 1_000, 2)]
            {
                let stored = sketch(&split(&folder, array, files, row_group_rows), threads);
                assert_eq!(stored, expected, "{files} files of {}", array.data_type());
            }
            let options = SketchOptions::new(8, 500).unwrap();
            assert_eq!(sketch_array(array, options).unwrap(), expected);
        }
    }
}

fn of(ids: &[i64], options: SketchOptions) -> Sketch {
    Sketch::of(IdBatch::Integers(ids), options).unwrap()
}

fn merged(a: &Sketch, b: &Sketch) -> Sketch {
    let mut merged = a.clone();
    merged.merge(b).unwrap();
    merged
}

/// What counts: rows add up on purpose.
fn same_users(a: &Sketch, b: &Sketch) -> bool {
    a.sample() == b.sample() && a.registers() == b.registers() && a.domain() == b.domain()
}

fn ids() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(-400_i64..400, 0..600)
}

fn options() -> impl Strategy<Value = SketchOptions> {
    (4_u8..10, 16_usize..200).prop_map(|(p, k)| SketchOptions::new(p, k).unwrap())
}

/// How many cases of each law: `OVERLAP_CASES=100000` for a long run.
fn cases() -> u32 {
    let wanted = std::env::var("OVERLAP_CASES");
    wanted.map_or(500, |cases| cases.parse().unwrap())
}

/// A sketch of which another program may have left out a part.
fn with_parts(sketch: &Sketch, parts: u8) -> Sketch {
    let (registers, sample, tally) = match parts {
        0 => (None, sketch.sample().cloned(), None),
        1 => (sketch.registers().cloned(), None, sketch.tally()),
        _ => return sketch.clone(),
    };
    Sketch::from_parts(sketch.hash(), sketch.domain(), registers, sample, tally).unwrap()
}

/// A sketch as its two blobs.
fn blobs(sketch: &Sketch) -> [Option<Vec<u8>>; 2] {
    [registers_blob(sketch), sample_blob(sketch)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn merge_is_commutative(a in ids(), b in ids(), p in options(), q in options()) {
        let (a, b) = (of(&a, p), of(&b, q));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
    }

    #[test]
    fn merge_is_associative(a in ids(), b in ids(), c in ids(), p in options(), q in options()) {
        let (a, b, c) = (of(&a, p), of(&b, q), of(&c, p));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
    }

    #[test]
    fn merge_is_idempotent_and_has_an_identity(a in ids(), p in options()) {
        let a = of(&a, p);
        prop_assert!(same_users(&merged(&a, &a), &a));
        prop_assert_eq!(merged(&a, &Sketch::empty(p)), a.clone());
        prop_assert_eq!(merged(&Sketch::empty(p), &a), a);
    }

    #[test]
    fn a_merge_is_the_sketch_of_the_union(a in ids(), b in ids(), p in options()) {
        let together: Vec<i64> = a.iter().chain(&b).copied().collect();
        prop_assert_eq!(merged(&of(&a, p), &of(&b, p)), of(&together, p));
    }

    #[test]
    fn swapping_sides_swaps_the_answer(a in ids(), b in ids(), p in options(), q in options()) {
        let (a, b) = (of(&a, p), of(&b, q));
        let one = estimate_sketches(&a, &b, Confidence::default()).unwrap();
        let other = estimate_sketches(&b, &a, Confidence::default()).unwrap();
        prop_assert_eq!((one.overlap, one.union), (other.overlap, other.union));
        prop_assert_eq!((one.a, one.b), (other.b, other.a));
        prop_assert_eq!((one.only_a, one.only_b), (other.only_b, other.only_a));
        prop_assert_eq!((one.gain_a, one.share_of_a), (other.gain_b, other.share_of_b));
    }

    #[test]
    fn an_estimate_is_possible(a in ids(), b in ids(), p in options(), q in options()) {
        let (a, b) = (of(&a, p), of(&b, q));
        let pair = estimate_sketches(&a, &b, Confidence::default()).unwrap();
        prop_assert!(pair.overlap.value <= pair.a.value.min(pair.b.value));
        prop_assert_eq!(pair.a.value + pair.b.value - pair.overlap.value, pair.union.value);
        for estimate in [
            pair.a, pair.b, pair.only_a, pair.only_b, pair.overlap, pair.union, pair.share_of_a,
            pair.share_of_b, pair.jaccard, pair.overlap_coefficient, pair.gain_a, pair.gain_b,
        ] {
            prop_assert!(estimate.lower.is_finite() && estimate.upper.is_finite(), "{estimate:?}");
            prop_assert!(0.0 <= estimate.lower && estimate.lower <= estimate.value);
            prop_assert!(estimate.value <= estimate.upper);
        }
    }

    #[test]
    fn merging_is_a_commutative_idempotent_monoid_byte_for_byte(
        ids in [ids(), ids(), ids()],
        sizes in [options(), options(), options()],
        parts in prop_oneof![Just(0_u8), Just(1), Just(2)],
        murmur3 in any::<bool>(),
    ) {
        let hash = if murmur3 { HashScheme::Murmur3 } else { HashScheme::Xxh3 };
        let sketch = |i: usize| {
            let whole = of(&ids[i], sizes[i].with_hash(hash));
            // One of the three lacks a part, or none.
            with_parts(&whole, if i == 1 { parts } else { 2 })
        };
        let [a, b, c] = [sketch(0), sketch(1), sketch(2)];
        prop_assert_eq!(blobs(&merged(&a, &b)), blobs(&merged(&b, &a)));
        let left = merged(&merged(&a, &b), &c);
        prop_assert_eq!(blobs(&left), blobs(&merged(&a, &merged(&b, &c))));
        prop_assert_eq!(blobs(&merged(&left, &a)), blobs(&left));
        prop_assert_eq!(blobs(&merged(&left, &left)), blobs(&left));
        let nobody = Sketch::empty(sizes[0].with_hash(hash));
        prop_assert_eq!(blobs(&merged(&a, &nobody)), blobs(&a));
        let [registers, sample] = blobs(&left);
        let back = decode(registers.as_deref(), sample.as_deref(), left.tally()).unwrap();
        prop_assert_eq!(back, left);
    }
}

#[test]
fn a_sketch_against_itself_overlaps_whole() {
    let ids: Vec<i64> = (0..200_000).collect();
    let sketch = of(&ids, SketchOptions::new(12, 4096).unwrap());
    let pair = estimate_sketches(&sketch, &sketch, Confidence::default()).unwrap();
    assert_eq!(pair.overlap.value, pair.a.value);
    assert_eq!(pair.jaccard.value, 1.0);
}

#[test]
fn sketches_of_different_domains_never_meet() {
    let texts: ArrayRef = Arc::new(StringArray::from(Vec::<&str>::new()));
    let texts = sketch_array(&texts, SketchOptions::default()).unwrap();
    let integers = of(&[1], SketchOptions::default());
    let error = pair_counts(&integers, &texts).unwrap_err();
    assert_eq!(error.kind().exit_code(), 4);
    assert!(integers.clone().merge(&texts).is_err());
}

/// Random splits of one data set into files and row groups, sketched apart and merged in a random
/// order: the blobs of the whole. `OVERLAP_SPLITS=200` for a long run.
#[test]
fn sketches_of_random_splits_merge_into_the_sketch_of_the_whole() {
    let splits = std::env::var("OVERLAP_SPLITS").map_or(8, |splits| splits.parse().unwrap());
    let mut random = StdRng::seed_from_u64(5);
    for split in 0..splits {
        let folder = Folder::new();
        let path = |name: String| folder.path(&name).display().to_string();
        let rows = random.random_range(1..3_000);
        let ids: Vec<i64> = (0..rows).map(|_| random.random_range(0..2_000)).collect();
        let hash = ["xxh3", "murmur3"][split % 2];
        let sketch = |files: &[String], out: &String| {
            let mut line = vec!["sketch".into()];
            line.extend_from_slice(files);
            line.extend(["--precision=8", "--k=300", "--hash", hash, "-o"].map(String::from));
            line.push(out.clone());
            assert_eq!(overlap(&line).code, Some(0));
        };
        let whole: ArrayRef = Arc::new(Int64Array::from(ids.clone()));
        sketch(
            &[folder.ids("whole.parquet", whole)],
            &path("whole.ovs".into()),
        );
        let mut parts = Vec::new();
        let mut rest = &ids[..];
        while !rest.is_empty() {
            let (part, tail) = rest.split_at(random.random_range(1..=rest.len()));
            rest = tail;
            let i = parts.len();
            let part: ArrayRef = Arc::new(Int64Array::from(part.to_vec()));
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(Some(random.random_range(1..500)))
                .build();
            let file = folder.batch(&format!("{i}.parquet"), &[("user_id", part)], properties);
            parts.push(path(format!("{i}.ovs")));
            sketch(&[file], &parts[i]);
        }
        let turn = random.random_range(0..parts.len());
        parts.rotate_left(turn);
        let mut line = vec!["merge".to_owned()];
        line.extend(parts);
        line.extend(["-o".into(), path("merged.ovs".into())]);
        assert_eq!(overlap(&line).code, Some(0));
        let [merged, whole] =
            ["merged.ovs", "whole.ovs"].map(|name| read_sketches(&folder.path(name)).unwrap());
        assert_eq!(
            blobs(&merged.values()[0]),
            blobs(&whole.values()[0]),
            "split {split}"
        );
        assert_eq!(merged.values()[0].tally(), whole.values()[0].tally());
    }
}
