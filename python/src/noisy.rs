//! Sketches and exact numbers with noise.

use crate::errors::raise;
use crate::options;
use crate::sources::Reading;
use crate::work;
use overlap::report::Format;
use overlap::{Budget, ExactMemory, Grid, NoisyExactRequest, NoisyRequest, SketchRequest, Sources};
use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::PathBuf;

/// Writes a sketch with noise of files; a JSON object that says what is in it.
#[pyfunction]
#[pyo3(signature = (paths, output, epsilon, *, grid=18, id=None, cast=None, r#where=None, normalize=None, digest=None, threads=None, budget_file=None, budget=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn noisy_sketch(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    output: PathBuf,
    epsilon: f64,
    grid: i128,
    id: Option<String>,
    cast: Option<&str>,
    r#where: Option<String>,
    normalize: Option<String>,
    digest: Option<String>,
    threads: Option<i128>,
    budget_file: Option<PathBuf>,
    budget: Option<f64>,
) -> PyResult<String> {
    let range = Grid::PRECISIONS;
    let range = format!("{} to {}", range.start(), range.end());
    let precision: u8 = options::number("grid", grid, &range)?;
    let reading = Reading::usual(id, cast, r#where, normalize, digest, threads)?;
    let report = work::wait(py, move |progress| {
        let request = NoisyRequest {
            sources: reading.of(Sources::new(&paths)?)?,
            precision,
            epsilon,
            output,
            budget: budget_file.map(|file| Budget {
                file,
                total: budget,
            }),
        };
        overlap::store_noisy(&request, progress)
    })?;
    Ok(report.json())
}

/// The report of two sketches with noise as JSON; each side has a name and a path.
#[pyfunction]
pub(crate) fn estimate_noisy(
    py: Python<'_>,
    a: PathBuf,
    b: PathBuf,
    confidence: f64,
) -> PyResult<String> {
    let confidence = options::confidence(confidence)?;
    let sources = Sources::new(&[a, b]).map_err(|e| raise(&e))?;
    let request = SketchRequest {
        confidence,
        ..SketchRequest::new(sources)
    };
    let report = work::wait(py, move |progress| overlap::estimate(&request, progress))?;
    Ok(report.render(Format::Json))
}

/// Exact numbers with noise as JSON; each side is an argument as the command line takes it.
#[pyfunction]
#[pyo3(signature = (sides, epsilon, *, id=None, cast=None, r#where=None, normalize=None, digest=None, threads=None, confidence=0.95, budget_file=None, budget=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn exact_noisy(
    py: Python<'_>,
    sides: Vec<OsString>,
    epsilon: f64,
    id: Option<String>,
    cast: Option<&str>,
    r#where: Option<String>,
    normalize: Option<String>,
    digest: Option<String>,
    threads: Option<i128>,
    confidence: f64,
    budget_file: Option<PathBuf>,
    budget: Option<f64>,
) -> PyResult<String> {
    let reading = Reading::usual(id, cast, r#where, normalize, digest, threads)?;
    let confidence = options::confidence(confidence)?;
    let report = work::wait(py, move |progress| {
        let request = NoisyExactRequest {
            sources: reading.of(Sources::new(&sides)?)?,
            memory: ExactMemory::default(),
            epsilon,
            confidence,
            budget: budget_file.map(|file| Budget {
                file,
                total: budget,
            }),
        };
        overlap::exact_noisy(&request, progress)
    })?;
    Ok(report.render(Format::Json))
}
