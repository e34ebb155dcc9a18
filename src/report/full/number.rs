//! A number with its interval, as JSON has it.

use crate::estimate::Estimate;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// A number with its interval: `lower <= value <= upper`; equal where the number is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Number {
    /// The most likely value: users, or a fraction.
    pub value: f64,
    /// The lower end of the interval.
    pub lower: f64,
    /// The upper end of the interval.
    pub upper: f64,
}

impl Number {
    /// A number with its interval.
    #[must_use]
    pub const fn new(value: f64, lower: f64, upper: f64) -> Self {
        Self {
            value,
            lower,
            upper,
        }
    }

    /// Whether it is known and not estimated.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.lower == self.upper
    }

    /// As the estimate that it was.
    #[must_use]
    pub const fn estimate(&self) -> Estimate {
        Estimate {
            value: self.value,
            lower: self.lower,
            upper: self.upper,
        }
    }

    /// The number and its limits as a share of `whole`; 0 of nothing.
    #[must_use]
    pub fn per(&self, whole: f64) -> Self {
        let share = |part: f64| if whole > 0.0 { part / whole } else { 0.0 };
        Self::new(share(self.value), share(self.lower), share(self.upper))
    }
}

impl From<Estimate> for Number {
    fn from(estimate: Estimate) -> Self {
        Self::new(estimate.value, estimate.lower, estimate.upper)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut number = serializer.serialize_struct("Number", 3)?;
        number.serialize_field("value", &Digits(self.value))?;
        number.serialize_field("lower", &Digits(self.lower))?;
        number.serialize_field("upper", &Digits(self.upper))?;
        number.end()
    }
}

/// Users are written as whole numbers, without a point.
struct Digits(f64);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Every whole number below is a double.
        const MOST: f64 = 9_007_199_254_740_992.0;
        match self.0.fract() == 0.0 && (0.0..MOST).contains(&self.0) {
            true => serializer.serialize_u64(self.0 as u64),
            false => serializer.serialize_f64(self.0),
        }
    }
}
