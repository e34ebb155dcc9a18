//! `overlap_users`, `overlap_estimate` and `overlap_inspect`, as DuckDB calls them.

use crate::border::{Answer, Chunk, LogicalType, Values, guarded};
use crate::sketches::{Sketches, users};
use crate::value::{Kind, Output, Value};
use crate::words::worded;
use libduckdb_sys as ffi;
use overlap::format::{registers_blob, sample_blob};
use overlap::id::IdDomain;
use overlap::{
    BottomK, Confidence, Estimate, HashScheme, PairEstimate, Sketch, estimate_set,
    estimate_sketches, set_counts,
};
use std::ffi::CStr;

/// A function of the rows of a chunk.
pub trait Scalar {
    /// The name in SQL.
    const NAME: &'static CStr;
    /// What it returns.
    const RETURNS: Kind;

    /// The values of all rows, in order.
    fn values(chunk: &Chunk<'_>) -> Answer<Vec<Value>>;
}

/// Adds a function of those parameters to a set of its overloads.
///
/// # Safety
/// The set is one.
pub unsafe fn add_to<S: Scalar>(
    set: ffi::duckdb_scalar_function_set,
    parameters: &[ffi::DUCKDB_TYPE],
) -> Answer<()> {
    // SAFETY: everything that is created here is destroyed here; DuckDB copies what it keeps.
    unsafe {
        let mut function = ffi::duckdb_create_scalar_function();
        ffi::duckdb_scalar_function_set_name(function, S::NAME.as_ptr());
        for &kind in parameters {
            let kind = LogicalType::plain(kind);
            ffi::duckdb_scalar_function_add_parameter(function, kind.raw());
        }
        let returned = S::RETURNS.logical_type();
        ffi::duckdb_scalar_function_set_return_type(function, returned.raw());
        ffi::duckdb_scalar_function_set_function(function, Some(call::<S>));
        let added = ffi::duckdb_add_scalar_function_to_set(set, function);
        ffi::duckdb_destroy_scalar_function(&raw mut function);
        match added == ffi::duckdb_state_DuckDBSuccess {
            true => Ok(()),
            false => Err(format!("{} can't be added", S::NAME.to_string_lossy())),
        }
    }
}

unsafe extern "C" fn call<S: Scalar>(
    info: ffi::duckdb_function_info,
    input: ffi::duckdb_data_chunk,
    output: ffi::duckdb_vector,
) {
    // SAFETY: `info` is that of the call; the text is copied.
    let fail = |text: &CStr| unsafe { ffi::duckdb_scalar_function_set_error(info, text.as_ptr()) };
    guarded(fail, || {
        // SAFETY: the chunk lives for the call.
        let chunk = unsafe { Chunk::new(input) };
        // SAFETY: the output is of the type that the function was registered with, and has room for every row.
        let output = unsafe { Output::new(output, S::RETURNS) };
        for (row, value) in S::values(&chunk)?.iter().enumerate() {
            // SAFETY: see above.
            unsafe { output.set(row, value) }
        }
        Ok(())
    });
}

/// The values of one sketch a row; null of null.
fn of_each(chunk: &Chunk<'_>, value: impl Fn(&Sketch) -> Value) -> Answer<Vec<Value>> {
    let sketches = Sketches::of(chunk.column(0))?;
    let rows = 0..chunk.rows();
    rows.map(|row| Ok(Value::or_null(sketches.get(row)?.as_ref(), &value)))
        .collect()
}

/// Distinct users.
pub struct Users;

impl Scalar for Users {
    const NAME: &'static CStr = c"overlap_users";
    const RETURNS: Kind = Kind::BigInt;

    fn values(chunk: &Chunk<'_>) -> Answer<Vec<Value>> {
        of_each(chunk, |sketch| Value::BigInt(users(sketch)))
    }
}

/// A number with its interval.
const NUMBER: Kind = Kind::Struct(&[
    (c"value", Kind::Double),
    (c"lower", Kind::Double),
    (c"upper", Kind::Double),
]);

fn number(estimate: &Estimate) -> Value {
    let parts = [estimate.value, estimate.lower, estimate.upper];
    Value::Struct(parts.map(Value::Double).into())
}

/// All numbers of two sides.
pub struct Pair;

impl Scalar for Pair {
    const NAME: &'static CStr = c"overlap_estimate";
    const RETURNS: Kind = Kind::Struct(&[
        (c"a", NUMBER),
        (c"b", NUMBER),
        (c"only_a", NUMBER),
        (c"only_b", NUMBER),
        (c"overlap", NUMBER),
        (c"union", NUMBER),
        (c"share_of_a", NUMBER),
        (c"share_of_b", NUMBER),
        (c"jaccard", NUMBER),
        (c"overlap_coefficient", NUMBER),
        (c"gain_a", NUMBER),
        (c"gain_b", NUMBER),
        (c"matches", Kind::BigInt),
        (c"exact", Kind::Boolean),
    ]);

