//! Answers requests: wires together scan, sketches, exact counting and estimates.
//!
//! These are the functions that commands and library users call. Must not know clap, stdout or how a
//! report is rendered.

mod batches;
mod budget;
mod convert;
mod days;
mod diagnose;
mod digests;
mod estimate;
mod exact;
mod exact_noisy;
mod exchange;
mod foreign;
mod full;
mod inputs;
mod inspect;
mod inspect_message;
mod keyfile;
mod kinds;
mod limits;
mod noisy;
mod planner;
mod private;
mod reading;
mod regions;
mod release;
mod remedy;
mod request;
mod segments;
mod sides;
mod sketch;
mod space;
mod spelling;
mod store;
mod verify;

pub use batches::{BatchSketcher, sketch_batches};
pub use budget::Budget;
pub use convert::{ConvertRequest, ConvertTo, convert};
pub use diagnose::{DiagnoseRequest, diagnose};
pub use estimate::{estimate, estimate_sketches};
pub use exact::exact;
pub use exact_noisy::{NoisyExactRequest, exact_noisy};
pub use full::{FullRequest, full_report, full_report_of, read_report, write_file};
pub use inputs::{Division, ensure_consistent};
pub use inspect::inspect;
pub use keyfile::{read_key, read_key_descriptor, write_key};
pub use limits::default_memory_limit;
pub use noisy::{NoisyRequest, merge_noisy, store_noisy};
pub use private::{
    PrivateFinishRequest, PrivateRequest, PrivateTerms, private_answer, private_answer_of,
    private_finish, private_offer, private_offer_of,
};
pub use regions::estimate_regions_of;
pub use release::{Answer, ask_estimate, ask_matrix, ask_regions};
pub use request::{ExactMemory, ExactRequest, SketchRequest, Sources, Unique};
pub use sides::{SidesRequest, matrix, reach, trend};
pub use sketch::{sketch_array, sketch_segments, sketch_sides, sketch_with_sources};
pub use store::{
    StoreRequest, read_keyed_sketches, read_sketches, store, write_sketches, write_sketches_with,
};
pub use verify::verify;

use crate::estimate::{Estimate, RegionCounts};
use crate::id::PageChecks;
use crate::report::{
    EstimateReport, FilterReport, Method, SideReport, SketchPart, SourceReport, Warning,
};
use crate::scan::{Plan, SidePlan};
use crate::sketch::{Sketch, SketchOptions};
use std::collections::BTreeSet;

/// Warnings that follow from the plan alone.
fn plan_warnings(plan: &Plan) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for side in &plan.sides {
        let repeated = side.repeated.iter();
        warnings.extend(repeated.map(|file| Warning::RepeatedInput {
            side: side.name.clone(),
            file: file.clone(),
        }));
    }
    for (i, a) in plan.sides.iter().enumerate() {
        for b in plan.sides[i + 1..].iter().filter(|b| a.has_files_of(b)) {
            warnings.push(Warning::SameInput {
                a: a.name.clone(),
                b: b.name.clone(),
            });
        }
    }
    warnings
}

/// Warnings that follow from a finished report.
fn result_warnings(report: &EstimateReport) -> Vec<Warning> {
    let empty = report.sides.iter().filter(|side| side.users.upper == 0.0);
    let mut warnings: Vec<Warning> = empty
        .map(|side| Warning::NoUsers {
            side: side.name.clone(),
            rows: side.tally.map_or(0, |tally| tally.rows),
        })
        .collect();
    let sides = report.sides.iter();
    warnings.extend(nulls_warnings(sides.map(|side| (&side.name, &side.pages))));
    let unresolved = report.pairs.iter();
    let unresolved =
        unresolved.filter(|pair| pair.quality() == crate::report::Quality::NotResolvable);
    let name = |side: usize| report.sides[side].name.clone();
    let pairs: Vec<_> = unresolved
        .map(|pair| (name(pair.a), name(pair.b)))
        .collect();
    if !pairs.is_empty() {
        warnings.push(Warning::NotResolvable { pairs });
    }
    warnings
}

/// Warnings that follow from reading the files of some sides: footers that miscount nulls, texts that
/// were taken for null, IDs that a rule can't read, and columns that say something else than the path.
fn nulls_warnings<'a>(
    sides: impl IntoIterator<Item = (&'a String, &'a PageChecks)>,
) -> impl Iterator<Item = Warning> {
    sides.into_iter().flat_map(|(side, pages)| {
        let differ = pages.nulls_differ.map(|nulls| Warning::NullsDiffer {
            side: side.clone(),
            nulls,
        });
        let named = (pages.named_nulls > 0).then(|| Warning::NamedNulls {
            side: side.clone(),
            rows: pages.named_nulls,
        });
        let unreadable = (pages.unreadable > 0).then(|| Warning::Unreadable {
            side: side.clone(),
            ids: pages.unreadable,
            first: pages.first_unreadable.clone(),
        });
        let path = (pages.path_differs > 0).then(|| Warning::PathDiffers {
            side: side.clone(),
            rows: pages.path_differs,
        });
        differ
            .into_iter()
            .chain(named)
            .chain(unreadable)
            .chain(path)
    })
}

