//! Options as keyword arguments.

use crate::errors::{UsageError, raise};
use overlap::id::{Digest, IdDomain, Normal, Region, Rule};
use overlap::{
    Confidence, Delimiter, Division, HashScheme, InputFormat, Key, Precision, SketchOptions,
};
use pyo3::prelude::*;
use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::Path;

const COUNT: &str = "0 or more, in 64 bits";

/// The names of a column or of several; none, if there are none.
pub(crate) fn columns(by: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let Some(by) = by else {
        return Ok(Vec::new());
    };
    if let Ok(name) = by.extract() {
        return Ok(vec![name]);
    }
    let names = by.try_iter().and_then(|names| {
        names
            .map(|name| name?.extract())
            .collect::<PyResult<Vec<String>>>()
    });
    let mut names = names.map_err(|_| {
        let class = by.get_type();
        UsageError::new_err(format!(
            "by must be the name of a column or several names, not {class}"
        ))
    })?;
    let mut known = HashSet::new();
    names.retain(|name| known.insert(name.clone()));
    Ok(names)
}

/// A number that is an option.
pub(crate) fn number<T: TryFrom<i128>>(name: &str, found: i128, range: &str) -> PyResult<T> {
    T::try_from(found)
        .map_err(|_| UsageError::new_err(format!("{name} is {found}, but must be {range}")))
}

fn between<T: std::fmt::Display>(range: &RangeInclusive<T>) -> String {
    format!("{} to {}", range.start(), range.end())
}

/// A number that is an option for files.
pub(crate) fn count<T: TryFrom<i128>>(name: &str, found: Option<i128>) -> PyResult<Option<T>> {
    found.map(|found| number(name, found, COUNT)).transpose()
}

/// The size and hash of sketches.
pub(crate) fn sketch_options(precision: i128, k: i128, hash: &str) -> PyResult<SketchOptions> {
    let hash = HashScheme::ALL
        .into_iter()
        .find(|known| known.name() == hash);
    let hash = hash
        .ok_or_else(|| UsageError::new_err("hash must be 'xxh3', 'murmur3' or 'murmur3-utf16'"))?;
    let precision = number("precision", precision, &between(&Precision::RANGE))?;
    let k = number("k", k, &between(&SketchOptions::K_RANGE))?;
    let options = SketchOptions::new(precision, k).map_err(|e| raise(&e))?;
    Ok(options.with_hash(hash))
}

/// The secret key in a file. A key excludes every hash but the usual one.
pub(crate) fn key(file: Option<&Path>, hash: &str) -> PyResult<Option<Key>> {
    match file {
        None => Ok(None),
        Some(_) if hash != "xxh3" => Err(UsageError::new_err(
            "key_file and hash exclude each other: a key has a hash of its own",
        )),
        Some(file) => overlap::read_key(file).map(Some).map_err(|e| raise(&e)),
    }
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

/// How IDs come to one form.
pub(crate) fn normal(
    normalize: Option<&str>,
    region: Option<&str>,
    digest: Option<&str>,
    digested: Option<&str>,
) -> PyResult<Normal> {
    let rules = normalize.map(Rule::parse_all).transpose();
    let rules = rules.map_err(|e| raise(&e))?.unwrap_or_default();
    let parse = |name: Option<&str>| name.map(Digest::parse).transpose().map_err(|e| raise(&e));
    let normal = match (parse(digest)?, parse(digested)?) {
        (Some(_), Some(_)) => {
            return Err(UsageError::new_err(
                "digest and digested exclude each other",
            ));
        }
        (digest, None) => Normal::new(rules, digest),
        (None, Some(digested)) => Normal::digested(rules, digested),
    };
    let normal = match region {
        Some(region) => normal.and_then(|normal| normal.in_region(Region::parse(region)?)),
        None => normal,
    };
    normal.map_err(|e| raise(&e))
}

/// The format of all data files.
pub(crate) fn input_format(format: Option<&str>) -> PyResult<Option<InputFormat>> {
    match format {
        None => Ok(None),
        Some("parquet") => Ok(Some(InputFormat::Parquet)),
        Some("csv") => Ok(Some(InputFormat::Delimited)),
        Some("json") => Ok(Some(InputFormat::JsonLines)),
        Some("arrow") => Ok(Some(InputFormat::Arrow)),
        Some(_) => Err(UsageError::new_err(
            "input_format must be 'parquet', 'csv', 'json' or 'arrow'",
        )),
    }
}

/// What separates the fields of delimited text.
pub(crate) fn delimiter(delimiter: Option<&str>) -> PyResult<Option<Delimiter>> {
    let parse = |text| {
        Delimiter::parse(text).ok_or_else(|| {
            UsageError::new_err(
                "delimiter must be one character, or 'comma', 'semicolon', 'tab', 'pipe', 'space' or 'none'",
            )
        })
    };
    delimiter.map(parse).transpose()
}

/// A level such as 0.95.
pub(crate) fn confidence(level: f64) -> PyResult<Confidence> {
    Confidence::new(level)
        .ok_or_else(|| UsageError::new_err("confidence must be more than 0.5 and less than 1"))
}

/// The segment columns.
pub(crate) fn division(by: Vec<String>, segments_max: i128) -> PyResult<Division> {
    let segments_max = number("max_segments", segments_max, COUNT)?;
    Ok(Division { by, segments_max })
}
