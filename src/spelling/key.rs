//! The key that decides, cheaply, who is in a loose sample.
//!
//! It is a hash of the last eight letters and digits of an ID, of an e-mail address those before the `@`, of a number its
//! last digits; of digests and UUIDs the same eight digits whether they are written as hexadecimal digits, base64 or
//! bytes. UUIDs also have two of their first bytes in it, since those of version 1 may end alike, in a form that
//! doesn't change with the byte order. IDs that end in eight letters or digits take a few operations on words of eight
//! bytes; any other takes the careful way, which strips what doesn't matter first and ends at the same words.

use super::form::{self, Scratch};

/// Eight bytes, each the same.
#[inline(always)]
pub(super) const fn each(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

pub(super) const HIGH: u64 = each(0x80);

/// Sets the bit that tells small letters from capitals; digits have it anyway.
#[inline(always)]
pub(super) const fn fold(word: u64) -> u64 {
    word | each(0x20)
}

/// The high bit of each byte that is an ASCII letter or digit.
#[inline(always)]
pub(super) const fn alphanumeric(word: u64) -> u64 {
    let low = word & !HIGH;
    let letter = low | each(0x20);
    // Adding 0x80 − c carries into the high bit from c on.
    let letters = (letter + each(0x80 - b'a')) & !(letter + each(0x7f - b'z'));
    let digits = (low + each(0x80 - b'0')) & !(low + each(0x7f - b'9'));
    (letters | digits) & !word & HIGH
}

/// Two of wyhash's secrets.
pub(super) const SEED: u64 = 0xe703_7ed1_a0b4_28db;
pub(super) const FACTOR: u64 = 0xa076_1d64_78bd_642f;

/// The two halves of a product of 128 bits, folded: as in wyhash (Wang Yi).
#[inline(always)]
pub(super) const fn mix(word: u64) -> u64 {
    let product = (word ^ SEED) as u128 * FACTOR as u128;
    (product >> 64) as u64 ^ product as u64
}

/// The key of a UUID: of its tail, and of its second and third byte, whose sum is the same in either byte order. Those of
/// version 1 from one machine end alike, but not in these.
#[inline(always)]
pub(super) const fn with_head(tail: u64, head: u64) -> u64 {
    let middle = ((fold(head) >> 16) & 0xffff_ffff) as u32;
    let sum = middle.wrapping_add(middle.rotate_left(16));
    mix(fold(tail) ^ (sum as u64) << 20)
}

#[inline(always)]
pub(super) fn head_of(value: &[u8]) -> u64 {
    value
        .first_chunk()
        .map_or(0, |head| u64::from_le_bytes(*head))
}

/// The key of an ID: the smaller, the likelier in a sample.
#[inline]
pub(super) fn key(value: &[u8], scratch: &mut Scratch) -> u64 {
    let Some(tail) = value.last_chunk::<8>() else {
        return short(value).unwrap_or_else(|| careful(value, scratch));
    };
    let tail = u64::from_le_bytes(*tail);
    if alphanumeric(tail) == HIGH {
        match value.len() {
            // Base64, a UUID behind a prefix.
            22 | 27 | 43 | 34 | 41 | 45 => {}
            // `1234.0000000000`
            _ if tail == each(b'0') => {}
            // `1.234567E6`, the point of which is farther off.
            ..24 if value[1] == b'.' => {}
            32 => return with_head(tail, head_of(value)),
            36 if form::has_hyphens_of_uuid(value) => return with_head(tail, head_of(value)),
            _ => return mix(fold(tail)),
        }
    }
    quick(value, tail).unwrap_or_else(|| careful(value, scratch))
}

/// The key of up to seven letters and digits.
#[inline]
fn short(value: &[u8]) -> Option<u64> {
    let len = value.len();
    let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) else {
        return None;
    };
    let word = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    let free = 8 * (8 - len);
    // Zeros before it, and the two overlap.
    let tail = word(last) << 32 | word(first) << free | (each(b'0') & ((1 << free) - 1));
    let is_hex = matches!(value[1], b'x' | b'X');
    (alphanumeric(tail) == HIGH && !is_hex).then(|| mix(fold(tail)))
}

