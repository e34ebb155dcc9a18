//! Sketches of streams.

use crate::errors::{InputError, raise};
use crate::options;
use crate::sketch::Sketch;
use crate::table::SketchTable;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_empty_array};
use arrow::datatypes::DataType;
use overlap::BatchSketcher;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::AnyArray;
use std::path::PathBuf;

/// Rows that are hashed before Ctrl-C is looked for: a tenth of a second.
const ROWS_AT_A_TIME: usize = 1 << 22;

/// Sketches of a stream in the making.
///
/// A batch that is refused leaves the sketcher as it was before that batch; but of a batch of more
/// than four million rows, Ctrl-C or one segment too many may leave rows in.
///
/// Args:
///     id: The column of the IDs.
///     by: The segment columns, one name or several. Each combination of their values is a sketch.
///     precision: log2 of the number of registers, 4 to 24.
///     k: How many hashes the sample holds, 16 to 16,777,216.
///     hash: ``"xxh3"``, or ``"murmur3"`` for sketches that Apache DataSketches reads;
///         ``"murmur3-utf16"`` hashes text as Druid's and Hive's HLL sketches do.
///     cast: Brings all IDs into one form: ``"integer"``, ``"string"`` or ``"binary"``.
///     max_segments: More segments than this are refused.
///     normalize: Rules that bring IDs to one form, such as ``"email"``; those that a rule can't read are
///         nulls.
///     digest: Makes a digest of every ID in its form: ``"sha256"``, ``"sha1"`` or ``"md5"``.
///     region: The country of telephone numbers that don't say theirs, such as ``"CN"``.
///     digested: The IDs are such digests already.
///     key_file: The file of a secret key, made by ``overlap key new``, that IDs are hashed with.
///
/// Raises:
///     UsageError: An option is out of range.
///
/// >>> import pyarrow as pa
/// >>> sketcher = Sketcher("uid")
/// >>> sketcher.update(pa.record_batch({"uid": [1, 2, None]})).update(pa.table({"uid": [2, 3]}))
/// <Sketcher of 5 rows>
/// >>> sketcher.finish().users()
/// 3
#[pyclass(module = "overlap._overlap")]
pub(crate) struct Sketcher {
    /// `None` once it is finished.
    sketcher: Option<BatchSketcher>,
    id: String,
    by: Vec<String>,
    /// A cast refuses values, so that it has to see a whole batch before any of it goes in.
    rows_at_a_time: usize,
}

#[pymethods]
impl Sketcher {
    #[new]
    #[pyo3(signature = (id="user_id", by=None, *, precision=16, k=65_536, hash="xxh3", cast=None, max_segments=10_000, normalize=None, region=None, digest=None, digested=None, key_file=None))]
    #[allow(clippy::too_many_arguments)] // keyword arguments
    fn new(
        id: &str,
        by: Option<&Bound<'_, PyAny>>,
        precision: i128,
        k: i128,
        hash: &str,
        cast: Option<&str>,
        max_segments: i128,
        normalize: Option<&str>,
        region: Option<&str>,
        digest: Option<&str>,
        digested: Option<&str>,
        key_file: Option<PathBuf>,
    ) -> PyResult<Self> {
        let options = options::sketch_options(precision, k, hash)?;
        let by = options::columns(by)?;
        let division = options::division(by.clone(), max_segments)?;
        let cast = options::cast(cast)?;
        let normal = options::normal(normalize, region, digest, digested)?;
        // Like a cast, rules have to see a whole batch first.
        let looks_at_all = cast.is_some() || !normal.is_none();
        let sketcher = BatchSketcher::new(id, division, options)
            .with_cast(cast)
            .with_normal(normal)
            .with_key(options::key(key_file.as_deref(), hash)?);
        Ok(Self {
            sketcher: Some(sketcher),
            id: id.to_owned(),
            rows_at_a_time: if looks_at_all {
                usize::MAX
            } else {
                ROWS_AT_A_TIME
            },
            by,
        })
    }

