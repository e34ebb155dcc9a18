//! The project's own tasks: `cargo xtask TASK`.

mod environment;
mod faults;
mod test;

use std::process::ExitCode;

const USAGE: &str = "cargo xtask TASK

  test    every test: Rust, the Python wheel, Spark on a cluster of two workers
  faults  kills, failing reads and writes, files that change, and 1,500 file formats";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["test"] => test::test(),
        ["faults"] => faults::faults(),
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
