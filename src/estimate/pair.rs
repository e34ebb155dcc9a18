//! One (a, b, x) and every number that follows from it.

use super::alone::Sizes;
use super::answer::Answer;
use super::counts::{PairCounts, RANKS, SampleCounts, SetCounts, SetRegisters};
use super::fisher;
use super::likelihood::{
    BOTH, Correction, Derivatives, Likelihood, ONLY_A, ONLY_B, RegisterTerms, SET_A, SET_B,
    SampleData, UNION,
};
use super::listed;
use super::matrix::{Vector, dot};
use super::newton::Model;
use super::ratios::share;
use super::single;
use super::{Confidence, Estimate};

/// Everything that is estimated about two sets, from one fit: `a + b − overlap = union` to the
/// digit. Users are whole numbers; shares, gains and coefficients are fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairEstimate {
    /// Users of A.
    pub a: Estimate,
    /// Users of B.
    pub b: Estimate,
    /// Users of A alone.
    pub only_a: Estimate,
    /// Users of B alone.
    pub only_b: Estimate,
    /// Users of both.
    pub overlap: Estimate,
    /// Users of either.
    pub union: Estimate,
    /// overlap / A.
    pub share_of_a: Estimate,
    /// overlap / B.
    pub share_of_b: Estimate,
    /// overlap / union.
    pub jaccard: Estimate,
    /// overlap / min(A, B), alias Szymkiewicz–Simpson.
    pub overlap_coefficient: Estimate,
    /// Reach that A adds by B: only B / A; 0 if A is empty.
    pub gain_a: Estimate,
    /// Reach that B adds by A: only A / B; 0 if B is empty.
    pub gain_b: Estimate,
    /// Common users seen in the samples; `None` without samples.
    pub matches: Option<u64>,
    /// Whether the numbers are exact, because the samples held every user.
    pub exact: bool,
}

impl PairEstimate {
    const fn size(&self, side: usize) -> f64 {
        [self.a, self.b][side].value
    }

    /// All numbers with intervals.
    fn numbers_mut(&mut self) -> [&mut Estimate; 12] {
        [
            &mut self.a,
            &mut self.b,
            &mut self.only_a,
            &mut self.only_b,
            &mut self.overlap,
            &mut self.union,
            &mut self.share_of_a,
            &mut self.share_of_b,
            &mut self.jaccard,
            &mut self.overlap_coefficient,
            &mut self.gain_a,
            &mut self.gain_b,
        ]
    }

    /// These values, with intervals that hold those of a fit with more freedom.
    fn widened_to(mut self, other: &Self) -> Self {
        let mut other = *other;
        for (number, other) in self.numbers_mut().into_iter().zip(other.numbers_mut()) {
            number.lower = number.lower.min(other.lower);
            number.upper = number.upper.max(other.upper);
        }
        self
    }

    /// With limits that no set and no overlap can be beyond: the most users of each set, and of the
    /// overlap those of either set.
    fn bounded(mut self, most: [Option<f64>; 2]) -> Self {
        for (set, most) in [&mut self.a, &mut self.b].into_iter().zip(most) {
            if let Some(most) = most {
                *set = set.limited(most);
            }
            set.lower = set.lower.max(self.overlap.lower).min(set.value);
        }
        self.overlap = self.overlap.limited(self.a.upper.min(self.b.upper));
        self.only_a = self.only_a.limited(self.a.upper);
        self.only_b = self.only_b.limited(self.b.upper);
        self.union = self.union.limited(self.a.upper + self.b.upper);
        self
    }

    /// The same with A and B the other way round.
    pub(crate) const fn swapped(self) -> Self {
        Self {
            a: self.b,
            b: self.a,
            only_a: self.only_b,
            only_b: self.only_a,
            share_of_a: self.share_of_b,
            share_of_b: self.share_of_a,
            gain_a: self.gain_b,
            gain_b: self.gain_a,
            ..self
        }
    }
}

/// The joint maximum-likelihood estimate of two sets, with intervals. Swapping the sets swaps the
/// answer, to the last digit.
#[must_use]
pub fn estimate_pair(counts: &PairCounts, confidence: Confidence) -> PairEstimate {
    if let Some(listed) = &counts.listed {
        return listed::estimate(counts, listed, confidence);
    }
    // Sums in another order round otherwise, and a part near the least that is corrected for would
    // tip over: the fit is always made in the same order.
    let swapped = counts.swapped();
    if counts.order() <= swapped.order() {
        estimate_bounded(counts, confidence)
    } else {
        estimate_bounded(&swapped, confidence).swapped()
    }
}

