//! Laws of three-valued logic, types that meet, and what statistics rule out.

use super::*;
use crate::error::ErrorKind;
use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use std::sync::Arc;

/// 2026-11-23 12:00 UTC, in microseconds.
const NOW: i64 = 1_795_435_200_000_000;

/// A program over columns of these names.
fn bound(text: &str, columns: &[(&str, ArrayRef)]) -> Result<BoundFilter> {
    let filter = RowFilter::parse(text, NOW)?;
    filter.bind(|wanted| {
        let column = columns.iter().find(|(name, _)| *name == wanted);
        match column {
            Some((_, array)) => Ok(Origin::Stored(Type::of(array.data_type()))),
            None if wanted == "part" => Ok(Origin::Constant {
                value: Some("7".into()),
                is_text: false,
            }),
            None if wanted == "raw" => Ok(Origin::Stored(Type::Untyped)),
            None => Err(Error::usage(format!("no column {wanted}"))),
        }
    })
}

/// Which rows a condition takes; columns are wanted in the order in which it names them.
fn taken(text: &str, columns: &[(&str, ArrayRef)]) -> Result<Vec<bool>> {
    let arrays: Vec<ArrayRef> = columns
        .iter()
        .map(|(_, array)| ArrayRef::clone(array))
        .collect();
    let rows = arrays.first().map_or(1, Array::len);
    let bound = bound(text, columns)?;
    let taken = bound.taken(&arrays, rows);
    let taken = taken.map_err(|fault| fault.error.with("row", fault.row))?;
    // Column by column it is the same, wherever that gives an answer.
    let by_column = bound.taken_by_column(rows, &mut |question| {
        Ok(question.answer(&arrays[question.slot()]))
    })?;
    if let Some(by_column) = by_column {
        assert_eq!(&by_column, taken.values(), "{text}");
    }
    Ok(taken.values().iter().collect())
}

