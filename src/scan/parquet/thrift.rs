//! Thrift's compact protocol (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>),
//! as far as Parquet uses it: for the headers of pages, and to look footers over before the `parquet`
//! crate parses them.

/// The null counts that a footer tells, one for each column chunk (of the first [`CHUNKS_MAX`]) in the order
/// of row groups and their columns; `None` if the bytes don't begin with a whole struct that can be walked in
/// as many steps as it has bytes. (Footers of files with encrypted columns are signed: there is something
/// behind.)
///
/// The crate takes the booleans of a list for nothing at all, where the protocol has a byte for each: a
/// list of two thousand million of them costs an attacker six bytes. No footer has such lists. And it would
/// parse all statistics, texts and all, and refuse a file for an odd one; only the counts are wanted here.
pub(super) fn null_counts(footer: &[u8]) -> Option<Vec<Option<u64>>> {
    let mut counts = Vec::new();
    let mut chunk = |chunk: &mut Compact<'_>, kind: u8| {
        let count = chunk.null_count(kind)?;
        if counts.len() < CHUNKS_MAX {
            counts.push(count);
        }
        Some(())
    };
    Compact { bytes: footer }.each_field(|footer, id, kind| match (id, kind) {
        (field::ROW_GROUPS, wire::LIST) => footer.each_element(|group, kind| match kind {
            wire::STRUCT => group.each_field(|group, id, kind| match (id, kind) {
                (field::COLUMNS, wire::LIST) => group.each_element(&mut chunk),
                _ => group.skip(kind, FOOTER_DEPTH_MAX),
            }),
            _ => group.skip(kind, FOOTER_DEPTH_MAX),
        }),
        _ => footer.skip(kind, FOOTER_DEPTH_MAX),
    })?;
    Some(counts)
}

/// Structs and lists within each other: footers have about a dozen.
const FOOTER_DEPTH_MAX: u32 = 32;

/// Column chunks whose null counts are kept: those of a thousand columns in a thousand row groups.
const CHUNKS_MAX: usize = 1 << 20;

/// Numbers of fields on the way to a null count (parquet.thrift).
mod field {
    /// Of `FileMetaData`.
    pub(super) const ROW_GROUPS: i64 = 4;
    /// Of `RowGroup`.
    pub(super) const COLUMNS: i64 = 1;
    /// Of `ColumnChunk`.
    pub(super) const META_DATA: i64 = 3;
    /// Of `ColumnMetaData`.
    pub(super) const STATISTICS: i64 = 12;
    /// Of `Statistics`.
    pub(super) const NULL_COUNT: i64 = 3;
}

/// The compact protocol; `None` wherever the bytes end or make no sense.
pub(super) struct Compact<'a> {
    pub(super) bytes: &'a [u8],
}

/// Types of fields, as the protocol numbers them.
pub(super) mod wire {
    pub(in crate::scan::parquet) const TRUE: u8 = 1;
    pub(in crate::scan::parquet) const FALSE: u8 = 2;
    pub(in crate::scan::parquet) const BYTE: u8 = 3;
    pub(in crate::scan::parquet) const I16: u8 = 4;
    pub(in crate::scan::parquet) const I64: u8 = 6;
    pub(in crate::scan::parquet) const DOUBLE: u8 = 7;
    pub(in crate::scan::parquet) const BINARY: u8 = 8;
    pub(in crate::scan::parquet) const LIST: u8 = 9;
    pub(in crate::scan::parquet) const SET: u8 = 10;
    pub(in crate::scan::parquet) const STRUCT: u8 = 12;
}

/// Structs within structs: headers have three; deeper ones are an attack on the stack.
pub(super) const DEPTH_MAX: u32 = 8;

