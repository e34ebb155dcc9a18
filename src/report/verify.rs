//! An estimate, the exact numbers and what textbook methods say, side by side.

use super::{EstimateReport, Format, csv, json, markdown, table};
use crate::estimate::Estimate;
use crate::textbook::TextbookAnswers;

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

/// The answer of `overlap verify`: the same question answered by sketches, by counting, and by two
/// textbook methods.
#[derive(Clone, Debug)]
pub struct VerifyReport {
    /// The estimate from sketches.
    pub estimate: EstimateReport,
    /// What the estimate cost.
    pub estimate_cost: RunCost,
    /// Bytes of the sketches of all sides together, as `overlap sketch` would store them.
    pub sketch_bytes: u64,
    /// The exact numbers: every distinct ID was counted.
    pub exact: EstimateReport,
    /// What counting cost.
    pub exact_cost: RunCost,
    /// HyperLogLog++ (p = 16) with inclusion and exclusion.
    pub plus: TextbookAnswers,
    /// What HyperLogLog++ cost: one more pass over the data.
    pub plus_cost: RunCost,
    /// Plain MinHash on the samples of the sketches.
    pub minhash: TextbookAnswers,
}

/// One number of an estimate beside the exact number and those of textbook methods.
#[derive(Clone, Debug)]
pub struct Check {
    /// What is compared, in words.
    pub measure: String,
    /// The estimate.
    pub estimate: Estimate,
    /// Exact number of users.
    pub truth: u64,
    /// What HyperLogLog++ with inclusion and exclusion says, in users; may be below zero.
    pub plus: f64,
    /// What plain MinHash says, in users.
    pub minhash: f64,
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

    /// (users − truth) / truth, where users is what a textbook method says; `None` if the truth is 0
    /// and the method says otherwise.
    #[must_use]
    pub fn textbook_error(&self, users: f64) -> Option<f64> {
        let truth = self.truth as f64;
        match users - truth {
            0.0 => Some(0.0),
            difference => (self.truth > 0).then(|| difference / truth),
        }
    }

    /// Whether the interval holds the truth.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        (self.estimate.lower..=self.estimate.upper).contains(&(self.truth as f64))
    }
}

/// One measure of a pair: its estimate and the exact number, and the same measure of a textbook answer.
type Measure<'a> = (String, &'a Estimate, &'a Estimate, [f64; 2]);

impl VerifyReport {
    /// Every number of users in the estimate beside the exact number and those of textbook methods.
    #[must_use]
    pub fn checks(&self) -> Vec<Check> {
        let textbook = [&self.plus, &self.minhash];
        let mut measures: Vec<Measure<'_>> = Vec::new();
        for (i, side) in self.estimate.sides.iter().enumerate() {
            let truth = &self.exact.sides[i].users;
            let users = textbook.map(|answers| answers.sides[i]);
            measures.push((side.name.clone(), &side.users, truth, users));
        }
        for pair in 0..self.estimate.pairs.len() {
            measures.extend(self.measures_of_pair(pair));
        }
        let unions = textbook.map(|answers| answers.union);
        let (union, truth) = (&self.estimate.union, &self.exact.union);
        measures.push(("union".into(), union, truth, unions));
        let check = |(measure, estimate, truth, [plus, minhash]): Measure<'_>| Check {
            measure,
            estimate: *estimate,
            truth: truth.value.round() as u64,
            plus,
            minhash,
        };
        measures.into_iter().map(check).collect()
    }

    fn measures_of_pair(&self, at: usize) -> Vec<Measure<'_>> {
        let (pair, truth) = (&self.estimate.pairs[at], &self.exact.pairs[at].estimate);
        let (a, b) = (self.estimate.name(pair.a), self.estimate.name(pair.b));
        let textbook = [&self.plus, &self.minhash];
        let overlaps = textbook.map(|answers| answers.pairs[at].overlap);
        // What a method says of one side alone follows from what it says of the side and of both.
        let only =
            |side: usize| textbook.map(|answers| answers.sides[side] - answers.pairs[at].overlap);
        let numbers = &pair.estimate;
        let mut measures = vec![
            (
                format!("{a} ∩ {b}"),
                &numbers.overlap,
                &truth.overlap,
                overlaps,
            ),
            (
                format!("{a} − {b}"),
                &numbers.only_a,
                &truth.only_a,
                only(pair.a),
            ),
            (
                format!("{b} − {a}"),
                &numbers.only_b,
                &truth.only_b,
                only(pair.b),
            ),
        ];
        if self.estimate.pairs.len() > 1 {
            let unions = textbook.map(|answers| answers.pairs[at].union);
            measures.push((format!("{a} ∪ {b}"), &numbers.union, &truth.union, unions));
        }
        measures
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
