//! The project's own tasks: `cargo xtask TASK`.

mod browser;
mod dist;
mod duckdb;
mod environment;
mod faults;
mod leakage;
mod sides;
mod test;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask TASK

  test    every test: Rust, pages in a browser, the Python wheel, Spark on a cluster of two workers
  browser the pages in a browser; with a folder also the screenshots of the documentation
  dist    what a release ships, into target/dist: the program with PNG, completions, man pages, SHA256SUMS
          and DuckDB's extension [--features LIST] [--debug]
  duckdb  DuckDB's extension alone, into target/duckdb/overlap.duckdb_extension [--debug]
  faults  the whole catalogue of faults, with figures, and 1,500 file formats
  leakage what each way of sharing gives away, measured, into docs/PRIVACY.md
  sides   random sides against sets: every command, form and Python [--cases 2000] [--seed 1]
  miri    the pure floors under Miri, for machines of other byte orders too";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["test"] => test::test(),
        ["browser"] => browser::browser(None),
        ["browser", pictures] => browser::browser(Some(pictures)),
        ["sides", ref options @ ..] => sides::sides(options),
        ["dist", ref options @ ..] => dist::dist(options),
        ["duckdb", ref options @ ..] => duckdb::duckdb(options),
        ["faults"] => faults::faults(),
        ["miri"] => faults::miri(),
        ["leakage"] => leakage::leakage(),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("no such task\n\n{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
