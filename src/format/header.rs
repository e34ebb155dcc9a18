//! What every blob begins and ends with: magic, version, hash, ID type; checksum.

use super::cursor::Cursor;
use crate::error::{Error, Result};
use crate::hash::HashScheme;
use crate::id::{IdDomain, Profile};
use crate::key::KeyId;
use crate::sketch::Sketch;

/// The version of both blobs where IDs are as they were written. There are no minor versions: any
/// change of their bytes or of what these mean is a new number, and a reader refuses what it doesn't
/// know.
pub const FORMAT_VERSION: u8 = 1;

/// The version of blobs of normalised IDs: their profile follows the fingerprint. Programs that know
/// version 1 alone must not take them for IDs as they were written.
const WITH_PROFILE: u8 = 2;

/// The version of blobs of keyed hashes: the fingerprint is that of the key, and a profile, which may be
/// empty, follows it.
const KEYED: u8 = 3;

/// Magic, version, hash, ID type, parameter, fingerprint.
pub(super) const HEADER_BYTES: usize = 16;

/// The checksum behind the body.
const CHECKSUM_BYTES: usize = 4;

/// Which of the blobs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Registers,
    Sample,
    Spelling,
}

impl Kind {
    const fn magic(self) -> [u8; 4] {
        match self {
            Self::Registers => *b"OVLR",
            Self::Sample => *b"OVLS",
            Self::Spelling => *b"OVLP",
        }
    }

    /// Says in which blob it was.
    pub(super) fn locate(self, error: Error) -> Error {
        error.prefix(match self {
            Self::Registers => "corrupt registers of a sketch: ",
            Self::Sample => "corrupt sample of a sketch: ",
            Self::Spelling => "corrupt spelling of a sketch: ",
        })
    }
}

/// What a blob says of the IDs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) scheme: HashScheme,
    pub(super) domain: Option<IdDomain>,
    pub(super) profile: Profile,
}

impl Header {
    pub(super) fn of(sketch: &Sketch) -> Self {
        Self {
            scheme: sketch.hash(),
            domain: sketch.domain(),
            profile: sketch.profile().clone(),
        }
    }
}

/// A blob around `body`; `parameter` is the kind's own byte.
pub(super) fn wrap(kind: Kind, header: &Header, parameter: u8, body: &[u8]) -> Vec<u8> {
    let mut blob = Vec::with_capacity(HEADER_BYTES + body.len() + CHECKSUM_BYTES);
    blob.extend_from_slice(&kind.magic());
    let profile = header.profile.text();
    let version = match header.scheme {
        HashScheme::Keyed(_) => KEYED,
        _ if profile.is_empty() => FORMAT_VERSION,
        _ => WITH_PROFILE,
    };
    blob.push(version);
    blob.push(scheme_code(header.scheme));
    blob.push(domain_code(header.domain));
    blob.push(parameter);
    blob.extend_from_slice(&header.scheme.fingerprint().to_le_bytes());
    if version != FORMAT_VERSION {
        // Profiles are made of rules, whose number and length are limited.
        let length = u16::try_from(profile.len()).unwrap_or(u16::MAX);
        blob.extend_from_slice(&length.to_le_bytes());
        blob.extend_from_slice(profile.as_bytes());
    }
    blob.extend_from_slice(body);
    let checksum = crc32fast::hash(&blob);
    blob.extend_from_slice(&checksum.to_le_bytes());
    blob
}

/// Header, parameter and body of a blob whose checksum is right.
pub(super) fn unwrap(kind: Kind, blob: &[u8]) -> Result<(Header, u8, &[u8])> {
    parse(kind, blob).map_err(|e| kind.locate(e))
}

fn parse(kind: Kind, blob: &[u8]) -> Result<(Header, u8, &[u8])> {
    let mut bytes = Cursor::new(blob);
    if bytes.take(4)? != kind.magic() {
        return Err(Error::input("another magic"));
    }
    let version = bytes.u8()?;
    if !matches!(version, FORMAT_VERSION | WITH_PROFILE | KEYED) {
        return Err(of_another_version(version));
    }
    let Some((covered, checksum)) = blob.split_last_chunk() else {
        return Err(Error::input("cut short"));
    };
    if crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
        return Err(Error::input("its checksum is wrong"));
    }
    let mut bytes = Cursor::new(covered);
    bytes.take(5)?;
    let code = bytes.u8()?;
    let domain = domain_of(bytes.u8()?)?;
    let parameter = bytes.u8()?;
    let scheme = scheme_of(version, code, bytes.u64()?)?;
    let profile = match version {
        FORMAT_VERSION => Profile::default(),
        _ => profile(&mut bytes, version == KEYED)?,
    };
    let header = Header {
        scheme,
        domain,
        profile,
    };
    Ok((header, parameter, bytes.remainder()))
}

/// The hash of a code and a fingerprint. A keyed hash is of version 3, and no other hash is.
fn scheme_of(version: u8, code: u8, fingerprint: u64) -> Result<HashScheme> {
    let keyed = HashScheme::Keyed(KeyId::new(fingerprint));
    let mut known = HashScheme::ALL.into_iter().chain([keyed]);
    let scheme = known.find(|&scheme| scheme_code(scheme) == code);
    let scheme = scheme.ok_or_else(|| Error::input("of an unknown hash"))?;
    if (scheme == keyed) != (version == KEYED) {
        return Err(Error::input(format!(
            "hash {} in format version {version}",
            scheme.name()
        )));
    }
    if scheme.fingerprint() != fingerprint {
        return Err(Error::input(format!("not the fingerprint of {scheme}")));
    }
    Ok(scheme)
}

/// A profile: its length and its text, which only some kinds of files may leave empty.
pub(super) fn profile(bytes: &mut Cursor<'_>, may_be_empty: bool) -> Result<Profile> {
    let length = usize::from(bytes.u16()?);
    if length == 0 && may_be_empty {
        return Ok(Profile::default());
    }
    if length == 0 || length > Profile::BYTES_MAX {
        return Err(Error::input("a profile of an impossible length"));
    }
    let text = std::str::from_utf8(bytes.take(length)?);
    let text = text.map_err(|_| Error::input("a profile that isn't text"))?;
    if text.contains(char::is_control) {
        return Err(Error::input("a profile with control characters"));
    }
    Ok(Profile::of(text))
}

fn of_another_version(version: u8) -> Error {
    let error = Error::input(format!("of format version {version}"));
    if version == 0 {
        return error;
    }
    error.hint(format!(
        "this program reads versions {FORMAT_VERSION} to {KEYED}: it needs an overlap that reads version {version}"
    ))
}

const fn scheme_code(scheme: HashScheme) -> u8 {
    match scheme {
        HashScheme::Xxh3 => 1,
        HashScheme::Murmur3 => 2,
        HashScheme::Murmur3Utf16 => 3,
        HashScheme::Keyed(_) => 4,
    }
}

pub(super) const fn domain_code(domain: Option<IdDomain>) -> u8 {
    match domain {
        None => 0,
        Some(IdDomain::Integer) => 1,
        Some(IdDomain::Text) => 2,
        Some(IdDomain::Binary) => 3,
    }
}

pub(super) fn domain_of(code: u8) -> Result<Option<IdDomain>> {
    match code {
        0 => Ok(None),
        1 => Ok(Some(IdDomain::Integer)),
        2 => Ok(Some(IdDomain::Text)),
        3 => Ok(Some(IdDomain::Binary)),
        _ => Err(Error::input("of an unknown id type")),
    }
}
