//! Dividing rows by the values of segment columns, batch by batch.

use super::arrow::ArrowIds;
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{IdSink, Tally};
use crate::segments::{Groups, Segments};
use arrow::array::{Array, ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::take;

/// How IDs are divided.
#[derive(Clone, Copy, Debug)]
pub struct SegmentLimits<'a> {
    /// The segment columns: of the file, or of its hive-style path (`…/day=2026-11-23/…`).
    pub by: &'a [String],
    /// More segments than this are refused.
    pub segments_max: usize,
}

impl SegmentLimits<'_> {
    /// # Errors
    /// [`ErrorKind::Limit`] if so many segments are too many.
    pub(super) fn ensure_few(self, seen: usize) -> Result<()> {
        if seen <= self.segments_max {
            return Ok(());
        }
        let (by, most) = (self.by.join(", "), self.segments_max);
        Err(Error::new(
            ErrorKind::Limit,
            format!("more than {most} segments by {by}"),
        )
        .hint([
            "each is a sketch of its own: take a coarser column, or raise ".into(),
            Setting::MaxSegments.into(),
        ]))
    }
}

/// A sink for each segment, made when its first row comes.
#[derive(Debug)]
pub struct Divider<S> {
    groups: Groups,
    segments_max: usize,
    sinks: Vec<(S, Tally)>,
}

impl<S: IdSink> Divider<S> {
    /// Runs at least this long on average are pushed as they stand.
    const RUN_ROWS: usize = 64;

    /// No rows yet.
    #[must_use]
    pub fn new(limits: SegmentLimits<'_>) -> Self {
        Self {
            groups: Groups::new(limits.by),
            segments_max: limits.segments_max,
            sinks: Vec::new(),
        }
    }

    /// Divides one batch: its IDs, and the segment columns beside them. One row of segment columns
    /// is that of all IDs.
    ///
    /// # Errors
    /// Those of [`ArrowIds::push`], [`Segments::group`] and `new_sink`, and [`ErrorKind::Limit`] for
    /// too many segments.
    pub fn push(
        &mut self,
        id: &ArrayRef,
        columns: &RecordBatch,
        ids: &mut ArrowIds,
        new_sink: &impl Fn() -> Result<S>,
    ) -> Result<Tally> {
        let rows = id.len();
        if rows == 0 {
            // No rows make no segments, but there must be such columns all the same.
            self.keys(&columns.slice(0, 0))?;
            return Ok(Tally::default());
        }
        let keys = self.keys(columns)?;
        if let [key] = keys[..] {
            return self.push_all(key, id, ids, new_sink);
        }
        let runs = || keys.chunk_by(|a, b| a == b);
        let mut tally = Tally::default();
        let mut start = 0;
        if runs().count() * Self::RUN_ROWS <= rows {
            for run in runs() {
                let ids_of_run = id.slice(start, run.len());
                tally += self.push_all(run[0], &ids_of_run, ids, new_sink)?;
                start += run.len();
            }
            return Ok(tally);
        }
        let (order, segments) = sorted_by_key(&keys, self.groups.len());
        let sorted = take(id, &order, None).map_err(|e| Error::input(e.to_string()))?;
        for (key, len) in segments {
            tally += self.push_all(key, &sorted.slice(start, len), ids, new_sink)?;
            start += len;
        }
        Ok(tally)
    }

    /// The segment of each row; too many are refused before any row goes anywhere.
    fn keys(&mut self, columns: &RecordBatch) -> Result<Vec<usize>> {
        let before = self.groups.len();
        let keys = self.groups.keys(columns)?;
        let limits = SegmentLimits {
            by: self.groups.by(),
            segments_max: self.segments_max,
        };
        if let Err(too_many) = limits.ensure_few(self.groups.len()) {
            self.groups.truncate(before);
            return Err(too_many);
        }
        Ok(keys)
    }

    fn push_all(
        &mut self,
        key: usize,
        id: &ArrayRef,
        ids: &mut ArrowIds,
        new_sink: &impl Fn() -> Result<S>,
    ) -> Result<Tally> {
        while self.sinks.len() <= key {
            self.sinks.push((new_sink()?, Tally::default()));
        }
        let (sink, sum) = &mut self.sinks[key];
        let tally = ids.push(id, sink)?;
        *sum += tally;
        Ok(tally)
    }
}

impl<S> Divider<S> {
    /// Every segment with its sink and what went into it.
    ///
    /// # Errors
    /// Those of [`Groups::finish`].
    pub fn finish(self) -> Result<Segments<(S, Tally)>> {
        self.groups.finish(self.sinks)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_segment_and_keep_their_order() {
        let (order, segments) = sorted_by_key(&[2, 0, 2, 3, 0], 4);
        assert_eq!(order.values(), &[1, 4, 0, 2, 3]);
        assert_eq!(segments, [(0, 2), (2, 2), (3, 1)]);
    }
}
