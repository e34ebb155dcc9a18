//! Random sides against sets: every command, every form, and Python.

use crate::environment::{Result, cargo, run, target};
use crate::test::{install_wheel, python};

/// Runs `python/tests/random_sides.py` with `arguments`, on the program and the wheel as tests build
/// them.
pub fn sides(arguments: &[&str]) -> Result<()> {
    run(cargo().arg("build"))?;
    let python = python()?;
    install_wheel(&python)?;
    let mut script = python.command();
    script
        .arg("python/tests/random_sides.py")
        .args(arguments)
        .env("OVERLAP_BIN", target().join("debug").join("overlap"));
    run(&mut script)
}
