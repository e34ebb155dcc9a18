//! Files that hold a secret key: read with care, written for their owner alone.

use crate::error::{Error, Result, Setting};
use crate::key::Key;
use crate::storage::write_new_secret;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// A key's text is 87 characters long; what is longer is something else.
const BYTES_MAX: usize = 1024;

/// Reads a key from a file that nobody but its owner can read.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if there is no such file, if it is no regular file, if others than its owner
/// may read or change it, and for whatever [`Key::parse`] refuses. No error repeats any of the key.
pub fn read_key(path: &Path) -> Result<Key> {
    let located = |error: Error| error.with("file", path.display());
    // Before it is opened: a pipe that nobody writes to would wait for ever.
    let meta = std::fs::metadata(path).map_err(|e| located(unreadable(&e)))?;
    if meta.is_dir() {
        return Err(located(Error::usage("a folder, not a key file")));
    }
    if !meta.is_file() {
        return Err(located(
            Error::usage("a pipe or a device, not a key file").hint([
                "hand the key over as a descriptor with ".into(),
                Setting::KeyFd.into(),
            ]),
        ));
    }
    let file = File::open(path).map_err(|e| located(unreadable(&e)))?;
    let meta = file.metadata().map_err(|e| located(unreadable(&e)))?;
    ensure_private(&meta)
        .and_then(|()| parse(file))
        .map_err(located)
}

/// Reads a key from a file descriptor that the caller opened, such as a pipe.
///
/// # Errors
/// Those of [`read_key`], and [`crate::ErrorKind::Usage`] where the system has no such descriptors.
pub fn read_key_descriptor(descriptor: u32) -> Result<Key> {
    let located = |error: Error| error.with("descriptor", descriptor);
    if !cfg!(unix) {
        return Err(located(
            Error::usage("this system has no file descriptors by number")
                .hint(["name a file with ".into(), Setting::KeyFile.into()]),
        ));
    }
    let file = File::open(format!("/dev/fd/{descriptor}"));
    let file = file.map_err(|e| located(unreadable(&e)))?;
    let meta = file.metadata().map_err(|e| located(unreadable(&e)))?;
    if meta.is_dir() {
        return Err(located(Error::usage("a folder, not a key file")));
    }
    // A pipe is between two programs; a file may lie open to others.
    let private = match meta.is_file() {
        true => ensure_private(&meta),
        false => Ok(()),
    };
    private.and_then(|()| parse(file)).map_err(located)
}

/// Writes a new key to a file that only its owner can read. A file that is there is never replaced.
///
/// # Errors
/// [`crate::ErrorKind::Output`] if the file is there or can't be written.
pub fn write_key(key: &Key, path: &Path) -> Result<()> {
    let mut text = key.text();
    text.push('\n');
    write_new_secret(path, text.as_bytes()).map(|_| ())
}

fn parse(file: impl Read) -> Result<Key> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 1));
    let read = file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|e| unreadable(&e))?;
    if bytes.len() > BYTES_MAX {
        return Err(Error::usage("larger than any key file")
            .hint("make a key with: overlap key new -o FILE"));
    }
    Key::parse(&bytes)
}

fn unreadable(error: &io::Error) -> Error {
    Error::usage(format!("the key can't be read: {error}"))
        .hint("make a key with: overlap key new -o FILE")
}

/// Sees to it that a key file is its owner's alone.
#[cfg(unix)]
fn ensure_private(meta: &Metadata) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    /// Whatever the group and all others may do.
    const OF_OTHERS: u32 = 0o077;
    let mode = meta.permissions().mode();
    match mode & OF_OTHERS {
        0 => Ok(()),
        _ => Err(Error::usage(format!(
            "others than its owner have access to the key file (mode {:04o})",
            mode & 0o7777
        ))
        .hint("if the key is still a secret, take it from them: chmod 600 FILE")),
    }
}

/// Other systems keep access elsewhere.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
const fn ensure_private(_: &Metadata) -> Result<()> {
    Ok(())
}
