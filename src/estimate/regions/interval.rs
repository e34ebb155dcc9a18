//! Intervals of sums of regions.

use super::super::Estimate;
use super::super::answer::whole_users;
use super::fit::{Fit, Solver, ties};
use super::linear::Square;
use super::model::Model;
use super::set::RegionSet;

/// Everything that intervals of a fit's sums need.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    /// Of the regions' users; 0 where a bound holds a region.
    covariance: Square,
    /// How many users more than its bound a region that is held there may have.
    unseen: Vec<f64>,
    /// What the fit says before rounding.
    fitted: Vec<f64>,
    seen: Vec<(RegionSet, u64)>,
    /// Sets of regions whose total is certain.
    certain: Vec<(RegionSet, f64)>,
    /// Totals of whole samples, which have no region in common.
    disjoint: usize,
    /// Users that stand behind one hash.
    per_hash: f64,
    z: f64,
    /// Sets, what two of them share or reach, and the union of all: nothing that lies within one of
    /// these has a higher limit, nothing that it lies within a lower one.
    anchors: Vec<(RegionSet, Estimate)>,
}

impl Intervals {
    pub(super) fn new(
        model: &Model<'_>,
        fit: &Fit,
        users: &[f64],
        set_count: usize,
        z: f64,
    ) -> Self {
        let places = model.places;
        let information = model.information(&fit.users);
        let inner = Solver::new(information.block(&fit.free), &ties(model, &fit.free));
        let mut covariance = Square::zeros(places);
        if let Some(inner) = inner.map(Solver::covariance) {
            for (i, &row) in fit.free.iter().enumerate() {
                for (&column, value) in fit.free.iter().zip(inner.row(i)) {
                    covariance.add(row, column, *value);
                }
            }
        }
        let regions = |regions: &[usize]| RegionSet::of(places, |region| regions.contains(&region));
        let certain = model
            .totals
            .iter()
            .map(|(set, total)| (regions(set), *total));
        let theta = model.sample.theta;
        let mut intervals = Self {
            unseen: unseen(model, fit, &information, &covariance, z),
            covariance,
            fitted: fit.users.clone(),
            seen: model.sample.seen_of.clone(),
            certain: certain.collect(),
            disjoint: model.sample.certain.len(),
            per_hash: if theta > 0.0 {
                1.0 / theta
            } else {
                f64::INFINITY
            },
            z,
            anchors: Vec::new(),
        };
        intervals.anchors = intervals.anchored(users, set_count);
        intervals
    }

    /// Sets that can have only so many users: nothing within them has a higher limit.
    pub(super) fn limit(&mut self, caps: &[(Vec<usize>, f64)]) {
        for (regions, most) in caps {
            let cap = RegionSet::of(self.fitted.len(), |region| regions.contains(&region));
            for (_, estimate) in self
                .anchors
                .iter_mut()
                .filter(|(set, _)| set.is_within(&cap))
            {
                *estimate = estimate.limited(*most);
            }
        }
    }

    /// The estimate of a sum of regions whose value is given.
    pub(super) fn of(&self, picked: &RegionSet, value: f64) -> Estimate {
        let mut estimate = self.alone(picked, value);
        for (anchor, bounds) in &self.anchors {
            if anchor == picked {
                return *bounds;
            }
            clip(&mut estimate, picked, anchor, bounds);
        }
        estimate
    }

    /// Of two sums of regions.
    pub(super) fn covariance(&self, a: &RegionSet, b: &RegionSet) -> f64 {
        let columns: Vec<usize> = b.iter().collect();
        let row = |i: usize| {
            columns
                .iter()
                .map(|&j| self.covariance.at(i, j))
                .sum::<f64>()
        };
        a.iter().map(row).sum()
    }

    fn anchored(&self, users: &[f64], set_count: usize) -> Vec<(RegionSet, Estimate)> {
        let places = users.len();
        let mut sets = vec![RegionSet::of(places, |_| true)];
        for a in 0..set_count {
            sets.push(RegionSet::of(places, |region| region >> a & 1 == 1));
            for b in a + 1..set_count {
                let both = 1 << a | 1 << b;
                sets.push(RegionSet::of(places, |region| region & both == both));
                sets.push(RegionSet::of(places, |region| region & both != 0));
            }
        }
        let value = |set: &RegionSet| set.iter().map(|region| users[region]).sum::<f64>();
        let mut estimates: Vec<Estimate> =
            sets.iter().map(|set| self.alone(set, value(set))).collect();
        // Limits go up to unions and down to overlaps in two steps.
        for _ in 0..2 {
            for i in 0..sets.len() {
                let mut clipped = estimates[i];
                for (set, bounds) in sets.iter().zip(&estimates) {
                    clip(&mut clipped, &sets[i], set, bounds);
                }
                estimates[i] = clipped;
            }
        }
        sets.into_iter().zip(estimates).collect()
    }

