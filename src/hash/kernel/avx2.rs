//! Four integers at a time. AVX2 has no 64-bit multiplication and no compression: three 32-bit
//! multiplications and a table of permutations stand in.

use super::super::filter::Filter;
use super::super::scalar::{BITFLIP, PRIME_MX2};
use super::{portable, portable_sift, prefetch};
use std::arch::x86_64::*;

const LANES: usize = 4;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
}

/// Of IDs to be hashed, or of hashes.
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn candidates<const IDS: bool>(ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    // Comparisons are signed: flipping the sign bit of both sides makes them unsigned.
    let sign = _mm256_set1_epi64x(i64::MIN);
    let zeros = _mm256_set1_epi64x(filter.zeros.cast_signed());
    let most = _mm256_xor_si256(_mm256_set1_epi64x(filter.most.cast_signed()), sign);
    let (vectors, rest) = ids.as_chunks::<LANES>();
    let mut kept = 0;
    for ids in vectors {
        if IDS {
            prefetch(ids);
        }
        // SAFETY: four integers are 32 bytes, and the load needs no alignment.
        let ids = unsafe { _mm256_loadu_si256(ids.as_ptr().cast()) };
        let hash = if IDS { hash(ids) } else { ids };
        let is_rare = _mm256_cmpeq_epi64(_mm256_and_si256(hash, zeros), _mm256_setzero_si256());
        let is_above = _mm256_cmpgt_epi64(_mm256_xor_si256(hash, sign), most);
        // Drops what is above and not rare.
        let drops = _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_andnot_si256(is_rare, is_above)));
        let passes = (drops ^ 0b1111) as usize;
        let place: &mut [u64; LANES] = out[kept..].first_chunk_mut().expect("room for a vector");
        // SAFETY: four places are 32 bytes, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), compressed(hash, passes)) };
        kept += passes.count_ones() as usize;
    }
    let rest_of = if IDS { portable } else { portable_sift };
    kept + rest_of(rest, filter, &mut out[kept..])
}

/// The lanes of a set, moved to the front.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
pub(super) fn compressed(hash: __m256i, passes: usize) -> __m256i {
    // SAFETY: an entry of the table is 32 bytes, and the load needs no alignment.
    let order = unsafe { _mm256_loadu_si256(COMPRESS[passes].as_ptr().cast()) };
    _mm256_permutevar8x32_epi32(hash, order)
}

/// For every set of lanes the permutation of 32-bit halves that moves them to the front.
static COMPRESS: [[u32; 2 * LANES]; 1 << LANES] = {
    let mut table = [[0; 2 * LANES]; 1 << LANES];
    let mut set = 0;
    while set < 1 << LANES {
        let (mut lane, mut to) = (0, 0);
        while lane < LANES {
            if set >> lane & 1 == 1 {
                table[set][to] = 2 * lane as u32;
                table[set][to + 1] = 2 * lane as u32 + 1;
                to += 2;
            }
            lane += 1;
        }
        set += 1;
    }
    table
};

/// [`hash_integer`](super::super::scalar::hash_integer), lane by lane.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn hash(ids: __m256i) -> __m256i {
    const SWAP_HALVES: i32 = 0b10_11_00_01;
    let length = _mm256_set1_epi64x(size_of::<i64>() as i64);
    let h = _mm256_xor_si256(
        _mm256_shuffle_epi32::<SWAP_HALVES>(ids),
        _mm256_set1_epi64x(BITFLIP.cast_signed()),
    );
    let h = _mm256_xor_si256(
        h,
        _mm256_xor_si256(rotate_left::<49, 15>(h), rotate_left::<24, 40>(h)),
    );
    let h = multiply_by_prime(h);
    let h = _mm256_xor_si256(h, _mm256_add_epi64(_mm256_srli_epi64::<35>(h), length));
    let h = multiply_by_prime(h);
    _mm256_xor_si256(h, _mm256_srli_epi64::<28>(h))
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn rotate_left<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(x), _mm256_srli_epi64::<RIGHT>(x))
}

/// The low words of x · prime = low·low + (high·low + low·high) · 2^32.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn multiply_by_prime(x: __m256i) -> __m256i {
    let low = _mm256_set1_epi64x((PRIME_MX2 & 0xffff_ffff).cast_signed());
    let high = _mm256_set1_epi64x((PRIME_MX2 >> 32).cast_signed());
    let cross = _mm256_add_epi64(
        _mm256_mul_epu32(_mm256_srli_epi64::<32>(x), low),
        _mm256_mul_epu32(x, high),
    );
    _mm256_add_epi64(_mm256_mul_epu32(x, low), _mm256_slli_epi64::<32>(cross))
}
