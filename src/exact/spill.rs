//! The temporary file that takes the keys for which there is no memory.
//!
//! One file for all sides and threads, made when it is first needed. It has no name (or, where the
//! system wants one, is deleted with its last handle): nothing is left however the process ends.
//! Knows blocks, not keys.

use super::pool::BLOCK_BYTES;
use crate::error::{Error, ErrorKind, Result, Setting};
use bytes::BytesMut;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Blocks that are written or read at a time: 256 KiB.
pub(super) const RUN_BLOCKS: usize = 64;

/// Where a run of blocks was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) blocks: usize,
}

/// Takes blocks away and gives them back to be read.
#[derive(Debug)]
pub(super) struct Spill {
    folder: PathBuf,
    file: OnceLock<File>,
    opening: Mutex<()>,
    end: AtomicU64,
    writers: AtomicUsize,
}

impl Spill {
    /// Writes into `folder`, once there is something to write.
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            file: OnceLock::new(),
            opening: Mutex::new(()),
            end: AtomicU64::new(0),
            writers: AtomicUsize::new(0),
        }
    }

    #[cfg(test)]
    pub(super) fn written_bytes(&self) -> u64 {
        self.end.load(SeqCst)
    }

    /// Blocks that are taken to be written are set free before this is dropped.
    pub(super) fn begin(&self) -> Writing<'_> {
        self.writers.fetch_add(1, SeqCst);
        Writing(self)
    }

    /// Whether blocks are about to be free.
    pub(super) fn has_writers(&self) -> bool {
        self.writers.load(SeqCst) > 0
    }

    /// Writes whole blocks, at most [`RUN_BLOCKS`].
    ///
    /// # Errors
    /// [`ErrorKind::Output`] with the folder if they can't be written.
    pub(super) fn write<'b>(&self, blocks: impl Iterator<Item = &'b BytesMut>) -> Result<Extent> {
        let mut run = Vec::with_capacity(RUN_BLOCKS * BLOCK_BYTES);
        for block in blocks {
            run.extend_from_slice(block);
        }
        let offset = self.end.fetch_add(run.len() as u64, SeqCst);
        write_all_at(self.open()?, &run, offset).map_err(|e| self.error("written", &e))?;
        Ok(Extent {
            offset,
            blocks: run.len() / BLOCK_BYTES,
        })
    }

    /// Reads the first blocks of `extent` into `run`, at most [`RUN_BLOCKS`]; what is left of the
    /// extent comes back.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] with the folder if they can't be read.
    pub(super) fn read(&self, extent: Extent, run: &mut Vec<u8>) -> Result<Extent> {
        let blocks = extent.blocks.min(RUN_BLOCKS);
        run.resize(blocks * BLOCK_BYTES, 0);
        read_exact_at(self.open()?, run, extent.offset).map_err(|e| self.error("read", &e))?;
        Ok(Extent {
            offset: extent.offset + run.len() as u64,
            blocks: extent.blocks - blocks,
        })
    }

    fn open(&self) -> Result<&File> {
        let _alone = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = tempfile::tempfile_in(&self.folder).map_err(|e| self.error("written", &e))?;
        Ok(self.file.get_or_init(|| file))
    }

    fn error(&self, what: &str, error: &io::Error) -> Error {
        // The system's words alone: the crate adds the name of a file that is gone.
        let error = error.raw_os_error().map_or_else(
            || error.to_string(),
            |code| io::Error::from_raw_os_error(code).to_string(),
        );
        let message = format!("a temporary file can't be {what}: {error}");
        Error::new(ErrorKind::Output, message)
            .with("folder", self.folder.display())
            .hint([
                "name another folder with ".into(),
                Setting::TempDir.into(),
                ", or raise ".into(),
                Setting::Memory.into(),
                " so that none is needed".into(),
            ])
    }
}

/// See [`Spill::begin`].
pub(super) struct Writing<'s>(&'s Spill);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, SeqCst);
    }
}

#[cfg(unix)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let place = offset + done as u64;
        match std::os::windows::fs::FileExt::seek_write(file, &bytes[done..], place)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => done += written,
        }
    }
    Ok(())
}

#[cfg(windows)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        let place = offset + done as u64;
        match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], place)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => done += read,
        }
    }
    Ok(())
}
