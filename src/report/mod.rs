//! Results as bytes; no printing.
//!
//! The model is plain structs that the engine fills; each format is one file and one function from
//! the model to text. Must not know sketches, colours or stdout.

mod bounds;
mod csv;
mod diagnose;
mod diagnose_csv;
mod full;
mod gain;
mod inspect;
mod inspect_data;
mod json;
mod markdown;
mod matrix;
mod noisy;
pub(crate) mod number;
mod private;
mod quality;
mod reach;
mod regions;
mod release;
mod segments;
mod sketched;
mod source;
mod spelling;
mod store;
mod table;
mod trend;
mod verify;

pub use bounds::BoundsReport;
pub use diagnose::{
    DiagnoseReport, DiagnosedPair, DiagnosedSide, DigestRung, Placeholder, Rung, shell_word,
};
pub use full::{
    BreakEvenPart, DayPart, FilterPart, FitDocument, FormulaPart, FullParts, FullReport,
    HeldDocument, LargestPart, MeasurePart, MethodPart, Number, Number3, PairPart, ReachPart,
    RegionPart, RestPart, SegmentPart, SegmentsPart, SidePart, StepPart, TrendPart, WarningPart,
};
pub(crate) use gain::probability_text;
pub use gain::{BreakEven, BreakEvenReport, Price};
pub use inspect::{
    FileTag, InspectReport, InspectedFile, InspectedFrequent, InspectedRegisters, InspectedSample,
    InspectedSketch, InspectedSpelling,
};
pub use inspect_data::{InspectedColumn, InspectedData};
pub use matrix::MatrixReport;
pub use noisy::NoisyReport;
pub use private::{PrivateReport, PrivateStepReport};
pub use quality::Quality;
pub use reach::ReachReport;
pub use regions::{RegionReport, RegionsReport};
pub use release::{ReleaseReport, ReleasedNumber};
pub use segments::{SegmentOdds, SegmentsReport};
pub use spelling::WholeEstimate;
pub use store::StoreReport;
pub use trend::{TrendReport, TrendUnit};
pub use verify::{Check, RunCost, VerifyReport};

use crate::error::{Phrase, Piece, Setting};
use crate::estimate::{Confidence, Estimate, FrequencyEstimate, PairEstimate};
use crate::id::{IdDomain, NullCounts, PageChecks, Place, Profile, Tally};
use crate::spelling::Reading;

/// The form in which a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    #[default]
    Table,
    /// For programs: versioned, documented in `docs/json.md`.
    Json,
    /// For spreadsheets: one measure a line.
    Csv,
    /// For documents.
    Markdown,
}

/// How the numbers were computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Sketches with 2^`precision` registers and a sample of `k` hashes.
    Sketch {
        /// log2 of the number of registers, the smallest of all sides; `None` without registers.
        precision: Option<u8>,
        /// The largest number of hashes in a sample, the smallest of all sides; `None` without
        /// samples, or where another program made them and doesn't tell.
        k: Option<usize>,
        /// Whether all sides are one fit, so that their numbers add up. More than
        /// [`SETS_MAX`](crate::RegionCounts::SETS_MAX) sides are not: every side, every pair and the
        /// union are then estimated by themselves.
        joint: bool,
    },
    /// The numbers are exact: every distinct ID was counted, text and binary values by a 128-bit hash.
    Exact,
}

/// Where the numbers of a side come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// The side's name.
    pub name: String,
    /// The ID column; `None` if the side was read from sketches.
    pub column: Option<String>,
    /// Paths in the side's folders that weren't read, because they hold no data or none that belongs to it.
    pub passed_over: Vec<String>,
    /// Which of its rows count; `None` for all.
    pub filter: Option<FilterReport>,
    /// The rules and the digest by which its IDs were brought to one form.
    pub profile: Profile,
    /// Its users, if all of them were held whole, so that what it shares with the others is exact.
    pub held: Option<u64>,
}