/// The key of the commonest IDs that don't end in letters and digits, or may be base64: the same as that of the
/// careful way, without its steps. Not inlined: most IDs don't come here, and would pay for its registers.
#[inline(never)]
fn quick(value: &[u8], tail: u64) -> Option<u64> {
    let (&first, &last) = (value.first()?, value.last()?);
    if form::is_raw_digest(value) {
        let (head, tail) = (value.first_chunk(), value.last_chunk());
        return Some(of_digest(value.len() == 16, head, tail));
    }
    if let Some(at) = memchr::memchr(b'@', value) {
        let word = tail_of(&value[..at]);
        // From `+` on; blanks and quotes are below.
        let is_plain = ((word & !HIGH) + each(0x80 - b'+')) & !word & HIGH == HIGH;
        let is_core = first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric();
        return (is_plain && is_core).then(|| mix(fold(word)));
    }
    let padding = value
        .iter()
        .rev()
        .take(2)
        .take_while(|&&byte| byte == b'=')
        .count();
    let bare = &value[..value.len() - padding];
    if matches!(bare.len(), 22 | 27 | 43) && form::is_of_base64(first) {
        let (head, tail) = form::ends_of_base64(bare)?;
        return Some(of_digest(bare.len() == 22, Some(&head), Some(&tail)));
    }
    if !last.is_ascii_alphanumeric() {
        return None;
    }
    // Digits behind a sign and letters: `user_123456`.
    let signs = !alphanumeric(tail) & HIGH;
    let after = signs.leading_zeros() as usize / 8;
    let (prefix, digits) = value.split_at(value.len() - after);
    let (sign, prefix) = prefix.split_last()?;
    let is_prefix = match sign {
        b'-' => prefix.iter().all(u8::is_ascii_alphabetic),
        b':' | b'_' | b'|' | b'/' => prefix.iter().all(u8::is_ascii_alphanumeric),
        _ => false,
    };
    let is_number = after >= 5 && digits.iter().all(u8::is_ascii_digit);
    (is_prefix && is_number && first.is_ascii_alphabetic()).then(|| mix(fold(tail_of(digits))))
}

/// The key of an ID that doesn't simply end in letters and digits, or may be base64.
#[inline(never)]
fn careful(value: &[u8], scratch: &mut Scratch) -> u64 {
    if form::is_raw_digest(value) {
        return of_digest(value.len() == 16, value.first_chunk(), value.last_chunk());
    }
    let core = form::core(value, &mut scratch.wide);
    if let Some(at) = core.iter().position(|&byte| byte == b'@') {
        return mix(fold(tail_of(&core[..at])));
    }
    if let Some((head, tail)) = form::ends_of_base64(core) {
        return of_digest(core.len() == 22, Some(&head), Some(&tail));
    }
    if let Some(digits) = form::number(core, &mut scratch.digits) {
        return mix(fold(tail_of(digits)));
    }
    let own = form::without_prefix(core);
    scratch.bare.clear();
    scratch
        .bare
        .extend(own.iter().filter(|byte| form::counts(**byte)));
    let bare = &scratch.bare[..];
    match bare.len() {
        32 => with_head(tail_of(bare), head_of(bare)),
        _ => mix(fold(tail_of(bare))),
    }
}

/// The key of a digest, or of a UUID, by its first and last four bytes.
#[inline(always)]
pub(super) fn of_digest(is_uuid: bool, head: Option<&[u8; 4]>, tail: Option<&[u8; 4]>) -> u64 {
    let word = |bytes: Option<&[u8; 4]>| hex_word(*bytes.unwrap_or(&[0; 4]));
    match is_uuid {
        true => with_head(word(tail), word(head)),
        false => mix(fold(word(tail))),
    }
}

/// The eight hexadecimal digits of four bytes, as a word.
#[inline(always)]
const fn hex_word(bytes: [u8; 4]) -> u64 {
    /// What is between the digit 9 and the letter a.
    const GAP: u64 = (b'a' - b'9' - 1) as u64;
    let word = u32::from_le_bytes(bytes) as u64;
    // The bytes apart, then their halves, the upper one first.
    let apart = (word | word << 16) & 0x0000_ffff_0000_ffff;
    let apart = (apart | apart << 8) & 0x00ff_00ff_00ff_00ff;
    let halves = (apart >> 4 | apart << 8) & each(15);
    // Adding 6 carries from 10 on.
    let letters = (halves + each(6)) >> 4 & each(1);
    halves + each(b'0') + letters * GAP
}

