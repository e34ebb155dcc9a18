//! Puffin files of Iceberg tables: the theta sketches of columns that engines write when they analyse a table.
//!
//! Bytes alone. The file is specified at <https://iceberg.apache.org/puffin-spec>: blobs behind a magic number, and a
//! footer in JSON that says where each blob is and of which columns, by field ID.

use super::cursor::Cursor;
use super::{SketchTable, datasketches};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::HashScheme;
use crate::segments::Segments;
use crate::sketch::Sketch;
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, Field};
use serde::Deserialize;
use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;

const MAGIC: &[u8; 4] = b"PFA1";

/// The type of blobs that are theta sketches.
const THETA: &str = "apache-datasketches-theta-v1";

/// The segment column of a table of such sketches: field IDs.
const FIELD: &str = "field";

/// Bytes that a footer or a sketch may have when it is unpacked: what a theta image of 2^24 hashes has.
const UNPACKED_MAX: usize = 8 * (1 << 24) + (1 << 10);

/// The footer, as far as it is needed.
#[derive(Deserialize)]
struct Footer {
    blobs: Vec<Blob>,
}

/// What a footer says of a blob.
#[derive(Deserialize)]
struct Blob {
    #[serde(rename = "type")]
    kind: String,
    fields: Vec<i32>,
    offset: u64,
    length: u64,
    #[serde(rename = "compression-codec")]
    codec: Option<String>,
}

/// Reads the theta sketches of a Puffin file: a row for each column, with its ID as the segment column `field`.
/// Sketches of several columns together, and blobs of other types, are left out.
///
/// ```
/// let error = overlap::format::read_puffin(b"PFA1").expect_err("not whole");
/// assert!(error.to_string().contains("not a whole Puffin file"));
/// ```
///
/// # Errors
/// [`ErrorKind::Input`] if it isn't a whole Puffin file, if it has no theta sketch of a column or two of the same
/// column, and for those of [`datasketches::decode`].
pub fn read_puffin(bytes: &[u8]) -> Result<SketchTable> {
    let (footer, blobs_end) = footer(bytes)?;
    let is_theta = |blob: &&Blob| blob.kind == THETA && blob.fields.len() == 1;
    let mut found: Vec<&Blob> = footer.blobs.iter().filter(is_theta).collect();
    if found.is_empty() {
        return Err(no_sketch(&footer));
    }
    found.sort_by_key(|blob| blob.fields[0]);
    if let Some(twice) = found
        .windows(2)
        .find(|pair| pair[0].fields == pair[1].fields)
    {
        let field = twice[0].fields[0];
        return Err(Error::input(format!(
            "two theta sketches of field {field}, of which one would have to be chosen"
        )));
    }
    let sketch = |blob: &&Blob| {
        let image = blob.unpacked(&bytes[..blobs_end]);
        let sketch = image.and_then(|image| {
            datasketches::decode_of(HashScheme::Murmur3, Some(image.as_ref()), None)
        });
        sketch.map_err(|e| e.with("field", blob.fields[0]))
    };
    let sketches: Vec<Sketch> = found.iter().map(sketch).collect::<Result<_>>()?;
    let ids: Int64Array = found
        .iter()
        .map(|blob| i64::from(blob.fields[0]))
        .collect::<Vec<_>>()
        .into();
    let field = Arc::new(Field::new(FIELD, DataType::Int64, false));
    Segments::new(vec![field], vec![Arc::new(ids) as ArrayRef], sketches)
}

/// The sketch of one column of such a table: the only one, or that of the field with this ID.
///
/// # Errors
/// [`ErrorKind::Usage`] if there is no such field, or if there are several and none is named.
pub fn sketch_of_field(table: SketchTable, wanted: Option<i64>) -> Result<Sketch> {
    let names: Vec<String> = (0..table.values().len())
        .map(|row| table.label(row))
        .collect();
    let row = match wanted {
        None if names.len() == 1 => Some(0),
        None => None,
        Some(wanted) => names.iter().position(|name| *name == wanted.to_string()),
    };
    let sketch = row.and_then(|row| table.into_values().into_iter().nth(row));
    sketch.ok_or_else(|| {
        let listed = names.join(", ");
        let text = match (wanted, names.len()) {
            (Some(wanted), 1) => {
                format!("no theta sketch of field {wanted}, but of field {listed}")
            }
            (Some(wanted), _) => {
                format!("no theta sketch of field {wanted}, but of the fields {listed}")
            }
            (None, _) => format!("theta sketches of the fields {listed}"),
        };
        let example = names.first().map_or("1", String::as_str);
        Error::usage(text).hint([
            "name the field of the ids: ".into(),
            crate::error::Setting::Id.to(&format!("SIDE={example}")),
        ])
    })
}

