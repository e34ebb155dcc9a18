//! Profile likelihood: how far a part can go before the data object.
//!
//! The limits are where 2 (ln L_max − ln L_profile) = z². With the counts shifted by +2/3 and −1/3
//! (see `pair.rs`) they agree with Garwood's Poisson interval to second order where the sample
//! alone decides, and with Clopper and Pearson's where a size is known.

use super::matrix::Vector;
use super::newton::{Fit, Model};

/// Which end of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Lower,
    Upper,
}

/// The end of the profile interval of `part` (0: a, 1: b, 2: x) around a maximum; 0 if the data
/// don't exclude that there is none.
pub(super) fn limit(model: &Model<'_>, fit: &Fit, part: usize, z: f64, end: End) -> f64 {
    let axis = Axis::new(model, part);
    let peak = axis.to_coordinate(fit.v[part]);
    let mut profile = Profile {
        model,
        fit,
        part,
        axis,
        last: fit.v,
    };
    let far = match end {
        End::Lower => profile.axis.to_coordinate(model.part_floor(part)),
        End::Upper => profile.axis.far(peak),
    };
    if (far - peak).abs() < 1e-12 || profile.root_at(far) < z {
        return match end {
            End::Lower if model.likelihood.floor()[part] < 1.0 => 0.0,
            End::Lower => model.part_floor(part),
            End::Upper => profile.axis.to_value(far),
        };
    }
    let crossing = profile.solve(peak, far, z);
    profile.axis.to_value(crossing)
}

/// The signed root of the likelihood ratio of `part` = `value`: how many standard deviations the
/// maximum is above it (below it if negative).
pub(super) fn signed_root(model: &Model<'_>, fit: &Fit, part: usize, value: f64) -> f64 {
    let start = model.placed(&fit.v, part, value);
    let held = model.maximise(&start, Some(part));
    let root = (2.0 * (fit.value - held.value)).max(0.0).sqrt();
    root.copysign(fit.v[part] - value)
}

/// The coordinate in which a part's profile is closest to a parabola: its logarithm, or the logit
/// of its share of a known bound.
#[derive(Clone, Copy, Debug)]
struct Axis {
    most: f64,
}

impl Axis {
    fn new(model: &Model<'_>, part: usize) -> Self {
        Self {
            most: if part == 2 {
                model.overlap_max()
            } else {
                f64::INFINITY
            },
        }
    }

    fn to_coordinate(self, value: f64) -> f64 {
        if self.most.is_finite() {
            let value = value.min(self.most * (1.0 - 1e-12));
            (value / (self.most - value)).ln()
        } else {
            value.ln()
        }
    }

    fn to_value(self, coordinate: f64) -> f64 {
        if self.most.is_finite() {
            self.most / (1.0 + (-coordinate).exp())
        } else {
            coordinate.exp()
        }
    }

    /// Beyond any upper end: e^12 times the value, or a hair below the bound.
    fn far(self, peak: f64) -> f64 {
        if self.most.is_finite() {
            27.0_f64.max(peak + 1.0)
        } else {
            peak + 12.0
        }
    }
}

struct Profile<'a> {
    model: &'a Model<'a>,
    fit: &'a Fit,
    part: usize,
    axis: Axis,
    /// The last maximum along the profile: the next one is near it.
    last: Vector,
}

impl Profile<'_> {
    /// √(2 (ln L_max − ln L_profile)) at a coordinate: nearly linear in it.
    fn root_at(&mut self, coordinate: f64) -> f64 {
        let value = self.axis.to_value(coordinate);
        let start = self.model.placed(&self.last, self.part, value);
        let held = self.model.maximise(&start, Some(self.part));
        self.last = held.v;
        (2.0 * (self.fit.value - held.value)).max(0.0).sqrt()
    }

    /// Where the root is z, between the peak (0) and `far` (more than z).
    fn solve(&mut self, peak: f64, far: f64, z: f64) -> f64 {
        const TOLERANCE: f64 = 1e-3;
        let (mut inside, mut root_inside) = (peak, 0.0);
        let (mut outside, mut root_outside) = (far, f64::INFINITY);
        self.last = self.fit.v;
        let mut next = self.first_guess(peak, far, z);
        for _ in 0..60 {
            let root = self.root_at(next);
            if (root - z).abs() < TOLERANCE {
                return next;
            }
            if root < z {
                (inside, root_inside) = (next, root);
            } else {
                (outside, root_outside) = (next, root);
            }
            let slope = if root < z {
                (root - 0.0) / (next - peak)
            } else {
                (root_outside - root_inside) / (outside - inside)
            };
            let secant = inside + (z - root_inside) / slope;
            let (low, high) = (inside.min(outside), inside.max(outside));
            let room = 1e-3 * (high - low);
            next = if secant.is_finite() && secant > low + room && secant < high - room {
                secant
            } else if root_outside.is_finite() {
                0.5 * (inside + outside)
            } else {
                // Nothing beyond the crossing yet but the far end: twice the distance.
                let twice = peak + 2.0 * (next - peak);
                if (far - peak).abs() > (twice - peak).abs() {
                    twice
                } else {
                    0.5 * (next + far)
                }
            };
            if (high - low) < 1e-10 {
                break;
            }
        }
        outside
    }

    /// z standard deviations from the peak, as its curvature has them.
    fn first_guess(&self, peak: f64, far: f64, z: f64) -> f64 {
        let v = self.fit.v[self.part];
        let variance = self.model.covariance(&self.fit.v)[self.part][self.part];
        let room = if self.axis.most.is_finite() {
            1.0 - v / self.axis.most
        } else {
            1.0
        };
        let sigma = (variance.max(0.0).sqrt() / (v * room.max(1e-9))).clamp(1e-7, 1.0);
        let step = (z * sigma).min(0.9 * (far - peak).abs());
        peak + step.copysign(far - peak)
    }
}
