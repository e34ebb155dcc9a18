//! E-mail addresses and phone numbers as the large platforms take them.

use super::region::Region;
use super::text::{digit, push_lower, trimmed};

/// Where dots of an address, and what follows a `+`, mean nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dots {
    Stay,
    /// At gmail.com.
    FallAtGmail,
    /// At gmail.com and googlemail.com.
    FallAtGoogle,
}

/// Appends an address, trimmed and in small letters.
pub(super) fn email(id: &[u8], dots: Dots, out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    let has_blanks = match id.is_ascii() {
        true => push_ascii(id, out),
        false => {
            let text = trimmed(id)?;
            push_lower(text, out);
            text.contains(char::is_whitespace)
        }
    };
    let address = &out[start..];
    let Some(at) = memchr::memchr(b'@', address) else {
        out.truncate(start);
        return None;
    };
    let (local, domain) = (&address[..at], &address[at + 1..]);
    let is_address =
        !local.is_empty() && !domain.is_empty() && !domain.contains(&b'@') && !has_blanks;
    if !is_address {
        out.truncate(start);
        return None;
    }
    let falls = match dots {
        Dots::Stay => false,
        Dots::FallAtGmail => domain == b"gmail.com",
        Dots::FallAtGoogle => domain == b"gmail.com" || domain == b"googlemail.com",
    };
    if falls {
        let local = local.split(|&byte| byte == b'+').next().unwrap_or(local);
        let mut bare: Vec<u8> = local.iter().copied().filter(|&byte| byte != b'.').collect();
        if bare.is_empty() {
            out.truncate(start);
            return None;
        }
        bare.extend_from_slice(&address[at..]);
        out.truncate(start);
        out.extend_from_slice(&bare);
    }
    Some(())
}

/// Appends what is between blanks in small letters, of ASCII alone; whether there are blanks within.
fn push_ascii(id: &[u8], out: &mut Vec<u8>) -> bool {
    // As `char::is_whitespace` says, which takes the vertical tab too.
    const fn is_blank(byte: u8) -> bool {
        (byte == b' ') | (byte.wrapping_sub(b'\t') < 5)
    }
    let stays = |byte: &u8| !is_blank(*byte);
    let first = id.iter().position(stays).unwrap_or(id.len());
    let end = id.iter().rposition(stays).map_or(first, |last| last + 1);
    let text = &id[first..end];
    let start = out.len();
    out.extend_from_slice(text);
    out[start..].make_ascii_lowercase();
    // Without a branch, so that it is done with vectors.
    text.iter()
        .fold(false, |found, byte| found | is_blank(*byte))
}

/// Appends a number in the form of E.164 (ITU-T, 2010, section 6.2.1: country code first, 15 digits at
/// most). Shorter numbers than of 7 digits exist only within a country. Numbers that don't say their country are
/// those of `region`.
pub(super) fn phone(
    id: &[u8],
    plus: bool,
    region: Option<&Region>,
    out: &mut Vec<u8>,
) -> Option<()> {
    const DIGITS_MIN: usize = 7;
    const DIGITS_MAX: usize = 15;
    let text = trimmed(id)?;
    let international = text.strip_prefix(['+', '\u{ff0b}']);
    let international = match (international, region) {
        (Some(international), _) => international,
        (None, None) => text.strip_prefix("00")?,
        (None, Some(region)) => match region.abroad(text) {
            Some(international) => international,
            None => return local_phone(text, plus, region, out),
        },
    };
    // How a number is dialled within its country: +44 (0)20 7946 0000.
    let (country, rest) = international
        .split_once("(0)")
        .unwrap_or((international, ""));
    let start = out.len();
    if plus {
        out.push(b'+');
    }
    let first = out.len();
    for character in country.chars().chain(rest.chars()) {
        match digit(character) {
            Some(digit) => out.push(digit),
            None if is_between_digits(character) => {}
            None => {
                out.truncate(start);
                return None;
            }
        }
    }
    let count = out.len() - first;
    let is_number = (DIGITS_MIN..=DIGITS_MAX).contains(&count) && out[first] != b'0';
    if !is_number {
        out.truncate(start);
        return None;
    }
    Some(())
}

/// Appends a number that doesn't say its country.
fn local_phone(text: &str, plus: bool, region: &Region, out: &mut Vec<u8>) -> Option<()> {
    let dialled = digits_of(text)?;
    if region.abroad(&dialled).is_some() {
        return None;
    }
    let start = out.len();
    if plus {
        out.push(b'+');
    }
    let read = region.read(&dialled, out);
    if read.is_none() {
        out.truncate(start);
    }
    read
}

/// The digits of a number and nothing of what may stand between them; `None` if there is anything else.
fn digits_of(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for character in text.chars() {
        match digit(character) {
            Some(digit) => digits.push(digit.into()),
            None if is_between_digits(character) => {}
            None => return None,
        }
    }
    Some(digits)
}

const fn is_between_digits(character: char) -> bool {
    matches!(
        character,
        ' ' | '\u{a0}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '/' | '(' | ')'
    )
}
