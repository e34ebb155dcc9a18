//! Sketches, tables of them, and what they answer.

use crate::errors::raise;
use crate::options;
use overlap::format::{
    ImageColumns, decode, read_batches, registers_blob, sample_blob, table_batches,
};
use overlap::{Estimate, HashScheme, ReachOrder, Tally, estimate_set, set_counts};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use pyo3_arrow::PyTable;
use std::path::PathBuf;

/// (value, lower, upper)
type Triple = (f64, f64, f64);

fn triple(estimate: &Estimate) -> Triple {
    (estimate.value, estimate.lower, estimate.upper)
}

/// A sketch of a set of users.
#[pyclass(module = "overlap._overlap", frozen, eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Sketch(pub(crate) overlap::Sketch);

#[pymethods]
impl Sketch {
    /// A sketch from its blobs, as `docs/format.md` specifies them.
    #[staticmethod]
    #[pyo3(signature = (registers, sample, rows=None, nulls=None))]
    fn from_blobs(
        registers: Option<&[u8]>,
        sample: Option<&[u8]>,
        rows: Option<u64>,
        nulls: Option<u64>,
    ) -> PyResult<Self> {
        let tally = rows.zip(nulls).map(|(rows, nulls)| Tally { rows, nulls });
        decode(registers, sample, tally)
            .map(Self)
            .map_err(|e| raise(&e))
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

    fn merge(&self, other: &Self) -> PyResult<Self> {
        let mut merged = self.0.clone();
        merged.merge(&other.0).map_err(|e| raise(&e))?;
        Ok(Self(merged))
    }

    fn __or__(&self, other: &Self) -> PyResult<Self> {
        self.merge(other)
    }

    fn _users(&self, confidence: f64) -> PyResult<Triple> {
        let confidence = options::confidence(confidence)?;
        Ok(triple(&estimate_set(&set_counts(&self.0), confidence)))
    }

    #[getter]
    fn rows(&self) -> Option<u64> {
        self.0.tally().map(|tally| tally.rows)
    }

    #[getter]
    fn nulls(&self) -> Option<u64> {
        self.0.tally().map(|tally| tally.nulls)
    }

    #[getter]
    fn hash(&self) -> &'static str {
        HashScheme::name(self.0.hash())
    }

    #[getter]
    fn id_type(&self) -> Option<&'static str> {
        self.0.domain().map(overlap::id::IdDomain::name)
    }

    #[getter]
    fn precision(&self) -> Option<u8> {
        self.0
            .registers()
            .map(|registers| registers.precision().get())
    }

    #[getter]
    fn k(&self) -> Option<usize> {
        self.0.sample().map(overlap::BottomK::k)
    }

    #[getter]
    fn theta(&self) -> Option<f64> {
        self.0.sample().map(overlap::BottomK::sampled_share)
    }

    #[getter]
    fn is_exact(&self) -> bool {
        self.0.is_exact()
    }
}

/// Sketches by segment.
#[pyclass(module = "overlap._overlap", frozen)]
pub(crate) struct SketchTable(pub(crate) overlap::format::SketchTable);

#[pymethods]
impl SketchTable {
    /// The rows of a sketch table from whatever exports Arrow batches.
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
        };
        read_batches(&batches, &images)
            .map(Self)
            .map_err(|e| raise(&e))
    }

    /// A table of one sketch, of no segment in particular.
    #[staticmethod]
    fn of(sketch: &Sketch) -> PyResult<Self> {
        overlap::Segments::whole(sketch.0.clone())
            .map(Self)
            .map_err(|e| raise(&e))
    }

    /// The sketch table as it would be written, for pyarrow and whoever else speaks Arrow.
    fn _to_arrow(&self) -> PyResult<PyTable> {
        let users = self.users();
        let batches = table_batches(&self.0, &users).map_err(|e| raise(&e))?;
        let schema = batches.schema();
        let batches = batches
            .collect::<overlap::Result<Vec<_>>>()
            .map_err(|e| raise(&e))?;
        PyTable::try_new(batches, schema)
            .map_err(|e| crate::errors::OverlapError::new_err(e.to_string()))
    }

    /// Writes a sketch file, whole or not at all; returns its size in bytes.
    fn write(&self, py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        py.detach(|| overlap::write_sketches(&self.0, &path))
            .map_err(|e| raise(&e))
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.0.names()
    }

    #[getter]
    fn labels(&self) -> Vec<String> {
        (0..self.0.values().len())
            .map(|row| self.0.label(row))
            .collect()
    }

    #[getter]
    fn sketches(&self) -> Vec<Sketch> {
        self.0.values().iter().cloned().map(Sketch).collect()
    }

    fn __len__(&self) -> usize {
        self.0.values().len()
    }

    /// One sketch for each combination of values of some columns; one of all without any.
    #[pyo3(signature = (by=Vec::new()))]
    fn merge(&self, by: Vec<String>) -> PyResult<Self> {
        let part = [self.0.clone()];
        overlap::Segments::group(part, &by, |all, part| all.merge(&part))
            .map(Self)
            .map_err(|e| raise(&e))
    }
}

