//! Where is the ID that a rule or a cast can't read?
//!
//! Nobody numbers rows while all is well. Where something was wrong, the row group, record batch or block of
//! text that it was in is read once more by rows, and halved until the row is found.

use super::arrow::ArrowIds;
use super::file::DataFile;
use super::filtered::FileFilter;
use super::queue::Work;
use super::rows::RowReader;
use super::{Plan, SidePlan};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{IdBatch, IdDomain, IdSink, Normal, Normalizing, Place};
use crate::reader::{
    BatchFault, Block, Cutter, Form, PageCounter, ReadLimits, RowsRead, Take, TextFormat, Watch,
};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::filter;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Wants nobody.
struct Nobody;

impl IdSink for Nobody {
    fn push(&mut self, _: IdBatch<'_>) -> Result<()> {
        Ok(())
    }
}

/// Tells IDs that a cast or a rule can read from others.
struct Judge {
    ids: ArrowIds,
    sink: Normalizing<Nobody>,
    unreadable: Arc<AtomicU64>,
}

impl Judge {
    fn new(ids: ArrowIds, normal: Option<Arc<Normal>>) -> Self {
        let unreadable = Arc::<AtomicU64>::default();
        Self {
            ids,
            sink: Normalizing::new(Nobody, normal, Arc::clone(&unreadable)),
            unreadable,
        }
    }

    /// What is wrong with some IDs, if the cast says so; whether all of them can be read.
    fn read(&mut self, ids: &dyn Array) -> Result<bool> {
        let before = self.unreadable.load(Ordering::Relaxed);
        self.ids.push(ids, &mut self.sink)?;
        Ok(self.unreadable.load(Ordering::Relaxed) == before)
    }

    fn reads(&mut self, ids: &dyn Array) -> bool {
        self.read(ids) == Ok(true)
    }
}

/// Whether there is nothing to be found among some IDs.
type IsFine<'a> = &'a mut dyn FnMut(&dyn Array) -> bool;

/// The first row that isn't fine.
fn first(ids: &ArrayRef, is_fine: IsFine<'_>) -> Option<usize> {
    if is_fine(ids) {
        return None;
    }
    let (mut start, mut len) = (0, ids.len());
    while len > 1 {
        let half = len / 2;
        match is_fine(&ids.slice(start, half)) {
            true => (start, len) = (start + half, len - half),
            false => len = half,
        }
    }
    Some(start)
}

/// The first row of an array whose ID the cast can't read.
pub(crate) fn first_unreadable(ids: &ArrayRef, form: ArrowIds) -> Option<usize> {
    let mut judge = Judge::new(form, None);
    // What is wrong with the type is wrong with no row.
    if !judge.reads(&ids.slice(0, 0)) {
        return None;
    }
    first(ids, &mut |ids| judge.reads(ids))
}

/// Asks of every batch of IDs whether it holds a certain one.
struct Seeker<'a> {
    is_in: &'a mut (dyn FnMut(IdBatch<'_>) -> bool + Send),
    found: Arc<AtomicBool>,
}

impl IdSink for Seeker<'_> {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        if (self.is_in)(batch) {
            self.found.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Where the first ID stands that `is_in` finds in a batch of a side's IDs in their normal form. Reads the side from
