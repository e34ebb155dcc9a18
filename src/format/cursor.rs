//! Bounded reads: nothing is taken that isn't there.

use crate::error::{Error, Result};

/// Bytes that are read from front to back, integers little-endian.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.bytes.split_at_checked(len) else {
            let left = self.bytes.len();
            return Err(Error::input(format!(
                "cut short: {len} bytes were wanted, {left} are left"
            )));
        };
        self.bytes = rest;
        Ok(taken)
    }

    /// The next `count` items of `N` bytes; however large a count is, nothing is allocated for it.
    pub(super) fn items<const N: usize>(&mut self, count: u64) -> Result<&'a [[u8; N]]> {
        let len = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(N));
        let Some(len) = len else {
            return Err(Error::input(format!(
                "cut short: {count} items of {N} bytes were wanted, {} bytes are left",
                self.remaining()
            )));
        };
        Ok(self.take(len)?.as_chunks().0)
    }

    /// Everything that is left.
    pub(super) fn remainder(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.bytes)
    }

    /// Everything that is left, as items of `N` bytes.
    pub(super) fn rest<const N: usize>(&mut self) -> Result<&'a [[u8; N]]> {
        let (items, odd) = std::mem::take(&mut self.bytes).as_chunks();
        match odd.len() {
            0 => Ok(items),
            odd => Err(Error::input(format!(
                "the last item has {odd} bytes instead of {N}"
            ))),
        }
    }

    /// How many bytes are left.
    pub(super) const fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// The end of what is read.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if there is more.
    pub(super) fn finish(self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(Error::input(format!("{left} bytes too many"))),
        }
    }

    pub(super) fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_read() {
        let mut cursor = Cursor::new(&[1, 2, 0, 3, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(cursor.u8(), Ok(1));
        assert_eq!(cursor.u16(), Ok(2));
        assert_eq!(cursor.u32(), Ok(3));
        assert_eq!(cursor.u64(), Ok(4));
        assert!(cursor.u16().is_err());
        assert!(cursor.clone().rest::<4>().is_err());
        assert!(cursor.clone().finish().is_err());
        assert_eq!(cursor.u8(), Ok(9));
        assert_eq!(cursor.finish(), Ok(()));
    }

    #[test]
    fn counts_beyond_the_end_are_refused_without_overflow() {
        for count in [3, u64::from(u32::MAX), u64::MAX / 8 + 1, u64::MAX] {
            let mut cursor = Cursor::new(&[0; 16]);
            assert!(cursor.items::<8>(count).is_err(), "{count}");
            assert_eq!(cursor.remaining(), 16);
        }
        assert_eq!(
            Cursor::new(&[1; 16]).items::<8>(2).expect("both"),
            [[1; 8]; 2]
        );
    }
}
