//! Do two sides write the same users differently, and would it matter?

use super::remedy::remedy;
use crate::compare::pair_counts;
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, estimate_pair, share_interval};
use crate::exact::ExactSink;
use crate::id::{IdBatch, IdDomain, IdSink};
use crate::report::{EstimateReport, Warning, WholeEstimate};
use crate::sketch::{Sketch, SketchOptions};
use crate::spelling::{Doubles, LooseUser, Meeting, Reading, Shape, Speller, Spelling, meet};
use std::cell::OnceCell;

/// A side and what is known of the spelling of its IDs.
#[derive(Clone, Copy)]
pub(super) struct Spelt<'a> {
    pub(super) name: &'a str,
    pub(super) spelling: Option<&'a Spelling>,
    /// Its users as they are written.
    pub(super) users: Estimate,
    /// What its IDs are.
    pub(super) domain: Option<IdDomain>,
}

/// Says of every two sides what their spelling hides; `pairs` are their places and overlaps.
pub(super) fn spelling_warnings(
    sides: &[Spelt<'_>],
    pairs: impl IntoIterator<Item = (usize, usize, Estimate)>,
    confidence: Confidence,
) -> Vec<Warning> {
    let forms = Forms::of(sides.iter().map(|side| side.spelling));
    let mut warnings = Vec::new();
    for (i, j, overlap) in pairs {
        let (a, b) = (&sides[i], &sides[j]);
        let (Some(ours), Some(theirs)) = (a.spelling, b.spelling) else {
            continue;
        };
        let meeting = meet(&ours.loose, &theirs.loose);
        match hidden(&meeting, a, b, overlap, confidence) {
            Some(warning) => warnings.push(warning),
            None if is_next_to_nobody(overlap, [a.users, b.users]) => {
                warnings.extend(forms.differ(i, j).map(|forms| Warning::Forms {
                    a: a.name.to_owned(),
                    b: b.name.to_owned(),
                    forms: forms.map(Shape::words),
                }));
            }
            None => {}
        }
        for id in ours.frequent.placeholders() {
            let shared = theirs
                .frequent
                .placeholders()
                .find(|other| other.hash == id.hash);
            warnings.extend(shared.map(|other| Warning::Placeholder {
                a: a.name.to_owned(),
                b: b.name.to_owned(),
                form: id.form.clone(),
                percent_of_a: percent(id.share),
                percent_of_b: percent(other.share),
            }));
        }
    }
    warnings
}

/// Whether so few are shared that nearly all IDs may be those of different people.
fn is_next_to_nobody(overlap: Estimate, users: [Estimate; 2]) -> bool {
    const SHARE_MAX: f64 = 0.01;
    let [a, b] = users.map(|users| users.value);
    overlap.value <= SHARE_MAX * a.min(b)
}

/// What the IDs of sides look like, found out where it is asked for.
struct Forms<'a> {
    sides: Vec<(Option<&'a Spelling>, OnceCell<Option<Shape>>)>,
}

impl<'a> Forms<'a> {
    fn of(sides: impl Iterator<Item = Option<&'a Spelling>>) -> Self {
        Self {
            sides: sides.map(|side| (side, OnceCell::new())).collect(),
        }
    }

    fn of_side(&self, side: usize) -> Option<Shape> {
        let (spelling, form) = &self.sides[side];
        *form.get_or_init(|| {
            let users = spelling.iter().flat_map(|spelling| spelling.loose.users());
            let values = users.map(LooseUser::value);
            Shape::of_nearly_all(values.filter(|value| !value.is_empty()))
        })
    }

    /// The forms of two sides, if one holds digests or UUIDs and the other something else, which no reading brings
    /// together.
    fn differ(&self, a: usize, b: usize) -> Option<[Shape; 2]> {
        let (a, b) = (self.of_side(a)?, self.of_side(b)?);
        (a.digest_bytes() != b.digest_bytes()).then_some([a, b])
    }
}

/// Says of every side whose numbers went through a double that they did.
pub(super) fn rounded_warnings<'a>(
    sides: impl Iterator<Item = (&'a str, Option<&'a Spelling>)>,
) -> Vec<Warning> {
    sides
        .filter_map(|(name, spelling)| rounded_warning(name, spelling))
        .collect()
}

/// Likewise of one side, which is in parts.
pub(super) fn rounded_warning<'a>(
    side: &str,
    parts: impl IntoIterator<Item = &'a Spelling>,
) -> Option<Warning> {
    let mut doubles = Doubles::default();
    parts
        .into_iter()
        .for_each(|part| doubles.merge(&part.doubles));
    doubles.are_rounded().then(|| Warning::Rounded {
        side: side.to_owned(),
    })
}

fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// The warning, if a looser reading changes the overlap by more than its interval.
fn hidden(
    meeting: &Meeting,
    a: &Spelt<'_>,
    b: &Spelt<'_>,
    overlap: Estimate,
    confidence: Confidence,
) -> Option<Warning> {
    let reading = meeting.best()?;
    let loosened = loosened(meeting, reading, [a.users, b.users], overlap, confidence);
    let is_more = loosened.lower > overlap.upper;
    is_more.then(|| Warning::Spelling {
        a: a.name.to_owned(),
        b: b.name.to_owned(),
        written: WholeEstimate::of(overlap),
        loosened: WholeEstimate::of(loosened),
        reading,
        remedy: remedy(reading, meeting.both(reading), [a, b]),
    })
}

/// The overlap under a reading: that of the IDs as they are written, and of the sample what it gains.
pub(super) fn loosened(
    meeting: &Meeting,
    reading: Reading,
    users: [Estimate; 2],
    overlap: Estimate,
    confidence: Confidence,
) -> Estimate {
    let gain = meeting.gain(reading) as f64;
    let most = users[0].value.min(users[1].value).max(overlap.value);
    if meeting.whole {
        let value = |written: f64| (written + gain).min(most);
        return Estimate {
            value: value(overlap.value),
            lower: value(overlap.lower),
            upper: value(overlap.upper),
        };
    }
    let looked_at = (meeting.ids[0] + meeting.ids[1]) as f64;
    let all = users[0].value + users[1].value;
    let share = share_interval(gain, looked_at, confidence);
    let value = (overlap.value + share.value * all).min(most);
    let below = (overlap.value - overlap.lower).hypot((share.value - share.lower) * all);
    let above = (overlap.upper - overlap.value).hypot((share.upper - share.value) * all);
    Estimate {
        value,
        lower: (value - below).max(overlap.lower),
        upper: (value + above).min(most.max(value)),
    }
}

/// What the spelling of a report's sides hides; `spelling` is what is known of a side's.
pub(super) fn warnings_of_report<'a>(
    report: &'a EstimateReport,
    spelling: impl Fn(usize) -> Option<&'a Spelling>,
) -> Vec<Warning> {
    let sides = report.sides.iter().enumerate();
    let sides: Vec<Spelt<'_>> = sides
        .map(|(i, side)| Spelt {
            name: &side.name,
            spelling: spelling(i),
            users: side.users,
            domain: side.id_type,
        })
        .collect();
    let pairs = report.pairs.iter();
    let pairs = pairs.map(|pair| (pair.a, pair.b, pair.estimate.overlap));
    let mut warnings = rounded_warnings(sides.iter().map(|side| (side.name, side.spelling)));
    warnings.extend(spelling_warnings(&sides, pairs, report.confidence));
    warnings
}

/// Likewise for sides without overlaps, which are estimated where samples give reason to.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if sketches can't be compared.
pub(super) fn warnings_of_sketches(
    names: &[String],
    sketches: &[Sketch],
    confidence: Confidence,
) -> Result<Vec<Warning>> {
    let sides = names.iter().zip(sketches);
    let mut warnings = rounded_warnings(sides.map(|(name, s)| (name.as_str(), s.spelling())));
    let forms = Forms::of(sketches.iter().map(Sketch::spelling));
    for (a, b) in super::pairs_of(sketches.len()) {
        let (Some(ours), Some(theirs)) = (sketches[a].spelling(), sketches[b].spelling()) else {
            continue;
        };
        let shares = ours.frequent.placeholders().next().is_some();
        let is_alike = meet(&ours.loose, &theirs.loose).best().is_none();
        if !shares && is_alike && forms.differ(a, b).is_none() {
            continue;
        }
        let pair = estimate_pair(&pair_counts(&sketches[a], &sketches[b])?, confidence);
        let spelt = |side: usize, users| Spelt {
            name: &names[side],
            spelling: sketches[side].spelling(),
            users,
            domain: sketches[side].domain(),
        };
        let sides = [spelt(a, pair.a), spelt(b, pair.b)];
        warnings.extend(spelling_warnings(
            &sides,
            [(0, 1, pair.overlap)],
            confidence,
        ));
    }
    Ok(warnings)
}

/// Counts IDs and looks at how they are written.
pub(super) struct SpeltSink {
    counter: ExactSink,
    speller: Speller,
}

impl SpeltSink {
    pub(super) fn new(counter: ExactSink) -> Self {
        Self {
            counter,
            speller: Speller::new(SketchOptions::default().spellings()),
        }
    }

    pub(super) fn finish(self) -> (ExactSink, Spelling) {
        (self.counter, self.speller.finish())
    }
}

impl IdSink for SpeltSink {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.push_entries(batch)?;
        self.speller.push_rows(batch);
        Ok(())
    }

    fn push_entries(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.counter.push(batch)?;
        if let IdBatch::Text(ids) | IdBatch::Binary(ids) = batch {
            self.speller.push_users(&ids);
        }
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        self.counter.counts_repeats()
    }

    fn row_gap(&mut self) -> Option<usize> {
        Some(self.speller.row_gap())
    }

    fn note_rows(&mut self, batch: IdBatch<'_>) {
        self.speller.push_chosen_rows(batch);
    }
}
