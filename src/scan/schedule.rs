//! Row groups over threads, largest first.

use super::parquet::{self, ParquetFile, Part};
use super::{Plan, Progress};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{IdSink, Tally};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// One row group of one file of one side, or a part of it: what a thread takes at a time.
struct Unit {
    side: usize,
    file: usize,
    row_group: usize,
    part: Option<Part>,
    bytes: u64,
    rows: u64,
}

impl Unit {
    fn cost(&self) -> Cost {
        Cost::of(self.bytes, self.rows)
    }
}

/// How much work something is, in stored bytes: what is stored in less than four bytes a row takes
/// as long to unpack and to hash. No number of bytes, lest the two are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Cost(u64);

impl Cost {
    /// Bytes of a row that take as long to read as to unpack and to hash.
    const BYTES_OF_ROW: u64 = 4;

    fn of(bytes: u64, rows: u64) -> Self {
        Self(bytes.max(rows.saturating_mul(Self::BYTES_OF_ROW)))
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        Self(costs.fold(0, |sum, cost| sum.saturating_add(cost.0)))
    }
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
    let read = |file: &ParquetFile, unit: &Unit, sink: &mut S| {
        parquet::read_row_group(file, unit.row_group, unit.part.as_ref(), sink)
    };
    run(
        plan,
        queues(plan, threads, true),
        threads,
        new_sink,
        &read,
        progress,
    )
}

/// Reads all of a plan by `read`, a row group at a time, each thread with a state of its own per
/// side.
///
/// # Errors
/// Those of `new_state` and `read`, as [`scan`] picks one.
pub(super) fn scan_row_groups<S: Send>(
    plan: &Plan,
    threads: usize,
    new_state: &(impl Fn(usize) -> Result<S> + Sync),
    read: &(impl Fn(&ParquetFile, usize, &mut S) -> Result<Tally> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    let read = |file: &ParquetFile, unit: &Unit, state: &mut S| read(file, unit.row_group, state);
    run(
        plan,
        queues(plan, threads, false),
        threads,
        new_state,
        &read,
        progress,
    )
}

fn run<S: Send>(
    plan: &Plan,
    queues: Vec<Queue>,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    read: &(impl Fn(&ParquetFile, &Unit, &mut S) -> Result<Tally> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    let units = || queues.iter().flat_map(|queue| &queue.units);
    progress.start(units().map(|unit| unit.bytes).sum());
    let all_costs = units().map(Unit::cost).sum();
    let workers = workers(units().count(), threads, all_costs);
    let crew = Crew {
        plan,
        queues,
        stopped: AtomicBool::new(false),
        failed: Mutex::new(None),
        done: Mutex::new(Vec::new()),
        progress,
    };
    if workers == 1 {
        crew.work(0, new_sink, read);
    } else {
        let homes = homes(&crew.queues, workers);
        pool(workers)?.broadcast(|context| crew.work(homes[context.index()], new_sink, read));
    }
    progress.finish();
    crew.result()
}

/// Threads that the work is worth: starting one takes as long as reading some hundred kilobytes.
fn workers(units: usize, threads: usize, all_costs: Cost) -> usize {
    const WORKER_COST_MIN: u64 = 1 << 20;
    let worth = usize::try_from(all_costs.0 / WORKER_COST_MIN).unwrap_or(usize::MAX);
    threads.min(units).min(worth).max(1)
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
            .hint(["ask for fewer with ".into(), Setting::Threads.into()])
        })
}

/// Row groups below this size aren't cut: opening a file and a sketch for less isn't worth it.
const PART_COST_MIN: u64 = 4 << 20;

/// Parts of the work for each thread, so that none waits long for the last of the others.
const PARTS_PER_THREAD: u64 = 8;

/// The units of one side, the largest first, so that no thread is left alone with a large one at
/// the end.
struct Queue {
    units: Vec<Unit>,
    next: AtomicUsize,
    left_cost: AtomicU64,
}

impl Queue {
    fn new(mut units: Vec<Unit>) -> Self {
        units.sort_by_key(|unit| std::cmp::Reverse(unit.cost()));
        Self {
            next: AtomicUsize::new(0),
            left_cost: AtomicU64::new(units.iter().map(Unit::cost).sum::<Cost>().0),
            units,
        }
    }

    fn left_cost(&self) -> Cost {
        Cost(self.left_cost.load(Ordering::Relaxed))
    }

    fn take(&self) -> Option<&Unit> {
        let unit = self.units.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        self.left_cost.fetch_sub(unit.cost().0, Ordering::Relaxed);
        Some(unit)
    }
}

/// A queue for each side.
fn queues(plan: &Plan, threads: usize, may_cut: bool) -> Vec<Queue> {
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
                    rows: group.rows,
                });
            }
        }
    }
    if threads > 1 && may_cut {
        units = cut(plan, units, threads);
    }
    let mut sides: Vec<Vec<Unit>> = plan.sides.iter().map(|_| Vec::new()).collect();
    for unit in units {
        sides[unit.side].push(unit);
    }
    sides.into_iter().map(Queue::new).collect()
}

