//! What is left of an ID when ever less of its spelling counts.

use crate::hash::hash_bytes;
use unicode_normalization::UnicodeNormalization;

/// How much of an ID's spelling counts, from all of it to the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// Every byte counts.
    Written,
    /// Blanks and invisible characters around it don't count.
    Trimmed,
    /// Nor do capitals.
    Folded,
    /// Of letters and digits alone, in lower case; full-width ones and accents are those without.
    Bare,
    /// As a whole number, if it is one: leading zeros, `.0`, exponents and separators don't count.
    Number,
    /// As the bytes that hexadecimal digits, base64 or a UUID stand for.
    Bytes,
    /// All of this, and prefixes such as `usr_` and the byte order of UUIDs don't count either.
    Loosest,
}

impl Reading {
    /// Every reading, from the strictest.
    pub const ALL: [Self; 7] = [
        Self::Written,
        Self::Trimmed,
        Self::Folded,
        Self::Bare,
        Self::Number,
        Self::Bytes,
        Self::Loosest,
    ];

    /// A stable name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Trimmed => "trimmed",
            Self::Folded => "folded",
            Self::Bare => "bare",
            Self::Number => "number",
            Self::Bytes => "bytes",
            Self::Loosest => "loosest",
        }
    }

    /// The reading in words, behind "if".
    #[must_use]
    pub const fn condition(self) -> &'static str {
        match self {
            Self::Written => "every byte counts",
            Self::Trimmed => "blanks around ids don't count",
            Self::Folded => "capitals and blanks don't count",
            Self::Bare => "only letters and digits count",
            Self::Number => "ids are read as numbers",
            Self::Bytes => "ids are read as bytes (hexadecimal, base64 or UUIDs)",
            Self::Loosest => "prefixes and the byte order of UUIDs don't count",
        }
    }
}

/// Numbers of more digits are texts: digests have as many.
const DIGITS_MAX: usize = 30;

/// Buffers that are used for one ID after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub(super) wide: Vec<u8>,
    pub(super) digits: Vec<u8>,
    pub(super) bare: Vec<u8>,
    bytes: Vec<u8>,
}

/// The hashes of an ID under all readings but the loosest, which is the second.
pub(super) type Hashes = ([u64; READINGS], u64);

/// Readings but the loosest.
pub(super) const READINGS: usize = Reading::ALL.len() - 1;

/// The hashes of an ID under every reading; `None` if there is no letter and no digit in it.
pub(super) fn hashes(value: &[u8], scratch: &mut Scratch) -> Option<Hashes> {
    let written = hash_bytes(value);
    if is_raw_digest(value) {
        let bytes = tagged(b'b', value, &mut scratch.bare);
        let loosest = loosest_of_bytes(value, &mut scratch.bare);
        return Some((
            [written, written, written, written, written, bytes],
            loosest,
        ));
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return Some(([written; READINGS], written));
    };
    let text = text.trim_matches(is_blank);
    let trimmed = hash_bytes(text.as_bytes());
    let folded = hash_bytes(text.to_lowercase().as_bytes());
    let core = core(value, &mut scratch.wide);
    let own = without_prefix(core);
    bare_into(core, &mut scratch.bare);
    if scratch.bare.is_empty() {
        return None;
    }
    let bare = hash_bytes(&scratch.bare);
    let number =
        number(core, &mut scratch.digits).map(|digits| tagged(b'n', digits, &mut scratch.bare));
    let number_of_own = self::number(own, &mut scratch.digits)
        .map(|digits| tagged(b'n', digits, &mut scratch.bare));
    let is_digest = digest_bytes(own, &mut scratch.bytes);
    let (bytes, loosest) = match (is_digest, number_of_own) {
        (true, _) => (
            Some(tagged(b'b', &scratch.bytes, &mut scratch.bare)),
            loosest_of_bytes(&scratch.bytes, &mut scratch.bare),
        ),
        (false, Some(number)) => (None, number),
        (false, None) => {
            bare_into(own, &mut scratch.bare);
            let zeros = scratch
                .bare
                .iter()
                .take_while(|&&byte| byte == b'0')
                .count();
            let text = scratch.bare.split_off(zeros);
            // A telephone number with and without what groups its digits.
            let is_number = text.len() <= DIGITS_MAX && text.iter().all(u8::is_ascii_digit);
            let kind = if is_number { b'n' } else { b't' };
            (None, tagged(kind, &text, &mut scratch.bare))
        }
    };
    let readings = [
        written,
        trimmed,
        folded,
        bare,
        number.unwrap_or(folded),
        bytes.unwrap_or(folded),
    ];
    Some((readings, loosest))
}

/// A hash of bytes of some kind, so that a number never meets a text.
fn tagged(kind: u8, bytes: &[u8], buffer: &mut Vec<u8>) -> u64 {
    buffer.clear();
    buffer.push(kind);
    buffer.extend_from_slice(bytes);
    hash_bytes(buffer)
}

