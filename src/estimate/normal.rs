//! The normal distribution: how far an interval of a given confidence reaches.

/// The level of a two-sided interval, between 0.5 and 1 (both excluded).
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// `None` outside (0.5, 1).
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.5 && level < 1.0).then_some(Self(level))
    }

    /// The share of intervals that hold the truth.
    #[must_use]
    pub const fn level(self) -> f64 {
        self.0
    }

    /// How many standard deviations the interval reaches to either side.
    #[must_use]
    pub fn z(self) -> f64 {
        quantile(0.5 + self.0 / 2.0)
    }
}

impl Default for Confidence {
    fn default() -> Self {
        Self(0.95)
    }
}

/// The normal quantile for `probability` in (0.5, 1): bisection on the distribution function, which
/// needs no table of coefficients and is called once a report.
fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    while high - low > 1e-12 {
        let middle = 0.5 * (low + high);
        // The upper tail keeps its digits near 1, where the distribution function has none.
        if upper_tail(middle) > 1.0 - probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// P(Z ≤ z).
pub(super) fn cumulative(z: f64) -> f64 {
    if z > 0.0 {
        1.0 - upper_tail(z)
    } else {
        upper_tail(-z)
    }
}

/// P(Z > z) for z ≥ 0: a Taylor series of the distribution function near the middle, the continued
/// fraction of Mills' ratio in the tail (Abramowitz and Stegun, 26.2.11 and 26.2.14).
pub(super) fn upper_tail(z: f64) -> f64 {
    const SERIES_MAX: f64 = 3.0;
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z <= SERIES_MAX {
        let (mut term, mut sum, mut odd) = (z, z, 1.0);
        while term > 1e-18 {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let mut fraction = z;
    for i in (1..=100).rev() {
        fraction = z + f64::from(i) / fraction;
    }
    density / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // Abramowitz and Stegun, table 26.5 and its neighbours.
        let cases = [
            (0.90, 1.644_853_626_951),
            (0.95, 1.959_963_984_540),
            (0.99, 2.575_829_303_549),
            (0.997_300_203_937, 3.0),
            (0.999_999, 4.891_638_475_699),
        ];
        for (level, z) in cases {
            let found = Confidence::new(level).expect("in range").z();
            assert!((found - z).abs() < 1e-8, "{level}: {found}");
        }
    }

    #[test]
    fn a_level_outside_the_range_is_no_confidence() {
        for level in [0.0, 0.5, 1.0, 95.0, f64::NAN] {
            assert_eq!(Confidence::new(level), None);
        }
    }
}