/// No set is larger than it can be: one that came out larger is fitted again with that size.
fn estimate_bounded(counts: &PairCounts, confidence: Confidence) -> PairEstimate {
    let known = known_sizes(counts);
    let free = estimate_ordered(counts, known, confidence);
    let most = most_users(counts, &known);
    // One size that is held may push the other over its own bound.
    let (mut held, mut sizes) = (free, known);
    for _ in 0..2 {
        let is_over = |side: usize| most[side].is_some_and(|most| held.size(side) > most);
        let over = [0, 1].map(is_over);
        if over == [false; 2] {
            break;
        }
        sizes = std::array::from_fn(|side| sizes[side].or(most[side].filter(|_| over[side])));
        held = estimate_ordered(counts, sizes, confidence).widened_to(&free);
    }
    held.bounded(most)
}

/// The most users that each set can have, where its size isn't known and its sample doesn't say
/// otherwise.
pub(super) fn most_users(counts: &PairCounts, known: &[Option<f64>; 2]) -> [Option<f64>; 2] {
    let most = [counts.most_a, counts.most_b];
    std::array::from_fn(|side| {
        let seen = set_counts(counts, side)
            .sample
            .map_or(0, |sample| sample.hashes);
        let most = most[side].filter(|&most| known[side].is_none() && most >= seen);
        most.map(|most| most as f64)
    })
}

fn estimate_ordered(
    counts: &PairCounts,
    known: [Option<f64>; 2],
    confidence: Confidence,
) -> PairEstimate {
    let sample = counts.sample;
    if let Some(sample) = sample.filter(|sample| sample.theta >= 1.0) {
        return exact(&sample);
    }
    if known.contains(&Some(0.0)) {
        return with_nobody(counts, &known, confidence);
    }
    let terms = counts.registers.as_ref().map(RegisterTerms::of_pair);
    let mut estimate = fitted(counts, known, terms.as_ref(), confidence.z()).numbers();
    estimate.matches = sample.map(|sample| sample.both);
    estimate
}

/// The fit of two sets of which neither is known to have no users, ready to be asked for numbers.
pub(super) fn fitted<'a>(
    counts: &PairCounts,
    known: [Option<f64>; 2],
    terms: Option<&'a RegisterTerms>,
    z: f64,
) -> Answer<'a> {
    let likelihood = Likelihood {
        sample: counts.sample.map(|sample| SampleData::of(&sample)),
        registers: terms,
        grid: None,
        correction: None,
        beside: [0.0; 3],
    };
    let mut model = Model {
        likelihood,
        known,
        parts: [true; 3],
    };
    let mut fit = model.maximise(&start(counts, &known), None);
    let mut register_events = [0.0; 3];
    if let (Some(terms), Some(registers)) = (terms, &counts.registers) {
        // The correction is centered on the fit, which it moves a little.
        for _ in 0..2 {
            model.likelihood.correction = correction(terms, registers.precision, &fit.v);
            fit = model.maximise(&fit.v, None);
        }
        let information = fisher::of_pair(&fit.v, registers.precision);
        register_events = std::array::from_fn(|i| information[i][i] * fit.v[i] * fit.v[i]);
    } else if let Some(sizes) = Sizes::of(counts, &known) {
        for _ in 0..2 {
            model.likelihood.correction = Some(sizes.around(&fit.v));
            fit = model.maximise(&fit.v, None);
        }
    }
    Answer {
        covariance: model.covariance(&fit.v),
        model,
        fit,
        z,
        register_events,
    }
}

impl SampleData {
    fn of(sample: &SampleCounts) -> Self {
        Self {
            below: [
                sample.only_a as f64,
                sample.only_b as f64,
                sample.both as f64,
            ],
            theta: sample.theta,
            above: [
                (sample.theta_a, sample.above_a as f64),
                (sample.theta_b, sample.above_b as f64),
            ],
            chance_matches: sample.chance_matches,
        }
    }
}

/// Both samples are the sets: counting, not estimating.
fn exact(sample: &SampleCounts) -> PairEstimate {
    let v = [sample.only_a, sample.only_b, sample.both].map(|count| count as f64);
    let users = |w: &Vector| Estimate::exact(dot(w, &v));
    let ratio = |w: &Vector, of: &Vector| Estimate::exact(share(dot(w, &v), dot(of, &v)));
    let smaller = if v[0] < v[1] { SET_A } else { SET_B };
    PairEstimate {
        a: users(&SET_A),
        b: users(&SET_B),
        only_a: users(&ONLY_A),
        only_b: users(&ONLY_B),
        overlap: users(&BOTH),
        union: users(&UNION),
        share_of_a: ratio(&BOTH, &SET_A),
        share_of_b: ratio(&BOTH, &SET_B),
        jaccard: ratio(&BOTH, &UNION),
        overlap_coefficient: ratio(&BOTH, &smaller),
        gain_a: ratio(&ONLY_B, &SET_A),
        gain_b: ratio(&ONLY_A, &SET_B),
        matches: Some(sample.both),
        exact: true,
    }
}

