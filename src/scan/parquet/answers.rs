//! The entries of a dictionary that answer a question: indices → bits.

use super::bits::Bits;
use super::hybrid::{Hybrid, Run, unpack};
use super::plain::too_short;
use crate::error::{Error, Result};
use arrow::buffer::BooleanBuffer;

/// Which entries of a dictionary answer a question.
pub(super) struct Answers {
    /// 1 for each entry that does.
    of: Vec<u8>,
    null: bool,
    /// The table of the width that indices had last.
    table: Option<Table>,
}

impl Answers {
    /// Answers for so many entries, and for null if there is one more of them.
    pub(super) fn new(entries: usize, answers: &BooleanBuffer) -> Self {
        let mut of: Vec<u8> = answers.iter().map(u8::from).collect();
        let null = of.get(entries) == Some(&1);
        of.truncate(entries);
        Self {
            of,
            null,
            table: None,
        }
    }

    /// The answer for null.
    pub(super) const fn null(&self) -> bool {
        self.null
    }

    /// Adds a bit for each value of a data page: `len` indices behind a byte with their width in bits.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for indices without an entry or too few of them.
    pub(super) fn take(&mut self, indices: &[u8], len: usize, out: &mut Bits) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let (&width, indices) = indices.split_first().ok_or_else(too_short)?;
        let width = u32::from(width);
        let runs = Hybrid::new(indices, width, len)?;
        let table = match self.table.take() {
            Some(table) if table.width == width => Some(table),
            _ => Table::new(width, &self.of),
        };
        runs.for_each_run(|run| match (*run, &table) {
            (Run::Repeated(index, len), _) => {
                out.push_run(one(&self.of, index)? == 1, len);
                Ok(())
            }
            (Run::Packed(bytes, len), Some(table)) => table.take(bytes, len, &self.of, out),
            (Run::Packed(bytes, len), None) => take_each(bytes, (width, len), &self.of, out),
        })?;
        self.table = table;
        Ok(())
    }
}

fn one(of: &[u8], index: u32) -> Result<u8> {
    of.get(index as usize).copied().ok_or_else(missing)
}

fn missing() -> Error {
    Error::input("corrupt: a row names an entry that its dictionary lacks")
}

/// Adds the bits of packed indices, an index at a time.
fn take_each(bytes: &[u8], (width, len): (u32, usize), of: &[u8], out: &mut Bits) -> Result<()> {
    unpack(bytes, width, len, |indices| {
        let mut word = 0;
        for (i, &index) in indices.iter().enumerate() {
            word |= u64::from(one(of, index)?) << i;
        }
        out.push(word, indices.len());
        Ok(())
    })
}

/// The bits of some indices at once, by the bits that they are packed in.
struct Table {
    width: u32,
    /// Indices of an entry of the table: as many as 12 bits hold, of 1, 2, 4 and 8.
    indices: u32,
    bits: Box<[u16; Self::LEN]>,
}

impl Table {
    const BITS: u32 = 12;
    const LEN: usize = 1 << Self::BITS;

    /// Set, above the bits of eight indices, for an index without an entry.
    const MISSING: u16 = 1 << 8;

    /// The table of small indices; `None` for those of more than eight bits.
    fn new(width: u32, of: &[u8]) -> Option<Self> {
        let indices = match width {
            1 => 8,
            2 | 3 => 4,
            4..=6 => 2,
            7 | 8 => 1,
            _ => return None,
        };
        let mut bits = Box::new([0; Self::LEN]);
        for (packed, bits) in bits.iter_mut().enumerate().take(1 << (indices * width)) {
            for i in 0..indices {
                let index = packed >> (i * width) & ((1 << width) - 1);
                *bits |= match of.get(index) {
                    Some(&answer) => u16::from(answer) << i,
                    None => Self::MISSING,
                };
            }
        }
        Some(Self {
            width,
            indices,
            bits,
        })
    }

    /// Adds the bits of packed indices.
    fn take(&self, bytes: &[u8], len: usize, of: &[u8], out: &mut Bits) -> Result<()> {
        let is_missing = match self.indices {
            8 => self.take_groups::<8>(bytes, len, out),
            4 => self.take_groups::<4>(bytes, len, out),
            2 => self.take_groups::<2>(bytes, len, out),
            _ => self.take_groups::<1>(bytes, len, out),
        };
        if is_missing {
            return Err(missing());
        }
        // What isn't a whole group may have anything behind it.
        let whole = len / 8 * self.width as usize;
        take_each(&bytes[whole..], (self.width, len % 8), of, out)
    }

