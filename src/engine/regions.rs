//! Exclusive regions: all of up to eight sides, the largest of more.

use super::inputs::Inputs;
use super::request::SketchRequest;
use super::spelling::warnings_of_sketches;
use super::{estimate, method, nulls_warnings, plan_warnings, sketch_warnings};
use crate::analysis::{OtherRegions, Regions, largest_regions, regions};
use crate::compare::{set_counts, union_counts};
use crate::error::{Error, Result, Setting};
use crate::estimate::{Confidence, Estimate, RegionCounts, SetCounts, estimate_set};
use crate::report::{RegionReport, RegionsReport, SideReport};
use crate::scan::Progress;
use crate::sketch::Sketch;

/// Regions of more than eight sides that are listed unless another number is asked for.
pub(super) const TOP: usize = 20;

/// Estimates the users of exactly these sides and no others, for every choice of sides. Of more than
/// eight sides, or if the request says how many regions are wanted, the largest come first and the rest is
/// summed up.
///
/// # Errors
/// Those of [`super::estimate`], and [`crate::ErrorKind::Incomparable`] if one of more than eight
/// sides has no sample.
pub fn estimate_regions_of(
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<RegionsReport> {
    check(request)?;
    let inputs = Inputs::open(&request.sources, request.options)?;
    of_inputs(request, inputs, progress)
}

pub(super) fn check(request: &SketchRequest) -> Result<()> {
    request.check()?;
    if request.top == Some(0) {
        return Err(
            Error::usage([Setting::Top.into(), " is 0".into()]).hint("ask for at least one region")
        );
    }
    Ok(())
}

/// [`estimate_regions_of`], from inputs that are open.
pub(super) fn of_inputs(
    request: &SketchRequest,
    inputs: Inputs,
    progress: &dyn Progress,
) -> Result<RegionsReport> {
    let top = request.top;
    let (side_reports, mut warnings) = (inputs.side_plans(), plan_warnings(&inputs.plan));
    let page_checks = inputs.page_checks();
    let counted = inputs.sketch(request.sources.threads, false, progress)?;
    let sketches: Vec<Sketch> = counted.into_iter().map(|(sketch, _)| sketch).collect();
    let known = estimate::known_sizes(&side_reports, &sketches, request, &mut warnings);
    let everyone: Vec<&Sketch> = sketches.iter().collect();
    let answer = match everyone.len() <= RegionCounts::SETS_MAX {
        true => Answer::of_few(&everyone, &known, top, request.confidence)?,
        false => Answer::of_many(&everyone, &known, top, request.confidence)?,
    };
    let side = |(i, side): (usize, SideReport)| SideReport {
        unique: known[i].is_some(),
        held: sketches[i].is_listed(),
        tally: sketches[i].tally(),
        pages: page_checks(i),
        id_type: sketches[i].domain(),
        profile: sketches[i].profile().clone(),
        users: answer.sides[i],
        ..side
    };
    let sides: Vec<SideReport> = side_reports.into_iter().enumerate().map(side).collect();
    warnings.extend(sketch_warnings(&sides, &sketches));
    warnings.extend(nulls_warnings(
        sides.iter().map(|side| (&side.name, &side.pages)),
    ));
    let names: Vec<String> = sides.iter().map(|side| side.name.clone()).collect();
    warnings.extend(warnings_of_sketches(&names, &sketches, request.confidence)?);
    Ok(RegionsReport {
        method: method(&sketches),
        confidence: request.confidence,
        regions: answer.regions,
        rest: answer.rest,
        union: answer.union,
        sides,
        warnings,
    })
}

/// All numbers about some sides.
struct Answer {
    sides: Vec<Estimate>,
    regions: Vec<RegionReport>,
    rest: Option<OtherRegions>,
    union: Estimate,
}

impl Answer {
    /// From one fit, so that all numbers add up.
    fn of_few(
        sketches: &[&Sketch],
        known: &[Option<u64>],
        top: Option<usize>,
        confidence: Confidence,
    ) -> Result<Self> {
        let fit = regions(sketches, known, confidence)?;
        let mut masks: Vec<usize> = (1..1 << sketches.len()).collect();
        let rest = top.map(|top| largest_of(&fit, &mut masks, top));
        let region = |&mask: &usize| RegionReport {
            sides: (0..sketches.len())
                .filter(|side| mask >> side & 1 == 1)
                .collect(),
            users: fit.region(mask),
        };
        Ok(Self {
            sides: (0..sketches.len()).map(|side| fit.side(side)).collect(),
            regions: masks.iter().map(region).collect(),
            rest,
            union: fit.union(),
        })
    }

    /// From the common sample, every number by itself.
    fn of_many(
        sketches: &[&Sketch],
        known: &[Option<u64>],
        top: Option<usize>,
        confidence: Confidence,
    ) -> Result<Self> {
        let largest = largest_regions(sketches, top.unwrap_or(TOP), confidence)?;
        let size = |(sketch, &known): (&&Sketch, &Option<u64>)| {
            let counts = SetCounts {
                known,
                ..set_counts(sketch)
            };
            estimate_set(&counts, confidence)
        };
        let union = union_counts(sketches)?.map(|counts| estimate_set(&counts, confidence));
        let region = |(sides, users)| RegionReport { sides, users };
        Ok(Self {
            sides: sketches.iter().zip(known).map(size).collect(),
            regions: largest.regions.into_iter().map(region).collect(),
            rest: Some(largest.rest),
            union: union.unwrap_or(Estimate::exact(0.0)),
        })
    }
}

/// Leaves the `top` largest regions of a fit, the largest first; what the others have together.
fn largest_of(fit: &Regions, masks: &mut Vec<usize>, top: usize) -> OtherRegions {
    // Of regions of one size those of the first sides come first.
    masks.sort_by(|&one, &other| {
        let users = |mask: usize| fit.region(mask).value;
        let by_users = users(other).total_cmp(&users(one));
        by_users.then_with(|| one.cmp(&other))
    });
    let others = masks.split_off(top.min(masks.len()));
    let with_users = |mask: &&usize| fit.region(**mask).value > 0.0;
    OtherRegions {
        regions: others.iter().filter(with_users).count() as u64,
        users: fit.sum(|mask| others.contains(&mask)),
        unseen_most: others
            .iter()
            .filter(|mask| !with_users(mask))
            .map(|&mask| fit.region(mask).upper)
            .fold(0.0, f64::max),
    }
}
