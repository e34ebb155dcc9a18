//! The report of `overlap estimate` with exact numbers, by counting.

use super::inputs::plan_of_data;
use super::request::ExactRequest;
use super::spelling::{SpeltSink, warnings_of_report};
use super::{pairs_of, plan_warnings, result_warnings, side_report};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, PairCounts, SampleCounts, estimate_pair};
use crate::exact::{ExactCounter, ExactCounts, ExactOptions, ExactSink};
use crate::id::Tally;
use crate::report::{EstimateReport, Method, PairReport, SideReport};
use crate::scan::{self, Plan, Progress, SidePlan, SideScan};
use crate::spelling::Spelling;

/// Counts what [`super::estimate`] estimates: integers by value, text and binary values by a
/// 128-bit hash.
///
/// # Errors
/// Those of [`super::estimate`], [`crate::ErrorKind::Limit`] for less memory than
/// [`ExactCounter::new`] asks for, and [`crate::ErrorKind::Output`] if IDs that memory has no room
/// for can't be written to a temporary file.
pub fn exact(request: &ExactRequest, progress: &dyn Progress) -> Result<EstimateReport> {
    let plan = plan_of_data(&request.sources)?;
    exact_plan(&plan, request, progress)
}

pub(super) fn exact_plan(
    plan: &Plan,
    request: &ExactRequest,
    progress: &dyn Progress,
) -> Result<EstimateReport> {
    let Counted {
        tallies,
        spellings,
        counts,
    } = count(plan, request, progress)?;
    let users = |side: usize| Estimate::exact(counts.users(side) as f64);
    let sides = plan.sides.iter().zip(tallies).enumerate();
    let mut report = EstimateReport {
        method: Method::Exact,
        confidence: Confidence::default(),
        sides: sides
            .map(|(i, (side, tally))| SideReport {
                users: users(i),
                tally: Some(tally),
                pages: side.page_checks()(),
                ..side_report(side)
            })
            .collect(),
        pairs: pairs_of(plan.sides.len())
            .map(|(a, b)| pair(&counts, a, b))
            .collect(),
        union: Estimate::exact(counts.union() as f64),
        formulas: Vec::new(),
        break_even: None,
        segments: None,
        warnings: plan_warnings(plan),
    };
    report.warnings.extend(result_warnings(&report));
    let spelling = warnings_of_report(&report, |side| spellings[side].as_ref());
    report.warnings.extend(spelling);
    Ok(report)
}

/// What was read of each side, how its IDs are written, and the users of every region.
pub(super) struct Counted {
    tallies: Vec<Tally>,
    spellings: Vec<Option<Spelling>>,
    pub(super) counts: ExactCounts,
}

/// Reads and counts, and says nothing yet.
pub(super) fn count(
    plan: &Plan,
    request: &ExactRequest,
    progress: &dyn Progress,
) -> Result<Counted> {
    let threads = request.sources.threads;
    let options = ExactOptions {
        memory_limit_bytes: request.memory.limit_bytes,
        temp_dir: request.memory.temp_dir.clone(),
        threads,
        // 0 where that isn't known.
        rows_expected: plan
            .sides
            .iter()
            .map(SidePlan::rows)
            .sum::<Option<u64>>()
            .unwrap_or(0),
    };
    let counter = ExactCounter::new(plan.sides.len(), &options)?;
    let new = |side| Ok(SpeltSink::new(counter.sink(side)));
    let scanned = scan::scan(plan, threads, &new, progress)?;
    let (tallies, sinks, spellings) = apart(scanned);
    let counts = scan::pool(threads)?.install(|| counter.finish(sinks))?;
    Ok(Counted {
        tallies,
        spellings,
        counts,
    })
}

/// What was read of each side, all sinks, and how each side's IDs are written.
fn apart(scanned: Vec<SideScan<SpeltSink>>) -> (Vec<Tally>, Vec<ExactSink>, Vec<Option<Spelling>>) {
    let (mut tallies, mut sinks, mut spellings) = (Vec::new(), Vec::new(), Vec::new());
    for side in scanned {
        tallies.push(side.tally);
        let mut whole: Option<Spelling> = None;
        for (sink, spelling) in side.sinks.into_iter().map(SpeltSink::finish) {
            sinks.push(sink);
            match &mut whole {
                Some(whole) => whole.merge(&spelling),
                None => whole = Some(spelling),
            }
        }
        spellings.push(whole);
    }
    (tallies, sinks, spellings)
}

/// Counting is a sample that is the whole set.
fn pair(counts: &ExactCounts, a: usize, b: usize) -> PairReport {
    let both = counts.overlap(a, b);
    let sample = SampleCounts {
        only_a: counts.users(a) - both,
        only_b: counts.users(b) - both,
        both,
        theta: 1.0,
        theta_a: 1.0,
        theta_b: 1.0,
        above_a: 0,
        above_b: 0,
        chance_matches: 0.0,
    };
    let counts = PairCounts {
        sample: Some(sample),
        ..PairCounts::default()
    };
    PairReport {
        a,
        b,
        estimate: estimate_pair(&counts, Confidence::default()),
    }
}
