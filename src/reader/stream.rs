//! Blocks of a stream that end where a record ends, for any number of threads to parse.
//!
//! A stream can't be cut before it is read. Instead every thread takes the lock, reads the next block,
//! leaves the lock and parses what it has. A block begins with a record and ends behind one; whatever
//! of a record is left over begins the next block. Knows no format: who cuts is handed in.

use super::glance::Glance;
use crate::error::{Error, ErrorKind, Result, Setting};
use memchr::memchr_iter;
use std::io::{self, Read};

/// Where the last whole record of some bytes ends, and what was seen on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Behind the end of the last record that is whole; `None` if none is.
    pub(crate) end: Option<usize>,
    /// Whether anything up to the last byte is quoted.
    pub(crate) quoted: bool,
    /// Where a quote opens that doesn't close.
    pub(crate) open_quote: Option<usize>,
}

/// Finds the ends of records.
pub(crate) trait Cutter: Send {
    /// Looks for the last end of a record in bytes that begin with one, and of which `glance` is told.
    fn cut(&mut self, bytes: &[u8], glance: &Glance) -> Cut;

    /// What to ask about a record that is far too long, as a question.
    fn doubt(&self) -> &'static str;
}

/// A block of whole records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// How much of the buffer it takes.
    pub(crate) len: usize,
    /// The how manieth block of the stream it is, from 0.
    pub(crate) index: u64,
    /// The number of its first line, from 1.
    pub(crate) first_line: u64,
    /// Whether something in it is quoted.
    pub(crate) quoted: bool,
    /// What bytes there are in it, and perhaps in the record behind it.
    pub(crate) glance: Glance,
}

/// An error, and the block in which it was found: of several, that of the first block is reported,
/// whichever thread was faster.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The index of the block.
    pub(crate) block: u64,
    /// What happened.
    pub(crate) error: Error,
}

/// Told how far the reading of a stream is, and says whether to go on.
pub(crate) trait Watch {
    /// Whether another block is wanted.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] if the user stopped the program.
    fn go_on(&self) -> Result<bool>;

    /// So many more bytes of the file were read.
    fn advance(&self, bytes: u64);
}

/// How much is read at a time, and how long a record may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockSizes {
    /// Bytes of a block, but for records that are longer.
    pub(crate) block: usize,
    /// Bytes of a record.
    pub(crate) record_max: usize,
    /// Bytes after which no further block is read.
    pub(crate) total_max: u64,
}

impl BlockSizes {
    /// Large enough that the lock costs nothing, small enough to stay in the second-level cache beside a sketch.
    pub(crate) const BLOCK: usize = 1 << 18;
    /// So long a record may be, whatever the limit of its ID.
    pub(crate) const RECORD: usize = 1 << 20;
}

/// The blocks of a stream.
pub(crate) struct Blocks {
    stream: Box<dyn Read + Send>,
    cutter: Box<dyn Cutter>,
    /// The last byte of a line.
    line_end: u8,
    sizes: BlockSizes,
    /// What the last block left over.
    carry: Vec<u8>,
    index: u64,
    line: u64,
    total: u64,
    ended: bool,
}

impl Blocks {
    /// The blocks of a stream that begins with a record.
    pub(crate) fn new(
        stream: Box<dyn Read + Send>,
        cutter: Box<dyn Cutter>,
        line_end: u8,
        sizes: BlockSizes,
    ) -> Self {
        Self {
            stream,
            cutter,
            line_end,
            sizes,
            carry: Vec::new(),
            index: 0,
            line: 1,
            total: 0,
            ended: false,
        }
    }

    /// The index of the next block.
    pub(crate) const fn index(&self) -> u64 {
        self.index
    }

