//! SipHash-2-4 of sixteen values at a time, in two vectors side by side: AVX-512 rotates 64-bit lanes.

use super::super::filter::Filter;
use super::super::sip::{FINAL, Group, INTEGER_END, LANES, SipKey, portable_group};
use super::{portable_keyed, prefetch};
use std::arch::asm;
use std::arch::x86_64::*;

/// Values of one vector.
const VECTOR: usize = LANES / 2;

/// The state of eight values.
type State = [__m512i; 4];

#[target_feature(enable = "avx512f,avx512dq,popcnt")]
pub(super) fn candidates(key: SipKey, ids: &[i64], filter: Filter, out: &mut [u64]) -> usize {
    let zeros = _mm512_set1_epi64(filter.zeros.cast_signed());
    let most = _mm512_set1_epi64(filter.most.cast_signed());
    let end = _mm512_set1_epi64(INTEGER_END.cast_signed());
    let start = state(key);
    let (vectors, rest) = ids.as_chunks::<LANES>();
    let mut kept = 0;
    for ids in vectors {
        prefetch(&ids[..VECTOR]);
        prefetch(&ids[VECTOR..]);
        // SAFETY: sixteen integers are twice 64 bytes, and the loads need no alignment.
        let (first, second) = unsafe {
            let pointer = ids.as_ptr();
            (
                _mm512_loadu_si512(pointer.cast()),
                _mm512_loadu_si512(pointer.add(VECTOR).cast()),
            )
        };
        let mut states = [start; 2];
        compress(&mut states, [first, second]);
        compress(&mut states, [end; 2]);
        for hash in finish(states) {
            let passes = _mm512_testn_epi64_mask(hash, zeros) | _mm512_cmple_epu64_mask(hash, most);
            let place: &mut [u64; VECTOR] =
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

/// The length of values from which on they don't fit a vector beside their number of bytes.
const LONG: usize = 64;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,popcnt")]
pub(super) fn group(
    key: SipKey,
    values: &[&[u8]; LANES],
    room: &mut Group,
    out: &mut [u64; LANES],
) {
    if values.iter().any(|value| value.len() >= LONG) {
        return long_group(key, values, room, out);
    }
    let mut all = [state(key), state(key)];
    let (mut words, mut last, mut end) = (
        [[_mm512_setzero_si512(); VECTOR]; 2],
        [_mm512_setzero_si512(); 2],
        [_mm512_setzero_si512(); 2],
    );
    for (half, values) in values.as_chunks::<VECTOR>().0.iter().enumerate() {
        for (row, value) in words[half].iter_mut().zip(values) {
            let within = (1_u64 << value.len()) - 1;
            // SAFETY: only bytes within the value are read; the others are zeros.
            *row = unsafe { _mm512_maskz_loadu_epi8(within, value.as_ptr().cast()) };
        }
        words[half] = columns(words[half]);
        let lengths = values.map(|value| value.len() as u64);
        // SAFETY: eight words are 64 bytes, and the load needs no alignment.
        let lengths = unsafe { _mm512_loadu_si512(lengths.as_ptr().cast()) };
        last[half] = _mm512_srli_epi64::<3>(lengths);
        end[half] = _mm512_slli_epi64::<56>(lengths);
    }
    let most = _mm512_reduce_max_epu64(_mm512_max_epu64(last[0], last[1])) as usize;
    for place in 0..=most.min(VECTOR - 1) {
        let here = _mm512_set1_epi64(place as i64);
        let mut next = all;
        let block = |half: usize| {
            let is_last = _mm512_cmpeq_epu64_mask(last[half], here);
            let words = words[half][place];
            _mm512_mask_or_epi64(words, is_last, words, end[half])
        };
        compress(&mut next, [block(0), block(1)]);
        for half in 0..2 {
            let has_block = _mm512_cmpge_epu64_mask(last[half], here);
            keep(&mut all[half], next[half], has_block);
        }
    }
    write(all, out);
}

#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn long_group(key: SipKey, values: &[&[u8]; LANES], room: &mut Group, out: &mut [u64; LANES]) {
    if !room.fill(values) {
        return portable_group(key, values, room, out);
    }
    let blocks = halves(&room.blocks);
    let mut all = [state(key), state(key)];
    for (place, words) in room.words[..room.most].iter().enumerate() {
        let words = halves(words);
        let here = _mm512_set1_epi64(place as i64);
        let mut next = all;
        compress(&mut next, words);
        for half in 0..2 {
            let has_block = _mm512_cmpgt_epu64_mask(blocks[half], here);
            keep(&mut all[half], next[half], has_block);
        }
    }
    write(all, out);
}

/// Sixteen words as two vectors.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn halves(words: &[u64; LANES]) -> [__m512i; 2] {
    let pointer = words.as_ptr();
    // SAFETY: sixteen words are twice 64 bytes, and the loads need no alignment.
    unsafe {
        [
            _mm512_loadu_si512(pointer.cast()),
            _mm512_loadu_si512(pointer.add(VECTOR).cast()),
        ]
    }
}

/// The hashes of sixteen values.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn write(all: [State; 2], out: &mut [u64; LANES]) {
    let hashes = finish(all).into_iter();
    for (hashes, out) in hashes.zip(out.as_chunks_mut::<VECTOR>().0) {
        // SAFETY: eight words are 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), hashes) };
    }
}

