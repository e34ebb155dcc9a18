//! From decoded values to canonical IDs in the sink.

use super::footer::ParquetFile;
use super::plain::BATCH;
use super::selection::Selection;
use crate::error::{Error, Result};
use crate::id::{ByteIds, Cast, IdBatch, IdSink, IntegerForm};
use crate::reader::ReadLimits;
use crate::scan::column::IdType;

/// What the values of a column are as IDs, and where they go.
pub(super) struct Form<'a> {
    id_type: IdType,
    integers: IntegerForm,
    cast: Option<Cast>,
    limits: ReadLimits,
    sink: &'a mut dyn IdSink,
    what: What,
    selection: Selection,
    /// A buffer for integers that are taken.
    taken: Vec<i64>,
}

/// What is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The ID of every row.
    Rows,
    /// The entries of a dictionary that rows use.
    Entries,
    /// The IDs of rows here and there, which are pushed as entries as well.
    RowsHereAndThere,
}

/// Hands IDs on as what they are.
struct Handing<'a> {
    sink: &'a mut dyn IdSink,
    what: What,
}

impl IdSink for Handing<'_> {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        match self.what {
            What::Rows => self.sink.push(batch),
            What::Entries => self.sink.push_entries(batch),
            What::RowsHereAndThere => {
                self.sink.note_rows(batch);
                Ok(())
            }
        }
    }
}

impl<'a> Form<'a> {
    pub(super) fn new(file: &ParquetFile, sink: &'a mut dyn IdSink) -> Self {
        let ParquetFile { id_type, cast, .. } = *file;
        Self {
            id_type,
            limits: file.limits,
            integers: IntegerForm::default(),
            cast: cast.map(|to| Cast::new(to, id_type == IdType::Uuid)),
            sink,
            what: What::Rows,
            selection: Selection::default(),
            taken: Vec::new(),
        }
    }

    /// Of the values that come from now on, those that are pushed.
    pub(super) fn select(&mut self, selection: Selection) {
        self.selection = selection;
    }

    /// Hands over which values are pushed, to code that has indices of them; all are, from then on.
    pub(super) fn take_selection(&mut self) -> Selection {
        std::mem::take(&mut self.selection)
    }

    /// Whether none of the next values would be pushed; these needn't come then.
    pub(super) fn passes_over(&mut self, len: usize) -> bool {
        self.selection.passes_over(len)
    }

    /// What is pushed from now on.
    pub(super) fn pushing(&mut self, what: What) -> &mut Self {
        self.what = what;
        self
    }

    /// See [`IdSink::row_gap`].
    pub(super) fn row_gap(&mut self) -> Option<usize> {
        self.sink.row_gap()
    }

    /// Whether repeated IDs must be pushed each time.
    pub(super) fn counts_repeats(&self) -> bool {
        self.sink.counts_repeats()
    }

    /// How a 32-bit value widens to the 64 bits that [`Self::integers`] takes.
    pub(super) fn widen(&self) -> fn(i32) -> i64 {
        match self.id_type {
            IdType::Unsigned => |value| i64::from(value.cast_unsigned()),
            _ => i64::from,
        }
    }

    /// [`Self::widen`] from the bytes of a value.
    pub(super) fn widen_bytes(&self) -> fn([u8; size_of::<i32>()]) -> i64 {
        match self.id_type {
            IdType::Unsigned => |bytes| i64::from(u32::from_le_bytes(bytes)),
            _ => |bytes| i64::from(i32::from_le_bytes(bytes)),
        }
    }

    /// Pushes values of a column of 64-bit, or widened 32-bit, integers.
    pub(super) fn integers(&mut self, values: &[i64]) -> Result<()> {
        if self.selection.is_all() {
            return self.all_integers(values);
        }
        let mut taken = std::mem::take(&mut self.taken);
        for values in values.chunks(BATCH) {
            let picked = self.selection.pick(values, &mut taken);
            if !picked.is_empty() {
                self.all_integers(picked)?;
            }
        }
        self.taken = taken;
        Ok(())
    }

