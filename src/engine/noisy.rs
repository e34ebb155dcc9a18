//! Sketches with noise: one for each side, written to files that may be given away, and compared.

use super::budget::Budget;
use super::inputs::plan_of_data;
use super::private::seeded;
use super::request::{SketchRequest, Sources, Unique};
use super::store::{StoreRequest, ensure_no_input};
use super::{nulls_warnings, result_warnings, source_reports, tell_filters};
use crate::compare::grid_counts;
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::estimate::{Estimate, estimate_grids};
use crate::format::{decode_grid, encode_grid};
use crate::report::{EstimateReport, Method, NoisyReport, SideReport, Warning};
use crate::scan::{self, Progress, Side};
use crate::sketch::{GridSketcher, NoisyGrid};
use crate::storage::{put, write_atomically, write_bytes};
use std::path::{Path, PathBuf};

/// A job that ends in a sketch with noise.
#[derive(Clone, Debug)]
pub struct NoisyRequest {
    /// The data that goes into it; all sides become one.
    pub sources: Sources,
    /// log2 of the number of buckets, as [`crate::Grid::PRECISIONS`] allows.
    pub precision: u8,
    /// ε, from 0.01 to 10: every bit is flipped with probability 1 / (1 + e^ε).
    pub epsilon: f64,
    /// The file; never one of the inputs.
    pub output: PathBuf,
    /// The ledger of these users, if there is one.
    pub budget: Option<Budget>,
}

/// Sketches data into a grid, flips its bits and writes it.
///
/// # Errors
/// Those of [`super::sketch_sides`]; [`ErrorKind::Usage`] for an ε or a size out of range and for sketches among the inputs,
/// [`ErrorKind::Refused`] if the budget has no room, [`ErrorKind::Output`] if a file can't be written.
pub fn store_noisy(request: &NoisyRequest, progress: &dyn Progress) -> Result<NoisyReport> {
    let millionths = NoisyGrid::millionths(request.epsilon)?;
    let epsilon = millionths as f64 / 1e6;
    let mut sources = request.sources.clone();
    if sources.key.is_some() {
        let error = Error::usage("sketches with noise take no key: what they tell needs none");
        return Err(error.hint(["leave out ".into(), Setting::KeyFile.into()]));
    }
    let mut side = Side::new(super::store::file_name(&request.output), Vec::new());
    for part in sources.sides.drain(..) {
        side.extend(part);
    }
    ensure_no_input(&request.output, &side.files)?;
    let side_name = side.name.clone();
    sources.sides = vec![side];
    if let Some(budget) = &request.budget {
        ensure_no_input(&budget.file, &sources.sides[0].files)?;
        ensure_no_input(&budget.file, std::slice::from_ref(&request.output))?;
        budget.ensure_room(epsilon)?;
    }
    // An impossible size is found before the data is read.
    GridSketcher::new(request.precision, None)?;
    let mut plan = plan_of_data(&sources)?;
    plan.settle(&[])?;
    let mut warnings = super::plan_warnings(&plan);
    let mut read = source_reports(&plan);
    let page_checks = plan.sides[0].page_checks();
    let new = |side: usize| GridSketcher::new(request.precision, plan.sides[side].domain);
    let scanned = scan::scan(&plan, sources.threads, &new, progress)?;
    let mut whole = new(0)?;
    for part in scanned.iter().flat_map(|side| &side.sinks) {
        whole.merge(part)?;
    }
    let pages = page_checks();
    tell_filters(&mut read, |_| pages.clone());
    warnings.extend(nulls_warnings([(&side_name, &pages)]));
    let mut random = seeded()?;
    let profile = plan.sides[0].profile.clone();
    let noisy = whole.finish(profile, millionths, &mut || random.number());
    let bytes = encode_grid(&noisy);
    let left = write(request, &bytes, epsilon)?;
    Ok(NoisyReport {
        file: request.output.display().to_string(),
        bytes: bytes.len() as u64,
        epsilon,
        precision: request.precision,
        tally: Some(scanned.iter().map(|side| side.tally).sum()),
        merged: 0,
        left,
        sources: read,
        warnings,
    })
}

