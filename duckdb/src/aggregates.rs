//! `overlap_sketch` and `overlap_merge`, as DuckDB calls them.
//!
//! DuckDB keeps room for one pointer a group, which is null until the group's first row; what it points to is ours
//! and goes when DuckDB destroys the state, however the query ends.

use crate::border::{Answer, Chunk, Validity, Values, Vector, guarded};
use crate::group::Group;
use crate::ids::Ids;
use crate::sketches::{SKETCH, Sketches, value_of};
use crate::value::{Output, Value};
use crate::words::worded;
use libduckdb_sys as ffi;
use overlap::{Sketch, SketchOptions};
use std::ops::Range;

/// What an aggregate keeps of a group.
pub trait State: Default {
    /// The name in SQL.
    const NAME: &'static std::ffi::CStr;

    /// Takes in a chunk; `groups` says which rows are of which state.
    fn update(chunk: &Chunk<'_>, groups: &Groups<Self>) -> Answer<()>;

    /// Takes in another state of the same group, which may be asked again.
    fn combine(&mut self, other: &mut Self) -> Answer<()>;

    /// The value of the group; more rows may follow.
    fn value(&mut self) -> Answer<Value>;

    /// The value of a group that no row came to.
    fn nothing() -> Answer<Value>;
}

/// The states of the rows of a chunk.
pub struct Groups<S> {
    slots: *mut *mut *mut S,
    rows: usize,
}

impl<S: State> Groups<S> {
    /// Rows of the same state that follow one another.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let first = self.slot(start)?;
            let mut end = start + 1;
            while self.slot(end) == Some(first) {
                end += 1;
            }
            Some(std::mem::replace(&mut start, end)..end)
        })
    }

    fn slot(&self, row: usize) -> Option<*mut *mut S> {
        // SAFETY: there is a slot for each row.
        (row < self.rows).then(|| unsafe { *self.slots.add(row) })
    }

    /// Runs something on the state of a row, which is made if it isn't there.
    fn with<T>(&self, row: usize, run: impl FnOnce(&mut S) -> T) -> T {
        assert!(row < self.rows, "a row that isn't there");
        // SAFETY: a slot is null or holds what `Box::into_raw` gave; no other reference to it lives, as only this
        // function and the callbacks make them, one at a time.
        unsafe {
            let slot = *self.slots.add(row);
            if (*slot).is_null() {
                slot.write(Box::into_raw(Box::default()));
            }
            run(&mut **slot)
        }
    }
}

/// Registers an aggregate of those parameters.
///
/// # Safety
/// The set is one.
pub unsafe fn add_to<S: State>(
    set: ffi::duckdb_aggregate_function_set,
    parameters: &[ffi::DUCKDB_TYPE],
) -> Answer<()> {
    // SAFETY: everything that is created here is destroyed here; DuckDB copies what it keeps.
    unsafe {
        let mut function = ffi::duckdb_create_aggregate_function();
        ffi::duckdb_aggregate_function_set_name(function, S::NAME.as_ptr());
        for &kind in parameters {
            let kind = crate::border::LogicalType::plain(kind);
            ffi::duckdb_aggregate_function_add_parameter(function, kind.raw());
        }
        let returned = SKETCH.logical_type();
        ffi::duckdb_aggregate_function_set_return_type(function, returned.raw());
        ffi::duckdb_aggregate_function_set_functions(
            function,
            Some(size),
            Some(init),
            Some(update::<S>),
            Some(combine::<S>),
            Some(finalize::<S>),
        );
        ffi::duckdb_aggregate_function_set_destructor(function, Some(destroy::<S>));
        ffi::duckdb_aggregate_function_set_special_handling(function);
        let added = ffi::duckdb_add_aggregate_function_to_set(set, function);
        ffi::duckdb_destroy_aggregate_function(&raw mut function);
        match added == ffi::duckdb_state_DuckDBSuccess {
            true => Ok(()),
            false => Err(format!("{} can't be added", S::NAME.to_string_lossy())),
        }
    }
}

unsafe extern "C" fn size(_: ffi::duckdb_function_info) -> ffi::idx_t {
    size_of::<*mut ()>() as ffi::idx_t
}

unsafe extern "C" fn init(_: ffi::duckdb_function_info, state: ffi::duckdb_aggregate_state) {
    // SAFETY: DuckDB made room for a pointer, by `size`.
    unsafe { state.cast::<*mut ()>().write(std::ptr::null_mut()) }
}

fn failed(info: ffi::duckdb_function_info) -> impl FnOnce(&std::ffi::CStr) {
    // SAFETY: `info` is that of the call; the text is copied.
    move |text| unsafe { ffi::duckdb_aggregate_function_set_error(info, text.as_ptr()) }
}

unsafe extern "C" fn update<S: State>(
    info: ffi::duckdb_function_info,
    input: ffi::duckdb_data_chunk,
    states: *mut ffi::duckdb_aggregate_state,
) {
    guarded(failed(info), || {
        // SAFETY: the chunk lives for the call, and there is a state for each of its rows.
        let chunk = unsafe { Chunk::new(input) };
        let groups = Groups {
            slots: states.cast(),
            rows: chunk.rows(),
        };
        S::update(&chunk, &groups)
    });
}

