//! Reads the data of opened inputs into sketches, and merges the sketches beside it.

use super::inputs::{Division, Inputs};
use super::planner::Aim;
use crate::error::{Error, ErrorKind, Result};
use crate::format::SketchTable;
use crate::id::{IdDomain, Tally};
use crate::key::Key;
use crate::scan::{self, Progress, SegmentLimits, SidePlan, SideScan};
use crate::segments::Segments;
use crate::sketch::{RowCounts, Sketch, Sketcher};
use rayon::prelude::*;

impl Inputs {
    /// The sketch of every side, and the rows of its sampled users if `frequency` asks for them
    /// (only of sides without stored sketches, which don't record them).
    pub(super) fn sketch(
        self,
        threads: usize,
        frequency: bool,
        progress: &dyn Progress,
    ) -> Result<Vec<(Sketch, Option<RowCounts>)>> {
        let is_at_hand = self.options.is_at_hand() && self.tables.iter().all(Vec::is_empty);
        let mut aims = match is_at_hand {
            true => Aim::at_hand(self.options, &self.plan),
            false => vec![Aim::plain(self.options); self.plan.sides.len()],
        };
        let mut read = self.read(&aims, threads, frequency, progress)?;
        if settle(&mut read, &mut aims) {
            let again = || self.read(&aims, threads, frequency, progress);
            read = self.plan.uncounted(again)?;
            settle(&mut read, &mut aims);
        }
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

    /// The same of the data alone; `None` for a side without any.
    fn read(
        &self,
        aims: &[Aim],
        threads: usize,
        frequency: bool,
        progress: &dyn Progress,
    ) -> Result<Vec<Counted>> {
        let sides = &self.plan.sides;
        let new = |side: usize| {
            let sketcher = with_key(aims[side].sketcher(&sides[side])?, self.key.as_ref());
            Ok(match frequency {
                true => sketcher.with_row_counts(),
                false => sketcher,
            })
        };
        let scanned = scan::scan(&self.plan, threads, &new, progress)?;
        let merged = |(side, scanned): (usize, SideScan<Sketcher>)| match sides[side].file_count() {
            0 => Ok(None),
            _ => merge_parts_together(new(side)?, scanned.sinks, scanned.tally).map(Some),
        };
        // Large samples are put in order here.
        let scanned = scanned.into_par_iter().enumerate();
        scan::pool(threads)?.install(|| scanned.map(merged).collect())
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
