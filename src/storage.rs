//! Files written whole or not at all. Knows no format.

use crate::error::{Error, ErrorKind, Result};
use crate::remote;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;
use tempfile::NamedTempFile;

/// Writes a file through `write`: into a temporary file in the same folder, synced, then renamed
/// over `path`. A reader sees the old file or the new one; after an error the old one stands.
/// Returns the size of the file in bytes.
///
/// # Errors
/// [`ErrorKind::Output`] with the file if it can't be written or if `path` is a folder, a pipe or a
/// device, and those of `write`.
pub fn write_atomically(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    if remote::is_address(path) {
        return write_object(path, write);
    }
    write_local(path, Manner::Open, |file| {
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        let flushed = writer.into_inner().map_err(|e| output_error(e.error()));
        flushed
            .map(|_| ())
            .map_err(|e| e.with("file", path.display()))
    })
}

/// [`write_atomically`] of some bytes.
///
/// # Errors
/// Those of [`write_atomically`].
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<u64> {
    write_atomically(path, |out| put(out, path, bytes))
}

/// Writes bytes to what is to become the file of this path, as far as the system.
///
/// # Errors
/// [`ErrorKind::Output`] with the file.
pub fn put(out: &mut (dyn Write + Send), path: &Path, bytes: &[u8]) -> Result<()> {
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(|e| output_error(&e).with("file", path.display()))
}

/// Writes a local file that its owner alone may read (mode 0600, on Unix), whatever file stood there before. The bytes
/// are copied nowhere.
///
/// # Errors
/// Those of [`write_atomically`], and [`ErrorKind::Usage`] for an address.
pub fn write_secret(path: &Path, bytes: &[u8]) -> Result<u64> {
    write_owners(path, Manner::Secret, bytes)
}

/// [`write_secret`] that never replaces a file.
///
/// # Errors
/// Those of [`write_secret`], and [`ErrorKind::Output`] if there is a file.
pub fn write_new_secret(path: &Path, bytes: &[u8]) -> Result<u64> {
    write_owners(path, Manner::NewSecret, bytes)
}

fn write_owners(path: &Path, manner: Manner, bytes: &[u8]) -> Result<u64> {
    if remote::is_address(path) {
        return Err(Error::usage("a secret file must stay on this machine")
            .with("file", path.display())
            .hint("name a local file for it"));
    }
    write_local(path, manner, |mut file| {
        file.write_all(bytes)
            .map_err(|e| output_error(&e).with("file", path.display()))
    })
}

/// Who may read a new file, and what it may replace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// As the umask says, or as it was with the file that is replaced.
    Open,
    /// Its owner alone.
    Secret,
    /// Likewise, where no file is.
    NewSecret,
}

fn write_local(
    path: &Path,
    manner: Manner,
    write: impl FnOnce(&File) -> Result<()>,
) -> Result<u64> {
    let fail = |e: io::Error| output_error(&e).with("file", path.display());
    check_replaceable(path)?;
    // What a link leads to is replaced, not the link.
    let target = std::fs::canonicalize(path).ok();
    let path = target.as_deref().unwrap_or(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".overlap-");
    if manner == Manner::Open {
        open_to_all(&mut builder);
    }
    let temporary = Temporary::new(&builder, folder.unwrap_or(Path::new("."))).map_err(|e| {
        match folder.filter(|folder| !folder.exists()) {
            Some(folder) => missing_folder(folder).with("file", path.display()),
            None => fail(without_path(&e)),
        }
    })?;
    write(temporary.file.as_file())?;
    if manner == Manner::Open
        && let Ok(replaced) = std::fs::metadata(path)
    {
        // A file that was private stays so.
        let permissions = replaced.permissions();
        let file = temporary.file.as_file();
        file.set_permissions(permissions).map_err(fail)?;
    }
    temporary.file.as_file().sync_all().map_err(fail)?;
    let bytes = temporary.file.as_file().metadata().map_err(fail)?.len();
    let persisted = temporary.persist(path, manner != Manner::NewSecret);
    persisted.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => Error::new(ErrorKind::Output, "there is such a file")
            .with("file", path.display())
            .hint("name another file, or remove this one if nothing needs its key any more"),
        _ => fail(e),
    })?;
    sync_folder(folder);
    Ok(bytes)
}

/// Writes an object of a store in the same way, by way of a temporary file without a name.
fn write_object(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<()>,
) -> Result<u64> {
    let fail = |e: io::Error| output_error(&e).with("file", path.display());
    let file = tempfile::tempfile().map_err(fail)?;
    let mut writer = BufWriter::new(&file);
    write(&mut writer)?;
    writer.into_inner().map_err(|e| fail(e.into_error()))?;
    let bytes = file.metadata().map_err(fail)?.len();
    remote::write(path, &file, bytes)?;
    Ok(bytes)
}

