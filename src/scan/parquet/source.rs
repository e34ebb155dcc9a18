//! An input file as the chunk reader that the `parquet` crate asks for, with page buffers that are
//! used again.

use crate::scan::snappy::SIDE_BY_SIDE;
use crate::scan::store::InputFile;
use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::cell::RefCell;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// A file that many readers may read at once: every read says its offset.
#[derive(Clone, Debug)]
pub struct Source(pub(super) Arc<InputFile>);

/// One reader's place in the file.
pub struct Cursor {
    file: Arc<InputFile>,
    offset: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Source {
    type T = BufReader<Cursor>;

    /// Used for page headers, which are a few dozen bytes and seldom over a hundred.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        const HEADER_BYTES: usize = 512;
        let cursor = Cursor {
            file: Arc::clone(&self.0),
            offset: start,
        };
        Ok(BufReader::with_capacity(HEADER_BYTES, cursor))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let io_error = |e: io::Error| ParquetError::External(Box::new(e));
        self.0.ensure_holds(start, length).map_err(io_error)?;
        let mut buffer = PageBuffer::with_room(length);
        self.0
            .read_exact_at(start, &mut buffer.bytes[..length])
            .map_err(io_error)?;
        Ok(buffer.into_bytes(length))
    }
}

/// The bytes of a page, which go back to the thread's spare buffers when the page is done: a new
/// megabyte from the system costs as much in page faults as reading it.
pub(super) struct PageBuffer {
    pub(super) bytes: Vec<u8>,
}

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

impl PageBuffer {
    /// Pages that are unpacked side by side, what they were before, and their dictionary.
    const SPARE_MAX: usize = 2 * SIDE_BY_SIDE + 1;

    /// All together. Pages are a megabyte as a rule; what few large ones took isn't kept.
    const SPARE_BYTES_MAX: usize = 24 << 20;

    /// A buffer of at least `length` bytes, whatever is in it.
    pub(super) fn with_room(length: usize) -> Self {
        let mut bytes = SPARE.with_borrow_mut(Vec::pop).unwrap_or_default();
        if bytes.len() < length {
            bytes.resize(length, 0);
        }
        Self { bytes }
    }

    /// Its first `length` bytes.
    pub(super) fn into_bytes(self, length: usize) -> Bytes {
        Bytes::from_owner(self).slice(..length)
    }
}

impl AsRef<[u8]> for PageBuffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for PageBuffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        // Fails only while the thread ends.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            let kept: usize = spare.iter().map(Vec::len).sum();
            if spare.len() < Self::SPARE_MAX && kept + bytes.len() <= Self::SPARE_BYTES_MAX {
                spare.push(bytes);
            }
        });
    }
}
