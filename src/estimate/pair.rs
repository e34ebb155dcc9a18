//! One (a, b, x) and every number that follows from it.

use super::counts::{PairCounts, RANKS, SampleCounts, SetCounts, SetRegisters};
use super::fisher;
use super::interval::{End, limit};
use super::likelihood::{
    BOTH, Correction, Derivatives, Likelihood, ONLY_A, ONLY_B, RegisterTerms, SET_A, SET_B,
    SampleData, UNION,
};
use super::matrix::{Matrix, Vector, dot, quadratic};
use super::newton::{Fit, Model};
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
    /// Whether all of it was counted, not estimated.
    pub exact: bool,
    /// Whether the given |A| contradicted the sketch and was left out.
    pub dropped_known_a: bool,
    /// Whether the given |B| contradicted the sketch and was left out.
    pub dropped_known_b: bool,
}

/// The joint maximum-likelihood estimate of two sets, with intervals.
#[must_use]
pub fn estimate_pair(counts: &PairCounts, confidence: Confidence) -> PairEstimate {
    let sample = counts.sample;
    if let Some(sample) = sample.filter(|sample| sample.theta >= 1.0) {
        return exact(&sample);
    }
    let z = confidence.z();
    let terms = counts.registers.as_ref().map(RegisterTerms::of_pair);
    let data = sample.map(|sample| SampleData::of(&sample));
    let (known, dropped) = known_sizes(counts);
    if known.contains(&Some(0.0)) {
        return with_nobody(counts, &known, dropped, confidence);
    }
    let likelihood = Likelihood {
        sample: data,
        registers: terms.as_ref(),
        correction: None,
    };
    let mut model = Model {
        likelihood,
        known,
        parts: [true; 3],
    };
    let mut fit = model.maximise(&start(counts, &known), None);
    let mut register_events = [0.0; 3];
    if let (Some(terms), Some(registers)) = (&terms, &counts.registers) {
        // The correction is centered on the fit, which it moves a little.
        for _ in 0..2 {
            model.likelihood.correction = correction(terms, registers.precision, &fit.v);
            fit = model.maximise(&fit.v, None);
        }
        let information = fisher::of_pair(&fit.v, registers.precision);
        register_events = std::array::from_fn(|i| information[i][i] * fit.v[i] * fit.v[i]);
    }
    let covariance = model.covariance(&fit.v);
    let mut estimate = Answer {
        model,
        fit,
        z,
        covariance,
        register_events,
    }
    .numbers();
    estimate.matches = sample.map(|sample| sample.both);
    [estimate.dropped_known_a, estimate.dropped_known_b] = dropped;
    estimate
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

    /// The counts with `part` moved by `up` and the parts it trades users with by `down`. None
    /// moves below what stands for it: its count, and the events that the registers saw of it
    /// beyond the first.
    fn shifted(mut self, part: usize, up: f64, down: f64, register_events: &Vector) -> Self {
        for (i, count) in self.below.iter_mut().enumerate() {
            // a and b trade with x alone; x trades with both.
            let shift = if i == part {
                up
            } else if part == 2 || i == 2 {
                down
            } else {
                0.0
            };
            let least = -(register_events[i] - 1.0).clamp(0.0, 1.0);
            *count = (*count + shift).max(least.min(*count));
        }
        self
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
        dropped_known_a: false,
        dropped_known_b: false,
    }
}

/// One side has no users: the other's size is all there is to estimate.
fn with_nobody(
    counts: &PairCounts,
    known: &[Option<f64>; 2],
    dropped: [bool; 2],
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
        dropped_known_a: dropped[0],
        dropped_known_b: dropped[1],
    }
}

/// part / whole; 0 of nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The sizes that are certain: a sample that is the whole set, or a given size that the sketch
/// doesn't contradict; and which given ones were dropped.
fn known_sizes(counts: &PairCounts) -> ([Option<f64>; 2], [bool; 2]) {
    let mut known = [None; 2];
    let mut dropped = [false; 2];
    for side in 0..2 {
        let own = set_counts(counts, side);
        if let Some(sample) = own.sample.filter(|sample| sample.theta >= 1.0) {
            known[side] = Some(sample.hashes as f64);
            continue;
        }
        let given = [counts.known_a, counts.known_b][side];
        let Some(given) = given else { continue };
        if single::contradicts(&own, given) {
            dropped[side] = true;
        } else {
            known[side] = Some(given as f64);
        }
    }
    (known, dropped)
}

/// What the counts of a pair say about one of its sides.
fn set_counts(counts: &PairCounts, side: usize) -> SetCounts {
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
        known: None,
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

fn correction(terms: &RegisterTerms, precision: u8, fit: &Vector) -> Option<Correction> {
    let center = fisher::center(fit)?;
    let mut at = Derivatives::default();
    terms.add_to(&center, &mut at);
    let information = fisher::of_pair(&center, precision);
    fisher::fixed_population(&center, &information, &at.gradient, [true; 3])
}

/// A fit, ready to be asked for numbers.
struct Answer<'a> {
    model: Model<'a>,
    fit: Fit,
    z: f64,
    covariance: Matrix,
    /// What the registers know of each part, as a count of Poisson events: information about its
    /// logarithm.
    register_events: Vector,
}

