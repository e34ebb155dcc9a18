//! Reach, retention and overlap day by day.

use super::number::{percent, whole};
use super::{Format, Method, SourceReport, Warning, csv, json, markdown, source, table};
use crate::analysis::TrendDay;
use crate::estimate::{Confidence, Estimate};
use crate::id::{PageChecks, Tally};
use crate::policy::civil_of_days;
use serde::Serialize;
use std::fmt::Write;

/// How long a step of a trend is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrendUnit {
    /// A day, numbered from 1970-01-01 on.
    #[default]
    Day,
    /// A month, numbered from January 1970 on.
    Month,
}

impl TrendUnit {
    const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// What stands behind the length of a window.
    const fn letter(self) -> char {
        match self {
            Self::Day => 'd',
            Self::Month => 'm',
        }
    }

    fn date(self, step: i32) -> String {
        match self {
            Self::Day => date(step),
            Self::Month => {
                let (year, month) = (1970 + step.div_euclid(12), 1 + step.rem_euclid(12));
                format!("{year:04}-{month:02}")
            }
        }
    }
}

/// The answer of `overlap trend`.
#[derive(Clone, Debug)]
pub struct TrendReport {
    /// How long a step is.
    pub unit: TrendUnit,
    /// How the numbers were computed.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The names of the sides.
    pub names: Vec<String>,
    /// The lengths of the trailing windows in steps.
    pub windows: Vec<u16>,
    /// Every step from the first to the last.
    pub days: Vec<TrendDay>,
    /// Rows and nulls of all sides; `None` if a sketch doesn't record them.
    pub tally: Option<Tally>,
    /// Pages of data that were read, and how many of them had a checksum that was checked.
    pub pages: PageChecks,
    /// For every side that was named, the column that was read and what was passed over.
    pub sources: Vec<SourceReport>,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// One number of one day.
struct Measure {
    name: String,
    /// The side's name; empty for numbers of both.
    side: String,
    value: Option<Estimate>,
    /// Whether it is a fraction rather than a number of users.
    is_share: bool,
}

impl TrendReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => {
                let last = table::last_line(
                    self.tally,
                    self.left_out(),
                    &self.pages,
                    self.method,
                    &self.sources,
                );
                format!("{}\n{last}", self.blocks(table::align))
            }
            Format::Json => self.json(),
            Format::Csv => self.csv(),
            Format::Markdown => self.blocks(markdown::table) + &source::markdown(&self.sources),
        }
    }

    /// The rows that belong to no step, as the last line says it.
    fn left_out(&self) -> table::Note {
        let rows = self.warnings.iter().map(|warning| match warning {
            Warning::NoDay { rows, .. } => *rows,
            _ => 0,
        });
        match rows.sum::<u64>() {
            0 => table::Note::None,
            rows => table::Note::LeftOut(format!(
                "{} rows without a {}",
                whole(rows as f64),
                self.unit.name()
            )),
        }
    }

    /// Every number of a day, in the order of the columns.
    fn measures(&self, day: &TrendDay) -> Vec<Measure> {
        let mut measures = Vec::new();
        let letter = self.unit.letter();
        for (name, side) in self.names.iter().zip(&day.sides) {
            let mut add = |measure: String, value: Option<Estimate>, is_share: bool| {
                measures.push(Measure {
                    name: measure,
                    side: name.clone(),
                    value,
                    is_share,
                });
            };
            add("users".into(), side.users, false);
            add("new".into(), side.new, false);
            add("returned".into(), side.returned, true);
            add("cumulative".into(), Some(side.cumulative), false);
            for (length, window) in self.windows.iter().zip(&side.windows) {
                let users = window.map(|window| window.users);
                let returned = window.and_then(|window| window.returned);
                add(format!("users_{length}{letter}"), users, false);
                add(format!("returned_{length}{letter}"), returned, true);
            }
        }
        if let Some(overlap) = &day.overlap {
            let mut add = |name: String, value: Option<Estimate>| {
                measures.push(Measure {
                    name,
                    side: String::new(),
                    value,
                    is_share: false,
                });
            };
            add("overlap".into(), overlap.daily);
            add("overlap_cumulative".into(), Some(overlap.cumulative));
            for (length, window) in self.windows.iter().zip(&overlap.windows) {
                add(format!("overlap_{length}{letter}"), *window);
            }
        }
        measures
    }

    /// A table for each side and one for what both share, under their titles.
    fn blocks(&self, table: fn(&[Vec<String>]) -> String) -> String {
        let shared = (self.names.len() == 2).then(String::new);
        let blocks = self.names.iter().cloned().chain(shared);
        let blocks: Vec<String> = blocks
            .map(|side| {
                let title = match &side[..] {
                    "" => format!("users of both {}", self.names.join(" and ")),
                    side => side.to_owned(),
                };
                format!("{title}\n\n{}", table(&self.rows(&side)))
            })
            .collect();
        blocks.join("\n")
    }

    /// A row a day of the numbers of one side, or of both if `side` is empty.
    fn rows(&self, side: &str) -> Vec<Vec<String>> {
        let measures = |day: &TrendDay| {
            let measures = self.measures(day).into_iter();
            measures
                .filter(|measure| measure.side == side)
                .collect::<Vec<_>>()
        };
        let mut header = vec![self.unit.name().to_owned()];
        if let Some(first) = self.days.first() {
            let titles = measures(first).into_iter();
            header.extend(titles.map(|measure| measure.name.replace('_', " ")));
        }
        let mut rows = vec![header];
        for day in &self.days {
            let mut row = vec![self.unit.date(day.day)];
            row.extend(measures(day).iter().map(|measure| match measure.value {
                None => "–".into(),
                Some(value) if measure.is_share => percent(&value),
                Some(value) => whole(value.value),
            }));
            rows.push(row);
        }
        rows
    }

    fn csv(&self) -> String {
        let mut out = format!(
            "{},side,measure,value,lower,upper,id_column\n",
            self.unit.name()
        );
        for day in &self.days {
            for measure in self.measures(day) {
                let Some(Estimate {
                    value,
                    lower,
                    upper,
                }) = measure.value
                else {
                    continue;
                };
                let (date, side) = (self.unit.date(day.day), csv::quoted(&measure.side));
                let column = csv::quoted(source::column_of(&self.sources, &measure.side));
                let _ = writeln!(
                    out,
                    "{date},{side},{},{value},{lower},{upper},{column}",
                    measure.name
                );
            }
        }
        out
    }

    fn json(&self) -> String {
        let measure = |measure: Measure| MeasureDocument {
            side: (!measure.side.is_empty()).then_some(measure.side),
            measure: measure.name,
            value: measure.value.map(|value| json::ratio(&value)),
        };
        let day = |day: &TrendDay| DayDocument {
            day: self.unit.date(day.day),
            measures: self.measures(day).into_iter().map(measure).collect(),
        };
        json::to_text(&Document {
            schema: "overlap.trend/1",
            method: json::method(self.method),
            confidence: self.confidence.level(),
            unit: self.unit.name(),
            sides: self.names.clone(),
            windows_days: self.windows.clone(),
            days: self.days.iter().map(day).collect(),
            sources: json::sources(&self.sources),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

/// A day since 1970-01-01 as `YYYY-MM-DD`.
fn date(day: i32) -> String {
    let (year, month, day) = civil_of_days(day.into());
    format!("{year:04}-{month:02}-{day:02}")
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    method: json::MethodName,
    confidence: f64,
    unit: &'static str,
    sides: Vec<String>,
    windows_days: Vec<u16>,
    days: Vec<DayDocument>,
    sources: Vec<json::SourceDocument>,
    warnings: Vec<json::WarningText>,
}

#[derive(Serialize)]
struct DayDocument {
    day: String,
    measures: Vec<MeasureDocument>,
}

#[derive(Serialize)]
struct MeasureDocument {
    side: Option<String>,
    measure: String,
    value: Option<json::Ratio>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        let days = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (20_780, "2026-11-23"),
        ];
        for (day, text) in days {
            assert_eq!(date(day), text);
        }
    }
}
