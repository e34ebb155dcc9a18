//! The whole catalogue of faults with its figures, the longest comparisons, and Miri.

use crate::environment::{Python, Result, cargo, command, run, target};

/// Every test of `tests/faults/` in a process of its own, its figures into `docs/reliability.md`; a hundred
/// million integers through every vector kernel, ten million blocks through every Snappy kernel; and `tests/formats.py`.
pub fn faults() -> Result<()> {
    run(cargo().args(["build", "--quiet"]))?;
    let python = Python::new("venv", "python/requirements-test.txt")?;
    let mut figures = python.command();
    figures.args(["tests/fault_figures.py", "docs/reliability.md"]);
    run(&mut figures)?;
    let kernels = ["test", "--lib", "every_kernel", "--", "--include-ignored"];
    run(cargo().args(kernels))?;
    let mut formats = python.command();
    formats
        .arg("tests/formats.py")
        .arg(target().join("debug").join("overlap"));
    run(formats.arg(target().join("formats")))
}

/// The pure floors under Miri, and what a sketch is in bytes on machines of other word lengths and byte
/// orders. `MIRI_TOOLCHAIN` names a toolchain with the components miri and rust-src (`nightly`).
pub fn miri() -> Result<()> {
    const FLOORS: [&str; 7] = [
        "sketch::",
        "estimate::",
        "format::",
        "hash::",
        "id::",
        "compare::",
        "scan::snappy::",
    ];
    let toolchain = std::env::var("MIRI_TOOLCHAIN").unwrap_or_else(|_| "nightly".into());
    let miri = |arguments: &[&str], tests: &[&str]| {
        let mut cargo = command("cargo");
        // This process's cargo isn't that of the other toolchain.
        cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        cargo.env(
            "MIRIFLAGS",
            "-Zmiri-disable-isolation -Zmiri-permissive-provenance",
        );
        cargo.env("PROPTEST_CASES", "8");
        // Miri links no C; whatever compiles zstd will do, without the flags of the other machine.
        cargo.envs([
            ("TARGET_CC", "cc"),
            ("TARGET_AR", "ar"),
            ("CRATE_CC_NO_DEFAULTS", "1"),
        ]);
        cargo.arg(format!("+{toolchain}"));
        cargo.args(["miri", "test", "--lib", "--target-dir"]);
        cargo.arg(target().join("miri")).args(arguments).arg("--");
        run(cargo.args(tests))
    };
    miri(&[], &FLOORS)?;
    for target in ["s390x-unknown-linux-gnu", "i686-unknown-linux-gnu"] {
        miri(&["--target", target], &["blobs_are_the_same_bytes"])?;
    }
    Ok(())
}