/// its beginning.
pub fn find(side: &SidePlan, is_in: &mut (dyn FnMut(IdBatch<'_>) -> bool + Send)) -> Option<Place> {
    let found = Arc::<AtomicBool>::default();
    let seeker = Seeker {
        is_in,
        found: Arc::clone(&found),
    };
    let mut sink = Normalizing::new(seeker, side.normal.clone(), Arc::default());
    (0..side.files.len()).find_map(|number| {
        let mut ids = ArrowIds::of_column(&side.files[number]);
        first_in_file(side, number, &mut |part| {
            found.store(false, Ordering::Relaxed);
            // What can't be read isn't it.
            let _ = ids.push(part, &mut sink);
            !found.load(Ordering::Relaxed)
        })
    })
}

/// Pushes about the first `rows` IDs of a side into `sink` as they are read, without rules of spelling; of a side whose
/// files hold different kinds of IDs as many of each kind.
///
/// # Errors
/// The first one of a cast that can't read an ID, and of `sink`.
pub fn first_rows(side: &SidePlan, rows: usize, sink: &mut dyn IdSink) -> Result<()> {
    let mut read: Vec<(Option<IdDomain>, usize)> = Vec::new();
    let mut result = Ok(());
    for (number, file) in side.files.iter().enumerate() {
        let domain = file.domain(side.form);
        let at = read.iter().position(|(of, _)| *of == domain);
        let at = at.unwrap_or_else(|| {
            read.push((domain, 0));
            read.len() - 1
        });
        let read = &mut read[at].1;
        if *read >= rows || result.is_err() {
            continue;
        }
        let mut ids = ArrowIds::of_column(file);
        let mut goes_on = |part: &dyn Array| {
            if *read < rows && result.is_ok() {
                *read += part.len();
                result = ids.push(part, sink).map(|_| ());
            }
            *read < rows && result.is_ok()
        };
        first_in_file(side, number, &mut goes_on);
    }
    result
}

/// Where the first ID of a file stands that isn't fine.
fn first_in_file(side: &SidePlan, number: usize, is_fine: IsFine<'_>) -> Option<Place> {
    match &side.files[number] {
        DataFile::Text(text) => {
            let line = text.find(side.form, is_fine)?;
            Some(Place::new(text.path.display()).at("line", line))
        }
        DataFile::Parquet(parquet) => {
            let groups = parquet.row_groups.iter().enumerate();
            let mut groups = groups.filter(|(_, group)| !group.is_ruled_out());
            groups.find_map(|(group, _)| first_in(side, (number, group), &mut *is_fine).0)
        }
        DataFile::Ipc(arrow) => (0..arrow.batches().count())
            .find_map(|batch| first_in(side, (number, batch), &mut *is_fine).0),
    }
}

/// Notes of every side where the first ID stands that its rules can't read; `doubtful` are the sides, files and
/// row groups or record batches in which one was met, or in another at the same time.
pub(super) fn note_unreadable(plan: &Plan, doubtful: &BTreeSet<(usize, usize, usize)>) {
    for (number, side) in plan.sides.iter().enumerate() {
        let of_side = doubtful.iter().filter(|(of, _, _)| *of == number);
        for &(_, file, row_group) in of_side {
            let part = (file, row_group as u64);
            if !side.counter.is_first_unreadable(part) {
                break;
            }
            let data = &side.files[file];
            let mut judge = Judge::new(ArrowIds::of_column(data), side.normal.clone());
            let place = match first_in(side, (file, row_group), &mut |ids| judge.reads(ids)) {
                (Some(place), _) => place,
                (None, Ok(())) => continue,
                // Where the rows can't be read, the place is no nearer.
                (None, Err(_)) => part_of(data, row_group),
            };
            side.counter.note_unreadable(part, place);
            break;
        }
    }
}

/// An error of a row group or record batch, with the row if it is about an ID that the cast can't read.
pub(super) fn explained(side: &SidePlan, part: (usize, usize), error: Error) -> Error {
    let is_cast = match &side.files[part.0] {
        DataFile::Parquet(file) => file.cast.is_some(),
        DataFile::Ipc(file) => file.cast.is_some(),
        DataFile::Text(_) => false,
    };
    if !is_cast || error.kind() != ErrorKind::Input {
        return error;
    }
    let mut judge = Judge::new(ArrowIds::of_column(&side.files[part.0]), None);
    let (place, _) = first_in(side, part, &mut |ids| judge.reads(ids));
    match place.as_ref().and_then(|place| place.numbers().last()) {
        Some(&(what, row)) => error.with(what, row),
        None => error,
    }
}

/// A row group or record batch of a file.
fn part_of(data: &DataFile, number: usize) -> Place {
    let what = match data {
        DataFile::Parquet(_) => "row group",
        DataFile::Ipc(_) | DataFile::Text(_) => "record batch",
    };
    Place::new(data.path().display()).at(what, number as u64)
}

/// The first row of a row group or record batch that isn't fine, and whether its rows could be read.
fn first_in(
    side: &SidePlan,
    (file, row_group): (usize, usize),
    is_fine: IsFine<'_>,
) -> (Option<Place>, Result<()>) {
    let data = &side.files[file];
    let is_whole = match data {
        DataFile::Parquet(file) => file.row_groups[row_group].kept.is_none(),
        DataFile::Ipc(_) | DataFile::Text(_) => true,
    };
    let row = match is_whole && data.filter().is_none() {
        true => "row",
        false => "row taken",
    };
    let (mut before, mut found) = (0_u64, None);
    let mut take = |ids: &ArrayRef, _: RecordBatch| {
        if let Some(row) = first(ids, &mut *is_fine) {
            found = Some(before + row as u64);
            return Err(enough());
        }
        before += ids.len() as u64;
        Ok(())
    };
    let work = Work::RowGroup {
        row_group,
        part: None,
    };
    // What is read once more isn't counted once more.
    let read = side
        .counter
        .uncounted(|| RowReader::new(side.form).read(data, &work, &[], &mut take, &Unwatched));
    let place = found.map(|number| part_of(data, row_group).at(row, number));
    (place, read.map_err(|failure| failure.error))
}

/// Ends a reading of which no more is wanted.
fn enough() -> Error {
    Error::new(ErrorKind::Internal, "found")
}

/// Takes rows of text until one isn't fine, and ends the reading there.
pub(super) fn stopping<'a>(
    of: Option<&'a FileFilter>,
    mut is_fine: impl FnMut(&dyn Array) -> bool + 'a,
) -> impl FnMut(&ArrayRef, RecordBatch) -> Result<(), BatchFault> + 'a {
    move |ids, rows| {
        let taken = match of {
            None => None,
            Some(of) => {
                let taken = of.bound().taken(rows.columns(), ids.len());
                Some(taken.map_err(|fault| fault.error)?)
            }
        };
        let judged = match &taken {
            None => Arc::clone(ids),
            Some(taken) => filter(ids, taken).map_err(|e| Error::input(e.to_string()))?,
        };
        let Some(row) = first(&judged, &mut is_fine) else {
            return Ok(());
        };
        let row = match &taken {
            None => Some(row),
            Some(taken) => taken.values().set_indices().nth(row),
        };
        let error = enough();
        Err(BatchFault { row, error })
    }
}

