//! Numbers that lie in the file as they are: read piece by piece into memory that is used again, instead
//! of a record batch at a time, which may be a whole file.

use super::messages::{Batch, Stored, corrupt, stored};
use crate::error::Result;
use crate::scan::store::InputFile;
use arrow::array::{ArrayData, ArrayRef, make_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::{DataType, Schema};
use std::ops::Range;

/// Bytes of a piece: what the first-level cache holds besides the registers of a sketch.
const PIECE_BYTES: usize = 64 << 10;

/// The numbers of one column of a record batch.
pub(super) struct Pieces<'a> {
    file: &'a InputFile,
    data_type: &'a DataType,
    width: usize,
    rows: usize,
    values: Range<u64>,
    nulls: Option<NullBuffer>,
}

impl<'a> Pieces<'a> {
    /// The numbers of a column; `None` if they have to be decoded, or aren't whole numbers.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for what isn't there.
    pub(super) fn open(
        file: &'a InputFile,
        batch: &Batch,
        schema: &'a Schema,
        column: usize,
    ) -> Result<Option<Self>> {
        let data_type = schema.field(column).data_type();
        let Some(width) = data_type
            .primitive_width()
            .filter(|_| data_type.is_integer())
        else {
            return Ok(None);
        };
        let Some(Stored { validity, values }) = stored(file, batch, schema, column)? else {
            return Ok(None);
        };
        let rows = usize::try_from(batch.rows).map_err(corrupt)?;
        let bytes = rows
            .checked_mul(width)
            .map_or(u64::MAX, |bytes| bytes as u64);
        if values.end - values.start < bytes {
            return Err(corrupt("fewer numbers than rows"));
        }
        let nulls = validity.map(|range| {
            let bitmap = read(file, range.start, rows.div_ceil(8))?;
            Ok(NullBuffer::new(BooleanBuffer::new(bitmap, 0, rows)))
        });
        Ok(Some(Self {
            file,
            data_type,
            width,
            rows,
            values,
            nulls: nulls.transpose()?,
        }))
    }

    /// Calls `each` with the numbers, some thousand at a time.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if they can't be read, and those of `each`.
    pub(super) fn each(&self, mut each: impl FnMut(&ArrayRef) -> Result<()>) -> Result<()> {
        let step = PIECE_BYTES / self.width;
        for start in (0..self.rows).step_by(step) {
            let rows = step.min(self.rows - start);
            let at = self.values.start + (start * self.width) as u64;
            let nulls = self.nulls.as_ref().map(|nulls| nulls.slice(start, rows));
            let array = ArrayData::builder(self.data_type.clone())
                .len(rows)
                .nulls(nulls.filter(|nulls| nulls.null_count() > 0))
                .add_buffer(read(self.file, at, rows * self.width)?)
                .align_buffers(true);
            each(&make_array(array.build().map_err(corrupt)?))?;
        }
        Ok(())
    }
}

fn read(file: &InputFile, offset: u64, length: usize) -> Result<Buffer> {
    file.ensure_holds(offset, length).map_err(corrupt)?;
    let mut bytes = vec![0; length];
    file.read_exact_at(offset, &mut bytes).map_err(corrupt)?;
    Ok(Buffer::from_vec(bytes))
}
