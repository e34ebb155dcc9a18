//! Reading IDs by segment: every batch of rows is divided by the values of its segment columns.
//!
//! Rows are wanted whole here, so that columns come through the crate's Arrow reader instead of our
//! own page readers: slower, and text that isn't UTF-8 is refused.

use super::arrow::ArrowIds;
use super::parquet::{ArrowFile, ParquetFile, open_arrow, rows_of_group};
use super::schedule::{self, SideScan};
use super::{Plan, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, Tally};
use crate::segments::{Groups, Segments};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StringArray, UInt32Array};
use arrow::compute::take;
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

/// How IDs are divided.
#[derive(Clone, Copy, Debug)]
pub struct SegmentLimits<'a> {
    /// The segment columns: of the file, or of its hive-style path (`…/day=2026-11-23/…`).
    pub by: &'a [String],
    /// More segments than this are refused.
    pub segments_max: usize,
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
    let new_state = |side: usize| Ok(Divider::new(side, segments));
    let read = |file: &ParquetFile, row_group: usize, divider: &mut Divider<'_, S>| {
        divider.read(file, row_group, new_sink)
    };
    let scanned = schedule::scan_row_groups(plan, threads, &new_state, &read, progress)?;
    let sides = scanned.into_iter().map(|side| join(side, segments));
    sides.collect()
}

