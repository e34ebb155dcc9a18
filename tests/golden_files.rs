//! Sketch files of version 1 stay readable, and say to an independent reader what they say to us.
//!
//! `OVERLAP_WRITE_GOLDEN=1 cargo test --test main golden_files` makes the files anew; the README beside
//! them tells how `expected.jsonl` is made.

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field};
use overlap::format::{FileNotes, SketchTable, decode, registers_blob, sample_blob};
use overlap::id::{ByteIds, IdBatch, IdDomain, IdSink};
use overlap::{
    ErrorKind, HashScheme, Key, Segments, Sketch, SketchOptions, Sketcher, Tally,
    read_keyed_sketches, read_sketches, write_sketches, write_sketches_with,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn integers(users: std::ops::Range<i64>, options: SketchOptions) -> Sketch {
    let ids: Vec<i64> = users.collect();
    Sketch::of(IdBatch::Integers(&ids), options).unwrap()
}

fn texts(count: usize, options: SketchOptions, is_text: bool) -> Sketch {
    let ids: Vec<String> = (0..count).map(|i| format!("user-{i}")).collect();
    let ids: Vec<&[u8]> = ids.iter().map(String::as_bytes).collect();
    let ids = ByteIds::Slices(&ids);
    let mut sketcher = Sketcher::new(options);
    sketcher
        .push(if is_text {
            IdBatch::Text(ids)
        } else {
            IdBatch::Binary(ids)
        })
        .unwrap();
    sketcher.finish(Tally {
        rows: count as u64 + 3,
        nulls: 3,
    })
}

fn lone(sketch: &Sketch, registers: bool) -> Sketch {
    let (registers, sample) = match registers {
        true => (sketch.registers().cloned(), None),
        false => (None, sketch.sample().cloned()),
    };
    Sketch::from_parts(sketch.hash(), sketch.domain(), registers, sample, None).unwrap()
}

/// Every golden file and what is in it.
fn golden() -> Vec<(&'static str, SketchTable)> {
    let size = |p, k| SketchOptions::new(p, k).unwrap();
    let murmur3 = |p, k| size(p, k).with_hash(HashScheme::Murmur3);
    let whole = |sketch: Sketch| Segments::whole(sketch).unwrap();
    let tiers: ArrayRef = Arc::new(StringArray::from(vec![None, Some("T1"), Some("T2")]));
    let days: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(2)]));
    let fields = [("tier", DataType::Utf8), ("day", DataType::Int64)];
    let fields = fields.map(|(name, kind)| Arc::new(Field::new(name, kind, true)));
    let segments = (0..3).map(|i| integers(1_000 * i..1_000 * i + 900, size(8, 256)));
    let by = Segments::new(fields.to_vec(), vec![tiers, days], segments.collect()).unwrap();
    let images = integers(0..5_000, murmur3(8, 256));
    vec![
        ("empty", whole(Sketch::empty(size(16, 1 << 16)))),
        ("exact", whole(integers(-500..500, size(12, 4096)))),
        ("sampled", whole(integers(0..1_000_000, size(10, 1_024)))),
        ("text", whole(texts(20_000, size(10, 1_024), true))),
        ("binary", whole(texts(20_000, size(4, 16), false))),
        ("murmur3", whole(texts(20_000, murmur3(10, 1_024), true))),
        ("theta", whole(lone(&images, false))),
        ("hll", whole(lone(&images, true))),
        ("segments", by),
    ]
}

fn blobs(table: &SketchTable) -> Vec<[Option<Vec<u8>>; 2]> {
    let sketches = table.values().iter();
    sketches
        .map(|sketch| [registers_blob(sketch), sample_blob(sketch)])
        .collect()
}

/// The line that `docs/format_reader.py` prints for a row.
fn line(table: &SketchTable, row: usize) -> Value {
    let sketch = &table.values()[row];
    let digest = |bytes: &[u8]| format!("{:08x}", crc32fast::hash(bytes));
    let names = table.names();
    let columns = table.columns().columns().iter();
    let cell = |column: &ArrayRef| {
        let text = arrow::util::display::array_value_to_string(column, row).unwrap();
        if column.is_null(row) {
            Value::Null
        } else {
            text.into()
        }
    };
    let segment: serde_json::Map<String, Value> =
        names.into_iter().zip(columns.map(cell)).collect();
    let registers = sketch.registers().map(|registers| {
        let ranks = registers.registers();
        let set = ranks.iter().filter(|&&rank| rank > 0).count();
        json!({"p": registers.precision().get(), "set": set, "digest": digest(ranks)})
    });
    let sample = sketch.sample().map(|sample| {
        let hashes = sample.hashes();
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let (k, n) = (sample.k(), hashes.len());
        json!({"k": k, "n": n, "theta": sample.theta(), "digest": digest(&bytes)})
    });
    json!({
        "segment": segment,
        "rows": sketch.tally().map(|tally| tally.rows),
        "nulls": sketch.tally().map(|tally| tally.nulls),
        "hash": sketch.hash().name(),
        "id_type": sketch.domain().map(IdDomain::name),
        "registers": registers,
        "sample": sample,
    })
}

