//! However IDs are stored, they are the IDs that the `parquet` crate's own Arrow reader finds:
//! types, encodings, codecs, page versions, nulls, dictionaries, one large row group.

use crate::harness::{Folder, overlap};
use arrow::array::{
    Array, ArrayRef, FixedSizeBinaryArray, Int32Array, Int64Array, StringArray, UInt32Array,
    UInt64Array,
};
use overlap::{Silent, Sketch, SketchOptions, Sources, sketch_batches, sketch_sides};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use std::fs::File;
use std::sync::Arc;

const ROWS: usize = 5_000;

fn options() -> SketchOptions {
    SketchOptions::new(8, 300).unwrap()
}

fn scanned(path: &str, threads: usize) -> Sketch {
    let mut sources = Sources::new(&[path.to_owned()]).unwrap();
    sources.threads = threads;
    sketch_sides(&sources, options(), &Silent)
        .unwrap()
        .remove(0)
}

/// The same file through the crate's Arrow reader.
fn reference(path: &str) -> Sketch {
    let file = File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let batches = reader.build().unwrap().map(Result::unwrap);
    sketch_batches(batches, "user_id", options()).unwrap()
}

/// IDs of which many repeat, some of them null or not.
fn arrays(nulls: bool) -> Vec<ArrayRef> {
    let ids = || {
        (0..ROWS).map(move |i| {
            let id = (i * 7_919 % 2_003) as i64 - 700;
            (!nulls || i % 7 != 3).then_some(id)
        })
    };
    let texts = || ids().map(|id| id.map(|id| format!("{id:x}").repeat(id as usize % 4)));
    let wide = || ids().map(|id| id.map(|id| (id as i128 * 0x1234_5678_9abc).to_be_bytes()));
    vec![
        Arc::new(
            ids()
                .map(|id| id.map(|id| id as i32))
                .collect::<Int32Array>(),
        ),
        Arc::new(
            ids()
                .map(|id| id.map(|id| id as u32))
                .collect::<UInt32Array>(),
        ),
        Arc::new(ids().collect::<Int64Array>()),
        Arc::new(
            ids()
                .map(|id| id.map(|id| id as u64))
                .collect::<UInt64Array>(),
        ),
        Arc::new(texts().collect::<StringArray>()),
        Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(wide(), 16).unwrap()),
    ]
}

/// Every way to write a column that its type allows.
fn forms(array: &ArrayRef) -> Vec<(String, WriterPropertiesBuilder)> {
    use arrow::datatypes::DataType::{FixedSizeBinary, Utf8};
    let encodings = match array.data_type() {
        Utf8 => vec![
            Encoding::PLAIN,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
        ],
        FixedSizeBinary(_) => vec![Encoding::PLAIN, Encoding::BYTE_STREAM_SPLIT],
        _ => vec![
            Encoding::PLAIN,
            Encoding::DELTA_BINARY_PACKED,
            Encoding::BYTE_STREAM_SPLIT,
        ],
    };
    let mut forms = Vec::new();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        let pages = || {
            WriterProperties::builder()
                .set_writer_version(version)
                .set_data_page_row_count_limit(700)
                .set_write_batch_size(100)
                .set_max_row_group_row_count(Some(2_000))
        };
        let dictionary = pages().set_dictionary_page_size_limit(4_000);
        forms.push((format!("{version:?} dictionary"), dictionary));
        for &encoding in &encodings {
            let plain = pages().set_dictionary_enabled(false).set_encoding(encoding);
            forms.push((format!("{version:?} {encoding}"), plain));
        }
    }
    forms
}

fn codecs() -> [Compression; 6] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
    ]
}

#[test]
fn every_form_of_storage_holds_the_users_that_the_arrow_reader_finds() {
    let folder = Folder::new();
    let mut count = 0;
    for nulls in [false, true] {
        for array in arrays(nulls) {
            for (form, properties) in forms(&array) {
                for codec in codecs() {
                    let properties = properties.clone().set_compression(codec).build();
                    let columns = [("user_id", Arc::clone(&array))];
                    let path = folder.batch("ids.parquet", &columns, properties);
                    let what = format!("{} {form} {codec}, nulls: {nulls}", array.data_type());
                    assert_eq!(scanned(&path, 2), reference(&path), "{what}");
                    assert_eq!(
                        scanned(&path, 2).tally().expect("known").nulls,
                        array.null_count() as u64
                    );
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 2 * (4 * 8 + 8 + 6) * 6);
}

#[test]
fn a_required_column_of_stored_values_is_read_piece_by_piece_alike() {
    let folder = Folder::new();
    for rows in [1_usize, 8_191, 8_192, 8_193, 40_000] {
        let ids: ArrayRef =
            Arc::new(Int64Array::from_iter_values((0..rows as i64).map(|i| {
                i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())
            })));
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_data_page_row_count_limit(usize::MAX)
            .set_data_page_size_limit(usize::MAX)
            .build();
        let path = folder.required("ids.parquet", &ids, properties);
        assert_eq!(scanned(&path, 1), reference(&path), "{rows} rows");
    }
}

/// Large enough to be cut by its pages, with a dictionary that every part needs.
#[test]
fn a_single_row_group_gives_the_same_sketch_on_any_number_of_threads() {
    const LARGE: i64 = 3_000_000;
    let folder = Folder::new();
    let ids = (0..LARGE).map(|i| (i % 11 != 0).then_some(i * 7_919 % 50_021));
    let columns: [(&str, ArrayRef); 1] = [("user_id", Arc::new(ids.collect::<Int64Array>()))];
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(None)
        .set_compression(Compression::SNAPPY)
        .build();
    let path = folder.batch("ids.parquet", &columns, properties);
    let alone = scanned(&path, 1);
    assert_eq!(alone.tally().expect("known").rows, LARGE as u64);
    for threads in [2, 3, 8] {
        assert_eq!(scanned(&path, threads), alone, "{threads} threads");
    }
    assert_eq!(alone, reference(&path));
}

#[test]
fn a_dictionary_counts_as_many_rows_as_it_stores() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(
        (0..9_000_i64)
            .map(|i| Some(i * i % 1_511))
            .collect::<Int64Array>(),
    );
    let frequency = |name: &str, dictionary: bool| {
        let properties = WriterProperties::builder()
            .set_dictionary_enabled(dictionary)
            .build();
        let path = folder.batch(name, &[("user_id", Arc::clone(&ids))], properties);
        let sides = [format!("a={path}"), format!("b={path}")];
        let arguments = [sides[0].as_str(), &sides[1], "--frequency", "--format=json"];
        let answer = overlap(&[&["estimate"], &arguments[..]].concat()).json();
        answer["sides"][0]["frequency"].clone()
    };
    let plain = frequency("plain.parquet", false);
    assert!(plain.is_object() || plain.is_array(), "{plain}");
    assert_eq!(frequency("dictionary.parquet", true), plain);
}
