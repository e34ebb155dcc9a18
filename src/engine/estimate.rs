//! The main job: sketches → report.

use super::request::SketchRequest;
use super::{pairs_of, plan_warnings, result_warnings, side_report, sketch};
use crate::compare::{pair_counts, set_counts, union_counts};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, PairEstimate, estimate_pair, estimate_set};
use crate::report::{EstimateReport, Method, PairReport};
use crate::scan::{Plan, Progress};
use crate::sketch::Sketch;

/// How many users has every side, how many share every two of them, how many do all reach?
///
/// # Errors
/// Those of [`super::sketch_sides`].
pub fn estimate(request: &SketchRequest, progress: &dyn Progress) -> Result<EstimateReport> {
    request.sources.check()?;
    let plan = Plan::new(&request.sources.sides, &request.sources.id)?;
    estimate_plan(&plan, request, progress)
}

pub(super) fn estimate_plan(
    plan: &Plan,
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<EstimateReport> {
    let threads = request.sources.threads;
    let sketches = sketch::sketch_plan(plan, threads, request.options, progress)?;
    let numbers = numbers(&sketches, request.confidence)?;
    let sides = plan.sides.iter().zip(&sketches).zip(numbers.users);
    let mut report = EstimateReport {
        method: Method::Sketch {
            precision: request.options.precision().get(),
            k: request.options.k(),
        },
        confidence: request.confidence,
        sides: sides
            .map(|((side, sketch), users)| side_report(side, sketch.tally(), users))
            .collect(),
        pairs: numbers.pairs,
        union: numbers.union,
        warnings: plan_warnings(plan),
    };
    report.warnings.extend(result_warnings(&report));
    Ok(report)
}

/// Everything that two sketches say about each other.
///
/// ```
/// use overlap::{Confidence, Sketch, SketchOptions, estimate_sketches, id::IdBatch};
///
/// let options = SketchOptions::default();
/// let shop = Sketch::of(IdBatch::Integers(&[1, 2, 3, 4]), options)?;
/// let pay = Sketch::of(IdBatch::Integers(&[3, 4, 5]), options)?;
/// let pair = estimate_sketches(&shop, &pay, Confidence::default())?;
/// assert_eq!((pair.overlap.value, pair.union.value), (2.0, 5.0));
/// assert!(pair.exact);
/// # Ok::<(), overlap::Error>(())
/// ```
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if the IDs are of different domains.
pub fn estimate_sketches(a: &Sketch, b: &Sketch, confidence: Confidence) -> Result<PairEstimate> {
    Ok(estimate_pair(&pair_counts(a, b)?, confidence))
}

struct Numbers {
    users: Vec<Estimate>,
    pairs: Vec<PairReport>,
    union: Estimate,
}

fn numbers(sketches: &[Sketch], confidence: Confidence) -> Result<Numbers> {
    let pairs = pairs_of(sketches.len())
        .map(|(a, b)| {
            let estimate = estimate_sketches(&sketches[a], &sketches[b], confidence)?;
            Ok(PairReport { a, b, estimate })
        })
        .collect::<Result<Vec<_>>>()?;
    // Two sides: all numbers from the one fit, so that they add up.
    if let (2, [pair]) = (sketches.len(), &pairs[..]) {
        let PairEstimate { a, b, union, .. } = pair.estimate;
        return Ok(Numbers {
            users: vec![a, b],
            pairs,
            union,
        });
    }
    let users = sketches
        .iter()
        .map(|sketch| estimate_set(&set_counts(sketch), confidence));
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let union = union_counts(&everyone)?.map_or(Estimate::exact(0.0), |counts| {
        estimate_set(&counts, confidence)
    });
    Ok(Numbers {
        users: users.collect(),
        pairs,
        union,
    })
}
