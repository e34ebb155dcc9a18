//! What is in the pages?

use crate::harness::{Folder, RawFile, count, footer_start, overlap, users};
use arrow::array::{Array, ArrayRef, Int64Array, NullArray, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::column::page::Page;
use parquet::file::properties::{WriterProperties, WriterVersion};
use std::sync::Arc;

fn data_page(buf: Vec<u8>, num_values: u32, encoding: Encoding) -> Page {
    Page::DataPage {
        buf: buf.into(),
        num_values,
        encoding,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    }
}

fn dictionary_page(entries: &[i64]) -> Page {
    let buf: Vec<u8> = entries
        .iter()
        .flat_map(|entry| entry.to_le_bytes())
        .collect();
    let num_values = u32::try_from(entries.len()).unwrap();
    Page::DictionaryPage {
        buf: buf.into(),
        num_values,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    }
}

/// Dictionary indices as one bit-packed run of 8 bits each; at most 504.
fn indices(values: &[u8]) -> Page {
    let groups = values.len().div_ceil(8);
    let mut buf = vec![8, u8::try_from(groups << 1 | 1).unwrap()];
    buf.extend_from_slice(values);
    buf.resize(2 + groups * 8, 0);
    data_page(
        buf,
        u32::try_from(values.len()).unwrap(),
        Encoding::RLE_DICTIONARY,
    )
}

fn raw(pages: Vec<Page>, rows: i64) -> RawFile<'static> {
    RawFile::plain("REQUIRED INT64 user_id;", pages, rows)
}

#[test]
fn row_14_columns_without_users_are_0_users_and_said() {
    let folder = Folder::new();
    let empty = folder.ids("empty", Arc::new(Int64Array::from_iter_values(0..0)));
    let nulls = folder.ids("nulls", Arc::new(Int64Array::new_null(100)));
    let typeless = folder.ids("typeless", Arc::new(NullArray::new(100)));
    let no_groups = folder.bytes("no_groups", &no_row_groups());
    for (path, rows) in [
        (&empty, 0),
        (&nulls, 100),
        (&typeless, 100),
        (&no_groups, 0),
    ] {
        for command in ["estimate", "exact"] {
            let report = overlap(&[command, path, &nulls, "--format", "json"]).json();
            assert_eq!(report["sides"][0]["rows"], rows, "{path}");
            assert_eq!(report["sides"][0]["nulls"], rows, "{path}");
            assert_eq!(users(&report, "/union"), 0, "{path}");
            assert_eq!(report["share_of_a"]["value"], 0.0);
            let codes: Vec<_> = report["warnings"]
                .as_array()
                .unwrap()
                .iter()
                .map(|w| &w["code"])
                .collect();
            assert!(codes.iter().any(|code| *code == "no_users"), "{codes:?}");
        }
    }
}

fn no_row_groups() -> Vec<u8> {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("user_id", ids)]).unwrap();
    let mut bytes = Vec::new();
    ArrowWriter::try_new(&mut bytes, batch.schema(), None)
        .unwrap()
        .close()
        .unwrap();
    bytes
}

#[test]
fn row_14_an_empty_row_group_in_the_middle_is_nothing() {
    let folder = Folder::new();
    let write = |sizes: &[i64]| {
        let schema =
            parquet::schema::parser::parse_message_type("message m { REQUIRED INT64 user_id; }");
        let mut bytes = Vec::new();
        let mut writer = parquet::file::writer::SerializedFileWriter::new(
            &mut bytes,
            Arc::new(schema.unwrap()),
            Arc::default(),
        )
        .unwrap();
        for (i, &size) in sizes.iter().enumerate() {
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let start = 1000 * i as i64;
            let values: Vec<i64> = (start..start + size).collect();
            column
                .typed::<parquet::data_type::Int64Type>()
                .write_batch(&values, None, None)
                .unwrap();
            column.close().unwrap();
            group.close().unwrap();
        }
        writer.close().unwrap();
        bytes
    };
    let path = folder.bytes("middle", &write(&[10, 0, 20]));
    assert_eq!(count(&path), (30, 0, 30));
}