/// Writes the file, and returns what the ledger has left. The file is in the ledger before a byte of it is on the disk.
fn write(request: &NoisyRequest, bytes: &[u8], epsilon: f64) -> Result<Option<f64>> {
    let output = &request.output;
    let mut left = None;
    write_atomically(output, |out| {
        let what = output.display().to_string();
        let budget = request.budget.as_ref();
        left = budget
            .map(|budget| budget.spend(epsilon, &what))
            .transpose()?;
        put(out, output, bytes)
    })?;
    Ok(left)
}

/// Whether a file is a sketch with noise, by its name.
pub(super) fn is_noisy(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("ovn"))
}

/// The report of two sketches with noise; `None` if the request has none.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for one beside anything else, [`ErrorKind::Usage`] for a question that only other sketches
/// answer, [`ErrorKind::Input`] for a corrupt file.
pub(super) fn estimate(request: &SketchRequest) -> Result<Option<EstimateReport>> {
    let sides = &request.sources.sides;
    let mut files = sides.iter().flat_map(|side| &side.files);
    let Some(first) = files.find(|path| is_noisy(path)) else {
        return Ok(None);
    };
    let [a, b] = &sides[..] else {
        return Err(mixed(first));
    };
    let (Some(of_a), Some(of_b)) = (only_noisy(a), only_noisy(b)) else {
        return Err(mixed(first));
    };
    ensure_plain(request)?;
    let (grid_a, grid_b) = (read(of_a)?, read(of_b)?);
    let counts = grid_counts(&grid_a, &grid_b).map_err(|e| e.with("file", of_b.display()))?;
    let pair = estimate_grids(&counts, request.confidence);
    let side = |side: &Side, grid: &NoisyGrid, users: Estimate| SideReport {
        files: 1,
        ..SideReport::of_sketch(&side.name, grid.domain(), grid.profile(), users)
    };
    let noise = |side: &Side, grid: &NoisyGrid| Warning::Noisy {
        side: side.name.clone(),
        millionths: grid.epsilon_millionths(),
    };
    let method = Method::Sketch {
        precision: Some(counts.precision),
        k: None,
        joint: true,
    };
    let sides = [side(a, &grid_a, pair.a), side(b, &grid_b, pair.b)];
    let mut report = EstimateReport::of_pair(method, request.confidence, sides, pair);
    report.warnings = vec![noise(a, &grid_a), noise(b, &grid_b)];
    // Its way out, a larger k, is none here.
    let others = result_warnings(&report).into_iter();
    let others = others.filter(|warning| !matches!(warning, Warning::NotResolvable { .. }));
    let others: Vec<Warning> = others.collect();
    report.warnings.extend(others);
    Ok(Some(report))
}

/// Merges sketches with noise into one of all their users; `None` if the request has none of them.
///
/// # Errors
/// [`ErrorKind::Incomparable`] for one beside anything else and for sketches that can't be merged, [`ErrorKind::Usage`] for an
/// output of another name and if nothing but noise is left, [`ErrorKind::Output`] if it can't be written.
pub fn merge_noisy(request: &StoreRequest) -> Result<Option<NoisyReport>> {
    let output = &request.output;
    let files = request.sources.sides.iter().flat_map(|side| &side.files);
    let files: Vec<PathBuf> = files.cloned().collect();
    let Some(first) = files.iter().find(|path| is_noisy(path)) else {
        return Ok(None);
    };
    if files.len() < 2 || !files.iter().all(|path| is_noisy(path)) {
        let error = Error::new(
            ErrorKind::Incomparable,
            "a sketch with noise, which is merged with other such sketches and nothing else",
        );
        return Err(error
            .with("file", first.display())
            .hint("name two or more sketches with noise"));
    }
    if !is_noisy(output) {
        return Err(
            Error::usage("sketches with noise are merged into such a sketch")
                .with("file", output.display())
                .hint("name an output that ends in .ovn"),
        );
    }
    if !request.division.by.is_empty() {
        return Err(Error::usage("sketches with noise have no segments")
            .hint(["leave out ".into(), Setting::By.into()]));
    }
    ensure_no_input(output, &files)?;
    let mut random = seeded()?;
    let mut whole = read(&files[0])?;
    for path in &files[1..] {
        let merged = whole.merge(&read(path)?, &mut || random.number());
        whole = merged.map_err(|e| e.with("file", path.display()))?;
    }
    let bytes = encode_grid(&whole);
    write_bytes(output, &bytes)?;
    Ok(Some(NoisyReport {
        file: output.display().to_string(),
        bytes: bytes.len() as u64,
        epsilon: whole.epsilon(),
        precision: whole.grid().precision(),
        tally: None,
        merged: files.len(),
        left: None,
        sources: Vec::new(),
        warnings: Vec::new(),
    }))
}

