//! One text stream that any number of threads read: unpacked, transcoded, cut into blocks.

use super::delimited::{Delimited, Form, Read as RowsRead};
use super::encoding::{Encoding, NOT_UTF16};
use super::packed::Packing;
use super::stream::{Block, BlockSizes, Blocks, Failure, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::id::IdSink;
use arrow::array::{ArrayRef, RecordBatch};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Opens the file and says how many bytes of it were read so far.
pub(crate) type Opener = Box<dyn FnOnce() -> Result<Box<dyn Read + Send>> + Send>;

/// The text of a stream: unpacked, without its byte order mark, in UTF-8.
///
/// # Errors
/// [`ErrorKind::Input`] if it can't be read.
pub(crate) fn text_of(
    raw: Box<dyn Read + Send>,
    packing: Option<Packing>,
) -> Result<Box<dyn Read + Send>> {
    let mut stream = match packing {
        Some(packing) => packing.unpack(raw)?,
        None => raw,
    };
    let (head, _) = head_of(&mut *stream, 4).map_err(|e| explain(packing, &e))?;
    let (encoding, mark) = Encoding::of(&head)?;
    let rest = io::Cursor::new(head[mark..].to_vec()).chain(stream);
    Ok(encoding.to_utf8(Box::new(rest)))
}

/// The first bytes of a stream, and whether these are all.
///
/// # Errors
/// Those of the stream.
pub(crate) fn head_of(stream: &mut dyn Read, bytes_max: usize) -> io::Result<(Vec<u8>, bool)> {
    let mut head = Vec::new();
    stream.take(bytes_max as u64).read_to_end(&mut head)?;
    let whole = head.len() < bytes_max;
    Ok((head, whole))
}

/// What an error of a stream means.
pub(crate) fn explain(packing: Option<Packing>, error: &io::Error) -> Error {
    match packing {
        _ if error.to_string() == NOT_UTF16 => {
            Error::input(NOT_UTF16).hint("export it as UTF-8, or see whether the file is whole")
        }
        Some(packing) => packing.corrupt(error),
        None => Error::input(format!("can't be read: {error}")),
    }
}

/// # Errors
/// [`ErrorKind::Input`] for what begins like something else than delimited text, by its name.
pub(crate) fn check_is_delimited(head: &[u8]) -> Result<()> {
    let refuse = |what: &str, way_out: &str| {
        Err(Error::input(format!("not delimited text; it looks like {what}")).hint(way_out))
    };
    match head.trim_ascii_start() {
        [b'{' | b'[', ..] => refuse(
            "JSON",
            "convert it, such as by duckdb -c \"COPY (FROM 'x.json') TO 'x.parquet'\"",
        ),
        [b'<', ..] => refuse(
            "XML or HTML, such as the error page of a store",
            "download the file again, and look into it",
        ),
        text if text.starts_with(b"version https://git-lfs") => {
            refuse("a pointer of Git LFS", "fetch the file with git lfs pull")
        }
        text if text.starts_with(b"%PDF") => refuse("PDF", "export the table as CSV"),
        _ => Ok(()),
    }
}

/// Whether bytes are text in an encoding whose lower half is ASCII, as far as their control characters
/// tell.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    let is_control =
        |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    !head.is_empty() && !head.iter().any(|byte| is_control(byte) || *byte == 0x7f)
}

/// The blocks of one file, and who reads the next.
pub(crate) struct TextStream {
    packing: Option<Packing>,
    state: Mutex<State>,
    /// Bytes of the file that were read, and that were reported.
    stored: Arc<AtomicU64>,
    reported: AtomicU64,
}

enum State {
    Waiting(Opener, BlockSizes),
    Open(Box<Blocks>),
    Ended,
}

impl std::fmt::Debug for TextStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextStream").finish_non_exhaustive()
    }
}

impl TextStream {
    /// A stream that is opened by whoever reads its first block.
    pub(crate) fn new(opener: Opener, packing: Option<Packing>, sizes: BlockSizes) -> Self {
        Self {
            packing,
            state: Mutex::new(State::Waiting(opener, sizes)),
            stored: Arc::default(),
            reported: AtomicU64::new(0),
        }
    }

    /// Reads blocks until the stream ends, on as many threads as call this at a time.
    ///
    /// # Errors
    /// The first error of this thread.
    pub(crate) fn ids(
        &self,
        file: &Delimited,
        form: Form,
        sink: &mut dyn IdSink,
        watch: &dyn Watch,
    ) -> Result<RowsRead, Failure> {
        self.each_block(file, watch, |text, block| file.ids(text, block, form, sink))
    }

    /// Likewise, the rows with the columns of these numbers beside the IDs.
    ///
    /// # Errors
    /// The first error of this thread.
    pub(crate) fn rows(
        &self,
        file: &Delimited,
        form: Form,
        columns: &[usize],
        take: &mut dyn FnMut(&ArrayRef, RecordBatch) -> Result<()>,
        watch: &dyn Watch,
    ) -> Result<RowsRead, Failure> {
        self.each_block(file, watch, |text, block| {
            file.rows(text, block, form, columns, take)
        })
    }

    fn each_block(
        &self,
        file: &Delimited,
        watch: &dyn Watch,
        mut parse: impl FnMut(&[u8], &Block) -> Result<RowsRead>,
    ) -> Result<RowsRead, Failure> {
        let (mut sum, mut buffer) = (RowsRead::default(), Vec::new());
        let mut done = 0;
        let failure = |block, error| Failure { block, error };
        while watch.go_on().map_err(|error| failure(done, error))? {
            let Some(block) = self.next(file, &mut buffer)? else {
                break;
            };
            done = block.index;
            let read = parse(&buffer[..block.len], &block);
            sum += read.map_err(|error| failure(block.index, error))?;
            watch.advance(self.unreported());
        }
        Ok(sum)
    }

    /// Takes the next block; the error is that of the stream.
    fn next(&self, file: &Delimited, buffer: &mut Vec<u8>) -> Result<Option<Block>, Failure> {
        let Ok(mut state) = self.state.lock() else {
            let error = Error::new(ErrorKind::Internal, "a thread panicked while it read");
            return Err(Failure { block: 0, error });
        };
        let opened = match std::mem::replace(&mut *state, State::Ended) {
            State::Ended => return Ok(None),
            State::Open(blocks) => Ok(blocks),
            State::Waiting(opener, sizes) => self.open(file, opener, sizes),
        };
        let mut blocks = opened.map_err(|error| Failure { block: 0, error })?;
        let explain = |e: &io::Error| explain(self.packing, e);
        let index = blocks.index();
        match blocks.next(buffer, &explain) {
            Ok(None) => Ok(None),
            Ok(block) => {
                *state = State::Open(blocks);
                Ok(block)
            }
            Err(error) => Err(Failure {
                block: index,
                error,
            }),
        }
    }

    fn open(&self, file: &Delimited, opener: Opener, sizes: BlockSizes) -> Result<Box<Blocks>> {
        let raw = Counted {
            stream: opener()?,
            read: Arc::clone(&self.stored),
        };
        let text = text_of(Box::new(raw), self.packing)?;
        let cutter = Box::new(file.cutter());
        Ok(Box::new(Blocks::new(
            text,
            cutter,
            file.layout.line_end,
            sizes,
        )))
    }

    /// Bytes of the file that were read and not yet reported.
    fn unreported(&self) -> u64 {
        let read = self.stored.load(Ordering::Relaxed);
        read.saturating_sub(self.reported.fetch_max(read, Ordering::Relaxed))
    }
}

/// Counts the bytes of a file that were read.
struct Counted {
    stream: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(out)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
