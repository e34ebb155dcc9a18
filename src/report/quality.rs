//! One word for how far an overlap can be trusted.

use crate::estimate::PairEstimate;

/// How far an overlap can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// Counted, not estimated.
    Exact,
    /// Half the interval is at most 5 % of the overlap: fit for comparing partners.
    Good,
    /// At most 20 %: fit for a decision with a margin.
    Fair,
    /// More than that: the order of magnitude.
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
        // An empty side overlaps with nobody, however large the other is.
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
