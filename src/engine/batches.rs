//! Record batches, from wherever they come, into sketches by segment.

use super::inputs::Division;
use super::reading::{of_domain, with_key};
use crate::error::{Error, ErrorKind, Result};
use crate::format::SketchTable;
use crate::id::{IdDomain, Normal, Normalizing, Tally};
use crate::key::Key;
use crate::scan::{ArrowIds, Divider, SegmentLimits, first_unreadable};
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
    normal: Option<Arc<Normal>>,
    key: Option<Key>,
    divider: Divider<Normalizing<Sketcher>>,
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
            normal: None,
            key: None,
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

    /// Brings all IDs to one form, before anything is taken in. IDs that it can't read are nulls.
    #[must_use]
    pub fn with_normal(self, normal: Normal) -> Self {
        let normal = (!normal.is_none()).then(|| Arc::new(normal));
        Self { normal, ..self }
    }

    /// Hashes IDs under a secret key, before anything is taken in.
    #[must_use]
    pub fn with_key(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    /// Rows and nulls so far, but for IDs that couldn't be read.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Takes in one batch.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] if it lacks a column, [`crate::ErrorKind::Input`] for a type that
    /// can't identify a user, [`crate::ErrorKind::Incomparable`] if a type changes from batch to
    /// batch, [`crate::ErrorKind::Limit`] for too many segments. A batch that is refused leaves the
    /// sketcher as it was.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        let (index, field) = schema.column_with_name(&self.id).ok_or_else(|| {
            Error::usage(format!("no column {}", self.id))
                .hint(format!("the columns are {}", names.join(", ")))
        })?;
        for wanted in std::iter::once(&self.id).chain(&self.division.by) {
            if names.iter().filter(|name| *name == wanted).count() > 1 {
                let text = format!("more than one column is called {wanted}");
                return Err(Error::input(text).hint("rename all but one"));
            }
        }
        let ids = batch.column(index);
        let pushed = match self.division.by.is_empty() {
            true => self.push_beside(ids, field, &no_columns()?),
            false => self.push_beside(ids, field, batch),
        };
        pushed.map_err(|e| e.with("column", &self.id))
    }

    /// Takes in one array of IDs that are of no segment.
    ///
    /// # Errors
    /// Those of [`Self::push`].
    pub fn push_ids(&mut self, ids: &ArrayRef) -> Result<()> {
        let field = Field::new(&self.id, ids.data_type().clone(), true);
        self.push_beside(ids, &field, &no_columns()?)
    }

    /// The sketches; without segment columns just one, even of nothing.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`] for a bug.
    pub fn finish(self) -> Result<SketchTable> {
        let table = self.divider.finish()?;
        let table = table.try_map(|(sink, mut tally)| {
            let (sketcher, nulls) = sink.finish();
            tally += Tally { rows: 0, nulls };
            Ok(sketcher.finish(tally))
        })?;
        if self.division.by.is_empty() && table.values().is_empty() {
            let (normal, key) = (self.normal.as_ref(), self.key.as_ref());
            let nobody = new_sink(self.options, self.domain, normal, key)?;
            let (nobody, _) = nobody.finish();
            return Segments::whole(nobody.finish(Tally::default()));
        }
        Ok(table)
    }

    fn push_beside(&mut self, ids: &ArrayRef, field: &Field, columns: &RecordBatch) -> Result<()> {
        let known = self.ids.is_some();
        let domain = match self.check(ids, field) {
            Ok(domain) => domain,
            Err(refused) => {
                self.ids = self.ids.take().filter(|_| known);
                return Err(refused);
            }
        };
        let options = self.options;
        let (normal, key) = (self.normal.clone(), self.key.clone());
        let new = || new_sink(options, domain, normal.as_ref(), key.as_ref());
        let form = self
            .ids
            .get_or_insert_with(|| ArrowIds::new(field, self.cast));
        self.tally += self.divider.push(ids, columns, form, &new)?;
        self.domain = domain;
        Ok(())
    }

    /// The domain that all IDs are of with these. A batch is taken whole or not at all: what is wrong
    /// with a type is wrong with one value; what is wrong with a value only a cast finds out, and a hash
    /// that takes integers of 64 bits at most.
    fn check(&mut self, ids: &ArrayRef, field: &Field) -> Result<Option<IdDomain>> {
        let cast = self.cast;
        let form = self.ids.get_or_insert_with(|| ArrowIds::new(field, cast));
        let hash = self.options.hash();
        let is_wide = hash.is_murmur3() && ids.data_type().is_decimal();
        let doubtful = match ids.logical_nulls() {
            _ if cast.is_some() || self.normal.is_some() || is_wide || ids.is_empty() => {
                Arc::clone(ids)
            }
            Some(nulls) => ids.slice(nulls.valid_indices().next().unwrap_or(0), 1),
            None => ids.slice(0, 1),
        };
        let smallest = SketchOptions::SMALLEST.with_hash(hash);
        let (normal, key) = (self.normal.as_ref(), self.key.as_ref());
        let mut probe = new_sink(smallest, self.domain, normal, key)?;
        form.push(&doubtful, &mut probe).map_err(|error| {
            // What is wrong with a type is wrong with every value.
            let row = cast.and_then(|_| first_unreadable(&doubtful, ArrowIds::new(field, cast)));
            match row {
                Some(row) => error.with("row", row),
                None => error,
            }
        })?;
        let (probe, _) = probe.finish();
        Ok(probe.finish(Tally::default()).domain())
    }
}

