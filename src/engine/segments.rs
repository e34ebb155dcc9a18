//! Where is the partner's reach new to us? Its segments, beside all of ours.

use super::inputs::{Division, Inputs};
use super::reading::merge_segments;
use super::request::SketchRequest;
use crate::analysis::{segment_gains, segment_odds, segment_users};
use crate::error::{Error, ErrorKind, Result};
use crate::estimate::Estimate;
use crate::format::SketchTable;
use crate::report::{SegmentOdds, SegmentsReport};
use crate::scan::Progress;
use crate::segments::Segments;
use crate::sketch::Sketch;

/// The sketches of both sides, and the partner's segments compared with all of ours.
pub(super) fn by_segment(
    inputs: Inputs,
    request: &SketchRequest,
    progress: &dyn Progress,
) -> Result<(Vec<Sketch>, SegmentsReport)> {
    let (division, threads) = (&request.division, request.sources.threads);
    let names: Vec<String> = inputs
        .plan
        .sides
        .iter()
        .map(|side| side.name.clone())
        .collect();
    let options = inputs.options;
    let mut sides = inputs.into_sides().into_iter();
    let (Some(ours), Some(partner), [our_name, partner_name]) =
        (sides.next(), sides.next(), &names[..])
    else {
        return Err(Error::new(
            ErrorKind::Internal,
            "segments of other than two sides",
        ));
    };
    // Ours need no segments: a user is new if we have it nowhere.
    let ours_divides = ours.divides(&division.by)?;
    let undivided = Division::by(Vec::new());
    let our_division = if ours_divides { division } else { &undivided };
    let ours = ours.sketch_by(our_division, threads, progress)?.remove(0);
    let partner = partner.sketch_by(division, threads, progress)?.remove(0);
    let whole = |table: &SketchTable| -> Result<Sketch> {
        let whole = merge_segments([table.clone()], &[])?.into_values().pop();
        Ok(whole.unwrap_or_else(|| Sketch::empty(options)))
    };
    let sketches = vec![whole(&ours)?, whole(&partner)?];
    let segments: Vec<&Sketch> = partner.values().iter().collect();
    let gains = segment_gains(&sketches[0], &segments, request.confidence)?;
    let break_even = (request.break_even)
        .map(|asked| segment_odds(&sketches[0], &segments, asked.more_than))
        .transpose()?;
    let users_of_ours = ours_divides.then(|| users_beside(&ours, &partner, request));
    let report = SegmentsReport {
        columns: division.by.clone(),
        ours: our_name.clone(),
        partner: partner_name.clone(),
        segments: (0..segments.len()).map(|row| partner.cells(row)).collect(),
        users_of_ours: users_of_ours.transpose()?,
        gains,
        break_even: break_even
            .zip(request.break_even)
            .map(|(of_segments, asked)| SegmentOdds {
                more_than: asked.more_than,
                of_segments,
            }),
    };
    Ok((sketches, report))
}

/// The users of our segments of the same values as the partner's.
fn users_beside(
    ours: &SketchTable,
    partner: &SketchTable,
    request: &SketchRequest,
) -> Result<Vec<Estimate>> {
    let users = segment_users(ours.values(), request.confidence);
    let nobody = vec![None; partner.values().len()];
    let columns = |table: &SketchTable| {
        (
            table.columns().schema().fields().to_vec(),
            table.columns().columns().to_vec(),
        )
    };
    let (fields, arrays) = columns(partner);
    let partner_rows = (0..nobody.len()).map(|row| (Some(row), None)).collect();
    let partner_rows = Segments::new(fields, arrays, partner_rows)?;
    let (fields, arrays) = columns(ours);
    let our_rows = users.into_iter().map(|users| (None, Some(users))).collect();
    let our_rows = Segments::new(fields, arrays, our_rows)?;
    let met = Segments::group(
        [partner_rows, our_rows],
        &request.division.by,
        |all, part| {
            *all = (all.0.or(part.0), all.1.or(part.1));
            Ok(())
        },
    )?;
    let mut beside = nobody;
    for (row, users) in met.into_values() {
        if let Some(row) = row {
            beside[row] = users;
        }
    }
    let nobody = Estimate::exact(0.0);
    Ok(beside
        .into_iter()
        .map(|users| users.unwrap_or(nobody))
        .collect())
}
