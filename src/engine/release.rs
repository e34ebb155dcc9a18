//! Questions whose answers honour policies: only numbers that may be said, and none from which another follows.

use super::estimate::{answered_of, known_sizes};
use super::inputs::Inputs;
use super::request::{SketchRequest, Sources};
use super::segments::by_segment;
use super::sides::{SidesRequest, matrix_of, named_of};
use super::{plan_warnings, regions};
use crate::analysis::{Expression, Regions, regions as fit_of};
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::estimate::{Confidence, Estimate, RegionCounts};
use crate::policy::{Policy, Released, Sum, release};
use crate::report::{EstimateReport, MatrixReport, RegionsReport, ReleaseReport, ReleasedNumber};
use crate::scan::Progress;
use crate::sketch::Sketch;

/// An answer: all of it, or of sketches with a policy what the policy lets be said.
#[derive(Debug)]
pub enum Answer<T> {
    /// No sketch has a policy.
    Whole(T),
    /// A sketch has a policy.
    Released(ReleaseReport),
}

/// Which numbers about some sides are shown.
enum Shown<'a> {
    /// Sides, overlaps, the union, and formulas.
    Estimate(&'a [String]),
    /// Sides, the union, and so many of the largest regions.
    Regions(Option<usize>),
    /// Sides and overlaps.
    Matrix,
}

