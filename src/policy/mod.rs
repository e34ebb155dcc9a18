//! Policies that travel with sketches: what a reader's program may say of them, and until when.
//!
//! Knows no files and no sketches. A policy is a promise between programs, not a lock: a program that ignores it
//! can read everything that the sketch holds.

mod day;
mod release;

pub use day::Day;
pub(crate) use day::civil_of_days;
pub use release::{Released, Sum, release};

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// What is allowed to be said of sketches that were made for exchange.
///
/// ```
/// use overlap::Policy;
///
/// let policy = Policy::default();
/// assert_eq!((policy.min_users, policy.min_overlap, policy.round_to), (1_000, 50, 10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Segments of fewer users are left out of the file.
    pub min_users: u64,
    /// Below this a number of users isn't said.
    pub min_overlap: u64,
    /// Numbers are rounded to multiples of this.
    pub round_to: u64,
    /// The last day, in UTC, on which questions are answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Day>,
    /// What the sketches may be used for, in the words of their owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Segments that were left out because they are too small.
    #[serde(default)]
    pub left_out: u64,
}

impl Default for Policy {
    /// Segments of 1,000 users, numbers from 50 on in tens, for any time and purpose.
    fn default() -> Self {
        Self {
            min_users: 1_000,
            min_overlap: 50,
            round_to: 10,
            valid_until: None,
            purpose: None,
            left_out: 0,
        }
    }
}

impl Policy {
    /// The longest purpose, in bytes.
    pub const PURPOSE_MAX: usize = 500;

    /// The largest number that a rule may name.
    const NUMBER_MAX: u64 = 1_000_000_000_000;

    /// Sees to it that the rules make sense.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Usage`] for numbers out of range, and for a purpose that is too long or holds control
    /// characters.
    pub fn check(&self) -> Result<()> {
        let numbers = [
            ("min_users", self.min_users),
            ("min_overlap", self.min_overlap),
            ("round_to", self.round_to),
        ];
        for (name, number) in numbers {
            if !(1..=Self::NUMBER_MAX).contains(&number) {
                return Err(Error::usage(format!(
                    "the policy's {name} is {number}, but must be 1 to {}",
                    Self::NUMBER_MAX
                )));
            }
        }
        let purpose = self.purpose.as_deref().unwrap_or_default();
        if purpose.len() > Self::PURPOSE_MAX || purpose.contains(char::is_control) {
            return Err(Error::usage(format!(
                "the policy's purpose must be one line of at most {} bytes",
                Self::PURPOSE_MAX
            )));
        }
        Ok(())
    }

    /// The policy as text, which [`Self::parse`] reads.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The policy of a text.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] if it isn't one, or has rules that this program doesn't know: it couldn't honour
    /// them.
    pub fn parse(text: &str) -> Result<Self> {
        let policy: Self = serde_json::from_str(text).map_err(|_| {
            Error::input("its policy can't be read")
                .hint("it may be of a later overlap: use that one, or ask its owner")
        })?;
        policy
            .check()
            .map_err(|e| Error::input(format!("corrupt: {}", e.message())))?;
        Ok(policy)
    }

    /// The policy under which sketches of several policies are answered together: the strictest rule of each kind.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut purposes: Vec<&str> = Vec::new();
        for purpose in [&self.purpose, &other.purpose].into_iter().flatten() {
            if !purposes.contains(&purpose.as_str()) {
                purposes.push(purpose);
            }
        }
        let until = [self.valid_until, other.valid_until];
        Self {
            min_users: self.min_users.max(other.min_users),
            min_overlap: self.min_overlap.max(other.min_overlap),
            round_to: self.round_to.max(other.round_to),
            valid_until: until.into_iter().flatten().min(),
            purpose: (!purposes.is_empty()).then(|| purposes.join("; ")),
            left_out: self.left_out + other.left_out,
        }
    }

    /// Whether no question is answered any more on a day.
    #[must_use]
    pub fn is_over(&self, today: Day) -> bool {
        self.valid_until.is_some_and(|last| today > last)
    }

    /// A number of users as it may be said: to the nearest multiple.
    #[must_use]
    pub fn rounded(&self, users: f64) -> f64 {
        let step = self.round_to as f64;
        (users / step).round() * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            valid_until: Some(Day::parse("2026-12-31").expect("a day")),
            purpose: Some("reach of a campaign".into()),
            left_out: 3,
            ..Policy::default()
        }
    }

    #[test]
    fn a_policy_survives_its_text() {
        for policy in [policy(), Policy::default()] {
            assert_eq!(Policy::parse(&policy.text()).expect("reads"), policy);
        }
    }

    #[test]
    fn rules_that_are_unknown_or_make_no_sense_are_refused() {
        let text = policy().text();
        let unknown = text.replacen('{', "{\"only_on_mondays\":true,", 1);
        let zero = text.replace("\"round_to\":10", "\"round_to\":0");
        let day = text.replace("2026-12-31", "2026-13-31");
        let control = text.replace("reach of", "reach\\nof");
        for text in [&unknown, &zero, &day, &control, "", "{}"] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_strictest_rule_of_two_policies_holds() {
        let strict = Policy {
            min_overlap: 200,
            round_to: 1,
            valid_until: Some(Day::parse("2027-01-01").expect("a day")),
            purpose: Some("billing".into()),
            ..Policy::default()
        };
        let both = policy().and(&strict);
        assert_eq!((both.min_overlap, both.round_to), (200, 10));
        assert_eq!(both.valid_until, policy().valid_until);
        assert_eq!(
            both.purpose.as_deref(),
            Some("reach of a campaign; billing")
        );
        assert!(both.is_over(Day::parse("2027-01-01").expect("a day")));
        assert!(!both.is_over(Day::parse("2026-12-31").expect("a day")));
    }

    #[test]
    fn numbers_are_rounded_to_multiples() {
        assert_eq!(policy().rounded(1_234.9), 1_230.0);
        assert_eq!(policy().rounded(1_235.1), 1_240.0);
    }
}
