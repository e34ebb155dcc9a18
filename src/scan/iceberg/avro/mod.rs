//! Avro container files: a header with the schema, then blocks of records, each packed by itself.
//!
//! Reads what Iceberg's manifests need and keeps the field IDs, by which Iceberg knows its fields.
//! Sizes are checked before room for them is made. Knows no tables.

mod schema;
mod value;

pub(super) use schema::Schema;
pub(super) use value::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::scan::snappy::{self, Block};
use crate::scan::store;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use value::Bytes;

/// Files are read at once; a larger one is refused.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// What a block may be when it is unpacked; writers make blocks of some tens of kilobytes.
const BLOCK_BYTES_MAX: usize = 256 << 20;

const MAGIC: &[u8] = b"Obj\x01";

/// What every block ends with.
type Sync = [u8; 16];

/// The header of a file.
pub(super) struct Header {
    /// The properties that the writer gave the file.
    pub(super) properties: BTreeMap<String, Vec<u8>>,
    pub(super) schema: Schema,
}

/// Hands the header and every record of a file to `take`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it can't be read or is no Avro file, [`crate::ErrorKind::Limit`] if
/// it is too large, and those of `take`.
pub(super) fn read(path: &Path, take: impl FnMut(&Header, &Value) -> Result<()>) -> Result<Header> {
    read_bytes(&store::read_bytes(path, FILE_BYTES_MAX)?, take)
}

fn read_bytes(file: &[u8], mut take: impl FnMut(&Header, &Value) -> Result<()>) -> Result<Header> {
    let corrupt = |what: &str| Error::input(format!("corrupt Avro file: {what}"));
    let bytes = file.strip_prefix(MAGIC);
    let mut bytes = Bytes(bytes.ok_or_else(|| Error::input("isn't an Avro file"))?);
    let cut = || corrupt("its header is cut short");
    let properties = properties(&mut bytes).ok_or_else(cut)?;
    let sync: &Sync = bytes.array().ok_or_else(cut)?;
    let schema = properties.get("avro.schema").map(Vec::as_slice);
    let schema = schema.and_then(Schema::parse);
    let header = Header {
        schema: schema.ok_or_else(|| corrupt("its schema has no sense"))?,
        properties,
    };
    let codec = Codec::of(&header)?;
    while !bytes.0.is_empty() {
        let block = block(&mut bytes, sync).ok_or_else(|| corrupt("a block is cut short"))?;
        let (count, packed) = block;
        let unpacked = codec.unpack(packed)?;
        let mut rest = Bytes(&unpacked);
        // A record without a byte holds nothing.
        if count > unpacked.len() {
            return Err(corrupt("a block of more records than bytes"));
        }
        for _ in 0..count {
            let value = header.schema.read(&mut rest);
            take(
                &header,
                &value.ok_or_else(|| corrupt("a record has no sense"))?,
            )?;
        }
        if !rest.0.is_empty() {
            return Err(corrupt("a block holds more than its records"));
        }
    }
    Ok(header)
}

fn properties(bytes: &mut Bytes<'_>) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut properties = BTreeMap::new();
    loop {
        let count = bytes.count()?;
        if count == 0 {
            return Some(properties);
        }
        for _ in 0..count {
            let name = String::from_utf8(bytes.chunk()?.to_vec()).ok()?;
            properties.insert(name, bytes.chunk()?.to_vec());
        }
    }
}

/// How many records the next block holds, and its bytes.
fn block<'a>(bytes: &mut Bytes<'a>, sync: &Sync) -> Option<(usize, &'a [u8])> {
    let count = usize::try_from(bytes.long()?).ok()?;
    let packed = bytes.chunk()?;
    (bytes.array::<16>()? == sync).then_some((count, packed))
}

/// How blocks are packed.
#[derive(Clone, Copy, Debug)]
enum Codec {
    None,
    Deflate,
    Snappy,
    Zstandard,
}

impl Codec {
    fn of(header: &Header) -> Result<Self> {
        let name = header.properties.get("avro.codec").map(Vec::as_slice);
        Ok(match name {
            None | Some(b"null" | b"") => Self::None,
            Some(b"deflate") => Self::Deflate,
            Some(b"snappy") => Self::Snappy,
            Some(b"zstandard") => Self::Zstandard,
            Some(other) => {
                let name = String::from_utf8_lossy(other);
                return Err(Error::input(format!(
                    "is packed by {name}, which isn't read"
                )));
            }
        })
    }

    fn unpack(self, packed: &[u8]) -> Result<Vec<u8>> {
        match self {
            Self::None => Ok(packed.to_vec()),
            Self::Deflate => limited(flate2::read::DeflateDecoder::new(packed)),
            Self::Zstandard => match zstd::stream::read::Decoder::new(packed) {
                Ok(decoder) => limited(decoder),
                Err(e) => Err(broken(&e)),
            },
            Self::Snappy => unpack_snappy(packed),
        }
    }
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::input(format!(
        "corrupt Avro file: a block can't be unpacked: {error}"
    ))
}

fn too_large() -> Error {
    let text = format!("a block grows to more than {BLOCK_BYTES_MAX} bytes");
    Error::new(ErrorKind::Limit, text)
}

fn limited(decoder: impl Read) -> Result<Vec<u8>> {
    let mut unpacked = Vec::new();
    let mut decoder = decoder.take(BLOCK_BYTES_MAX as u64 + 1);
    let read = decoder.read_to_end(&mut unpacked).map_err(|e| broken(&e))?;
    match read > BLOCK_BYTES_MAX {
        true => Err(too_large()),
        false => Ok(unpacked),
    }
}

