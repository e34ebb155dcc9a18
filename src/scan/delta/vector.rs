//! Deletion vectors: the numbers of the rows of a file that are deleted.
//!
//! They lie in the log itself or in a file beside the data. Size, magic, checksum and the number of
//! rows are checked: a vector that isn't what the log says deletes no rows, it is refused.

use super::{file_name, log_path};
use crate::error::{Error, Result};
use crate::scan::store;
use roaring::RoaringTreemap;
use std::path::{Path, PathBuf};

/// Where the log says that a vector is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vector {
    /// `i`: in the log; `u`: in a file whose name comes of a UUID; `p`: in a file of this path.
    pub(super) storage: String,
    pub(super) place: String,
    pub(super) offset: Option<u64>,
    pub(super) bytes: u64,
    /// How many rows it deletes.
    pub(super) rows: u64,
}

/// What serialised bitmaps that every engine can read begin with.
const MAGIC: u32 = 1_681_511_377;

/// Files of vectors are read whole; a larger one is refused.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Characters of a UUID in the file's name.
const UUID_CHARACTERS: usize = 20;

impl Vector {
    /// What tells it from other vectors of the same file.
    pub(super) fn key(&self) -> String {
        let offset = self.offset.map(|at| at.to_string()).unwrap_or_default();
        [&self.storage, &self.place, &offset]
            .map(String::as_str)
            .join("/")
    }

    /// The rows that it deletes.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it isn't there or isn't what the log says.
    pub(super) fn read(&self, root: &Path) -> Result<RoaringTreemap> {
        let bad = |what: &str| Error::input(format!("its deletion vector {what}"));
        let size = usize::try_from(self.bytes).map_err(|_| bad("is too large"))?;
        let bytes = match self.storage.as_str() {
            "i" => {
                let mut bytes = z85(&self.place).ok_or_else(|| bad("isn't Z85"))?;
                // Zeros fill the last four bytes.
                if !(size..size.saturating_add(4)).contains(&bytes.len()) {
                    return Err(bad(&format!("isn't {size} bytes long")));
                }
                bytes.truncate(size);
                bytes
            }
            "u" => self.read_file(&self.file_of_uuid(root)?, size)?,
            "p" => self.read_file(&log_path(root, &self.place), size)?,
            other => return Err(bad(&format!("is stored in an unknown way, {other}"))),
        };
        let deleted =
            bitmap(&bytes).ok_or_else(|| bad("is corrupt, or of a form that isn't read"))?;
        if deleted.len() != self.rows {
            let text = format!("deletes {} rows, not {}", deleted.len(), self.rows);
            return Err(bad(&text));
        }
        Ok(deleted)
    }

    /// The file whose name the last twenty characters say, in a folder that the others name.
    fn file_of_uuid(&self, root: &Path) -> Result<PathBuf> {
        let bad = || Error::input("its deletion vector has a name without sense");
        let at = self.place.len().checked_sub(UUID_CHARACTERS);
        let (folder, uuid) = at
            .and_then(|at| self.place.split_at_checked(at))
            .ok_or_else(bad)?;
        let uuid = z85(uuid).ok_or_else(bad)?;
        let hex: String = uuid.iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        let name = format!("deletion_vector_{}.bin", parts.join("-"));
        Ok(root.join(folder).join(name))
    }

    /// The vector's bytes in a file: their length, themselves and a checksum.
    fn read_file(&self, path: &Path, size: usize) -> Result<Vec<u8>> {
        let name = file_name(path);
        let bad = |what: &str| Error::input(format!("its deletion vector {name} {what}"));
        if !store::is_file(path) {
            return Err(bad("is missing"));
        }
        let file = store::read_bytes(path, FILE_BYTES_MAX).map_err(|e| bad(&e.message()))?;
        if file.first() != Some(&1) {
            return Err(bad("is of an unknown version"));
        }
        // Behind the version.
        let at = usize::try_from(self.offset.unwrap_or(1)).map_err(|_| bad("is cut short"))?;
        let rest = file.get(at..).and_then(<[u8]>::split_first_chunk);
        let (stored_size, rest) = rest.ok_or_else(|| bad("is cut short"))?;
        if usize::try_from(u32::from_be_bytes(*stored_size)) != Ok(size) {
            return Err(bad(&format!("isn't {size} bytes long")));
        }
        let parts = rest.split_at_checked(size);
        let (bytes, rest) = parts.ok_or_else(|| bad("is cut short"))?;
        let checksum = rest.first_chunk().ok_or_else(|| bad("is cut short"))?;
        if crc32fast::hash(bytes) != u32::from_be_bytes(*checksum) {
            return Err(bad("has another checksum than it says"));
        }
        Ok(bytes.to_vec())
    }
}

