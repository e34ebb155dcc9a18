//! Record batches, from wherever they come, into sketches by segment.

use super::inputs::{Division, of_domain};
use crate::error::{Error, Result};
use crate::format::SketchTable;
use crate::id::{IdDomain, Tally};
use crate::scan::{ArrowIds, Divider, SegmentLimits};
use crate::segments::Segments;
use crate::sketch::{Sketch, SketchOptions, Sketcher};
use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

/// Sketches of record batches in the making, one for each segment.
///
/// ```
/// use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
/// use overlap::{BatchSketcher, Division, SketchOptions};
/// use std::sync::Arc;
///
/// let tiers: ArrayRef = Arc::new(StringArray::from(vec!["T1", "T2", "T1"]));
/// let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, 8, 9]));
/// let batch = RecordBatch::try_from_iter([("user_id", ids), ("tier", tiers)])?;
///
/// let by = Division::by(vec!["tier".into()]);
/// let mut sketcher = BatchSketcher::new("user_id", by, SketchOptions::default());
/// sketcher.push(&batch)?;
/// let table = sketcher.finish()?;
/// assert_eq!((table.label(0), table.values()[0].is_exact()), ("T1".into(), true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct BatchSketcher {
    id: String,
    cast: Option<IdDomain>,
    options: SketchOptions,
    division: Division,
    divider: Divider<Sketcher>,
    /// `None` until the type of the IDs is known.
    ids: Option<ArrowIds>,
    domain: Option<IdDomain>,
    tally: Tally,
}

impl BatchSketcher {
    /// Sketches of nothing yet, of the column `id`.
    #[must_use]
    pub fn new(id: &str, division: Division, options: SketchOptions) -> Self {
        let limits = SegmentLimits {
            by: &division.by,
            segments_max: division.segments_max,
        };
        Self {
            id: id.to_owned(),
            cast: None,
            options,
            divider: Divider::new(limits),
            division,
            ids: None,
            domain: None,
            tally: Tally::default(),
        }
    }

    /// Brings all IDs into one domain.
    #[must_use]
    pub fn with_cast(self, cast: Option<IdDomain>) -> Self {
        Self { cast, ..self }
    }

    /// Rows and nulls so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Takes in one batch.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if it lacks a column, [`crate::ErrorKind::Input`] for a type that
    /// can't identify a user, [`crate::ErrorKind::Incomparable`] if a type changes from batch to
    /// batch, [`crate::ErrorKind::Limit`] for too many segments. What was pushed before is unharmed.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let (index, field) = schema.column_with_name(&self.id).ok_or_else(|| {
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            Error::usage(format!("no column {}", self.id))
                .hint(format!("the columns are {}", names.join(", ")))
        })?;
        let pushed = self.push_beside(batch.column(index), field, batch);
        pushed.map_err(|e| e.with("column", &self.id))
    }

    /// Takes in one array of IDs that are of no segment.
    ///
    /// # Errors
    /// Those of [`Self::push`].
    pub fn push_ids(&mut self, ids: &ArrayRef) -> Result<()> {
        let field = Field::new(&self.id, ids.data_type().clone(), true);
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let nothing = Arc::new(Schema::empty());
        let nothing = RecordBatch::try_new_with_options(nothing, Vec::new(), &options)
            .map_err(|e| Error::input(e.to_string()))?;
        self.push_beside(ids, &field, &nothing)
    }

    /// The sketches; without segment columns just one, even of nothing.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] for a bug.
    pub fn finish(self) -> Result<SketchTable> {
        let table = self.divider.finish()?;
        let table = table.try_map(|(sketcher, tally)| Ok(sketcher.finish(tally)))?;
        if self.division.by.is_empty() && table.values().is_empty() {
            let nobody = of_domain(Sketcher::new(self.options), self.domain)?;
            return Segments::whole(nobody.finish(Tally::default()));
        }
        Ok(table)
    }

    fn push_beside(&mut self, ids: &ArrayRef, field: &Field, columns: &RecordBatch) -> Result<()> {
        let cast = self.cast;
        let form = self.ids.get_or_insert_with(|| ArrowIds::new(field, cast));
        // Whatever is wrong with the type is wrong with no values too, and then nothing is harmed.
        let mut probe = of_domain(Sketcher::new(SketchOptions::SMALLEST), self.domain)?;
        form.push(&ids.slice(0, ids.len().min(1)), &mut probe)?;
        let domain = probe.finish(Tally::default()).domain();
        let options = self.options;
        let new = || of_domain(Sketcher::new(options), domain);
        self.tally += self.divider.push(ids, columns, form, &new)?;
        self.domain = domain;
        Ok(())
    }
}

/// Sketches the column `id` of record batches, however many there are, in constant memory.
///
/// # Errors
/// Those of [`BatchSketcher::push`].
pub fn sketch_batches(
    batches: impl IntoIterator<Item = RecordBatch>,
    id: &str,
    options: SketchOptions,
) -> Result<Sketch> {
    let whole = Division::by(Vec::new());
    let mut sketcher = BatchSketcher::new(id, whole, options);
    for batch in batches {
        sketcher.push(&batch)?;
    }
    let sketch = sketcher.finish()?.into_values().pop();
    Ok(sketch.unwrap_or_else(|| Sketch::empty(options)))
}
