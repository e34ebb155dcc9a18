//! A sketch as SQL sees it: a STRUCT of a sketch table's own columns.

use crate::border::{Answer, Strings, Values, Vector};
use crate::value::{Kind, Value};
use crate::words::worded;
use overlap::format::{decode, decode_spelling, registers_blob, sample_blob, spelling_blob};
use overlap::{Confidence, Sketch, Tally, ensure_consistent, estimate_set, set_counts};

/// The type of a sketch. A table of its fields beside segment columns is a sketch table (docs/format.md).
pub const SKETCH: Kind = Kind::Struct(&[
    (c"rows", Kind::BigInt),
    (c"nulls", Kind::BigInt),
    (c"users", Kind::BigInt),
    (c"hll", Kind::Blob),
    (c"sample", Kind::Blob),
    (c"spelling", Kind::Blob),
]);

/// A sketch as a value of that type.
pub fn value_of(sketch: &Sketch) -> Value {
    let whole = |number: u64| Value::BigInt(i64::try_from(number).unwrap_or(i64::MAX));
    let tally = sketch.tally();
    Value::Struct(vec![
        Value::or_null(tally, |tally| whole(tally.rows)),
        Value::or_null(tally, |tally| whole(tally.nulls)),
        Value::BigInt(users(sketch)),
        Value::or_null(registers_blob(sketch), Value::Blob),
        Value::or_null(sample_blob(sketch), Value::Blob),
        Value::or_null(spelling_blob(sketch), Value::Blob),
    ])
}

/// The users of a sketch as a whole number.
pub fn users(sketch: &Sketch) -> i64 {
    estimate_set(&set_counts(sketch), Confidence::default())
        .value
        .round() as i64
}

/// A column of sketches: a STRUCT with fields `hll` and `sample`, or a row of a sketch table.
pub struct Sketches<'a> {
    whole: Vector<'a>,
    /// `None` where the column is null throughout.
    fields: Option<Fields<'a>>,
}

struct Fields<'a> {
    hll: Option<Blobs<'a>>,
    sample: Option<Blobs<'a>>,
    spelling: Option<Blobs<'a>>,
    rows: Option<Vector<'a>>,
    nulls: Option<Vector<'a>>,
}

type Blobs<'a> = (Vector<'a>, Strings<'a>);

impl<'a> Sketches<'a> {
    pub fn of(column: Vector<'a>) -> Answer<Self> {
        let fields = match column.values() {
            Values::Nothing => None,
            Values::Struct(fields) => Some(Fields::of(fields)?),
            _ => return Err(no_sketch()),
        };
        Ok(Self {
            whole: column,
            fields,
        })
    }

    /// The sketch of a row; `None` where it is null, or all of its fields are.
    pub fn get(&self, row: usize) -> Answer<Option<Sketch>> {
        let Some(fields) = &self.fields else {
            return Ok(None);
        };
        if !self.whole.validity().is_valid(row) {
            return Ok(None);
        }
        let (hll, sample) = (blob(fields.hll, row), blob(fields.sample, row));
        if hll.is_none() && sample.is_none() {
            return Ok(None);
        }
        let count = |field: Option<Vector<'_>>| field.map_or(Ok(None), |field| count(field, row));
        let (rows, nulls) = (count(fields.rows)?, count(fields.nulls)?);
        let tally = match rows.zip(nulls) {
            Some((rows, nulls)) if nulls > rows => {
                return Err(format!("corrupt sketch: {nulls} nulls among {rows} rows"));
            }
            known => known.map(|(rows, nulls)| Tally { rows, nulls }),
        };
        let sketch = decode(hll, sample, tally).map_err(|e| worded(&e))?;
        let sketch = match blob(fields.spelling, row) {
            Some(spelling) => decode_spelling(sketch, spelling).map_err(|e| worded(&e))?,
            None => sketch,
        };
        ensure_consistent(&sketch).map_err(|e| worded(&e))?;
        Ok(Some(sketch))
    }
}

impl<'a> Fields<'a> {
    fn of(fields: Vec<(String, Vector<'a>)>) -> Answer<Self> {
        let named = |name: &str| {
            let mut found = fields.iter().filter(|(field, _)| field == name);
            found.next().map(|(_, field)| *field)
        };
        let blobs = |name: &str| match named(name) {
            None => Ok(None),
            Some(field) => match field.values() {
                Values::Blob(strings) => Ok(Some((field, strings))),
                Values::Nothing => Ok(None),
                _ => Err(format!("the field {name} of a sketch must be a BLOB")),
            },
        };
        if named("hll").or(named("sample")).is_none() {
            return Err(no_sketch());
        }
        Ok(Self {
            hll: blobs("hll")?,
            sample: blobs("sample")?,
            spelling: blobs("spelling")?,
            rows: named("rows"),
            nulls: named("nulls"),
        })
    }
}

fn no_sketch() -> String {
    "no sketch: a STRUCT with BLOBs hll and sample is wanted, as overlap_sketch(id) returns it or a row of a sketch \
     table is, such as t in FROM 'shop.ovs' t"
        .into()
}

fn blob(blobs: Option<Blobs<'_>>, row: usize) -> Option<&[u8]> {
    let (field, strings) = blobs?;
    field.validity().is_valid(row).then(|| strings.get(row))
}

/// A count of rows; `None` where it is null.
fn count(field: Vector<'_>, row: usize) -> Answer<Option<u64>> {
    let number: i128 = match field.values() {
        Values::Nothing => return Ok(None),
        _ if !field.validity().is_valid(row) => return Ok(None),
        Values::I64(values) => values[row].into(),
        Values::I32(values) => values[row].into(),
        Values::U32(values) => values[row].into(),
        Values::U64(values) => values[row].into(),
        _ => return Err("the fields rows and nulls of a sketch must be BIGINT".into()),
    };
    u64::try_from(number)
        .map(Some)
        .map_err(|_| format!("corrupt sketch: {number} rows"))
}