    /// Takes in data.
    ///
    /// Args:
    ///     data: Whatever exports Arrow data: the rows of a batch, table, reader or frame, or (without
    ///         ``by``) the IDs of an array or series. A polars ``LazyFrame``, a pyarrow ``Dataset`` or
    ///         ``Scanner``, and an iterator of any of these are read in batches.
    ///
    /// Returns:
    ///     The sketcher itself, for the next call.
    ///
    /// Raises:
    ///     UsageError: A column is missing.
    ///     InputError: The data can't be read, or its IDs are of a type that can't identify users.
    ///     IncomparableError: The IDs are of another type than those before.
    ///     LimitError: There are more than ``max_segments`` segments.
    ///     ValueError: The sketcher is finished.
    fn update<'py>(
        mut slf: PyRefMut<'py, Self>,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<PyRefMut<'py, Self>> {
        slf.open()?;
        match batches(data, &slf.id, &slf.by)? {
            Some(parts) => {
                for part in parts.try_iter()? {
                    slf.take_in(py, &part?)?;
                }
            }
            None => slf.take_in(py, data)?,
        }
        Ok(slf)
    }

    /// Rows taken in, nulls included.
    #[getter]
    fn rows(&self) -> PyResult<u64> {
        Ok(self.sketcher.as_ref().ok_or_else(spent)?.tally().rows)
    }

    /// Rows whose ID is null.
    #[getter]
    fn nulls(&self) -> PyResult<u64> {
        Ok(self.sketcher.as_ref().ok_or_else(spent)?.tally().nulls)
    }

    /// The segment columns.
    #[getter]
    fn by(&self) -> Vec<String> {
        self.by.clone()
    }

    /// The sketch, or with ``by`` the table of sketches. The sketcher is finished then.
    ///
    /// Returns:
    ///     A `Sketch`, or with ``by`` a `SketchTable`.
    ///
    /// Raises:
    ///     ValueError: The sketcher is finished already.
    fn finish(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let table = self.finish_table()?;
        match self.by.is_empty() {
            true => Ok(Py::new(py, Sketch::only(table.0)?)?.into_any()),
            false => Ok(Py::new(py, table)?.into_any()),
        }
    }

    /// The sketches as a table, without ``by`` a table of one row. The sketcher is finished then.
    ///
    /// Returns:
    ///     A `SketchTable`.
    ///
    /// Raises:
    ///     ValueError: The sketcher is finished already.
    fn finish_table(&mut self) -> PyResult<SketchTable> {
        let sketcher = self.sketcher.take().ok_or_else(spent)?;
        sketcher
            .finish()
            .map(|table| SketchTable(table, None))
            .map_err(|e| raise(&e))
    }

    fn __repr__(&self) -> String {
        match &self.sketcher {
            Some(sketcher) => format!("<Sketcher of {} rows>", sketcher.tally().rows),
            None => "<Sketcher, finished>".into(),
        }
    }
}

impl Sketcher {
    /// The rows or IDs of what exports Arrow data.
    fn take_in(&mut self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let mut reader = arrow_reader(data)?;
        ensure_typed(data, &self.id, &self.by)?;
        let kind = reader.field().data_type().clone();
        let is_rows = matches!(kind, DataType::Struct(_));
        let push = |sketcher: &mut BatchSketcher, rows: &ArrayRef| {
            let pushed = py.detach(|| match is_rows {
                true => push_rows(sketcher, rows),
                false => sketcher.push_ids(rows),
            });
            pushed.map_err(|e| raise(&e))
        };
        let at_a_time = self.rows_at_a_time;
        let mut is_empty = true;
        let sketcher = self.open()?;
        // Readers may call back into Python, but take the interpreter themselves then.
        while let Some(array) = py.detach(|| reader.next()) {
            let array = array.map_err(|e| broken(py, &e.to_string()))?;
            is_empty = false;
            if is_rows && array.null_count() > 0 {
                return Err(InputError::new_err("rows that are null as a whole"));
            }
            for start in (0..array.len().max(1)).step_by(at_a_time) {
                let rows = array.slice(start, at_a_time.min(array.len() - start));
                push(sketcher, &rows)?;
                py.check_signals()?;
            }
        }
        if is_empty {
            // What is wrong with a schema is wrong without rows too.
            push(sketcher, &new_empty_array(&kind))?;
        }
        Ok(())
    }

