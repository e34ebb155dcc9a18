//! Keyed sketches through the binary: made, compared, refused; read by an independent reader.

use crate::harness::{Answer, Folder, command, data, overlap, users};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use overlap::{Key, read_keyed_sketches, read_sketches};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A key file of known bytes that its owner alone can read; its path and fingerprint.
pub fn key_file(folder: &Folder, name: &str, seed: u8) -> (String, String) {
    let bytes = std::array::from_fn(|i| seed.wrapping_add(i as u8 * 7));
    let key = Key::from_bytes(&bytes).unwrap();
    let path = folder.bytes(name, format!("{}\n", &*key.text()).as_bytes());
    make_private(&path);
    (path, key.fingerprint().to_string())
}

fn make_private(path: &str) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let _ = path;
}

fn numbers(range: std::ops::Range<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(range))
}

/// Two sides of 3,000 and 2,000 users, 1,000 of them on both, and two keys.
struct Sides {
    folder: Folder,
    a: String,
    b: String,
    key: String,
    of_key: String,
    other: String,
    of_other: String,
}

impl Sides {
    fn new() -> Self {
        let folder = Folder::new();
        let a = folder.ids("a.parquet", numbers(0..3_000));
        let b = folder.ids("b.parquet", numbers(2_000..4_000));
        let (key, of_key) = key_file(&folder, "a.key", 1);
        let (other, of_other) = key_file(&folder, "b.key", 2);
        Self {
            folder,
            a,
            b,
            key,
            of_key,
            other,
            of_other,
        }
    }

    /// A sketch file of `input` under a key, if one is named.
    fn sketch(&self, input: &str, name: &str, key: Option<&str>) -> String {
        let path = self.folder.path(name).to_str().unwrap().to_owned();
        let mut arguments = vec!["sketch", input, "-o", &path];
        arguments.extend(key.iter().flat_map(|key| ["--key-file", key]));
        let answer = overlap(&arguments);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        path
    }
}

fn shared(answer: &Answer) -> u64 {
    users(&answer.json(), "/overlap")
}

#[test]
fn data_and_stored_sketches_under_one_key_give_the_numbers_of_sketches_without() {
    let sides = Sides::new();
    let stored = sides.sketch(&sides.a, "a.ovs", Some(&sides.key));
    let both = sides.sketch(&sides.b, "b.ovs", Some(&sides.key));
    let keyed = ["--key-file", &sides.key];
    let estimate = |inputs: [&str; 2], key: &[&str]| {
        let inputs = [&["estimate", "--format", "json"], &inputs[..], key].concat();
        shared(&overlap(&inputs))
    };
    let (a, b) = (sides.a.as_str(), sides.b.as_str());
    for inputs in [[a, b], [&stored, b], [a, &both], [&stored, &both]] {
        assert_eq!(estimate(inputs, &keyed), 1_000, "{inputs:?}");
    }
    // Sketches of one key are compared without it.
    assert_eq!(estimate([&stored, &both], &[]), 1_000);
    for command in ["regions", "matrix", "reach", "verify", "exact", "diagnose"] {
        let inputs = if ["verify", "exact"].contains(&command) {
            [a, b]
        } else {
            [stored.as_str(), b]
        };
        let answer = overlap(&[&[command], &inputs[..], &keyed].concat());
        assert_eq!(answer.code, Some(0), "{command}: {answer:?}");
    }
    // The sample holds other hashes than without a key, and the file no spelling.
    let table = read_sketches(Path::new(&stored)).unwrap();
    let open = sides.sketch(a, "open.ovs", None);
    let open = read_sketches(Path::new(&open)).unwrap();
    let hashes = |table: &overlap::format::SketchTable| {
        table.values()[0].sample().unwrap().hashes().to_vec()
    };
    assert!(
        hashes(&table)
            .iter()
            .all(|hash| !hashes(&open).contains(hash))
    );
}

#[test]
fn a_keyed_file_of_texts_keeps_no_spelling() {
    let folder = Folder::new();
    let (key, _) = key_file(&folder, "k.key", 1);
    let texts: Vec<String> = (0..500).map(|i| format!("User{i}@Example.org")).collect();
    let input = folder.ids("a.parquet", Arc::new(StringArray::from(texts)));
    for (name, arguments) in [("open", &[][..]), ("keyed", &["--key-file", &key])] {
        let path = folder.path(name).to_str().unwrap().to_owned() + ".ovs";
        let arguments = [&["sketch", &input, "-o", &path], arguments].concat();
        assert_eq!(overlap(&arguments).code, Some(0));
        let report = overlap(&["inspect", &path, "--format", "json"]).json();
        let sketch = &report["files"][0]["sketches"][0];
        assert_eq!(sketch["spelling"].is_null(), name == "keyed", "{sketch}");
    }
}

