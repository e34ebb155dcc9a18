//! How the IDs of each side are written, and the ladder of readings of every two sides.

use super::number::{percent_of, whole, whole_interval};
use super::spelling::WholeEstimate;
use super::{Format, Warning, diagnose_csv, json, markdown, table};
use crate::error::{Phrase, Piece};
use crate::estimate::{Confidence, Estimate};
use crate::id::{IdDomain, Place, Tally};
use crate::spelling::{FrequentId, Profile, Reading};
use serde::Serialize;
use std::fmt::Write;

const SCHEMA: &str = "overlap.diagnose/1";

/// The answer of `overlap diagnose`.
#[derive(Clone, Debug)]
pub struct DiagnoseReport {
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The sides, in the order given.
    pub sides: Vec<DiagnosedSide>,
    /// Every two of them whose spelling is known.
    pub pairs: Vec<DiagnosedPair>,
    /// What the reader should know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

/// How one side's IDs are written.
#[derive(Clone, Debug)]
pub struct DiagnosedSide {
    /// Its name.
    pub name: String,
    /// The ID column; `None` if the side was read from sketches.
    pub column: Option<String>,
    /// What its IDs are.
    pub id_type: Option<IdDomain>,
    /// Rows and nulls.
    pub tally: Option<Tally>,
    /// Distinct IDs as they are written.
    pub users: Estimate,
    /// What the IDs of a sample look like; of stored sketches nothing is known of it.
    pub profile: Profile,
    /// IDs that are likely placeholders.
    pub frequent: Vec<Placeholder>,
}

/// An ID that is likely a placeholder.
#[derive(Clone, Debug)]
pub struct Placeholder {
    /// What is known of it.
    pub id: FrequentId,
    /// Where it stands first; `None` of sketches.
    pub first: Option<Place>,
    /// The ID itself, if values may be shown.
    pub value: Option<String>,
}

impl Placeholder {
    /// An ID of which nothing more is known.
    #[must_use]
    pub const fn of(id: FrequentId) -> Self {
        Self {
            id,
            first: None,
            value: None,
        }
    }
}

/// How many users of two sides meet under each reading.
#[derive(Clone, Debug)]
pub struct DiagnosedPair {
    /// The first side's place.
    pub a: usize,
    /// The second side's place.
    pub b: usize,
    /// Whether the sides can be compared as they are.
    pub comparable: bool,
    /// The readings, from the strictest.
    pub rungs: Vec<Rung>,
    /// The strictest reading under which nearly as many meet as under any; `None` if none gains.
    pub best: Option<Reading>,
    /// The settings that get there; empty if there is nothing to mend or it can't be told.
    pub remedy: Vec<Piece>,
    /// Placeholders of both sides.
    pub shared_placeholders: Vec<FrequentId>,
    /// What meets if one side is digested as the other seems to be, the most last.
    pub digests: Vec<DigestRung>,
    /// The whole command that gets there; the caller, which knows what was typed, fills it in.
    pub command: Option<String>,
}

/// One side's IDs digested by a rule.
#[derive(Clone, Debug)]
pub struct DigestRung {
    /// The side that isn't digested yet.
    pub side: usize,
    /// The rules that its IDs are brought to one form by first; empty for none.
    pub rules: String,
    /// The function.
    pub digest: &'static str,
    /// How many users meet then.
    pub overlap: Estimate,
    /// The settings that get there.
    pub remedy: Vec<Piece>,
}

/// One reading.
#[derive(Clone, Copy, Debug)]
pub struct Rung {
    /// What counts of an ID.
    pub reading: Reading,
    /// How many users meet then.
    pub overlap: Estimate,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    confidence: f64,
    sides: Vec<Side<'a>>,
    pairs: Vec<Pair<'a>>,
    warnings: Vec<json::WarningText>,
}

#[derive(Serialize)]
struct Side<'a> {
    name: &'a str,
    column: Option<&'a str>,
    id_type: Option<&'static str>,
    rows: Option<u64>,
    nulls: Option<u64>,
    users: json::Users,
    /// IDs of the sample that the rest is about.
    looked_at: u64,
    length_min: Option<usize>,
    length_max: Option<usize>,
    shapes: Vec<Share>,
    marks: Vec<Share>,
    placeholders: Vec<PlaceholderDocument<'a>>,
}

#[derive(Serialize)]
struct Share {
    what: String,
    share: f64,
}

#[derive(Serialize)]
struct PlaceholderDocument<'a> {
    form: &'a str,
    share_of_rows: f64,
    /// Where it stands first.
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<json::PlaceDocument>,
    /// The ID itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
}

