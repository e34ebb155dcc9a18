//! Object stores and web servers: what is read, what travels, what is said when something goes wrong.

#![cfg(feature = "cloud")]
#![allow(missing_docs, clippy::unwrap_used)]

mod figures;
mod run;
mod server;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use run::{PAIR, SECRET, TRUTH, exact, has, overlap, overlap_with, pair, parquet};
use server::{Server, Trouble};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn objects_are_sides_like_files() {
    let server = pair();
    let report = overlap(&server, &exact(&PAIR)).json();
    has(&report, TRUTH);
    assert_eq!(report["sides"][0]["name"], "shop");
    // One request tells the end of an object, where its footer is; small ones are in it whole.
    let gets = server
        .requests()
        .into_iter()
        .filter(|line| line.contains("/lake/shop.parquet"));
    assert!(gets.count() <= 4, "{:?}", server.requests());
}

#[test]
fn filters_segments_and_verify_read_objects_too() {
    let server = pair();
    let filtered = overlap(
        &server,
        &exact(&[PAIR[0], PAIR[1], PAIR[2], "--where=tier = 4"]),
    )
    .json();
    has(&filtered, [6_000.0, 6_000.0, 2_000.0, 10_000.0]);
    let by = overlap(
        &server,
        &["estimate", PAIR[0], PAIR[1], "--by=tier", "--format=json"],
    )
    .json();
    assert_eq!(by["segments"]["rows"].as_array().unwrap().len(), 5);
    let verify = overlap(&server, &["verify", PAIR[0], PAIR[1]]);
    assert_eq!(verify.code, Some(0), "{}", verify.stderr);
}

#[test]
fn folders_globs_partitions_and_lists_name_objects() {
    let days = [0, 1, 2].map(|day: i64| {
        let key = format!("lake/shop/day=2026-11-0{}/part-0.parquet", day + 1);
        (key, parquet(day * 10_000..(day + 1) * 10_000, 10_000))
    });
    let others = [
        ("lake/pay.parquet", parquet(20_000..50_000, 10_000)),
        ("lake/shop/_SUCCESS", Vec::new()),
        ("lake/shop/_temporary/part-9.parquet", b"half".to_vec()),
        ("lake/shop/README.md", b"# shop\n".to_vec()),
    ];
    let others = others.map(|(key, bytes)| (key.to_owned(), bytes));
    let server = Server::start(days.into_iter().chain(others));
    for shop in [
        "s3://lake/shop",
        "s3://lake/shop/",
        "s3://lake/shop/*/*.parquet",
        "s3://lake/shop/day=*",
        "s3a://lake/shop",
    ] {
        let report = overlap(
            &server,
            &exact(&[&format!("shop={shop}"), PAIR[1], PAIR[2]]),
        )
        .json();
        has(&report, TRUTH);
    }
    let list = tempfile::NamedTempFile::new().unwrap();
    let lines = [1, 2, 3].map(|day| format!("s3://lake/shop/day=2026-11-0{day}/part-0.parquet"));
    std::fs::write(list.path(), lines.join("\n")).unwrap();
    let listed = format!("shop=@{}", list.path().display());
    has(
        &overlap(&server, &exact(&[&listed, PAIR[1], PAIR[2]])).json(),
        TRUTH,
    );
    let segments = overlap(
        &server,
        &[
            "sketch",
            "s3://lake/shop",
            "--by=day",
            "-o",
            "s3://lake/days.ovs",
        ],
    );
    assert_eq!(segments.code, Some(0), "{}", segments.stderr);
    let days = overlap(
        &server,
        &["estimate", "s3://lake/days.ovs", PAIR[1], "--format=json"],
    );
    assert_eq!(days.code, Some(0), "{}", days.stderr);
    overlap(&server, &exact(&["s3://lake/nothing/*.parquet", PAIR[1]]))
        .fails(2, &["no object matches"]);
    overlap(&server, &exact(&["s3://lake/gone.parquet", PAIR[1]]))
        .fails(3, &["s3://lake/gone.parquet", "no such object"]);
}

