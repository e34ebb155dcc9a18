//! Snappy blocks → the bytes that were packed, several blocks side by side.
//!
//! The format is google/snappy's `format_description.txt`: the number of bytes, then literals and copies of bytes from
//! before. What takes time is that each tag says where the next one is. Blocks know nothing of each other, so that the
//! tags of one are read while those of another are waited for. Knows no files, pages or errors.
//!
//! `stream` reads any block, tag by tag, without `unsafe`. `kernel` does what is common, in the same stream, and
//! leaves the rest to it: the beginning, the end, and whatever is rare or wrong.

mod kernel;
mod stream;
#[cfg(test)]
mod tests;

use kernel::Kernel;
use stream::Stream;

/// Blocks that are worth reading side by side: a fourth one finds no register free.
pub const SIDE_BY_SIDE: usize = 3;

/// A block, and where its bytes go.
#[derive(Debug)]
pub struct Block<'a> {
    /// As it was stored.
    pub packed: &'a [u8],
    /// As long as the block says that it is; every byte is overwritten if it can be unpacked.
    pub out: &'a mut [u8],
}

/// How many bytes a block says are in it, at most `u32::MAX`; `None` if it doesn't begin as one does.
#[must_use]
pub fn unpacked_len(packed: &[u8]) -> Option<usize> {
    stream::length(packed).map(|(length, _)| length)
}

/// Unpacks blocks. `false` for those that are no Snappy or whose length isn't that of `out`; what is in `out` then is
/// of no use.
#[must_use]
pub fn unpack(blocks: Vec<Block<'_>>) -> Vec<bool> {
    let (kernel, mut blocks) = (Kernel::best(), blocks);
    let mut unpacked = Vec::with_capacity(blocks.len());
    for blocks in blocks.chunks_mut(SIDE_BY_SIDE) {
        let streams = blocks
            .iter_mut()
            .map(|Block { packed, out }| Stream::new(packed, out));
        unpacked.extend(unpack_together(kernel, streams.collect()));
    }
    unpacked
}

/// Unpacks up to [`SIDE_BY_SIDE`] blocks; the last that are left when others have ended by themselves.
fn unpack_together(kernel: Kernel, mut streams: Vec<Stream<'_>>) -> impl Iterator<Item = bool> {
    streams.iter_mut().for_each(Stream::begin);
    loop {
        let mut live = streams.iter_mut().filter(|stream| stream.steps() > 0);
        match (live.next(), live.next(), live.next()) {
            (Some(a), Some(b), Some(c)) => kernel.advance([a, b, c]),
            (Some(a), Some(b), None) => kernel.advance([a, b]),
            (Some(a), None, _) => kernel.advance([a]),
            (None, ..) => break,
        }
    }
    streams.into_iter().map(|mut stream| stream.finish())
}
