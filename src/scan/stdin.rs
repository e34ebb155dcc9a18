//! Standard input as a file: formats are read from their ends, or twice, and a pipe is neither.

use super::spool::{spool, unwritable};
use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// What stands for standard input where a path is named.
pub(super) const NAME: &str = "-";

/// How errors call it.
const WHAT: &str = "standard input";

/// Whether a path means standard input. A file of that name is `./-`.
pub(super) fn is_named(path: &Path) -> bool {
    path == Path::new(NAME)
}

/// What was read from standard input, in a temporary file without a name: it is gone when the
/// program is, however that ends.
///
/// # Errors
/// [`ErrorKind::Input`] if it can't be read, [`ErrorKind::Output`] if the temporary file can't be written.
pub(super) fn file() -> Result<File> {
    static SPOOLED: Mutex<Option<File>> = Mutex::new(None);
    let poisoned = |_| Error::new(ErrorKind::Internal, "a thread panicked while it read");
    let mut spooled = SPOOLED.lock().map_err(poisoned)?;
    let file = match spooled.take() {
        Some(file) => file,
        None => spool(WHAT, io::stdin().lock(), u64::MAX, &unreadable)?,
    };
    let clone = file.try_clone().map_err(|e| unwritable(WHAT, &e));
    *spooled = Some(file);
    clone
}

fn unreadable(error: &io::Error) -> Error {
    Error::input(format!("{WHAT} can't be read: {error}"))
}