#[test]
fn row_56_another_key_or_none_against_one_is_refused_with_both_fingerprints() {
    let sides = Sides::new();
    const XXH3: &str = "37d626b478c5e5c9";
    let keyed = sides.sketch(&sides.a, "keyed.ovs", Some(&sides.key));
    let foreign = sides.sketch(&sides.b, "foreign.ovs", Some(&sides.other));
    let open = sides.sketch(&sides.b, "open.ovs", None);
    let (of_key, of_other) = (sides.of_key.as_str(), sides.of_other.as_str());
    let with_key: &[&str] = &["--key-file", &sides.key];
    let cases: [(&[&str], &[&str], [&str; 2]); 9] = [
        (&[&keyed, &foreign], &[], [of_key, of_other]),
        (&[&keyed, &open], &[], [of_key, XXH3]),
        (&[&keyed, &sides.b], &[], [of_key, XXH3]),
        (&[&foreign, &sides.a], with_key, [of_key, of_other]),
        (&[&open, &sides.a], with_key, [of_key, XXH3]),
        (&[&keyed, &foreign], with_key, [of_key, of_other]),
        (&[&open, &open], with_key, [of_key, XXH3]),
        (
            &[&sides.b, &keyed],
            &["--hash", "murmur3"],
            [of_key, "bee71e7f51b9e1d5"],
        ),
        (
            &[&sides.b, &keyed],
            &["--key-file", &sides.other],
            [of_key, of_other],
        ),
    ];
    for command in ["estimate", "regions", "matrix", "reach"] {
        for (inputs, key, fingerprints) in cases {
            let answer = overlap(&[&[command], inputs, key].concat());
            answer.fails(4, &[fingerprints[0], fingerprints[1], "--key-file"]);
        }
    }
    let output = sides.folder.path("out.ovs").to_str().unwrap().to_owned();
    overlap(&["merge", &keyed, &foreign, "-o", &output]).fails(4, &[of_key, of_other]);
    overlap(&["merge", &keyed, "-o", &output]).fails(4, &[of_key, "--key-file"]);
    overlap(&["convert", "--to", "ovs", &keyed, "-o", &output]).fails(4, &[of_key]);
    let other: &[&str] = &["--key-file", &sides.other];
    overlap(&[&["inspect", &keyed], other].concat()).fails(4, &[of_key, of_other]);
    overlap(&[&["merge", &keyed, "-o", &output], other].concat()).fails(4, &[of_key, of_other]);
    assert!(!Path::new(&output).exists());
    // A key has a hash of its own.
    let both = ["estimate", &sides.a, &sides.b, "--hash", "murmur3"];
    overlap(&[&both, with_key].concat()).fails(2, &["--hash"]);
}

#[test]
fn merging_and_converting_with_the_key_keep_key_and_tag() {
    let sides = Sides::new();
    let keyed: &[&str] = &["--key-file", &sides.key];
    let a = sides.sketch(&sides.a, "a.ovs", Some(&sides.key));
    let merged = sides.folder.path("merged.ovs").to_str().unwrap().to_owned();
    let copied = sides.folder.path("copied.ovs").to_str().unwrap().to_owned();
    let merge = [&["merge", &a, &sides.b, "-o", &merged], keyed].concat();
    assert_eq!(overlap(&merge).code, Some(0));
    let convert = [&["convert", "--to", "ovs", &merged, "-o", &copied], keyed].concat();
    assert_eq!(overlap(&convert).code, Some(0));
    for path in [&merged, &copied] {
        let answer = overlap(&[&["inspect", path], keyed].concat());
        assert!(answer.stdout.contains("tag: right"), "{answer:?}");
        let report = overlap(&[&["inspect", path, "--format", "json"], keyed].concat()).json();
        assert_eq!(report["files"][0]["tag"], "right");
        assert_eq!(
            report["files"][0]["sketches"][0]["fingerprint"],
            *sides.of_key
        );
        assert_eq!(report["files"][0]["sketches"][0]["users"]["value"], 4_000);
        let report = overlap(&["inspect", path, "--format", "json"]).json();
        assert_eq!(report["files"][0]["tag"], "unchecked");
    }
}

