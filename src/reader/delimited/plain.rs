//! Records of blocks without a quote: one pass that looks for delimiters and line ends alone.

use super::layout::Layout;
use crate::reader::fault::Fault;
use memchr::memchr_iter;

/// Calls `each` with the ID of every record, as it stands in the block.
///
/// # Errors
/// Ragged records and strange line ends, and the first error of `each`.
pub(super) fn ids<'a>(
    block: &'a [u8],
    layout: &Layout,
    mut each: impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    check_line_ends(block, layout)?;
    layout.check_one_column(block)?;
    let mut record = Record {
        block,
        layout: *layout,
        start: 0,
        field: 0,
        fields: 0,
        id: &[],
    };
    let line_end = layout.line_end;
    // Where there is no delimiter, the line end is looked for twice.
    let delimiter = layout.delimiter.unwrap_or(line_end);
    marks(block, delimiter, line_end, |at| {
        record.field_ends(at);
        match block[at] == line_end {
            true => record.ends(at, &mut each),
            false => Ok(()),
        }
    })?;
    if record.start < block.len() {
        record.field_ends(block.len());
        record.ends(block.len(), &mut each)?;
    }
    Ok(())
}

/// Every carriage return must be followed by a line feed, unless it ends lines itself.
fn check_line_ends(block: &[u8], layout: &Layout) -> Result<(), Fault> {
    let strange = |&at: &usize| match layout.line_end {
        b'\n' => block.get(at + 1).is_some_and(|&next| next != b'\n'),
        _ => true,
    };
    match memchr_iter(layout.strange_line_end(), block).find(strange) {
        Some(at) => Err(Fault::new(at, layout.strange_end())),
        None => Ok(()),
    }
}

/// The record that is being read.
struct Record<'a> {
    block: &'a [u8],
    layout: Layout,
    start: usize,
    /// Where its field begins.
    field: usize,
    /// How many fields have ended.
    fields: usize,
    id: &'a [u8],
}

impl<'a> Record<'a> {
    #[inline(always)]
    fn field_ends(&mut self, at: usize) {
        if self.fields == self.layout.id {
            self.id = &self.block[self.field..at];
        }
        self.fields += 1;
        self.field = at + 1;
    }

    #[inline(always)]
    fn ends(
        &mut self,
        at: usize,
        each: &mut impl FnMut(&'a [u8], usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.fields != self.layout.width {
            self.ensure_blank(at)?;
        } else {
            let is_last = self.layout.id + 1 == self.layout.width;
            let id = match self.id {
                [id @ .., b'\r'] if is_last && self.layout.line_end == b'\n' => id,
                id => id,
            };
            each(id, self.start)?;
        }
        self.fields = 0;
        self.start = at + 1;
        Ok(())
    }

    /// Lines without a character are no records of several fields.
    #[cold]
    fn ensure_blank(&self, at: usize) -> Result<(), Fault> {
        match &self.block[self.start..at] {
            b"" | b"\r" => Ok(()),
            _ => Err(Fault::new(self.start, self.layout.ragged(self.fields))),
        }
    }
}

/// Calls `each` with every place of one of two bytes, in order, eight bytes at a time.
#[inline(always)]
fn marks<E>(
    bytes: &[u8],
    a: u8,
    b: u8,
    mut each: impl FnMut(usize) -> Result<(), E>,
) -> Result<(), E> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (all_a, all_b) = (ONES * u64::from(a), ONES * u64::from(b));
    let mut chunks = bytes.chunks_exact(8);
    let mut start = 0;
    for chunk in &mut chunks {
        let word = chunk
            .first_chunk()
            .map_or(0, |word| u64::from_le_bytes(*word));
        let mut found = zero_bytes(word ^ all_a) | zero_bytes(word ^ all_b);
        while found != 0 {
            each(start + (found.trailing_zeros() >> 3) as usize)?;
            found &= found - 1;
        }
        start += 8;
    }
    for (i, &byte) in chunks.remainder().iter().enumerate() {
        if byte == a || byte == b {
            each(start + i)?;
        }
    }
    Ok(())
}

/// The highest bit of every byte that is 0, and no other.
#[inline(always)]
const fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_mark_is_found_wherever_it_stands() {
        for length in 0..40 {
            for at in 0..length {
                let mut bytes = vec![b'x'; length];
                bytes[at] = b',';
                bytes[length - 1] = b'\n';
                let mut found = Vec::new();
                let each = |at| {
                    found.push(at);
                    Ok::<_, ()>(())
                };
                marks(&bytes, b',', b'\n', each).expect("no errors");
                let mut expected = vec![at, length - 1];
                expected.dedup();
                assert_eq!(found, expected);
            }
        }
    }

    proptest! {
        #[test]
        fn marks_are_those_of_a_loop(bytes in proptest::collection::vec(any::<u8>(), 0..200), a: u8, b: u8) {
            let mut found = Vec::new();
            let each = |at| {
                found.push(at);
                Ok::<_, ()>(())
            };
            marks(&bytes, a, b, each).expect("no errors");
            let expected: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i] == a || bytes[i] == b).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
