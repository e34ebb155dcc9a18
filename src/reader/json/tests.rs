//! JSON lines against `serde_json`, cut at every place.

use super::*;
use crate::error::ErrorKind;
use crate::id::Tally;
use crate::reader::testing::{self, Unwatched, stream};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use proptest::prelude::*;

fn file(path: &str, values: Values) -> JsonLines {
    let columns = [path, "b"];
    JsonLines {
        names: columns.map(str::to_owned).to_vec(),
        paths: columns
            .map(|name| name.split('.').map(str::to_owned).collect())
            .to_vec(),
        id: 0,
        values,
        nulls: Nulls::default(),
        limits: ReadLimits::default(),
    }
}

/// The IDs of a text, sorted, read in blocks of this size.
fn read(file: &JsonLines, text: &[u8], block: usize, form: Form) -> Result<(Vec<String>, Tally)> {
    let (ids, tally) = testing::read(file, text, block, form)?;
    let ids = ids
        .into_iter()
        .map(|id| String::from_utf8(id).expect("UTF-8"));
    Ok((ids.collect(), tally))
}

/// Likewise, with the values of `b` beside them.
fn read_rows(file: &JsonLines, text: &[u8], block: usize) -> Result<(Vec<String>, Vec<String>)> {
    let (mut ids, mut beside) = (Vec::new(), Vec::new());
    let mut take = |array: &ArrayRef, columns: RecordBatch| {
        match array.data_type() {
            DataType::Utf8 => {
                ids.extend(array.as_string::<i32>().iter().flatten().map(str::to_owned));
            }
            DataType::Int64 => {
                let integers = array.as_primitive::<Int64Type>().iter().flatten();
                ids.extend(integers.map(|id| id.to_string()));
            }
            _ => ids.extend(
                array
                    .as_primitive::<arrow::datatypes::Decimal128Type>()
                    .iter()
                    .flatten()
                    .map(|id| id.to_string()),
            ),
        }
        let values = columns.column(0).as_string::<i32>().iter();
        beside.extend(values.map(|value| value.unwrap_or("null").to_owned()));
        Ok(())
    };
    let read = stream(text, block).rows(file, Form::Text, &[1], &mut take, &Unwatched);
    read.map_err(|failure| failure.error)?;
    ids.sort();
    Ok((ids, beside))
}

