//! Inputs → one sketch a side.

use super::request::Sources;
use crate::error::{Error, Result};
use crate::id::{IdDomain, Tally};
use crate::scan::{self, ArrowIds, Plan, Progress};
use crate::sketch::{RowCounts, Sketch, SketchOptions, Sketcher};
use arrow::array::{Array, RecordBatch};

/// Sketches every side of `sources`, all of them at once.
///
/// # Errors
/// Those of opening every footer, and [`crate::ErrorKind::Input`] with file, column and row group for
/// whatever is wrong with the data.
pub fn sketch_sides(
    sources: &Sources,
    options: SketchOptions,
    progress: &dyn Progress,
) -> Result<Vec<Sketch>> {
    sources.check()?;
    let plan = Plan::new(&sources.sides, &sources.id)?;
    sketch_plan(&plan, sources.threads, options, progress)
}

pub(super) fn sketch_plan(
    plan: &Plan,
    threads: usize,
    options: SketchOptions,
    progress: &dyn Progress,
) -> Result<Vec<Sketch>> {
    let counted = sketch_and_count(plan, threads, &|| Sketcher::new(options), progress)?;
    Ok(counted.into_iter().map(|(sketch, _)| sketch).collect())
}

/// The sketch of every side, and the rows of its sampled users if `new` makes sketchers that count
/// them.
pub(super) fn sketch_and_count(
    plan: &Plan,
    threads: usize,
    new: &(impl Fn() -> Sketcher + Sync),
    progress: &dyn Progress,
) -> Result<Vec<(Sketch, Option<RowCounts>)>> {
    let new_sink = |side: usize| sketcher(plan.sides[side].domain, new);
    let scanned = scan::scan(plan, threads, &new_sink, progress)?;
    let mut sides = Vec::with_capacity(plan.sides.len());
    for (side, scan) in plan.sides.iter().zip(scanned) {
        // The first sketch carries the tally, and the domain even where there was no row.
        let mut first = sketcher(side.domain, new)?;
        let mut rows = first.take_row_counts();
        let mut whole = first.finish(scan.tally);
        for mut part in scan.sinks {
            if let (Some(rows), Some(more)) = (&mut rows, part.take_row_counts()) {
                rows.merge(&more);
            }
            whole.merge(&part.finish(Tally::default()))?;
        }
        sides.push((whole, rows));
    }
    Ok(sides)
}

fn sketcher(domain: Option<IdDomain>, new: &impl Fn() -> Sketcher) -> Result<Sketcher> {
    let mut sketcher = new();
    if let Some(domain) = domain {
        sketcher.set_domain(domain)?;
    }
    Ok(sketcher)
}

/// Sketches one Arrow array of IDs.
///
/// ```
/// use arrow::array::StringArray;
/// use overlap::{SketchOptions, sketch_array};
///
/// let ids = StringArray::from(vec![Some("ann"), None, Some("bob"), Some("ann")]);
/// let sketch = sketch_array(&ids, SketchOptions::default())?;
/// assert_eq!(sketch.sample().map(|sample| sample.hashes().len()), Some(2));
/// assert_eq!(sketch.tally().map(|tally| (tally.rows, tally.nulls)), Some((4, 1)));
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`crate::ErrorKind::Input`] for a type that can't identify a user.
pub fn sketch_array(array: &dyn Array, options: SketchOptions) -> Result<Sketch> {
    let mut sketcher = Sketcher::new(options);
    let tally = ArrowIds::default().push(array, &mut sketcher)?;
    Ok(sketcher.finish(tally))
}

/// Sketches the column `id` of record batches, however many there are, in constant memory.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if a batch has no such column, [`crate::ErrorKind::Input`] for a
/// type that can't identify a user, [`crate::ErrorKind::Incomparable`] if the type changes from
/// batch to batch.
pub fn sketch_batches(
    batches: impl IntoIterator<Item = RecordBatch>,
    id: &str,
    options: SketchOptions,
) -> Result<Sketch> {
    let mut sketcher = Sketcher::new(options);
    let mut ids = ArrowIds::default();
    let mut tally = Tally::default();
    for batch in batches {
        let column = batch
            .column_by_name(id)
            .ok_or_else(|| Error::usage(format!("a record batch has no column {id}")))?;
        tally += ids
            .push(column, &mut sketcher)
            .map_err(|e| e.with("column", id))?;
    }
    Ok(sketcher.finish(tally))
}
