//! Intervals of sums of regions.

use super::super::Estimate;
use super::super::answer::whole_users;
use super::super::newton::PART_CEILING;
use super::doubtful;
use super::fit::{Fit, ties};
use super::linear::{Square, dot};
use super::model::Model;
use super::portable::{HeldRegion, RegionsFit};
use super::set::RegionSet;
use super::solver::Solver;

/// Everything that intervals of a fit's sums need.
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    /// Of the regions' users; 0 where a bound holds a region.
    covariance: Square,
    held: Vec<Held>,
    /// How much each region would gain under something that may be so as well: intervals reach there.
    leans: Vec<Vec<f64>>,
    /// What the fit says before rounding.
    fitted: Vec<f64>,
    seen: Vec<(RegionSet, u64)>,
    /// Sets of regions whose total is certain.
    certain: Vec<(RegionSet, f64)>,
    /// Regions that are certain one by one.
    fixed: RegionSet,
    /// Totals of whole samples, which have no region in common.
    disjoint: usize,
    /// Users that stand behind one hash.
    per_hash: f64,
    z: f64,
    /// Sets, what two of them share or reach, and the union of all: nothing that lies within one of
    /// these has a higher limit, nothing that it lies within a lower one.
    anchors: Vec<Anchor>,
}

/// A sum of regions whose limits bound those of others.
#[derive(Clone, Debug)]
struct Anchor {
    users: RegionSet,
    estimate: Estimate,
    /// The sets, as bits, whose union it is; none if it is no union of sets.
    union_of: usize,
}

impl Intervals {
    pub(super) fn new(
        model: &Model<'_>,
        fit: &Fit,
        users: &[f64],
        clipped: Vec<f64>,
        set_count: usize,
        z: f64,
    ) -> Self {
        let places = model.places;
        let mut information = model.information(&fit.users);
        // A part of a certain total is known to two standard deviations by that total, even where
        // nothing tells its parts apart.
        for (regions, total) in model
            .sample
            .certain
            .iter()
            .filter(|(_, total)| *total > 0.0)
        {
            for &region in regions {
                information.add(region, region, 4.0 / (total * total));
            }
        }
        let ties = ties(model, &fit.free);
        let solver = Solver::new(&information, &fit.users, &fit.free, ties);
        let mut covariance = Square::zeros(places);
        if let Some(inner) = solver.as_ref().map(Solver::covariance) {
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
            held: Held::all(model, fit, &information, &covariance, solver.as_ref(), z),
            leans: doubtful::lean(model, fit, &covariance)
                .into_iter()
                .collect(),
            covariance,
            fitted: fit.users.clone(),
            seen: model.sample.seen_of.clone(),
            certain: certain.collect(),
            fixed: model.sample.fixed,
            disjoint: model.sample.certain.len(),
            per_hash: if theta > 0.0 {
                1.0 / theta
            } else {
                f64::INFINITY
            },
            z,
            anchors: Vec::new(),
        };
        // Sets that came out larger than they can be were held at that: together they are too small.
        if clipped.iter().any(|users| *users != 0.0) {
            intervals.leans.push(clipped);
        }
        intervals.anchors = intervals.anchored(users, set_count);
        intervals
    }

    /// Sets that can have only so many users: nothing within them has a higher limit, and no union of
    /// such sets a higher one than they can have together. Limits of sets that are estimates are
    /// none for their union: each is too low now and then, and one of eight often.
    pub(super) fn limit(&mut self, caps: &[(Vec<usize>, f64)]) {
        let regions = self.fitted.len();
        let caps: Vec<(RegionSet, f64)> = (caps.iter())
            .map(|(cap, most)| {
                (
                    RegionSet::of(regions, |region| cap.contains(&region)),
                    *most,
                )
            })
            .collect();
        // The most users of each set: what it can have, or has for sure.
        let most_of = |anchor: &Anchor| {
            let cap = caps.iter().find(|(cap, _)| *cap == anchor.users);
            let size = anchor.estimate;
            cap.map(|(_, most)| *most)
                .or_else(|| (size.lower == size.upper).then_some(size.upper))
        };
        let sets = self
            .anchors
            .iter()
            .filter(|it| it.union_of.count_ones() == 1);
        let sizes: Vec<(usize, Option<f64>)> =
            sets.map(|set| (set.union_of, most_of(set))).collect();
        for anchor in &mut self.anchors {
            let of_union = sizes.iter().filter(|(set, _)| anchor.union_of & set != 0);
            let together = of_union.map(|(_, most)| *most).sum::<Option<f64>>();
            let within = caps.iter().filter(|(cap, _)| anchor.users.is_within(cap));
            let own = within.map(|(_, most)| *most);
            let union = together.filter(|_| anchor.union_of != 0);
            let most = own.chain(union).fold(f64::INFINITY, f64::min);
            anchor.estimate = anchor.estimate.limited(most);
        }
    }

