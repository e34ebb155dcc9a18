//! One set.

use super::answer::whole_users;
use super::counts::{SetCounts, SetRegisters, SetSample};
use super::fisher;
use super::interval::{End, limit, signed_root};
use super::likelihood::{Derivatives, Likelihood, RegisterTerms, SampleData};
use super::matrix::Vector;
use super::newton::{Fit, Model};
use super::{Confidence, Estimate};

/// The maximum-likelihood size of a set from its sample and registers together, with its interval.
#[must_use]
pub fn estimate_set(counts: &SetCounts, confidence: Confidence) -> Estimate {
    if let Some(sample) = counts.sample.filter(|sample| sample.theta >= 1.0) {
        return Estimate::exact(sample.hashes as f64);
    }
    if let Some(known) = counts.known.filter(|&known| !contradicts(counts, known)) {
        return Estimate::exact(known as f64);
    }
    let estimate = interval(counts, confidence.z());
    // No set is larger than it can be.
    let most = counts.most.map(|most| (most as f64).max(seen(counts)));
    most.map_or(estimate, |most| {
        let value = estimate.value.min(most);
        Estimate { value, ..estimate }.limited(most)
    })
}

/// Whether a given size is beyond what the sketch allows: fewer users than were seen, or more than
/// four standard deviations off (a true size is refused once in 16,000 sketches).
///
/// ```
/// use overlap::{Sketch, SketchOptions, contradicts, id::IdBatch, set_counts};
///
/// let ids: Vec<i64> = (0..100_000).collect();
/// let counts = set_counts(&Sketch::of(IdBatch::Integers(&ids), SketchOptions::default())?);
/// assert!(!contradicts(&counts, 100_000));
/// assert!(contradicts(&counts, 120_000));
/// # Ok::<(), overlap::Error>(())
/// ```
#[must_use]
pub fn contradicts(counts: &SetCounts, known: u64) -> bool {
    const Z: f64 = 4.0;
    let estimate = match counts.sample.filter(|sample| sample.theta >= 1.0) {
        Some(sample) => Estimate::exact(sample.hashes as f64),
        None => interval(counts, Z),
    };
    !(estimate.lower..=estimate.upper).contains(&(known as f64))
}

/// The maximum-likelihood size alone.
pub(super) fn most_likely(counts: &SetCounts) -> f64 {
    let terms = counts.registers.as_ref().map(RegisterTerms::of_set);
    model(counts, terms.as_ref())
        .maximise(&start(counts), None)
        .v[0]
}

/// The signed root of the likelihood ratio of a size, the sample's count moved by `shift`.
pub(super) fn signed_root_of_size(counts: &SetCounts, size: f64, shift: f64) -> f64 {
    let terms = counts.registers.as_ref().map(RegisterTerms::of_set);
    let (model, fit) = corrected(counts, terms.as_ref());
    root_of(model, &fit, size, shift)
}

/// The same of a model of one part.
pub(super) fn root_of(mut model: Model<'_>, fit: &Fit, size: f64, shift: f64) -> f64 {
    if let Some(sample) = &mut model.likelihood.sample {
        sample.below[0] += shift;
    }
    let fit = model.maximise(&fit.v, None);
    signed_root(&model, &fit, 0, size)
}

fn interval(counts: &SetCounts, z: f64) -> Estimate {
    let terms = counts.registers.as_ref().map(RegisterTerms::of_set);
    let (model, fit) = corrected(counts, terms.as_ref());
    interval_of(&model, &fit, seen(counts), z)
}

/// The interval of the one part of a model, of which so many users were seen.
pub(super) fn interval_of(model: &Model<'_>, fit: &Fit, seen: f64, z: f64) -> Estimate {
    let shifted = |shift: f64, end: End| {
        let mut model = *model;
        if let Some(sample) = &mut model.likelihood.sample {
            sample.below[0] = (sample.below[0] + shift).max(0.0);
        }
        let fit: Fit = model.maximise(&fit.v, None);
        limit(&model, &fit, 0, z, end)
    };
    let lower = shifted(-1.0 / 3.0, End::Lower).max(seen);
    whole_users(fit.v[0].round(), lower, shifted(2.0 / 3.0, End::Upper))
}

/// The model with its correction for a fixed population, and its fit.
fn corrected<'a>(counts: &SetCounts, terms: Option<&'a RegisterTerms>) -> (Model<'a>, Fit) {
    let mut model = model(counts, terms);
    let mut fit = model.maximise(&start(counts), None);
    if let (Some(terms), Some(registers)) = (terms, counts.registers) {
        for _ in 0..2 {
            let mut at = Derivatives::default();
            terms.add_to(&fit.v, &mut at);
            let mut information = [[0.0; 3]; 3];
            information[0][0] = fisher::of_set(fit.v[0], registers.precision);
            model.likelihood.correction =
                fisher::fixed_population(&fit.v, &information, &at.gradient, model.parts);
            fit = model.maximise(&fit.v, None);
        }
    }
    (model, fit)
}

fn seen(counts: &SetCounts) -> f64 {
    counts.sample.map_or(0.0, |sample| sample.hashes as f64)
}

fn model<'a>(counts: &SetCounts, terms: Option<&'a RegisterTerms>) -> Model<'a> {
    model_of(counts.sample, terms, [0.0; 3])
}

/// A model of one part in the place of A, beside users who are known for certain.
pub(super) fn model_of(
    sample: Option<SetSample>,
    terms: Option<&RegisterTerms>,
    beside: Vector,
) -> Model<'_> {
    let sample = sample.map(|SetSample { hashes, theta }| SampleData {
        below: [hashes as f64, 0.0, 0.0],
        theta,
        above: [(theta, 0.0); 2],
        chance_matches: 0.0,
    });
    let likelihood = Likelihood {
        sample,
        registers: terms,
        grid: None,
        correction: None,
        beside,
    };
    Model {
        likelihood,
        known: [None; 2],
        parts: [true, false, false],
    }
}

/// A size from registers within a factor of two, for a hundredth of the work: as if all had the mean
/// rank, or from those that are still 0 (linear counting, Whang et al., TODS 15, 1990).
#[must_use]
pub fn rough_size(registers: &SetRegisters) -> f64 {
    let m = f64::from(registers.precision).exp2();
    let zeros = f64::from(registers.histogram[0]);
    if zeros > 0.05 * m {
        return m * (m / zeros).ln();
    }
    let ranks = registers.histogram.iter().enumerate();
    let sum: f64 = ranks
        .map(|(rank, &count)| rank as f64 * f64::from(count))
        .sum();
    // The mean rank of n users over m registers is about log2(n / m) + 1.33.
    m * (sum / m - 1.33).exp2()
}

/// Where to begin: the sample's own estimate, or a rough one.
fn start(counts: &SetCounts) -> [f64; 3] {
    let size = match (counts.sample, counts.registers) {
        (Some(sample), _) if sample.theta > 0.0 => (sample.hashes as f64 + 0.5) / sample.theta,
        (_, Some(registers)) => rough_size(&registers),
        _ => 1.0,
    };
    [size.max(0.5), 0.0, 0.0]
}
