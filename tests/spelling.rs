//! The same people, spelt two ways: what is noticed, with which numbers, and when nothing is said.

use crate::harness::{Folder, overlap, users};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use overlap::format::{registers_blob, sample_blob, spelling_blob};
use overlap::id::{ByteIds, IdBatch};
use overlap::spelling::meet;
use overlap::{Sketch, SketchOptions, read_sketches};
use parquet::file::properties::WriterProperties;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::sync::Arc;

pub fn texts(ids: impl IntoIterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(ids))
}

fn uuid(random: &mut StdRng) -> String {
    let bytes: [u8; 16] = random.random();
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for at in [8, 13, 18, 23] {
        text.insert(at, '-');
    }
    text
}

/// The texts of the warnings of a code.
pub fn said(report: &Value, code: &str) -> Vec<String> {
    let warnings = report["warnings"].as_array().unwrap().iter();
    let of_code = warnings.filter(|warning| warning["code"] == code);
    of_code
        .map(|warning| warning["text"].as_str().unwrap().to_owned())
        .collect()
}

/// The numbers of `3,410 as written, but 8,304 (7,585 to 9,125) if`.
pub fn numbers(text: &str) -> Vec<u64> {
    let share = text
        .split("they share ")
        .nth(1)
        .unwrap()
        .split(" if ")
        .next()
        .unwrap();
    let words = share.split(|c: char| !c.is_ascii_digit() && c != ',');
    let digits = words
        .map(|word| word.replace(',', ""))
        .filter(|word| !word.is_empty());
    digits.map(|digits| digits.parse().unwrap()).collect()
}

const ZEROS: &str = "00000000-0000-0000-0000-000000000000";

/// 40,000 and 40,000 users of whom 20,000 are the same; of those the other side writes half in capitals, and an
/// eighth of its rows have the zero UUID, as an eighth of the first side's. Sorted, if asked for.
fn halves_in_capitals(folder: &Folder, sorted: bool) -> [String; 2] {
    let mut random = StdRng::seed_from_u64(7);
    let people: Vec<String> = (0..60_000).map(|_| uuid(&mut random)).collect();
    let mut ours: Vec<String> = people[..40_000].to_vec();
    let half = |(i, id): (usize, &String)| {
        if i % 2 == 0 {
            id.to_uppercase()
        } else {
            id.clone()
        }
    };
    let mut theirs: Vec<String> = people[20_000..].iter().enumerate().map(half).collect();
    if sorted {
        ours.sort();
        theirs.sort_by(|a, b| b.cmp(a));
    }
    let with_zeros = |ids: Vec<String>| -> Vec<String> {
        let zeros = |(i, id): (usize, String)| match i % 7 {
            3 => vec![id, ZEROS.to_owned()],
            _ => vec![id],
        };
        ids.into_iter().enumerate().flat_map(zeros).collect()
    };
    let small = || {
        WriterProperties::builder()
            .set_max_row_group_row_count(Some(1_000))
            .build()
    };
    [("ours", ours), ("theirs", theirs)]
        .map(|(name, ids)| folder.batch(name, &[("user_id", texts(with_zeros(ids)))], small()))
}

/// The written overlap is 10,001, the true one 20,001.
#[track_caller]
fn says_both(report: &Value) {
    let [hidden] = &said(report, "spelling")[..] else {
        panic!("{report}");
    };
    let [_, .., lower, upper] = numbers(hidden)[..] else {
        panic!("{hidden}");
    };
    assert!((lower..=upper).contains(&20_001), "{hidden}");
    assert!(upper - lower < 5_000, "{hidden}");
    assert!(
        hidden.contains("capitals") && hidden.contains("normalize = lower"),
        "{hidden}"
    );
    let [placeholder] = &said(report, "placeholder")[..] else {
        panic!("{report}");
    };
    assert!(placeholder.contains("a UUID, all zeros"), "{placeholder}");
    assert!(!placeholder.contains(ZEROS), "{placeholder}");
}

