//! The program: what was typed, and the exit code.

mod cli;

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

#[global_allocator]
static ALLOCATOR: cli::memory::OrExit = cli::memory::OrExit(AtomicBool::new(true));

fn main() -> ExitCode {
    ExitCode::from(cli::program(std::env::args_os()))
}
