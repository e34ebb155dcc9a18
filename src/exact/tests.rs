//! Exact counts against sets, laws and refusals; with the temporary file and without.

use super::*;
use crate::id::ByteIds;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

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

/// A counter that has all the memory it wants.
fn unlimited(side_count: usize) -> ExactCounter {
    ExactCounter::new(side_count, &ExactOptions::new(u64::MAX)).expect("few sides")
}

fn count(sides: &[Vec<i64>], split: Split) -> ExactCounts {
    let counter = unlimited(sides.len());
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
    let new = |sides| ExactCounter::new(sides, &ExactOptions::new(u64::MAX));
    let error = new(65).expect_err("64 bits");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert!(new(64).is_ok());
}

#[test]
fn no_ids_are_no_users() {
    assert_eq!(count(&[], WHOLE), ExactCounts::default());
    assert_eq!(count(&[vec![], vec![]], WHOLE).union(), 0);
}

/// What a sink takes in.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Integers,
    /// Every other one wide.
    MixedIntegers,
    Text,
}

/// Sides of users 0 to `users` from a first one each, `rows` rows of each side in all.
#[derive(Clone, Debug)]
struct Log {
    kind: Kind,
    firsts: Vec<u64>,
    users: u64,
    rows: u64,
}

impl Log {
    fn push(&self, sink: &mut ExactSink, users: &[u64]) -> Result<()> {
        match self.kind {
            Kind::Integers => {
                let ids: Vec<i64> = users.iter().map(|user| user.cast_signed()).collect();
                sink.push(IdBatch::Integers(&ids))
            }
            Kind::MixedIntegers => {
                let (even, odd): (Vec<u64>, Vec<u64>) = users.iter().partition(|i| *i % 2 == 0);
                let even: Vec<i64> = even.iter().map(|user| user.cast_signed()).collect();
                let odd: Vec<i128> = odd.iter().map(|user| i128::from(*user) << 80).collect();
                sink.push(IdBatch::Integers(&even))?;
                sink.push(IdBatch::WideIntegers(&odd))
            }
            Kind::Text => {
                let texts: Vec<String> = users.iter().map(u64::to_string).collect();
                let slices: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
                sink.push(IdBatch::Text(ByteIds::Slices(&slices)))
            }
        }
    }

    /// Two sinks a side, in turns.
    fn count(&self, counter: ExactCounter) -> Result<ExactCounts> {
        let sides = 0..self.firsts.len();
        let mut sinks: Vec<_> = sides
            .flat_map(|side| [side; 2])
            .map(|side| counter.sink(side))
            .collect();
        let batches = self.rows.div_ceil(BATCH);
        for batch in 0..batches {
            for (side, first) in self.firsts.iter().enumerate() {
                let rows = batch * BATCH..((batch + 1) * BATCH).min(self.rows);
                let users: Vec<u64> = rows.map(|row| first + row * 7_919 % self.users).collect();
                self.push(&mut sinks[2 * side + batch as usize % 2], &users)?;
            }
        }
        counter.finish(sinks)
    }

    /// A counter with just `spare_blocks` more than those that can't be written away.
    fn tight(&self, spare_blocks: u64, table_bytes: u64, folder: &Path) -> ExactCounter {
        let side_count = self.firsts.len();
        let shape = Shape {
            side_count,
            part_bits: 8,
            pool_blocks: side_count as u64 * 3 * 2 * 256 + spare_blocks,
            table_bytes,
        };
        let partition = Arc::new(Partition::new(shape, folder));
        ExactCounter { partition }
    }
}

const BATCH: u64 = 10_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn counts_are_the_same_whether_in_memory_or_in_a_file(
        kind in prop::sample::select(vec![Kind::Integers, Kind::MixedIntegers, Kind::Text]),
        firsts in prop::collection::vec(0_u64..100_000, 1..6),
        users in prop::sample::select(vec![3_000_u64, 150_000, 500_000]),
        rows in 400_000_u64..900_000,
        spare_blocks in 0_u64..200,
        table_bytes in prop::sample::select(vec![6_000_u64, 20_000, 1 << 20]),
    ) {
        let log = Log { kind, firsts, users, rows };
        let folder = tempfile::tempdir().expect("a folder");
        let counted = log.count(log.tight(spare_blocks, table_bytes, folder.path())).expect("counts");
        prop_assert_eq!(counted, log.count(unlimited(log.firsts.len())).expect("counts"));
        prop_assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 0);
    }
}

/// Two sides of a million integers, half of them on both.
fn two_million() -> Log {
    Log {
        kind: Kind::Integers,
        firsts: vec![0, 500_000],
        users: 1_000_000,
        rows: 1_000_000,
    }
}

#[test]
fn what_memory_has_no_room_for_is_in_the_file_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = two_million();
    let counter = log.tight(1, 1 << 20, folder.path());
    let partition = Arc::clone(&counter.partition);
    let counts = log.count(counter).expect("counts");
    let users = [0b01, 0b10, 0b11].map(|mask| counts.region(mask));
    assert_eq!(users, [500_000; 3]);
    // 14 MB of keys; the blocks that are open take 4 of 12 MiB, and few of them are full.
    assert!(partition.spill.written_bytes() > 1 << 20);
}

