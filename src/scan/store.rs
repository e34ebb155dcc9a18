//! Local files behind positioned reads.
//!
//! Reads with `pread` on one descriptor, never mmap: a file that shrinks under a mapping kills the
//! process, under `pread` it is an error. Knows no format.

use super::spool::spool;
use super::stdin;
use crate::error::{Error, Result};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    len: u64,
    modified: Option<SystemTime>,
    inode: Option<(u64, u64)>,
}

impl Identity {
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    fn of(metadata: &Metadata) -> Self {
        Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            inode: inode(metadata),
        }
    }
}

/// A regular file that is open for reading.
#[derive(Debug)]
pub(super) struct InputFile {
    path: PathBuf,
    file: File,
    identity: Identity,
}

impl InputFile {
    /// Opens a regular file. Fifos and devices are refused before they are opened: opening a fifo
    /// would wait for its writer.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let fail = |e: io::Error| Error::input(describe(&e)).with("file", path.display());
        if stdin::is_named(path) {
            let file = stdin::file()?;
            let identity = Identity::of(&file.metadata().map_err(fail)?);
            let path = path.to_owned();
            return Ok(Self {
                path,
                file,
                identity,
            });
        }
        let metadata = std::fs::metadata(path).map_err(fail)?;
        if !metadata.is_file() {
            let what = if metadata.is_dir() {
                "a directory"
            } else {
                "not a regular file"
            };
            let error = Error::input(format!("is {what}, but a data file was wanted"))
                .with("file", path.display());
            return Err(match metadata.is_dir() {
                true => error,
                false => error.hint("a pipe is read as standard input, whose name is -"),
            });
        }
        let file = File::open(path).map_err(fail)?;
        let identity = Identity::of(&file.metadata().map_err(fail)?);
        Ok(Self {
            path: path.to_owned(),
            file,
            identity,
        })
    }

    /// The file once more.
    pub(super) fn again(&self) -> Result<Self> {
        let file = Self::open(&self.path)?;
        file.ensure_unchanged(self.identity)?;
        Ok(file)
    }

    /// What a stream of this file's bytes holds, such as unpacked ones, in a temporary file without a
    /// name.
    ///
    /// # Errors
    /// Those of [`spool`].
    pub(super) fn unpacked(
        &self,
        what: &str,
        stream: impl io::Read,
        bytes_max: u64,
        explain: &dyn Fn(&io::Error) -> Error,
    ) -> Result<Self> {
        let file = spool(what, stream, bytes_max, explain)?;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|e| Error::input(describe(&e)))?;
        Ok(Self {
            path: self.path.clone(),
            identity: Identity::of(&metadata),
            file,
        })
    }

    pub(super) const fn identity(&self) -> Identity {
        self.identity
    }

    pub(super) const fn len(&self) -> u64 {
        self.identity.len
    }

    /// Fails if the file isn't any more what it was when `identity` was taken.
    pub(super) fn ensure_unchanged(&self, identity: Identity) -> Result<()> {
        let now = self.file.metadata().map(|metadata| Identity::of(&metadata));
        if self.identity == identity && now.is_ok_and(|now| now == identity) {
            return Ok(());
        }
        Err(Error::input("changed while being read")
            .with("file", self.path.display())
            .hint("run again when its writer is done"))
    }

    /// Reads up to `buffer.len()` bytes at `offset`; 0 at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match read_at(&self.file, buffer, offset) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fails if the file doesn't hold `length` bytes at `offset`: to be asked before room for them
    /// is made.
    pub(super) fn ensure_holds(&self, offset: u64, length: usize) -> io::Result<()> {
        let left = self.len().saturating_sub(offset);
        if length as u64 <= left {
            return Ok(());
        }
        let text = format!("{length} bytes were wanted at {offset}, but {left} are left");
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))
    }

    /// Fills all of `buffer` from `offset` on.
    pub(super) fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], offset + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }
}

/// A file that is read from its beginning to its end.
pub(super) struct Sequential {
    file: InputFile,
    at: u64,
}

impl Sequential {
    pub(super) const fn new(file: InputFile) -> Self {
        Self { file, at: 0 }
    }
}

impl io::Read for Sequential {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The size of a regular file.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be opened.
pub fn file_bytes(path: &Path) -> Result<u64> {
    InputFile::open(path).map(|file| file.len())
}

/// Whether two paths are of one file, by whatever links.
#[must_use]
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let inode_of = |path: &Path| std::fs::metadata(path).ok().as_ref().and_then(inode);
    match (inode_of(a), inode_of(b)) {
        (Some(a), Some(b)) => a == b,
        // Where there are no inodes, or no files.
        _ => a
            .canonicalize()
            .is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b)),
    }
}

/// All bytes of a file that is read at once.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be read, [`crate::ErrorKind::Limit`] if it is larger than
/// `bytes_max`.
pub fn read_bytes(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let located = |e: Error| e.with("file", path.display());
    let file = InputFile::open(path)?;
    let len = usize::try_from(file.len())
        .ok()
        .filter(|_| file.len() <= bytes_max);
    let len = len.ok_or_else(|| {
        let text = format!("is {} bytes long, more than {bytes_max}", file.len());
        located(Error::new(crate::error::ErrorKind::Limit, text))
    })?;
    let mut bytes = vec![0; len];
    (file.read_exact_at(0, &mut bytes)).map_err(|e| located(Error::input(describe(&e))))?;
    file.ensure_unchanged(file.identity())?;
    Ok(bytes)
}

/// What an I/O error means to a user, in the style of the other messages.
pub(super) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => format!("can't be read: {error}"),
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}
