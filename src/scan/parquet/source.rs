//! An input file as the chunk reader that the `parquet` crate asks for.

use crate::scan::store::InputFile;
use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, BufReader, Read};
use std::sync::Arc;

/// A file that many readers may read at once: every read says its offset.
#[derive(Clone, Debug)]
pub(super) struct Source(pub(super) Arc<InputFile>);

/// One reader's place in the file.
pub(super) struct Cursor {
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
        let bytes = self.0.read_exact_at(start, length);
        bytes
            .map(Bytes::from)
            .map_err(|e| ParquetError::External(Box::new(e)))
    }
}
