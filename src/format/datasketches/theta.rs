//! Theta images: every version and form is read; compact, ordered ones of version 3 are written.

use super::super::cursor::Cursor;
use super::{FLAG_COMPACT, FLAG_EMPTY, ensure_little_endian, wrong_family, wrong_length};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::SEED_HASH;
use crate::sketch::SketchOptions;

/// Families of theta images: two kinds of hash tables that go on counting, and compact ones.
const ALPHA: u8 = 1;
const QUICK_SELECT: u8 = 2;
const COMPACT: u8 = 3;
/// Unions had images of this family before version 3.
const UNION: u8 = 4;

const FLAG_READ_ONLY: u8 = 2;
const FLAG_ORDERED: u8 = 16;

/// The version that is written.
const VERSION: u8 = 3;

/// What a theta image says: the hashes of all users that are below θ.
///
/// ```
/// use overlap::format::datasketches::ThetaImage;
///
/// // What Apache DataSketches writes for the integer 1.
/// let bytes = [1, 3, 3, 0, 0, 0x1a, 0xcc, 0x93, 0x15, 0xf9, 0x7d, 0xcb, 0xbd, 0x86, 0xa1, 0x05];
/// let image = ThetaImage::decode(&bytes)?;
/// let (first, _) = overlap::murmur3_128(&1_i64.to_le_bytes(), overlap::DATASKETCHES_SEED);
/// assert_eq!(image.hashes, [first >> 1]);
/// assert_eq!(image.encode()?, bytes);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThetaImage {
    /// θ times 2^63 − 1: between 1 and [`Self::THETA_MAX`], which says that `hashes` are all.
    pub theta: u64,
    /// Ascending, distinct, above 0 and below `theta`: the first word of MurmurHash3 under seed
    /// 9001, without its lowest bit.
    pub hashes: Vec<u64>,
    /// There was no user at all, as opposed to none below θ.
    pub empty: bool,
}

impl ThetaImage {
    /// θ = 1.
    pub const THETA_MAX: u64 = i64::MAX.cast_unsigned();

    /// What `hashes` below `theta` say; sorts them.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if no sketch has them: θ out of range, a hash that is 0, twice there or
    /// not below θ.
    pub fn new(theta: u64, mut hashes: Vec<u64>) -> Result<Self> {
        hashes.sort_unstable();
        let empty = theta == Self::THETA_MAX && hashes.is_empty();
        let image = Self {
            theta,
            hashes,
            empty,
        };
        image.validate()?;
        Ok(image)
    }

    /// Reads an image: compact ones of versions 1 to 3, compressed ones (version 4, which Spark
    /// writes), and the hash tables of sketches that go on counting.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for whatever no sketch writes: another family or version, lengths that
    /// don't fit, surplus bytes, impossible hashes. [`ErrorKind::Incomparable`] for another seed; an
    /// image of no users may have any, and one of version 1 doesn't say.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let head = Head::read(&mut cursor)?;
        let (theta, hashes) = match (head.version, head.family) {
            (1, ALPHA..=COMPACT) | (2, ALPHA..=UNION) => head.read_old(&mut cursor)?,
            (3, COMPACT) => head.read_compact(&mut cursor)?,
            (3, ALPHA | QUICK_SELECT) => head.read_table(&mut cursor)?,
            (4, COMPACT) => head.read_compressed(&mut cursor)?,
            (1..=4, family) => return Err(wrong_family("a theta sketch", family)),
            (version, COMPACT) => {
                return Err(Error::input(format!(
                    "a theta sketch of version {version}, but only 1 to 4 are known"
                )));
            }
            (_, family) => return Err(wrong_family("a theta sketch", family)),
        };
        cursor.finish()?;
        if head.is_empty() {
            if !hashes.is_empty() {
                let n = hashes.len();
                return Err(Error::input(format!("an empty sketch with {n} hashes")));
            }
            // A sampled sketch of no users may keep its θ, which says nothing.
            return Self::new(Self::THETA_MAX, hashes);
        }
        head.ensure_ordered(&hashes)?;
        let image = Self::new(theta, hashes)?;
        if !image.empty {
            head.ensure_seed()?;
        }
        Ok(image)
    }

    /// The compact, ordered image of version 3, byte by byte as the C++ library writes it: the seed's
    /// hash is always there, a single hash has no flag of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] if the fields aren't what they should be.
    pub fn encode(&self) -> Result<Vec<u8>> {
        self.validate()?;
        let n = self.hashes.len();
        let (longs, empty) = match (self.theta == Self::THETA_MAX, n) {
            (true, 0) => (1, FLAG_EMPTY),
            (true, 1) => (1, 0),
            (true, _) => (2, 0),
            (false, _) => (3, 0),
        };
        let flags = FLAG_READ_ONLY | FLAG_COMPACT | FLAG_ORDERED | empty;
        let mut image = vec![longs, VERSION, COMPACT, 0, 0, flags];
        image.extend(SEED_HASH.to_le_bytes());
        if longs > 1 {
            let n = u32::try_from(n)
                .map_err(|_| Error::input(format!("{n} hashes, more than an image counts")))?;
            image.extend(n.to_le_bytes());
            // A sampling probability, which only sketches that go on counting have.
            image.extend(0_f32.to_le_bytes());
        }
        if longs > 2 {
            image.extend(self.theta.to_le_bytes());
        }
        image.extend(self.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
        Ok(image)
    }

    fn validate(&self) -> Result<()> {
        let (theta, hashes) = (self.theta, &self.hashes);
        if !(1..=Self::THETA_MAX).contains(&theta) {
            return Err(Error::input(format!("θ is {theta}, not 1 to 2^63 - 1")));
        }
        if !hashes.is_sorted_by(|a, b| a < b) {
            return Err(Error::input("hashes that aren't distinct and ascending"));
        }
        match (hashes.first(), hashes.last()) {
            (Some(0), _) => Err(Error::input("a hash is 0")),
            (_, Some(&hash)) if hash >= theta => Err(Error::input(format!(
                "hash {hash} isn't below θ, which is {theta}"
            ))),
            _ => Ok(()),
        }
    }
}