/// Of 16 bytes both orders of a UUID are one.
fn loosest_of_bytes(bytes: &[u8], buffer: &mut Vec<u8>) -> u64 {
    let Ok(uuid) = <[u8; 16]>::try_from(bytes) else {
        return tagged(b'b', bytes, buffer);
    };
    let mut other = uuid;
    other[..4].reverse();
    other[4..6].reverse();
    other[6..8].reverse();
    tagged(b'b', &uuid.min(other), buffer)
}

/// Whether a character is a blank or can't be seen.
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\0' | '\u{feff}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'
        )
}

/// Whether a byte of an ID is part of a letter or a digit.
pub(super) const fn counts(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether 16, 20 or 32 bytes aren't a text.
pub(super) fn is_raw_digest(value: &[u8]) -> bool {
    let is_control = |&byte: &u8| byte < b' ' && !byte.is_ascii_whitespace() && byte != 0;
    matches!(value.len(), 16 | 20 | 32)
        && (value.iter().any(is_control) || std::str::from_utf8(value).is_err())
}

/// Whether 36 characters have their hyphens where a UUID has them.
#[inline(always)]
pub(super) fn has_hyphens_of_uuid(value: &[u8]) -> bool {
    value.len() == 36 && [8, 13, 18, 23].iter().all(|&at| value[at] == b'-')
}

/// An ID without quotes, braces and blanks around it; letters and digits of other widths and with accents
/// as the plain ones, in lower case.
pub(super) fn core<'a>(value: &'a [u8], wide: &'a mut Vec<u8>) -> &'a [u8] {
    let text = match std::str::from_utf8(value) {
        Ok(text) if !value.is_ascii() => text,
        _ => return trimmed(value),
    };
    wide.clear();
    let plain = text.nfkd().filter(|&c| c.is_ascii() || c.is_alphanumeric());
    for c in plain.flat_map(char::to_lowercase) {
        wide.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    trimmed(wide)
}

/// Without what is around letters, digits and the signs of base64.
fn trimmed(value: &[u8]) -> &[u8] {
    let stays = |&byte: &u8| counts(byte) || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let start = value.iter().position(stays).unwrap_or(value.len());
    let end = value.iter().rposition(stays).map_or(start, |last| last + 1);
    &value[start..end]
}

/// The letters and digits, in lower case.
fn bare_into(core: &[u8], bare: &mut Vec<u8>) {
    bare.clear();
    let kept = core.iter().filter(|byte| counts(**byte));
    bare.extend(kept.map(u8::to_ascii_lowercase));
}

/// An ID without `0x`, `x`, `sha256:`, `urn:uuid:`, `usr_` and the like before it.
pub(super) fn without_prefix(core: &[u8]) -> &[u8] {
    /// What is shorter may be a number of its own, such as that of a shop.
    const LENGTH_MIN: usize = 5;
    for prefix in [&b"0x"[..], b"0X", b"x", b"X"] {
        if let Some(rest) = core.strip_prefix(prefix)
            && (prefix.len() == 2 || rest.len() >= 32)
            && rest.len() >= LENGTH_MIN
            && rest.iter().all(u8::is_ascii_hexdigit)
        {
            return rest;
        }
    }
    let separators = |&byte: &u8| matches!(byte, b':' | b'_' | b'|' | b'\\' | b'/');
    let is_mail = core.contains(&b'@');
    if let Some(at) = core.iter().rposition(separators).filter(|_| !is_mail) {
        let rest = &core[at + 1..];
        let letters = core[..at].iter().any(u8::is_ascii_alphabetic);
        if letters
            && rest.len() >= LENGTH_MIN
            && (rest.iter().all(u8::is_ascii_digit) || is_hex(rest))
        {
            return rest;
        }
    }
    match core.iter().position(|&byte| byte == b'-') {
        Some(at)
            if at > 0
                && core[..at].iter().all(u8::is_ascii_alphabetic)
                && core.len() - at > LENGTH_MIN
                && core[at + 1..].iter().all(u8::is_ascii_digit) =>
        {
            &core[at + 1..]
        }
        _ => core,
    }
}

/// Whether a text is a digest or a UUID in hexadecimal digits.
fn is_hex(text: &[u8]) -> bool {
    let all = |text: &[u8]| text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    (has_hyphens_of_uuid(text) || matches!(text.len(), 32 | 40 | 64)) && all(text)
}

/// The digits of a whole number, without leading zeros, behind a minus where there is one; `None`
/// for anything else. Takes a sign, separators of thousands, a fraction of zeros, and an exponent
/// beside a point or a sign (`12e5` may be hexadecimal).
pub(super) fn number<'a>(core: &[u8], digits: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let (negative, text) = match core.split_first()? {
        (b'-', rest) => (true, rest),
        (b'+', rest) => (false, rest),
        _ => (false, core),
    };
    if !text.first()?.is_ascii_digit() || text.len() > 2 * DIGITS_MAX {
        return None;
    }
    let (mantissa, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
        None => (text, 0),
        Some(at) => (
            &text[..at],
            exponent(&text[at + 1..], text[..at].contains(&b'.'))?,
        ),
    };
    let (whole, fraction) = match mantissa.iter().position(|&byte| byte == b'.') {
        Some(at) if !mantissa[at + 1..].contains(&b'.') => (&mantissa[..at], &mantissa[at + 1..]),
        _ => (mantissa, &[][..]),
    };
    digits.clear();
    if negative {
        digits.push(b'-');
    }
    ungroup(whole, digits)?;
    let zeros = fraction
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'0')
        .count();
    let fraction = &fraction[..fraction.len() - zeros];
    let moved = exponent.checked_sub(fraction.len())?;
    if !fraction.iter().all(u8::is_ascii_digit) || moved > DIGITS_MAX {
        return None;
    }
    digits.extend_from_slice(fraction);
    digits.resize(digits.len() + moved, b'0');
    let sign = usize::from(negative);
    let leading = digits[sign..]
        .iter()
        .take_while(|&&byte| byte == b'0')
        .count();
    digits.drain(sign..sign + leading.min(digits.len() - sign - 1));
    (digits.len() <= DIGITS_MAX).then_some(digits)
}

