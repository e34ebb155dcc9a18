//! All exclusive regions of N sets from one fit.
//!
//! A region is a mask: bit i stands for set i; region m holds the users of just those sets. The fit
//! maximises the joint likelihood of what samples and registers say about all regions at once.
//! Sets that share users share hashes: the likelihood knows it, so that a copy of a set, or a union
//! of others, adds nothing.

mod doubtful;
mod expected;
mod fit;
mod interval;
mod linear;
mod model;
mod portable;
mod registers;
mod sample;
mod set;
mod solver;
mod ternary;
#[cfg(test)]
mod tests;
mod unions;
mod whole;

pub use expected::ExpectedRegions;
pub use portable::{HeldRegion, RegionsFit};
pub use registers::JointRegisters;
pub use sample::{ListedRegions, SampleLayer};

pub(super) use interval::poisson_interval;

use super::listed;
use super::matrix::{Matrix, Vector};
use super::pair::PairEstimate;
use super::ratios::Ratios;
use super::{Confidence, Estimate};
use interval::Intervals;
use model::{Model, RegisterTerms};
use sample::SampleTerms;
use set::RegionSet;

/// What is known of N sets, N from 1 to [`RegionCounts::SETS_MAX`].
#[derive(Clone, Debug, Default)]
pub struct RegionCounts {
    /// How many sets.
    pub set_count: usize,
    /// The samples, cut at the thresholds of all sets, from the lowest up. Empty without samples.
    pub sample: Vec<SampleLayer>,
    /// The regions of sets whose users are all listed; their hashes are in no layer of the sample.
    pub listed: Option<ListedRegions>,
    /// The registers, and the sets they are of, in their order.
    pub registers: Option<(JointRegisters, Vec<usize>)>,
    /// Each set's size, where it is known from elsewhere and the sketch doesn't contradict it.
    pub known: Vec<Option<u64>>,
    /// The most users that each set can have, such as its rows with an ID.
    pub most: Vec<Option<u64>>,
    /// The level of the intervals.
    pub confidence: Confidence,
}

impl RegionCounts {
    /// The fit is dense in the 2^N − 1 regions: for 8 sets it takes a twentieth of a second, and every
    /// further set makes it eight times slower.
    pub const SETS_MAX: usize = 8;
}

/// Whole users in every region, and how sure any sum of them is.
#[derive(Clone, Debug)]
pub struct RegionsEstimate {
    set_count: usize,
    users: Vec<f64>,
    /// The sums of what the fit says before rounding.
    fitted: Vec<f64>,
    intervals: Intervals,
    sample: Vec<SampleLayer>,
    listed: Option<ListedRegions>,
    z: f64,
}

/// The regions of all sets at once: any sum of them is an estimate of the same fit.
#[must_use]
pub fn estimate_regions(counts: &RegionCounts) -> RegionsEstimate {
    let places = 1 << counts.set_count;
    let sample = SampleTerms::new(&counts.sample, counts.listed.as_ref(), places);
    let mut totals = sample.certain.clone();
    for set in 0..counts.set_count {
        let is_whole = is_whole(&counts.sample, set);
        let known = counts.known.get(set).copied().flatten();
        if let Some(known) = known.filter(|_| !is_whole) {
            totals.push((members(set, places).collect(), known as f64));
        }
    }
    let registers =
        (counts.registers.as_ref()).map(|(joint, sets)| RegisterTerms::new(joint, sets, places));
    let mut model = Model {
        places,
        sample,
        registers,
        totals,
    };
    let mut fit = fit::fit(&mut model);
    let certain = model.totals.len();
    let caps = caps(counts, places, &model);
    let free = fit.users.clone();
    fit::keep_below(&mut model, &mut fit, &caps);
    let clipped = free
        .iter()
        .zip(&fit.users)
        .map(|(free, kept)| free - kept)
        .collect();
    model.totals.truncate(certain);
    let users = whole::whole(&model, &fit.users, &caps);
    let z = counts.confidence.z();
    let mut intervals = Intervals::new(&model, &fit, &users, clipped, counts.set_count, z);
    intervals.limit(&caps);
    RegionsEstimate {
        set_count: counts.set_count,
        fitted: fit.users,
        users,
        intervals,
        sample: counts.sample.clone(),
        listed: counts.listed.clone(),
        z,
    }
}

/// The most users of each set that isn't known, unless more were seen of it.
fn caps(counts: &RegionCounts, places: usize, model: &Model<'_>) -> Vec<(Vec<usize>, f64)> {
    let cap = |set: usize| {
        let most = counts.most.get(set).copied().flatten()? as f64;
        let seen = model
            .sample
            .seen(&RegionSet::of(places, |region| region >> set & 1 == 1));
        let is_known = counts.known.get(set).copied().flatten().is_some();
        let is_free = !is_known && !is_whole(&counts.sample, set) && seen <= most;
        is_free.then(|| (members(set, places).collect(), most))
    };
    (0..counts.set_count).filter_map(cap).collect()
}

/// Whether a set's sample is the set.
fn is_whole(sample: &[SampleLayer], set: usize) -> bool {
    let last = sample.last().filter(|layer| layer.share >= 1.0);
    last.is_some_and(|layer| layer.visible >> set & 1 == 1)
}