impl SketchTable {
    fn users(&self) -> Vec<f64> {
        let users =
            |sketch| estimate_set(&set_counts(sketch), overlap::Confidence::default()).value;
        self.0.values().iter().map(users).collect()
    }
}

/// Everything that two sketches say about each other, by name.
#[pyfunction]
pub(crate) fn estimate<'py>(
    py: Python<'py>,
    a: &Sketch,
    b: &Sketch,
    confidence: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let confidence = options::confidence(confidence)?;
    let pair = py.detach(|| overlap::estimate_sketches(&a.0, &b.0, confidence));
    let pair = pair.map_err(|e| raise(&e))?;
    let numbers = PyDict::new(py);
    for (name, estimate) in [
        ("a", pair.a),
        ("b", pair.b),
        ("overlap", pair.overlap),
        ("only_a", pair.only_a),
        ("only_b", pair.only_b),
        ("union", pair.union),
        ("share_of_a", pair.share_of_a),
        ("share_of_b", pair.share_of_b),
        ("gain_a", pair.gain_a),
        ("gain_b", pair.gain_b),
        ("jaccard", pair.jaccard),
        ("overlap_coefficient", pair.overlap_coefficient),
    ] {
        numbers.set_item(name, triple(&estimate))?;
    }
    numbers.set_item("quality", overlap::report::Quality::of(&pair).word())?;
    Ok(numbers)
}

/// Users of every exclusive region, by the places of the sketches that they are in.
#[pyfunction]
pub(crate) fn regions(
    py: Python<'_>,
    sketches: Vec<PyRef<'_, Sketch>>,
    confidence: f64,
) -> PyResult<Vec<(Vec<usize>, Triple)>> {
    let confidence = options::confidence(confidence)?;
    let sides: Vec<overlap::Sketch> = sketches.iter().map(|sketch| sketch.0.clone()).collect();
    let count = sides.len();
    let regions = py.detach(|| {
        let sides: Vec<&overlap::Sketch> = sides.iter().collect();
        overlap::regions(&sides, &vec![None; count], confidence)
    });
    let regions = regions.map_err(|e| raise(&e))?;
    let members = |mask: usize| (0..count).filter(|side| mask >> side & 1 == 1).collect();
    let region = |mask: usize| (members(mask), triple(&regions.region(mask)));
    Ok((1..1 << count).map(region).collect())
}

/// Users of every sketch; and of every two of them: places, overlap, shares, Jaccard.
#[pyfunction]
#[allow(clippy::type_complexity)] // plain tuples for Python
pub(crate) fn matrix(
    py: Python<'_>,
    sketches: Vec<PyRef<'_, Sketch>>,
    confidence: f64,
) -> PyResult<(
    Vec<Triple>,
    Vec<(usize, usize, Triple, Triple, Triple, Triple)>,
)> {
    let confidence = options::confidence(confidence)?;
    let sides: Vec<overlap::Sketch> = sketches.iter().map(|sketch| sketch.0.clone()).collect();
    let matrix = py.detach(|| {
        let sides: Vec<&overlap::Sketch> = sides.iter().collect();
        overlap::compare_all(&sides, confidence)
    });
    let matrix = matrix.map_err(|e| raise(&e))?;
    let pairs = matrix.pairs.iter().map(|pair| {
        let [overlap, of_a, of_b, jaccard] = [
            &pair.overlap,
            &pair.share_of_a,
            &pair.share_of_b,
            &pair.jaccard,
        ]
        .map(triple);
        (pair.a, pair.b, overlap, of_a, of_b, jaccard)
    });
    Ok((matrix.users.iter().map(triple).collect(), pairs.collect()))
}

/// The cumulative reach: place, users, added, reach, duplication of every step.
#[pyfunction]
#[pyo3(signature = (sketches, greedy, base, confidence))]
pub(crate) fn reach(
    py: Python<'_>,
    sketches: Vec<PyRef<'_, Sketch>>,
    greedy: bool,
    base: Option<usize>,
    confidence: f64,
) -> PyResult<Vec<(usize, Triple, Triple, Triple, f64)>> {
    let confidence = options::confidence(confidence)?;
    let order = if greedy {
        ReachOrder::Greedy
    } else {
        ReachOrder::Given
    };
    let sides: Vec<overlap::Sketch> = sketches.iter().map(|sketch| sketch.0.clone()).collect();
    let steps = py.detach(|| {
        let sides: Vec<&overlap::Sketch> = sides.iter().collect();
        overlap::reach_of(&sides, order, base, confidence)
    });
    let steps = steps.map_err(|e| raise(&e))?;
    let step = |step: &overlap::ReachStep| {
        (
            step.side,
            triple(&step.users),
            triple(&step.added),
            triple(&step.reach),
            step.duplication,
        )
    };
    Ok(steps.iter().map(step).collect())
}
