//! Everything about some sides at once: the answer of `overlap report`, and the files around it.

use super::estimate;
use super::inputs::Division;
use super::limits::default_threads;
use super::regions::TOP;
use super::request::{SketchRequest, Sources};
use super::sides::{SidesRequest, trend};
use super::store::ensure_no_input;
use crate::analysis::{LargestRegions, ReachOrder, Regions, largest_regions, reach_by};
use crate::error::{Error, Result};
use crate::estimate::Confidence;
use crate::id::PageChecks;
use crate::report::{EstimateReport, FullParts, FullReport, ReachReport};
use crate::scan::{self, Progress};
use crate::sketch::Sketch;
use crate::storage::{read_text, write_bytes};
use std::collections::BTreeSet;
use std::path::Path;

/// A request for everything that a page shows.
#[derive(Clone, Debug)]
pub struct FullRequest {
    /// Whose data, how exactly, which formulas and segments.
    pub question: SketchRequest,
    /// The columns of the day and the lengths of the trailing windows, if the trend is wanted; data is
    /// read a second time for it.
    pub trend: Option<(Division, Vec<u16>)>,
}

/// Users, overlaps, regions, reach in both orders, and what else was asked for, of some sides.
///
/// # Errors
/// Those of [`super::estimate`] and, with a trend, of [`super::trend`].
pub fn full_report(request: &FullRequest, progress: &dyn Progress) -> Result<FullReport> {
    let question = &request.question;
    let answered = estimate::answered(question, progress)?;
    let everyone: Vec<&Sketch> = answered.sketches.iter().collect();
    let by_day = |(division, windows): &(Division, Vec<u16>)| {
        let sides = SidesRequest {
            sources: question.sources.clone(),
            options: question.options,
            confidence: question.confidence,
            division: division.clone(),
        };
        trend(&sides, windows, progress)
    };
    let threads = question.sources.threads;
    FullReport::new(FullParts {
        trend: request.trend.as_ref().map(by_day).transpose()?,
        reach: curves(&answered.report, answered.fit.as_ref(), &everyone, threads)?,
        fit: answered.fit.as_ref(),
        largest: largest(answered.fit.as_ref(), &everyone, question.confidence)?,
        estimate: answered.report,
    })
}

/// The whole report of sketches that were made elsewhere, under these names; one for each.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] without sketches or with two of one name,
/// [`crate::ErrorKind::Incomparable`] if two can't be compared.
pub fn full_report_of(
    names: &[String],
    sketches: &[&Sketch],
    confidence: Confidence,
) -> Result<FullReport> {
    let mut seen = BTreeSet::new();
    let twice = names.iter().find(|name| !seen.insert(*name));
    match twice {
        _ if sketches.is_empty() || names.len() != sketches.len() => {
            return Err(Error::usage("a report needs sketches, each with a name"));
        }
        Some(name) => return Err(Error::usage(format!("two sketches are called {name}"))),
        None => {}
    }
    let threads = default_threads();
    let (report, fit) = estimate::of_sketches(names, sketches, confidence, threads)?;
    FullReport::new(FullParts {
        trend: None,
        reach: curves(&report, fit.as_ref(), sketches, threads)?,
        fit: fit.as_ref(),
        largest: largest(fit.as_ref(), sketches, confidence)?,
        estimate: report,
    })
}

/// The largest regions of more sides than one fit takes; `None` if a side has no sample.
fn largest(
    fit: Option<&Regions>,
    sketches: &[&Sketch],
    confidence: Confidence,
) -> Result<Option<LargestRegions>> {
    let has_samples = sketches.iter().all(|sketch| sketch.sample().is_some());
    (fit.is_none() && has_samples)
        .then(|| largest_regions(sketches, TOP, confidence))
        .transpose()
}

fn curves(
    report: &EstimateReport,
    fit: Option<&Regions>,
    sketches: &[&Sketch],
    threads: usize,
) -> Result<Vec<(&'static str, ReachReport)>> {
    let names: Vec<String> = report.sides.iter().map(|side| side.name.clone()).collect();
    let curve = |(name, order): (&'static str, ReachOrder)| {
        let steps = scan::pool(threads)?
            .install(|| reach_by(fit.cloned(), sketches, order, None, report.confidence))?;
        let curve = ReachReport {
            method: report.method,
            confidence: report.confidence,
            names: names.clone(),
            steps,
            tally: None,
            pages: PageChecks::default(),
            sources: Vec::new(),
            warnings: Vec::new(),
        };
        Ok((name, curve))
    };
    orders(sketches.len()).map(curve).collect()
}

/// The orders in which the reach of so many sides is shown. The greedy one takes as long as all
/// pairs; one or two sides make no curve.
fn orders(sides: usize) -> impl Iterator<Item = (&'static str, ReachOrder)> {
    /// Beyond, all pairs are most of the time that a report takes.
    const GREEDY_MAX: usize = 64;
    let given = (sides > 2).then_some(("given", ReachOrder::Given));
    let greedy = (sides > 2 && sides <= GREEDY_MAX).then_some(("greedy", ReachOrder::Greedy));
    given.into_iter().chain(greedy)
}

/// A report from a file of JSON; [`FullReport::from_json`] says which.
///
/// # Errors
/// [`crate::ErrorKind::Input`] with the file if it can't be read or holds no such report.
pub fn read_report(path: &Path) -> Result<FullReport> {
    /// The report of a thousand sides is a quarter of this.
    const BYTES_MAX: u64 = 1 << 28;
    let text = read_text(path, BYTES_MAX)?;
    FullReport::from_json(&text).map_err(|e| e.with("file", path.display()))
}

/// Writes a file, whole or not at all, unless it is one of the inputs.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] if it is an input, [`crate::ErrorKind::Output`] if it can't be written.
pub fn write_file(path: &Path, bytes: &[u8], sources: Option<&Sources>) -> Result<u64> {
    for side in sources.iter().flat_map(|sources| &sources.sides) {
        ensure_no_input(path, &side.files)?;
    }
    write_bytes(path, bytes)
}