    /// The estimate of a sum of regions whose value is given.
    pub(super) fn of(&self, picked: &RegionSet, value: f64) -> Estimate {
        let mut estimate = self.alone(picked, value);
        for anchor in &self.anchors {
            if anchor.users == *picked {
                return anchor.estimate;
            }
            clip(&mut estimate, picked, &anchor.users, &anchor.estimate);
        }
        estimate
    }

    /// Of two sums of regions.
    pub(super) fn covariance(&self, a: &RegionSet, b: &RegionSet) -> f64 {
        let columns = b.sum_of();
        a.iter().map(|i| columns(self.covariance.row(i))).sum()
    }

    /// All that [`Self::of`] looks at, as plain numbers; `users` are the regions' values.
    pub(super) fn portable(&self, users: &[f64]) -> RegionsFit {
        let places = users.len();
        let held = self.held.iter().map(|held| HeldRegion {
            region: held.region,
            most: held.most,
            above: held.above,
            replaced: held.replaced.clone(),
        });
        let rows = (0..places).flat_map(|row| self.covariance.row(row).iter().copied());
        RegionsFit {
            users: users.to_vec(),
            fitted: self.fitted.clone(),
            covariance: rows.collect(),
            held: held.collect(),
            leans: self.leans.clone(),
            seen: (self.seen.iter().map(|(set, seen)| (set.words(), *seen))).collect(),
            certain: (self.certain.iter())
                .map(|(set, total)| (set.words(), *total))
                .collect(),
            disjoint: self.disjoint,
            per_hash: self.per_hash,
            z: self.z,
            anchors: (self.anchors.iter())
                .map(|anchor| (anchor.users.words(), anchor.estimate))
                .collect(),
        }
    }

    fn anchored(&self, users: &[f64], set_count: usize) -> Vec<Anchor> {
        let places = users.len();
        let anchor = |union_of: usize, wanted: &dyn Fn(usize) -> bool| {
            let set = RegionSet::of(places, wanted);
            let value = set.iter().map(|region| users[region]).sum();
            Anchor {
                estimate: self.alone(&set, value),
                users: set,
                union_of,
            }
        };
        let mut anchors = vec![anchor(places - 1, &|_| true)];
        for a in 0..set_count {
            anchors.push(anchor(1 << a, &|region| region >> a & 1 == 1));
            for b in a + 1..set_count {
                let both = 1 << a | 1 << b;
                anchors.push(anchor(0, &|region| region & both == both));
                anchors.push(anchor(both, &|region| region & both != 0));
            }
        }
        // Limits go up to unions and down to overlaps in two steps.
        for _ in 0..2 {
            for i in 0..anchors.len() {
                let mut clipped = anchors[i].estimate;
                for other in &anchors {
                    clip(
                        &mut clipped,
                        &anchors[i].users,
                        &other.users,
                        &other.estimate,
                    );
                }
                anchors[i].estimate = clipped;
            }
        }
        anchors
    }

    /// Without looking at what it is a part of.
    fn alone(&self, picked: &RegionSet, value: f64) -> Estimate {
        if picked.is_empty() {
            return Estimate::exact(0.0);
        }
        if self.is_certain(picked) {
            return Estimate::exact(value);
        }
        let rest = picked.without(&self.fixed);
        if rest != *picked {
            let users: f64 = self.certain_within(picked);
            let rest = self.alone(&rest, value - users);
            return Estimate {
                value,
                lower: rest.lower + users,
                upper: rest.upper + users,
            };
        }
        if let Some((total, rest)) = self.rest_of_certain(picked, value) {
            let rest = self.alone(&rest, total - value);
            return whole_users(value, total - rest.upper, total - rest.lower);
        }
        let fitted: f64 = picked.iter().map(|region| self.fitted[region]).sum();
        let variance = self.covariance(picked, picked).max(0.0);
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
        let (mut more, mut less) = (0.0_f64, 0.0_f64);
        let sum_of_picked = picked.sum_of();
        for held in &self.held {
            let change = held.more(picked.has(held.region), &sum_of_picked);
            (more, less) = (more.max(change), less.max(-change));
        }
        // Fractions of users that may be anybody's.
        let own = self.held.iter().filter(|held| picked.has(held.region));
        let less = less + own.map(|held| held.above).sum::<f64>();
        let lower = estimate.lower.min(value - less);
        let upper = estimate.upper.max(value + more);
        let leans = || self.leans.iter().map(|lean| sum_of_picked(lean));
        let lower = (lower + leans().map(|lean| lean.min(0.0)).sum::<f64>()).max(seen);
        whole_users(
            value,
            lower,
            upper + leans().map(|lean| lean.max(0.0)).sum::<f64>(),
        )
    }