/// The last eight bytes; zeros stand before what is shorter, so that leading zeros don't count.
fn tail_of(bytes: &[u8]) -> u64 {
    let mut tail = [b'0'; 8];
    let len = bytes.len().min(tail.len());
    tail[8 - len..].copy_from_slice(&bytes[bytes.len() - len..]);
    u64::from_le_bytes(tail)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Numbers below those that are asked for, the same ones from the same seed.
    pub(in crate::spelling) fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut random = seed;
        move |below| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) % below
        }
    }

    fn key_of(value: &[u8]) -> u64 {
        key(value, &mut Scratch::default())
    }

    #[track_caller]
    fn same(spellings: &[&[u8]]) {
        for spelling in spellings {
            let (one, other) = (
                String::from_utf8_lossy(spelling),
                String::from_utf8_lossy(spellings[0]),
            );
            assert_eq!(
                key_of(spelling),
                key_of(spellings[0]),
                "{one:?} and {other:?}"
            );
        }
    }

    #[test]
    fn letters_and_digits_are_told_from_all_else() {
        for byte in 0..=255_u8 {
            let word = each(b'a') & !0xff_00 | u64::from(byte) << 8;
            let expected = if byte.is_ascii_alphanumeric() {
                HIGH
            } else {
                HIGH & !0xff00
            };
            assert_eq!(alphanumeric(word), expected, "{byte}");
        }
    }

    #[test]
    fn the_key_is_that_of_the_person_not_of_the_spelling() {
        same(&[
            b"Device-AB12CD34EF",
            b"device-ab12cd34ef ",
            b"\"DEVICE-AB12CD34EF\"",
        ]);
        same(&[
            b"1234567",
            b"0001234567",
            b"1,234,567",
            b"1234567.000",
            b"+1234567",
            b"'1234567",
            b"1.234567E6",
        ]);
        same(&[
            "100001".as_bytes(),
            "１００００１".as_bytes(),
            "\u{feff}100001".as_bytes(),
            "100001\u{200b}".as_bytes(),
        ]);
        same(&[b"100001", b"usr_100001", b"user:100001"]);
        same(&[
            b"ann.smith@example.org",
            b" Ann.Smith@Example.org",
            b"ANN.SMITH@EXAMPLE.ORG\n",
        ]);
        same(&["jörgensen".as_bytes(), "jo\u{308}rgensen".as_bytes()]);
        let text = b"0f8fad5b-d9cb-469f-a165-70867728950e";
        let bytes = [
            0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28,
            0x95, 0x0e,
        ];
        same(&[
            text,
            b"{0F8FAD5B-D9CB-469F-A165-70867728950E}",
            b"urn:uuid:0f8fad5b-d9cb-469f-a165-70867728950e",
            b"0f8fad5bd9cb469fa16570867728950e",
            &bytes,
            b"D4+tW9nLRp+hZXCGdyiVDg==",
            b"D4-tW9nLRp-hZXCGdyiVDg",
            b"5bad8f0f-cbd9-9f46-a165-70867728950e",
        ]);
        let sha = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        same(&[
            sha,
            &sha.to_ascii_uppercase(),
            b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            b"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
            b"0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            b"\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            b"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ]);
        same(&[
            b"da39a3ee5e6b4b0d3255bfef95601890afd80709",
            b"2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
        ]);
    }

    #[test]
    fn the_quick_way_is_the_careful_one() {
        let mut next = numbers(1);
        let alphabet = b"aZ09Ff.+-_:@=/ 5e\xc3\xa9";
        let mut scratch = Scratch::default();
        let (mut quick_ones, rounds) = (0, if cfg!(miri) { 1_000 } else { 300_000 });
        for round in 0..rounds {
            let kinds = [(8, 30), (22, 23), (24, 25), (27, 29), (43, 45), (1, 8)];
            let (least, most) = kinds[(round % 6) as usize];
            let len = least + next(most - least);
            let some = [4, 6, 10, alphabet.len() as u64][(round / 6 % 4) as usize];
            let id: Vec<u8> = (0..len).map(|_| alphabet[next(some) as usize]).collect();
            let found = match id.last_chunk::<8>() {
                Some(tail) => quick(&id, u64::from_le_bytes(*tail)),
                None => short(&id),
            };
            let Some(found) = found else { continue };
            quick_ones += 1;
            let text = String::from_utf8_lossy(&id);
            assert_eq!(found, careful(&id, &mut scratch), "{text:?}");
        }
        assert!(quick_ones > rounds / 20, "{quick_ones}");
    }

    #[test]
    fn keys_of_different_people_spread() {
        let numbers = (0..100_000).map(|i| i.to_string());
        let mails = (0..100_000).map(|i| format!("user{i}@example.org"));
        let uuids = (0..100_000).map(|i| format!("{i:08x}-1dd2-11b2-8000-020000000001"));
        // Of these UUIDs 256 at a time share a key: they come, or don't, together.
        let kinds: [(Vec<String>, std::ops::Range<usize>); 3] = [
            (numbers.collect(), 800..1_200),
            (mails.collect(), 800..1_200),
            (uuids.collect(), 256..3_000),
        ];
        for (ids, expected) in kinds {
            let below = ids
                .iter()
                .filter(|id| key_of(id.as_bytes()) < u64::MAX / 100);
            let count = below.count();
            assert!(expected.contains(&count), "{count} of {}", ids[7]);
        }
    }
}