/// Which rows of a side count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterReport {
    /// The condition as it was typed.
    pub condition: String,
    /// Rows before the condition, without those of `files_unread`.
    pub rows: u64,
    /// Rows that meet the condition.
    pub taken: u64,
    /// Text files that the condition rules out by their paths. They weren't read, so their rows aren't known.
    pub files_unread: u64,
}

impl FilterReport {
    /// The filter of a side, with the rows that reading its files counted.
    #[must_use]
    pub const fn new(condition: String, checks: &PageChecks) -> Self {
        Self {
            condition,
            rows: checks.taken + checks.left_out,
            taken: checks.taken,
            files_unread: checks.files_left_out,
        }
    }
}

/// One side of a report.
#[derive(Clone, Debug)]
pub struct SideReport {
    /// Its name.
    pub name: String,
    /// Number of files that were read.
    pub files: usize,
    /// The ID column; `None` if the side was read from sketches.
    pub column: Option<String>,
    /// Paths in the side's folders that weren't read, because they hold no data or none that belongs to it.
    pub passed_over: Vec<String>,
    /// Which of its rows count, as it was typed; `None` for all. How many these are is in `pages`.
    pub filter: Option<String>,
    /// The kind of its IDs; `None` if all of them are null.
    pub id_type: Option<IdDomain>,
    /// The rules and the digest by which its IDs were brought to one form.
    pub profile: Profile,
    /// Rows read, and those of them without an ID, which are skipped; `None` if a sketch doesn't
    /// tell.
    pub tally: Option<Tally>,
    /// Pages read, and those of them whose checksums were checked; none of sketches.
    pub pages: PageChecks,
    /// Whether it has one row a user, so that its size is known.
    pub unique: bool,
    /// Whether all of its users were held whole, so that what it shares with the others is exact.
    pub held: bool,
    /// Distinct users.
    pub users: Estimate,
    /// Rows per user, if they were asked for.
    pub frequency: Option<FrequencyEstimate>,
}

/// Two sides of a report, by their places in [`EstimateReport::sides`].
#[derive(Clone, Debug)]
pub struct PairReport {
    /// The first side.
    pub a: usize,
    /// The second side.
    pub b: usize,
    /// Overlap and everything derived from it.
    pub estimate: PairEstimate,
}

impl PairReport {
    /// How narrow the interval of the overlap is, in one word.
    #[must_use]
    pub fn quality(&self) -> Quality {
        Quality::of(&self.estimate)
    }
}

/// A set formula and its users.
#[derive(Clone, Debug)]
pub struct FormulaReport {
    /// The formula as it was typed.
    pub text: String,
    /// Number of users in the set.
    pub users: Estimate,
}

/// The answer of `overlap estimate` and `overlap exact`.
#[derive(Clone, Debug)]
pub struct EstimateReport {
    /// How the numbers were computed.
    pub method: Method,
    /// The level of all intervals.
    pub confidence: Confidence,
    /// The sides, in the order given.
    pub sides: Vec<SideReport>,
    /// Every two of them, in order; one for two sides.
    pub pairs: Vec<PairReport>,
    /// Users of any side.
    pub union: Estimate,
    /// Users of set formulas over the sides.
    pub formulas: Vec<FormulaReport>,
    /// How likely the first of two sides gains more than a number of users by the second, if it was
    /// asked.
    pub break_even: Option<BreakEvenReport>,
    /// The second side's segments, if they were asked for.
    pub segments: Option<SegmentsReport>,
    /// Warnings: what to know before trusting the numbers.
    pub warnings: Vec<Warning>,
}

impl EstimateReport {
    /// The report in `format`; ends with a newline.
    #[must_use]
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Table => table::render(self),
            Format::Json => json::render(self),
            Format::Csv => csv::render(self),
            Format::Markdown => markdown::render(self),
        }
    }

    fn name(&self, side: usize) -> &str {
        &self.sides[side].name
    }

    /// All users of the second side that the first doesn't have.
    fn all_new(&self) -> f64 {
        let first = self.pairs.first();
        first.map_or(0.0, |pair| pair.estimate.only_b.value)
    }
}

/// One of the two parts of a sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SketchPart {
    /// The HyperLogLog registers.
    Registers,
    /// The MinHash sample.
    Sample,
}

