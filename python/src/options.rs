//! Options as keyword arguments.

use crate::errors::{UsageError, raise};
use overlap::id::IdDomain;
use overlap::{Confidence, Division, HashScheme, SketchOptions};
use pyo3::prelude::*;

/// A column, or several.
#[derive(FromPyObject)]
pub(crate) enum Columns {
    One(String),
    Many(Vec<String>),
}

impl Columns {
    /// Their names; none, if there are none.
    pub(crate) fn of(columns: Option<Self>) -> Vec<String> {
        match columns {
            None => Vec::new(),
            Some(Self::One(name)) => vec![name],
            Some(Self::Many(names)) => names,
        }
    }
}

/// The size and hash of sketches.
pub(crate) fn sketch_options(precision: u8, k: usize, hash: &str) -> PyResult<SketchOptions> {
    let hash = HashScheme::ALL
        .into_iter()
        .find(|known| known.name() == hash);
    let hash = hash.ok_or_else(|| UsageError::new_err("hash must be 'xxh3' or 'murmur3'"))?;
    let options = SketchOptions::new(precision, k).map_err(|e| raise(&e))?;
    Ok(options.with_hash(hash))
}

/// The form into which IDs are brought.
pub(crate) fn cast(cast: Option<&str>) -> PyResult<Option<IdDomain>> {
    match cast {
        None => Ok(None),
        Some("integer") => Ok(Some(IdDomain::Integer)),
        Some("string") => Ok(Some(IdDomain::Text)),
        Some("binary") => Ok(Some(IdDomain::Binary)),
        Some(_) => Err(UsageError::new_err(
            "cast must be 'integer', 'string' or 'binary'",
        )),
    }
}

/// A level such as 0.95.
pub(crate) fn confidence(level: f64) -> PyResult<Confidence> {
    Confidence::new(level)
        .ok_or_else(|| UsageError::new_err("confidence must be more than 0.5 and less than 1"))
}

/// The segment columns.
pub(crate) fn division(by: Vec<String>, segments_max: usize) -> Division {
    Division { by, segments_max }
}