/// A sketch of nothing yet, of IDs that are brought to one form.
fn new_sink(
    options: SketchOptions,
    domain: Option<IdDomain>,
    normal: Option<&Arc<Normal>>,
    key: Option<&Key>,
) -> Result<Normalizing<Sketcher>> {
    let mut sketcher = of_domain(with_key(Sketcher::new(options), key), domain)?;
    sketcher.set_profile(normal.map(|normal| normal.profile()).unwrap_or_default());
    Ok(Normalizing::new(sketcher, normal.cloned(), Arc::default()))
}

/// One row of no segment columns, which stands for all rows.
fn no_columns() -> Result<RecordBatch> {
    let one = RecordBatchOptions::new().with_row_count(Some(1));
    RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &one)
        .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};

    fn batch(ids: impl Array + 'static, tiers: &[&str]) -> RecordBatch {
        let tiers: ArrayRef = Arc::new(StringArray::from(tiers.to_vec()));
        let columns = [("user_id", Arc::new(ids) as ArrayRef), ("tier", tiers)];
        RecordBatch::try_from_iter(columns).expect("a batch")
    }

    /// What is in a sketcher that took these batches, and then refused another.
    fn after_refusal(
        new: impl Fn() -> BatchSketcher,
        good: &RecordBatch,
        bad: &RecordBatch,
    ) -> (ErrorKind, bool) {
        let mut harmed = new();
        harmed.push(good).expect("good");
        let refused = harmed.push(bad).expect_err("bad");
        harmed.push(good).expect("still good");
        let mut twice = new();
        twice.push(good).expect("good");
        twice.push(good).expect("good");
        let tallies = [harmed.tally(), twice.tally()];
        let [harmed, twice] = [harmed, twice].map(|sketcher| sketcher.finish().expect("whole"));
        let same = tallies[0] == tallies[1] && harmed.values() == twice.values();
        (refused.kind(), same)
    }

    #[test]
    fn a_batch_that_is_refused_leaves_the_sketcher_as_it_was() {
        let new = || {
            let by = Division {
                by: vec!["tier".into()],
                segments_max: 2,
            };
            BatchSketcher::new("user_id", by, SketchOptions::default())
        };
        let good = batch(
            Int64Array::from(vec![None, Some(1), Some(2)]),
            &["a", "b", "b"],
        );
        let texts = batch(StringArray::from(vec!["x", "y"]), &["b", "c"]);
        let floats = batch(Float64Array::from(vec![1.0]), &["a"]);
        let many = batch(Int64Array::from(vec![5, 6, 7]), &["a", "c", "d"]);
        assert_eq!(
            after_refusal(new, &good, &texts),
            (ErrorKind::Incomparable, true)
        );
        assert_eq!(after_refusal(new, &good, &floats), (ErrorKind::Input, true));
        assert_eq!(after_refusal(new, &good, &many), (ErrorKind::Limit, true));

        let cast = || new().with_cast(Some(IdDomain::Integer));
        let good = batch(StringArray::from(vec!["1", "2"]), &["a", "b"]);
        let no_number = batch(StringArray::from(vec!["3", "x"]), &["a", "b"]);
        assert!(after_refusal(cast, &good, &no_number).1);
    }
}