/// One side has no users: the other's size is all there is to estimate.
fn with_nobody(
    counts: &PairCounts,
    known: &[Option<f64>; 2],
    confidence: Confidence,
) -> PairEstimate {
    let size = |side: usize| match known[side] {
        Some(known) => Estimate::exact(known),
        None => single::estimate_set(&set_counts(counts, side), confidence),
    };
    let (a, b, none) = (size(0), size(1), Estimate::exact(0.0));
    PairEstimate {
        a,
        b,
        only_a: a,
        only_b: b,
        overlap: none,
        union: if a.value > 0.0 { a } else { b },
        share_of_a: none,
        share_of_b: none,
        jaccard: none,
        overlap_coefficient: none,
        gain_a: none,
        gain_b: none,
        matches: counts.sample.map(|sample| sample.both),
        exact: false,
    }
}

/// The sizes that are certain: a sample that is the whole set, or a given size that the sketch
/// doesn't contradict.
pub(super) fn known_sizes(counts: &PairCounts) -> [Option<f64>; 2] {
    std::array::from_fn(|side| {
        let own = set_counts(counts, side);
        if let Some(sample) = own.sample.filter(|sample| sample.theta >= 1.0) {
            return Some(sample.hashes as f64);
        }
        let given = [counts.known_a, counts.known_b][side];
        given
            .filter(|&given| !single::contradicts(&own, given))
            .map(|given| given as f64)
    })
}

/// What the counts of a pair say about one of its sides.
pub(super) fn set_counts(counts: &PairCounts, side: usize) -> SetCounts {
    let sample = counts.sample.map(|sample| {
        let (below, above, theta) = match side {
            0 => (sample.only_a, sample.above_a, sample.theta_a),
            _ => (sample.only_b, sample.above_b, sample.theta_b),
        };
        super::SetSample {
            hashes: below + sample.both + above,
            theta,
        }
    });
    let registers = counts.registers.map(|r| {
        let histogram = match side {
            0 => sum([&r.a_below_b, &r.a_above_b, &r.equal]),
            _ => sum([&r.b_below_a, &r.b_above_a, &r.equal]),
        };
        SetRegisters {
            precision: r.precision,
            histogram,
        }
    });
    SetCounts {
        sample,
        registers,
        ..SetCounts::default()
    }
}

fn sum(histograms: [&[u32; RANKS]; 3]) -> [u32; RANKS] {
    std::array::from_fn(|rank| histograms.iter().map(|histogram| histogram[rank]).sum())
}

/// Where to begin: each side's own size, and the overlap as the share of matches in the smaller
/// side's sample, or by inclusion and exclusion without samples.
fn start(counts: &PairCounts, known: &[Option<f64>; 2]) -> Vector {
    let size = |side: usize| {
        known[side]
            .unwrap_or_else(|| single::most_likely(&set_counts(counts, side)))
            .max(1.0)
    };
    let (n_a, n_b) = (size(0), size(1));
    let x = match counts.sample {
        Some(sample) => {
            let (only, n) = if n_a < n_b {
                (sample.only_a, n_a)
            } else {
                (sample.only_b, n_b)
            };
            n * (sample.both as f64 + 0.5) / ((only + sample.both) as f64 + 1.0)
        }
        None => {
            let union = counts.registers.map_or(n_a + n_b, |r| {
                let histogram = sum([&r.b_above_a, &r.a_above_b, &r.equal]);
                let registers = Some(SetRegisters {
                    precision: r.precision,
                    histogram,
                });
                single::most_likely(&SetCounts {
                    registers,
                    ..SetCounts::default()
                })
            });
            (n_a + n_b - union).clamp(0.01 * n_a.min(n_b), 0.99 * n_a.min(n_b))
        }
    };
    [(n_a - x).max(0.01 * n_a), (n_b - x).max(0.01 * n_b), x]
}

pub(super) fn correction(terms: &RegisterTerms, precision: u8, fit: &Vector) -> Option<Correction> {
    let center = fisher::center(fit)?;
    let mut at = Derivatives::default();
    terms.add_to(&center, &mut at);
    let information = fisher::of_pair(&center, precision);
    fisher::fixed_population(&center, &information, &at.gradient, [true; 3])
}