#[test]
fn a_file_that_was_changed_or_has_no_tag_is_refused_with_the_key() {
    let sides = Sides::new();
    let path = sides.sketch(&sides.a, "a.ovs", Some(&sides.key));
    let bytes = std::fs::read(&path).unwrap();
    let keyed: &[&str] = &["--key-file", &sides.key];
    // The estimate for people who look at the file with another tool, which nothing else protects.
    let version = format!("overlap.version\u{18}\u{5}{}", env!("CARGO_PKG_VERSION"));
    let place = bytes
        .windows(version.len())
        .position(|window| window == version.as_bytes())
        .unwrap();
    let mut changed = bytes.clone();
    changed[place + version.len() - 1] ^= 1;
    let changed = sides.folder.bytes("changed.ovs", &changed);
    assert_eq!(overlap(&["inspect", &changed]).code, Some(0));
    overlap(&[&["inspect", &changed], keyed].concat()).fails(3, &["changed.ovs", "tag", "changed"]);
    overlap(&[&["estimate", &changed, &sides.b], keyed].concat()).fails(3, &["tag"]);
    // Renamed within the metadata, the tag is gone.
    let name = b"overlap.tag";
    let place = bytes
        .windows(name.len())
        .rposition(|window| window == name)
        .unwrap();
    let mut without = bytes.clone();
    without[place] = b'O';
    let without = sides.folder.bytes("without.ovs", &without);
    overlap(&[&["inspect", &without], keyed].concat()).fails(3, &["without a tag"]);
    let report = overlap(&["inspect", &without, "--format", "json"]).json();
    assert_eq!(report["files"][0]["tag"], "missing");
}

/// Everything but the exit code 0 that a key file can come to, and that nothing of the key is ever shown.
#[cfg(unix)]
#[test]
fn row_79_key_files_that_are_refused_and_line_ends_that_are_not() {
    use std::os::unix::fs::PermissionsExt;
    let sides = Sides::new();
    let text = std::fs::read_to_string(&sides.key).unwrap();
    let digits = &text["overlap-key-1:".len()..][..64];
    let with = |path: &str| {
        let answer = overlap(&["estimate", &sides.a, &sides.b, "--key-file", path]);
        let fingerprint = overlap(&["key", "fingerprint", path]);
        assert_eq!(answer.code, fingerprint.code, "{answer:?}");
        for shown in [&answer.stdout, &answer.stderr, &fingerprint.stderr] {
            assert!(!shown.contains(&digits[..8]), "{shown}");
        }
        answer
    };
    let file = |name: &str, text: &[u8]| {
        let path = sides.folder.bytes(name, text);
        make_private(&path);
        path
    };
    let cut = format!("overlap-key-1:{}", &digits[..62]);
    let equal = format!("overlap-key-1:{}:{:08x}", "00".repeat(32), 0x190a_55ad);
    let flipped = text.replacen(
        &digits[..1],
        if digits.starts_with('0') { "1" } else { "0" },
        1,
    );
    let refused: [(&str, &[u8], &str); 8] = [
        ("empty", b"", "empty"),
        ("short", cut.as_bytes(), "too short"),
        ("raw", &[0x5a; 31], "not a key"),
        ("equal", equal.as_bytes(), "all equal"),
        ("flipped", flipped.as_bytes(), "checksum"),
        ("other", b"-----BEGIN PRIVATE KEY-----\n", "not a key"),
        ("long", &[b'a'; 5_000], "larger"),
        (
            "twice",
            format!("{text}{text}").as_bytes().to_vec().leak(),
            "checksum",
        ),
    ];
    for (name, bytes, word) in refused {
        with(&file(name, bytes)).fails(2, &[name, word]);
    }
    with(&(sides.key.clone() + ".no")).fails(2, &["a.key.no", "No such file"]);
    with(sides.folder.path(".").to_str().unwrap()).fails(2, &["a folder"]);
    with("/dev/null").fails(2, &["pipe or a device", "--key-fd"]);
    for mode in [0o640, 0o604, 0o660, 0o610, 0o777] {
        let path = file("open", text.as_bytes());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        with(&path).fails(2, &["open", "chmod 600"]);
    }
    for end in ["", "\n", "\r\n"] {
        let path = file("end", format!("{}{end}", text.trim_end()).as_bytes());
        assert_eq!(with(&path).code, Some(0), "{end:?}");
    }
}

