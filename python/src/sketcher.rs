//! Sketches of streams.

use crate::errors::{InputError, raise};
use crate::options;
use crate::sketch::Sketch;
use crate::table::SketchTable;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use overlap::BatchSketcher;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::AnyArray;

/// Rows that are hashed before Ctrl-C is looked for: a tenth of a second.
const ROWS_AT_A_TIME: usize = 1 << 22;

/// Sketches of a stream in the making.
///
/// ``id`` is the column of the IDs, ``by`` a column or columns whose values are sketched apart;
/// ``precision``, ``k``, ``hash``, ``cast`` and ``max_segments`` are the command line's
/// ``--precision``, ``--k``, ``--hash``, ``--as`` and ``--max-segments``. A batch that is refused
/// leaves the sketcher as it was before that batch.
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
    by: Vec<String>,
}

#[pymethods]
impl Sketcher {
    #[new]
    #[pyo3(signature = (id="user_id", by=None, *, precision=16, k=65_536, hash="xxh3", cast=None, max_segments=10_000))]
    fn new(
        id: &str,
        by: Option<options::Columns>,
        precision: u8,
        k: usize,
        hash: &str,
        cast: Option<&str>,
        max_segments: usize,
    ) -> PyResult<Self> {
        let options = options::sketch_options(precision, k, hash)?;
        let by = options::Columns::of(by);
        let division = options::division(by.clone(), max_segments);
        let sketcher = BatchSketcher::new(id, division, options).with_cast(options::cast(cast)?);
        Ok(Self {
            sketcher: Some(sketcher),
            by,
        })
    }

    /// Takes in whatever exports Arrow data: the rows of a batch, table, reader or frame, or (without
    /// ``by``) the IDs of an array or series.
    fn update<'py>(
        mut slf: PyRefMut<'py, Self>,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<PyRefMut<'py, Self>> {
        let mut reader = arrow_reader(data)?;
        let is_rows = matches!(reader.field().data_type(), DataType::Struct(_));
        let sketcher = slf.open()?;
        // Readers may call back into Python, but take the interpreter themselves then.
        while let Some(array) = py.detach(|| reader.next()) {
            let array = array.map_err(|e| broken(py, e.to_string()))?;
            for start in (0..array.len().max(1)).step_by(ROWS_AT_A_TIME) {
                let rows = array.slice(start, ROWS_AT_A_TIME.min(array.len() - start));
                let pushed = py.detach(|| match is_rows {
                    true => push_rows(sketcher, &rows),
                    false => sketcher.push_ids(&rows),
                });
                pushed.map_err(|e| raise(&e))?;
                py.check_signals()?;
            }
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

    /// The sketch, or with ``by`` the table of sketches; the sketcher is then spent.
    fn finish(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let table = self.finish_table()?;
        match self.by.is_empty() {
            true => Ok(Py::new(py, Sketch::only(table.0)?)?.into_any()),
            false => Ok(Py::new(py, table)?.into_any()),
        }
    }

    /// The sketches as a table, be it of one row; the sketcher is then spent.
    fn finish_table(&mut self) -> PyResult<SketchTable> {
        let sketcher = self.sketcher.take().ok_or_else(spent)?;
        sketcher.finish().map(SketchTable).map_err(|e| raise(&e))
    }

    fn __repr__(&self) -> String {
        match &self.sketcher {
            Some(sketcher) => format!("<Sketcher of {} rows>", sketcher.tally().rows),
            None => "<Sketcher, finished>".into(),
        }
    }
}

impl Sketcher {
    fn open(&mut self) -> PyResult<&mut BatchSketcher> {
        self.sketcher.as_mut().ok_or_else(spent)
    }
}

fn push_rows(sketcher: &mut BatchSketcher, rows: &ArrayRef) -> overlap::Result<()> {
    let rows = rows.as_struct();
    if rows.null_count() > 0 {
        let text = "rows that are null as a whole";
        return Err(overlap::Error::new(overlap::ErrorKind::Input, text));
    }
    sketcher.push(&RecordBatch::from(rows))
}

/// The Arrow data of an object, whatever its library.
fn arrow_reader(data: &Bound<'_, PyAny>) -> PyResult<Box<dyn ArrayReader + Send>> {
    let py = data.py();
    let class = data.get_type().name()?;
    let exports = |name| data.hasattr(name);
    if !exports("__arrow_c_stream__")? && !exports("__arrow_c_array__")? {
        let text = format!(
            "a {class} offers no Arrow data: pass a path, or a table, frame, array or series, such as pyarrow.table(…)"
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
fn broken(py: Python<'_>, text: String) -> PyErr {
    match PyErr::take(py) {
        Some(error) if !error.is_instance_of::<PyException>(py) => error,
        _ => InputError::new_err(format!("the data broke off: {text}")),
    }
}

fn spent() -> PyErr {
    PyValueError::new_err("the sketcher is finished")
}
