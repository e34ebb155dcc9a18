//! The main question: users, overlap and union of sides, from their sketches.

use super::inputs::Inputs;
use super::request::SketchRequest;
use super::spelling::warnings_of_report;
use super::{
    method, pairs_of, plan_warnings, result_warnings, segments, sketch_warnings, sketch_warnings_of,
};
use crate::analysis::{Expression, Regions, regions};
use crate::compare::{pair_counts, set_counts, union_counts};
use crate::error::{Error, Result, Setting};
use crate::estimate::{
    Confidence, Estimate, FrequencyCounts, FrequencyEstimate, PairCounts, PairEstimate,
    RegionCounts, SetCounts, contradicts, estimate_frequency, estimate_pair, estimate_set,
    probability_of_gain,
};
use crate::id::Tally;
use crate::report::{
    BreakEvenReport, EstimateReport, FormulaReport, Method, PairReport, SideReport, Warning,
};
use crate::scan::{self, Progress};
use crate::sketch::{RowCounts, Sketch};
use rayon::prelude::*;

/// Estimates the users of every side, the overlap of every two, and the union of all.
///
/// # Errors
/// Those of [`super::sketch_sides`].
pub fn estimate(request: &SketchRequest, progress: &dyn Progress) -> Result<EstimateReport> {
    if let Some(report) = super::noisy::estimate(request)? {
        return Ok(report);
    }
    answered(request, progress).map(|answered| answered.report)
}

/// A report, and what further questions about its sides need.
pub(super) struct Answered {
    pub(super) report: EstimateReport,
    pub(super) sketches: Vec<Sketch>,
    /// The one fit of all sides; `None` of more than eight.
    pub(super) fit: Option<Regions>,
}

/// [`estimate`], with the sketches that its numbers come from.
pub(super) fn answered(request: &SketchRequest, progress: &dyn Progress) -> Result<Answered> {
    request.check()?;
    let inputs = Inputs::open(&request.sources, request.options)?;
    answered_of(request, inputs, progress)
}

/// [`answered`], from inputs that are open.
pub(super) fn answered_of(
    request: &SketchRequest,
    inputs: Inputs,
    progress: &dyn Progress,
) -> Result<Answered> {
    let (sides, page_checks) = (inputs.side_plans(), inputs.page_checks());
    ensure_frequency_is_told(request, &inputs)?;
    let mut warnings = plan_warnings(&inputs.plan);
    let threads = request.sources.threads;
    let (sketches, rows, segments) = match request.division.by.is_empty() {
        true => {
            let counted = inputs.sketch(threads, request.frequency, progress)?;
            let (sketches, rows) = counted.into_iter().unzip();
            (sketches, rows, None)
        }
        false => {
            let (sketches, segments) = segments::by_segment(inputs, request, progress)?;
            (sketches, vec![None; sides.len()], Some(segments))
        }
    };
    let rows: Vec<Option<RowCounts>> = rows;
    let known = known_sizes(&sides, &sketches, request, &mut warnings);
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let fit = fit_of_few(&everyone, &known, request.confidence)?;
    let formulas = formulas(request, fit.as_ref())?;
    let break_even = break_even(request, &sketches, &known)?;
    let numbers = numbers(&everyone, &known, fit.as_ref(), request.confidence, threads)?;
    let side = |(i, side): (usize, SideReport)| {
        let (sketch, users) = (&sketches[i], numbers.users[i]);
        SideReport {
            unique: known[i].is_some(),
            held: sketch.is_listed(),
            frequency: rows[i]
                .as_ref()
                .and_then(|rows| frequency(sketch, rows, users, request)),
            tally: sketch.tally(),
            pages: page_checks(i),
            id_type: sketch.domain(),
            profile: sketch.profile().clone(),
            users,
            ..side
        }
    };
    let sides: Vec<SideReport> = sides.into_iter().enumerate().map(side).collect();
    warnings.extend(sketch_warnings(&sides, &sketches));
    let mut report = EstimateReport {
        method: method_used(&everyone),
        confidence: request.confidence,
        sides,
        pairs: numbers.pairs,
        union: numbers.union,
        formulas,
        break_even,
        segments,
        warnings,
    };
    report.warnings.extend(result_warnings(&report));
    let forms = form_warnings(&report, &sketches);
    report.warnings.extend(forms);
    Ok(Answered {
        report,
        sketches,
        fit,
    })
}

