//! IDs that are spelt two ways, brought to one form.

use crate::harness::{Folder, overlap, users};
use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, Int64Array, StringArray};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::sync::Arc;

fn texts(ids: impl IntoIterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(ids))
}

fn email(i: u32) -> String {
    format!("user.{i}@example.org")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// The overlap of two files, counted and estimated.
#[track_caller]
fn shared(a: &str, b: &str, flags: &[&str]) -> u64 {
    let (a, b) = (format!("shop={a}"), format!("pay={b}"));
    let answers = ["exact", "estimate"].map(|command| {
        let words = [&[command, &a, &b, "--format", "json"], flags].concat();
        users(&overlap(&words).json(), "/overlap")
    });
    assert_eq!(answers[0], answers[1]);
    answers[0]
}

#[test]
fn rules_bring_two_spellings_together() {
    let folder = Folder::new();
    let plain = |i: u32| format!("ab{i:06x}{:024x}", u128::from(i) * 7919);
    let dashed = |i: u32| {
        let id = plain(i);
        let groups = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]];
        groups.join("-")
    };
    let ids = |spelt: &dyn Fn(u32) -> String, from: u32| texts((from..from + 300).map(spelt));
    let cases: [(&str, ArrayRef, ArrayRef, &[&str]); 9] = [
        (
            "capitals",
            ids(&plain, 0),
            ids(&|i| plain(i).to_uppercase(), 100),
            &["--normalize", "lower"],
        ),
        (
            "blanks",
            ids(&plain, 0),
            ids(&|i| format!(" {}\u{feff}", plain(i)), 100),
            &["--normalize", "trim"],
        ),
        (
            "zeros",
            ids(&|i| i.to_string(), 0),
            ids(&|i| format!("{i:010}"), 100),
            &["--normalize", "strip-zeros"],
        ),
        (
            "prefix",
            ids(&plain, 0),
            ids(&|i| format!("sha256:{}", plain(i)), 100),
            &["--normalize", "strip-prefix=sha256:"],
        ),
        (
            "full width",
            ids(&|i| format!("{i:04}"), 0),
            ids(
                &|i| {
                    format!("{i:04}")
                        .chars()
                        .map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap())
                        .collect()
                },
                100,
            ),
            &["--normalize", "digits"],
        ),
        (
            "composed",
            ids(&|i| format!("caf\u{e9}-{i}"), 0),
            ids(&|i| format!("cafe\u{301}-{i}"), 100),
            &["--normalize", "nfc"],
        ),
        (
            "uuids",
            ids(&dashed, 0),
            ids(&|i| format!("{{{}}}", dashed(i).to_uppercase()), 100),
            &["--normalize", "uuid"],
        ),
        (
            "gmail",
            ids(&|i| format!("ann{i}@gmail.com"), 0),
            ids(
                &|i| format!("A.nn{i}+x@GoogleMail.com").replace("GoogleMail", "gmail"),
                100,
            ),
            &["--normalize", "email-google"],
        ),
        (
            "phones",
            ids(&|i| format!("+41 44 668 {i:04}"), 0),
            ids(&|i| format!("0041-44/668.{i:04}"), 100),
            &["--normalize", "phone"],
        ),
    ];
    for (name, a, b, flags) in cases {
        let a = folder.ids(&format!("{name} a.parquet"), a);
        let b = folder.ids(&format!("{name} b.parquet"), b);
        assert_eq!(shared(&a, &b, &[]), 0, "{name}");
        assert_eq!(shared(&a, &b, flags), 200, "{name}");
    }
}

