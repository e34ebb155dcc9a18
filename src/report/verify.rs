//! Estimate and truth side by side.

use super::{EstimateReport, Format, csv, json, markdown, table};
use crate::estimate::Estimate;

/// What one way of getting the numbers cost.
#[derive(Clone, Copy, Debug)]
pub struct RunCost {
    /// Wall time.
    pub seconds: f64,
    /// Rows of all sides.
    pub rows: u64,
    /// The largest resident set during the run, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl RunCost {
    /// Rows of all sides a second.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        if self.seconds > 0.0 {
            self.rows as f64 / self.seconds
        } else {
            0.0
        }
    }
}

/// The answer of `overlap verify`: the same question answered by sketches and by counting.
#[derive(Clone, Debug)]
pub struct VerifyReport {
    /// By sketches.
    pub estimate: EstimateReport,
    /// What that cost.
    pub estimate_cost: RunCost,
    /// By counting.
    pub exact: EstimateReport,
    /// What that cost.
    pub exact_cost: RunCost,
}

/// One number of an estimate against the truth.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is compared, in words.
    pub measure: String,
    /// The estimate.
    pub estimate: Estimate,
    /// The truth, in users.
    pub truth: u64,
}

impl Check {
    /// (estimate − truth) / truth; 0 where both are 0.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let truth = self.truth as f64;
        if self.estimate.value == truth {
            0.0
        } else {
            (self.estimate.value - truth) / truth.max(1.0)
        }
    }

    /// Whether the interval holds the truth.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        (self.estimate.lower..=self.estimate.upper).contains(&(self.truth as f64))
    }
}

impl VerifyReport {
    /// Every number of users in the estimate against the truth.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut add = |measure: String, estimate: &Estimate, truth: &Estimate| {
            checks.push(Check {
                measure,
                estimate: *estimate,
                truth: truth.value.round() as u64,
            });
        };
        for (side, truth) in self.estimate.sides.iter().zip(&self.exact.sides) {
            add(side.name.clone(), &side.users, &truth.users);
        }
        for (pair, truth) in self.estimate.pairs.iter().zip(&self.exact.pairs) {
            let (a, b) = (self.estimate.name(pair.a), self.estimate.name(pair.b));
            add(
                format!("{a} ∩ {b}"),
                &pair.estimate.overlap,
                &truth.estimate.overlap,
            );
            add(
                format!("{a} − {b}"),
                &pair.estimate.only_a,
                &truth.estimate.only_a,
            );
            add(
                format!("{b} − {a}"),
                &pair.estimate.only_b,
                &truth.estimate.only_b,
            );
            if self.estimate.pairs.len() > 1 {
                add(
                    format!("{a} ∪ {b}"),
                    &pair.estimate.union,
                    &truth.estimate.union,
                );
            }
        }
        add("union".into(), &self.estimate.union, &self.exact.union);
        checks
    }

    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => table::render_verify(self),
            Format::Json => json::render_verify(self),
            Format::Csv => csv::render_verify(self),
            Format::Markdown => markdown::render_verify(self),
        }
    }
}