/// The footer, and where it begins: blobs lie before it.
fn footer(bytes: &[u8]) -> Result<(Footer, usize)> {
    /// Behind the payload: its size, flags and the magic number.
    const TAIL: usize = 12;
    let broken = |what: &str| {
        Error::input(format!("not a whole Puffin file: {what}"))
            .hint("files called .puffin and .stats are read as such; give other data another name")
    };
    let is_marked = bytes.starts_with(MAGIC) && bytes.ends_with(MAGIC);
    if !is_marked || bytes.len() < 2 * MAGIC.len() + TAIL {
        return Err(broken("it doesn't begin and end with PFA1 and a footer"));
    }
    let (rest, tail) = bytes.split_at(bytes.len() - TAIL);
    let mut tail = Cursor::new(tail);
    let (size, flags) = (tail.u32()?, tail.u32()?);
    let start = usize::try_from(size)
        .ok()
        .and_then(|size| rest.len().checked_sub(size))
        .and_then(|payload| Some((payload, payload.checked_sub(MAGIC.len())?)))
        .filter(|(_, start)| *start >= MAGIC.len());
    let Some((payload, start)) = start else {
        return Err(broken("its footer is larger than the file"));
    };
    if &rest[start..payload] != MAGIC {
        return Err(broken("its footer doesn't begin with PFA1"));
    }
    let text = match flags {
        0 => Cow::Borrowed(&rest[payload..]),
        1 => Cow::Owned(unpack(
            "lz4",
            lz4_flex::frame::FrameDecoder::new(&rest[payload..]),
        )?),
        _ => {
            return Err(Error::input(format!(
                "unknown flags of a Puffin footer: {flags:#x}"
            )));
        }
    };
    let footer = serde_json::from_slice(&text)
        .map_err(|e| broken(&format!("its footer can't be read: {e}")))?;
    Ok((footer, start))
}

impl Blob {
    /// Its bytes, of those before the footer.
    fn unpacked<'a>(&self, before: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        let place = usize::try_from(self.offset)
            .ok()
            .zip(usize::try_from(self.length).ok());
        let place = place.and_then(|(start, length)| Some(start..start.checked_add(length)?));
        let stored = place
            .filter(|place| place.start >= MAGIC.len())
            .and_then(|place| before.get(place));
        let Some(stored) = stored else {
            return Err(Error::input(format!(
                "a blob of {} bytes at {}, which isn't within the file",
                self.length, self.offset
            )));
        };
        match self.codec.as_deref() {
            None => Ok(stored.into()),
            Some("zstd") => {
                let decoder = zstd::stream::read::Decoder::with_buffer(stored);
                let decoder = decoder.map_err(|e| corrupt("zstd", &e))?;
                unpack("zstd", decoder.single_frame()).map(Cow::Owned)
            }
            Some("lz4") => {
                unpack("lz4", lz4_flex::frame::FrameDecoder::new(stored)).map(Cow::Owned)
            }
            Some(other) => Err(Error::input(format!(
                "a blob that is compressed with {other}, but only zstd and lz4 are known"
            ))),
        }
    }
}

/// All bytes of a packed blob, if they aren't too many.
fn unpack(codec: &str, packed: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = UNPACKED_MAX as u64 + 1;
    packed
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|e| corrupt(codec, &e))?;
    match bytes.len() > UNPACKED_MAX {
        false => Ok(bytes),
        true => Err(Error::new(
            ErrorKind::Limit,
            format!("a blob of more than {UNPACKED_MAX} bytes when it is unpacked"),
        )),
    }
}

fn corrupt(codec: &str, error: &std::io::Error) -> Error {
    Error::input(format!("corrupt {codec} data in a Puffin file: {error}"))
}

