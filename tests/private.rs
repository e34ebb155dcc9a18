//! Private overlap through the binary: three files, what both sides learn, and everything that is refused.

use crate::harness::{Answer, Folder, data, overlap};
use arrow::array::Int64Array;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Two sides of 4,000 and 3,000 users, 1,000 of them common, small samples, and a folder for their files.
struct Sides {
    folder: Folder,
    shop: String,
    pay: String,
}

impl Sides {
    fn new() -> Self {
        let folder = Folder::new();
        let ids = |name: &str, users: std::ops::Range<i64>| {
            folder.ids(name, Arc::new(Int64Array::from_iter_values(users)))
        };
        let (shop, pay) = (
            ids("shop.parquet", 0..4_000),
            ids("pay.parquet", 3_000..6_000),
        );
        Self { folder, shop, pay }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path(name).to_str().unwrap().to_owned()
    }

    fn offer(&self, more: &[&str]) -> Answer {
        let output = self.path("offer.ovp");
        let fixed = ["private", "offer", &self.shop, "-o", &output, "--k", "256"];
        overlap(&[&fixed[..], more].concat())
    }

    fn answer(&self, more: &[&str]) -> Answer {
        let (offer, output) = (self.path("offer.ovp"), self.path("answer.ovp"));
        let fixed = [
            "private", "answer", &offer, &self.pay, "-o", &output, "--k", "256",
        ];
        overlap(&[&fixed[..], more].concat())
    }

    fn finish(&self, message: &str, secret: &str, more: &[&str]) -> Answer {
        let (message, secret) = (self.path(message), self.path(secret));
        let fixed = ["private", "finish", &message, "--secret", &secret];
        overlap(&[&fixed[..], more].concat())
    }

    /// A's last step.
    fn result(&self, more: &[&str]) -> Answer {
        let result = self.path("result.ovp");
        let fixed = ["-o", &result];
        self.finish(
            "answer.ovp",
            "offer.ovp.secret",
            &[&fixed[..], more].concat(),
        )
    }

    /// B's last step.
    fn read(&self, more: &[&str]) -> Answer {
        self.finish("result.ovp", "answer.ovp.secret", more)
    }

    fn exists(&self, name: &str) -> bool {
        self.folder.path(name).exists()
    }
}

#[track_caller]
fn works(answer: &Answer) {
    assert_eq!(answer.code, Some(0), "{answer:?}");
}

fn value(report: &Value, field: &str) -> f64 {
    report[field]["value"].as_f64().unwrap()
}

fn holds(report: &Value, field: &str, truth: f64) -> bool {
    let limit = |end: &str| report[field][end].as_f64().unwrap();
    (limit("lower")..=limit("upper")).contains(&truth)
}

#[test]
fn both_sides_get_the_same_report_from_three_files() {
    let sides = Sides::new();
    let offered = sides.offer(&[]);
    works(&offered);
    assert!(offered.stdout.contains("offer of shop"), "{offered:?}");
    assert!(
        offered.stdout.contains("offer.ovp.secret: keep it"),
        "{offered:?}"
    );
    works(&sides.answer(&[]));
    let of_a = sides.result(&["--format", "json"]).json();
    let of_b = sides.read(&["--format", "json"]).json();
    assert_eq!(of_a["answers"], of_b["answers"]);
    assert_eq!(
        (of_a["schema"].as_str(), &of_a["epsilon"]),
        (Some("overlap.private/1"), &Value::Null)
    );
    let report = &of_a["answers"][0]["report"];
    // The ordinary estimate at the same size, from sketches in the open.
    let open = [
        "estimate",
        &sides.shop,
        &sides.pay,
        "--k",
        "256",
        "--format",
        "json",
    ];
    let open = overlap(&open).json();
    assert_eq!(report["schema"], open["schema"]);
    assert!(
        holds(report, "overlap", 1_000.0) && holds(report, "union", 6_000.0),
        "{report}"
    );
    let (found, known) = (value(report, "overlap"), value(&open, "overlap"));
    assert!((found / known - 1.0).abs() < 0.3, "{found} beside {known}");
    assert_eq!(report["sides"][0]["name"], "shop");
    assert_eq!(report["sides"][1]["name"], "pay");
    // The numbers add up.
    let users = |side: usize| report["sides"][side]["users"]["value"].as_f64().unwrap();
    assert_eq!(
        users(0) + users(1) - value(report, "overlap"),
        value(report, "union")
    );
}

