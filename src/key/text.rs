//! A key as a line of text: `overlap-key-1:`, 64 hexadecimal digits, `:`, and their CRC-32 as 8 more.

use super::KEY_BYTES;
use crate::error::{Error, Result};
use zeroize::Zeroizing;

const PREFIX: &str = "overlap-key-1:";

pub(super) fn write(bytes: &[u8; KEY_BYTES]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // As long as it will get, with a line end: a text that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 2 * KEY_BYTES + 10));
    text.push_str(PREFIX);
    let checksum = crc32fast::hash(bytes).to_be_bytes();
    for (at, &byte) in bytes.iter().chain(&checksum).enumerate() {
        if at == KEY_BYTES {
            text.push(':');
        }
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

pub(super) fn parse(text: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let text = text.strip_suffix(b"\r").unwrap_or(text);
    if text.is_empty() {
        return Err(refused("the key file is empty".into()));
    }
    let Some(rest) = text.strip_prefix(PREFIX.as_bytes()) else {
        return Err(refused(format!(
            "not a key: its text doesn't begin with {PREFIX}"
        )));
    };
    let mut parts = rest.splitn(2, |&byte| byte == b':');
    let (digits, checksum) = (parts.next().unwrap_or_default(), parts.next());
    if digits.iter().any(|byte| !byte.is_ascii_hexdigit()) {
        return Err(refused(
            "not a key: something else than hexadecimal digits is in it".into(),
        ));
    }
    if digits.len() != 2 * KEY_BYTES {
        let size = match digits.len() < 2 * KEY_BYTES {
            true => "short",
            false => "long",
        };
        return Err(refused(format!(
            "the key is too {size}: {} hexadecimal digits, but {} belong to one",
            digits.len(),
            2 * KEY_BYTES
        )));
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    unhex(digits, &mut *bytes);
    let mut found = [0; 4];
    let checksum = checksum.filter(|digits| {
        digits.len() == 2 * found.len() && digits.iter().all(u8::is_ascii_hexdigit)
    });
    unhex(checksum.unwrap_or_default(), &mut found);
    if checksum.is_none() || found != crc32fast::hash(&*bytes).to_be_bytes() {
        return Err(refused("the checksum of the key is wrong".into()));
    }
    Ok(bytes)
}

/// The bytes of hexadecimal digits.
fn unhex(digits: &[u8], out: &mut [u8]) {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    for (pair, out) in digits.chunks_exact(2).zip(out) {
        *out = digit(pair[0]) << 4 | digit(pair[1]);
    }
}

fn refused(message: String) -> Error {
    Error::usage(message).hint("copy the file again, or make a key with: overlap key new -o FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        write(&std::array::from_fn(|i| 200 - i as u8)).to_string()
    }

    #[test]
    fn what_is_written_is_read_with_either_line_end_or_none() {
        for end in ["", "\n", "\r\n"] {
            let text = format!("{}{end}", text());
            let bytes = parse(text.as_bytes()).expect("a key");
            assert_eq!(*bytes, std::array::from_fn(|i| 200 - i as u8));
        }
        let upper = text()[PREFIX.len()..].to_uppercase();
        assert!(parse(format!("{PREFIX}{upper}").as_bytes()).is_ok());
    }

    #[test]
    fn every_change_of_one_character_is_refused_and_no_error_repeats_the_key() {
        let text = text();
        for at in 0..text.len() {
            for other in ["0", "f", ":", "x", " "] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                if changed != text {
                    let error = parse(changed.as_bytes()).expect_err("changed");
                    assert!(!error.to_string().contains(&text[20..28]), "{error}");
                }
            }
        }
    }

    #[test]
    fn every_other_length_is_refused() {
        let text = text();
        for len in 0..text.len() {
            assert!(parse(&text.as_bytes()[..len]).is_err(), "{len}");
        }
        assert!(parse(format!("{text}\n\n").as_bytes()).is_err());
        assert!(parse(format!("{text}0").as_bytes()).is_err());
        let short = format!("{PREFIX}{}", "ab".repeat(31));
        let error = parse(short.as_bytes()).expect_err("31 bytes");
        assert!(error.to_string().contains("too short"), "{error}");
    }
}
