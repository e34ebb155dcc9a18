//! Delimited text against the `csv` crate, cut at every place.

use super::*;
use crate::error::ErrorKind;
use crate::id::{IdDomain, Tally};
use crate::reader::stream::Failure;
use crate::reader::testing::{Spy, Unwatched, read, stream};
use crate::reader::text::{Form, Nulls};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use proptest::prelude::*;
use std::io::{Cursor, Read as _};
use std::sync::Mutex;

fn file(delimiter: Option<u8>, width: usize, id: usize, header: bool) -> Delimited {
    Delimited {
        layout: Layout {
            delimiter,
            found: true,
            line_end: b'\n',
            width,
            id,
        },
        names: (1..=width).map(|number| number.to_string()).collect(),
        header: header.then(|| ["h", "i", "j"].map(Into::into)[..width].to_vec()),
        nulls: Nulls::default(),
        limits: ReadLimits::default(),
    }
}

type Found = Result<(Vec<Vec<u8>>, Tally), Error>;

/// The IDs of a text as rows for segments have them.
fn read_rows(file: &Delimited, text: &[u8], block: usize) -> Found {
    let mut ids = Vec::new();
    let mut take = |array: &ArrayRef, columns: RecordBatch| {
        assert_eq!(columns.num_rows(), array.len());
        let texts = array.as_string::<i32>().iter().flatten();
        ids.extend(texts.map(|id| id.as_bytes().to_vec()));
        Ok(())
    };
    let columns: Vec<usize> = (0..file.layout.width).collect();
    let read = stream(text, block).rows(file, Form::Text, &columns, &mut take, &Unwatched);
    let read = read.map_err(|failure| failure.error)?;
    ids.sort();
    Ok((ids, read.tally))
}

/// What the `csv` crate says: the field of every record; an empty one is null unless quoted.
fn by_csv_crate(file: &Delimited, text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(file.header.is_some())
        .delimiter(file.layout.delimiter.unwrap_or(b'\x01'))
        .flexible(true)
        .from_reader(text);
    let mut ids = Vec::new();
    for record in reader.byte_records() {
        let record = record.ok()?;
        if record.len() != file.layout.width {
            return None;
        }
        ids.push(record[file.layout.id].to_vec());
    }
    ids.sort();
    Some(ids)
}

