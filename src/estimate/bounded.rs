//! Intervals of a number that can't be below 0 or above a bound, from an estimate whose normal error may be larger than
//! the number itself.
//!
//! The interval holds every number at which what was estimated isn't unlikely: estimates are ordered by their
//! likelihood beside that of the likeliest number within the bounds, and those that come first make up the confidence
//! (Feldman and Cousins, Phys. Rev. D 57, 3873). It is never empty, reaches a bound where the data don't exclude it,
//! and is u ± zσ far from both.

use super::normal::upper_tail;

/// An estimate without bounds, and where the truth can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounded {
    /// The estimate, which may lie outside of the bounds.
    pub(super) unbounded: f64,
    /// The standard deviation of its error, above 0.
    pub(super) sigma: f64,
    /// The largest that the number can be; infinite without an upper bound. The least is 0.
    pub(super) most: f64,
}

impl Bounded {
    /// The ends of the interval that `z` stands for.
    pub(super) fn limits(self, z: f64) -> (f64, f64) {
        if !(self.sigma.is_finite() && self.sigma > 0.0 && self.unbounded.is_finite()) {
            return (0.0, self.most);
        }
        // In standard deviations from here on.
        let (u, most) = (self.unbounded / self.sigma, self.most / self.sigma);
        let within = Within { u, most, z };
        let peak = u.clamp(0.0, most);
        // No interval reaches further than the one without bounds.
        let below = (u.min(most) - z - 1.0).clamp(0.0, peak);
        let above = (u.max(0.0) + z + 1.0).clamp(peak, most);
        let lower = within.last_held(peak, below) * self.sigma;
        (lower, within.last_held(peak, above) * self.sigma)
    }
}

/// A [`Bounded`] in standard deviations.
struct Within {
    u: f64,
    most: f64,
    z: f64,
}

impl Within {
    /// The number furthest from `inside` towards `outside` that the interval holds.
    fn last_held(&self, inside: f64, outside: f64) -> f64 {
        const HALVINGS: u32 = 60;
        if self.holds(outside) {
            return outside;
        }
        let (mut inside, mut outside) = (inside, outside);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (inside + outside);
            if self.holds(middle) {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        inside
    }

    /// Whether estimates at least as unlikely as `u`, if `truth` is the truth, are so often seen that `u` is no
    /// surprise.
    fn holds(&self, truth: f64) -> bool {
        let nearest = self.u.clamp(0.0, self.most);
        // −2 ln of the likelihood ratio.
        let ratio = (self.u - truth).powi(2) - (self.u - nearest).powi(2);
        if ratio <= 0.0 {
            return true;
        }
        // As far as estimates of the same ratio are from the truth on the side of a bound. Beyond the bound the ratio
        // is linear.
        let reach = |room: f64| {
            if ratio.sqrt() <= room {
                ratio.sqrt()
            } else {
                (room * room + ratio) / (2.0 * room)
            }
        };
        let rest = upper_tail(reach(truth)) + upper_tail(reach(self.most - truth));
        // z itself is held, whatever rounding says.
        rest >= 2.0 * upper_tail(self.z) * (1.0 - 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Confidence;
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use rand_distr::{Distribution, StandardNormal};

    fn limits(unbounded: f64, most: f64, level: f64) -> (f64, f64) {
        let z = Confidence::new(level).expect("a level").z();
        let bounded = Bounded {
            unbounded,
            sigma: 1.0,
            most,
        };
        bounded.limits(z)
    }

    /// As a scan in steps of 0.001 by another program (NumPy) found them, for estimates from −3 to 3.1 standard
    /// deviations.
    #[test]
    fn limits_are_those_that_a_scan_finds() {
        for (u, of_90, of_95) in [
            (-3.0, (0.0, 0.26), (0.0, 0.42)),
            (-1.0, (0.0, 0.81), (0.0, 1.10)),
            (0.0, (0.0, 1.64), (0.0, 1.96)),
            (1.0, (0.0, 2.64), (0.0, 2.96)),
            (2.0, (0.58, 3.64), (0.355, 3.96)),
            (3.1, (1.46, 4.74), (1.22, 5.06)),
        ] {
            for (level, expected) in [(0.90, of_90), (0.95, of_95)] {
                let found = limits(u, f64::INFINITY, level);
                let near = |one: f64, other: f64| (one - other).abs() < 0.006;
                assert!(
                    near(found.0, expected.0) && near(found.1, expected.1),
                    "{u} at {level}: {found:?} and not {expected:?}"
                );
            }
        }
    }

    #[test]
    fn bounds_are_alike() {
        for u in [-2.0, -0.3, 0.0, 0.8, 1.9, 3.0, 5.5] {
            let (lower, upper) = limits(u, 4.0, 0.95);
            let (mirrored_lower, mirrored_upper) = limits(4.0 - u, 4.0, 0.95);
            assert!((lower - (4.0 - mirrored_upper)).abs() < 1e-9, "{u}");
            assert!((upper - (4.0 - mirrored_lower)).abs() < 1e-9, "{u}");
            assert!(0.0 <= lower && lower <= upper && upper <= 4.0, "{u}");
        }
    }

    #[test]
    fn far_from_both_bounds_nothing_is_bounded() {
        let (lower, upper) = limits(50.0, 100.0, 0.95);
        let z = Confidence::default().z();
        assert!((lower - (50.0 - z)).abs() < 1e-6 && (upper - (50.0 + z)).abs() < 1e-6);
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        const TRIALS: u32 = 20_000;
        let mut random = StdRng::seed_from_u64(9);
        for (truth, most) in [
            (0.0, f64::INFINITY),
            (0.1, f64::INFINITY),
            (1.0, f64::INFINITY),
            (3.0, f64::INFINITY),
            (0.2, 0.5),
            (1.0, 1.0),
            (1.0, 3.0),
        ] {
            let mut held = 0;
            for _ in 0..TRIALS {
                let error: f64 = StandardNormal.sample(&mut random);
                let (lower, upper) = limits(truth + error, most, 0.95);
                held += u32::from((lower..=upper).contains(&truth));
            }
            let coverage = f64::from(held) / f64::from(TRIALS);
            // Three standard errors: 0.5 %.
            assert!((0.945..0.955).contains(&coverage), "{truth}: {coverage}");
        }
    }

    #[test]
    fn an_error_that_is_unknown_holds_everything() {
        for sigma in [f64::INFINITY, f64::NAN] {
            let bounded = Bounded {
                unbounded: 3.0,
                sigma,
                most: 7.0,
            };
            assert_eq!(bounded.limits(2.0), (0.0, 7.0));
        }
    }
}
