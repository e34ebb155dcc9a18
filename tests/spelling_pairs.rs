//! Pairs of spellings of the same people: docs/identity.md shows the same table.

use crate::harness::{Folder, overlap, users};
use crate::spelling::{numbers, said, texts};
use overlap::spelling::Reading;

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
        "--normalize lower",
    ),
    (
        "e-mails with a capital",
        mail,
        |i| mail(i).replacen('u', "U", 1),
        Reading::Folded,
        "--normalize lower",
    ),
    (
        "a blank behind",
        mail,
        |i| mail(i) + " ",
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a blank before",
        mail,
        |i| format!(" {}", mail(i)),
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a tab behind",
        mail,
        |i| mail(i) + "\t",
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a line end behind",
        mail,
        |i| mail(i) + "\n",
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a no-break space before",
        number,
        |i| format!("\u{a0}{}", number(i)),
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a byte order mark before",
        number,
        |i| format!("\u{feff}{}", number(i)),
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "a zero-width space behind",
        number,
        |i| format!("{}\u{200b}", number(i)),
        Reading::Trimmed,
        "--normalize trim",
    ),
    (
        "blanks and capitals",
        mail,
        |i| format!(" {} ", mail(i).to_uppercase()),
        Reading::Folded,
        "--normalize trim,lower",
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
        "--normalize digits",
    ),
    (
        "leading zeros",
        number,
        |i| format!("{:0>12}", number(i)),
        Reading::Number,
        "--as integer",
    ),
    (
        "a fraction of zero",
        number,
        |i| number(i) + ".0",
        Reading::Number,
        "--as integer",
    ),
    (
        "ten decimals",
        number,
        |i| number(i) + ".0000000000",
        Reading::Number,
        "--as integer",
    ),
    (
        "an exponent",
        number,
        exponent,
        Reading::Number,
        "--as integer",
    ),
    (
        "thousands",
        number,
        thousands,
        Reading::Bare,
        "--normalize digits",
    ),
    (
        "a plus",
        number,
        |i| format!("+{}", number(i)),
        Reading::Bare,
        "--as integer",
    ),
    (
        "full-width digits",
        number,
        full_width,
        Reading::Bare,
        "--normalize digits",
    ),
    (
        "a prefix",
        number,
        |i| format!("usr_{}", number(i)),
        Reading::Loosest,
        "--normalize strip-prefix=usr_",
    ),
    (
        "a prefix with a colon",
        number,
        |i| format!("user:{}", number(i)),
        Reading::Loosest,
        "--normalize strip-prefix=user:",
    ),
    (
        "accents apart",
        |i| format!("jörg{}", number(i)),
        |i| format!("jo\u{308}rg{}", number(i)),
        Reading::Bare,
        "--normalize nfc",
    ),
    (
        "UUIDs in capitals",
        guid,
        |i| guid(i).to_uppercase(),
        Reading::Folded,
        "--normalize lower",
    ),
    (
        "UUIDs without hyphens",
        guid,
        hex::<16>,
        Reading::Bare,
        "--normalize uuid",
    ),
    (
        "UUIDs in braces",
        guid,
        |i| format!("{{{}}}", guid(i)),
        Reading::Bare,
        "--normalize uuid",
    ),
    (
        "UUIDs in braces and capitals",
        guid,
        |i| format!("{{{}}}", guid(i).to_uppercase()),
        Reading::Bare,
        "--normalize uuid",
    ),
    (
        "UUIDs as URNs",
        guid,
        |i| format!("urn:uuid:{}", guid(i)),
        Reading::Bytes,
        "--normalize uuid",
    ),
    (
        "UUIDs in base64",
        guid,
        |i| base64(&bytes::<16>(i), b"+/", true),
        Reading::Bytes,
        "--normalize a=uuid --normalize b=base64",
    ),
    (
        "UUIDs in base64 without padding",
        guid,
        |i| base64(&bytes::<16>(i), b"-_", false),
        Reading::Bytes,
        "--normalize a=uuid --normalize b=base64",
    ),
    (
        "UUIDs in .NET's byte order",
        guid,
        guid_dotnet,
        Reading::Loosest,
        "",
    ),
    (
        "SHA-256 in capitals",
        hex::<32>,
        |i| hex::<32>(i).to_uppercase(),
        Reading::Folded,
        "--normalize lower",
    ),
    (
        "SHA-256 in base64",
        hex::<32>,
        |i| base64(&bytes::<32>(i), b"+/", true),
        Reading::Bytes,
        "--normalize a=hex --normalize b=base64",
    ),
    (
        "SHA-256 in base64 for addresses",
        hex::<32>,
        |i| base64(&bytes::<32>(i), b"-_", false),
        Reading::Bytes,
        "--normalize a=hex --normalize b=base64",
    ),
    (
        "SHA-256 behind 0x",
        hex::<32>,
        |i| format!("0x{}", hex::<32>(i)),
        Reading::Bytes,
        "--normalize hex",
    ),
    (
        "SHA-256 behind \\x",
        hex::<32>,
        |i| format!("\\x{}", hex::<32>(i)),
        Reading::Bytes,
        "--normalize hex",
    ),
    (
        "SHA-256 behind its name",
        hex::<32>,
        |i| format!("sha256:{}", hex::<32>(i)),
        Reading::Bytes,
        "--normalize strip-prefix=sha256:",
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
        "--normalize trim",
    ),
    (
        "SHA-1 in capitals",
        hex::<20>,
        |i| hex::<20>(i).to_uppercase(),
        Reading::Folded,
        "--normalize lower",
    ),
    (
        "SHA-1 in base64",
        hex::<20>,
        |i| base64(&bytes::<20>(i), b"+/", true),
        Reading::Bytes,
        "--normalize a=hex --normalize b=base64",
    ),
    (
        "MD5 in capitals",
        hex::<16>,
        |i| hex::<16>(i).to_uppercase(),
        Reading::Folded,
        "--normalize lower",
    ),
    (
        "MD5 in base64",
        hex::<16>,
        |i| base64(&bytes::<16>(i), b"+/", true),
        Reading::Bytes,
        "--normalize a=uuid --normalize b=base64",
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
fn every_pair_of_spellings_is_noticed_with_the_right_number_and_mended_by_what_is_named() {
    let folder = Folder::new();
    let mut wrong = Vec::new();
    for (kind, ours, theirs, reading, settings) in PAIRS {
        let a = format!("a={}", folder.ids("a.parquet", texts((0..300).map(ours))));
        let b = format!(
            "b={}",
            folder.ids("b.parquet", texts((150..450).map(theirs)))
        );
        let report = overlap(&["diagnose", &a, &b, "--format", "json"]).json();
        let pair = &report["pairs"][0];
        let value = |name: &str| {
            let readings = pair["readings"].as_array().unwrap().iter();
            let mut of_name = readings.filter(|reading| reading["reading"] == name);
            of_name.next().unwrap()["overlap"]["value"]
                .as_u64()
                .unwrap()
        };
        let found = pair["settings"].as_str().unwrap_or("");
        let counts = [value("written"), value(reading.name())];
        if pair["best"] != reading.name() || counts != [0, 150] || found != settings {
            wrong.push(format!("{kind}: {} by {found:?}, {counts:?}", pair["best"]));
        }
        let report = overlap(&["estimate", &a, &b, "--format", "json"]).json();
        let said = said(&report, "spelling");
        if said.len() != 1 || numbers(&said[0]) != [0, 150] {
            wrong.push(format!("{kind}: a report says {said:?}"));
        }
        if !found.is_empty() {
            let mut words = vec!["exact", &*a, &*b, "--format", "json"];
            words.extend(found.split(' '));
            let mended = users(&overlap(&words).json(), "/overlap");
            if mended != 150 {
                wrong.push(format!("{kind}: {mended} with {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
