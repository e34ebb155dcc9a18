//! A whole report from the answers of the engine.

use super::{FullReport, LargestPart, Number, ReachPart, RegionPart, RestPart};
use crate::analysis::{LargestRegions, Regions};
use crate::error::Result;
use crate::report::{EstimateReport, Format, ReachReport, TrendReport};
use serde_json::Value;

/// The answers that a whole report is made of.
#[derive(Debug)]
pub struct FullParts<'a> {
    /// Users, pairs, formulas and segments.
    pub estimate: EstimateReport,
    /// The one fit of up to eight sides.
    pub fit: Option<&'a Regions>,
    /// The largest regions of more sides.
    pub largest: Option<LargestRegions>,
    /// Curves of reach by the names of their orders.
    pub reach: Vec<(&'static str, ReachReport)>,
    /// Reach over time.
    pub trend: Option<TrendReport>,
}

impl FullReport {
    /// The whole report of some answers.
    ///
    /// # Errors
    /// None that are known: answers and their JSON have the same parts.
    pub fn new(parts: FullParts<'_>) -> Result<Self> {
        let FullParts {
            mut estimate,
            fit,
            largest,
            reach,
            trend,
        } = parts;
        let mut overlaps = Vec::new();
        if fit.is_none() {
            // Their JSON would be a hundred times as long.
            let pairs = std::mem::take(&mut estimate.pairs);
            let users = |users: f64| users.round() as u64;
            overlaps.extend(pairs.iter().map(|pair| {
                let overlap = &pair.estimate.overlap;
                [overlap.value, overlap.lower, overlap.upper].map(users)
            }));
        }
        let mut report = Self::from_value(json(&estimate.render(Format::Json)))?;
        report.version = env!("CARGO_PKG_VERSION").into();
        report.overlaps = overlaps;
        if let Some(fit) = fit {
            report.regions = regions(&report, fit);
            report.fit = Some(fit.into());
        }
        report.largest = largest.map(|largest| named(&report, &largest));
        for (order, curve) in reach {
            let curve = Self::from_value(json(&curve.render(Format::Json)))?.reach;
            report
                .reach
                .extend(curve.into_iter().map(|curve| ReachPart {
                    order: order.into(),
                    ..curve
                }));
        }
        if let Some(trend) = trend {
            let trend = Self::from_value(json(&trend.render(Format::Json)))?;
            report.trend = trend.trend;
            for warning in trend.warnings {
                let is_known = |known: &super::WarningPart| known.text == warning.text;
                if !report.warnings.iter().any(is_known) {
                    report.warnings.push(warning);
                }
            }
        }
        Ok(report)
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn named(report: &FullReport, largest: &LargestRegions) -> LargestPart {
    let whole = |users: f64| users.round();
    let region = |(sides, users): &(Vec<usize>, crate::estimate::Estimate)| RegionPart {
        sides: (sides.iter())
            .map(|&side| report.sides[side].name.clone())
            .collect(),
        users: Number::new(whole(users.value), whole(users.lower), whole(users.upper)),
    };
    let rest = &largest.rest;
    LargestPart {
        regions: largest.regions.iter().map(region).collect(),
        rest: RestPart {
            regions: rest.regions,
            users: Number::new(
                whole(rest.users.value),
                whole(rest.users.lower),
                whole(rest.users.upper),
            ),
            unseen_most: whole(rest.unseen_most) as u64,
        },
    }
}

fn regions(report: &FullReport, fit: &Regions) -> Vec<RegionPart> {
    let name = |side: usize| report.sides[side].name.clone();
    let sides = 0..report.sides.len();
    let region = |mask: usize| RegionPart {
        sides: (sides.clone().filter(|side| mask >> side & 1 == 1))
            .map(name)
            .collect(),
        users: Number::from(fit.region(mask)),
    };
    (1..1 << report.sides.len()).map(region).collect()
}