/// What `serde_json` says of the ID at `a`, of every line; nulls left out.
fn by_serde(text: &str) -> Option<Vec<String>> {
    let mut ids = Vec::new();
    for line in text.split('\n') {
        if line.trim_matches([' ', '\t', '\r']).is_empty() {
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(line).ok()?;
        match value.as_object()?.get("a") {
            None | Some(serde_json::Value::Null) => {}
            Some(serde_json::Value::String(id)) => ids.push(id.clone()),
            Some(serde_json::Value::Number(id)) => ids.push(id.to_string()),
            Some(_) => return None,
        }
    }
    ids.sort();
    Some(ids)
}

#[test]
fn every_cut_of_every_text_reads_alike() {
    let texts: [&str; 8] = [
        "{\"a\":1}\n{\"a\":2}\n",
        "{\"a\":1,\"b\":\"x\"}\r\n\r\n \t\n{ \"b\" : [1, {\"a\": 3}] , \"a\" : -7 }",
        "{\"b\":null}\n{\"a\":null}\n{}\n{\"a\":170141183460469231731687303715884105727}\n",
        "{\"a\":\"x\"}\n{\"a\":\"\"}\n{\"a\":\"\\u00e9\\ud834\\udd1e\\n\"}\n",
        "{\"a\":\"é𝄞\",\"b\":{\"a\":\"no\",\"c\":[[],{},\"]}\\\"\"]}}\n",
        "{\"\\u0061\":\"escaped key\"}\n{\"A\":\"other key\"}\n",
        "{\"b\":1.5e-3,\"a\":-0}\n{\"a\":0,\"b\":true}",
        "\n\n{\"a\":\"last\"}\n\n",
    ];
    for text in texts {
        let file = file("a", Values::Either);
        let (ids, tally) = read(&file, text.as_bytes(), 1 << 20, Form::Text).expect("JSON lines");
        let expected: Vec<String> = by_serde(text).expect("JSON lines");
        let plain = |id: &String| {
            id.replace(
                "1.7014118346046923e+38",
                "170141183460469231731687303715884105727",
            )
            .replace("-0.0", "0")
        };
        let expected: Vec<String> = expected.iter().map(plain).collect();
        assert_eq!(ids, expected, "{text}");
        assert_eq!(tally.ids(), ids.len() as u64);
        for block in 1..=text.len() + 1 {
            let cut = read(&file, text.as_bytes(), block, Form::Text).expect("JSON lines");
            assert_eq!(cut, (ids.clone(), tally), "{text} in blocks of {block}");
        }
    }
}

#[test]
fn keys_below_keys_are_dotted_and_rows_carry_other_columns() {
    let nested = file("user.id", Values::Numbers);
    let text = concat!(
        "{\"user\":{\"id\":1,\"x\":{\"id\":9}},\"b\":\"p\"}\n",
        "{\"id\":8,\"user\":{\"x\":2},\"b\":2.50}\n",
        "{\"user\":null,\"b\":false}\n",
        "{\"user\":{\"id\":3}}\n",
    );
    for block in 1..=text.len() {
        let (ids, tally) = read(&nested, text.as_bytes(), block, Form::Text).expect("nested");
        assert_eq!(
            (ids.as_slice(), tally),
            (
                &["1".to_owned(), "3".to_owned()][..],
                Tally { rows: 4, nulls: 2 }
            )
        );
        let (ids, beside) = read_rows(&nested, text.as_bytes(), block).expect("nested");
        assert_eq!(ids, ["1", "3"]);
        assert_eq!(beside, ["p", "2.50", "false", "null"]);
    }
}

#[test]
fn what_is_no_id_or_no_object_is_refused_with_its_line() {
    let cases = [
        ("{\"a\":1.0}", "a point or an exponent"),
        ("{\"a\":9.007199254740993e15}", "a point or an exponent"),
        (
            "{\"a\":999999999999999999999999999999999999999999}",
            "more than 38 digits",
        ),
        (
            "{\"a\":\"1\"}",
            "a string, in a column that begins with numbers",
        ),
        ("{\"a\":true}", "true or false"),
        ("{\"a\":[1]}", "a list"),
        ("{\"a\":{\"b\":1}}", "an object"),
        ("{\"a\":1,\"a\":2}", "the key a twice"),
        ("{\"a\":1}{\"a\":2}", "something behind an object"),
        ("{\"a\":1,}", "invalid JSON"),
        ("{\"a\":01}", "invalid JSON"),
        ("{\"a\":NaN}", "invalid JSON"),
        ("{'a':1}", "invalid JSON"),
        ("{\"a\":1,\"c\":\"\\x\"}", "invalid JSON"),
        ("{\"a\":1,\"c\":\"tab\there\"}", "invalid JSON"),
        ("{\"a\":1", "ends before its object does"),
        ("{\"a\":1,\"c\":tru", "ends before its object does"),
        ("[1]", "a list of JSON values"),
        ("17", "no object"),
        ("a,b", "invalid JSON"),
    ];
    for (line, words) in cases {
        let text = format!("{{\"a\":7}}\n\n{line}\n{{\"a\":8}}\n");
        for block in 1..=text.len() + 1 {
            let numbers = file("a", Values::Numbers);
            for error in [
                read(&numbers, text.as_bytes(), block, Form::Text).expect_err(line),
                read_rows(&numbers, text.as_bytes(), block).expect_err(line),
            ] {
                assert_eq!(error.kind(), ErrorKind::Input, "{line}");
                assert!(error.message().contains(words), "{line}: {error}");
                assert_eq!(error.context("line"), Some("3"), "{line}: {error}");
            }
        }
    }
    let strings = file("a", Values::Strings);
    let error =
        read(&strings, b"{\"a\":\"x\"}\n{\"a\":7}\n", 1 << 20, Form::Text).expect_err("mixed");
    assert!(
        error
            .message()
            .contains("a number, in a column that begins with strings"),
        "{error}"
    );
    let error = read(&strings, b"{\"a\":\"\\ud800\"}\n", 1 << 20, Form::Text).expect_err("half");
    assert!(error.message().contains("surrogate"), "{error}");
    let error = read(
        &strings,
        b"{\"a\":\"x\"}\n{\"c\":\"M\xfcller\"}",
        1 << 20,
        Form::Text,
    )
    .expect_err("Latin-1");
    assert_eq!(error.context("line"), Some("2"));
    let nested = file("a.c", Values::Strings);
    let error = read(&nested, b"{\"a\":\"x\"}\n", 1 << 20, Form::Text).expect_err("flat");
    assert!(error.message().contains("a that is no object"), "{error}");
    let deep = format!("{{\"c\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let error = read(&strings, deep.as_bytes(), 1 << 20, Form::Text).expect_err("deep");
    assert!(error.message().contains("127 deep"), "{error}");
}

#[test]
fn strings_that_meet_integers_hold_plain_ones() {
    let strings = file("a", Values::Strings);
    let text = b"{\"a\":\"1\"}\n{\"a\":\"\\u0032\"}\n{\"a\":\"-7\"}\n";
    let (ids, _) = read(&strings, text, 1 << 20, Form::Integers).expect("plain");
    assert_eq!(ids, ["-7", "1", "2"]);
    for id in ["007", "", " 7", "x", "\\u0030\\u0031"] {
        let text = format!("{{\"a\":\"1\"}}\n{{\"a\":\"{id}\"}}\n");
        let error = read(&strings, text.as_bytes(), 1 << 20, Form::Integers).expect_err(id);
        assert_eq!(error.kind(), ErrorKind::Incomparable);
        assert_eq!(error.context("line"), Some("2"));
    }
}

/// The wanted values of every line as they were found, and the place and text of the error that ended the
/// reading, each counted from `base`.
#[allow(clippy::type_complexity)]
fn lines(text: &[u8], base: usize) -> (Vec<(usize, String)>, Option<(usize, String)>) {
    let path = |name: &str| name.split('.').map(str::to_owned).collect::<Vec<_>>();
    let paths = ["id", "b.c"].map(path);
    let wanted = Wanted::new(paths.iter().map(Vec::as_slice));
    let mut found = Vec::new();
    let read = each_line(text, &wanted, |line, at, values| {
        let values = [0, 1].map(|column| wanted.of(column, values));
        found.push((base + at, format!("{values:?} in {}", line.len())));
        Ok(())
    });
    let error = read.err();
    let error = error.map(|fault| (base + fault.at, fault.error.to_string()));
    (found, error)
}

/// Lines of one shape, and others that differ from it in every way that counts.
const WHOLE_LINES: [&str; 17] = [
    r#"{"id":1,"b":{"c":"x"}}"#,
    r#"{"id":-22,"b":{"c":null}}"#,
    r#"{"id":"3","b":{"c":"y\"z"}}"#,
    r#"{"id":4,"b":null}"#,
    r#"{"id":12345678901,"b":{"c":true,"d":[{}]}}"#,
    r#"{"b":{"c":1},"id":6}"#,
    r#"{"id":7}"#,
    r#"{"ie":8,"id":8}"#,
    r#"{ "id" : 9 , "b":{"c":false} }"#,
    "{\"id\":10,\"b\":{\"c\":\"x\"}}\r",
    r#"{"id":11,"b":{"c":"x"}} "#,
    r#"{"i\u0064":12,"b":{"c":"x"}}"#,
    r#"{"a key of more than sixteen bytes":[[]],"id":13}"#,
    r#"{"a key of more than sixteen bytes":14,"id":1.5}"#,
    r#"{"a key of more than sixteen bytez":15,"id":16}"#,
    "{}",
    "",
];

/// Lines that end the reading, wherever they stand.
const BROKEN_LINES: [&str; 9] = [
    r#"{"id":1,"b":{"c":"x"},"id":2}"#,
    r#"{"id":1,"b":[1]}"#,
    r#"{"id":1,"b":{"c":"x"}"#,
    r#"{"id":1,"b":{"c":"x"}}x"#,
    r#"{"id":01,"b":{"c":"x"}}"#,
    r#"{"id":1,"b":{"c":"x}}"#,
    r#"{"id":1-,"b":{"c":"x"}}"#,
    r#"{"id":tru,"b":{"c":"x"}}"#,
    "[1]",
];

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|n| serde_json::json!(n)),
        ".{0,12}".prop_map(Into::into),
        "[\"\\\\{}\\[\\]:,\n\t\u{0}é𝄞]{0,20}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map("[a-c\"\\\\]{0,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_serde_writes_is_what_it_reads(
        rows in proptest::collection::vec((proptest::option::of(".{0,10}"), value(), any::<bool>()), 0..12),
        block in 1_usize..300,
    ) {
        let mut text = String::new();
        for (id, other, first) in &rows {
            let id = serde_json::to_string(id).expect("written");
            let other = serde_json::to_string(other).expect("written");
            text += &match first {
                true => format!("{{\"a\":{id},\"z\":{other}}}\n"),
                false => format!("{{ \"z\" : {other} ,\t\"a\" : {id} }}\r\n"),
            };
        }
        let file = file("a", Values::Strings);
        let (ids, tally) = read(&file, text.as_bytes(), block, Form::Text).expect("as serde writes");
        prop_assert_eq!(tally.rows, rows.len() as u64);
        prop_assert_eq!(Some(ids), by_serde(&text));
    }

    #[test]
    fn any_text_is_read_as_serde_reads_it_or_refused(
        text in "[{}\\[\\]\":,a1e.\\-\\\\u0 \ntrfnl]{0,24}",
        prefix in prop_oneof![Just("{\"a\":"), Just("{"), Just("{\"a\":\""), Just("{\"z\":["), Just("")],
        block in 1_usize..40,
    ) {
        let text = format!("{prefix}{text}");
        let file = file("a", Values::Either);
        let whole = read(&file, text.as_bytes(), 1 << 20, Form::Text);
        let cut = read(&file, text.as_bytes(), block, Form::Text);
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        if let Ok((ids, _)) = whole {
            prop_assert_eq!(&ids, &cut.expect("the same").0);
            let expected = by_serde(&text);
            prop_assert!(expected.is_some(), "serde refuses it");
            // Floats are refused, and -0 is 0.
            let expected: Vec<String> = expected.unwrap_or_default().iter().map(|id| id.replace("-0.0", "0")).collect();
            prop_assert_eq!(ids, expected);
        }
    }

    #[test]
    fn valid_objects_are_never_refused(other in value(), id in any::<i64>()) {
        let text = format!("{{\"z\":{other},\"a\":{id}}}");
        let file = file("a", Values::Numbers);
        let (ids, _) = read(&file, text.as_bytes(), 1 << 20, Form::Text).expect("valid");
        prop_assert_eq!(ids, vec![id.to_string()]);
    }

    #[test]
    fn a_line_reads_alike_whatever_lines_stand_before_it(
        whole in proptest::collection::vec(proptest::sample::select(&WHOLE_LINES[..]), 0..40),
        repeats in 1_usize..4,
        broken in proptest::option::of(proptest::sample::select(&BROKEN_LINES[..])),
    ) {
        let repeated = whole.iter().flat_map(|line| std::iter::repeat_n(*line, repeats));
        let (mut text, mut expected, mut error) = (Vec::new(), Vec::new(), None);
        for line in repeated.chain(broken) {
            // Alone in its block, so that no shape is known.
            let line = [line.as_bytes(), b"\n"].concat();
            let (found, flaw) = lines(&line, text.len());
            expected.extend(found);
            error = flaw;
            text.extend(line);
        }
        prop_assert_eq!(error.is_some(), broken.is_some());
        prop_assert_eq!(lines(&text, 0), (expected, error));
    }
}
