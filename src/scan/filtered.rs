//! Which rows of a file are taken: its filter, bound to its columns.
//!
//! What partitions decide is decided here, before the file is read; what rows decide is asked of
//! each batch while it is read.

use super::live::Constant;
use super::names;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{BoundFilter, Origin, RowFault, RowFilter, Type};
use crate::id::PageChecks;
use crate::reader::PageCounter;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::compute::{filter, filter_record_batch};
use arrow::error::ArrowError;

/// The filter of one file.
#[derive(Debug)]
pub(super) struct FileFilter {
    bound: BoundFilter,
    /// The columns that it reads, as the file calls them.
    names: Vec<String>,
}

impl FileFilter {
    /// Binds a filter to a file of such columns and partitions.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] with the place marked for a column that isn't there or can't be compared so.
    pub(super) fn new(
        filter: &RowFilter,
        paths: &[String],
        partitions: &[Constant],
        type_of: impl Fn(usize) -> Result<Type>,
    ) -> Result<Self> {
        let leaf = |path: &String| path.rsplit('.').next().unwrap_or_default().to_owned();
        let leaves: Vec<String> = paths.iter().map(leaf).collect();
        let mut found: Vec<String> = Vec::new();
        let bound = filter.bind(|wanted| {
            if let Some(of) = partition(wanted, partitions)? {
                let value = of.value.clone();
                let is_text = of.is_text;
                return Ok(Origin::Constant { value, is_text });
            }
            let index = names::find_name(paths, &leaves, Some(wanted))
                .map_err(|error| with_partitions(error, partitions))?;
            found.push(paths[index].clone());
            type_of(index).map(Origin::Stored)
        })?;
        Ok(Self {
            bound,
            names: found,
        })
    }

    /// The columns that it reads, as the file calls them, each once.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) const fn bound(&self) -> &BoundFilter {
        &self.bound
    }

    /// Whether it takes no row of the file, whatever is in it.
    pub(super) fn takes_none(&self) -> bool {
        self.bound.decided() == Some(false)
    }

    /// Which rows are taken; `columns` are those of [`Self::names`].
    pub(super) fn taken(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        counter: &PageCounter,
    ) -> Result<BooleanArray, RowFault> {
        let taken = self.bound.taken(columns, rows)?;
        let count = taken.true_count();
        counter.add(PageChecks {
            taken: count as u64,
            left_out: (rows - count) as u64,
            ..PageChecks::default()
        });
        Ok(taken)
    }
}

/// The rows that are taken: their IDs, and the columns beside them.
pub(super) fn only(
    taken: &BooleanArray,
    id: &ArrayRef,
    beside: RecordBatch,
) -> Result<(ArrayRef, RecordBatch)> {
    let internal = |e: ArrowError| Error::new(ErrorKind::Internal, e.to_string());
    if taken.true_count() == taken.len() {
        return Ok((id.clone(), beside));
    }
    let id = filter(id, taken).map_err(internal)?;
    let beside = filter_record_batch(&beside, taken).map_err(internal)?;
    Ok((id, beside))
}

/// The constant that a path or a table gives a column of this name, if it gives one.
///
/// # Errors
/// [`ErrorKind::Input`] if it gives two.
pub(super) fn partition<'a>(
    name: &str,
    partitions: &'a [Constant],
) -> Result<Option<&'a Constant>> {
    let mut values = partitions.iter().filter(|of| of.name == name);
    let Some(of) = values.next() else {
        return Ok(None);
    };
    if values.any(|other| other.value != of.value) {
        return Err(Error::input(format!(
            "two folders of its path give {name} different values"
        ))
        .hint("name the folder below the first of them, or move the files"));
    }
    Ok(Some(of))
}

fn with_partitions(error: Error, partitions: &[Constant]) -> Error {
    match partitions {
        [] => error,
        _ => {
            let names: Vec<String> = partitions.iter().map(|of| of.name.clone()).collect();
            error.with("partitions", names::list(&names))
        }
    }
}