#[test]
fn small_sides_are_counted_and_every_format_is_written() {
    let sides = Sides::new();
    let k = ["--k", "4096"];
    let (shop, pay) = (&sides.shop, &sides.pay);
    let (offer, answer) = (sides.path("offer.ovp"), sides.path("answer.ovp"));
    works(&overlap(
        &[&["private", "offer", shop, "-o", &offer][..], &k].concat(),
    ));
    works(&overlap(
        &[&["private", "answer", &offer, pay, "-o", &answer][..], &k].concat(),
    ));
    let table = sides.result(&[]);
    works(&table);
    for words in [
        "overlap    1,000",
        "overlap: exact",
        "result.ovp: the result; send it to the partner",
    ] {
        assert!(table.stdout.contains(words), "{words}: {}", table.stdout);
    }
    let csv = sides.read(&["--format", "csv"]);
    assert!(
        csv.stdout.contains("overlap,shop,pay,1000,1000,1000,"),
        "{csv:?}"
    );
    let markdown = sides.read(&["--format", "markdown"]);
    assert!(
        markdown.stdout.contains("| overlap | 1,000 |"),
        "{markdown:?}"
    );
}

#[test]
fn a_secret_takes_one_answer_and_its_key_is_gone() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    let before = std::fs::read(sides.folder.path("offer.ovp.secret")).unwrap();
    works(&sides.result(&[]));
    let after = std::fs::read(sides.folder.path("offer.ovp.secret")).unwrap();
    assert!(
        after.len() < before.len() / 4,
        "{} of {}",
        after.len(),
        before.len()
    );
    let first = std::fs::read(sides.folder.path("result.ovp")).unwrap();
    sides
        .result(&[])
        .fails(5, &["offer.ovp.secret", "was used"]);
    assert_eq!(
        std::fs::read(sides.folder.path("result.ovp")).unwrap(),
        first
    );
    // The answer of a second partner, too.
    works(&sides.answer(&[]));
    sides.result(&[]).fails(5, &["was used"]);
    // Its own result it may read again.
    works(&sides.finish("result.ovp", "offer.ovp.secret", &[]));
}

#[cfg(unix)]
#[test]
fn secrets_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sides = Sides::new();
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    let mode = |name: &str| {
        let metadata = std::fs::metadata(sides.folder.path(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(
        (mode("offer.ovp.secret"), mode("answer.ovp.secret")),
        (0o600, 0o600)
    );
    works(&sides.result(&[]));
    assert_eq!(mode("offer.ovp.secret"), 0o600);
}

/// Puts one changed byte into a file.
fn damage(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 4;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn damaged_messages_are_refused_and_leave_nothing_behind() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    damage(&sides.folder.path("offer.ovp"), 500);
    sides
        .answer(&[])
        .fails(5, &["offer.ovp", "damaged", "send the file again"]);
    assert!(!sides.exists("answer.ovp") && !sides.exists("answer.ovp.secret"));
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    damage(&sides.folder.path("answer.ovp"), 700);
    sides.result(&[]).fails(5, &["answer.ovp", "damaged"]);
    assert!(!sides.exists("result.ovp"));
    damage(&sides.folder.path("answer.ovp"), 700);
    // The key is still there: nothing was learned from the damaged one.
    works(&sides.result(&[]));
    damage(&sides.folder.path("result.ovp"), 80);
    sides.read(&[]).fails(5, &["result.ovp", "damaged"]);
    damage(&sides.folder.path("result.ovp"), 80);
    damage(&sides.folder.path("answer.ovp.secret"), 90);
    sides.read(&[]).fails(5, &["answer.ovp.secret", "damaged"]);
}

#[test]
fn cut_messages_are_refused() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    let path = sides.folder.path("offer.ovp");
    let whole = std::fs::read(&path).unwrap();
    for len in [9, 50, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..len]).unwrap();
        sides.answer(&[]).fails(5, &["offer.ovp", "damaged"]);
    }
    for nothing in [&b""[..], b"ovlpri", b"PAR1"] {
        std::fs::write(&path, nothing).unwrap();
        sides
            .answer(&[])
            .fails(3, &["offer.ovp", "isn't a message of private overlap"]);
    }
}

#[test]
fn messages_of_another_version_are_refused() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    let path = sides.folder.path("offer.ovp");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 2;
    std::fs::write(&path, bytes).unwrap();
    sides
        .answer(&[])
        .fails(4, &["offer.ovp", "version 2", "same version of overlap"]);
}

#[test]
fn messages_of_another_run_are_refused() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    std::fs::rename(
        sides.folder.path("answer.ovp"),
        sides.folder.path("old.ovp"),
    )
    .unwrap();
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    let result = sides.path("result.ovp");
    let old = sides.finish("old.ovp", "offer.ovp.secret", &["-o", &result]);
    old.fails(4, &["old.ovp", "another run"]);
    works(&sides.result(&[]));
    // B answers anew: the result is that of its first answer.
    works(&sides.answer(&[]));
    sides.read(&[]).fails(4, &["result.ovp", "another run"]);
}

