//! The share of some things that have a property, from a sample of them.

use super::{Confidence, Estimate};

/// A share of which a sample of `looked_at` things holds `found`, with Wilson's interval (Journal of the American
/// Statistical Association 22, 1927).
#[must_use]
pub fn share_interval(found: f64, looked_at: f64, confidence: Confidence) -> Estimate {
    if looked_at <= 0.0 {
        return Estimate {
            value: 0.0,
            lower: 0.0,
            upper: 1.0,
        };
    }
    let (share, z) = (found / looked_at, confidence.z());
    let per = z * z / looked_at;
    let middle = (share + per / 2.0) / (1.0 + per);
    let half =
        z / (1.0 + per) * (share * (1.0 - share) / looked_at + per / (4.0 * looked_at)).sqrt();
    Estimate::ordered(share, (middle - half).max(0.0), (middle + half).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_wilsons_interval_hold() {
        // Brown, Cai and DasGupta, Statistical Science 16, 2001: 10 of 20.
        let half = share_interval(10.0, 20.0, Confidence::default());
        assert!(
            (half.lower - 0.299).abs() < 5e-4 && (half.upper - 0.701).abs() < 5e-4,
            "{half:?}"
        );
        let none = share_interval(0.0, 100.0, Confidence::default());
        assert_eq!((none.value, none.lower), (0.0, 0.0));
        assert!((none.upper - 0.037).abs() < 5e-4, "{none:?}");
    }
}