/// A bitmap behind its magic, and nothing behind it.
fn bitmap(bytes: &[u8]) -> Option<RoaringTreemap> {
    let (magic, mut bytes) = bytes.split_first_chunk()?;
    if u32::from_le_bytes(*magic) != MAGIC {
        return None;
    }
    let bitmap = RoaringTreemap::deserialize_from(&mut bytes).ok()?;
    bytes.is_empty().then_some(bitmap)
}

/// Bytes of text in Z85, four of five characters each.
fn z85(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 85] =
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    let (groups, rest) = text.as_bytes().as_chunks::<5>();
    if !rest.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(groups.len() * 4);
    for group in groups {
        let digit = |character: &u8| DIGITS.iter().position(|digit| digit == character);
        let number = group.iter().try_fold(0_u64, |number, character| {
            Some(number * 85 + u64::try_from(digit(character)?).ok()?)
        });
        bytes.extend(u32::try_from(number?).ok()?.to_be_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialised(rows: &[u64]) -> Vec<u8> {
        let mut bytes = MAGIC.to_le_bytes().to_vec();
        let bitmap: RoaringTreemap = rows.iter().copied().collect();
        bitmap.serialize_into(&mut bytes).expect("in memory");
        bytes
    }

    fn vector(storage: &str, place: &str, bytes: usize, rows: u64) -> Vector {
        Vector {
            storage: storage.into(),
            place: place.into(),
            offset: None,
            bytes: bytes as u64,
            rows,
        }
    }

    /// The example of Delta's own reader.
    const INLINE: &str = "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";

    /// That of its protocol, in a form that only Java writes.
    const NATIVE: &str = "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L";

    #[test]
    fn the_vector_of_deltas_example_deletes_its_six_rows() {
        let read = vector("i", INLINE, 44, 6).read(Path::new("."));
        let rows: Vec<u64> = read.expect("a vector").iter().collect();
        assert_eq!(rows, [3, 4, 7, 11, 18, 29]);
    }

    #[test]
    fn a_vector_that_is_not_what_the_log_says_is_refused() {
        let refused = |vector: Vector, word: &str| {
            let error = vector.read(Path::new("no such folder")).expect_err(word);
            assert!(error.message().contains(word), "{error}");
        };
        refused(vector("i", INLINE, 44, 5), "deletes 6 rows, not 5");
        refused(vector("i", INLINE, 40, 6), "isn't 40 bytes");
        refused(vector("i", INLINE, 43, 6), "corrupt");
        refused(vector("i", NATIVE, 40, 6), "form that isn't read");
        refused(vector("i", "wi5b", 4, 6), "isn't Z85");
        refused(vector("i", "\u{e9}\u{e9}a", 4, 6), "isn't Z85");
        refused(vector("x", "", 4, 6), "unknown way");
        refused(vector("u", "short", 4, 6), "name without sense");
        refused(vector("u", "ab^-aqEH.-t@S}K{vb[*k^", 36, 2), "is missing");
    }

    #[test]
    fn a_file_of_vectors_is_checked_before_rows_are_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let bytes = serialised(&[1, 1 << 33]);
        let mut file = vec![1];
        file.extend(u32::try_from(bytes.len()).expect("short").to_be_bytes());
        file.extend(&bytes);
        file.extend(crc32fast::hash(&bytes).to_be_bytes());
        let read = |file: &[u8], size: usize| {
            std::fs::create_dir_all(folder.path().join("ab")).expect("made");
            let name = "ab/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
            std::fs::write(folder.path().join(name), file).expect("written");
            vector("u", "ab^-aqEH.-t@S}K{vb[*k^", size, 2).read(folder.path())
        };
        let rows = read(&file, bytes.len()).expect("a vector");
        assert_eq!(rows.iter().collect::<Vec<_>>(), [1, 1 << 33]);
        let refused = |file: &[u8], size: usize, word: &str| {
            let error = read(file, size).expect_err(word);
            assert!(error.message().contains(word), "{error}");
        };
        refused(&file, bytes.len() + 1, "bytes long");
        refused(&file[..file.len() - 1], bytes.len(), "cut short");
        refused(&[], bytes.len(), "unknown version");
        for at in 5..file.len() {
            let mut flipped = file.clone();
            flipped[at] ^= 1;
            refused(&flipped, bytes.len(), "checksum");
        }
    }
}
