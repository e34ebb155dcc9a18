//! One text stream that any number of threads read: unpacked, transcoded, cut into blocks.

use super::batch::Take;
use super::encoding::{Encoding, NOT_UTF16};
use super::limits::ReadLimits;
use super::packed::Packing;
use super::stream::{Block, BlockSizes, Blocks, Cutter, Failure, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, Tally};
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What the IDs of text are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the text that they are.
    Text,
    /// As integers, each of which must be a plain one.
    Integers,
}

/// Texts that mean null.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nulls(Vec<Vec<u8>>);

impl Nulls {
    pub(crate) fn new(texts: &[String]) -> Self {
        Self(texts.iter().map(|text| text.clone().into_bytes()).collect())
    }

    #[inline(always)]
    pub(super) fn contains(&self, text: &[u8]) -> bool {
        !self.0.is_empty() && self.0.iter().any(|null| null == text)
    }
}

/// What came of some records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowsRead {
    /// Rows and nulls.
    pub(crate) tally: Tally,
    /// Nulls that were written as a text that means null.
    pub(crate) named_nulls: u64,
}

impl std::ops::AddAssign for RowsRead {
    fn add_assign(&mut self, other: Self) {
        self.tally += other.tally;
        self.named_nulls += other.named_nulls;
    }
}

/// A text format: records in blocks, of which each is parsed by itself.
pub(crate) trait TextFormat: std::fmt::Debug + Send + Sync {
    /// What people call the format.
    fn format_name(&self) -> &'static str;

    /// The names of its columns.
    fn names(&self) -> &[String];

    /// The name of the column that holds the IDs.
    fn id_name(&self) -> String;

    /// Cuts the stream into blocks.
    fn cutter(&self) -> Box<dyn Cutter>;

    /// The last byte of a line.
    fn line_end(&self) -> u8;

    /// What the file may ask for.
    fn limits(&self) -> &ReadLimits;

    /// Pushes the IDs of a block.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] with the line of what isn't of this format, [`ErrorKind::Incomparable`] for
    /// an ID that is no integer but has to be one, [`ErrorKind::Limit`] for one that is too long, and
    /// those of the sink.
    fn ids(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<RowsRead>;

    /// Hands the rows of a block on: the IDs, and the columns of these numbers as text.
    ///
    /// # Errors
    /// Those of [`Self::ids`], [`ErrorKind::Input`] for text that isn't UTF-8, and those of `take`.
    fn rows(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        columns: &[usize],
        take: Take<'_>,
    ) -> Result<RowsRead>;
}

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
    let mut text = encoding.to_utf8(Box::new(rest));
    // Some writers put a mark before a text that has one.
    let (head, _) = head_of(&mut *text, 3).map_err(|e| explain(packing, &e))?;
    let mark = if head == b"\xef\xbb\xbf" { 3 } else { 0 };
    Ok(Box::new(io::Cursor::new(head[mark..].to_vec()).chain(text)))
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

/// Whether bytes are text in an encoding whose lower half is ASCII, as far as their control characters
/// tell.
pub(crate) fn looks_like_text(head: &[u8]) -> bool {
    let is_control =
        |&byte: &u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c);
    !head.is_empty() && !head.iter().any(|byte| is_control(byte) || *byte == 0x7f)
}

/// Numbers, addresses and long texts are no names of columns; the empty one may be an index.
pub(crate) fn looks_like_data(name: &str) -> bool {
    const NAME_CHARACTERS_MAX: usize = 64;
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.len() > NAME_CHARACTERS_MAX
        || name.contains('@')
        || name.trim().parse::<f64>().is_ok()
        || digits >= 6
        || (name.len() >= 16 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
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
    /// A stream that is opened when its first block is read.
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
        file: &dyn TextFormat,
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
        file: &dyn TextFormat,
        form: Form,
        columns: &[usize],
        take: Take<'_>,
        watch: &dyn Watch,
    ) -> Result<RowsRead, Failure> {
        self.each_block(file, watch, |text, block| {
            file.rows(text, block, form, columns, take)
        })
    }

    fn each_block(
        &self,
        file: &dyn TextFormat,
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
    fn next(&self, file: &dyn TextFormat, buffer: &mut Vec<u8>) -> Result<Option<Block>, Failure> {
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

    fn open(
        &self,
        file: &dyn TextFormat,
        opener: Opener,
        sizes: BlockSizes,
    ) -> Result<Box<Blocks>> {
        let raw = Counted {
            stream: opener()?,
            read: Arc::clone(&self.stored),
        };
        let text = text_of(Box::new(raw), self.packing)?;
        let (cutter, line_end) = (file.cutter(), file.line_end());
        Ok(Box::new(Blocks::new(text, cutter, line_end, sizes)))
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
