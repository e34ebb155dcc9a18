//! How likely it is that a side gains more users than a number: what people decide by.

use super::number::whole;
use super::{EstimateReport, csv};
use crate::estimate::Estimate;
use serde::Serialize;

/// The number of new users that is asked about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakEven {
    /// The gain must be more than this number of users.
    pub more_than: u64,
    /// The price from which the number was computed; `None` if the number was given.
    pub price: Option<Price>,
}

/// What new users cost together, and what one of them is worth, in one currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Price {
    /// What all of them cost together.
    pub cost: f64,
    /// What each of them is worth.
    pub value_per_user: f64,
}

impl BreakEven {
    /// A number of users.
    #[must_use]
    pub const fn users(more_than: u64) -> Self {
        Self {
            more_than,
            price: None,
        }
    }

    /// The number of users whose value is the cost; `None` unless both are more than 0 and the number
    /// is at most 10^15.
    ///
    /// ```
    /// use overlap::report::{BreakEven, Price};
    ///
    /// let price = Price { cost: 1_000.0, value_per_user: 3.0 };
    /// assert_eq!(BreakEven::of_price(price).map(|even| even.more_than), Some(333));
    /// ```
    #[must_use]
    pub fn of_price(price: Price) -> Option<Self> {
        const USERS_MAX: f64 = 1e15;
        let Price {
            cost,
            value_per_user,
        } = price;
        let users = cost / value_per_user;
        let is_number = cost > 0.0 && value_per_user > 0.0 && users <= USERS_MAX;
        is_number.then_some(Self {
            // Whole users are more than a number if they are more than what is whole of it.
            more_than: users.floor() as u64,
            price: Some(price),
        })
    }
}

/// The answer: how likely it is that the first side gains more than so many users by the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakEvenReport {
    /// The number of new users that was asked about.
    pub asked: BreakEven,
    /// The probability, from 0 to 1. Exactly 0 and exactly 1 mean certainty.
    pub probability: f64,
}

impl BreakEvenReport {
    /// A line for people.
    pub(super) fn sentence(&self, ours: &str, partner: &str) -> String {
        let users = whole(self.asked.more_than as f64);
        let reason = self.asked.price.map_or_else(String::new, |price| {
            format!(
                ", where a cost of {} is earned back at {} a new user",
                amount(price.cost),
                amount(price.value_per_user)
            )
        });
        format!(
            "{}: more than {users} new users for {ours} from {partner}{reason}",
            likely(self.probability)
        )
    }

    pub(super) fn document(&self) -> BreakEvenDocument {
        BreakEvenDocument {
            more_than: self.asked.more_than,
            probability: self.probability,
            cost: self.asked.price.map(|price| price.cost),
            value_per_new_user: self.asked.price.map(|price| price.value_per_user),
        }
    }

    pub(super) fn csv(&self, out: &mut csv::Lines, ours: &str, partner: &str) {
        let lines = [
            ("break_even", self.asked.more_than as f64),
            ("break_even_probability", self.probability),
        ];
        for (measure, value) in lines {
            out.of_segment("", measure, ours, partner, &Estimate::exact(value));
        }
    }
}

impl EstimateReport {
    /// The line about the break-even, if it was asked for.
    pub(super) fn break_even_sentence(&self) -> Option<String> {
        let pair = self.pairs.first()?;
        let report = self.break_even?;
        Some(report.sentence(self.name(pair.a), self.name(pair.b)))
    }
}

/// A probability in words: `97.3 % likely`, `certain`, `impossible`.
fn likely(probability: f64) -> String {
    match probability {
        p if p <= 0.0 => "impossible".into(),
        p if p >= 1.0 => "certain".into(),
        _ => format!("{} likely", probability_text(probability)),
    }
}

/// A probability as percent with one decimal; what rounds to 0 or 100 and isn't is told as less or more.
pub(crate) fn probability_text(probability: f64) -> String {
    match probability {
        p if p <= 0.0 => "0 %".into(),
        p if p >= 1.0 => "100 %".into(),
        p if p < 0.001 => "< 0.1 %".into(),
        p if p > 0.999 => "> 99.9 %".into(),
        p => format!("{:.1} %", p * 100.0),
    }
}

/// An amount of money as it would be typed: no more decimals than it has.
fn amount(value: f64) -> String {
    if value.fract() == 0.0 {
        return whole(value);
    }
    let text = format!("{value}");
    match text.split_once('.') {
        Some((before, after)) => format!("{}.{after}", whole(before.parse().unwrap_or(value))),
        None => text,
    }
}

#[derive(Serialize)]
pub(super) struct BreakEvenDocument {
    more_than: u64,
    probability: f64,
    cost: Option<f64>,
    value_per_new_user: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certain_and_likely_are_different_words() {
        let cases = [
            (0.0, "impossible"),
            (1e-9, "< 0.1 % likely"),
            (0.973, "97.3 % likely"),
            (1.0 - 1e-9, "> 99.9 % likely"),
            (1.0, "certain"),
        ];
        for (probability, text) in cases {
            assert_eq!(likely(probability), text);
        }
    }

    #[test]
    fn a_price_breaks_even_above_a_whole_number_of_users() {
        let of = |cost, value_per_user| {
            let price = Price {
                cost,
                value_per_user,
            };
            BreakEven::of_price(price).map(|even| even.more_than)
        };
        assert_eq!(of(100.0, 2.0), Some(50));
        assert_eq!(of(99.0, 2.0), Some(49));
        assert_eq!(of(0.0, 2.0), None);
        assert_eq!(of(1.0, 0.0), None);
        assert_eq!(of(f64::NAN, 1.0), None);
        assert_eq!(of(1e300, 1e-9), None);
        assert_eq!(amount(1234567.25), "1,234,567.25");
    }
}
