//! Exact counts against sets, laws, limits and refusals.

use super::*;
use crate::id::ByteIds;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};

/// How the IDs of a side reach its sinks.
#[derive(Clone, Copy, Debug)]
struct Split {
    batch_len: usize,
    sinks_per_side: usize,
}

const WHOLE: Split = Split {
    batch_len: usize::MAX,
    sinks_per_side: 1,
};

fn count(sides: &[Vec<i64>], split: Split) -> ExactCounts {
    let counter = ExactCounter::new(sides.len(), u64::MAX, 0).expect("few sides");
    let mut sinks = Vec::new();
    for (side, ids) in sides.iter().enumerate() {
        let new = || counter.sink(side);
        let mut of_side: Vec<_> = std::iter::repeat_with(new)
            .take(split.sinks_per_side)
            .collect();
        for (i, batch) in ids.chunks(split.batch_len).enumerate() {
            let sink = &mut of_side[i % split.sinks_per_side];
            sink.push(IdBatch::Integers(batch)).expect("no limit");
        }
        sinks.extend(of_side);
    }
    counter.finish(sinks).expect("one domain")
}

fn regions_of_sets(sides: &[Vec<i64>]) -> HashMap<u64, u64> {
    let mut masks: HashMap<i64, u64> = HashMap::new();
    for (side, ids) in sides.iter().enumerate() {
        for id in ids {
            *masks.entry(*id).or_default() |= 1 << side;
        }
    }
    let mut regions = HashMap::new();
    for mask in masks.into_values() {
        *regions.entry(mask).or_default() += 1;
    }
    regions
}

/// Few values, so that they repeat and meet; both ends of the number line among them.
fn id() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -300_i64..300,
        1 => (0_i64..300).prop_map(|i| i << 54),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 32, -1]),
    ]
}

proptest! {
    #[test]
    fn counts_are_those_of_hash_sets(
        sides in prop::collection::vec(prop::collection::vec(id(), 0..2_000), 1..12),
        batch_len in 1_usize..500,
        sinks_per_side in 1_usize..4,
    ) {
        let counts = count(&sides, Split { batch_len, sinks_per_side });
        let regions = regions_of_sets(&sides);
        for mask in 1..1 << sides.len() {
            prop_assert_eq!(counts.region(mask), regions.get(&mask).copied().unwrap_or(0));
        }
        let sets: Vec<HashSet<i64>> =
            sides.iter().map(|ids| ids.iter().copied().collect()).collect();
        for (i, a) in sets.iter().enumerate() {
            prop_assert_eq!(counts.users(i), a.len() as u64);
            for (j, b) in sets.iter().enumerate() {
                prop_assert_eq!(counts.overlap(i, j), a.intersection(b).count() as u64);
            }
        }
        let union: HashSet<i64> = sets.iter().flatten().copied().collect();
        prop_assert_eq!(counts.union(), union.len() as u64);
    }
}

#[test]
fn neither_order_nor_split_nor_sinks_change_the_counts() {
    // Enough rows of few enough users for parts to be deduplicated on the way.
    let side =
        |step: i64| -> Vec<i64> { (0..3_000_000).map(|i| i * step % 200_003 * 977).collect() };
    let sides = [
        side(7),
        side(13).into_iter().map(|id| id + 977 * 150_003).collect(),
    ];
    let whole = count(&sides, WHOLE);
    assert_eq!([whole.users(0), whole.users(1)], [200_003, 200_003]);
    assert_eq!((whole.overlap(0, 1), whole.union()), (50_000, 350_006));
    let reversed = sides.map(|ids| ids.into_iter().rev().collect());
    let split = Split {
        batch_len: 1_013,
        sinks_per_side: 3,
    };
    assert_eq!(count(&reversed, split), whole);
}

#[test]
fn millions_of_distinct_ids_are_all_counted_in_any_pattern() {
    // Dense, strided, in the high half alone, and timestamp ‖ sequence.
    let patterns: [fn(i64) -> i64; 4] = [
        |i| i,
        |i| i * 1_000,
        |i| i << 40,
        |i| ((i / 16) << 22) | (i % 16),
    ];
    for pattern in patterns {
        let a = (0..1_000_000).map(pattern).collect();
        let b = (900_000..1_900_000).map(pattern).collect();
        let counts = count(&[a, b], WHOLE);
        assert_eq!((counts.overlap(0, 1), counts.union()), (100_000, 1_900_000));
    }
}

#[test]
fn swapping_sides_swaps_the_answer() {
    let [a, b] = [vec![1, 2, 3, 3], vec![3, 4]];
    let there = count(&[a.clone(), b.clone()], WHOLE);
    let back = count(&[b, a], WHOLE);
    assert_eq!(
        (there.users(0), there.users(1)),
        (back.users(1), back.users(0))
    );
    assert_eq!((there.region(0b01), there.region(0b10)), (2, 1));
    assert_eq!((back.region(0b01), back.region(0b10)), (1, 2));
}

