//! Tables of sketches.

use crate::errors::{InputError, UsageError, raise};
use crate::options;
use crate::sketch::{Sketch, Source, in_html};
use overlap::format::{FileNotes, ImageColumns, read_batches, table_batches};
use overlap::{Confidence, ensure_consistent, estimate_set, set_counts};
use pyo3::exceptions::{PyIndexError, PyKeyError};
use pyo3::prelude::*;
use pyo3::types::PyIterator;
use pyo3_arrow::PyTable;
use std::path::PathBuf;

/// Sketches by segment: what a sketch file holds, one row a segment.
///
/// ``table["T4"]`` or ``table[0]`` is the sketch of a segment, ``len(table)`` their number.
///
/// >>> import pyarrow as pa
/// >>> rows = pa.table({"user_id": [1, 2, 3, 3], "tier": ["a", "a", "b", "b"]})
/// >>> table = sketch(rows, by="tier")
/// >>> table.columns, table.labels, table["b"].users(), table.merge()[0].users()
/// (['tier'], ['a', 'b'], 1, 3)
#[pyclass(module = "overlap._overlap", frozen)]
pub(crate) struct SketchTable(pub(crate) overlap::format::SketchTable, pub(crate) Source);

#[pymethods]
impl SketchTable {
    /// The sketches in the rows of a sketch table, or of a table that Spark's ``theta_sketch_agg`` or
    /// ``hll_sketch_agg`` made.
    ///
    /// Args:
    ///     table: Whatever exports Arrow rows.
    ///     theta_column: The column that holds theta images of DataSketches, if there is one.
    ///     hll_column: The column that holds HLL images of DataSketches, if there is one.
    ///
    /// Returns:
    ///     A `SketchTable`.
    ///
    /// Raises:
    ///     UsageError: A column is missing.
    ///     InputError: A row holds no valid sketch.
    ///
    /// >>> import pyarrow as pa
    /// >>> table = SketchTable.of(sketch(pa.table({"user_id": [1, 2, 3]})))
    /// >>> SketchTable.from_arrow(table.to_arrow())[0] == table[0]
    /// True
    #[staticmethod]
    #[pyo3(signature = (table, theta_column=None, hll_column=None))]
    fn from_arrow(
        table: PyTable,
        theta_column: Option<String>,
        hll_column: Option<String>,
    ) -> PyResult<Self> {
        let (batches, _) = table.into_inner();
        let images = ImageColumns {
            theta: theta_column,
            hll: hll_column,
            ..ImageColumns::default()
        };
        let table = read_batches(&batches, &images).map_err(|e| raise(&e))?;
        let mut sketches = table.values().iter();
        sketches
            .try_for_each(ensure_consistent)
            .map_err(|e| raise(&e))?;
        Ok(Self(table, None))
    }

    /// A table of one sketch, without segment columns.
    ///
    /// Args:
    ///     sketch: The sketch.
    ///
    /// Returns:
    ///     A `SketchTable` of one row.
    #[staticmethod]
    fn of(sketch: &Sketch) -> PyResult<Self> {
        overlap::Segments::whole(sketch.0.clone())
            .map(|table| Self(table, sketch.1.clone()))
            .map_err(|e| raise(&e))
    }