/// Whether all data files of all sides have these segment columns.
///
/// # Errors
/// [`ErrorKind::Input`] if a file can't be read any more.
pub fn has_segment_columns(plan: &Plan, by: &[String]) -> Result<bool> {
    for file in plan.sides.iter().flat_map(|side| &side.files) {
        let arrow_file = open_arrow(file)?;
        let has = |name: &String| segment_column(name, &arrow_file, &file.path).is_ok();
        if !by.iter().all(has) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What all workers saw of one side.
fn join<S>(
    side: SideScan<Divider<'_, S>>,
    segments: SegmentLimits<'_>,
) -> Result<Segments<SegmentScan<S>>> {
    let parts = side.sinks.into_iter().map(Divider::finish);
    let parts = parts.collect::<Result<Vec<_>>>()?;
    let joined = Segments::group(parts, segments.by, |all, part| {
        all.sinks.extend(part.sinks);
        all.tally += part.tally;
        Ok(())
    })?;
    ensure_few(joined.values().len(), segments)?;
    Ok(joined)
}

fn ensure_few(seen: usize, segments: SegmentLimits<'_>) -> Result<()> {
    if seen <= segments.segments_max {
        return Ok(());
    }
    let (by, most) = (segments.by.join(", "), segments.segments_max);
    Err(Error::new(
        ErrorKind::Limit,
        format!("more than {most} segments by {by}"),
    )
    .hint("each is a sketch of its own: take a coarser column, or raise --max-segments"))
}

/// One worker's sinks for the segments of one side.
struct Divider<'a, S> {
    side: usize,
    segments: SegmentLimits<'a>,
    groups: Groups,
    sinks: Vec<(S, Tally)>,
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

impl<'a, S: IdSink> Divider<'a, S> {
    /// Rows that are divided at a time.
    const BATCH_ROWS: usize = 1 << 14;

    /// Runs at least this long on average are pushed as they stand.
    const RUN_ROWS: usize = 64;

    fn new(side: usize, segments: SegmentLimits<'a>) -> Self {
        Self {
            side,
            segments,
            groups: Groups::new(segments.by),
            sinks: Vec::new(),
            open: None,
        }
    }

    fn read(
        &mut self,
        file: &ParquetFile,
        row_group: usize,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> Result<Tally> {
        let is_open = |(open, _): &(ArrowFile, _)| open.is_of(file);
        if !self.open.as_ref().is_some_and(is_open) {
            let arrow_file = open_arrow(file)?;
            let by = self.segments.by.iter();
            let columns = by.map(|name| segment_column(name, &arrow_file, &file.path));
            let columns = columns.collect::<Result<Vec<_>>>();
            self.open = Some((arrow_file, columns.map_err(|e| file.locate(e))?));
        }
        let Some((arrow_file, columns)) = self.open.take() else {
            return Ok(Tally::default());
        };
        let stored = columns.iter().filter_map(|column| match column {
            SegmentColumn::Stored(name) => Some(name.as_str()),
            SegmentColumn::Partition(..) => None,
        });
        let mut ids = ArrowIds::of_column(file);
        let mut tally = Tally::default();
        let stored: Vec<&str> = stored.collect();
        arrow_file.read(
            file,
            row_group,
            &stored,
            Self::BATCH_ROWS,
            &mut |id, batch| {
                tally += self.take(id, &batch, &columns, &mut ids, new_sink)?;
                ensure_few(self.groups.len(), self.segments)
            },
        )?;
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

    /// Divides one batch.
    fn take(
        &mut self,
        id: &ArrayRef,
        batch: &RecordBatch,
        columns: &[SegmentColumn],
        ids: &mut ArrowIds,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> Result<Tally> {
        let rows = id.len();
        let is_partition = |column: &SegmentColumn| matches!(column, SegmentColumn::Partition(..));
        if rows > 0 && columns.iter().all(is_partition) {
            let keys = self.groups.keys(&segment_batch(columns, batch, 1)?)?;
            return self.push(keys[0], id, ids, new_sink);
        }
        let keys = self.groups.keys(&segment_batch(columns, batch, rows)?)?;
        let runs = || keys.chunk_by(|a, b| a == b);
        let mut tally = Tally::default();
        let mut start = 0;
        if runs().count() * Self::RUN_ROWS <= rows {
            for run in runs() {
                let ids_of_run = id.slice(start, run.len());
                tally += self.push(run[0], &ids_of_run, ids, new_sink)?;
                start += run.len();
            }
            return Ok(tally);
        }
        let (order, segments) = sorted_by_key(&keys, self.groups.len());
        let sorted = take(id, &order, None).map_err(|e| Error::input(e.to_string()))?;
        for (key, len) in segments {
            tally += self.push(key, &sorted.slice(start, len), ids, new_sink)?;
            start += len;
        }
        Ok(tally)
    }

    fn push(
        &mut self,
        key: usize,
        id: &ArrayRef,
        ids: &mut ArrowIds,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> Result<Tally> {
        while self.sinks.len() <= key {
            ensure_few(self.sinks.len() + 1, self.segments)?;
            self.sinks.push((new_sink(self.side)?, Tally::default()));
        }
        let (sink, sum) = &mut self.sinks[key];
        let tally = ids.push(id, sink)?;
        *sum += tally;
        Ok(tally)
    }
}

impl<S> Divider<'_, S> {
    fn finish(self) -> Result<Segments<SegmentScan<S>>> {
        let scan = |(sink, tally)| SegmentScan {
            sinks: vec![sink],
            tally,
        };
        self.groups
            .finish(self.sinks.into_iter().map(scan).collect())
    }
}

/// The rows of each segment together, each in its order, and how many each has.
fn sorted_by_key(keys: &[usize], groups: usize) -> (UInt32Array, Vec<(usize, usize)>) {
    let mut counts = vec![0_usize; groups];
    keys.iter().for_each(|&key| counts[key] += 1);
    let mut starts = Vec::with_capacity(groups);
    let mut sum = 0;
    for count in &counts {
        starts.push(sum);
        sum += count;
    }
    let mut order = vec![0_u32; keys.len()];
    for (row, &key) in keys.iter().enumerate() {
        // A batch has far fewer rows than 2^32.
        order[starts[key]] = row as u32;
        starts[key] += 1;
    }
    let segments = counts
        .into_iter()
        .enumerate()
        .filter(|&(_, count)| count > 0);
    (order.into(), segments.collect())
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
fn segment_column(name: &str, file: &ArrowFile, path: &Path) -> Result<SegmentColumn> {
    let names = file.flat_columns();
    if names.iter().any(|column| column == name) {
        return Ok(SegmentColumn::Stored(name.to_owned()));
    }
    let partitions = partitions(path);
    if let Some((_, value)) = partitions.iter().find(|(partition, _)| partition == name) {
        return Ok(SegmentColumn::Partition(name.to_owned(), value.clone()));
    }
    let columns = names.join(", ");
    let hint = match &partitions[..] {
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

/// The hive-style partitions of a path, `NAME=VALUE` each, outermost first.
fn partitions(path: &Path) -> Vec<(String, Option<String>)> {
    /// What Hive and Spark write for null.
    const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
    let folders = path.parent().into_iter().flat_map(Path::components);
    let folders = folders.filter_map(|folder| folder.as_os_str().to_str()?.split_once('='));
    let value = |text: &str| (text != NULL).then(|| percent_decoded(text));
    folders
        .map(|(name, text)| (percent_decoded(name), value(text)))
        .collect()
}

/// `%3A` → `:`; what isn't such an escape stands as it is.
fn percent_decoded(text: &str) -> String {
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

    #[test]
    fn rows_are_sorted_by_segment_and_keep_their_order() {
        let (order, segments) = sorted_by_key(&[2, 0, 2, 3, 0], 4);
        assert_eq!(order.values(), &[1, 4, 0, 2, 3]);
        assert_eq!(segments, [(0, 2), (2, 2), (3, 1)]);
    }
}
