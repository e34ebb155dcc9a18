//! Writes sketches to a file, and reads them.

use super::exchange;
use super::inputs::{self, Division, Inputs};
use super::request::Sources;
use super::spelling::rounded_warning;
use crate::compare::set_counts;
use crate::error::{Error, Result};
use crate::estimate::{Confidence, estimate_set};
use crate::format::{FileNotes, ImageColumns, SketchTable, write_table_with};
use crate::key::Key;
use crate::policy::Policy;
use crate::report::StoreReport;
use crate::scan::{Progress, Side, is_same_file};
use crate::sketch::{Sketch, SketchOptions};
use crate::storage::write_atomically;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A job that ends in a sketch file.
#[derive(Clone, Debug)]
pub struct StoreRequest {
    /// The data and sketches that go into it; all sides become one.
    pub sources: Sources,
    /// The size of sketches of data.
    pub options: SketchOptions,
    /// One sketch, or one for each segment.
    pub division: Division,
    /// The file; never one of the inputs.
    pub output: PathBuf,
    /// The policy that the file gets, if it is for a partner: then it must be keyed, small segments and the
    /// record of rows are left out, and the condition on the rows too.
    pub exchange: Option<Policy>,
}

/// Sketches data, merges it with stored sketches, and writes the result.
///
/// # Errors
/// Those of [`super::sketch_segments`], [`crate::ErrorKind::Usage`] if the output is an input, and
/// [`crate::ErrorKind::Output`] if it can't be written.
pub fn store(request: &StoreRequest, progress: &dyn Progress) -> Result<StoreReport> {
    let mut sources = request.sources.clone();
    sources.check()?;
    let mut side = Side::new(file_name(&request.output), Vec::new());
    for part in sources.sides.drain(..) {
        side.extend(part);
    }
    ensure_no_input(&request.output, &side.files)?;
    if let Some(policy) = &request.exchange {
        exchange::check(policy, &sources)?;
    }
    let side_name = side.name.clone();
    sources.sides = vec![side];
    let inputs = Inputs::open(&sources, request.options)?;
    let mut warnings = super::plan_warnings(&inputs.plan);
    let mut sources_read = super::source_reports(&inputs.plan);
    let nobody = Sketch::empty(inputs.options);
    let has_data = inputs.plan.sides.iter().any(|side| side.file_count() > 0);
    let data = Some(&nobody).filter(|_| has_data);
    let parts: Vec<&Sketch> = inputs.stored().chain(data).collect();
    warnings.extend(super::sketch_warnings_of(&parts));
    let stored = inputs.plan.sides.iter().flat_map(|side| &side.foreign);
    let conditions = stored.map(|path| inputs::told_filter(path));
    let mut conditions = conditions.collect::<Result<Vec<_>>>()?;
    let page_checks = inputs.page_checks();
    let tables = inputs.sketch_by(&request.division, sources.threads, progress)?;
    let Some(table) = tables.into_iter().next() else {
        return Err(Error::usage("no inputs"));
    };
    let pages = page_checks(0);
    super::tell_filters(&mut sources_read, &page_checks);
    warnings.extend(super::nulls_warnings([(&side_name, &pages)]));
    // What is written doesn't tell it any more.
    let spellings = table.values().iter().filter_map(Sketch::spelling);
    warnings.extend(rounded_warning(&side_name, spellings));
    let of_data = sources_read
        .iter()
        .find_map(|source| source.filter.as_ref());
    conditions.extend(has_data.then(|| of_data.map(|filter| filter.condition.clone())));
    let tally = table.values().iter().map(Sketch::tally).sum::<Option<_>>();
    let (table, notes) = exchange::noted(table, condition_of_all(conditions), request)?;
    let bytes = write_sketches_with(&table, &notes, &request.output)?;
    Ok(StoreReport {
        file: request.output.display().to_string(),
        bytes,
        sketches: table.values().len(),
        segment_columns: table.names(),
        tally,
        pages,
        left_out: notes.policy.map(|policy| policy.left_out),
        sources: sources_read,
        warnings,
    })
}

/// What to write into a file whose parts are of the rows that meet these conditions, or of all rows.
fn condition_of_all(mut conditions: Vec<Option<String>>) -> Option<String> {
    let mut seen = BTreeSet::new();
    conditions.retain(|condition| seen.insert(condition.clone()));
    if conditions == [None] {
        return None;
    }
    let of_part = |condition: Option<String>| condition.unwrap_or_else(|| "all rows".to_owned());
    let parts: Vec<String> = conditions.into_iter().map(of_part).collect();
    Some(parts.join(" | ")).filter(|text| !text.is_empty())
}

/// The sketches of a file, by segment.
///
/// # Errors
/// [`crate::ErrorKind::Input`] if it isn't a whole and valid sketch file.
pub fn read_sketches(path: &Path) -> Result<SketchTable> {
    unless_for_exchange(inputs::read_file(path, &ImageColumns::default(), None)?)
        .map_err(|e| e.with("file", path.display()))
}

/// The sketches of a file that were made with a key, and are as somebody with the key wrote them.
///
/// # Errors
/// Those of [`read_sketches`]; [`crate::ErrorKind::Incomparable`] with both fingerprints if they are of
/// another key or of none.
pub fn read_keyed_sketches(path: &Path, key: &Key) -> Result<SketchTable> {
    unless_for_exchange(inputs::read_file(
        path,
        &ImageColumns::default(),
        Some(key),
    )?)
    .map_err(|e| e.with("file", path.display()))
}

/// Sketches that come out of their file can be asked anything.
pub(super) fn unless_for_exchange(
    (table, policy): (SketchTable, Option<Policy>),
) -> Result<SketchTable> {
    match policy {
        None => Ok(table),
        Some(_) => Err(exchange::refused_by_policy()),
    }
}

/// Writes a sketch file, whole or not at all; returns its size in bytes.
///
/// # Errors
/// Those of [`write_sketches_with`].
pub fn write_sketches(table: &SketchTable, path: &Path) -> Result<u64> {
    write_sketches_with(table, &FileNotes::default(), path)
}

/// [`write_sketches`] with notes beside the sketches: the condition on the rows of the data, for people, and
/// the key of keyed sketches, which gives the file its tag.
///
/// # Errors
/// Those of [`crate::format::write_table_with`] with the file.
pub fn write_sketches_with(table: &SketchTable, notes: &FileNotes, path: &Path) -> Result<u64> {
    let users = |sketch: &Sketch| estimate_set(&set_counts(sketch), Confidence::default()).value;
    let users = table.values().iter().map(users);
    let users: Vec<f64> = match &notes.policy {
        None => users.collect(),
        Some(policy) => users.map(|users| policy.rounded(users)).collect(),
    };
    write_atomically(path, |out| write_table_with(table, &users, notes, out))
        .map_err(|e| e.with("file", path.display()))
}

/// Data that took an hour to export is gone in a second.
pub(super) fn ensure_no_input(output: &Path, inputs: &[PathBuf]) -> Result<()> {
    let is_output = |input: &&PathBuf| is_same_file(input, output);
    match inputs.iter().find(is_output) {
        None => Ok(()),
        Some(_) => Err(Error::usage("is an input and an output")
            .with("file", output.display())
            .hint("write to another file")),
    }
}

/// The name of a file without its extension.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_stem().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
