//! CSV, TSV and lists of IDs, through the binary.

use crate::formats::gzip;
use crate::harness::{Answer, Folder, count, overlap, users};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut packer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

/// Users of both sides and of their overlap, counted.
#[track_caller]
fn counted(arguments: &[&str]) -> (u64, u64, u64) {
    let exact = overlap(&[&["exact", "--format", "json"], arguments].concat()).json();
    let estimate = overlap(&[&["estimate", "--format", "json"], arguments].concat()).json();
    let numbers = |report: &serde_json::Value| {
        (
            users(report, "/sides/0/users"),
            users(report, "/sides/1/users"),
            users(report, "/overlap"),
        )
    };
    assert_eq!(numbers(&exact), numbers(&estimate));
    numbers(&exact)
}

/// A table of users, whatever separates its fields and lines.
fn table(ids: impl IntoIterator<Item = u32>, delimiter: char, end: &str) -> String {
    let mut text = format!("user_id{delimiter}city{end}");
    for id in ids {
        write!(text, "{id}{delimiter}c{}{end}", id % 7).unwrap();
    }
    text
}

#[test]
fn every_delimiter_line_end_encoding_and_packing_holds_the_same_users() {
    let folder = Folder::new();
    let mut all = Vec::new();
    for (name, delimiter) in [
        ("comma", ','),
        ("semicolon", ';'),
        ("tab", '\t'),
        ("pipe", '|'),
    ] {
        for (kind, end) in [("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")] {
            let text = table(0..3000, delimiter, end);
            all.push((format!("{name}-{kind}"), text.into_bytes()));
        }
    }
    let text = table(0..3000, ',', "\n");
    all.push(("bom".into(), ["\u{feff}", &text].concat().into_bytes()));
    all.push(("utf16".into(), utf16(&text)));
    all.push(("quoted".into(), quoted_table(3000).into_bytes()));
    for (name, packed) in [
        ("gz", gzip(text.as_bytes())),
        ("bz2", bzip2(text.as_bytes())),
        ("zst", zstd(text.as_bytes())),
        ("utf16.gz", gzip(&utf16(&text))),
    ] {
        all.push((name.into(), packed));
    }
    // Several members are one stream, wherever they are cut.
    let (one, two) = text.as_bytes().split_at(text.len() / 3);
    all.push(("members.gz".into(), [gzip(one), gzip(two)].concat()));
    all.push(("frames.zst".into(), [zstd(one), zstd(two)].concat()));
    for (name, bytes) in all {
        let path = folder.bytes(&name, &bytes);
        assert_eq!(count(&path), (3000, 0, 3000), "{name}");
    }
}

