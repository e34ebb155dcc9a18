//! Shares, gains and coefficients of two sets, from the users of their three parts.

use super::Estimate;
use super::likelihood::{SET_A, SET_B, UNION};
use super::matrix::{Matrix, Vector, dot, quadratic};
use super::pair::PairEstimate;

/// What is known of (a, b, x).
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratios {
    /// In whole users, as they are printed.
    pub(super) whole: Vector,
    /// Before rounding.
    pub(super) fitted: Vector,
    pub(super) covariance: Matrix,
    /// With intervals.
    pub(super) parts: [Estimate; 3],
    pub(super) z: f64,
}

/// Above this relative standard deviation an interval comes from the profile likelihood; below it
/// the logarithm is normal enough (coverage 94 to 96 % in simulation).
pub(super) const PROFILE_ABOVE: f64 = 0.1;

impl Ratios {
    /// All numbers of the pair, given the sizes of both sets and of their union.
    pub(super) fn pair(
        &self,
        a: Estimate,
        b: Estimate,
        union: Estimate,
        exact: bool,
    ) -> PairEstimate {
        let nobody = Estimate::exact(0.0);
        let [only_a, only_b, overlap] = self.parts;
        let of = |whole: &Estimate, ratio: Estimate| if whole.upper > 0.0 { ratio } else { nobody };
        let share_of_a = of(&a, self.share(&SET_A, 0));
        let share_of_b = of(&b, self.share(&SET_B, 1));
        PairEstimate {
            a,
            b,
            only_a,
            only_b,
            overlap,
            union,
            share_of_a,
            share_of_b,
            jaccard: of(&union, self.jaccard()),
            overlap_coefficient: if a.value < b.value {
                share_of_a
            } else {
                share_of_b
            },
            gain_a: of(&a, self.gain(1, &SET_A)),
            gain_b: of(&b, self.gain(0, &SET_B)),
            matches: None,
            exact,
        }
    }

    /// How uncertain a part is, as a share of it; infinite where nothing is known of it.
    pub(super) fn relative_sigma(&self, part: usize) -> f64 {
        let variance = self.covariance[part][part];
        if variance > 0.0 {
            variance.sqrt() / self.fitted[part]
        } else {
            f64::INFINITY
        }
    }

    /// x / (x + part) of one side: logit-normal, or from the limits of whichever part is small.
    fn share(&self, set: &Vector, part: usize) -> Estimate {
        let whole = dot(set, &self.whole);
        let value = share(self.whole[2], whole);
        if let Some(sigma) = self.overlap_decides(set) {
            return self.widened(
                value,
                self.parts[2].lower / whole,
                self.parts[2].upper / whole,
                sigma,
            );
        }
        if self.relative_sigma(part) > PROFILE_ABOVE {
            let rest = &self.parts[part];
            return fraction(value, 1.0 - rest.upper / whole, 1.0 - rest.lower / whole);
        }
        let mut gradient = [0.0; 3];
        gradient[2] = self.whole[part] / (whole * whole);
        gradient[part] = -self.whole[2] / (whole * whole);
        self.logit_normal(value, &gradient)
    }

    fn jaccard(&self) -> Estimate {
        let union = dot(&UNION, &self.whole);
        let value = share(self.whole[2], union);
        if let Some(sigma) = self.overlap_decides(&[1.0, 1.0, 2.0]) {
            let sizes = union + self.whole[2];
            let at = |x: f64| share(x, sizes - x);
            return self.widened(
                value,
                at(self.parts[2].lower),
                at(self.parts[2].upper),
                sigma,
            );
        }
        let rest = self.whole[0] + self.whole[1];
        let (by_rest, by_x) = (-self.whole[2] / (union * union), rest / (union * union));
        self.logit_normal(value, &[by_rest, by_rest, by_x])
    }

    /// The relative standard deviation of `sizes` if the profile of x should stand for a fraction
    /// of x over them: some part is too uncertain for a normal approximation, and the sizes are
    /// known far better than x.
    fn overlap_decides(&self, sizes: &Vector) -> Option<f64> {
        const FAR_BETTER: f64 = 2.0;
        let sigma = quadratic(&self.covariance, sizes).max(0.0).sqrt() / dot(sizes, &self.fitted);
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
    fn gain(&self, part: usize, set: &Vector) -> Estimate {
        let whole = dot(set, &self.whole);
        let value = share(self.whole[part], whole);
        let limits = (
            share(self.parts[part].lower, whole),
            share(self.parts[part].upper, whole),
        );
        if self.relative_sigma(part) > PROFILE_ABOVE {
            return Estimate::ordered(value, limits.0, limits.1);
        }
        let mut gradient = set.map(|w| -w / whole);
        gradient[part] += 1.0 / self.whole[part];
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

/// part / whole; 0 of nothing.
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
