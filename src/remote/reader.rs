//! Bytes of an object at any offset, fetched in pieces before they are asked for.
//!
//! A reader announces the ranges that it is going to read. They are fetched in pieces of some megabytes,
//! several at a time, so that neither latency nor memory grows with the object.

use super::object::{Object, TAIL_BYTES, lock};
use crate::error::{Error, Result};
use bytes::Bytes;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};

/// The largest piece: a request of it takes far longer than its latency.
const PIECE_BYTES: u64 = 4 << 20;

/// The first piece of a stream, of which often only the beginning is looked at.
const FIRST_BYTES: u64 = 256 << 10;

/// Pieces that are fetched before the one that is read is done.
const AHEAD: usize = 4;

/// Ranges with less than this between them are fetched as one: a request costs more.
const GAP_BYTES: u64 = 32 << 10;

/// Ranges of up to so much stay until the reader is gone, since decoders look twice.
const KEPT_BYTES: u64 = 32 << 20;

/// Bytes that may be fetched before a reader begins.
const BEGUN_BYTES: u64 = 64 << 20;

static BEGUN: AtomicU64 = AtomicU64::new(0);

/// A piece on its way.
#[derive(Debug, Default)]
pub(super) struct Slot {
    bytes: Mutex<Option<Result<Bytes>>>,
    ready: Condvar,
}

impl Slot {
    pub(super) fn fill(&self, bytes: Result<Bytes>) {
        *lock(&self.bytes) = Some(bytes);
        self.ready.notify_all();
    }

    fn wait(&self) -> Result<Bytes> {
        let mut bytes = lock(&self.bytes);
        loop {
            if let Some(bytes) = &*bytes {
                return bytes.clone();
            }
            bytes = match self.ready.wait(bytes) {
                Ok(bytes) => bytes,
                Err(poisoned) => poisoned.into_inner(),
            };
        }
    }
}

/// One reader's announced pieces, in the order of the object.
#[derive(Debug, Default)]
struct Pieces {
    pieces: Vec<Piece>,
    /// Whether pieces that were read stay.
    are_kept: bool,
    /// Whether it is read from its beginning to wherever its reader has seen enough.
    is_stream: bool,
}

#[derive(Debug)]
struct Piece {
    range: Range<u64>,
    slot: Option<Arc<Slot>>,
}

/// A reader of an object.
#[derive(Debug)]
pub struct Reader {
    object: Object,
    pieces: Mutex<Pieces>,
}

impl Reader {
    pub(super) fn new(object: Object) -> Self {
        Self {
            object,
            pieces: Mutex::default(),
        }
    }

    /// Says which ranges are going to be read, about in their order.
    pub fn announce(&self, ranges: &[Range<u64>]) {
        let ranges = joined(ranges, self.object.len());
        let total: u64 = ranges.iter().map(|range| range.end - range.start).sum();
        let cut = ranges.into_iter().flat_map(pieces_of);
        let mut begun = lock(&self.object.0.begun);
        let pieces = cut.map(|range| {
            let slot = match begun.remove(&range.start) {
                Some((same, slot)) if same == range => {
                    BEGUN.fetch_sub(range.end - range.start, Ordering::Relaxed);
                    Some(slot)
                }
                _ => None,
            };
            Piece { range, slot }
        });
        *lock(&self.pieces) = Pieces {
            pieces: pieces.collect(),
            are_kept: total <= KEPT_BYTES,
            is_stream: false,
        };
    }

    /// Says that the object is going to be read from its beginning, maybe not to its end.
    pub fn announce_stream(&self) {
        let (mut pieces, mut start, mut bytes) = (Vec::new(), 0, FIRST_BYTES);
        let len = self.object.len();
        while start < len {
            let range = start..(start + bytes).min(len);
            start = range.end;
            bytes = (2 * bytes).min(PIECE_BYTES);
            pieces.push(Piece { range, slot: None });
        }
        *lock(&self.pieces) = Pieces {
            pieces,
            are_kept: false,
            is_stream: true,
        };
    }

