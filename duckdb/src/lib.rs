//! `overlap` for DuckDB: sketches and estimates as SQL functions of a loadable extension.
//!
//! A thin layer over the library, like the wheel: IDs go from DuckDB's vectors through [`overlap::Sketcher`], so that a
//! sketch is byte for byte what `overlap sketch` writes for the same data. It uses DuckDB's stable C API alone.

mod aggregates;
mod border;
#[forbid(unsafe_code)]
mod group;
#[forbid(unsafe_code)]
mod ids;
mod scalars;
#[forbid(unsafe_code)]
mod sketches;
mod value;
#[forbid(unsafe_code)]
mod words;

use border::{Answer, guarded};
use libduckdb_sys as ffi;
use std::ffi::CStr;

/// The version of the C API that is asked for: the first stable one.
const API: &str = "v1.2.0";

/// The oldest DuckDB that hands an aggregate a state for every row. Those before have but one for all rows of a
/// window over a whole partition, behind which the callback would read what isn't there (duckdb/duckdb#21537).
const DUCKDB_MAJOR: u32 = 2;

const ANY: ffi::DUCKDB_TYPE = ffi::DUCKDB_TYPE_DUCKDB_TYPE_ANY;
const BIGINT: ffi::DUCKDB_TYPE = ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT;
const DOUBLE: ffi::DUCKDB_TYPE = ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE;

/// What `LOAD` calls, named after the file `overlap.duckdb_extension`.
///
/// # Safety
/// DuckDB calls it, with an extension's info and access.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn overlap_init_c_api(
    info: ffi::duckdb_extension_info,
    access: *const ffi::duckdb_extension_access,
) -> bool {
    let mut is_loaded = false;
    let fail = |text: &CStr| {
        // SAFETY: DuckDB's access lives for the call; the text is copied.
        if let Some(set_error) = unsafe { (*access).set_error } {
            // SAFETY: see above.
            unsafe { set_error(info, text.as_ptr()) }
        }
    };
    guarded(fail, || {
        // SAFETY: info and access are DuckDB's.
        let has_api = unsafe { ffi::duckdb_rs_extension_api_init(info, access, API) };
        match has_api {
            Ok(true) => {}
            // DuckDB has set its own error.
            Ok(false) => return Ok(()),
            Err(text) => return Err(text.into()),
        }
        // SAFETY: the API is there now; the version is a text that stays.
        let version = unsafe { CStr::from_ptr(ffi::duckdb_library_version()) }.to_string_lossy();
        if major(&version).is_some_and(|major| major < DUCKDB_MAJOR) {
            return Err(format!(
                "DuckDB {version} is too old, as it may crash where such functions are used in windows: install \
                 DuckDB {DUCKDB_MAJOR}.0 or later"
            ));
        }
        // SAFETY: info and access are DuckDB's, and the API is there.
        unsafe { register_all(info, access) }?;
        is_loaded = true;
        Ok(())
    });
    is_loaded
}

/// The first number of a version such as `v2.0.1`; `None` of builds that are called otherwise.
fn major(version: &str) -> Option<u32> {
    version
        .trim_start_matches('v')
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// # Safety
/// Info and access are DuckDB's, and its API is there.
unsafe fn register_all(
    info: ffi::duckdb_extension_info,
    access: *const ffi::duckdb_extension_access,
) -> Answer<()> {
    // SAFETY: the caller's; the connection is closed again.
    unsafe {
        let get_database = (*access).get_database.ok_or("there is no database")?;
        let database = get_database(info);
        if database.is_null() {
            return Err("there is no database".into());
        }
        let mut connection: ffi::duckdb_connection = std::ptr::null_mut();
        if ffi::duckdb_connect(*database, &raw mut connection) != ffi::duckdb_state_DuckDBSuccess {
            return Err("the database can't be reached".into());
        }
        let done = register_in(connection);
        ffi::duckdb_disconnect(&raw mut connection);
        done
    }
}

/// # Safety
/// The connection is open.
unsafe fn register_in(connection: ffi::duckdb_connection) -> Answer<()> {
    // SAFETY: the caller's.
    unsafe {
        aggregate::<group::Group>(
            connection,
            &[&[ANY], &[ANY, BIGINT], &[ANY, BIGINT, BIGINT]],
        )?;
        aggregate::<aggregates::Union>(connection, &[&[ANY]])?;
        scalar::<scalars::Users>(connection, &[&[ANY]])?;
        scalar::<scalars::Inspect>(connection, &[&[ANY]])?;
        scalar::<scalars::Pair>(connection, &[&[ANY, ANY], &[ANY, ANY, DOUBLE]])
    }
}

/// # Safety
/// The connection is open.
unsafe fn aggregate<S: aggregates::State>(
    connection: ffi::duckdb_connection,
    overloads: &[&[ffi::DUCKDB_TYPE]],
) -> Answer<()> {
    // SAFETY: the set is destroyed here; DuckDB copies it.
    unsafe {
        let mut set = ffi::duckdb_create_aggregate_function_set(S::NAME.as_ptr());
        let added = overloads
            .iter()
            .try_for_each(|parameters| aggregates::add_to::<S>(set, parameters));
        let state = ffi::duckdb_register_aggregate_function_set(connection, set);
        ffi::duckdb_destroy_aggregate_function_set(&raw mut set);
        added.and_then(|()| registered(state, S::NAME))
    }
}

/// # Safety
/// The connection is open.
unsafe fn scalar<S: scalars::Scalar>(
    connection: ffi::duckdb_connection,
    overloads: &[&[ffi::DUCKDB_TYPE]],
) -> Answer<()> {
    // SAFETY: the set is destroyed here; DuckDB copies it.
    unsafe {
        let mut set = ffi::duckdb_create_scalar_function_set(S::NAME.as_ptr());
        let added = overloads
            .iter()
            .try_for_each(|parameters| scalars::add_to::<S>(set, parameters));
        let state = ffi::duckdb_register_scalar_function_set(connection, set);
        ffi::duckdb_destroy_scalar_function_set(&raw mut set);
        added.and_then(|()| registered(state, S::NAME))
    }
}

fn registered(state: ffi::duckdb_state, name: &CStr) -> Answer<()> {
    match state == ffi::duckdb_state_DuckDBSuccess {
        true => Ok(()),
        false => Err(format!("{} can't be registered", name.to_string_lossy())),
    }
}
