//! What an answer costs at the default size: the counting pass, the fit and its intervals.

use criterion::{Criterion, criterion_group, criterion_main};
use overlap::id::IdBatch;
use overlap::{Confidence, Sketch, SketchOptions, estimate_pair, pair_counts};

fn sketch(users: std::ops::Range<i64>) -> Sketch {
    let ids: Vec<i64> = users.collect();
    Sketch::of(IdBatch::Integers(&ids), SketchOptions::default()).expect("integers")
}

fn estimate(c: &mut Criterion) {
    let mut group = c.benchmark_group("estimate");
    let a = sketch(0..10_000_000);
    for (name, b, overlap) in [
        ("half shared", sketch(5_000_000..15_000_000), 5e6),
        ("1 % shared", sketch(9_900_000..19_900_000), 1e5),
        ("small subset", sketch(0..100_000), 1e5),
    ] {
        let counts = pair_counts(&a, &b).expect("one domain");
        group.bench_function(format!("counts, {name}"), |bench| {
            bench.iter(|| pair_counts(&a, &b));
        });
        group.bench_function(format!("pair with intervals, {name}"), |bench| {
            bench.iter(|| estimate_pair(&counts, Confidence::default()));
        });
        let found = estimate_pair(&counts, Confidence::default()).overlap.value;
        assert!((found / overlap - 1.0).abs() < 0.2, "{found}");
    }
    group.finish();
}

criterion_group!(benches, estimate);
criterion_main!(benches);
