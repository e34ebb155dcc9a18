//! Sketches as they were when they were first measured: whatever makes them faster must leave
//! every register and every sampled hash as it is, or old sketches stop meeting new ones.

use overlap::id::{ByteIds, IdBatch};
use overlap::{Silent, Sketch, SketchOptions, Sources, hash_bytes, sketch_sides};

/// A line a sketch: what it is of, users in the sample, θ, digests of registers and sample.
const GOLDEN: &str = include_str!("golden/sketches.txt");

const SIZES: [(u8, usize); 4] = [(4, 16), (12, 4096), (16, 1 << 16), (24, 1 << 20)];

fn line(name: &str, sketch: &Sketch) -> String {
    let (sample, registers) = (sketch.sample().unwrap(), sketch.registers().unwrap());
    let hashes: Vec<u8> = sample
        .hashes()
        .iter()
        .flat_map(|hash| hash.to_le_bytes())
        .collect();
    format!(
        "{name} p={} k={}: {} hashes, theta {:012x}, registers {:016x}, sample {:016x}\n",
        registers.precision().get(),
        sample.k(),
        sample.hashes().len(),
        sample.theta(),
        hash_bytes(registers.registers()),
        hash_bytes(&hashes),
    )
}

fn sample_data(options: SketchOptions) -> Vec<(&'static str, Sketch)> {
    let files = ["data/shop.parquet", "data/pay.parquet"]
        .map(|file| format!("{}/{file}", env!("CARGO_MANIFEST_DIR")));
    let sources = Sources::new(&files).unwrap();
    let sketches = sketch_sides(&sources, options, &Silent).unwrap();
    ["shop", "pay"].into_iter().zip(sketches).collect()
}

fn in_memory(options: SketchOptions) -> Vec<(&'static str, Sketch)> {
    let integers: Vec<i64> = (-150_000..150_000).map(|i| i * 7_919).collect();
    let wide: Vec<i128> = (0..50_000).map(|i| i128::from(u64::MAX) - i).collect();
    let texts: Vec<String> = (0..100_000).map(|i| format!("user-{i:o}")).collect();
    let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let of = |batch| Sketch::of(batch, options).unwrap();
    vec![
        ("integers", of(IdBatch::Integers(&integers))),
        ("wide integers", of(IdBatch::WideIntegers(&wide))),
        ("texts", of(IdBatch::Text(ByteIds::Slices(&texts)))),
    ]
}

#[test]
fn sketches_are_the_bytes_they_always_were() {
    let mut lines = String::new();
    for (precision, k) in SIZES {
        let options = SketchOptions::new(precision, k).unwrap();
        for (name, sketch) in sample_data(options).into_iter().chain(in_memory(options)) {
            lines.push_str(&line(name, &sketch));
        }
    }
    assert_eq!(lines, GOLDEN, "now:\n{lines}");
}