/// The temporary files that there are, for [`remove_temporaries`].
static TEMPORARIES: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the temporary files of every file that is being written, and keeps more from being
/// made: for a program that is about to end without unwinding. Never returns to those writers.
pub fn remove_temporaries() {
    /// Longer than the lock is ever held, except when the caller itself holds it (out of memory).
    const TRIES: u32 = 100;
    let locked = (0..TRIES).find_map(|_| {
        let locked = TEMPORARIES.try_lock().ok();
        if locked.is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        locked
    });
    let Some(temporaries) = locked else {
        return;
    };
    for path in temporaries.iter() {
        // It may be gone, renamed to what it was made for.
        let _ = std::fs::remove_file(path);
    }
    // The lock is never released: a thread that wants to begin a file now waits for the end.
    std::mem::forget(temporaries);
}

/// A temporary file, listed for as long as it is there.
struct Temporary {
    file: NamedTempFile,
    /// Goes after the file.
    _entry: Entry,
}

/// An entry of the list.
struct Entry(PathBuf);

impl Drop for Entry {
    fn drop(&mut self) {
        if let Ok(mut temporaries) = TEMPORARIES.lock() {
            temporaries.retain(|known| *known != self.0);
        }
    }
}

impl Temporary {
    fn new(builder: &tempfile::Builder<'_, '_>, folder: &Path) -> io::Result<Self> {
        // Made under the lock: no signal comes between a file and its entry.
        let mut temporaries = TEMPORARIES.lock().map_err(|_| poisoned())?;
        let file = builder.tempfile_in(folder)?;
        let path = file.path().to_owned();
        temporaries.push(path.clone());
        let _entry = Entry(path);
        Ok(Self { file, _entry })
    }

    fn persist(self, path: &Path, replaces: bool) -> io::Result<()> {
        match replaces {
            true => self.file.persist(path)?,
            false => self.file.persist_noclobber(path)?,
        };
        Ok(())
    }
}

fn missing_folder(folder: &Path) -> Error {
    let text = format!("can't be written: there is no folder {}", folder.display());
    Error::new(ErrorKind::Output, text).hint("make it first, or write elsewhere")
}

/// An error of `tempfile` without the temporary file's name, which the user didn't type.
fn without_path(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let what = text.split(" at path ").next().unwrap_or(&text);
    io::Error::new(error.kind(), what)
}

fn poisoned() -> io::Error {
    io::Error::other("another writer panicked")
}

/// The new name lasts through a power cut only if the folder is written too. Some file systems have
/// no such thing; the file is whole either way.
fn sync_folder(folder: Option<&Path>) {
    let folder = File::open(folder.unwrap_or(Path::new(".")));
    let _ = folder.and_then(|folder| folder.sync_all());
}

/// Makes a folder and those above it, unless they are there.
///
/// # Errors
/// [`ErrorKind::Output`] with the folder.
pub fn create_folder(path: &Path) -> Result<()> {
    if remote::is_address(path) {
        // There it is by its objects.
        return Ok(());
    }
    if path.exists() && !path.is_dir() {
        let error = Error::new(ErrorKind::Output, "is a file, but a folder is wanted");
        return Err(error
            .with("file", path.display())
            .hint("name another; it may be a new one"));
    }
    std::fs::create_dir_all(path).map_err(|e| output_error(&e).with("file", path.display()))
}

/// Renaming over a pipe or a device would put a plain file in its place: for root, in that of
/// `/dev/null`.
fn check_replaceable(path: &Path) -> Result<()> {
    let found = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => "is a directory",
        Ok(found) if !found.is_file() => "is no regular file",
        _ => return Ok(()),
    };
    Err(Error::new(ErrorKind::Output, found).with("file", path.display()))
}

/// A lock that one process at a time has; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits until no other process has the lock of `path`, for reading, changing and replacing that file as one step. It is
/// taken on an empty file beside it, which stays there: `path` itself becomes another file when it is replaced.
///
/// # Errors
/// [`ErrorKind::Output`] with the file if its folder can't be written or can't lock files, [`ErrorKind::Usage`] for an
/// address.
pub fn lock(path: &Path) -> Result<Lock> {
    if remote::is_address(path) {
        return Err(
            Error::usage("a file that is locked must be on this machine")
                .with("file", path.display())
                .hint("name a local file for it"),
        );
    }
    let fail = |what: &str, e: &io::Error| {
        Error::new(ErrorKind::Output, format!("{what}: {e}")).with("file", path.display())
    };
    // All names of a file have one lock.
    let target = std::fs::canonicalize(path).ok();
    let mut name = target.as_deref().unwrap_or(path).as_os_str().to_owned();
    name.push(".lock");
    let mut options = File::options();
    let options = options.create(true).truncate(false).write(true);
    let file = options.open(name);
    let file = file.map_err(|e| fail("can't be locked by a file beside it", &e))?;
    file.lock().map_err(|e| fail("can't be locked", &e))?;
    Ok(Lock { _file: file })
}

