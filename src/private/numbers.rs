//! What the sides say of themselves, and on what they have to agree.

use crate::error::{Error, ErrorKind, Result};

/// How little the number of common users may say of one user: noise of scale 1/ε is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epsilon(u64);

impl Epsilon {
    /// 1 in millionths.
    pub(super) const ONE: u64 = 1_000_000;

    /// The least and the most: more noise than 100 users tells nothing, less than a hundredth of a user
    /// hides nothing.
    const RANGE: std::ops::RangeInclusive<u64> = 10_000..=20 * Self::ONE;

    /// ε, to six decimals.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] outside 0.01 to 20.
    pub fn new(value: f64) -> Result<Self> {
        let millionths = (value * Self::ONE as f64).round();
        let whole = (millionths.is_finite() && millionths >= 0.0).then_some(millionths as u64);
        whole
            .and_then(Self::from_millionths)
            .ok_or_else(|| Error::usage(format!("epsilon is {value}, but must be 0.01 to 20")))
    }

    pub(super) fn from_millionths(millionths: u64) -> Option<Self> {
        Self::RANGE
            .contains(&millionths)
            .then_some(Self(millionths))
    }

    pub(super) const fn millionths(self) -> u64 {
        self.0
    }

    /// ε.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0 as f64 / Self::ONE as f64
    }

    /// The most that noise may be: it is larger with probability 2 e^−28, below 10^−11.
    #[must_use]
    pub const fn noise_max(self) -> i64 {
        let most = (28 * Self::ONE).div_ceil(self.0);
        most as i64
    }
}

/// What both sides must have in common, or their samples can't meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The hash of the IDs, with its fingerprint.
    pub hash: String,
    /// The kind of the IDs.
    pub id_type: String,
    /// The rules by which IDs were brought to one form; empty without any.
    pub profile: String,
    /// The columns by which both sides are divided into segments; empty without.
    pub by: String,
    /// Bits of a sampled hash.
    pub bits: u8,
    /// The noise on the number of common users; `None` without noise.
    pub epsilon: Option<Epsilon>,
}

impl Options {
    /// How many place holders are among the points of each side; the noise is made of them.
    pub(super) fn dummies(&self) -> usize {
        let most = self.epsilon.map_or(0, Epsilon::noise_max);
        usize::try_from(2 * most).unwrap_or(0)
    }

    /// Whether these are the options of an offer.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] with both values of what differs.
    pub fn ensure_those_of(&self, offered: &Self) -> Result<()> {
        let epsilon = |options: &Self| {
            options
                .epsilon
                .map_or("none".to_owned(), |epsilon| epsilon.value().to_string())
        };
        let named = |text: &str| if text.is_empty() { "none" } else { text }.to_owned();
        let pairs = [
            ("hash", self.hash.clone(), offered.hash.clone()),
            ("id type", named(&self.id_type), named(&offered.id_type)),
            ("rules", named(&self.profile), named(&offered.profile)),
            ("segments by", named(&self.by), named(&offered.by)),
            (
                "sampled bits",
                self.bits.to_string(),
                offered.bits.to_string(),
            ),
            ("epsilon", epsilon(self), epsilon(offered)),
        ];
        match pairs.into_iter().find(|(_, ours, theirs)| ours != theirs) {
            None => Ok(()),
            Some((what, ours, theirs)) => Err(Error::new(
                ErrorKind::Incomparable,
                format!("made with other options: {what} {theirs} there, {ours} here"),
            )
            .hint("use the same settings on both sides")),
        }
    }
}

/// What one side tells the other of its users, all of them or those of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The segment, such as `region=north`; empty where all users are one.
    pub label: String,
    /// Number of users: of the registers alone if there are any, of the sample otherwise.
    pub users: u64,
    /// Whether the sample is the whole set, so that `users` is exact.
    pub exact: bool,
    /// log2 of the number of registers that `users` comes from; 0 without registers.
    pub precision: u8,
    /// The threshold of the sample, as [`coarse`] leaves it.
    pub theta: u64,
    /// How many hashes the sample may hold: so many points are sent, whatever there are.
    pub k: u32,
}

impl Holding {
    /// The largest k: messages of larger samples have more than 100 MB.
    pub const K_MAX: u32 = 1 << 20;

    /// How many points are sent, whatever there are.
    pub(super) fn points(&self, options: &Options) -> usize {
        usize::try_from(self.k).unwrap_or(0) + options.dummies()
    }
}

/// A threshold with 8 significant bits, at most the given one. The exact one is the hash of a user, and
/// would tell of that user.
#[must_use]
pub const fn coarse(theta: u64) -> u64 {
    const DIGITS: u32 = 8;
    let length = u64::BITS - theta.leading_zeros();
    let shift = length.saturating_sub(DIGITS);
    (theta >> shift) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_threshold_has_eight_digits_and_is_hardly_lower() {
        for theta in [1, 200, 255, 256, 1 << 48, 0x1234_5678_9abc, u64::MAX >> 1] {
            let coarse = coarse(theta);
            assert!(coarse <= theta && coarse > 0);
            assert!((theta - coarse) as f64 <= theta as f64 / 128.0, "{theta}");
            assert!(64 - coarse.leading_zeros() - coarse.trailing_zeros() <= 8);
        }
        assert_eq!(coarse(1 << 48), 1 << 48);
    }

    #[test]
    fn epsilon_has_a_range() {
        for bad in [0.0, -1.0, 0.009, 20.1, f64::NAN, f64::INFINITY] {
            assert!(Epsilon::new(bad).is_err(), "{bad}");
        }
        assert_eq!(Epsilon::new(0.5).map(Epsilon::value), Ok(0.5));
        assert_eq!(Epsilon::new(1.0).map(Epsilon::noise_max), Ok(28));
    }
}
