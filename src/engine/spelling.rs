//! Do two sides write the same users differently, and would it matter?

use crate::compare::pair_counts;
use crate::error::{Piece, Result, Setting};
use crate::estimate::{Confidence, Estimate, estimate_pair, share_interval};
use crate::exact::ExactSink;
use crate::id::{IdBatch, IdSink};
use crate::report::{Number, Warning};
use crate::sketch::{Sketch, SketchOptions};
use crate::spelling::{Mark, Meeting, Profile, Reading, Shape, Speller, Spelling, meet};

/// A side and what is known of the spelling of its IDs.
#[derive(Clone, Copy)]
pub(super) struct Spelt<'a> {
    pub(super) name: &'a str,
    pub(super) spelling: Option<&'a Spelling>,
    /// Its users as they are written.
    pub(super) users: Estimate,
}

/// Says of every two sides what their spelling hides; `pairs` are their places and overlaps.
pub(super) fn spelling_warnings(
    sides: &[Spelt<'_>],
    pairs: impl IntoIterator<Item = (usize, usize, Estimate)>,
    confidence: Confidence,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (a, b, overlap) in pairs {
        let (a, b) = (&sides[a], &sides[b]);
        let (Some(ours), Some(theirs)) = (a.spelling, b.spelling) else {
            continue;
        };
        let meeting = meet(&ours.loose, &theirs.loose);
        warnings.extend(hidden(&meeting, a, b, overlap, confidence));
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
        written: Number::of(overlap),
        loosened: Number::of(loosened),
        reading,
        remedy: remedy(reading, [a, b]),
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

/// What brings the sides to one form, as far as that can be told; empty if it can't.
pub(super) fn remedy(reading: Reading, sides: [&Spelt<'_>; 2]) -> Vec<Piece> {
    let profiles = sides.map(|side| {
        let loose = side.spelling.map(|spelling| &spelling.loose);
        let values = loose.into_iter().flat_map(|loose| loose.users());
        let values = values
            .map(|user| user.value())
            .filter(|value| !value.is_empty());
        Profile::of(values)
    });
    let has = |mark: Mark| profiles.iter().any(|profile| profile.count(mark) > 0);
    let known = profiles.iter().all(|profile| profile.ids > 0);
    let is = |wanted: &[Shape]| {
        profiles.iter().all(|profile| {
            let is_uuid =
                matches!(profile.main(), Some(Shape::Uuid(_))) && wanted.contains(&Shape::Uuid(0));
            is_uuid || profile.main().is_some_and(|shape| wanted.contains(&shape))
        })
    };
    const UUIDS: [Shape; 3] = [Shape::Uuid(0), Shape::Hex16, Shape::Base64Of16];
    let any = |shape: Shape| profiles.iter().any(|profile| profile.main() == Some(shape));
    let longest = profiles
        .each_ref()
        .map(|profile| profile.lengths.map_or(0, |(_, most)| most));
    let normalize = |rules: &str| vec![Setting::Normalize.to(rules)];
    match reading {
        Reading::Written => Vec::new(),
        Reading::Trimmed => normalize("trim"),
        Reading::Folded if known && !has(Mark::Blanks) => normalize("lower"),
        Reading::Folded => normalize("trim,lower"),
        Reading::Bare | Reading::Bytes | Reading::Loosest if known && is(&UUIDS) => match reading {
            Reading::Loosest => per_side(sides, &profiles, |profile, is_first| {
                let is_dotnet = !is_first && profile.count(Mark::Prefix) == 0;
                if is_dotnet { "uuid-dotnet" } else { "uuid" }
            }),
            _ => normalize("uuid"),
        },
        Reading::Bare if has(Mark::FullWidth) => normalize("digits"),
        Reading::Bare if has(Mark::Decomposed) => normalize("nfc"),
        Reading::Bare if is(&[Shape::Phone, Shape::Digits]) && any(Shape::Phone) => {
            match longest[0].abs_diff(longest[1]) {
                // Nothing but a plus.
                0 | 1 => vec![Setting::Cast.to("integer")],
                _ => normalize("phone"),
            }
        }
        Reading::Number => vec![Setting::Cast.to("integer")],
        Reading::Bytes => per_side(sides, &profiles, |profile, _| match profile.main() {
            Some(Shape::Base64Of16 | Shape::Base64Of20 | Shape::Base64Of32) => "base64",
            _ => "hex",
        }),
        _ => Vec::new(),
    }
}

/// A rule for each side, all of them where they are of one mind.
fn per_side(
    sides: [&Spelt<'_>; 2],
    profiles: &[Profile; 2],
    rule: impl Fn(&Profile, bool) -> &'static str,
) -> Vec<Piece> {
    let [first, second] = [rule(&profiles[0], true), rule(&profiles[1], false)];
    if first == second {
        return vec![Setting::Normalize.to(first)];
    }
    let of =
        |side: usize, rule: &str| Setting::Normalize.to(&format!("{}={rule}", sides[side].name));
    vec![of(0, first), " ".into(), of(1, second)]
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
    let mut warnings = Vec::new();
    for (a, b) in super::pairs_of(sketches.len()) {
        let (Some(ours), Some(theirs)) = (sketches[a].spelling(), sketches[b].spelling()) else {
            continue;
        };
        let shares = ours.frequent.placeholders().next().is_some();
        if !shares && meet(&ours.loose, &theirs.loose).best().is_none() {
            continue;
        }
        let pair = estimate_pair(&pair_counts(&sketches[a], &sketches[b])?, confidence);
        let spelt = |side: usize, users| Spelt {
            name: &names[side],
            spelling: sketches[side].spelling(),
            users,
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