    fn open(&mut self) -> PyResult<&mut BatchSketcher> {
        self.sketcher.as_mut().ok_or_else(spent)
    }
}

fn push_rows(sketcher: &mut BatchSketcher, rows: &ArrayRef) -> overlap::Result<()> {
    sketcher.push(&RecordBatch::from(rows.as_struct()))
}

/// polars exports columns of Python objects as addresses that look like binary IDs, and columns of
/// no type in a layout of its own.
fn ensure_typed(data: &Bound<'_, PyAny>, id: &str, by: &[String]) -> PyResult<()> {
    let module: String = data.get_type().getattr("__module__")?.extract()?;
    if !module.starts_with("polars.") {
        return Ok(());
    }
    let columns: Vec<(String, String)> = match data.hasattr("dtype")? {
        true => vec![(id.to_owned(), data.getattr("dtype")?.str()?.extract()?)],
        false => {
            let schema = data.call_method0("collect_schema")?;
            let names = std::iter::once(id).chain(by.iter().map(String::as_str));
            let of = |name: &str| match schema.call_method1("get", (name,))? {
                missing if missing.is_none() => Ok(None),
                kind => PyResult::Ok(Some((name.to_owned(), kind.str()?.extract()?))),
            };
            names
                .filter_map(|name| of(name).transpose())
                .collect::<PyResult<_>>()?
        }
    };
    let untyped = columns
        .iter()
        .find(|(_, kind)| kind == "Object" || kind == "Null");
    let Some((name, kind)) = untyped else {
        return Ok(());
    };
    let text = match kind.as_str() {
        "Object" => "holds Python objects, which polars hands on as addresses",
        _ => "has no type",
    };
    Err(InputError::new_err(format!(
        "column {name} {text}: cast it, to pl.Int64 or pl.String say"
    )))
}

/// The parts of data that comes in batches, each of which exports Arrow data.
fn batches<'py>(
    data: &Bound<'py, PyAny>,
    id: &str,
    by: &[String],
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if exports_arrow(data)? && !data.hasattr("__next__")? {
        return Ok(None);
    }
    let columns: Vec<&str> = std::iter::once(id)
        .chain(by.iter().map(String::as_str))
        .collect();
    let module = data.py().import("overlap._batches")?;
    let parts = module.call_method1("batches", (data, columns))?;
    Ok((!parts.is_none()).then_some(parts))
}

fn exports_arrow(data: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(data.hasattr("__arrow_c_stream__")? || data.hasattr("__arrow_c_array__")?)
}

/// The Arrow data of an object, whatever its library.
fn arrow_reader(data: &Bound<'_, PyAny>) -> PyResult<Box<dyn ArrayReader + Send>> {
    let py = data.py();
    let class = data.get_type().name()?;
    if !exports_arrow(data)? {
        let words = py.import("overlap._batches")?;
        let found: String = words.call_method1("a", (data,))?.extract()?;
        let text = format!(
            "{found} offers no Arrow data: pass a table, frame, array or series, such as pyarrow.table(…), or to overlap.sketch a path"
        );
        return Err(InputError::new_err(text));
    }
    let reader = data.extract::<AnyArray>().and_then(AnyArray::into_reader);
    reader.map_err(|e| match e.is_instance_of::<PyException>(py) {
        // What the other library says of its own data: mixed types in a column of objects, say.
        true => {
            let error = InputError::new_err(format!(
                "the {class} can't be read as Arrow data: {}",
                e.value(py)
            ));
            error.set_cause(py, Some(e));
            error
        }
        false => e,
    })
}

/// The error of a reader in mid-stream; Python's own, if it is one, is raised as what it is.
fn broken(py: Python<'_>, text: &str) -> PyErr {
    match PyErr::take(py) {
        Some(error) if !error.is_instance_of::<PyException>(py) => error,
        // pyarrow hands on the exceptions of generators as text.
        _ if text.contains("KeyboardInterrupt") => PyKeyboardInterrupt::new_err(()),
        _ => InputError::new_err(format!("the data broke off: {text}")),
    }
}

fn spent() -> PyErr {
    PyValueError::new_err("the sketcher is finished")
}
