//! Eight integers at a time: AVX-512 multiplies 64-bit lanes, rotates, and compresses.

use super::super::filter::Filter;
use super::super::scalar::{BITFLIP, PRIME_MX2};
use super::{portable, portable_sift, prefetch};
use std::arch::x86_64::*;

const LANES: usize = 8;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("popcnt")
}

/// Of IDs to be hashed, or of hashes.
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
pub(super) fn candidates<const IDS: bool>(ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    let zeros = _mm512_set1_epi64(filter.zeros.cast_signed());
    let most = _mm512_set1_epi64(filter.most.cast_signed());
    let (vectors, rest) = ids.as_chunks::<LANES>();
    let mut kept = 0;
    for ids in vectors {
        if IDS {
            prefetch(ids);
        }
        // SAFETY: eight integers are 64 bytes, and the load needs no alignment.
        let ids = unsafe { _mm512_loadu_si512(ids.as_ptr().cast()) };
        let hash = if IDS { hash(ids) } else { ids };
        let passes = _mm512_testn_epi64_mask(hash, zeros) | _mm512_cmple_epu64_mask(hash, most);
        let place: &mut [u64; LANES] = out[kept..].first_chunk_mut().expect("room for a vector");
        // SAFETY: eight places are 64 bytes, and the store needs no alignment.
        unsafe {
            _mm512_storeu_si512(
                place.as_mut_ptr().cast(),
                _mm512_maskz_compress_epi64(passes, hash),
            );
        }
        kept += passes.count_ones() as usize;
    }
    let rest_of = if IDS { portable } else { portable_sift };
    kept + rest_of(rest, filter, &mut out[kept..])
}

/// [`hash_integer`](super::super::scalar::hash_integer), lane by lane.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn hash(ids: __m512i) -> __m512i {
    const XOR3: i32 = 0x96;
    let prime = _mm512_set1_epi64(PRIME_MX2.cast_signed());
    let length = _mm512_set1_epi64(size_of::<i64>() as i64);
    let h = _mm512_xor_si512(
        _mm512_rol_epi64::<32>(ids),
        _mm512_set1_epi64(BITFLIP.cast_signed()),
    );
    let h =
        _mm512_ternarylogic_epi64::<XOR3>(h, _mm512_rol_epi64::<49>(h), _mm512_rol_epi64::<24>(h));
    let h = _mm512_mullo_epi64(h, prime);
    let h = _mm512_xor_si512(h, _mm512_add_epi64(_mm512_srli_epi64::<35>(h), length));
    let h = _mm512_mullo_epi64(h, prime);
    _mm512_xor_si512(h, _mm512_srli_epi64::<28>(h))
}
