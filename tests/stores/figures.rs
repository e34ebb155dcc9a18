//! What travels and how long it takes, for docs/performance.md:
//! `cargo test --release --features cloud --test stores figures -- --ignored --nocapture`.

use crate::run::overlap;
use crate::server::Server;
use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROW_GROUP: i64 = 1_000_000;

/// Random-looking IDs of users, and five more columns; stored bytes of the IDs.
fn file(users: std::ops::Range<i64>) -> (Vec<u8>, u64) {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_column_dictionary_enabled("user_id".into(), false)
        .set_max_row_group_row_count(Some(usize::try_from(ROW_GROUP).unwrap()));
    let batch = |users: std::ops::Range<i64>| {
        let id = |user: i64| user.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(29);
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(users.clone().map(id)));
        let more = (1..6).map(|salt| {
            let values = users
                .clone()
                .map(move |user| i32::try_from(id(user + salt).rem_euclid(1_000)).unwrap());
            (
                format!("column_{salt}"),
                Arc::new(Int32Array::from_iter_values(values)) as ArrayRef,
            )
        });
        let columns = [("user_id".to_owned(), ids)].into_iter().chain(more);
        RecordBatch::try_from_iter(columns.collect::<Vec<_>>()).unwrap()
    };
    let mut bytes = Vec::new();
    let schema = batch(0..1).schema();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties.build())).unwrap();
    let mut start = users.start;
    while start < users.end {
        let end = (start + ROW_GROUP).min(users.end);
        writer.write(&batch(start..end)).unwrap();
        start = end;
    }
    let metadata = writer.close().unwrap();
    let ids = metadata
        .row_groups()
        .iter()
        .map(|group| group.column(0).compressed_size());
    (bytes, u64::try_from(ids.sum::<i64>()).unwrap())
}

/// The middle of three runs, and the bytes that the last of them took.
fn timed(server: &Server, a: &str, b: &str) -> (Duration, u64) {
    let mut times: Vec<Duration> = (0..3)
        .map(|_| {
            server.set(|state| state.sent_bytes = 0);
            let begin = Instant::now();
            let answer = overlap(server, &["estimate", a, b, "--threads=2", "--format=json"]);
            assert_eq!(answer.code, Some(0), "{}", answer.stderr);
            begin.elapsed()
        })
        .collect();
    times.sort();
    (times[1], server.state.lock().unwrap().sent_bytes)
}

#[test]
#[ignore = "figures for the documentation, some minutes"]
fn figures_of_bytes_and_latency() {
    let rows: i64 = std::env::var("OVERLAP_ROWS").map_or(50_000_000, |rows| rows.parse().unwrap());
    let ((a, ids_a), (b, ids_b)) = (file(0..rows), file(rows / 2..rows / 2 + rows));
    let (stored, ids) = (a.len() + b.len(), ids_a + ids_b);
    let part = rows / 1_000;
    let parts = (0..1_000).map(|number| {
        (
            format!("lake/parts/{number:04}.parquet"),
            file(number * part..(number + 1) * part).0,
        )
    });
    let whole = [
        ("lake/a.parquet".to_owned(), a),
        ("lake/b.parquet".to_owned(), b),
    ];
    let server = Server::start(whole.into_iter().chain(parts));
    println!("2 x {rows} rows in row groups of {ROW_GROUP}: {stored} bytes, {ids} of them IDs");
    for delay in [0, 30] {
        server.set(|state| state.delay = Duration::from_millis(delay));
        let (time, sent) = timed(&server, "s3://lake/a.parquet", "s3://lake/b.parquet");
        println!(
            "{delay} ms a request: {:.3} s, {sent} bytes sent, {:.4} x the IDs",
            time.as_secs_f64(),
            sent as f64 / ids as f64
        );
        let (time, sent) = timed(&server, "s3://lake/parts", "s3://lake/b.parquet");
        println!(
            "{delay} ms a request, one side in 1,000 objects: {:.3} s, {sent} bytes sent",
            time.as_secs_f64()
        );
        let (one, _) = timed(&server, "s3://lake/a.parquet", "s3://lake/a.parquet");
        let (many, _) = timed(&server, "s3://lake/parts", "s3://lake/parts");
        println!(
            "{delay} ms a request, the same side twice: in one object {:.3} s, in 1,000 {:.3} s",
            one.as_secs_f64(),
            many.as_secs_f64()
        );
    }
}
