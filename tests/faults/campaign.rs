//! Faults that take minutes, privileges or a compiler: `cargo xtask faults` runs them.
#![cfg(target_os = "linux")]

use super::environment::{names, shell, signal};
use crate::harness::{Folder, command, data, overlap};
use arrow::array::{ArrayRef, Int64Array};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// A library that, loaded before the system's, fails the n-th read, write or sync.
fn failing_io(folder: &Folder) -> PathBuf {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/failing_io.c");
    let library = folder.path("failing_io.so");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .args([source, "-ldl"])
        .status();
    assert!(compiled.expect("a C compiler").success());
    library
}

/// Runs a job with its n-th call of a kind failing, for n = 1 and on until none fails any more.
fn fail_each(
    folder: &Folder,
    library: &str,
    job: &str,
    fault: &str,
    check: impl Fn(i32, &str, u32),
) {
    for n in 1..400 {
        let line = format!(
            "FAIL_{fault}={n} FAIL_FLAG=hit LD_PRELOAD={library} $overlap {job} --threads 1"
        );
        let _ = std::fs::remove_file(folder.path("hit"));
        let answer = shell(folder, &line);
        let text = format!("{}{}", answer.stdout, answer.stderr);
        assert!(!text.contains("panicked"), "{fault} {n}: {text}");
        if !folder.path("hit").exists() {
            assert_eq!(answer.code, Some(0), "{fault} {n}: {text}");
            assert!(n > 1, "{fault} never happens");
            println!(
                "figure: {fault}: {} calls of {}",
                n - 1,
                job.split(' ').next().unwrap()
            );
            return;
        }
        check(answer.code.expect("no signal"), &text, n);
    }
}

#[test]
#[ignore = "compiles a C library"]
fn row_64_every_failing_read_is_an_error_or_read_again() {
    let folder = Folder::new();
    let library = failing_io(&folder);
    let library = library.to_str().unwrap();
    let whole = shell(&folder, "$overlap estimate $shop $pay --format json").stdout;
    for job in [
        "estimate $shop $pay --format json",
        "estimate $shop $pay --by city_tier --format json",
    ] {
        let whole = shell(&folder, &format!("$overlap {job}")).stdout;
        fail_each(&folder, library, job, "READ_EIO", |code, text, n| {
            assert_eq!(code, 3, "read {n}: {text}");
            assert!(text.contains(".parquet"), "{text}");
        });
        for fault in ["READ_EINTR", "READ_SHORT"] {
            fail_each(&folder, library, job, fault, |code, text, n| {
                assert_eq!((code, text), (0, &*whole), "{fault} {n}");
            });
        }
    }
    assert!(!whole.is_empty());
}

#[test]
#[ignore = "compiles a C library"]
fn row_63_every_failing_write_leaves_the_old_file_and_nothing_else() {
    let folder = Folder::new();
    let library = failing_io(&folder);
    let library = library.to_str().unwrap();
    folder.bytes("old.ovs", b"old");
    for fault in ["WRITE_ENOSPC", "WRITE_EDQUOT", "SYNC_EIO"] {
        folder.bytes("old.ovs", b"old");
        fail_each(
            &folder,
            library,
            "sketch $shop -o old.ovs",
            fault,
            |code, text, n| {
                let kept = std::fs::read(folder.path("old.ovs")).unwrap();
                // The folder's own sync, and the line on standard output, come after the file is whole.
                if code != 0 && kept == b"old" {
                    assert_eq!(code, 6, "{fault} {n}: {text}");
                } else {
                    assert!(kept.len() > 1_000, "{fault} {n}: {text}");
                }
                let mut left = names(&folder.path(""));
                left.retain(|name| name != "hit");
                assert_eq!(left, ["failing_io.so", "old.ovs"], "{fault} {n}");
                folder.bytes("old.ovs", b"old");
            },
        );
    }
}

/// Killed before every write and every sync: what is on the disk of the sketch, or printed of the numbers, is in the ledger.
#[test]
#[ignore = "compiles a C library"]
fn row_67_killed_at_every_write_a_ledger_has_what_was_released() {
    let folder = Folder::new();
    let library = failing_io(&folder);
    let library = library.to_str().unwrap();
    std::fs::create_dir(folder.path("out")).unwrap();
    let spent = || {
        let text = std::fs::read_to_string(folder.path("ledger")).unwrap_or_default();
        text.matches("\"epsilon\"").count()
    };
    let budget = "--epsilon 1 --budget-file ledger --budget 1000 --threads 1";
    for job in [
        format!("sketch $shop -o out/x.ovn --grid 10 {budget}"),
        format!("exact $shop $pay {budget} > out/numbers"),
    ] {
        for call in ["KILL_WRITE", "KILL_SYNC"] {
            let mut kills = 0;
            loop {
                let before = spent();
                let line = format!("{call}={} LD_PRELOAD={library} $overlap {job}", kills + 1);
                let answer = shell(&folder, &line);
                let mut bytes = 0;
                for name in names(&folder.path("out")) {
                    let path = folder.path("out").join(name);
                    bytes += std::fs::metadata(&path).unwrap().len();
                    std::fs::remove_file(path).unwrap();
                }
                let now = spent();
                assert!(bytes == 0 || now == before + 1, "{call} {kills}: {job}");
                if answer.code == Some(0) {
                    assert!(now == before + 1 && bytes > 0, "{call} {kills}: {job}");
                    break;
                }
                kills += 1;
                assert!(kills < 100, "{answer:?}");
            }
            assert!(kills > 0, "{call} never happens: {job}");
            println!("figure: {call}: {kills} calls of {}", &job[..6]);
        }
    }
}

