//! What sketching a row costs in memory on one thread: per kernel, precision and k, fresh and full,
//! beside crates that keep half as much: registers alone, or a sample alone.
//!
//! `cargo bench --bench sketch -- 50M` runs fresh sketches of 50 million different IDs,
//! `-- rivals` the other crates on the same IDs.

use cardinality_estimator::CardinalityEstimator;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput};
use criterion::{criterion_group, criterion_main, measurement::WallTime};
use datasketches::hll::{HllSketch, HllType};
use datasketches::theta::ThetaSketchBuilder;
use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
use overlap::id::{IdBatch, IdSink};
use overlap::{Kernel, SketchOptions, Sketcher, Tally, estimate_set, hash_integer, set_counts};
use std::hash::{BuildHasher, Hasher};

/// A large export.
const ROWS: i64 = 50_000_000;
/// A sketch is full, for what a row costs, long before.
const ROWS_FULL: usize = 5_000_000;
const BATCH: usize = 8192;

/// The engine's own hash, so that only the registers differ.
struct Xxh3;

#[derive(Default)]
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

fn random_ids() -> Vec<i64> {
    (0..ROWS).map(|i| hash_integer(i).cast_signed()).collect()
}

fn fill(sketcher: &mut Sketcher, ids: &[i64]) {
    for batch in ids.chunks(BATCH) {
        sketcher
            .push(IdBatch::Integers(batch))
            .expect("integers only");
    }
}

fn options(precision: u8, k: usize) -> SketchOptions {
    SketchOptions::new(precision, k).expect("in range")
}

fn fresh(c: &mut Criterion) {
    let ids = random_ids();
    let mut group = group(c, "sketch 50M", ids.len());
    for kernel in Kernel::available() {
        for (precision, k) in [(12, 1 << 12), (14, 1 << 14), (16, 1 << 16), (18, 1 << 20)] {
            let name = format!("p{precision} k{k} {}", kernel.name());
            group.bench_function(name, |b| {
                b.iter(|| {
                    let mut sketcher = Sketcher::on(kernel, options(precision, k));
                    fill(&mut sketcher, &ids);
                    sketcher.finish(Tally::default())
                });
            });
        }
    }
    group.finish();
    check(&ids);
}

fn full(c: &mut Criterion) {
    let ids = &random_ids()[..ROWS_FULL];
    let mut group = group(c, "sketch full", ids.len());
    for (precision, k) in [(12, 1 << 12), (14, 1 << 14), (16, 1 << 16), (18, 1 << 20)] {
        let full = || {
            let mut sketcher = Sketcher::new(options(precision, k));
            fill(&mut sketcher, ids);
            sketcher
        };
        group.bench_function(format!("p{precision} k{k}"), |b| {
            b.iter_batched_ref(full, |sketcher| fill(sketcher, ids), BatchSize::LargeInput);
        });
    }
    group.finish();
}

fn rivals(c: &mut Criterion) {
    let ids = random_ids();
    let mut group = group(c, "sketch rivals", ids.len());
    group.bench_function("hyperloglogplus p16", |b| {
        b.iter(|| {
            let mut rival = HyperLogLogPlus::<i64, _>::new(16, Xxh3).expect("in range");
            ids.iter().for_each(|id| rival.insert(id));
            rival
        });
    });
    group.bench_function("cardinality-estimator p14", |b| {
        b.iter(|| {
            let mut rival = CardinalityEstimator::<i64, Word, 14, 6>::new();
            ids.iter().for_each(|id| rival.insert(id));
            rival.estimate()
        });
    });
    group.bench_function("cardinality-estimator p16", |b| {
        b.iter(|| {
            let mut rival = CardinalityEstimator::<i64, Word, 16, 6>::new();
            ids.iter().for_each(|id| rival.insert(id));
            rival.estimate()
        });
    });
    group.bench_function("datasketches theta k2^16", |b| {
        b.iter(|| {
            let mut rival = ThetaSketchBuilder::default()
                .lg_k(16)
                .build()
                .expect("in range");
            ids.iter().for_each(|id| rival.update(*id));
            rival.estimate()
        });
    });
    group.bench_function("datasketches hll p16", |b| {
        b.iter(|| {
            let mut rival = HllSketch::new(16, HllType::Hll8).expect("in range");
            ids.iter().for_each(|id| rival.update(*id));
            rival.estimate()
        });
    });
    group.finish();
}

fn group<'a>(c: &'a mut Criterion, name: &str, rows: usize) -> BenchmarkGroup<'a, WallTime> {
    let mut group = c.benchmark_group(name);
    group
        .throughput(Throughput::Elements(rows as u64))
        .sample_size(10);
    group
}

/// A bench of a sketch that answers wrongly would mean nothing.
fn check(ids: &[i64]) {
    let mut sketcher = Sketcher::new(SketchOptions::default());
    fill(&mut sketcher, ids);
    let counts = set_counts(&sketcher.finish(Tally::default()));
    let users = estimate_set(&counts, overlap::Confidence::default()).value;
    assert!((users / ROWS as f64 - 1.0).abs() < 0.02, "{users}");
}

criterion_group!(benches, fresh, full, rivals);
criterion_main!(benches);