    /// Without looking at what it is a part of.
    fn alone(&self, picked: &RegionSet, value: f64) -> Estimate {
        if picked.is_empty() {
            return Estimate::exact(0.0);
        }
        if self.is_certain(picked) {
            return Estimate::exact(value);
        }
        let fitted: f64 = picked.iter().map(|region| self.fitted[region]).sum();
        let variance = self.covariance(picked, picked).max(0.0);
        let unseen = picked
            .iter()
            .map(|region| self.unseen[region])
            .fold(0.0, f64::max);
        let per_event = match fitted * fitted >= variance && variance > 0.0 {
            true => variance / fitted,
            false => variance.sqrt().min(self.per_hash),
        };
        let seen = self.seen(picked);
        let mut estimate = match variance > 0.0 {
            true => poisson_interval(value, variance, per_event, self.z),
            false => Estimate::exact(value),
        };
        if seen == 0.0 {
            // Registers alone speak for it, and they count no events.
            estimate.lower = estimate.lower.min(fitted - self.z * variance.sqrt());
        }
        let upper = estimate.upper.max(value + unseen);
        whole_users(value, estimate.lower.max(seen), upper)
    }

    fn seen(&self, picked: &RegionSet) -> f64 {
        let sure = self.seen.iter().filter(|(set, _)| set.is_within(picked));
        sure.map(|(_, seen)| *seen).sum::<u64>() as f64
    }

    /// Whether totals of whole samples, or one known size, make up just these regions.
    fn is_certain(&self, picked: &RegionSet) -> bool {
        let mut covered = RegionSet::default();
        for (set, _) in &self.certain[..self.disjoint] {
            if set.is_within(picked) {
                covered.join(set);
            }
        }
        let known = &self.certain[self.disjoint..];
        // Regions of totals of nobody count as covered, whichever of them are picked.
        let nobody = |region: usize| {
            let mut none = self.certain[..self.disjoint].iter();
            none.any(|(set, total)| *total == 0.0 && set.has(region))
        };
        let is_left = |region: usize| !covered.has(region) && !nobody(region);
        !picked.iter().any(is_left) || known.iter().any(|(set, _)| set == picked)
    }
}

/// Keeps a part within the limits of the whole, and a whole above those of its part.
fn clip(estimate: &mut Estimate, picked: &RegionSet, other: &RegionSet, bounds: &Estimate) {
    if picked.is_within(other) {
        estimate.upper = estimate.upper.min(bounds.upper).max(estimate.value);
    }
    if other.is_within(picked) {
        estimate.lower = estimate.lower.max(bounds.lower).min(estimate.value);
    }
}

/// How many users a region may have beyond the bound that holds it: where ln L, whose slope and
/// curvature there are known, has fallen as far as a Poisson count of 0 allows.
fn unseen(
    model: &Model<'_>,
    fit: &Fit,
    information: &Square,
    covariance: &Square,
    z: f64,
) -> Vec<f64> {
    let fall = cube(1.0, z);
    let nobody = |region: usize| {
        let mut totals = model.totals.iter();
        totals.any(|(regions, total)| *total == 0.0 && regions.contains(&region))
    };
    let mut unseen = vec![0.0; model.places];
    for region in (1..model.places).filter(|region| !fit.free.contains(region)) {
        if nobody(region) {
            continue;
        }
        let row = information.row(region);
        let through: f64 = (fit.free.iter())
            .map(|&i| {
                let inner = fit.free.iter().map(|&j| covariance.at(i, j) * row[j]);
                row[i] * inner.sum::<f64>()
            })
            .sum();
        let bend = (row[region] - through).max(0.0);
        let slope = (-fit.slope[region]).max(0.0);
        // slope t + ½ bend t² = fall, in the form that doesn't cancel.
        let divisor = slope + (slope * slope + 2.0 * bend * fall).sqrt();
        unseen[region] = if divisor > 0.0 {
            2.0 * fall / divisor
        } else {
            f64::INFINITY
        };
    }
    unseen
}

/// The number of events that Wilson and Hilferty's approximation of a Poisson limit gives for `n`.
fn cube(n: f64, z: f64) -> f64 {
    n * (1.0 - 1.0 / (9.0 * n) + z / (3.0 * n.sqrt())).powi(3)
}

/// An interval as if the value were a Poisson count of as many events as its variance tells, each of
/// which stands for `per_event` users where there are too few to tell.
pub(in super::super) fn poisson_interval(
    value: f64,
    variance: f64,
    per_event: f64,
    z: f64,
) -> Estimate {
    let events = match variance > 0.0 {
        true => value * value / variance,
        // Nothing was seen: that is no event, not certainty.
        false if value == 0.0 => 0.0,
        false => f64::INFINITY,
    };
    if events.is_infinite() {
        return Estimate::exact(value);
    }
    let is_count = events >= 1.0;
    let scale = if is_count { value / events } else { per_event };
    let lower = if is_count {
        cube(events, -z).max(0.0) * scale
    } else {
        0.0
    };
    whole_users(value, lower, cube(events + 1.0, z) * scale)
}