/// [`super::estimate`], also of sketches with a policy.
///
/// # Errors
/// Those of [`super::estimate`]; [`ErrorKind::Refused`] for questions that a policy doesn't allow.
pub fn ask_estimate(
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<Answer<EstimateReport>> {
    if let Some(report) = super::noisy::estimate(request)? {
        return Ok(Answer::Whole(report));
    }
    request.check()?;
    let inputs = Inputs::open_any(&request.sources, request.options)?;
    let Some(policy) = inputs.policy.clone() else {
        let answered = answered_of(request, inputs, progress)?;
        return Ok(Answer::Whole(answered.report));
    };
    for (asked, setting) in [
        (request.frequency, Setting::Frequency),
        (request.break_even.is_some(), Setting::BreakEven),
    ] {
        if asked {
            return Err(refused(&policy, setting));
        }
    }
    if request.division.by.is_empty() {
        let shown = Shown::Estimate(&request.formulas);
        return of_request(request, inputs, &policy, &shown, progress).map(Answer::Released);
    }
    if !request.formulas.is_empty() {
        return Err(Error::usage("formulas and segments are two questions")
            .hint("ask them one after the other"));
    }
    let warnings = plan_warnings(&inputs.plan);
    let numbers = of_segments(request, inputs, &policy, progress)?;
    Ok(Answer::Released(ReleaseReport {
        policy,
        confidence: request.confidence,
        numbers,
        warnings,
    }))
}

/// [`super::estimate_regions_of`], also of sketches with a policy.
///
/// # Errors
/// Those of [`super::estimate_regions_of`]; [`ErrorKind::Refused`] for questions that a policy doesn't allow.
pub fn ask_regions(
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<Answer<RegionsReport>> {
    regions::check(request)?;
    let inputs = Inputs::open_any(&request.sources, request.options)?;
    match inputs.policy.clone() {
        None => regions::of_inputs(request, inputs, progress).map(Answer::Whole),
        Some(policy) => {
            let shown = Shown::Regions(request.top);
            of_request(request, inputs, &policy, &shown, progress).map(Answer::Released)
        }
    }
}

/// [`super::matrix`], also of sketches with a policy.
///
/// # Errors
/// Those of [`super::matrix`]; [`ErrorKind::Refused`] for questions that a policy doesn't allow.
pub fn ask_matrix(request: &SidesRequest, progress: &dyn Progress) -> Result<Answer<MatrixReport>> {
    let inputs = Inputs::open_any(&request.sources, request.options)?;
    let Some(policy) = inputs.policy.clone() else {
        return matrix_of(request, inputs, progress).map(Answer::Whole);
    };
    let sides: Vec<String> = (inputs.plan.sides.iter())
        .map(|side| side.name.clone())
        .collect();
    let warnings = plan_warnings(&inputs.plan);
    let tables = inputs.sketch_by(&request.division, request.sources.threads, progress)?;
    let (names, sketches) = named_of(&sides, &tables, &request.division);
    let fit = fit(&sketches, &[], request.confidence)?;
    Ok(Answer::Released(ReleaseReport {
        numbers: of_sides(&names, &fit, &policy, &Shown::Matrix)?,
        policy,
        confidence: request.confidence,
        warnings,
    }))
}

fn refused(policy: &Policy, setting: Setting) -> Error {
    let number = policy.min_overlap;
    Error::new(
        ErrorKind::Refused,
        [
            setting.into(),
            format!(" says more than the policy allows, which hides numbers below {number}").into(),
        ],
    )
    .hint(["leave out ".into(), setting.into()])
}

/// The one fit of all sides, of which there are few.
fn fit(sketches: &[&Sketch], known: &[Option<u64>], confidence: Confidence) -> Result<Regions> {
    let (sides, most) = (sketches.len(), RegionCounts::SETS_MAX);
    if sides > most {
        return Err(Error::new(
            ErrorKind::Refused,
            format!("{sides} sides, but under a policy only up to {most} are compared, where all numbers can be checked against each other"),
        )
        .hint("name fewer sides"));
    }
    fit_of(sketches, known, confidence)
}

fn of_request(
    request: &SketchRequest,
    inputs: Inputs,
    policy: &Policy,
    shown: &Shown<'_>,
    progress: &dyn Progress,
) -> Result<ReleaseReport> {
    let (side_reports, mut warnings) = (inputs.side_plans(), plan_warnings(&inputs.plan));
    let Sources { threads, .. } = request.sources;
    let sketches: Vec<Sketch> = (inputs.sketch(threads, false, progress)?.into_iter())
        .map(|(sketch, _)| sketch)
        .collect();
    let known = known_sizes(&side_reports, &sketches, request, &mut warnings);
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let fit = fit(&everyone, &known, request.confidence)?;
    let names: Vec<String> = side_reports.iter().map(|side| side.name.clone()).collect();
    Ok(ReleaseReport {
        numbers: of_sides(&names, &fit, policy, shown)?,
        policy: policy.clone(),
        confidence: request.confidence,
        warnings,
    })
}

/// A sum of exclusive regions: what it is called, and whether it is shown.
struct Candidate {
    what: String,
    masks: Vec<usize>,
    is_shown: bool,
}

/// The numbers about some sides.
fn of_sides(
    names: &[String],
    fit: &Regions,
    policy: &Policy,
    shown: &Shown<'_>,
) -> Result<Vec<ReleasedNumber>> {
    let all = 1..1 << names.len();
    let users: Vec<f64> = all.clone().map(|mask| fit.region(mask).value).collect();
    let mut candidates = family(names, &users, shown);
    let free = candidates.len();
    if let Shown::Estimate(formulas) = shown {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for text in *formulas {
            let formula = Expression::parse(text, &names)?;
            candidates.push(Candidate {
                what: text.clone(),
                masks: all.clone().filter(|&mask| formula.holds(mask)).collect(),
                is_shown: true,
            });
        }
    }
    let sum = |candidate: &Candidate| Sum {
        cells: candidate.masks.iter().map(|mask| mask - 1).collect(),
    };
    let sums: Vec<Sum> = candidates.iter().map(sum).collect();
    let decisions = release(&users, policy.min_overlap as f64, &sums, free);
    let said = candidates.into_iter().zip(decisions);
    let said = said.filter(|(candidate, _)| candidate.is_shown);
    Ok(said
        .map(|(candidate, decision)| {
            let estimate = fit.sum(|mask| candidate.masks.contains(&mask));
            number(None, candidate.what, estimate, decision, policy)
        })
        .collect())
}

/// The sums that are gone through, the more important ones first. Whatever is asked they are the same in the same order,
/// so that two questions about the same sides never say more than one. `users` are those of the regions.
fn family(names: &[String], users: &[f64], shown: &Shown<'_>) -> Vec<Candidate> {
    let all: Vec<usize> = (1..1 << names.len()).collect();
    let with = |wanted: usize| -> Vec<usize> {
        let masks = all.iter().copied();
        masks.filter(|mask| mask & wanted == wanted).collect()
    };
    let mut candidates = Vec::new();
    let mut add = |what: String, masks: Vec<usize>, is_shown: bool| {
        candidates.push(Candidate {
            what,
            masks,
            is_shown,
        });
    };
    for (side, name) in names.iter().enumerate() {
        add(name.clone(), with(1 << side), true);
    }
    let of_pairs = matches!(shown, Shown::Estimate(_) | Shown::Matrix);
    for (a, b) in super::pairs_of(names.len()) {
        let what = format!("{} & {}", names[a], names[b]);
        add(what, with(1 << a | 1 << b), of_pairs);
    }
    let of_all = matches!(shown, Shown::Estimate(_) | Shown::Regions(_)) && names.len() > 1;
    add(names.join(" | "), all.clone(), of_all);
    let mut largest = all.clone();
    largest.sort_by(|&one, &other| {
        let by_users = users[other - 1].total_cmp(&users[one - 1]);
        by_users.then_with(|| one.cmp(&other))
    });
    for (place, &mask) in largest.iter().enumerate() {
        let is_shown = match shown {
            Shown::Regions(top) => top.is_none_or(|top| place < top),
            // Of two sides an estimate says what each has alone.
            Shown::Estimate(_) => names.len() == 2 && mask.is_power_of_two(),
            Shown::Matrix => false,
        };
        add(only(names, mask), vec![mask], is_shown);
    }
    candidates
}

/// What a region of some sides is called: `only shop & pay`.
fn only(names: &[String], mask: usize) -> String {
    let sides = names.iter().enumerate();
    let within = sides.filter(|(side, _)| mask >> side & 1 == 1);
    let within: Vec<&str> = within.map(|(_, name)| name.as_str()).collect();
    format!("only {}", within.join(" & "))
}

/// A number as it is said, or why it isn't.
fn number(
    segment: Option<Vec<Option<String>>>,
    what: String,
    estimate: Estimate,
    decision: Released,
    policy: &Policy,
) -> ReleasedNumber {
    let step = policy.round_to as f64;
    let rounded = Estimate {
        value: policy.rounded(estimate.value),
        lower: (estimate.lower / step).floor() * step,
        upper: (estimate.upper / step).ceil() * step,
    };
    ReleasedNumber {
        segment,
        what,
        users: (decision == Released::Said).then_some(rounded),
        decision,
    }
}

/// The partner's segments beside all of ours. Sums are over what both have of each segment, what is new in it, and our
/// other users; totals come first, since they can be asked without segments.
fn of_segments(
    request: &SketchRequest,
    inputs: Inputs,
    policy: &Policy,
    progress: &dyn Progress,
) -> Result<Vec<ReleasedNumber>> {
    let (sketches, segments) = by_segment(inputs, request, progress)?;
    let whole: Vec<&Sketch> = sketches.iter().collect();
    let fit = fit_of(&whole, &[], request.confidence)?;
    let (ours, partner) = (&segments.ours, &segments.partner);
    let mut gains: Vec<_> = segments.gains.iter().collect();
    gains.sort_by(|one, other| other.overlap.value.total_cmp(&one.overlap.value));
    let mut users = Vec::new();
    for gain in &gains {
        users.extend([gain.overlap.value, gain.new.value]);
    }
    let rest = users.len();
    users.push(fit.region(1).value);
    let both = (0..rest).step_by(2);
    let new = (1..rest).step_by(2);
    let total = |what: String, cells: Vec<usize>, wanted: &dyn Fn(usize) -> bool| {
        (None, what, Sum { cells }, fit.sum(wanted))
    };
    let mut sums = vec![
        total(
            ours.clone(),
            both.clone().chain([rest]).collect(),
            &|mask| mask & 1 == 1,
        ),
        total(partner.clone(), (0..rest).collect(), &|mask| mask & 2 == 2),
        total(format!("{ours} & {partner}"), both.collect(), &|mask| {
            mask == 3
        }),
        total(format!("{ours} | {partner}"), (0..=rest).collect(), &|_| {
            true
        }),
        total(format!("only {ours}"), vec![rest], &|mask| mask == 1),
        total(format!("only {partner}"), new.collect(), &|mask| mask == 2),
    ];
    let kinds: [(&str, &[usize]); 3] = [("", &[0, 1]), ("both", &[0]), ("new", &[1])];
    for (kind, parts) in kinds {
        for (place, gain) in gains.iter().enumerate() {
            let (what, estimate) = match kind {
                "" => (partner.clone(), gain.users),
                "both" => (format!("{ours} & {partner}"), gain.overlap),
                _ => (format!("only {partner}"), gain.new),
            };
            let cells = parts.iter().map(|part| 2 * place + part).collect();
            let cells_of_segment = segments.segments[gain.segment].clone();
            sums.push((Some(cells_of_segment), what, Sum { cells }, estimate));
        }
    }
    let only_sums: Vec<Sum> = sums.iter().map(|(_, _, sum, _)| sum.clone()).collect();
    let decisions = release(
        &users,
        policy.min_overlap as f64,
        &only_sums,
        only_sums.len(),
    );
    let said = sums.into_iter().zip(decisions);
    Ok(said
        .map(|((segment, what, _, estimate), decision)| {
            number(segment, what, estimate, decision, policy)
        })
        .collect())
}
