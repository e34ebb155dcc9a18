//! The same people, spelt two ways: what is noticed, with which numbers, and when nothing is said.

use crate::harness::{Folder, overlap, users};
use arrow::array::{ArrayRef, Int64Array, StringArray};
use overlap::id::{ByteIds, IdBatch};
use overlap::spelling::{Reading, meet};
use overlap::{Sketch, SketchOptions};
use parquet::file::properties::WriterProperties;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;
use std::sync::Arc;

fn texts(ids: impl IntoIterator<Item = String>) -> ArrayRef {
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
fn said(report: &Value, code: &str) -> Vec<String> {
    let warnings = report["warnings"].as_array().unwrap().iter();
    let of_code = warnings.filter(|warning| warning["code"] == code);
    of_code
        .map(|warning| warning["text"].as_str().unwrap().to_owned())
        .collect()
}

/// The numbers of `3,410 as written, but 8,304 (7,585 to 9,125) if`.
fn numbers(text: &str) -> Vec<u64> {
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
        overlap(&["sketch", side, "-o", sketch, "-p", "12", "-k", "65536"]);
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

/// A spelling of person `i`, and another.
type Pair = (
    &'static str,
    fn(u64) -> String,
    fn(u64) -> String,
    Reading,
    &'static str,
);

fn spread(i: u64) -> u64 {
    let x = (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

fn number(i: u64) -> String {
    (100_000 + spread(i) % 900_000_000).to_string()
}

fn mail(i: u64) -> String {
    format!("user{:x}@example.org", spread(i) >> 24)
}

fn bytes<const N: usize>(i: u64) -> [u8; N] {
    std::array::from_fn(|at| (spread(i + 1_000 * (at as u64 / 8)) >> (8 * (at % 8))) as u8)
}

fn hex<const N: usize>(i: u64) -> String {
    bytes::<N>(i)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn guid(i: u64) -> String {
    let mut text = hex::<16>(i);
    for at in [8, 13, 18, 23] {
        text.insert(at, '-');
    }
    text
}

fn guid_dotnet(i: u64) -> String {
    let text = guid(i);
    let turned = |group: &str| -> String {
        let pairs = group.as_bytes().chunks(2).rev();
        pairs
            .map(|pair| std::str::from_utf8(pair).unwrap())
            .collect()
    };
    let groups: Vec<&str> = text.split('-').collect();
    let first: Vec<String> = groups[..3].iter().map(|group| turned(group)).collect();
    format!("{}-{}-{}", first.join("-"), groups[3], groups[4])
}

fn base64(bytes: &[u8], alphabet: &[u8], padded: bool) -> String {
    let alphabet = [
        &b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[..],
        alphabet,
    ]
    .concat();
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        let word = word << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            out.push(alphabet[(word >> (18 - 6 * at) & 63) as usize] as char);
        }
        if padded {
            out.push_str(&"=".repeat(3 - chunk.len()));
        }
    }
    out
}

/// What docs/identity.md shows: the kind, two spellings, under which reading they meet, and the setting.
const PAIRS: [Pair; 44] = [
    (
        "e-mails in capitals",
        mail,
        |i| mail(i).to_uppercase(),
        Reading::Folded,
        "lower",
    ),
    (
        "e-mails with a capital",
        mail,
        |i| mail(i).replacen('u', "U", 1),
        Reading::Folded,
        "lower",
    ),
    (
        "a blank behind",
        mail,
        |i| mail(i) + " ",
        Reading::Trimmed,
        "trim",
    ),
    (
        "a blank before",
        mail,
        |i| format!(" {}", mail(i)),
        Reading::Trimmed,
        "trim",
    ),
    (
        "a tab behind",
        mail,
        |i| mail(i) + "\t",
        Reading::Trimmed,
        "trim",
    ),
    (
        "a line end behind",
        mail,
        |i| mail(i) + "\n",
        Reading::Trimmed,
        "trim",
    ),
    (
        "a no-break space before",
        number,
        |i| format!("\u{a0}{}", number(i)),
        Reading::Trimmed,
        "trim",
    ),
    (
        "a byte order mark before",
        number,
        |i| format!("\u{feff}{}", number(i)),
        Reading::Trimmed,
        "trim",
    ),
    (
        "a zero-width space behind",
        number,
        |i| format!("{}\u{200b}", number(i)),
        Reading::Trimmed,
        "trim",
    ),
    (
        "blanks and capitals",
        mail,
        |i| format!(" {} ", mail(i).to_uppercase()),
        Reading::Folded,
        "trim,lower",
    ),
    (
        "quotes around",
        mail,
        |i| format!("\"{}\"", mail(i)),
        Reading::Bare,
        "",
    ),
    (
        "an apostrophe before",
        number,
        |i| format!("'{}", number(i)),
        Reading::Bare,
        "",
    ),
    (
        "leading zeros",
        number,
        |i| format!("{:0>12}", number(i)),
        Reading::Number,
        "integer",
    ),
    (
        "a fraction of zero",
        number,
        |i| number(i) + ".0",
        Reading::Number,
        "integer",
    ),
    (
        "ten decimals",
        number,
        |i| number(i) + ".0000000000",
        Reading::Number,
        "integer",
    ),
    ("an exponent", number, exponent, Reading::Number, "integer"),
    ("thousands", number, thousands, Reading::Bare, ""),
    (
        "a plus",
        number,
        |i| format!("+{}", number(i)),
        Reading::Bare,
        "integer",
    ),
    (
        "full-width digits",
        number,
        full_width,
        Reading::Bare,
        "digits",
    ),
    (
        "a prefix",
        number,
        |i| format!("usr_{}", number(i)),
        Reading::Loosest,
        "",
    ),
    (
        "a prefix with a colon",
        number,
        |i| format!("user:{}", number(i)),
        Reading::Loosest,
        "",
    ),
    (
        "accents apart",
        |i| format!("jörg{}", number(i)),
        |i| format!("jo\u{308}rg{}", number(i)),
        Reading::Bare,
        "nfc",
    ),
    (
        "UUIDs in capitals",
        guid,
        |i| guid(i).to_uppercase(),
        Reading::Folded,
        "lower",
    ),
    (
        "UUIDs without hyphens",
        guid,
        hex::<16>,
        Reading::Bare,
        "uuid",
    ),
    (
        "UUIDs in braces",
        guid,
        |i| format!("{{{}}}", guid(i)),
        Reading::Bare,
        "uuid",
    ),
    (
        "UUIDs in braces and capitals",
        guid,
        |i| format!("{{{}}}", guid(i).to_uppercase()),
        Reading::Bare,
        "uuid",
    ),
    (
        "UUIDs as URNs",
        guid,
        |i| format!("urn:uuid:{}", guid(i)),
        Reading::Bytes,
        "uuid",
    ),
    (
        "UUIDs in base64",
        guid,
        |i| base64(&bytes::<16>(i), b"+/", true),
        Reading::Bytes,
        "uuid",
    ),
    (
        "UUIDs in base64 without padding",
        guid,
        |i| base64(&bytes::<16>(i), b"-_", false),
        Reading::Bytes,
        "uuid",
    ),
    (
        "UUIDs in .NET's byte order",
        guid,
        guid_dotnet,
        Reading::Loosest,
        "uuid-dotnet",
    ),
    (
        "SHA-256 in capitals",
        hex::<32>,
        |i| hex::<32>(i).to_uppercase(),
        Reading::Folded,
        "lower",
    ),
    (
        "SHA-256 in base64",
        hex::<32>,
        |i| base64(&bytes::<32>(i), b"+/", true),
        Reading::Bytes,
        "base64",
    ),
    (
        "SHA-256 in base64 for addresses",
        hex::<32>,
        |i| base64(&bytes::<32>(i), b"-_", false),
        Reading::Bytes,
        "base64",
    ),
    (
        "SHA-256 behind 0x",
        hex::<32>,
        |i| format!("0x{}", hex::<32>(i)),
        Reading::Bytes,
        "hex",
    ),
    (
        "SHA-256 behind \\x",
        hex::<32>,
        |i| format!("\\x{}", hex::<32>(i)),
        Reading::Bytes,
        "hex",
    ),
    (
        "SHA-256 behind its name",
        hex::<32>,
        |i| format!("sha256:{}", hex::<32>(i)),
        Reading::Bytes,
        "hex",
    ),
    (
        "SHA-256 in quotes",
        hex::<32>,
        |i| format!("\"{}\"", hex::<32>(i)),
        Reading::Bare,
        "",
    ),
    (
        "SHA-256 and blanks",
        hex::<32>,
        |i| hex::<32>(i) + "   ",
        Reading::Trimmed,
        "trim",
    ),
    (
        "SHA-1 in capitals",
        hex::<20>,
        |i| hex::<20>(i).to_uppercase(),
        Reading::Folded,
        "lower",
    ),
    (
        "SHA-1 in base64",
        hex::<20>,
        |i| base64(&bytes::<20>(i), b"+/", true),
        Reading::Bytes,
        "base64",
    ),
    (
        "MD5 in capitals",
        hex::<16>,
        |i| hex::<16>(i).to_uppercase(),
        Reading::Folded,
        "lower",
    ),
    (
        "MD5 in base64",
        hex::<16>,
        |i| base64(&bytes::<16>(i), b"+/", true),
        Reading::Bytes,
        "uuid",
    ),
    (
        "codes with hyphens",
        code,
        |i| code(i).replace('-', ""),
        Reading::Bare,
        "",
    ),
    (
        "codes with blanks",
        code,
        |i| code(i).replace('-', " "),
        Reading::Bare,
        "",
    ),
];

fn exponent(i: u64) -> String {
    let digits = number(i);
    format!("{}.{}E+{:02}", &digits[..1], &digits[1..], digits.len() - 1)
}

fn thousands(i: u64) -> String {
    let digits = number(i);
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|g| std::str::from_utf8(g).unwrap())
        .collect();
    groups.join(",")
}

fn full_width(i: u64) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap();
    number(i).chars().map(wide).collect()
}

fn code(i: u64) -> String {
    let text = format!("{:012X}", spread(i) >> 16);
    format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..])
}

