//! The program itself: what the console script `overlap` and `python -m overlap` run.

#[path = "../../src/cli/mod.rs"]
mod cli;

use pyo3::prelude::*;
use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};

/// Out of memory ends a command with a message and exit code 7, but never somebody's Python program.
#[global_allocator]
static ALLOCATOR: cli::memory::OrExit = cli::memory::OrExit(AtomicBool::new(false));

/// Runs the program ``overlap`` in this process, which is to end with it: signals are the program's from then on.
///
/// Args:
///     arguments: What was typed behind the program's name.
///
/// Returns:
///     The exit code.
#[pyfunction]
pub(crate) fn run_program(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    ALLOCATOR.0.store(true, Ordering::Relaxed);
    let name = OsString::from("overlap");
    py.detach(|| cli::program(std::iter::once(name).chain(arguments)))
}