impl Compact<'_> {
    /// Calls `each` with the number and type of every field of a struct; it has to read the value.
    pub(super) fn each_field(
        &mut self,
        mut each: impl FnMut(&mut Self, i64, u8) -> Option<()>,
    ) -> Option<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => self.zigzag()?,
                step => id.checked_add(step.into())?,
            };
            each(self, id, head & 0x0f)?;
        }
    }

    /// Calls `each` with the type of every element of a list; it has to read the value.
    fn each_element(&mut self, mut each: impl FnMut(&mut Self, u8) -> Option<()>) -> Option<()> {
        let head = self.byte()?;
        let len = match head >> 4 {
            15 => self.varint()?,
            len => len.into(),
        };
        let kind = head & 0x0f;
        if matches!(kind, wire::TRUE | wire::FALSE) {
            return None;
        }
        (0..len).try_for_each(|_| each(self, kind))
    }

    /// The null count of a column chunk, if it tells a possible one.
    fn null_count(&mut self, kind: u8) -> Option<Option<u64>> {
        if kind != wire::STRUCT {
            self.skip(kind, FOOTER_DEPTH_MAX)?;
            return Some(None);
        }
        let mut count = None;
        self.each_field(|chunk, id, kind| match (id, kind) {
            (field::META_DATA, wire::STRUCT) => {
                chunk.each_field(|data, id, kind| match (id, kind) {
                    (field::STATISTICS, wire::STRUCT) => data.each_field(|known, id, kind| {
                        if (id, kind) != (field::NULL_COUNT, wire::I64) {
                            return known.skip(kind, FOOTER_DEPTH_MAX);
                        }
                        count = u64::try_from(known.zigzag()?).ok();
                        Some(())
                    }),
                    _ => data.skip(kind, FOOTER_DEPTH_MAX),
                })
            }
            _ => chunk.skip(kind, FOOTER_DEPTH_MAX),
        })?;
        Some(count)
    }

    pub(super) fn skip(&mut self, kind: u8, depth: u32) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            wire::TRUE | wire::FALSE => {}
            wire::BYTE => drop(self.byte()?),
            wire::I16..=wire::I64 => drop(self.varint()?),
            wire::DOUBLE => drop(self.take(8)?),
            wire::BINARY => {
                let length = self.varint()?;
                self.take(length)?;
            }
            wire::LIST | wire::SET => self.each_element(|this, kind| this.skip(kind, depth))?,
            wire::STRUCT => self.each_field(|this, _, kind| this.skip(kind, depth))?,
            _ => return None,
        }
        Some(())
    }

    pub(super) fn integer(&mut self, kind: u8) -> Option<i64> {
        matches!(kind, wire::I16..=wire::I64).then_some(())?;
        self.zigzag()
    }

    fn zigzag(&mut self) -> Option<i64> {
        let number = self.varint()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    /// An unsigned LEB128 number.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte)
    }

    fn take(&mut self, length: u64) -> Option<()> {
        self.bytes = self.bytes.get(usize::try_from(length).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_structs_are_walked_and_cut_ones_are_not() {
        // An integer, a text, a list of two structs with an integer each.
        let whole = [
            0x15, 2, 0x18, 1, b'x', 0x19, 0x2c, 0x15, 2, 0, 0x15, 4, 0, 0,
        ];
        assert!(null_counts(&whole).is_some());
        for end in 0..whole.len() {
            assert!(null_counts(&whole[..end]).is_none(), "{end}");
        }
        assert!(null_counts(&[&whole[..], b"signature"].concat()).is_some());
    }

    #[test]
    fn null_counts_are_found_where_footers_have_them() {
        let chunk = |statistics: &[u8]| [&[0x3c, 0xcc][..], statistics, &[0, 0, 0]].concat();
        let chunks = [
            chunk(&[0x36, 14]),
            chunk(&[0x18, 1, b'x', 0x26, 4]),
            vec![0],
        ];
        // A row group of three columns, twice; the last count is impossible.
        let group = [&[0x19, 0x3c][..], &chunks.concat(), &[0]].concat();
        let columns = [&[0x19, 0x1c][..], &chunk(&[0x36, 1]), &[0]].concat();
        let footer = [&[0x49, 0x2c][..], &group, &columns, &[0]].concat();
        let expected = vec![Some(7), Some(2), None, None];
        assert_eq!(null_counts(&footer), Some(expected));
    }

    #[test]
    fn lists_of_booleans_and_deep_nests_are_refused() {
        let booleans = [0x19, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0];
        assert!(null_counts(&booleans).is_none());
        assert!(null_counts(&[0x19, 0x21, 1, 1, 0]).is_none());
        assert!(null_counts(&[0x1c; 100]).is_none());
    }
}
