//! What reading, hashing and sketching a row of a Parquet file costs, per encoding and codec: one
//! thread, page cache warm.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use overlap::{Silent, SketchOptions, Sources, hash_integer, sketch_sides};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, GzipLevel, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const ROWS: i64 = 2_000_000;
const ROW_GROUP_ROWS: usize = 1_000_000;

/// Random-looking IDs, all different.
fn random() -> ArrayRef {
    let ids = (0..ROWS).map(|i| hash_integer(i).cast_signed());
    Arc::new(Int64Array::from_iter_values(ids))
}

/// IDs as a database deals them out.
fn sequence() -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(
        (0..ROWS).map(|i| 1_000_000 + 7 * i),
    ))
}

/// Rows of so many users who come again and again.
fn log_of(users: u64) -> ArrayRef {
    let ids = (0..ROWS).map(|i| hash_integer((hash_integer(i) % users) as i64).cast_signed());
    Arc::new(Int64Array::from_iter_values(ids))
}

/// Every tenth row without an ID.
fn with_nulls() -> ArrayRef {
    let ids = (0..ROWS).map(|i| (i % 10 != 0).then(|| hash_integer(i).cast_signed()));
    Arc::new(ids.collect::<Int64Array>())
}

fn text() -> ArrayRef {
    let ids = (0..ROWS).map(|i| format!("{:016x}{:016x}", hash_integer(i), hash_integer(-i)));
    Arc::new(StringArray::from_iter_values(ids))
}

fn plain() -> WriterPropertiesBuilder {
    encoded(Encoding::PLAIN)
}

fn encoded(encoding: Encoding) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_encoding(encoding)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
}

fn dictionary() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
}

fn write(path: &Path, ids: ArrayRef, properties: WriterPropertiesBuilder) {
    let batch = RecordBatch::try_from_iter([("user_id", ids)]).expect("one column");
    let file = File::create(path).expect("a temporary file");
    let mut writer =
        ArrowWriter::try_new(file, batch.schema(), Some(properties.build())).expect("a writer");
    writer.write(&batch).expect("writes");
    writer.close().expect("closes");
}

fn scan(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut group = c.benchmark_group("scan");
    group
        .throughput(Throughput::Elements(ROWS as u64))
        .sample_size(10);
    let mut bench = |name: &str, ids: ArrayRef, properties: WriterPropertiesBuilder| {
        let path = folder.path().join("ids.parquet");
        write(&path, ids, properties);
        let mut sources = Sources::new(&[path.display().to_string()]).expect("one side");
        sources.threads = 1;
        let run = || sketch_sides(&sources, SketchOptions::default(), &Silent).expect("scans");
        assert_eq!(run()[0].tally().map(|tally| tally.rows), Some(ROWS as u64));
        group.bench_function(name, |b| b.iter(run));
    };
    let zstd = Compression::ZSTD(ZstdLevel::default());
    let gzip = Compression::GZIP(GzipLevel::default());
    for (name, codec) in [
        ("none", Compression::UNCOMPRESSED),
        ("snappy", Compression::SNAPPY),
        ("lz4", Compression::LZ4_RAW),
        ("zstd", zstd),
        ("gzip", gzip),
    ] {
        let with = |properties: WriterPropertiesBuilder| properties.set_compression(codec);
        bench(&format!("random, plain, {name}"), random(), with(plain()));
        bench(
            &format!("sequence, plain, {name}"),
            sequence(),
            with(plain()),
        );
    }
    let delta = encoded(Encoding::DELTA_BINARY_PACKED);
    let split = encoded(Encoding::BYTE_STREAM_SPLIT);
    let lengths = encoded(Encoding::DELTA_LENGTH_BYTE_ARRAY);
    bench("sequence, delta", sequence(), delta);
    bench("random, byte stream split", random(), split);
    bench("1,000 users, dictionary", log_of(1_000), dictionary());
    bench("100,000 users, dictionary", log_of(100_000), dictionary());
    bench("random, plain, nulls", with_nulls(), plain());
    bench("text, plain, none", text(), plain());
    bench("text, delta length", text(), lengths);
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
