//! The report of `overlap exact` with noise: numbers that may be published.
//!
//! Everything in the report is a function of one vector of counts with noise, or doesn't depend on who the users are.

use super::budget::Budget;
use super::exact::count;
use super::inputs::plan_of_data;
use super::private::seeded;
use super::request::{ExactMemory, ExactRequest, Sources};
use super::store::ensure_no_input;
use super::{pairs_of, plan_warnings, side_report};
use crate::error::{Error, Result};
use crate::estimate::{Confidence, NoisyRegions};
use crate::exact::ExactCounts;
use crate::private::Random;
use crate::report::{EstimateReport, Method, PairReport, SideReport, Warning};
use crate::scan::{Plan, Progress};
use crate::sketch::NoisyGrid;

/// A job that counts and adds noise.
#[derive(Clone, Debug)]
pub struct NoisyExactRequest {
    /// Whose data; up to [`NoisyRegions::SIDES_MAX`] sides.
    pub sources: Sources,
    /// Where the IDs may be kept.
    pub memory: ExactMemory,
    /// ε, from 0.01 to 10: how much all numbers together may depend on one user.
    pub epsilon: f64,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// The ledger of these users, if there is one.
    pub budget: Option<Budget>,
}

/// By how much one user changes all regions together: one of them is left, another entered.
const SENSITIVITY: u64 = 2;

/// Counts as [`super::exact`] does, and adds discrete Laplace noise of scale 2/ε to the users of every exclusive region: all numbers
/// together are ε-differentially private for everything that the data has of one user. Rows, nulls and all else that users could be
/// told from aren't in the report.
///
/// # Errors
/// Those of [`super::exact`]; [`crate::ErrorKind::Usage`] for an ε out of range or too many sides,
/// [`crate::ErrorKind::Refused`] if the budget has no room, [`crate::ErrorKind::Output`] if the ledger can't be written.
pub fn exact_noisy(request: &NoisyExactRequest, progress: &dyn Progress) -> Result<EstimateReport> {
    let millionths = NoisyGrid::millionths(request.epsilon)?;
    let sides = &request.sources.sides;
    let most = NoisyRegions::SIDES_MAX;
    if sides.len() > most {
        let error = Error::usage(format!(
            "{} sides, but at most {most} can be counted with noise",
            sides.len()
        ));
        return Err(
            error.hint("ask of fewer sides: every combination of them gets noise of its own")
        );
    }
    let epsilon = millionths as f64 / 1e6;
    if let Some(budget) = &request.budget {
        let mut files = sides.iter().map(|side| &side.files);
        files.try_for_each(|files| ensure_no_input(&budget.file, files))?;
        budget.ensure_room(epsilon)?;
    }
    let plan = plan_of_data(&request.sources)?;
    let plain = ExactRequest {
        sources: request.sources.clone(),
        memory: request.memory.clone(),
    };
    let counted = count(&plan, &plain, progress)?;
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    let what = format!("numbers of {}", names.join(", "));
    let budget = request.budget.as_ref();
    // Nothing is drawn, and so nothing known to anybody, before it is in the ledger.
    let left = budget
        .map(|budget| budget.spend(epsilon, &what))
        .transpose()?;
    let mut report = noisy_report(&plan, &counted.counts, millionths, request, &mut seeded()?);
    report.warnings.push(Warning::Spent {
        millionths,
        left_millionths: left.map(|left| (left * 1e6).round() as u64),
    });
    Ok(report)
}

fn noisy_report(
    plan: &Plan,
    counts: &ExactCounts,
    millionths: u64,
    request: &NoisyExactRequest,
    random: &mut Random,
) -> EstimateReport {
    let sides = plan.sides.len();
    let mut regions = noisy_regions(counts, sides, millionths, request.confidence, random);
    let mut side = |(place, plan)| SideReport {
        // How many rows a condition took would tell of users without noise.
        filter: None,
        users: regions.sum(|mask| mask >> place & 1 == 1),
        ..side_report(plan)
    };
    let reported = plan.sides.iter().enumerate().map(&mut side).collect();
    let mut pair = |(a, b)| PairReport {
        a,
        b,
        estimate: regions.pair(a, b),
    };
    let pairs = pairs_of(sides).map(&mut pair).collect();
    EstimateReport {
        method: Method::NoisyCount { millionths },
        confidence: request.confidence,
        sides: reported,
        pairs,
        union: regions.sum(|_| true),
        formulas: Vec::new(),
        break_even: None,
        segments: None,
        warnings: plan_warnings(plan),
    }
}

/// Every region with noise, the empty ones too: which of them are empty is nobody's business either.
fn noisy_regions(
    counts: &ExactCounts,
    sides: usize,
    millionths: u64,
    confidence: Confidence,
    random: &mut Random,
) -> NoisyRegions {
    let denominator = SENSITIVITY * 1_000_000;
    let noisy: Vec<i64> = (1..1_u64 << sides)
        .map(|mask| {
            let users = i64::try_from(counts.region(mask)).unwrap_or(i64::MAX);
            users.saturating_add(random.laplace(millionths, denominator))
        })
        .collect();
    let rate = millionths as f64 / denominator as f64;
    NoisyRegions::new(sides, &noisy, rate, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::{ExactCounter, ExactOptions};
    use crate::id::{IdBatch, IdSink};

    /// Three sides of thousands of users, some regions of which are empty.
    fn counts() -> ExactCounts {
        let mut options = ExactOptions::new(64 << 20);
        options.threads = 1;
        let counter = ExactCounter::new(3, &options).expect("enough memory");
        let sides = [0..4_000_i64, 3_000..5_000, 3_500..3_600];
        let sinks = sides.into_iter().enumerate().map(|(side, users)| {
            let ids: Vec<i64> = users.collect();
            let mut sink = counter.sink(side);
            sink.push(IdBatch::Integers(&ids)).expect("pushes");
            sink
        });
        let sinks = sinks.collect();
        counter.finish(sinks).expect("counts")
    }

    /// Of 1,000 intervals each 950 are expected to hold the truth; discreteness makes it a few more. Errors are those
    /// that were computed: 2 q / (1 − q)² a region.
    #[test]
    fn intervals_hold_the_truth_and_errors_are_as_computed() {
        const TRIALS: u32 = 1_000;
        let counts = counts();
        let mut random = Random::new([11; 32]);
        for millionths in [1_000_000, 250_000] {
            let (mut held, mut held_share, mut squares) = (0, 0, 0.0);
            for _ in 0..TRIALS {
                let mut regions =
                    noisy_regions(&counts, 3, millionths, Confidence::default(), &mut random);
                let pair = regions.pair(0, 1);
                let holds = |number: crate::estimate::Estimate, truth: f64| {
                    u32::from((number.lower..=number.upper).contains(&truth))
                };
                held += holds(pair.overlap, 1_000.0);
                held_share += holds(pair.share_of_b, 0.5);
                let first = regions.sum(|mask| mask == 1);
                squares += (first.value - 3_000.0).powi(2);
            }
            assert!((925..=985).contains(&held), "{millionths}: {held}");
            assert!(held_share >= 925, "{millionths}: {held_share}");
            let q = (-(millionths as f64) / 2e6).exp();
            let sigma = (2.0 * q).sqrt() / (1.0 - q);
            let ratio = (squares / f64::from(TRIALS)).sqrt() / sigma;
            // Two empty regions are held at zero, and their negative noise is taken from the others.
            assert!((0.85..1.15).contains(&ratio), "{millionths}: {ratio}");
        }
    }
}
