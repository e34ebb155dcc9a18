//! A sample as bytes: k, θ, and the gaps between its hashes in Rice's code.

use super::bits::{BitReader, BitWriter, rice_parameter};
use super::cursor::Cursor;
use super::header::{self, Header, Kind};
use crate::error::{Error, Result};
use crate::hash::HashScheme;
use crate::sketch::{BottomK, Sketch, SketchOptions};

pub(super) fn encode(sample: &BottomK, sketch: &Sketch) -> Vec<u8> {
    let hashes = sample.hashes();
    let parameter = rice_parameter(sample.theta(), hashes.len());
    let mut bits = BitWriter::default();
    let mut next = 0;
    for &hash in hashes {
        bits.write_rice(hash - next, parameter);
        next = hash + 1;
    }
    let bits = bits.finish();
    // k and the number of hashes are at most 2^24.
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes();
    let mut body = Vec::with_capacity(bits.len() + 16);
    body.extend(count(sample.k()));
    body.extend(count(hashes.len()));
    body.extend(sample.theta().to_le_bytes());
    body.extend(bits);
    header::wrap(Kind::Sample, &Header::of(sketch), 0, &body)
}

pub(super) fn decode(blob: &[u8]) -> Result<(Header, BottomK)> {
    let (header, reserved, body) = header::unwrap(Kind::Sample, blob)?;
    let parsed = match reserved {
        0 => parse(body, header.scheme),
        _ => Err(Error::input("its eighth byte isn't 0")),
    };
    let sample = parsed.map_err(|e| Kind::Sample.locate(e))?;
    Ok((header, sample))
}

fn parse(body: &[u8], scheme: HashScheme) -> Result<BottomK> {
    let mut bytes = Cursor::new(body);
    let k = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
    let count = usize::try_from(bytes.u32()?).unwrap_or(usize::MAX);
    let theta = bytes.u64()?;
    let bytes = bytes.remainder();
    if theta == 0 || theta > 1 << scheme.sample_bits() {
        return Err(Error::input(format!("theta is {theta}")));
    }
    // Before a hash is read: so many bytes may be few in the file that they came in.
    if !SketchOptions::K_RANGE.contains(&k) || count > k {
        return Err(Error::input(format!("{count} hashes, and k is {k}")));
    }
    let parameter = rice_parameter(theta, count);
    // A hash takes at least a bit more than the parameter.
    let bits_least = count.saturating_mul(1 + parameter as usize);
    if bits_least > bytes.len().saturating_mul(8) {
        return Err(Error::input(format!("{count} hashes are said to be there")));
    }
    let mut hashes = Vec::with_capacity(count);
    let mut bits = BitReader::new(bytes);
    let mut next = 0_u64;
    for _ in 0..count {
        let gap = bits.read_rice(parameter)?;
        let hash = next.checked_add(gap).filter(|&hash| hash < theta);
        let hash = hash.ok_or_else(|| Error::input("a hash at or above theta"))?;
        hashes.push(hash);
        next = hash + 1;
    }
    bits.finish()?;
    BottomK::from_parts(scheme, k, theta, hashes)
}