#[test]
fn every_pair_of_spellings_is_noticed_with_the_right_number() {
    let folder = Folder::new();
    let mut wrong = Vec::new();
    for (kind, ours, theirs, reading, setting) in PAIRS {
        let a = folder.ids("a", texts((0..300).map(ours)));
        let b = folder.ids("b", texts((150..450).map(theirs)));
        let report = overlap(&["diagnose", &a, &b, "--format", "json"]).json();
        let pair = &report["pairs"][0];
        let value = |name: &str| {
            let readings = pair["readings"].as_array().unwrap().iter();
            let mut of_name = readings.filter(|reading| reading["reading"] == name);
            of_name.next().unwrap()["overlap"]["value"]
                .as_u64()
                .unwrap()
        };
        let settings = pair["settings"].as_str().unwrap_or("");
        let fits = match setting {
            "" => settings.is_empty(),
            setting => {
                settings.split(['=', ' ', ',']).any(|word| word == setting)
                    || settings.ends_with(setting)
            }
        };
        let counts = [value("written"), value(reading.name())];
        if pair["best"] != reading.name() || counts != [0, 150] || !fits {
            wrong.push(format!(
                "{kind}: {} by {settings:?}, {counts:?}",
                pair["best"]
            ));
        }
        let report = overlap(&["estimate", &a, &b, "--format", "json"]).json();
        let said = said(&report, "spelling");
        if said.len() != 1 || numbers(&said[0]) != [0, 150] {
            wrong.push(format!("{kind}: a report says {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