/// The text of a file of at most `bytes_max` bytes.
///
/// # Errors
/// [`ErrorKind::Input`] with the file if it can't be read, is longer or isn't UTF-8.
pub fn read_text(path: &Path, bytes_max: u64) -> Result<String> {
    let refused = |what: String| Error::new(ErrorKind::Input, what).with("file", path.display());
    let read = || {
        let file = File::open(path)?;
        let mut bytes = Vec::new();
        file.take(bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = read().map_err(|e| refused(format!("can't be read: {e}")))?;
    if bytes.len() as u64 > bytes_max {
        return Err(refused(format!("is longer than {bytes_max} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| refused("isn't text in UTF-8".into()))
}

/// Temporary files are private by default; a result is as readable as any new file, by the umask.
#[cfg(unix)]
fn open_to_all(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn open_to_all(_: &mut tempfile::Builder<'_, '_>) {}

/// An I/O error while writing, as ours.
pub fn output_error(error: &io::Error) -> Error {
    Error::new(ErrorKind::Output, format!("can't be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        for text in ["first", "second, and longer"] {
            write_atomically(&path, |out| {
                out.write_all(text.as_bytes()).map_err(|e| output_error(&e))
            })
            .expect("writes");
            assert_eq!(std::fs::read_to_string(&path).expect("reads"), text);
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    fn after_an_error_the_old_file_stands_and_nothing_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        std::fs::write(&path, "old").expect("writes");
        let result = write_atomically(&path, |out| {
            out.write_all(b"half of the n")
                .map_err(|e| output_error(&e))?;
            Err(Error::new(ErrorKind::Output, "disk full"))
        });
        assert!(result.is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("reads"), "old");
        assert_eq!(std::fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

    #[test]
    #[cfg(unix)]
    fn a_result_is_as_readable_as_any_new_file() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomically(&ours, |_| Ok(())).expect("writes");
        std::fs::write(&plain, "").expect("writes");
        let mode = |path: &Path| std::fs::metadata(path).expect("is").permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }

    #[test]
    #[cfg(unix)]
    fn what_replaces_a_private_file_is_private_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "old").expect("writes");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, private).expect("is ours");
        std::os::unix::fs::symlink("file", &link).expect("links");
        write_atomically(&link, |_| Ok(())).expect("writes");
        assert_eq!(std::fs::read(&file).expect("reads"), b"");
        assert!(link.is_symlink());
        let mode = std::fs::metadata(&file).expect("is").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    #[cfg(unix)]
    fn a_secret_is_its_owners_whatever_it_replaces() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "open to all").expect("writes");
        let open = std::fs::Permissions::from_mode(0o666);
        std::fs::set_permissions(&path, open).expect("is ours");
        write_secret(&path, b"key").expect("writes");
        assert_eq!(std::fs::read(&path).expect("reads"), b"key");
        let mode = std::fs::metadata(&path).expect("is").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = write_secret(Path::new("s3://bucket/secret"), b"key").expect_err("leaves");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }

    #[test]
    #[cfg(unix)]
    fn what_is_no_regular_file_is_not_replaced() {
        use std::os::unix::{fs::FileTypeExt, net::UnixListener};
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("socket");
        let _socket = UnixListener::bind(&path).expect("binds");
        for (path, message) in [
            (path.as_path(), "is no regular file"),
            (folder.path(), "is a directory"),
        ] {
            let error = write_atomically(path, |_| Ok(())).expect_err("is refused");
            assert_eq!(error.kind(), ErrorKind::Output);
            assert_eq!(error.message(), message);
        }
        let file_type = std::fs::metadata(&path).expect("still there").file_type();
        assert!(file_type.is_socket());
    }

    #[test]
    fn a_lock_is_had_once_by_whatever_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ledger");
        let first = lock(&path).expect("locks");
        let beside = File::open(folder.path().join("ledger.lock")).expect("is there");
        assert!(beside.try_lock().is_err(), "it is locked");
        drop(first);
        beside.try_lock().expect("it is free");
        drop(beside);
        std::fs::write(&path, "replaced").expect("writes");
        let _second = lock(&folder.path().join(".").join("ledger")).expect("locks again");
        let error = lock(&folder.path().join("no/ledger")).expect_err("has no folder");
        assert_eq!(error.kind(), ErrorKind::Output);
        let error = lock(Path::new("s3://bucket/ledger")).expect_err("is elsewhere");
        assert_eq!(error.kind(), ErrorKind::Usage);
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_output_error() {
        let error = write_atomically(Path::new("no/such/folder/out"), |_| Ok(()));
        let error = error.expect_err("no folder");
        assert_eq!(error.kind(), ErrorKind::Output);
        assert!(
            error.message().ends_with("no folder no/such/folder"),
            "{error}"
        );
        assert!(!error.to_string().contains(".overlap-"), "{error}");
    }
}
