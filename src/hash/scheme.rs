//! Which hash a sketch was made with: only sketches of one scheme can meet.

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::key::KeyId;
use std::fmt;

/// A hash function with its seed, and how a sketch takes index, rank and sample from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashScheme {
    /// XXH3-64: index and rank from the low end, the sample from the top 48 bits.
    #[default]
    Xxh3,
    /// MurmurHash3 x64 128 with seed 9001, as Apache DataSketches uses it: the sample is the first
    /// word without its lowest bit; the index is the low end of the first word, the rank one more
    /// than the leading zeros of the second.
    Murmur3,
    /// Likewise, but that text is hashed as UTF-16 (little-endian), as Druid's and Hive's HLL sketches of text are.
    Murmur3Utf16,
    /// SipHash-2-4 under the secret key of this fingerprint. Index, rank and sample are taken as from XXH3-64.
    Keyed(KeyId),
}

impl HashScheme {
    /// Every scheme that needs no key.
    pub const ALL: [Self; 3] = [Self::Xxh3, Self::Murmur3, Self::Murmur3Utf16];

    /// Whether it is Apache DataSketches' own, of whatever bytes.
    #[must_use]
    pub const fn is_murmur3(self) -> bool {
        matches!(self, Self::Murmur3 | Self::Murmur3Utf16)
    }

    /// The name that users see and type (`--hash`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xxh3 => "xxh3",
            Self::Murmur3 => "murmur3",
            Self::Murmur3Utf16 => "murmur3-utf16",
            Self::Keyed(_) => "siphash-2-4",
        }
    }

    /// A check value of the function with its seed: the hash of the text `overlap` (XXH3-64; of
    /// MurmurHash3 the first word, with UTF-16 of its 14 bytes). Under a key it is that of the key.
    #[must_use]
    pub const fn fingerprint(self) -> u64 {
        match self {
            Self::Xxh3 => 0x37d6_26b4_78c5_e5c9,
            Self::Murmur3 => 0xbee7_1e7f_51b9_e1d5,
            Self::Murmur3Utf16 => 0x1b2d_e019_2aa1_bf71,
            Self::Keyed(key) => key.get(),
        }
    }

    /// Bits of a hash that the sample keeps.
    #[must_use]
    pub const fn sample_bits(self) -> u32 {
        match self {
            Self::Xxh3 | Self::Keyed(_) => 48,
            Self::Murmur3 | Self::Murmur3Utf16 => 63,
        }
    }
}

impl fmt::Display for HashScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = match self {
            Self::Keyed(_) => "key fingerprint",
            _ => "fingerprint",
        };
        write!(f, "{} ({of} {:016x})", self.name(), self.fingerprint())
    }
}

/// The scheme of two sketches together.
///
/// # Errors
/// [`ErrorKind::Incomparable`] with both fingerprints if they differ.
pub fn merge_schemes(a: HashScheme, b: HashScheme) -> Result<HashScheme> {
    if a == b {
        return Ok(a);
    }
    let error = Error::new(
        ErrorKind::Incomparable,
        format!("sketches of {a} can't be compared with sketches of {b}"),
    );
    Err(match (a, b) {
        (HashScheme::Keyed(_), _) | (_, HashScheme::Keyed(_)) => error.hint([
            "sketch the data of both sides with the same ".into(),
            Setting::KeyFile.into(),
        ]),
        _ => error.hint([
            "sketch both sides again with the same ".into(),
            Setting::Hash.into(),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{DATASKETCHES_SEED, hash_bytes, murmur3_128};

    #[test]
    fn fingerprints_are_hashes_of_a_text() {
        assert_eq!(HashScheme::Xxh3.fingerprint(), hash_bytes(b"overlap"));
        let (first, _) = murmur3_128(b"overlap", DATASKETCHES_SEED);
        assert_eq!(HashScheme::Murmur3.fingerprint(), first);
        let utf16: Vec<u8> = "overlap".bytes().flat_map(|byte| [byte, 0]).collect();
        let (first, _) = murmur3_128(&utf16, DATASKETCHES_SEED);
        assert_eq!(HashScheme::Murmur3Utf16.fingerprint(), first);
    }
}