#[test]
fn half_of_the_ids_in_capitals_and_a_shared_placeholder_are_said_in_every_report() {
    let folder = Folder::new();
    for sorted in [false, true] {
        let [ours, theirs] = halves_in_capitals(&folder, sorted);
        for command in ["estimate", "exact", "regions", "matrix", "reach"] {
            says_both(&overlap(&[command, &ours, &theirs, "--format", "json"]).json());
        }
        let report = overlap(&["exact", &ours, &theirs, "--format", "json"]).json();
        assert_eq!(users(&report, "/overlap"), 10_001);
    }
}

#[test]
fn stored_sketches_say_it_too_and_grow_by_a_twentieth_at_most() {
    let folder = Folder::new();
    let sides = halves_in_capitals(&folder, true);
    let sketches = ["a.ovs", "b.ovs"].map(|name| folder.path(name).to_str().unwrap().to_owned());
    for (side, sketch) in sides.iter().zip(&sketches) {
        assert_eq!(overlap(&["sketch", side, "-o", sketch]).code, Some(0));
        let table = read_sketches(sketch.as_ref()).unwrap();
        let stored = &table.values()[0];
        let spelling = spelling_blob(stored).unwrap().len();
        let before = registers_blob(stored).unwrap().len() + sample_blob(stored).unwrap().len();
        assert!(
            spelling * 100 <= before * 6,
            "{spelling} bytes beside {before}"
        );
    }
    let report = overlap(&["estimate", &sketches[0], &sketches[1], "--format", "json"]).json();
    let hidden = said(&report, "spelling");
    let [_, .., lower, upper] = numbers(&hidden[0])[..] else {
        panic!("{hidden:?}");
    };
    assert!((lower..=upper).contains(&20_001), "{hidden:?}");
    assert_eq!(said(&report, "placeholder").len(), 1);
    // Beside the data of the other side as well.
    let report = overlap(&["estimate", &sketches[0], &sides[1], "--format", "json"]).json();
    assert_eq!(said(&report, "spelling").len(), 1);
}

#[test]
fn integers_have_placeholders_too() {
    let folder = Folder::new();
    let side = |name: &str, first: i64, every: i64| {
        let ids: Int64Array = (0..30_000)
            .map(|i| if i % every == 0 { 0 } else { first + i })
            .collect();
        folder.ids(name, Arc::new(ids))
    };
    let (a, b) = (side("a", 1_000, 8), side("b", 16_000, 11));
    for command in ["estimate", "exact"] {
        let report = overlap(&[command, &a, &b, "--format", "json"]).json();
        let said = said(&report, "placeholder");
        assert!(said[0].contains("the number 0"), "{said:?}");
    }
}

/// A sketch, with what is known of its spelling.
fn sketch(ids: &[String]) -> Sketch {
    let ids: Vec<&[u8]> = ids.iter().map(String::as_bytes).collect();
    Sketch::of(
        IdBatch::Text(ByteIds::Slices(&ids)),
        SketchOptions::default(),
    )
    .unwrap()
}

/// An ID of a kind.
fn id_of(kind: u32, random: &mut StdRng) -> String {
    let number: u64 = random.random();
    match kind {
        0 => (number % 1_000_000_000).to_string(),
        1 => uuid(random),
        2 => format!(
            "{:032x}{:032x}",
            random.random::<u128>(),
            random.random::<u128>()
        ),
        3 => format!("user{}@example.org", number % 10_000_000),
        _ => {
            let names = ["ann", "bo", "cy", "dee", "ed", "fay", "gus", "hal"];
            let name = |i: u64| names[(number >> (3 * i) & 7) as usize];
            let dot = ["", ".", "_"][(number >> 20) as usize % 3];
            format!(
                "{}{dot}{}{}@mail{}.org",
                name(0),
                name(1),
                number >> 44,
                number >> 40 & 15
            )
        }
    }
}

