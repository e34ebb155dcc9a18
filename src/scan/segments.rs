//! Reading IDs by segment: every batch of rows is divided by the values of its segment columns.
//!
//! Rows are wanted whole here, so that columns come through the crate's Arrow reader instead of our
//! own page readers: slower, and text that isn't UTF-8 is refused.

use super::arrow::ArrowIds;
use super::divide::{Divider, SegmentLimits};
use super::file::DataFile;
use super::parquet::{ArrowFile, ParquetFile, open_arrow, rows_of_group};
use super::schedule::{self, SideScan, Unit, Work, whole};
use super::{Plan, Progress, SidePlan};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, Tally};
use crate::reader::{Failure, Form, Watch};
use crate::segments::{NULL_IN_PATHS, Segments};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{Field, Schema};
use std::path::Path;
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
    let new_state = |side: usize| Ok(Worker::new(side, plan.sides[side].form, segments));
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
        let columns = columns_of(file)?;
        for name in by {
            segment_column(name, &columns, &partitions_of(file)).map_err(|e| file.locate(e))?;
        }
    }
    Ok(())
}

/// Whether all data files of all sides have these segment columns.
///
/// # Errors
/// [`ErrorKind::Input`] if a file can't be read any more.
pub fn has_segment_columns(plan: &Plan, by: &[String]) -> Result<bool> {
    for file in plan.sides.iter().flat_map(|side| &side.files) {
        let columns = columns_of(file)?;
        let has = |name: &String| segment_column(name, &columns, &partitions_of(file)).is_ok();
        if !by.iter().all(has) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The names of the columns of a file that aren't nested.
fn columns_of(file: &DataFile) -> Result<Vec<String>> {
    match file {
        DataFile::Parquet(file) => open_arrow(file).map(|file| file.flat_columns()),
        DataFile::Text(file) => Ok(file.columns().to_vec()),
    }
}

/// What all workers saw of one side.
fn join<S>(
    side: SideScan<Worker<'_, S>>,
    segments: SegmentLimits<'_>,
) -> Result<Segments<SegmentScan<S>>> {
    let parts = side.sinks.into_iter().map(|worker| {
        let parts = worker.divider.finish()?;
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
    form: Form,
    segments: SegmentLimits<'a>,
    divider: Divider<S>,
    /// The file that was read last, and its segment columns.
    open: Option<(ArrowFile, Vec<SegmentColumn>)>,
}

/// Where the values of a segment column are.
enum SegmentColumn {
    /// In the file.
    Stored(String),
    /// In its path.
    Partition(String, Option<String>),
}

impl<'a, S: IdSink> Worker<'a, S> {
    /// Rows that are divided at a time.
    const BATCH_ROWS: usize = 1 << 14;

    fn new(side: usize, form: Form, segments: SegmentLimits<'a>) -> Self {
        Self {
            side,
            form,
            segments,
            divider: Divider::new(segments),
            open: None,
        }
    }

    fn read(
        &mut self,
        file: &DataFile,
        work: &Work,
        new_sink: &impl Fn(usize) -> Result<S>,
        watch: &dyn Watch,
    ) -> Result<Tally, Failure> {
        let mut ids = ArrowIds::of_column(file);
        match (file, work) {
            (DataFile::Parquet(parquet), &Work::RowGroup { row_group, .. }) => self
                .read_row_group(parquet, row_group, &mut ids, new_sink)
                .map_err(whole),
            (DataFile::Text(text), Work::Seat(stream)) => {
                let by = self.segments.by.iter();
                let partitions = partitions_of(file);
                let columns = by.map(|name| segment_column(name, text.columns(), &partitions));
                let columns = columns.collect::<Result<Vec<_>>>();
                let columns = columns.map_err(|e| whole(text.locate(e)))?;
                let (stored, form) = (stored_names(&columns), self.form);
                let form = text.cast().map_or(form, |_| Form::Text);
                let mut tally = Tally::default();
                let mut take = self.take(&columns, &mut ids, &mut tally, new_sink);
                text.rows(stream, form, &stored, &mut take, watch)
            }
            _ => Err(whole(Error::new(
                ErrorKind::Internal,
                "a unit of another format",
            ))),
        }
    }

    /// Takes the rows of a batch: the IDs, and the columns beside them.
    fn take(
        &mut self,
        columns: &[SegmentColumn],
        ids: &mut ArrowIds,
        tally: &mut Tally,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> impl FnMut(&ArrayRef, RecordBatch) -> Result<()> {
        let side = self.side;
        let divider = &mut self.divider;
        let is_stored = !stored_names(columns).is_empty();
        move |id: &ArrayRef, batch: RecordBatch| {
            let rows = if is_stored { id.len() } else { 1 };
            let columns = segment_batch(columns, &batch, rows)?;
            *tally += divider.push(id, &columns, ids, &|| new_sink(side))?;
            Ok(())
        }
    }

    fn read_row_group(
        &mut self,
        file: &ParquetFile,
        row_group: usize,
        ids: &mut ArrowIds,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> Result<Tally> {
        let is_open = |(open, _): &(ArrowFile, _)| open.is_of(file);
        if !self.open.as_ref().is_some_and(is_open) {
            let arrow_file = open_arrow(file)?;
            let names = arrow_file.flat_columns();
            let by = self.segments.by.iter();
            let partitions = partitions_of_parquet(file);
            let columns = by.map(|name| segment_column(name, &names, &partitions));
            let columns = columns.collect::<Result<Vec<_>>>();
            self.open = Some((arrow_file, columns.map_err(|e| file.locate(e))?));
        }
        let Some((arrow_file, columns)) = self.open.take() else {
            return Ok(Tally::default());
        };
        let mut tally = Tally::default();
        let stored = stored_names(&columns);
        let mut take = self.take(&columns, ids, &mut tally, new_sink);
        arrow_file.read(file, row_group, &stored, Self::BATCH_ROWS, &mut take)?;
        drop(take);
        let rows = rows_of_group(file, row_group);
        if tally.rows != rows {
            return Err(Error::input(format!(
                "corrupt Parquet file: {rows} rows in the footer, {} in the pages",
                tally.rows
            )));
        }
        self.open = Some((arrow_file, columns));
        Ok(tally)
    }
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
            Self::Partition(..) => None,
        }
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
        let (name, array): (&String, ArrayRef) = match column {
            SegmentColumn::Stored(name) => {
                let array = batch.column_by_name(name).map(Arc::clone);
                let missing = || Error::new(ErrorKind::Internal, format!("no column {name}"));
                (name, array.ok_or_else(missing)?)
            }
            SegmentColumn::Partition(name, value) => (
                name,
                Arc::new(StringArray::from(vec![value.as_deref(); rows])),
            ),
        };
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(internal)
}

/// Where a segment column of a file is: its own column, or else a partition of its path.
fn segment_column(
    name: &str,
    names: &[String],
    partitions: &[(String, Option<String>)],
) -> Result<SegmentColumn> {
    match names.iter().filter(|column| *column == name).count() {
        0 => {}
        1 => return Ok(SegmentColumn::Stored(name.to_owned())),
        _ => {
            return Err(Error::input(format!(
                "more than one column is called {name}"
            )));
        }
    }
    if let Some((_, value)) = partitions.iter().find(|(partition, _)| partition == name) {
        return Ok(SegmentColumn::Partition(name.to_owned(), value.clone()));
    }
    let columns = names.join(", ");
    let hint = match partitions {
        [] => format!("the columns are {columns}"),
        _ => {
            let names: Vec<&str> = partitions.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "the columns are {columns}; the partitions are {}",
                names.join(", ")
            )
        }
    };
    Err(Error::usage(format!("no column {name} to make segments of")).hint(hint))
}

/// The partitions of a file: those that its table tells before those of its path.
fn partitions_of(file: &DataFile) -> Vec<(String, Option<String>)> {
    match file {
        DataFile::Parquet(file) => partitions_of_parquet(file),
        DataFile::Text(_) => partitions(file.path()),
    }
}

fn partitions_of_parquet(file: &ParquetFile) -> Vec<(String, Option<String>)> {
    let mut found = file.partitions.clone();
    for (name, value) in partitions(&file.path) {
        if !found.iter().any(|(known, _)| *known == name) {
            found.push((name, value));
        }
    }
    found
}

/// The hive-style partitions of a path, `NAME=VALUE` each, outermost first.
fn partitions(path: &Path) -> Vec<(String, Option<String>)> {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let folders = folders.filter_map(|folder| folder.as_os_str().to_str()?.split_once('='));
    let value = |text: &str| (text != NULL_IN_PATHS).then(|| percent_decoded(text));
    folders
        .map(|(name, text)| (percent_decoded(name), value(text)))
        .collect()
}

/// `%3A` → `:`; what isn't such an escape stands as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        let escaped = (*byte == b'%').then(|| tail.first_chunk::<2>()).flatten();
        let digits = escaped.and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(decoded.unwrap_or(*byte));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_read_from_the_path() {
        let path = Path::new(
            "lake/day=2026-11-23/city=Z%C3%BCrich%20West/x=__HIVE_DEFAULT_PARTITION__/a=b.parquet",
        );
        let found = partitions(path);
        let expected = [
            ("day", Some("2026-11-23")),
            ("city", Some("Zürich West")),
            ("x", None),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        assert_eq!(found, expected);
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }
}