fn of_text(values: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

fn refused(text: &str, columns: &[(&str, ArrayRef)]) -> Error {
    match taken(text, columns) {
        Err(error) => error,
        Ok(rows) => panic!("{text} takes {rows:?}"),
    }
}

/// What a condition without columns is: true, or false or null.
fn holds(text: &str) -> bool {
    taken(text, &[]).unwrap_or_else(|e| panic!("{text}: {e}"))[0]
}

#[test]
fn logic_has_three_values() {
    let value = |v: Option<bool>| match v {
        Some(true) => "true",
        Some(false) => "false",
        None => "null",
    };
    let all = [Some(true), Some(false), None];
    for a in all {
        for b in all {
            let and = match (a, b) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
            let or = match (a, b) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
            for (op, expected) in [("and", and), ("or", or)] {
                let text = format!("(a {op} b) is not distinct from {}", value(expected));
                let a: ArrayRef = Arc::new(BooleanArray::from(vec![a]));
                let b: ArrayRef = Arc::new(BooleanArray::from(vec![b]));
                let rows = taken(&text, &[("a", a), ("b", b)]).expect("a condition");
                assert_eq!(rows, [true], "{text}");
            }
        }
        let not = format!(
            "(not {}) is not distinct from {}",
            value(a),
            value(a.map(|a| !a))
        );
        assert!(holds(&not), "{not}");
        assert!(!holds(&format!("{} = null", value(a))));
        assert_eq!(holds(&format!("({} is unknown)", value(a))), a.is_none());
        assert_eq!(holds(&format!("{} is not true", value(a))), a != Some(true));
        assert_eq!(holds(&format!("{} is false", value(a))), a == Some(false));
    }
    assert!(!holds("1 in (2, null)") && !holds("1 not in (2, null)"));
    assert!(holds("1 in (1, null)") && holds("1 not in (2, 3)"));
    assert!(!holds("null between 1 and 2") && !holds("not (null between 1 and 2)"));
    assert!(holds(
        "(not (null between 2 and 1)) is not distinct from null"
    ));
}

#[test]
fn arithmetic_is_postgresqls() {
    for text in [
        "7 / 2 = 3",
        "-7 / 2 = -3",
        "-7 % 3 = -1",
        "0.1 + 0.2 = 0.3",
        "1.5 * 2 = 3",
        "7 / 2::double precision = 3.5",
        "2 + 3 * 4 = 14",
        "-(-9223372036854775808 + 1) = 9223372036854775807",
        "10.5 % 3 = 1.5",
        "'5'::int + 1 = 6",
        "cast(2.5 as int) = 3 and cast(2.5::double precision as int) = 2",
        "cast(1 as text) = '1' and true::text = 'true' and 1.50::numeric(5,2)::text = '1.50'",
        "9223372036854775808 > 9223372036854775807",
        "1e3 = 1000",
        "'NaN'::double precision > 1e300 and 'NaN'::double precision = 'NaN'::double precision",
        "'-0'::double precision = 0",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "1 / 0 = 1",
        "1 % 0 = 1",
        "1.0::double precision / 0 = 1",
        "9223372036854775807 + 1 > 0",
        "-(-9223372036854775808) > 0",
        "1e308::double precision * 10 > 0",
        "40000::smallint > 0",
        "3000000000::int > 0",
        "1000::numeric(3, 0) > 0",
        "'x'::int = 1",
        "'1.5'::int = 1",
        "5 = '5.5'",
    ] {
        assert_eq!(refused(text, &[]).kind(), ErrorKind::Usage, "{text}");
    }
}

#[test]
fn time_is_told_once_and_in_utc() {
    for text in [
        "current_date = date '2026-11-23'",
        "current_date - interval '30 days' = timestamp '2026-10-24 00:00:00'",
        "date '2026-03-31' - interval '1 month' = date '2026-02-28'",
        "date '2026-03-01' - date '2026-02-01' = 28",
        "date '2026-02-28' + 1 = date '2026-03-01'",
        "interval '1' day + date '2026-02-28' = date '2026-03-01'",
        "now() = timestamptz '2026-11-23 13:00:00+01:00'",
        "current_timestamp > localtimestamp - interval '1 second'",
        "timestamp '2026-01-01 10:00' between date '2026-01-01' and date '2026-01-02'",
        "timestamp '2026-01-01 10:00:00.123456789' > timestamp '2026-01-01 10:00:00.123456'",
        "'2026-01-01' < date '2026-01-02'",
        "timestamp '2026-01-01 23:59'::date = date '2026-01-01'",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "date '2026-02-30' = current_date",
        "timestamp '2026-01-01 10:00+01' = now()",
        "current_date = 'yesterday'",
        "interval 'a while' = interval '1 day'",
        "now() - localtimestamp = 1",
    ] {
        let kind = refused(text, &[]).kind();
        assert!(
            matches!(kind, ErrorKind::Usage | ErrorKind::Input),
            "{text}"
        );
    }
}

#[test]
fn patterns_are_likes() {
    for text in [
        "'abc' like 'a%' and 'abc' like '_b_' and 'abc' not like 'b%'",
        "'ABC' ilike 'a%' and 'ABC' not like 'a%'",
        r"'50%' like '50\%' and '500' not like '50\%'",
        "'50%' like '50!%' escape '!' and '500' not like '50!%' escape '!'",
        r"'a\b' like 'a\b' escape '' ",
        "(null like '%') is null",
    ] {
        assert!(holds(text), "{text}");
    }
    assert_eq!(
        refused("'a' like 'a!' escape '!'", &[]).kind(),
        ErrorKind::Usage
    );
    assert_eq!(refused("5 like '5'", &[]).kind(), ErrorKind::Usage);
}

#[test]
fn numbers_of_every_type_meet_exactly() {
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, 1]));
    assert_eq!(
        taken("u = 18446744073709551615", &[("u", unsigned)]).expect("numbers"),
        [true, false]
    );
    let decimals = Decimal128Array::from(vec![150, 151]).with_precision_and_scale(10, 2);
    let decimals: ArrayRef = Arc::new(decimals.expect("ten digits"));
    let whole: ArrayRef = Arc::new(Int32Array::from(vec![1, 1]));
    let columns = [("d", decimals), ("i", whole)];
    assert_eq!(
        taken("d = 1.5 and i < d", &columns).expect("numbers"),
        [true, false]
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![f64::NAN, -0.0]));
    assert_eq!(
        taken("f > 5", &[("f", floats.clone())]).expect("NaN"),
        [true, false]
    );
    assert_eq!(
        taken("f = 0", &[("f", floats)]).expect("zero"),
        [false, true]
    );
}

