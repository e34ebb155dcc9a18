//! A kept ID: how it is mixed, stored and compared.
//!
//! Mixing is a bijection, so that mixed IDs are as good as the IDs themselves. The top bits of a
//! mixed ID choose its part, the next ones its place in a table. At least eight of them choose the
//! part: within it the top byte says nothing new and isn't stored, and an entry of a table keeps
//! the sides of a user in its place.

use std::hash::{BuildHasher, RandomState};

/// An ID's value or its 128-bit hash; once loaded from a block, an entry of a table.
pub(super) trait Key: Copy + Default + Send + Sync + 'static {
    /// Whether there is a wider one.
    const IS_NARROW: bool = size_of::<Self>() == size_of::<u64>();

    /// Bytes of a stored key: all but the top one.
    const STORED_BYTES: usize = size_of::<Self>() - 1;

    /// Spreads it over the top bits.
    fn mixed(self, seed: &Seed) -> Self;

    /// The top 64 bits.
    fn top(self) -> u64;

    /// Stores a mixed key into the first [`Self::STORED_BYTES`] of `out`, and anything into the
    /// byte after them.
    fn store(self, out: &mut [u8]);

    /// An entry without sides, from the first bytes of `bytes`.
    fn load(bytes: &[u8]) -> Self;

    /// An entry as the mixed key that it came from, but for the top byte.
    fn as_stored(self) -> Self;

    /// The lowest byte of an entry: the sides that it was seen in, a bit each.
    fn sides(self) -> u8;

    /// An entry with more sides.
    fn with_sides(self, sides: u8) -> Self;

    /// Whether two entries are of the same user, whatever their sides.
    fn is_same_user(self, other: Self) -> bool;
}

/// The random seed that mixes the keys of one count. Without it nobody can make IDs that fall into one
/// place of the table.
///
/// For an odd random multiplier any two different keys have the same top k bits of their products
/// with odds of at most 2 in 2^k (Dietzfelbinger et al., A reliable randomized algorithm for the
/// closest-pair problem, 1997, lemma 2.5).
#[derive(Clone, Debug)]
pub(super) struct Seed {
    multipliers: [u128; 2],
}

impl Seed {
    pub(super) fn random() -> Self {
        let random = |i: u64| u128::from(RandomState::new().hash_one(i));
        let odd = |i| random(i) << u64::BITS | random(i + 1) | 1;
        Self {
            multipliers: [odd(0), odd(2)],
        }
    }
}

/// The same for every width of integer.
macro_rules! key {
    ($key:ty) => {
        impl Key for $key {
            #[inline]
            fn mixed(self, seed: &Seed) -> Self {
                // The first product has the low half of the key in its high half as well, the
                // shift brings the high one down, and the second product all of it up again.
                let [a, b] = seed.multipliers.map(|multiplier| multiplier as Self);
                let once = self.wrapping_mul(a);
                (once ^ once >> (Self::BITS / 2)).wrapping_mul(b)
            }

            #[inline]
            fn top(self) -> u64 {
                (self >> (Self::BITS - u64::BITS)) as u64
            }

            #[inline]
            fn store(self, out: &mut [u8]) {
                out[..size_of::<Self>()].copy_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn load(bytes: &[u8]) -> Self {
                let whole = bytes.first_chunk().copied().unwrap_or_default();
                Self::from_le_bytes(whole) << u8::BITS
            }

            #[inline]
            fn as_stored(self) -> Self {
                self >> u8::BITS
            }

            #[inline]
            fn sides(self) -> u8 {
                self as u8
            }

            #[inline]
            fn with_sides(self, sides: u8) -> Self {
                self | Self::from(sides)
            }

            #[inline]
            fn is_same_user(self, other: Self) -> bool {
                self ^ other <= Self::from(u8::MAX)
            }
        }
    };
}

key!(u64);
key!(u128);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_stored_key_is_its_mixed_key_but_for_the_top_byte() {
        let seed = Seed::random();
        let mut bytes = [0xff; 16];
        for id in [0_u64, 1, 1 << 40, u64::MAX] {
            let mixed = id.mixed(&seed);
            mixed.store(&mut bytes);
            bytes[u64::STORED_BYTES] = 7;
            assert_eq!(u64::load(&bytes), mixed << 8);
            assert_eq!(u64::load(&bytes).with_sides(5).as_stored(), mixed << 8 >> 8);
            let wide = u128::from(id).mixed(&seed);
            wide.store(&mut bytes);
            assert_eq!(u128::load(&bytes), wide << 8);
        }
    }

    #[test]
    fn different_ids_stay_different() {
        let seed = Seed::random();
        let patterns: [fn(u64) -> u64; 4] = [|i| i, |i| i << 40, |i| i << 32 | i, |i| !i];
        for pattern in patterns {
            let mut mixed: Vec<u64> = (0..1 << 16).map(|i| pattern(i).mixed(&seed)).collect();
            mixed.sort_unstable();
            mixed.dedup();
            assert_eq!(mixed.len(), 1 << 16);
        }
    }

    #[test]
    fn ids_made_to_meet_under_one_seed_part_under_another() {
        let part = |id: u64, seed: &Seed| id.mixed(seed).top() >> (u64::BITS - u8::BITS);
        let [known, other] = [Seed::random(), Seed::random()];
        let crafted = (0_u64..).filter(|id| part(*id, &known) == 0).take(2_000);
        let parts: HashSet<u64> = crafted.map(|id| part(id, &other)).collect();
        // 256 in all; random IDs would miss each with odds of e^-8.
        assert!(parts.len() > 100, "{}", parts.len());
    }

    #[test]
    fn entries_of_a_user_differ_in_their_sides_alone() {
        let entry = 0x1234_5678_u64 << 8;
        assert!(entry.with_sides(1).is_same_user(entry.with_sides(0x80)));
        assert!(!entry.is_same_user(entry + 256));
        assert_eq!(entry.with_sides(1).with_sides(4).sides(), 5);
        assert_eq!((5_u128 << 64).top(), 5);
    }
}