#[test]
fn without_a_folder_for_the_file_there_is_no_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = folder.path().join("missing");
    let log = two_million();
    let error = log
        .count(log.tight(1, 1 << 20, &missing))
        .expect_err("no folder");
    assert_eq!(error.kind(), ErrorKind::Output);
    let text = error.to_string();
    assert!(
        text.contains("missing") && text.contains("temp_dir"),
        "{text}"
    );
}

#[test]
fn what_was_left_out_is_never_counted() {
    let counter = two_million().tight(0, 1 << 20, Path::new("no/such/folder"));
    let mut sink = counter.sink(0);
    let ids: Vec<i64> = (0..3_000_000).collect();
    let error = sink.push(IdBatch::Integers(&ids)).expect_err("no folder");
    let again = counter.finish(vec![sink]).expect_err("rows are missing");
    assert_eq!(error, again);
}

#[test]
fn a_folder_that_is_not_needed_need_not_be_there() {
    let mut options = ExactOptions::new(64 << 20);
    options.temp_dir = "no/such/folder".into();
    let counter = ExactCounter::new(2, &options).expect("enough memory");
    assert_eq!(
        two_million().count(counter).expect("fits").union(),
        1_500_000
    );
}

#[test]
fn an_event_log_takes_memory_for_its_users_not_its_rows() {
    // 7 MB of keys; the parts of a side start to look for repeated ones at four blocks.
    let log = Log {
        kind: Kind::Integers,
        firsts: vec![0],
        users: 5_000,
        rows: 3_000_000,
    };
    let counter = log.tight(256 * 4, 1 << 20, Path::new("no/such/folder"));
    assert_eq!(
        log.count(counter).expect("5,000 users in 10 MiB").users(0),
        5_000
    );
}

#[test]
fn the_least_memory_is_enough_and_less_is_a_limit_error_that_names_it() {
    let options = |bytes| ExactOptions {
        threads: 2,
        ..ExactOptions::new(bytes)
    };
    let least = (29 << 20) / 2 + 2 * 4096;
    let error = ExactCounter::new(2, &options(least - 1)).expect_err("a byte is missing");
    assert_eq!(error.kind(), ErrorKind::Limit);
    let text = error.to_string();
    assert!(
        text.contains("needs at least 15 MiB") && text.contains("memory"),
        "{text}"
    );
    let counter = ExactCounter::new(2, &options(least)).expect("enough");
    let log = Log {
        rows: 2_000_000,
        users: 2_000_000,
        ..two_million()
    };
    assert_eq!(log.count(counter).expect("counts").union(), 2_500_000);
}

#[test]
fn threads_that_write_away_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let counter = two_million().tight(0, 1 << 20, folder.path());
    let sinks: Vec<ExactSink> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4_usize)
            .map(|thread| {
                let mut sink = counter.sink(thread % 2);
                scope.spawn(move || {
                    // Each side comes whole from either of its threads.
                    let ids: Vec<i64> = (0..600_000).collect();
                    for ids in ids.chunks(10_000) {
                        sink.push(IdBatch::Integers(ids)).expect("counts");
                    }
                    sink
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    let counts = counter.finish(sinks).expect("one domain");
    assert_eq!((counts.overlap(0, 1), counts.union()), (600_000, 600_000));
}

#[test]
fn more_sinks_than_memory_has_room_for_are_a_limit_error() {
    let mut options = ExactOptions::new(16 << 20);
    options.threads = 1;
    let counter = ExactCounter::new(1, &options).expect("enough for one sink");
    let ids: Vec<i64> = (0..10_000).collect();
    let mut sinks: Vec<_> = std::iter::repeat_with(|| counter.sink(0))
        .take(64)
        .collect();
    let pushed = sinks
        .iter_mut()
        .try_for_each(|sink| sink.push(IdBatch::Integers(&ids)));
    assert_eq!(
        pushed.expect_err("64 MiB of blocks").kind(),
        ErrorKind::Limit
    );
}

#[test]
fn wide_and_narrow_integers_are_different_users() {
    let counter = unlimited(2);
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
    let counter = unlimited(2);
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
    let counter = unlimited(1);
    let mut sink = counter.sink(0);
    sink.push(IdBatch::Binary(ByteIds::Slices(&slices)))
        .expect("pushes");
    let counts = counter.finish(vec![sink]).expect("one domain");
    assert_eq!(counts.users(0), distinct.len() as u64);
}

#[test]
fn domains_stay_apart() {
    let counter = unlimited(2);
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
    let [ours, theirs] = [1, 1].map(unlimited);
    let sink = theirs.sink(0);
    let error = ours.finish(vec![sink]).expect_err("its IDs are elsewhere");
    assert_eq!(error.kind(), ErrorKind::Internal);
}
