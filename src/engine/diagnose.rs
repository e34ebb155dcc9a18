//! How are the IDs of each side written, how many users would meet under looser readings, and what gets there?

use super::digests::digest_rungs;
use super::inputs::Inputs;
use super::reading::{merge_parts, of_domain};
use super::remedy::remedy;
use super::request::Sources;
use super::spelling::{Spelt, loosened, rounded_warnings};
use crate::compare::{pair_counts, set_counts};
use crate::error::{Error, Result};
use crate::estimate::{Confidence, Estimate, estimate_pair, estimate_set, share_interval};
use crate::id::{ByteIds, IdBatch, IdSink, integer_to_text};
use crate::report::{DiagnoseReport, DiagnosedPair, DiagnosedSide, Placeholder, Rung, Warning};
use crate::scan::{self, Progress, SidePlan};
use crate::sketch::{Sketch, SketchOptions, Sketcher};
use crate::spelling::{FrequentId, LooseUser, Meeting, Profile, Reading, Speller, Spelling, meet};

/// A question about the spelling of IDs.
#[derive(Clone, Debug)]
pub struct DiagnoseRequest {
    /// Whose data and sketches.
    pub sources: Sources,
    /// The level of the intervals.
    pub confidence: Confidence,
    /// Whether IDs that are likely placeholders are shown themselves, not only where the first stands.
    pub show_values: bool,
}

/// Spellings that are looked at of each side: at the default size of sketches sixteen times as many as in other
/// questions.
pub(super) const SPELLINGS: usize = 1 << 13;

/// What was found of one side.
pub(super) struct Found {
    sketch: Sketch,
    pub(super) spelling: Option<Spelling>,
    pub(super) side: DiagnosedSide,
}

/// Reads every side by itself, so that sides that can't be compared yet can be diagnosed.
///
/// # Errors
/// Those of [`super::sketch_sides`], but that sides needn't be comparable.
pub fn diagnose(request: &DiagnoseRequest, progress: &dyn Progress) -> Result<DiagnoseReport> {
    let mut found = Vec::new();
    for i in 0..request.sources.sides.len() {
        found.push(look_at(&alone(&request.sources, i), request, progress)?);
    }
    let mut pairs = Vec::new();
    for (a, b) in super::pairs_of(found.len()) {
        let Some(mut pair) = pair(&found, a, b, request.confidence)? else {
            continue;
        };
        // What meets as it is was not digested.
        if pair.best.is_none() {
            let sides = [(a, &found[a]), (b, &found[b])];
            pair.digests = digest_rungs(request, sides, progress)?;
        }
        pairs.push(pair);
    }
    let known = found
        .iter()
        .map(|found| (found.side.name.as_str(), found.spelling.as_ref()));
    let mut warnings = rounded_warnings(known);
    let unknown = found.iter().filter(|found| found.spelling.is_none());
    warnings.extend(unknown.map(|found| Warning::NoSpelling {
        side: found.side.name.clone(),
    }));
    Ok(DiagnoseReport {
        confidence: request.confidence,
        warnings,
        pairs,
        sides: found.into_iter().map(|found| found.side).collect(),
    })
}

/// One side of all, without what is said of others by name, which would be refused.
pub(super) fn alone(sources: &Sources, side: usize) -> Sources {
    let mut sources = sources.clone();
    sources.sides = vec![sources.sides.swap_remove(side)];
    let name = sources.sides[0].name.clone();
    let id = &mut sources.id;
    id.column_of_side.retain(|side, _| *side == name);
    id.as_of_of_side.retain(|side, _| *side == name);
    id.filter_of_side.retain(|side, _| *side == name);
    id.normal_of_side.retain(|side, _| *side == name);
    id.text.no_header_of.retain(|side| *side == name);
    sources
}

