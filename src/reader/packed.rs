//! Compressed streams, recognised by their first bytes.

use crate::error::{Error, Result};
use std::io::{self, BufReader, Read};

/// What a stream is compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878, any number of frames.
    Zstd,
    /// Any number of streams.
    Bzip2,
    /// Any number of streams.
    Xz,
}

/// Memory that the dictionary of an xz stream may take, in KiB: `xz -9` asks for 64 MiB.
const XZ_MEMORY_KIB: u32 = 80 << 10;

/// Bytes that are read from a compressed file at a time.
const STORED_BYTES: usize = 256 << 10;

impl Packing {
    /// The packing of a stream that begins with `head`; `None` if it isn't packed, as far as known.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // A frame, or a skippable frame before it, as `pzstd` writes.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// The name that people know it by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// Unpacks a stream; several members in a row are one stream.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if the decoder can't be made.
    pub(crate) fn unpack(self, packed: Box<dyn Read + Send>) -> Result<Box<dyn Read + Send>> {
        let packed = BufReader::with_capacity(STORED_BYTES, packed);
        Ok(match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(
                zstd::stream::read::Decoder::with_buffer(packed).map_err(|e| self.corrupt(&e))?,
            ),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(packed)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                packed,
                true,
                XZ_MEMORY_KIB,
            )),
        })
    }

    /// What an error while unpacking means.
    pub(crate) fn corrupt(self, error: &io::Error) -> Error {
        let name = self.name();
        let cut = "it may be cut short: compare its size with the original";
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                Error::input(format!("its {name} stream ends too early")).hint(cut)
            }
            io::ErrorKind::OutOfMemory => Error::input(format!(
                "its {name} stream asks for more than {} MiB of memory",
                XZ_MEMORY_KIB >> 10
            ))
            .hint("pack it again with a smaller dictionary, or unpack it first"),
            _ => Error::input(format!("corrupt {name} stream: {error}")).hint(cut),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;

    /// `bytes` compressed.
    pub(crate) fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Gzip => {
                let level = flate2::Compression::fast();
                let mut packer = flate2::write::GzEncoder::new(Vec::new(), level);
                packer.write_all(bytes).expect("packed");
                packer.finish().expect("packed")
            }
            Packing::Zstd => zstd::stream::encode_all(bytes, 1).expect("packed"),
            Packing::Bzip2 => {
                let level = bzip2::Compression::fast();
                let mut packer = bzip2::write::BzEncoder::new(Vec::new(), level);
                packer.write_all(bytes).expect("packed");
                packer.finish().expect("packed")
            }
            // The decoder alone is in the tree: `printf 'a,b\n1,2\n' | xz`.
            Packing::Xz => XZ.to_vec(),
        }
    }

    /// `a,b\n1,2\n`, by the xz of the system.
    pub(crate) const XZ: &[u8] = include_bytes!("../../tests/data/ab.csv.xz");

    fn unpack(packing: Packing, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        let packed = Box::new(io::Cursor::new(bytes));
        let mut stream = packing.unpack(packed).expect("a decoder");
        stream.read_to_end(&mut out).map(|_| out)
    }

    const ALL: [Packing; 4] = [Packing::Gzip, Packing::Zstd, Packing::Bzip2, Packing::Xz];

    #[test]
    fn several_members_are_one_stream() {
        for packing in ALL {
            let one = pack(packing, b"a,b\n1,2\n");
            assert_eq!(Packing::of(&one), Some(packing));
            let three = [&one[..], &one, &one].concat();
            let expected = b"a,b\n1,2\n".repeat(3);
            assert_eq!(
                unpack(packing, three).expect("whole"),
                expected,
                "{packing:?}"
            );
        }
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_or_damaged_is_refused() {
        for packing in ALL {
            let whole = pack(packing, b"a,b\n1,2\n");
            for cut in 6..whole.len() {
                let cut_short = unpack(packing, whole[..cut].to_vec());
                let error = cut_short.expect_err("cut short");
                let error = packing.corrupt(&error);
                assert_eq!(error.kind(), crate::ErrorKind::Input);
                assert!(error.message().contains(packing.name()), "{error}");
            }
            let mut damaged = whole.clone();
            let at = whole.len() - 6;
            damaged[at] ^= 0x55;
            if packing != Packing::Zstd {
                unpack(packing, damaged).expect_err("damaged");
            }
            let garbage = [&whole[..], b"garbage behind it"].concat();
            unpack(packing, garbage).expect_err("garbage behind the last member");
        }
    }
}
