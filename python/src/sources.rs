//! Files.

use crate::errors::{UsageError, keyword, raise};
use crate::options;
use crate::questions::numbers_of;
use crate::table::SketchTable;
use crate::work;
use overlap::{
    AsOf, IdSelection, Key, ReadLimits, Side, SketchOptions, SketchRequest, Sources, TextOptions,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::Arc;

/// Sketches the rows of files, folders and globs as one side, as the command line does.
#[pyfunction]
#[pyo3(signature = (paths, id=None, by=None, *, precision=16, k=65_536, hash="xxh3", cast=None, max_segments=10_000, threads=None, max_page=None, max_ratio=None, max_value=None, require_checksums=false, files=false, as_of=None, input_format=None, delimiter=None, no_header=false, null=None, r#where=None, normalize=None, region=None, digest=None, digested=None, key_file=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn sketch_paths(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    id: Option<String>,
    by: Option<&Bound<'_, PyAny>>,
    precision: i128,
    k: i128,
    hash: &str,
    cast: Option<&str>,
    max_segments: i128,
    threads: Option<i128>,
    max_page: Option<i128>,
    max_ratio: Option<i128>,
    max_value: Option<i128>,
    require_checksums: bool,
    files: bool,
    as_of: Option<&str>,
    input_format: Option<&str>,
    delimiter: Option<&str>,
    no_header: bool,
    null: Option<Vec<String>>,
    r#where: Option<String>,
    normalize: Option<String>,
    region: Option<String>,
    digest: Option<String>,
    digested: Option<String>,
    key_file: Option<PathBuf>,
) -> PyResult<SketchTable> {
    let key = options::key(key_file.as_deref(), hash)?;
    let options = options::sketch_options(precision, k, hash)?;
    let division = options::division(options::columns(by)?, max_segments)?;
    let cast = options::cast(cast)?;
    let usual = ReadLimits::default();
    let limits = ReadLimits {
        page_bytes_max: options::count("max_page", max_page)?.unwrap_or(usual.page_bytes_max),
        ratio_max: options::count("max_ratio", max_ratio)?.unwrap_or(usual.ratio_max),
        value_bytes_max: options::count("max_value", max_value)?.unwrap_or(usual.value_bytes_max),
        require_checksums,
    };
    let as_of = as_of.map(AsOf::parse).transpose().map_err(|e| raise(&e))?;
    let format = options::input_format(input_format)?;
    let text = TextOptions {
        delimiter: options::delimiter(delimiter)?,
        no_header,
        nulls: null.unwrap_or_default(),
        ..TextOptions::default()
    };
    let threads: Option<usize> = options::count("threads", threads)?;
    let reading = Reading {
        id: IdSelection {
            column: id,
            cast,
            limits,
            as_they_lie: files,
            as_of,
            format,
            text,
            ..IdSelection::default()
        },
        normalize,
        region,
        digest,
        digested,
        condition: r#where,
        threads,
        key,
    };
    let table = work::wait(py, move |progress| {
        let sources = reading.sources(vec![("side".into(), paths)])?;
        let (tables, sources) =
            overlap::sketch_with_sources(&sources, &division, options, progress)?;
        let no_side = || overlap::Error::new(overlap::ErrorKind::Internal, "no side");
        tables.into_iter().zip(sources).next().ok_or_else(no_side)
    });
    table.map(|(table, source)| SketchTable(table, Some(Arc::new(source))))
}

/// How files are read.
#[derive(Default)]
pub(crate) struct Reading {
    id: IdSelection,
    normalize: Option<String>,
    region: Option<String>,
    digest: Option<String>,
    digested: Option<String>,
    condition: Option<String>,
    threads: Option<usize>,
    key: Option<Key>,
}

impl Reading {
    /// What most questions let people say.
    pub(crate) fn usual(
        id: Option<String>,
        cast: Option<&str>,
        condition: Option<String>,
        normalize: Option<String>,
        digest: Option<String>,
        threads: Option<i128>,
    ) -> PyResult<Self> {
        Ok(Self {
            id: IdSelection {
                column: id,
                cast: options::cast(cast)?,
                ..IdSelection::default()
            },
            normalize,
            digest,
            condition,
            threads: options::count("threads", threads)?,
            ..Self::default()
        })
    }

    /// The files of some sides, each of a name and paths, to be read so.
    fn sources(self, sides: Vec<(String, Vec<PathBuf>)>) -> overlap::Result<Sources> {
        let first = sides.first().map(|(_, paths)| paths.clone());
        let mut sources = Sources::new(&first.unwrap_or_default())?;
        sources.sides = sides_of(sides)?;
        self.of(sources)
    }

    /// The same of sources that are known.
    pub(crate) fn of(self, mut sources: Sources) -> overlap::Result<Sources> {
        sources.key = self.key;
        sources.id = self.id;
        if let Some(rules) = &self.normalize {
            sources.id.normalize(rules)?;
        }
        if let Some(region) = &self.region {
            sources.id.region(region)?;
        }
        if let Some(digest) = &self.digest {
            sources.id.digest(digest)?;
        }
        if let Some(digest) = &self.digested {
            sources.id.digested(digest)?;
        }
        if let Some(condition) = &self.condition {
            sources.filter_all(condition)?;
        }
        sources.threads = self.threads.unwrap_or(sources.threads).max(1);
        Ok(sources)
    }
}