fn look_at(sources: &Sources, request: &DiagnoseRequest, progress: &dyn Progress) -> Result<Found> {
    let inputs = Inputs::open(sources, SketchOptions::default())?;
    let Some(plan) = inputs.plan.sides.first() else {
        return Err(Error::usage("no inputs"));
    };
    let (name, column) = (plan.name.clone(), plan.column.clone());
    let has_data = plan.file_count() > 0;
    let is_data = has_data && plan.foreign.is_empty();
    let (sketch, spelling, frequent) = if is_data {
        let (sketch, spelling) = look_at_data(&inputs, sources.threads, progress)?;
        let ids = spelling.frequent.placeholders();
        let frequent = ids.map(|id| placeholder(id, plan, request.show_values));
        let frequent = frequent.collect();
        (sketch, Some(spelling), frequent)
    } else {
        let sides = inputs.sketch(sources.threads, false, progress)?;
        let sketch = sides.into_iter().next().map(|(sketch, _)| sketch);
        let sketch = sketch.ok_or_else(|| Error::usage("no inputs"))?;
        let spelling = sketch.spelling().cloned();
        let ids = spelling
            .iter()
            .flat_map(|spelling| spelling.frequent.placeholders());
        let frequent = ids.map(|id| Placeholder::of(id.clone())).collect();
        (sketch, spelling, frequent)
    };
    let values = spelling.iter().flat_map(|spelling| spelling.loose.users());
    let values = values
        .map(LooseUser::value)
        .filter(|value| !value.is_empty());
    let side = DiagnosedSide {
        users: estimate_set(&set_counts(&sketch), request.confidence),
        tally: sketch.tally(),
        id_type: sketch.domain(),
        column: has_data.then_some(column),
        profile: Profile::of(values),
        frequent,
        name,
    };
    Ok(Found {
        sketch,
        spelling,
        side,
    })
}

/// The sketch of a side of data alone, and how its IDs are written.
fn look_at_data(
    inputs: &Inputs,
    threads: usize,
    progress: &dyn Progress,
) -> Result<(Sketch, Spelling)> {
    let domain = inputs.plan.sides.first().and_then(|side| side.domain);
    let new_sketcher = || of_domain(inputs.sketcher(), domain);
    let new = |_| {
        Ok(Looker {
            sketcher: new_sketcher()?,
            speller: Speller::new(SPELLINGS),
        })
    };
    let mut sketchers = Vec::new();
    let mut whole = Speller::new(SPELLINGS).finish();
    let mut tally = crate::id::Tally::default();
    for side in scan::scan(&inputs.plan, threads, &new, progress)? {
        tally = side.tally;
        for looker in side.sinks {
            whole.merge(&looker.speller.finish());
            sketchers.push(looker.sketcher);
        }
    }
    let (sketch, _) = merge_parts(new_sketcher()?, sketchers, tally)?;
    Ok((sketch, whole))
}

/// A frequent ID with the place of its first row; of data alone.
fn placeholder(id: &FrequentId, plan: &SidePlan, show_values: bool) -> Placeholder {
    let mut value = None;
    let place = scan::find(plan, &mut |batch| {
        let found = id.found_in(batch);
        let is_in = found.is_some();
        value = found.or(value.take());
        is_in
    });
    let value = value.filter(|_| show_values);
    Placeholder {
        id: id.clone(),
        first: place,
        value: value.map(|value| String::from_utf8_lossy(&value).into_owned()),
    }
}