impl<'a> PlaceholderDocument<'a> {
    fn of(id: &'a FrequentId) -> Self {
        Self {
            form: &id.form,
            share_of_rows: id.share,
            first: None,
            value: None,
        }
    }
}

#[derive(Serialize)]
struct Pair<'a> {
    a: &'a str,
    b: &'a str,
    comparable: bool,
    readings: Vec<ReadingDocument>,
    best: Option<&'static str>,
    digests: Vec<DigestDocument<'a>>,
    settings: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    shared_placeholders: Vec<PlaceholderDocument<'a>>,
}

#[derive(Serialize)]
struct DigestDocument<'a> {
    side: &'a str,
    rules: &'a str,
    digest: &'static str,
    overlap: json::Users,
}

#[derive(Serialize)]
struct ReadingDocument {
    reading: &'static str,
    overlap: json::Users,
}

impl DiagnoseReport {
    /// The report in `format`, settings in the words of `word`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format, word: &dyn Fn(&Piece) -> String) -> String {
        match format {
            Format::Table => self.table(word),
            Format::Csv => diagnose_csv::render(self),
            Format::Json => self.json(word),
            Format::Markdown => self.markdown(word),
        }
    }

    fn table(&self, word: &dyn Fn(&Piece) -> String) -> String {
        let mut out = String::new();
        for side in &self.sides {
            out += &side.text();
            out.push('\n');
        }
        for pair in &self.pairs {
            out += &table::align(&self.rows(pair));
            out += &self.way(pair, word);
            out.push('\n');
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    fn markdown(&self, word: &dyn Fn(&Piece) -> String) -> String {
        let mut out = String::new();
        for side in &self.sides {
            for line in side.text().lines() {
                // Writing to a String can't fail.
                let _ = writeln!(out, "{}\n", markdown::cell(line));
            }
        }
        for pair in &self.pairs {
            out += &markdown::table(&self.rows(pair));
            let _ = writeln!(out, "\n{}", markdown::cell(self.way(pair, word).trim_end()));
        }
        out
    }

    fn rows(&self, pair: &DiagnosedPair) -> Vec<Vec<String>> {
        let (a, b) = (&self.sides[pair.a].name, &self.sides[pair.b].name);
        let level = format!("{} % interval", self.confidence.level() * 100.0);
        let mut rows = vec![vec![format!("{a} & {b}"), "overlap".into(), level]];
        for rung in &pair.rungs {
            let label = match rung.reading {
                Reading::Written if !pair.comparable => "as written, read as text".to_owned(),
                Reading::Written => "as written".to_owned(),
                reading => format!("if {}", reading.condition()),
            };
            rows.push(vec![
                label,
                whole(rung.overlap.value),
                whole_interval(&rung.overlap),
            ]);
        }
        for rung in &pair.digests {
            let side = &self.sides[rung.side].name;
            let rule = match &*rung.rules {
                "" => String::new(),
                rules => format!(" after {rules}"),
            };
            rows.push(vec![
                format!("if {side} is digested with {}{rule}", rung.digest),
                whole(rung.overlap.value),
                whole_interval(&rung.overlap),
            ]);
        }
        rows
    }

    /// What to do about it.
    fn way(&self, pair: &DiagnosedPair, word: &dyn Fn(&Piece) -> String) -> String {
        let mut out = String::new();
        let settings = pair.settings(word);
        let found = pair.best.is_some() || !pair.digests.is_empty();
        let _ = match (found, settings) {
            (false, _) => writeln!(out, "No looser reading changes the overlap."),
            (true, None) => writeln!(
                out,
                "Bring both sides to one form before they are exported; no setting does it."
            ),
            (true, Some(settings)) => writeln!(out, "To count so, add: {settings}"),
        };
        if let Some(command) = &pair.command {
            let _ = writeln!(out, "  {command}");
        }
        for id in &pair.shared_placeholders {
            let _ = writeln!(out, "Both sides have a placeholder: {}.", id.form);
        }
        out
    }

    fn document<'a>(
        &'a self,
        pair: &'a DiagnosedPair,
        word: &dyn Fn(&Piece) -> String,
    ) -> Pair<'a> {
        Pair {
            a: &self.sides[pair.a].name,
            b: &self.sides[pair.b].name,
            comparable: pair.comparable,
            readings: (pair.rungs.iter())
                .map(|rung| ReadingDocument {
                    reading: rung.reading.name(),
                    overlap: json::whole(&rung.overlap),
                })
                .collect(),
            best: pair.best.map(Reading::name),
            digests: (pair.digests.iter())
                .map(|rung| DigestDocument {
                    side: &self.sides[rung.side].name,
                    rules: &rung.rules,
                    digest: rung.digest,
                    overlap: json::whole(&rung.overlap),
                })
                .collect(),
            settings: pair.settings(word),
            command: pair.command.as_deref(),
            shared_placeholders: (pair.shared_placeholders.iter())
                .map(PlaceholderDocument::of)
                .collect(),
        }
    }

    fn json(&self, word: &dyn Fn(&Piece) -> String) -> String {
        json::to_text(&Document {
            schema: SCHEMA,
            confidence: self.confidence.level(),
            sides: self.sides.iter().map(DiagnosedSide::document).collect(),
            pairs: (self.pairs.iter())
                .map(|pair| self.document(pair, word))
                .collect(),
            warnings: self.warnings.iter().map(json::warning).collect(),
        })
    }
}

