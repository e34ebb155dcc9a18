//! Standard input as a file: formats are read from their ends, or twice, and a pipe is neither.

use crate::error::{Error, ErrorKind, Result};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Mutex;

/// What stands for standard input where a path is named.
pub(super) const NAME: &str = "-";

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
        None => spool(io::stdin().lock())?,
    };
    let clone = file.try_clone().map_err(|e| unwritable(&e));
    *spooled = Some(file);
    clone
}

fn spool(mut stream: impl io::Read) -> Result<File> {
    const BYTES: usize = 1 << 18;
    let mut file = tempfile::tempfile().map_err(|e| unwritable(&e))?;
    let mut buffer = vec![0; BYTES];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(read) => {
                io::Write::write_all(&mut file, &buffer[..read]).map_err(|e| unwritable(&e))?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::input(format!("standard input can't be read: {e}"))),
        }
    }
}

fn unwritable(error: &io::Error) -> Error {
    let text = format!("standard input can't be kept in a temporary file: {error}");
    Error::new(ErrorKind::Output, text).hint("set TMPDIR to a folder with room for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_becomes_a_file_that_can_be_read_anywhere() {
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let file = spool(bytes.as_slice()).expect("room for it");
        assert_eq!(file.metadata().expect("a file").len(), bytes.len() as u64);
    }
}
