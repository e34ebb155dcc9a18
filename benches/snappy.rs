//! Unpacking pages of Snappy, beside the `snap` crate: pages of a megabyte as Parquet writers store IDs of many kinds, PLAIN.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use overlap::hash_integer;
use overlap::snappy::{Block, SIDE_BY_SIDE, unpack};
use std::hint::black_box;

const PAGE_BYTES: usize = 1 << 20;
const PAGES: usize = 2 * SIDE_BY_SIDE;

/// A number that looks random, of less than `most`.
fn random(i: usize, most: u64) -> u64 {
    hash_integer(i as i64) % most
}

/// Texts behind their lengths.
fn texts(text: impl Fn(usize) -> String) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0.. {
        let text = text(i);
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
        if bytes.len() >= PAGES * PAGE_BYTES {
            break;
        }
    }
    bytes
}

fn words(word: impl Fn(usize) -> u64) -> Vec<u8> {
    let words = 0..PAGES * PAGE_BYTES / size_of::<u64>();
    words.flat_map(|i| word(i).to_le_bytes()).collect()
}

fn hex(i: usize) -> String {
    let [a, b] = [2 * i, 2 * i + 1].map(|i| hash_integer(i as i64));
    format!("{a:016x}{b:016x}")
}

fn uuid(i: usize) -> String {
    let hex = hex(i);
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[13..16]);
    format!("{a}-{b}-4{c}-a{}-{}", &hex[17..20], &hex[20..])
}

fn email(i: usize) -> String {
    const NAMES: [&str; 12] = [
        "li", "wang", "anna", "maria", "ivan", "fatima", "omar", "noah", "sofia", "peter", "kim",
        "park",
    ];
    const HOSTS: [&str; 5] = [
        "gmail.com",
        "qq.com",
        "outlook.com",
        "yahoo.com",
        "icloud.com",
    ];
    let random = |i: usize, most: usize| random(i, most as u64) as usize;
    let [first, last] = [4 * i, 4 * i + 1].map(|i| NAMES[random(i, NAMES.len())]);
    let host = HOSTS[random(4 * i + 2, HOSTS.len())];
    format!("{first}.{last}{}@{host}", random(4 * i + 3, 10_000))
}

/// Indices of 17 bits each, packed.
fn indices() -> Vec<u8> {
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0, 0);
    for i in 0.. {
        word |= random(i, 100_000) << bits;
        bits += 17;
        while bits >= u8::BITS {
            bytes.push(word as u8);
            word >>= u8::BITS;
            bits -= u8::BITS;
        }
        if bytes.len() >= PAGES * PAGE_BYTES {
            break;
        }
    }
    bytes
}

fn kinds() -> [(&'static str, Vec<u8>); 12] {
    // A hundred events a day, in order.
    let days = (0..PAGES * PAGE_BYTES / 4).flat_map(|i| (20_000 + i as u32 / 100).to_le_bytes());
    [
        ("hexadecimal texts of 32", texts(hex)),
        ("UUIDs as text", texts(uuid)),
        ("e-mail addresses", texts(email)),
        (
            "texts of 20 digits",
            texts(|i| format!("{:020}", hash_integer(i as i64))),
        ),
        (
            "texts of 12 digits, a sequence",
            texts(|i| format!("{:012}", 7 * i + 100_000_000_000)),
        ),
        ("u64, a sequence", words(|i| 1_000_000 + 7 * i as u64)),
        (
            "u64, sorted, gaps of 1 to 49",
            words(|i| 25 * i as u64 + random(i, 25)),
        ),
        (
            "u64, random below a billion",
            words(|i| random(i, 1_000_000_000)),
        ),
        ("u64, random", words(|i| random(i, u64::MAX))),
        (
            "u64, an event log",
            words(|i| random((i as f64).sqrt() as usize * 31 % 977 + i % 7, 5_000_000)),
        ),
        ("dates, sorted", days.collect()),
        ("indices of 17 bits", indices()),
    ]
}

fn snappy(c: &mut Criterion) {
    let mut group = c.benchmark_group("snappy");
    group
        .throughput(Throughput::Bytes((PAGES * PAGE_BYTES) as u64))
        .sample_size(20);
    for (name, bytes) in kinds() {
        let pages: Vec<&[u8]> = bytes.chunks_exact(PAGE_BYTES).collect();
        let pack = |page: &&[u8]| snap::raw::Encoder::new().compress_vec(page).expect("packs");
        let packed: Vec<Vec<u8>> = pages.iter().map(pack).collect();
        let mut outs = vec![vec![0; PAGE_BYTES]; SIDE_BY_SIDE];
        group.bench_function(format!("{name}, snap"), |b| {
            b.iter(|| {
                for page in &packed {
                    let length =
                        snap::raw::Decoder::new().decompress(black_box(page), &mut outs[0]);
                    assert_eq!(length.ok(), Some(PAGE_BYTES));
                }
            });
        });
        for together in [1, SIDE_BY_SIDE] {
            let name = format!("{name}, {together} at a time");
            group.bench_function(name, |b| {
                b.iter(|| {
                    for pages in packed.chunks(together) {
                        let blocks = pages.iter().zip(&mut outs);
                        let blocks = blocks.map(|(packed, out)| Block {
                            packed: black_box(packed),
                            out,
                        });
                        assert!(
                            unpack(blocks.collect())
                                .into_iter()
                                .all(|is_unpacked| is_unpacked)
                        );
                    }
                });
            });
            assert!(
                outs.iter()
                    .zip(&pages[PAGES - together..])
                    .all(|(out, page)| out == page)
            );
        }
    }
    group.finish();
}

criterion_group!(benches, snappy);
criterion_main!(benches);
