#![no_main]

// The command line's own modules see only the library's public names, so that they build here too; the
// allocator is of the binary, not of the commands.
#[path = "../../src/cli/mod.rs"]
#[allow(dead_code)]
mod cli;
#[path = "../src/targets.rs"]
mod targets;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

libfuzzer_sys::fuzz_target!(init: { samples() }, |bytes: &[u8]| {
    let words = targets::arguments(bytes).into_iter().map(OsString::from_vec);
    let _ = cli::run(std::iter::once("overlap".into()).chain(words));
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
