//! Every two of N sides.

use super::number::{percent, whole, whole_interval};
use super::{Format, Method, SourceReport, Warning, csv, json, markdown, source, table};
use crate::analysis::{Matrix, MatrixPair};
use crate::estimate::{Confidence, Estimate};
use crate::id::{PageChecks, Tally};
use serde::Serialize;
use std::fmt::Write;

/// The answer of `overlap matrix`.
#[derive(Clone, Debug)]
pub struct MatrixReport {
    /// How the numbers were computed.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The names of the sides.
    pub names: Vec<String>,
    /// Their numbers.
    pub matrix: Matrix,
    /// Rows and nulls of all sides; `None` if a sketch doesn't record them.
    pub tally: Option<Tally>,
    /// Pages of data that were read, and how many of them had a checksum that was checked.
    pub pages: PageChecks,
    /// For every side that was named, the column that was read and what was passed over.
    pub sources: Vec<SourceReport>,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

impl MatrixReport {
    /// More sides than this don't fit a terminal side by side.
    const SQUARE_SIDES_MAX: usize = 8;

    /// Pairs that are listed where the square doesn't fit.
    const LISTED_PAIRS_MAX: usize = 50;

    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.table(),
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Markdown => self.markdown(),
        }
    }

    fn table(&self) -> String {
        let mut out = table::align(&self.users());
        if self.names.len() <= Self::SQUARE_SIDES_MAX {
            let shared = self.square("users of both", |pair, _| whole(pair.overlap.value));
            let share = self.square("share of row's users", |pair, turned| {
                percent(if turned {
                    &pair.share_of_b
                } else {
                    &pair.share_of_a
                })
            });
            let _ = write!(out, "\n{}\n{}", table::align(&shared), table::align(&share));
            return out + &self.last_line();
        }
        let (rows, left) = self.list();
        let _ = write!(out, "\n{}", table::align(&rows));
        if left > 0 {
            let left = whole(left as f64);
            let _ = writeln!(
                out,
                "and {left} pairs that share fewer users or none: --format csv lists all"
            );
        }
        out + &self.last_line()
    }

    fn last_line(&self) -> String {
        let last = table::last_line(
            self.tally,
            table::Note::None,
            &self.pages,
            self.method,
            &self.sources,
        );
        format!("\n{last}")
    }

    fn markdown(&self) -> String {
        let mut out = markdown::table(&self.users());
        let (rows, left) = self.list();
        let _ = write!(out, "\n{}", markdown::table(&rows));
        if left > 0 {
            let _ = writeln!(out, "\nand {left} pairs that share fewer users or none");
        }
        out + &source::markdown(&self.sources)
    }

    fn users(&self) -> Vec<Vec<String>> {
        let level = table::level(self.confidence);
        let mut rows = vec![vec![String::new(), "users".into(), level]];
        for (name, users) in self.names.iter().zip(&self.matrix.users) {
            rows.push(vec![
                name.clone(),
                whole(users.value),
                whole_interval(users),
            ]);
        }
        rows
    }

    /// One number of every two sides; `cell` is told whether the row is the pair's second side.
    fn square(&self, title: &str, cell: impl Fn(&MatrixPair, bool) -> String) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["–".to_owned(); self.names.len() + 1]; self.names.len() + 1];
        rows[0][0] = title.into();
        for (side, name) in self.names.iter().enumerate() {
            rows[0][side + 1].clone_from(name);
            rows[side + 1][0].clone_from(name);
        }
        for pair in &self.matrix.pairs {
            rows[pair.a + 1][pair.b + 1] = cell(pair, false);
            rows[pair.b + 1][pair.a + 1] = cell(pair, true);
        }
        rows
    }

    /// The pairs that share most users, and how many others there are.
    fn list(&self) -> (Vec<Vec<String>>, usize) {
        let shares = |pair: &&MatrixPair| pair.overlap.upper > 0.0;
        let mut pairs: Vec<&MatrixPair> = self.matrix.pairs.iter().filter(shares).collect();
        pairs.sort_by(|x, y| y.overlap.value.total_cmp(&x.overlap.value));
        let level = table::level(self.confidence);
        let header = ["a", "b", "overlap", &level, "of a", "of b", "Jaccard"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for pair in pairs.iter().take(Self::LISTED_PAIRS_MAX) {
            rows.push(vec![
                self.names[pair.a].clone(),
                self.names[pair.b].clone(),
                whole(pair.overlap.value),
                whole_interval(&pair.overlap),
                percent(&pair.share_of_a),
                percent(&pair.share_of_b),
                super::number::fraction(pair.jaccard.value, &pair.jaccard),
            ]);
        }
        (
            rows,
            self.matrix.pairs.len() - pairs.len().min(Self::LISTED_PAIRS_MAX),
        )
    }

    fn csv(&self) -> String {
        let mut out = String::from("a,b");
        for measure in ["overlap", "share_of_a", "share_of_b", "jaccard"] {
            let _ = write!(out, ",{measure},{measure}_lower,{measure}_upper");
        }
        out += ",users_a,users_b,id_column_a,id_column_b\n";
        for pair in &self.matrix.pairs {
            let name = |side: usize| csv::quoted(&self.names[side]);
            let users = |side: usize| self.matrix.users[side].value;
            let _ = write!(out, "{},{}", name(pair.a), name(pair.b));
            for Estimate {
                value,
                lower,
                upper,
            } in [pair.overlap, pair.share_of_a, pair.share_of_b, pair.jaccard]
            {
                let _ = write!(out, ",{value},{lower},{upper}");
            }
            let column =
                |side: usize| csv::quoted(source::column_of(&self.sources, &self.names[side]));
            let (users_a, users_b) = (users(pair.a), users(pair.b));
            let (column_a, column_b) = (column(pair.a), column(pair.b));
            let _ = writeln!(out, ",{users_a},{users_b},{column_a},{column_b}");
        }
        out
    }

    fn json(&self) -> String {
        let sides = self.names.iter().zip(&self.matrix.users);
        let side = |(name, users): (&String, &Estimate)| SideDocument {
            name: name.clone(),
            users: json::whole(users),
        };
        let pair = |pair: &MatrixPair| PairDocument {
            a: self.names[pair.a].clone(),
            b: self.names[pair.b].clone(),
            overlap: json::whole(&pair.overlap),
            share_of_a: json::ratio(&pair.share_of_a),
            share_of_b: json::ratio(&pair.share_of_b),
            jaccard: json::ratio(&pair.jaccard),
        };
        json::to_text(&Document {
            schema: "overlap.matrix/1",
            method: json::method(self.method),
            confidence: self.confidence.level(),
            sides: sides.map(side).collect(),
            pairs: self.matrix.pairs.iter().map(pair).collect(),
            sources: json::sources(&self.sources),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    method: json::MethodName,
    confidence: f64,
    sides: Vec<SideDocument>,
    pairs: Vec<PairDocument>,
    sources: Vec<json::SourceDocument>,
    warnings: Vec<json::WarningText>,
}

#[derive(Serialize)]
struct SideDocument {
    name: String,
    users: json::Users,
}

#[derive(Serialize)]
struct PairDocument {
    a: String,
    b: String,
    overlap: json::Users,
    share_of_a: json::Ratio,
    share_of_b: json::Ratio,
    jaccard: json::Ratio,
}
