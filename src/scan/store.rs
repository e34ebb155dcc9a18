//! Files behind reads that say their offset: local ones, and objects of stores.
//!
//! Local files are read with `pread` on one descriptor, never mmap: a file that shrinks under a mapping kills
//! the process, under `pread` it is an error. Knows no format.

use super::spool::spool;
use super::stdin;
use crate::error::{Error, Result};
use crate::remote;
use std::fs::{File, Metadata};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

/// What tells one state of a file from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    Local {
        len: u64,
        modified: Option<SystemTime>,
        inode: Option<(u64, u64)>,
    },
    /// Holding it keeps the object open, so that the store isn't asked for it again.
    Remote(remote::Object),
}

impl Identity {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Local { len, .. } => *len,
            Self::Remote(object) => object.len(),
        }
    }

    fn of(metadata: &Metadata) -> Self {
        Self::Local {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            inode: inode(metadata),
        }
    }

    /// Begins to fetch what will be read soon; false if there is no room for it now.
    pub(super) fn begin(&self, range: &Range<u64>) -> bool {
        match self {
            Self::Local { .. } => true,
            Self::Remote(object) => object.begin(range),
        }
    }

    /// Whether reading is asking a store.
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(object) if object.whole().is_none())
    }
}

/// A file that is open for reading.
#[derive(Debug)]
pub(super) struct InputFile {
    path: PathBuf,
    bytes: Held,
    identity: Identity,
    /// A few bytes that were announced, read at once: where they begin, and they.
    ahead: OnceLock<(u64, Vec<u8>)>,
}

/// Where the bytes of a file are.
#[derive(Debug)]
enum Held {
    Local(File),
    Remote(remote::Reader),
}

impl InputFile {
    /// Opens a regular file or an object. Fifos and devices are refused before they are opened: opening a
    /// fifo would wait for its writer.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let fail = |e: io::Error| Error::input(describe(&e)).with("file", path.display());
        if remote::is_address(path) {
            let object = remote::Object::open(path)?;
            let bytes = match object.whole() {
                Some(file) => Held::Local(file.try_clone().map_err(fail)?),
                None => Held::Remote(object.reader()),
            };
            return Ok(Self {
                path: path.to_owned(),
                bytes,
                identity: Identity::Remote(object),
                ahead: OnceLock::new(),
            });
        }
        if stdin::is_named(path) {
            return Self::local(path, stdin::file()?).map_err(fail);
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
        File::open(path)
            .and_then(|file| Self::local(path, file))
            .map_err(fail)
    }

