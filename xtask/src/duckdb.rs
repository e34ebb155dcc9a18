//! DuckDB's extension: the built library with the footer that `LOAD` asks for.

use crate::environment::{Result, cargo, run, target};
use std::path::{Path, PathBuf};

/// The version of DuckDB's C API that the extension asks for (`duckdb/src/lib.rs`).
const API: &str = "v1.2.0";

/// Builds the extension and writes it to `target/duckdb/overlap.duckdb_extension`. Options: `--debug`
/// for a quick try.
pub fn duckdb(options: &[&str]) -> Result<()> {
    let profile = match options {
        [] => "release",
        ["--debug"] => "debug",
        other => return Err(format!("duckdb takes --debug, not {}", other.join(" "))),
    };
    let written = extension(profile)?;
    println!("\nLOAD '{}';", written.display());
    Ok(())
}

/// Builds the extension in a profile; where it is written.
pub fn extension(profile: &str) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--package", "overlap-duckdb"]);
    match profile {
        "release" => build.args(["--features", "overlap/cloud", "--release"]),
        // Together with the wheel, which the tests have built: the same features of everything below. The variable is
        // what maturin sets, so that the wheel's library isn't linked to Python's.
        _ => build
            .args(["--package", "overlap-python"])
            .env("PYO3_BUILD_EXTENSION_MODULE", "1"),
    };
    run(&mut build)?;
    let (start, end) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = target()
        .join(profile)
        .join(format!("{start}overlap_duckdb{end}"));
    let mut bytes = std::fs::read(&library).map_err(|e| at(&library, &e))?;
    bytes.extend(footer(platform()?, env!("CARGO_PKG_VERSION")));
    let folder = target().join("duckdb");
    std::fs::create_dir_all(&folder).map_err(|e| at(&folder, &e))?;
    // The name says which function `LOAD` calls.
    let extension = folder.join("overlap.duckdb_extension");
    std::fs::write(&extension, bytes).map_err(|e| at(&extension, &e))?;
    Ok(extension)
}

/// The name of this platform in DuckDB's words.
fn platform() -> Result<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Ok("linux_amd64"),
        ("linux", "aarch64") => Ok("linux_arm64"),
        ("macos", "x86_64") => Ok("osx_amd64"),
        ("macos", "aarch64") => Ok("osx_arm64"),
        ("windows", "x86_64") => Ok("windows_amd64"),
        (system, machine) => Err(format!("DuckDB has no name for {system} on {machine}")),
    }
}

/// What DuckDB finds at the end of an extension: 256 bytes of eight fields, the last one first, and 256 of a
/// signature. A custom section of WebAssembly is around them, on every platform. Without a signature DuckDB
/// loads it if `allow_unsigned_extensions` is set.
fn footer(platform: &str, version: &str) -> Vec<u8> {
    const FIELD_BYTES: usize = 32;
    const SIGNATURE_BYTES: usize = 256;
    let fields = ["", "", "", "C_STRUCT", version, API, platform, "4"];
    let mut bytes = vec![0, 0x93, 0x04, 16];
    bytes.extend(b"duckdb_signature");
    bytes.extend([0x80, 0x04]);
    for field in fields {
        let mut room = [0; FIELD_BYTES];
        room[..field.len()].copy_from_slice(field.as_bytes());
        bytes.extend(room);
    }
    bytes.extend([0; SIGNATURE_BYTES]);
    bytes
}

fn at(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
