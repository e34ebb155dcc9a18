//! Fields as bytes and back, with a tag at the end; nothing is read that isn't there.

use super::group::Element;
use super::numbers::{Epsilon, Holding, Options};
use crate::error::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};

/// SHA-256 of everything before it: what damage and mix-ups are found by. Not a signature.
pub(super) type Tag = [u8; 32];

/// Fields on their way into a file. Numbers are little-endian, texts and lists begin with their length.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn new(magic: [u8; 8], version: u8, kind: u8) -> Self {
        let mut bytes = magic.to_vec();
        bytes.extend([version, kind]);
        Self(bytes)
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.raw(&number.to_le_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    pub(super) fn i64(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// How many items follow. Nothing here has 2^32 of them.
    pub(super) fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).unwrap_or(u32::MAX));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.raw(text.as_bytes());
    }

    pub(super) fn elements(&mut self, elements: &[Element]) {
        self.count(elements.len());
        self.raw(elements.as_flattened());
    }

    pub(super) fn options(&mut self, options: &Options) {
        self.text(&options.hash);
        self.text(&options.id_type);
        self.text(&options.profile);
        self.text(&options.by);
        self.u8(options.bits);
        self.u64(options.epsilon.map_or(0, Epsilon::millionths));
    }

    pub(super) fn holding(&mut self, holding: &Holding) {
        self.text(&holding.label);
        self.u64(holding.users);
        self.u8(holding.exact.into());
        self.u8(holding.precision);
        self.u64(holding.theta);
        self.u32(holding.k);
    }

    /// The file, and its tag.
    pub(super) fn finish(mut self) -> (Vec<u8>, Tag) {
        let tag = tag(&self.0);
        self.raw(&tag);
        (self.0, tag)
    }
}

fn tag(bytes: &[u8]) -> Tag {
    Sha256::digest(bytes).into()
}

/// Fields of a file whose tag is right.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) kind: u8,
    pub(super) tag: Tag,
}

impl<'a> Reader<'a> {
    /// Checks magic, version and tag.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for another kind of file, [`ErrorKind::Incomparable`] for another version,
    /// [`ErrorKind::Refused`] for a damaged one.
    pub(super) fn open(bytes: &'a [u8], magic: [u8; 8], version: u8, what: &str) -> Result<Self> {
        let Some(rest) = bytes.strip_prefix(&magic) else {
            return Err(Error::input(format!("isn't {what}")));
        };
        match rest.first() {
            None => return Err(damaged()),
            Some(&found) if found != version => {
                let error =
                    format!("{what} of version {found}, but this program knows version {version}");
                return Err(Error::new(ErrorKind::Incomparable, error)
                    .hint("use the same version of overlap on both sides"));
            }
            Some(_) => {}
        }
        let Some((covered, found)) = bytes.split_last_chunk::<32>() else {
            return Err(damaged());
        };
        if tag(covered) != *found {
            return Err(damaged());
        }
        let body = covered.get(magic.len() + 1..).and_then(<[u8]>::split_first);
        let Some((&kind, bytes)) = body else {
            return Err(damaged());
        };
        Ok(Self {
            bytes,
            kind,
            tag: *found,
        })
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len).ok_or_else(damaged)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(damaged)?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn bool(&mut self) -> Result<bool> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged()),
        }
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn i64(&mut self) -> Result<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(super) fn text(&mut self) -> Result<String> {
        let len = self.u32()?;
        let bytes = self.take(usize::try_from(len).unwrap_or(usize::MAX))?;
        let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
        Ok(text.to_owned())
    }

    /// As many items as a count in the file says. No room is made for more than the file has bytes.
    pub(super) fn items<T>(&mut self, item: impl Fn(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let count = self.u32()?;
        (0..count).map(|_| item(self)).collect()
    }

    pub(super) fn elements(&mut self) -> Result<Vec<Element>> {
        let count = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        let bytes = self.take(count.saturating_mul(size_of::<Element>()))?;
        Ok(bytes.as_chunks().0.to_vec())
    }

    pub(super) fn options(&mut self) -> Result<Options> {
        let (hash, id_type) = (self.text()?, self.text()?);
        let (profile, by) = (self.text()?, self.text()?);
        let bits = self.u8()?;
        let epsilon = match self.u64()? {
            0 => None,
            millionths => Some(Epsilon::from_millionths(millionths).ok_or_else(damaged)?),
        };
        if !(16..=63).contains(&bits) {
            return Err(damaged());
        }
        Ok(Options {
            hash,
            id_type,
            profile,
            by,
            bits,
            epsilon,
        })
    }

    /// # Errors
    /// [`ErrorKind::Refused`] for what no sample says.
    pub(super) fn holding(&mut self, bits: u8) -> Result<Holding> {
        let holding = Holding {
            label: self.text()?,
            users: self.u64()?,
            exact: self.bool()?,
            precision: self.u8()?,
            theta: self.u64()?,
            k: self.u32()?,
        };
        let is_whole = holding.theta == 1 << bits;
        let possible = (1..=1 << bits).contains(&holding.theta)
            && holding.k <= Holding::K_MAX
            && holding.precision <= 24
            && holding.exact == is_whole
            && !(holding.exact && holding.users > u64::from(holding.k));
        if possible {
            Ok(holding)
        } else {
            Err(damaged())
        }
    }

    /// # Errors
    /// [`ErrorKind::Refused`] if there is more.
    pub(super) fn finish(self) -> Result<()> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(damaged())
        }
    }
}

/// An error for a file that isn't what was written.
pub(super) fn damaged() -> Error {
    Error::new(
        ErrorKind::Refused,
        "is damaged: its tag or one of its fields is wrong",
    )
    .hint("send the file again")
}
