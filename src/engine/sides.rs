//! Questions about many sides: matrix, reach, trend.

use super::inputs::{Division, Inputs};
use super::request::Sources;
use super::{method, sketch_warnings_of};
use crate::analysis::{self, Days, ReachOrder};
use crate::error::{Error, Result};
use crate::estimate::Confidence;
use crate::format::SketchTable;
use crate::report::{MatrixReport, ReachReport, TrendReport, Warning};
use crate::scan::{self, Progress};
use crate::sketch::{Sketch, SketchOptions};
use arrow::array::{Array, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Date32Type};

/// A question about many sides, or about the segments of some.
#[derive(Clone, Debug)]
pub struct SidesRequest {
    /// Whose data and sketches.
    pub sources: Sources,
    /// How large the sketches of data are.
    pub options: SketchOptions,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// Each segment is a side of its own.
    pub division: Division,
}

/// Sides by name.
struct Named {
    names: Vec<String>,
    sketches: Vec<Sketch>,
    warnings: Vec<Warning>,
}

/// How many users do every two sides share?
///
/// # Errors
/// Those of [`super::sketch_segments`].
pub fn matrix(request: &SidesRequest, progress: &dyn Progress) -> Result<MatrixReport> {
    let sides = named(request, progress)?;
    let everyone: Vec<&Sketch> = sides.sketches.iter().collect();
    let pool = scan::pool(request.sources.threads)?;
    let matrix = pool.install(|| analysis::matrix(&everyone, request.confidence))?;
    Ok(MatrixReport {
        method: method(&sides.sketches),
        confidence: request.confidence,
        names: sides.names,
        matrix,
        warnings: sides.warnings,
    })
}

/// How many users do ever more sides reach together, and which adds most next? `base` is the name of
/// the side to begin with.
///
/// # Errors
/// Those of [`super::sketch_segments`], and [`crate::ErrorKind::Usage`] if no side is called `base`.
pub fn reach(
    request: &SidesRequest,
    order: ReachOrder,
    base: Option<&str>,
    progress: &dyn Progress,
) -> Result<ReachReport> {
    let sides = named(request, progress)?;
    let base = base.map(|base| {
        let found = sides.names.iter().position(|name| name == base);
        found.ok_or_else(|| {
            Error::usage(format!("no side is called {base}"))
                .hint(format!("the sides are {}", sides.names.join(", ")))
        })
    });
    let base = base.transpose()?;
    let everyone: Vec<&Sketch> = sides.sketches.iter().collect();
    let pool = scan::pool(request.sources.threads)?;
    let steps = pool.install(|| analysis::reach(&everyone, order, base, request.confidence))?;
    Ok(ReachReport {
        method: method(&sides.sketches),
        confidence: request.confidence,
        names: sides.names,
        steps,
        warnings: sides.warnings,
    })
}

/// How do reach, retention and overlap go from day to day? The division has one column: the day.
///
/// # Errors
/// Those of [`super::sketch_segments`]; [`crate::ErrorKind::Usage`] if there is more than one segment
/// column, or if its values are no days.
pub fn trend(
    request: &SidesRequest,
    windows: &[u16],
    progress: &dyn Progress,
) -> Result<TrendReport> {
    if request.division.by.len() != 1 {
        return Err(Error::usage("a trend needs one column: the day")
            .hint("name it with --by, such as --by day"));
    }
    let inputs = Inputs::open(&request.sources, request.options)?;
    let names: Vec<String> = inputs
        .plan
        .sides
        .iter()
        .map(|side| side.name.clone())
        .collect();
    let mut warnings = super::plan_warnings(&inputs.plan);
    let page_checks = inputs.page_checks();
    let tables = inputs.sketch_by(&request.division, request.sources.threads, progress)?;
    let checks = (0..names.len()).map(page_checks);
    warnings.extend(super::nulls_warnings(names.iter().zip(checks)));
    let mut sides = Vec::with_capacity(tables.len());
    for (name, table) in names.iter().zip(tables) {
        let (days, without) = by_day(table).map_err(|e| e.with("side", name))?;
        warnings.extend(without.map(|rows| Warning::NoDay {
            side: name.clone(),
            rows,
        }));
        sides.push(days);
    }
    let every: Vec<&Sketch> = sides.iter().flat_map(Days::values).collect();
    warnings.extend(sketch_warnings_of(&every));
    let method = method(every);
    let days = analysis::trend(&sides, windows, request.confidence)?;
    Ok(TrendReport {
        method,
        confidence: request.confidence,
        names,
        windows: windows.to_vec(),
        days,
        warnings,
    })
}

/// The sketches of the request's sides, or of their segments.
fn named(request: &SidesRequest, progress: &dyn Progress) -> Result<Named> {
    let inputs = Inputs::open(&request.sources, request.options)?;
    let sides: Vec<String> = inputs
        .plan
        .sides
        .iter()
        .map(|side| side.name.clone())
        .collect();
    let mut warnings = super::plan_warnings(&inputs.plan);
    let page_checks = inputs.page_checks();
    let tables = inputs.sketch_by(&request.division, request.sources.threads, progress)?;
    let checks = (0..sides.len()).map(page_checks);
    warnings.extend(super::nulls_warnings(sides.iter().zip(checks)));
    let mut names = Vec::new();
    let mut sketches = Vec::new();
    for (side, table) in sides.iter().zip(tables) {
        for row in 0..table.values().len() {
            let label = table.label(row);
            names.push(match (&request.division.by[..], sides.len()) {
                ([], _) => side.clone(),
                (_, 1) => label,
                _ => format!("{side}/{label}"),
            });
        }
        sketches.extend(table.into_values());
    }
    let every: Vec<&Sketch> = sketches.iter().collect();
    warnings.extend(sketch_warnings_of(&every));
    Ok(Named {
        names,
        sketches,
        warnings,
    })
}

/// A table of days as such, and the rows that have no day.
fn by_day(table: SketchTable) -> Result<(Days, Option<u64>)> {
    let Some(column) = table.columns().columns().first() else {
        return Ok((Days::new(), None));
    };
    let found = column.data_type();
    if found.is_numeric() || matches!(found, DataType::Boolean | DataType::Binary) {
        return Err(Error::usage(format!(
            "column {} of type {found} holds no days",
            table.names().join(", ")
        ))
        .hint("cast it to a date, or to text such as 2026-11-23"));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let dates = cast_with_options(column, &DataType::Date32, &options).map_err(|e| {
        Error::usage(format!(
            "not all values of column {} are days: {e}",
            table.names().join(", ")
        ))
        .hint("days are dates, or text such as 2026-11-23")
    })?;
    let dates = dates.as_primitive::<Date32Type>().clone();
    let mut days = Days::new();
    let mut without = None;
    for (row, sketch) in table.into_values().into_iter().enumerate() {
        if dates.is_null(row) {
            without = Some(sketch.tally().map_or(0, |tally| tally.rows));
            continue;
        }
        // Moments of one day are one day.
        match days.entry(dates.value(row)) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(sketch);
            }
            std::collections::btree_map::Entry::Occupied(mut day) => {
                day.get_mut().merge(&sketch)?;
            }
        }
    }
    Ok((days, without))
}