/// Snappy's bytes and a checksum of what is in them.
fn unpack_snappy(packed: &[u8]) -> Result<Vec<u8>> {
    let (packed, checksum) =
        (packed.split_last_chunk::<4>()).ok_or_else(|| broken(&"it is cut"))?;
    let no_snappy = || broken(&"it is no Snappy");
    let length = snappy::unpacked_len(packed).ok_or_else(no_snappy)?;
    if length > BLOCK_BYTES_MAX {
        return Err(too_large());
    }
    let mut unpacked = vec![0; length];
    let out = &mut unpacked[..];
    if snappy::unpack(vec![Block { packed, out }]) != [true] {
        return Err(no_snappy());
    }
    match crc32fast::hash(&unpacked) == u32::from_be_bytes(*checksum) {
        true => Ok(unpacked),
        false => Err(broken(&"its checksum is another")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const SCHEMA: &str = r#"{"type":"record","name":"r","fields":[
        {"name":"a","type":"long","field-id":7},{"name":"b","type":["null","string"]}]}"#;

    fn long(value: i64) -> Vec<u8> {
        let mut zigzag = ((value << 1) ^ (value >> 63)).cast_unsigned();
        let mut bytes = Vec::new();
        while zigzag >= 0x80 {
            bytes.push(u8::try_from(zigzag & 0x7f).expect("seven bits") | 0x80);
            zigzag >>= 7;
        }
        bytes.push(u8::try_from(zigzag).expect("seven bits"));
        bytes
    }

    fn chunk(bytes: &[u8]) -> Vec<u8> {
        [long(bytes.len() as i64), bytes.to_vec()].concat()
    }

    fn file(codec: &str, blocks: &[(i64, Vec<u8>)]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.extend(long(2));
        for (name, value) in [("avro.schema", SCHEMA), ("avro.codec", codec)] {
            file.extend(chunk(name.as_bytes()));
            file.extend(chunk(value.as_bytes()));
        }
        file.extend(long(0));
        file.extend([9; 16]);
        for (count, packed) in blocks {
            file.extend(long(*count));
            file.extend(chunk(packed));
            file.extend([9; 16]);
        }
        file
    }

    /// Two records: -3 and null, 300 and `x`.
    fn records() -> Vec<u8> {
        [long(-3), long(0), long(300), long(1), chunk(b"x")].concat()
    }

    fn numbers(file: &[u8]) -> Result<Vec<i64>> {
        let mut numbers = Vec::new();
        read_bytes(file, |header, row| {
            let number = header.schema.field(row, 7, "a").and_then(Value::long);
            numbers.extend(number);
            Ok(())
        })
        .map(|_| numbers)
    }

    fn packed(codec: &str) -> Vec<u8> {
        let bytes = records();
        match codec {
            "deflate" => {
                let level = flate2::Compression::fast();
                let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), level);
                packer.write_all(&bytes).expect("in memory");
                packer.finish().expect("in memory")
            }
            "zstandard" => zstd::stream::encode_all(&bytes[..], 1).expect("in memory"),
            "snappy" => {
                let packed = snap::raw::Encoder::new().compress_vec(&bytes);
                let mut packed = packed.expect("in memory");
                packed.extend(crc32fast::hash(&bytes).to_be_bytes());
                packed
            }
            _ => bytes,
        }
    }

    #[test]
    fn records_of_every_codec_are_read() {
        for codec in ["null", "deflate", "zstandard", "snappy"] {
            let blocks = [(2, packed(codec)), (2, packed(codec))];
            assert_eq!(
                numbers(&file(codec, &blocks)),
                Ok(vec![-3, 300, -3, 300]),
                "{codec}"
            );
        }
    }

    #[test]
    fn what_is_no_avro_file_is_refused_wherever_it_is_cut() {
        let whole = file("null", &[(2, records()), (2, records())]);
        let block = records().len() + 2 + 16;
        for end in 0..whole.len() {
            // A file may end behind any block: it doesn't say how many there are.
            if [0, block, 2 * block].contains(&(whole.len() - end)) {
                continue;
            }
            let error = numbers(&whole[..end]).expect_err("cut");
            assert_eq!(error.kind(), ErrorKind::Input, "{end}");
        }
        let refused = |file: &[u8], says: &str| {
            let error = numbers(file).expect_err(says).to_string();
            assert!(error.contains(says), "{error}");
        };
        refused(b"PAR1", "isn't an Avro file");
        refused(&file("bzip2", &[(2, records())]), "packed by bzip2");
        refused(&file("null", &[(3, records())]), "no sense");
        refused(&file("null", &[(1, records())]), "more than its records");
        refused(
            &file("null", &[(1_000, records())]),
            "more records than bytes",
        );
        refused(&file("deflate", &[(2, records())]), "can't be unpacked");
        refused(
            &file("snappy", &[(2, packed("snappy")[1..].to_vec())]),
            "can't be unpacked",
        );
    }

    #[test]
    fn a_block_that_grows_without_end_is_a_limit() {
        let zeros = std::io::repeat(0).take(BLOCK_BYTES_MAX as u64 + 1);
        let packed = zstd::stream::encode_all(zeros, 1).expect("in memory");
        let error = numbers(&file("zstandard", &[(1, packed)])).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
