//! Rules for text of any kind. What isn't UTF-8 can't be read.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// What people don't see and don't mean at the ends of a text.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{feff}' | '\u{200b}')
}

/// A text without blanks around it.
pub(super) fn trimmed(id: &[u8]) -> Option<&str> {
    Some(std::str::from_utf8(id).ok()?.trim_matches(is_blank))
}

pub(super) fn trim(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(trimmed(id)?.as_bytes());
    Some(())
}

/// Appends a text in small letters.
pub(super) fn push_lower(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        out[start..].make_ascii_lowercase();
    } else {
        out.extend_from_slice(text.to_lowercase().as_bytes());
    }
}

pub(super) fn lower(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    push_lower(std::str::from_utf8(id).ok()?, out);
    Some(())
}

pub(super) fn upper(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(id).ok()?;
    if text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(id);
        out[start..].make_ascii_uppercase();
    } else {
        out.extend_from_slice(text.to_uppercase().as_bytes());
    }
    Some(())
}

pub(super) fn nfc(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(id).ok()?;
    if is_nfc_quick(text.chars()) == IsNormalized::Yes {
        out.extend_from_slice(id);
    } else {
        for character in text.nfc() {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(())
}

/// The digit that a character is, full-width ones (U+FF10 to U+FF19) among them.
pub(super) fn digit(character: char) -> Option<u8> {
    const FULL_WIDTH_ZERO: u32 = 0xff10;
    let value = match character {
        '0'..='9' => u32::from(character) - u32::from('0'),
        '\u{ff10}'..='\u{ff19}' => u32::from(character) - FULL_WIDTH_ZERO,
        _ => return None,
    };
    u8::try_from(value).ok().map(|value| b'0' + value)
}

pub(super) fn digits(id: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let start = out.len();
    out.extend(std::str::from_utf8(id).ok()?.chars().filter_map(digit));
    (out.len() > start).then_some(())
}

pub(super) fn strip_zeros(id: &[u8], out: &mut Vec<u8>) {
    let zeros = id.iter().take_while(|&&byte| byte == b'0').count();
    // Nothing but zeros is one.
    let kept = zeros.min(id.len().saturating_sub(1));
    out.extend_from_slice(&id[kept..]);
}