#[test]
fn text_streams_and_arrow_is_read_where_its_buffers_lie() {
    let users = |range: std::ops::Range<u32>| -> Vec<u8> {
        let lines = range.map(|user| format!("{user},x{user}\n"));
        ("user_id,name\n".to_owned() + &lines.collect::<String>()).into_bytes()
    };
    let json: String = (20_000..50_000)
        .map(|user| format!("{{\"user_id\":{user}}}\n"))
        .collect();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..30_000));
    let batch = RecordBatch::try_from_iter([("user_id", ids)]).unwrap();
    let mut arrow = Vec::new();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(&mut arrow, &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &users(0..30_000)).unwrap();
    let server = Server::start([
        ("b/a.csv", users(0..30_000)),
        ("b/a.csv.gz", packed.finish().unwrap()),
        ("b/a.arrow", arrow),
        ("b/z.jsonl", json.into_bytes()),
    ]);
    for name in ["a.csv", "a.csv.gz", "a.arrow"] {
        let report = overlap(
            &server,
            &exact(&[&format!("s3://b/{name}"), "s3://b/z.jsonl", "--format=json"]),
        );
        has(&report.json(), TRUTH);
    }
}

#[test]
fn a_sketch_is_written_whole_and_never_over_somebody_elses() {
    let server = pair();
    let sketch = ["sketch", PAIR[0], "-o", "s3://lake/november.ovs"];
    assert_eq!(overlap(&server, &sketch).code, Some(0));
    assert_eq!(
        overlap(&server, &sketch).code,
        Some(0),
        "one's own is replaced"
    );
    let report = overlap(
        &server,
        &[
            "estimate",
            "s3://lake/november.ovs",
            PAIR[1],
            "--format=json",
        ],
    )
    .json();
    assert!((report["overlap"]["value"].as_f64().unwrap() - 10_000.0).abs() < 1.0);
    let before = server.state.lock().unwrap().objects["lake/november.ovs"].clone();
    server.set(|state| state.overtakes = Some(("lake/november.ovs".into(), b"theirs".to_vec())));
    overlap(&server, &sketch).fails(6, &["november.ovs", "another program"]);
    assert_eq!(
        server.state.lock().unwrap().objects["lake/november.ovs"],
        b"theirs"
    );
    assert_ne!(before, b"theirs");
    let error = overlap(
        &server,
        &[
            "sketch",
            PAIR[0],
            "-o",
            &format!("{}/lake/x.ovs", server.endpoint),
        ],
    );
    error.fails(6, &["a web server takes no files"]);
}

#[test]
fn busy_stores_and_broken_bodies_are_asked_again() {
    let server = pair();
    server.set(|state| {
        state.troubles.insert(
            "lake/shop.parquet".into(),
            Trouble::Answers(503, "<Code>SlowDown</Code>", 2),
        );
        state
            .troubles
            .insert("lake/pay.parquet".into(), Trouble::CutShort(3));
    });
    has(&overlap(&server, &exact(&PAIR)).json(), TRUTH);
}

#[test]
fn an_object_that_is_replaced_midway_is_refused() {
    for has_tags in [true, false] {
        let server = pair();
        // Of another length, as without a tag nothing else tells it.
        let other = parquet(500_000..530_001, 10_000);
        server.set(|state| {
            state.has_tags = has_tags;
            state
                .troubles
                .insert("lake/shop.parquet".into(), Trouble::Replaced(2, other));
        });
        overlap(&server, &exact(&PAIR))
            .fails(3, &["s3://lake/shop.parquet", "changed while being read"]);
    }
}

