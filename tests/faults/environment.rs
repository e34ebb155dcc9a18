//! What happens around the program: signals, limits, odd names, odd settings, other programs.
//!
//! What takes minutes is ignored here and run by `cargo xtask faults`.
#![cfg(target_os = "linux")]

use crate::harness::{Answer, Folder, command, data, overlap};
use arrow::array::{ArrayRef, Int64Array};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn answer(output: &std::process::Output) -> Answer {
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into(),
        stderr: String::from_utf8_lossy(&output.stderr).into(),
    }
}

/// A line of shell, in which `$overlap`, `$shop` and `$pay` are what they are called.
pub fn shell(folder: &Folder, line: &str) -> Answer {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path(""));
    shell.env("overlap", env!("CARGO_BIN_EXE_overlap"));
    shell
        .env("shop", data("shop.parquet"))
        .env("pay", data("pay.parquet"));
    answer(&shell.output().unwrap())
}

pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into())
        .collect();
    names.sort();
    names
}

/// A generator at work on files of some seconds: its temporary file is there.
fn writing(folder: &Folder) -> Child {
    let child = command()
        .args(["generate", "a.parquet", "b.parquet", "--overlap", "1000"])
        .args(["--users-a", "40000000", "--users-b", "1000"])
        .current_dir(folder.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| !names(&folder.path("")).is_empty());
    child
}

fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "nothing happened"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn row_68_ctrl_c_and_sigterm_end_it_and_leave_nothing() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let folder = Folder::new();
        let mut child = writing(&folder);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
        assert_eq!(names(&folder.path("")), [""; 0], "{name}");
    }
}

#[test]
fn row_68_while_reading_it_ends_as_well() {
    let folder = Folder::new();
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..6_000_000).map(|i| i * 7)));
    let path = folder.ids("large", ids);
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = command()
            .args(["exact", "--threads", "1", &path])
            .current_dir(folder.path(""))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let counters = format!("/proc/{}/io", child.id());
        // Some megabytes are read, tens of them are left.
        until(|| {
            let counters = std::fs::read_to_string(&counters).unwrap_or_default();
            let read = counters
                .lines()
                .next()
                .and_then(|line| line.split(' ').nth(1));
            read.and_then(|read| read.parse().ok())
                .is_some_and(|read: u64| read > 4 << 20)
        });
        let start = Instant::now();
        signal(&child, name);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{name}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }
    assert_eq!(names(&folder.path("")), ["large"]);
}

#[test]
fn row_65_what_may_not_be_read_or_written_is_said() {
    let folder = Folder::new();
    // Nothing is forbidden to root: there the program runs as nobody.
    let prepare = "chmod 755 . && cp $overlap overlap && cp $shop shut.parquet && cp $shop in.parquet \
        && mkdir shut && chmod 000 shut.parquet && chmod 555 shut \
        && as=$([ $(id -u) = 0 ] && echo setpriv --reuid=65534 --regid=65534 --clear-groups)";
    let run = |job: &str| {
        shell(
            &folder,
            &format!(
                "{prepare}; $as ./overlap {job}; code=$?; rm -rf shut* in.parquet; exit $code"
            ),
        )
    };
    run("estimate shut.parquet").fails(3, &["shut.parquet", "ermission denied"]);
    run("estimate in.parquet shut.parquet").fails(3, &["shut.parquet"]);
    run("sketch in.parquet -o shut/x.ovs").fails(6, &["shut/x.ovs", "ermission denied"]);
    assert_eq!(run("estimate in.parquet").code, Some(0));
}

