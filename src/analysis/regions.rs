//! Every exclusive region of N sides.

use crate::compare::{pair_counts, region_counts, set_counts};
use crate::error::Result;
use crate::estimate::{
    Confidence, Estimate, PairCounts, PairEstimate, RegionCounts, RegionsEstimate, RegionsFit,
    SetCounts, contradicts, estimate_pair, estimate_regions, estimate_set,
};
use crate::sketch::{HyperLogLog, Sketch};

/// The exclusive regions of N sides, from one fit: every number about any of the sides is a sum of
/// them, so that all of them add up.
///
/// ```
/// use overlap::{Confidence, Sketch, SketchOptions, id::IdBatch, regions};
///
/// let side = |ids: &[i64]| Sketch::of(IdBatch::Integers(ids), SketchOptions::default());
/// let sides = [side(&[1, 2, 3, 4])?, side(&[3, 4, 5])?, side(&[4, 6])?];
/// let regions = regions(&sides.each_ref(), &[None; 3], Confidence::default())?;
/// // Users of the first two but not of the third: 3.
/// assert_eq!(regions.region(0b011).value, 1.0);
/// assert_eq!(regions.side(0).value, 4.0);
/// assert_eq!(regions.pair(0, 1).map(|pair| pair.overlap.value), Some(2.0));
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regions {
    side_count: usize,
    fit: Fit,
}

#[derive(Clone, Debug)]
enum Fit {
    One(Estimate),
    /// Two sides: the joint likelihood of the pair has few enough unknowns to follow the profile of
    /// each.
    Pair(Box<PairEstimate>),
    Many(Box<ManySides>),
}

/// A fit that is always made in one order of the sides: sums in another order round otherwise, and
/// the same question would have two answers.
#[derive(Clone, Debug)]
struct ManySides {
    estimate: RegionsEstimate,
    /// The place in the fit of each side.
    places: Vec<usize>,
    /// For every region of the fit, the same region by the sides' own places.
    region_of: Vec<usize>,
}

impl ManySides {
    fn new(sketches: &[&Sketch], known: &[Option<u64>], confidence: Confidence) -> Result<Self> {
        let mut order: Vec<usize> = (0..sketches.len()).collect();
        let content = |side: usize| {
            let (sample, registers) = (sketches[side].sample(), sketches[side].registers());
            let sample = sample.map(|sample| (sample.theta(), sample.hashes()));
            let tally = sketches[side]
                .tally()
                .map(|tally| (tally.rows, tally.nulls));
            (
                sample,
                registers.map(HyperLogLog::registers),
                known[side],
                tally,
            )
        };
        order.sort_by(|&a, &b| content(a).cmp(&content(b)));
        let ordered: Vec<&Sketch> = order.iter().map(|&side| sketches[side]).collect();
        let counts = RegionCounts {
            known: order.iter().map(|&side| known[side]).collect(),
            confidence,
            ..region_counts(&ordered)?
        };
        let mut places = vec![0; order.len()];
        for (place, &side) in order.iter().enumerate() {
            places[side] = place;
        }
        let own = |region: usize| {
            let sides = order.iter().enumerate();
            sides
                .map(|(place, side)| (region >> place & 1) << side)
                .sum()
        };
        Ok(Self {
            estimate: estimate_regions(&counts),
            places,
            region_of: (0..1 << sketches.len()).map(own).collect(),
        })
    }

    fn sum(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        self.estimate.sum(|region| wanted(self.region_of[region]))
    }

    fn pair(&self, a: usize, b: usize) -> PairEstimate {
        let within = |region: usize, sides: usize| self.region_of[region] & sides != 0;
        self.estimate
            .pair(|region| within(region, a), |region| within(region, b))
    }

    fn matches(&self, a: usize, b: usize) -> Option<u64> {
        self.estimate.matches(self.places[a], self.places[b])
    }
}

/// Fits the regions of up to eight sides; `known` holds sizes that are known from elsewhere.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for no sides or more than eight, [`crate::ErrorKind::Incomparable`]
/// if their IDs are of different domains.
pub fn regions(
    sketches: &[&Sketch],
    known: &[Option<u64>],
    confidence: Confidence,
) -> Result<Regions> {
    let side_count = sketches.len();
    let known = |side: usize| known.get(side).copied().flatten();
    let fit = match sketches {
        [one] => Fit::One(estimate_set(
            &SetCounts {
                known: known(0),
                ..set_counts(one)
            },
            confidence,
        )),
        [a, b] => {
            let counts = PairCounts {
                known_a: known(0),
                known_b: known(1),
                ..pair_counts(a, b)?
            };
            Fit::Pair(Box::new(estimate_pair(&counts, confidence)))
        }
        _ => {
            let plausible = |(side, sketch): (usize, &&Sketch)| {
                known(side).filter(|&known| !contradicts(&set_counts(sketch), known))
            };
            let known: Vec<Option<u64>> = sketches.iter().enumerate().map(plausible).collect();
            Fit::Many(Box::new(ManySides::new(sketches, &known, confidence)?))
        }
    };
    Ok(Regions { side_count, fit })
}

