//! What the fuzzers found interesting, on the stable toolchain.

#[path = "../fuzz/src/targets.rs"]
mod targets;

use crate::harness::{Folder, command, overlap};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Runs a target over its corpus; returns how many inputs there were.
fn replay(name: &str, target: impl Fn(&[u8])) -> usize {
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

#[test]
fn hostile_parquet_files_are_refused_or_read_alike_by_one_thread_and_two() {
    assert!(replay("parquet_scan", targets::parquet_scan) > 50);
}

#[test]
fn hostile_text_is_refused_or_read_as_the_csv_crate_reads_it() {
    assert!(replay("delimited_text", targets::delimited_text) > 50);
}

#[test]
fn hostile_snappy_is_refused_or_unpacked_as_the_snap_crate_unpacks_it() {
    assert!(replay("snappy_unpack", targets::snappy_unpack) > 40);
}

#[test]
fn odd_arguments_never_end_in_a_panic() {
    let folder = Folder::new();
    let [a, b, sketch] = ["a.parquet", "b.parquet", "a.ovs"].map(|name| folder.path(name));
    let [a, b, sketch] = [&a, &b, &sketch].map(|path| path.to_str().unwrap());
    let sizes = ["--users-a", "300", "--users-b", "200", "--overlap", "50"];
    assert_eq!(
        overlap(&[&["generate", a, b], &sizes[..]].concat()).code,
        Some(0)
    );
    assert_eq!(overlap(&["sketch", a, "-o", sketch]).code, Some(0));
    let run = |bytes: &[u8]| {
        let arguments = targets::arguments(bytes);
        let mut program = command();
        program
            .current_dir(folder.path(""))
            .args(arguments.iter().map(|word| OsStr::from_bytes(word)));
        let output = program.output().unwrap();
        let code = output.status.code().expect("no signal");
        assert!(matches!(code, 0 | 2..=7), "{code}: {arguments:?}");
    };
    assert!(replay("args", run) > 50);
}
