//! Which of many IDs may be in a loose sample: their keys side by side, in a fraction of the time of one by one.
//!
//! Written twice, for every processor and for those with AVX2, which find the keys of IDs of one length four at a
//! time. All `unsafe` is there: the call, behind the question whether the processor has it, and reads of the ends of
//! IDs whose length was just compared.

#![allow(unsafe_code)]

use super::form;
use super::key::{HIGH, alphanumeric, each, fold, head_of, mix, of_digest, with_head};
use crate::id::ByteIds;

/// IDs whose keys are found side by side.
pub(super) const GROUP: usize = 16;

/// IDs that are asked about at a time: a bit for each group.
pub(super) const MANY: usize = GROUP * u32::BITS as usize;

/// A bit for each group of up to [`MANY`] IDs, the first in the lowest bit: whether one of them has to be looked at by
/// itself, because its [key](super::key::key) is at most `most`, or because it takes more than a few operations to find.
pub(super) fn groups_to_look_at(ids: &ByteIds<'_>, most: u64) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if avx2::is_available() {
        // SAFETY: the features that it is compiled for were just found.
        return unsafe { avx2::groups_to_look_at(ids, most) };
    }
    find(ids, |group| {
        of_digests(group, most).unwrap_or_else(|| is_to_look_at(group, most))
    })
}

/// The same of raw digests and UUIDs of one length; `None` of IDs that are something else.
#[inline(always)]
fn of_digests(ids: &[&[u8]; GROUP], most: u64) -> Option<bool> {
    let len = ids[0].len();
    if !matches!(len, 16 | 20 | 32) || !is_no_text(ids[0]) {
        return None;
    }
    let mut is_among = false;
    for id in ids {
        // One that happens to end like a text has the key of one.
        let ends_like_text = |tail: &[u8; 8]| alphanumeric(u64::from_le_bytes(*tail)) == HIGH;
        let is_digest = id.len() == len && (is_no_text(id) || form::is_raw_digest(id));
        if !is_digest || id.last_chunk().is_some_and(ends_like_text) {
            return None;
        }
        is_among |= of_digest(len == 16, id.first_chunk(), id.last_chunk()) <= most;
    }
    Some(is_among)
}

/// Whether some bytes have one that no text has: of [`form::is_raw_digest`] what is seen without a branch. Of 32
/// random bytes 99 % have one.
#[inline(always)]
fn is_no_text(value: &[u8]) -> bool {
    value.iter().fold(false, |found, &byte| {
        // Control characters but NUL and those around the blanks; what UTF-8 never holds.
        found | (byte.wrapping_sub(1) < 8) | (byte.wrapping_sub(14) < 18) | (byte >= 0xf5)
    })
}

#[inline(always)]
fn find(ids: &ByteIds<'_>, look: impl Fn(&[&[u8]; GROUP]) -> bool) -> u32 {
    match *ids {
        ByteIds::Slices(slices) => {
            let (groups, _) = slices.as_chunks();
            each_group(ids.len(), |at| look(&groups[at]))
        }
        ByteIds::Fixed { data, width } => each_group(ids.len(), |at| {
            let group = &data[at * GROUP * width..(at + 1) * GROUP * width];
            look(&std::array::from_fn(|i| &group[i * width..(i + 1) * width]))
        }),
        ByteIds::Offsets { data, offsets } => each_group(ids.len(), |at| {
            let ends = &offsets[at * GROUP..=(at + 1) * GROUP];
            look(&std::array::from_fn(|i| {
                &data[ends[i] as usize..ends[i + 1] as usize]
            }))
        }),
    }
}

#[inline(always)]
fn each_group(len: usize, look: impl Fn(usize) -> bool) -> u32 {
    let whole = len / GROUP;
    // IDs that fill no group.
    let mut found = match len % GROUP {
        0 => 0,
        _ => 1 << whole,
    };
    for at in 0..whole {
        found |= u32::from(look(at)) << at;
    }
    found
}

fn is_to_look_at(ids: &[&[u8]; GROUP], most: u64) -> bool {
    let len = ids[0].len();
    let (mut tails, mut heads) = ([0; GROUP], [0; GROUP]);
    let (mut of_one_length, mut is_odd) = (true, false);
    for (i, id) in ids.iter().enumerate() {
        let Some(tail) = id.last_chunk() else {
            return true;
        };
        tails[i] = u64::from_le_bytes(*tail);
        heads[i] = head_of(id);
        of_one_length &= id.len() == len;
        // `1.234567E6`, `1234.0000000000`
        is_odd |= id[1] == b'.' || tails[i] == each(b'0');
    }
    let signs = tails
        .iter()
        .fold(0, |all, tail| all | !alphanumeric(*tail) & HIGH);
    let kind = match of_one_length {
        true => Kind::of(len),
        false => ids
            .iter()
            .fold(Kind::Plain, |kind, id| match Kind::of(id.len()) {
                Kind::Plain => kind,
                _ => Kind::Other,
            }),
    };
    let is_uuid = match kind {
        Kind::Other => return true,
        Kind::Plain => false,
        Kind::Digits => true,
        Kind::Hyphens => ids.iter().all(|id| form::has_hyphens_of_uuid(id)),
    };
    if is_odd || signs != 0 || (kind == Kind::Hyphens && !is_uuid) {
        return true;
    }
    let mut is_among = false;
    for (tail, head) in tails.into_iter().zip(heads) {
        let key = match is_uuid {
            true => with_head(tail, head),
            false => mix(fold(tail)),
        };
        is_among |= key <= most;
    }
    is_among
}

