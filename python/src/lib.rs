//! `overlap` for Python: the library's sketches over anything that speaks Arrow.
//!
//! A thin layer: whatever can be said in Python is said there (`python/overlap/`). Rust releases the
//! interpreter while it hashes, and looks for Ctrl-C between batches.

mod command;
mod errors;
mod noisy;
mod number;
mod options;
mod private;
mod questions;
mod sketch;
mod sketcher;
mod sources;
mod table;
mod work;

use pyo3::prelude::*;

#[pymodule]
fn _overlap(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<sketch::Sketch>()?;
    module.add_class::<table::SketchTable>()?;
    module.add_class::<sketcher::Sketcher>()?;
    module.add_function(wrap_pyfunction!(sources::sketch_paths, module)?)?;
    module.add_function(wrap_pyfunction!(sources::estimate_paths, module)?)?;
    module.add_function(wrap_pyfunction!(sources::diagnose_paths, module)?)?;
    module.add_function(wrap_pyfunction!(sources::list_files, module)?)?;
    module.add_function(wrap_pyfunction!(sources::read_sketches, module)?)?;
    module.add_function(wrap_pyfunction!(sources::set_store_options, module)?)?;
    module.add_function(wrap_pyfunction!(questions::estimate, module)?)?;
    module.add_function(wrap_pyfunction!(questions::probability_of_gain, module)?)?;
    module.add_function(wrap_pyfunction!(questions::regions, module)?)?;
    module.add_function(wrap_pyfunction!(questions::matrix, module)?)?;
    module.add_function(wrap_pyfunction!(questions::reach, module)?)?;
    module.add_function(wrap_pyfunction!(questions::report, module)?)?;
    module.add_function(wrap_pyfunction!(questions::page, module)?)?;
    module.add_function(wrap_pyfunction!(questions::pictures, module)?)?;
    module.add_function(wrap_pyfunction!(questions::picture, module)?)?;
    module.add_function(wrap_pyfunction!(private::private_offer, module)?)?;
    module.add_function(wrap_pyfunction!(private::private_answer, module)?)?;
    module.add_function(wrap_pyfunction!(private::private_finish, module)?)?;
    module.add_function(wrap_pyfunction!(noisy::noisy_sketch, module)?)?;
    module.add_function(wrap_pyfunction!(noisy::estimate_noisy, module)?)?;
    module.add_function(wrap_pyfunction!(noisy::exact_noisy, module)?)?;
    module.add_function(wrap_pyfunction!(command::run_program, module)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    errors::add_to(module)
}
