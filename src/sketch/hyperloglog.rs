//! HyperLogLog registers: insert, merge, fold.
//!
//! Index = the low p bits of a hash; rank = 1 + trailing zeros of the bits above them. The low end
//! of the hash, because the sample keeps hashes with leading zeros: ranks taken from there would
//! tell the same story twice (correlation 0.44, and intervals that cover 90 % instead of 95 %).
//!
//! Apache DataSketches takes the rank from a second word of the hash, whatever the precision.

use crate::error::{Error, Result};
use crate::hash::HashScheme;
use std::ops::RangeInclusive;

/// log2 of the number of registers, between 4 and 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Precision(u8);

impl Precision {
    /// Below 16 registers the likelihood says nothing; 2^24 are 16 MiB a sketch.
    pub const RANGE: RangeInclusive<u8> = 4..=24;

    pub(super) const DEFAULT: Self = Self(16);

    pub(super) const SMALLEST: Self = Self(*Self::RANGE.start());

    /// # Errors
    /// [`crate::ErrorKind::Usage`] outside [`Self::RANGE`].
    pub fn new(precision: u8) -> Result<Self> {
        if Self::RANGE.contains(&precision) {
            return Ok(Self(precision));
        }
        let (least, most) = (Self::RANGE.start(), Self::RANGE.end());
        Err(Error::usage(format!(
            "precision is {precision}, but must be {least} to {most}"
        )))
    }

    /// The number p itself.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// m = 2^p.
    #[must_use]
    pub const fn register_count(self) -> usize {
        1 << self.0
    }

    /// The largest rank under XXH3 and SipHash: that of a hash whose bits above the index are
    /// all zero.
    #[must_use]
    pub const fn rank_max(self) -> u8 {
        u64::BITS as u8 - self.0 + 1
    }

    /// The largest rank under `scheme`.
    #[must_use]
    pub const fn rank_max_of(self, scheme: HashScheme) -> u8 {
        match scheme {
            HashScheme::Xxh3 | HashScheme::Keyed(_) => self.rank_max(),
            HashScheme::Murmur3 | HashScheme::Murmur3Utf16 => HyperLogLog::MURMUR3_RANK_MAX,
        }
    }
}

/// The registers of one set: for each index the largest rank among its users, 0 while there is
/// none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperLogLog {
    scheme: HashScheme,
    precision: Precision,
    registers: Vec<u8>,
}

impl HyperLogLog {
    /// The largest value of a DataSketches coupon: 62 leading zeros count, and six bits hold it.
    const MURMUR3_RANK_MAX: u8 = 63;

    /// The registers of the empty set.
    #[must_use]
    pub fn new(scheme: HashScheme, precision: Precision) -> Self {
        Self {
            scheme,
            precision,
            registers: vec![0; precision.register_count()],
        }
    }

    /// Registers from their values, such as those in a file.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if no set has such registers: another number of them than 2^p,
    /// or a rank that no hash has.
    pub fn from_registers(
        scheme: HashScheme,
        precision: Precision,
        registers: Vec<u8>,
    ) -> Result<Self> {
        let (count, wanted) = (registers.len(), precision.register_count());
        if count != wanted {
            return Err(Error::input(format!(
                "{count} registers, but {wanted} belong to precision {}",
                precision.get()
            )));
        }
        let most = precision.rank_max_of(scheme);
        match registers.iter().position(|&rank| rank > most) {
            None => Ok(Self {
                scheme,
                precision,
                registers,
            }),
            Some(index) => Err(Error::input(format!(
                "rank {} in register {index}, but at most {most} can be",
                registers[index]
            ))),
        }
    }

    /// Takes in one hash of [`HashScheme::Xxh3`] or [`HashScheme::Keyed`].
    #[inline]
    pub(super) fn insert(&mut self, hash: u64) {
        let p = self.precision.0;
        let index = hash as usize & (self.registers.len() - 1);
        // The guard bit above the word's end gives an all-zero word the largest rank.
        let rank = ((hash >> p) | 1 << (64 - p)).trailing_zeros() as u8 + 1;
        let register = &mut self.registers[index];
        *register = (*register).max(rank);
    }

    /// Takes in both words of a hash of [`HashScheme::Murmur3`], as a DataSketches coupon.
    #[inline]
    pub(super) fn insert_words(&mut self, first: u64, second: u64) {
        let index = first as usize & (self.registers.len() - 1);
        let zeros = second.leading_zeros() as u8;
        let rank = zeros.min(Self::MURMUR3_RANK_MAX - 1) + 1;
        let register = &mut self.registers[index];
        *register = (*register).max(rank);
    }

