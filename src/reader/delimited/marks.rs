//! Where two bytes stand in a text: a bit for each of 64 bytes, then the places of the bits.
//!
//! Both are compiled twice, for every processor and for those with AVX2. The one `unsafe` is the call of the
//! second, behind the question whether the processor has it.

#![allow(unsafe_code)]

/// Two bytes that are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks(pub(super) [u8; 2]);

impl Marks {
    /// The bytes that are one of the two, the first in the lowest bit. Compilers make vector code of
    /// the loop over bytes; a multiplication brings eight of its answers side by side.
    #[inline(always)]
    fn bits(&self, bytes: &[u8; 64]) -> u64 {
        /// Brings the lowest bits of eight bytes side by side, into the highest byte.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let [a, b] = self.0;
        let found = bytes.map(|byte| u8::from(byte == a) | u8::from(byte == b));
        let (words, _) = found.as_chunks::<8>();
        words.iter().rev().fold(0, |bits, word| {
            (bits << 8) | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56)
        })
    }
}

/// The places of marks in a piece of text, kept to be used again.
#[derive(Debug)]
pub(super) struct Places(Vec<u32>);

impl Places {
    /// Bytes of a piece: its places stay in the first-level cache.
    pub(super) const PIECE: usize = 4096;
    /// Places that are written at a time, wanted or not: no branch asks how many there are.
    const STEP: usize = 8;

    pub(super) fn new() -> Self {
        // A step may begin at the last place.
        Self(vec![0; Self::PIECE + Self::STEP])
    }

    /// The places of the marks in a piece of at most [`Self::PIECE`] bytes, in order.
    pub(super) fn of(&mut self, piece: &[u8], marks: &Marks) -> &[u32] {
        #[cfg(target_arch = "x86_64")]
        if avx2::is_available() {
            // SAFETY: the features that it is compiled for were just found.
            return unsafe { avx2::places(self, piece, marks) };
        }
        self.find(piece, |block| marks.bits(block))
    }

    /// The places of the bits that `bits` finds in blocks of a piece.
    #[inline(always)]
    fn find(&mut self, piece: &[u8], bits: impl Fn(&[u8; 64]) -> u64) -> &[u32] {
        let (blocks, rest) = piece.as_chunks::<64>();
        let (mut found, mut start) = (0, 0);
        for block in blocks {
            found = self.add(bits(block), start, found);
            start += 64;
        }
        if !rest.is_empty() {
            let mut block = [0; 64];
            block[..rest.len()].copy_from_slice(rest);
            // What fills the block up is no part of the piece, whatever the marks are.
            let bits = bits(&block) & !(u64::MAX << rest.len());
            found = self.add(bits, start, found);
        }
        &self.0[..found]
    }

    /// Adds the places of `bits` behind the first `found`; returns how many there are then.
    #[inline(always)]
    fn add(&mut self, mut bits: u64, start: u32, found: usize) -> usize {
        let end = found + bits.count_ones() as usize;
        let mut at = found;
        while at < end {
            let Some(step) = self.0[at..].first_chunk_mut::<{ Self::STEP }>() else {
                break;
            };
            for place in step {
                *place = start + bits.trailing_zeros();
                bits &= bits.wrapping_sub(1);
            }
            at += Self::STEP;
        }
        end
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{Marks, Places};
    use std::arch::x86_64::*;

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("popcnt")
    }

    #[target_feature(enable = "avx2,bmi1,popcnt")]
    pub(super) fn places<'p>(places: &'p mut Places, piece: &[u8], marks: &Marks) -> &'p [u32] {
        let [a, b] = marks.0.map(|byte| _mm256_set1_epi8(byte.cast_signed()));
        places.find(piece, |block| {
            let halves: [__m256i; 2] = bytemuck::cast(*block);
            let [low, high] = halves.map(|half| {
                let found = _mm256_or_si256(_mm256_cmpeq_epi8(half, a), _mm256_cmpeq_epi8(half, b));
                u64::from(_mm256_movemask_epi8(found).cast_unsigned())
            });
            low | (high << 32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(bytes: &[u8], marks: &Marks) -> Vec<usize> {
        let mut places = Places::new();
        let pieces = bytes.chunks(Places::PIECE).enumerate();
        let found = pieces.flat_map(|(i, piece)| {
            let found = places.of(piece, marks).to_vec();
            found
                .into_iter()
                .map(move |at| i * Places::PIECE + at as usize)
        });
        found.collect()
    }

    #[test]
    fn every_mark_is_found_wherever_it_stands() {
        let marks = Marks([b',', b'\n']);
        for length in 1..200 {
            for at in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[at] = b',';
                bytes[length - 1] = b'\n';
                let mut expected = vec![at, length - 1];
                expected.dedup();
                assert_eq!(places(&bytes, &marks), expected);
            }
        }
        let all = vec![b','; 3 * Places::PIECE + 1];
        let expected: Vec<usize> = (0..all.len()).collect();
        assert_eq!(places(&all, &marks), expected);
    }

    proptest! {
        #[test]
        fn marks_are_those_of_a_loop(bytes in proptest::collection::vec(any::<u8>(), 0..9000), a: u8, b: u8) {
            let expected: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i] == a || bytes[i] == b).collect();
            let marks = Marks([a, b]);
            prop_assert_eq!(places(&bytes, &marks), expected);
            // The way of other processors finds the same.
            let (mut portable, mut best) = (Places::new(), Places::new());
            let piece = &bytes[..bytes.len().min(Places::PIECE)];
            let portable = portable.find(piece, |block| marks.bits(block));
            prop_assert_eq!(portable, best.of(piece, &marks));
        }
    }
}
