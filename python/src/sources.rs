//! Files.

use crate::errors::raise;
use crate::options;
use crate::sketch::SketchTable;
use overlap::{IdSelection, Progress, Side, Silent, Sources};
use pyo3::prelude::*;
use std::path::PathBuf;

/// Sketches the rows of files, folders and globs as one side, as the command line does.
#[pyfunction]
#[pyo3(signature = (paths, id=None, by=Vec::new(), *, precision=16, k=65_536, hash="xxh3", cast=None, max_segments=10_000, threads=None))]
#[allow(clippy::too_many_arguments)] // keyword arguments
pub(crate) fn sketch_paths(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    id: Option<String>,
    by: Vec<String>,
    precision: u8,
    k: usize,
    hash: &str,
    cast: Option<&str>,
    max_segments: usize,
    threads: Option<usize>,
) -> PyResult<SketchTable> {
    let options = options::sketch_options(precision, k, hash)?;
    let division = options::division(by, max_segments);
    let cast = options::cast(cast)?;
    let run = || -> overlap::Result<overlap::format::SketchTable> {
        let mut sources = Sources::new(&paths)?;
        let files = sources.sides.drain(..).flat_map(|side| side.files);
        let side = Side {
            name: "side".into(),
            files: files.collect(),
        };
        sources.sides = vec![side];
        sources.id = IdSelection {
            column: id,
            cast,
            ..IdSelection::default()
        };
        sources.threads = threads.unwrap_or(sources.threads).max(1);
        let progress: &dyn Progress = &Silent;
        let tables = overlap::sketch_segments(&sources, &division, options, progress)?;
        let no_side = || overlap::Error::new(overlap::ErrorKind::Internal, "no side");
        tables.into_iter().next().ok_or_else(no_side)
    };
    py.detach(run).map(SketchTable).map_err(|e| raise(&e))
}

/// The sketches of a sketch file.
#[pyfunction]
pub(crate) fn read_sketches(py: Python<'_>, path: PathBuf) -> PyResult<SketchTable> {
    py.detach(|| overlap::read_sketches(&path))
        .map(SketchTable)
        .map_err(|e| raise(&e))
}