#[test]
fn row_15_nulls_between_values_in_both_page_versions() {
    let folder = Folder::new();
    let ids: Vec<Option<i64>> = (0..20_000)
        .map(|i| match i {
            // Whole pages of nulls, then nulls between values.
            0..5_000 => None,
            i if i % 3 == 0 => None,
            i => Some(i % 1_000),
        })
        .collect();
    let nulls = ids.iter().filter(|id| id.is_none()).count() as u64;
    let users: std::collections::HashSet<_> = ids.iter().flatten().collect();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for dictionary in [false, true] {
            let properties = WriterProperties::builder()
                .set_writer_version(version)
                .set_dictionary_enabled(dictionary)
                .set_data_page_row_count_limit(700)
                .set_write_batch_size(100)
                .build();
            let array: ArrayRef = Arc::new(Int64Array::from(ids.clone()));
            let path = folder.batch("nulls", &[("user_id", array)], properties);
            assert_eq!(count(&path), (20_000, nulls, users.len() as u64));
        }
    }
}

#[test]
fn row_16_odd_texts_are_ids_like_any_other() {
    let folder = Folder::new();
    let mebibyte = "x".repeat(1 << 20);
    let texts = vec![
        Some(""),
        Some(" "),
        Some("  "),
        Some("a\0b"),
        Some("a"),
        None,
        Some(&mebibyte[..]),
        Some(""),
    ];
    let path = folder.ids("odd", Arc::new(StringArray::from(texts)));
    assert_eq!(count(&path), (8, 1, 6));
}

#[test]
fn row_17_invalid_utf_8_counts_as_the_bytes_it_is() {
    let folder = Folder::new();
    let mut buf = Vec::new();
    for id in [&b"ok"[..], b"\xff\xfe", b"\xff\xfe", b"\xc3"] {
        buf.extend_from_slice(&u32::try_from(id.len()).unwrap().to_le_bytes());
        buf.extend_from_slice(id);
    }
    let pages = vec![data_page(buf, 4, Encoding::PLAIN)];
    for column in [
        "REQUIRED BYTE_ARRAY user_id (UTF8);",
        "REQUIRED BYTE_ARRAY user_id (STRING);",
    ] {
        let file = RawFile::plain(column, pages.clone(), 4);
        assert_eq!(count(&folder.bytes("invalid", &file.to_bytes())), (4, 0, 3));
    }
}

#[test]
fn row_18_dictionary_entries_that_no_row_uses_are_no_users() {
    let folder = Folder::new();
    let file = raw(
        vec![
            dictionary_page(&[10, 20, 30, 40]),
            indices(&[1, 3, 1, 3, 3]),
        ],
        5,
    );
    assert_eq!(count(&folder.bytes("unused", &file.to_bytes())), (5, 0, 2));
}

#[test]
fn row_19_duplicate_dictionary_entries_are_one_user() {
    let folder = Folder::new();
    let file = raw(
        vec![dictionary_page(&[10, 20, 10, 20]), indices(&[0, 1, 2, 3])],
        4,
    );
    assert_eq!(
        count(&folder.bytes("duplicates", &file.to_bytes())),
        (4, 0, 2)
    );
}

#[test]
fn row_20_a_dictionary_index_out_of_range_is_refused() {
    let folder = Folder::new();
    let file = raw(vec![dictionary_page(&[10, 20]), indices(&[0, 1, 2])], 3);
    let path = folder.bytes("range.parquet", &file.to_bytes());
    for command in ["estimate", "exact"] {
        overlap(&[command, &path]).fails(3, &["range.parquet", "user_id", "row group 0"]);
    }
}

#[test]
fn row_20_a_missing_dictionary_page_is_refused() {
    let folder = Folder::new();
    let mut file = raw(vec![dictionary_page(&[10, 20]), indices(&[0, 1])], 2);
    file.dictionary_offset = Some(None);
    let path = folder.bytes("lost.parquet", &file.to_bytes());
    overlap(&["estimate", &path]).fails(3, &["lost.parquet", "row group 0"]);
    let file = raw(vec![indices(&[0, 1])], 2);
    let path = folder.bytes("none.parquet", &file.to_bytes());
    overlap(&["estimate", &path]).fails(3, &["none.parquet", "row group 0"]);
}

#[test]
fn row_20_a_dictionary_at_offset_0_is_none() {
    let folder = Folder::new();
    let values: Vec<u8> = [5_i64, 6, 5]
        .iter()
        .flat_map(|id| id.to_le_bytes())
        .collect();
    let mut file = raw(vec![data_page(values, 3, Encoding::PLAIN)], 3);
    file.dictionary_offset = Some(Some(0));
    assert_eq!(count(&folder.bytes("zero", &file.to_bytes())), (3, 0, 2));
}

