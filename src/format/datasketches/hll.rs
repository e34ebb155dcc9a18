//! HLL images: every form is read; `HLL_8` is written.

use super::super::cursor::Cursor;
use super::{FLAG_COMPACT, FLAG_EMPTY, ensure_little_endian, wrong_family, wrong_length};
use crate::error::{Error, Result, Setting};
use std::ops::RangeInclusive;

const FAMILY: u8 = 7;
const VERSION: u8 = 1;

/// Merged: not to be estimated by the order in which users came.
const FLAG_OUT_OF_ORDER: u8 = 16;

/// The form, the low two bits of the eighth byte: users one by one, or registers.
const LIST: u8 = 0;
const SET: u8 = 1;
const ARRAY: u8 = 2;

/// The kind of array, the two bits above the form: how many bits a register has.
const HLL_4: u8 = 0;
const HLL_6: u8 = 1;
const HLL_8: u8 = 2;

/// Words of four bytes before the users or registers, by form.
const LIST_INTS: u8 = 2;
const SET_INTS: u8 = 3;
const ARRAY_INTS: u8 = 10;

/// log2 of the places of a list: what an empty image says of its own.
const LIST_LG_PLACES: u8 = 3;

/// Four bits that say: look among the exceptions.
const EXCEPTION: u8 = 15;

/// What an HLL image says: registers.
///
/// ```
/// use overlap::format::datasketches::HllImage;
///
/// // What Apache DataSketches writes for 1, 2 and 3: a list.
/// let list = [2, 1, 7, 8, 3, 8, 3, 8, 0x2b, 0xf2, 0xfb, 6, 0x86, 0x2f, 0xf9, 0x0d, 0x75, 0x81, 0x66, 7];
/// let image = HllImage::decode(&list)?;
/// assert_eq!((image.lg_k, image.registers.len()), (8, 256));
/// assert_eq!(image.registers[0x2b], 1);
/// assert_eq!(image.registers.iter().filter(|&&value| value > 0).count(), 3);
/// assert_eq!(HllImage::decode(&image.encode()?)?, image);
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HllImage {
    /// log2 of the number of registers, within [`Self::LG_K_RANGE`].
    pub lg_k: u8,
    /// By slot: 0 where there is no user, else one more than the leading zeros of the hash's second
    /// word, at most [`Self::VALUE_MAX`].
    pub registers: Vec<u8>,
}

impl HllImage {
    /// Precisions that HLL sketches can have.
    pub const LG_K_RANGE: RangeInclusive<u8> = 4..=21;

    /// The largest value of a register: six bits hold it.
    pub const VALUE_MAX: u8 = 63;

    /// The image of no users.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] outside [`Self::LG_K_RANGE`].
    pub fn new(lg_k: u8) -> Result<Self> {
        ensure_lg_k(lg_k)?;
        Ok(Self {
            lg_k,
            registers: vec![0; 1 << lg_k],
        })
    }

