//! Reading IDs by segment: every batch of rows is divided by the values of its segment columns.
//!
//! Rows are wanted whole here, so that columns come through the crate's Arrow reader instead of our
//! own page readers: slower, and text that isn't UTF-8 is refused.

use super::arrow::ArrowIds;
use super::divide::{Divider, SegmentLimits};
use super::file::DataFile;
use super::filtered::partition;
use super::live::Constant;
use super::queue::{Unit, Work};
use super::rows::RowReader;
use super::schedule::{self, SideScan, whole};
use super::{Plan, Progress, SidePlan};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, PageChecks, Tally};
use crate::reader::{Failure, PageCounter, Watch};
use crate::segments::{Segments, means_the_same, untyped_field};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use std::sync::Arc;

/// What came of one segment: every worker's sink that saw some of it, and what was read.
#[derive(Debug)]
pub struct SegmentScan<S> {
    /// The sinks, in no particular order.
    pub sinks: Vec<S>,
    /// Rows and nulls, from all of them.
    pub tally: Tally,
}

/// Reads all of a plan on up to `threads` threads, each with a sink of its own for each segment of
/// a side.
///
/// # Errors
/// Those of [`super::scan`], [`ErrorKind::Usage`] for a segment column that a file doesn't have,
/// [`ErrorKind::Incomparable`] if its type changes from file to file, [`ErrorKind::Limit`] for too
/// many segments.
pub fn scan_by<S: IdSink>(
    plan: &Plan,
    segments: SegmentLimits<'_>,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<Segments<SegmentScan<S>>>> {
    if !plan.normalises() {
        return scan_ids_by(plan, segments, threads, new_sink, progress);
    }
    let new = |side: usize| Ok(plan.sides[side].normalising(new_sink(side)?));
    let scanned = scan_ids_by(plan, segments, threads, &new, progress)?;
    let sides = plan.sides.iter().zip(scanned);
    let finish = |(side, scanned): (&SidePlan, Segments<_>)| {
        scanned.try_map(|SegmentScan { sinks, tally }| {
            let SideScan { sinks, tally } = side.finish(SideScan { sinks, tally });
            Ok(SegmentScan { sinks, tally })
        })
    };
    sides.map(finish).collect()
}

/// The same without normalising IDs.
fn scan_ids_by<S: IdSink>(
    plan: &Plan,
    segments: SegmentLimits<'_>,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<Segments<SegmentScan<S>>>> {
    let new_state = |side: usize| Ok(Worker::new(side, &plan.sides[side], segments));
    let read = |file: &DataFile, unit: &Unit, worker: &mut Worker<'_, S>, watch: &dyn Watch| {
        worker.read(file, &unit.work, new_sink, watch)
    };
    let scanned = schedule::scan_rows(plan, threads, &new_state, &read, progress)?;
    let mut sides = Vec::with_capacity(scanned.len());
    for (scanned, side) in scanned.into_iter().zip(&plan.sides) {
        let joined = join(scanned, segments).map_err(|e| e.with("side", &side.name))?;
        if joined.values().is_empty() {
            ensure_segment_columns(side, segments.by)?;
        }
        sides.push(joined);
    }
    Ok(sides)
}

/// Sees to it that a side from which no row was read could have been divided.
fn ensure_segment_columns(side: &SidePlan, by: &[String]) -> Result<()> {
    for file in &side.files {
        let columns = file.flat_columns()?;
        segment_columns(by, &columns, &file.partitions()).map_err(|e| file.locate(e))?;
    }
    Ok(())
}

