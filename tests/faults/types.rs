//! Which values are the same user?

use crate::harness::{Folder, RawFile, count, overlap, users};
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
    Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMillisecondArray, UInt32Array, UInt64Array,
};
use overlap::{Silent, SketchOptions, Sources, sketch_sides};
use std::sync::Arc;

/// Estimate and exact, both as JSON.
fn compare(a: &str, b: &str, more: &[&str]) -> [serde_json::Value; 2] {
    ["estimate", "exact"]
        .map(|command| overlap(&[&[command, a, b, "--format", "json"], more].concat()).json())
}

#[track_caller]
fn overlap_is(a: &str, b: &str, more: &[&str], expected: u64) {
    for report in compare(a, b, more) {
        assert_eq!(users(&report, "/overlap"), expected, "{report}");
    }
}

#[test]
fn row_26_every_width_gives_the_same_sketch() {
    let folder = Folder::new();
    let files = [
        folder.ids("int8", Arc::new(Int8Array::from_iter_values(0..100))),
        folder.ids("int16", Arc::new(Int16Array::from_iter_values(0..100))),
        folder.ids("int32", Arc::new(Int32Array::from_iter_values(0..100))),
        folder.ids("int64", Arc::new(Int64Array::from_iter_values(0..100))),
        folder.ids("uint32", Arc::new(UInt32Array::from_iter_values(0..100))),
        folder.ids("uint64", Arc::new(UInt64Array::from_iter_values(0..100))),
    ];
    let sources = Sources::new(&files).unwrap();
    let sketches = sketch_sides(&sources, SketchOptions::default(), &Silent).unwrap();
    for sketch in &sketches {
        assert_eq!(*sketch, sketches[0]);
    }
}

#[test]
fn row_27_unsigned_ids_above_the_sign_bit_are_themselves() {
    let folder = Folder::new();
    let top = 1_u64 << 63;
    let unsigned = folder.ids(
        "u64",
        Arc::new(UInt64Array::from(vec![7, top, top + 1, u64::MAX])),
    );
    let signed = folder.ids(
        "i64",
        Arc::new(Int64Array::from(vec![7, i64::MIN, i64::MIN + 1, -1])),
    );
    assert_eq!(count(&unsigned), (4, 0, 4));
    overlap_is(&unsigned, &signed, &[], 1);
    let unsigned = folder.ids("u32", Arc::new(UInt32Array::from(vec![7, u32::MAX])));
    let signed = folder.ids(
        "i64",
        Arc::new(Int64Array::from(vec![7, i64::from(u32::MAX), -1])),
    );
    overlap_is(&unsigned, &signed, &[], 2);
}

#[test]
fn row_28_decimals_of_scale_0_are_integers_and_others_are_refused() {
    let folder = Folder::new();
    let decimals = |name: &str, precision: u8, scale: i8| {
        let values = Decimal128Array::from(vec![1, 2, -3]);
        let ids = values.with_precision_and_scale(precision, scale).unwrap();
        folder.ids(name, Arc::new(ids))
    };
    let integers = folder.ids("i64", Arc::new(Int64Array::from(vec![1, 2, -3])));
    for precision in [5, 15, 38] {
        let path = decimals("decimal", precision, 0);
        overlap_is(&path, &integers, &[], 3);
        let path = decimals("scaled", precision, 2);
        overlap(&["estimate", &path]).fails(3, &["user_id", "decimal of scale 2"]);
    }
}

#[test]
fn row_29_floats_are_refused_with_the_cast_that_helps() {
    let folder = Folder::new();
    let odd = vec![1.0, f64::NAN, -0.0, 1e16];
    let double = folder.ids("double", Arc::new(Float64Array::from(odd)));
    let float = folder.ids("float", Arc::new(Float32Array::from(vec![1.0])));
    for path in [double, float] {
        overlap(&["estimate", &path]).fails(3, &[&path, "user_id", "cast it to INT64"]);
        overlap(&["exact", &path]).fails(3, &["cast it to INT64"]);
    }
}

#[test]
fn row_30_dates_times_booleans_and_the_like_are_refused_by_name() {
    let folder = Folder::new();
    let arrays: [(&str, ArrayRef); 3] = [
        ("DATE", Arc::new(Date32Array::from(vec![1]))),
        (
            "TIMESTAMP",
            Arc::new(TimestampMillisecondArray::from(vec![1])),
        ),
        ("BOOLEAN", Arc::new(BooleanArray::from(vec![true]))),
    ];
    for (name, array) in arrays {
        let path = folder.ids(name, array);
        overlap(&["estimate", &path]).fails(3, &["unsupported id type", name, "user_id"]);
    }
    for (name, column) in [
        ("INT96", "OPTIONAL INT96 user_id;"),
        (
            "INTERVAL",
            "OPTIONAL FIXED_LEN_BYTE_ARRAY (12) user_id (INTERVAL);",
        ),
        ("TIME", "OPTIONAL INT32 user_id (TIME(MILLIS,true));"),
    ] {
        let file = RawFile::plain(column, vec![], 0);
        let path = folder.bytes(name, &file.to_bytes());
        overlap(&["estimate", &path]).fails(3, &["unsupported id type", name]);
    }
}

