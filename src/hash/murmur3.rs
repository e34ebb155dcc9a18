//! MurmurHash3 x64 128 as Apache DataSketches uses it (Austin Appleby, smhasher, public domain
//! algorithm; DataSketches' seed is 9001 in both lanes).

use super::HashScheme;
use crate::error::{Error, Result, Setting};
use crate::id::IdBatch;

/// The seed of DataSketches' updates, in both lanes.
pub const DATASKETCHES_SEED: u64 = 9001;

/// The low 16 bits of the hash of that seed under seed 0: so do images tell which seed they are of.
pub const SEED_HASH: u16 = 0x93cc;

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;
const BLOCK: usize = 16;

/// MurmurHash3 x64 128 of some bytes, both words.
#[must_use]
pub fn murmur3_128(bytes: &[u8], seed: u64) -> (u64, u64) {
    let (mut h1, mut h2) = (seed, seed);
    let mut blocks = bytes.chunks_exact(BLOCK);
    for block in &mut blocks {
        let (k1, k2) = lanes(block);
        h1 ^= mix_1(k1);
        h1 = h1.rotate_left(27).wrapping_add(h2);
        h1 = h1.wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix_2(k2);
        h2 = h2.rotate_left(31).wrapping_add(h1);
        h2 = h2.wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    let (k1, k2) = lanes(blocks.remainder());
    // A lane without bytes is 0, which mixes to 0.
    finish(h1 ^ mix_1(k1), h2 ^ mix_2(k2), bytes.len() as u64)
}

/// [`murmur3_128`] of the 8 little-endian bytes of an integer under DataSketches' seed.
#[inline]
#[must_use]
pub const fn murmur3_integer(id: i64) -> (u64, u64) {
    let h1 = DATASKETCHES_SEED ^ mix_1(id.cast_unsigned());
    finish(h1, DATASKETCHES_SEED, size_of::<i64>() as u64)
}

/// Hashes the IDs of a batch in order under DataSketches' rules: integers as 8 bytes (those from
/// 2^63 up share them with negative ones), text and binary values as they are, empty ones not at
/// all. Under [`HashScheme::Murmur3Utf16`] text is UTF-16; what isn't UTF-8 has no such form and is hashed as with
/// U+FFFD in it.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for an integer of more than 64 bits.
pub fn hash_words(
    scheme: HashScheme,
    batch: IdBatch<'_>,
    mut take: impl FnMut(u64, u64),
) -> Result<()> {
    match batch {
        IdBatch::Text(ids) if scheme == HashScheme::Murmur3Utf16 => {
            let mut units = Vec::new();
            ids.for_each(|id| {
                if !id.is_empty() {
                    units.clear();
                    let text = String::from_utf8_lossy(id);
                    units.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                    let (first, second) = murmur3_128(&units, DATASKETCHES_SEED);
                    take(first, second);
                }
            });
        }
        IdBatch::Integers(ids) => {
            for &id in ids {
                let (first, second) = murmur3_integer(id);
                take(first, second);
            }
        }
        IdBatch::WideIntegers(ids) => {
            for &id in ids {
                let id = u64::try_from(id).map_err(|_| {
                    Error::input("an id of more than 64 bits has no DataSketches encoding").hint([
                        "sketch with ".into(),
                        Setting::Hash.to("xxh3"),
                        ", or cast ids to text with ".into(),
                        Setting::Cast.to("string"),
                    ])
                })?;
                let (first, second) = murmur3_integer(id.cast_signed());
                take(first, second);
            }
        }
        IdBatch::Text(ids) | IdBatch::Binary(ids) => ids.for_each(|id| {
            if !id.is_empty() {
                let (first, second) = murmur3_128(id, DATASKETCHES_SEED);
                take(first, second);
            }
        }),
    }
    Ok(())
}

/// Up to 16 bytes as two little-endian words, zeros beyond the end.
fn lanes(bytes: &[u8]) -> (u64, u64) {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    let both = u128::from_le_bytes(block);
    (both as u64, (both >> u64::BITS) as u64)
}

const fn mix_1(k1: u64) -> u64 {
    k1.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

const fn mix_2(k2: u64) -> u64 {
    k2.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

const fn finish(h1: u64, h2: u64, len: u64) -> (u64, u64) {
    let (h1, h2) = (h1 ^ len, h2 ^ len);
    let h1 = h1.wrapping_add(h2);
    let h2 = h2.wrapping_add(h1);
    let (h1, h2) = (avalanche(h1), avalanche(h2));
    let h1 = h1.wrapping_add(h2);
    (h1, h2.wrapping_add(h1))
}

/// MurmurHash3's 64-bit finaliser, `fmix64`.
const fn avalanche(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_datasketches_hold() {
        let one = (0x0b43_0d7b_96fb_f22b, 0xe8ea_0960_d424_6765);
        assert_eq!(murmur3_integer(1), one);
        assert_eq!(murmur3_128(&1_i64.to_le_bytes(), DATASKETCHES_SEED), one);
        let (apple, _) = murmur3_128(b"apple", DATASKETCHES_SEED);
        assert_eq!(apple, 0xf355_e126_2cb6_1484);
        for (id, theta) in [
            (1, 0x05a1_86bd_cb7d_f915),
            (2, 0x1e9d_7081_12fc_97c3),
            (3, 0x5d69_06da_c1b3_40ba),
        ] {
            assert_eq!(murmur3_integer(id).0 >> 1, theta, "{id}");
        }
    }

    #[test]
    fn the_hash_of_the_seed_is_what_images_carry() {
        let (first, _) = murmur3_128(&DATASKETCHES_SEED.to_le_bytes(), 0);
        assert_eq!(first & 0xffff, u64::from(SEED_HASH));
    }

    // `murmur3` is written from the C++ original and shares no line with DataSketches.
    #[test]
    fn every_length_hashes_like_an_independent_implementation() {
        use rand::{Rng, SeedableRng, rngs::StdRng};
        const SEED: u32 = 9001;
        let mut random = StdRng::seed_from_u64(1);
        let mut bytes = [0; 64];
        for len in 0..=bytes.len() {
            let bytes = &mut bytes[..len];
            for _ in 0..if cfg!(miri) { 10 } else { 100_000 } {
                random.fill_bytes(bytes);
                let both = murmur3::murmur3_x64_128(&mut &*bytes, SEED).expect("reads memory");
                let both = (both as u64, (both >> 64) as u64);
                assert_eq!(murmur3_128(bytes, SEED.into()), both, "{bytes:?}");
            }
        }
    }

    #[test]
    fn integers_hash_like_their_bytes() {
        for i in (0..if cfg!(miri) { 100 } else { 10_000_i64 }).chain([i64::MIN, i64::MAX, -1]) {
            let bytes = i.to_le_bytes();
            assert_eq!(murmur3_integer(i), murmur3_128(&bytes, DATASKETCHES_SEED));
        }
    }
}
