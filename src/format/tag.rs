//! The tag of a keyed sketch file: those who have the key see that the file is as its key's holder wrote it.
//!
//! BLAKE3's keyed hash of all bytes of the file, in which the 64 digits of the tag itself count as
//! zeros. It stands in the Parquet key-value metadata, as the last entry of ours.

use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use bytes::Bytes;
use parquet::file::reader::ChunkReader;
use std::io::{self, Read, Write};

/// The name of the entry.
pub(super) const TAG: &str = "overlap.tag";

/// The value while the tag isn't known.
pub(super) const NO_TAG: [u8; TAG_DIGITS] = [b'0'; TAG_DIGITS];

const TAG_DIGITS: usize = 64;

/// Between name and value: Thrift's compact protocol says here that a string of 64 bytes follows.
const BETWEEN: [u8; 2] = [0x18, 64];

/// Bytes that are read at a time.
const PIECE: usize = 1 << 20;

/// Hands bytes on, and writes the tag into the file's end if there is a key.
pub(super) struct TagWriter<W> {
    out: W,
    hasher: Option<Box<blake3::Hasher>>,
    /// The end of the file, which holds the tag.
    end: Option<Vec<u8>>,
}

impl<W: Write> TagWriter<W> {
    pub(super) fn new(out: W, key: Option<&Key>) -> Self {
        Self {
            out,
            hasher: key.map(|key| Box::new(blake3::Hasher::new_keyed(key.of_files()))),
            end: None,
        }
    }

    /// From now on bytes are the end of the file.
    pub(super) fn begin_end(&mut self) {
        self.end = self.hasher.is_some().then(Vec::new);
    }

    /// Writes the end.
    ///
    /// # Errors
    /// [`ErrorKind::Output`] if the bytes can't be written.
    pub(super) fn finish(mut self) -> Result<()> {
        if let (Some(mut hasher), Some(mut end)) = (self.hasher.take(), self.end.take()) {
            let internal = || Error::new(ErrorKind::Internal, "a sketch file without its tag");
            let place = place_of_tag(&end).ok_or_else(internal)?;
            hasher.update(&end);
            let tag = hasher.finalize().to_hex();
            end[place..place + TAG_DIGITS].copy_from_slice(tag.as_bytes());
            self.out.write_all(&end).map_err(|e| unwritable(&e))?;
        }
        self.out.flush().map_err(|e| unwritable(&e))
    }
}

fn unwritable(error: &io::Error) -> Error {
    Error::new(ErrorKind::Output, format!("can't be written: {error}"))
}

