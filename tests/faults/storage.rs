//! How are the pages stored, and what does the footer say of them?

use crate::harness::{Folder, RawFile, count, footer_start, overlap, users};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::column::page::{Page, PageReader};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::serialized_reader::SerializedPageReader;
use std::sync::Arc;

const TEXT: &str = "REQUIRED BYTE_ARRAY user_id (UTF8);";

fn codecs() -> [(&'static str, Compression); 5] {
    [
        ("snappy", Compression::SNAPPY),
        ("gzip", Compression::GZIP(GzipLevel::default())),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
        ("brotli", Compression::BROTLI(BrotliLevel::default())),
        ("lz4", Compression::LZ4_RAW),
    ]
}

fn texts(len: usize) -> ArrayRef {
    let text = |i: usize| format!("user-{:06}-of-the-shop", i * 7_919 % 99_991);
    Arc::new(StringArray::from_iter_values((0..len).map(text)))
}

/// The only page of a file, as it is stored: not decompressed.
fn stored_page(bytes: &[u8]) -> Page {
    let bytes = Bytes::copy_from_slice(bytes);
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&bytes)
        .unwrap();
    let chunk = metadata.row_group(0).column(0).clone().into_builder();
    let chunk = chunk
        .set_compression(Compression::UNCOMPRESSED)
        .build()
        .unwrap();
    let mut pages = SerializedPageReader::new(Arc::new(bytes), &chunk, 1, None).unwrap();
    pages.get_next_page().unwrap().unwrap()
}

/// A page of `codec` and the length that it has when it is decompressed.
fn compressed(codec: Compression) -> (Page, usize) {
    let folder = Folder::new();
    let properties = |codec| {
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        properties.set_compression(codec).build()
    };
    let page_with = |codec| {
        let path = folder.required("page", &texts(500), properties(codec));
        stored_page(&std::fs::read(path).unwrap())
    };
    let length = page_with(Compression::UNCOMPRESSED).buffer().len();
    (page_with(codec), length)
}

fn with_buffer(page: &Page, buffer: &[u8]) -> Page {
    Page::DataPage {
        buf: Bytes::copy_from_slice(buffer),
        num_values: page.num_values(),
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    }
}

#[test]
fn row_10_a_page_that_asks_for_two_gigabytes_is_a_limit_before_room_is_made() {
    let folder = Folder::new();
    for (_, codec) in codecs() {
        let (page, _) = compressed(codec);
        let file = RawFile {
            codec,
            uncompressed: Some(i32::MAX as usize),
            ..RawFile::plain(TEXT, vec![page], 500)
        };
        let path = folder.bytes("bomb", &file.to_bytes());
        for command in ["estimate", "exact"] {
            overlap(&[command, &path]).fails(7, &[&path, "user_id", "--max-page", "2147483647"]);
        }
        let by = ["sketch", &path, "--by", "user_id", "-o", "/dev/null/x"];
        overlap(&by).fails(7, &["--max-page"]);
    }
}

#[test]
fn row_11_streams_that_are_cut_or_longer_than_they_say_are_refused() {
    let folder = Folder::new();
    for (name, codec) in codecs() {
        let (page, length) = compressed(codec);
        let stored = page.buffer().clone();
        let write = |buffer: &[u8], uncompressed| {
            let file = RawFile {
                codec,
                uncompressed: Some(uncompressed),
                ..RawFile::plain(TEXT, vec![with_buffer(&page, buffer)], 500)
            };
            folder.bytes(name, &file.to_bytes())
        };
        assert_eq!(count(&write(&stored, length)), (500, 0, 500));
        for (buffer, uncompressed) in [
            (&stored[..stored.len() / 2], length),
            (&stored[..stored.len() - 1], length),
            (&stored[..0], length),
            (&stored[..], length - 1),
            (&stored[..], length + 1),
            (&stored[..], length / 2),
            (&stored[..], 0),
        ] {
            let path = write(buffer, uncompressed);
            let answer = overlap(&["estimate", &path]);
            // A stream whose last byte is only a mark may still hold every value.
            if answer.code == Some(0) {
                assert_eq!(count(&path), (500, 0, 500), "{name} {uncompressed}");
            } else {
                answer.fails(3, &[&path, "user_id", "row group 0"]);
            }
        }
    }
}

