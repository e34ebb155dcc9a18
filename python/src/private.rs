//! Private overlap: three messages between two partners.

use crate::errors::UsageError;
use crate::options;
use crate::sketch::Sketch;
use crate::table::SketchTable;
use crate::work;
use overlap::format::SketchTable as Table;
use overlap::report::Format;
use overlap::{PrivateFinishRequest, PrivateTerms, Segments};
use pyo3::prelude::*;
use std::path::PathBuf;

/// A side's sketch, or its sketches by segment.
fn table(sketch: &Bound<'_, PyAny>) -> PyResult<Table> {
    if let Ok(sketch) = sketch.cast::<Sketch>() {
        let sketch = sketch.get().0.clone();
        return Segments::whole(sketch).map_err(|e| crate::errors::raise(&e));
    }
    match sketch.cast::<SketchTable>() {
        Ok(table) => Ok(table.get().0.clone()),
        Err(_) => Err(UsageError::new_err(
            "sketch must be a Sketch or a SketchTable",
        )),
    }
}

fn terms(
    output: PathBuf,
    secret: Option<PathBuf>,
    min_users: i128,
    epsilon: Option<f64>,
) -> PyResult<PrivateTerms> {
    Ok(PrivateTerms {
        secret,
        users_min: options::number("min_users", min_users, "0 or more, in 64 bits")?,
        epsilon,
        ..PrivateTerms::new(output)
    })
}

/// Writes the first message and the secret file; a JSON object that names them.
#[pyfunction]
#[pyo3(signature = (sketch, output, name, secret=None, min_users=1_000, epsilon=None))]
pub(crate) fn private_offer(
    py: Python<'_>,
    sketch: &Bound<'_, PyAny>,
    output: PathBuf,
    name: String,
    secret: Option<PathBuf>,
    min_users: i128,
    epsilon: Option<f64>,
) -> PyResult<String> {
    let (table, terms) = (table(sketch)?, terms(output, secret, min_users, epsilon)?);
    let report = work::wait(py, move |_| {
        overlap::private_offer_of(&name, &table, &terms)
    })?;
    Ok(report.json())
}

/// Writes the second message and the secret file; a JSON object that names them.
#[pyfunction]
#[pyo3(signature = (offer, sketch, output, name, secret=None, min_users=1_000, epsilon=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn private_answer(
    py: Python<'_>,
    offer: PathBuf,
    sketch: &Bound<'_, PyAny>,
    output: PathBuf,
    name: String,
    secret: Option<PathBuf>,
    min_users: i128,
    epsilon: Option<f64>,
) -> PyResult<String> {
    let (table, terms) = (table(sketch)?, terms(output, secret, min_users, epsilon)?);
    let report = work::wait(py, move |_| {
        overlap::private_answer_of(&offer, &name, &table, &terms)
    })?;
    Ok(report.json())
}

/// The report of a run as JSON; of an answer also the result is written.
#[pyfunction]
#[pyo3(signature = (message, secret, output=None, confidence=0.95))]
pub(crate) fn private_finish(
    py: Python<'_>,
    message: PathBuf,
    secret: PathBuf,
    output: Option<PathBuf>,
    confidence: f64,
) -> PyResult<String> {
    let request = PrivateFinishRequest {
        message,
        secret,
        output,
        confidence: options::confidence(confidence)?,
    };
    let report = work::wait(py, move |_| overlap::private_finish(&request))?;
    Ok(report.render(Format::Json))
}
