//! What brings IDs of different kinds together? Tried on the first rows of each, as `diagnose` tries it on samples of all.

use super::diagnose::{SPELLINGS, alone, first_of, look};
use super::inputs;
use super::reading::with_key;
use super::remedy::{alike, remedy_of_kinds};
use super::request::Sources;
use super::spelling::Spelt;
use crate::compare::pair_counts;
use crate::error::{Error, ErrorKind, Phrase, Piece, Result, Setting};
use crate::estimate::Estimate;
use crate::id::{Cast, IdBatch, IdDomain, IdSink, Tally};
use crate::report::Warning;
use crate::scan::{Plan, SidePlan, first_rows};
use crate::sketch::{Sketch, SketchOptions, Sketcher};
use crate::spelling::{Speller, Spelling, meet};

/// Rows of each kind that are looked at: of two exports of a hundred million rows in any order, some of the first
/// ones are the same people's.
const ROWS: usize = 1 << 17;

/// IDs of one kind.
struct Kind {
    domain: IdDomain,
    speller: Speller,
    /// The domains that all of them can be cast to.
    casts: Vec<IdDomain>,
}

/// Looks at IDs of each kind by themselves.
#[derive(Default)]
struct Kinds(Vec<Kind>);

/// Wants nobody.
struct Nobody;

impl IdSink for Nobody {
    fn push(&mut self, _: IdBatch<'_>) -> Result<()> {
        Ok(())
    }
}

impl IdSink for Kinds {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        let domain = batch.domain();
        let at = self.0.iter().position(|kind| kind.domain == domain);
        let at = at.unwrap_or_else(|| {
            self.0.push(Kind::new(domain));
            self.0.len() - 1
        });
        let kind = &mut self.0[at];
        look(batch, &mut kind.speller);
        kind.speller.push_rows(batch);
        let reads = |to: &IdDomain| Cast::new(*to, false).push(batch, &mut Nobody).is_ok();
        kind.casts.retain(reads);
        Ok(())
    }
}

impl Kind {
    /// None of this kind yet.
    fn new(domain: IdDomain) -> Self {
        let all = [IdDomain::Text, IdDomain::Integer, IdDomain::Binary];
        let casts = all.into_iter();
        Self {
            domain,
            speller: Speller::new(SPELLINGS),
            casts: casts
                .filter(|to| Cast::check(domain, *to).is_ok())
                .collect(),
        }
    }
}

/// The error of two sides, or of two files of one, whose kinds of IDs can't meet, with what brings them together.
pub(super) fn with_way_out(plan: &Plan, error: Error) -> Error {
    let sides = match error.kind() {
        ErrorKind::Incomparable => plan.unlike().map(Vec::from),
        ErrorKind::Input => plan.mixed().map(|side| vec![side]),
        _ => None,
    };
    let Some(sides) = sides else {
        return error;
    };
    if sides.iter().any(|side| side.has_rules()) {
        return error.hint([
            "rules of ".into(),
            Setting::Normalize.into(),
            " have to bring all ids to one kind".into(),
        ]);
    }
    let kinds: Result<Vec<(&str, Kind)>> = match &sides[..] {
        [mixed] => kinds_of(mixed).map(|kinds| {
            let named = kinds.into_iter().map(|kind| (mixed.name.as_str(), kind));
            named.collect()
        }),
        sides => sides
            .iter()
            .map(|side| {
                let first = kinds_of(side)?.into_iter().next();
                let of_type = || Kind::new(side.domain.unwrap_or(IdDomain::Text));
                Ok((side.name.as_str(), first.unwrap_or_else(of_type)))
            })
            .collect(),
    };
    let mut kinds = kinds.unwrap_or_default().into_iter();
    match (kinds.next(), kinds.next()) {
        (Some(a), Some(b)) => error.hint(way_out(a, b, sides.len() > 1)),
        _ => error.hint(no_way()),
    }
}

fn kinds_of(side: &SidePlan) -> Result<Vec<Kind>> {
    let mut kinds = Kinds::default();
    first_rows(side, ROWS, &mut kinds)?;
    Ok(kinds.0)
}

/// What brings two kinds of IDs together, of two sides or of one.
fn way_out(a: (&str, Kind), b: (&str, Kind), of_two_sides: bool) -> Phrase {
    let casts = a.1.casts.iter().copied();
    let casts: Vec<IdDomain> = casts.filter(|to| b.1.casts.contains(to)).collect();
    let [a, b] = [a, b].map(|(name, kind)| (name, kind.domain, kind.speller.finish()));
    let meeting = meet(&a.2.loose, &b.2.loose);
    let rounded = [&a, &b].map(|(_, _, spelling)| spelling.doubles.are_rounded());
    if rounded[0] != rounded[1] {
        let (side, ..) = if rounded[0] { &a } else { &b };
        let side = (*side).to_owned();
        return Warning::Rounded { side }.phrase();
    }
    let (a, b) = (spelt(&a), spelt(&b));
    let sides = [&a, &b];
    let (settings, how) = match first_of(&meeting) {
        Some(reading) => {
            let target = meeting.both(reading);
            let settings = remedy_of_kinds(target, sides, &casts, of_two_sides);
            (settings, " (tried on their first rows)")
        }
        // The first rows may be of different people.
        None => (
            alike(sides, &casts),
            " (their first rows have one form then, but none of them meet)",
        ),
    };
    if settings.is_empty() {
        return no_way();
    }
    let mut pieces = vec![Piece::from("bring both to one form with ")];
    pieces.extend(settings);
    pieces.push(how.into());
    pieces.into()
}

fn spelt<'a>(kind: &'a (&'a str, IdDomain, Spelling)) -> Spelt<'a> {
    let (name, domain, spelling) = kind;
    Spelt {
        name,
        spelling: Some(spelling),
        users: Estimate::exact(0.0),
        domain: Some(*domain),
    }
}

fn no_way() -> Phrase {
    "no setting brings their first rows to one form: write both alike before they are exported"
        .into()
}

/// What brings the data of a side to a stored sketch of another kind of IDs, which can't be brought anywhere any more.
pub(super) fn way_to_sketch(sources: &Sources, side: &SidePlan, sketch: &Sketch) -> Phrase {
    match sketch.domain() {
        Some(domain) if meets_as(sources, side, sketch, domain) == Ok(true) => Phrase::from([
            "read the data with ".into(),
            Setting::Cast.to(domain.name()),
            " (tried on its first rows)".into(),
        ]),
        _ => "no setting makes the first rows of the data meet the sketch: sketch the data of both in one form"
            .into(),
    }
}

/// Whether first rows of a side are users of a sketch under a cast, which reads all of them.
fn meets_as(sources: &Sources, side: &SidePlan, sketch: &Sketch, to: IdDomain) -> Result<bool> {
    let place = sources.sides.iter().position(|of| of.name == side.name);
    let Some(place) = place.filter(|_| !side.has_rules()) else {
        return Ok(false);
    };
    let mut sources = alone(sources, place);
    sources.id.cast = Some(to);
    let plan = inputs::plan(&sources)?;
    let options = SketchOptions::default().with_hash(sketch.hash());
    let mut sketcher = with_key(Sketcher::new(options), sources.key.as_ref());
    for side in &plan.sides {
        first_rows(side, ROWS, &mut sketcher)?;
    }
    let counts = pair_counts(sketch, &sketcher.finish(Tally::default()))?;
    Ok(counts.sample.is_some_and(|sample| sample.both > 0))
}
