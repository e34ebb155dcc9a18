//! All exclusive regions of up to eight sides.

use super::inputs::Inputs;
use super::request::SketchRequest;
use super::spelling::warnings_of_sketches;
use super::{estimate, method, nulls_warnings, plan_warnings, sketch_warnings};
use crate::analysis::regions;
use crate::error::{Error, Result};
use crate::estimate::RegionCounts;
use crate::report::{RegionReport, RegionsReport, SideReport};
use crate::scan::Progress;
use crate::sketch::Sketch;

/// How many users are in just these sides and no others, for every choice of sides?
///
/// # Errors
/// Those of [`super::estimate`], and [`crate::ErrorKind::Usage`] for more than eight sides.
pub fn estimate_regions_of(
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<RegionsReport> {
    request.check()?;
    let (sides, most) = (request.sources.sides.len(), RegionCounts::SETS_MAX);
    if sides > most {
        return Err(Error::usage(format!(
            "{sides} sides, but regions are of at most {most}"
        )));
    }
    let inputs = Inputs::open(&request.sources, request.options)?;
    let (side_reports, mut warnings) = (inputs.side_plans(), plan_warnings(&inputs.plan));
    let page_checks = inputs.page_checks();
    let counted = inputs.sketch(request.sources.threads, false, progress)?;
    let sketches: Vec<Sketch> = counted.into_iter().map(|(sketch, _)| sketch).collect();
    let known = estimate::known_sizes(&side_reports, &sketches, request, &mut warnings);
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let fit = regions(&everyone, &known, request.confidence)?;
    let side = |(i, side): (usize, SideReport)| SideReport {
        unique: known[i].is_some(),
        tally: sketches[i].tally(),
        pages: page_checks(i),
        id_type: sketches[i].domain(),
        profile: sketches[i].profile().clone(),
        users: fit.side(i),
        ..side
    };
    let sides: Vec<SideReport> = side_reports.into_iter().enumerate().map(side).collect();
    warnings.extend(sketch_warnings(&sides, &sketches));
    warnings.extend(nulls_warnings(
        sides.iter().map(|side| (&side.name, side.pages)),
    ));
    let names: Vec<String> = sides.iter().map(|side| side.name.clone()).collect();
    warnings.extend(warnings_of_sketches(&names, &sketches, request.confidence)?);
    let region = |mask: usize| RegionReport {
        sides: (0..sides.len())
            .filter(|side| mask >> side & 1 == 1)
            .collect(),
        users: fit.region(mask),
    };
    Ok(RegionsReport {
        method: method(&sketches),
        confidence: request.confidence,
        regions: (1..1 << sides.len()).map(region).collect(),
        union: fit.union(),
        sides,
        warnings,
    })
}
