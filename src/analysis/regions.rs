//! Every exclusive region of N sides.

use crate::compare::{pair_counts, region_hashes, set_counts};
use crate::error::{Error, Result};
use crate::estimate::{
    Confidence, Estimate, PairCounts, PairEstimate, RegionCounts, RegionsEstimate, SetCounts,
    estimate_pair, estimate_regions, estimate_set,
};
use crate::sketch::Sketch;

/// The exclusive regions of N sides, from one fit.
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
/// # Ok::<(), overlap::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Regions {
    side_count: usize,
    fit: Fit,
}

#[derive(Clone, Debug)]
enum Fit {
    /// Two sides: the joint likelihood of the pair, which knows more.
    Pair(Box<PairEstimate>),
    Many(RegionsEstimate),
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
    let most = RegionCounts::SETS_MAX;
    let side_count = sketches.len();
    if side_count == 0 || side_count > most {
        return Err(Error::usage(format!(
            "{side_count} sides, but regions are of 1 to {most}"
        )));
    }
    for (i, a) in sketches.iter().enumerate() {
        for b in &sketches[i + 1..] {
            a.ensure_comparable(b)?;
        }
    }
    let known = |side: usize| known.get(side).copied().flatten();
    if let [a, b] = sketches {
        let counts = pair_counts(a, b)?;
        let counts = PairCounts {
            known_a: known(0),
            known_b: known(1),
            ..counts
        };
        let fit = Fit::Pair(Box::new(estimate_pair(&counts, confidence)));
        return Ok(Regions { side_count, fit });
    }
    let size = |(side, sketch): (usize, &&Sketch)| {
        let counts = SetCounts {
            known: known(side),
            ..set_counts(sketch)
        };
        estimate_set(&counts, confidence)
    };
    let (below, theta) = region_hashes(sketches)?;
    let sizes = sketches.iter().enumerate().map(size).collect();
    let counts = RegionCounts {
        below,
        theta,
        sizes,
        confidence,
    };
    Ok(Regions {
        side_count,
        fit: Fit::Many(estimate_regions(&counts)),
    })
}

impl Regions {
    /// How many sides.
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

    /// Users in all regions that `wanted` picks: any set formula.
    #[must_use]
    pub fn sum(&self, wanted: impl Fn(usize) -> bool) -> Estimate {
        match &self.fit {
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
