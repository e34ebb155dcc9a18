//! Users in every exclusive region of the sides.

use super::number::{percent, whole, whole_interval};
use super::{Format, Method, SideReport, Warning, csv, json, markdown, source, table};
use crate::analysis::OtherRegions;
use crate::estimate::{Confidence, Estimate, RegionCounts};
use std::fmt::Write;

/// The answer of `overlap regions`.
#[derive(Clone, Debug)]
pub struct RegionsReport {
    /// How the numbers were computed.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The sides, in the order given.
    pub sides: Vec<SideReport>,
    /// Every region, by its mask from 1 on; or the largest, the largest first.
    pub regions: Vec<RegionReport>,
    /// The regions that aren't listed; `None` if all are.
    pub rest: Option<OtherRegions>,
    /// Users of any side: of up to eight the sum of all regions.
    pub union: Estimate,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// One exclusive region.
#[derive(Clone, Debug)]
pub struct RegionReport {
    /// The sides that its users are in, by their places; they are in no other.
    pub sides: Vec<usize>,
    /// Number of users.
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
                let rest = self
                    .rest_text()
                    .map(|text| format!("\n{}\n", markdown::cell(&text)));
                let rest = rest.unwrap_or_default();
                markdown::table(&self.rows()) + &rest + &source::markdown(&sources)
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
        let rest = self.rest_text().map(|text| text + "\n");
        let rest = rest.unwrap_or_default();
        let last = table::footer(&self.sides, self.method);
        format!("{sides}\n{regions}{rest}\n{last}")
    }

    /// What isn't in the list, and which command answers instead.
    fn rest_text(&self) -> Option<String> {
        let rest = self.rest?;
        let users = table::interval_text(&rest.users);
        let mut text = match rest.regions {
            0 => "no other region is known to have users".to_owned(),
            1 => format!("1 smaller region isn't listed: {users} users"),
            more => format!(
                "{} smaller regions aren't listed: {users} users together",
                whole(more as f64)
            ),
        };
        if rest.unseen_most > 0.0 {
            let most = whole(rest.unseen_most);
            let _ = write!(
                text,
                "; a region of which the sample saw no user has at most {most} users"
            );
        }
        if self.sides.len() > RegionCounts::SETS_MAX {
            let most = RegionCounts::SETS_MAX;
            let _ = write!(
                text,
                "\nall regions of up to {most} of the sides: overlap regions with these; every two: overlap matrix; \
                 unions: overlap reach"
            );
        }
        Some(text)
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
        if let Some(rest) = self.rest {
            // Regions that aren't listed are of no sides that could be named.
            let Estimate {
                value,
                lower,
                upper,
            } = rest.users;
            let _ = writeln!(out, ",{value},{lower},{upper},");
        }
        out
    }
}