impl<W: Write> Write for TagWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(end) = &mut self.end {
            end.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let written = self.out.write(bytes)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where the digits of the tag are, if there is one.
fn place_of_tag(end: &[u8]) -> Option<usize> {
    let marker = [TAG.as_bytes(), &BETWEEN].concat();
    let place = memchr::memmem::rfind(end, &marker)? + marker.len();
    (place + TAG_DIGITS <= end.len()).then_some(place)
}

/// Whether a Parquet file has a tag, as far as its end shows.
///
/// # Errors
/// [`ErrorKind::Input`] if it can't be read.
pub fn has_tag(source: &impl ChunkReader) -> Result<bool> {
    Ok(place_of_tag(&footer(source)?.1).is_some())
}

/// Sees to it that a Parquet file is as a holder of the key wrote it.
///
/// # Errors
/// [`ErrorKind::Input`] if it has no tag, or another one than its bytes have under the key.
pub fn check_tag(source: &impl ChunkReader, key: &Key) -> Result<()> {
    let (start, footer) = footer(source)?;
    let Some(place) = place_of_tag(&footer) else {
        return Err(
            Error::input("a keyed sketch file without a tag, which nothing vouches for")
                .hint("read it without the key, or ask for the file that overlap wrote"),
        );
    };
    let digits = place..place + TAG_DIGITS;
    let found = blake3::Hash::from_hex(&footer[digits.clone()]);
    let found = found.map_err(|_| Error::input("the tag of the sketch file is no tag"))?;
    let mut hasher = blake3::Hasher::new_keyed(key.of_files());
    let mut at = 0;
    let mut reader = source.get_read(0).map_err(|e| unreadable(&e))?;
    let mut piece = vec![0; PIECE];
    while at < start {
        let wanted = usize::try_from(start - at).unwrap_or(PIECE).min(PIECE);
        let piece = &mut piece[..wanted];
        reader.read_exact(piece).map_err(|e| unreadable(&e))?;
        hasher.update(piece);
        at += wanted as u64;
    }
    hasher.update(&footer[..digits.start]);
    hasher.update(&NO_TAG);
    hasher.update(&footer[digits.end..]);
    // The comparison takes the same time wherever they differ.
    match hasher.finalize() == found {
        true => Ok(()),
        false => Err(Error::input(
            "the tag of the sketch file is wrong: the file was changed after it was written",
        )
        .hint("ask its owner for another copy")),
    }
}

/// Where the metadata at a Parquet file's end begin, and all bytes from there.
fn footer(source: &impl ChunkReader) -> Result<(u64, Bytes)> {
    /// The length of the metadata, and the magic.
    const TAIL: u64 = 8;
    let cut_short = || Error::input("cut short");
    let len = source.len();
    let tail = len.checked_sub(TAIL).ok_or_else(cut_short)?;
    let bytes = source.get_bytes(tail, TAIL as usize);
    let bytes = bytes.map_err(|e| unreadable(&e))?;
    let length: [u8; 4] = *bytes.first_chunk().ok_or_else(cut_short)?;
    let start = tail.checked_sub(u32::from_le_bytes(length).into());
    let start = start.ok_or_else(cut_short)?;
    let size = usize::try_from(len - start).map_err(|_| cut_short())?;
    let footer = source.get_bytes(start, size).map_err(|e| unreadable(&e))?;
    Ok((start, footer))
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::input(format!("can't be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{FileNotes, write_table_with};
    use crate::id::{IdBatch, IdSink, Tally};
    use crate::segments::Segments;
    use crate::sketch::{SketchOptions, Sketcher};

    fn keys() -> [Key; 2] {
        [3, 4].map(|add| Key::from_bytes(&std::array::from_fn(|i| i as u8 * add)).expect("a key"))
    }

    fn file(key: &Key, filter: Option<String>) -> Vec<u8> {
        let options = SketchOptions::new(4, 16).expect("valid");
        let mut sketcher = Sketcher::new(options).with_key(key);
        let ids: Vec<i64> = (0..100).collect();
        sketcher.push(IdBatch::Integers(&ids)).expect("integers");
        let table = Segments::whole(sketcher.finish(Tally::default())).expect("one");
        let notes = FileNotes {
            filter,
            key: Some(key.clone()),
            ..FileNotes::default()
        };
        let mut out = Vec::new();
        write_table_with(&table, &[100.0], &notes, &mut out).expect("writes");
        out
    }

    #[test]
    fn the_tag_is_right_under_its_key_and_wrong_under_another() {
        let [key, other] = keys();
        // A condition that looks like the entry.
        let filter = format!("{TAG}\u{18}@{}", "0".repeat(64));
        for filter in [None, Some(filter)] {
            let file = Bytes::from(file(&key, filter));
            check_tag(&file, &key).expect("right");
            let error = check_tag(&file, &other).expect_err("another key");
            assert_eq!(error.kind(), ErrorKind::Input);
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let [key, _] = keys();
        let file = file(&key, None);
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 4;
            assert!(check_tag(&Bytes::from(changed), &key).is_err(), "byte {at}");
        }
        for end in [0, 7, file.len() - 1] {
            let cut = Bytes::copy_from_slice(&file[..end]);
            assert!(check_tag(&cut, &key).is_err(), "{end}");
        }
    }
}
