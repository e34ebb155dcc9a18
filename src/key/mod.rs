//! Secret keys of sketches: what is derived from them, and how they are written down.
//!
//! Knows bytes and text; files are read and written elsewhere. A key is 32 random bytes that two
//! parties share. Everything that a key does is done by a sub-key of its own, by BLAKE3's
//! `derive_key`: one hashes IDs, one signs files, and one is public, the fingerprint.

mod text;

use crate::error::{Error, ErrorKind, Result};
use std::fmt;
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// The contexts of the sub-keys. They are part of the format: another text is another hash.
const FINGERPRINT: &str = "overlap 2026 fingerprint of a key";
const OF_IDS: &str = "overlap 2026 siphash-2-4 of ids";
const OF_FILES: &str = "overlap 2026 tag of a sketch file";

/// The fingerprint of a key: says which key it was, and nothing of the key itself.
///
/// It is the first eight bytes of BLAKE3's `derive_key` of the key, as a little-endian integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(u64);

impl KeyId {
    /// The fingerprint that is this number, such as one that a file names.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The fingerprint as a number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A secret key. Copies share one secret, which is overwritten with zeros when the last is gone.
///
/// ```
/// use overlap::Key;
///
/// let key = Key::generate()?;
/// let text = key.text();
/// assert_eq!(Key::parse(text.as_bytes())?.fingerprint(), key.fingerprint());
/// assert!(!format!("{key:?}").contains(&text[14..30]));
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone)]
pub struct Key(Arc<Secret>);

struct Secret {
    bytes: [u8; KEY_BYTES],
    of_ids: [u64; 2],
    of_files: [u8; KEY_BYTES],
    fingerprint: KeyId,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
        self.of_ids.zeroize();
        self.of_files.zeroize();
    }
}

impl Key {
    /// A new key, of the system's randomness.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`] if the system has none.
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(|e| {
            Error::new(
                ErrorKind::Internal,
                format!("the system gives no random bytes for a key: {e}"),
            )
        })?;
        Self::from_bytes(&bytes)
    }

    /// The key of these bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if all bytes are equal: that is no secret.
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self> {
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(
                Error::usage("the bytes of the key are all equal, which is no secret")
                    .hint("make a key with: overlap key new -o FILE"),
            );
        }
        let sub_key = |context| Zeroizing::new(blake3::derive_key(context, bytes));
        let of_ids = sub_key(OF_IDS);
        let (first, second) = (word(&of_ids[..8]), word(&of_ids[8..16]));
        Ok(Self(Arc::new(Secret {
            bytes: *bytes,
            of_ids: [first, second],
            of_files: *sub_key(OF_FILES),
            fingerprint: KeyId(word(&sub_key(FINGERPRINT)[..8])),
        })))
    }

    /// The key that a text holds, as [`Self::text`] writes it. A line end behind it may be there or
    /// not, of either kind.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if it isn't such a text, or its checksum is wrong. No error repeats any
    /// of it.
    pub fn parse(text: &[u8]) -> Result<Self> {
        Self::from_bytes(&*text::parse(text)?)
    }

    /// The key as one line of text with a checksum, without a line end.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        text::write(&self.0.bytes)
    }

    /// Which key it is, for everybody to know.
    #[must_use]
    pub fn fingerprint(&self) -> KeyId {
        self.0.fingerprint
    }

    /// The key of SipHash for IDs, as two words.
    pub(crate) fn of_ids(&self) -> [u64; 2] {
        self.0.of_ids
    }

    /// The key under which files are signed.
    pub(crate) fn of_files(&self) -> &[u8; KEY_BYTES] {
        &self.0.of_files
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for Key {}

/// Only the fingerprint: a key that is printed by mistake gives nothing away.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(fingerprint {})", self.0.fingerprint)
    }
}

/// Eight bytes, the lowest first; fewer are the low end.
fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let bytes: [u8; KEY_BYTES] = std::array::from_fn(|i| i as u8);
        Key::from_bytes(&bytes).expect("a key")
    }

    /// From BLAKE3's repository, test_vectors/test_vectors.json: the input is the bytes 0, 1, 2 …
    /// modulo 251, the context that of the file.
    #[test]
    fn published_vectors_of_blake3_hold() {
        const CONTEXT: &str = "BLAKE3 2019-12-27 16:29:52 test vectors context";
        const KEYED: &[u8; 32] = b"whats the Elvish word for friend";
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        for (len, hash, keyed, derived) in VECTORS {
            let input: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            assert_eq!(hex(blake3::hash(&input).as_bytes()), hash, "{len}");
            assert_eq!(
                hex(blake3::keyed_hash(KEYED, &input).as_bytes()),
                keyed,
                "{len}"
            );
            assert_eq!(hex(&blake3::derive_key(CONTEXT, &input)), derived, "{len}");
        }
    }

    const VECTORS: [(usize, &str, &str, &str); 4] = [
        (
            0,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26",
            "2cc39783c223154fea8dfb7c1b1660f2ac2dcbd1c1de8277b0b0dd39b7e50d7d",
        ),
        (
            1,
            "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
            "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b",
            "b3e2e340a117a499c6cf2398a19ee0d29cca2bb7404c73063382693bf66cb06c",
        ),
        (
            1024,
            "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
            "75c46f6f3d9eb4f55ecaaee480db732e6c2105546f1e675003687c31719c7ba4",
            "7356cd7720d5b66b6d0697eb3177d9f8d73a4a5c5e968896eb6a689684302706",
        ),
        (
            7169,
            "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817",
            "ed9b1a922c046fdb3d423ae34e143b05ca1bf28b710432857bf738bcedbfa511",
            "554b0a5efea9ef183f2f9b931b7497995d9eb26f5c5c6dad2b97d62fc5ac31d9",
        ),
    ];

    #[test]
    fn sub_keys_are_of_different_contexts_and_never_the_key() {
        let key = key();
        let files = word(&key.of_files()[..8]);
        let all = [
            word(&key.0.bytes[..8]),
            key.of_ids()[0],
            files,
            key.fingerprint().get(),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn keys_of_equal_bytes_are_refused_and_generated_ones_differ() {
        let error = Key::from_bytes(&[7; KEY_BYTES]).expect_err("no secret");
        assert_eq!(error.kind(), ErrorKind::Usage);
        let (a, b) = (Key::generate().expect("one"), Key::generate().expect("one"));
        assert_ne!(a.fingerprint(), b.fingerprint());
    }

    #[test]
    fn a_key_that_is_printed_shows_its_fingerprint_alone() {
        let shown = format!("{:?}", key());
        assert_eq!(shown, format!("Key(fingerprint {})", key().fingerprint()));
    }
}
