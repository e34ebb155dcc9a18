//! All exclusive regions of up to eight sides.

use super::request::SketchRequest;
use super::{estimate, plan_warnings, side_report, sketch};
use crate::analysis::regions;
use crate::error::{Error, Result};
use crate::estimate::RegionCounts;
use crate::report::{Method, RegionReport, RegionsReport, SideReport};
use crate::scan::{Plan, Progress, SidePlan};
use crate::sketch::Sketch;

/// How many users are in just these sides and no others, for every choice of sides?
///
/// # Errors
/// Those of [`super::estimate`], and [`crate::ErrorKind::Usage`] for more than eight sides.
pub fn estimate_regions_of(
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<RegionsReport> {
    request.sources.check()?;
    request.check()?;
    let (sides, most) = (request.sources.sides.len(), RegionCounts::SETS_MAX);
    if sides > most {
        return Err(Error::usage(format!(
            "{sides} sides, but regions are of at most {most}"
        )));
    }
    let plan = Plan::new(&request.sources.sides, &request.sources.id)?;
    let threads = request.sources.threads;
    let sketches = sketch::sketch_plan(&plan, threads, request.options, progress)?;
    let mut warnings = plan_warnings(&plan);
    let known = estimate::known_sizes(&plan, &sketches, request, &mut warnings);
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let fit = regions(&everyone, &known, request.confidence)?;
    let side = |(i, side): (usize, &SidePlan)| SideReport {
        unique: known[i].is_some(),
        ..side_report(side, sketches[i].tally(), fit.side(i))
    };
    let sides: Vec<SideReport> = plan.sides.iter().enumerate().map(side).collect();
    let region = |mask: usize| RegionReport {
        sides: (0..sides.len())
            .filter(|side| mask >> side & 1 == 1)
            .collect(),
        users: fit.region(mask),
    };
    Ok(RegionsReport {
        method: Method::Sketch {
            precision: request.options.precision().get(),
            k: request.options.k(),
        },
        confidence: request.confidence,
        regions: (1..1 << sides.len()).map(region).collect(),
        union: fit.union(),
        sides,
        warnings,
    })
}
