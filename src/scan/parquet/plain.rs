//! PLAIN values: straight from the bytes of a page, without an array or a string in between.

use super::form::Form;
use crate::error::{Error, Result};
use crate::id::ByteIds;
use parquet::basic::Type as PhysicalType;
use parquet::schema::types::ColumnDescriptor;

/// Values pushed at a time: a batch of integers stays in the first-level cache.
pub(super) const BATCH: usize = 2048;

/// How the PLAIN values of a column lie in its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Four bytes each, an integer.
    Int32,
    /// Eight bytes each, an integer.
    Int64,
    /// So many bytes each, at least one.
    Fixed(usize),
    /// A length of four bytes before each.
    Prefixed,
}

impl Layout {
    /// The layout of a column; `None` for types that hold no IDs.
    pub(super) fn of(column: &ColumnDescriptor) -> Option<Self> {
        match column.physical_type() {
            PhysicalType::INT32 => Some(Self::Int32),
            PhysicalType::INT64 => Some(Self::Int64),
            PhysicalType::BYTE_ARRAY => Some(Self::Prefixed),
            PhysicalType::FIXED_LEN_BYTE_ARRAY => {
                let width = usize::try_from(column.type_length()).ok();
                width.filter(|&width| width > 0).map(Self::Fixed)
            }
            _ => None,
        }
    }

    /// Bytes of each value, where that is fixed.
    pub(super) const fn width(self) -> Option<usize> {
        match self {
            Self::Int32 => Some(size_of::<i32>()),
            Self::Int64 => Some(size_of::<i64>()),
            Self::Fixed(width) => Some(width),
            Self::Prefixed => None,
        }
    }
}

/// Pushes the first `len` values of `bytes`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if there are fewer, and those of the sink.
pub(super) fn push(bytes: &[u8], layout: Layout, len: usize, form: &mut Form<'_>) -> Result<()> {
    let fixed = |width| {
        let wanted = len.checked_mul(width).ok_or_else(too_short)?;
        bytes.get(..wanted).ok_or_else(too_short)
    };
    match layout {
        Layout::Int32 => push_integers(fixed(size_of::<i32>())?, form.widen_bytes(), form),
        Layout::Int64 => push_words(fixed(size_of::<i64>())?, form),
        Layout::Fixed(width) => {
            let data = fixed(width)?;
            let batches = data.chunks(BATCH * width);
            batches
                .map(|data| ByteIds::Fixed { data, width })
                .try_for_each(|ids| form.bytes(ids))
        }
        Layout::Prefixed => {
            let mut values = Prefixed(bytes);
            let mut batch = Vec::with_capacity(len.min(BATCH));
            for start in (0..len).step_by(BATCH) {
                batch.clear();
                for _ in start..len.min(start + BATCH) {
                    batch.push(values.next().ok_or_else(too_short)?);
                }
                form.bytes(ByteIds::Slices(&batch))?;
            }
            Ok(())
        }
    }
}

/// Eight bytes are an integer already, where they are aligned and the machine's order is theirs.
fn push_words(bytes: &[u8], form: &mut Form<'_>) -> Result<()> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(words) if cfg!(target_endian = "little") => form.integers(words),
        _ => push_integers(bytes, i64::from_le_bytes, form),
    }
}

fn push_integers<const WIDTH: usize>(
    bytes: &[u8],
    integer: impl Fn([u8; WIDTH]) -> i64,
    form: &mut Form<'_>,
) -> Result<()> {
    let (values, _) = bytes.as_chunks::<WIDTH>();
    let mut batch = [0; BATCH];
    for values in values.chunks(BATCH) {
        for (id, value) in batch.iter_mut().zip(values) {
            *id = integer(*value);
        }
        form.integers(&batch[..values.len()])?;
    }
    Ok(())
}

/// Byte strings behind their lengths, up to the first that isn't whole.
pub(super) struct Prefixed<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Prefixed<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}

pub(super) fn too_short() -> Error {
    Error::input("corrupt: a page ends before its values do")
}
