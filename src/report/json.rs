//! The report as JSON, with its own schema structs: what programs read is no core type.
//!
//! Documented in `docs/json.md`. A field that changes its meaning changes the schema's number.

use super::gain::{BreakEvenDocument, BreakEvenReport};
use super::segments::{SegmentsDocument, SegmentsReport};
use super::{
    EstimateReport, Method, PairReport, RegionReport, RegionsReport, SideReport, SourceReport,
    VerifyReport, Warning,
};
use crate::estimate::Estimate;
use crate::id::Place;
use serde::Serialize;
use std::collections::BTreeMap;

const ESTIMATE_SCHEMA: &str = "overlap.estimate/1";
const REGIONS_SCHEMA: &str = "overlap.regions/1";
const VERIFY_SCHEMA: &str = "overlap.verify/1";

pub(super) fn render(report: &EstimateReport) -> String {
    to_text(&document(report))
}

pub(super) fn render_verify(report: &VerifyReport) -> String {
    let check = |check: &super::Check| Check {
        measure: check.measure.clone(),
        estimate: whole(&check.estimate),
        truth: check.truth,
        relative_error: check.relative_error(),
        inside: check.is_inside(),
        textbook: TextbookCheck {
            hyperloglogplus: textbook(check, check.plus),
            minhash: textbook(check, check.minhash),
        },
    };
    let (plus, minhash) = (&report.plus, &report.minhash);
    to_text(&Verify {
        schema: VERIFY_SCHEMA,
        checks: report.checks().iter().map(check).collect(),
        estimate: Run {
            cost: cost(&report.estimate_cost),
            report: document(&report.estimate),
        },
        exact: Run {
            cost: cost(&report.exact_cost),
            report: document(&report.exact),
        },
        textbook: Textbook {
            sketch_bytes: report.sketch_bytes,
            hyperloglogplus: TextbookMethod {
                bytes: plus.bytes,
                cost: Some(cost(&report.plus_cost)),
            },
            minhash: TextbookMethod {
                bytes: minhash.bytes,
                cost: None,
            },
        },
    })
}

pub(super) fn render_regions(report: &RegionsReport) -> String {
    let region = |region: &RegionReport| Region {
        sides: report.names(region),
        users: whole(&region.users),
    };
    to_text(&Regions {
        schema: REGIONS_SCHEMA,
        method: method(report.method),
        confidence: report.confidence.level(),
        sides: report.sides.iter().map(side).collect(),
        regions: report.regions.iter().map(region).collect(),
        rest: report.rest.map(|rest| Rest {
            regions: rest.regions,
            users: whole(&rest.users),
            unseen_most: rest.unseen_most.round() as u64,
        }),
        union: whole(&report.union),
        warnings: report.warnings.iter().map(warning).collect(),
    })
}

pub(super) fn to_text(document: &impl Serialize) -> String {
    // Plain structs of numbers and strings always serialise.
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

#[derive(Serialize)]
pub(super) struct Document<'a> {
    schema: &'static str,
    method: MethodName,
    confidence: f64,
    sides: Vec<Side<'a>>,
    /// Two sides: the one pair's numbers stand at the top.
    #[serde(flatten)]
    pair: Option<Pair>,
    union: Users,
    /// Three or more sides: every two of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pairs: Option<Vec<NamedPair<'a>>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    formulas: Vec<Formula<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    break_even: Option<BreakEvenDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<SegmentsDocument>,
    warnings: Vec<WarningText>,
}

#[derive(Serialize)]
struct Formula<'a> {
    formula: &'a str,
    users: Users,
}

#[derive(Serialize)]
struct Regions<'a> {
    schema: &'static str,
    method: MethodName,
    confidence: f64,
    sides: Vec<Side<'a>>,
    regions: Vec<Region<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
    union: Users,
    warnings: Vec<WarningText>,
}

/// The regions that aren't listed.
#[derive(Serialize)]
struct Rest {
    regions: u64,
    users: Users,
    /// The most users that a region can have of which the sample saw no user.
    unseen_most: u64,
}

#[derive(Serialize)]
struct Region<'a> {
    /// The sides that its users are in, and in no other.
    sides: Vec<&'a str>,
    users: Users,
}

#[derive(Serialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub(super) enum MethodName {
    Sketch {
        precision: Option<u8>,
        k: Option<usize>,
        /// All sides are one fit, so that their numbers add up.
        joint: bool,
    },
    Exact,
    /// Counted, with noise in every exclusive region.
    #[serde(rename = "noisy count")]
    NoisyCount {
        epsilon: f64,
    },
}