/// The ladder of readings of two sides.
fn pair(
    found: &[Found],
    a: usize,
    b: usize,
    confidence: Confidence,
) -> Result<Option<DiagnosedPair>> {
    let (ours, theirs) = (&found[a], &found[b]);
    let (Some(our_spelling), Some(their_spelling)) = (&ours.spelling, &theirs.spelling) else {
        return Ok(None);
    };
    let meeting = meet(&our_spelling.loose, &their_spelling.loose);
    let users = [ours.side.users, theirs.side.users];
    let domains = [ours.sketch.domain(), theirs.sketch.domain()];
    let comparable = ours.sketch.ensure_comparable(&theirs.sketch).is_ok();
    let written = match comparable {
        true => estimate_pair(&pair_counts(&ours.sketch, &theirs.sketch)?, confidence).overlap,
        false => Estimate::exact(0.0),
    };
    let overlap = |reading: Reading| match (reading, comparable) {
        (Reading::Written, true) => written,
        (_, true) => loosened(&meeting, reading, users, written, confidence),
        (_, false) => of_meeting(&meeting, reading, users, confidence),
    };
    let rungs: Vec<Rung> = Reading::ALL
        .into_iter()
        .map(|reading| Rung {
            reading,
            overlap: overlap(reading),
        })
        .collect();
    let spelt =
        |found: &'_ Found| -> (String, Estimate) { (found.side.name.clone(), found.side.users) };
    let names = [spelt(ours), spelt(theirs)];
    let sides = [our_spelling, their_spelling];
    let spelt = |side: usize| Spelt {
        name: &names[side].0,
        spelling: Some(sides[side]),
        users: names[side].1,
        domain: domains[side],
    };
    let best = match comparable {
        true => meeting.best(),
        false => first_of(&meeting),
    };
    let remedy = best.map_or_else(Vec::new, |reading| {
        remedy(reading, meeting.both(reading), [&spelt(0), &spelt(1)])
    });
    let frequent = our_spelling.frequent.placeholders();
    let shared = frequent.filter(|id| {
        let theirs = their_spelling.frequent.placeholders();
        comparable && theirs.map(|other| other.hash).any(|hash| hash == id.hash)
    });
    Ok(Some(DiagnosedPair {
        a,
        b,
        comparable,
        rungs,
        best,
        remedy,
        shared_placeholders: shared.cloned().collect(),
        digests: Vec::new(),
        command: None,
    }))
}

/// The overlap under a reading where nothing meets as it is.
fn of_meeting(
    meeting: &Meeting,
    reading: Reading,
    users: [Estimate; 2],
    confidence: Confidence,
) -> Estimate {
    let both = meeting.both(reading) as f64;
    if meeting.whole {
        return Estimate::exact(both);
    }
    let all = users[0].value + users[1].value;
    let share = share_interval(both, (meeting.ids[0] + meeting.ids[1]) as f64, confidence);
    Estimate {
        value: share.value * all,
        lower: share.lower * all,
        upper: share.upper * all,
    }
}

/// The strictest reading under which nearly as many meet as under any; `None` if nobody does.
pub(super) fn first_of(meeting: &Meeting) -> Option<Reading> {
    let most = Reading::ALL
        .into_iter()
        .map(|reading| meeting.both(reading))
        .max()?;
    let nearly = |reading: &Reading| 10 * meeting.both(*reading) >= 9 * most;
    Reading::ALL.into_iter().find(nearly).filter(|_| most > 0)
}

/// Sketches IDs and looks at how they are written, integers as their digits.
struct Looker {
    sketcher: Sketcher,
    speller: Speller,
}

/// Looks at how IDs are written, integers as their digits.
pub(super) fn look(batch: IdBatch<'_>, speller: &mut Speller) {
    let mut digits = Vec::new();
    let mut ends = vec![0];
    let mut add = |id: i128| {
        integer_to_text(id, &mut digits);
        ends.push(digits.len());
    };
    match batch {
        IdBatch::Text(ids) | IdBatch::Binary(ids) => return speller.push_users(&ids),
        IdBatch::Integers(ids) => ids.iter().for_each(|&id| add(id.into())),
        IdBatch::WideIntegers(ids) => ids.iter().for_each(|&id| add(id)),
    }
    let slices: Vec<&[u8]> = ends
        .windows(2)
        .map(|ends| &digits[ends[0]..ends[1]])
        .collect();
    speller.push_users(&ByteIds::Slices(&slices));
}

impl IdSink for Looker {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.sketcher.push_entries(batch)?;
        self.speller.push_rows(batch);
        look(batch, &mut self.speller);
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        // Placeholders are told by all rows.
        true
    }
}