#[test]
fn what_has_no_type_is_read_as_what_it_meets() {
    let over = |text: &str, values: Vec<Option<&str>>| {
        let arrays = [of_text(values)];
        let bound = bound(text, &[]).expect("a condition");
        bound.taken(&arrays, arrays[0].len())
    };
    let rows = |text, values| {
        let taken = over(text, values).expect("read");
        taken.values().iter().collect::<Vec<bool>>()
    };
    assert_eq!(
        rows("raw > 9", vec![Some("10"), Some("9.5"), None]),
        [true, true, false]
    );
    assert_eq!(
        rows("raw > '9'", vec![Some("10"), Some("95")]),
        [false, true]
    );
    assert_eq!(
        rows("raw", vec![Some("t"), Some("FALSE"), None]),
        [true, false, false]
    );
    assert_eq!(
        rows(
            "raw >= date '2026-01-02'",
            vec![Some("2026-01-01"), Some("2026-01-02")]
        ),
        [false, true]
    );
    assert_eq!(rows("part = 7 and raw = '7'", vec![Some("7")]), [true]);
    let fault = over("raw > 9", vec![Some("10"), Some("ten")]).expect_err("no number");
    assert_eq!((fault.row, fault.error.kind()), (1, ErrorKind::Input));
    assert!(!fault.error.to_string().contains("ten"), "{}", fault.error);
    for text in [
        "raw = raw",
        "raw = part",
        "raw / 2 = 1",
        "raw + interval '1 day' > now()",
    ] {
        let error = bound(text, &[]).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Usage, "{text}");
    }
}

#[test]
fn what_a_row_does_not_need_does_not_fail_it() {
    let columns: [(&str, ArrayRef); 1] = [("x", Arc::new(Int64Array::from(vec![0, 5])))];
    let guarded = taken("x <> 0 and 10 / x = 2", &columns).expect("guarded");
    assert_eq!(guarded, [false, true]);
    let either = taken("x = 0 or 10 / x = 2", &columns).expect("guarded");
    assert_eq!(either, [true, true]);
    let error = refused("10 / x = 2 and x <> 0", &columns);
    assert_eq!(error.context("row"), Some("0"));
    assert!(error.to_string().contains("division by zero"), "{error}");
}