/// The first eight bytes of an image.
struct Head {
    /// Words of eight bytes before the hashes.
    longs: u8,
    version: u8,
    family: u8,
    /// Version 4: bits of a gap. Hash tables: log2 of the nominal number of hashes.
    fourth: u8,
    /// Version 4: bytes of the count. Hash tables: log2 of their length.
    fifth: u8,
    flags: u8,
    seed_hash: u16,
}

impl Head {
    /// The upper two bits of the first byte say how hash tables grow.
    const LONGS: u8 = 0x3f;

    fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let head = Self {
            longs: cursor.u8()? & Self::LONGS,
            version: cursor.u8()?,
            family: cursor.u8()?,
            fourth: cursor.u8()?,
            fifth: cursor.u8()?,
            flags: cursor.u8()?,
            seed_hash: cursor.u16()?,
        };
        if head.version > 1 {
            ensure_little_endian(head.flags)?;
        }
        Ok(head)
    }

    /// Before version 3 there was no such flag.
    const fn is_empty(&self) -> bool {
        self.version >= 3 && self.flags & FLAG_EMPTY != 0
    }

    /// Whoever reads an image that says so by halving would be misled.
    fn ensure_ordered(&self, hashes: &[u64]) -> Result<()> {
        let is_said = self.version >= 3 && self.flags & FLAG_ORDERED != 0;
        if self.family == COMPACT && is_said && !hashes.is_sorted() {
            return Err(Error::input("ordered hashes that aren't ascending"));
        }
        Ok(())
    }

    fn ensure_seed(&self) -> Result<()> {
        // The first version didn't say.
        if self.version == 1 || self.seed_hash == SEED_HASH {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Incomparable,
            format!(
                "a theta sketch of another seed: its hash is {:04x}, that of 9001 is {SEED_HASH:04x}",
                self.seed_hash
            ),
        )
        .hint("sketch the data again with the default seed"))
    }

    /// Versions 1 and 2: as version 3, but a single hash has its count before it.
    fn read_old(&self, cursor: &mut Cursor<'_>) -> Result<(u64, Vec<u64>)> {
        let (n, theta) = match (self.version, self.longs) {
            (1, 3) | (2, 2..=3) => self.read_counts(cursor)?,
            (2, 1) => (0, ThetaImage::THETA_MAX),
            (1, longs) => return Err(wrong_length("a preamble", longs, "3")),
            (_, longs) => return Err(wrong_length("a preamble", longs, "1 to 3")),
        };
        Ok((theta, read_hashes(cursor, n)?))
    }

    fn read_compact(&self, cursor: &mut Cursor<'_>) -> Result<(u64, Vec<u64>)> {
        let (n, theta) = match self.longs {
            1 => (u32::from(!self.is_empty()), ThetaImage::THETA_MAX),
            2..=3 => self.read_counts(cursor)?,
            longs => return Err(wrong_length("a preamble", longs, "1 to 3")),
        };
        Ok((theta, read_hashes(cursor, n)?))
    }

    /// A table of 2^lg places, 0 where there is no hash. Hashes from θ on wait to be swept out.
    fn read_table(&self, cursor: &mut Cursor<'_>) -> Result<(u64, Vec<u64>)> {
        if self.flags & FLAG_COMPACT != 0 || self.longs != 3 {
            return Err(Error::input("neither a hash table nor a compact sketch"));
        }
        let (n, theta) = self.read_counts(cursor)?;
        let places = cursor.rest()?;
        if 1_usize.checked_shl(self.fifth.into()) != Some(places.len()) {
            return Err(Error::input(format!(
                "a table of {} places instead of 2^{}",
                places.len(),
                self.fifth
            )));
        }
        let mut hashes = integers(places);
        hashes.retain(|&hash| hash != 0);
        let filled = hashes.len();
        hashes.retain(|&hash| hash < theta);
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        if n != filled && n != hashes.len() {
            return Err(Error::input(format!(
                "a table of {n} hashes with {filled} in it"
            )));
        }
        Ok((theta, hashes))
    }

    /// Gaps between ascending hashes, all of one width.
    fn read_compressed(&self, cursor: &mut Cursor<'_>) -> Result<(u64, Vec<u64>)> {
        let (width, count_len) = (self.fourth, self.fifth);
        if !(1..=63).contains(&width) || !(1..=4).contains(&count_len) {
            return Err(Error::input(format!(
                "hashes in {width} bits, counted in {count_len} bytes"
            )));
        }
        // The Java documentation shows 3 words where its code writes 2; all readers take both.
        let theta = match self.longs {
            1 => ThetaImage::THETA_MAX,
            2..=3 => cursor.u64()?,
            longs => return Err(wrong_length("a preamble", longs, "1 to 3")),
        };
        let n = cursor.take(count_len.into())?;
        let n = n.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte));
        // A hash may take a single bit here, and 8 bytes as soon as it is read.
        let most = *SketchOptions::K_RANGE.end();
        if usize::try_from(n).map_or(true, |n| n > most) {
            return Err(Error::input(format!(
                "{n} hashes; at most {most} are taken"
            )));
        }
        let packed = cursor.items::<1>((n * u64::from(width)).div_ceil(8))?;
        let mut bits = Bits {
            bytes: packed.as_flattened(),
            used: 0,
        };
        let mut hash = 0_u64;
        let hashes = (0..n).map(|_| {
            hash = hash.checked_add(bits.take(width)?)?;
            Some(hash)
        });
        let hashes: Option<Vec<u64>> = hashes.collect();
        let hashes = hashes.ok_or_else(|| Error::input("a hash of more than 63 bits"))?;
        if bits.rest() != 0 {
            return Err(Error::input("bits are set behind the last hash"));
        }
        Ok((theta, hashes))
    }

    /// The count, and θ if there is room for it.
    fn read_counts(&self, cursor: &mut Cursor<'_>) -> Result<(u32, u64)> {
        let n = cursor.u32()?;
        // A sampling probability, which θ already knows.
        cursor.u32()?;
        let theta = match self.longs {
            2 => ThetaImage::THETA_MAX,
            _ => cursor.u64()?,
        };
        Ok((n, theta))
    }
}

fn read_hashes(cursor: &mut Cursor<'_>, n: u32) -> Result<Vec<u64>> {
    Ok(integers(cursor.items(n.into())?))
}

fn integers(items: &[[u8; 8]]) -> Vec<u64> {
    items.iter().map(|&item| u64::from_le_bytes(item)).collect()
}

/// Bits from the highest of a byte to its lowest.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits of the first byte that are taken already: 0 to 7.
    used: u8,
}

impl Bits<'_> {
    /// The next `width` bits, at most 64; `None` at the end.
    fn take(&mut self, width: u8) -> Option<u64> {
        let (mut value, mut wanted) = (0, width);
        while wanted > 0 {
            let (&byte, rest) = self.bytes.split_first()?;
            let taken = wanted.min(8 - self.used);
            value = value << taken | u64::from((byte << self.used) >> (8 - taken));
            wanted -= taken;
            self.used += taken;
            if self.used == 8 {
                (self.bytes, self.used) = (rest, 0);
            }
        }
        Some(value)
    }

    /// What is left of the byte that was begun.
    fn rest(&self) -> u8 {
        self.bytes.first().map_or(0, |byte| byte << self.used)
    }
}