    /// The total that these regions are the larger part of, and the other part: its limits are known
    /// better, since it has fewer users.
    fn rest_of_certain(&self, picked: &RegionSet, value: f64) -> Option<(f64, RegionSet)> {
        let (set, total) = (self.certain.iter())
            .find(|(set, total)| picked.is_within(set) && value > 0.5 * total)?;
        let rest = RegionSet::of(self.fitted.len(), |region| {
            set.has(region) && !picked.has(region)
        });
        Some((*total, rest))
    }

    /// Users of the regions that are certain one by one.
    fn certain_within(&self, picked: &RegionSet) -> f64 {
        let own = self.certain[..self.disjoint].iter();
        let own = own.filter(|(set, _)| set.is_within(&self.fixed) && set.is_within(picked));
        own.map(|(_, total)| *total).sum()
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

/// A region that a bound holds, and what it would mean if it had more users all the same.
#[derive(Clone, Debug)]
struct Held {
    region: usize,
    /// How many users it may have beyond its bound: where ln L, whose slope and curvature there are
    /// known, has fallen as far as a Poisson count of 0 allows.
    most: f64,
    /// How many users fewer other regions would then have, for each of its own.
    replaced: Vec<f64>,
    /// What fraction of a user it has above its bound.
    above: f64,
}

impl Held {
    /// How many users more some regions may have through this one; fewer if negative.
    fn more(&self, is_picked: bool, sum_of_picked: impl Fn(&[f64]) -> f64) -> f64 {
        let own = f64::from(u8::from(is_picked));
        self.most * (own - sum_of_picked(&self.replaced))
    }

    fn all(
        model: &Model<'_>,
        fit: &Fit,
        information: &Square,
        covariance: &Square,
        solver: Option<&Solver>,
        z: f64,
    ) -> Vec<Self> {
        let changes = solver.map(Solver::changes_of_totals).unwrap_or_default();
        let mut is_free = vec![false; model.places];
        fit.free.iter().for_each(|&region| is_free[region] = true);
        // Only free regions can have fewer users instead.
        let (between, bends) = (covariance.block(&fit.free), information.block(&fit.free));
        let held = |region: usize| {
            let row = information.row(region);
            let tells: Vec<f64> = fit.free.iter().map(|&free| row[free]).collect();
            let mut changed = between.apply(&tells);
            for (change, (regions, _)) in changes.iter().zip(&model.totals) {
                if regions.contains(&region) {
                    for (changed, change) in changed.iter_mut().zip(change) {
                        *changed += change;
                    }
                }
            }
            let through = bends.apply(&changed);
            let bend = row[region] - 2.0 * dot(&tells, &changed) + dot(&changed, &through);
            let (bend, slope) = (bend.max(0.0), (-fit.slope[region]).max(0.0));
            // slope t + ½ bend t² = fall, in the form that doesn't cancel.
            let fall = cube(1.0, z);
            let divisor = slope + (slope * slope + 2.0 * bend * fall).sqrt();
            let most = if divisor > 0.0 {
                2.0 * fall / divisor
            } else {
                PART_CEILING
            };
            let totals = model
                .totals
                .iter()
                .filter(|(regions, _)| regions.contains(&region));
            let room = totals
                .map(|(_, total)| total - fit.users[region])
                .fold(most, f64::min);
            let mut replaced = vec![0.0; model.places];
            for (&free, changed) in fit.free.iter().zip(changed) {
                replaced[free] = changed;
            }
            Self {
                region,
                most: room.max(0.0),
                above: (fit.users[region] - model.sample.floor[region]).max(0.0),
                replaced,
            }
        };
        (1..model.places)
            .filter(|&region| !is_free[region] && !model.is_certain(region))
            .map(held)
            .collect()
    }
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
