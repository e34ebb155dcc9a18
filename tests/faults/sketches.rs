//! Sketch files: rows 44 to 62 of the catalogue.

use crate::harness::{Folder, data, overlap};
use arrow::array::{Int64Array, RecordBatch};
use overlap::format::{decode, registers_blob, sample_blob};
use overlap::id::IdBatch;
use overlap::{
    Confidence, ErrorKind, HashScheme, Sketch, SketchOptions, estimate_set, estimate_sketches,
    read_sketches, set_counts,
};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use std::path::Path;
use std::sync::Arc;

fn sketch(users: std::ops::Range<i64>, p: u8, k: usize) -> Sketch {
    let ids: Vec<i64> = users.collect();
    Sketch::of(IdBatch::Integers(&ids), SketchOptions::new(p, k).unwrap()).unwrap()
}

/// Registers and sample of a sketch, as bytes.
fn blobs(sketch: &Sketch) -> [Vec<u8>; 2] {
    [
        registers_blob(sketch).unwrap(),
        sample_blob(sketch).unwrap(),
    ]
}

/// Blobs of about a kilobyte and of about 16, dense and sparse.
fn specimens() -> Vec<Vec<u8>> {
    [(10, 256, 5_000), (14, 5_000, 100_000), (12, 4_096, 300)]
        .iter()
        .flat_map(|&(p, k, users)| blobs(&sketch(0..users, p, k)))
        .collect()
}

/// The sketch of one blob of either kind.
fn decode_either(blob: &[u8]) -> overlap::Result<Sketch> {
    match blob.get(..4) {
        Some(b"OVLR") => decode(Some(blob), None, None),
        _ => decode(None, Some(blob), None),
    }
}

/// The blob with the checksum that belongs to its bytes.
fn signed(mut blob: Vec<u8>) -> Vec<u8> {
    let end = blob.len() - 4;
    let checksum = crc32fast::hash(&blob[..end]);
    blob[end..].copy_from_slice(&checksum.to_le_bytes());
    blob
}

/// A hostile blob is refused, or it is the only encoding of a sketch that can be used.
#[track_caller]
fn refused_or_sound(blob: &[u8]) -> bool {
    let Ok(sketch) = decode_either(blob) else {
        return false;
    };
    let again = registers_blob(&sketch)
        .or_else(|| sample_blob(&sketch))
        .unwrap();
    assert_eq!(again, blob);
    let mut merged = sketch.clone();
    merged.merge(&sketch).unwrap();
    assert_eq!(
        (merged.registers(), merged.sample()),
        (sketch.registers(), sketch.sample())
    );
    let users = estimate_set(&set_counts(&sketch), Confidence::default());
    assert!(users.lower <= users.value && users.value <= users.upper && users.upper.is_finite());
    true
}

#[track_caller]
fn refused(blob: Vec<u8>, word: &str) {
    let error = decode_either(&signed(blob)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains(word), "{word}: {error}");
}

#[test]
fn row_44_a_blob_cut_anywhere_is_refused() {
    for blob in specimens() {
        for end in 0..blob.len() {
            let error = decode_either(&blob[..end]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input, "{end}");
        }
    }
}

