//! Encodings of text, told by their byte order mark: UTF-8 passes as it is, UTF-16 is transcoded.

use crate::error::{Error, Result};
use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};
use std::io::{self, Read};
use std::ops::Range;

/// How the characters of a file are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, or any other whose lower half is ASCII: the bytes are taken as they are.
    Utf8,
    /// What Excel calls "Unicode text".
    Utf16Le,
    /// The same with the high byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a text that begins with `head`, and how long its mark is.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for UTF-32.
    pub(super) fn of(head: &[u8]) -> Result<(Self, usize)> {
        match head {
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
                Err(Error::input("is UTF-32 text")
                    .hint("export it as UTF-8: iconv -f UTF-32 -t UTF-8"))
            }
            [0xef, 0xbb, 0xbf, ..] => Ok((Self::Utf8, 3)),
            [0xff, 0xfe, ..] => Ok((Self::Utf16Le, 2)),
            [0xfe, 0xff, ..] => Ok((Self::Utf16Be, 2)),
            _ => Ok((Self::Utf8, 0)),
        }
    }

    /// The stream, which begins behind the mark, as UTF-8.
    pub(super) fn to_utf8(self, stream: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        let encoding = match self {
            Self::Utf8 => return stream,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
        };
        Box::new(Transcoded {
            stream,
            decoder: encoding.new_decoder_without_bom_handling(),
            raw: vec![0; RAW_BYTES],
            raw_left: 0..0,
            text: vec![0; TEXT_BYTES],
            text_left: 0..0,
            ended: false,
        })
    }
}

/// Bytes that are transcoded at a time.
const RAW_BYTES: usize = 64 << 10;

/// Two bytes of UTF-16 are at most three of UTF-8.
const TEXT_BYTES: usize = 2 * RAW_BYTES;

/// UTF-16 as UTF-8.
struct Transcoded {
    stream: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_left: Range<usize>,
    text: Vec<u8>,
    text_left: Range<usize>,
    ended: bool,
}

/// The error for text that isn't what its byte order mark says.
pub(super) const NOT_UTF16: &str = "not UTF-16, though its byte order mark says so";

impl Read for Transcoded {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.text_left.is_empty() && !self.ended {
            self.transcode()?;
        }
        let length = out.len().min(self.text_left.len());
        let start = self.text_left.start;
        out[..length].copy_from_slice(&self.text[start..start + length]);
        self.text_left.start += length;
        Ok(length)
    }
}

impl Transcoded {
    /// Fills the empty text buffer from the stream.
    fn transcode(&mut self) -> io::Result<()> {
        if self.raw_left.is_empty() {
            let read = self.stream.read(&mut self.raw)?;
            self.raw_left = 0..read;
            self.ended = read == 0;
        }
        let raw = &self.raw[self.raw_left.clone()];
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(raw, &mut self.text, self.ended);
        self.raw_left.start += read;
        self.text_left = 0..written;
        match result {
            DecoderResult::Malformed(..) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, NOT_UTF16))
            }
            DecoderResult::InputEmpty | DecoderResult::OutputFull => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out a few bytes at a time.
    struct Dripping(Vec<u8>, usize);

    impl Read for Dripping {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    fn utf8_of(bytes: &[u8], drip: usize) -> io::Result<String> {
        let (encoding, mark) = Encoding::of(bytes).expect("an encoding");
        let mut text = String::new();
        encoding
            .to_utf8(Box::new(Dripping(bytes[mark..].to_vec(), drip)))
            .read_to_string(&mut text)
            .map(|_| text)
    }

    #[test]
    fn utf_16_of_either_order_is_the_text_it_means_wherever_it_is_cut() {
        let text = "id;näme\r\n1;𝄞 €\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for drip in [1, 2, 3, 5, 1 << 20] {
            for (mark, bytes) in [(&b"\xff\xfe"[..], &little), (b"\xfe\xff", &big)] {
                let marked = [mark, bytes].concat();
                assert_eq!(utf8_of(&marked, drip).expect("UTF-16"), text);
            }
            let marked = ["\u{feff}", text].concat();
            assert_eq!(utf8_of(marked.as_bytes(), drip).expect("UTF-8"), text);
        }
    }

    #[test]
    fn half_characters_are_refused() {
        for bytes in [
            &b"\xff\xfea"[..],
            b"\xff\xfe\x34\xd8",
            b"\xff\xfe\x1e\xdda\0",
        ] {
            let error = utf8_of(bytes, 1 << 10).expect_err("half a character");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        Encoding::of(b"\xff\xfe\0\0a\0\0\0").expect_err("UTF-32");
    }
}
