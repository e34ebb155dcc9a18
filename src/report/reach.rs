//! The reach of ever more sides together.

use super::number::{percent, whole, whole_interval};
use super::{Format, Method, SourceReport, Warning, csv, json, markdown, source, table};
use crate::analysis::ReachStep;
use crate::estimate::{Confidence, Estimate};
use crate::id::{PageChecks, Tally};
use serde::Serialize;
use std::fmt::Write;

/// The answer of `overlap reach`.
#[derive(Clone, Debug)]
pub struct ReachReport {
    /// How the numbers were computed.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The names of the sides, in the order given.
    pub names: Vec<String>,
    /// The sides in the order in which they are added.
    pub steps: Vec<ReachStep>,
    /// Rows and nulls of all sides; `None` if a sketch doesn't record them.
    pub tally: Option<Tally>,
    /// Pages of data that were read, and how many of them had a checksum that was checked.
    pub pages: PageChecks,
    /// For every side that was named, the column that was read and what was passed over.
    pub sources: Vec<SourceReport>,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

impl ReachReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => {
                let last = table::last_line(
                    self.tally,
                    table::Note::None,
                    &self.pages,
                    self.method,
                    &self.sources,
                );
                format!("{}\n{last}", table::align(&self.rows()))
            }
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Markdown => markdown::table(&self.rows()) + &source::markdown(&self.sources),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let level = table::level(self.confidence);
        let header = [
            "side",
            "users",
            "new",
            &level,
            "of its users",
            "reach",
            &level,
            "duplication",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for step in &self.steps {
            rows.push(vec![
                self.names[step.side].clone(),
                whole(step.users.value),
                whole(step.added.value),
                whole_interval(&step.added),
                percent(&new_share(step)),
                whole(step.reach.value),
                whole_interval(&step.reach),
                format!("{:.3}", step.duplication),
            ]);
        }
        rows
    }

    fn csv(&self) -> String {
        let mut out = String::from(
            "step,side,users,users_lower,users_upper,added,added_lower,added_upper,reach,reach_lower,reach_upper,duplication,id_column\n",
        );
        for (i, step) in self.steps.iter().enumerate() {
            let _ = write!(out, "{},{}", i + 1, csv::quoted(&self.names[step.side]));
            for Estimate {
                value,
                lower,
                upper,
            } in [step.users, step.added, step.reach]
            {
                let _ = write!(out, ",{value},{lower},{upper}");
            }
            let column = csv::quoted(source::column_of(&self.sources, &self.names[step.side]));
            let _ = writeln!(out, ",{},{column}", step.duplication);
        }
        out
    }

    fn json(&self) -> String {
        let step = |step: &ReachStep| StepDocument {
            side: self.names[step.side].clone(),
            users: json::whole(&step.users),
            added: json::whole(&step.added),
            reach: json::whole(&step.reach),
            duplication: step.duplication,
        };
        json::to_text(&Document {
            schema: "overlap.reach/1",
            method: json::method(self.method),
            confidence: self.confidence.level(),
            steps: self.steps.iter().map(step).collect(),
            sources: json::sources(&self.sources),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

/// How much of a side is new.
fn new_share(step: &ReachStep) -> Estimate {
    let share = |added: f64| {
        if added > 0.0 {
            (added / step.users.value).min(1.0)
        } else {
            0.0
        }
    };
    Estimate {
        value: share(step.added.value),
        lower: share(step.added.lower),
        upper: share(step.added.upper),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    method: json::MethodName,
    confidence: f64,
    steps: Vec<StepDocument>,
    sources: Vec<json::SourceDocument>,
    warnings: Vec<json::WarningText>,
}

#[derive(Serialize)]
struct StepDocument {
    side: String,
    users: json::Users,
    added: json::Users,
    reach: json::Users,
    duplication: f64,
}
