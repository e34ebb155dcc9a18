//! What a release ships: the program, DuckDB's extension, completions, man pages, the license, checksums.

use crate::environment::{Result, cargo, command, root, run, target};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the program and writes all that a release ships into `target/dist`; whatever was there is
/// replaced. Options: `--features LIST` beside `cloud` and `png`, which are always in; `--debug` for a quick try.
pub fn dist(options: &[&str]) -> Result<()> {
    let (features, profile) = parsed(options)?;
    let mut build = cargo();
    build.args(["build", "--features", &features]);
    if profile == "release" {
        build.arg("--release");
    }
    build.env("OVERLAP_COMMIT", commit()?);
    run(&mut build)?;
    let folder = target().join("dist");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(|e| at(&folder, &e))?;
    }
    let name = format!("overlap{}", std::env::consts::EXE_SUFFIX);
    fill(&folder, &target().join(profile).join(&name), &name)?;
    let extension = crate::duckdb::extension(profile)?;
    std::fs::copy(&extension, folder.join("overlap.duckdb_extension"))
        .map_err(|e| at(&extension, &e))?;
    let files = files_below(&folder)?;
    let sums = checksums(&folder, &files)?;
    write(&folder.join("SHA256SUMS"), sums.as_bytes())?;
    println!(
        "\n{}: {} files and SHA256SUMS",
        folder.display(),
        files.len()
    );
    Ok(())
}

fn parsed<'a>(options: &[&'a str]) -> Result<(String, &'a str)> {
    let (mut features, mut profile) = ("cloud,png".to_owned(), "release");
    let mut options = options.iter();
    while let Some(&option) = options.next() {
        match option {
            "--debug" => profile = "debug",
            "--features" => {
                let more = options.next().ok_or("--features needs a list")?;
                features = format!("{features},{more}");
            }
            other => {
                return Err(format!(
                    "dist takes --features LIST and --debug, not {other}"
                ));
            }
        }
    }
    Ok((features, profile))
}

/// The commit that is checked out; `-dirty` if files differ from it.
fn commit() -> Result<String> {
    let hash = output(command("git").args(["rev-parse", "--short=12", "HEAD"]))?;
    let changes = output(command("git").args(["status", "--porcelain", "--untracked-files=no"]))?;
    let hash = String::from_utf8_lossy(&hash).trim().to_owned();
    Ok(if changes.is_empty() {
        hash
    } else {
        hash + "-dirty"
    })
}

/// The program, and what it says of itself.
fn fill(folder: &Path, program: &Path, name: &str) -> Result<()> {
    const COMPLETIONS: [(&str, &str); 5] = [
        ("bash", "overlap.bash"),
        ("elvish", "overlap.elv"),
        ("fish", "overlap.fish"),
        ("powershell", "_overlap.ps1"),
        ("zsh", "_overlap"),
    ];
    let (completions, pages) = (folder.join("completions"), folder.join("man").join("man1"));
    for folder in [&completions, &pages] {
        std::fs::create_dir_all(folder).map_err(|e| at(folder, &e))?;
    }
    let placed = folder.join(name);
    std::fs::copy(program, &placed).map_err(|e| at(program, &e))?;
    for (shell, file) in COMPLETIONS {
        let script = output(command(&placed).args(["completions", shell]))?;
        write(&completions.join(file), &script)?;
    }
    output(command(&placed).arg("man").arg(&pages))?;
    for text in ["LICENSE", "CHANGELOG.md"] {
        std::fs::copy(root().join(text), folder.join(text)).map_err(|e| at(Path::new(text), &e))?;
    }
    Ok(())
}

/// All files below a folder, sorted, with forward slashes as `sha256sum` reads them everywhere.
fn files_below(folder: &Path) -> Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        for entry in std::fs::read_dir(&here).map_err(|e| at(&here, &e))? {
            let entry = entry.map_err(|e| at(&here, &e))?;
            let path = below.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                let names = path.iter().map(|name| name.to_string_lossy());
                found.push(names.collect::<Vec<_>>().join("/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A line for each file, as `sha256sum --check` takes it.
fn checksums(folder: &Path, files: &[String]) -> Result<String> {
    let mut lines = String::new();
    for file in files {
        let bytes = std::fs::read(folder.join(file)).map_err(|e| at(Path::new(file), &e))?;
        for byte in Sha256::digest(&bytes) {
            // Writing to a String can't fail.
            let _ = write!(lines, "{byte:02x}");
        }
        let _ = writeln!(lines, "  {file}");
    }
    Ok(lines)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|e| at(path, &e))
}

fn at(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

/// What a command writes; its messages are shown.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(format!("{program}: {}", output.status)),
    }
}