#[test]
fn row_69_a_hang_up_or_a_stop_loses_no_work() {
    let folder = Folder::new();
    let child = command()
        .args(["generate", "a.parquet", "b.parquet", "--overlap", "1000"])
        .args(["--users-a", "2000000", "--users-b", "1000"])
        .current_dir(folder.path(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = child;
    until(|| !names(&folder.path("")).is_empty());
    signal(&child, "-HUP");
    signal(&child, "-STOP");
    signal(&child, "-CONT");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(names(&folder.path("")), ["a.parquet", "b.parquet"]);
}

#[test]
fn row_66_an_output_never_replaces_an_input_or_what_is_no_file() {
    let folder = Folder::new();
    std::fs::copy(data("shop.parquet"), folder.path("in.parquet")).unwrap();
    let before = std::fs::read(folder.path("in.parquet")).unwrap();
    std::os::unix::fs::symlink("in.parquet", folder.path("soft")).unwrap();
    std::fs::hard_link(folder.path("in.parquet"), folder.path("hard")).unwrap();
    std::fs::create_dir(folder.path("folder")).unwrap();
    for (output, code) in [
        ("in.parquet", 2),
        ("./folder/../in.parquet", 2),
        ("soft", 2),
        ("hard", 2),
        ("folder", 6),
        ("/dev/full", 6),
        ("/dev/null", 6),
        ("no/such/folder/x", 6),
        ("/proc/x.ovs", 6),
    ] {
        let answer = shell(&folder, &format!("$overlap sketch in.parquet -o {output}"));
        assert_eq!(answer.code, Some(code), "{output}: {answer:?}");
        assert_eq!(
            std::fs::read(folder.path("in.parquet")).unwrap(),
            before,
            "{output}"
        );
    }
    assert_eq!(
        names(&folder.path("")),
        ["folder", "hard", "in.parquet", "soft"]
    );
}

#[test]
fn row_72_little_address_space_is_a_limit_or_enough() {
    let folder = Folder::new();
    let whole = shell(&folder, "$overlap estimate $shop $pay").stdout;
    let mut refused = 0;
    for mebibytes in (1..=16).map(|step| step * 62 + 8).chain([32, 48, 64]) {
        let limit = format!("ulimit -v {}; ", mebibytes * 1024);
        // A program that the system can't load never begins; unoptimised it takes some 40 MiB.
        if shell(&folder, &format!("{limit}$overlap --version")).code != Some(0) {
            assert!(mebibytes < 64, "{mebibytes} MiB hold the program");
            continue;
        }
        for job in [
            "estimate",
            "exact",
            "sketch -o x.ovs",
            "sketch --by city_tier -o y.ovs",
        ] {
            let (job, out) = job.split_once(' ').unwrap_or((job, ""));
            let line = format!("{limit}$overlap {job} $shop $pay --threads 2 {out}");
            let answer = shell(&folder, &line);
            assert!(
                matches!(answer.code, Some(0 | 7)),
                "{mebibytes} MiB, {job}: {answer:?}"
            );
            assert!(!answer.stderr.contains("panicked"), "{answer:?}");
            if answer.code == Some(0) && job == "estimate" {
                assert_eq!(answer.stdout, whole);
            }
            refused += u32::from(answer.code == Some(7));
        }
    }
    assert!(refused > 0, "no limit was low enough to be met");
    assert!(
        names(&folder.path(""))
            .iter()
            .all(|name| !name.starts_with('.'))
    );
}

#[test]
fn row_73_few_descriptors_small_stacks_and_no_more_threads_are_enough() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("many")).unwrap();
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let one = std::fs::read(folder.ids("one", ids)).unwrap();
    for i in 0..3_000 {
        folder.bytes(&format!("many/{i}.parquet"), &one);
    }
    let many = shell(&folder, "ulimit -n 64; $overlap exact many --format json").json();
    assert_eq!(
        (
            &many["sides"][0]["rows"],
            &many["sides"][0]["users"]["value"]
        ),
        (&9_000.into(), &3.into())
    );
    for limit in ["ulimit -s 256", "ulimit -u 1"] {
        let answer = shell(&folder, &format!("{limit}; $overlap estimate $shop $pay"));
        assert!(matches!(answer.code, Some(0 | 7)), "{limit}: {answer:?}");
    }
    // As large as a file may get: 50 KiB. The signal that comes with it isn't waited for.
    let line = "ulimit -f 100; trap '' XFSZ; $overlap sketch $shop -o x.ovs";
    shell(&folder, line).fails(6, &["x.ovs"]);
    assert_eq!(names(&folder.path("")), ["many", "one"]);
}

#[test]
fn row_75_odd_names_are_names() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let bytes = std::fs::read(data("shop.parquet")).unwrap();
    let odd: [&[u8]; 6] = [
        b"\xff\xfe.parquet",
        b"new\nline.parquet",
        b"a*b?.parquet",
        b"[1].parquet",
        b"a=b.parquet",
        b"-dash.parquet",
    ];
    for name in odd {
        let name = std::ffi::OsStr::from_bytes(name);
        std::fs::write(folder.path("").join(name), &bytes).unwrap();
        let run = |path: &std::ffi::OsStr| {
            let mut command = command();
            command.args(["exact", "--format", "json", "--"]).arg(path);
            command.current_dir(folder.path(""));
            answer(&command.output().unwrap()).json()
        };
        // With a name before it, `=` in a path is only a sign; what isn't UTF-8 takes no name.
        let named = match name.to_str() {
            Some(path) => format!("side={path}").into(),
            None => name.to_owned(),
        };
        assert_eq!(
            run(&named)["sides"][0]["users"]["value"],
            200_000,
            "{name:?}"
        );
    }
    let long = "x".repeat(4_095);
    overlap(&["estimate", &long]).fails(3, &["xxx"]);
}