fn parsed(lines: &str) -> Vec<Value> {
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn golden_files_are_read_as_an_independent_reader_reads_them() {
    if std::env::var_os("OVERLAP_WRITE_GOLDEN").is_some() {
        for (name, table) in golden() {
            write_sketches(&table, &folder().join(format!("{name}.ovs"))).unwrap();
        }
    }
    let mut lines = Vec::new();
    for (name, table) in golden() {
        let read = read_sketches(&folder().join(format!("{name}.ovs"))).unwrap();
        assert_eq!(
            blobs(&read),
            blobs(&table),
            "{name}: a golden blob is written otherwise now"
        );
        assert_eq!(read.values(), table.values(), "{name}");
        assert_eq!(read.columns(), table.columns(), "{name}");
        lines.extend((0..read.values().len()).map(|row| line(&read, row)));
    }
    let expected = std::fs::read_to_string(folder().join("expected.jsonl")).unwrap();
    assert_eq!(lines, parsed(&expected));
}

/// The key of the golden file of version 3: nobody's secret.
fn golden_key() -> Key {
    Key::from_bytes(&std::array::from_fn(|byte| byte as u8)).unwrap()
}

#[test]
fn the_keyed_golden_file_is_read_with_its_key_and_no_other() {
    let path = folder().join("../v3/keyed.ovs");
    let key = golden_key();
    let mut sketcher = Sketcher::new(SketchOptions::new(10, 1_024).unwrap()).with_key(&key);
    let ids: Vec<i64> = (0..20_000).collect();
    sketcher.push(IdBatch::Integers(&ids)).unwrap();
    let tally = Tally {
        rows: 20_003,
        nulls: 3,
    };
    let table = Segments::whole(sketcher.finish(tally)).unwrap();
    if std::env::var_os("OVERLAP_WRITE_GOLDEN").is_some() {
        let notes = FileNotes {
            key: Some(key.clone()),
            ..FileNotes::default()
        };
        write_sketches_with(&table, &notes, &path).unwrap();
    }
    let read = read_keyed_sketches(&path, &key).unwrap();
    assert_eq!(
        blobs(&read),
        blobs(&table),
        "a golden blob is written otherwise now"
    );
    assert_eq!(read.values(), table.values());
    assert_eq!(read_sketches(&path).unwrap().values(), table.values());
    let expected = std::fs::read_to_string(path.with_file_name("expected.jsonl")).unwrap();
    let mut ours = line(&read, 0);
    ours["key"] = format!("{:016x}", key.fingerprint().get()).into();
    assert_eq!([ours][..], parsed(&expected));
    let other = Key::from_bytes(&std::array::from_fn(|byte| 255 - byte as u8)).unwrap();
    let refused = read_keyed_sketches(&path, &other).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Incomparable, "{refused}");
    // The tag finds a file that somebody else changed, wherever.
    let place = tempfile::tempdir().unwrap();
    let changed = place.path().join("keyed.ovs");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&changed, bytes).unwrap();
    assert_eq!(
        read_keyed_sketches(&changed, &key).unwrap_err().kind(),
        ErrorKind::Input
    );
}

#[test]
fn the_independent_reader_still_reads_them() {
    let files = golden()
        .into_iter()
        .map(|(name, _)| folder().join(format!("{name}.ovs")));
    let reader = folder().join("../../../docs/format_reader.py");
    let python = std::env::var_os("OVERLAP_PYTHON").unwrap_or_else(|| "python3".into());
    let has_pyarrow = Command::new(&python)
        .args(["-c", "import pyarrow"])
        .output();
    if !has_pyarrow.is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: {} has no pyarrow", python.display());
        return;
    }
    let run = Command::new(python)
        .arg(reader)
        .args(files)
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let expected = std::fs::read_to_string(folder().join("expected.jsonl")).unwrap();
    assert_eq!(
        parsed(&String::from_utf8(run.stdout).unwrap()),
        parsed(&expected)
    );
}

#[test]
fn blob_sizes_are_within_their_bars() {
    for (users, bar) in [(1e5, 4.4), (5e7, 3.1), (1e9, 2.7)] {
        // Uniform gaps as of that many users: what matters for the size.
        let k = 1 << 16;
        let mean = (1_u64 << 48) as f64 / users;
        let mut random = 1_u64;
        let mut next = || {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let uniform = ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            1 + (-uniform.ln() * mean) as u64
        };
        let mut hashes = vec![next()];
        while hashes.len() < k {
            hashes.push(hashes[hashes.len() - 1] + next());
        }
        let theta = (hashes[k - 1] + next()).min(1 << 48);
        let sample = overlap::BottomK::from_parts(HashScheme::Xxh3, k, theta, hashes).unwrap();
        let sketch = Sketch::from_parts(HashScheme::Xxh3, None, None, Some(sample), None).unwrap();
        let blob = sample_blob(&sketch).unwrap();
        let entry_bytes = blob.len() as f64 / k as f64;
        println!("{users:e} users: {entry_bytes:.2} bytes an entry");
        assert!(
            entry_bytes <= bar,
            "{users} users: {entry_bytes} bytes an entry"
        );
        assert_eq!(decode(None, Some(&blob), None).unwrap(), sketch);
    }
}
