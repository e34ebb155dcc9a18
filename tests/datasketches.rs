//! Images of Apache DataSketches: those of its C++ and Java libraries and of Spark, which
//! `golden/datasketches/make.py` and `make_spark.py` write, and those of its Rust crate.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::theta::{CompactThetaSketch, ThetaSketchBuilder};
use overlap::format::datasketches::{HllImage, ThetaImage};
use overlap::{DATASKETCHES_SEED, SEED_HASH, murmur3_128};
use serde_json::Value;
use std::path::PathBuf;

mod refused; // what is no image is refused, and nothing panics

const THETA_MAX: u64 = ThetaImage::THETA_MAX;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/datasketches")
}

/// Name, image and what the library that wrote it says of it.
fn golden(list: &str) -> Vec<(String, Vec<u8>, Value)> {
    let text = std::fs::read_to_string(folder().join(list)).unwrap();
    let records: serde_json::Map<String, Value> = serde_json::from_str(&text).unwrap();
    let read = |name: &str| std::fs::read(folder().join(name)).unwrap();
    let images = records
        .into_iter()
        .map(|(name, record)| (name.clone(), read(&name), record));
    images.collect()
}

fn all_golden() -> impl Iterator<Item = (String, Vec<u8>, Value)> {
    ["expected.json", "expected_java.json"]
        .into_iter()
        .flat_map(golden)
}

/// Both words of our hash of the first `n` IDs of a kind.
fn words(kind: &str, n: u64) -> Vec<(u64, u64)> {
    let hash = |bytes: &[u8]| murmur3_128(bytes, DATASKETCHES_SEED);
    match kind {
        "integers" => (0..n).map(|i| hash(&i.to_le_bytes())).collect(),
        "texts" => (0..n)
            .map(|i| hash(format!("user-{i}").as_bytes()))
            .collect(),
        _ => unreachable!("{kind}"),
    }
}

/// The hashes below θ, as a theta sketch takes them from the first word.
fn sample(words: &[(u64, u64)], theta: u64) -> Vec<u64> {
    let hashes = words.iter().map(|(first, _)| first >> 1);
    let mut hashes: Vec<u64> = hashes.filter(|&hash| hash != 0 && hash < theta).collect();
    hashes.sort_unstable();
    hashes
}

/// The registers, as an HLL sketch takes them from both words.
fn registers(words: &[(u64, u64)], lg_k: u8) -> Vec<u8> {
    let mut registers = vec![0_u8; 1 << lg_k];
    for (first, second) in words {
        let coupon = (first & 0x03ff_ffff) as usize;
        let value = second.leading_zeros().min(62) as u8 + 1;
        let register = &mut registers[coupon & ((1 << lg_k) - 1)];
        *register = value.max(*register);
    }
    registers
}

fn estimate(image: &ThetaImage) -> f64 {
    image.hashes.len() as f64 / (image.theta as f64 / THETA_MAX as f64)
}

#[track_caller]
fn assert_near(ours: f64, theirs: f64, tolerance: f64, what: &str) {
    let error = (ours - theirs).abs();
    assert!(
        error <= tolerance * theirs,
        "{what}: {ours} instead of {theirs}"
    );
}

/// Whatever `theta` was read from holds what its record says, of IDs that we hash alike.
#[track_caller]
fn assert_theta(name: &str, image: &ThetaImage, record: &Value) {
    let n = record["n"].as_u64().unwrap();
    let ids = record["ids"].as_str().unwrap_or("integers");
    assert_eq!(
        image.hashes,
        sample(&words(ids, n), image.theta),
        "{name}: hashes"
    );
    assert_eq!(record["theta64"], image.theta, "{name}: θ");
    assert_eq!(record["retained"], image.hashes.len(), "{name}: retained");
    assert_eq!(image.empty, n == 0, "{name}");
    let theirs = record["estimate"].as_f64().unwrap();
    assert_near(estimate(image), theirs, 1e-12, name);
}