/// The exponent of a number whose mantissa has a point or not.
fn exponent(text: &[u8], has_point: bool) -> Option<usize> {
    let (signed, text) = match text.strip_prefix(b"+") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let digits = std::str::from_utf8(text).ok()?;
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.parse().ok().filter(|_| all && (signed || has_point))
}

/// Appends digits that may be in groups of three.
fn ungroup(whole: &[u8], digits: &mut Vec<u8>) -> Option<()> {
    if whole.iter().all(u8::is_ascii_digit) {
        digits.extend_from_slice(whole);
        return Some(());
    }
    let separator = *whole.iter().find(|byte| !byte.is_ascii_digit())?;
    if !matches!(separator, b',' | b'.' | b' ' | b'_' | b'\'') {
        return None;
    }
    for (i, group) in whole.split(|&byte| byte == separator).enumerate() {
        let fits = group.len() == 3 || (i == 0 && (1..=3).contains(&group.len()));
        if !fits || !group.iter().all(u8::is_ascii_digit) {
            return None;
        }
        digits.extend_from_slice(group);
    }
    Some(())
}

/// The first and last four of the 16, 20 or 32 bytes that a text is in base64, of either alphabet and
/// without padding; only the characters that they are made of are looked at.
pub(super) fn ends_of_base64(core: &[u8]) -> Option<([u8; 4], [u8; 4])> {
    let surplus = match core.len() {
        22 => 4,
        27 | 43 => 2,
        _ => return None,
    };
    let word = |text: &[u8]| {
        let digit = |word: u64, byte: &u8| Some(word << 6 | u64::from(base64_digit(*byte)?));
        text.iter().try_fold(0_u64, digit)
    };
    // Only the tail is asked for of digests: their heads are as good, and take as long.
    let head = match core.len() {
        22 => word(&core[..6])?,
        _ => 0,
    };
    let tail = word(&core[core.len() - 6..])?;
    let low = |word: u64| {
        u32::try_from(word & u64::from(u32::MAX))
            .unwrap_or(0)
            .to_be_bytes()
    };
    (tail & ((1 << surplus) - 1) == 0).then(|| (low(head >> 4), low(tail >> surplus)))
}

/// Whether a byte is a digit of base64, of either alphabet.
#[inline]
pub(super) fn is_of_base64(byte: u8) -> bool {
    base64_digit(byte).is_some()
}

#[inline]
fn base64_digit(byte: u8) -> Option<u8> {
    /// The digits by their bytes; what is none is above all.
    const DIGITS: [u8; 256] = {
        let mut digits = [u8::MAX; 256];
        let mut byte = 0;
        while byte < 128 {
            if let Some(digit) = digit_of_base64(byte) {
                digits[byte as usize] = digit;
            }
            byte += 1;
        }
        digits
    };
    Some(DIGITS[usize::from(byte)]).filter(|&digit| digit < 64)
}

const fn digit_of_base64(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The 16, 20 or 32 bytes that a text stands for, into `bytes`; whether it does.
pub(super) fn digest_bytes(text: &[u8], bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    if is_hex(text) {
        let digits = text.iter().filter(|byte| **byte != b'-');
        let digits: Vec<u8> = digits
            .filter_map(|&b| char::from(b).to_digit(16))
            .filter_map(|d| u8::try_from(d).ok())
            .collect();
        bytes.extend(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]));
        return digits.len().is_multiple_of(2) && matches!(bytes.len(), 16 | 20 | 32);
    }
    if ends_of_base64(text).is_none() {
        return false;
    }
    let (mut word, mut bits) = (0_u32, 0);
    for &byte in text {
        let Some(digit) = base64_digit(byte) else {
            return false;
        };
        word = word << 6 | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(word >> bits & 0xff).unwrap_or(0));
            word &= (1 << bits) - 1;
        }
    }
    true
}
