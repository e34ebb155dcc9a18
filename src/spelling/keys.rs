//! Which of many IDs may be in a loose sample: their keys side by side, in a third of the time of one by one.
//!
//! Compiled twice, for every processor and for those with AVX2. The one `unsafe` is the call of the second, behind
//! the question whether the processor has it.

#![allow(unsafe_code)]

use super::form;
use super::key::{HIGH, alphanumeric, each, fold, head_of, mix, with_head};
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
    find(ids, most)
}

#[inline(always)]
fn find(ids: &ByteIds<'_>, most: u64) -> u32 {
    match *ids {
        ByteIds::Offsets { data, offsets } => each_group(ids.len(), most, |i| {
            &data[offsets[i] as usize..offsets[i + 1] as usize]
        }),
        ByteIds::Fixed { data, width } => {
            each_group(ids.len(), most, |i| &data[i * width..(i + 1) * width])
        }
        ByteIds::Slices(slices) => each_group(ids.len(), most, |i| slices[i]),
    }
}

#[inline(always)]
fn each_group<'a>(len: usize, most: u64, get: impl Fn(usize) -> &'a [u8]) -> u32 {
    let whole = len / GROUP;
    // IDs that fill no group.
    let mut found = match len % GROUP {
        0 => 0,
        _ => 1 << whole,
    };
    for group in 0..whole {
        let look = is_to_look_at(most, |i| get(group * GROUP + i));
        found |= u32::from(look) << group;
    }
    found
}

#[inline(always)]
fn is_to_look_at<'a>(most: u64, get: impl Fn(usize) -> &'a [u8]) -> bool {
    let len = get(0).len();
    let (mut tails, mut heads) = ([0; GROUP], [0; GROUP]);
    let (mut of_one_length, mut is_odd) = (true, false);
    for i in 0..GROUP {
        let id = get(i);
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
    // Base64, UUIDs, and either behind a prefix.
    let is_plain = |len: usize| !matches!(len, 22 | 27 | 32 | 34 | 36 | 41 | 43 | 45);
    let are_uuids = match len {
        32 => of_one_length,
        36 => of_one_length && (0..GROUP).all(|i| form::has_hyphens_of_uuid(get(i))),
        _ => false,
    };
    let are_plain = match of_one_length {
        true => is_plain(len),
        false => (0..GROUP).all(|i| is_plain(get(i).len())),
    };
    if is_odd || signs != 0 || !(are_uuids || are_plain) {
        return true;
    }
    let mut is_among = false;
    for (tail, head) in tails.into_iter().zip(heads) {
        let key = match are_uuids {
            true => with_head(tail, head),
            false => mix(fold(tail)),
        };
        is_among |= key <= most;
    }
    is_among
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::ByteIds;

    pub(super) fn is_available() -> bool {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2")
    }

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn groups_to_look_at(ids: &ByteIds<'_>, most: u64) -> u32 {
        super::find(ids, most)
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
            let portable = find(&ByteIds::Slices(&slices), most);
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
