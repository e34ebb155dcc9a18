//! The ledger of what noise has cost: two programs at once, and programs that are killed at any instant.

use crate::harness::{Folder, command, data, overlap};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What the ledger says was spent; nothing if there is none yet.
fn spent(ledger: &Path) -> usize {
    let Ok(text) = std::fs::read_to_string(ledger) else {
        return 0;
    };
    let ledger: Value = serde_json::from_str(&text).expect("a ledger is whole at any time");
    ledger["spent"].as_array().unwrap().len()
}

/// Starts a sketch of ε = 1 into `output`.
fn sketch(folder: &Folder, output: &str, budget: &str) -> Child {
    let mut job = command();
    job.args(["sketch", &data("shop.parquet"), "--epsilon", "1"]);
    job.args(["--grid", "10", "--budget", budget, "-o"]);
    job.arg(folder.path(output)).arg("--budget-file");
    job.arg(folder.path("ledger.json"));
    job.stdout(Stdio::null()).stderr(Stdio::null());
    job.spawn().unwrap()
}

/// Each of them has read the ledger before any of them has written it, unless they wait for each other.
#[test]
fn programs_at_once_spend_no_more_than_there_is() {
    let folder = Folder::new();
    let jobs: Vec<Child> = (0..8)
        .map(|job| sketch(&folder, &format!("{job}.ovn"), "3"))
        .collect();
    let codes: Vec<Option<i32>> = jobs
        .into_iter()
        .map(|mut job| job.wait().unwrap().code())
        .collect();
    let with = |code: i32| codes.iter().filter(|found| **found == Some(code)).count();
    assert_eq!((with(0), with(5)), (3, 5), "{codes:?}");
    assert_eq!(spent(&folder.path("ledger.json")), 3);
    let written = (0..8).filter(|job| folder.path(&format!("{job}.ovn")).exists());
    assert_eq!(written.count(), 3);
}

/// Whether anything of a sketch is in a folder, under its own or a temporary name; what is there is removed.
fn took_leftovers(folder: &Path) -> bool {
    let mut found = false;
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        found |= entry.metadata().unwrap().len() > 0;
        std::fs::remove_file(entry.path()).unwrap();
    }
    found
}

/// Kills fall all over a run. If a byte of the sketch is on the disk after one, the ledger has another entry.
#[test]
fn a_killed_program_has_spent_what_it_released() {
    let folder = Folder::new();
    let out = folder.path("out");
    std::fs::create_dir(&out).unwrap();
    let start = Instant::now();
    sketch(&folder, "out/first.ovn", "1000").wait().unwrap();
    let whole = start.elapsed();
    assert!(took_leftovers(&out));
    let ledger = folder.path("ledger.json");
    let (mut killed, mut before) = (0, spent(&ledger));
    for kill in 0..40_u32 {
        let mut job = sketch(&folder, &format!("out/{kill}.ovn"), "1000");
        std::thread::sleep(whole.mul_f64(f64::from(kill) / 33.0));
        job.kill().unwrap();
        killed += usize::from(!job.wait().unwrap().success());
        let now = spent(&ledger);
        assert!(now == before || now == before + 1, "kill {kill}");
        assert!(!took_leftovers(&out) || now > before, "kill {kill}");
        before = now;
    }
    assert!(
        killed > 5,
        "{killed} of 40 were killed before they were done"
    );
    // The lock of a killed program is free.
    let after = sketch(&folder, "out/last.ovn", "1000").wait().unwrap();
    assert_eq!(after.code(), Some(0));
}

/// Numbers go to standard output, here a file: when it holds a byte, the ledger holds the answer.
#[test]
fn a_killed_count_has_spent_what_it_printed() {
    let folder = Folder::new();
    let (ledger, printed) = (folder.path("ledger.json"), folder.path("printed"));
    let count = || {
        let mut job = command();
        job.args(["exact", &data("shop.parquet"), &data("pay.parquet")]);
        job.args(["--epsilon", "1", "--budget", "1000", "--budget-file"]);
        job.arg(&ledger).stderr(Stdio::null());
        job.stdout(std::fs::File::create(&printed).unwrap());
        job.spawn().unwrap()
    };
    let start = Instant::now();
    count().wait().unwrap();
    let whole = start.elapsed();
    let (mut killed, mut before) = (0, spent(&ledger));
    for kill in 0..30_u32 {
        let mut job = count();
        std::thread::sleep(whole.mul_f64(f64::from(kill) / 25.0));
        job.kill().unwrap();
        killed += usize::from(!job.wait().unwrap().success());
        let (now, bytes) = (spent(&ledger), std::fs::metadata(&printed).unwrap().len());
        assert!(bytes == 0 || now == before + 1, "kill {kill}");
        before = now;
    }
    assert!(
        killed > 5,
        "{killed} of 30 were killed before they were done"
    );
}

/// A program that waits for the lock is not stuck: it goes on when the other one ends.
#[test]
fn a_held_ledger_makes_others_wait() {
    let folder = Folder::new();
    let lock = std::fs::File::create(folder.path("ledger.json.lock")).unwrap();
    lock.lock().unwrap();
    let mut job = sketch(&folder, "waits.ovn", "3");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(job.try_wait().unwrap().is_none(), "it doesn't wait");
    assert!(!folder.path("waits.ovn").exists());
    drop(lock);
    assert_eq!(job.wait().unwrap().code(), Some(0));
    assert_eq!(spent(&folder.path("ledger.json")), 1);
}

#[test]
fn a_ledger_stays_on_this_machine() {
    let folder = Folder::new();
    let output = folder.path("new.ovn");
    overlap(&[
        "sketch",
        &data("shop.parquet"),
        "-o",
        output.to_str().unwrap(),
        "--epsilon",
        "1",
        "--budget-file",
        "s3://bucket/ledger.json",
        "--budget",
        "2",
    ])
    .fails(2, &["s3://bucket/ledger.json", "on this machine"]);
    assert!(!output.exists());
}