#[test]
fn row_76_a_side_may_be_a_list_of_paths_from_a_file_or_standard_input() {
    let folder = Folder::new();
    for (name, id) in [("a", 1), ("b", 2), ("@c", 3)] {
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![id]));
        folder.ids(&format!("{name}.parquet"), ids);
    }
    let lines = "a.parquet\n\nb.*\n@c.parquet\n";
    std::fs::write(folder.path("shop.txt"), lines).unwrap();
    for (line, name) in [
        ("$overlap exact @shop.txt --format json", "shop"),
        ("$overlap exact pay=@- --format json < shop.txt", "pay"),
        ("cat shop.txt | $overlap exact @- --format json", "stdin"),
    ] {
        let side = &shell(&folder, line).json()["sides"][0];
        assert_eq!((&side["name"], &side["rows"]), (&name.into(), &3.into()));
    }
    // What is there under that name is no list.
    let side = &shell(&folder, "$overlap exact @c.parquet --format json").json()["sides"][0];
    assert_eq!(side["rows"], 1);
    std::fs::write(folder.path("empty.txt"), "\n").unwrap();
    shell(&folder, "$overlap exact @empty.txt").fails(2, &["empty.txt", "names no file"]);
    shell(&folder, "$overlap exact @nowhere.txt").fails(3, &["nowhere.txt", "no such file"]);
    shell(&folder, "$overlap exact @a.parquet.txt @-").fails(3, &["a.parquet.txt"]);
    shell(&folder, "echo no.parquet | $overlap exact @-").fails(3, &["no.parquet"]);
}

#[test]
fn row_77_loops_of_links_are_no_files() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("loop", folder.path("loop")).unwrap();
    std::os::unix::fs::symlink(".", folder.path("here")).unwrap();
    let path = folder.path("loop");
    overlap(&["estimate", path.to_str().unwrap()]).fails(3, &["loop"]);
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    folder.ids("a.parquet", ids);
    let report = shell(&folder, "$overlap exact side=. --format json").json();
    assert_eq!(report["sides"][0]["rows"], 1);
    let report = shell(&folder, "$overlap exact '**/*.parquet' --format json").json();
    assert_eq!(report["sides"][0]["rows"], 1);
}

#[test]
fn row_78_settings_around_it_change_no_byte() {
    let folder = Folder::new();
    let sketch = |settings: &str, name: &str| {
        let line = format!("{settings} $overlap sketch $shop $pay -o {name} > {name}.txt");
        let answer = shell(&folder, &line);
        assert_eq!(answer.code, Some(0), "{settings}: {answer:?}");
        let report = format!("{settings} $overlap estimate $shop $pay --format json");
        (
            std::fs::read(folder.path(name)).unwrap(),
            shell(&folder, &report).stdout,
        )
    };
    let plain = sketch("", "plain");
    for (i, settings) in [
        "LANG=tr_TR.UTF-8 LC_ALL=C",
        "TZ=Pacific/Kiritimati",
        "env -u HOME -u PATH",
        "TMPDIR=/no/such/folder",
        "RAYON_NUM_THREADS=0",
        "RAYON_NUM_THREADS=-1",
        "RAYON_NUM_THREADS=abc",
        "COLUMNS=1 TERM=dumb NO_COLOR=1",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(sketch(settings, &format!("odd{i}")), plain, "{settings}");
    }
}

#[test]
fn row_80_two_writers_of_one_file_leave_one_whole_file() {
    let folder = Folder::new();
    let spawn = |input: &str| {
        let output = folder.path("out.ovs");
        command()
            .args(["sketch", &data(input), "-o"])
            .arg(output)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    for _ in 0..5 {
        let writers = ["shop.parquet", "pay.parquet"].map(spawn);
        for mut writer in writers {
            assert_eq!(writer.wait().unwrap().code(), Some(0));
        }
        let out = folder.path("out.ovs");
        let report = overlap(&["inspect", out.to_str().unwrap(), "--format", "json"]).json();
        let rows = report["files"][0]["sketches"][0]["rows"].as_u64().unwrap();
        assert!(rows == 240_000 || rows == 180_000);
        assert_eq!(names(&folder.path("")), ["out.ovs"]);
    }
}