#[test]
fn xz_is_read_too_in_one_stream_or_several() {
    let folder = Folder::new();
    let xz = include_bytes!("data/ab.csv.xz");
    let path = folder.bytes("ab.csv.xz", xz);
    let report = overlap(&["exact", &path, "--id", "b", "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 1);
    let twice = folder.bytes("twice.csv.xz", &[&xz[..], xz].concat());
    // The second stream begins with the same header.
    overlap(&["estimate", &twice, "--id", "b"]).fails(3, &["the header again", "line 3"]);
    let path = folder.bytes("cut.csv.xz", &xz[..xz.len() - 1]);
    overlap(&["estimate", &path, "--id", "b"]).fails(3, &["xz"]);
}

/// Every field quoted, with delimiters, quotes and line ends in it.
fn quoted_table(ids: u32) -> String {
    let mut text = String::from("\"user_id\",\"note\"\r\n");
    for id in 0..ids {
        write!(text, "\"{id}\",\"a \"\"b\"\", c\r\nd\"\r\n").unwrap();
    }
    text
}

#[test]
fn large_texts_are_shared_by_threads_and_counted_once() {
    let folder = Folder::new();
    let (a, b) = (
        table(0..600_000, ',', "\n"),
        table(400_000..1_000_000, ';', "\r\n"),
    );
    let a = folder.bytes("a.csv", a.as_bytes());
    let b = folder.bytes("b.csv.gz", &gzip(b.as_bytes()));
    for threads in ["1", "3"] {
        let report = overlap(&["exact", &a, &b, "--threads", threads, "--format", "json"]).json();
        assert_eq!(users(&report, "/sides/0/users"), 600_000);
        assert_eq!(users(&report, "/sides/1/users"), 600_000);
        assert_eq!(users(&report, "/overlap"), 200_000);
        assert_eq!(report["sides"][1]["name"], "b");
    }
    let sketches = ["1", "3"].map(|threads| {
        let path = folder.path(&format!("{threads}.ovs"));
        let path = path.to_str().unwrap();
        assert_eq!(
            overlap(&["sketch", &a, "-o", path, "--threads", threads]).code,
            Some(0)
        );
        std::fs::read(path).unwrap()
    });
    assert_eq!(sketches[0], sketches[1]);
}

#[test]
fn text_and_parquet_of_the_same_ids_are_the_same_users() {
    let folder = Folder::new();
    let texts: Vec<String> = (0..5000).map(|id| format!("u{id}")).collect();
    let parquet = folder.ids("a.parquet", Arc::new(StringArray::from(texts.clone())));
    let csv = format!("user_id\n{}\n", texts.join("\n"));
    let csv = folder.bytes("a.csv", csv.as_bytes());
    let users = |path: &str| overlap(&["exact", path, &parquet, "--format", "json"]).json();
    assert_eq!(users(&csv)["overlap"]["value"], 5000);
    assert_eq!(users(&csv)["union"]["value"], 5000);
}

#[test]
fn digits_meet_integers_as_integers_and_text_as_text() {
    let folder = Folder::new();
    let integers: ArrayRef = Arc::new(Int64Array::from_iter_values(500..1500));
    let parquet = folder.ids("p.parquet", integers);
    let csv = folder.bytes("c.csv", table(0..1000, ',', "\n").as_bytes());
    assert_eq!(counted(&[&csv, &parquet]), (1000, 1000, 500));
    assert_eq!(counted(&[&parquet, &csv]), (1000, 1000, 500));
    // A stored sketch of integers is an integer side too.
    let sketch = folder.path("p.ovs");
    let sketch = sketch.to_str().unwrap();
    assert_eq!(overlap(&["sketch", &parquet, "-o", sketch]).code, Some(0));
    let report = overlap(&["estimate", &csv, sketch, "--format", "json"]).json();
    assert_eq!(users(&report, "/overlap"), 500);
    // A stored sketch of text never guesses.
    let stored = folder.path("c.ovs");
    let stored = stored.to_str().unwrap();
    assert_eq!(overlap(&["sketch", &csv, "-o", stored]).code, Some(0));
    overlap(&["estimate", stored, &parquet]).fails(4, &["string", "integer"]);
    assert_eq!(
        overlap(&["sketch", &csv, "-o", stored, "--as", "integer"]).code,
        Some(0)
    );
    let report = overlap(&["estimate", stored, &parquet, "--format", "json"]).json();
    assert_eq!(users(&report, "/overlap"), 500);
    // Two sides of text are text: 007 isn't 7.
    let zeros = folder.bytes("z.csv", b"user_id\n007\n8\n");
    let plain = folder.bytes("y.csv", b"user_id\n7\n8\n");
    assert_eq!(counted(&[&zeros, &plain]), (2, 2, 1));
    assert_eq!(counted(&[&zeros, &plain, "--as", "integer"]), (2, 2, 2));
    overlap(&["estimate", &zeros, &parquet]).fails(4, &["leading zeros", "line 2", "--as string"]);
}

#[test]
fn what_cant_meet_integers_is_named_with_its_line_and_never_shown() {
    let folder = Folder::new();
    let parquet = folder.ids("p.parquet", Arc::new(Int64Array::from(vec![1234])));
    for (id, words) in [
        ("1234.0", "a point or an exponent"),
        ("1.234e3", "a point or an exponent"),
        ("x4711", "not a whole number"),
        ("\"\"", "the empty text"),
    ] {
        let csv = folder.bytes("c.csv", format!("user_id,x\n7,a\n{id},b\n").as_bytes());
        for arguments in [["estimate", &csv, &parquet], ["exact", &parquet, &csv]] {
            let answer = overlap(&arguments);
            answer.fails(4, &[&csv, words, "line 3", "--as string"]);
            assert!(
                !answer.stderr.contains(&format!(" {id}")),
                "{}",
                answer.stderr
            );
        }
    }
}

#[test]
fn nulls_are_counted_and_those_that_were_named_are_reported() {
    let folder = Folder::new();
    let text = b"user_id,x\n1,a\n,b\n\"\",c\nNULL,d\n\\N,e\n1,f\n";
    let path = folder.bytes("n.csv", text);
    let side = |answer: &Answer| {
        let report = answer.json();
        let side = &report["sides"][0];
        let numbers = [side["rows"].as_u64(), side["nulls"].as_u64()].map(Option::unwrap);
        (
            numbers[0],
            numbers[1],
            users(side, "/users"),
            report["warnings"].clone(),
        )
    };
    let (rows, nulls, distinct, _) = side(&overlap(&["exact", &path, "--format", "json"]));
    assert_eq!((rows, nulls, distinct), (6, 1, 4));
    let named = [
        "exact", &path, "--null", "NULL", "--null", "\\N", "--format", "json",
    ];
    let (rows, nulls, distinct, warnings) = side(&overlap(&named));
    assert_eq!((rows, nulls, distinct), (6, 3, 2));
    assert_eq!(warnings[0]["code"], "named_nulls", "{warnings}");
    let table = overlap(&["estimate", &path, "--null", "NULL"]);
    assert!(
        table
            .stderr
            .contains("1 rows of n hold a text that was named as null"),
        "{table:?}"
    );
}

#[test]
fn a_list_of_ids_needs_a_word_on_its_first_line() {
    let folder = Folder::new();
    let bare = folder.bytes("bare.txt", b"4711\n4712\n4713\n");
    let headed = folder.bytes("headed.txt", b"user_id\n4712\n4713\n4714\n");
    let odd = folder.bytes("odd.txt", b"customer\n4712\n");
    overlap(&["estimate", &bare]).fails(2, &["one column", "--no-header", "--id"]);
    assert!(!overlap(&["estimate", &bare]).stderr.contains("4711"));
    assert_eq!(counted(&[&bare, &headed, "--no-header=bare"]), (3, 3, 2));
    let report = overlap(&["exact", &odd, "--id", "customer", "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 1);
    // A header that is said to be data would be a user.
    overlap(&["estimate", &bare, &headed, "--no-header"]).fails(2, &["headed", "says user_id"]);
    overlap(&["estimate", &bare, "--no-header=shop"]).fails(2, &["a side shop that isn't there"]);
    // Parts of IDs are no fields.
    let auth0 = folder.bytes("auth0.txt", b"auth0|1\nauth0|2\n");
    overlap(&["estimate", &auth0, "--no-header"])
        .fails(2, &["--delimiter pipe", "--delimiter none"]);
    let arguments = [
        "exact",
        &auth0,
        "--no-header",
        "--delimiter",
        "none",
        "--format",
        "json",
    ];
    assert_eq!(users(&overlap(&arguments).json(), "/sides/0/users"), 2);
}

#[test]
fn columns_without_names_are_called_by_their_numbers() {
    let folder = Folder::new();
    let path = folder.bytes("bare.csv", b"x,1\ny,2\nx,3\n");
    overlap(&["estimate", &path]).fails(2, &["no column is called", "looks like data"]);
    overlap(&["estimate", &path, "--no-header"]).fails(2, &["any of 2 columns", "--id 1"]);
    overlap(&["estimate", &path, "--no-header", "--id", "3"]).fails(2, &["called 1 to 2"]);
    let report = overlap(&[
        "exact",
        &path,
        "--no-header",
        "--id",
        "2",
        "--format",
        "json",
    ])
    .json();
    assert_eq!(
        (
            users(&report, "/sides/0/users"),
            &report["sides"][0]["column"]
        ),
        (3, &"2".into())
    );
    // The first record of a file without a header is somebody's.
    let secret = folder.bytes(
        "secret.csv",
        b"ann@example.com,4711000\nbob@example.com,2\n",
    );
    let answer = overlap(&["estimate", &secret]);
    answer.fails(2, &["looks like data", "--no-header"]);
    assert!(!answer.stderr.contains("ann@"), "{}", answer.stderr);
}

#[test]
fn segments_of_text_are_those_of_parquet() {
    let folder = Folder::new();
    let mut text = String::from("user_id,tier\n");
    for id in 0..1000 {
        writeln!(text, "{id},{}", if id % 3 == 0 { "\"T,1\"" } else { "" }).unwrap();
    }
    let csv = folder.bytes("day=2026-11-23/a.csv", text.as_bytes());
    let of = |by: &str| {
        let path = folder.path("out.ovs");
        let path = path.to_str().unwrap();
        assert_eq!(
            overlap(&["sketch", &csv, "--by", by, "-o", path]).code,
            Some(0)
        );
        overlap(&["inspect", path]).stdout
    };
    let tiers = of("tier");
    assert!(tiers.contains("T,1    334      0    334"), "{tiers}");
    assert!(tiers.contains("null   666      0    666"), "{tiers}");
    assert!(of("day").contains("2026-11-23"), "{}", of("day"));
    overlap(&["sketch", &csv, "--by", "shop", "-o", "x"]).fails(2, &["no column shop"]);
}

#[test]
fn a_folder_of_two_formats_reads_both() {
    let folder = Folder::new();
    folder.bytes("data/a.csv", table(0..100, ',', "\n").as_bytes());
    folder.bytes(
        "data/b.tsv.gz",
        &gzip(table(50..150, '\t', "\n").as_bytes()),
    );
    folder.ids(
        "data/c.parquet",
        Arc::new(Int64Array::from_iter_values(140..200)),
    );
    folder.bytes("data/_SUCCESS", b"");
    let path = folder.path("data");
    let report = overlap(&["exact", path.to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(users(&report, "/sides/0/users"), 200);
    assert_eq!(report["sides"][0]["files"], 3);
    assert_eq!(report["sides"][0]["id_type"], "integer");
}

#[test]
fn row_43_odd_text_is_read_right_or_refused_with_its_line() {
    let folder = Folder::new();
    let refused = |name: &str, bytes: &[u8], code: i32, words: &[&str]| {
        let path = folder.bytes(name, bytes);
        overlap(&["estimate", &path]).fails(code, &[&[path.as_str()], words].concat());
    };
    refused(
        "ragged",
        b"user_id,x\n1,a\n2\n",
        3,
        &["a record of 1 field", "line 3"],
    );
    refused(
        "nul",
        b"user_id,x\n1,a\n2\0,b\n",
        3,
        &["not a Parquet file"],
    );
    refused(
        "open",
        b"user_id,x\n1,\"a\n2,b\n",
        3,
        &["never closes", "line 2"],
    );
    refused(
        "escaped",
        b"user_id,x\n1,\"a\\\"b\"\n",
        3,
        &["closing quote", "line 2"],
    );
    refused("half.utf16", b"\xff\xfeu\0s", 3, &["not UTF-16"]);
    refused("odd.utf16", b"\xff\xfeu\0s\0\n\0x", 3, &["not UTF-16"]);
    refused("empty.gz", &gzip(b""), 3, &["holds no record"]);
    refused("blank", b"\n\n\n", 3, &["holds no record"]);
    refused("json", b"[{\"user_id\": 1}]\n", 3, &["JSON"]);
    refused("xml", b"<?xml version=\"1.0\"?><Error/>", 3, &["XML"]);
    refused(
        "lfs",
        b"version https://git-lfs.github.com/spec/v1\noid x\n",
        3,
        &["Git LFS"],
    );
    refused(
        "two",
        &gzip(&gzip(b"user_id,x\n1,2\n")),
        3,
        &["no text inside of gzip"],
    );
    refused(
        "parquet.gz",
        &gzip(b"PAR1\0\0"),
        3,
        &["Parquet file inside of gzip"],
    );
    let whole = gzip(table(0..5000, ',', "\n").as_bytes());
    for cut in [20, whole.len() / 2, whole.len() - 1] {
        refused("cut.gz", &whole[..cut], 3, &["gzip", "too early"]);
    }
    // Behind what is looked at first, too.
    let mut long = table(0..200_000, ',', "\n");
    long += "1,\0\n";
    refused("late.nul", long.as_bytes(), 3, &["NUL", "line 200002"]);
    let mut damaged = gzip(table(0..200_000, ',', "\n").as_bytes());
    let at = damaged.len() - 5;
    damaged[at] ^= 1;
    refused("crc.gz", &damaged, 3, &["gzip"]);
}

#[test]
fn row_43_a_line_longer_than_the_longest_id_is_refused() {
    let folder = Folder::new();
    let mut text = b"user_id,x\n1,a\n2,".to_vec();
    text.resize(text.len() + (3 << 20), b'x');
    let path = folder.bytes("long.csv", &text);
    let arguments = ["estimate", &path, "--max-value", "2MiB"];
    overlap(&arguments).fails(
        7,
        &[
            "a record of more than",
            "line 3",
            "delimiter",
            "--max-value",
        ],
    );
    assert_eq!(overlap(&["estimate", &path]).code, Some(0));
    // The second field of line 3 is quoted, and its quote never closes.
    let field = b"user_id,x\n1,a\n2,".len();
    let open = [&text[..field], b"\"", &text[field..]].concat();
    let path = folder.bytes("open.csv", &open);
    let arguments = ["estimate", &path, "--max-value", "2MiB"];
    overlap(&arguments).fails(7, &["line 3", "quote"]);
}