#[test]
fn what_a_store_refuses_is_said_with_the_way_out() {
    let cases: [(u16, &'static str, &[&str]); 5] = [
        (
            403,
            "<Code>AccessDenied</Code>",
            &["access is denied (403)", "the environment"],
        ),
        (
            400,
            "<Code>ExpiredToken</Code>",
            &["token has expired", "log in again"],
        ),
        (
            403,
            "<Code>SignatureDoesNotMatch</Code>",
            &["doesn't accept the credentials"],
        ),
        (
            400,
            "<Code>AuthorizationHeaderMalformed</Code><Region>us-west-2</Region>",
            &["another region", "AWS_REGION=us-west-2"],
        ),
        (404, "<Code>NoSuchBucket</Code>", &["no such bucket"]),
    ];
    for (status, body, words) in cases {
        let server = pair();
        server.set(|state| {
            state.troubles.insert(
                "lake/shop.parquet".into(),
                Trouble::Answers(status, body, usize::MAX),
            );
            state
                .troubles
                .insert("lake".into(), Trouble::Answers(status, body, usize::MAX));
        });
        overlap(&server, &exact(&PAIR)).fails(3, &[&["s3://lake/shop.parquet"], words].concat());
    }
}

#[test]
fn hosts_that_cannot_be_reached_are_told_apart() {
    let server = pair();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = [("AWS_ENDPOINT_URL", format!("http://{nobody}"))];
    let refused = refused
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    overlap_with(&server, &exact(&PAIR), &refused).fails(3, &["refuses connections"]);
    overlap_with(
        &server,
        &exact(&PAIR),
        &[("AWS_ENDPOINT_URL", "http://no-such-host.invalid")],
    )
    .fails(3, &["(DNS)"]);
    let plain = server.endpoint.replace("http://", "https://");
    overlap_with(&server, &exact(&PAIR), &[("AWS_ENDPOINT_URL", &plain)]).fails(3, &["(TLS)"]);
}

#[test]
fn web_servers_are_read_with_and_without_parts() {
    for has_ranges in [true, false] {
        let server = pair();
        server.set(|state| state.has_ranges = has_ranges);
        let files = ["shop", "pay"]
            .map(|name| format!("{}/lake/{name}.parquet?signature={SECRET}", server.endpoint));
        has(
            &overlap(&server, &exact(&[&files[0], &files[1], "--format=json"])).json(),
            TRUTH,
        );
        let signed = server.requests().iter().all(|line| line.contains(SECRET));
        assert!(signed, "{:?}", server.requests());
        let gone = format!("{}/lake/gone.parquet?signature={SECRET}", server.endpoint);
        overlap(&server, &exact(&[&gone, &files[1]])).fails(3, &["no such object"]);
        overlap(
            &server,
            &exact(&[&format!("{}/lake/", server.endpoint), &files[1]]),
        )
        .fails(2, &["lists no files"]);
    }
}

#[test]
fn a_delta_table_in_a_bucket_is_its_live_files() {
    let log = |lines: &[&str]| lines.join("\n").into_bytes();
    let part = |range: std::ops::Range<i64>| parquet(range, 10_000);
    let (a, b, c) = (part(0..15_000), part(15_000..30_000), part(90_000..95_000));
    let add = |name: &str, bytes: &[u8]| {
        format!(
            "{{\"add\":{{\"path\":\"{name}\",\"partitionValues\":{{}},\"size\":{},\"modificationTime\":0,\"dataChange\":true}}}}",
            bytes.len()
        )
    };
    let protocol = "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}";
    let metadata = "{\"metaData\":{\"id\":\"x\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"user_id\\\",\\\"type\\\":\\\"long\\\",\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}";
    let server = Server::start([
        (
            "lake/t/_delta_log/00000000000000000000.json",
            log(&[
                protocol,
                metadata,
                &add("a.parquet", &a),
                &add("c.parquet", &c),
            ]),
        ),
        (
            "lake/t/_delta_log/00000000000000000001.json",
            log(&[
                "{\"remove\":{\"path\":\"c.parquet\",\"dataChange\":true}}",
                &add("b.parquet", &b),
            ]),
        ),
        ("lake/t/a.parquet", a),
        ("lake/t/b.parquet", b),
        ("lake/t/c.parquet", c),
        ("lake/pay.parquet", part(20_000..50_000)),
    ]);
    has(
        &overlap(&server, &exact(&["s3://lake/t", PAIR[1], PAIR[2]])).json(),
        TRUTH,
    );
    let dead = overlap(
        &server,
        &exact(&["s3://lake/t/c.parquet", PAIR[1], PAIR[2]]),
    );
    dead.fails(3, &["none of the files", "newest version"]);
    let before = overlap(
        &server,
        &exact(&["t=s3://lake/t", PAIR[1], PAIR[2], "--as-of=t=0"]),
    )
    .json();
    assert_eq!(before["sides"][0]["users"]["value"], 20_000.0);
    server.set(|state| drop(state.objects.remove("lake/t/a.parquet")));
    overlap(&server, &exact(&["s3://lake/t", PAIR[1]])).fails(3, &["a.parquet", "is missing"]);
}

#[test]
fn only_what_is_needed_travels_and_latency_is_hidden() {
    let (a, b) = (
        parquet(0..400_000, 50_000),
        parquet(300_000..700_000, 50_000),
    );
    let ids = 2 * 8 * 400_000_u64;
    let all = (a.len() + b.len()) as u64;
    let server = Server::start([("lake/shop.parquet", a), ("lake/pay.parquet", b)]);
    let estimate = ["estimate", PAIR[0], PAIR[1], "--format=json", "--threads=2"];
    let local = overlap(&server, &estimate).json();
    let sent = server.state.lock().unwrap().sent_bytes;
    assert!(
        sent < ids * 3 / 2 + (2 << 20) && sent < all / 3,
        "{sent} of {all} bytes for {ids} of IDs"
    );
    // As many requests as row groups, but not one after the other: no timing, only that all come out.
    server.set(|state| state.delay = Duration::from_millis(30));
    let slow = overlap(&server, &estimate).json();
    assert_eq!(local["overlap"], slow["overlap"]);
}

#[test]
fn settings_come_from_options_and_profiles() {
    let server = pair();
    let none: [(&str, &str); 3] = [
        ("AWS_ENDPOINT_URL", ""),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
    ];
    let endpoint = format!("endpoint={}", server.endpoint);
    let arguments = [
        &exact(&PAIR)[..],
        &[
            "--store-option",
            &endpoint,
            "--store-option",
            "skip_signature=true",
        ],
    ]
    .concat();
    has(&overlap_with(&server, &arguments, &none).json(), TRUTH);
    overlap(
        &server,
        &[&exact(&PAIR)[..], &["--store-option", "colour=red"]].concat(),
    )
    .fails(2, &["no store has an option colour"]);
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (
        folder.path().join("config"),
        folder.path().join("credentials"),
    );
    std::fs::write(&config, format!("[profile lab]\nregion = eu-west-1\nendpoint_url = {}\n[profile sso]\nsso_session = x\n", server.endpoint)).unwrap();
    std::fs::write(
        &credentials,
        format!("[lab]\naws_access_key_id = id\naws_secret_access_key = {SECRET}\n"),
    )
    .unwrap();
    let (config, credentials) = (
        config.display().to_string(),
        credentials.display().to_string(),
    );
    let files = [
        ("AWS_CONFIG_FILE", config.as_str()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.as_str()),
    ];
    let lab = [&none[..], &files, &[("AWS_PROFILE", "lab")]].concat();
    has(&overlap_with(&server, &exact(&PAIR), &lab).json(), TRUTH);
    let sso = [&none[..], &files, &[("AWS_PROFILE", "sso")]].concat();
    overlap_with(&server, &exact(&PAIR), &sso).fails(3, &["sso_session", "export-credentials"]);
}
