//! A fit and everything that follows from it, each number with its own interval.

use super::Estimate;
use super::interval::{End, limit};
use super::likelihood::{SET_A, SET_B, SampleData, UNION};
use super::matrix::{Matrix, Vector, dot, quadratic};
use super::newton::{Fit, Model, PART_CEILING};
use super::pair::{PairEstimate, share};

/// A fit, ready to be asked for numbers.
pub(super) struct Answer<'a> {
    pub(super) model: Model<'a>,
    pub(super) fit: Fit,
    pub(super) z: f64,
    pub(super) covariance: Matrix,
    /// What the registers know of each part, as a count of Poisson events: information about its
    /// logarithm.
    pub(super) register_events: Vector,
}

/// Above this relative standard deviation an interval comes from the profile likelihood; below it
/// the logarithm is normal enough (coverage 94 to 96 % in simulation).
const PROFILE_ABOVE: f64 = 0.1;

impl Answer<'_> {
    pub(super) fn numbers(&self) -> PairEstimate {
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
            return whole_users(
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
        whole_users(value, lower, upper)
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
        whole_users(value, (center / spread).max(floor), center * spread)
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

impl SampleData {
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

/// Whole users. The truth is a whole number, so that an interval holds it just if the whole numbers
/// inside do: the limits move inwards. A limit without bound ends where numbers of users do.
pub(super) fn whole_users(value: f64, lower: f64, upper: f64) -> Estimate {
    // A limit that is whole but for rounding errors is that whole number.
    const SLACK: f64 = 1e-6;
    const MOST: f64 = 3.0 * PART_CEILING;
    let lower = (lower - SLACK).ceil().max(0.0);
    Estimate::ordered(value, lower, (upper + SLACK).floor().min(MOST))
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
