//! Sketch files for a partner: keyed, without small segments, with a policy.

use super::limits::now_micros;
use super::request::Sources;
use super::store::StoreRequest;
use crate::compare::set_counts;
use crate::error::{Error, ErrorKind, Result, Setting};
use crate::estimate::{Confidence, estimate_set};
use crate::format::{FileNotes, SketchTable};
use crate::policy::{Day, Policy};
use crate::segments::Segments;
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;

/// What can be refused before anything is read.
pub(super) fn check(policy: &Policy, sources: &Sources) -> Result<()> {
    policy.check()?;
    if sources.key.is_none() {
        return Err(Error::new(
            ErrorKind::Refused,
            "a sketch for exchange without a key, in which everybody could look for IDs",
        )
        .hint([
            "share a key with the partner (overlap key new) and name it with ".into(),
            Setting::KeyFile.into(),
        ]));
    }
    let today = Day::of_micros(now_micros());
    match policy.valid_until {
        Some(last) if today > last => Err(Error::usage(format!(
            "the sketch would be valid until {last}, and today is {today}"
        ))
        .hint("name a day to come")),
        _ => Ok(()),
    }
}

/// The table without segments of too few users and without its record of rows; the policy says how many are left out.
pub(super) fn reduced(table: SketchTable, policy: &Policy) -> Result<(SketchTable, Policy)> {
    let is_large = |sketch| {
        let users = estimate_set(&set_counts(sketch), Confidence::default());
        users.value >= policy.min_users as f64
    };
    let kept: Vec<bool> = table.values().iter().map(is_large).collect();
    let left_out = kept.iter().filter(|&&kept| !kept).count();
    if left_out == kept.len() {
        let what = match &table.names()[..] {
            [] => "the sketch has".to_owned(),
            _ => format!("all {left_out} segments have"),
        };
        return Err(Error::new(
            ErrorKind::Refused,
            format!("{what} fewer than {} users", policy.min_users),
        )
        .hint("divide by fewer columns, or lower the least number of users of the policy"));
    }
    let columns = filter_record_batch(table.columns(), &BooleanArray::from(kept.clone()))
        .map_err(|e| Error::new(ErrorKind::Internal, e.to_string()))?;
    let sketches = table.into_values().into_iter().zip(kept);
    let sketches = sketches
        .filter(|(_, kept)| *kept)
        .map(|(sketch, _)| sketch.without_tally());
    let fields = columns.schema().fields().to_vec();
    let table = Segments::new(fields, columns.columns().to_vec(), sketches.collect())?;
    let policy = Policy {
        left_out: left_out as u64,
        ..policy.clone()
    };
    Ok((table, policy))
}

/// What is written, and the notes beside it: all of it, or what is for exchange.
pub(super) fn noted(
    table: SketchTable,
    filter: Option<String>,
    request: &StoreRequest,
) -> Result<(SketchTable, FileNotes)> {
    let key = request.sources.key.clone();
    let Some(policy) = &request.exchange else {
        let policy = None;
        return Ok((
            table,
            FileNotes {
                filter,
                key,
                policy,
            },
        ));
    };
    let (table, policy) = reduced(table, policy)?;
    let notes = FileNotes {
        filter: None,
        key,
        policy: Some(policy),
    };
    Ok((table, notes))
}

/// After its last day nothing is said of a sketch.
pub(super) fn ensure_not_over(policy: &Policy) -> Result<()> {
    let today = Day::of_micros(now_micros());
    match policy.valid_until.filter(|_| policy.is_over(today)) {
        None => Ok(()),
        Some(last) => Err(Error::new(
            ErrorKind::Refused,
            format!("its policy allowed questions until {last}"),
        )
        .hint("ask its owner for a new sketch")),
    }
}

/// The error of questions that no policy allows.
pub(super) fn refused_by_policy() -> Error {
    Error::new(
        ErrorKind::Refused,
        "a sketch for exchange, whose policy allows estimates, regions and a matrix only",
    )
    .hint("ask overlap estimate, overlap regions or overlap matrix, or ask the sketch's owner")
}
