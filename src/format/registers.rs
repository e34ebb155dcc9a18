//! Registers as bytes: six bits each, or index and rank of those that are set.

use super::bits::{BitReader, BitWriter, rice_parameter};
use super::cursor::Cursor;
use super::header::{self, Header, Kind};
use crate::error::{Error, Result};
use crate::sketch::{HyperLogLog, Precision, Sketch};

/// Ranks are at most 63.
const RANK_BITS: u32 = 6;

/// The first byte of the body.
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

pub(super) fn encode(registers: &HyperLogLog, sketch: &Sketch) -> Vec<u8> {
    let precision = registers.precision().get();
    header::wrap(
        Kind::Registers,
        &Header::of(sketch),
        precision,
        &body(registers.registers()),
    )
}

pub(super) fn decode(blob: &[u8]) -> Result<(Header, HyperLogLog)> {
    let (header, precision, bytes) = header::unwrap(Kind::Registers, blob)?;
    let parsed = Precision::new(precision)
        .map_err(|e| Error::input(e.message()))
        .and_then(|precision| {
            let registers = parse(bytes, precision.register_count())?;
            HyperLogLog::from_registers(header.scheme, precision, registers)
        });
    let registers = parsed.map_err(|e| Kind::Registers.locate(e))?;
    Ok((header, registers))
}

/// The shorter of both forms; the dense one if they are equally long.
fn body(registers: &[u8]) -> Vec<u8> {
    let set = registers.iter().filter(|&&rank| rank > 0).count();
    // A set register takes at least a bit more than its rank.
    if set * (RANK_BITS as usize + 1) < registers.len() * RANK_BITS as usize {
        let sparse = sparse(registers, set);
        if sparse.len() < 1 + dense_bytes(registers.len()) {
            return sparse;
        }
    }
    let mut bits = BitWriter::default();
    for &rank in registers {
        bits.write(u64::from(rank), RANK_BITS);
    }
    let mut body = vec![DENSE];
    body.extend(bits.finish());
    body
}

/// Their number, then the gap before each (in Rice's code) and its rank.
fn sparse(registers: &[u8], set: usize) -> Vec<u8> {
    let parameter = rice_parameter(registers.len() as u64, set);
    let mut bits = BitWriter::default();
    let mut next = 0;
    for (index, &rank) in registers.iter().enumerate().filter(|(_, rank)| **rank > 0) {
        bits.write_rice((index - next) as u64, parameter);
        bits.write(u64::from(rank), RANK_BITS);
        next = index + 1;
    }
    let mut body = vec![SPARSE];
    body.extend(u32::try_from(set).unwrap_or(u32::MAX).to_le_bytes());
    body.extend(bits.finish());
    body
}

const fn dense_bytes(count: usize) -> usize {
    count * RANK_BITS as usize / 8
}

fn parse(body: &[u8], count: usize) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(body);
    let registers = match bytes.u8()? {
        DENSE => parse_dense(bytes.remainder(), count)?,
        SPARSE => {
            let set = bytes.u32()?;
            parse_sparse(bytes.remainder(), count, set)?
        }
        form => return Err(Error::input(format!("an unknown form, {form}"))),
    };
    // There is one encoding of everything: the shorter one.
    if self::body(&registers).first() != body.first() {
        return Err(Error::input("not in the shorter of both forms"));
    }
    Ok(registers)
}

fn parse_dense(bytes: &[u8], count: usize) -> Result<Vec<u8>> {
    if bytes.len() != dense_bytes(count) {
        let (found, wanted) = (bytes.len(), dense_bytes(count));
        return Err(Error::input(format!("{found} bytes instead of {wanted}")));
    }
    let mut bits = BitReader::new(bytes);
    let rank = |_| bits.read(RANK_BITS).map(|rank| rank as u8);
    (0..count).map(rank).collect()
}

fn parse_sparse(bytes: &[u8], count: usize, set: u32) -> Result<Vec<u8>> {
    let set = usize::try_from(set).unwrap_or(usize::MAX);
    // A set register takes at least a bit and its rank.
    let bits_least = set.saturating_mul(1 + RANK_BITS as usize);
    if set > count || bits_least > bytes.len().saturating_mul(8) {
        return Err(Error::input(format!("{set} registers are said to be set")));
    }
    let parameter = rice_parameter(count as u64, set);
    let mut registers = vec![0; count];
    let mut bits = BitReader::new(bytes);
    let mut next = 0_u64;
    for _ in 0..set {
        let index = next.checked_add(bits.read_rice(parameter)?);
        let place = index.and_then(|index| registers.get_mut(usize::try_from(index).ok()?));
        let (Some(index), Some(place)) = (index, place) else {
            return Err(Error::input("a register beyond the last one"));
        };
        *place = bits.read(RANK_BITS)? as u8;
        if *place == 0 {
            return Err(Error::input("a register that is set to 0"));
        }
        next = index + 1;
    }
    bits.finish()?;
    Ok(registers)
}
