//! Whoever reads the answer may stop reading.

use crate::harness::{command, data};
use std::fs::File;
use std::io::Read;
use std::process::Stdio;

fn arguments() -> [String; 3] {
    ["estimate".into(), data("shop.parquet"), data("pay.parquet")]
}

#[test]
fn row_74_a_closed_pipe_ends_quietly() {
    let mut child = command()
        .args(arguments())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The reader is gone before the first byte is written.
    drop(child.stdout.take());
    let mut stderr = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(stderr, "");
}

#[test]
#[cfg(target_os = "linux")]
fn row_74_a_full_device_is_an_output_error() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command().args(arguments()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("standard output")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn row_74_a_closed_stderr_changes_nothing() {
    let shell = |redirect: &str| {
        let program = env!("CARGO_BIN_EXE_overlap");
        let line = format!(
            "{program} estimate {} missing.parquet {redirect}",
            data("shop.parquet")
        );
        std::process::Command::new("sh")
            .args(["-c", &line])
            .output()
            .unwrap()
            .status
            .code()
    };
    assert_eq!(shell("2>&-"), Some(3));
    assert_eq!(shell(">&- 2>&-"), Some(3));
    assert_eq!(shell("2>/dev/full"), Some(3));
}
