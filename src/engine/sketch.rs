//! Inputs → one sketch a side.

use super::inputs::{Division, Inputs};
use super::request::Sources;
use crate::error::Result;
use crate::format::SketchTable;
use crate::report::{SideReport, SourceReport};
use crate::scan::{ArrowIds, Progress};
use crate::sketch::{Sketch, SketchOptions, Sketcher};
use arrow::array::Array;

/// Sketches every side of `sources`, all of them at once; what is stored as sketches is read and
/// merged.
///
/// # Errors
/// Those of opening every footer, [`crate::ErrorKind::Input`] with file, column and row group for
/// whatever is wrong with the data, and [`crate::ErrorKind::Incomparable`] for sides, or parts of a
/// side, that can't be compared.
pub fn sketch_sides(
    sources: &Sources,
    options: SketchOptions,
    progress: &dyn Progress,
) -> Result<Vec<Sketch>> {
    let inputs = Inputs::open(sources, options)?;
    let sides = inputs.sketch(sources.threads, false, progress)?;
    Ok(sides.into_iter().map(|(sketch, _)| sketch).collect())
}

/// Sketches every side of `sources` by segment.
///
/// # Errors
/// Those of [`sketch_sides`]; [`crate::ErrorKind::Usage`] for a segment column that isn't there,
/// [`crate::ErrorKind::Incomparable`] if its type changes, [`crate::ErrorKind::Limit`] for too many
/// segments.
pub fn sketch_segments(
    sources: &Sources,
    division: &Division,
    options: SketchOptions,
    progress: &dyn Progress,
) -> Result<Vec<SketchTable>> {
    sketch_with_sources(sources, division, options, progress).map(|(tables, _)| tables)
}

/// Like [`sketch_segments`], and also returns the ID column of every side and what was passed over in its folders.
///
/// # Errors
/// Those of [`sketch_segments`].
pub fn sketch_with_sources(
    sources: &Sources,
    division: &Division,
    options: SketchOptions,
    progress: &dyn Progress,
) -> Result<(Vec<SketchTable>, Vec<SourceReport>)> {
    let inputs = Inputs::open(sources, options)?;
    let sides = inputs.side_plans().iter().map(SideReport::source).collect();
    let tables = inputs.sketch_by(division, sources.threads, progress)?;
    Ok((tables, sides))
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