/// Takes the new state of values that have a block; the others keep theirs.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn keep(all: &mut State, next: State, has_block: __mmask8) {
    for (old, new) in all.iter_mut().zip(next) {
        *old = _mm512_mask_mov_epi64(*old, has_block, new);
    }
}

/// Eight rows of eight words as columns.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn columns(rows: [__m512i; VECTOR]) -> [__m512i; VECTOR] {
    /// Quarters 0 and 2 of both, and quarters 1 and 3.
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    let (a0, a1) = (_mm512_unpacklo_epi64(r0, r1), _mm512_unpackhi_epi64(r0, r1));
    let (b0, b1) = (_mm512_unpacklo_epi64(r2, r3), _mm512_unpackhi_epi64(r2, r3));
    let (c0, c1) = (_mm512_unpacklo_epi64(r4, r5), _mm512_unpackhi_epi64(r4, r5));
    let (d0, d1) = (_mm512_unpacklo_epi64(r6, r7), _mm512_unpackhi_epi64(r6, r7));
    let mut out = rows;
    for (place, [a, b, c, d]) in [[a0, b0, c0, d0], [a1, b1, c1, d1]].into_iter().enumerate() {
        let (ab, cd) = (
            _mm512_shuffle_i64x2::<EVEN>(a, b),
            _mm512_shuffle_i64x2::<EVEN>(c, d),
        );
        out[place] = _mm512_shuffle_i64x2::<EVEN>(ab, cd);
        out[place + 4] = _mm512_shuffle_i64x2::<ODD>(ab, cd);
        let (ab, cd) = (
            _mm512_shuffle_i64x2::<ODD>(a, b),
            _mm512_shuffle_i64x2::<ODD>(c, d),
        );
        out[place + 2] = _mm512_shuffle_i64x2::<EVEN>(ab, cd);
        out[place + 6] = _mm512_shuffle_i64x2::<ODD>(ab, cd);
    }
    out
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

/// One block into both states.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn compress([a, b]: &mut [State; 2], blocks: [__m512i; 2]) {
    a[3] = _mm512_xor_si512(a[3], blocks[0]);
    b[3] = _mm512_xor_si512(b[3], blocks[1]);
    rounds::<2>(a, b);
    a[0] = _mm512_xor_si512(a[0], blocks[0]);
    b[0] = _mm512_xor_si512(b[0], blocks[1]);
}

/// The hashes of both states.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn finish([mut a, mut b]: [State; 2]) -> [__m512i; 2] {
    let last = _mm512_set1_epi64(FINAL.cast_signed());
    a[2] = _mm512_xor_si512(a[2], last);
    b[2] = _mm512_xor_si512(b[2], last);
    rounds::<4>(&mut a, &mut b);
    [hash(a), hash(b)]
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn hash([v0, v1, v2, v3]: State) -> __m512i {
    _mm512_xor_si512(_mm512_xor_si512(v0, v3), _mm512_xor_si512(v1, v2))
}

/// The rounds of two states in turn. Each waits for its own last step, so that the processor does the other meanwhile; the
/// compiler would put all rounds of one behind those of the other, further apart than a processor looks ahead.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn rounds<const COUNT: usize>(a: &mut State, b: &mut State) {
    for _ in 0..COUNT {
        first_half(a);
        first_half(b);
        tie(&mut a[0], &mut b[0]);
        second_half(a);
        second_half(b);
        tie(&mut a[2], &mut b[2]);
    }
}

/// No instruction, but for the compiler both values are made here, from each other.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn tie(a: &mut __m512i, b: &mut __m512i) {
    // SAFETY: it does nothing.
    unsafe {
        asm!(
            "/* {0} {1} */",
            inout(zmm_reg) * a,
            inout(zmm_reg) * b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn first_half([v0, v1, v2, v3]: &mut State) {
    *v0 = _mm512_add_epi64(*v0, *v1);
    *v2 = _mm512_add_epi64(*v2, *v3);
    *v1 = _mm512_xor_si512(_mm512_rol_epi64::<13>(*v1), *v0);
    *v3 = _mm512_xor_si512(_mm512_rol_epi64::<16>(*v3), *v2);
    *v0 = _mm512_rol_epi64::<32>(*v0);
}

#[inline]
#[target_feature(enable = "avx512f,avx512dq,popcnt")]
fn second_half([v0, v1, v2, v3]: &mut State) {
    *v0 = _mm512_add_epi64(*v0, *v3);
    *v2 = _mm512_add_epi64(*v2, *v1);
    *v3 = _mm512_xor_si512(_mm512_rol_epi64::<21>(*v3), *v0);
    *v1 = _mm512_xor_si512(_mm512_rol_epi64::<17>(*v1), *v2);
    *v2 = _mm512_rol_epi64::<32>(*v2);
}