/// Something to know before trusting the numbers, with the data to put it into words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A side has no ID.
    NoUsers {
        /// The side.
        side: String,
        /// Its rows; all of them are null.
        rows: u64,
    },
    /// A file was named more than once for one side and is read once.
    RepeatedInput {
        /// The side.
        side: String,
        /// The file.
        file: String,
    },
    /// Two sides are the same files.
    SameInput {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
    },
    /// A side was said to have one row a user, but its sketch says otherwise.
    NotUnique {
        /// The side.
        side: String,
        /// Its rows with an ID.
        ids: u64,
    },
    /// A side's sketch was made by another program and has one of its two parts alone.
    PartMissing {
        /// The side.
        side: String,
        /// What it lacks.
        part: SketchPart,
    },
    /// The sketches have different sizes, and were compared at the smallest one.
    Folded {
        /// Every precision there is, ascending.
        precisions: Vec<u8>,
        /// Every k there is, ascending.
        ks: Vec<usize>,
    },
    /// The footers of a side's files state another number of nulls than was read.
    NullsDiffer {
        /// The side.
        side: String,
        /// The number stated, and the number read.
        nulls: NullCounts,
    },
    /// Rows of a side hold a text that was said to mean null where an ID would be.
    NamedNulls {
        /// The side.
        side: String,
        /// Number of rows.
        rows: u64,
    },
    /// A rule couldn't read some of a side's IDs, which count as nulls.
    Unreadable {
        /// The side.
        side: String,
        /// Number of IDs.
        ids: u64,
        /// Where the first of them stands, if it was found.
        first: Option<Place>,
    },
    /// Rows of a side without a day are left out of its trend.
    NoDay {
        /// The side.
        side: String,
        /// Number of rows; 0 if a sketch doesn't record it.
        rows: u64,
    },
    /// A segment column of a side is in its path and in its files, which say something else.
    PathDiffers {
        /// The side.
        side: String,
        /// Number of rows, counted once for each column.
        rows: u64,
    },
    /// Two sides share more users than their IDs say as they are written, as soon as less of the spelling
    /// counts.
    Spelling {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// The overlap as the IDs are written.
        written: WholeEstimate,
        /// The overlap under the looser reading.
        loosened: WholeEstimate,
        /// What counts then.
        reading: Reading,
        /// The settings that bring both sides to one form; empty if none is known.
        remedy: Vec<Piece>,
    },
    /// A side was read from sketches that don't record how their IDs are written.
    NoSpelling {
        /// The side.
        side: String,
    },
    /// Both sides have an ID in so many rows that it is likely a placeholder and not one user.
    Placeholder {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
        /// What the ID looks like, without the ID itself.
        form: String,
        /// Its share of the first side's rows with an ID, in percent.
        percent_of_a: u8,
        /// Its share of the second side's.
        percent_of_b: u8,
    },
    /// A sketch of another program and another side share nobody, or next to nobody: its IDs may have been hashed in
    /// another form.
    ForeignHash {
        /// The side whose sketch another program made.
        image: String,
        /// The other side.
        other: String,
        /// What the IDs of the other side are, if it tells.
        id_type: Option<IdDomain>,
        /// The setting under which IDs of the other side were found in the sketch; empty if none was.
        remedy: Vec<Piece>,
    },
    /// A side is a sketch with noise.
    Noisy {
        /// The side.
        side: String,
        /// The ε of the noise, in millionths.
        millionths: u64,
    },
    /// The sample saw no common user, and the interval reaches 0.
    NotResolvable {
        /// The first side.
        a: String,
        /// The second side.
        b: String,
    },
}