#[test]
fn digests_meet_however_the_partner_writes_them() {
    let folder = Folder::new();
    let crm = folder.ids(
        "crm.parquet",
        texts((0..300).map(|i| format!(" {}", email(i).to_uppercase()))),
    );
    let digests: Vec<Vec<u8>> = (100..400).map(|i| sha256(&email(i))).collect();
    let spelt = |spell: &dyn Fn(&[u8]) -> String| texts(digests.iter().map(|digest| spell(digest)));
    let slices = digests.iter().map(Vec::as_slice);
    let partners: [(&str, ArrayRef); 6] = [
        ("hex", spelt(&hex)),
        ("capitals", spelt(&|digest| hex(digest).to_uppercase())),
        ("base64", spelt(&|digest| STANDARD.encode(digest))),
        ("base64url", spelt(&|digest| URL_SAFE_NO_PAD.encode(digest))),
        (
            "bytes",
            Arc::new(BinaryArray::from_iter_values(slices.clone())),
        ),
        (
            "fixed",
            Arc::new(FixedSizeBinaryArray::try_from_iter(slices).unwrap()),
        ),
    ];
    for (name, ids) in partners {
        let pay = folder.ids(&format!("{name}.parquet"), ids);
        let flags = ["--normalize", "shop=email", "--digest", "shop=sha256"];
        assert_eq!(shared(&crm, &pay, &flags), 200, "{name}");
        // Said of both sides it is the same question.
        let flags = [
            "--normalize",
            "email",
            "--digest",
            "shop=sha256",
            "--digested",
            "pay=sha256",
        ];
        assert_eq!(shared(&crm, &pay, &flags), 200, "{name}");
    }
}

#[test]
fn text_files_and_segments_take_rules_too() {
    let folder = Folder::new();
    let csv = (0..300).fold(String::from("user_id,tier\n"), |csv, i| {
        csv + &format!("{},t{}\n", email(i).to_uppercase(), i % 2)
    });
    let crm = folder.bytes("crm.csv", csv.as_bytes());
    let pay = folder.ids("pay.parquet", texts((100..400).map(email)));
    assert_eq!(shared(&crm, &pay, &["--normalize", "email"]), 200);
    let both = [
        "estimate",
        &crm,
        &pay,
        "--normalize",
        "lower",
        "--where",
        "user_id LIKE '%@%'",
    ];
    assert!(overlap(&both).stdout.contains("200"));
    let flags = ["sketch", &crm, "--by", "tier", "--normalize", "email", "-o"];
    let stored = folder.path("crm.ovs").display().to_string();
    assert_eq!(overlap(&[&flags[..], &[&stored]].concat()).code, Some(0));
    let shown = overlap(&["inspect", &stored]).stdout;
    assert!(shown.contains("normalised by email/1"), "{shown}");
}

#[test]
fn stored_sketches_remember_their_rules() {
    let folder = Folder::new();
    let crm = folder.ids(
        "crm.parquet",
        texts((0..300).map(|i| email(i).to_uppercase())),
    );
    let pay = folder.ids("pay.parquet", texts((100..400).map(email)));
    let sketch = |name: &str, file: &str, flags: &[&str]| {
        let output = folder.path(name).display().to_string();
        let answer = overlap(&[&["sketch", file, "-o", &output], flags].concat());
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        output
    };
    let as_written = sketch("raw.ovs", &pay, &[]);
    let ours = sketch("ours.ovs", &crm, &["--normalize", "email"]);
    let theirs = sketch("theirs.ovs", &pay, &["--normalize", "email"]);
    let report = overlap(&["estimate", &ours, &theirs, "--format", "json"]).json();
    assert_eq!(users(&report, "/overlap"), 200);
    assert_eq!(report["sides"][0]["profile"], "email/1");
    // Also beside data of the same rules.
    let mixed = [
        "estimate",
        &ours,
        &pay,
        "--normalize",
        "email",
        "--format",
        "json",
    ];
    assert_eq!(users(&overlap(&mixed).json(), "/overlap"), 200);
    for (a, b) in [(&ours, &as_written), (&as_written, &ours)] {
        overlap(&["estimate", a, b]).fails(4, &["normalised by email/1", "as they are written"]);
    }
    overlap(&["estimate", &ours, &pay]).fails(4, &["email/1"]);
    overlap(&[
        "merge",
        &ours,
        &as_written,
        "-o",
        &folder.path("x.ovs").display().to_string(),
    ])
    .fails(4, &["email/1"]);
    // Only one side of the data: they would meet by chance alone.
    overlap(&["estimate", &crm, &pay, "--normalize", "crm=lower"]).fails(4, &["lower/1"]);
}

