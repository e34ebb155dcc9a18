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
mod inspect_message;
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
mod warning;

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
pub use inspect_message::{InspectedFact, InspectedMessage};
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
pub use warning::{SketchPart, Warning};

use crate::estimate::{Confidence, Estimate, FrequencyEstimate, PairEstimate};
use crate::id::{IdDomain, PageChecks, Profile, Tally};

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
    /// Every distinct ID was counted, and noise was added to the users of every exclusive region.
    NoisyCount {
        /// The ε of all numbers together, in millionths.
        millionths: u64,
    },
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
