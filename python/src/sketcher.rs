//! Sketches of streams.

use crate::errors::raise;
use crate::options;
use crate::sketch::SketchTable;
use arrow::array::ArrayRef;
use overlap::BatchSketcher;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3_arrow::ffi::ArrayReader;
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};

/// Sketches of batches in the making.
#[pyclass(module = "overlap._overlap", subclass)]
pub(crate) struct Sketcher {
    /// `None` once it is finished.
    sketcher: Option<BatchSketcher>,
    by: Vec<String>,
}

#[pymethods]
impl Sketcher {
    #[new]
    #[pyo3(signature = (id="user_id", by=Vec::new(), *, precision=16, k=65_536, hash="xxh3", cast=None, max_segments=10_000))]
    fn new(
        id: &str,
        by: Vec<String>,
        precision: u8,
        k: usize,
        hash: &str,
        cast: Option<&str>,
        max_segments: usize,
    ) -> PyResult<Self> {
        let options = options::sketch_options(precision, k, hash)?;
        let division = options::division(by.clone(), max_segments);
        let sketcher = BatchSketcher::new(id, division, options).with_cast(options::cast(cast)?);
        Ok(Self {
            sketcher: Some(sketcher),
            by,
        })
    }

    /// Takes in whatever exports Arrow batches: the rows of a table, reader, frame or batch.
    fn update_batches(&mut self, py: Python<'_>, batches: AnyRecordBatch) -> PyResult<()> {
        let sketcher = self.open()?;
        let mut reader = batches.into_reader()?;
        loop {
            // Readers may call back into Python, but take the interpreter themselves then.
            let next = py.detach(|| -> PyResult<bool> {
                match reader.next() {
                    None => Ok(false),
                    Some(batch) => {
                        let batch =
                            batch.map_err(|e| crate::errors::InputError::new_err(e.to_string()))?;
                        sketcher.push(&batch).map_err(|e| raise(&e))?;
                        Ok(true)
                    }
                }
            })?;
            py.check_signals()?;
            if !next {
                return Ok(());
            }
        }
    }

    /// Takes in whatever exports Arrow arrays: the IDs of an array, chunked array or series.
    fn update_ids(&mut self, py: Python<'_>, ids: AnyArray) -> PyResult<()> {
        let sketcher = self.open()?;
        let mut reader: Box<dyn ArrayReader + Send> = ids.into_reader()?;
        loop {
            let next = py.detach(|| -> PyResult<bool> {
                match reader.next() {
                    None => Ok(false),
                    Some(array) => {
                        let array: ArrayRef =
                            array.map_err(|e| crate::errors::InputError::new_err(e.to_string()))?;
                        sketcher.push_ids(&array).map_err(|e| raise(&e))?;
                        Ok(true)
                    }
                }
            })?;
            py.check_signals()?;
            if !next {
                return Ok(());
            }
        }
    }

    #[getter]
    fn rows(&mut self) -> PyResult<u64> {
        Ok(self.open()?.tally().rows)
    }

    #[getter]
    fn nulls(&mut self) -> PyResult<u64> {
        Ok(self.open()?.tally().nulls)
    }

    #[getter]
    fn by(&self) -> Vec<String> {
        self.by.clone()
    }

    /// The sketches by segment; the sketcher is then spent.
    fn finish_table(&mut self) -> PyResult<SketchTable> {
        let sketcher = self.sketcher.take().ok_or_else(spent)?;
        sketcher.finish().map(SketchTable).map_err(|e| raise(&e))
    }
}

impl Sketcher {
    fn open(&mut self) -> PyResult<&mut BatchSketcher> {
        self.sketcher.as_mut().ok_or_else(spent)
    }
}

fn spent() -> PyErr {
    PyValueError::new_err("the sketcher is finished")
}
