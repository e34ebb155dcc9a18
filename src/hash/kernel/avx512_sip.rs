//! SipHash-2-4 of eight values at a time, and of sixteen integers: AVX-512 rotates 64-bit lanes.
//!
//! Two vectors of integers go side by side: the rounds of one wait for each other.

use super::super::filter::Filter;
use super::super::sip::{FINAL, Group, INTEGER_END, LANES, SipKey};
use super::{portable_keyed, prefetch};
use std::arch::x86_64::*;

/// The state of eight values.
type State = [__m512i; 4];

#[target_feature(enable = "avx512f,avx512dq,popcnt")]
pub(super) fn candidates(key: SipKey, ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    const IDS: usize = 2 * LANES;
    let zeros = _mm512_set1_epi64(filter.zeros.cast_signed());
    let most = _mm512_set1_epi64(filter.most.cast_signed());
    let end = _mm512_set1_epi64(INTEGER_END.cast_signed());
    let start = state(key);
    let (vectors, rest) = ids.as_chunks::<IDS>();
    let mut kept = 0;
    for ids in vectors {
        prefetch(&ids[..LANES]);
        prefetch(&ids[LANES..]);
        // SAFETY: sixteen integers are twice 64 bytes, and the loads need no alignment.
        let (first, second) = unsafe {
            let pointer = ids.as_ptr();
            (
                _mm512_loadu_si512(pointer.cast()),
                _mm512_loadu_si512(pointer.add(LANES).cast()),
            )
        };
        let (mut a, mut b) = (start, start);
        compress(&mut a, first);
        compress(&mut b, second);
        compress(&mut a, end);
        compress(&mut b, end);
        for hash in [finish(a), finish(b)] {
            let passes = _mm512_testn_epi64_mask(hash, zeros) | _mm512_cmple_epu64_mask(hash, most);
            let place: &mut [u64; LANES] =
                out[kept..].first_chunk_mut().expect("room for a vector");
            // SAFETY: eight places are 64 bytes, and the store needs no alignment.
            unsafe {
                _mm512_storeu_si512(
                    place.as_mut_ptr().cast(),
                    _mm512_maskz_compress_epi64(passes, hash),
                );
            }
            kept += passes.count_ones() as usize;
        }
    }
    kept + portable_keyed(key, rest, filter, &mut out[kept..])
}

#[target_feature(enable = "avx512f,avx512dq,popcnt")]
pub(super) fn group(key: SipKey, group: &Group, out: &mut [u64; LANES]) {
    // SAFETY: eight words are 64 bytes, and the load needs no alignment.
    let blocks = unsafe { _mm512_loadu_si512(group.blocks.as_ptr().cast()) };
    let mut all = state(key);
    for (place, words) in group.words[..group.most].iter().enumerate() {
        // SAFETY: as above.
        let words = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
        let mut next = all;
        compress(&mut next, words);
        // A value that has no such block keeps its state.
        let has_block = _mm512_cmpgt_epu64_mask(blocks, _mm512_set1_epi64(place as i64));
        for (old, new) in all.iter_mut().zip(next) {
            *old = _mm512_mask_mov_epi64(*old, has_block, new);
        }
    }
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), finish(all)) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn state(key: SipKey) -> State {
    let [v0, v1, v2, v3] = key.state();
    [
        _mm512_set1_epi64(v0.cast_signed()),
        _mm512_set1_epi64(v1.cast_signed()),
        _mm512_set1_epi64(v2.cast_signed()),
        _mm512_set1_epi64(v3.cast_signed()),
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn compress(state: &mut State, block: __m512i) {
    state[3] = _mm512_xor_si512(state[3], block);
    round(state);
    round(state);
    state[0] = _mm512_xor_si512(state[0], block);
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn finish(mut state: State) -> __m512i {
    const XOR3: i32 = 0x96;
    state[2] = _mm512_xor_si512(state[2], _mm512_set1_epi64(FINAL.cast_signed()));
    round(&mut state);
    round(&mut state);
    round(&mut state);
    round(&mut state);
    let [v0, v1, v2, v3] = state;
    _mm512_xor_si512(_mm512_ternarylogic_epi64::<XOR3>(v0, v1, v2), v3)
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn round([v0, v1, v2, v3]: &mut State) {
    *v0 = _mm512_add_epi64(*v0, *v1);
    *v1 = _mm512_xor_si512(_mm512_rol_epi64::<13>(*v1), *v0);
    *v0 = _mm512_rol_epi64::<32>(*v0);
    *v2 = _mm512_add_epi64(*v2, *v3);
    *v3 = _mm512_xor_si512(_mm512_rol_epi64::<16>(*v3), *v2);
    *v0 = _mm512_add_epi64(*v0, *v3);
    *v3 = _mm512_xor_si512(_mm512_rol_epi64::<21>(*v3), *v0);
    *v2 = _mm512_add_epi64(*v2, *v1);
    *v1 = _mm512_xor_si512(_mm512_rol_epi64::<17>(*v1), *v2);
    *v2 = _mm512_rol_epi64::<32>(*v2);
}
