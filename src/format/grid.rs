//! A grid with noise as a file. No row count is in it: that would tell of single users without noise.

use super::cursor::Cursor;
use super::header::{domain_code, domain_of, profile};
use crate::error::{Error, ErrorKind, Result};
use crate::hash::HashScheme;
use crate::sketch::{Grid, NoisyGrid};

/// Begins as no text does.
const MAGIC: [u8; 8] = *b"\x89ovn\r\n\x1a\n";
const VERSION: u8 = 1;

/// The bytes of a file that holds a grid with noise.
#[must_use]
pub fn encode_grid(noisy: &NoisyGrid) -> Vec<u8> {
    let grid = noisy.grid();
    let mut bytes = MAGIC.to_vec();
    bytes.push(VERSION);
    bytes.push(domain_code(noisy.domain()));
    bytes.push(grid.precision());
    bytes.push(Grid::LEVELS as u8);
    bytes.extend(HashScheme::Xxh3.fingerprint().to_le_bytes());
    bytes.extend(noisy.epsilon_millionths().to_le_bytes());
    // A profile has at most Profile::BYTES_MAX bytes.
    let profile = noisy.profile().text().as_bytes();
    bytes.extend((profile.len() as u16).to_le_bytes());
    bytes.extend(profile);
    for word in grid.words() {
        bytes.extend(word.to_le_bytes());
    }
    let checksum = crc32fast::hash(&bytes);
    bytes.extend(checksum.to_le_bytes());
    bytes
}

/// The grid of a file.
///
/// # Errors
/// [`ErrorKind::Input`] if it isn't whole and valid, [`ErrorKind::Incomparable`] if it was hashed in another way.
pub fn decode_grid(bytes: &[u8]) -> Result<NoisyGrid> {
    let Some(rest) = bytes.strip_prefix(&MAGIC) else {
        return Err(Error::input("isn't a sketch with noise"));
    };
    match rest.first() {
        Some(&VERSION) => {}
        Some(version) => {
            return Err(
                Error::input(format!("a sketch with noise of version {version}"))
                    .hint(format!("this program reads version {VERSION}")),
            );
        }
        None => return Err(Error::input("cut short")),
    }
    let Some((covered, checksum)) = bytes.split_last_chunk() else {
        return Err(Error::input("cut short"));
    };
    if crc32fast::hash(covered) != u32::from_le_bytes(*checksum) {
        return Err(Error::input("corrupt: its checksum is wrong"));
    }
    let mut fields = Cursor::new(covered);
    fields.take(MAGIC.len() + 1)?;
    let domain = domain_of(fields.u8()?)?;
    let (precision, levels) = (fields.u8()?, fields.u8()?);
    if usize::from(levels) != Grid::LEVELS {
        return Err(Error::input("a grid of another number of levels"));
    }
    if fields.u64()? != HashScheme::Xxh3.fingerprint() {
        return Err(Error::new(
            ErrorKind::Incomparable,
            "a sketch with noise whose ids were hashed in another way",
        )
        .hint("sketch the data again"));
    }
    let epsilon = fields.u64()?;
    let profile = profile(&mut fields, true)?;
    let words = fields
        .rest::<8>()?
        .iter()
        .map(|word| u64::from_le_bytes(*word));
    let grid = Grid::from_words(precision, words.collect())?;
    NoisyGrid::from_parts(domain, profile, epsilon, grid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{IdBatch, IdSink, Profile};
    use crate::sketch::GridSketcher;

    fn noisy() -> NoisyGrid {
        let mut sketcher = GridSketcher::new(10, None).expect("a precision");
        let ids: Vec<i64> = (0..500).collect();
        sketcher.push(IdBatch::Integers(&ids)).expect("pushes");
        let mut state = 1_u64;
        sketcher.finish(Profile::of("trim/1"), 1_500_000, &mut || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ (state >> 29)
        })
    }

    #[test]
    fn a_grid_comes_back_from_its_bytes() {
        let bytes = encode_grid(&noisy());
        assert_eq!(decode_grid(&bytes).expect("reads"), noisy());
        assert_eq!(encode_grid(&decode_grid(&bytes).expect("reads")), bytes);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_refused() {
        let bytes = encode_grid(&noisy());
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            assert!(decode_grid(&flipped).is_err(), "byte {at}");
            assert!(decode_grid(&bytes[..at]).is_err(), "cut at {at}");
        }
        assert!(decode_grid(&[&bytes[..], &[0]].concat()).is_err());
    }

    #[test]
    fn fields_that_can_not_be_are_refused_below_a_right_checksum() {
        let good = encode_grid(&noisy());
        for (at, value) in [
            (8, 2),
            (9, 9),
            (10, 9),
            (10, 200),
            (11, 25),
            (12, 1),
            (27, 255),
            (28, 200),
            (30, 7),
        ] {
            let mut bytes = good.clone();
            bytes[at] = value;
            let end = bytes.len() - 4;
            let checksum = crc32fast::hash(&bytes[..end]);
            bytes[end..].copy_from_slice(&checksum.to_le_bytes());
            assert!(decode_grid(&bytes).is_err(), "byte {at}");
        }
    }
}