#[derive(Serialize)]
struct Side<'a> {
    name: &'a str,
    files: usize,
    column: Option<&'a str>,
    /// Paths in the side's folders that hold no data.
    passed_over: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<FilterDocument>,
    id_type: Option<&'static str>,
    /// Rules and digest that brought its IDs to one form.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    rows: Option<u64>,
    nulls: Option<u64>,
    /// IDs that its rules couldn't read, and where the first of them stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<Unreadable>,
    /// Pages read; 0 of a side of sketches.
    pages: u64,
    /// Pages whose checksums were checked.
    pages_checked: u64,
    unique: bool,
    /// All of its users were held, so that what it shares with the others is exact.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    held_whole: bool,
    users: Users,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency: Option<Frequency>,
}

#[derive(Serialize)]
struct Unreadable {
    ids: u64,
    first: Option<PlaceDocument>,
}

#[derive(Serialize)]
struct Frequency {
    mean: Ratio,
    /// Users with at least 1, 2, … rows.
    reach: Vec<Users>,
    /// Users with exactly 1, 2, … rows; the last with as many or more.
    exactly: Vec<Users>,
}

#[derive(Serialize)]
struct NamedPair<'a> {
    a: &'a str,
    b: &'a str,
    #[serde(flatten)]
    pair: Pair,
    union: Users,
}

#[derive(Serialize)]
struct Pair {
    overlap: Users,
    share_of_a: Ratio,
    share_of_b: Ratio,
    only_a: Users,
    only_b: Users,
    gain_a: Ratio,
    gain_b: Ratio,
    jaccard: Ratio,
    overlap_coefficient: Ratio,
    quality: &'static str,
    relative_half_width: Option<f64>,
}

/// A number of users with its interval: whole numbers.
#[derive(Serialize)]
pub(super) struct Users {
    value: u64,
    lower: u64,
    upper: u64,
}

/// A fraction with its interval.
#[derive(Serialize)]
pub(super) struct Ratio {
    value: f64,
    lower: f64,
    upper: f64,
}

/// Where the numbers of a side come from.
#[derive(Serialize)]
pub(super) struct SourceDocument {
    name: String,
    column: Option<String>,
    passed_over: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<FilterDocument>,
    /// Rules and digest that brought its IDs to one form.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

/// Which rows of a side count; absent of a side all of whose rows do.
#[derive(Serialize)]
struct FilterDocument {
    condition: String,
    /// Rows before the condition, without those of `files_unread`.
    rows: u64,
    taken: u64,
    files_unread: u64,
}

impl FilterDocument {
    fn of(source: &SourceReport) -> Option<Self> {
        let filter = source.filter.clone()?;
        Some(Self {
            condition: filter.condition,
            rows: filter.rows,
            taken: filter.taken,
            files_unread: filter.files_unread,
        })
    }
}

pub(super) fn sources(sources: &[SourceReport]) -> Vec<SourceDocument> {
    let document = |source: &SourceReport| SourceDocument {
        name: source.name.clone(),
        column: source.column.clone(),
        passed_over: source.passed_over.clone(),
        filter: FilterDocument::of(source),
        profile: (!source.profile.is_none()).then(|| source.profile.text().to_owned()),
    };
    sources.iter().map(document).collect()
}

#[derive(Serialize)]
pub(super) struct WarningText {
    code: &'static str,
    text: String,
}

#[derive(Serialize)]
struct Verify<'a> {
    schema: &'static str,
    checks: Vec<Check>,
    estimate: Run<'a>,
    exact: Run<'a>,
    textbook: Textbook,
}

#[derive(Serialize)]
struct Check {
    measure: String,
    estimate: Users,
    truth: u64,
    relative_error: f64,
    inside: bool,
    textbook: TextbookCheck,
}

/// What textbook methods say of one number.
#[derive(Serialize)]
struct TextbookCheck {
    hyperloglogplus: TextbookUsers,
    minhash: TextbookUsers,
}

#[derive(Serialize)]
struct TextbookUsers {
    /// May be below zero.
    users: i64,
    /// Null where the exact number is 0 and this isn't.
    relative_error: Option<f64>,
}

/// What textbook methods cost, beside the bytes of the estimate's sketches.
#[derive(Serialize)]
struct Textbook {
    sketch_bytes: u64,
    hyperloglogplus: TextbookMethod,
    minhash: TextbookMethod,
}

#[derive(Serialize)]
struct TextbookMethod {
    bytes: u64,
    /// Absent of MinHash, which takes the samples of the estimate's sketches.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
}

#[derive(Serialize)]
struct Run<'a> {
    cost: Cost,
    report: Document<'a>,
}

#[derive(Serialize)]
struct Cost {
    seconds: f64,
    rows_per_second: f64,
    peak_memory_bytes: Option<u64>,
}

fn textbook(check: &super::Check, users: f64) -> TextbookUsers {
    TextbookUsers {
        // Users are far below 2^63.
        users: users.round() as i64,
        relative_error: check.textbook_error(users),
    }
}