#[test]
fn row_21_a_dictionary_may_give_way_to_plain_pages() {
    let folder = Folder::new();
    let properties = WriterProperties::builder()
        .set_dictionary_page_size_limit(1_000)
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
        .build();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..10_000).map(|i| i / 2)));
    let path = folder.batch("fallback", &[("user_id", ids)], properties);
    let encodings = encodings_of(&path);
    assert!(
        encodings.contains("PLAIN") && encodings.contains("RLE_DICTIONARY"),
        "{encodings}"
    );
    assert_eq!(count(&path), (10_000, 0, 5_000));
}

fn encodings_of(path: &str) -> String {
    let file = std::fs::File::open(path).unwrap();
    let reader = parquet::file::serialized_reader::SerializedFileReader::new(file).unwrap();
    let metadata = parquet::file::reader::FileReader::metadata(&reader);
    format!(
        "{:?}",
        metadata
            .row_group(0)
            .column(0)
            .encodings()
            .collect::<Vec<_>>()
    )
}

#[test]
fn row_22_every_encoding_holds_the_same_users() {
    let folder = Folder::new();
    let integers: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..5_000).map(|i| i * 7 % 1_009),
    ));
    let texts = (0..5_000).map(|i| format!("user-{}", i * 7 % 1_009));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    for (ids, encoding) in [
        (&integers, Encoding::PLAIN),
        (&integers, Encoding::DELTA_BINARY_PACKED),
        (&integers, Encoding::BYTE_STREAM_SPLIT),
        (&texts, Encoding::PLAIN),
        (&texts, Encoding::DELTA_BYTE_ARRAY),
        (&texts, Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ] {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = WriterProperties::builder()
                .set_dictionary_enabled(false)
                .set_writer_version(version)
                .set_encoding(encoding)
                .build();
            let path = folder.batch("encoded", &[("user_id", Arc::clone(ids))], properties);
            assert!(
                encodings_of(&path).contains(&encoding.to_string()),
                "{encoding}"
            );
            assert_eq!(count(&path), (ids.len() as u64, 0, 1_009), "{encoding}");
        }
    }
}

#[test]
fn row_39_a_row_count_that_the_pages_contradict_is_refused() {
    let folder = Folder::new();
    let values: Vec<u8> = [5_i64, 6, 5]
        .iter()
        .flat_map(|id| id.to_le_bytes())
        .collect();
    for rows in [2, 4] {
        let mut file = raw(vec![data_page(values.clone(), 3, Encoding::PLAIN)], 3);
        file.rows = rows;
        let path = folder.bytes("rows.parquet", &file.to_bytes());
        overlap(&["estimate", &path]).fails(3, &["rows.parquet", "row group 0"]);
    }
}

#[test]
fn row_7_flipped_bits_in_the_footer_are_refused_or_change_nothing() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..2_000).map(|i| i * 31)));
    let whole = std::fs::read(folder.ids("whole", ids)).unwrap();
    let footer = footer_start(&whole);
    let mut right = 0;
    for i in 0..240 {
        let mut bytes = whole.clone();
        let at = footer + i * (whole.len() - footer) / 240;
        bytes[at] ^= 1 << (i % 8);
        let path = folder.bytes("flipped.parquet", &bytes);
        let answer = overlap(&["exact", &path, "--format", "json"]);
        match answer.code {
            // The name of the column is in the footer too.
            Some(2 | 3 | 7) => {
                assert!(!answer.stderr.contains("panicked"), "byte {at}: {answer:?}");
            }
            _ => {
                let side = &answer.json()["sides"][0];
                assert_eq!(users(side, "/users"), 2_000, "byte {at}: {answer:?}");
                right += 1;
            }
        }
    }
    println!("figure: {right} of 240 read right, the others refused");
    assert!((20..220).contains(&right), "{right}");
}

#[test]
fn rows_7_to_9_flipped_bits_never_crash_and_checksums_catch_them() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..2_000).map(|i| i * 31)));
    let plain = std::fs::read(folder.ids("plain", ids)).unwrap();
    for i in 0..60 {
        let mut bytes = plain.clone();
        let at = 4 + i * (bytes.len() - 12) / 60;
        bytes[at] ^= 1 << (i % 8);
        let path = folder.bytes("flipped.parquet", &bytes);
        let answer = overlap(&["estimate", &path]);
        assert!(
            matches!(answer.code, Some(0 | 2 | 3 | 7)),
            "byte {at}: {answer:?}"
        );
        assert!(!answer.stderr.contains("panicked"), "byte {at}: {answer:?}");
    }
}
