//! Puffin files of Iceberg tables: a column's theta sketch is a side.

use crate::harness::{Answer, Folder, overlap, users};
use arrow::array::{ArrayRef, Int64Array};
use overlap::format::datasketches::ThetaImage;
use overlap::{DATASKETCHES_SEED, murmur3_128};
use std::ops::Range;
use std::sync::Arc;

/// The theta image of users that a `bigint` column has: eight bytes each, as Iceberg writes single values.
fn theta(ids: Range<i64>) -> Vec<u8> {
    let first = |id: i64| murmur3_128(&id.to_le_bytes(), DATASKETCHES_SEED).0 >> 1;
    let image = ThetaImage::new(ThetaImage::THETA_MAX, ids.map(first).collect()).unwrap();
    image.encode().unwrap()
}

/// A file as Trino and Spark write it: a blob for each column, packed with zstd.
fn puffin(columns: &[(i32, Range<i64>)]) -> Vec<u8> {
    let mut bytes = b"PFA1".to_vec();
    let mut blobs = Vec::new();
    for (field, ids) in columns {
        let packed = zstd::encode_all(&theta(ids.clone())[..], 3).unwrap();
        blobs.push(serde_json::json!({
            "type": "apache-datasketches-theta-v1",
            "fields": [field],
            "snapshot-id": 3_051_729_675_574_597_004_i64,
            "sequence-number": 1,
            "offset": bytes.len(),
            "length": packed.len(),
            "compression-codec": "zstd",
            "properties": { "ndv": (ids.end - ids.start).to_string() },
        }));
        bytes.extend(packed);
    }
    let footer = serde_json::json!({ "blobs": blobs, "properties": { "created-by": "a test" } });
    let footer = footer.to_string();
    bytes.extend(b"PFA1");
    bytes.extend(footer.as_bytes());
    bytes.extend(u32::try_from(footer.len()).unwrap().to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(b"PFA1");
    bytes
}

fn estimate(arguments: &[&str]) -> Answer {
    overlap(&[&["estimate", "--format", "json"], arguments].concat())
}

#[test]
fn puffin_files_meet_each_other_images_and_data() {
    let folder = Folder::new();
    let shop = folder.bytes("shop.puffin", &puffin(&[(1, 0..3_000)]));
    let pay = folder.bytes("20261128-pay.stats", &puffin(&[(4, 2_000..4_000)]));
    let image = folder.bytes("pay.theta", &theta(2_000..4_000));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(2_000..4_000));
    let data = folder.ids("pay.parquet", ids);
    for other in [&pay, &image, &data] {
        let report = estimate(&[&shop, other]).json();
        let numbers = ["/overlap", "/only_a", "/only_b"].map(|name| users(&report, name));
        assert_eq!(numbers, [1_000, 2_000, 1_000], "{other}");
    }
    let many = overlap(&["regions", &shop, &pay, &data, "--format", "json"]);
    assert_eq!(many.code, Some(0), "{}", many.stderr);
}

#[test]
fn a_column_of_several_is_chosen_by_its_field_id_a_side() {
    let folder = Folder::new();
    let columns = [(1, 0..3_000), (3, 0..7), (12, 5_000..6_000)];
    let shop = folder.bytes("shop.puffin", &puffin(&columns));
    let pay = folder.bytes("pay.puffin", &puffin(&[(4, 2_000..4_000), (5, 0..9)]));
    let chosen = ["--id", "shop=1", "--id", "pay=4"];
    let report = estimate(&[&[&*shop, &pay], &chosen[..]].concat()).json();
    assert_eq!(users(&report, "/overlap"), 1_000);
    let same = folder.bytes("other.puffin", &puffin(&columns));
    let report = estimate(&[&shop, &same, "--id", "12"]).json();
    assert_eq!(users(&report, "/overlap"), 1_000);
    estimate(&[&shop, &pay, "--id", "shop=1"]).fails(
        2,
        &[
            "pay.puffin",
            "theta sketches of the fields 4, 5",
            "--id SIDE=4",
        ],
    );
    estimate(&[&shop, &pay, "--id", "7"]).fails(
        2,
        &[
            "shop.puffin",
            "no theta sketch of field 7",
            "fields 1, 3, 12",
        ],
    );
}

#[test]
fn inspect_and_convert_show_every_column() {
    let folder = Folder::new();
    let file = folder.bytes("shop.puffin", &puffin(&[(1, 0..3_000), (12, 0..7)]));
    let report = overlap(&["inspect", &file, "--format", "json"]).json();
    let sketches = report.pointer("/files/0/sketches").unwrap();
    let found: Vec<(&str, u64)> = (sketches.as_array().unwrap().iter())
        .map(|sketch| {
            let field = sketch
                .pointer("/segment/0")
                .or(sketch.pointer("/segment/field"));
            (field.unwrap().as_str().unwrap(), users(sketch, "/users"))
        })
        .collect();
    assert_eq!(found, [("1", 3_000), ("12", 7)]);
    let table = folder.path("fields.ovs");
    let table = table.to_str().unwrap();
    let converted = overlap(&["convert", &file, "--to", "ovs", "-o", table]);
    assert_eq!(converted.code, Some(0), "{}", converted.stderr);
    let by = overlap(&["inspect", table, "--format", "json"]).json();
    let columns = by.pointer("/files/0/segment_columns/0").unwrap();
    assert_eq!(columns, "field");
}

#[test]
fn what_is_no_puffin_file_of_sketches_is_refused_by_name() {
    let folder = Folder::new();
    let shop = folder.bytes("shop.puffin", &puffin(&[(1, 0..3_000)]));
    let text = folder.bytes("pay.stats", b"user_id\n1\n2\n");
    estimate(&[&shop, &text]).fails(
        3,
        &[
            "pay.stats",
            "not a whole Puffin file",
            "give other data another name",
        ],
    );
    let cut = puffin(&[(1, 0..3_000)]);
    let cut = folder.bytes("cut.puffin", &cut[..cut.len() / 2]);
    estimate(&[&shop, &cut]).fails(3, &["cut.puffin", "not a whole Puffin file"]);
    let exact = overlap(&["exact", &shop, &cut]);
    exact.fails(
        2,
        &["holds sketches, but counting needs the ids themselves"],
    );
}
