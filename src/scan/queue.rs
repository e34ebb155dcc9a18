//! What there is to do: units of files in the order in which threads take them, the largest first.

use super::Plan;
use super::column::IdType;
use super::file::DataFile;
use super::filtered::FileFilter;
use super::parquet::{self, Part};
use crate::reader::TextStream;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a thread takes at a time of one file of one side.
pub(super) struct Unit {
    pub(super) side: usize,
    pub(super) file: usize,
    pub(super) work: Work,
    pub(super) bytes: u64,
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
    pub(super) fn cost(&self) -> Cost {
        Cost::of(self.bytes, self.rows)
    }
}

/// How much work something is, in stored bytes: what is stored in less than four bytes a row takes
/// as long to unpack and to hash. No number of bytes, lest the two are mixed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost(pub(super) u64);

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

/// Row groups below this size aren't cut: opening a file and a sketch for less isn't worth it.
const PART_COST_MIN: u64 = 4 << 20;

/// Parts of the work for each thread, so that none waits long for the last of the others.
const PARTS_PER_THREAD: u64 = 8;

/// The units of one side, the largest first, so that no thread is left alone with a large one at
/// the end.
pub(super) struct Queue {
    pub(super) units: Vec<Unit>,
    next: AtomicUsize,
    left_cost: AtomicU64,
    /// The first unit that isn't being fetched yet.
    unbegun: Mutex<usize>,
}

impl Queue {
    /// Units of objects that are fetched before a worker takes them: as many requests hide the latency
    /// of each.
    const AHEAD: usize = 64;

    fn new(mut units: Vec<Unit>) -> Self {
        units.sort_by_key(|unit| std::cmp::Reverse(unit.cost()));
        Self {
            next: AtomicUsize::new(0),
            left_cost: AtomicU64::new(units.iter().map(Unit::cost).sum::<Cost>().0),
            unbegun: Mutex::new(0),
            units,
        }
    }

    /// Begins to fetch the units behind the one that was taken, as far as there is room; costs nothing for
    /// local files.
    pub(super) fn begin_soon(&self, plan: &Plan) {
        // Another thread that holds the lock begins the same units.
        let Ok(mut unbegun) = self.unbegun.try_lock() else {
            return;
        };
        let taken = self.next.load(Ordering::Relaxed);
        *unbegun = taken.max(*unbegun);
        while let Some(unit) = self
            .units
            .get(*unbegun)
            .filter(|_| *unbegun < taken + Self::AHEAD)
        {
            let file = &plan.sides[unit.side].files[unit.file];
            let is_begun = match &unit.work {
                Work::RowGroup {
                    row_group,
                    part: None,
                } => file.begin(*row_group),
                _ => true,
            };
            if !is_begun {
                return;
            }
            *unbegun += 1;
        }
    }

    pub(super) fn left_cost(&self) -> Cost {
        Cost(self.left_cost.load(Ordering::Relaxed))
    }

    pub(super) fn take(&self) -> Option<&Unit> {
        let unit = self.units.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        self.left_cost.fetch_sub(unit.cost().0, Ordering::Relaxed);
        Some(unit)
    }
}

/// A queue for each side.
pub(super) fn queues(plan: &Plan, threads: usize, may_cut: bool) -> Vec<Queue> {
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
    let mut queues: Vec<Queue> = sides.into_iter().map(Queue::new).collect();
    if !may_cut {
        // Rows have more columns than the one that would be begun.
        for queue in &mut queues {
            queue.unbegun = Mutex::new(usize::MAX);
        }
    }
    queues
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
            let groups = groups.filter(|(_, group)| !group.is_ruled_out());
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
                if cost >= 2 * part_cost && file.id_type != IdType::Fractional =>
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

/// The side where each worker begins: they divide all work evenly, and each begins where the middle of its share is, so
/// that of two sides that are nearly alike each has a worker. Workers stay with a side while there is something to do: a
/// sink costs most while it is new.
pub(super) fn homes(queues: &[Queue], workers: usize) -> Vec<usize> {
    let Cost(all) = queues.iter().map(Queue::left_cost).sum();
    let share = all / workers.max(1) as u64;
    let home = |worker: u64| {
        let mut before = worker * share + share / 2;
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
        // Sides that differ by a byte.
        for bytes in [3_999_999, 4_000_000, 4_000_001] {
            let queues = [queue(0, &[(4_000_000, 10)]), queue(1, &[(bytes, 10)])];
            assert_eq!(homes(&queues, 2), [0, 1], "{bytes}");
        }
    }
}
