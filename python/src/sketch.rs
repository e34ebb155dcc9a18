//! Sketches of sets of users.

use crate::errors::{InputError, raise};
use crate::number::Number;
use crate::options;
use overlap::format::{decode, registers_blob, sample_blob};
use overlap::report::SourceReport;
use overlap::{HashScheme, Tally, ensure_consistent, estimate_set, set_counts};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// A sketch of a set of users: what it takes to count them and to compare them with others.
///
/// Sketches are made by ``overlap.sketch`` and ``overlap.Sketcher``; ``a | b`` is that of the union.
/// They can be pickled, compared with ``==``, and kept in files (``write_sketches``).
///
/// >>> import pyarrow as pa
/// >>> a, b = (sketch(pa.table({"user_id": ids})) for ids in ([1, 2, 3], [3, 4]))
/// >>> (a | b).users(), a.rows, a.id_type
/// (4, 3, 'integer')
#[pyclass(module = "overlap._overlap", frozen, eq, from_py_object)]
#[derive(Clone)]
pub(crate) struct Sketch(pub(crate) overlap::Sketch, pub(crate) Source);

/// Where a sketch comes from, if it was made of files: no part of what it is.
pub(crate) type Source = Option<Arc<SourceReport>>;

impl PartialEq for Sketch {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[pymethods]
impl Sketch {
    /// A sketch from its blobs: the ``hll`` and ``sample`` columns of a sketch table.
    ///
    /// Args:
    ///     hll: The blob of the registers, or None.
    ///     sample: The blob of the sample, or None. One of the two is needed.
    ///     rows: Rows that went in, nulls included, if it is known.
    ///     nulls: Rows whose ID is null, if it is known.
    ///
    /// Returns:
    ///     A `Sketch`.
    ///
    /// Raises:
    ///     InputError: The blobs are not whole and valid, or contradict each other.
    ///
    /// >>> import pyarrow as pa
    /// >>> one = sketch(pa.table({"user_id": [1, 2, 3]}))
    /// >>> Sketch.from_blobs(one.hll, one.sample, one.rows, one.nulls) == one
    /// True
    #[staticmethod]
    #[pyo3(signature = (hll, sample, rows=None, nulls=None))]
    fn from_blobs(
        hll: Option<&[u8]>,
        sample: Option<&[u8]>,
        rows: Option<u64>,
        nulls: Option<u64>,
    ) -> PyResult<Self> {
        if let Some((rows, nulls)) = rows.zip(nulls).filter(|(rows, nulls)| nulls > rows) {
            let text = format!("corrupt sketch: {nulls} nulls among {rows} rows");
            return Err(InputError::new_err(text));
        }
        let tally = rows.zip(nulls).map(|(rows, nulls)| Tally { rows, nulls });
        let sketch = decode(hll, sample, tally).map_err(|e| raise(&e))?;
        ensure_consistent(&sketch).map_err(|e| raise(&e))?;
        Ok(Self(sketch, None))
    }

    /// How many distinct users, with an interval.
    ///
    /// Args:
    ///     confidence: The level of the interval, between 0.5 and 1.
    ///
    /// Returns:
    ///     An `Estimate`; its limits are equal to its value where the sample holds every user.
    ///
    /// Raises:
    ///     UsageError: The level is out of range.
    #[pyo3(signature = (confidence=0.95))]
    fn users(&self, confidence: f64) -> PyResult<Number> {
        let confidence = options::confidence(confidence)?;
        Ok(Number(estimate_set(&set_counts(&self.0), confidence)))
    }

    /// The sketch of the union of both sets of users; neither of the two changes.
    ///
    /// Args:
    ///     other: The other sketch. Of two sizes the smaller is that of the union.
    ///
    /// Returns:
    ///     A `Sketch`.
    ///
    /// Raises:
    ///     IncomparableError: Their hashes, or the types of their IDs, differ.
    fn merge(&self, other: &Self) -> PyResult<Self> {
        let mut merged = self.0.clone();
        merged.merge(&other.0).map_err(|e| raise(&e))?;
        Ok(Self(merged, None))
    }

