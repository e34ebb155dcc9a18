//! Parse, run, print, exit code; quiet on a closed pipe.

mod cli;

use overlap::{Error, ErrorKind};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: cli::memory::OrExit = cli::memory::OrExit;

fn main() -> ExitCode {
    quiet_decoder_panics();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| cli::run(std::env::args_os())));
    let error = match outcome {
        Ok(Ok(code)) => return ExitCode::from(code),
        Ok(Err(error)) => error,
        Err(_) => Error::new(ErrorKind::Internal, "a bug in overlap: please report it"),
    };
    // Standard error may be closed: then nothing can be printed.
    let _ = writeln!(std::io::stderr(), "{}", cli::worded(&error));
    ExitCode::from(error.kind().exit_code())
}

/// Workers turn a decoder's panic over a corrupt file into an error that names the file; the
/// panic's own message would only be in the way.
fn quiet_decoder_panics() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if !overlap::is_decoding() {
            report(info);
        }
    }));
}