#[test]
fn what_a_rule_cannot_read_is_counted_and_nobody() {
    let folder = Folder::new();
    let ids = (0..300).map(|i| {
        if i % 3 == 0 {
            format!("none-{i}")
        } else {
            email(i)
        }
    });
    let crm = folder.ids("crm.parquet", texts(ids));
    let pay = folder.ids("pay.parquet", texts((0..300).map(email)));
    let answer = overlap(&[
        "exact",
        &crm,
        &pay,
        "--normalize",
        "email",
        "--format",
        "json",
    ]);
    assert!(
        answer.stderr.contains("100 ids of crm aren't"),
        "{}",
        answer.stderr
    );
    assert!(
        !answer.stderr.contains("none-"),
        "an id in a message: {}",
        answer.stderr
    );
    let report = answer.json();
    assert_eq!(users(&report, "/sides/0/users"), 200);
    assert_eq!(report["sides"][0]["nulls"], 100);
    assert_eq!(report["sides"][0]["rows"], 300);
    // What couldn't be read is no part of the next ID.
    assert_eq!(users(&report, "/overlap"), 200);
}

#[test]
fn rules_without_meaning_are_refused() {
    let folder = Folder::new();
    let numbers = folder.ids(
        "numbers.parquet",
        Arc::new(Int64Array::from_iter_values(0..9)),
    );
    let bytes = folder.ids(
        "bytes.parquet",
        Arc::new(BinaryArray::from_iter_values([b"a", b"b"])),
    );
    let texts = folder.ids("texts.parquet", texts((0..9).map(email)));
    let cases: [(&[&str], &str); 6] = [
        (
            &[&texts, &texts, "--normalize", "mail"],
            "the rules are trim",
        ),
        (
            &[&texts, &texts, "--normalize", "hex,lower"],
            "put rules for text first",
        ),
        (&[&texts, &texts, "--digest", "sha512"], "sha256, sha1, md5"),
        (
            &[&texts, &texts, "--normalize", "other=lower"],
            "the sides are",
        ),
        (&[&bytes, &bytes, "--normalize", "lower"], "--as string"),
        (&[&numbers, &numbers, "--digested", "md5"], "no digests"),
    ];
    for (arguments, words) in cases {
        overlap(&[&["estimate"], arguments].concat()).fails(2, &[words]);
    }
    // A digest is made of a number's digits.
    let digests = folder.ids("digests.parquet", {
        Arc::new(StringArray::from_iter_values(
            (0..9).map(|i| hex(&sha256(&i.to_string()))),
        ))
    });
    assert_eq!(shared(&numbers, &digests, &["--digest", "shop=sha256"]), 9);
}

#[test]
fn telephone_numbers_of_a_region_are_read_as_they_are_dialled() {
    let folder = Folder::new();
    let spellings = |i: u32| match i % 4 {
        0 => format!("138 0013 {i:04}"),
        1 => format!("8613800 13{i:04}"),
        2 => format!("0086-138-0013-{i:04}"),
        _ => format!("+86 138 0013 {i:04}"),
    };
    let crm = folder.ids("crm.parquet", texts((0..300).map(spellings)));
    let e164 = texts((100..400).map(|i| format!("+861380013{i:04}")));
    let pay = folder.ids("pay.parquet", e164);
    let flags = ["--normalize", "phone", "--region", "cn"];
    assert_eq!(shared(&crm, &pay, &flags), 200);
    // E.164 says the country: of whichever region the other side is, they meet.
    let flags = [
        "--normalize",
        "phone",
        "--region",
        "shop=CN",
        "--region",
        "pay=CH",
    ];
    assert_eq!(shared(&crm, &pay, &flags), 200);
    let one = |flags: &[&str]| overlap(&[&["estimate", &crm, "--format", "json"], flags].concat());
    let report = one(&["--normalize", "phone", "--region", "CN"]).json();
    assert_eq!(report["sides"][0]["profile"], "phone/1");
    // Of another region they are nobody, and it is said.
    let report = one(&["--normalize", "phone", "--region", "US"]).json();
    assert!(report["sides"][0]["unreadable"]["ids"].as_u64() > Some(100));
    let unknown = one(&["--normalize", "phone", "--region", "XX"]);
    unknown.fails(2, &["--region knows no region \"XX\"", "AE, AT"]);
    one(&["--region", "CN"]).fails(2, &["--normalize phone"]);
    one(&["--normalize", "lower", "--region", "crm=CN"]).fails(2, &["--normalize phone"]);
}
