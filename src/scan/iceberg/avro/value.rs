//! Values of Avro, and the bytes that they are read from.

/// A value; what tables never ask for is [`Value::Other`].
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scan::iceberg) enum Value {
    Null,
    Boolean(bool),
    /// An `int` or a `long`.
    Long(i64),
    Float(f32),
    Double(f64),
    /// `bytes` or `fixed`.
    Bytes(Vec<u8>),
    Text(String),
    /// The number of its schema, and a value for each field.
    Record(usize, Vec<Self>),
    /// An array, a map or an enumeration.
    Other,
}

impl Value {
    /// A whole number.
    pub(in crate::scan::iceberg) const fn long(&self) -> Option<i64> {
        match self {
            Self::Long(value) => Some(*value),
            _ => None,
        }
    }

    pub(in crate::scan::iceberg) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(value) => Some(value),
            _ => None,
        }
    }

    pub(in crate::scan::iceberg) fn is_null(&self) -> bool {
        *self == Self::Null
    }
}

/// Bytes that are not yet read.
#[derive(Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in zigzag form, seven bits a byte, the lowest first.
    pub(super) fn long(&mut self) -> Option<i64> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.take(1)?[0];
            // The tenth byte holds the last bit.
            if shift == 63 && byte > 1 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
            shift += 7;
        }
    }

    /// A length, and so many bytes.
    pub(super) fn chunk(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        self.take(length)
    }

    /// How many items follow of an array or map; a negative number has their size in bytes behind it.
    pub(super) fn count(&mut self) -> Option<usize> {
        let count = self.long()?;
        if count < 0 {
            self.long()?;
        }
        let count = usize::try_from(count.unsigned_abs()).ok()?;
        // Items without a byte would be read for ever.
        (count <= self.0.len()).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_both_ends_and_not_beyond() {
        let long = |bytes: &[u8]| Bytes(bytes).long();
        assert_eq!(long(&[0x01]), Some(-1));
        assert_eq!(long(&[0x80, 0x01]), Some(64));
        let mut last = [0xff; 10];
        last[9] = 1;
        assert_eq!(long(&last), Some(i64::MIN));
        last[0] = 0xfe;
        assert_eq!(long(&last), Some(i64::MAX));
        last[9] = 2;
        assert_eq!(long(&last), None);
        assert_eq!(long(&[0x80]), None);
        assert_eq!(long(&[]), None);
    }
}