fn only_noisy(side: &Side) -> Option<&PathBuf> {
    match &side.files[..] {
        [path] if is_noisy(path) => Some(path),
        _ => None,
    }
}

fn mixed(path: &Path) -> Error {
    Error::new(
        ErrorKind::Incomparable,
        "a sketch with noise, which is compared with one other such sketch and nothing else",
    )
    .with("file", path.display())
    .hint("name two sketches with noise, one for each side")
}

pub(super) fn read(path: &Path) -> Result<NoisyGrid> {
    /// A grid of 2^22 buckets has 12 MiB.
    const BYTES_MAX: u64 = 1 << 24;
    let bytes = scan::read_bytes(path, BYTES_MAX)?;
    decode_grid(&bytes).map_err(|e| e.with("file", path.display()))
}

/// Questions that need a sample or rows are refused.
fn ensure_plain(request: &SketchRequest) -> Result<()> {
    let asked = [
        (!request.formulas.is_empty(), Setting::Expr),
        (request.frequency, Setting::Frequency),
        (request.break_even.is_some(), Setting::BreakEven),
        (!request.division.by.is_empty(), Setting::By),
        (request.unique != Unique::None, Setting::Unique),
        (request.sources.key.is_some(), Setting::KeyFile),
    ];
    match asked.into_iter().find(|(is_asked, _)| *is_asked) {
        None => Ok(()),
        Some((_, setting)) => {
            Err(
                Error::usage(["sketches with noise don't answer ".into(), setting.into()])
                    .hint("leave it out, or use sketches without noise"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimate::Confidence;
    use crate::id::{IdBatch, IdSink, Profile};
    use crate::private::Random;
    use std::ops::Range;

    fn noisy(users: Range<i64>, precision: u8, millionths: u64, random: &mut Random) -> NoisyGrid {
        let mut sketcher = GridSketcher::new(precision, None).expect("a precision");
        let ids: Vec<i64> = users.collect();
        sketcher.push(IdBatch::Integers(&ids)).expect("pushes");
        sketcher.finish(Profile::default(), millionths, &mut || random.number())
    }

    /// IDs through the hash, the grid and the noise: of 200 intervals 190 are expected to hold the truth, within
    /// three standard deviations; sets with about as many users as there are buckets, whose fixed size counts.
    #[test]
    fn intervals_of_hashed_users_hold_the_truth() {
        let mut random = Random::new([7; 32]);
        for (precision, millionths, users, overlap) in [
            (12, 6_000_000, 6_000, 3_000),
            (10, 3_000_000, 20_000, 12_000),
        ] {
            let (mut held, mut held_a) = (0, 0);
            for trial in 0..200 {
                let begin = trial * 100_000;
                let a = noisy(begin..begin + users, precision, millionths, &mut random);
                let second = begin + users - overlap;
                let b = noisy(second..second + users, precision, millionths, &mut random);
                let counts = grid_counts(&a, &b).expect("comparable");
                let pair = estimate_grids(&counts, Confidence::default());
                let holds = |number: Estimate, truth: i64| {
                    u32::from((number.lower..=number.upper).contains(&(truth as f64)))
                };
                held += holds(pair.overlap, overlap);
                held_a += holds(pair.a, users);
            }
            assert!(
                (181..=199).contains(&held),
                "2^{precision}: {held} of 200 overlaps"
            );
            assert!(
                (181..=199).contains(&held_a),
                "2^{precision}: {held_a} of 200 sizes"
            );
        }
    }
}
