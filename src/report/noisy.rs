//! What was written into a sketch with noise.

use super::number::{bytes, whole};
use super::{SourceReport, Warning, json, source};
use crate::id::Tally;
use serde::Serialize;

/// The answer of `overlap sketch --epsilon`, and of `overlap merge` of such files. Rows are told here alone; they aren't in the
/// file.
#[derive(Clone, Debug)]
pub struct NoisyReport {
    /// The file that was written.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// ε.
    pub epsilon: f64,
    /// log2 of the number of buckets.
    pub precision: u8,
    /// Rows and nulls that were sketched; `None` of a merged file.
    pub tally: Option<Tally>,
    /// How many files were merged; 0 of data.
    pub merged: usize,
    /// What the ledger has left, if there is one.
    pub left: Option<f64>,
    /// For every side that was named, the column that was read and what was passed over.
    pub sources: Vec<SourceReport>,
    /// Warnings: what to know before trusting the sketch.
    pub warnings: Vec<Warning>,
}

impl NoisyReport {
    /// Some lines for people; ends with a newline.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            file,
            epsilon,
            precision,
            ..
        } = self;
        let of = match self.tally {
            Some(tally) => {
                let (rows, nulls) = (whole(tally.rows as f64), whole(tally.nulls as f64));
                format!("of {rows} rows, {nulls} without an id")
            }
            None => format!("merged of {}", whole(self.merged as f64)),
        };
        let budget = match self.left {
            Some(left) => format!("the budget has {left} left\n"),
            None if self.merged > 0 => {
                "merging spends nothing: the sketch tells no more than its parts\n".into()
            }
            None => format!("every further such file of these users spends another {epsilon}\n"),
        };
        format!(
            "{file}: 1 sketch with noise of epsilon {epsilon}, 2^{precision} buckets, {of}; {}\n{}{budget}",
            bytes(self.bytes),
            source::columns(&self.sources)
        )
    }

    /// The same for programs (`overlap.noisy-store/1`).
    #[must_use]
    pub fn json(&self) -> String {
        json::to_text(&Document {
            schema: "overlap.noisy-store/1",
            file: &self.file,
            bytes: self.bytes,
            epsilon: self.epsilon,
            precision: self.precision,
            merged: self.merged,
            rows: self.tally.map(|tally| tally.rows),
            nulls: self.tally.map(|tally| tally.nulls),
            budget_left: self.left,
            sources: json::sources(&self.sources),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

/// The warning that a side is a sketch with noise.
pub(super) fn warning(side: &str, epsilon_millionths: u64) -> String {
    format!(
        "{side} is a sketch with noise of epsilon {}: the intervals include it, and small shares of large sides drown in it",
        epsilon_millionths as f64 / 1e6
    )
}

/// The warning that numbers with noise have a price.
pub(super) fn spent(millionths: u64, left_millionths: Option<u64>) -> String {
    let epsilon = |millionths: u64| millionths as f64 / 1e6;
    match left_millionths {
        Some(left) => format!("the budget has {} left", epsilon(left)),
        None => format!(
            "every further answer about these users spends another {}, and no ledger adds it up",
            epsilon(millionths)
        ),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    file: &'a str,
    bytes: u64,
    epsilon: f64,
    precision: u8,
    merged: usize,
    rows: Option<u64>,
    nulls: Option<u64>,
    budget_left: Option<f64>,
    sources: Vec<json::SourceDocument>,
    warnings: Vec<json::WarningText>,
}
