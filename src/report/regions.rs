//! Users in every exclusive region of the sides.

use super::number::{percent, whole, whole_interval};
use super::{Format, Method, SideReport, Warning, csv, json, markdown, source, table};
use crate::estimate::{Confidence, Estimate};
use std::fmt::Write;

/// The answer of `overlap regions`.
#[derive(Clone, Debug)]
pub struct RegionsReport {
    /// How the numbers came about.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The sides, in the order given.
    pub sides: Vec<SideReport>,
    /// Every region, by its mask from 1 on.
    pub regions: Vec<RegionReport>,
    /// Users of any side: the sum of all regions.
    pub union: Estimate,
    /// What the reader should know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// One exclusive region.
#[derive(Clone, Debug)]
pub struct RegionReport {
    /// The sides that its users are in, by their places; they are in no other.
    pub sides: Vec<usize>,
    /// How many users.
    pub users: Estimate,
}

impl RegionsReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => self.table(),
            Format::Json => json::render_regions(self),
            Format::Csv => self.csv(),
            Format::Markdown => {
                let sources = source::of_sides(&self.sides);
                markdown::table(&self.rows()) + &source::markdown(&sources)
            }
        }
    }

    pub(super) fn names(&self, region: &RegionReport) -> Vec<&str> {
        region
            .sides
            .iter()
            .map(|&side| self.sides[side].name.as_str())
            .collect()
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let level = format!("{} % interval", self.confidence.level() * 100.0);
        let mut rows = vec![
            ["only in", "users", &level, "of union"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for region in &self.regions {
            let users = &region.users;
            let share = |part: f64| part / self.union.value.max(1.0);
            let share = Estimate {
                value: share(users.value),
                lower: share(users.lower),
                upper: share(users.upper),
            };
            rows.push(vec![
                self.names(region).join(" & "),
                whole(users.value),
                whole_interval(users),
                percent(&share),
            ]);
        }
        let union = &self.union;
        rows.push(vec![
            "all".into(),
            whole(union.value),
            whole_interval(union),
            String::new(),
        ]);
        rows
    }

    fn table(&self) -> String {
        let sides = table::align(&table::side_rows(&self.sides, self.confidence));
        let regions = table::align(&self.rows());
        let last = table::footer(&self.sides, self.method);
        format!("{sides}\n{regions}\n{last}")
    }

    fn csv(&self) -> String {
        let mut out = String::from("sides,value,lower,upper,id_columns\n");
        for region in &self.regions {
            let names = csv::quoted(&self.names(region).join("&"));
            let Estimate {
                value,
                lower,
                upper,
            } = region.users;
            let columns = region.sides.iter();
            let columns = columns.map(|&side| self.sides[side].column.as_deref().unwrap_or(""));
            let columns = csv::quoted(&columns.collect::<Vec<_>>().join("&"));
            // Writing to a String can't fail.
            let _ = writeln!(out, "{names},{value},{lower},{upper},{columns}");
        }
        out
    }
}