unsafe extern "C" fn combine<S: State>(
    info: ffi::duckdb_function_info,
    source: *mut ffi::duckdb_aggregate_state,
    target: *mut ffi::duckdb_aggregate_state,
    count: ffi::idx_t,
) {
    guarded(failed(info), || {
        let rows = count as usize;
        let groups = |slots: *mut ffi::duckdb_aggregate_state| Groups::<S> {
            slots: slots.cast(),
            rows,
        };
        let (sources, targets) = (groups(source), groups(target));
        for row in 0..rows {
            let (from, to) = (sources.slot(row), targets.slot(row));
            // SAFETY: a slot of a state is there for each row.
            let is_empty = from.is_none_or(|slot| unsafe { *slot }.is_null());
            if is_empty || from == to {
                continue;
            }
            sources.with(row, |other| targets.with(row, |state| state.combine(other)))?;
        }
        Ok(())
    });
}

unsafe extern "C" fn finalize<S: State>(
    info: ffi::duckdb_function_info,
    source: *mut ffi::duckdb_aggregate_state,
    result: ffi::duckdb_vector,
    count: ffi::idx_t,
    offset: ffi::idx_t,
) {
    guarded(failed(info), || {
        let (rows, offset) = (count as usize, offset as usize);
        let groups = Groups::<S> {
            slots: source.cast(),
            rows,
        };
        // SAFETY: the result is of the type that the function was registered with.
        let output = unsafe { Output::new(result, SKETCH) };
        for row in 0..rows {
            // SAFETY: a slot of a state is there for each row.
            let is_empty = groups
                .slot(row)
                .is_none_or(|slot| unsafe { *slot }.is_null());
            let value = match is_empty {
                true => S::nothing()?,
                false => groups.with(row, S::value)?,
            };
            // SAFETY: the result has room for `count` rows from `offset` on.
            unsafe { output.set(offset + row, &value) }
        }
        Ok(())
    });
}

unsafe extern "C" fn destroy<S: State>(
    states: *mut ffi::duckdb_aggregate_state,
    count: ffi::idx_t,
) {
    let dropped = || {
        for row in 0..count as usize {
            // SAFETY: a slot is null or holds what `Box::into_raw` gave, and is null afterwards.
            unsafe {
                let slot = (*states.add(row)).cast::<*mut S>();
                let state = std::mem::replace(&mut *slot, std::ptr::null_mut());
                if !state.is_null() {
                    drop(Box::from_raw(state));
                }
            }
        }
        Ok(())
    };
    guarded(|_| {}, dropped);
}

impl State for Group {
    const NAME: &'static std::ffi::CStr = c"overlap_sketch";

    fn update(chunk: &Chunk<'_>, groups: &Groups<Self>) -> Answer<()> {
        if chunk.rows() == 0 {
            return Ok(());
        }
        let ids = Ids::of(chunk.column(0), chunk.rows())?;
        let options = options(chunk)?;
        for rows in groups.runs() {
            groups.with(rows.start, |group| group.push(&ids, rows, options))?;
        }
        Ok(())
    }

    fn combine(&mut self, other: &mut Self) -> Answer<()> {
        self.merge(other)
    }

    fn value(&mut self) -> Answer<Value> {
        self.settle().map(value_of)
    }

    fn nothing() -> Answer<Value> {
        Ok(value_of(&Sketch::empty(SketchOptions::default())))
    }
}

/// The size that is asked for behind the IDs: k, and the precision.
fn options(chunk: &Chunk<'_>) -> Answer<SketchOptions> {
    let default = SketchOptions::default();
    let number = |column: usize, name: &str, default: i64| match column < chunk.columns() {
        true => one_number(chunk.column(column), chunk.rows(), name),
        false => Ok(default),
    };
    let k = number(1, "k", default.k() as i64)?;
    let precision = number(2, "precision", default.precision().get().into())?;
    let k = usize::try_from(k).unwrap_or(0);
    let precision = u8::try_from(precision).unwrap_or(u8::MAX);
    SketchOptions::new(precision, k).map_err(|e| worded(&e))
}

/// The number that every row of a column has.
fn one_number(column: Vector<'_>, rows: usize, name: &str) -> Answer<i64> {
    let Values::I64(values) = column.values() else {
        return Err(format!("{name} must be a BIGINT"));
    };
    let validity: Validity<'_> = column.validity();
    let is_one = |row: usize| validity.is_valid(row) && values[row] == values[0];
    match (0..rows).all(is_one) {
        true => Ok(values[0]),
        false => Err(format!("{name} must be one number, the same in every row")),
    }
}

/// The union of sketches.
#[derive(Default)]
pub struct Union(Option<Box<Sketch>>);

impl Union {
    fn add(&mut self, sketch: Sketch) -> Answer<()> {
        match &mut self.0 {
            Some(ours) => ours.merge(&sketch).map_err(|e| worded(&e)),
            None => {
                self.0 = Some(Box::new(sketch));
                Ok(())
            }
        }
    }
}

impl State for Union {
    const NAME: &'static std::ffi::CStr = c"overlap_merge";

    fn update(chunk: &Chunk<'_>, groups: &Groups<Self>) -> Answer<()> {
        let sketches = Sketches::of(chunk.column(0))?;
        for row in 0..chunk.rows() {
            if let Some(sketch) = sketches.get(row)? {
                groups.with(row, |union| union.add(sketch))?;
            }
        }
        Ok(())
    }

    fn combine(&mut self, other: &mut Self) -> Answer<()> {
        other
            .0
            .as_deref()
            .map_or(Ok(()), |sketch| self.add(sketch.clone()))
    }

    fn value(&mut self) -> Answer<Value> {
        Ok(Value::or_null(self.0.as_deref(), value_of))
    }

    fn nothing() -> Answer<Value> {
        Ok(Value::Null)
    }
}
