//! What sketches answer. Names and wrappers are Python's.

use crate::errors::raise;
use crate::number::Number;
use crate::options;
use crate::sketch::Sketch;
use crate::work;
use overlap::ReachOrder;
use overlap::picture::{PictureKind, Size};
use overlap::report::FullReport;
use pyo3::prelude::*;
use pyo3::types::PyDict;

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
    numbers_of(py, &pair.map_err(|e| raise(&e))?)
}

/// The numbers of a pair by their names.
pub(crate) fn numbers_of<'py>(
    py: Python<'py>,
    pair: &overlap::PairEstimate,
) -> PyResult<Bound<'py, PyDict>> {
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
        numbers.set_item(name, Number(estimate))?;
    }
    numbers.set_item("quality", overlap::report::Quality::of(pair).word())?;
    Ok(numbers)
}

/// How likely the first has more than so many users to gain by the second.
#[pyfunction]
pub(crate) fn probability_of_gain(
    py: Python<'_>,
    a: &Sketch,
    b: &Sketch,
    more_than: u64,
) -> PyResult<f64> {
    let counts = py.detach(|| overlap::pair_counts(&a.0, &b.0));
    let counts = counts.map_err(|e| raise(&e))?;
    Ok(py.detach(|| overlap::probability_of_gain(&counts, more_than)))
}

/// Users of exclusive regions, by the places of the sketches that they are in: all of up to eight
/// sketches, the `top` largest of more.
#[pyfunction]
pub(crate) fn regions(
    py: Python<'_>,
    sketches: Vec<Sketch>,
    confidence: f64,
    top: usize,
) -> PyResult<Vec<(Vec<usize>, Number)>> {
    let confidence = options::confidence(confidence)?;
    let count = sketches.len();
    if count > overlap::RegionCounts::SETS_MAX {
        let largest = work::wait(py, move |_| {
            let sides: Vec<&overlap::Sketch> = sketches.iter().map(|sketch| &sketch.0).collect();
            overlap::largest_regions(&sides, top, confidence)
        })?;
        let region = |(sides, users)| (sides, Number(users));
        return Ok(largest.regions.into_iter().map(region).collect());
    }
    let regions = work::wait(py, move |_| {
        let sides: Vec<&overlap::Sketch> = sketches.iter().map(|sketch| &sketch.0).collect();
        overlap::regions(&sides, &vec![None; count], confidence)
    })?;
    let members = |mask: usize| (0..count).filter(|side| mask >> side & 1 == 1).collect();
    let region = |mask: usize| (members(mask), Number(regions.region(mask)));
    Ok((1..1 << count).map(region).collect())
}

/// Of every two sketches: places, overlap, shares, Jaccard.
#[pyfunction]
pub(crate) fn matrix(
    py: Python<'_>,
    sketches: Vec<Sketch>,
    confidence: f64,
) -> PyResult<Vec<(usize, usize, [Number; 4])>> {
    let confidence = options::confidence(confidence)?;
    let matrix = work::wait(py, move |_| {
        let sides: Vec<&overlap::Sketch> = sketches.iter().map(|sketch| &sketch.0).collect();
        overlap::compare_all(&sides, confidence)
    })?;
    let pairs = matrix.pairs.iter().map(|pair| {
        let numbers = [pair.overlap, pair.share_of_a, pair.share_of_b, pair.jaccard];
        (pair.a, pair.b, numbers.map(Number))
    });
    Ok(pairs.collect())
}

/// Everything about some sketches as the JSON of a report.
#[pyfunction]
pub(crate) fn report(
    py: Python<'_>,
    names: Vec<String>,
    sketches: Vec<Sketch>,
    confidence: f64,
) -> PyResult<String> {
    let confidence = options::confidence(confidence)?;
    let report = work::wait(py, move |_| {
        let sides: Vec<&overlap::Sketch> = sketches.iter().map(|sketch| &sketch.0).collect();
        overlap::full_report_of(&names, &sides, confidence)
    })?;
    Ok(report.to_json())
}

/// The page of a report, given as JSON.
#[pyfunction]
pub(crate) fn page(json: &str) -> PyResult<String> {
    let report = FullReport::from_json(json).map_err(|e| raise(&e))?;
    Ok(overlap::page::page(&report))
}

/// The names of the pictures that a report has, given as JSON.
#[pyfunction]
pub(crate) fn pictures(json: &str) -> PyResult<Vec<&'static str>> {
    let report = FullReport::from_json(json).map_err(|e| raise(&e))?;
    let kinds = PictureKind::ALL.into_iter();
    Ok(kinds
        .filter(|kind| kind.is_in(&report))
        .map(PictureKind::name)
        .collect())
}

/// One picture of a report, given as JSON; it must have it.
#[pyfunction]
pub(crate) fn picture(json: &str, name: &str, width: f64, height: f64) -> PyResult<Option<String>> {
    let report = FullReport::from_json(json).map_err(|e| raise(&e))?;
    let kind = PictureKind::of_name(name).filter(|kind| kind.is_in(&report));
    Ok(kind.map(|kind| kind.svg(&report, Size::of(width, height))))
}

/// The cumulative reach: place, users, added, reach, duplication of every step.
#[pyfunction]
#[pyo3(signature = (sketches, greedy, base, confidence))]
pub(crate) fn reach(
    py: Python<'_>,
    sketches: Vec<Sketch>,
    greedy: bool,
    base: Option<usize>,
    confidence: f64,
) -> PyResult<Vec<(usize, [Number; 3], f64)>> {
    let confidence = options::confidence(confidence)?;
    let order = if greedy {
        ReachOrder::Greedy
    } else {
        ReachOrder::Given
    };
    let steps = work::wait(py, move |_| {
        let sides: Vec<&overlap::Sketch> = sketches.iter().map(|sketch| &sketch.0).collect();
        overlap::reach_of(&sides, order, base, confidence)
    })?;
    let step = |step: &overlap::ReachStep| {
        let numbers = [step.users, step.added, step.reach];
        (step.side, numbers.map(Number), step.duplication)
    };
    Ok(steps.iter().map(step).collect())
}
