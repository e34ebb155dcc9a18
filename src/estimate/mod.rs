//! Numbers and intervals from counts; no sketch, no I/O, no error.
//!
//! Every function here is total: whatever the counts say, there is an estimate, wide where little
//! is known. Letters, in this folder only: a = |A \ B|, b = |B \ A|, x = |A ∩ B|, u = a + b + x;
//! m = 2^p registers; θ = the sampled share of all hashes; z = the normal quantile of a confidence.

mod alone;
mod answer;
mod bounded;
mod counted;
mod counts;
mod fisher;
mod frequency;
mod gain;
mod grid;
mod interval;
mod likelihood;
mod listed;
mod matrix;
mod newton;
mod noisy;
mod normal;
mod pair;
mod planning;
mod ratios;
mod regions;
mod sampled;
mod share;
mod single;

#[cfg(test)]
mod tests;

pub use counted::NoisyRegions;
pub use counts::{
    ListedPair, PairCounts, RANKS, RegisterCounts, RegisterSize, SampleCounts, SetCounts,
    SetRegisters, SetSample,
};
pub use frequency::{FREQUENCY_MAX, FrequencyCounts, FrequencyEstimate, estimate_frequency};
pub use gain::probability_of_gain;
pub use grid::{GRID_LEVELS, GridCounts, estimate_grids, grid_bound, unbounded_overlap};
pub use noisy::estimate_noisy_pair;
pub use normal::Confidence;
pub use pair::{PairEstimate, estimate_pair};
pub use planning::{ExpectedError, PairSizes, SketchSize, expected_error, plan};
pub use regions::{
    ExpectedRegions, HeldRegion, JointRegisters, ListedRegions, RegionCounts, RegionsEstimate,
    RegionsFit, SampleLayer, estimate_regions,
};
pub use sampled::{SampledCounts, estimate_sampled};
pub use share::share_interval;
pub use single::{contradicts, estimate_set, rough_size};

/// A number with its interval: `lower <= value <= upper`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The most likely value.
    pub value: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

impl Estimate {
    /// A number that is known.
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Self {
            value,
            lower: value,
            upper: value,
        }
    }

    /// An estimate whose parts are put in order, whatever rounding did to them.
    fn ordered(value: f64, lower: f64, upper: f64) -> Self {
        Self {
            value,
            lower: lower.min(value),
            upper: upper.max(value),
        }
    }

    /// The same interval around another value, which it is made to hold.
    fn with_value(self, value: f64) -> Self {
        Self::ordered(value, self.lower, self.upper)
    }

    /// The same estimate with a value that is no larger than another's: of a part beside the whole.
    #[must_use]
    pub(crate) fn at_most(self, whole: Self) -> Self {
        let value = self.value.min(whole.value);
        Self::ordered(value, self.lower, self.upper)
    }

    /// The same estimate with an upper limit that is no higher than `most`, which the value isn't
    /// above.
    fn limited(self, most: f64) -> Self {
        Self {
            lower: self.lower.min(most),
            upper: self.upper.min(most).max(self.value),
            ..self
        }
    }

    /// Half the interval's width as a share of the value: 0 for a known number, infinite for an
    /// interval around 0.
    #[must_use]
    pub fn relative_half_width(&self) -> f64 {
        let width = self.upper - self.lower;
        if width <= 0.0 {
            0.0
        } else {
            width / 2.0 / self.value
        }
    }
}