#[test]
fn row_12_millions_of_rows_in_a_few_bytes_are_counted() {
    // Runs of one index: 2 million rows a page, 50 million in all.
    let folder = Folder::new();
    let dictionary = Page::DictionaryPage {
        buf: 7_i64.to_le_bytes().to_vec().into(),
        num_values: 1,
        encoding: Encoding::PLAIN,
        is_sorted: false,
    };
    let mut run = vec![1];
    let mut length = 2_000_000_u32 << 1;
    while length >= 0x80 {
        run.push(length as u8 | 0x80);
        length >>= 7;
    }
    run.extend([length as u8, 0]);
    let page = Page::DataPage {
        buf: run.into(),
        num_values: 2_000_000,
        encoding: Encoding::RLE_DICTIONARY,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let mut pages = vec![page; 25];
    pages.insert(0, dictionary);
    let file = RawFile::plain("REQUIRED INT64 user_id;", pages, 50_000_000);
    let path = folder.bytes("runs", &file.to_bytes());
    assert_eq!(count(&path), (50_000_000, 0, 1));
}

#[test]
fn row_12_what_grows_beyond_measure_is_a_limit() {
    let folder = Folder::new();
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let write = |text: String| {
        let ids: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        let properties = properties.set_compression(zstd).build();
        folder.batch("one", &[("user_id", ids)], properties)
    };
    let digits = |i: u32| format!("{:08x}", i.wrapping_mul(0x9E37_79B9));
    let path = write((0..(20 << 20) / 8).map(digits).collect());
    overlap(&["estimate", &path]).fails(7, &[&path, "--max-value"]);
    let raised = overlap(&[
        "estimate",
        &path,
        "--max-value",
        "32MiB",
        "--format",
        "json",
    ]);
    assert_eq!(users(&raised.json()["sides"][0], "/users"), 1);
    let path = write("x".repeat(20 << 20));
    overlap(&["estimate", &path]).fails(7, &[&path, "--max-ratio"]);
    // Row 10 has pages beyond the default; this one is as large as it says.
    let path = write("x".repeat(100 << 20));
    overlap(&["estimate", &path, "--max-page", "64MiB"]).fails(7, &[&path, "--max-page"]);
}

#[test]
fn row_23_version_2_pages_without_compression_without_values_and_with_negative_sizes() {
    let folder = Folder::new();
    let nulls: ArrayRef = Arc::new(Int64Array::new_null(100));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(
        (0..100).map(|i| i * 0x9E37_79B9),
    ));
    let properties = |codec| {
        let properties = WriterProperties::builder().set_dictionary_enabled(false);
        let properties = properties.set_writer_version(WriterVersion::PARQUET_2_0);
        properties.set_compression(codec).build()
    };
    for (_, codec) in codecs() {
        // Random numbers don't compress: writers then say so in the page and leave them.
        let path = folder.batch("random", &[("user_id", ids.clone())], properties(codec));
        assert_eq!(count(&path), (100, 0, 100));
        let path = folder.batch("nulls", &[("user_id", nulls.clone())], properties(codec));
        assert_eq!(count(&path), (100, 100, 0));
    }
    let path = folder.batch(
        "v2",
        &[("user_id", ids)],
        properties(Compression::UNCOMPRESSED),
    );
    let bytes = std::fs::read(path).unwrap();
    // Sizes are zigzag numbers in the first bytes of the header: an odd last bit is a minus.
    for at in 6..20 {
        let mut bytes = bytes.clone();
        bytes[at] |= 1;
        let answer = overlap(&["estimate", &folder.bytes("negative", &bytes)]);
        assert!(matches!(answer.code, Some(0 | 3 | 7)), "{at}: {answer:?}");
        assert!(!answer.stderr.contains("panicked"), "{at}: {answer:?}");
    }
}

/// A file with page index, bloom filter and statistics.
fn indexed(folder: &Folder) -> (String, Vec<u8>) {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(1_000..6_000));
    let properties = WriterProperties::builder()
        .set_bloom_filter_enabled(true)
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(100)
        .build();
    let path = folder.required("indexed", &ids, properties);
    let bytes = std::fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn row_24_broken_indexes_and_filters_change_no_row() {
    let folder = Folder::new();
    let (path, bytes) = indexed(&folder);
    let metadata = ParquetMetaDataReader::new();
    let metadata = metadata
        .parse_and_finish(&Bytes::from(bytes.clone()))
        .unwrap();
    let chunk = metadata.row_group(0).column(0);
    let part = |offset: Option<i64>, length: Option<i32>| {
        let start = usize::try_from(offset.unwrap()).unwrap();
        start..start + usize::try_from(length.unwrap()).unwrap()
    };
    let parts = [
        part(chunk.column_index_offset(), chunk.column_index_length()),
        part(chunk.offset_index_offset(), chunk.offset_index_length()),
        part(chunk.bloom_filter_offset(), chunk.bloom_filter_length()),
    ];
    assert_eq!(count(&path), (5_000, 0, 5_000));
    for part in parts {
        let mut bytes = bytes.clone();
        bytes[part].fill(0xA5);
        assert_eq!(count(&folder.bytes("broken", &bytes)), (5_000, 0, 5_000));
    }
}