    /// Adds the bits of whole groups of eight indices, which are as many bytes as an index has bits; whether
    /// one of them has no entry.
    fn take_groups<const INDICES: u32>(&self, bytes: &[u8], len: usize, out: &mut Bits) -> bool {
        let width = self.width as usize;
        let mask = (1_u64 << (INDICES * self.width)) - 1;
        let mut all = 0;
        let (mut word, mut filled) = (0_u64, 0);
        for group in 0..len / 8 {
            let rest = &bytes[group * width..];
            let mut packed = match rest.first_chunk() {
                Some(eight) => u64::from_le_bytes(*eight),
                None => {
                    let mut padded = [0; 8];
                    padded[..rest.len()].copy_from_slice(rest);
                    u64::from_le_bytes(padded)
                }
            };
            let mut bits = 0;
            for i in 0..8 / INDICES {
                // As many as there are, which spares the check.
                let at = (packed & mask) as usize % Self::LEN;
                bits |= u32::from(self.bits[at]) << (i * INDICES);
                packed >>= INDICES * self.width;
            }
            all |= bits;
            word |= u64::from(bits & 0xff) << filled;
            filled += 8;
            if filled == 64 {
                out.push(word, 64);
                (word, filled) = (0, 0);
            }
        }
        out.push(word, filled as usize);
        all >> 8 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::hybrid::tests::pack;
    use super::*;

    /// Indices as a data page has them: their width, and one run of packed groups.
    fn page(indices: &[u32], width: u32) -> Vec<u8> {
        [vec![width as u8], pack(indices, width)].concat()
    }

    fn bits_of(answers: &mut Answers, page: &[u8], len: usize) -> Result<Vec<bool>> {
        let mut out = Bits::default();
        // Words begin anywhere.
        out.push_run(true, 3);
        answers.take(page, len, &mut out)?;
        Ok(out.finish().iter().skip(3).collect())
    }

    #[test]
    fn indices_of_every_width_become_the_bits_of_their_entries() {
        for width in 1..=12_u32 {
            let entries = (1_usize << width) - usize::from(width > 1);
            let is_met = |entry: usize| entry * 7 % 5 < 2;
            let answers = BooleanBuffer::collect_bool(entries + 1, is_met);
            let mut answers = Answers::new(entries, &answers);
            assert_eq!(answers.null(), is_met(entries));
            for len in [1, 7, 8, 9, 63, 64, 65, 300] {
                let index = |i: u32| i.wrapping_mul(0x9e37_79b9) >> 7;
                let indices: Vec<u32> = (0..len).map(|i| index(i) % entries as u32).collect();
                let expected = indices
                    .iter()
                    .map(|&index| is_met(index as usize))
                    .collect();
                let bits = bits_of(&mut answers, &page(&indices, width), len as usize);
                assert_eq!(bits, Ok(expected), "{width} bits, {len} values");
            }
            // The last index of a width has no entry.
            for at in [0, 8, 20] {
                let mut indices = vec![0; 21];
                indices[at] = entries as u32;
                let bits = bits_of(&mut answers, &page(&indices, width), 21);
                assert_eq!(bits.is_err(), width > 1, "{width} bits, at {at}");
            }
        }
    }

    #[test]
    fn runs_are_taken_whole() {
        let mut answers = Answers::new(2, &BooleanBuffer::collect_bool(2, |i| i == 1));
        let page = [1, 40 << 1, 1, 5 << 1, 0];
        let bits = bits_of(&mut answers, &page, 45).expect("two runs");
        assert_eq!(bits, [vec![true; 40], vec![false; 5]].concat());
        assert!(
            bits_of(&mut answers, &[2, 1 << 1, 2], 1).is_err(),
            "no entry"
        );
        assert!(bits_of(&mut answers, &[], 1).is_err(), "no width");
    }

    #[test]
    fn a_dictionary_of_one_entry_has_indices_of_no_bits() {
        let mut answers = Answers::new(1, &BooleanBuffer::new_set(1));
        assert_eq!(bits_of(&mut answers, &[0, 9 << 1], 9), Ok(vec![true; 9]));
    }
}
