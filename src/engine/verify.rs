//! Estimate and truth side by side.

use super::inputs::plan_of_data;
use super::request::{ExactMemory, ExactRequest, SketchRequest};
use super::{estimate, exact, limits};
use crate::error::Result;
use crate::report::{EstimateReport, RunCost, VerifyReport};
use crate::scan::Progress;
use std::time::Instant;

/// Answers one question twice, by sketches and by counting, and says what each cost.
///
/// # Errors
/// Those of [`super::estimate`] and [`super::exact`].
pub fn verify(
    request: &SketchRequest,
    memory: &ExactMemory,
    progress: &dyn Progress,
) -> Result<VerifyReport> {
    let plan = plan_of_data(&request.sources)?;
    let (estimate, estimate_cost) = measured(|| estimate(request, progress))?;
    let exact_request = ExactRequest {
        sources: request.sources.clone(),
        memory: memory.clone(),
    };
    let (exact, exact_cost) = measured(|| exact::exact_plan(&plan, &exact_request, progress))?;
    Ok(VerifyReport {
        estimate,
        estimate_cost,
        exact,
        exact_cost,
    })
}

fn measured(run: impl FnOnce() -> Result<EstimateReport>) -> Result<(EstimateReport, RunCost)> {
    limits::reset_peak_memory();
    let start = Instant::now();
    let report = run()?;
    let cost = RunCost {
        seconds: start.elapsed().as_secs_f64(),
        rows: report
            .sides
            .iter()
            .filter_map(|side| Some(side.tally?.rows))
            .sum(),
        peak_memory_bytes: limits::peak_memory_bytes(),
    };
    Ok((report, cost))
}
