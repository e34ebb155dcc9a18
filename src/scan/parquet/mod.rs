//! Parquet files as canonical IDs: the footer first, then one row group at a time.

mod footer;
mod source;
mod values;

pub(super) use footer::ParquetFile;

use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads the IDs of one row group into `sink`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with file, column and row group for whatever is wrong with the
/// bytes, and those of the sink.
pub(super) fn read_row_group(
    file: &ParquetFile,
    row_group: usize,
    sink: &mut dyn IdSink,
) -> Result<Tally> {
    // The decoder panics on some corrupt files; a bad file must not look like a bug of ours.
    let read = catch_unwind(AssertUnwindSafe(|| values::read(file, row_group, sink)));
    read.unwrap_or_else(|panic| Err(decoder_panic(&*panic)))
        .map_err(|e| file.locate(e).with("row group", row_group))
}

fn decoder_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    Error::input(format!("corrupt: the Parquet decoder gave up: {text}"))
}
