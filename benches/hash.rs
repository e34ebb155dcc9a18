//! What one hash costs: integers and texts, a batch at a time.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use overlap::hash_batch;
use overlap::id::{ByteIds, IdBatch};
use std::hint::black_box;

const ROWS: usize = 1 << 13;

fn hash(c: &mut Criterion) {
    let integers: Vec<i64> = (0..ROWS as i64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a))
        .collect();
    let texts: Vec<String> = integers.iter().map(|id| format!("{id:032x}")).collect();
    let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let mut group = c.benchmark_group("hash");
    group.throughput(Throughput::Elements(ROWS as u64));
    for (name, batch) in [
        ("integers", IdBatch::Integers(&integers)),
        (
            "texts of 32 characters",
            IdBatch::Text(ByteIds::Slices(&texts)),
        ),
    ] {
        let mut out = Vec::with_capacity(ROWS);
        group.bench_function(name, |b| {
            b.iter(|| {
                out.clear();
                hash_batch(black_box(batch), &mut out);
                out.len()
            });
        });
        assert_eq!(out.len(), ROWS);
    }
    group.finish();
}

criterion_group!(benches, hash);
criterion_main!(benches);
