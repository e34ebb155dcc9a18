//! Answers one question by sketches, by counting and by textbook methods.

use super::estimate::answered;
use super::inputs::plan_of_data;
use super::request::{ExactMemory, ExactRequest, SketchRequest};
use super::space::hash_of;
use super::{exact, limits};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{registers_blob, sample_blob};
use crate::hash::HashScheme;
use crate::key::Key;
use crate::report::{EstimateReport, RunCost, VerifyReport};
use crate::scan::{self, Plan, Progress};
use crate::sketch::Sketch;
use crate::textbook::{PlusSink, TextbookAnswers, minhash};
use std::time::Instant;

/// Answers one question by sketches, by counting and by two textbook methods, and says what each
/// cost. The data is read three times.
///
/// # Errors
/// Those of [`super::estimate`] and [`super::exact`].
pub fn verify(
    request: &SketchRequest,
    memory: &ExactMemory,
    progress: &dyn Progress,
) -> Result<VerifyReport> {
    let plan = plan_of_data(&request.sources)?;
    let (answered, estimate_run) = measured(|| answered(request, progress))?;
    let exact_request = ExactRequest {
        sources: request.sources.clone(),
        memory: memory.clone(),
    };
    let (exact, exact_run) = measured(|| exact::exact_plan(&plan, &exact_request, progress))?;
    let threads = request.sources.threads;
    let hash = hash_of(&request.sources, request.options.hash())?;
    let key = request.sources.key.as_ref();
    let (plus, plus_run) = measured(|| plus(&plan, (hash, key), threads, progress))?;
    // Data is sketched with both parts.
    let minhash = minhash(&answered.sketches)?
        .ok_or_else(|| Error::new(ErrorKind::Internal, "a sketch of data without a sample"))?;
    let rows = rows(&exact);
    Ok(VerifyReport {
        sketch_bytes: answered.sketches.iter().map(stored_bytes).sum(),
        estimate_cost: estimate_run.cost(rows),
        exact_cost: exact_run.cost(rows),
        plus_cost: plus_run.cost(rows),
        estimate: answered.report,
        exact,
        plus,
        minhash,
    })
}

/// What HyperLogLog++ says of the same IDs.
fn plus(
    plan: &Plan,
    (hash, key): (HashScheme, Option<&Key>),
    threads: usize,
    progress: &dyn Progress,
) -> Result<TextbookAnswers> {
    let new = |_: usize| PlusSink::new(hash, key.cloned());
    let scanned = scan::scan(plan, threads, &new, progress)?;
    PlusSink::answers(scanned.into_iter().map(|side| side.sinks).collect())
}

/// Bytes of registers and sample in a sketch file.
fn stored_bytes(sketch: &Sketch) -> u64 {
    let parts = [registers_blob(sketch), sample_blob(sketch)];
    parts.iter().flatten().map(|part| part.len() as u64).sum()
}

fn rows(report: &EstimateReport) -> u64 {
    let sides = report.sides.iter();
    sides.filter_map(|side| Some(side.tally?.rows)).sum()
}

/// Time and memory of a run.
struct Run {
    seconds: f64,
    peak_memory_bytes: Option<u64>,
}

impl Run {
    const fn cost(&self, rows: u64) -> RunCost {
        RunCost {
            seconds: self.seconds,
            rows,
            peak_memory_bytes: self.peak_memory_bytes,
        }
    }
}

fn measured<T>(run: impl FnOnce() -> Result<T>) -> Result<(T, Run)> {
    limits::reset_peak_memory();
    let start = Instant::now();
    let answer = run()?;
    let run = Run {
        seconds: start.elapsed().as_secs_f64(),
        peak_memory_bytes: limits::peak_memory_bytes(),
    };
    Ok((answer, run))
}