/// The columns that a filter asks of a text file.
pub(super) fn asked_columns(of: Option<&FileFilter>, own: &[String]) -> Vec<usize> {
    let names = of.map_or(&[][..], FileFilter::names).iter();
    let position = |name: &String| own.iter().position(|column| column == name);
    names.filter_map(position).collect()
}

/// The line where a reading of text was ended by [`stopping`].
pub(super) fn line_of(ended: &Error) -> Option<u64> {
    let line = ended
        .context("line")
        .filter(|_| ended.message() == enough().message())?;
    line.parse().ok()
}

/// Goes on.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn go_on(&self) -> Result<bool> {
        Ok(true)
    }

    fn advance(&self, _: u64) {}
}

/// Where a text file stands in its side, and how its IDs come to one form.
#[derive(Clone, Debug, Default)]
pub(super) struct Formed {
    /// The number of the file.
    pub(super) file: usize,
    /// Rules, if there are any.
    pub(super) normal: Option<Arc<Normal>>,
}

/// A text format whose blocks are looked at again where an ID in them can't be read: for its line.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    pub(super) text: &'a dyn TextFormat,
    /// What people call the file.
    pub(super) path: String,
    pub(super) formed: &'a Formed,
    pub(super) cast: Option<IdDomain>,
    pub(super) filter: Option<&'a FileFilter>,
    pub(super) counter: &'a PageCounter,
}

impl Lines<'_> {
    fn unreadable(&self) -> u64 {
        self.counter.unreadable().load(Ordering::Relaxed)
    }

    /// Looks again at a block of which something couldn't be read.
    fn look_again(
        &self,
        read: Result<RowsRead>,
        before: u64,
        (text, block): (&[u8], &Block),
    ) -> Result<RowsRead> {
        match read {
            Err(error) if self.cast.is_some() && error.kind() == ErrorKind::Input => {
                Err(self.first_in(text, block, None).unwrap_or(error))
            }
            Ok(_) if self.unreadable() > before => {
                let part = (self.formed.file, block.index);
                if self.counter.is_first_unreadable(part)
                    && let Some(found) = self.first_in(text, block, self.formed.normal.clone())
                    && let Some(line) = found.context("line").and_then(|line| line.parse().ok())
                {
                    let place = Place::new(&self.path).at("line", line);
                    self.counter.note_unreadable(part, place);
                }
                read
            }
            read => read,
        }
    }

    /// The error of the first ID of a block that can't be read, with its line; `None` if there is none.
    fn first_in(&self, text: &[u8], block: &Block, normal: Option<Arc<Normal>>) -> Option<Error> {
        let mut judge = Judge::new(ArrowIds::of_text(self.cast), normal);
        let mut bad = None;
        let mut take = stopping(self.filter, |ids| {
            let read = judge.read(ids);
            let is_fine = read == Ok(true);
            bad = read.err().or(bad.take());
            is_fine
        });
        let asked = asked_columns(self.filter, self.text.names());
        let read = self.text.rows(text, block, Form::Text, &asked, &mut take);
        // It borrows what it found.
        drop(take);
        let line = line_of(&read.err()?)?;
        Some(bad.unwrap_or_else(enough).with("line", line))
    }
}

impl TextFormat for Lines<'_> {
    fn format_name(&self) -> &'static str {
        self.text.format_name()
    }

    fn names(&self) -> &[String] {
        self.text.names()
    }

    fn id_name(&self) -> String {
        self.text.id_name()
    }

    fn cutter(&self) -> Box<dyn Cutter> {
        self.text.cutter()
    }

    fn line_end(&self) -> u8 {
        self.text.line_end()
    }

    fn limits(&self) -> &ReadLimits {
        self.text.limits()
    }

    fn ids(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        sink: &mut dyn IdSink,
    ) -> Result<RowsRead> {
        let before = self.unreadable();
        let read = self.text.ids(text, block, form, sink);
        self.look_again(read, before, (text, block))
    }

    fn rows(
        &self,
        text: &[u8],
        block: &Block,
        form: Form,
        columns: &[usize],
        take: Take<'_>,
    ) -> Result<RowsRead> {
        let before = self.unreadable();
        let read = self.text.rows(text, block, form, columns, take);
        self.look_again(read, before, (text, block))
    }
}
