//! A fit and everything that follows from it, each number with its own interval.

use super::Estimate;
use super::interval::{End, limit};
use super::likelihood::{SET_A, SET_B, SampleData, UNION};
use super::matrix::{Matrix, Vector, dot, quadratic};
use super::newton::{Fit, Model, PART_CEILING};
use super::pair::PairEstimate;
use super::ratios::{PROFILE_ABOVE, Ratios};

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

impl Answer<'_> {
    pub(super) fn numbers(&self) -> PairEstimate {
        let v = self.whole();
        let parts: [Estimate; 3] = std::array::from_fn(|part| self.part(part, v[part]));
        let size = |side: usize, w: &Vector| match self.model.known[side] {
            Some(_) => Estimate::exact(dot(w, &v)),
            None => self.size(w, dot(w, &v)),
        };
        let sets = [size(0, &SET_A), size(1, &SET_B)];
        self.pair(parts, sets, self.size(&UNION, dot(&UNION, &v)))
    }

    /// All numbers, given those of the parts, of A and B, and of the union.
    pub(super) fn pair(
        &self,
        parts: [Estimate; 3],
        [a, b]: [Estimate; 2],
        union: Estimate,
    ) -> PairEstimate {
        let ratios = Ratios {
            whole: self.whole(),
            fitted: self.fit.v,
            covariance: self.covariance,
            parts,
            z: self.z,
        };
        ratios.pair(a, b, union, false)
    }

    /// (a, b, x) as whole users, so that every sum of them is exact.
    pub(super) fn whole(&self) -> Vector {
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
        let variance = self.covariance[part][part];
        let sigma = if variance > 0.0 {
            variance.sqrt() / self.fit.v[part]
        } else {
            f64::INFINITY
        };
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
}

impl SampleData {
    /// The counts with `part` moved by `up` and the parts it trades users with by `down`. None
    /// moves below what stands for it: its count, and the events that the registers saw of it
    /// beyond the first.
    pub(super) fn shifted(
        mut self,
        part: usize,
        up: f64,
        down: f64,
        register_events: &Vector,
    ) -> Self {
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