impl DiagnosedPair {
    /// The settings under which the most users meet, in the words of `word`; `None` if there is nothing to mend or
    /// no setting does it.
    #[must_use]
    pub fn settings(&self, word: &dyn Fn(&Piece) -> String) -> Option<String> {
        let way = self.way();
        (!way.is_empty()).then(|| Phrase::from(way.to_vec()).worded(word))
    }

    /// The settings under which the most users meet.
    fn way(&self) -> &[Piece] {
        self.digests
            .last()
            .map_or(&self.remedy[..], |rung| &rung.remedy)
    }
}

/// A word as a shell takes it.
///
/// ```
/// use overlap::report::shell_word;
///
/// assert_eq!(shell_word("a=lower"), "a=lower");
/// assert_eq!(shell_word("day > 'x'"), r"'day > '\''x'\'''");
/// ```
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_=,.:/+@%".contains(c);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

impl DiagnosedSide {
    /// A line for the side, and one for whatever there is to say of its IDs.
    fn text(&self) -> String {
        let mut out = format!(
            "{}: {} users",
            self.name,
            WholeEstimate::of(self.users).words()
        );
        if let Some(tally) = self.tally {
            let _ = write!(out, " in {} rows", whole(tally.rows as f64));
        }
        if let Some(column) = &self.column {
            let _ = write!(out, ", column {column}");
        }
        if let Some(id_type) = self.id_type {
            let _ = write!(out, " ({id_type})");
        }
        out.push('\n');
        let share = |count: u64| percent_of(count as f64 / self.profile.ids.max(1) as f64);
        for (shape, count) in &self.profile.shapes {
            let _ = writeln!(out, "  {} {}", share(*count), shape.words());
        }
        if let Some((least, most)) = self.profile.lengths {
            let _ = match least == most {
                true => writeln!(out, "  {least} bytes each"),
                false => writeln!(out, "  {least} to {most} bytes each"),
            };
        }
        for (mark, count) in &self.profile.marks {
            let _ = writeln!(out, "  {} {}", share(*count), mark.words());
        }
        for Placeholder { id, first, value } in &self.frequent {
            let _ = write!(
                out,
                "  {} of the rows have one id, likely a placeholder: {}",
                percent_of(id.share),
                id.form
            );
            if let Some(value) = value {
                let _ = write!(out, ", {value:?}");
            }
            if let Some(place) = first {
                let _ = write!(out, "; the first is in {place}");
            }
            out.push('\n');
        }
        out
    }

    fn document(&self) -> Side<'_> {
        let share = |count: u64| count as f64 / self.profile.ids.max(1) as f64;
        Side {
            name: &self.name,
            column: self.column.as_deref(),
            id_type: self.id_type.map(IdDomain::name),
            rows: self.tally.map(|tally| tally.rows),
            nulls: self.tally.map(|tally| tally.nulls),
            users: json::whole(&self.users),
            looked_at: self.profile.ids,
            length_min: self.profile.lengths.map(|(least, _)| least),
            length_max: self.profile.lengths.map(|(_, most)| most),
            shapes: (self.profile.shapes.iter())
                .map(|&(shape, count)| Share {
                    what: shape.words(),
                    share: share(count),
                })
                .collect(),
            marks: (self.profile.marks.iter())
                .map(|&(mark, count)| Share {
                    what: mark.words().to_owned(),
                    share: share(count),
                })
                .collect(),
            placeholders: (self.frequent.iter())
                .map(|placeholder| PlaceholderDocument {
                    first: placeholder.first.as_ref().map(json::place),
                    value: placeholder.value.as_deref(),
                    ..PlaceholderDocument::of(&placeholder.id)
                })
                .collect(),
        }
    }
}