fn no_sketch(footer: &Footer) -> Error {
    let mut kinds: Vec<&str> = footer.blobs.iter().map(|blob| blob.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let found = match kinds[..] {
        [] => "no blob at all".to_owned(),
        [THETA] => format!("{THETA} of several columns together"),
        _ => kinds.join(", "),
    };
    Error::input(format!("no theta sketch of a column, but {found}")).hint(
        "ANALYZE in Trino and compute_table_stats in Spark write theta sketches, into files of their own",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::datasketches::ThetaImage;

    /// A file of blobs with their entries in the footer; `{at}` and `{length}` are where a blob is.
    fn file(blobs: &[(&[u8], &str)]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut entries = Vec::new();
        for (blob, entry) in blobs {
            let (at, length) = (bytes.len().to_string(), blob.len().to_string());
            entries.push(entry.replace("{at}", &at).replace("{length}", &length));
            bytes.extend(*blob);
        }
        let payload = format!("{{\"blobs\": [{}]}}", entries.join(", "));
        closed(bytes, payload.as_bytes(), 0)
    }

    fn closed(mut bytes: Vec<u8>, payload: &[u8], flags: u32) -> Vec<u8> {
        bytes.extend(MAGIC);
        bytes.extend(payload);
        bytes.extend(u32::try_from(payload.len()).expect("short").to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend(MAGIC);
        bytes
    }

    fn theta(hashes: &[u64]) -> Vec<u8> {
        let image = ThetaImage::new(ThetaImage::THETA_MAX, hashes.to_vec()).expect("hashes");
        image.encode().expect("an image")
    }

    fn entry(field: i32, more: &str) -> String {
        format!(
            "{{\"type\": \"{THETA}\", \"fields\": [{field}], \"snapshot-id\": 7, \"sequence-number\": 1, \
             \"offset\": {{at}}, \"length\": {{length}}{more}}}"
        )
    }

    fn users(sketch: &Sketch) -> &[u64] {
        sketch.sample().expect("a sample").hashes()
    }

    #[test]
    fn sketches_of_columns_are_read_by_field_whatever_packs_them() {
        let images = [theta(&[3, 5]), theta(&[5, 9, 11]), theta(&[1])];
        let zstd = zstd::stream::encode_all(&images[1][..], 3).expect("packs");
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        std::io::Write::write_all(&mut lz4, &images[2]).expect("packs");
        let lz4 = lz4.finish().expect("packs");
        let bytes = file(&[
            (
                b"a bitmap",
                "{\"type\": \"deletion-vector-v1\", \"fields\": [1], \"offset\": {at}, \"length\": {length}}",
            ),
            (&zstd, &entry(7, ", \"compression-codec\": \"zstd\"")),
            (&images[0], &entry(1, "")),
            (&lz4, &entry(12, ", \"compression-codec\": \"lz4\"")),
        ]);
        let table = read_puffin(&bytes).expect("reads");
        assert_eq!(
            (table.names(), table.label(2)),
            (vec!["field".into()], "12".into())
        );
        let found: Vec<&[u64]> = table.values().iter().map(users).collect();
        assert_eq!(found, [&[3, 5][..], &[5, 9, 11], &[1]]);
        let seven = sketch_of_field(table.clone(), Some(7)).expect("there");
        assert_eq!(users(&seven), [5, 9, 11]);
        for (wanted, words) in [
            (None, "of the fields 1, 7, 12"),
            (Some(3), "no theta sketch of field 3"),
        ] {
            let error = sketch_of_field(table.clone(), wanted).expect_err("not chosen");
            assert!(
                error.kind() == ErrorKind::Usage && error.to_string().contains(words),
                "{error}"
            );
        }
    }

    #[test]
    fn a_packed_footer_is_read() {
        let image = theta(&[3]);
        let whole = file(&[(&image, &entry(1, ""))]);
        let start = MAGIC.len() + image.len();
        let payload = &whole[start + MAGIC.len()..whole.len() - 12];
        let mut packed = lz4_flex::frame::FrameEncoder::new(Vec::new());
        std::io::Write::write_all(&mut packed, payload).expect("packs");
        let bytes = closed(whole[..start].to_vec(), &packed.finish().expect("packs"), 1);
        assert_eq!(read_puffin(&bytes).expect("reads").values().len(), 1);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let image = theta(&[3, 5]);
        let far = entry(1, "").replace("{at}", "4000");
        let head = entry(1, "").replace("{at}", "0");
        let several = entry(1, "").replace("[1]", "[1, 2]");
        let whole = file(&[(&image, &entry(1, ""))]);
        let size = whole.len();
        let mut large = whole.clone();
        large[size - 12..size - 8].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut flagged = whole.clone();
        flagged[size - 8] = 2;
        let bomb = zstd::stream::encode_all(std::io::repeat(0).take(UNPACKED_MAX as u64 + 2), 1)
            .expect("packs");
        let cases: [(Vec<u8>, &str); 13] = [
            (Vec::new(), "begin and end with PFA1"),
            (
                b"PAR1 of another format PAR1".to_vec(),
                "begin and end with PFA1",
            ),
            (whole[..size - 1].to_vec(), "begin and end with PFA1"),
            (large, "footer is larger than the file"),
            (flagged, "unknown flags of a Puffin footer: 0x2"),
            (
                closed(MAGIC.to_vec(), b"{\"blobs\": 3}", 0),
                "footer can't be read",
            ),
            (file(&[]), "but no blob at all"),
            (file(&[(&image, &several)]), "of several columns together"),
            (file(&[(&image, &far)]), "isn't within the file (field 1)"),
            (file(&[(&image, &head)]), "isn't within the file"),
            (
                file(&[(&image, &entry(1, "")), (&image, &entry(1, ""))]),
                "two theta sketches of field 1",
            ),
            (
                file(&[(&image, &entry(1, ", \"compression-codec\": \"snappy\""))]),
                "compressed with snappy",
            ),
            (
                file(&[(b"no image", &entry(4, ""))]),
                "not a theta sketch that can be read",
            ),
        ];
        for (bytes, words) in cases {
            let error = read_puffin(&bytes).expect_err(words);
            assert!(
                error.kind() == ErrorKind::Input && error.to_string().contains(words),
                "{error}"
            );
        }
        let bomb = file(&[(&bomb, &entry(1, ", \"compression-codec\": \"zstd\""))]);
        assert_eq!(
            read_puffin(&bomb).expect_err("too large").kind(),
            ErrorKind::Limit
        );
        // Whatever byte is turned over, the file is read or refused.
        for at in 0..size {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x11;
            let _ = read_puffin(&bytes);
        }
    }
}