    fn values(chunk: &Chunk<'_>) -> Answer<Vec<Value>> {
        let (a, b) = (
            Sketches::of(chunk.column(0))?,
            Sketches::of(chunk.column(1))?,
        );
        let mut values = Vec::with_capacity(chunk.rows());
        for row in 0..chunk.rows() {
            let (Some(a), Some(b)) = (a.get(row)?, b.get(row)?) else {
                values.push(Value::Null);
                continue;
            };
            let confidence = confidence(chunk, row)?;
            let pair = estimate_sketches(&a, &b, confidence).map_err(|e| worded(&e))?;
            values.push(pair_value(&pair));
        }
        Ok(values)
    }
}

fn pair_value(pair: &PairEstimate) -> Value {
    let numbers = [
        &pair.a,
        &pair.b,
        &pair.only_a,
        &pair.only_b,
        &pair.overlap,
        &pair.union,
        &pair.share_of_a,
        &pair.share_of_b,
        &pair.jaccard,
        &pair.overlap_coefficient,
        &pair.gain_a,
        &pair.gain_b,
    ];
    let mut fields: Vec<Value> = numbers.map(number).into();
    fields.push(Value::or_null(pair.matches, |matches| {
        Value::BigInt(i64::try_from(matches).unwrap_or(i64::MAX))
    }));
    fields.push(Value::Boolean(pair.exact));
    Value::Struct(fields)
}

/// The level of the intervals, if it is asked for.
fn confidence(chunk: &Chunk<'_>, row: usize) -> Answer<Confidence> {
    if chunk.columns() < 3 {
        return Ok(Confidence::default());
    }
    let column = chunk.column(2);
    match column.values() {
        Values::F64(levels) if column.validity().is_valid(row) => {
            let level = levels[row];
            Confidence::new(level)
                .ok_or_else(|| format!("the confidence is {level}, but must be between 0.5 and 1"))
        }
        _ => Err("the confidence must be a DOUBLE, such as 0.95".into()),
    }
}

/// What a sketch says of itself.
pub struct Inspect;

impl Scalar for Inspect {
    const NAME: &'static CStr = c"overlap_inspect";
    const RETURNS: Kind = Kind::Struct(&[
        (c"users", NUMBER),
        (c"exact", Kind::Boolean),
        (c"rows", Kind::BigInt),
        (c"nulls", Kind::BigInt),
        (c"id_type", Kind::Text),
        (c"hash", Kind::Text),
        (c"key_fingerprint", Kind::Text),
        (c"precision", Kind::BigInt),
        (c"k", Kind::BigInt),
        (c"sampled", Kind::BigInt),
        (c"theta", Kind::Double),
        (c"bytes", Kind::BigInt),
    ]);

    fn values(chunk: &Chunk<'_>) -> Answer<Vec<Value>> {
        of_each(chunk, inspected)
    }
}

fn inspected(sketch: &Sketch) -> Value {
    let whole = |number: u64| Value::BigInt(i64::try_from(number).unwrap_or(i64::MAX));
    let size = |number: usize| whole(number as u64);
    let text = |text: &str| Value::Text(text.to_owned());
    let (registers, sample) = (sketch.registers(), sketch.sample());
    let key = match sketch.hash() {
        HashScheme::Keyed(key) => Some(key.to_string()),
        _ => None,
    };
    let blobs = [registers_blob(sketch), sample_blob(sketch)];
    Value::Struct(vec![
        number(&estimate_set(&set_counts(sketch), Confidence::default())),
        Value::Boolean(sketch.is_exact()),
        Value::or_null(sketch.tally(), |tally| whole(tally.rows)),
        Value::or_null(sketch.tally(), |tally| whole(tally.nulls)),
        Value::or_null(sketch.domain().map(IdDomain::name), text),
        text(HashScheme::name(sketch.hash())),
        Value::or_null(key, Value::Text),
        Value::or_null(registers, |registers| {
            Value::BigInt(registers.precision().get().into())
        }),
        Value::or_null(sample.map(BottomK::k), size),
        Value::or_null(sample.map(|sample| sample.hashes().len()), size),
        Value::or_null(sample.map(BottomK::sampled_share), Value::Double),
        size(blobs.iter().flatten().map(Vec::len).sum()),
    ])
}