impl Warning {
    /// A stable name for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoUsers { .. } => "no_users",
            Self::RepeatedInput { .. } => "repeated_input",
            Self::SameInput { .. } => "same_input",
            Self::NotUnique { .. } => "not_unique",
            Self::PartMissing { .. } => "part_missing",
            Self::Folded { .. } => "folded",
            Self::NullsDiffer { .. } => "nulls_differ",
            Self::NamedNulls { .. } => "named_nulls",
            Self::Unreadable { .. } => "unreadable",
            Self::NoDay { .. } => "no_day",
            Self::PathDiffers { .. } => "path_differs",
            Self::Spelling { .. } => "spelling",
            Self::Placeholder { .. } => "placeholder",
            Self::NoSpelling { .. } => "no_spelling",
            Self::ForeignHash { .. } => "foreign_hash",
            Self::Noisy { .. } => "noisy",
            Self::NotResolvable { .. } => "not_resolvable",
        }
    }

    /// A sentence for people.
    #[must_use]
    pub fn text(&self) -> String {
        self.phrase().worded(Piece::to_string)
    }

    /// The sentence in pieces, for programs that have names of their own for a [`Setting`].
    #[must_use]
    pub fn phrase(&self) -> Phrase {
        let text = match self {
            Self::Spelling { .. } | Self::Placeholder { .. } | Self::ForeignHash { .. } => {
                return spelling::phrase(self);
            }
            Self::NotUnique { side, ids } => {
                let ids = number::whole(*ids as f64);
                return Phrase::from([
                    format!("{side} has {ids} rows with an id, which can't be as many users: ")
                        .into(),
                    Setting::Unique.into(),
                    " is left out for it".into(),
                ]);
            }
            Self::NotResolvable { a, b } => {
                return Phrase::from([
                    format!("the overlap of {a} and {b} is too small for this sketch: only its upper bound means something; a larger ").into(),
                    Setting::K.into(),
                    " resolves more".into(),
                ]);
            }
            Self::NoSpelling { side } => format!(
                "the sketches of {side} say nothing of how its ids are written: sketch the data again, or name the data"
            ),
            Self::NoUsers { side, rows: 0 } => format!("{side} has no rows"),
            Self::NoUsers { side, rows } => {
                format!(
                    "{side} has no users: all of its {} ids are null",
                    number::whole(*rows as f64)
                )
            }
            Self::RepeatedInput { side, file } => {
                format!("{side} names {file} more than once; it is read once")
            }
            Self::Noisy { side, millionths } => noisy::warning(side, *millionths),
            Self::SameInput { a, b } => format!("{a} and {b} are the same files"),
            Self::PartMissing { side, part } => match part {
                SketchPart::Registers => format!(
                    "{side} is a theta sketch alone: its numbers come from the sample, without registers"
                ),
                SketchPart::Sample => format!(
                    "{side} is an HLL sketch alone: its numbers come from the registers, without a sample, and small overlaps can't be estimated"
                ),
            },
            Self::Folded { precisions, ks } => folded(precisions, ks),
            Self::NullsDiffer { side, nulls } => format!(
                "the footers of {side} state {} nulls, but {} were read: the files may be damaged, or their writer miscounts",
                number::whole(nulls.told as f64),
                number::whole(nulls.read as f64)
            ),
            Self::NamedNulls { side, rows } => format!(
                "{} rows of {side} hold a text that was named as null, and are counted as nulls",
                number::whole(*rows as f64)
            ),
            Self::Unreadable { side, ids, first } => {
                spelling::unreadable(side, *ids, first.as_ref())
            }
            Self::NoDay { side, rows } => format!(
                "{} rows of {side} have no day and are left out",
                number::whole(*rows as f64)
            ),
            Self::PathDiffers { side, rows } => format!(
                "in {} rows of {side} a segment column says something else than the name of the folder, which is what counts",
                number::whole(*rows as f64)
            ),
        };
        text.into()
    }
}

/// How sketches of different sizes are compared.
fn folded(precisions: &[u8], ks: &[usize]) -> String {
    fn list<T: ToString>(values: &[T]) -> String {
        let values: Vec<String> = values.iter().map(T::to_string).collect();
        values.join(", ")
    }
    let mut parts = Vec::new();
    if let [least, _, ..] = precisions {
        parts.push(format!("p = {}, compared at {least}", list(precisions)));
    }
    if let [_, _, ..] = ks {
        parts.push(format!("k = {}, compared below the lower theta", list(ks)));
    }
    format!("the sketches are of different sizes: {}", parts.join("; "))
}