/// A field as a writer writes it.
fn written(field: &str, quote: bool) -> String {
    match quote || field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[test]
fn every_cut_of_every_text_reads_alike() {
    let texts: [&[u8]; 13] = [
        b"\n\r\n\nh,i,j\na,b,c\n",
        b"h,i,j\na,b,c\n1,2,3\n",
        b"h,i,j\r\na,b,c\r\n1,2,3",
        b"h,i,j\n\n\"a\",\"b\",\"c\"\n\r\n\"a\"\"\",\"\",\"\"\"\"\n",
        b"h,i,j\n,,\n\"\",\"\",\"\"\n",
        b"h,i,j\n\"a\nb\",\"c\r\nd\",\"e,f\"\n\"\n\",\"\n\n\",x\n",
        b"\"h\",\"i\",j\n5\" screen,b\"c\",\"d\"\nx,y,z\n",
        b"h,i,j\r\n\"a,\"\"b\"\"\",\"\r\n\",z\r\nq,r,s\r\n",
        b"h,i,j\n",
        b"h,i,j",
        b"h,i,j\nx,y,\n,,z\n",
        b"h,i,j\n\xc3\xa9,\xf0\x9d\x84\x9e,\xc3\xa9\n",
        b"h,i,j\n\"\"\"\",\"\"\"\"\"\",\"a\"\"\"\n\"\"\"a\",b,c\n",
    ];
    for text in texts {
        for id in 0..3 {
            let file = file(Some(b','), 3, id, true);
            let expected = read(&file, text, 1 << 20, Form::Text).expect("well formed");
            for block in 1..=text.len() + 1 {
                let found = read(&file, text, block, Form::Text).expect("well formed");
                assert_eq!(
                    found,
                    expected,
                    "{:?} in blocks of {block}",
                    text.escape_ascii()
                );
                if std::str::from_utf8(text).is_ok() {
                    let rows = read_rows(&file, text, block).expect("well formed");
                    assert_eq!(
                        rows,
                        expected,
                        "{:?} in blocks of {block}",
                        text.escape_ascii()
                    );
                }
            }
        }
    }
}

#[test]
fn nulls_and_the_empty_id_are_told_apart() {
    let file = file(Some(b','), 2, 0, true);
    let text = b"id,x\n1,a\n,b\n\"\",c\n\"\",d\n ,e\n";
    let (ids, tally) = read(&file, text, 1 << 20, Form::Text).expect("well formed");
    assert_eq!(ids, [&b""[..], b"", b" ", b"1"]);
    assert_eq!(tally, Tally { rows: 5, nulls: 1 });
    let named = Delimited {
        nulls: Nulls::new(&["NULL".into(), "\\N".into(), String::new()]),
        ..file
    };
    let text = b"id,x\n1,a\nNULL,b\n\"\\N\",c\n\"\",d\nnull,e\n";
    for block in [1, 10, 1 << 20] {
        let mut spy = Spy::default();
        let read = stream(text, block).ids(&named, Form::Text, &mut spy, &Unwatched);
        let read = read.expect("well formed");
        assert_eq!(
            (read.tally.rows, read.tally.nulls, read.named_nulls),
            (5, 3, 3)
        );
        assert_eq!(spy.0, [&b"1"[..], b"null"]);
    }
}

#[test]
fn in_a_file_of_one_column_a_blank_line_is_a_null() {
    let file = file(None, 1, 0, false);
    for text in [&b"a\n\nb\n"[..], b"a\r\n\r\nb", b"\"a\"\n\nb\n"] {
        let (ids, tally) = read(&file, text, 1 << 20, Form::Text).expect("well formed");
        assert_eq!(
            (ids, tally),
            (
                vec![b"a".to_vec(), b"b".to_vec()],
                Tally { rows: 3, nulls: 1 }
            )
        );
    }
}

#[test]
fn what_is_no_delimited_text_is_refused_with_its_line() {
    let three = file(Some(b','), 3, 0, true);
    let cases: [(&[u8], &str, &str); 11] = [
        (b"h,i,j\n1,2,3\n1,2\n1,2,3\n", "a record of 2 fields", "3"),
        (b"h,i,j\n1,2,3\n1,2,3,4\n", "a record of 4 fields", "3"),
        (b"h,i,j\n\"a\nb\",2,3\n1,2\n", "a record of 2 fields", "4"),
        (b"h,i,j\n1,2,3\n1,\"2,3\n1,2,3\n", "never closes", "3"),
        (
            b"h,i,j\n1,2,3\n\"a\"b,2,3\n",
            "text behind a closing quote",
            "3",
        ),
        (
            b"h,i,j\n1,2,3\n\"a\\\"b\",2,3\n",
            "text behind a closing quote",
            "3",
        ),
        (b"h,i,j\n1,2,3\n1\r,2,3\n", "a carriage return", "3"),
        (b"h,i,j\n1,2,3\n\"1\",\r2,3\n", "a carriage return", "3"),
        (b"h,i,j\n1,2,3\n1,2,3\r\r\n", "a carriage return", "3"),
        (b"h,i,j\n1,2,3\n1,\0,3\n", "a NUL byte", "3"),
        (b"h,i,j\n1,2,3\n \n", "a record of 1 field,", "3"),
    ];
    for (text, words, line) in cases {
        for block in 1..=text.len() + 1 {
            for error in [
                read(&three, text, block, Form::Text).expect_err(words),
                read_rows(&three, text, block).expect_err(words),
            ] {
                assert_eq!(error.kind(), ErrorKind::Input);
                assert!(
                    error.message().contains(words),
                    "{error} in blocks of {block}"
                );
                assert_eq!(
                    error.context("line"),
                    Some(line),
                    "{error} in blocks of {block}"
                );
            }
        }
    }
    let one = file(None, 1, 0, false);
    for text in [&b"a\nb\nc,d\n"[..], b"a\nb\nc|d\n\"x\"\n", b"a\nb\n\tc"] {
        let error = read(&one, text, 1 << 20, Form::Text).expect_err("a delimiter");
        assert_eq!(error.context("line"), Some("3"), "{error}");
    }
    let (ids, _) = read(&one, b"a\n\"c,d\"\n", 1 << 20, Form::Text).expect("quoted");
    assert_eq!(ids, [&b"a"[..], b"c,d"]);
}

#[test]
fn ids_in_another_encoding_are_refused_and_other_columns_are_not() {
    let (first, second) = (file(Some(b','), 2, 0, true), file(Some(b','), 2, 1, true));
    for text in [&b"h,i\n1,M\xfcller\n"[..], b"h,i\n1,\"M\xfcll\"\"er\"\n"] {
        for block in [1, 10, 1 << 20] {
            assert!(read(&first, text, block, Form::Text).is_ok());
            let error = read(&second, text, block, Form::Text).expect_err("Latin-1");
            assert!(error.message().contains("UTF-8"), "{error}");
            assert_eq!(error.context("line"), Some("2"));
        }
    }
}

#[test]
fn a_header_that_comes_again_is_no_user() {
    let two = file(Some(b','), 2, 0, true);
    for text in [
        &b"h,i\n1,2\nh,i\n3,4\n"[..],
        b"h,i\r\n\"1\",2\r\n\"h\",\"i\"\r\n3,4\r\n",
        b"h,i\n1,2\nh,i",
    ] {
        for block in 1..text.len() {
            for error in [
                read(&two, text, block, Form::Text).expect_err("twice"),
                read_rows(&two, text, block).expect_err("twice"),
            ] {
                assert!(error.message().contains("the header again"), "{error}");
                assert_eq!(error.context("line"), Some("3"), "blocks of {block}");
            }
        }
    }
    // The name of the column alone may be an ID.
    let (ids, _) = read(&two, b"h,i\nh,2\n", 1 << 20, Form::Text).expect("an id");
    assert_eq!(ids, [b"h"]);
}

#[test]
fn columns_that_meet_integers_hold_plain_ones_or_name_the_line() {
    let file = file(Some(b','), 2, 0, true);
    let integers = |text: &str, block| read(&file, text.as_bytes(), block, Form::Integers);
    let text = "id,x\n1,a\n-7,b\n,c\n\"42\",d\n9223372036854775808,e\n";
    for block in 1..60 {
        let (ids, tally) = integers(text, block).expect("plain");
        let expected = ["-7", "1", "42", "9223372036854775808"].map(|id| id.as_bytes().to_vec());
        assert_eq!(
            (ids, tally),
            (expected.to_vec(), Tally { rows: 5, nulls: 1 })
        );
    }
    for (id, words) in [
        ("007", "leading zeros"),
        ("1234.0", "a point or an exponent"),
        ("1e5", "a point or an exponent"),
        (" 7", "blanks"),
        ("+7", "a plus sign"),
        ("abc", "not a whole number"),
        ("\"\"", "the empty text"),
        ("\"a\"\"b\"", "not a whole number"),
        ("-0", "leading zeros"),
        (
            "9999999999999999999999999999999999999999",
            "more than 38 digits",
        ),
    ] {
        let error = integers(&format!("id,x\n1,a\n\n{id},b\n"), 8).expect_err(id);
        assert_eq!(error.kind(), ErrorKind::Incomparable);
        assert!(error.message().contains(words), "{id}: {error}");
        assert_eq!(error.context("line"), Some("4"));
        assert!(
            !error.to_string().contains(&format!(" {id} ")),
            "the id is shown: {error}"
        );
    }
}

#[test]
fn threads_share_a_stream_and_the_first_error_is_reported() {
    let mut text = String::from("id,x\n");
    for id in 0..20_000 {
        text += &format!("{id},x\n");
    }
    let whole = file(Some(b','), 2, 0, true);
    let seats = |text: &str| {
        let stream = stream(text.as_bytes(), 1000);
        let (found, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::<Failure>::new()));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut spy = Spy::default();
                    match stream.ids(&whole, Form::Text, &mut spy, &Unwatched) {
                        Ok(_) => found.lock().expect("no panic").extend(spy.0),
                        Err(failure) => failed.lock().expect("no panic").push(failure),
                    }
                });
            }
        });
        (
            found.into_inner().expect("no panic"),
            failed.into_inner().expect("no panic"),
        )
    };
    let (mut found, failed) = seats(&text);
    assert!(failed.is_empty());
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 20_000);
    text.insert_str(text.len() / 2, "\n1,2,3\n");
    let (_, failed) = seats(&text);
    let first = failed
        .iter()
        .min_by_key(|failure| failure.block)
        .expect("an error");
    assert!(
        first.error.message().contains("a record of"),
        "{}",
        first.error
    );
}

