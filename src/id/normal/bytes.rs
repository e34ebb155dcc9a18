//! Texts that mean bytes, and digests.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

/// What is made of an ID before it leaves the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256 (FIPS 180-4), 32 bytes.
    Sha256,
    /// SHA-1 (FIPS 180-4), 20 bytes.
    Sha1,
    /// MD5 (RFC 1321), 16 bytes.
    Md5,
}

impl Digest {
    /// Every digest.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha1, Self::Md5];

    /// The name that users type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
            Self::Md5 => "md5",
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// Appends the digest of an ID.
    pub(super) fn push(self, id: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Sha256 => out.extend_from_slice(&sha256(id)),
            Self::Sha1 => out.extend_from_slice(&Sha1::digest(id)),
            Self::Md5 => out.extend_from_slice(&Md5::digest(id)),
        }
    }

    /// Appends the digest that an ID is: as bytes, as hexadecimal of either case, or as base64.
    pub(super) fn read(self, id: &[u8], is_text: bool, out: &mut Vec<u8>) -> Option<()> {
        let start = out.len();
        if !is_text && id.len() == self.bytes() {
            out.extend_from_slice(id);
            return Some(());
        }
        let id = id.trim_ascii();
        let read = match id.len() == 2 * self.bytes() {
            true => hex(id, out),
            false => base64(id, out),
        };
        let is_read = read.is_some() && out.len() - start == self.bytes();
        if !is_read {
            out.truncate(start);
        }
        is_read.then_some(())
    }
}

/// SHA-256. IDs are short, so that nearly all are one block with its padding (FIPS 180-4, section 5.1.1), which is put
/// together here: through the crate's buffer it takes half as long again.
fn sha256(id: &[u8]) -> [u8; 32] {
    /// The square roots of the first eight primes (section 5.3.3).
    const START: [u32; 8] = [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ];
    /// A block without the end mark and the length.
    const ROOM: usize = 64 - 1 - 8;
    if id.len() > ROOM {
        return Sha256::digest(id).into();
    }
    let mut block = [0; 64];
    block[..id.len()].copy_from_slice(id);
    block[id.len()] = 0x80;
    block[56..].copy_from_slice(&(8 * id.len() as u64).to_be_bytes());
    let mut state = START;
    compress256(&mut state, &[block]);
    let mut digest = [0; 32];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// Appends the bytes of hexadecimal digits.
pub(super) fn hex(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let id = id.trim_ascii();
    let id = id.strip_prefix(b"\\x").unwrap_or(id);
    let read = super::super::hex_to_bytes(id, out);
    if read.is_none() || out.len() == start {
        out.truncate(start);
        return None;
    }
    read
}

/// Appends the bytes of base64 (RFC 4648, sections 4 and 5).
pub(crate) fn base64(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, CONFIG);
    let id = id.trim_ascii();
    let start = out.len();
    let is_url = id.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let engine = if is_url { URL_SAFE } else { STANDARD };
    if id.is_empty() || engine.decode_vec(id, out).is_err() {
        out.truncate(start);
        return None;
    }
    Some(())
}

/// Appends the 16 bytes of a UUID.
pub(super) fn uuid(id: &[u8], is_text: bool, is_dotnet: bool, out: &mut Vec<u8>) -> Option<()> {
    const BYTES: usize = 16;
    let start = out.len();
    let bare = match is_text {
        false if id.len() == BYTES => {
            out.extend_from_slice(id);
            true
        }
        _ => {
            let id = id.trim_ascii();
            let urn = id
                .get(..9)
                .filter(|head| head.eq_ignore_ascii_case(b"urn:uuid:"));
            let id = urn.map_or(id, |_| &id[9..]);
            let braces = [(b'{', b'}'), (b'(', b')')];
            let braced = braces
                .iter()
                .find_map(|&(open, close)| id.strip_prefix(&[open])?.strip_suffix(&[close]));
            let id = braced.unwrap_or(id);
            if !matches!(id.len(), 32 | 36) || super::super::hex_to_bytes(id, out).is_none() {
                out.truncate(start);
                return None;
            }
            id.len() == 32
        }
    };
    if out.len() - start != BYTES {
        out.truncate(start);
        return None;
    }
    if is_dotnet && bare {
        let uuid = &mut out[start..];
        uuid[0..4].reverse();
        uuid[4..6].reverse();
        uuid[6..8].reverse();
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ids_have_the_digest_that_long_ones_have() {
        let long: Vec<u8> = (0..200_u8).collect();
        for len in 0..long.len() {
            let expected: [u8; 32] = Sha256::digest(&long[..len]).into();
            assert_eq!(sha256(&long[..len]), expected, "{len}");
        }
    }
}