#[test]
#[ignore = "mounts a file system"]
fn rows_63_and_65_full_and_read_only_file_systems_leave_the_old_file() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("disk")).unwrap();
    let mounted = shell(&folder, "mount -t tmpfs -o size=64k none disk");
    assert_eq!(mounted.code, Some(0), "needs root: {mounted:?}");
    let answer = shell(
        &folder,
        "echo old > disk/x.ovs; $overlap sketch $shop -o disk/x.ovs",
    );
    let left = (
        names(&folder.path("disk")),
        std::fs::read(folder.path("disk/x.ovs")).unwrap(),
    );
    shell(&folder, "mount -o remount,ro disk");
    let read_only = shell(&folder, "$overlap sketch $shop -o disk/y.ovs");
    shell(&folder, "umount disk");
    answer.fails(6, &["x.ovs"]);
    read_only.fails(6, &["y.ovs", "ead-only"]);
    assert_eq!(left, (vec!["x.ovs".into()], b"old\n".to_vec()));
}

#[test]
#[ignore = "takes a minute"]
fn row_67_two_hundred_kills_leave_the_old_file_or_the_new_one() {
    let folder = Folder::new();
    for (name, input) in [("old.ovs", "shop.parquet"), ("new.ovs", "pay.parquet")] {
        let path = folder.path(name);
        overlap(&["sketch", &data(input), "-o", path.to_str().unwrap()]);
    }
    let [old, new] = ["old.ovs", "new.ovs"].map(|name| std::fs::read(folder.path(name)).unwrap());
    let out = folder.path("out").join("x.ovs");
    let spawn = || {
        let mut job = command();
        job.args(["sketch", &data("pay.parquet"), "-o"]).arg(&out);
        job.stdout(Stdio::null()).spawn().unwrap()
    };
    // How long one takes, so that kills fall all over it.
    std::fs::create_dir(folder.path("out")).unwrap();
    let start = std::time::Instant::now();
    spawn().wait().unwrap();
    let whole = start.elapsed();
    let mut random = StdRng::seed_from_u64(67);
    let (mut kept, mut replaced) = (0, 0);
    for _ in 0..200 {
        std::fs::write(&out, &old).unwrap();
        let mut job = spawn();
        std::thread::sleep(whole.mul_f64(random.random_range(0.0..1.1)));
        job.kill().unwrap();
        job.wait().unwrap();
        match std::fs::read(&out).unwrap() {
            found if found == old => kept += 1,
            found if found == new => replaced += 1,
            found => panic!("neither the old nor the new file: {} bytes", found.len()),
        }
        let answer = overlap(&["inspect", out.to_str().unwrap()]);
        assert_eq!(answer.code, Some(0), "{answer:?}");
    }
    println!("figure: 200 kills: {kept} old files, {replaced} new ones");
    assert!(kept > 20 && replaced > 5, "{kept} old, {replaced} new");
    spawn().wait().unwrap();
    assert_eq!(std::fs::read(&out).unwrap(), new);
}

#[test]
#[ignore = "takes a minute"]
fn rows_70_and_71_files_that_change_while_they_are_read_are_refused() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..3_000_000).map(|i| i * 7)));
    let bytes = std::fs::read(folder.ids("whole", ids)).unwrap();
    let path = folder.path("in.parquet");
    type Change = fn(&std::path::Path);
    let changes: [(&str, Change); 4] = [
        ("cut", |path| {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_len(1_000_000).unwrap();
        }),
        ("appended", |path| {
            let mut file = std::fs::File::options().append(true).open(path).unwrap();
            std::io::Write::write_all(&mut file, b"more").unwrap();
        }),
        ("replaced", |path| {
            std::fs::write(path.with_extension("new"), b"PAR1 other").unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }),
        ("deleted", |path| std::fs::remove_file(path).unwrap()),
    ];
    for (name, change) in changes {
        let (mut refused, mut read) = (0, 0);
        for attempt in 0..30 {
            std::fs::write(&path, &bytes).unwrap();
            let job = command()
                .args(["exact", "--threads", "1", "--format", "json"])
                .arg(&path)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            std::thread::sleep(Duration::from_millis(2 + attempt * 3));
            signal(&job, "-STOP");
            change(&path);
            signal(&job, "-CONT");
            let output = job.wait_with_output().unwrap();
            let text = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => {
                    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                    assert_eq!(report["sides"][0]["users"]["value"], 3_000_000, "{name}");
                    read += 1;
                }
                Some(3) => {
                    assert!(text.contains("in.parquet"), "{name}: {text}");
                    refused += 1;
                }
                other => panic!("{name}: {other:?}: {text}"),
            }
        }
        println!("figure: {name}: {refused} refused, {read} read whole");
        assert!(refused > 0, "{name} never met a reader");
    }
}

#[test]
#[ignore = "takes a minute"]
fn row_76_a_hundred_thousand_files_are_one_side() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let one = std::fs::read(folder.ids("one", ids)).unwrap();
    std::fs::create_dir(folder.path("many")).unwrap();
    for i in 0..100_000 {
        std::fs::write(folder.path(&format!("many/{i}.parquet")), &one).unwrap();
    }
    for side in ["many", "'many/*.parquet'", "@-"] {
        let line = format!("find many -type f | $overlap estimate side={side} --format json");
        let report = shell(&folder, &line).json();
        assert_eq!(report["sides"][0]["rows"], 300_000);
        assert_eq!(report["sides"][0]["users"]["value"], 3);
    }
}