#[test]
fn every_one_of_64_sides_has_its_bit() {
    // ID 0 is everywhere, ID i in the first i sides.
    let sides: Vec<Vec<i64>> = (0..64_i64)
        .map(|side| std::iter::once(0).chain(side + 1..65).collect())
        .collect();
    let counts = count(&sides, WHOLE);
    assert_eq!(counts.region(u64::MAX), 2, "IDs 0 and 64");
    for side in 0..64 {
        assert_eq!(counts.users(side), 65 - side as u64);
        assert_eq!(counts.overlap(side, 63), counts.users(63));
        assert_eq!(
            counts.region(u64::MAX >> (63 - side)),
            1 + u64::from(side == 63)
        );
    }
    assert_eq!(counts.union(), 65);
}

#[test]
fn a_65th_side_is_a_usage_error() {
    let error = ExactCounter::new(65, u64::MAX, 0).expect_err("64 bits");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(ExactCounter::new(64, u64::MAX, 0).is_ok());
}

#[test]
fn no_ids_are_no_users() {
    assert_eq!(count(&[], WHOLE), ExactCounts::default());
    assert_eq!(count(&[vec![], vec![]], WHOLE).union(), 0);
}

#[test]
fn an_event_log_takes_memory_for_its_users_not_its_rows() {
    // 5 million rows of 8 bytes; the parts of a side start to look for repeated IDs at 4 MiB.
    let counter = ExactCounter::new(1, 8 << 20, 0).expect("one side");
    let mut sinks = [counter.sink(0), counter.sink(0)];
    for round in 0..5_000_i64 {
        let ids: Vec<i64> = (0..1_000).map(|i| (i * 7 + round * 11) % 5_000).collect();
        let sink = &mut sinks[round as usize % 2];
        sink.push(IdBatch::Integers(&ids))
            .expect("5,000 users in 8 MiB");
    }
    let counts = counter.finish(sinks.into()).expect("one domain");
    assert_eq!(counts.users(0), 5_000);
}

#[test]
fn repeated_ids_of_other_sides_make_room_before_the_limit_is_an_error() {
    // Side 0 takes 4 MiB although its users need little; side 1 needs the room.
    let counter = ExactCounter::new(2, 6 << 20, 0).expect("two sides");
    let (mut a, mut b) = (counter.sink(0), counter.sink(1));
    for _ in 0..450 {
        let ids: Vec<i64> = (0..1_000).collect();
        a.push(IdBatch::Integers(&ids)).expect("fits");
    }
    let ids: Vec<i64> = (0..500_000).collect();
    b.push(IdBatch::Integers(&ids))
        .expect("fits once side 0 is deduplicated");
    let counts = counter.finish(vec![a, b]).expect("one domain");
    assert_eq!((counts.overlap(0, 1), counts.users(1)), (1_000, 500_000));
}

/// 2 million distinct IDs of one side within `limit_bytes`.
fn two_million(limit_bytes: u64) -> Result<ExactCounts> {
    let counter = ExactCounter::new(1, limit_bytes, 2_000_000)?;
    let mut sink = counter.sink(0);
    for i in 0..200_i64 {
        let ids: Vec<i64> = (i * 10_000..(i + 1) * 10_000).collect();
        sink.push(IdBatch::Integers(&ids))?;
    }
    counter.finish(vec![sink])
}

#[test]
fn too_little_memory_is_a_limit_error_whose_figure_is_enough() {
    for limit_mebibytes in [0_u64, 1, 3, 8] {
        let error = two_million(limit_mebibytes << 20).expect_err("16 MB at least");
        assert_eq!(error.kind(), ErrorKind::Limit);
        let text = error.to_string();
        assert!(
            text.contains(&format!("the limit is {limit_mebibytes} MiB")),
            "{text}"
        );
        let words: Vec<&str> = text.split(' ').collect();
        let needed = words
            .iter()
            .position(|word| *word == "MiB")
            .map(|i| words[i - 1]);
        let needed: u64 = needed
            .and_then(|figure| figure.parse().ok())
            .expect("a figure");
        assert!((16..=22).contains(&needed), "{text}");
        assert_eq!(
            two_million(needed << 20).expect("enough").users(0),
            2_000_000
        );
    }
}