/// What the length of an ID tells of how its key is found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By its tail, if that is letters and digits.
    Plain,
    /// Maybe a UUID without hyphens: by head and tail.
    Digits,
    /// Maybe a UUID with hyphens: likewise.
    Hyphens,
    /// Too short, or maybe base64, or a UUID or base64 behind a prefix.
    Other,
}

impl Kind {
    #[inline(always)]
    const fn of(len: usize) -> Self {
        match len {
            ..8 | 22 | 27 | 34 | 41 | 43 | 45 => Self::Other,
            32 => Self::Digits,
            36 => Self::Hyphens,
            _ => Self::Plain,
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{ByteIds, GROUP, Kind};
    use crate::spelling::key::{FACTOR, SEED};
    use std::arch::x86_64::*;

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2")
    }

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn groups_to_look_at(ids: &ByteIds<'_>, most: u64) -> u32 {
        super::find(ids, |group| {
            let len = group[0].len();
            if let Some(is_among) = super::of_digests(group, most) {
                return is_among;
            }
            let other = group.iter().fold(0, |other, id| other | (id.len() ^ len));
            if other != 0 {
                return super::is_to_look_at(group, most);
            }
            // SAFETY: the features are those of this function, and all IDs are of this length, which is at least 8.
            match Kind::of(len) {
                Kind::Other => true,
                Kind::Plain => unsafe { of_one_length::<false>(group, len, most) },
                Kind::Digits => unsafe { of_one_length::<true>(group, len, most) },
                Kind::Hyphens => unsafe {
                    of_one_length::<true>(group, len, most) || !have_hyphens(group)
                },
            }
        })
    }

    /// Eight bytes of four IDs.
    ///
    /// # Safety
    /// They are at least `at + 8` bytes long.
    #[target_feature(enable = "avx2")]
    unsafe fn words(ids: &[&[u8]; 4], at: usize) -> __m256i {
        // SAFETY: the caller's.
        let word = |id: &[u8]| unsafe { id.as_ptr().add(at).cast::<i64>().read_unaligned() };
        _mm256_set_epi64x(word(ids[3]), word(ids[2]), word(ids[1]), word(ids[0]))
    }

    /// Whether one of the IDs, all of a length of at least 8, has to be looked at: as the portable function says, but
    /// that only the upper half of a key is compared.
    ///
    /// # Safety
    /// All IDs are `len` bytes long, and that is at least 8.
    #[target_feature(enable = "avx2")]
    unsafe fn of_one_length<const UUID: bool>(ids: &[&[u8]; GROUP], len: usize, most: u64) -> bool {
        let second = _mm256_set1_epi64x(0xff00);
        let point = _mm256_set1_epi64x(i64::from(b'.') << 8);
        let zeros = _mm256_set1_epi8(b'0'.cast_signed());
        let mut is_odd = _mm256_setzero_si256();
        let mut least_letter = _mm256_set1_epi8(-1);
        let mut least_key = _mm256_set1_epi32(-1);
        let (fours, _) = ids.as_chunks::<4>();
        for four in fours {
            // SAFETY: the caller's.
            let (tails, heads) = unsafe { (words(four, len - 8), words(four, 0)) };
            is_odd = _mm256_or_si256(is_odd, _mm256_cmpeq_epi64(tails, zeros));
            let is_point = _mm256_cmpeq_epi64(_mm256_and_si256(heads, second), point);
            is_odd = _mm256_or_si256(is_odd, is_point);
            least_letter = _mm256_min_epu8(least_letter, alphanumeric(tails));
            let words = match UUID {
                true => with_heads(folded(tails), folded(heads)),
                false => folded(tails),
            };
            least_key = _mm256_min_epu32(least_key, upper_of_keys(words));
        }
        let is_sign = _mm256_cmpeq_epi8(least_letter, _mm256_setzero_si256());
        let most = _mm256_set1_epi32(((most >> 32) as u32).cast_signed());
        let is_small = _mm256_cmpeq_epi32(_mm256_min_epu32(least_key, most), least_key);
        // What is in the lower half of a key was left out.
        let is_small = _mm256_srli_epi64(is_small, 32);
        let look = _mm256_or_si256(_mm256_or_si256(is_odd, is_sign), is_small);
        _mm256_testz_si256(look, look) == 0
    }

    /// Not 0 for each byte that is an ASCII letter or digit: what its halves say together.
    #[target_feature(enable = "avx2")]
    fn alphanumeric(words: __m256i) -> __m256i {
        /// Bits of the lower half: 1 of digits, 2 of `A` to `O`, 4 of `P` to `Z`.
        const LOW: [u8; 16] = [5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 2, 2, 2, 2, 2];
        /// And of the upper half.
        const HIGH: [u8; 16] = [0, 0, 0, 1, 2, 4, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        let table = |bits: [u8; 16]| {
            let bits = u128::from_le_bytes(bits);
            let (low, high) = (bits as u64, (bits >> 64) as u64);
            _mm256_broadcastsi128_si256(_mm_set_epi64x(high.cast_signed(), low.cast_signed()))
        };
        let half = _mm256_set1_epi8(15);
        let low = _mm256_shuffle_epi8(table(LOW), _mm256_and_si256(words, half));
        let upper = _mm256_and_si256(_mm256_srli_epi16(words, 4), half);
        _mm256_and_si256(low, _mm256_shuffle_epi8(table(HIGH), upper))
    }

    #[target_feature(enable = "avx2")]
    fn folded(words: __m256i) -> __m256i {
        _mm256_or_si256(words, _mm256_set1_epi8(0x20))
    }

    /// What [`super::with_head`] mixes.
    #[target_feature(enable = "avx2")]
    fn with_heads(tails: __m256i, heads: __m256i) -> __m256i {
        let middle = _mm256_srli_epi64(_mm256_slli_epi64(heads, 16), 32);
        let turned = _mm256_or_si256(_mm256_slli_epi32(middle, 16), _mm256_srli_epi32(middle, 16));
        let sums = _mm256_add_epi32(middle, turned);
        _mm256_xor_si256(tails, _mm256_slli_epi64(sums, 20))
    }

    /// The upper halves of [`super::mix`], each in the upper half of its place; below is anything.
    #[target_feature(enable = "avx2")]
    fn upper_of_keys(words: __m256i) -> __m256i {
        let low_half = _mm256_set1_epi64x(0xffff_ffff);
        let low_factor = _mm256_set1_epi64x((FACTOR & 0xffff_ffff).cast_signed());
        let high_factor = _mm256_set1_epi64x((FACTOR >> 32).cast_signed());
        let low = _mm256_xor_si256(words, _mm256_set1_epi64x(SEED.cast_signed()));
        let high = _mm256_srli_epi64(low, 32);
        // A product of 128 bits, as at school.
        let (both_low, low_high) = (
            _mm256_mul_epu32(low, low_factor),
            _mm256_mul_epu32(low, high_factor),
        );
        let (high_low, both_high) = (
            _mm256_mul_epu32(high, low_factor),
            _mm256_mul_epu32(high, high_factor),
        );
        let sum = |a, b| _mm256_add_epi64(a, b);
        let upper = |word| _mm256_srli_epi64(word, 32);
        let middle = sum(
            sum(upper(both_low), _mm256_and_si256(low_high, low_half)),
            _mm256_and_si256(high_low, low_half),
        );
        let top = sum(
            sum(both_high, upper(low_high)),
            sum(upper(high_low), upper(middle)),
        );
        _mm256_xor_si256(top, _mm256_slli_epi64(middle, 32))
    }

    /// Whether IDs of 36 bytes have hyphens where UUIDs have them.
    ///
    /// # Safety
    /// All IDs are at least 24 bytes long.
    #[target_feature(enable = "avx2")]
    unsafe fn have_hyphens(ids: &[&[u8]; GROUP]) -> bool {
        const fn at(places: [usize; 2]) -> i64 {
            (0xff << (8 * places[0])) | (0xff << (8 * places[1]))
        }
        // The places in the second and third word.
        let (second, third) = (
            _mm256_set1_epi64x(at([0, 5])),
            _mm256_set1_epi64x(at([2, 7])),
        );
        let hyphens = _mm256_and_si256(
            _mm256_set1_epi8(b'-'.cast_signed()),
            _mm256_or_si256(second, third),
        );
        let mut others = _mm256_setzero_si256();
        let (fours, _) = ids.as_chunks::<4>();
        for four in fours {
            // SAFETY: the caller's.
            let (a, b) = unsafe { (words(four, 8), words(four, 16)) };
            let found = _mm256_or_si256(_mm256_and_si256(a, second), _mm256_and_si256(b, third));
            others = _mm256_or_si256(others, _mm256_xor_si256(found, hyphens));
        }
        _mm256_testz_si256(others, others) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::form::Scratch;
    use super::super::key::{key, tests::numbers};
    use super::*;

    /// IDs of a kind: all of one length or not, of letters and digits or not, UUIDs or nearly.
    fn ids_of(kind: u64, next: &mut impl FnMut(u64) -> u64) -> Vec<Vec<u8>> {
        let alphabet = b"a09Z5f.-@";
        let len = [0, 8, 12, 20, 22, 32, 34, 36, 40, 45][(kind % 10) as usize];
        let letters = [4, 6, 6, 6, alphabet.len() as u64][(kind / 10 % 5) as usize];
        let count = next(3 * GROUP as u64 + 2);
        let mut id = |_| {
            let len = if len == 0 { 7 + next(40) } else { len };
            let letter = |_| alphabet[next(letters) as usize];
            let mut id: Vec<u8> = (0..len).map(letter).collect();
            if len == 36 && next(16) > 0 {
                for at in [8, 13, 18, 23] {
                    id[at] = b'-';
                }
            }
            id
        };
        (0..count).map(&mut id).collect()
    }

    #[test]
    fn no_id_of_a_small_key_is_passed_over() {
        let mut next = numbers(7);
        let mut scratch = Scratch::default();
        let (mut passed, rounds) = (0, if cfg!(miri) { 100 } else { 20_000 });
        for round in 0..rounds {
            let ids = ids_of(round, &mut next);
            let slices: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
            let most = u64::MAX >> next(12);
            let portable = find(&ByteIds::Slices(&slices), |group| {
                of_digests(group, most).unwrap_or_else(|| is_to_look_at(group, most))
            });
            let found = groups_to_look_at(&ByteIds::Slices(&slices), most);
            assert_eq!(found, portable, "{slices:?}");
            for (at, group) in slices.chunks(GROUP).enumerate() {
                if found >> at & 1 == 1 {
                    continue;
                }
                passed += 1;
                let small = group.iter().filter(|id| key(id, &mut scratch) <= most);
                assert_eq!(small.count(), 0, "{group:?}");
            }
        }
        assert!(passed > rounds / 10, "{passed}");
    }

    /// Digests as bytes, a few of them texts all the same or of another length.
    #[test]
    fn no_digest_of_a_small_key_is_passed_over() {
        let mut next = numbers(11);
        let mut scratch = Scratch::default();
        let (mut passed, rounds) = (0, if cfg!(miri) { 50 } else { 5_000 });
        for round in 0..rounds {
            let len = [16, 20, 32][(round % 3) as usize];
            let id = |next: &mut dyn FnMut(u64) -> u64| -> Vec<u8> {
                let (first, bytes) = match next(60) {
                    0 => (b'a', 26),
                    1 => (0, 16),
                    _ => (0, 256),
                };
                let len = if next(200) == 0 { len - 1 } else { len };
                let mut id: Vec<u8> = (0..len).map(|_| first + next(bytes) as u8).collect();
                if next(100) == 0 {
                    id[len - 8..].fill(b'x');
                }
                id
            };
            let ids: Vec<Vec<u8>> = (0..2 * GROUP).map(|_| id(&mut next)).collect();
            let slices: Vec<&[u8]> = ids.iter().map(|id| &id[..]).collect();
            let most = u64::MAX >> (4 + next(8));
            let found = groups_to_look_at(&ByteIds::Slices(&slices), most);
            for (at, group) in slices.chunks(GROUP).enumerate() {
                let small = group.iter().filter(|id| key(id, &mut scratch) <= most);
                let is_passed = found >> at & 1 == 0;
                passed += u32::from(is_passed);
                assert!(!is_passed || small.count() == 0, "{group:?}");
            }
        }
        assert!(passed > rounds as u32 / 10, "{passed}");
    }

    #[test]
    fn ids_of_plain_kinds_are_passed_over_however_they_lie() {
        let ids: Vec<String> = (0..MANY)
            .map(|i| format!("{:032x}", i * 7_919 + 1))
            .collect();
        let slices: Vec<&[u8]> = ids.iter().map(String::as_bytes).collect();
        let data = slices.concat();
        let offsets: Vec<i32> = (0..=MANY as i32).map(|i| i * 32).collect();
        for ids in [
            ByteIds::Slices(&slices),
            ByteIds::Fixed {
                data: &data,
                width: 32,
            },
            ByteIds::Offsets {
                data: &data,
                offsets: &offsets,
            },
        ] {
            assert_eq!(groups_to_look_at(&ids, 0), 0);
            assert_eq!(groups_to_look_at(&ids, u64::MAX), u32::MAX);
            // The rest of a group is looked at.
            assert_eq!(groups_to_look_at(&ids.slice(0, 40), 0), 0b100);
        }
    }
}
