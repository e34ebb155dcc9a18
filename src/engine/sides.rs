//! Questions about many sides: matrix, reach, trend.

use super::days::by_day;
use super::estimate::method_used;
use super::inputs::{Division, Inputs};
use super::request::Sources;
use super::sketch_warnings_of;
use super::spelling::warnings_of_sketches;
use crate::analysis::{self, ReachOrder};
use crate::compare::set_counts;
use crate::error::{Error, Result, Setting};
use crate::estimate::{Confidence, estimate_set};
use crate::format::SketchTable;
use crate::id::{PageChecks, Tally};
use crate::report::{
    MatrixReport, Method, ReachReport, SourceReport, TrendReport, TrendUnit, Warning,
};
use crate::scan::{self, Progress};
use crate::sketch::{Sketch, SketchOptions};
use std::collections::BTreeSet;

/// A question about many sides, or about the segments of some.
#[derive(Clone, Debug)]
pub struct SidesRequest {
    /// Whose data and sketches.
    pub sources: Sources,
    /// The size of sketches of data.
    pub options: SketchOptions,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// Each segment is a side of its own.
    pub division: Division,
}

/// The sketches of a request's sides, and what is known of them.
struct Answers {
    names: Vec<String>,
    tables: Vec<SketchTable>,
    method: Method,
    tally: Option<Tally>,
    pages: PageChecks,
    sources: Vec<SourceReport>,
    warnings: Vec<Warning>,
}

/// Estimates the overlap of every two of many sides.
///
/// # Errors
/// Those of [`super::sketch_segments`].
pub fn matrix(request: &SidesRequest, progress: &dyn Progress) -> Result<MatrixReport> {
    let inputs = Inputs::open(&request.sources, request.options)?;
    matrix_of(request, inputs, progress)
}

/// [`matrix`], from inputs that are open.
pub(super) fn matrix_of(
    request: &SidesRequest,
    inputs: Inputs,
    progress: &dyn Progress,
) -> Result<MatrixReport> {
    let answers = answers_of(request, inputs, progress)?;
    let (names, everyone) = named(&answers, &request.division);
    let pool = scan::pool(request.sources.threads)?;
    let matrix = pool.install(|| analysis::matrix(&everyone, request.confidence))?;
    Ok(MatrixReport {
        method: answers.method,
        confidence: request.confidence,
        names,
        matrix,
        tally: answers.tally,
        pages: answers.pages,
        sources: answers.sources,
        warnings: answers.warnings,
    })
}

/// Estimates how reach grows as sides are added, in the given order or with the side that adds the most
/// new users next. `base` is the name of the side to begin with.
///
/// # Errors
/// Those of [`super::sketch_segments`], and [`crate::ErrorKind::Usage`] if no side is called `base`.
pub fn reach(
    request: &SidesRequest,
    order: ReachOrder,
    base: Option<&str>,
    progress: &dyn Progress,
) -> Result<ReachReport> {
    let answers = answers(request, progress)?;
    let (names, everyone) = named(&answers, &request.division);
    let base = base.map(|base| {
        let found = names.iter().position(|name| name == base);
        found.ok_or_else(|| {
            Error::usage(format!("no side is called {base}"))
                .hint(format!("the sides are {}", names.join(", ")))
        })
    });
    let base = base.transpose()?;
    let pool = scan::pool(request.sources.threads)?;
    let steps = pool.install(|| analysis::reach(&everyone, order, base, request.confidence))?;
    Ok(ReachReport {
        method: answers.method,
        confidence: request.confidence,
        names,
        steps,
        tally: answers.tally,
        pages: answers.pages,
        sources: answers.sources,
        warnings: answers.warnings,
    })
}

/// Estimates users, reach, returning users and overlap from day to day. The division has one column, the day, or
/// three: year, month and day. By year and month it is from month to month.
///
/// # Errors
/// Those of [`super::sketch_segments`]; [`crate::ErrorKind::Usage`] for other segment columns, or if
/// their values are no days.
pub fn trend(
    request: &SidesRequest,
    windows: &[u16],
    progress: &dyn Progress,
) -> Result<TrendReport> {
    let unit = match request.division.by.len() {
        1 | 3 => TrendUnit::Day,
        2 => TrendUnit::Month,
        _ => {
            return Err(Error::usage("a trend needs the column of the day").hint([
                "name it with ".into(),
                Setting::By.into(),
                ", such as ".into(),
                Setting::By.to("day"),
                " or ".into(),
                Setting::By.to("year,month,day"),
            ]));
        }
    };
    let Answers {
        names,
        tables,
        method,
        tally,
        pages,
        sources,
        mut warnings,
    } = answers(request, progress)?;
    let mut sides = Vec::with_capacity(names.len());
    for (name, table) in names.iter().zip(tables) {
        let (days, without) = by_day(table, unit).map_err(|e| e.with("side", name))?;
        warnings.extend(without.map(|rows| Warning::NoDay {
            side: name.clone(),
            rows,
        }));
        sides.push(days);
    }
    let mut seen = BTreeSet::new();
    let windows: Vec<u16> = windows
        .iter()
        .copied()
        .filter(|&w| seen.insert(w))
        .collect();
    let days = analysis::trend(&sides, &windows, request.confidence)?;
    Ok(TrendReport {
        unit,
        method,
        confidence: request.confidence,
        names,
        windows,
        days,
        tally,
        pages,
        sources,
        warnings,
    })
}

