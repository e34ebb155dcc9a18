#![no_main]

// The command line's own modules see only the library's public names, so that they build here too; the
// allocator is of the binary, not of the commands.
#[path = "../../src/cli/mod.rs"]
#[allow(dead_code)]
mod cli;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Commands that write files; those are only parsed, with `--help`.
const WRITERS: [&[u8]; 4] = [b"sketch", b"merge", b"convert", b"generate"];

/// Lines as arguments, in a folder of samples: no panic, no hang. No argument names another folder.
fn arguments(bytes: &[u8]) -> Vec<OsString> {
    let mut words: Vec<Vec<u8>> = bytes
        .split(|&byte| byte == b'\n')
        .take(12)
        .map(<[u8]>::to_vec)
        .collect();
    words
        .iter_mut()
        .flatten()
        .filter(|byte| matches!(byte, b'/' | 0))
        .for_each(|byte| *byte = b'_');
    if words.iter().any(|word| WRITERS.contains(&&word[..])) {
        words.push(b"--help".to_vec());
    }
    let words = words.into_iter().map(OsString::from_vec);
    std::iter::once("overlap".into()).chain(words).collect()
}

libfuzzer_sys::fuzz_target!(init: { samples() }, |bytes: &[u8]| {
    let _ = cli::run(arguments(bytes));
});

/// A working folder with two sides and a sketch.
fn samples() {
    let folder = std::env::temp_dir().join(format!("overlap-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    std::env::set_current_dir(&folder).expect("is there");
    for name in ["a.parquet", "b.parquet"] {
        let made = [
            "overlap",
            "generate",
            "a.parquet",
            "b.parquet",
            "--users-a",
            "300",
            "--users-b",
            "200",
            "--overlap",
            "50",
        ];
        if !std::path::Path::new(name).exists() {
            cli::run(made.map(OsString::from)).expect("samples");
        }
    }
    cli::run(["overlap", "sketch", "a.parquet", "-o", "a.ovs"].map(OsString::from))
        .expect("a sketch");
}