    fn local(path: &Path, file: File) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            identity: Identity::of(&file.metadata()?),
            bytes: Held::Local(file),
            ahead: OnceLock::new(),
        })
    }

    /// The file once more.
    pub(super) fn again(&self) -> Result<Self> {
        let file = Self::open(&self.path)?;
        file.ensure_unchanged(&self.identity)?;
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
        Self::local(&self.path, file).map_err(|e| Error::input(describe(&e)))
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity.clone()
    }

    pub(super) fn len(&self) -> u64 {
        self.identity.len()
    }

    /// Whether every read is a request, unless its range was announced.
    pub(super) fn is_remote(&self) -> bool {
        self.identity.is_remote()
    }

    /// Bytes of a local file that are read at once if they are announced: a column that is mostly headers of
    /// pages costs more in system calls than in copying.
    const AHEAD_BYTES_MAX: u64 = 1 << 17;

    /// Says which ranges this reader is going to read, so that an object's are fetched ahead of it.
    pub(super) fn announce(&self, ranges: &[Range<u64>]) {
        match (&self.bytes, ranges) {
            (Held::Remote(reader), _) => reader.announce(ranges),
            (Held::Local(file), [range]) => self.read_ahead(file, range),
            (Held::Local(_), _) => {}
        }
    }

    fn read_ahead(&self, file: &File, range: &Range<u64>) {
        let length = range.end.saturating_sub(range.start);
        if length > Self::AHEAD_BYTES_MAX || range.end > self.len() {
            return;
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        // What can't be read now fails again where it is needed.
        if matches!(read_at(file, &mut bytes, range.start), Ok(read) if read == bytes.len()) {
            let _ = self.ahead.set((range.start, bytes));
        }
    }

    /// As much of what was read at once as there is from `offset` on.
    fn copy_ahead(&self, buffer: &mut [u8], offset: u64) -> Option<usize> {
        let (start, bytes) = self.ahead.get()?;
        let at = usize::try_from(offset.checked_sub(*start)?).ok()?;
        let here = bytes.get(at..).filter(|here| !here.is_empty())?;
        let length = here.len().min(buffer.len());
        buffer[..length].copy_from_slice(&here[..length]);
        Some(length)
    }

    /// Of what is known of an object's end, keeps what is at and behind `offset`.
    pub(super) fn keep_from(&self, offset: u64) {
        if let Identity::Remote(object) = &self.identity {
            object.keep_from(offset);
        }
    }

    /// Fails if the file isn't any more what it was when `identity` was taken. Of an object every request
    /// asks for just this state of it.
    pub(super) fn ensure_unchanged(&self, identity: &Identity) -> Result<()> {
        let is_now = match (&self.bytes, identity) {
            (Held::Local(file), Identity::Local { .. }) => file
                .metadata()
                .is_ok_and(|metadata| Identity::of(&metadata) == *identity),
            _ => true,
        };
        if self.identity == *identity && is_now {
            return Ok(());
        }
        Err(Error::input("changed while being read")
            .with("file", self.path.display())
            .hint("run again when its writer is done"))
    }

    /// Reads up to `buffer.len()` bytes at `offset`; 0 at the end of the file.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if let Some(read) = self.copy_ahead(buffer, offset) {
            return Ok(read);
        }
        loop {
            let read = match &self.bytes {
                Held::Local(file) => read_at(file, buffer, offset),
                Held::Remote(reader) => reader.read_at(buffer, offset),
            };
            match read {
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
    pub(super) fn new(file: InputFile) -> Self {
        if let Held::Remote(reader) = &file.bytes {
            reader.announce_stream();
        }
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
    if remote::is_address(a) || remote::is_address(b) {
        return a == b;
    }
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
    file.ensure_unchanged(&file.identity)?;
    Ok(bytes)
}

/// The path without links and detours: equal for the same file. An address is its own.
pub(super) fn canonical(path: &Path) -> io::Result<PathBuf> {
    match remote::is_address(path) {
        true => Ok(path.to_owned()),
        false => path.canonicalize(),
    }
}

/// Whether there is a file at a path. Of addresses, listings say so, each asked for once.
pub(super) fn is_file(path: &Path) -> bool {
    match remote::is_address(path) {
        true => match listed(path) {
            Some(child) => child.is_some_and(|child| !child.is_folder),
            // Who may read an object needn't be allowed to list its folder.
            None => remote::Object::open(path).is_ok(),
        },
        false => path.is_file(),
    }
}

/// Whether there is a folder at a path; no web server has any.
pub(super) fn is_folder(path: &Path) -> bool {
    match remote::is_address(path) {
        true => listed(path).flatten().is_some_and(|child| child.is_folder),
        false => path.is_dir(),
    }
}

/// What the listing of its folder says of an address; `None` if there is no listing.
fn listed(path: &Path) -> Option<Option<remote::Child>> {
    let folder = path
        .parent()
        .filter(|folder| remote::can_be_listed(folder))?;
    let children = remote::children(folder).ok()?;
    let found = children.binary_search_by(|child| child.path.as_path().cmp(path));
    Some(found.ok().map(|at| children[at].clone()))
}

/// Something that lies in a folder.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    modified: Option<SystemTime>,
}

impl Entry {
    /// When it was written.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn modified(&self) -> io::Result<SystemTime> {
        match self.modified {
            Some(modified) => Ok(modified),
            None => std::fs::metadata(&self.path).and_then(|metadata| metadata.modified()),
        }
    }
}

/// What lies in a folder, in no particular order.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the folder if it can't be read.
pub(super) fn entries(folder: &Path) -> Result<Vec<Entry>> {
    if remote::is_address(folder) {
        let entry = |child: &remote::Child| Entry {
            path: child.path.clone(),
            modified: child.modified,
        };
        return Ok(remote::children(folder)?.iter().map(entry).collect());
    }
    let fail = |e: io::Error| Error::input(describe(&e)).with("file", folder.display());
    let entry = |entry: io::Result<std::fs::DirEntry>| {
        Ok(Entry {
            path: entry.map_err(fail)?.path(),
            modified: None,
        })
    };
    std::fs::read_dir(folder)
        .map_err(fail)?
        .map(entry)
        .collect()
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
