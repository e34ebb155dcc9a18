//! The faults that take minutes, privileges or a compiler, and the comparison of file formats.

use crate::environment::{Python, Result, cargo, run, target};

/// `tests/faults/campaign.rs`, then `tests/formats.py`.
pub fn faults() -> Result<()> {
    let campaign = [
        "test",
        "--test",
        "main",
        "campaign",
        "--",
        "--ignored",
        "--nocapture",
    ];
    run(cargo().args(campaign))?;
    run(cargo().args(["build", "--quiet"]))?;
    let python = Python::new("venv", "python/requirements-test.txt")?;
    let mut formats = python.command();
    formats
        .arg("tests/formats.py")
        .arg(target().join("debug").join("overlap"));
    run(formats.arg(target().join("formats")))
}
