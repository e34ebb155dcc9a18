//! Parquet files as canonical IDs: the footer first, then one row group at a time.

mod decoded;
mod dictionary;
mod footer;
mod form;
mod header;
mod hybrid;
mod pages;
mod plain;
mod source;
mod values;

pub(super) use footer::ParquetFile;
pub(super) use pages::Part;

use crate::error::{Error, Result};
use crate::id::{IdSink, Tally};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads the IDs of one row group, or of a part of it, into `sink`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with file, column and row group for whatever is wrong with the
/// bytes, and those of the sink.
pub(super) fn read_row_group(
    file: &ParquetFile,
    row_group: usize,
    part: Option<&Part>,
    sink: &mut dyn IdSink,
) -> Result<Tally> {
    guarded(|| values::read(file, row_group, part, sink))
        .map_err(|e| file.locate(e).with("row group", row_group))
}

/// Cuts a row group's column chunk into parts of about `part_bytes`; `None` if it can't be cut, or
/// its page headers make no sense: whoever reads it will say why.
pub(super) fn split(file: &ParquetFile, row_group: usize, part_bytes: u64) -> Option<Vec<Part>> {
    let parts = guarded(|| pages::split(file, row_group, part_bytes)).ok()?;
    let rows: u64 = parts.iter().map(Part::rows).sum();
    (parts.len() > 1 && rows == file.row_groups[row_group].rows).then_some(parts)
}

thread_local! {
    static DECODING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a decoder whose panics become errors: a panic hook may keep quiet
/// then.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Runs a decoder. It panics on some corrupt files, and a bad file must not look like a bug of
/// ours.
fn guarded<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(false);
    outcome.unwrap_or_else(|panic| Err(decoder_panic(&*panic)))
}

fn decoder_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    Error::input(format!("corrupt: the Parquet decoder gave up: {text}"))
}
