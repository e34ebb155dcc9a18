//! The reference: one value at a time.
//!
//! XXH3 as specified by Yann Collet (xxHash, doc/xxhash_spec.md, "XXH3 algorithm"), seed 0 and the
//! default secret. The 8-byte case is written out because it is the hot one and inlines into
//! loops; every other length is the crate's.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Bytes 8..16 and 16..24 of XXH3's default secret, little-endian, combined as its 4-to-8-byte
/// case does.
pub(super) const BITFLIP: u64 = 0x1cad_21f7_2c81_017c ^ 0xdb97_9083_e96d_d4de;

/// The multiplier of XXH3's `rrmxmx` mixer (PRIME_MX2 in the specification).
pub(super) const PRIME_MX2: u64 = 0x9fb2_1c65_1e98_df25;

/// XXH3-64 of the 8 little-endian bytes of an integer. A bijection: different integers have
/// different hashes.
#[inline]
#[must_use]
pub const fn hash_integer(id: i64) -> u64 {
    // The first four bytes become the high half of the word.
    let mut h = id.cast_unsigned().rotate_left(32) ^ BITFLIP;
    h ^= h.rotate_left(49) ^ h.rotate_left(24);
    h = h.wrapping_mul(PRIME_MX2);
    h ^= (h >> 35) + size_of::<i64>() as u64;
    h = h.wrapping_mul(PRIME_MX2);
    h ^ (h >> 28)
}

/// XXH3-64 of the 16 little-endian bytes of an integer that no `i64` holds.
#[inline]
#[must_use]
pub fn hash_wide_integer(id: i128) -> u64 {
    xxh3_64(&id.to_le_bytes())
}

/// XXH3-64 of the bytes of a text or binary ID.
#[inline]
#[must_use]
pub fn hash_bytes(id: &[u8]) -> u64 {
    xxh3_64(id)
}

/// XXH3-128 of the bytes of a text or binary ID: what exact counting keeps of it.
#[inline]
#[must_use]
pub fn hash_bytes_128(id: &[u8]) -> u128 {
    xxh3_128(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_hash_like_the_reference_bit_for_bit() {
        let mut id = 1_i64;
        for i in 0..if cfg!(miri) { 1_000 } else { 1_000_000_i64 } {
            id = id
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            for id in [i, -i, id] {
                assert_eq!(hash_integer(id), xxh3_64(&id.to_le_bytes()), "{id}");
            }
        }
        for id in [i64::MIN, i64::MAX, 0, -1] {
            assert_eq!(hash_integer(id), xxh3_64(&id.to_le_bytes()), "{id}");
        }
    }

    #[test]
    fn known_values_of_xxh3_hold() {
        // From the xxHash repository's sanity test vectors: the empty input under seed 0.
        assert_eq!(hash_bytes(b""), 0x2d06_8005_38d3_94c2);
    }
}
