//! The error to expect, before anything is read.

use super::number::whole;
use super::{Format, table};
use crate::estimate::{Confidence, ExpectedError, PairSizes, SketchSize, expected_error};
use serde::Serialize;
use std::fmt::Write;

const SCHEMA: &str = "overlap.bounds/1";

/// The error to expect from sketches of several sizes, for two sets of known size.
#[derive(Clone, Debug)]
pub struct BoundsReport {
    /// The sets.
    pub sizes: PairSizes,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// The sketches, each a row.
    pub sketches: Vec<SketchSize>,
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    users_a: f64,
    users_b: f64,
    overlap: f64,
    confidence: f64,
    sketches: Vec<Row>,
}

/// One sketch; half widths of intervals as a share of the number, null where there is none.
#[derive(Serialize)]
struct Row {
    precision: u8,
    k: u64,
    stored_bytes: u64,
    half_width_a: Option<f64>,
    half_width_b: Option<f64>,
    half_width_overlap: Option<f64>,
    half_width_union: Option<f64>,
    expected_matches: f64,
}

impl BoundsReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.head() + "\n" + &table::align(&self.cells()),
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
        }
    }

    fn rows(&self) -> impl Iterator<Item = (SketchSize, ExpectedError)> {
        self.sketches
            .iter()
            .map(|&sketch| (sketch, expected_error(&self.sizes, sketch)))
    }

    /// Half the width of the interval to expect, as a share of the number.
    fn half_width(&self, sigma: f64) -> f64 {
        self.confidence.z() * sigma
    }

    fn head(&self) -> String {
        let PairSizes {
            only_a,
            only_b,
            overlap,
            ..
        } = self.sizes;
        format!(
            "A {}, B {}, overlap {}; half widths of {} % intervals\n",
            whole(only_a + overlap),
            whole(only_b + overlap),
            whole(overlap),
            self.confidence.level() * 100.0
        )
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let header = ["p", "k", "stored", "A", "B", "overlap", "union", "matches"];
        let mut cells = vec![header.map(str::to_owned).to_vec()];
        let percent = |sigma: f64| match self.half_width(sigma) {
            0.0 => "exact".to_owned(),
            // Beyond its own size an estimate has an upper bound only.
            width if width > 1.0 => "not resolvable".to_owned(),
            width => format!("± {:.2} %", width * 100.0),
        };
        for (sketch, error) in self.rows() {
            cells.push(vec![
                sketch.precision.to_string(),
                whole(sketch.k as f64),
                format!("{} KB", whole(sketch.stored_bytes() / 1000.0)),
                percent(error.a),
                percent(error.b),
                percent(error.overlap),
                percent(error.union),
                whole(error.matches),
            ]);
        }
        cells
    }

    fn markdown(&self) -> String {
        let mut out = self.head() + "\n";
        for (i, row) in self.cells().iter().enumerate() {
            // Writing to a String can't fail.
            let _ = writeln!(out, "| {} |", row.join(" | "));
            if i == 0 {
                out += &"|---:".repeat(row.len());
                out += "|\n";
            }
        }
        out
    }

    fn documents(&self) -> Vec<Row> {
        let width = |sigma: f64| Some(self.half_width(sigma)).filter(|width| width.is_finite());
        self.rows()
            .map(|(sketch, error)| Row {
                precision: sketch.precision,
                k: sketch.k,
                stored_bytes: sketch.stored_bytes().round() as u64,
                half_width_a: width(error.a),
                half_width_b: width(error.b),
                half_width_overlap: width(error.overlap),
                half_width_union: width(error.union),
                expected_matches: error.matches,
            })
            .collect()
    }

    fn json(&self) -> String {
        let PairSizes {
            only_a,
            only_b,
            overlap,
            ..
        } = self.sizes;
        super::json::to_text(&Document {
            schema: SCHEMA,
            users_a: only_a + overlap,
            users_b: only_b + overlap,
            overlap,
            confidence: self.confidence.level(),
            sketches: self.documents(),
        })
    }

    fn csv(&self) -> String {
        let mut out = String::from("precision,k,stored_bytes,a,b,overlap,union,expected_matches\n");
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for row in self.documents() {
            let widths = [
                row.half_width_a,
                row.half_width_b,
                row.half_width_overlap,
                row.half_width_union,
            ]
            .map(number)
            .join(",");
            let Row {
                precision,
                k,
                stored_bytes,
                expected_matches,
                ..
            } = row;
            let _ = writeln!(
                out,
                "{precision},{k},{stored_bytes},{widths},{expected_matches}"
            );
        }
        out
    }
}
