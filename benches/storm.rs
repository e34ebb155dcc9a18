//! A storm of damaged inputs: what the fuzzers' corpus holds, changed at random, from a seed.
//!
//! `cargo bench --bench storm -- delimited_text --seed 1 --cases 10000000` runs a target of the fuzzers
//! so many times on all cores, without their instruments: a hundred times as fast. Case N of seed S is
//! the same input on every machine; one that fails is printed as a command that replays it.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

/// A target of the fuzzers, by its name.
type Target = fn(&[u8]);

const TARGETS: [(&str, Target); 5] = [
    ("delimited_text", targets::delimited_text),
    ("parquet_scan", targets::parquet_scan),
    ("sketch_decode", targets::sketch_decode),
    ("sketch_merge_estimate", targets::sketch_merge_estimate),
    ("snappy_unpack", targets::snappy_unpack),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |flag: &str, default: u64| -> u64 {
        let at = arguments.iter().position(|argument| argument == flag);
        let text = at.and_then(|at| arguments.get(at + 1));
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let asked = |name: &str| arguments.iter().any(|argument| argument == name);
    let seed = number("--seed", 1);
    // A case alone, of one that failed.
    let (first, cases) = match number("--case", u64::MAX) {
        u64::MAX => (0, number("--cases", 100_000)),
        case => (case, 1),
    };
    for (name, target) in TARGETS.into_iter().filter(|(name, _)| asked(name)) {
        storm(name, target, seed, first..first + cases);
    }
}

/// Runs these cases of a target; ends the program at the first that fails.
fn storm(name: &str, target: Target, seed: u64, cases: std::ops::Range<u64>) {
    let corpus = corpus(name);
    let start = Instant::now();
    let count = cases.end - cases.start;
    let failed = cases.into_par_iter().find_any(|&case| {
        let bytes = damaged(&corpus, seed, case);
        catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err()
    });
    if let Some(case) = failed {
        eprintln!("replay: cargo bench --bench storm -- {name} --seed {seed} --case {case}");
        std::process::exit(1);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: {count} cases of seed {seed} in {seconds:.0} s, none failed");
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(folder).expect("a corpus");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    let read = |path| std::fs::read(path).expect("readable");
    paths.into_iter().map(read).collect()
}

/// An input of the corpus after one to eight changes.
fn damaged(corpus: &[Vec<u8>], seed: u64, case: u64) -> Vec<u8> {
    const BYTES_MAX: usize = 1 << 14;
    let mut random = SmallRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ case);
    let mut bytes = corpus[random.random_range(0..corpus.len())].clone();
    for _ in 0..random.random_range(1..=8) {
        change(&mut bytes, corpus, &mut random);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut SmallRng) {
    /// Bytes at which formats turn.
    const TURNS: &[u8] = b"\0\x01\x7f\x80\xff\",;\t|\r\n\\ 0";
    let at = random.random_range(0..=bytes.len());
    let piece = |of: &[u8], random: &mut SmallRng| -> Vec<u8> {
        let from = random.random_range(0..=of.len());
        let until = (from + random.random_range(0..32)).min(of.len());
        of[from..until].to_vec()
    };
    match random.random_range(0..6) {
        0 if at < bytes.len() => bytes[at] = random.random(),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
        2 => bytes.insert(at, TURNS[random.random_range(0..TURNS.len())]),
        3 => {
            let until = (at + random.random_range(1..16)).min(bytes.len());
            bytes.drain(at..until);
        }
        4 => {
            let own = piece(bytes, random);
            bytes.splice(at..at, own);
        }
        _ => {
            let other = &corpus[random.random_range(0..corpus.len())];
            let other = piece(other, random);
            bytes.splice(at..at, other);
        }
    }
}
