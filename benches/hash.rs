//! What one hash costs: integers by every kernel, with and without a filter that few hashes pass,
//! and texts.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use overlap::id::{ByteIds, IdBatch};
use overlap::{BatchHasher, Filter, HashSink, Kernel, Key};
use std::hint::black_box;

const ROWS: usize = 1 << 13;

/// Counts the hashes that pass, and keeps one bit of each.
struct Count {
    filter: Filter,
    passed: usize,
    bits: u64,
}

impl Count {
    const fn new(filter: Filter) -> Self {
        Self {
            filter,
            passed: 0,
            bits: 0,
        }
    }
}

impl HashSink for Count {
    fn filter(&self) -> Filter {
        self.filter
    }

    fn take(&mut self, hashes: &[u64]) {
        self.passed += hashes.len();
        self.bits ^= hashes.first().copied().unwrap_or(0);
    }
}

/// What a full sketch of default size lets pass after some ten million users.
const FEW: Filter = Filter {
    zeros: 0b1_1111 << 16,
    most: u64::MAX >> 8,
};

fn hash(c: &mut Criterion) {
    let integers: Vec<i64> = (0..ROWS as i64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a))
        .collect();
    let texts: Vec<String> = integers.iter().map(|id| format!("{id:032x}")).collect();
    let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let texts = IdBatch::Text(ByteIds::Slices(&texts));
    let mut group = c.benchmark_group("hash");
    group.throughput(Throughput::Elements(ROWS as u64));
    let key = Key::from_bytes(&std::array::from_fn(|i| i as u8)).expect("a key");
    let mut bench = |name: &str, kernel: Kernel, batch: IdBatch<'_>, filter: Filter| {
        let key = name.contains("with a key").then(|| key.clone());
        let mut hasher = BatchHasher::new(kernel).with_key(key);
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut count = Count::new(filter);
                hasher.hash(black_box(batch), &mut count);
                (count.passed, count.bits)
            });
        });
        let mut count = Count::new(Filter::ALL);
        hasher.hash(batch, &mut count);
        assert_eq!(count.passed, ROWS);
    };
    for kernel in Kernel::available() {
        let name = kernel.name();
        let integers = IdBatch::Integers(&integers);
        bench(&format!("integers, {name}"), kernel, integers, Filter::ALL);
        bench(
            &format!("integers, few pass, {name}"),
            kernel,
            integers,
            FEW,
        );
        let name = format!("integers, few pass, with a key, {}", kernel.name());
        bench(&name, kernel, integers, FEW);
        let name = format!("texts of 32 characters with a key, {}", kernel.name());
        bench(&name, kernel, texts, Filter::ALL);
    }
    bench("texts of 32 characters", Kernel::best(), texts, Filter::ALL);
    group.finish();
}

criterion_group!(benches, hash);
criterion_main!(benches);
