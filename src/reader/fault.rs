//! What is wrong at a place of a block.

use super::stream::Block;
use crate::error::Error;

/// What is wrong at an offset of a block.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Somewhere in the line.
    pub(crate) at: usize,
    /// What is wrong.
    pub(crate) error: Error,
}

impl Fault {
    pub(super) const fn new(at: usize, error: Error) -> Self {
        Self { at, error }
    }

    /// The error, with the number of its line.
    pub(super) fn locate(self, text: &[u8], block: &Block, line_end: u8) -> Error {
        let before = &text[..self.at.min(text.len())];
        let lines = memchr::memchr_iter(line_end, before).count() as u64;
        self.error.with("line", block.first_line + lines)
    }
}