fn ensure_frequency_is_told(request: &SketchRequest, inputs: &Inputs) -> Result<()> {
    if !request.frequency || inputs.tables.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let error = Error::usage("sketches don't record how often users come");
    Err(error.hint([
        "leave out ".into(),
        Setting::Frequency.into(),
        ", or name the data files".into(),
    ]))
}

/// What the form of IDs hides: their spelling, and how other programs hashed them.
fn form_warnings(report: &EstimateReport, sketches: &[Sketch]) -> Vec<Warning> {
    let mut warnings = warnings_of_report(report, |side| sketches[side].spelling());
    warnings.extend(super::foreign::warnings(report, sketches));
    warnings
}

/// The one fit of up to eight sides; `None` of more.
fn fit_of_few(
    sketches: &[&Sketch],
    known: &[Option<u64>],
    confidence: Confidence,
) -> Result<Option<Regions>> {
    (sketches.len() <= RegionCounts::SETS_MAX)
        .then(|| regions(sketches, known, confidence))
        .transpose()
}

/// The report of sketches that were made elsewhere, under these names, with the one fit of up to eight.
pub(super) fn of_sketches(
    names: &[String],
    sketches: &[&Sketch],
    confidence: Confidence,
    threads: usize,
) -> Result<(EstimateReport, Option<Regions>)> {
    let known = vec![None; sketches.len()];
    let fit = fit_of_few(sketches, &known, confidence)?;
    let numbers = numbers(sketches, &known, fit.as_ref(), confidence, threads)?;
    let sides = names.iter().zip(sketches).zip(numbers.users);
    let side = |((name, sketch), users): ((&String, &&Sketch), Estimate)| SideReport {
        tally: sketch.tally(),
        ..SideReport::of_sketch(name, sketch.domain(), sketch.profile(), users)
    };
    let mut report = EstimateReport {
        method: method_used(sketches),
        confidence,
        sides: sides.map(side).collect(),
        pairs: numbers.pairs,
        union: numbers.union,
        formulas: Vec::new(),
        break_even: None,
        segments: None,
        warnings: Vec::new(),
    };
    report.warnings.extend(sketch_warnings_of(sketches));
    report.warnings.extend(result_warnings(&report));
    Ok((report, fit))
}

/// The size at which sketches are compared. What just one of several has, such as registers beside
/// theta sketches of another program, is compared with nothing and left out.
pub(super) fn method_used(sketches: &[&Sketch]) -> Method {
    let method = method(sketches.iter().copied());
    let Method::Sketch {
        precision,
        k,
        joint,
    } = method
    else {
        return method;
    };
    let least = sketches.len().min(2);
    let registers = sketches.iter().filter_map(|sketch| sketch.registers());
    let samples = sketches.iter().filter_map(|sketch| sketch.sample());
    let (registers, samples) = (registers.count(), samples.count());
    Method::Sketch {
        precision: precision.filter(|_| registers >= least),
        k: k.filter(|_| samples >= least),
        joint,
    }
}

/// Rows per user of one side.
fn frequency(
    sketch: &Sketch,
    rows: &RowCounts,
    users: Estimate,
    request: &SketchRequest,
) -> Option<FrequencyEstimate> {
    let sample = sketch.sample()?;
    Some(estimate_frequency(&FrequencyCounts {
        histogram: rows.histogram(sample),
        theta: sample.sampled_share(),
        rows: sketch.tally()?.ids(),
        users,
        confidence: request.confidence,
    }))
}

