//! Files.

use crate::errors::{keyword, raise};
use crate::options;
use crate::table::SketchTable;
use crate::work;
use overlap::{AsOf, IdSelection, ReadLimits, Side, Sources, TextOptions};
use pyo3::prelude::*;
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
    let table = work::wait(py, move |progress| {
        let mut sources = Sources::new(&paths)?;
        let mut side = Side::new("side".into(), Vec::new());
        for part in sources.sides.drain(..) {
            side.extend(part);
        }
        sources.sides = vec![side];
        sources.key = key;
        sources.id = IdSelection {
            column: id,
            cast,
            limits,
            as_they_lie: files,
            as_of,
            format,
            text,
            ..IdSelection::default()
        };
        if let Some(rules) = &normalize {
            sources.id.normalize(rules)?;
        }
        if let Some(region) = &region {
            sources.id.region(region)?;
        }
        if let Some(digest) = &digest {
            sources.id.digest(digest)?;
        }
        if let Some(digest) = &digested {
            sources.id.digested(digest)?;
        }
        if let Some(condition) = &r#where {
            sources.filter_all(condition)?;
        }
        sources.threads = threads.unwrap_or(sources.threads).max(1);
        let (tables, sources) =
            overlap::sketch_with_sources(&sources, &division, options, progress)?;
        let no_side = || overlap::Error::new(overlap::ErrorKind::Internal, "no side");
        tables.into_iter().zip(sources).next().ok_or_else(no_side)
    });
    table.map(|(table, source)| SketchTable(table, Some(Arc::new(source))))
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
        let mut all = Vec::new();
        for (name, paths) in sides {
            let mut side = Side::new(name, Vec::new());
            for part in Side::from_arguments(&paths)? {
                side.extend(part);
            }
            all.push(side);
        }
        let mut sources = Sources::new(&first)?;
        sources.sides = all;
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
