//! The numbers that the policies of sketches let be said.

use super::number::{whole, whole_interval};
use super::{Format, Warning, csv, json, markdown, table};
use crate::estimate::{Confidence, Estimate};
use crate::policy::{Policy, Released};
use crate::segments::label;
use serde::Serialize;
use std::fmt::Write;

/// The answer to a question about sketches with a policy.
#[derive(Clone, Debug)]
pub struct ReleaseReport {
    /// The policy of all sketches together.
    pub policy: Policy,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// The numbers that were asked for.
    pub numbers: Vec<ReleasedNumber>,
    /// Warnings that follow from the files alone.
    pub warnings: Vec<Warning>,
}

/// A number that was asked for.
#[derive(Clone, Debug)]
pub struct ReleasedNumber {
    /// The segment that it is of; `None` if it is of whole sides.
    pub segment: Option<Vec<Option<String>>>,
    /// What it counts, as a formula over the sides' names.
    pub what: String,
    /// The users, rounded; `None` if they aren't said.
    pub users: Option<Estimate>,
    /// Why they are said or not.
    pub decision: Released,
}

impl ReleaseReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => format!("{}\n{}", table::align(&self.rows()), self.rules("\n")),
            Format::Markdown => {
                format!("{}\n{}", markdown::table(&self.rows()), self.rules("\n\n"))
            }
            Format::Csv => self.csv(),
            Format::Json => self.json(),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let header = ["", "users", &table::level(self.confidence)].map(str::to_owned);
        let mut rows = vec![header.to_vec()];
        for number in &self.numbers {
            let what = match &number.segment {
                None => number.what.clone(),
                Some(segment) => format!("{}: {}", label(segment), number.what),
            };
            let (users, interval) = match (&number.users, number.decision) {
                (Some(users), _) => (whole(users.value), whole_interval(users)),
                (None, Released::TooFew) => (self.fewer(), String::new()),
                (None, _) => ("withheld".to_owned(), String::new()),
            };
            rows.push(vec![what, users, interval]);
        }
        rows
    }

    fn fewer(&self) -> String {
        format!("fewer than {}", whole(self.policy.min_overlap as f64))
    }

    /// What the policy says, in sentences.
    fn rules(&self, between: &str) -> String {
        let policy = &self.policy;
        let mut rules = vec![format!(
            "Under the policy of the sketches, numbers are rounded to {} and not given below {}.",
            whole(policy.round_to as f64),
            whole(policy.min_overlap as f64)
        )];
        if self.has(Released::Withheld) {
            rules.push(format!(
                "Withheld: with it one could compute a number of {} users.",
                self.fewer()
            ));
        }
        if policy.left_out > 0 {
            rules.push(format!(
                "{} segments of fewer than {} users aren't in the sketches.",
                whole(policy.left_out as f64),
                whole(policy.min_users as f64)
            ));
        }
        rules.extend(
            (policy.purpose.as_ref()).map(|purpose| format!("Allowed purpose: {purpose}.")),
        );
        rules.extend(
            (policy.valid_until).map(|last| format!("Questions are answered until {last}.")),
        );
        let mut text = String::new();
        let _ = writeln!(text, "{}", rules.join(between));
        text
    }

    fn has(&self, decision: Released) -> bool {
        self.numbers
            .iter()
            .any(|number| number.decision == decision)
    }

    fn csv(&self) -> String {
        let mut out = String::from("segment,what,users,lower,upper,decision,fewer_than\n");
        for number in &self.numbers {
            let cell = |pick: fn(&Estimate) -> f64| {
                let users = number.users.as_ref();
                users.map_or_else(String::new, |users| pick(users).to_string())
            };
            let segment = number.segment.as_deref().map(label).unwrap_or_default();
            let cells = [
                csv::quoted(&segment),
                csv::quoted(&number.what),
                cell(|users| users.value),
                cell(|users| users.lower),
                cell(|users| users.upper),
                word(number.decision).to_owned(),
                self.limit(number)
                    .map_or_else(String::new, |n| n.to_string()),
            ];
            out += &(cells.join(",") + "\n");
        }
        out
    }

    fn limit(&self, number: &ReleasedNumber) -> Option<u64> {
        (number.decision == Released::TooFew).then_some(self.policy.min_overlap)
    }

    fn json(&self) -> String {
        let number = |number: &ReleasedNumber| NumberDocument {
            segment: number.segment.clone(),
            what: number.what.clone(),
            users: number.users.as_ref().map(json::whole),
            decision: word(number.decision),
            fewer_than: self.limit(number),
        };
        json::to_text(&Document {
            schema: "overlap.release/1",
            confidence: self.confidence.level(),
            policy: &self.policy,
            numbers: self.numbers.iter().map(number).collect(),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

const fn word(decision: Released) -> &'static str {
    match decision {
        Released::Said => "said",
        Released::TooFew => "too_few",
        Released::Withheld => "withheld",
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    confidence: f64,
    policy: &'a Policy,
    numbers: Vec<NumberDocument>,
    warnings: Vec<json::WarningText>,
}

#[derive(Serialize)]
struct NumberDocument {
    segment: Option<Vec<Option<String>>>,
    what: String,
    users: Option<json::Users>,
    decision: &'static str,
    fewer_than: Option<u64>,
}