#[test]
fn row_25_statistics_are_not_trusted() {
    let folder = Folder::new();
    let (_, mut bytes) = indexed(&folder);
    // The smallest and the largest value, wherever they are but in the pages.
    let footer = bytes.len() - 600;
    for value in [1_000_i64, 5_999] {
        let value = value.to_le_bytes();
        let found = bytes[footer..]
            .windows(8)
            .position(|window| window == value);
        let at = footer + found.expect("in the footer");
        bytes[at..at + 8].copy_from_slice(&3_000_i64.to_le_bytes());
    }
    let wrong = folder.bytes("wrong", &bytes);
    assert_eq!(count(&wrong), (5_000, 0, 5_000));
    let by = overlap(&[
        "sketch",
        &wrong,
        "--by",
        "user_id",
        "--max-segments",
        "10",
        "-o",
        "/dev/null/x",
    ]);
    by.fails(7, &["segments"]);
}

#[test]
fn row_25_null_counts_that_are_wrong_change_no_row_and_are_reported() {
    let folder = Folder::new();
    let ids: Int64Array = (0..3_000).map(|i| (i >= 1_234).then_some(i)).collect();
    let right = folder.ids("right", Arc::new(ids));
    // 1,234 as a field of the footer's statistics becomes 1,235.
    let mut bytes = std::fs::read(&right).unwrap();
    let at = footer_start(&bytes);
    let found = bytes[at..]
        .windows(3)
        .position(|window| window == [0x16, 0xa4, 0x13]);
    bytes[at + found.expect("a null count") + 1] += 2;
    let wrong = folder.bytes("wrong", &bytes);
    for (path, warnings) in [(&right, 0), (&wrong, 1)] {
        assert_eq!(count(path), (3_000, 1_234, 1_766));
        let out = folder.path("out.ovs").display().to_string();
        let asked = [
            vec!["estimate", path, "--format", "json"],
            vec!["exact", path, "--format", "json"],
            vec!["regions", path, "data/shop.parquet", "--format", "json"],
            vec!["matrix", path, "data/shop.parquet", "--format", "json"],
            vec!["sketch", path, "-o", &out, "--json"],
        ];
        for arguments in asked {
            let report = overlap(&arguments).json();
            let said = report["warnings"].as_array().unwrap().iter();
            let said = said
                .filter(|warning| warning["code"] == "nulls_differ")
                .count();
            assert_eq!(said.min(1), warnings, "{arguments:?}");
        }
    }
}

#[test]
fn row_37_a_partition_folder_is_no_id_column() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let path = folder.ids("day=2026-11-23/part.parquet", ids);
    overlap(&["estimate", &path, "--id", "day"])
        .fails(2, &[&path, "day is the name of a folder", "--id"]);
}

#[test]
fn row_38_many_row_groups_columns_and_pages_are_read() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..10_000));
    let batch = RecordBatch::try_from_iter([("user_id", ids)]).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    for row in 0..10_000 {
        writer.write(&batch.slice(row, 1)).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    let path = folder.bytes("groups", &bytes);
    assert_eq!(count(&path), (10_000, 0, 10_000));

    let names: Vec<String> = (0..5_000).map(|i| format!("column_{i}")).collect();
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let columns = names.iter().map(|name| (name.as_str(), one.clone()));
    let columns: Vec<_> = columns.chain([("user_id", one.clone())]).collect();
    let path = folder.batch("columns", &columns, WriterProperties::default());
    assert_eq!(count(&path), (1, 0, 1));

    let buf = Bytes::copy_from_slice(&7_i64.to_le_bytes());
    let page = Page::DataPage {
        buf,
        num_values: 1,
        encoding: Encoding::PLAIN,
        def_level_encoding: Encoding::RLE,
        rep_level_encoding: Encoding::RLE,
        statistics: None,
    };
    let file = RawFile::plain("REQUIRED INT64 user_id;", vec![page; 40_000], 40_000);
    let path = folder.bytes("pages", &file.to_bytes());
    assert_eq!(count(&path), (40_000, 0, 1));
    let report = overlap(&["estimate", &path, "--format", "json"]).json();
    assert_eq!(report["sides"][0]["pages"], 40_000);
}