    fn all_integers(&mut self, values: &[i64]) -> Result<()> {
        if self.id_type == IdType::Null {
            return no_ids(values.len());
        }
        let Self {
            cast, sink, what, ..
        } = self;
        let what = *what;
        let push = |batch: IdBatch<'_>| push(cast, *sink, what, batch);
        let has_wide = self.id_type == IdType::Unsigned && values.iter().any(|&value| value < 0);
        if has_wide {
            let values = values.iter().map(|value| value.cast_unsigned());
            return self.integers.push(values, push);
        }
        // The commonest column of all goes straight through.
        let mut push = push;
        push(IdBatch::Integers(values))
    }

    /// Pushes values of a column of byte strings.
    pub(super) fn bytes(&mut self, ids: ByteIds<'_>) -> Result<()> {
        if self.selection.is_all() {
            return self.all_bytes(ids);
        }
        let (mut all, mut taken) = (Vec::with_capacity(ids.len()), Vec::new());
        ids.for_each(|id| all.push(id));
        match self.selection.pick(&all, &mut taken) {
            [] => Ok(()),
            picked => self.all_bytes(ByteIds::Slices(picked)),
        }
    }

    fn all_bytes(&mut self, ids: ByteIds<'_>) -> Result<()> {
        let Self {
            cast,
            sink,
            limits,
            what,
            ..
        } = self;
        let what = *what;
        if ids.total_bytes() > limits.value_bytes_max {
            ids.try_for_each(|id| limits.check_value(id.len()))?;
        }
        match self.id_type {
            IdType::Null => no_ids(ids.len()),
            IdType::Text => push(cast, *sink, what, IdBatch::Text(ids)),
            IdType::DecimalBytes => {
                let mut numbers = Vec::with_capacity(ids.len());
                ids.try_for_each(|id| decimal(id).map(|number| numbers.push(number)))?;
                self.integers
                    .push(numbers, |batch| push(cast, *sink, what, batch))
            }
            _ => push(cast, *sink, what, IdBatch::Binary(ids)),
        }
    }
}

fn push(
    cast: &mut Option<Cast>,
    sink: &mut dyn IdSink,
    what: What,
    batch: IdBatch<'_>,
) -> Result<()> {
    super::hand_on(|| {
        let sink = &mut Handing { sink, what };
        match cast {
            Some(cast) => cast.push(batch, sink),
            None => sink.push(batch),
        }
    })
}

/// A column was let through for being all null: a value in it contradicts the footer.
pub(super) fn no_ids(values: usize) -> Result<()> {
    if values == 0 {
        return Ok(());
    }
    Err(Error::input(
        "corrupt Parquet file: values in a column of nulls",
    ))
}

/// A whole number from big-endian two's complement of any length, as Parquet writes decimals.
fn decimal(bytes: &[u8]) -> Result<i128> {
    const WIDTH: usize = size_of::<i128>();
    let fill = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let (surplus, low) = bytes.split_at(bytes.len().saturating_sub(WIDTH));
    let mut wide = [fill; WIDTH];
    wide[WIDTH - low.len()..].copy_from_slice(low);
    let number = i128::from_be_bytes(wide);
    // Bytes above the sixteenth may only repeat the sign.
    let fits = surplus.iter().all(|&byte| byte == fill) && (number < 0) == (fill != 0);
    if fits {
        Ok(number)
    } else {
        Err(Error::input("a decimal id wider than 128 bits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_of_every_width_are_the_number() {
        for number in [
            0_i128,
            1,
            -1,
            255,
            -256,
            i128::from(i64::MIN),
            i128::MAX,
            i128::MIN,
        ] {
            let full = number.to_be_bytes();
            assert_eq!(decimal(&full), Ok(number));
            let sign = if number < 0 { 0xff } else { 0 };
            let longer: Vec<u8> = [sign; 16].into_iter().chain(full).collect();
            assert_eq!(decimal(&longer), Ok(number));
        }
        assert_eq!(decimal(&[0x80]), Ok(-128));
        assert_eq!(decimal(&[0, 0x80]), Ok(128));
        assert_eq!(decimal(&[]), Ok(0));
        assert!(decimal(&[1; 17]).is_err());
    }
}