#[test]
fn other_options_are_refused() {
    let sides = Sides::new();
    works(&sides.offer(&["--epsilon", "1"]));
    sides
        .answer(&[])
        .fails(4, &["offer.ovp", "epsilon 1 there, none here"]);
    sides
        .answer(&["--epsilon", "2"])
        .fails(4, &["epsilon 1 there, 2 here"]);
    let murmur = ["--epsilon", "1", "--hash", "murmur3"];
    sides.answer(&murmur).fails(4, &["hash xxh3", "murmur3"]);
    let text = ["--epsilon", "1", "--as", "string"];
    sides
        .answer(&text)
        .fails(4, &["id type integer there, string here"]);
    works(&sides.answer(&["--epsilon", "1"]));
    sides
        .offer(&["--epsilon", "0.001"])
        .fails(2, &["epsilon is 0.001"]);
}

#[test]
fn sides_of_few_users_are_refused() {
    let sides = Sides::new();
    let few = sides.folder.ids(
        "few.parquet",
        Arc::new(Int64Array::from_iter_values(0..999)),
    );
    let output = sides.path("few.ovp");
    let offer = ["private", "offer", &few, "-o", &output, "--k", "256"];
    overlap(&offer).fails(5, &["few has fewer users than the 1000", "--min-users"]);
    assert!(!sides.exists("few.ovp") && !sides.exists("few.ovp.secret"));
    works(&overlap(&[&offer[..], &["--min-users", "10"]].concat()));
    // The partner's rule holds for the offer as well.
    let answer = sides.path("answer.ovp");
    let answer = [
        "private", "answer", &output, &sides.pay, "-o", &answer, "--k", "256",
    ];
    overlap(&answer).fails(5, &["few has fewer users than the 1000"]);
}

#[test]
fn what_is_typed_wrong_is_a_usage_error() {
    let sides = Sides::new();
    let output = sides.path("offer.ovp");
    let two = ["private", "offer", &sides.shop, &sides.pay, "-o", &output];
    overlap(&two).fails(2, &["2 sides", "the same name"]);
    sides
        .offer(&["--secret", &output])
        .fails(2, &["the message and the secret file"]);
    sides
        .offer(&["--secret", &sides.shop])
        .fails(2, &["is an input and an output"]);
    sides
        .offer(&["--secret", "s3://bucket/secret"])
        .fails(2, &["must stay on this machine"]);
    works(&sides.offer(&[]));
    sides
        .answer(&["--secret", &output])
        .fails(2, &["is an input and an output"]);
    works(&sides.answer(&[]));
    let answer = sides.finish("answer.ovp", "offer.ovp.secret", &[]);
    answer.fails(2, &["other side needs", "result.ovp"]);
    sides
        .finish("offer.ovp", "offer.ovp.secret", &[])
        .fails(4, &["is an offer", "answer"]);
    let path = sides.path("result.ovp");
    let own = sides.finish("answer.ovp", "answer.ovp.secret", &["-o", &path]);
    own.fails(4, &["is an answer", "the result is wanted"]);
    sides
        .finish("answer.ovp", "answer.ovp", &["-o", &path])
        .fails(3, &["isn't a secret file"]);
    assert!(!sides.exists("result.ovp"));
}

#[test]
fn a_result_that_can_not_be_written_leaves_the_key() {
    let sides = Sides::new();
    works(&sides.offer(&[]));
    works(&sides.answer(&[]));
    let nowhere = sides.path("no/such/folder/result.ovp");
    sides
        .finish("answer.ovp", "offer.ovp.secret", &["-o", &nowhere])
        .fails(6, &["no folder"]);
    works(&sides.result(&[]));
}

#[test]
fn registers_alone_and_samples_that_are_too_large_are_refused() {
    let sides = Sides::new();
    let (sketch, images) = (sides.path("shop.ovs"), sides.path("images"));
    let made = ["sketch", &sides.shop, "-o", &sketch, "--hash", "murmur3"];
    works(&overlap(&made));
    works(&overlap(&[
        "convert",
        &sketch,
        "--to",
        "datasketches",
        "-o",
        &images,
    ]));
    let (image, output) = (sides.path("images/shop.hll"), sides.path("offer.ovp"));
    let answer = overlap(&["private", "offer", &image, "-o", &output]);
    answer.fails(4, &["an HLL sketch alone"]);
    sides.offer(&["--k", "2097152"]).fails(2, &["--k"]);
}