#[test]
fn nothing_is_said_of_unrelated_ids_of_one_form() {
    let mut random = StdRng::seed_from_u64(1);
    for pair in 0..200 {
        let kind = pair % 5;
        let mut side = || -> Vec<String> {
            let count = 300 << (pair / 5 % 6);
            (0..count).map(|_| id_of(kind, &mut random)).collect()
        };
        let (a, b) = (sketch(&side()), sketch(&side()));
        let meeting = meet(&a.spelling().unwrap().loose, &b.spelling().unwrap().loose);
        assert_eq!(meeting.best(), None, "pair {pair}: {meeting:?}");
        assert_eq!(
            a.spelling().unwrap().frequent.placeholders().count(),
            0,
            "pair {pair}"
        );
    }
}

#[test]
fn nothing_is_said_of_any_overlap_of_ids_that_are_written_alike() {
    let folder = Folder::new();
    let mut random = StdRng::seed_from_u64(2);
    for kind in 0..5 {
        for share in [0, 1, 10, 50, 99, 100] {
            let ids: Vec<String> = (0..8_000).map(|_| id_of(kind, &mut random)).collect();
            let a = folder.ids("a", texts(ids[..4_000].to_vec()));
            let start = 4_000 - 40 * share;
            let b = folder.ids("b", texts(ids[start..start + 4_000].to_vec()));
            for command in ["estimate", "exact"] {
                let report = overlap(&[command, &a, &b, "--format", "json"]).json();
                for code in ["spelling", "placeholder"] {
                    assert_eq!(said(&report, code), [""; 0], "kind {kind}, {share} %");
                }
            }
        }
    }
}

#[test]
fn no_report_shows_an_id() {
    let folder = Folder::new();
    let mut random = StdRng::seed_from_u64(3);
    let ids: Vec<String> = (0..2_000)
        .map(|i| {
            if i % 6 == 0 {
                "secret-person".into()
            } else {
                uuid(&mut random)
            }
        })
        .collect();
    let a = folder.ids("a", texts(ids.clone()));
    let b = folder.ids("b", texts(ids.iter().map(|id| id.to_uppercase())));
    for format in ["table", "json", "markdown"] {
        let answer = overlap(&["diagnose", &a, &b, "--format", format]);
        let text = format!("{}{}", answer.stdout, answer.stderr).to_lowercase();
        assert!(text.contains("a text of 13 characters"), "{text}");
        assert!(ids.iter().all(|id| !text.contains(&**id)), "{text}");
    }
}

#[test]
fn diagnose_names_the_row_of_a_placeholder_and_shows_it_if_asked() {
    let folder = Folder::new();
    let id = |i: u32| match i % 9 {
        4 => ZEROS.to_owned(),
        _ => format!("{i:08x}-0000-4000-8000-{:012x}", u64::from(i) * 7_919),
    };
    let small = WriterProperties::builder()
        .set_max_row_group_row_count(Some(100))
        .build();
    let ours = (0..400).map(|i| format!("x{i}")).chain((0..3_000).map(id));
    let a = folder.batch("a.parquet", &[("user_id", texts(ours))], small);
    let lines: String = (0..3_000).map(|i| id(i).to_uppercase() + "\n").collect();
    let b = folder.bytes("b.csv", format!("user_id\n{lines}").as_bytes());
    let words = ["diagnose", &a, &b];
    for format in ["table", "json", "csv", "markdown"] {
        let answer = overlap(&[&words[..], &["--format", format]].concat());
        assert!(!answer.stdout.contains(ZEROS), "{answer:?}");
        assert_eq!(answer.stderr, "");
    }
    let report = overlap(&[&words[..], &["--format", "json"]].concat()).json();
    let first = |side: usize| report["sides"][side]["placeholders"][0]["first"].clone();
    assert_eq!(
        (&first(0)["row_group"], &first(0)["row"]),
        (&4.into(), &4.into())
    );
    assert_eq!(
        (&first(1)["line"], &first(1)["file"]),
        (&6.into(), &b.clone().into())
    );
    assert!(report["sides"][0]["placeholders"][0].get("value").is_none());
    let shown = overlap(&[&words[..], &["--show-values"]].concat()).stdout;
    assert_eq!(shown.matches(ZEROS).count(), 2, "{shown}");
    let report = overlap(&[&words[..], &["--show-values", "--format", "json"]].concat()).json();
    assert_eq!(report["sides"][1]["placeholders"][0]["value"], ZEROS);
}

