//! Reads the data of opened inputs into sketches, and merges the sketches beside it.

use super::inputs::{Division, Inputs};
use super::planner::Aim;
use crate::error::{Error, ErrorKind, Result};
use crate::format::SketchTable;
use crate::id::{IdDomain, Tally};
use crate::key::Key;
use crate::scan::{self, Plan, Progress, SegmentLimits, SidePlan, SideScan};
use crate::segments::Segments;
use crate::sketch::{ListedUsers, Members, RowCounts, Sketch, Sketcher};
use rayon::prelude::*;
use std::sync::Arc;

impl Inputs {
    /// The sketch of every side, and the rows of its sampled users if `frequency` asks for them
    /// (only of sides without stored sketches, which don't record them).
    pub(super) fn sketch(
        mut self,
        threads: usize,
        frequency: bool,
        progress: &dyn Progress,
    ) -> Result<Vec<(Sketch, Option<RowCounts>)>> {
        let is_at_hand = self.options.is_at_hand() && self.tables.iter().all(Vec::is_empty);
        let aims = match is_at_hand {
            true => Aim::at_hand(self.options, &self.plan),
            false => vec![Aim::plain(self.options); self.plan.sides.len()],
        };
        let listed = Aim::listed(&aims, &self.plan);
        let reading = Reading {
            key: self.key.as_ref(),
            threads,
            frequency,
            progress,
        };
        let plan = std::mem::take(&mut self.plan);
        let read = match listed.contains(&true) {
            true => reading.beside_listed(plan, &aims, &listed)?,
            false => reading.settled(&plan, &aims, None)?,
        };
        let mut sides = Vec::with_capacity(read.len());
        for (mut whole, tables) in read.into_iter().zip(self.tables) {
            for sketch in tables.into_iter().flat_map(SketchTable::into_values) {
                match &mut whole {
                    Some((whole, rows)) => {
                        *rows = None;
                        whole.merge(&sketch)?;
                    }
                    None => whole = Some((sketch, None)),
                }
            }
            sides.push(whole.unwrap_or_else(|| (Sketch::empty(self.options), None)));
        }
        Ok(sides)
    }

    /// The sketches of every side by segment.
    pub(super) fn sketch_by(
        self,
        division: &Division,
        threads: usize,
        progress: &dyn Progress,
    ) -> Result<Vec<SketchTable>> {
        if division.by.is_empty() {
            let sides = self.sketch(threads, false, progress)?;
            let whole = sides.into_iter().map(|(sketch, _)| Segments::whole(sketch));
            return whole.collect();
        }
        let Self {
            plan,
            tables,
            options,
            key,
            ..
        } = self;
        let limits = SegmentLimits {
            by: &division.by,
            segments_max: division.segments_max,
        };
        let new = |side: usize| {
            let sketcher = with_key(Sketcher::new(options), key.as_ref());
            of_side(sketcher, &plan.sides[side])
        };
        let scanned = scan::scan_by(&plan, limits, threads, &new, progress)?;
        let mut sides = Vec::with_capacity(scanned.len());
        for ((side, scanned), tables) in scanned.into_iter().enumerate().zip(tables) {
            let read = scanned.try_map(|scan| {
                merge_parts(new(side)?, scan.sinks, scan.tally).map(|(sketch, _)| sketch)
            })?;
            let parts = std::iter::once(read).chain(tables);
            let merged = merge_segments(parts, &division.by);
            sides.push(merged.map_err(|e| e.with("side", &plan.sides[side].name))?);
        }
        Ok(sides)
    }
}

/// How data is read into sketches.
struct Reading<'a> {
    key: Option<&'a Key>,
    threads: usize,
    frequency: bool,
    progress: &'a dyn Progress,
}