/// Warnings that follow from the sketches of some sides.
fn sketch_warnings(sides: &[SideReport], sketches: &[Sketch]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (side, sketch) in sides.iter().zip(sketches) {
        let missing = match (sketch.registers(), sketch.sample()) {
            (None, _) => Some(SketchPart::Registers),
            (_, None) => Some(SketchPart::Sample),
            _ => None,
        };
        warnings.extend(missing.map(|part| Warning::PartMissing {
            side: side.name.clone(),
            part,
        }));
    }
    let every: Vec<&Sketch> = sketches.iter().collect();
    warnings.extend(sketch_warnings_of(&every));
    warnings
}

/// Whether sketches are of different sizes.
fn sketch_warnings_of(sketches: &[&Sketch]) -> Option<Warning> {
    let each = || sketches.iter().copied();
    let precisions: BTreeSet<u8> = precisions(each()).collect();
    let ks: BTreeSet<usize> = ks(each()).collect();
    (precisions.len() > 1 || ks.len() > 1).then(|| Warning::Folded {
        precisions: precisions.into_iter().collect(),
        ks: ks.into_iter().collect(),
    })
}

/// The size at which sketches are compared: the smallest there is.
fn method<'a>(sketches: impl IntoIterator<Item = &'a Sketch> + Clone) -> Method {
    Method::Sketch {
        joint: sketches.clone().into_iter().count() <= RegionCounts::SETS_MAX,
        precision: precisions(sketches.clone()).min(),
        k: ks(sketches).min(),
    }
}

fn precisions<'a>(sketches: impl IntoIterator<Item = &'a Sketch>) -> impl Iterator<Item = u8> {
    let registers = sketches.into_iter().filter_map(Sketch::registers);
    registers.map(|registers| registers.precision().get())
}

/// Every known k. Theta sketches of other programs don't record theirs.
fn ks<'a>(sketches: impl IntoIterator<Item = &'a Sketch>) -> impl Iterator<Item = usize> {
    let samples = sketches.into_iter().filter_map(Sketch::sample);
    let ks = samples.map(crate::sketch::BottomK::k);
    ks.filter(|k| k < SketchOptions::K_RANGE.end())
}

/// A side as far as it is known before it is read.
fn side_report(plan: &SidePlan) -> SideReport {
    let has_data = plan.file_count() > 0;
    SideReport {
        name: plan.name.clone(),
        files: plan.file_count() + plan.foreign.len(),
        column: has_data.then(|| plan.column.clone()),
        passed_over: plan.passed_over.clone(),
        filter: plan.filter.clone(),
        id_type: plan.domain,
        profile: plan.profile.clone(),
        tally: None,
        pages: PageChecks::default(),
        unique: false,
        held: false,
        frequency: None,
        users: Estimate::exact(0.0),
    }
}

/// Where the numbers of each side come from. What its filter took is known when all is read: then to be
/// told by [`tell_filters`].
fn source_reports(plan: &Plan) -> Vec<SourceReport> {
    let source = |side: &SidePlan| SourceReport {
        name: side.name.clone(),
        column: (side.file_count() > 0).then(|| side.column.clone()),
        passed_over: side.passed_over.clone(),
        profile: side.profile.clone(),
        held: None,
        filter: side.filter.clone().map(|condition| FilterReport {
            condition,
            ..FilterReport::default()
        }),
    };
    plan.sides.iter().map(source).collect()
}

/// Says what the filters took of the sides, once everything is read.
fn tell_filters(sources: &mut [SourceReport], checks: impl Fn(usize) -> PageChecks) {
    for (side, source) in sources.iter_mut().enumerate() {
        let filter = source.filter.take();
        source.filter = filter.map(|filter| FilterReport::new(filter.condition, &checks(side)));
    }
}

/// Says which sides were held whole.
fn tell_held<'a>(sources: &mut [SourceReport], sketches: impl Iterator<Item = &'a Sketch>) {
    for (source, sketch) in sources.iter_mut().zip(sketches) {
        let users = sketch.members().filter(|_| sketch.is_listed());
        source.held = users.map(crate::sketch::Members::count);
    }
}

/// Every two of `count` sides, in order.
fn pairs_of(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
}