/// The regions that lie in a set.
fn members(set: usize, places: usize) -> impl Iterator<Item = usize> {
    (1..places).filter(move |mask| mask >> set & 1 == 1)
}

impl RegionsEstimate {
    /// How many sets.
    #[must_use]
    pub const fn set_count(&self) -> usize {
        self.set_count
    }

    /// Users in all regions that `wanted` picks, with their interval: a set is `mask & 1 << i != 0`,
    /// the union every mask.
    #[must_use]
    pub fn sum(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        let picked = RegionSet::of(self.users.len(), wanted);
        self.intervals.of(&picked, self.value(&picked))
    }

    /// The fit as plain numbers, from which any [`Self::sum`] follows without the sketches.
    #[must_use]
    pub fn portable(&self) -> RegionsFit {
        self.intervals.portable(&self.users)
    }

    /// Everything about two sets of users, each of which is any choice of regions: shares, gains and
    /// the Jaccard coefficient with their intervals. It adds up with all other sums to the digit.
    #[must_use]
    pub fn pair(&self, in_a: impl Fn(usize) -> bool, in_b: impl Fn(usize) -> bool) -> PairEstimate {
        let places = self.users.len();
        let sets = [
            RegionSet::of(places, |region| in_a(region) && !in_b(region)),
            RegionSet::of(places, |region| !in_a(region) && in_b(region)),
            RegionSet::of(places, |region| in_a(region) && in_b(region)),
        ];
        let parts = sets.map(|set| self.intervals.of(&set, self.value(&set)));
        if let Some(pair) = self.listed_pair(&parts) {
            return pair;
        }
        let (a, b) = (self.sum(&in_a), self.sum(&in_b));
        let fitted: Vector = sets.map(|set| set.iter().map(|region| self.fitted[region]).sum());
        let covariance = self.covariance(&sets, &parts);
        let whole = parts.map(|part| part.value);
        let ratios = Ratios {
            whole,
            fitted,
            covariance,
            parts,
            z: self.z,
        };
        let exact = [a, b, parts[2]].iter().all(|it| it.lower == it.upper);
        let union = self.sum(|region| in_a(region) || in_b(region));
        let mut pair = ratios.pair(a, b, union, exact);
        if a.value == b.value {
            // Either is the smaller one: the coefficient must not depend on which is named first.
            let (of_a, of_b) = (pair.share_of_a, pair.share_of_b);
            pair.overlap_coefficient.lower = of_a.lower.min(of_b.lower);
            pair.overlap_coefficient.upper = of_a.upper.max(of_b.upper);
        }
        pair
    }

    /// Two sets of which the overlap and the users of one alone are certain, because they are listed.
    fn listed_pair(&self, parts: &[Estimate; 3]) -> Option<PairEstimate> {
        self.listed.as_ref()?;
        let [only_a, only_b, both] = *parts;
        let is_certain = |part: &Estimate| part.lower == part.upper;
        if !is_certain(&both) {
            return None;
        }
        if is_certain(&only_a) {
            return Some(listed::of_parts(only_a.value, both.value, only_b));
        }
        let swapped = listed::of_parts(only_b.value, both.value, only_a).swapped();
        is_certain(&only_b).then_some(swapped)
    }

    /// Common users of two sets that were seen in their samples; `None` if either has no sample.
    #[must_use]
    pub fn matches(&self, a: usize, b: usize) -> Option<u64> {
        let both = 1 << a | 1 << b;
        self.sample
            .first()
            .filter(|layer| layer.visible & both == both)?;
        let layers = self
            .sample
            .iter()
            .filter(|layer| layer.visible & both == both);
        let listed = self.listed.as_ref();
        let listed = listed.map_or(0, |listed| within(&listed.users, both));
        let sampled: u64 = layers.map(|layer| within(&layer.seen, both)).sum();
        Some(sampled + listed)
    }

    /// The covariance of three parts. What is certain has none, not even that of rounding; a part
    /// whose interval is wider than its variance tells, as one that a bound holds, has as much as the
    /// interval says.
    fn covariance(&self, sets: &[RegionSet; 3], parts: &[Estimate; 3]) -> Matrix {
        let mut covariance: Matrix = std::array::from_fn(|i| {
            std::array::from_fn(|j| self.intervals.covariance(&sets[i], &sets[j]))
        });
        for (i, part) in parts.iter().enumerate() {
            let sigma = covariance[i][i].max(0.0).sqrt();
            let told = (part.upper - part.lower) / (2.0 * self.z);
            let factor = match (told > 0.0, sigma > 0.0) {
                (false, _) => 0.0,
                (true, true) => (told / sigma).max(1.0),
                (true, false) => 1.0,
            };
            for j in 0..3 {
                covariance[i][j] *= factor;
                covariance[j][i] *= factor;
            }
            if told > 0.0 && sigma == 0.0 {
                covariance[i][i] = told * told;
            }
        }
        covariance
    }

    fn value(&self, picked: &RegionSet) -> f64 {
        picked.iter().map(|region| self.users[region]).sum()
    }
}

/// Users of all regions that lie in all of some sets.
fn within(users: &[u64], sets: usize) -> u64 {
    let seen = users.iter().enumerate();
    seen.filter(|(mask, _)| mask & sets == sets)
        .map(|(_, seen)| seen)
        .sum()
}