#[test]
fn theta_images_of_the_cpp_library_say_what_its_own_api_says() {
    let mut count = 0;
    for (name, bytes, record) in golden("expected.json") {
        if record["sketch"] != "theta" {
            continue;
        }
        let image = ThetaImage::decode(&bytes).expect(&name);
        assert_theta(&name, &image, &record);
        let hashes = &image.hashes;
        let xor = hashes.iter().fold(0, |xor, hash| xor ^ hash);
        let sum = hashes
            .iter()
            .fold(0_u64, |sum, &hash| sum.wrapping_add(hash));
        assert_eq!((&record["xor"], &record["sum"]), (&xor.into(), &sum.into()));
        let ordered = std::fs::read(folder().join(name.replace("unordered", "ordered"))).unwrap();
        assert_eq!(image.encode().unwrap(), ordered, "{name}: to the byte");
        count += 1;
    }
    assert_eq!(count, 11);
}

#[test]
fn theta_images_of_java_say_what_its_own_api_says() {
    let mut count = 0;
    for (name, bytes, record) in golden("expected_java.json") {
        if record["sketch"] == "theta" {
            assert_theta(&name, &ThetaImage::decode(&bytes).expect(&name), &record);
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

#[test]
fn hll_images_hold_the_registers_that_our_hash_gives() {
    let mut with_exceptions = 0;
    let mut count = 0;
    for (name, bytes, record) in all_golden() {
        if record["sketch"] != "hll" {
            continue;
        }
        let n = record["n"].as_u64().unwrap();
        let ids = record["ids"].as_str().unwrap_or("integers");
        let image = HllImage::decode(&bytes).expect(&name);
        assert_eq!(record["lg_k"], image.lg_k, "{name}");
        assert_eq!(
            image.registers,
            registers(&words(ids, n), image.lg_k),
            "{name}"
        );
        with_exceptions +=
            usize::from(name.contains("hll4") && bytes.get(36).is_some_and(|&n| n > 0));
        // Lists and sets are estimated otherwise; of registers merged twice we know the estimate.
        let written = image.encode().unwrap();
        if name.contains("hll8") && n > 1_000 {
            // From where the estimate in order of arrival ends: sums, zeros and registers.
            assert_eq!(written[16..], bytes[16..], "{name}: to the byte");
        }
        let ours = HllSketch::deserialize(&written).unwrap();
        let theirs = record["merged_estimate"].as_f64().unwrap();
        let tolerance = if n > 1_000 { 1e-12 } else { 0.05 };
        assert_near(ours.estimate(), theirs, tolerance, &name);
        count += 1;
    }
    assert_eq!(count, 72);
    assert!(with_exceptions > 0);
}

#[test]
fn images_that_spark_aggregates_are_read() {
    let file = std::fs::File::open(folder().join("spark.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(file, 16).unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let table = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    let column = |name: &str| table.column_by_name(name).unwrap();
    assert_eq!(table.num_rows(), 3);
    for row in 0..table.num_rows() {
        let n = column("n").as_primitive::<Int64Type>().value(row);
        let words = words("integers", n as u64);
        let theta = ThetaImage::decode(column("theta").as_binary::<i32>().value(row)).unwrap();
        assert_eq!(theta.hashes, sample(&words, theta.theta), "{n}");
        // Spark rounds its estimates.
        let theirs = column("theta_estimate").as_primitive::<Int64Type>();
        assert_eq!(estimate(&theta).round() as i64, theirs.value(row));
        let hll = HllImage::decode(column("hll").as_binary::<i32>().value(row)).unwrap();
        assert_eq!(hll.registers, registers(&words, hll.lg_k), "{n}");
        let ours = HllSketch::deserialize(&hll.encode().unwrap()).unwrap();
        let theirs = column("hll_estimate")
            .as_primitive::<Int64Type>()
            .value(row);
        assert_near(ours.estimate(), theirs as f64, 0.01, "spark");
    }
}

fn crate_theta(n: u64, lg_k: u8) -> CompactThetaSketch {
    let mut sketch = ThetaSketchBuilder::default().lg_k(lg_k).build().unwrap();
    (0..n).for_each(|i| sketch.update(i));
    sketch.compact(true)
}

#[test]
fn theta_images_of_the_crate_are_read_plain_and_compressed_and_ours_by_it() {
    for lg_k in [5, 12] {
        for n in [0, 1, 2, 3, 7, 8, 9, 100, 1_000, 5_000, 30_000] {
            let theirs = crate_theta(n, lg_k);
            let mut hashes: Vec<u64> = theirs.iter().map(|entry| entry.hash()).collect();
            hashes.sort_unstable();
            let wanted = ThetaImage {
                theta: theirs.theta64(),
                hashes,
                empty: theirs.is_empty(),
            };
            for bytes in [theirs.serialize(), theirs.serialize_compressed()] {
                assert_eq!(ThetaImage::decode(&bytes), Ok(wanted.clone()), "{n}");
            }
            let back = CompactThetaSketch::deserialize(&wanted.encode().unwrap()).unwrap();
            assert_eq!(back.estimate(), theirs.estimate(), "{n}");
            assert_eq!(back.theta64(), theirs.theta64(), "{n}");
        }
    }
}

/// The same sketch as versions 1 and 2 had it, which nobody writes any more: a single hash has its
/// count before it, and the first version has neither the seed's hash nor an exact form.
fn older(image: &ThetaImage, version: u8, longs: u8) -> Vec<u8> {
    let mut bytes = vec![longs, version, 3, 0, 0, 2];
    let seed_hash = if version == 1 { 0 } else { SEED_HASH };
    bytes.extend(seed_hash.to_le_bytes());
    if longs > 1 {
        bytes.extend((image.hashes.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
    }
    if longs > 2 {
        bytes.extend(image.theta.to_le_bytes());
    }
    bytes.extend(image.hashes.iter().flat_map(|hash| hash.to_le_bytes()));
    bytes
}

#[test]
fn versions_1_and_2_are_read_as_the_crate_reads_them() {
    for n in [0, 1, 3, 1_000, 10_000] {
        let wanted = ThetaImage::decode(&crate_theta(n, 8).serialize()).unwrap();
        let mut forms = vec![(1, 3), (2, 3)];
        if wanted.theta == THETA_MAX {
            forms.push((2, 2));
        }
        if n == 0 {
            forms.push((2, 1));
        }
        for (version, longs) in forms {
            let bytes = older(&wanted, version, longs);
            let theirs = CompactThetaSketch::deserialize(&bytes).unwrap();
            assert_eq!(theirs.num_retained(), wanted.hashes.len());
            assert_eq!(
                ThetaImage::decode(&bytes),
                Ok(wanted.clone()),
                "{n}: {version}"
            );
        }
    }
}

#[test]
fn hll_images_of_the_crate_are_read_and_ours_by_it() {
    for lg_k in [4, 7, 8, 12, 21] {
        for kind in [HllType::Hll4, HllType::Hll6, HllType::Hll8] {
            for n in [0, 1, 7, 8, 24, 25, 1_000, 50_000] {
                let mut theirs = HllSketch::new(lg_k, kind).unwrap();
                (0..n).for_each(|i| theirs.update(i));
                let image = HllImage::decode(&theirs.serialize()).unwrap();
                let name = format!("{kind:?} of {n} at {lg_k}");
                assert_eq!(image.lg_k, lg_k, "{name}");
                assert_eq!(
                    image.registers,
                    registers(&words("integers", n), lg_k),
                    "{name}"
                );
                let bytes = image.encode().unwrap();
                assert_eq!(HllImage::decode(&bytes), Ok(image), "{name}");
                // Merged with itself it is no longer estimated by order of arrival.
                let mut union = HllUnion::new(lg_k).unwrap();
                union.update(&theirs);
                union.update(&theirs);
                let back = HllSketch::deserialize(&bytes).unwrap();
                let merged = union.to_sketch(HllType::Hll8).composite_estimate();
                let tolerance = if n < 1_000 { 0.2 } else { 0.01 };
                assert_near(back.estimate(), merged, tolerance, &name);
            }
        }
    }
}

/// For `golden/datasketches/check.py`: every golden sketch as we write it.
#[test]
#[ignore = "writes images for other programs to read"]
fn images_are_written_for_check_py() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("datasketches");
    std::fs::create_dir_all(&out).unwrap();
    for (name, bytes, record) in all_golden() {
        let image = match record["sketch"].as_str() {
            Some("theta") => ThetaImage::decode(&bytes).unwrap().encode(),
            Some("hll") => HllImage::decode(&bytes).unwrap().encode(),
            _ => continue,
        };
        std::fs::write(out.join(name), image.unwrap()).unwrap();
    }
}
