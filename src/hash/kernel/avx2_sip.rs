//! SipHash-2-4 of eight values at a time, in two vectors of four side by side: AVX2 has no rotation, so that two
//! shifts stand in, and a shuffle where whole bytes move.

use super::super::filter::Filter;
use super::super::sip::{FINAL, Group, INTEGER_END, LANES, SipKey, portable_group};
use super::avx2::compressed;
use super::{portable_keyed, prefetch};
use std::arch::x86_64::*;

/// Values of one vector.
const HALF: usize = 4;

/// Values of two vectors.
const BOTH: usize = 2 * HALF;

/// The state of four values.
type State = [__m256i; 4];

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn candidates(key: SipKey, ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    // Comparisons are signed: flipping the sign bit of both sides makes them unsigned.
    let sign = _mm256_set1_epi64x(i64::MIN);
    let zeros = _mm256_set1_epi64x(filter.zeros.cast_signed());
    let most = _mm256_xor_si256(_mm256_set1_epi64x(filter.most.cast_signed()), sign);
    let end = _mm256_set1_epi64x(INTEGER_END.cast_signed());
    let start = state(key);
    let (vectors, rest) = ids.as_chunks::<BOTH>();
    let mut kept = 0;
    for ids in vectors {
        prefetch(ids);
        // SAFETY: eight integers are twice 32 bytes, and the loads need no alignment.
        let (first, second) = unsafe {
            let pointer = ids.as_ptr();
            (
                _mm256_loadu_si256(pointer.cast()),
                _mm256_loadu_si256(pointer.add(HALF).cast()),
            )
        };
        let (mut a, mut b) = (start, start);
        compress(&mut a, first);
        compress(&mut b, second);
        compress(&mut a, end);
        compress(&mut b, end);
        for hash in [finish(a), finish(b)] {
            let is_rare = _mm256_cmpeq_epi64(_mm256_and_si256(hash, zeros), _mm256_setzero_si256());
            let is_above = _mm256_cmpgt_epi64(_mm256_xor_si256(hash, sign), most);
            // Drops what is above and not rare.
            let drops =
                _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_andnot_si256(is_rare, is_above)));
            let passes = (drops ^ 0b1111) as usize;
            let place: &mut [u64; HALF] = out[kept..].first_chunk_mut().expect("room for a vector");
            // SAFETY: four places are 32 bytes, and the store needs no alignment.
            unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), compressed(hash, passes)) };
            kept += passes.count_ones() as usize;
        }
    }
    kept + portable_keyed(key, rest, filter, &mut out[kept..])
}

#[target_feature(enable = "avx2,popcnt")]
pub(super) fn group(
    key: SipKey,
    values: &[&[u8]; LANES],
    room: &mut Group,
    out: &mut [u64; LANES],
) {
    if !room.fill(values) {
        return portable_group(key, values, room, out);
    }
    for (at, out) in out.as_chunks_mut::<BOTH>().0.iter_mut().enumerate() {
        let blocks = halves(&room.blocks, at);
        let mut all = [state(key), state(key)];
        for (place, words) in room.words[..room.most].iter().enumerate() {
            let words = halves(words, at);
            for half in 0..2 {
                let mut next = all[half];
                compress(&mut next, words[half]);
                // A value that has no such block keeps its state.
                let has_block = _mm256_cmpgt_epi64(blocks[half], _mm256_set1_epi64x(place as i64));
                for (old, new) in all[half].iter_mut().zip(next) {
                    *old = _mm256_blendv_epi8(*old, new, has_block);
                }
            }
        }
        for (state, out) in all.into_iter().zip(out.as_chunks_mut::<HALF>().0) {
            // SAFETY: four places are 32 bytes, and the store needs no alignment.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), finish(state)) };
        }
    }
}

/// The words of eight values as two vectors.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn halves(words: &[u64; LANES], at: usize) -> [__m256i; 2] {
    let words = &words.as_chunks::<BOTH>().0[at];
    let pointer = words.as_ptr();
    // SAFETY: eight words are twice 32 bytes, and the loads need no alignment.
    unsafe {
        [
            _mm256_loadu_si256(pointer.cast()),
            _mm256_loadu_si256(pointer.add(HALF).cast()),
        ]
    }
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn state(key: SipKey) -> State {
    let [v0, v1, v2, v3] = key.state();
    [
        _mm256_set1_epi64x(v0.cast_signed()),
        _mm256_set1_epi64x(v1.cast_signed()),
        _mm256_set1_epi64x(v2.cast_signed()),
        _mm256_set1_epi64x(v3.cast_signed()),
    ]
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn compress(state: &mut State, block: __m256i) {
    state[3] = _mm256_xor_si256(state[3], block);
    round(state);
    round(state);
    state[0] = _mm256_xor_si256(state[0], block);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn finish(mut state: State) -> __m256i {
    state[2] = _mm256_xor_si256(state[2], _mm256_set1_epi64x(FINAL.cast_signed()));
    round(&mut state);
    round(&mut state);
    round(&mut state);
    round(&mut state);
    let [v0, v1, v2, v3] = state;
    _mm256_xor_si256(_mm256_xor_si256(v0, v1), _mm256_xor_si256(v2, v3))
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn round([v0, v1, v2, v3]: &mut State) {
    const SWAP_HALVES: i32 = 0b10_11_00_01;
    let by_16 = _mm256_setr_epi8(
        6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12, 13, 6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9,
        10, 11, 12, 13,
    );
    *v0 = _mm256_add_epi64(*v0, *v1);
    *v1 = _mm256_xor_si256(rotate_left::<13, 51>(*v1), *v0);
    *v0 = _mm256_shuffle_epi32::<SWAP_HALVES>(*v0);
    *v2 = _mm256_add_epi64(*v2, *v3);
    *v3 = _mm256_xor_si256(_mm256_shuffle_epi8(*v3, by_16), *v2);
    *v0 = _mm256_add_epi64(*v0, *v3);
    *v3 = _mm256_xor_si256(rotate_left::<21, 43>(*v3), *v0);
    *v2 = _mm256_add_epi64(*v2, *v1);
    *v1 = _mm256_xor_si256(rotate_left::<17, 47>(*v1), *v2);
    *v2 = _mm256_shuffle_epi32::<SWAP_HALVES>(*v2);
}

#[inline]
#[target_feature(enable = "avx2,popcnt")]
fn rotate_left<const LEFT: i32, const RIGHT: i32>(x: __m256i) -> __m256i {
    _mm256_or_si256(_mm256_slli_epi64::<LEFT>(x), _mm256_srli_epi64::<RIGHT>(x))
}