/// Sides of a name and paths each, whatever files the paths mean.
fn sides_of(sides: Vec<(String, Vec<PathBuf>)>) -> overlap::Result<Vec<Side>> {
    let side = |(name, paths): (String, Vec<PathBuf>)| {
        let mut side = Side::new(name, Vec::new());
        for part in Side::from_arguments(&paths)? {
            side.extend(part);
        }
        Ok(side)
    };
    sides.into_iter().map(side).collect()
}

/// Everything about two sides of files, as `overlap estimate` has it: with a larger sample than sketches
/// that are stored, unless `precision` or `k` says otherwise.
#[pyfunction]
#[pyo3(signature = (a, b, confidence=0.95, *, id=None, precision=None, k=None, cast=None, r#where=None, normalize=None, digest=None, threads=None, key_file=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn estimate_paths<'py>(
    py: Python<'py>,
    a: Vec<PathBuf>,
    b: Vec<PathBuf>,
    confidence: f64,
    id: Option<String>,
    precision: Option<i128>,
    k: Option<i128>,
    cast: Option<&str>,
    r#where: Option<String>,
    normalize: Option<String>,
    digest: Option<String>,
    threads: Option<i128>,
    key_file: Option<PathBuf>,
) -> PyResult<Bound<'py, PyDict>> {
    let usual = SketchOptions::default();
    let precision = precision.unwrap_or_else(|| usual.precision().get().into());
    let size = options::sketch_options(precision, k.unwrap_or(usual.k() as i128), "xxh3")?;
    let confidence = options::confidence(confidence)?;
    let reading = Reading {
        key: options::key(key_file.as_deref(), "xxh3")?,
        ..Reading::usual(id, cast, r#where, normalize, digest, threads)?
    };
    let report = work::wait(py, move |progress| {
        let sources = reading.sources(vec![("a".into(), a), ("b".into(), b)])?;
        let request = SketchRequest {
            confidence,
            options: match k {
                None => size.at_hand(),
                Some(_) => size,
            },
            ..SketchRequest::new(sources)
        };
        overlap::estimate(&request, progress)
    })?;
    let no_pair = || UsageError::new_err("two sides have one pair");
    let pair = report.pairs.first().ok_or_else(no_pair)?;
    numbers_of(py, &pair.estimate)
}

/// How the IDs of some sides are written, as the JSON of `overlap diagnose`; each side has a name and paths.
#[pyfunction]
#[pyo3(signature = (sides, id=None, confidence=0.95, threads=None, show_values=false))]
pub(crate) fn diagnose_paths(
    py: Python<'_>,
    sides: Vec<(String, Vec<PathBuf>)>,
    id: Option<String>,
    confidence: f64,
    threads: Option<i128>,
    show_values: bool,
) -> PyResult<String> {
    let confidence = options::confidence(confidence)?;
    let threads: Option<usize> = options::count("threads", threads)?;
    let report = work::wait(py, move |progress| {
        let first = sides.first().map(|(_, paths)| paths.clone());
        let first = first.unwrap_or_default();
        let mut sources = Sources::new(&first)?;
        sources.sides = sides_of(sides)?;
        sources.id.column = id;
        sources.threads = threads.unwrap_or(sources.threads).max(1);
        let request = overlap::DiagnoseRequest {
            sources,
            confidence,
            show_values,
        };
        overlap::diagnose(&request, progress)
    })?;
    Ok(report.render(overlap::report::Format::Json, &keyword))
}

/// The files that paths, folders and patterns mean; of Delta and Iceberg tables the live ones.
#[pyfunction]
pub(crate) fn list_files(paths: Vec<PathBuf>) -> PyResult<Vec<PathBuf>> {
    let sources = Sources::new(&paths).map_err(|e| raise(&e))?;
    let mut files = Vec::new();
    for side in &sources.sides {
        files.extend(overlap::live_files(side).map_err(|e| raise(&e))?);
    }
    Ok(files)
}

/// Sets options of object stores for the whole process.
#[pyfunction]
pub(crate) fn set_store_options(options: Vec<(String, String)>) -> PyResult<()> {
    overlap::set_store_options(&options).map_err(|e| raise(&e))
}

/// The sketches of a file: a sketch table, or a ``.theta`` or ``.hll`` image of DataSketches; with a key only such as
/// were made with it.
#[pyfunction]
#[pyo3(signature = (path, key_file=None))]
pub(crate) fn read_sketches(
    py: Python<'_>,
    path: PathBuf,
    key_file: Option<PathBuf>,
) -> PyResult<SketchTable> {
    let key = options::key(key_file.as_deref(), "xxh3")?;
    let table = work::wait(py, move |_| match key {
        Some(key) => overlap::read_keyed_sketches(&path, &key),
        None => overlap::read_sketches(&path),
    });
    table.map(|table| SketchTable(table, None))
}
