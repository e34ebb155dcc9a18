//! What the samples of N sets say about their regions.
//!
//! A sample is complete below its threshold. The thresholds of all sets cut the range of hashes
//! into layers; in a layer only the sets whose thresholds lie above it are visible, and a user is
//! seen as a member of just those of them that hold him. Sets have a fixed number of users: given
//! what the layers before showed, the hashes of a class of users in the next one are binomial.

use super::linear::Square;
use super::registers::Slopes;
use super::set::RegionSet;

/// One layer of hashes, from the threshold of the layer before to its own.
#[derive(Clone, Debug)]
pub struct SampleLayer {
    /// The sets whose samples reach through the layer, as bits.
    pub visible: usize,
    /// The share of the hashes above the layer before that lie in it, in (0, 1]; 1 if the layer is
    /// the last of all hashes.
    pub share: f64,
    /// Hashes by the visible sets that hold them: 2^N places, place 0 not used.
    pub seen: Vec<u64>,
}

/// Users that look alike in a layer: the regions whose visible sets are the same.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) regions: Vec<usize>,
    /// Hashes of the class in the layer.
    pub(super) seen: f64,
    /// Hashes of the class in the layers before.
    pub(super) before: f64,
    share: f64,
}

/// The layers as terms of a likelihood, and what they leave no doubt about.
#[derive(Clone, Debug, Default)]
pub(super) struct SampleTerms {
    pub(super) classes: Vec<Class>,
    /// Regions with their total, where the visible samples are whole sets.
    pub(super) certain: Vec<(Vec<usize>, f64)>,
    /// Hashes seen of each region for sure: no fewer users can be in it.
    pub(super) floor: Vec<f64>,
    /// Hashes that were seen of some regions, of which one alone can't be told.
    pub(super) seen_of: Vec<(RegionSet, u64)>,
    /// The lowest threshold, as a share of all hashes.
    pub(super) theta: f64,
    /// Regions whose users are all listed.
    pub(super) fixed: RegionSet,
}

/// The exclusive regions of sets whose users are all listed, each with the other sets that he is in: they
/// are certain, one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListedRegions {
    /// The sets whose users are listed, as bits.
    pub sets: usize,
    /// Users by region: 2^N places, 0 where none of these sets is part of the region.
    pub users: Vec<u64>,
}

impl SampleTerms {
    /// Hashes of listed users are in no layer.
    pub(super) fn new(
        layers: &[SampleLayer],
        listed: Option<&ListedRegions>,
        places: usize,
    ) -> Self {
        let mut terms = Self {
            floor: vec![0.0; places],
            theta: layers.first().map_or(0.0, |layer| layer.share),
            ..Self::default()
        };
        let sets = listed.map_or(0, |listed| listed.sets);
        if let Some(listed) = listed {
            terms.add_listed(listed, places);
        }
        for (at, layer) in layers.iter().enumerate() {
            let before = seen_before(&layers[..at], layer.visible, places);
            for mask in (1..places).filter(|mask| mask & (!layer.visible | sets) == 0) {
                let regions: Vec<usize> = (1..places)
                    .filter(|region| region & layer.visible == mask)
                    .collect();
                let set = RegionSet::of(places, |region| region & layer.visible == mask);
                terms.seen_of.push((set, layer.seen[mask]));
                let (seen, before) = (layer.seen[mask] as f64, before[mask] as f64);
                if let [region] = regions[..] {
                    terms.floor[region] = seen + before;
                }
                if layer.share >= 1.0 {
                    terms.certain.push((regions, seen + before));
                } else {
                    terms.classes.push(Class {
                        regions,
                        seen,
                        before,
                        share: layer.share,
                    });
                }
            }
        }
        terms
    }

    fn add_listed(&mut self, listed: &ListedRegions, places: usize) {
        self.fixed = RegionSet::of(places, |region| region & listed.sets != 0);
        for region in self.fixed.iter() {
            let users = listed.users[region];
            let alone = RegionSet::of(places, |other| other == region);
            self.seen_of.push((alone, users));
            self.floor[region] = users as f64;
            self.certain.push((vec![region], users as f64));
        }
    }

