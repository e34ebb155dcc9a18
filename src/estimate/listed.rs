//! Two sets of which one's users are all listed, each with whether he is in the other.
//!
//! Then the listed set, the overlap and what the listed set has alone are exact, and one number is left:
//! the users of the other set alone. Every other number follows from it. What the registers of both sets
//! say, given all that is exact, and the other set's sample without the listed users are its likelihood.

use super::counts::{ListedPair, PairCounts};
use super::fisher;
use super::likelihood::{Correction, Derivatives, RegisterTerms};
use super::matrix::Vector;
use super::newton::{Fit, Model};
use super::pair::{PairEstimate, correction};
use super::ratios::share;
use super::single::{interval_of, model_of, root_of};
use super::{Confidence, Estimate};

pub(super) fn estimate(
    counts: &PairCounts,
    listed: &ListedPair,
    confidence: Confidence,
) -> PairEstimate {
    let rest = rest(counts, listed, confidence);
    let mut estimate = of_parts(listed.only as f64, listed.both as f64, rest);
    estimate.matches = Some(listed.both);
    match listed.side {
        0 => estimate,
        _ => estimate.swapped(),
    }
}

/// Everything about two sets if the users of A alone and of both are certain.
pub(super) fn of_parts(only_a: f64, both: f64, only_b: Estimate) -> PairEstimate {
    let more = |users: f64| Estimate {
        value: only_b.value + users,
        lower: only_b.lower + users,
        upper: only_b.upper + users,
    };
    // Of more users the same part is a smaller share.
    let over = |part: f64, whole: &Estimate| Estimate {
        value: share(part, whole.value),
        lower: share(part, whole.upper),
        upper: share(part, whole.lower),
    };
    let users_a = only_a + both;
    let (b, union) = (more(both), more(users_a));
    let smaller = Estimate {
        value: b.value.min(users_a),
        lower: b.lower.min(users_a),
        upper: b.upper.min(users_a),
    };
    PairEstimate {
        a: Estimate::exact(users_a),
        b,
        only_a: Estimate::exact(only_a),
        only_b,
        overlap: Estimate::exact(both),
        union,
        share_of_a: Estimate::exact(share(both, users_a)),
        share_of_b: over(both, &b),
        jaccard: over(both, &union),
        overlap_coefficient: over(both, &smaller),
        gain_a: Estimate {
            value: share(only_b.value, users_a),
            lower: share(only_b.lower, users_a),
            upper: share(only_b.upper, users_a),
        },
        gain_b: over(only_a, &b),
        matches: None,
        exact: only_b.lower == only_b.upper,
    }
}

/// The users of the other set alone.
fn rest(counts: &PairCounts, listed: &ListedPair, confidence: Confidence) -> Estimate {
    if let Some(rest) = certain(listed) {
        return Estimate::exact(rest);
    }
    let seen = listed.rest.hashes as f64;
    let terms = terms(counts, listed);
    let (model, fit) = fitted(counts, listed, terms.as_ref());
    let interval = |z: f64| interval_of(&model, &fit, seen, z);
    if let Some(known) = known(counts, listed) {
        // As of a single set: beyond four standard deviations the sketch says otherwise.
        const Z: f64 = 4.0;
        let allowed = interval(Z);
        if (allowed.lower..=allowed.upper).contains(&known) {
            return Estimate::exact(known);
        }
    }
    let estimate = interval(confidence.z());
    most(counts, listed).map_or(estimate, |most| {
        let value = estimate.value.min(most);
        Estimate { value, ..estimate }.limited(most)
    })
}

/// How surely the other set has more than `border` users alone: the signed root of the likelihood ratio,
/// the sample's count moved by `shift`; infinite where there is no doubt.
pub(super) fn root_above(counts: &PairCounts, listed: &ListedPair, border: f64, shift: f64) -> f64 {
    let certainly = |is_above: bool| match is_above {
        true => f64::INFINITY,
        false => f64::NEG_INFINITY,
    };
    if let Some(rest) = certain(listed).or_else(|| known(counts, listed)) {
        return certainly(rest > border);
    }
    if border < listed.rest.hashes as f64 {
        return certainly(true);
    }
    if most(counts, listed).is_some_and(|most| border > most) {
        return certainly(false);
    }
    let terms = terms(counts, listed);
    let (model, fit) = fitted(counts, listed, terms.as_ref());
    root_of(model, &fit, border, shift)
}

/// All users of the other set are in its sample.
fn certain(listed: &ListedPair) -> Option<f64> {
    (listed.rest.theta >= 1.0).then_some(listed.rest.hashes as f64)
}

/// What the size of the other set, known from elsewhere, leaves for it alone.
fn known(counts: &PairCounts, listed: &ListedPair) -> Option<f64> {
    let known = [counts.known_a, counts.known_b][1 - listed.side]?;
    let rest = known.checked_sub(listed.both)?;
    (rest >= listed.rest.hashes).then_some(rest as f64)
}

/// The most users that the other set can have alone, unless more were seen.
fn most(counts: &PairCounts, listed: &ListedPair) -> Option<f64> {
    let most = [counts.most_a, counts.most_b][1 - listed.side]?;
    let rest = most.checked_sub(listed.both)?;
    (rest >= listed.rest.hashes).then_some(rest as f64)
}

/// The registers' terms with the other set in the place of A.
fn terms(counts: &PairCounts, listed: &ListedPair) -> Option<RegisterTerms> {
    let counts = match listed.side {
        0 => counts.swapped(),
        _ => *counts,
    };
    counts.registers.as_ref().map(RegisterTerms::of_pair)
}

/// The fit of the one number that is left.
fn fitted<'a>(
    counts: &PairCounts,
    listed: &ListedPair,
    terms: Option<&'a RegisterTerms>,
) -> (Model<'a>, Fit) {
    // Nobody at all would make impossible what twins in a hash can bring about.
    const NOBODY: f64 = 0.01;
    let [only, both] = [listed.only, listed.both].map(|users| (users as f64).max(NOBODY));
    let beside = [0.0, only, both];
    let mut model = model_of(Some(listed.rest), terms, beside);
    let start = (listed.rest.hashes as f64 + 0.5) / listed.rest.theta;
    let mut fit = model.maximise(&[start, 0.0, 0.0], None);
    if let (Some(terms), Some(registers)) = (terms, &counts.registers) {
        for _ in 0..2 {
            let all = std::array::from_fn(|part| fit.v[part] + beside[part]);
            model.likelihood.correction = correction(terms, registers.precision, &all)
                .or_else(|| correction_alone(terms, registers.precision, &all));
            fit = model.maximise(&fit.v, None);
        }
    }
    (model, fit)
}

/// The correction for a fixed number of users of the one part, where the others are too small for theirs.
fn correction_alone(terms: &RegisterTerms, precision: u8, all: &Vector) -> Option<Correction> {
    let mut at = Derivatives::default();
    terms.add_to(all, &mut at);
    let information = fisher::of_pair(all, precision);
    fisher::fixed_population(all, &information, &at.gradient, [true, false, false])
}
