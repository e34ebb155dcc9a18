//! Every test there is, the quick ones first.

use crate::environment::{Python, Result, cargo, command, root, run, target};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// `cargo test`, the wheel in a virtual environment, pytest, and Spark.
pub fn test() -> Result<()> {
    run(cargo().args(["test", "--features", "cloud"]))?;
    crate::browser::browser(None)?;
    let python = python()?;
    install_wheel(&python)?;
    crate::duckdb::extension("debug")?;
    run(pytest(&python).args(["--doctest-modules", "--pyargs", "overlap"]))?;
    run(pytest(&python).args(["python/tests", "--ignore", "python/tests/test_spark.py"]))?;
    let mypy = [
        "--config-file",
        "python/pyproject.toml",
        "python/package/overlap",
    ];
    run(python.module("mypy").args(mypy))?;
    if !has_java() {
        return Err(
            "the tests on Spark did not run, they need Java 17 or later:\n\n    \
                    apt-get install openjdk-17-jre-headless"
                .into(),
        );
    }
    run(pytest(&python).arg("python/tests/test_spark.py"))
}

/// The virtual environment of the tests.
pub fn python() -> Result<Python> {
    Python::new("venv", "python/requirements-test.txt")
}

/// Builds the wheel as tests build the program: the light way.
pub fn install_wheel(python: &Python) -> Result<()> {
    let wheels = target().join("wheels").join("test");
    // Of another version, perhaps: pip is to find one wheel.
    let _ = std::fs::remove_dir_all(&wheels);
    let mut build = python.module("maturin");
    build.args([
        "build",
        "--profile",
        "dev",
        "--manifest-path",
        "python/Cargo.toml",
        "--out",
    ]);
    run(build.arg(&wheels))?;
    let wheel = std::fs::read_dir(&wheels)
        .map_err(|e| e.to_string())?
        .next();
    let wheel = wheel
        .ok_or("maturin built no wheel")?
        .map_err(|e| e.to_string())?;
    let pip = ["install", "--quiet", "--no-deps", "--force-reinstall"];
    run(python.module("pip").args(pip).arg(wheel.path()))
}

fn pytest(python: &Python) -> Command {
    let program = target().join("debug").join("overlap");
    let mut command = python.module("pytest");
    command
        .args(["--quiet", "-p", "no:cacheprovider"])
        .env("OVERLAP_BIN", program)
        .env(
            "OVERLAP_DUCKDB",
            target().join("duckdb").join("overlap.duckdb_extension"),
        )
        .env("OVERLAP_WHEELS", target().join("wheels").join("test"));
    if let Some(azurite) = azurite() {
        command.env("OVERLAP_AZURITE", azurite);
    }
    command
}

/// Azure's store for tests; its tests say that they are skipped where it can't be had.
fn azurite() -> Option<PathBuf> {
    let modules = crate::browser::packages("stores")
        .ok()?
        .join("node_modules");
    let program = modules.join("azurite/dist/src/blob/main.js");
    program.exists().then_some(program)
}

fn has_java() -> bool {
    let home = std::env::var_os("JAVA_HOME").map(|home| root().join(home).join("bin").join("java"));
    let mut java = command(home.unwrap_or_else(|| "java".into()));
    let java = java
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    java.is_ok_and(|status| status.success())
}