    /// Turns these registers into those of the union, at the lower of both precisions. Both are of
    /// one scheme.
    pub(super) fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.scheme, other.scheme);
        self.fold(other.precision);
        let folded;
        let other = if other.precision > self.precision {
            let mut copy = other.clone();
            copy.fold(self.precision);
            folded = copy;
            &folded
        } else {
            other
        };
        for (register, &theirs) in self.registers.iter_mut().zip(&other.registers) {
            *register = (*register).max(theirs);
        }
    }

    /// Lowers the precision to `precision` (no-op if it isn't lower): the very registers that the
    /// same users would have left there. Under XXH3 and SipHash the index bits that fall off are
    /// the new low end of the word whose trailing zeros are counted; DataSketches' ranks stay.
    pub fn fold(&mut self, precision: Precision) {
        if precision >= self.precision {
            return;
        }
        let dropped_bits = self.precision.0 - precision.0;
        let mut folded = vec![0_u8; precision.register_count()];
        for (index, &rank) in self.registers.iter().enumerate() {
            let dropped = index >> precision.0;
            let rank = match (rank, dropped) {
                (0, _) => 0,
                _ if self.scheme.is_murmur3() => rank,
                (rank, 0) => rank + dropped_bits,
                (_, dropped) => dropped.trailing_zeros() as u8 + 1,
            };
            let register = &mut folded[index & (precision.register_count() - 1)];
            *register = (*register).max(rank);
        }
        self.precision = precision;
        self.registers = folded;
    }

    /// The hash that the registers are of.
    #[must_use]
    pub const fn scheme(&self) -> HashScheme {
        self.scheme
    }

    /// log2 of the number of registers.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        self.precision
    }

    /// All registers, by index.
    #[must_use]
    pub fn registers(&self) -> &[u8] {
        &self.registers
    }

    /// The bits that are all zero in every hash that can still change a register: those of the
    /// trailing zeros that the smallest register has already seen.
    pub(super) fn candidate_mask(&self) -> u64 {
        let smallest = self.registers.iter().copied().fold(u8::MAX, u8::min);
        ((1_u64 << smallest.min(self.precision.rank_max() - 1)) - 1) << self.precision.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_integer;

    fn of(precision: u8, users: std::ops::Range<i64>) -> HyperLogLog {
        let precision = Precision::new(precision).expect("in range");
        let mut registers = HyperLogLog::new(HashScheme::Xxh3, precision);
        users.for_each(|user| registers.insert(hash_integer(user)));
        registers
    }

    #[test]
    fn ranks_count_the_trailing_zeros_above_the_index() {
        let p = Precision::new(4).expect("in range");
        let mut registers = HyperLogLog::new(HashScheme::Xxh3, p);
        registers.insert(0b1_0011);
        registers.insert(0b100_0000_0001);
        registers.insert(5);
        assert_eq!(registers.registers()[3], 1);
        assert_eq!(registers.registers()[1], 7);
        assert_eq!(registers.registers()[5], p.rank_max());
        assert_eq!(registers.registers()[0], 0);
    }

    #[test]
    fn folding_gives_what_the_lower_precision_would_have_seen() {
        for users in [0, 1, 100, if cfg!(miri) { 1_000 } else { 100_000 }] {
            let mut high = of(12, 0..users);
            high.fold(Precision::new(6).expect("in range"));
            assert_eq!(high, of(6, 0..users), "{users} users");
        }
    }

    #[test]
    fn merge_is_the_union_at_the_lower_precision() {
        let mut merged = of(8, 0..5_000);
        merged.merge(&of(10, 4_000..9_000));
        assert_eq!(merged, of(8, 0..9_000));
        let mut merged = of(10, 4_000..9_000);
        merged.merge(&of(8, 0..5_000));
        assert_eq!(merged, of(8, 0..9_000));
    }

    #[test]
    fn no_hash_outside_the_candidate_mask_changes_a_register() {
        let mut registers = of(4, 0..10_000);
        let mask = registers.candidate_mask();
        assert_ne!(mask, 0);
        let before = registers.clone();
        (10_000..if cfg!(miri) { 11_000 } else { 200_000 })
            .map(hash_integer)
            .filter(|hash| hash & mask != 0)
            .for_each(|hash| registers.insert(hash));
        assert_eq!(registers, before);
    }
}