/// Above this relative standard deviation an interval comes from the profile likelihood; below it
/// the logarithm is normal enough (coverage 94 to 96 % in simulation).
const PROFILE_ABOVE: f64 = 0.1;

impl Answer<'_> {
    fn numbers(&self) -> PairEstimate {
        let v = self.whole();
        let parts: [Estimate; 3] = std::array::from_fn(|part| self.part(part, v[part]));
        let size = |side: usize, w: &Vector| match self.model.known[side] {
            Some(_) => Estimate::exact(dot(w, &v)),
            None => self.size(w, dot(w, &v)),
        };
        let (a, b) = (size(0, &SET_A), size(1, &SET_B));
        let share_of_a = self.share(&SET_A, &parts, 0, &v);
        let share_of_b = self.share(&SET_B, &parts, 1, &v);
        PairEstimate {
            a,
            b,
            only_a: parts[0],
            only_b: parts[1],
            overlap: parts[2],
            union: self.size(&UNION, dot(&UNION, &v)),
            share_of_a,
            share_of_b,
            jaccard: self.jaccard(&parts, &v),
            overlap_coefficient: if a.value < b.value {
                share_of_a
            } else {
                share_of_b
            },
            gain_a: self.gain(1, &SET_A, &parts, &v),
            gain_b: self.gain(0, &SET_B, &parts, &v),
            matches: None,
            exact: false,
            dropped_known_a: false,
            dropped_known_b: false,
        }
    }

    /// (a, b, x) as whole users, so that every sum of them is exact.
    fn whole(&self) -> Vector {
        let mut v = self.fit.v.map(f64::round);
        for side in 0..2 {
            if let Some(known) = self.model.known[side] {
                v[2] = v[2].min(known);
            }
        }
        for side in 0..2 {
            if let Some(known) = self.model.known[side] {
                v[side] = known - v[2];
            }
        }
        v
    }

    /// A part's own interval. Sizes that are known tie a and b to x.
    fn part(&self, part: usize, value: f64) -> Estimate {
        if let Some(known) = self.model.known.get(part).copied().flatten() {
            let overlap = self.part(2, known - value);
            let lower = (known - overlap.upper).max(0.0);
            return Estimate::ordered(value, lower, known - overlap.lower);
        }
        let sigma = self.relative_sigma(part);
        if part != 2 && sigma < PROFILE_ABOVE {
            let spread = (self.z * sigma).exp();
            let floor = self.model.likelihood.floor()[part];
            return outward(
                value,
                (self.fit.v[part] / spread).max(floor),
                value * spread,
            );
        }
        let lower = self.profile_limit(part, End::Lower);
        let mut upper = self.profile_limit(part, End::Upper);
        if part == 2 {
            let smallest = self
                .model
                .known
                .iter()
                .flatten()
                .copied()
                .fold(f64::INFINITY, f64::min);
            upper = upper.min(smallest);
        }
        outward(value, lower, upper)
    }

    fn relative_sigma(&self, part: usize) -> f64 {
        let variance = self.covariance[part][part];
        if variance > 0.0 {
            variance.sqrt() / self.fit.v[part]
        } else {
            f64::INFINITY
        }
    }

    /// Profile likelihood with shifted counts. Its limits expand as N ± z √N + z²/3, Garwood's as
    /// N ± z √N + (z² + 2)/3 above and (z² − 1)/3 below: the shifts make up the difference.
    fn profile_limit(&self, part: usize, end: End) -> f64 {
        const UP: f64 = 2.0 / 3.0;
        const DOWN: f64 = 1.0 / 3.0;
        let mut model = self.model;
        if let Some(sample) = &mut model.likelihood.sample {
            let unseen = sample.below[part] < 0.5;
            *sample = match end {
                End::Upper => sample.shifted(part, UP, -DOWN, &self.register_events),
                End::Lower => sample.shifted(part, -DOWN, UP, &self.register_events),
            };
            if end == End::Lower && unseen && model.likelihood.registers.is_none() {
                return 0.0;
            }
        }
        let fit = model.maximise(&self.fit.v, None);
        let limit = limit(&model, &fit, part, self.z, end);
        // Every user seen is a user.
        limit.max(self.model.likelihood.floor()[part])
    }

    /// A sum of parts whose logarithm is normal: a set, or the union.
    fn size(&self, w: &Vector, value: f64) -> Estimate {
        let center = dot(w, &self.fit.v);
        let sigma = quadratic(&self.covariance, w).max(0.0).sqrt() / center.max(0.5);
        let spread = (self.z * sigma).exp();
        let floor = dot(w, &self.model.likelihood.floor());
        outward(value, (center / spread).max(floor), center * spread)
    }

    /// x / (x + part) of one side: logit-normal, or from the limits of whichever part is small.
    fn share(&self, set: &Vector, parts: &[Estimate; 3], part: usize, v: &Vector) -> Estimate {
        let whole = dot(set, v);
        let value = share(v[2], whole);
        if let Some(sigma) = self.overlap_decides(set) {
            return self.widened(value, parts[2].lower / whole, parts[2].upper / whole, sigma);
        }
        if self.relative_sigma(part) > PROFILE_ABOVE {
            let rest = &parts[part];
            return fraction(value, 1.0 - rest.upper / whole, 1.0 - rest.lower / whole);
        }
        let mut gradient = [0.0; 3];
        gradient[2] = v[part] / (whole * whole);
        gradient[part] = -v[2] / (whole * whole);
        self.logit_normal(value, &gradient)
    }

    fn jaccard(&self, parts: &[Estimate; 3], v: &Vector) -> Estimate {
        let union = dot(&UNION, v);
        let value = share(v[2], union);
        if let Some(sigma) = self.overlap_decides(&[1.0, 1.0, 2.0]) {
            let sizes = union + v[2];
            let at = |x: f64| share(x, sizes - x);
            return self.widened(value, at(parts[2].lower), at(parts[2].upper), sigma);
        }
        let rest = v[0] + v[1];
        let (by_rest, by_x) = (-v[2] / (union * union), rest / (union * union));
        self.logit_normal(value, &[by_rest, by_rest, by_x])
    }

    /// The relative standard deviation of `sizes` if the profile of x should stand for a fraction
    /// of x over them: some part is too uncertain for a normal approximation, and the sizes are
    /// known far better than x.
    fn overlap_decides(&self, sizes: &Vector) -> Option<f64> {
        const FAR_BETTER: f64 = 2.0;
        let sigma = quadratic(&self.covariance, sizes).max(0.0).sqrt() / dot(sizes, &self.fit.v);
        let overlap = self.relative_sigma(2);
        let uncertain = (0..3).any(|part| self.relative_sigma(part) > PROFILE_ABOVE);
        let decides = overlap > PROFILE_ABOVE || (uncertain && overlap > FAR_BETTER * sigma);
        decides.then_some(sigma)
    }

    /// A fraction whose limits come from x alone, widened by the uncertainty of what it is a
    /// fraction of.
    fn widened(&self, value: f64, lower: f64, upper: f64, sigma: f64) -> Estimate {
        let widen = |limit: f64| {
            let distance = (limit / value).ln();
            value * distance.hypot(self.z * sigma).copysign(distance).exp()
        };
        // From nothing there is no ratio to widen; an upper limit alone is wide as it is.
        if value <= 0.0 {
            return fraction(value, lower, upper);
        }
        fraction(value, widen(lower), widen(upper))
    }

    /// part / set: log-normal, or from the limits of a small part.
    fn gain(&self, part: usize, set: &Vector, parts: &[Estimate; 3], v: &Vector) -> Estimate {
        let whole = dot(set, v);
        let value = share(v[part], whole);
        let limits = (
            share(parts[part].lower, whole),
            share(parts[part].upper, whole),
        );
        if self.relative_sigma(part) > PROFILE_ABOVE {
            return Estimate::ordered(value, limits.0, limits.1);
        }
        let mut gradient = set.map(|w| -w / whole);
        gradient[part] += 1.0 / v[part];
        let sigma = quadratic(&self.covariance, &gradient).max(0.0).sqrt();
        let spread = (self.z * sigma).exp();
        Estimate::ordered(value, value / spread, value * spread)
    }

    fn logit_normal(&self, value: f64, gradient: &Vector) -> Estimate {
        let odds = value / (1.0 - value);
        let sigma = quadratic(&self.covariance, gradient).max(0.0).sqrt() / (value * (1.0 - value));
        let spread = (self.z * sigma).exp();
        let at = |odds: f64| odds / (1.0 + odds);
        fraction(value, at(odds / spread), at(odds * spread))
    }
}

/// Whole users, the interval rounded away from the value.
pub(super) fn outward(value: f64, lower: f64, upper: f64) -> Estimate {
    // A limit that is whole but for rounding errors is that whole number.
    const SLACK: f64 = 1e-6;
    Estimate::ordered(
        value,
        (lower + SLACK).floor().max(0.0),
        (upper - SLACK).ceil(),
    )
}

/// A fraction between 0 and 1; what can't be computed is unknown.
fn fraction(value: f64, lower: f64, upper: f64) -> Estimate {
    let lower = if lower.is_finite() {
        lower.clamp(0.0, 1.0)
    } else {
        0.0
    };
    let upper = if upper.is_finite() {
        upper.clamp(0.0, 1.0)
    } else {
        1.0
    };
    Estimate::ordered(value, lower, upper)
}
