//! Sketches as bytes and back; no files.
//!
//! One blob for the registers, one for the sample, each with its own version, parameters and
//! checksum; a table of them is Parquet. `docs/format.md` specifies all of it to the bit. Whatever
//! is accepted is the only encoding of what it says: decoding and encoding again gives the same
//! bytes. No length is believed before it is compared with the bytes there are.

mod bits;
mod cursor;
pub mod datasketches;
mod grid;
mod header;
mod images;
mod notes;
mod puffin;
mod registers;
mod sample;
mod spelling;
mod table;
mod tag;

pub use grid::{decode_grid, encode_grid};
pub use header::FORMAT_VERSION;
pub use images::ImageColumns;
pub use notes::{FileNotes, told_filter, told_policy};
pub use puffin::{read_puffin, sketch_of_field};
pub use table::{
    SketchTable, TableBatches, is_sketch_table, read_batches, read_table, table_batches,
    write_table, write_table_with,
};
pub use tag::{check_tag, has_tag};

use crate::error::{Error, Result};
use crate::hash::HashScheme;
use crate::id::Tally;
use crate::sketch::Sketch;

/// The blob of a sketch's registers; `None` if it has none.
///
/// ```
/// use overlap::format::{decode, registers_blob, sample_blob};
/// use overlap::{Sketch, SketchOptions, id::IdBatch};
///
/// let sketch = Sketch::of(IdBatch::Integers(&[1, 2, 3]), SketchOptions::default())?;
/// let (registers, sample) = (registers_blob(&sketch), sample_blob(&sketch));
/// let back = decode(registers.as_deref(), sample.as_deref(), sketch.tally())?;
/// assert_eq!(back, sketch);
/// # Ok::<(), overlap::Error>(())
/// ```
#[must_use]
pub fn registers_blob(sketch: &Sketch) -> Option<Vec<u8>> {
    (sketch.registers()).map(|registers| registers::encode(registers, sketch))
}

/// The blob of a sketch's sample; `None` if it has none.
#[must_use]
pub fn sample_blob(sketch: &Sketch) -> Option<Vec<u8>> {
    (sketch.sample()).map(|sample| sample::encode(sample, sketch))
}

/// The blob of what is known of the spelling of a sketch's IDs; `None` if there is nothing worth keeping, and
/// of keyed sketches: spellings are hashed without the key, which would give away what it hides.
#[must_use]
pub fn spelling_blob(sketch: &Sketch) -> Option<Vec<u8>> {
    if matches!(sketch.hash(), HashScheme::Keyed(_)) {
        return None;
    }
    let spelling = sketch.spelling().filter(|spelling| !spelling.is_empty())?;
    Some(spelling::encode(spelling, &header::Header::of(sketch)))
}

/// A sketch with what a blob says of the spelling of its IDs.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for anything that [`spelling_blob`] doesn't write for such a sketch.
pub fn decode_spelling(sketch: Sketch, blob: &[u8]) -> Result<Sketch> {
    let (header, spelling) = spelling::decode(blob)?;
    if matches!(header.scheme, HashScheme::Keyed(_)) {
        return Err(Error::input(
            "corrupt sketch: a keyed sketch has no spelling",
        ));
    }
    if header != header::Header::of(&sketch) {
        return Err(Error::input(
            "corrupt sketch: its spelling is of another hash or id type",
        ));
    }
    Ok(sketch.with_spelling(Some(spelling)))
}

/// The sketch of two blobs, or of either of them.
///
/// # Errors
/// [`crate::ErrorKind::Input`] for anything that [`registers_blob`] and [`sample_blob`] don't write:
/// another magic, version or checksum, impossible values, missing or surplus bytes, or blobs of
/// different sketches.
pub fn decode(
    registers: Option<&[u8]>,
    sample: Option<&[u8]>,
    tally: Option<Tally>,
) -> Result<Sketch> {
    let registers = registers.map(registers::decode).transpose()?;
    let sample = sample.map(sample::decode).transpose()?;
    let headers = [
        registers.as_ref().map(|(header, _)| header.clone()),
        sample.as_ref().map(|(header, _)| header.clone()),
    ];
    let Some(header) = headers.iter().flatten().next().cloned() else {
        return Err(Error::input("a sketch without registers and sample"));
    };
    if headers.iter().flatten().any(|other| *other != header) {
        return Err(Error::input(
            "corrupt sketch: registers and sample are of different hashes, id types or profiles",
        ));
    }
    Sketch::from_parts(
        header.scheme,
        header.domain,
        registers.map(|(_, registers)| registers),
        sample.map(|(_, sample)| sample),
        tally,
    )
    .map(|sketch| sketch.with_profile(header.profile))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ByteIds, IdBatch};
    use crate::sketch::SketchOptions;

    /// Run for machines of other word lengths and byte orders too (docs/reliability.md, row 55).
    #[test]
    fn blobs_are_the_same_bytes_on_every_machine() {
        let integers: Vec<i64> = (-500..500).map(|i| i * 7_919).collect();
        let wide: Vec<i128> = (0..50).map(|i| i128::from(u64::MAX) - i).collect();
        let texts: Vec<String> = (0..300).map(|i| format!("user-{i:o}")).collect();
        let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let batches = [
            IdBatch::Integers(&integers),
            IdBatch::WideIntegers(&wide),
            IdBatch::Text(ByteIds::Slices(&texts)),
        ];
        let mut checksums = Vec::new();
        for scheme in [HashScheme::Xxh3, HashScheme::Murmur3] {
            let sizes = [(4, 16), (12, 256)].map(|(p, k)| SketchOptions::new(p, k).expect("ok"));
            for (batch, options) in batches.iter().flat_map(|b| sizes.map(|size| (b, size))) {
                if let Ok(sketch) = Sketch::of(*batch, options.with_hash(scheme)) {
                    let (registers, sample) = (registers_blob(&sketch), sample_blob(&sketch));
                    let back = decode(registers.as_deref(), sample.as_deref(), sketch.tally());
                    assert_eq!(back.expect("reads"), sketch);
                    let blobs = [registers, sample].map(|blob| blob.expect("one"));
                    checksums.extend(blobs.map(|blob| checksum(&blob)));
                }
            }
        }
        assert_eq!(checksums, CHECKSUMS);
    }

    /// The one that the blob carries.
    fn checksum(blob: &[u8]) -> u32 {
        u32::from_le_bytes(*blob.last_chunk().expect("four bytes"))
    }

    const CHECKSUMS: [u32; 24] = [
        0xee81_9e10,
        0xa7a8_4d8f,
        0x3884_4495,
        0x92bf_ec9e,
        0x6e6c_695c,
        0xf9f8_28f2,
        0xf5ab_5a6b,
        0x50e0_37b8,
        0x349e_e4cc,
        0x8290_72a5,
        0x79b9_a0b4,
        0x5742_abaf,
        0xe343_da82,
        0xf43e_f82a,
        0x836f_406f,
        0x25cf_da3f,
        0xa65b_f295,
        0xd84c_0f15,
        0x06f8_a81c,
        0xb3ce_fce8,
        0x5290_a066,
        0x12f9_a99e,
        0x4292_c432,
        0x1db1_22b6,
    ];
}
