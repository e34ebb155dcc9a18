//! What private overlap wrote and found.

use super::number::{bytes, percent, whole, whole_interval};
use super::{EstimateReport, Format, Warning, csv, json, markdown, table};
use crate::estimate::Estimate;
use serde::Serialize;

/// The answer of `overlap private offer` and `overlap private answer`.
#[derive(Clone, Debug)]
pub struct PrivateStepReport {
    /// The kind of message, such as `offer`.
    pub what: &'static str,
    /// The side's name.
    pub name: String,
    /// The message that was written.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The secret file that was written.
    pub secret: String,
}

impl PrivateStepReport {
    /// Two lines for people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            what,
            name,
            file,
            secret,
            ..
        } = self;
        format!(
            "{file}: {what} of {name}; {}; send it to the partner\n{secret}: keep it for the last step, and send it to nobody\n",
            bytes(self.bytes)
        )
    }

    /// The same for programs (`overlap.private-step/1`).
    #[must_use]
    pub fn json(&self) -> String {
        json::to_text(&StepDocument {
            schema: "overlap.private-step/1",
            message: self.what,
            side: &self.name,
            file: &self.file,
            bytes: self.bytes,
            secret: &self.secret,
        })
    }
}

/// The answer of `overlap private finish`.
#[derive(Clone, Debug)]
pub struct PrivateReport {
    /// The ε of the noise on the number of common users; `None` without noise.
    pub epsilon: Option<f64>,
    /// The columns of the segments; empty if all users are one.
    pub segment_columns: String,
    /// The side of the offer, and that of the answer.
    pub names: [String; 2],
    /// What was found: of all users at once without a label, or of each segment with its own.
    pub answers: Vec<(Option<String>, EstimateReport)>,
    /// The result that was written for the other side.
    pub result: Option<String>,
}

impl PrivateReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match (format, &self.answers[..]) {
            (Format::Json, _) => self.document(),
            (Format::Csv, [(None, report)]) => report.render(format),
            (Format::Csv, _) => csv::render_by_segment(self.by_segment()),
            (_, [(None, report)]) => report.render(format) + &self.notes(format),
            (Format::Markdown, _) => markdown::table(&self.rows()) + &self.notes(format),
            (Format::Table, _) => table::align(&self.rows()) + "\n" + &self.notes(format),
        }
    }

    /// What to know before trusting the numbers. A warning about a segment is in its row.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        match &self.answers[..] {
            [(None, report)] => &report.warnings,
            _ => &[],
        }
    }

    fn by_segment(&self) -> impl Iterator<Item = (&str, &EstimateReport)> {
        let answers = self.answers.iter();
        answers.map(|(label, report)| (label.as_deref().unwrap_or(""), report))
    }

    fn notes(&self, format: Format) -> String {
        let noise = self.epsilon.map(|epsilon| {
            format!("noise of epsilon {epsilon} is on the number of common users; the intervals include it")
        });
        let result = self
            .result
            .as_ref()
            .map(|file| format!("{file}: the result; send it to the partner"));
        let notes = noise.into_iter().chain(result);
        match format {
            Format::Markdown => notes
                .map(|note| format!("\n{}\n", markdown::cell(&note)))
                .collect(),
            _ => notes.map(|note| note + "\n").collect(),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let [a, b] = &self.names;
        let level = self
            .answers
            .first()
            .map(|(_, report)| table::level(report.confidence));
        let header = [
            self.segment_columns.clone(),
            a.clone(),
            b.clone(),
            "overlap".into(),
            level.unwrap_or_default(),
            format!("share of {a}"),
            format!("share of {b}"),
            "quality".into(),
        ];
        let row = |(label, report): (&str, &EstimateReport)| {
            let users = |estimate: &Estimate| whole(estimate.value);
            let pair = report.pairs.first()?;
            let numbers = &pair.estimate;
            Some(vec![
                label.to_owned(),
                users(&numbers.a),
                users(&numbers.b),
                users(&numbers.overlap),
                whole_interval(&numbers.overlap),
                percent(&numbers.share_of_a),
                percent(&numbers.share_of_b),
                pair.quality().word().to_owned(),
            ])
        };
        std::iter::once(header.to_vec())
            .chain(self.by_segment().filter_map(row))
            .collect()
    }

    /// `overlap.private/1`.
    fn document(&self) -> String {
        let answers = self.answers.iter();
        json::to_text(&Document {
            schema: "overlap.private/1",
            epsilon: self.epsilon,
            segment_columns: &self.segment_columns,
            answers: answers
                .map(|(segment, report)| AnswerDocument {
                    segment: segment.as_deref(),
                    report: json::document(report),
                })
                .collect(),
            result: self.result.as_deref(),
        })
    }
}

#[derive(Serialize)]
struct StepDocument<'a> {
    schema: &'static str,
    message: &'a str,
    side: &'a str,
    file: &'a str,
    bytes: u64,
    secret: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    epsilon: Option<f64>,
    segment_columns: &'a str,
    answers: Vec<AnswerDocument<'a>>,
    result: Option<&'a str>,
}

#[derive(Serialize)]
struct AnswerDocument<'a> {
    segment: Option<&'a str>,
    report: json::Document<'a>,
}