    /// Reads an image: a list or set of users or an array of 4, 6 or 8 bits a register, each compact
    /// or as a sketch that goes on counting has it (which Spark writes).
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for whatever no sketch writes: another family or version,
    /// lengths that don't fit, surplus bytes, impossible users or registers.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut cursor = Cursor::new(bytes);
        let head = Head::read(&mut cursor)?;
        let mut image = Self::new(head.lg_k)?;
        match (head.form, head.ints) {
            (LIST, LIST_INTS) => image.read_users(&head, head.state.into(), &mut cursor)?,
            (SET, SET_INTS) => {
                let n = cursor.u32()?;
                image.read_users(&head, n, &mut cursor)?;
            }
            (ARRAY, ARRAY_INTS) => image.read_array(&head, &mut cursor)?,
            (LIST, ints) => return Err(wrong_length("a list's preamble", ints, "2")),
            (SET, ints) => return Err(wrong_length("a set's preamble", ints, "3")),
            (ARRAY, ints) => return Err(wrong_length("an array's preamble", ints, "10")),
            (form, _) => return Err(Error::input(format!("an HLL sketch of form {form}"))),
        }
        cursor.finish()?;
        Ok(image)
    }

    /// The image of kind `HLL_8`, compact and marked as merged: then no reader's estimate hangs on
    /// the order in which users came, which registers don't know.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the fields aren't what they should be.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let counts = self.counts()?;
        let (zeros, mode) = (counts[0], HLL_8 << 2);
        let (lg_k, flags) = (self.lg_k, FLAG_COMPACT);
        if u64::from(zeros) == 1 << lg_k {
            let (places, flags, mode) = (LIST_LG_PLACES, flags | FLAG_EMPTY, mode | LIST);
            let image = [LIST_INTS, VERSION, FAMILY, lg_k, places, flags, 0, mode];
            return Ok(image.to_vec());
        }
        let (flags, mode) = (flags | FLAG_OUT_OF_ORDER, mode | ARRAY);
        let mut image = vec![ARRAY_INTS, VERSION, FAMILY, lg_k, 0, flags, 0, mode];
        // The estimate in order of arrival, then the sum from which merged sketches are estimated:
        // in two parts, so that each of them is exact.
        let (low, high) = counts.split_at(32);
        image.extend(0_f64.to_le_bytes());
        image.extend(inverse_powers(low, 0).to_le_bytes());
        image.extend(inverse_powers(high, 32).to_le_bytes());
        image.extend(zeros.to_le_bytes());
        // There are no exceptions.
        image.extend(0_u32.to_le_bytes());
        image.extend(&self.registers);
        Ok(image)
    }

    /// How many registers have each value, once it is sure that they are registers.
    fn counts(&self) -> Result<[u32; Self::VALUE_MAX as usize + 1]> {
        ensure_lg_k(self.lg_k).map_err(|error| {
            error.hint([
                "sketch with a ".into(),
                Setting::Precision.into(),
                " within that".into(),
            ])
        })?;
        let (n, k) = (self.registers.len(), 1_usize << self.lg_k);
        if n != k {
            return Err(Error::input(format!("{n} registers instead of {k}")));
        }
        let mut counts = [0; _];
        for &value in &self.registers {
            match counts.get_mut(usize::from(value)) {
                Some(count) => *count += 1,
                None => return Err(too_large(value.into())),
            }
        }
        Ok(counts)
    }

    /// Users as coupons: the value of the register in six bits, then 26 bits of which the slot is
    /// the low end.
    fn read_users(&mut self, head: &Head, n: u32, cursor: &mut Cursor<'_>) -> Result<()> {
        if n > 0 && head.flags & FLAG_EMPTY != 0 {
            return Err(Error::input(format!("an empty sketch with {n} users")));
        }
        let mut coupons = read_coupons(head, n, cursor)?;
        coupons.sort_unstable();
        if !coupons.is_sorted_by(|a, b| a < b) {
            return Err(Error::input("a user is there twice"));
        }
        for coupon in coupons {
            let (slot, value) = split(coupon)?;
            if value == 0 {
                return Err(Error::input(format!("coupon {coupon:08x} has no value")));
            }
            let mask = self.registers.len() - 1;
            if let Some(register) = self.registers.get_mut(slot & mask) {
                *register = value.max(*register);
            }
        }
        Ok(())
    }

    fn read_array(&mut self, head: &Head, cursor: &mut Cursor<'_>) -> Result<()> {
        // Three sums for estimates, and how many registers are the smallest: the registers say all
        // of that, and unions leave it stale (flag 32).
        cursor.items::<8>(3)?;
        cursor.u32()?;
        let exceptions = cursor.u32()?;
        if exceptions > 0 && head.kind != HLL_4 {
            return Err(Error::input(format!(
                "{exceptions} exceptions, which only HLL_4 has"
            )));
        }
        let k = self.registers.len();
        match head.kind {
            HLL_4 => self.read_nibbles(head, exceptions, cursor),
            HLL_6 => {
                // Four registers in three bytes, and a byte of room for readers of 16 bits.
                let packed = cursor.take(k / 4 * 3 + 1)?.as_chunks().0;
                for (registers, &[a, b, c]) in self.registers.chunks_mut(4).zip(packed) {
                    registers.copy_from_slice(&[
                        a & 63,
                        a >> 6 | b << 2 & 63,
                        b >> 4 | c << 4 & 63,
                        c >> 2,
                    ]);
                }
                Ok(())
            }
            // HLL_8, since the head allows no other.
            _ => {
                self.registers.copy_from_slice(cursor.take(k)?);
                self.counts().map(|_| ())
            }
        }
    }

    /// Values above the smallest one, the even slot in the low half of a byte; those that don't fit
    /// are coupons behind them.
    fn read_nibbles(
        &mut self,
        head: &Head,
        exceptions: u32,
        cursor: &mut Cursor<'_>,
    ) -> Result<()> {
        let least = head.state;
        let packed = cursor.take(self.registers.len() / 2)?;
        let nibbles = packed.iter().flat_map(|byte| [byte & 15, byte >> 4]);
        let mut open = 0_usize;
        for (register, nibble) in self.registers.iter_mut().zip(nibbles) {
            // An exception is 0 until it is found.
            if nibble == EXCEPTION {
                open += 1;
            } else {
                *register = ensure_value(u32::from(least) + u32::from(nibble))?;
            }
        }
        if usize::try_from(exceptions) != Ok(open) {
            return Err(Error::input(format!(
                "{exceptions} exceptions for {open} registers"
            )));
        }
        for coupon in read_coupons(head, exceptions, cursor)? {
            let (slot, value) = split(coupon)?;
            let nibble = packed.get(slot / 2).map(|byte| byte >> (slot % 2 * 4) & 15);
            let register = self.registers.get_mut(slot);
            match (register, nibble) {
                (Some(register @ 0), Some(EXCEPTION))
                    if value >= EXCEPTION.saturating_add(least) =>
                {
                    *register = value;
                }
                _ => return Err(Error::input(format!("no exception can be {coupon:08x}"))),
            }
        }
        Ok(())
    }
}