#[cfg(unix)]
#[test]
fn the_command_that_diagnose_prints_counts_what_it_says() {
    let folder = Folder::new();
    let mail = |i: u32| format!("user{i}@example.org");
    let side =
        |name: &str, ids| folder.batch(name, &[("mail", texts(ids))], WriterProperties::default());
    let a = side("a b.parquet", (0..600).map(mail).collect::<Vec<_>>());
    let b = side(
        "b.parquet",
        (200..900).map(|i| mail(i).to_uppercase()).collect(),
    );
    let typed = ["diagnose", &a, &b, "--id", "mail", "--where", "mail <> 'x'"];
    let report = overlap(&[&typed[..], &["--format", "json"]].concat()).json();
    let command = report["pairs"][0]["command"].as_str().unwrap();
    assert!(overlap(&typed).stdout.contains(command));
    let run = format!("{command} --format json");
    let run = run.replacen("overlap", env!("CARGO_BIN_EXE_overlap"), 1);
    let shell = std::process::Command::new("sh")
        .arg("-c")
        .arg(run)
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&shell.stdout).unwrap();
    assert_eq!(users(&answer, "/overlap"), 400);
    // A second --normalize would take the place of the first.
    let words = [&typed[..], &["--format", "json", "--normalize", "trim"]].concat();
    let pair = overlap(&words).json()["pairs"][0].clone();
    assert!(
        pair["settings"].is_string() && pair.get("command").is_none(),
        "{pair}"
    );
}

#[test]
fn diagnose_as_csv_has_a_measure_a_line() {
    let folder = Folder::new();
    let a = folder.ids("a.parquet", texts((0..600).map(|i| format!("ann{i}"))));
    let b = folder.ids("b.parquet", texts((200..900).map(|i| format!("Ann{i}"))));
    let csv = overlap(&["diagnose", &a, &b, "--format", "csv"]).stdout;
    let head = "measure,what,a,b,value,lower,upper\nrows,,a,,600,600,600\n";
    assert!(csv.starts_with(head), "{csv}");
    for line in [
        "overlap,written,a,b,0,0,0",
        "overlap,folded,a,b,400,400,400",
        "share_of_ids,text,a,,1,1,1",
    ] {
        assert!(csv.contains(line), "{line}: {csv}");
    }
}

#[test]
fn inspect_says_what_a_sketch_remembers_of_spelling() {
    let folder = Folder::new();
    let id = |i: u32| match i % 8 {
        0 => "n/a".into(),
        _ => format!("ann{i}"),
    };
    let a = folder.ids("a.parquet", texts((0..3_000).map(id)));
    let stored = folder.path("a.ovs").display().to_string();
    assert_eq!(overlap(&["sketch", &a, "-o", &stored]).code, Some(0));
    let report = overlap(&["inspect", &stored, "--format", "json"]).json();
    let spelling = &report["files"][0]["sketches"][0]["spelling"];
    assert!(spelling["users"].as_u64() > Some(100), "{report}");
    assert_eq!(spelling["frequent"][0]["form"], "the word \"n/a\"");
    let shown = overlap(&["inspect", &stored]).stdout;
    assert!(
        shown.contains("of the rows have one id: the word"),
        "{shown}"
    );
}
