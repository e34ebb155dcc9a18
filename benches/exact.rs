//! What counting a row exactly costs on two threads: distinct IDs of two sides, in memory and with
//! a temporary file, an event log, text.
//!
//! `cargo bench --bench exact -- 100M` runs the large pair alone.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use overlap::id::{ByteIds, IdBatch, IdSink};
use overlap::{ExactCounter, ExactCounts, ExactOptions, hash_integer};

/// Rows of a batch, about what a Parquet page decodes to.
const BATCH: usize = 8192;

/// Random-looking IDs that are different as long as their numbers are: the hash is a bijection.
fn ids(numbers: std::ops::Range<i64>) -> Vec<i64> {
    numbers.map(|i| hash_integer(i).cast_signed()).collect()
}

/// Two threads, each with a sink of either side and half of its batches, as a scan deals them.
fn count(sides: &[Vec<i64>; 2], memory_limit_bytes: u64) -> ExactCounts {
    let options = ExactOptions {
        threads: 2,
        rows_expected: sides.iter().map(Vec::len).sum::<usize>() as u64,
        ..ExactOptions::new(memory_limit_bytes)
    };
    let counter = ExactCounter::new(2, &options).expect("two sides");
    let half = |thread: usize| {
        let mut sinks = [counter.sink(0), counter.sink(1)];
        for (sink, ids) in sinks.iter_mut().zip(sides) {
            for batch in ids.chunks(BATCH).skip(thread).step_by(2) {
                sink.push(IdBatch::Integers(batch)).expect("counts");
            }
        }
        sinks
    };
    let (mine, theirs) = rayon::join(|| half(0), || half(1));
    let sinks = mine.into_iter().chain(theirs).collect();
    counter.finish(sinks).expect("one domain")
}

/// Two sides of `rows` each, half of them on both.
fn pair(c: &mut Criterion) {
    let mut group = c.benchmark_group("exact");
    group.sample_size(10);
    for (name, rows) in [("1M", 500_000), ("10M", 5_000_000), ("100M", 50_000_000)] {
        let sides = [ids(0..rows), ids(rows / 2..rows / 2 + rows)];
        assert_eq!(count(&sides, u64::MAX).overlap(0, 1), rows as u64 / 2);
        group.throughput(Throughput::Elements(2 * rows as u64));
        group.bench_function(BenchmarkId::new("random", name), |b| {
            b.iter(|| count(&sides, u64::MAX));
        });
        // Memory for half of the keys, where that is more than a count needs at least.
        let limit = rows as u64 * 7;
        if limit >= 16 << 20 {
            group.bench_function(BenchmarkId::new("spilled", name), |b| {
                b.iter(|| count(&sides, limit));
            });
        }
    }
    group.finish();
}

/// Rows of 100,000 users who come again and again.
fn event_log(c: &mut Criterion) {
    const ROWS: usize = 10_000_000;
    const USERS: u64 = 100_000;
    let side = |from: i64| -> Vec<i64> {
        let users = ids(from..from + ROWS as i64 / 2).into_iter();
        users
            .map(|id| (id.cast_unsigned() % USERS).cast_signed())
            .collect()
    };
    let sides = [side(0), side(1 << 40)];
    assert_eq!(count(&sides, u64::MAX).union(), USERS);
    let mut group = c.benchmark_group("exact");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("event log 10M", |b| b.iter(|| count(&sides, u64::MAX)));
    group.finish();
}

/// Text of 20 bytes, all different.
fn text(c: &mut Criterion) {
    const ROWS: i32 = 2_000_000;
    const WIDTH: i32 = 20;
    let data: String = (0..ROWS).map(|i| format!("{i:020}")).collect();
    let offsets: Vec<i32> = (0..=ROWS).map(|i| i * WIDTH).collect();
    let run = || {
        let options = ExactOptions {
            rows_expected: ROWS as u64,
            ..ExactOptions::new(u64::MAX)
        };
        let counter = ExactCounter::new(1, &options).expect("one side");
        let mut sink = counter.sink(0);
        for offsets in offsets.windows(BATCH + 1).step_by(BATCH) {
            sink.push(IdBatch::Text(ByteIds::Offsets {
                data: data.as_bytes(),
                offsets,
            }))
            .expect("counts");
        }
        counter.finish(vec![sink]).expect("one domain").union()
    };
    let whole_batches = ROWS as usize / BATCH * BATCH;
    assert_eq!(run(), whole_batches as u64);
    let mut group = c.benchmark_group("exact");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(whole_batches as u64));
    group.bench_function("text 2M", |b| b.iter(run));
    group.finish();
}

criterion_group!(benches, pair, event_log, text);
criterion_main!(benches);
