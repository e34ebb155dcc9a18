//! A column as canonical IDs: the same bytes, and so the same users, as the program makes of such a column.

use crate::border::{Answer, Validity, Values, Vector};
use overlap::id::IdDomain;
use std::borrow::Cow;
use std::ops::Range;

/// The IDs of a chunk.
pub struct Ids<'a> {
    pub form: Form<'a>,
    pub validity: Validity<'a>,
}

/// IDs in the forms in which they are hashed.
pub enum Form<'a> {
    /// Integers that an `i64` holds.
    Integers(Cow<'a, [i64]>),
    /// Integers of which some may not fit.
    Wide(Vec<i128>),
    /// Texts or binary values; those of null rows are empty.
    Bytes(IdDomain, Vec<&'a [u8]>),
    /// Sixteen bytes a row.
    Uuids(Vec<[u8; 16]>),
    /// Nulls of no type.
    Nulls,
}

impl<'a> Ids<'a> {
    /// The IDs of a column.
    pub fn of(column: Vector<'a>, rows: usize) -> Answer<Self> {
        let validity = column.validity();
        let bytes = |strings: crate::border::Strings<'a>| {
            let value = |row| match validity.is_valid(row) {
                true => strings.get(row),
                false => &[],
            };
            (0..rows).map(value).collect()
        };
        let form = match column.values() {
            Values::I64(values) => Form::Integers(values.into()),
            Values::I8(values) => widened(values),
            Values::I16(values) => widened(values),
            Values::I32(values) => widened(values),
            Values::U8(values) => widened(values),
            Values::U16(values) => widened(values),
            Values::U32(values) => widened(values),
            Values::U64(values) => {
                let fits = |row| !validity.is_valid(row) || i64::try_from(values[row]).is_ok();
                if (0..rows).all(fits) {
                    Form::Integers(values.iter().map(|&id| id as i64).collect())
                } else {
                    Form::Wide(values.iter().map(|&id| id.into()).collect())
                }
            }
            Values::Huge(values) => Form::Wide(values.iter().map(whole).collect()),
            Values::UnsignedHuge(values) => {
                let ids = values.iter().enumerate();
                let ids = ids.map(|(row, id)| match validity.is_valid(row) {
                    true => unsigned(id),
                    false => Ok(0),
                });
                Form::Wide(ids.collect::<Answer<_>>()?)
            }
            Values::Text(strings) => Form::Bytes(IdDomain::Text, bytes(strings)),
            Values::Blob(strings) => Form::Bytes(IdDomain::Binary, bytes(strings)),
            Values::Uuid(values) => Form::Uuids(values.iter().map(uuid).collect()),
            Values::Nothing => Form::Nulls,
            Values::F64(_) => return Err(no_id("DOUBLE")),
            Values::Struct(_) => return Err(no_id("STRUCT")),
            Values::Other(name) => return Err(no_id(name)),
        };
        Ok(Self { form, validity })
    }

    /// The domain of the IDs, if they have a type.
    pub fn domain(&self) -> Option<IdDomain> {
        match self.form {
            Form::Integers(_) | Form::Wide(_) => Some(IdDomain::Integer),
            Form::Bytes(domain, _) => Some(domain),
            Form::Uuids(_) => Some(IdDomain::Binary),
            Form::Nulls => None,
        }
    }

    /// How many of those rows have an ID.
    pub fn count(&self, rows: Range<usize>) -> usize {
        match self.form {
            Form::Nulls => 0,
            _ => self.validity.count(rows),
        }
    }
}

fn no_id(name: &str) -> String {
    format!(
        "the ids are {name}, which can't identify users: integers, VARCHAR, BLOB or UUID are wanted; cast them, to \
         id::BIGINT or id::VARCHAR"
    )
}

fn widened<T: Copy + Into<i64>>(values: &[T]) -> Form<'static> {
    Form::Integers(values.iter().map(|&id| id.into()).collect())
}

fn whole(id: &libduckdb_sys::duckdb_hugeint) -> i128 {
    (i128::from(id.upper) << 64) | i128::from(id.lower)
}

fn unsigned(id: &libduckdb_sys::duckdb_uhugeint) -> Answer<i128> {
    let number = (u128::from(id.upper) << 64) | u128::from(id.lower);
    i128::try_from(number).map_err(|_| {
        "an id is larger than 2^127 − 1, the largest integer id: cast the ids, to id::VARCHAR"
            .into()
    })
}

/// The bytes of a UUID in the order of its text.
fn uuid(id: &libduckdb_sys::duckdb_hugeint) -> [u8; 16] {
    const TURNED: u128 = 1 << 127;
    (whole(id) as u128 ^ TURNED).to_be_bytes()
}
