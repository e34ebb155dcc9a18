//! Texts that mean bytes, and digests.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
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
            Self::Sha256 => out.extend_from_slice(&Sha256::digest(id)),
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
