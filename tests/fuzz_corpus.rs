//! What the fuzzers found interesting, on the stable toolchain.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

/// Runs a target over its corpus; returns how many inputs there were.
fn replay(name: &str, target: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut inputs: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    inputs.sort();
    for input in &inputs {
        target(&std::fs::read(input).unwrap());
    }
    inputs.len()
}

#[test]
fn hostile_blobs_are_refused_or_sound() {
    assert!(replay("sketch_decode", targets::sketch_decode) > 50);
}

#[test]
fn hostile_sketches_are_merged_and_asked_without_harm() {
    assert!(replay("sketch_merge_estimate", targets::sketch_merge_estimate) > 50);
}