#[test]
fn faults_mark_the_place() {
    let columns: [(&str, ArrayRef); 2] = [
        ("n", Arc::new(Int64Array::from(vec![1]))),
        ("t", of_text(vec![Some("a")])),
    ];
    for (text, line) in [
        ("n = 1 and citty = 2", "\n            ^^^^^"),
        ("n = t", "\n  ^^^^^"),
        ("n = 'a'", "\n      ^^^"),
        ("n = ", "\n      ^"),
        ("n = 1 n", "\n        ^"),
        ("n in (select 1)", "\n"),
        ("abs(n) = 1", "\n  ^"),
        ("n", "\n  ^"),
    ] {
        let error = refused(text, &columns);
        let shown = error.to_string();
        assert_eq!(error.kind().exit_code() / 2, 1, "{text}: 2 or 3");
        assert!(shown.contains(&format!("\n  {text}")), "{shown}");
        assert!(shown.contains(line), "{text}: {shown}");
    }
    let deep = format!("{}n = 1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(refused(&deep, &columns).kind(), ErrorKind::Usage);
    let wide = vec!["n = 1"; 1000].join(" or ");
    assert_eq!(taken(&wide, &columns).expect("flat"), [true]);
    let too_wide = vec!["n = 1"; 5000].join(" or ");
    assert_eq!(refused(&too_wide, &columns).kind(), ErrorKind::Usage);
    let list = format!("n in ({}1)", "0, ".repeat(10_000));
    assert_eq!(taken(&list, &columns).expect("a list"), [true]);
    let sums = format!("n {} > 0", "+ 1 ".repeat(3900));
    assert_eq!(refused(&sums, &columns).kind(), ErrorKind::Usage);
    let casts = format!("n{} > 0", "::int".repeat(1900));
    assert_eq!(refused(&casts, &columns).kind(), ErrorKind::Usage);
    let nots = format!("{} n = 1", "not ".repeat(5000));
    assert_eq!(refused(&nots, &columns).kind(), ErrorKind::Usage);
}

#[test]
fn two_filters_are_both() {
    let one = RowFilter::parse("a = 1 and b = 2", NOW).expect("a condition");
    let both = one.and(RowFilter::parse("c = 3 or b = 4", NOW).expect("a condition"));
    assert_eq!(both.columns().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(both.text(), "(a = 1 and b = 2) AND (c = 3 or b = 4)");
    let bound = both
        .bind(|_| Ok(Origin::Stored(Type::Integer)))
        .expect("numbers");
    let column = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
    let columns = [
        column(vec![1, 1, 1]),
        column(vec![2, 2, 4]),
        column(vec![3, 0, 3]),
    ];
    let taken = bound.taken(&columns, 3).expect("numbers");
    assert_eq!(
        taken.values().iter().collect::<Vec<_>>(),
        [true, false, false]
    );
}

/// Statistics of one column.
struct OfColumn {
    bounds: Bounds,
    rows: u64,
}

impl Statistics for OfColumn {
    fn rows(&self) -> u64 {
        self.rows
    }

    fn of(&self, _: usize) -> Bounds {
        self.bounds.clone()
    }
}

/// Columns of every type: whatever statistics rule out, no row of them meets; whatever they take, all do.
#[test]
fn statistics_decide_no_row_otherwise() {
    let columns: [ArrayRef; 6] = [
        Arc::new(Int32Array::from(vec![Some(3), None, Some(5), Some(4)])),
        Arc::new(Float64Array::from(vec![
            Some(3.0),
            Some(f64::NAN),
            None,
            Some(4.0),
        ])),
        Arc::new(Date32Array::from(vec![Some(3), Some(4), None, Some(5)])),
        Arc::new(TimestampMicrosecondArray::from(vec![3, 4, 5, 5])),
        Arc::new(TimestampNanosecondArray::from(vec![3000, 4000, 5001, 5000])),
        Arc::new(Int32Array::from(vec![None, None, None, None])),
    ];
    let (mut ruled_out, mut taken_whole) = (0, 0);
    for column in &columns {
        let literal = |n: i64| match column.data_type() {
            arrow::datatypes::DataType::Date32 => format!("date '1970-01-{:02}'", n + 1),
            arrow::datatypes::DataType::Timestamp(_, _) => {
                format!("timestamp '1970-01-01 00:00:00.{n:06}'")
            }
            _ => n.to_string(),
        };
        let values: Vec<ArrayRef> = (0..column.len()).map(|row| column.slice(row, 1)).collect();
        let known = values.iter().filter(|value| value.is_valid(0));
        let bounds = Bounds {
            // The first is the least, the last but NaN the greatest.
            least: known.clone().next().cloned(),
            greatest: column
                .is_valid(2)
                .then(|| values[2].clone())
                .or_else(|| known.clone().next_back().cloned()),
            nulls: Some(column.null_count() as u64),
        };
        let rows = column.len() as u64;
        for op in ["=", "<>", "<", "<=", ">", ">="] {
            for n in 2..=6 {
                for text in [
                    format!("c {op} {}", literal(n)),
                    format!("not (c {op} {})", literal(n)),
                    format!("{} {op} c and c is not null", literal(n)),
                    format!("(c {op} {}) is not true", literal(n)),
                    format!("c {op} {} or c is null", literal(n)),
                ] {
                    let of = [("c", ArrayRef::clone(column))];
                    let statistics = OfColumn {
                        bounds: bounds.clone(),
                        rows,
                    };
                    let decided = bound(&text, &of).expect("types").decided_by(&statistics);
                    let taken = taken(&text, &of).expect("values");
                    if let Some(decided) = decided {
                        assert_eq!(taken, vec![decided; taken.len()], "{text} of {column:?}");
                    }
                    ruled_out += usize::from(decided == Some(false));
                    taken_whole += usize::from(decided == Some(true));
                }
            }
        }
    }
    assert!(ruled_out > 100, "{ruled_out} of 900 are ruled out");
    assert!(taken_whole > 50, "{taken_whole} of 900 are taken whole");
}

#[test]
fn a_bound_that_is_no_number_decides_nothing() {
    let bound_of = |value: f64| Some(Arc::new(Float64Array::from(vec![value])) as ArrayRef);
    let column: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let filter = bound("c > 5", &[("c", column)]).expect("types");
    let decided = |least| {
        let bounds = Bounds {
            least: bound_of(least),
            greatest: None,
            nulls: Some(0),
        };
        filter.decided_by(&OfColumn { bounds, rows: 1 })
    };
    assert_eq!((decided(6.0), decided(f64::NAN)), (Some(true), None));
}

#[test]
fn columns_are_asked_one_by_one_and_only_while_a_row_is_open() {
    let a: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]));
    let b: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), Some(true), None]));
    let asked = |text: &str| {
        let columns = [("a", ArrayRef::clone(&a)), ("b", ArrayRef::clone(&b))];
        let mut slots = Vec::new();
        let bound = bound(text, &columns).expect("types");
        let taken = bound.taken_by_column(3, &mut |question| {
            slots.push(question.slot());
            Ok(question.answer([&a, &b][question.slot()]))
        });
        let taken = taken.expect("no errors");
        (
            taken.map(|taken| taken.iter().collect::<Vec<bool>>()),
            slots,
        )
    };
    let some = |rows: [bool; 3]| Some(rows.to_vec());
    assert_eq!(
        asked("a < 3 and b"),
        (some([true, false, false]), vec![0, 1])
    );
    assert_eq!(
        asked("not (a < 3 and b)"),
        (some([false, false, true]), vec![0, 1])
    );
    assert_eq!(
        asked("(a < 3 and b) is not true"),
        (some([false, true, true]), vec![0, 1])
    );
    assert_eq!(asked("a > 3 and b"), (some([false; 3]), vec![0]));
    assert_eq!(
        asked("a is null or a > 0 or b"),
        (some([true; 3]), vec![0, 0])
    );
    // What compares two columns, or fails for a value, is a matter of rows.
    assert_eq!(asked("a = b::int"), (None, vec![]));
    assert_eq!(asked("1 / (a - 3) = 0 or b"), (None, vec![0]));
    assert_eq!(asked("a > 3 and 1 / (b::int - 1) = 0"), (None, vec![0, 1]));
}

#[test]
fn a_partition_decides_before_a_file_is_read() {
    let decided = |text| bound(text, &[]).expect("a condition").decided();
    assert_eq!(decided("part = 8"), Some(false));
    assert_eq!(decided("part = 8 and raw > 5"), Some(false));
    assert_eq!(decided("part = 7 or raw > 5"), Some(true));
    assert_eq!(decided("part = 7 and raw > 5"), None);
    assert_eq!(decided("part is null"), Some(false));
}
