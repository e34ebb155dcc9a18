//! What was written into a sketch file.

use super::number::{bytes, whole};
use super::table::checksums;
use super::{SourceReport, Warning, json, source};
use crate::id::{PageChecks, Tally};
use serde::Serialize;

/// The answer of `overlap sketch` and `overlap merge`.
#[derive(Clone, Debug)]
pub struct StoreReport {
    /// The file that was written.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Sketches in it: one for each segment.
    pub sketches: usize,
    /// The segment columns.
    pub segment_columns: Vec<String>,
    /// Rows and nulls that were sketched; `None` if a sketch doesn't record them.
    pub tally: Option<Tally>,
    /// Pages of data that were read, and how many of them had a checksum that was checked.
    pub pages: PageChecks,
    /// Segments that were left out of a file for exchange because they are too small; `None` of other files.
    pub left_out: Option<u64>,
    /// For every side that was named, the column that was read and what was passed over.
    pub sources: Vec<SourceReport>,
    /// Warnings: what to know before trusting the sketches.
    pub warnings: Vec<Warning>,
}

impl StoreReport {
    /// A line for people; ends with a newline.
    #[must_use]
    pub fn text(&self) -> String {
        let by = match &self.segment_columns[..] {
            [] => String::new(),
            columns => format!(" by {}", columns.join(", ")),
        };
        let sketches = match self.sketches {
            1 => "1 sketch".into(),
            count => format!("{} sketches", whole(count as f64)),
        };
        let rows = self.tally.map_or_else(String::new, |tally| {
            let (rows, nulls) = (whole(tally.rows as f64), whole(tally.nulls as f64));
            format!(" of {rows} rows, {nulls} without an id")
        });
        let (file, size) = (&self.file, bytes(self.bytes));
        let checks = checksums(&self.pages);
        let passed = source::passed_over(&self.sources);
        let passed = passed.map_or_else(String::new, |text| format!("; {text}"));
        let columns = source::columns(&self.sources);
        let left_out = match self.left_out {
            None => String::new(),
            Some(0) => "; for exchange, nothing left out".into(),
            Some(1) => "; for exchange, 1 segment left out because it is too small".into(),
            Some(segments) => format!(
                "; for exchange, {} segments left out because they are too small",
                whole(segments as f64)
            ),
        };
        format!("{file}: {sketches}{by}{rows}{passed}{checks}{left_out}; {size}\n{columns}")
    }

    /// The same for programs (`overlap.store/1`).
    #[must_use]
    pub fn json(&self) -> String {
        json::to_text(&Document {
            schema: "overlap.store/1",
            file: &self.file,
            bytes: self.bytes,
            sketches: self.sketches,
            segment_columns: &self.segment_columns,
            rows: self.tally.map(|tally| tally.rows),
            nulls: self.tally.map(|tally| tally.nulls),
            pages: self.pages.pages,
            pages_checked: self.pages.checked,
            left_out: self.left_out,
            sources: json::sources(&self.sources),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    file: &'a str,
    bytes: u64,
    sketches: usize,
    segment_columns: &'a [String],
    rows: Option<u64>,
    nulls: Option<u64>,
    pages: u64,
    pages_checked: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u64>,
    sources: Vec<json::SourceDocument>,
    warnings: Vec<json::WarningText>,
}