/// Whether all data files of all sides have these segment columns.
///
/// # Errors
/// [`ErrorKind::Input`] if a file can't be read any more.
pub fn has_segment_columns(plan: &Plan, by: &[String]) -> Result<bool> {
    for file in plan.sides.iter().flat_map(|side| &side.files) {
        let columns = file.flat_columns()?;
        if segment_columns(by, &columns, &file.partitions()).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What all workers saw of one side.
fn join<S>(
    side: SideScan<Worker<'_, S>>,
    segments: SegmentLimits<'_>,
) -> Result<Segments<SegmentScan<S>>> {
    let dividers = side.sinks.into_iter().flat_map(|worker| worker.dividers);
    let parts = dividers.map(|(_, divider)| {
        let parts = divider.finish()?;
        parts.try_map(|(sink, tally)| {
            let sinks = vec![sink];
            Ok(SegmentScan { sinks, tally })
        })
    });
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let joined = Segments::group(parts, segments.by, |all, part| {
        all.sinks.extend(part.sinks);
        all.tally += part.tally;
        Ok(())
    })?;
    segments.ensure_few(joined.values().len())?;
    Ok(joined)
}

/// One worker's part of one side.
struct Worker<'a, S> {
    side: usize,
    segments: SegmentLimits<'a>,
    /// By what is known of the values of the segment columns.
    dividers: Vec<(Vec<Values>, Divider<S>)>,
    counter: &'a PageCounter,
    reader: RowReader,
}

/// Where the values of a segment column are.
enum SegmentColumn {
    /// In the file.
    Stored(String),
    /// In its path or its table, and perhaps in the file as well, where it counts for nothing.
    Partition { of: Constant, is_stored: bool },
}

/// What is known of the values of a segment column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Values {
    /// They are of the type that the file gives them.
    Stored,
    /// They are text by their table's schema.
    Text,
    /// They have no type.
    Untyped,
}

impl<'a, S: IdSink> Worker<'a, S> {
    fn new(side: usize, plan: &'a SidePlan, segments: SegmentLimits<'a>) -> Self {
        Self {
            side,
            segments,
            dividers: Vec::new(),
            counter: &plan.counter,
            reader: RowReader::new(plan.form),
        }
    }

    fn read(
        &mut self,
        file: &DataFile,
        work: &Work,
        new_sink: &impl Fn(usize) -> Result<S>,
        watch: &dyn Watch,
    ) -> Result<Tally, Failure> {
        let names = self.reader.flat_columns(file).map_err(whole)?;
        let columns = segment_columns(self.segments.by, names, &file.partitions());
        let columns = columns.map_err(|e| whole(file.locate(e)))?;
        let (mut ids, mut tally) = (ArrowIds::of_column(file), Tally::default());
        let mut reader = std::mem::take(&mut self.reader);
        let mut take = self.take(&columns, &mut ids, &mut tally, new_sink);
        let read = reader.read(file, work, &stored_names(&columns), &mut take, watch);
        drop(take);
        self.reader = reader;
        read.map(|()| tally)
    }

    /// Takes the rows of a batch: the IDs, and the columns beside them.
    fn take(
        &mut self,
        columns: &[SegmentColumn],
        ids: &mut ArrowIds,
        tally: &mut Tally,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> impl FnMut(&ArrayRef, RecordBatch) -> Result<()> {
        let (side, counter) = (self.side, self.counter);
        let divider = divider_of(&mut self.dividers, columns, self.segments);
        let is_stored = !stored_names(columns).is_empty();
        move |id: &ArrayRef, batch: RecordBatch| {
            let rows = if is_stored { id.len() } else { 1 };
            let path_differs = columns.iter().map(|column| column.differing(&batch)).sum();
            counter.add(PageChecks {
                path_differs,
                ..PageChecks::default()
            });
            let columns = segment_batch(columns, &batch, rows)?;
            *tally += divider.push(id, &columns, ids, &|| new_sink(side))?;
            Ok(())
        }
    }
}

/// The divider of files of whose segment columns the same is known.
fn divider_of<'d, S: IdSink>(
    dividers: &'d mut Vec<(Vec<Values>, Divider<S>)>,
    columns: &[SegmentColumn],
    segments: SegmentLimits<'_>,
) -> &'d mut Divider<S> {
    let values: Vec<Values> = columns.iter().map(SegmentColumn::values).collect();
    let known = dividers.iter().position(|(known, _)| *known == values);
    let index = known.unwrap_or_else(|| {
        dividers.push((values, Divider::new(segments)));
        dividers.len() - 1
    });
    &mut dividers[index].1
}

