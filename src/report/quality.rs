//! One word for how narrow the interval of an overlap is.

use crate::estimate::PairEstimate;

/// How narrow the interval of an overlap is, from exact to not resolvable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// The numbers are exact: every distinct ID was counted.
    Exact,
    /// Half the interval is at most 5 % of the overlap: fit for comparing partners.
    Good,
    /// At most 20 %: fit for a decision with a margin.
    Fair,
    /// More than 20 %: only the order of magnitude is known.
    Poor,
    /// The interval reaches 0: only its upper end means something.
    NotResolvable,
}

impl Quality {
    const GOOD_MAX: f64 = 0.05;
    const FAIR_MAX: f64 = 0.20;

    /// The quality of a pair's overlap.
    #[must_use]
    pub fn of(pair: &PairEstimate) -> Self {
        // An empty side has an overlap of exactly 0, however large the other is.
        if pair.exact || pair.overlap.lower == pair.overlap.upper {
            return Self::Exact;
        }
        if pair.overlap.lower <= 0.0 {
            return Self::NotResolvable;
        }
        match pair.overlap.relative_half_width() {
            width if width <= Self::GOOD_MAX => Self::Good,
            width if width <= Self::FAIR_MAX => Self::Fair,
            _ => Self::Poor,
        }
    }

    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::NotResolvable => "not resolvable",
        }
    }
}
