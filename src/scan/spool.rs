//! A stream in a temporary file without a name: formats are read from their ends, or twice, and a stream
//! is neither. The file is gone when the program is, however that ends.

use crate::error::{Error, ErrorKind, Result, Setting};
use std::fs::File;
use std::io;

/// All bytes of a stream in a temporary file; `what` is how errors call the stream.
///
/// # Errors
/// What `explain` makes of the stream's own errors, [`ErrorKind::Output`] if the temporary file can't be
/// written, [`ErrorKind::Limit`] for more than `bytes_max` bytes.
pub(super) fn spool(
    what: &str,
    mut stream: impl io::Read,
    bytes_max: u64,
    explain: &dyn Fn(&io::Error) -> Error,
) -> Result<File> {
    const BYTES: usize = 1 << 18;
    let unwritable = |e: &io::Error| unwritable(what, e);
    let mut file = tempfile::tempfile().map_err(|e| unwritable(&e))?;
    let mut buffer = vec![0; BYTES];
    let mut total = 0_u64;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(file),
            Ok(read) => {
                total += read as u64;
                if total > bytes_max {
                    let text = format!("{what} holds more than {bytes_max} bytes");
                    return Err(Error::new(ErrorKind::Limit, text).hint([
                        "if the file is to be trusted, raise the limit with ".into(),
                        Setting::MaxRatio.into(),
                    ]));
                }
                io::Write::write_all(&mut file, &buffer[..read]).map_err(|e| unwritable(&e))?;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(explain(&e)),
        }
    }
}

/// The error for a temporary file that can't be written.
pub(super) fn unwritable(what: &str, error: &io::Error) -> Error {
    let text = format!("{what} can't be kept in a temporary file: {error}");
    Error::new(ErrorKind::Output, text).hint("set TMPDIR to a folder with room for it")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(stream: impl io::Read, bytes_max: u64) -> Result<File> {
        spool("standard input", stream, bytes_max, &|e| {
            Error::input(e.to_string())
        })
    }

    #[test]
    fn a_stream_becomes_a_file_that_can_be_read_anywhere() {
        let bytes: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let file = spooled(bytes.as_slice(), u64::MAX).expect("room for it");
        assert_eq!(file.metadata().expect("a file").len(), bytes.len() as u64);
    }

    #[test]
    fn a_stream_that_never_ends_is_a_limit() {
        let error = spooled(io::repeat(7), 1 << 20).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::Limit);
        spooled(&[7; 10][..], 10).expect("not more than so many");
    }
}