impl Reading<'_> {
    /// The sketches of the data alone, at their final size; `None` for a side without any.
    fn settled(
        &self,
        plan: &Plan,
        aims: &[Aim],
        listed: Option<&Arc<ListedUsers>>,
    ) -> Result<Vec<Counted>> {
        let read = |aims: &[Aim]| {
            let new = |sketcher: Sketcher| match listed {
                Some(listed) => sketcher.meeting(listed),
                None => sketcher,
            };
            let read = self.read(plan, aims, &new)?;
            Ok(read.into_iter().map(|(counted, _)| counted).collect())
        };
        let mut aims = aims.to_vec();
        let mut counted: Vec<Counted> = read(&aims)?;
        if settle(&mut counted, &mut aims) {
            counted = plan.uncounted(|| read(&aims))?;
            settle(&mut counted, &mut aims);
        }
        Ok(counted)
    }

    /// The same where some sides are held whole: they are read first, and the others past them.
    fn beside_listed(&self, plan: Plan, aims: &[Aim], is_listed: &[bool]) -> Result<Vec<Counted>> {
        let aims_of = |wanted: bool| -> Vec<Aim> {
            let of = aims.iter().zip(is_listed);
            of.filter(|(_, is)| **is == wanted)
                .map(|(aim, _)| *aim)
                .collect()
        };
        let (small, large) = plan.divided(is_listed);
        let read = self.read(&small, &aims_of(true), &Sketcher::listing)?;
        let (small, lists): (Vec<Counted>, Vec<Vec<u64>>) = read.into_iter().unzip();
        let listed = Arc::new(ListedUsers::new(&lists));
        let with_members = |(counted, list): (Counted, Vec<u64>)| {
            let members = Members::of_listed(&listed, &list);
            counted.map(|(sketch, rows)| (sketch.with_members(members), rows))
        };
        let small: Vec<Counted> = small.into_iter().zip(lists).map(with_members).collect();
        let large = self.settled(&large, &aims_of(false), Some(&listed))?;
        let (mut small, mut large) = (small.into_iter(), large.into_iter());
        let next = |is_listed: &bool| match is_listed {
            true => small.next().flatten(),
            // A side without data shares nobody with anybody.
            false => large.next().flatten().or_else(|| {
                let nobody = Sketch::empty(aims[0].options);
                Some((nobody.with_members(Members::none(&listed)), None))
            }),
        };
        Ok(is_listed.iter().map(next).collect())
    }

    /// Reads all of a plan into sketchers that `with` prepares; the sketch of every side, `None` without
    /// data, and the hashes of its users if its sketchers list them.
    fn read(
        &self,
        plan: &Plan,
        aims: &[Aim],
        with: &(impl Fn(Sketcher) -> Sketcher + Sync),
    ) -> Result<Vec<(Counted, Vec<u64>)>> {
        let sides = &plan.sides;
        let new = |side: usize| {
            let sketcher = with(with_key(aims[side].sketcher(&sides[side])?, self.key));
            Ok(match self.frequency {
                true => sketcher.with_row_counts(),
                false => sketcher,
            })
        };
        let scanned = scan::scan(plan, self.threads, &new, self.progress)?;
        let merged = |(side, mut scanned): (usize, SideScan<Sketcher>)| {
            let listed = scanned
                .sinks
                .iter_mut()
                .flat_map(Sketcher::take_listed)
                .collect();
            let counted = match sides[side].file_count() {
                0 => None,
                _ => Some(merge_parts_together(
                    new(side)?,
                    scanned.sinks,
                    scanned.tally,
                )?),
            };
            Ok((counted, listed))
        };
        // Large samples are put in order here.
        let scanned = scanned.into_par_iter().enumerate();
        scan::pool(self.threads)?.install(|| scanned.map(merged).collect())
    }
}

/// A side's sketch, and the rows of its sampled users if they are counted; `None` without data.
type Counted = Option<(Sketch, Option<RowCounts>)>;

/// Brings the sketches to their final size; whether a side has to be read again, as its aim then
/// says.
fn settle(read: &mut [Counted], aims: &mut [Aim]) -> bool {
    let mut again = false;
    for (side, aim) in read.iter_mut().zip(aims) {
        if let Some((sketch, rows)) = side.take() {
            match aim.settle(sketch) {
                Ok(sketch) => *side = Some((sketch, rows)),
                Err(other) => (*aim, again) = (other, true),
            }
        }
    }
    again
}

/// One sketch for each combination of values of some columns.
pub(super) fn merge_segments(
    parts: impl IntoIterator<Item = SketchTable>,
    by: &[String],
) -> Result<SketchTable> {
    Segments::group(parts, by, |all, part| all.merge(&part))
}

/// The sketch of a side from those of all its parts; `new` stands for a side that nobody has read of.
pub(super) fn merge_parts(
    new: Sketcher,
    parts: Vec<Sketcher>,
    tally: Tally,
) -> Result<(Sketch, Option<RowCounts>)> {
    let finished = told(new, parts, tally).into_iter().map(finish);
    merge_finished(finished.collect())
}

/// The same on the threads of the pool that calls: putting large samples in order takes its time.
fn merge_parts_together(
    new: Sketcher,
    parts: Vec<Sketcher>,
    tally: Tally,
) -> Result<(Sketch, Option<RowCounts>)> {
    let finished = told(new, parts, tally).into_par_iter().map(finish);
    merge_finished(finished.collect())
}

/// The parts, the first of which carries the tally of all; at least one, since the domain is known
/// even where there was no row.
fn told(new: Sketcher, mut parts: Vec<Sketcher>, tally: Tally) -> Vec<(Sketcher, Tally)> {
    if parts.is_empty() {
        parts.push(new);
    }
    let tallies = std::iter::once(tally).chain(std::iter::repeat(Tally::default()));
    parts.into_iter().zip(tallies).collect()
}

fn finish((mut part, tally): (Sketcher, Tally)) -> (Sketch, Option<RowCounts>) {
    let rows = part.take_row_counts();
    (part.finish(tally), rows)
}

fn merge_finished(parts: Vec<(Sketch, Option<RowCounts>)>) -> Result<(Sketch, Option<RowCounts>)> {
    let mut parts = parts.into_iter();
    let nobody = || Error::new(ErrorKind::Internal, "a side without a part");
    let (mut whole, mut rows) = parts.next().ok_or_else(nobody)?;
    for (part, more) in parts {
        if let (Some(rows), Some(more)) = (&mut rows, more) {
            rows.merge(&more);
        }
        whole.merge(&part)?;
    }
    Ok((whole, rows))
}

/// A sketcher under a key, if there is one.
pub(super) fn with_key(sketcher: Sketcher, key: Option<&Key>) -> Sketcher {
    match key {
        Some(key) => sketcher.with_key(key),
        None => sketcher,
    }
}

pub(super) fn of_domain(mut sketcher: Sketcher, domain: Option<IdDomain>) -> Result<Sketcher> {
    if let Some(domain) = domain {
        sketcher.set_domain(domain)?;
    }
    Ok(sketcher)
}

/// A sketcher for the IDs of a side.
pub(super) fn of_side(sketcher: Sketcher, side: &SidePlan) -> Result<Sketcher> {
    let mut sketcher = of_domain(sketcher, side.domain)?;
    sketcher.set_profile(side.profile.clone());
    Ok(sketcher)
}
