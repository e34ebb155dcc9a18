//! Parquet files as canonical IDs: the footer first, then one row group at a time.

mod answers;
mod asked;
mod bits;
mod decoded;
mod delta;
mod dictionary;
mod footer;
mod form;
mod header;
mod hybrid;
mod kept;
mod logical;
mod old_levels;
mod packed;
mod pages;
mod plain;
mod predicate;
mod rows;
mod selection;
mod source;
mod taken;
mod thrift;
mod values;

pub(super) use footer::{ParquetFile, RowGroup, metadata_of};
pub(super) use pages::Part;
pub(super) use rows::{ArrowFile, open_arrow};
pub use source::Source;

use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{IdSink, PageChecks, Tally};
use crate::scan::column::IdType;
use pages::ChunkOf;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;

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
    if file.row_groups[row_group].kept.is_some() {
        return rows::read_ids(file, row_group, sink);
    }
    let of = ChunkOf {
        part,
        ..ChunkOf::ids(file, row_group)
    };
    read_ids(file, row_group, of, sink)
}

fn read_ids(
    file: &ParquetFile,
    row_group: usize,
    of: ChunkOf<'_>,
    sink: &mut dyn IdSink,
) -> Result<Tally> {
    guarded(|| values::read(file, of, sink))
        .map_err(|e| file.locate(e).with("row group", row_group))
}

/// Reads the IDs of one row group, or of a part of it, that the file's filter takes; `None`, with nothing read,
/// where that can't be told without reading rows.
///
/// # Errors
/// Those of [`read_row_group`].
pub(super) fn read_taken(
    file: &ParquetFile,
    row_group: usize,
    part: Option<&Part>,
    sink: &mut dyn IdSink,
) -> Result<Option<Tally>> {
    let group = &file.row_groups[row_group];
    let is_by_rows = group.kept.is_some() || file.id_type == IdType::Fractional;
    if is_by_rows {
        return Ok(None);
    }
    let count = |taken: Tally, of: u64| {
        file.counter.add(PageChecks {
            taken: taken.rows,
            left_out: of - taken.rows,
            ..PageChecks::default()
        });
        Ok(Some(taken))
    };
    if group.decided == Some(true) {
        let taken = read_row_group(file, row_group, part, sink)?;
        return count(taken, taken.rows);
    }
    // Of an object all columns are fetched at once, which the reader of rows says beforehand.
    if file.identity.is_remote() {
        return Ok(None);
    }
    // What is wrong here is wrong again where rows are read, and explained there.
    let Ok(Some((wanted, checks))) = guarded(|| taken::rows(file, row_group)) else {
        return Ok(None);
    };
    let ids = ChunkOf::ids(file, row_group);
    let taken = match (wanted.has_true(), wanted.has_false()) {
        (false, _) => Tally::default(),
        (true, false) => read_ids(file, row_group, ids, sink)?,
        (true, true) => {
            let wanted = Some(&wanted);
            read_ids(file, row_group, ChunkOf { wanted, ..ids }, sink)?
        }
    };
    file.counter.add(checks);
    count(taken, group.rows)
}

/// Cuts a row group's column chunk into parts of about `part_bytes`; `None` if it can't be cut, or
/// its page headers make no sense: whoever reads it will say why.
pub(super) fn split(file: &ParquetFile, row_group: usize, part_bytes: u64) -> Option<Vec<Part>> {
    let group = &file.row_groups[row_group];
    // Page headers of an object would be fetched one by one.
    if group.kept.is_some()
        || (file.filter.is_some() && group.decided != Some(true))
        || file.identity.is_remote()
    {
        return None;
    }
    let parts = guarded(|| pages::split(file, row_group, part_bytes)).ok()?;
    let rows: u64 = parts.iter().map(Part::rows).sum();
    (parts.len() > 1 && rows == group.rows).then_some(parts)
}

/// Reads all that is wanted of a Parquet file by `read`.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't a Parquet file or changes meanwhile, and those of `read`,
/// with the file.
pub fn read_parquet<T>(path: &Path, read: impl FnOnce(Source) -> Result<T>) -> Result<T> {
    let file = footer::open_checked(path)?;
    let done = guarded(|| read(Source(Arc::clone(&file))));
    let done = done.map_err(|e| e.with("file", path.display()))?;
    file.ensure_unchanged(&file.identity())?;
    Ok(done)
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

/// Runs a decoder of another project. It panics on some corrupt files, and a bad file must not look
/// like a bug of ours.
pub(super) fn guarded<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    DECODING.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(decode));
    let was_decoding = DECODING.replace(false);
    match outcome {
        Ok(done) => done,
        Err(panic) if was_decoding => Err(decoder_panic(&*panic)),
        // A bug of ours must not look like a bad file either.
        Err(panic) => resume_unwind(panic),
    }
}

/// Hands what was decoded on, to code of ours: what panics in there is no decoder.
fn hand_on<T>(take: impl FnOnce() -> T) -> T {
    let was_decoding = DECODING.replace(false);
    let done = take();
    DECODING.set(was_decoding);
    done
}

fn decoder_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    // zstd's word for memory that the system didn't give: the file may be whole.
    if text.contains("null pointer when creating new context") {
        let text = "out of memory: the system gave none for unpacking zstd";
        return Error::new(ErrorKind::Limit, text)
            .hint(["ask for fewer with ".into(), Setting::Threads.into()]);
    }
    Error::input(format!("corrupt: its decoder gave up: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoders_panic_is_a_bad_file_and_a_sinks_is_a_bug() {
        let error = guarded(|| -> Result<()> { panic!("no such level") }).expect_err("caught");
        assert!(
            error.message().contains("gave up: no such level"),
            "{error}"
        );
        let null =
            || -> Result<()> { panic!("zstd returned null pointer when creating new context") };
        let error = guarded(null).expect_err("caught");
        assert_eq!(error.kind(), ErrorKind::Limit, "{error}");
        let bug = || guarded(|| -> Result<()> { hand_on(|| panic!("a sink's")) });
        assert!(catch_unwind(bug).is_err());
        assert!(!is_decoding());
    }
}
