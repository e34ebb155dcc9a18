//! Row groups over threads, largest first.

use super::parquet::{self, Part};
use super::{Plan, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdSink, Tally};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One row group of one file of one side, or a part of it: what a thread takes at a time.
struct Unit {
    side: usize,
    file: usize,
    row_group: usize,
    part: Option<Part>,
    bytes: u64,
}

/// What came of one side: every worker's sink that saw some of it, and what was read.
#[derive(Debug)]
pub struct SideScan<S> {
    /// The sinks, in no particular order.
    pub sinks: Vec<S>,
    /// Rows and nulls, from all of them.
    pub tally: Tally,
}

/// Reads all of a plan on up to `threads` threads, each with a sink of its own per side.
///
/// # Errors
/// The error of the row group that comes first in the inputs, among those that failed before the
/// others had stopped.
pub fn scan<S: IdSink>(
    plan: &Plan,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    let units = units(plan, threads);
    progress.start(units.iter().map(|unit| unit.bytes).sum());
    let crew = Crew {
        plan,
        units: &units,
        next: AtomicUsize::new(0),
        failed: Mutex::new(None),
        done: Mutex::new(Vec::new()),
        progress,
    };
    let workers = threads.clamp(1, units.len().max(1));
    if workers == 1 {
        crew.work(new_sink);
    } else {
        pool(workers)?.broadcast(|_| crew.work(new_sink));
    }
    progress.finish();
    crew.result()
}

/// A pool of `threads` threads.
///
/// # Errors
/// [`ErrorKind::Limit`] if the system grants no more threads.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("overlap-{i}"))
        .build()
        .map_err(|e| {
            Error::new(
                ErrorKind::Limit,
                format!("{threads} threads can't be started: {e}"),
            )
            .hint("ask for fewer with --threads")
        })
}

/// Row groups below this size aren't cut: opening a file and a sketch for less isn't worth it.
const PART_BYTES_MIN: u64 = 4 << 20;

/// Parts of the work for each thread, so that none waits long for the last of the others.
const PARTS_PER_THREAD: u64 = 8;

fn units(plan: &Plan, threads: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    for (side, side_plan) in plan.sides.iter().enumerate() {
        for (file, parquet) in side_plan.files.iter().enumerate() {
            for (row_group, group) in parquet.row_groups.iter().enumerate() {
                units.push(Unit {
                    side,
                    file,
                    row_group,
                    part: None,
                    bytes: group.stored_bytes(),
                });
            }
        }
    }
    if threads > 1 {
        units = cut(plan, units, threads);
    }
    // Largest first, so that no thread is left alone with a large one at the end.
    units.sort_by_key(|unit| std::cmp::Reverse(unit.bytes));
    units
}

/// Cuts row groups that are too large a share of the work for one thread.
fn cut(plan: &Plan, units: Vec<Unit>, threads: usize) -> Vec<Unit> {
    let all_bytes: u64 = units.iter().map(|unit| unit.bytes).sum();
    let part_bytes = (all_bytes / (threads as u64 * PARTS_PER_THREAD)).max(PART_BYTES_MIN);
    let mut cut = Vec::with_capacity(units.len());
    for unit in units {
        let file = &plan.sides[unit.side].files[unit.file];
        let parts = (unit.bytes >= 2 * part_bytes)
            .then(|| parquet::split(file, unit.row_group, part_bytes))
            .flatten();
        match parts {
            None => cut.push(unit),
            Some(parts) => cut.extend(parts.into_iter().map(|part| Unit {
                bytes: part.stored_bytes(),
                part: Some(part),
                ..unit
            })),
        }
    }
    cut
}

/// Side, file and row group: where a unit stands in the inputs.
type Place = (usize, usize, usize);

/// What the workers share.
struct Crew<'a, S> {
    plan: &'a Plan,
    units: &'a [Unit],
    next: AtomicUsize,
    failed: Mutex<Option<(Place, Error)>>,
    done: Mutex<Vec<SideScan<S>>>,
    progress: &'a dyn Progress,
}

impl<S: IdSink> Crew<'_, S> {
    /// One worker: takes units until there are none, or one fails.
    fn work(&self, new_sink: &impl Fn(usize) -> Result<S>) {
        let mut sinks: Vec<Option<S>> = self.plan.sides.iter().map(|_| None).collect();
        let mut tallies = vec![Tally::default(); sinks.len()];
        while let Some(unit) = self.units.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            match self.take(unit, &mut sinks[unit.side], new_sink) {
                Ok(tally) => tallies[unit.side] += tally,
                Err(error) => {
                    self.fail(unit, error);
                    return;
                }
            }
            self.progress.advance(unit.bytes);
        }
        let Ok(mut done) = self.done.lock() else {
            return;
        };
        done.resize_with(sinks.len(), || SideScan {
            sinks: Vec::new(),
            tally: Tally::default(),
        });
        for ((side, sink), tally) in done.iter_mut().zip(sinks).zip(tallies) {
            side.sinks.extend(sink);
            side.tally += tally;
        }
    }

    fn take(
        &self,
        unit: &Unit,
        sink: &mut Option<S>,
        new_sink: &impl Fn(usize) -> Result<S>,
    ) -> Result<Tally> {
        let sink = match sink {
            Some(sink) => sink,
            None => sink.insert(new_sink(unit.side)?),
        };
        let file = &self.plan.sides[unit.side].files[unit.file];
        parquet::read_row_group(file, unit.row_group, unit.part.as_ref(), sink)
    }

    fn fail(&self, unit: &Unit, error: Error) {
        self.next.store(self.units.len(), Ordering::Relaxed);
        let place = (unit.side, unit.file, unit.row_group);
        let Ok(mut failed) = self.failed.lock() else {
            return;
        };
        if failed.as_ref().is_none_or(|(first, _)| place < *first) {
            *failed = Some((place, error));
        }
    }

    fn result(self) -> Result<Vec<SideScan<S>>> {
        let poisoned = || Error::new(ErrorKind::Internal, "a worker panicked");
        if let Some((_, error)) = self.failed.into_inner().map_err(|_| poisoned())? {
            return Err(error);
        }
        self.done.into_inner().map_err(|_| poisoned())
    }
}