    /// What sets whose samples end at these thresholds are expected to show of so many users.
    pub(super) fn expected(thetas: &[f64], users: &[f64]) -> Self {
        let places = users.len();
        let mut cuts = thetas.to_vec();
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut terms = Self::default();
        let mut before = 0.0;
        for cut in cuts {
            let visible = thetas
                .iter()
                .enumerate()
                .filter(|(_, theta)| **theta >= cut);
            let visible: usize = visible.map(|(set, _)| 1 << set).sum();
            for mask in (1..places).filter(|mask| mask & !visible == 0) {
                let regions: Vec<usize> = (1..places)
                    .filter(|region| region & visible == mask)
                    .collect();
                let size: f64 = regions.iter().map(|&region| users[region]).sum();
                match cut >= 1.0 {
                    true => terms.certain.push((regions, size)),
                    false => terms.classes.push(Class {
                        regions,
                        seen: size * (cut - before),
                        before: size * before,
                        share: (cut - before) / (1.0 - before),
                    }),
                }
            }
            before = cut;
        }
        terms
    }

    /// Users that were seen in these regions: at least so many there are.
    pub(super) fn seen(&self, regions: &RegionSet) -> f64 {
        let sure = self
            .seen_of
            .iter()
            .filter(|(set, _)| set.is_within(regions));
        sure.map(|(_, seen)| *seen).sum::<u64>() as f64
    }

    /// Adds ln L and its slopes; minus infinity where fewer users are than were seen.
    pub(super) fn add_to(&self, users: &[f64], sum: &mut Slopes) {
        for class in &self.classes {
            let size = class.size(users);
            let missed = size - class.seen + 0.5;
            if missed <= 0.0 {
                sum.value = f64::NEG_INFINITY;
                return;
            }
            // The binomial coefficient by Stirling's formula, with ½ added where that keeps small
            // numbers right.
            let log_miss = (-class.share).ln_1p();
            let log_ratio = (class.seen / missed).ln_1p();
            let all = size + 0.5;
            sum.value +=
                class.seen * all.ln() + missed * log_ratio + (size - class.seen) * log_miss;
            for &region in &class.regions {
                sum.up[region] += log_ratio;
                sum.down[region] -= log_miss;
            }
        }
    }

    /// Takes the curvature off: adds −∂² ln L.
    pub(super) fn add_information(&self, users: &[f64], information: &mut Square) {
        for class in self.classes.iter().filter(|class| class.seen > 0.0) {
            let size = class.size(users);
            let missed = (size - class.seen + 0.5).max(0.5);
            let bend = class.seen / (missed * (size + 0.5).max(missed));
            for &i in &class.regions {
                for &j in &class.regions {
                    information.add(i, j, bend);
                }
            }
        }
    }
}

impl Class {
    /// Users of the class that the layers before didn't show.
    pub(super) fn size(&self, users: &[f64]) -> f64 {
        self.regions
            .iter()
            .map(|&region| users[region])
            .sum::<f64>()
            - self.before
    }

    /// ln-slopes as of a Poisson count: what was seen by the class's users, and the share of them
    /// that a layer shows.
    pub(super) fn poisson(&self, users: &[f64]) -> (f64, f64) {
        let size: f64 = self.regions.iter().map(|&region| users[region]).sum();
        (self.seen / size.max(f64::MIN_POSITIVE), self.share)
    }
}

/// Hashes of the layers before, by the sets visible now.
fn seen_before(layers: &[SampleLayer], visible: usize, places: usize) -> Vec<u64> {
    let mut before = vec![0; places];
    for layer in layers {
        for (mask, seen) in layer.seen.iter().enumerate() {
            before[mask & visible] += seen;
        }
    }
    before[0] = 0;
    before
}