    /// Reads the next block into `buffer`; `None` at the end of the stream.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for a quote that doesn't close, [`ErrorKind::Limit`] for a record that is
    /// too long, and what `explain` makes of the stream's own errors.
    pub(crate) fn next(
        &mut self,
        buffer: &mut Vec<u8>,
        explain: &dyn Fn(&io::Error) -> Error,
    ) -> Result<Option<Block>> {
        if self.total >= self.sizes.total_max {
            return Ok(None);
        }
        let mut filled = self.carry.len();
        let mut wanted = self.sizes.block.max(filled + 1);
        make_room(buffer, wanted);
        buffer[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        let (len, quoted, glance) = loop {
            filled += self
                .fill(&mut buffer[filled..wanted])
                .map_err(|e| explain(&e))?;
            if filled == 0 {
                return Ok(None);
            }
            let glance = Glance::of(&buffer[..filled], self.line_end);
            let cut = self.cutter.cut(&buffer[..filled], &glance);
            match (cut.end, self.ended, cut.open_quote) {
                (_, true, Some(open)) => return Err(self.never_closes(&buffer[..open])),
                (_, true, None) => break (filled, cut.quoted, glance),
                (Some(end), false, _) => break (end, cut.quoted, glance),
                (None, false, open) if filled > self.sizes.record_max => {
                    return Err(self.too_long(open.map(|open| &buffer[..open])));
                }
                (None, false, _) => {
                    let most = self.sizes.record_max.saturating_add(self.sizes.block);
                    wanted = filled.saturating_mul(2).min(most).max(filled + 1);
                    make_room(buffer, wanted);
                }
            }
        };
        self.carry.extend_from_slice(&buffer[len..filled]);
        let block = Block {
            len,
            index: self.index,
            first_line: self.line,
            quoted,
            glance,
        };
        self.index += 1;
        self.line += glance.line_ends - self.lines(&buffer[len..filled]);
        self.total += len as u64;
        Ok(Some(block))
    }

    /// Fills all of `room`, unless the stream ends.
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < room.len() && !self.ended {
            match self.stream.read(&mut room[filled..]) {
                Ok(0) => self.ended = true,
                Ok(read) => filled += read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(filled)
    }

    fn lines(&self, bytes: &[u8]) -> u64 {
        memchr_iter(self.line_end, bytes).count() as u64
    }

    fn never_closes(&self, before: &[u8]) -> Error {
        Error::input("a quote opens and never closes").with("line", self.line + self.lines(before))
    }

    fn too_long(&self, before_quote: Option<&[u8]>) -> Error {
        let most = self.sizes.record_max;
        let text = format!("a record of more than {most} bytes; at most so many are taken");
        let line = self.line + before_quote.map_or(0, |before| self.lines(before));
        let question = match before_quote {
            Some(_) => "does the quote in that line ever close? ",
            None => self.cutter.doubt(),
        };
        Error::new(ErrorKind::Limit, text).with("line", line).hint([
            question.into(),
            Setting::MaxValue.into(),
            " raises the limit".into(),
        ])
    }
}

/// Room for `len` bytes. Buffers are used again, so that they are zeroed once.
fn make_room(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts behind the last line end, whatever the lines hold.
    struct Lines(u8);

    impl Cutter for Lines {
        fn cut(&mut self, bytes: &[u8], _: &Glance) -> Cut {
            Cut {
                end: memchr::memrchr(self.0, bytes).map(|at| at + 1),
                ..Cut::default()
            }
        }

        fn doubt(&self) -> &'static str {
            "is it text? "
        }
    }

    fn blocks(text: &[u8], block: usize, record_max: usize) -> Result<Vec<(u64, Vec<u8>)>> {
        let stream = Box::new(io::Cursor::new(text.to_vec()));
        let sizes = BlockSizes {
            block,
            record_max,
            total_max: u64::MAX,
        };
        let mut blocks = Blocks::new(stream, Box::new(Lines(b'\n')), b'\n', sizes);
        let (mut buffer, mut found) = (Vec::new(), Vec::new());
        let explain = |e: &io::Error| Error::input(e.to_string());
        while let Some(block) = blocks.next(&mut buffer, &explain)? {
            assert_eq!(block.index, found.len() as u64);
            found.push((block.first_line, buffer[..block.len].to_vec()));
        }
        Ok(found)
    }

    #[test]
    fn blocks_of_any_size_are_the_whole_text_cut_at_line_ends() {
        for text in [&b"a\nbb\n\nccc\ndddd"[..], b"\n", b"a", b"", b"a\n"] {
            for block in 1..=text.len() + 2 {
                let found = blocks(text, block, 100).expect("short lines");
                let joined: Vec<u8> = found.iter().flat_map(|(_, text)| text.clone()).collect();
                assert_eq!(joined, text, "blocks of {block}");
                let mut line = 1;
                for (i, (first_line, text)) in found.iter().enumerate() {
                    assert_eq!(*first_line, line);
                    assert!(text.ends_with(b"\n") || i + 1 == found.len());
                    line += memchr_iter(b'\n', text).count() as u64;
                }
            }
        }
    }

    #[test]
    fn a_line_longer_than_allowed_is_refused_by_its_number() {
        let text = [&b"a\nb\n"[..], &[b'x'; 1000], b"\nc\n"].concat();
        for block in 1..50 {
            let error = blocks(&text, block, 500).expect_err("too long");
            assert_eq!(error.kind(), ErrorKind::Limit);
            assert_eq!(error.context("line"), Some("3"), "blocks of {block}");
            blocks(&text, block, 1000).expect("not too long");
        }
    }
}