#[test]
fn ids_that_are_too_long_are_refused() {
    let mut file = file(Some(b','), 2, 0, true);
    file.limits.value_bytes_max = 10;
    let ids = |id: &str| {
        read(
            &file,
            format!("id,x\n{id},y\n").as_bytes(),
            1 << 20,
            Form::Text,
        )
    };
    assert!(ids("0123456789").is_ok());
    for id in ["0123456789a", "\"0123456789a\"", "\"012345678\"\"a\""] {
        let error = ids(id).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::Limit);
        assert_eq!(error.context("line"), Some("2"));
    }
}

#[test]
fn utf_16_is_read_like_utf_8() {
    let text = "id,x\r\nä,1\r\n\"b\nc\",2\r\n";
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xff\xfe"[..], &units].concat();
    let file = file(Some(b','), 2, 0, true);
    for block in 1..40 {
        let found = read(&file, &marked, block, Form::Text).expect("UTF-16");
        assert_eq!(
            found,
            read(&file, text.as_bytes(), 1 << 20, Form::Text).expect("UTF-8")
        );
    }
    let mut whole = String::new();
    let stream = crate::reader::text_of(Box::new(Cursor::new(marked)), None).expect("UTF-16");
    let mut stream = stream;
    stream.read_to_string(&mut whole).expect("UTF-16");
    assert_eq!(whole, text);
    assert_eq!(IdDomain::Text.name(), "string");
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9]{0,12}",
        "[0-9]{1,20}",
        "[ab,\"\n\r; |\t]{0,6}",
        "[äß€𝄞]{0,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_writers_write_is_what_the_csv_crate_reads(
        rows in proptest::collection::vec(proptest::collection::vec((field(), any::<bool>()), 3), 0..20),
        id in 0_usize..3,
        crlf: bool,
        last: bool,
        block in 1_usize..200,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let line = |row: &Vec<(String, bool)>| {
            let fields: Vec<String> = row.iter().map(|(field, quote)| written(field, *quote)).collect();
            fields.join(",")
        };
        let mut text = format!("h,i,j{end}");
        text += &rows.iter().map(line).collect::<Vec<_>>().join(end);
        if last && !rows.is_empty() {
            text += end;
        }
        let file = file(Some(b','), 3, id, true);
        let (mut found, tally) = read(&file, text.as_bytes(), block, Form::Text).expect("as writers write");
        let nulls = rows.iter().filter(|row| row[id].0.is_empty() && !row[id].1).count();
        prop_assert_eq!(tally, Tally { rows: rows.len() as u64, nulls: nulls as u64 });
        prop_assert_eq!(&read_rows(&file, text.as_bytes(), block).expect("as writers write").0, &found);
        found.extend(std::iter::repeat_n(Vec::new(), nulls));
        found.sort();
        prop_assert_eq!(Some(found), by_csv_crate(&file, text.as_bytes()));
    }

    #[test]
    fn any_text_is_read_as_the_csv_crate_reads_it_or_refused(
        text in "[ab1,\"\n\r]{0,60}",
        block in 1_usize..80,
    ) {
        let file = file(Some(b','), 2, 0, false);
        let whole = read(&file, text.as_bytes(), 1 << 20, Form::Text);
        let cut = read(&file, text.as_bytes(), block, Form::Text);
        let rows = read_rows(&file, text.as_bytes(), block);
        prop_assert_eq!(whole.is_ok(), cut.is_ok());
        prop_assert_eq!(whole.is_ok(), rows.is_ok());
        if let (Ok(whole), Ok(cut), Ok(rows)) = (whole, cut, rows) {
            prop_assert_eq!(&whole, &cut);
            prop_assert_eq!(&whole, &rows);
            let (mut ids, tally) = whole;
            ids.extend(std::iter::repeat_n(Vec::new(), usize::try_from(tally.nulls).expect("few")));
            ids.sort();
            prop_assert_eq!(Some(ids), by_csv_crate(&file, text.as_bytes()));
        }
    }
}
