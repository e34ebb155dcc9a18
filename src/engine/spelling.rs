//! Sides that share nobody: do they write the same IDs differently?

use super::inputs;
use super::request::Sources;
use crate::compare::pair_counts;
use crate::error::Result;
use crate::id::{ByteIds, IdBatch, IdDomain, IdSink, push_bare_text};
use crate::report::{PairReport, Warning};
use crate::scan::{self, Silent};
use crate::sketch::{Sketch, SketchOptions, Sketcher};

/// Says which sides without a common user have some as soon as capitals, blanks, punctuation and
/// leading zeros don't count. Reads the first row group of each such side's first file again:
/// at a million rows it finds what at least one in a thousand of a billion users share, and costs
/// what a small file costs.
pub(super) fn spelling_warnings(sources: &Sources, pairs: &[PairReport]) -> Vec<Warning> {
    let strangers = |pair: &&PairReport| {
        let estimate = &pair.estimate;
        estimate.overlap.lower == 0.0 && estimate.a.value > 0.0 && estimate.b.value > 0.0
    };
    let strangers: Vec<&PairReport> = pairs.iter().filter(strangers).collect();
    if strangers.is_empty() {
        return Vec::new();
    }
    // The question was answered without this: what fails here fails quietly.
    let sketches = bare_sketches(sources).unwrap_or_default();
    let shared = |pair: &&&PairReport| {
        let (Some(a), Some(b)) = (sketches.get(pair.a), sketches.get(pair.b)) else {
            return false;
        };
        let counts = pair_counts(a, b).ok().and_then(|counts| counts.sample);
        counts.is_some_and(|sample| sample.both > 0)
    };
    let name = |side: usize| sources.sides[side].name.clone();
    let warning = |pair: &&PairReport| Warning::Spelling {
        a: name(pair.a),
        b: name(pair.b),
    };
    strangers.iter().filter(shared).map(warning).collect()
}

/// The sketch of what is bare in the IDs that each side begins with; of nobody where they aren't
/// text in files.
fn bare_sketches(sources: &Sources) -> Result<Vec<Sketch>> {
    let mut first = sources.clone();
    for side in &mut first.sides {
        side.files.truncate(1);
    }
    let mut plan = inputs::plan(&first)?;
    plan.keep_beginnings();
    let options = SketchOptions::default();
    if plan
        .sides
        .iter()
        .all(|side| side.domain != Some(IdDomain::Text))
    {
        return Ok(Vec::new());
    }
    let new = |_| Ok(BareText(Sketcher::new(options)));
    let scanned = scan::scan(&plan, sources.threads, &new, &Silent)?;
    let mut sketches = Vec::with_capacity(scanned.len());
    for side in scanned {
        let parts = side.sinks.into_iter().map(|sink| sink.0).collect();
        let (sketch, _) = inputs::merge_parts(Sketcher::new(options), parts, side.tally)?;
        sketches.push(sketch);
    }
    Ok(sketches)
}

/// Sketches what is bare in text.
struct BareText(Sketcher);

impl IdSink for BareText {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        let IdBatch::Text(ids) = batch else {
            return Ok(());
        };
        let (mut data, mut offsets) = (Vec::new(), vec![0]);
        ids.for_each(|id| {
            let start = data.len();
            push_bare_text(id, &mut data);
            // What nothing is left of would be everybody's ID.
            match i32::try_from(data.len()) {
                Ok(end) if data.len() > start => offsets.push(end),
                _ => data.truncate(start),
            }
        });
        self.0.push(IdBatch::Text(ByteIds::Offsets {
            data: &data,
            offsets: &offsets,
        }))
    }

    fn counts_repeats(&self) -> bool {
        false
    }
}
