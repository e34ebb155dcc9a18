//! Estimates as Python has them.

use overlap::Estimate;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// An estimate on its way to Python, where it is an `overlap.Estimate`.
#[derive(Clone, Copy)]
pub(crate) struct Number(pub(crate) Estimate);

impl<'py> IntoPyObject<'py> for Number {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(py, "overlap._results", "Estimate")?;
        class.call1((self.0.value, self.0.lower, self.0.upper))
    }
}
