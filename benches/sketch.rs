//! What sketching a row costs in memory, per precision and k, fresh and full, beside
//! hyperloglogplus fed with the same hash.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
use overlap::id::{IdBatch, IdSink};
use overlap::{SketchOptions, Sketcher, Tally, estimate_set, hash_integer, set_counts};
use std::hash::{BuildHasher, Hasher};

/// Rows of a fresh sketch: enough that its filling is a small part.
const ROWS: i64 = 5_000_000;
const BATCH: usize = 8192;

/// The engine's own hash, so that only the registers differ.
struct Xxh3;

struct Word(u64);

impl BuildHasher for Xxh3 {
    type Hasher = Word;
    fn build_hasher(&self) -> Word {
        Word(0)
    }
}

impl Hasher for Word {
    fn write(&mut self, _: &[u8]) {}
    fn write_i64(&mut self, id: i64) {
        self.0 = hash_integer(id);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

fn fill(sketcher: &mut Sketcher, ids: &[i64]) {
    for batch in ids.chunks(BATCH) {
        sketcher
            .push(IdBatch::Integers(batch))
            .expect("integers only");
    }
}

fn sketch(c: &mut Criterion) {
    let ids: Vec<i64> = (0..ROWS).map(|i| hash_integer(i).cast_signed()).collect();
    let mut group = c.benchmark_group("sketch");
    group
        .throughput(Throughput::Elements(ROWS as u64))
        .sample_size(10);
    for (precision, k) in [
        (12, 1 << 12),
        (14, 1 << 14),
        (16, 1 << 16),
        (18, 1 << 18),
        (18, 1 << 20),
    ] {
        let options = SketchOptions::new(precision, k).expect("in range");
        group.bench_function(format!("fresh p{precision} k{k}"), |b| {
            b.iter(|| {
                let mut sketcher = Sketcher::new(options);
                fill(&mut sketcher, &ids);
                sketcher.finish(Tally::default())
            });
        });
        group.bench_function(format!("full p{precision} k{k}"), |b| {
            let full = || {
                let mut sketcher = Sketcher::new(options);
                fill(&mut sketcher, &ids);
                sketcher
            };
            b.iter_batched_ref(full, |sketcher| fill(sketcher, &ids), BatchSize::LargeInput);
        });
    }
    group.bench_function("hyperloglogplus p16", |b| {
        b.iter(|| {
            let mut reference = HyperLogLogPlus::<i64, _>::new(16, Xxh3).expect("in range");
            ids.iter().for_each(|id| reference.insert(id));
            reference
        });
    });
    group.finish();
    check(&ids);
}

/// A bench of a sketch that answers wrongly would mean nothing.
fn check(ids: &[i64]) {
    let mut sketcher = Sketcher::new(SketchOptions::default());
    fill(&mut sketcher, ids);
    let counts = set_counts(&sketcher.finish(Tally::default()));
    let users = estimate_set(&counts, overlap::Confidence::default()).value;
    assert!((users / ROWS as f64 - 1.0).abs() < 0.02, "{users}");
}

criterion_group!(benches, sketch);
criterion_main!(benches);