#[cfg(unix)]
#[test]
fn new_keys_are_their_owners_alone_and_replace_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path("k.key").to_str().unwrap().to_owned();
    let made = overlap(&["key", "new", "-o", &path]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let shown = overlap(&["key", "fingerprint", &path]);
    assert_eq!((shown.code, &shown.stdout), (Some(0), &made.stdout));
    assert_eq!(shown.stdout.trim_end().len(), 16);
    let before = std::fs::read(&path).unwrap();
    overlap(&["key", "new", "-o", &path]).fails(6, &["k.key", "there is such a file"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let nowhere = folder.path("no/k.key").to_str().unwrap().to_owned();
    overlap(&["key", "new", "-o", &nowhere]).fails(6, &["k.key"]);
    let another = folder.path("another.key").to_str().unwrap().to_owned();
    assert_ne!(overlap(&["key", "new", "-o", &another]).stdout, made.stdout);
}

#[cfg(unix)]
#[test]
fn a_key_comes_through_a_descriptor() {
    let sides = Sides::new();
    let script = format!(
        "exec {} estimate {} {} --format json --key-fd 7 7< <(cat {})",
        env!("CARGO_BIN_EXE_overlap"),
        sides.a,
        sides.b,
        sides.key
    );
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(users(&report, "/overlap"), 1_000);
    let keyed = sides.sketch(&sides.a, "a.ovs", Some(&sides.key));
    // Of the key that came through the pipe.
    let script = script.replace(&sides.a, &keyed);
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    overlap(&["estimate", &keyed, &sides.b, "--key-fd", "77"]).fails(2, &["77"]);
    let both = ["--key-fd", "7", "--key-file", &sides.key];
    let answer = overlap(&[&["estimate", &keyed, &sides.b], &both[..]].concat());
    assert_eq!(answer.code, Some(2), "{answer:?}");
}

/// The sample by a program that shares no line with ours.
#[test]
fn the_independent_reader_computes_the_same_sample() {
    let folder = Folder::new();
    let (key, fingerprint) = key_file(&folder, "k.key", 9);
    let texts: Vec<String> = (0..400)
        .map(|i| "x".repeat(i % 140) + &i.to_string())
        .collect();
    let integers: Vec<i64> = (0..400).map(|i| (i - 200) * 0x1234_5678_9abc).collect();
    let as_lines: Vec<String> = integers.iter().map(i64::to_string).collect();
    let sides = [
        (
            Arc::new(StringArray::from(texts.clone())) as ArrayRef,
            texts,
            None,
        ),
        (
            Arc::new(Int64Array::from(integers)),
            as_lines,
            Some("--integers"),
        ),
    ];
    let python = std::env::var_os("OVERLAP_PYTHON").unwrap_or_else(|| "python3".into());
    for (ids, lines, option) in sides {
        let input = folder.ids("a.parquet", ids);
        let path = folder.path("a.ovs").to_str().unwrap().to_owned();
        let sketch = [
            "sketch",
            &input,
            "--k",
            "100",
            "-o",
            &path,
            "--key-file",
            &key,
        ];
        assert_eq!(overlap(&sketch).code, Some(0));
        let secret = overlap::read_key(Path::new(&key)).unwrap();
        let table = read_keyed_sketches(Path::new(&path), &secret).unwrap();
        let hashes = table.values()[0].sample().unwrap().hashes().to_vec();
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let expected = format!("{fingerprint} 100 {:08x}\n", crc32(&bytes));
        let mut run = Command::new(&python)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keyed_sample.py"))
            .args([key.as_str(), "100"])
            .args(option)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let text = lines.join("\n") + "\n";
        run.stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = run.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

/// CRC-32 as in gzip.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, &byte: &u8| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn no_report_or_file_holds_the_key() {
    let sides = Sides::new();
    let text = std::fs::read_to_string(&sides.key).unwrap();
    let digits = &text["overlap-key-1:".len()..][..64];
    let key = std::array::from_fn::<u8, 32, _>(|i| {
        u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap()
    });
    let stored = sides.sketch(&sides.a, "a.ovs", Some(&sides.key));
    let page = sides.folder.path("page.html").to_str().unwrap().to_owned();
    let with_key: &[&str] = &["--key-file", &sides.key];
    let report = [&["report", &stored, &sides.b, "-o", &page], with_key].concat();
    assert_eq!(overlap(&report).code, Some(0));
    for file in [&stored, &page] {
        let bytes = std::fs::read(file).unwrap();
        assert!(
            !bytes.windows(8).any(|window| window == &key[..8]),
            "{file}"
        );
        assert!(
            !bytes
                .windows(16)
                .any(|window| window == &digits.as_bytes()[..16])
        );
    }
    let shop = data("shop.parquet");
    let answer = command()
        .args(["estimate", &sides.a, &shop])
        .args(with_key)
        .env("RUST_BACKTRACE", "1")
        .output()
        .unwrap();
    let shown = [answer.stdout, answer.stderr].concat();
    assert!(!String::from_utf8_lossy(&shown).contains(&digits[..8]));
}