pub(super) fn document(report: &EstimateReport) -> Document<'_> {
    let two_sides = report.sides.len() == 2;
    let named = |pair: &PairReport| NamedPair {
        a: &report.sides[pair.a].name,
        b: &report.sides[pair.b].name,
        pair: pair_numbers(pair),
        union: whole(&pair.estimate.union),
    };
    Document {
        schema: ESTIMATE_SCHEMA,
        method: method(report.method),
        confidence: report.confidence.level(),
        sides: report.sides.iter().map(side).collect(),
        pair: report.pairs.first().filter(|_| two_sides).map(pair_numbers),
        union: whole(&report.union),
        pairs: (report.sides.len() > 2).then(|| report.pairs.iter().map(named).collect()),
        formulas: report
            .formulas
            .iter()
            .map(|formula| Formula {
                formula: &formula.text,
                users: whole(&formula.users),
            })
            .collect(),
        break_even: report.break_even.as_ref().map(BreakEvenReport::document),
        segments: report.segments.as_ref().map(SegmentsReport::document),
        warnings: report.warnings.iter().map(warning).collect(),
    }
}

pub(super) fn method(method: Method) -> MethodName {
    match method {
        Method::Sketch {
            precision,
            k,
            joint,
        } => MethodName::Sketch {
            precision,
            k,
            joint,
        },
        Method::Exact => MethodName::Exact,
        Method::NoisyCount { millionths } => MethodName::NoisyCount {
            epsilon: millionths as f64 / 1e6,
        },
    }
}

fn side(side: &SideReport) -> Side<'_> {
    Side {
        name: &side.name,
        files: side.files,
        column: side.column.as_deref(),
        passed_over: &side.passed_over,
        filter: FilterDocument::of(&side.source()),
        id_type: side.id_type.map(crate::id::IdDomain::name),
        profile: (!side.profile.is_none()).then(|| side.profile.text()),
        rows: side.tally.map(|tally| tally.rows),
        nulls: side.tally.map(|tally| tally.nulls),
        unreadable: (side.pages.unreadable > 0).then(|| Unreadable {
            ids: side.pages.unreadable,
            first: side.pages.first_unreadable.as_ref().map(place),
        }),
        pages: side.pages.pages,
        pages_checked: side.pages.checked,
        unique: side.unique,
        held_whole: side.held,
        users: whole(&side.users),
        frequency: side.frequency.as_ref().map(|frequency| Frequency {
            mean: ratio(&frequency.mean),
            reach: frequency.reach.iter().map(whole).collect(),
            exactly: frequency.exactly.iter().map(whole).collect(),
        }),
    }
}

/// The file, and its numbers by names such as `row_group`.
pub(super) type PlaceDocument = BTreeMap<String, serde_json::Value>;

pub(super) fn place(place: &Place) -> PlaceDocument {
    let numbers = place.numbers().iter();
    let numbers = numbers.map(|(what, number)| (what.replace(' ', "_"), (*number).into()));
    let file = ("file".to_owned(), place.file().into());
    [file].into_iter().chain(numbers).collect()
}

fn pair_numbers(pair: &PairReport) -> Pair {
    let numbers = &pair.estimate;
    let width = numbers.overlap.relative_half_width();
    Pair {
        overlap: whole(&numbers.overlap),
        share_of_a: ratio(&numbers.share_of_a),
        share_of_b: ratio(&numbers.share_of_b),
        only_a: whole(&numbers.only_a),
        only_b: whole(&numbers.only_b),
        gain_a: ratio(&numbers.gain_a),
        gain_b: ratio(&numbers.gain_b),
        jaccard: ratio(&numbers.jaccard),
        overlap_coefficient: ratio(&numbers.overlap_coefficient),
        quality: pair.quality().word(),
        relative_half_width: width.is_finite().then_some(width),
    }
}

pub(super) fn whole(estimate: &Estimate) -> Users {
    // Users are whole and far below 2^53.
    Users {
        value: estimate.value.round() as u64,
        lower: estimate.lower.round() as u64,
        upper: estimate.upper.round() as u64,
    }
}

pub(super) fn ratio(estimate: &Estimate) -> Ratio {
    Ratio {
        value: estimate.value,
        lower: estimate.lower,
        upper: estimate.upper,
    }
}

pub(super) fn warning(warning: &Warning) -> WarningText {
    WarningText {
        code: warning.code(),
        text: warning.text(),
    }
}

fn cost(cost: &super::RunCost) -> Cost {
    Cost {
        seconds: cost.seconds,
        rows_per_second: cost.rows_per_second(),
        peak_memory_bytes: cost.peak_memory_bytes,
    }
}