#[test]
fn what_went_over_the_limit_is_never_counted() {
    let counter = ExactCounter::new(1, 1 << 20, 0).expect("one side");
    let mut sink = counter.sink(0);
    let ids: Vec<i64> = (0..1_000_000).collect();
    let error = sink
        .push(IdBatch::Integers(&ids))
        .expect_err("8 MB in 1 MiB");
    assert_eq!(error.kind(), ErrorKind::Limit);
    let error = counter.finish(vec![sink]).expect_err("rows are missing");
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[test]
fn threads_at_the_limit_find_room_or_fail_together() {
    let run = |limit_bytes: u64| {
        let counter = ExactCounter::new(2, limit_bytes, 0).expect("two sides");
        let sinks = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let mut sink = counter.sink(thread % 2);
                    scope.spawn(move || {
                        for _ in 0..20 {
                            let ids: Vec<i64> = (0..60_000).collect();
                            sink.push(IdBatch::Integers(&ids))?;
                        }
                        Ok(sink)
                    })
                })
                .collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().expect("no panic"));
            joined.collect::<Result<Vec<_>>>()
        })?;
        counter.finish(sinks)
    };
    // Two sides of 60,000 IDs and four write buffers: 2 MiB, less than the parts of two sides
    // hold before they look for repeated IDs of themselves.
    let counts = run(4 << 20).expect("120,000 IDs of 8 bytes");
    assert_eq!((counts.overlap(0, 1), counts.union()), (60_000, 60_000));
    assert_eq!(
        run(3 << 19).expect_err("too little").kind(),
        ErrorKind::Limit
    );
}

#[test]
fn wide_and_narrow_integers_are_different_users() {
    let counter = ExactCounter::new(2, u64::MAX, 0).expect("two sides");
    let (mut a, mut b) = (counter.sink(0), counter.sink(1));
    // −1 and 2^64 − 1 have the same lower 64 bits.
    a.push(IdBatch::Integers(&[-1, 5, 0])).expect("pushes");
    b.push(IdBatch::WideIntegers(&[
        i128::from(u64::MAX),
        1 << 63,
        i128::MIN,
    ]))
    .expect("pushes");
    b.push(IdBatch::Integers(&[5, i64::MIN])).expect("pushes");
    let counts = counter.finish(vec![a, b]).expect("one domain");
    assert_eq!((counts.users(0), counts.users(1)), (3, 5));
    assert_eq!((counts.overlap(0, 1), counts.union()), (1, 7));
}

#[test]
fn text_is_counted_whatever_its_layout() {
    let counter = ExactCounter::new(2, u64::MAX, 0).expect("two sides");
    let (mut a, mut b) = (counter.sink(0), counter.sink(1));
    a.push(IdBatch::Text(ByteIds::Slices(&[
        b"ann", b"", b"ann", b"An",
    ])))
    .expect("pushes");
    let offsets = ByteIds::Offsets {
        data: b"annbobb",
        offsets: &[0, 3, 6, 7],
    };
    b.push(IdBatch::Text(offsets)).expect("pushes");
    let counts = counter.finish(vec![a, b]).expect("one domain");
    let users = [0b01, 0b10, 0b11].map(|mask| counts.region(mask));
    assert_eq!(users, [2, 2, 1]);
}

#[test]
fn as_many_texts_as_sets_hold_are_counted() {
    let texts: Vec<String> = (0..100_000)
        .map(|i| format!("user-{}", i % 60_000))
        .collect();
    let slices: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let distinct: BTreeSet<&[u8]> = slices.iter().copied().collect();
    let counter = ExactCounter::new(1, u64::MAX, 0).expect("one side");
    let mut sink = counter.sink(0);
    sink.push(IdBatch::Binary(ByteIds::Slices(&slices)))
        .expect("pushes");
    let counts = counter.finish(vec![sink]).expect("one domain");
    assert_eq!(counts.users(0), distinct.len() as u64);
}

#[test]
fn domains_stay_apart() {
    let counter = ExactCounter::new(2, u64::MAX, 0).expect("two sides");
    let (mut a, mut b) = (counter.sink(0), counter.sink(1));
    a.push(IdBatch::Text(ByteIds::Slices(&[b"1"])))
        .expect("pushes");
    for other in [
        IdBatch::Integers(&[1]),
        IdBatch::Binary(ByteIds::Slices(&[b"1"])),
    ] {
        let error = a.push(other).expect_err("a sink has one domain");
        assert_eq!(error.kind(), ErrorKind::Incomparable);
    }
    b.push(IdBatch::Integers(&[1])).expect("pushes");
    let error = counter.finish(vec![a, b]).expect_err("text and integers");
    assert_eq!(error.kind(), ErrorKind::Incomparable);
}

#[test]
fn a_sink_of_another_counter_is_refused() {
    let [ours, theirs] = [1, 1].map(|sides| ExactCounter::new(sides, u64::MAX, 0).expect("one"));
    let sink = theirs.sink(0);
    let error = ours.finish(vec![sink]).expect_err("its IDs are elsewhere");
    assert_eq!(error.kind(), ErrorKind::Internal);
}