#[test]
fn row_40_a_column_in_another_file_is_refused_by_its_name() {
    let folder = Folder::new();
    let file = RawFile {
        file_path: Some("part-0.parquet".into()),
        ..RawFile::plain("REQUIRED INT64 user_id;", vec![], 5)
    };
    let path = folder.bytes("_metadata", &file.to_bytes());
    overlap(&["estimate", &path]).fails(3, &[&path, "part-0.parquet", "_metadata"]);
}

/// Eight pages of 500 rows, each with or without a checksum, header by header: the crate writes none.
/// And where their bodies begin.
fn paged(checksums: bool) -> (Vec<u8>, Vec<usize>) {
    let number = |value: i32, out: &mut Vec<u8>| {
        let mut zigzag = (value << 1 ^ value >> 31).cast_unsigned();
        while zigzag >= 0x80 {
            out.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        out.push(zigzag as u8);
    };
    let mut bytes = b"PAR1".to_vec();
    let mut starts = Vec::new();
    for page in 0..8 {
        let ids = page * 500..page * 500 + 500_i64;
        let body: Vec<u8> = ids.flat_map(|i| (i * 7_919).to_le_bytes()).collect();
        bytes.extend([0x15, 0]); // a data page
        for size in [body.len(), body.len()] {
            bytes.push(0x15);
            number(i32::try_from(size).unwrap(), &mut bytes);
        }
        if checksums {
            bytes.push(0x15);
            number(crc32fast::hash(&body).cast_signed(), &mut bytes);
        }
        // Field 5, which is the first or the second after those before.
        bytes.extend([if checksums { 0x1c } else { 0x2c }, 0x15]);
        number(500, &mut bytes);
        bytes.extend([0x15, 0, 0x15, 6, 0x15, 6, 0, 0]); // PLAIN, levels by RLE
        starts.push(bytes.len());
        bytes.extend(body);
    }
    let file =
        RawFile::plain("REQUIRED INT64 user_id;", vec![], 4_000).with_footer(bytes, None, Some(4));
    (file, starts)
}

#[test]
fn rows_8_and_9_flipped_bits_in_pages_are_refused_with_checksums_and_said_without() {
    let folder = Folder::new();
    for checksums in [true, false] {
        let (bytes, starts) = paged(checksums);
        let report = overlap(&[
            "estimate",
            &folder.bytes("whole", &bytes),
            "--format",
            "json",
        ]);
        let report = report.json();
        let pages = report["sides"][0]["pages"].as_u64().unwrap();
        let checked = if checksums { pages } else { 0 };
        assert_eq!(report["sides"][0]["pages_checked"], checked);
        for i in 0..240 {
            let mut bytes = bytes.clone();
            bytes[starts[i % 8] + i * 16] ^= 1 << (i / 8 % 8);
            let path = folder.bytes("flipped", &bytes);
            let answer = overlap(&["estimate", &path]);
            if checksums {
                answer.fails(3, &[&path, "user_id", "row group 0"]);
            } else {
                assert_eq!(answer.code, Some(0), "{answer:?}");
                assert!(answer.stdout.contains("no page carries a checksum"));
            }
        }
    }
}

#[test]
fn checksums_may_be_required() {
    let folder = Folder::new();
    let bare = folder.bytes("bare", &paged(false).0);
    let checked = folder.bytes("checked", &paged(true).0);
    let strict = overlap(&["estimate", &checked, "--require-checksums"]);
    assert_eq!(strict.code, Some(0), "{strict:?}");
    for command in ["estimate", "exact", "regions"] {
        let answer = overlap(&[command, &checked, &bare, "--require-checksums"]);
        answer.fails(5, &[&bare, "user_id", "row group 0", "checksum"]);
    }
    let by = [
        "sketch",
        &bare,
        "--by",
        "user_id",
        "--require-checksums",
        "-o",
        "/dev/null/x",
    ];
    overlap(&by).fails(5, &[&bare, "checksum"]);
    let report = overlap(&["estimate", &checked, &bare]).stdout;
    assert!(report.contains("8 of 16 pages checked"), "{report}");
}
