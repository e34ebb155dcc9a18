//! Row groups, parts of them and streams over threads, largest first.

use super::file::DataFile;
use super::filtered::FileFilter;
use super::parquet::{self, Part};
use super::rows::RowReader;
use super::{Plan, Progress};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{IdSink, Tally};
use crate::reader::{Failure, Form, TextStream, Watch};
use crate::remote;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a thread takes at a time of one file of one side.
pub(super) struct Unit {
    side: usize,
    file: usize,
    pub(super) work: Work,
    bytes: u64,
    rows: u64,
}

/// What there is to do.
pub(super) enum Work {
    /// A row group of a Parquet file, or a part of it; a record batch of an Arrow file.
    RowGroup {
        row_group: usize,
        part: Option<Part>,
    },
    /// The blocks of a stream, together with all other threads that have a seat at it.
    Seat(Arc<TextStream>),
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
    if !plan.normalises() {
        return scan_ids(plan, threads, new_sink, progress);
    }
    let new = |side: usize| Ok(plan.sides[side].normalising(new_sink(side)?));
    let scanned = scan_ids(plan, threads, &new, progress)?;
    let sides = plan.sides.iter().zip(scanned);
    Ok(sides.map(|(side, scanned)| side.finish(scanned)).collect())
}

/// Likewise, IDs as they are.
fn scan_ids<S: IdSink>(
    plan: &Plan,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    if plan.sides.iter().any(|side| side.filter.is_some()) {
        return scan_filtered(plan, threads, new_sink, progress);
    }
    let read = |file: &DataFile, unit: &Unit, sink: &mut S, watch: &dyn Watch| {
        read_ids(file, unit, plan.sides[unit.side].form, sink, watch)
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

/// Pushes the IDs of a unit, all of whose rows are taken.
fn read_ids(
    file: &DataFile,
    unit: &Unit,
    form: Form,
    sink: &mut dyn IdSink,
    watch: &dyn Watch,
) -> Result<Tally, Failure> {
    match (file, &unit.work) {
        (DataFile::Parquet(file), Work::RowGroup { row_group, part }) => {
            parquet::read_row_group(file, *row_group, part.as_ref(), sink).map_err(whole)
        }
        (DataFile::Ipc(file), Work::RowGroup { row_group, .. }) => {
            file.ids(*row_group, sink).map_err(whole)
        }
        (DataFile::Text(file), Work::Seat(stream)) => file.ids(stream, form, sink, watch),
        _ => Err(whole(Error::new(
            ErrorKind::Internal,
            "a unit of another format",
        ))),
    }
}

/// Likewise, but that some sides have filters.
fn scan_filtered<S: IdSink>(
    plan: &Plan,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    let new_state = |side: usize| Ok((new_sink(side)?, RowReader::new(plan.sides[side].form)));
    let read = |file: &DataFile, unit: &Unit, state: &mut (S, RowReader), watch: &dyn Watch| {
        let (sink, reader) = state;
        match file.filter() {
            None => read_ids(file, unit, plan.sides[unit.side].form, sink, watch),
            Some(_) => reader.read_ids(file, &unit.work, sink, watch),
        }
    };
    let queues = queues(plan, threads, true);
    let scanned = run(plan, queues, threads, &new_state, &read, progress)?;
    let bare = |side: SideScan<(S, RowReader)>| SideScan {
        sinks: side.sinks.into_iter().map(|(sink, _)| sink).collect(),
        tally: side.tally,
    };
    Ok(scanned.into_iter().map(bare).collect())
}

/// An error of a unit that isn't a stream.
pub(super) const fn whole(error: Error) -> Failure {
    Failure { block: 0, error }
}

/// Reads all of a plan by `read`, a row group or stream at a time, each thread with a state of its own
/// per side.
///
/// # Errors
/// Those of `new_state` and `read`, as [`scan`] picks one.
pub(super) fn scan_rows<S: Send>(
    plan: &Plan,
    threads: usize,
    new_state: &(impl Fn(usize) -> Result<S> + Sync),
    read: &(impl Fn(&DataFile, &Unit, &mut S, &dyn Watch) -> Result<Tally, Failure> + Sync),
    progress: &dyn Progress,
) -> Result<Vec<SideScan<S>>> {
    run(
        plan,
        queues(plan, threads, false),
        threads,
        new_state,
        read,
        progress,
    )
}

fn run<S: Send>(
    plan: &Plan,
    queues: Vec<Queue>,
    threads: usize,
    new_sink: &(impl Fn(usize) -> Result<S> + Sync),
    read: &(impl Fn(&DataFile, &Unit, &mut S, &dyn Watch) -> Result<Tally, Failure> + Sync),
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
    /// The first unit that nobody began to fetch.
    unbegun: AtomicUsize,
}

impl Queue {
    /// Units of objects that are fetched before somebody takes them: as many requests hide the latency
    /// of each.
    const AHEAD: usize = 64;

    fn new(mut units: Vec<Unit>) -> Self {
        units.sort_by_key(|unit| std::cmp::Reverse(unit.cost()));
        Self {
            next: AtomicUsize::new(0),
            left_cost: AtomicU64::new(units.iter().map(Unit::cost).sum::<Cost>().0),
            unbegun: AtomicUsize::new(0),
            units,
        }
    }

    /// Begins to fetch the units behind the one that was taken; costs nothing for local files.
    fn begin_soon(&self, plan: &Plan) {
        let taken = self.next.load(Ordering::Relaxed);
        loop {
            let next = self.unbegun.fetch_max(taken, Ordering::Relaxed).max(taken);
            let Some(unit) = self.units.get(next).filter(|_| next < taken + Self::AHEAD) else {
                return;
            };
            let claimed =
                self.unbegun
                    .compare_exchange(next, next + 1, Ordering::Relaxed, Ordering::Relaxed);
            if let (
                Ok(_),
                Work::RowGroup {
                    row_group,
                    part: None,
                },
            ) = (claimed, &unit.work)
            {
                plan.sides[unit.side].files[unit.file].begin(*row_group);
            }
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
        for (file, data) in side_plan.files.iter().enumerate() {
            units.extend(units_of(data, side, file, threads));
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

/// The row groups of a file, or the seats at its stream.
fn units_of(data: &DataFile, side: usize, file: usize, threads: usize) -> Vec<Unit> {
    let unit = |work, bytes, rows| Unit {
        side,
        file,
        work,
        bytes,
        rows,
    };
    match data {
        DataFile::Parquet(data) => {
            let groups = data.row_groups.iter().enumerate();
            let groups = groups.filter(|(_, group)| !group.is_ruled_out);
            let of_group = |(row_group, group): (usize, &parquet::RowGroup)| {
                let part = None;
                unit(
                    Work::RowGroup { row_group, part },
                    group.stored_bytes(),
                    group.rows,
                )
            };
            groups.map(of_group).collect()
        }
        _ if data.filter().is_some_and(FileFilter::takes_none) => Vec::new(),
        DataFile::Ipc(data) => {
            let batches = data.batches().enumerate();
            let of_batch = |(row_group, (bytes, rows))| {
                let part = None;
                unit(Work::RowGroup { row_group, part }, bytes, rows)
            };
            batches.map(of_batch).collect()
        }
        DataFile::Text(data) => {
            let stream = Arc::new(data.stream());
            let seats = (data.text_bytes() / SEAT_BYTES_MIN).clamp(1, threads.max(1) as u64);
            let bytes = data.stored_bytes() / seats;
            // So that the cost is that of the text, packed or not.
            let rows = data.text_bytes() / seats / Cost::BYTES_OF_ROW;
            (0..seats)
                .map(|_| unit(Work::Seat(Arc::clone(&stream)), bytes, rows))
                .collect()
        }
    }
}

/// Text for which another thread is worth its sink.
const SEAT_BYTES_MIN: u64 = 4 << 20;

/// Cuts row groups that are too large a share of the work for one thread.
fn cut(plan: &Plan, units: Vec<Unit>, threads: usize) -> Vec<Unit> {
    let Cost(all_costs) = units.iter().map(Unit::cost).sum();
    let part_cost = (all_costs / (threads as u64 * PARTS_PER_THREAD)).max(PART_COST_MIN);
    let mut cut = Vec::with_capacity(units.len());
    for unit in units {
        let Cost(cost) = unit.cost();
        let parts = match (&plan.sides[unit.side].files[unit.file], &unit.work) {
            (DataFile::Parquet(file), &Work::RowGroup { row_group, .. })
                if cost >= 2 * part_cost =>
            {
                let parts = cost / part_cost;
                let parts = parquet::split(file, row_group, unit.bytes / parts);
                parts.map(|parts| (row_group, parts))
            }
            _ => None,
        };
        let Some((row_group, parts)) = parts else {
            cut.push(unit);
            continue;
        };
        cut.extend(parts.into_iter().map(|part| Unit {
            side: unit.side,
            file: unit.file,
            bytes: part.stored_bytes(),
            rows: part.rows(),
            work: Work::RowGroup {
                row_group,
                part: Some(part),
            },
        }));
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

/// Side, file, and row group or block: where something stands in the inputs.
type Place = (usize, usize, u64);

/// What the workers share.
struct Crew<'a, S> {
    plan: &'a Plan,
    queues: Vec<Queue>,
    stopped: AtomicBool,
    failed: Mutex<Option<(Place, Error)>>,
    done: Mutex<Vec<SideScan<S>>>,
    progress: &'a dyn Progress,
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "interrupted")
}

impl<S: Send> Watch for Crew<'_, S> {
    fn go_on(&self) -> Result<bool> {
        match self.progress.cancelled() {
            true => Err(interrupted()),
            false => Ok(!self.stopped.load(Ordering::Relaxed)),
        }
    }

    fn advance(&self, bytes: u64) {
        self.progress.advance(bytes);
    }
}

impl<S: Send> Crew<'_, S> {
    /// A unit of side `home`, or else of the side with most left to do.
    fn next(&self, home: usize) -> Option<&Unit> {
        let longest = || self.queues.iter().max_by_key(|queue| queue.left_cost());
        let own = self.queues.get(home).and_then(|queue| self.take_of(queue));
        own.or_else(|| self.take_of(longest()?))
            // Empty row groups cost nothing, but their units are to be taken too.
            .or_else(|| self.queues.iter().find_map(Queue::take))
    }

    /// The next unit of a queue; those behind it are on their way if they are a store's.
    fn take_of<'q>(&self, queue: &'q Queue) -> Option<&'q Unit> {
        let unit = queue.take()?;
        queue.begin_soon(self.plan);
        Some(unit)
    }

    /// One worker: takes units until there are none, or one fails.
    fn work(
        &self,
        home: usize,
        new_sink: &impl Fn(usize) -> Result<S>,
        read: &impl Fn(&DataFile, &Unit, &mut S, &dyn Watch) -> Result<Tally, Failure>,
    ) {
        let mut sinks: Vec<Option<S>> = self.plan.sides.iter().map(|_| None).collect();
        let mut tallies = vec![Tally::default(); sinks.len()];
        while let Some(unit) = self.next(home) {
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if self.progress.cancelled() {
                return self.fail(unit, whole(interrupted()));
            }
            match self.take(unit, &mut sinks[unit.side], new_sink, read) {
                Ok(tally) => tallies[unit.side] += tally,
                Err(error) => {
                    self.fail(unit, error);
                    return;
                }
            }
            if let Work::RowGroup { .. } = unit.work {
                self.progress.advance(unit.bytes);
            }
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
        read: &impl Fn(&DataFile, &Unit, &mut S, &dyn Watch) -> Result<Tally, Failure>,
    ) -> Result<Tally, Failure> {
        let sink = match sink {
            Some(sink) => sink,
            None => sink.insert(new_sink(unit.side).map_err(whole)?),
        };
        let file = &self.plan.sides[unit.side].files[unit.file];
        let read = read(file, unit, sink, self);
        // What a request didn't bring looks like corrupt bytes from afar.
        read.map_err(|failure| Failure {
            error: remote::request_fault(file.path()).unwrap_or(failure.error),
            ..failure
        })
    }

    fn fail(&self, unit: &Unit, failure: Failure) {
        self.stopped.store(true, Ordering::Relaxed);
        let Failure { block, error } = failure;
        let at = match unit.work {
            Work::RowGroup { row_group, .. } => row_group as u64,
            Work::Seat(_) => block,
        };
        let place = (unit.side, unit.file, at);
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
            work: Work::RowGroup {
                row_group: 0,
                part: None,
            },
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