    fn __or__(&self, other: &Self) -> PyResult<Self> {
        self.merge(other)
    }

    /// The blob of the registers, if there are any.
    #[getter]
    fn hll<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        registers_blob(&self.0).map(|blob| PyBytes::new(py, &blob))
    }

    /// The blob of the sample, if there is one.
    #[getter]
    fn sample<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        sample_blob(&self.0).map(|blob| PyBytes::new(py, &blob))
    }

    /// Rows that went in, nulls included; None if it isn't known.
    #[getter]
    fn rows(&self) -> Option<u64> {
        self.0.tally().map(|tally| tally.rows)
    }

    /// Rows whose ID is null; None if it isn't known.
    #[getter]
    fn nulls(&self) -> Option<u64> {
        self.0.tally().map(|tally| tally.nulls)
    }

    /// The column whose values are the IDs, if the sketch was made of files; None otherwise, and of
    /// sketches that were merged or read.
    #[getter]
    fn column(&self) -> Option<&str> {
        self.1.as_ref()?.column.as_deref()
    }

    /// Paths below the folders it was made of that were passed over, because they hold no data.
    #[getter]
    fn passed_over(&self) -> Vec<String> {
        let source = self.1.as_ref();
        source.map_or_else(Vec::new, |source| source.passed_over.clone())
    }

    /// ``xxh3``, ``murmur3`` or ``murmur3-utf16``, or ``siphash-2-4`` with a key.
    #[getter]
    fn hash(&self) -> &'static str {
        HashScheme::name(self.0.hash())
    }

    /// The fingerprint of the secret key that the IDs were hashed with; None without a key.
    #[getter]
    fn key_fingerprint(&self) -> Option<String> {
        match self.0.hash() {
            HashScheme::Keyed(key) => Some(key.to_string()),
            _ => None,
        }
    }

    /// ``integer``, ``string`` or ``binary``; None before the first ID.
    #[getter]
    fn id_type(&self) -> Option<&'static str> {
        self.0.domain().map(overlap::id::IdDomain::name)
    }

    /// log2 of the number of registers.
    #[getter]
    fn precision(&self) -> Option<u8> {
        self.0
            .registers()
            .map(|registers| registers.precision().get())
    }

    /// The most hashes that the sample keeps.
    #[getter]
    fn k(&self) -> Option<usize> {
        self.0.sample().map(overlap::BottomK::k)
    }

    /// The share of users that the sample holds.
    #[getter]
    fn theta(&self) -> Option<f64> {
        self.0.sample().map(overlap::BottomK::sampled_share)
    }

    /// Whether the sample holds every user.
    #[getter]
    fn is_exact(&self) -> bool {
        self.0.is_exact()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Blobs<'py>)> {
        let from_blobs = py.get_type::<Self>().getattr("from_blobs")?;
        Ok((
            from_blobs,
            (self.hll(py), self.sample(py), self.rows(), self.nulls()),
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let users = self.users(0.95)?.into_pyobject(py)?;
        Ok(format!("<Sketch of {} users>", users.repr()?))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        Ok(in_html(&self.__repr__(py)?))
    }
}

/// The blobs of a sketch, its rows and nulls.
type Blobs<'py> = (
    Option<Bound<'py, PyBytes>>,
    Option<Bound<'py, PyBytes>>,
    Option<u64>,
    Option<u64>,
);

impl Sketch {
    /// The sketch of a table that has just one.
    pub(crate) fn only(table: overlap::format::SketchTable) -> PyResult<Self> {
        let sketch = table.into_values().pop().map(|sketch| Self(sketch, None));
        sketch.ok_or_else(|| InputError::new_err("a table of no sketches"))
    }
}

pub(crate) fn in_html(text: &str) -> String {
    format!("<code>{}</code>", text.replace('<', "&lt;"))
}
