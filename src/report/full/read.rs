//! Reports from JSON: a whole one, or one of another command as a part of a whole.

use super::{
    FullReport, LargestPart, Number, PairPart, ReachPart, RegionPart, SidePart, StepPart, TrendPart,
};
use crate::error::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;

impl FullReport {
    /// Reads a report that `overlap report`, `estimate`, `exact`, `regions`, `matrix`, `reach` or `trend`
    /// wrote as JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for what isn't such a report.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|e| {
            let (line, column) = (e.line(), e.column());
            refused(format!("isn't JSON, at line {line}, column {column}"))
        })?;
        Self::from_value(value)
    }

    /// [`Self::from_json`] of JSON that is parsed.
    pub(super) fn from_value(value: Value) -> Result<Self> {
        let schema = value.get("schema").and_then(Value::as_str);
        let mut report: Self = match schema {
            Some(Self::SCHEMA) => parsed(value)?,
            Some("overlap.estimate/1") => of_estimate(value)?,
            Some("overlap.regions/1") => of_regions(value)?,
            Some("overlap.matrix/1") => parsed(value)?,
            Some("overlap.reach/1") => of_reach(value)?,
            Some("overlap.trend/1") => of_trend(value)?,
            Some(other) => {
                return Err(refused(format!("a {other} report has no page")));
            }
            None => return Err(refused("JSON without the schema of a report".into())),
        };
        report.schema = Self::SCHEMA.into();
        report.shorten();
        report.check()?;
        Ok(report)
    }

    /// Every two of many sides as the short list of their overlaps.
    fn shorten(&mut self) {
        const PAIRS_MAX: usize = 28;
        if self.pairs.len() <= PAIRS_MAX {
            return;
        }
        let count = self.sides.len();
        let places = self.sides.iter().enumerate();
        let place: HashMap<&str, usize> = places.map(|(i, it)| (it.name.as_str(), i)).collect();
        let mut overlaps = vec![[0; 3]; count * count.saturating_sub(1) / 2];
        for pair in &self.pairs {
            let places = (place.get(pair.a.as_str()), place.get(pair.b.as_str()));
            let (Some(&a), Some(&b)) = places else {
                // The check says so.
                return;
            };
            let users = [pair.overlap.value, pair.overlap.lower, pair.overlap.upper];
            if let Some(place) = Self::place_of_pair(count, a.min(b), a.max(b)) {
                overlaps[place] = users.map(|users| users.round() as u64);
            }
        }
        self.overlaps = overlaps;
        self.pairs.clear();
    }

    /// Pictures and sentences rely on these.
    fn check(&self) -> Result<()> {
        let count = self.sides.len();
        if count == 0 && self.trend.is_none() {
            return Err(refused("a report without sides".into()));
        }
        let has_overlaps =
            self.overlaps.is_empty() || self.overlaps.len() == count * (count - 1) / 2;
        let names = |name: &String| self.sides.iter().any(|side| side.name == *name);
        let has_names = (self.pairs.iter()).all(|pair| names(&pair.a) && names(&pair.b))
            && (self.regions.iter())
                .chain(self.largest.iter().flat_map(|largest| &largest.regions))
                .all(|region| region.sides.iter().all(names));
        let few = self.regions.is_empty() || count <= 8;
        if !has_overlaps || !has_names || !few {
            return Err(refused("a report whose parts don't fit each other".into()));
        }
        Ok(())
    }
}

fn refused(what: String) -> Error {
    Error::new(ErrorKind::Input, what).hint(
        "name the JSON of overlap report, estimate, exact, regions, matrix, reach or trend, as --format json writes it",
    )
}

fn parsed<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|e| refused(format!("isn't the report that it says: {e}")))
}

/// The one pair of two sides stands at the top.
fn of_estimate(value: Value) -> Result<FullReport> {
    let pair = value
        .get("overlap")
        .map(|_| parsed::<PairPart>(value.clone()));
    let mut report: FullReport = parsed(value)?;
    if let (Some(pair), [a, b]) = (pair.transpose()?, &report.sides[..]) {
        report.pairs = vec![PairPart {
            a: a.name.clone(),
            b: b.name.clone(),
            union: report.union,
            ..pair
        }];
        report.regions = regions_of_two(&report);
    }
    Ok(report)
}

fn regions_of_two(report: &FullReport) -> Vec<RegionPart> {
    let Some(pair) = report.pairs.first() else {
        return Vec::new();
    };
    let (a, b) = (pair.a.clone(), pair.b.clone());
    let parts = [
        (vec![a.clone()], pair.only_a),
        (vec![b.clone()], pair.only_b),
        (vec![a, b], Some(pair.overlap)),
    ];
    let region = |(sides, users): (Vec<String>, Option<Number>)| {
        Some(RegionPart {
            sides,
            users: users?,
        })
    };
    parts.into_iter().filter_map(region).collect()
}

/// What two sides share and have alone is in their regions. Where some aren't listed, no picture of all
/// can be drawn.
fn of_regions(mut value: Value) -> Result<FullReport> {
    let rest = value.get_mut("rest").map(Value::take);
    let mut report: FullReport = parsed(value)?;
    if let Some(rest) = rest.filter(|rest| !rest.is_null()) {
        report.largest = Some(LargestPart {
            regions: std::mem::take(&mut report.regions),
            rest: parsed(rest)?,
        });
    }
    Ok(report)
}

fn of_reach(mut value: Value) -> Result<FullReport> {
    let steps: Vec<StepPart> = parsed(value["steps"].take())?;
    let side = |step: &StepPart| SidePart {
        name: step.side.clone(),
        users: Some(step.users),
        ..SidePart::default()
    };
    let report: FullReport = parsed(value)?;
    Ok(FullReport {
        sides: steps.iter().map(side).collect(),
        union: steps.last().map(|step| step.reach),
        reach: vec![ReachPart {
            order: "given".into(),
            steps,
        }],
        ..report
    })
}

fn of_trend(value: Value) -> Result<FullReport> {
    let trend: TrendPart = parsed(value.clone())?;
    let side = |name: &String| SidePart {
        name: name.clone(),
        ..SidePart::default()
    };
    let Value::Object(mut fields) = value else {
        return Err(refused("isn't an object".into()));
    };
    fields.remove("sides");
    let report: FullReport = parsed(Value::Object(fields))?;
    Ok(FullReport {
        sides: trend.sides.iter().map(side).collect(),
        trend: Some(trend),
        ..report
    })
}
