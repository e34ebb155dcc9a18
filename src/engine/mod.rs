//! Requests → results: wires scan, sketches, exact counting and estimates.
//!
//! The façade of the library and all that the commands call. Must not know clap, stdout or how a
//! report is rendered.

mod estimate;
mod exact;
mod limits;
mod regions;
mod request;
mod sketch;
mod verify;

pub use estimate::{estimate, estimate_sketches};
pub use exact::exact;
pub use limits::default_memory_limit;
pub use regions::estimate_regions_of;
pub use request::{ExactMemory, ExactRequest, SketchRequest, Sources, Unique};
pub use sketch::{sketch_array, sketch_batches, sketch_sides};
pub use verify::verify;

use crate::report::{EstimateReport, SideReport, Warning};
use crate::scan::{Plan, SidePlan};

/// What the plan alone gives reason to say.
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

/// What a finished report gives reason to say.
fn result_warnings(report: &EstimateReport) -> Vec<Warning> {
    let empty = report.sides.iter().filter(|side| side.users.upper == 0.0);
    let mut warnings: Vec<Warning> = empty
        .map(|side| Warning::NoUsers {
            side: side.name.clone(),
            rows: side.tally.map_or(0, |tally| tally.rows),
        })
        .collect();
    for pair in &report.pairs {
        if pair.quality() == crate::report::Quality::NotResolvable {
            let name = |side: usize| report.sides[side].name.clone();
            warnings.push(Warning::NotResolvable {
                a: name(pair.a),
                b: name(pair.b),
            });
        }
    }
    warnings
}

/// The parts of a side's report that the plan knows.
fn side_report(
    plan: &SidePlan,
    tally: Option<crate::id::Tally>,
    users: crate::estimate::Estimate,
) -> SideReport {
    SideReport {
        name: plan.name.clone(),
        files: plan.file_count(),
        column: (plan.file_count() > 0).then(|| plan.column.clone()),
        id_type: plan.domain,
        tally,
        unique: false,
        frequency: None,
        users,
    }
}

/// Every two of `count` sides, in order.
fn pairs_of(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |a| (a + 1..count).map(move |b| (a, b)))
}