#[test]
fn row_44_a_file_cut_anywhere_is_refused() {
    let folder = Folder::new();
    let file = std::fs::read("tests/golden/v1/text.ovs").unwrap();
    for cut in (0..file.len()).step_by(37) {
        let path = folder.bytes("cut.ovs", &file[..cut]);
        let error = read_sketches(Path::new(&path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{cut}: {error}");
    }
    let path = folder.bytes("cut.ovs", &file[..file.len() / 2]);
    overlap(&["inspect", &path]).fails(3, &["cut.ovs"]);
}

#[test]
fn row_45_surplus_bytes_are_refused() {
    for blob in specimens() {
        let longer = [&blob[..], &[0]].concat();
        assert!(decode_either(&longer).is_err());
        assert!(decode_either(&signed(longer)).is_err());
        let body = &blob[..blob.len() - 4];
        assert!(decode_either(&signed([body, &[0; 5]].concat())).is_err());
        assert!(decode_either(&[&blob[..], &blob[..]].concat()).is_err());
    }
    let folder = Folder::new();
    let file = std::fs::read("tests/golden/v1/text.ovs").unwrap();
    let path = folder.bytes("longer.ovs", &[&file[..], &[0]].concat());
    overlap(&["inspect", &path]).fails(3, &["longer.ovs"]);
}

#[test]
fn row_46_every_flipped_bit_is_noticed() {
    for mut blob in specimens() {
        for bit in 0..8 * blob.len() {
            blob[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_either(&blob).is_err(), "bit {bit}");
            blob[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(decode_either(&blob).is_ok());
    }
}

#[test]
fn row_47_hostile_blobs_with_the_right_checksum_are_refused_or_sound() {
    let mut sound = 0;
    let small = [(4, 16, 300), (6, 64, 10), (8, 64, 2_000)];
    let small = small
        .iter()
        .flat_map(|&(p, k, users)| blobs(&sketch(0..users, p, k)));
    for blob in small {
        for at in 0..blob.len() - 4 {
            for value in [
                0,
                1,
                127,
                128,
                255,
                blob[at] ^ 1,
                blob[at] ^ 16,
                blob[at].wrapping_add(1),
            ] {
                let mut hostile = blob.clone();
                hostile[at] = value;
                sound += usize::from(refused_or_sound(&signed(hostile)));
            }
        }
    }
    assert!(sound > 100, "{sound}: hashes and ranks may be any");
}

#[test]
fn row_48_counts_that_cannot_be_are_refused_before_room_is_made() {
    for sketch in [sketch(0..300, 12, 4_096), sketch(0..90_000, 6, 64)] {
        let [registers, sample] = blobs(&sketch);
        for count in [0, 1, 1 << 31, u32::MAX] {
            // Of k, of hashes; of registers that are set.
            for at in [16, 20] {
                let mut hostile = sample.clone();
                hostile[at..at + 4].copy_from_slice(&u32::to_le_bytes(count));
                assert!(decode_either(&signed(hostile)).is_err(), "{count} at {at}");
            }
            let mut hostile = registers.clone();
            hostile[16] = 1;
            hostile[17..21].copy_from_slice(&u32::to_le_bytes(count));
            assert!(
                decode_either(&signed(hostile)).is_err(),
                "{count} registers"
            );
        }
    }
}

#[test]
fn row_49_parameters_out_of_range_are_refused() {
    let [registers, sample] = blobs(&sketch(0..1_000, 6, 64));
    for precision in [0, 3, 25, 27, 64, 255] {
        let mut hostile = registers.clone();
        hostile[7] = precision;
        refused(hostile, &format!("precision is {precision}"));
    }
    for k in [0_u32, 1, 15, (1 << 24) + 1, 1 << 31] {
        let mut hostile = sample.clone();
        hostile[16..20].copy_from_slice(&k.to_le_bytes());
        refused(hostile, &format!("k is {k}"));
    }
}

#[test]
fn row_50_registers_that_no_set_has_are_refused() {
    let [dense, _] = blobs(&sketch(0..10_000, 4, 16));
    assert_eq!(dense[16], 0, "dense");
    // Rank 63 in register 0, where at most 61 can be.
    let mut hostile = dense.clone();
    hostile[17] |= 63;
    refused(hostile, "rank 63");
    // All registers 0: the sparse form is shorter.
    let mut hostile = dense;
    let end = hostile.len() - 4;
    hostile[17..end].fill(0);
    refused(hostile, "shorter");
    let [sparse, _] = blobs(&sketch(0..5, 12, 64));
    assert_eq!(sparse[16], 1, "sparse");
    // A long gap before the first register.
    let mut hostile = sparse.clone();
    let end = hostile.len() - 4;
    hostile[21..end].fill(0);
    hostile[end - 1] = 128;
    assert!(decode_either(&signed(hostile)).is_err());
    let mut hostile = sparse;
    hostile[16] = 2;
    refused(hostile, "unknown form");
}

#[test]
fn row_51_long_runs_of_zeros_overflow_nothing() {
    // Gaps in unary: a run of zeros as long as the blob, at the largest parameter there is.
    let [_, sample] = blobs(&sketch(0..20, 4, 16));
    let mut hostile = sample[..16].to_vec();
    hostile.extend(16_u32.to_le_bytes());
    hostile.extend(1_u32.to_le_bytes());
    hostile.extend((1_u64 << 48).to_le_bytes());
    hostile.extend([0; 100_000]);
    hostile.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    refused(hostile, "");
}

#[test]
fn row_52_a_theta_that_no_sample_has_is_refused() {
    let [_, sample] = blobs(&sketch(0..1_000, 6, 64));
    let theta = u64::from_le_bytes(sample[24..32].try_into().unwrap());
    for wrong in [0, (1 << 48) + 1, u64::MAX, 1 << 48, theta / 2] {
        let mut hostile = sample.clone();
        hostile[24..32].copy_from_slice(&wrong.to_le_bytes());
        // θ = 1 with as many hashes as k is a sample of a set, but not with these bits.
        assert!(!refused_or_sound(&signed(hostile)), "{wrong}");
    }
    assert!(overlap::BottomK::from_parts(HashScheme::Xxh3, 16, 10, vec![3, 3]).is_err());
    assert!(overlap::BottomK::from_parts(HashScheme::Xxh3, 16, 1 << 48, vec![4, 3]).is_err());
    assert!(overlap::BottomK::from_parts(HashScheme::Murmur3, 16, 10, vec![3, 10]).is_err());
}

#[test]
fn row_53_registers_and_sample_of_different_sets_are_refused() {
    let folder = Folder::new();
    let mixed = |few: &Sketch, many: &Sketch| {
        let [registers, _] = blobs(few);
        let [_, sample] = blobs(many);
        decode(Some(&registers), Some(&sample), None).unwrap()
    };
    let (few, many) = (sketch(0..100, 10, 256), sketch(0..100_000, 10, 256));
    let empty = sketch(0..0, 10, 256);
    for (i, mixed) in [mixed(&few, &many), mixed(&many, &few), mixed(&empty, &few)]
        .iter()
        .enumerate()
    {
        let path = folder.path(&format!("{i}.ovs"));
        let table = overlap::Segments::whole(mixed.clone()).unwrap();
        overlap::write_sketches(&table, &path).unwrap();
        let path = path.display().to_string();
        overlap(&["inspect", &path]).fails(3, &["by its registers", "by its sample"]);
        overlap(&["estimate", &path, &path]).fails(3, &["row 0"]);
    }
}

#[test]
fn rows_54_and_62_other_versions_are_refused_with_the_one_that_is_needed() {
    for blob in specimens() {
        let mut hostile = blob.clone();
        hostile[0] = b'X';
        refused(hostile, "magic");
        for (version, said) in [
            (0, "version 0"),
            (4, "reads version 4"),
            (255, "version 255"),
        ] {
            let mut hostile = blob.clone();
            hostile[4] = version;
            // Whatever a later version does with its checksum.
            let error = decode_either(&hostile).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
            refused(hostile, said);
        }
    }
}

#[test]
fn row_56_another_hash_or_id_type_is_told_by_its_fingerprint() {
    let [mut registers, sample] = blobs(&sketch(0..100, 6, 64));
    registers[5] = 2;
    refused(registers.clone(), "fingerprint");
    registers[5] = 3;
    refused(registers.clone(), "fingerprint");
    registers[5] = 9;
    refused(registers.clone(), "unknown hash");
    registers[5] = 1;
    registers[6] = 2;
    let registers = signed(registers);
    let error = decode(Some(&registers), Some(&sample), None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("different hashes, id types or profiles"),
        "{error}"
    );
}

#[test]
fn row_57_the_empty_sketch_is_nobody_but_still_of_its_kind() {
    let size = SketchOptions::new(8, 64).unwrap();
    let (nobody, users) = (Sketch::empty(size), sketch(0..50, 8, 64));
    let pair = estimate_sketches(&nobody, &users, Confidence::default()).unwrap();
    assert_eq!((pair.overlap.value, pair.union.value), (0.0, 50.0));
    let pair = estimate_sketches(&nobody, &nobody, Confidence::default()).unwrap();
    assert_eq!((pair.a.upper, pair.union.upper), (0.0, 0.0));
    let other = Sketch::empty(size.with_hash(HashScheme::Murmur3));
    let error = estimate_sketches(&nobody, &other, Confidence::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomparable);
    let text = Sketch::of(IdBatch::Text(overlap::id::ByteIds::Slices(&[])), size).unwrap();
    assert_eq!(
        users.ensure_comparable(&text).unwrap_err().kind(),
        ErrorKind::Incomparable
    );
}

#[test]
fn row_58_folding_is_the_lower_size_from_the_start() {
    let (small, large) = (sketch(0..9_000, 6, 100), sketch(5_000..20_000, 12, 2_000));
    let mut folded = large.clone();
    folded
        .merge(&Sketch::empty(SketchOptions::new(6, 100).unwrap()))
        .unwrap();
    assert_eq!(
        folded.registers(),
        sketch(5_000..20_000, 6, 100).registers()
    );
    assert_eq!(folded.sample(), sketch(5_000..20_000, 6, 100).sample());
    let [one, other] = [[&small, &large], [&large, &small]]
        .map(|[a, b]| estimate_sketches(a, b, Confidence::default()).unwrap());
    assert_eq!((one.overlap, one.only_a), (other.overlap, other.only_b));
}

#[test]
fn row_59_extreme_pairs_stay_possible() {
    let all = sketch(0..200_000, 10, 1_024);
    for (other, truth) in [
        (sketch(200_000..400_000, 10, 1_024), 0.0),
        (sketch(0..100_000, 10, 1_024), 100_000.0),
        (all.clone(), 200_000.0),
        (sketch(7..9, 10, 1_024), 2.0),
        (sketch(-2..0, 10, 1_024), 0.0),
    ] {
        let pair = estimate_sketches(&all, &other, Confidence::default()).unwrap();
        let overlap = pair.overlap;
        assert!(
            overlap.lower <= truth && truth <= overlap.upper,
            "{truth}: {overlap:?}"
        );
        assert!(overlap.value <= pair.a.value.min(pair.b.value));
    }
}

#[test]
fn row_61_thousands_of_merges_drift_nowhere() {
    let mut all = sketch(0..0, 8, 256);
    for i in 0..10_000 {
        all.merge(&sketch(10 * i..10 * i + 15, 8, 256)).unwrap();
    }
    let whole = sketch(0..100_005, 8, 256);
    assert_eq!(
        (all.registers(), all.sample()),
        (whole.registers(), whole.sample())
    );
    let copy = all.clone();
    for _ in 0..1_000_000 {
        all.merge(&copy).unwrap();
    }
    assert_eq!(
        (all.registers(), all.sample()),
        (whole.registers(), whole.sample())
    );
}

#[test]
fn row_60_numbers_for_people_are_not_read_back() {
    let folder = Folder::new();
    let golden = "tests/golden/v1/text.ovs";
    let file = std::fs::File::open(golden).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let metadata = reader
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .cloned();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let users = batch.schema().index_of("users").unwrap();
    let expected = overlap(&["estimate", golden, "--format", "json"]).json();
    // There is no float in a file that a NaN could be in.
    for value in [-1, i64::MIN, i64::MAX] {
        let mut columns = batch.columns().to_vec();
        columns[users] = Arc::new(Int64Array::from(vec![value; batch.num_rows()]));
        let odd = RecordBatch::try_new(batch.schema(), columns).unwrap();
        let properties = WriterProperties::builder().set_key_value_metadata(metadata.clone());
        let mut bytes = Vec::new();
        let writer = ArrowWriter::try_new(&mut bytes, odd.schema(), Some(properties.build()));
        let mut writer = writer.unwrap();
        writer.write(&odd).unwrap();
        writer.close().unwrap();
        let path = folder.bytes("text.ovs", &bytes);
        let report = overlap(&["estimate", &path, "--format", "json"]).json();
        assert_eq!(report["sides"][0]["users"], expected["sides"][0]["users"]);
        assert_eq!(overlap(&["inspect", &path]).code, Some(0));
    }
}

#[test]
fn flips_around_the_blobs_give_an_error_or_the_very_sketches() {
    let folder = Folder::new();
    let file = std::fs::read("tests/golden/v1/segments.ovs").unwrap();
    let expected = read_sketches(Path::new("tests/golden/v1/segments.ovs")).unwrap();
    let mut read = 0;
    for at in (0..file.len()).step_by(3) {
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        let path = folder.bytes("flipped.ovs", &flipped);
        if let Ok(table) = read_sketches(Path::new(&path)) {
            read += 1;
            let parts = |sketch: &Sketch| (sketch.registers().cloned(), sketch.sample().cloned());
            // Rows may be lost with a footer that says so, but no sketch is ever another.
            for sketch in table.values() {
                assert!(
                    expected.values().iter().any(|e| parts(e) == parts(sketch)),
                    "byte {at}"
                );
            }
        }
    }
    assert!(read > 0, "statistics and names may be anything");
    let path = folder.bytes("flipped.ovs", &file);
    let pay = data("pay.parquet");
    assert_eq!(overlap(&["estimate", &path, &pay]).code, Some(0));
}