/// The probability that the first side gains more users by the second than the number asked about.
fn break_even(
    request: &SketchRequest,
    sketches: &[Sketch],
    known: &[Option<u64>],
) -> Result<Option<BreakEvenReport>> {
    let (Some(asked), [ours, partner]) = (request.break_even, sketches) else {
        return Ok(None);
    };
    let counts = PairCounts {
        known_a: known[0],
        known_b: known[1],
        ..pair_counts(ours, partner)?
    };
    Ok(Some(BreakEvenReport {
        asked,
        probability: probability_of_gain(&counts, asked.more_than),
    }))
}

/// Users of every set formula, from the same fit as everything else.
fn formulas(request: &SketchRequest, fit: Option<&Regions>) -> Result<Vec<FormulaReport>> {
    let sides = &request.sources.sides;
    let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
    let answer = |text: &String| {
        let formula = Expression::parse(text, &names)?;
        let fit = fit.ok_or_else(|| {
            let (sides, most) = (names.len(), RegionCounts::SETS_MAX);
            Error::usage(format!("{sides} sides, but formulas are of 1 to {most}"))
        })?;
        Ok(FormulaReport {
            text: text.clone(),
            users: fit.sum(|mask| formula.holds(mask)),
        })
    };
    request.formulas.iter().map(answer).collect()
}

/// Sizes of sides with one row a user, unless the sketch says otherwise.
pub(super) fn known_sizes(
    sides: &[SideReport],
    sketches: &[Sketch],
    request: &SketchRequest,
    warnings: &mut Vec<Warning>,
) -> Vec<Option<u64>> {
    let mut known = Vec::with_capacity(sketches.len());
    for (side, sketch) in sides.iter().zip(sketches) {
        let wanted = request.unique.contains(&side.name);
        let ids = (sketch.tally().map(Tally::ids)).filter(|_| wanted);
        let contradicted = |&ids: &u64| contradicts(&set_counts(sketch), ids);
        if let Some(ids) = ids.filter(contradicted) {
            warnings.push(Warning::NotUnique {
                side: side.name.clone(),
                ids,
            });
        }
        known.push(ids.filter(|ids| !contradicted(ids)));
    }
    known
}

/// Estimates everything about two sketches: sizes, overlap, union, shares and gains.
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

/// Users of all sides, of every two of them and of their union: up to eight sides from one fit, so
/// that all numbers add up; of more, each by itself.
fn numbers(
    sketches: &[&Sketch],
    known: &[Option<u64>],
    fit: Option<&Regions>,
    confidence: Confidence,
    threads: usize,
) -> Result<Numbers> {
    let pair = |(a, b): (usize, usize)| {
        let estimate = match fit.and_then(|fit| fit.pair(a, b)) {
            Some(pair) => pair,
            None => {
                let counts = PairCounts {
                    known_a: known[a],
                    known_b: known[b],
                    ..pair_counts(sketches[a], sketches[b])?
                };
                estimate_pair(&counts, confidence)
            }
        };
        Ok(PairReport { a, b, estimate })
    };
    let pairs = pairs_of(sketches.len());
    if let Some(fit) = fit {
        return Ok(Numbers {
            users: (0..sketches.len()).map(|side| fit.side(side)).collect(),
            pairs: pairs.map(pair).collect::<Result<_>>()?,
            union: fit.union(),
        });
    }
    let pairs: Vec<(usize, usize)> = pairs.collect();
    let pairs =
        scan::pool(threads)?.install(|| pairs.into_par_iter().map(pair).collect::<Result<_>>())?;
    let size = |(&sketch, &known): (&&Sketch, &Option<u64>)| {
        let counts = SetCounts {
            known,
            ..set_counts(sketch)
        };
        estimate_set(&counts, confidence)
    };
    let union = union_counts(sketches)?.map(|counts| estimate_set(&counts, confidence));
    Ok(Numbers {
        users: sketches.iter().zip(known).map(size).collect(),
        pairs,
        union: union.unwrap_or(Estimate::exact(0.0)),
    })
}