    /// Reads up to `buffer.len()` bytes at `offset`; 0 at the end.
    ///
    /// # Errors
    /// Those of the requests; [`super::request_fault`] has them as they are.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let len = self.object.len();
        if offset >= len || buffer.is_empty() {
            return Ok(0);
        }
        let wanted = offset..len.min(offset + buffer.len() as u64);
        let found = match self.known(&wanted) {
            Some(found) => Ok(found),
            None => self.announced(offset).unwrap_or_else(|| self.asked(wanted)),
        };
        let (start, bytes) = found.map_err(|error| self.failed(&error))?;
        let skipped = usize::try_from(offset - start).unwrap_or(usize::MAX);
        let bytes = bytes.get(skipped..).unwrap_or_default();
        let read = bytes.len().min(buffer.len());
        buffer[..read].copy_from_slice(&bytes[..read]);
        Ok(read)
    }

    fn failed(&self, error: &Error) -> io::Error {
        self.object.note_fault(error);
        io::Error::other(error.to_string())
    }

    /// What is known of the object's ends, if it holds the wanted bytes.
    fn known(&self, wanted: &Range<u64>) -> Option<(u64, Bytes)> {
        let tail = lock(&self.object.0.tail);
        let start = self.object.len() - tail.len() as u64;
        if wanted.start >= start && !tail.is_empty() {
            return Some((start, tail.clone()));
        }
        let head = lock(&self.object.0.head);
        (wanted.end <= head.len() as u64).then(|| (0, head.clone()))
    }

    /// The announced piece around an offset, when it is there; those behind it are on their way.
    fn announced(&self, offset: u64) -> Option<Result<(u64, Bytes)>> {
        let (start, slot) = {
            let mut all = lock(&self.pieces);
            let at = all
                .pieces
                .partition_point(|piece| piece.range.end <= offset);
            let start = all.pieces.get(at)?.range.start;
            if start > offset {
                return None;
            }
            let ahead = match all.is_stream {
                // The further it is read, the surer it is that it is read on.
                true => at.min(AHEAD),
                false => AHEAD,
            };
            if !all.are_kept {
                for piece in all.pieces[..at].iter_mut().rev() {
                    if piece.slot.take().is_none() {
                        break;
                    }
                }
            }
            for piece in all.pieces[at..].iter_mut().take(ahead + 1) {
                let range = piece.range.clone();
                piece.slot.get_or_insert_with(|| self.object.fetch(range));
            }
            (start, all.pieces[at].slot.clone()?)
        };
        Some(slot.wait().map(|bytes| (start, bytes)))
    }

    /// Bytes that weren't announced: a beginning and an end are kept, since they are looked at more than
    /// once.
    fn asked(&self, wanted: Range<u64>) -> Result<(u64, Bytes)> {
        let len = self.object.len();
        let tail_start = len - lock(&self.object.0.tail).len() as u64;
        if wanted.end <= TAIL_BYTES {
            let bytes = self.object.fetch(0..TAIL_BYTES.min(len)).wait()?;
            *lock(&self.object.0.head) = bytes.clone();
            return Ok((0, bytes));
        }
        if wanted.end >= tail_start && wanted.end - wanted.start <= KEPT_BYTES {
            let start = wanted.start;
            let before = self.object.fetch(start..tail_start.max(start + 1)).wait()?;
            let mut tail = lock(&self.object.0.tail);
            let mut bytes = Vec::with_capacity(before.len() + tail.len());
            bytes.extend_from_slice(&before);
            bytes.extend_from_slice(&tail);
            *tail = bytes.into();
            return Ok((start, tail.clone()));
        }
        let start = wanted.start;
        self.object.fetch(wanted).wait().map(|bytes| (start, bytes))
    }
}

impl Object {
    /// Begins to fetch a range that will be announced soon; false if there is no room for it now.
    #[must_use]
    pub fn begin(&self, range: &Range<u64>) -> bool {
        let tail_start = self.len() - lock(&self.0.tail).len() as u64;
        if self.whole().is_some() || range.is_empty() || range.start >= tail_start {
            return true;
        }
        let bytes = range.end - range.start;
        let before = BEGUN.fetch_add(bytes, Ordering::Relaxed);
        // A range that is larger than all the room is begun alone.
        if before > 0 && before + bytes > BEGUN_BYTES {
            BEGUN.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        let mut begun = lock(&self.0.begun);
        for piece in pieces_of(range.clone()) {
            let slot = self.fetch(piece.clone());
            if let Some((twice, _)) = begun.insert(piece.start, (piece, slot)) {
                BEGUN.fetch_sub(twice.end - twice.start, Ordering::Relaxed);
            }
        }
        true
    }
}

impl Drop for super::object::Inner {
    fn drop(&mut self) {
        for (range, _) in lock(&self.begun).values() {
            BEGUN.fetch_sub(range.end - range.start, Ordering::Relaxed);
        }
    }
}

/// A range in pieces of at most [`PIECE_BYTES`].
fn pieces_of(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let starts = (range.start..range.end).step_by(usize::try_from(PIECE_BYTES).unwrap_or(1));
    starts.map(move |start| start..(start + PIECE_BYTES).min(range.end))
}

/// Ranges in order, those that nearly touch as one.
fn joined(ranges: &[Range<u64>], len: u64) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = ranges
        .iter()
        .map(|range| range.start..range.end.min(len))
        .filter(|range| !range.is_empty())
        .collect();
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end + GAP_BYTES => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_ranges_are_one_request() {
        let far = 10 * GAP_BYTES;
        let ranges = [far..far + 5, 0..10, 100..200, 0..5];
        assert_eq!(joined(&ranges, far + 3), [0..200, far..far + 3]);
        assert!(joined(&[5..9, 7..8], 5).is_empty());
    }
}