/// The sketches of the request's sides, by segment if it says so.
fn answers(request: &SidesRequest, progress: &dyn Progress) -> Result<Answers> {
    answers_of(
        request,
        Inputs::open(&request.sources, request.options)?,
        progress,
    )
}

fn answers_of(request: &SidesRequest, inputs: Inputs, progress: &dyn Progress) -> Result<Answers> {
    let sides = inputs.plan.sides.iter();
    let names: Vec<String> = sides.map(|side| side.name.clone()).collect();
    let mut warnings = super::plan_warnings(&inputs.plan);
    let mut sources = super::source_reports(&inputs.plan);
    let page_checks = inputs.page_checks();
    let tables = inputs.sketch_by(&request.division, request.sources.threads, progress)?;
    let checks: Vec<PageChecks> = (0..names.len()).map(page_checks).collect();
    super::tell_filters(&mut sources, |side| checks[side].clone());
    let with_checks = names.iter().zip(&checks);
    warnings.extend(super::nulls_warnings(with_checks));
    let sides = names.iter().zip(&tables);
    warnings.extend(sides.filter_map(|(name, table)| no_users(name, table, request.confidence)));
    let first = tables.iter().filter_map(|table| table.values().first());
    super::tell_held(&mut sources, first);
    let every: Vec<&Sketch> = tables.iter().flat_map(SketchTable::values).collect();
    warnings.extend(sketch_warnings_of(&every));
    warnings.extend(spelling(&names, &tables, request.confidence)?);
    let mut pages = PageChecks::default();
    checks.iter().for_each(|checks| pages += checks.clone());
    Ok(Answers {
        method: method_used(&every),
        tally: tally(&every),
        names,
        tables,
        pages,
        sources,
        warnings,
    })
}

/// Warnings about the spelling of whole sides; none for more sides than people compare one by one.
fn spelling(
    names: &[String],
    tables: &[SketchTable],
    confidence: Confidence,
) -> Result<Vec<Warning>> {
    const SIDES_MAX: usize = 16;
    if names.len() > SIDES_MAX {
        return Ok(Vec::new());
    }
    let whole = |table: &SketchTable| -> Result<Option<Sketch>> {
        let mut whole: Option<Sketch> = None;
        for sketch in table.values() {
            match &mut whole {
                Some(whole) => whole.merge(sketch)?,
                None => whole = Some(sketch.clone()),
            }
        }
        Ok(whole)
    };
    let sketches: Option<Vec<Sketch>> = tables.iter().map(whole).collect::<Result<_>>()?;
    match sketches {
        Some(sketches) => warnings_of_sketches(names, &sketches, confidence),
        None => Ok(Vec::new()),
    }
}

fn tally(sketches: &[&Sketch]) -> Option<Tally> {
    sketches.iter().map(|sketch| sketch.tally()).sum()
}

/// A warning if no segment of a side has a user.
fn no_users(side: &str, table: &SketchTable, confidence: Confidence) -> Option<Warning> {
    let users = |sketch: &Sketch| estimate_set(&set_counts(sketch), confidence);
    let mut sketches = table.values().iter();
    let empty = sketches.all(|sketch| users(sketch).upper == 0.0);
    let every: Vec<&Sketch> = table.values().iter().collect();
    empty.then(|| Warning::NoUsers {
        side: side.to_owned(),
        rows: tally(&every).map_or(0, |tally| tally.rows),
    })
}

/// Every segment as a side of its own, by its name.
fn named<'a>(answers: &'a Answers, division: &Division) -> (Vec<String>, Vec<&'a Sketch>) {
    named_of(&answers.names, &answers.tables, division)
}

/// The sides of these names, each segment by itself.
pub(super) fn named_of<'a>(
    sides: &[String],
    tables: &'a [SketchTable],
    division: &Division,
) -> (Vec<String>, Vec<&'a Sketch>) {
    let mut names = Vec::new();
    for (side, table) in sides.iter().zip(tables) {
        for row in 0..table.values().len() {
            let label = table.label(row);
            names.push(match (&division.by[..], sides.len()) {
                ([], _) => side.clone(),
                (_, 1) => label,
                _ => format!("{side}/{label}"),
            });
        }
    }
    let sketches = tables.iter().flat_map(SketchTable::values);
    (names, sketches.collect())
}