/// The first eight bytes of an image.
struct Head {
    /// Words of four bytes before the users or registers.
    ints: u8,
    lg_k: u8,
    flags: u8,
    /// How many users a list has, or the smallest register of `HLL_4`.
    state: u8,
    form: u8,
    kind: u8,
}

impl Head {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let (ints, version, family) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
        if family != FAMILY {
            return Err(wrong_family("an HLL sketch", family));
        }
        if version != VERSION {
            return Err(Error::input(format!(
                "an HLL sketch of version {version}, but only {VERSION} is known"
            )));
        }
        let lg_k = cursor.u8()?;
        // log2 of a table's length, which early versions left out.
        cursor.u8()?;
        let (flags, state, mode) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
        ensure_little_endian(flags)?;
        let (form, kind) = (mode & 3, mode >> 2);
        if kind > HLL_8 {
            return Err(Error::input(format!("an HLL sketch of kind {kind}")));
        }
        Ok(Self {
            ints,
            lg_k,
            flags,
            state,
            form,
            kind,
        })
    }
}

fn ensure_lg_k(lg_k: u8) -> Result<()> {
    let range = HllImage::LG_K_RANGE;
    if range.contains(&lg_k) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(Error::input(format!(
        "an HLL sketch's precision is {lg_k}, not {least} to {most}"
    )))
}

fn ensure_value(value: u32) -> Result<u8> {
    match u8::try_from(value) {
        Ok(value) if value <= HllImage::VALUE_MAX => Ok(value),
        _ => Err(too_large(value)),
    }
}

fn too_large(value: u32) -> Error {
    let most = HllImage::VALUE_MAX;
    Error::input(format!("a register is {value}, but at most {most} can be"))
}

/// The sum of 2^−v over all registers, of which there are `counts` with the values v from `first` on.
fn inverse_powers(counts: &[u32], first: i32) -> f64 {
    let terms = counts.iter().zip(first..);
    terms.map(|(&n, v)| f64::from(n) * 2_f64.powi(-v)).sum()
}

/// `n` coupons: one after the other in a compact image, else in a table with zeros between them.
fn read_coupons(head: &Head, n: u32, cursor: &mut Cursor<'_>) -> Result<Vec<u32>> {
    let is_compact = head.flags & FLAG_COMPACT != 0;
    let places = if is_compact {
        cursor.items(n.into())?
    } else {
        cursor.rest()?
    };
    if !is_compact && !places.is_empty() && !places.len().is_power_of_two() {
        let len = places.len();
        return Err(Error::input(format!("a table of {len} places")));
    }
    let coupons: Vec<u32> = (places.iter())
        .map(|&place| u32::from_le_bytes(place))
        .filter(|&coupon| coupon != 0)
        .collect();
    if u32::try_from(coupons.len()) == Ok(n) {
        return Ok(coupons);
    }
    let found = coupons.len();
    Err(Error::input(format!("{found} coupons instead of {n}")))
}

/// Slot (26 bits) and value of a coupon.
fn split(coupon: u32) -> Result<(usize, u8)> {
    let slot = usize::try_from(coupon & 0x03ff_ffff);
    let value = ensure_value(coupon >> 26)?;
    slot.map(|slot| (slot, value))
        .map_err(|_| Error::input(format!("slot of coupon {coupon:08x}")))
}