/// One fit of 1 to 8 sides; `None` of none or more.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub(super) fn fit_of_few(sketches: &[&Sketch], confidence: Confidence) -> Result<Option<Regions>> {
    let is_few = (1..=RegionCounts::SETS_MAX).contains(&sketches.len());
    is_few
        .then(|| regions(sketches, &[], confidence))
        .transpose()
}

/// A fit that answers without the sketches.
#[derive(Clone, Debug)]
pub enum PortableFit {
    /// One or two sides: the users of every choice of regions; bit r − 1 of the place in the list
    /// stands for region r.
    Table(Vec<Estimate>),
    /// Three to eight sides: the fit, and for each of its regions the same region by the sides' own
    /// places.
    Fit(Box<RegionsFit>, Vec<usize>),
}

impl Regions {
    /// The fit as plain numbers, from which any [`Self::sum`] follows without the sketches.
    #[must_use]
    pub fn portable(&self) -> PortableFit {
        match &self.fit {
            Fit::Many(fit) => {
                PortableFit::Fit(Box::new(fit.estimate.portable()), fit.region_of.clone())
            }
            Fit::One(_) | Fit::Pair(_) => {
                let region_count = (1 << self.side_count) - 1;
                let choices = 0..1_usize << region_count;
                let answer = |choice: usize| self.sum(|region| choice >> (region - 1) & 1 == 1);
                PortableFit::Table(choices.map(answer).collect())
            }
        }
    }

    /// Number of sides.
    #[must_use]
    pub const fn side_count(&self) -> usize {
        self.side_count
    }

    /// Users of just the sides in `mask` (bit i is side i) and no other.
    #[must_use]
    pub fn region(&self, mask: usize) -> Estimate {
        self.sum(|other| other == mask)
    }

    /// Users of a side.
    #[must_use]
    pub fn side(&self, side: usize) -> Estimate {
        self.sum(|mask| mask >> side & 1 == 1)
    }

    /// Users of any side.
    #[must_use]
    pub fn union(&self) -> Estimate {
        self.sum(|_| true)
    }

    /// All numbers about two sides, given by their places; `None` if a place is out of range or both are the same.
    #[must_use]
    pub fn pair(&self, a: usize, b: usize) -> Option<PairEstimate> {
        if a == b || a.max(b) >= self.side_count {
            return None;
        }
        let mut pair = self.sets(1 << a, 1 << b)?;
        if let Fit::Many(fit) = &self.fit {
            pair.matches = fit.matches(a, b);
        }
        Some(pair)
    }

    /// Everything about the users of any side in the mask `a` beside those of any in the mask `b`;
    /// `None` where the fit is of too few sides to tell.
    pub(super) fn sets(&self, a: usize, b: usize) -> Option<PairEstimate> {
        match &self.fit {
            Fit::Many(fit) => Some(fit.pair(a, b)),
            Fit::Pair(pair) if (a, b) == (1, 2) => Some(**pair),
            Fit::Pair(pair) if (a, b) == (2, 1) => Some(pair.swapped()),
            Fit::One(_) | Fit::Pair(_) => None,
        }
    }

    /// Users in all regions that `wanted` picks: any set formula.
    #[must_use]
    pub fn sum(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        match &self.fit {
            Fit::One(users) if wanted(1) => *users,
            Fit::One(_) => Estimate::exact(0.0),
            Fit::Many(fit) => fit.sum(wanted),
            Fit::Pair(pair) => match [1, 2, 3].map(wanted) {
                [false, false, false] => Estimate::exact(0.0),
                [true, false, false] => pair.only_a,
                [false, true, false] => pair.only_b,
                [false, false, true] => pair.overlap,
                [true, false, true] => pair.a,
                [false, true, true] => pair.b,
                [true, true, true] => pair.union,
                [true, true, false] => Estimate {
                    value: pair.only_a.value + pair.only_b.value,
                    lower: pair.only_a.lower + pair.only_b.lower,
                    upper: pair.only_a.upper + pair.only_b.upper,
                },
            },
        }
    }
}