const UUIDS: [&str; 3] = [
    "00112233-4455-6677-8899-aabbccddeeff",
    "ffffffff-ffff-4fff-bfff-ffffffffffff",
    "01234567-89ab-4def-8123-456789abcdef",
];

fn uuid_bytes() -> Vec<Vec<u8>> {
    let bytes = |text: &str| {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        (0..16)
            .map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    };
    UUIDS.iter().map(|text| bytes(text)).collect()
}

#[test]
fn row_31_uuids_meet_within_a_form_and_across_forms_by_a_flag() {
    let folder = Folder::new();
    let texts = folder.ids("texts", Arc::new(StringArray::from(UUIDS.to_vec())));
    let upper: Vec<String> = UUIDS.iter().map(|text| text.to_uppercase()).collect();
    let upper = folder.ids("upper", Arc::new(StringArray::from(upper)));
    let values = FixedSizeBinaryArray::try_from_iter(uuid_bytes().into_iter()).unwrap();
    let uuids = uuid_file(&folder, &values);
    overlap_is(&texts, &texts.clone(), &[], 3);
    overlap_is(&texts, &upper, &[], 0);
    overlap(&["estimate", &texts, &uuids]).fails(4, &["string", "binary", "--as binary"]);
    overlap_is(&texts, &uuids, &["--as", "binary"], 3);
    overlap_is(&upper, &uuids, &["--as", "binary"], 3);
    overlap_is(&texts, &uuids, &["--as", "string"], 3);
}

/// A UUID column needs its annotation in the Parquet schema itself.
fn uuid_file(folder: &Folder, ids: &FixedSizeBinaryArray) -> String {
    use parquet::column::page::Page;
    let bytes: Vec<u8> = ids.iter().flatten().flatten().copied().collect();
    let page = Page::DataPage {
        buf: bytes.into(),
        num_values: 3,
        encoding: parquet::basic::Encoding::PLAIN,
        def_level_encoding: parquet::basic::Encoding::RLE,
        rep_level_encoding: parquet::basic::Encoding::RLE,
        statistics: None,
    };
    let column = "REQUIRED FIXED_LEN_BYTE_ARRAY (16) user_id (UUID);";
    let file = RawFile::plain(column, vec![page], 3);
    folder.bytes("uuids", &file.to_bytes())
}

#[test]
fn row_32_binary_against_hexadecimal_text_is_refused_with_the_flag_that_mends_it() {
    let folder = Folder::new();
    let sha1 = [[1_u8; 20], [2; 20], [0xab; 20]];
    let fixed = FixedSizeBinaryArray::try_from_iter(sha1.iter()).unwrap();
    let fixed = folder.ids("fixed", Arc::new(fixed));
    let free = BinaryArray::from_iter_values(sha1);
    let free = folder.ids("free", Arc::new(free));
    let hex = sha1.map(|id| {
        id.iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    });
    let hex = folder.ids("hex", Arc::new(StringArray::from(hex.to_vec())));
    overlap_is(&fixed, &free, &[], 3);
    for binary in [&fixed, &free] {
        overlap(&["estimate", binary, &hex]).fails(4, &["binary", "string", "--as binary"]);
        overlap(&["exact", binary, &hex]).fails(4, &["--as binary"]);
        overlap_is(binary, &hex, &["--as", "binary"], 3);
    }
}

#[test]
fn row_33_integers_against_digits_are_refused_with_the_flag_that_mends_it() {
    let folder = Folder::new();
    let integers = folder.ids("integers", Arc::new(Int64Array::from(vec![7, 8, -9])));
    let digits = folder.ids(
        "digits",
        Arc::new(StringArray::from(vec!["7", "008", "-9"])),
    );
    for command in ["estimate", "exact", "verify"] {
        overlap(&[command, &integers, &digits]).fails(
            4,
            &[
                "integers holds integer ids",
                "digits string ids",
                "--as integer",
            ],
        );
    }
    overlap_is(&integers, &digits, &["--as", "string"], 2);
    overlap_is(&integers, &digits, &["--as", "integer"], 3);
    let words = folder.ids("words", Arc::new(StringArray::from(vec!["7", "x8"])));
    overlap(&["estimate", &words, "--as", "integer"]).fails(
        3,
        &[
            "words",
            "user_id",
            "row group 0",
            "an id is not a whole number",
        ],
    );
    overlap(&["estimate", &integers, "--as", "binary"]).fails(2, &["--as string"]);
}
