//! Runs the program against a server, and makes the objects that tests need.

use crate::server::Server;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::process::{Command, Stdio};
use std::sync::Arc;

pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    #[track_caller]
    pub fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for word in words {
            assert!(
                self.stderr.contains(word),
                "{word:?} is not in {}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

pub const SECRET: &str = "do-not-show-this-secret";

/// Runs the program with credentials for a server and nothing else of the machine's settings.
pub fn overlap(server: &Server, arguments: &[&str]) -> Answer {
    overlap_with(server, arguments, &[])
}

pub fn overlap_with(server: &Server, arguments: &[&str], variables: &[(&str, &str)]) -> Answer {
    let output = Command::new(env!("CARGO_BIN_EXE_overlap"))
        .args(arguments)
        .env_remove("AWS_PROFILE")
        .env("HOME", "/nowhere")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_ENDPOINT_URL", &server.endpoint)
        .env("AWS_REGION", "eu-west-1")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let answer = Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(!answer.stdout.contains(SECRET) && !answer.stderr.contains(SECRET));
    answer
}

/// A Parquet file of users, with two columns that nobody asks for and one that filters do.
pub fn parquet(users: std::ops::Range<i64>, rows_of_group: usize) -> Vec<u8> {
    let ids = Int64Array::from_iter_values(users.clone());
    let tiers = Int64Array::from_iter_values(users.clone().map(|user| user % 5));
    let text = |salt: i64| {
        StringArray::from_iter_values(users.clone().map(move |user| {
            format!(
                "{:032x}",
                (user * 7919)
                    .wrapping_add(salt)
                    .wrapping_mul(0x5851_F42D_4C95_7F2D)
            )
        }))
    };
    let columns: [(&str, ArrayRef); 4] = [
        ("notes", Arc::new(text(1))),
        ("user_id", Arc::new(ids)),
        ("tier", Arc::new(tiers)),
        ("more", Arc::new(text(2))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(rows_of_group))
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

pub fn pair() -> Server {
    Server::start([
        ("lake/shop.parquet", parquet(0..30_000, 10_000)),
        ("lake/pay.parquet", parquet(20_000..50_000, 10_000)),
    ])
}

#[track_caller]
pub fn has(report: &Value, users: [f64; 4]) {
    let sides = report["sides"].as_array().unwrap();
    let found = [
        &sides[0]["users"]["value"],
        &sides[1]["users"]["value"],
        &report["overlap"]["value"],
        &report["union"]["value"],
    ];
    assert_eq!(found.map(|value| value.as_f64().unwrap()), users);
}

pub const TRUTH: [f64; 4] = [30_000.0, 30_000.0, 10_000.0, 50_000.0];
pub const PAIR: [&str; 3] = [
    "s3://lake/shop.parquet",
    "s3://lake/pay.parquet",
    "--format=json",
];

pub fn exact<'a>(inputs: &[&'a str]) -> Vec<&'a str> {
    ["exact"]
        .into_iter()
        .chain(inputs.iter().copied())
        .collect()
}
