//! Errors of the library as exceptions, one class a kind.

use overlap::{Error, ErrorKind, Piece};
use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;

create_exception!(
    overlap,
    OverlapError,
    PyException,
    "Whatever `overlap` can't do; the base of its exceptions."
);
create_exception!(
    overlap,
    UsageError,
    OverlapError,
    "The request itself is wrong: an unknown column, an option out of range."
);
create_exception!(
    overlap,
    InputError,
    OverlapError,
    "An input that can't be read: missing, corrupt, of an unsupported type."
);
create_exception!(
    overlap,
    IncomparableError,
    OverlapError,
    "Both can be read, but not be compared: other hash or ID type."
);
create_exception!(
    overlap,
    OutputError,
    OverlapError,
    "The output can't be written."
);
create_exception!(
    overlap,
    LimitError,
    OverlapError,
    "A limit was reached: segments, memory, size."
);

/// A setting as the keyword that it is in Python: `cast="string"`.
pub(crate) fn keyword(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Setting(setting, None) => setting.name().to_owned(),
        Piece::Setting(setting, Some(value)) => format!("{}={value:?}", setting.name()),
    }
}

/// The exception of an error.
pub(crate) fn raise(error: &Error) -> PyErr {
    let text = error.worded(keyword);
    match error.kind() {
        ErrorKind::Usage => UsageError::new_err(text),
        ErrorKind::Input | ErrorKind::Refused => InputError::new_err(text),
        ErrorKind::Incomparable => IncomparableError::new_err(text),
        ErrorKind::Output => OutputError::new_err(text),
        ErrorKind::Limit => LimitError::new_err(text),
        ErrorKind::Interrupted => PyKeyboardInterrupt::new_err(text),
        _ => OverlapError::new_err(text),
    }
}

pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("OverlapError", py.get_type::<OverlapError>())?;
    module.add("UsageError", py.get_type::<UsageError>())?;
    module.add("InputError", py.get_type::<InputError>())?;
    module.add("IncomparableError", py.get_type::<IncomparableError>())?;
    module.add("OutputError", py.get_type::<OutputError>())?;
    module.add("LimitError", py.get_type::<LimitError>())
}
