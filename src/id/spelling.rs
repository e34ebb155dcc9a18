//! The letters and digits of an ID, whoever typed them.

/// Appends the letters and digits of `text`, in lower case and without leading zeros: what is left
/// of an ID when two systems write it with other capitals, blanks, punctuation or padding. Never an
/// ID by itself, as different users can meet in it. Bytes that aren't UTF-8 are appended as they are.
///
/// ```
/// use overlap::id::push_bare_text;
///
/// let mut out = Vec::new();
/// push_bare_text(" 00-Ab.7\n".as_bytes(), &mut out);
/// assert_eq!(out, b"ab7");
/// ```
pub fn push_bare_text(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let Ok(text) = std::str::from_utf8(text) else {
        return out.extend_from_slice(text);
    };
    let kept = text.chars().filter(|character| character.is_alphanumeric());
    for character in kept.flat_map(char::to_lowercase) {
        if character == '0' && out.len() == start {
            continue;
        }
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push_bare_text(text, &mut out);
        out
    }

    #[test]
    fn capitals_blanks_punctuation_and_leading_zeros_fall_away() {
        for text in [
            "Ann@Example.org",
            "ann@example.org ",
            "\u{feff}ANN @example.org",
        ] {
            assert_eq!(bare(text.as_bytes()), b"annexampleorg", "{text:?}");
        }
        assert_eq!(bare(b"0042"), bare(b"42"));
        assert_ne!(bare(b"420"), bare(b"42"));
        assert_eq!(bare("ÄÖ-1".as_bytes()), "äö1".as_bytes());
        assert_eq!(bare(b"\xff0A"), b"\xff0A");
        assert_eq!(bare(b" - "), b"");
    }

    #[test]
    fn ids_are_appended_one_behind_the_other() {
        let mut out = b"a0".to_vec();
        push_bare_text(b"0b", &mut out);
        assert_eq!(out, b"a0b");
    }
}