#[test]
fn sketches_are_as_good_as_the_data() {
    let sides = Sides::new();
    let sketch = sides.path("shop.ovs");
    works(&overlap(&[
        "sketch",
        &sides.shop,
        "-o",
        &sketch,
        "--k",
        "256",
    ]));
    let output = sides.path("offer.ovp");
    works(&overlap(&[
        "private",
        "offer",
        &format!("shop={sketch}"),
        "-o",
        &output,
    ]));
    works(&sides.answer(&[]));
    let report = sides.result(&["--format", "json"]).json();
    let report = &report["answers"][0]["report"];
    assert_eq!(report["method"]["k"], 256);
    assert!(holds(report, "overlap", 1_000.0), "{report}");
}

#[test]
fn segments_are_compared_by_their_values() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).to_str().unwrap().to_owned();
    let (shop, pay) = (data("shop.parquet"), data("pay.parquet"));
    let sizes = ["--k", "512", "--by", "city_tier"];
    let (offer, answer, result) = (path("offer.ovp"), path("answer.ovp"), path("result.ovp"));
    works(&overlap(
        &[&["private", "offer", &shop, "-o", &offer][..], &sizes].concat(),
    ));
    let no_segments = [
        "private", "answer", &offer, &pay, "-o", &answer, "--k", "512",
    ];
    overlap(&no_segments).fails(4, &["segments by city_tier there, none here"]);
    works(&overlap(
        &[
            &["private", "answer", &offer, &pay, "-o", &answer][..],
            &sizes,
        ]
        .concat(),
    ));
    let (secret, other) = (path("offer.ovp.secret"), path("answer.ovp.secret"));
    let finish = [
        "private", "finish", &answer, "--secret", &secret, "-o", &result,
    ];
    let table = overlap(&finish);
    works(&table);
    assert!(table.stdout.starts_with("city_tier"), "{table:?}");
    assert!(table.stdout.lines().count() >= 4, "{table:?}");
    let read = ["private", "finish", &result, "--secret", &other, "--format"];
    let json = overlap(&[&read[..], &["json"]].concat()).json();
    let answers = json["answers"].as_array().unwrap();
    assert!(answers.len() >= 2, "{json}");
    // Each segment's sizes are those of the segment alone.
    for answer in answers {
        let segment = answer["segment"].as_str().unwrap();
        let condition = format!("city_tier = '{segment}'");
        let exact = [
            "exact", &shop, &pay, "--where", &condition, "--format", "json",
        ];
        let truth = overlap(&exact).json();
        let (found, truth) = (&answer["report"]["sides"], &truth["sides"]);
        for side in 0..2 {
            let users = |of: &Value| of[side]["users"]["value"].as_f64().unwrap();
            assert!(
                (users(found) / users(truth) - 1.0).abs() < 0.2,
                "{segment}: {found} {truth}"
            );
        }
    }
    let csv = overlap(&[&read[..], &["csv"]].concat());
    assert!(csv.stdout.starts_with("measure,a,b,segment,"), "{csv:?}");
    assert_eq!(
        csv.stdout.matches("\noverlap,").count(),
        answers.len(),
        "{csv:?}"
    );
}

#[test]
fn noise_is_in_both_reports_and_said() {
    let sides = Sides::new();
    works(&sides.offer(&["--epsilon", "0.5"]));
    works(&sides.answer(&["--epsilon", "0.5"]));
    let table = sides.result(&[]);
    works(&table);
    assert!(table.stdout.contains("noise of epsilon 0.5"), "{table:?}");
    let of_b = sides.read(&["--format", "json"]).json();
    assert_eq!(of_b["epsilon"], 0.5);
    let report = &of_b["answers"][0]["report"];
    let width = |report: &Value| {
        report["overlap"]["upper"].as_f64().unwrap() - report["overlap"]["lower"].as_f64().unwrap()
    };
    let open = [
        "estimate",
        &sides.shop,
        &sides.pay,
        "--k",
        "256",
        "--format",
        "json",
    ];
    assert!(width(report) > width(&overlap(&open).json()), "{report}");
}

#[test]
fn help_says_what_each_step_does() {
    let help = overlap(&["private", "--help"]);
    works(&help);
    for word in ["offer", "answer", "finish"] {
        assert!(help.stdout.contains(word), "{help:?}");
    }
    let help = overlap(&["private", "offer", "--help"]);
    assert!(
        help.stdout.contains("--min-users") && help.stdout.contains("--epsilon"),
        "{help:?}"
    );
}