    /// The table in pyarrow, which has to be installed.
    ///
    /// Returns:
    ///     A ``pyarrow.Table`` of the segment columns, rows, nulls, users, hll and sample.
    fn to_arrow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let users = self.users();
        let batches = table_batches(&self.0, &users).map_err(|e| raise(&e))?;
        let schema = batches.schema();
        let batches = batches
            .collect::<overlap::Result<Vec<_>>>()
            .map_err(|e| raise(&e))?;
        let table = PyTable::try_new(batches, schema);
        let table = table.map_err(|e| InputError::new_err(e.to_string()))?;
        table.into_pyarrow(py)
    }

    /// Writes a sketch file, whole or not at all.
    ///
    /// Args:
    ///     path: The file; one that is there is replaced.
    ///     key_file: The file of the secret key that the sketches were made with, if they were.
    ///
    /// Returns:
    ///     Its size in bytes.
    ///
    /// Raises:
    ///     IncomparableError: The sketches were made with another key, or with one that isn't named.
    ///     OutputError: It can't be written.
    #[pyo3(signature = (path, key_file=None))]
    fn write(&self, py: Python<'_>, path: PathBuf, key_file: Option<PathBuf>) -> PyResult<u64> {
        let source = self.1.as_deref();
        let filter = source.and_then(|source| source.filter.as_ref());
        let notes = FileNotes {
            filter: filter.map(|filter| filter.condition.clone()),
            key: options::key(key_file.as_deref(), "xxh3")?,
            policy: None,
        };
        py.detach(|| overlap::write_sketches_with(&self.0, &notes, &path))
            .map_err(|e| raise(&e))
    }

    /// The names of the segment columns.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.names()
    }

    /// The segments, as text.
    #[getter]
    fn labels(&self) -> Vec<String> {
        (0..self.0.values().len())
            .map(|row| self.0.label(row))
            .collect()
    }

    /// The sketches, in the order of the labels.
    #[getter]
    fn sketches(&self) -> Vec<Sketch> {
        let sketches = self.0.values().iter().cloned();
        sketches
            .map(|sketch| Sketch(sketch, self.1.clone()))
            .collect()
    }

    /// The column whose values are the IDs, if the sketches were made of files; None otherwise.
    #[getter]
    fn column(&self) -> Option<&str> {
        self.1.as_ref()?.column.as_deref()
    }

    /// Paths below the folders they were made of that were passed over, because they hold no data.
    #[getter]
    fn passed_over(&self) -> Vec<String> {
        let source = self.1.as_ref();
        source.map_or_else(Vec::new, |source| source.passed_over.clone())
    }

    fn __len__(&self) -> usize {
        self.0.values().len()
    }

    fn __getitem__(&self, segment: Segment) -> PyResult<Sketch> {
        let place = match &segment {
            Segment::Label(label) => self.place(label)?,
            Segment::Place(place) if *place < 0 => self.0.values().len().checked_add_signed(*place),
            Segment::Place(place) => usize::try_from(*place).ok(),
        };
        let sketch = place.and_then(|place| self.0.values().get(place));
        match (sketch, segment) {
            (Some(sketch), _) => Ok(Sketch(sketch.clone(), self.1.clone())),
            (None, Segment::Label(label)) => Err(PyKeyError::new_err(label)),
            (None, Segment::Place(place)) => Err(PyIndexError::new_err(place)),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.sketches().into_pyobject(py)?.try_iter()
    }

    /// Rolls up: one sketch for each combination of values of fewer segment columns.
    ///
    /// Args:
    ///     by: The segment columns that remain, one name or several. Without any there is one sketch.
    ///
    /// Returns:
    ///     A `SketchTable`.
    ///
    /// Raises:
    ///     UsageError: There is no such segment column.
    ///     IncomparableError: The hashes, or the types of the IDs, differ.
    #[pyo3(signature = (by=None))]
    fn merge(&self, py: Python<'_>, by: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let by = options::columns(by)?;
        if let Some(unknown) = by.iter().find(|column| !self.columns().contains(column)) {
            let text = format!(
                "no segment column {unknown}; they are {}",
                self.columns().join(", ")
            );
            return Err(UsageError::new_err(text));
        }
        let part = [self.0.clone()];
        let merged = py.detach(|| {
            overlap::Segments::group(part, &by, |all: &mut overlap::Sketch, part| {
                all.merge(&part)
            })
        });
        merged
            .map(|table| Self(table, self.1.clone()))
            .map_err(|e| raise(&e))
    }

    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyAny>,))> {
        let from_arrow = py.get_type::<Self>().getattr("from_arrow")?;
        Ok((from_arrow, (self.to_arrow(py)?,)))
    }

    fn __repr__(&self) -> String {
        let by = match self.columns() {
            columns if columns.is_empty() => String::new(),
            columns => format!(" by {}", columns.join(", ")),
        };
        let sketches = self.0.values().len();
        let plural = if sketches == 1 { "" } else { "es" };
        format!("<SketchTable of {sketches} sketch{plural}{by}>")
    }

    fn _repr_html_(&self) -> String {
        in_html(&self.__repr__())
    }
}

/// Which sketch of a table.
#[derive(FromPyObject)]
enum Segment {
    Place(isize),
    Label(String),
}

impl SketchTable {
    /// Where the segment of a label is, if there is one.
    fn place(&self, label: &str) -> PyResult<Option<usize>> {
        let labels = self.labels();
        let mut places = (0..labels.len()).filter(|&place| labels[place] == label);
        let place = places.next();
        if let (Some(place), Some(other)) = (place, places.next()) {
            return Err(UsageError::new_err(format!(
                "several segments are called {label}: take one by its place, table[{place}] or table[{other}]"
            )));
        }
        Ok(place)
    }

    fn users(&self) -> Vec<f64> {
        let users = |sketch| estimate_set(&set_counts(sketch), Confidence::default()).value;
        self.0.values().iter().map(users).collect()
    }
}