/// The names of those columns that are in the file.
fn stored_names(columns: &[SegmentColumn]) -> Vec<&str> {
    columns.iter().filter_map(SegmentColumn::stored).collect()
}

impl SegmentColumn {
    /// The name of a column of the file.
    fn stored(&self) -> Option<&str> {
        match self {
            Self::Stored(name) => Some(name),
            Self::Partition { of, is_stored } => is_stored.then_some(&of.name),
        }
    }

    const fn values(&self) -> Values {
        match self {
            Self::Stored(_) => Values::Stored,
            Self::Partition { of, .. } if of.is_text => Values::Text,
            Self::Partition { .. } => Values::Untyped,
        }
    }

    /// In how many rows the file says something else than the path.
    fn differing(&self, batch: &RecordBatch) -> u64 {
        let Self::Partition { of, .. } = self else {
            return 0;
        };
        let column = self.stored().and_then(|name| batch.column_by_name(name));
        let texts = column.and_then(|column| cast(column, &DataType::Utf8).ok());
        let Some(texts) = texts
            .as_ref()
            .and_then(|texts| texts.as_string_opt::<i32>())
        else {
            return 0;
        };
        // Neighbours are often alike.
        let (mut last, mut same, mut differing) = (None, true, 0);
        for text in texts {
            if last != Some(text) {
                same = match (of.value.as_deref(), text) {
                    (Some(value), Some(text)) => means_the_same(value, text),
                    (value, text) => value.is_none() && text.is_none(),
                };
                last = Some(text);
            }
            differing += u64::from(!same);
        }
        differing
    }
}

/// The segment columns of some rows.
fn segment_batch(
    columns: &[SegmentColumn],
    batch: &RecordBatch,
    rows: usize,
) -> Result<RecordBatch> {
    let internal = |e: arrow::error::ArrowError| Error::new(ErrorKind::Internal, e.to_string());
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for column in columns {
        let (field, array): (Field, ArrayRef) = match column {
            SegmentColumn::Stored(name) => {
                let array = batch.column_by_name(name).map(Arc::clone);
                let missing = || Error::new(ErrorKind::Internal, format!("no column {name}"));
                let array = array.ok_or_else(missing)?;
                (Field::new(name, array.data_type().clone(), true), array)
            }
            SegmentColumn::Partition { of, .. } => {
                let field = match of.is_text {
                    true => Field::new(&of.name, DataType::Utf8, true),
                    false => untyped_field(&of.name),
                };
                let values = vec![of.value.as_deref(); rows];
                (field, Arc::new(StringArray::from(values)))
            }
        };
        fields.push(field);
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(internal)
}

/// Where all segment columns of a file are.
fn segment_columns(
    by: &[String],
    names: &[String],
    partitions: &[Constant],
) -> Result<Vec<SegmentColumn>> {
    let column = |name: &String| segment_column(name, names, partitions);
    by.iter().map(column).collect()
}

/// Where a segment column of a file is: a partition of its path, or else its own column.
fn segment_column(name: &str, names: &[String], partitions: &[Constant]) -> Result<SegmentColumn> {
    let stored = names.iter().filter(|column| *column == name).count();
    if let Some(of) = partition(name, partitions)? {
        return Ok(SegmentColumn::Partition {
            of: of.clone(),
            is_stored: stored == 1,
        });
    }
    match stored {
        0 => {}
        1 => return Ok(SegmentColumn::Stored(name.to_owned())),
        _ => {
            return Err(Error::input(format!(
                "more than one column is called {name}"
            )));
        }
    }
    let columns = names.join(", ");
    let hint = match partitions {
        [] => format!("the columns are {columns}"),
        _ => {
            let names: Vec<&str> = partitions.iter().map(|of| of.name.as_str()).collect();
            format!(
                "the columns are {columns}; the partitions are {}",
                names.join(", ")
            )
        }
    };
    Err(Error::usage(format!("no column {name} to make segments of")).hint(hint))
}
