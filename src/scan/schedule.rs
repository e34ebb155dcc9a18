//! Row groups, parts of them and streams over threads.

use super::column::IdType;
use super::file::DataFile;
use super::locate;
use super::parquet;
use super::queue::{Cost, Queue, Unit, Work, homes, queues};
use super::rows::RowReader;
use super::{Plan, Progress};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::id::{IdSink, Tally};
use crate::reader::{Failure, Form, Watch};
use crate::remote;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// The same without normalising IDs.
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
        (DataFile::Parquet(of), _) if of.id_type == IdType::Fractional => {
            RowReader::new(form).read_ids(file, &unit.work, sink, watch)
        }
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

/// The same where some sides have filters.
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
        doubtful: Mutex::default(),
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

/// Side, file, and row group or block: where something stands in the inputs.
type Place = (usize, usize, u64);

/// What the workers share.
struct Crew<'a, S> {
    plan: &'a Plan,
    queues: Vec<Queue>,
    stopped: AtomicBool,
    failed: Mutex<Option<(Place, Error)>>,
    /// Row groups and record batches in which, or beside which, IDs were met that a rule can't read.
    doubtful: Mutex<BTreeSet<(usize, usize, usize)>>,
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
        let side = &self.plan.sides[unit.side];
        let file = &side.files[unit.file];
        let unreadable = || side.counter.unreadable().load(Ordering::Relaxed);
        let before = unreadable();
        let read = read(file, unit, sink, self);
        if let Work::RowGroup { row_group, .. } = unit.work
            && unreadable() > before
            && let Ok(mut doubtful) = self.doubtful.lock()
        {
            doubtful.insert((unit.side, unit.file, row_group));
        }
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
        if let Some(((side, file, at), error)) = self.failed.into_inner().map_err(|_| poisoned())? {
            let part = (file, usize::try_from(at).unwrap_or(usize::MAX));
            return Err(locate::explained(&self.plan.sides[side], part, error));
        }
        locate::note_unreadable(
            self.plan,
            &self.doubtful.into_inner().map_err(|_| poisoned())?,
        );
        let done = self.done.into_inner().map_err(|_| poisoned())?;
        for (plan, side) in self.plan.sides.iter().zip(&done) {
            plan.check_nulls(side.tally.nulls);
        }
        Ok(done)
    }
}