/// Cuts row groups that are too large a share of the work for one thread.
fn cut(plan: &Plan, units: Vec<Unit>, threads: usize) -> Vec<Unit> {
    let Cost(all_costs) = units.iter().map(Unit::cost).sum();
    let part_cost = (all_costs / (threads as u64 * PARTS_PER_THREAD)).max(PART_COST_MIN);
    let mut cut = Vec::with_capacity(units.len());
    for unit in units {
        let file = &plan.sides[unit.side].files[unit.file];
        let Cost(cost) = unit.cost();
        let parts = (cost >= 2 * part_cost)
            .then(|| {
                let parts = cost / part_cost;
                parquet::split(file, unit.row_group, unit.bytes / parts)
            })
            .flatten();
        match parts {
            None => cut.push(unit),
            Some(parts) => cut.extend(parts.into_iter().map(|part| Unit {
                bytes: part.stored_bytes(),
                rows: part.rows(),
                part: Some(part),
                ..unit
            })),
        }
    }
    cut
}

/// The side where each worker begins: they divide all work evenly. Workers stay with a side while
/// there is something to do: a sink costs most while it is new.
fn homes(queues: &[Queue], workers: usize) -> Vec<usize> {
    let Cost(all) = queues.iter().map(Queue::left_cost).sum();
    let share = all / workers.max(1) as u64;
    let home = |worker: u64| {
        let mut before = worker * share;
        for (side, queue) in queues.iter().enumerate() {
            match before.checked_sub(queue.left_cost().0) {
                Some(beyond) => before = beyond,
                None => return side,
            }
        }
        0
    };
    (0..workers as u64).map(home).collect()
}

/// Side, file and row group: where a unit stands in the inputs.
type Place = (usize, usize, usize);

/// What the workers share.
struct Crew<'a, S> {
    plan: &'a Plan,
    queues: Vec<Queue>,
    stopped: AtomicBool,
    failed: Mutex<Option<(Place, Error)>>,
    done: Mutex<Vec<SideScan<S>>>,
    progress: &'a dyn Progress,
}

impl<S: Send> Crew<'_, S> {
    /// A unit of side `home`, or else of the side with most left to do.
    fn next(&self, home: usize) -> Option<&Unit> {
        let longest = || self.queues.iter().max_by_key(|queue| queue.left_cost());
        let own = self.queues.get(home).and_then(Queue::take);
        own.or_else(|| longest()?.take())
            // Empty row groups cost nothing, but their units are to be taken too.
            .or_else(|| self.queues.iter().find_map(Queue::take))
    }

    /// One worker: takes units until there are none, or one fails.
    fn work(
        &self,
        home: usize,
        new_sink: &impl Fn(usize) -> Result<S>,
        read: &impl Fn(&ParquetFile, &Unit, &mut S) -> Result<Tally>,
    ) {
        let mut sinks: Vec<Option<S>> = self.plan.sides.iter().map(|_| None).collect();
        let mut tallies = vec![Tally::default(); sinks.len()];
        while let Some(unit) = self.next(home) {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if self.progress.cancelled() {
                return self.fail(unit, Error::new(ErrorKind::Interrupted, "interrupted"));
            }
            match self.take(unit, &mut sinks[unit.side], new_sink, read) {
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
        read: &impl Fn(&ParquetFile, &Unit, &mut S) -> Result<Tally>,
    ) -> Result<Tally> {
        let sink = match sink {
            Some(sink) => sink,
            None => sink.insert(new_sink(unit.side)?),
        };
        let file = &self.plan.sides[unit.side].files[unit.file];
        read(file, unit, sink)
    }

    fn fail(&self, unit: &Unit, error: Error) {
        self.stopped.store(true, Ordering::Relaxed);
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
        let done = self.done.into_inner().map_err(|_| poisoned())?;
        for (plan, side) in self.plan.sides.iter().zip(&done) {
            plan.check_nulls(side.tally.nulls);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(side: usize, units: &[(u64, u64)]) -> Queue {
        let unit = |&(bytes, rows): &(u64, u64)| Unit {
            side,
            file: 0,
            row_group: 0,
            part: None,
            bytes,
            rows,
        };
        Queue::new(units.iter().map(unit).collect())
    }

    #[test]
    fn an_empty_queue_has_nothing_left() {
        // Dictionaries and deltas take less than four bytes a row, plain integers eight.
        for units in [
            &[(1_000_000, 1_000_000), (1_000_000, 1_000_000)][..],
            &[(8_000_000, 1_000_000), (10, 1_000_000), (0, 0)],
            &[(0, u64::MAX / 8), (u64::MAX / 2, 0)],
        ] {
            let queue = queue(0, units);
            while let Some(unit) = queue.take() {
                assert!(queue.left_cost() < Cost(u64::MAX - unit.cost().0.max(1)));
            }
            assert_eq!(queue.left_cost(), Cost(0));
        }
    }

    #[test]
    fn workers_begin_where_the_work_is() {
        let dense = [(100_000, 1_000_000); 3];
        let queues = [queue(0, &[(4_000_000, 10)]), queue(1, &dense)];
        assert_eq!(homes(&queues, 4), [0, 1, 1, 1]);
        let queues = [queue(0, &dense), queue(1, &[(4_000_000, 10)])];
        assert_eq!(homes(&queues, 4), [0, 0, 0, 1]);
        assert_eq!(homes(&[queue(0, &[]), queue(1, &dense)], 2), [1, 1]);
    }
}
