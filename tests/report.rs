//! `overlap report` and `overlap plot`: what they write, from what, and what they refuse.

use crate::harness::{Folder, overlap};
use serde_json::Value;

/// The report that a page holds.
fn held(page: &str) -> Value {
    let text = page.split_once("id=\"report-json\">").unwrap().1;
    serde_json::from_str(text.split_once("</script>").unwrap().0).unwrap()
}

fn ids(folder: &Folder, name: &str, from: u32, to: u32) -> String {
    let lines: String = (from..to).map(|id| format!("u{id}\n")).collect();
    folder.bytes(name, format!("id\n{lines}").as_bytes())
}

#[test]
fn a_page_holds_the_numbers_of_the_other_commands() {
    let folder = Folder::new();
    let page = folder.path("page.html").display().to_string();
    let data = ["data/shop.parquet", "data/pay.parquet", "--by", "city_tier"];
    let answer = overlap(&[&["report"][..], &data, &["-o", &page]].concat());
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.len() <= 250_000, "{}", page.len());
    let report = held(&page);
    let estimate = overlap(&[&["estimate"][..], &data, &["--format", "json"]].concat()).json();
    for field in ["overlap", "only_a", "gain_b", "jaccard", "share_of_a"] {
        assert_eq!(report["pairs"][0][field], estimate[field], "{field}");
    }
    for field in ["union", "segments", "method", "confidence"] {
        assert_eq!(report[field], estimate[field], "{field}");
    }
    for words in [
        "62,054",
        "T4</bdi> (27.9\u{a0}%)",
        "between 43.62 and 44.38\u{a0}%",
        "report.json",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn three_sides_have_regions_reach_pairs_and_a_fit() {
    let folder = Folder::new();
    let sides = [(0, 900), (500, 1200), (1100, 2000)];
    let sides: Vec<String> = (sides.iter().enumerate())
        .map(|(i, &(from, to))| format!("s{i}={}", ids(&folder, &format!("{i}.csv"), from, to)))
        .collect();
    let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
    let sizes = ["--k", "64", "--precision", "6"];
    let page = folder.path("page.html").display().to_string();
    let report = [
        &["report"][..],
        &sides,
        &sizes,
        &["-o", &page, "--json", "--expr", "s0 - s1"],
    ];
    let report = overlap(&report.concat()).json();
    let formula = [
        &["estimate"][..],
        &sides,
        &sizes,
        &["--format", "json", "--expr", "s0 - s1"],
    ];
    let formula = overlap(&formula.concat()).json();
    assert_eq!(report["formulas"], formula["formulas"]);
    assert_eq!(report["pairs"].as_array().unwrap().len(), 3);
    let regions = [&["regions"][..], &sides, &sizes, &["--format", "json"]];
    assert_eq!(
        report["regions"],
        overlap(&regions.concat()).json()["regions"]
    );
    let reach = [
        &["reach"][..],
        &sides,
        &sizes,
        &["--format", "json", "--order", "greedy"],
    ];
    let steps = overlap(&reach.concat()).json();
    for (found, expected) in (report["reach"][1]["steps"].as_array().unwrap().iter())
        .zip(steps["steps"].as_array().unwrap())
    {
        assert_eq!(
            (&found["side"], &found["reach"]),
            (&expected["side"], &expected["reach"])
        );
    }
    assert_eq!(report["fit"]["region_of"].as_array().unwrap().len(), 8);
}

#[test]
fn a_report_from_json_is_the_same_page_and_parts_have_pages_too() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let sides = ["data/shop.parquet", "data/pay.parquet"];
    let first = path("first.html");
    let whole = overlap(&[&["report"][..], &sides, &["-o", &first, "--json"]].concat());
    let whole = folder.bytes("whole.json", whole.stdout.as_bytes());
    let second = path("second.html");
    assert_eq!(
        overlap(&["report", "--from", &whole, "-o", &second]).code,
        Some(0)
    );
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&first), read(&second));
    for command in ["estimate", "exact", "regions", "matrix", "reach", "trend"] {
        let by: &[&str] = if command == "trend" {
            &["--by", "last_active"]
        } else {
            &[]
        };
        let part = overlap(&[&[command][..], &sides, by, &["--format", "json"]].concat());
        let part = folder.bytes(&format!("{command}.json"), part.stdout.as_bytes());
        let page = path(&format!("{command}.html"));
        let answer = overlap(&["report", "--from", &part, "-o", &page]);
        assert_eq!(answer.code, Some(0), "{command}: {answer:?}");
        assert!(
            read(&page).contains("What the numbers do not say"),
            "{command}"
        );
    }
}

#[test]
fn pictures_are_of_the_size_that_was_asked_for() {
    let folder = Folder::new();
    let sides = [
        "data/shop.parquet",
        "data/pay.parquet",
        "more=data/pay.parquet",
    ];
    let svg = folder.path("x.svg").display().to_string();
    for kind in ["venn", "upset", "matrix", "jaccard", "reach"] {
        let plot = [
            &["plot", kind][..],
            &sides,
            &["-o", &svg, "--size", "800x450"],
        ];
        let answer = overlap(&plot.concat());
        assert_eq!(answer.code, Some(0), "{kind}: {answer:?}");
        let text = std::fs::read_to_string(&svg).unwrap();
        assert!(
            text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 450\"")
        );
        assert!(
            text.contains("<title id=") && text.contains("<desc id=") && text.contains(">shop<")
        );
    }
    let two = &sides[..2];
    for (kind, by) in [
        ("segments", ["--by", "city_tier"]),
        ("trend", ["--day", "last_active"]),
    ] {
        let answer = overlap(&[&["plot", kind][..], two, &by, &["-o", &svg]].concat());
        assert_eq!(answer.code, Some(0), "{kind}: {answer:?}");
        overlap(&[&["plot", kind][..], two, &["-o", &svg]].concat()).fails(2, &[kind, by[0]]);
    }
}

#[test]
fn more_than_eight_sides_have_their_largest_regions_and_two_heat_maps() {
    let folder = Folder::new();
    let sides: Vec<String> = (0..12)
        .map(|i| {
            let path = ids(&folder, &format!("{i}.csv"), 40 * i, 40 * i + 100 + 7 * i);
            format!("s{i}={path}")
        })
        .collect();
    let sides: Vec<&str> = sides.iter().map(String::as_str).collect();
    let sizes = ["--k", "64", "--precision", "6"];
    let path = folder.path("page.html").display().to_string();
    let report = [&["report"][..], &sides, &sizes, &["-o", &path, "--json"]];
    let report = overlap(&report.concat()).json();
    let regions = [&["regions"][..], &sides, &sizes, &["--format", "json"]];
    let regions = overlap(&regions.concat());
    let expected = regions.json();
    for part in ["regions", "rest"] {
        assert_eq!(report["largest"][part], expected[part], "{part}");
    }
    let page = std::fs::read_to_string(&path).unwrap();
    for text in [
        "the largest regions",
        "any one region of which the sample saw nobody",
        "id=\"by-jaccard\"",
        "of either (Jaccard)",
    ] {
        assert!(page.contains(text), "{text}");
    }
    // The command's own JSON has a page, and the picture, too.
    let json = folder.bytes("regions.json", regions.stdout.as_bytes());
    let svg = folder.path("x.svg").display().to_string();
    for words in [
        &["report", "--from", &json, "-o", &path][..],
        &["plot", "largest", "--from", &json, "-o", &svg],
    ] {
        let answer = overlap(words);
        assert_eq!(answer.code, Some(0), "{answer:?}");
    }
    overlap(&["plot", "upset", "--from", &json, "-o", &svg]).fails(2, &["upset"]);
    let few = [&["plot", "largest"][..], &sides[..3], &["-o", &svg]];
    overlap(&few.concat()).fails(2, &["more than eight sides"]);
}

#[test]
fn largest_regions_of_few_sides_are_no_circles() {
    let folder = Folder::new();
    let sides = ["data/shop.parquet", "data/pay.parquet"];
    let top = [
        &["regions"][..],
        &sides,
        &["--top", "1", "--format", "json"],
    ];
    let json = folder.bytes("top.json", overlap(&top.concat()).stdout.as_bytes());
    let page = folder.path("page.html").display().to_string();
    let answer = overlap(&["report", "--from", &json, "-o", &page]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("2 smaller regions together") && !page.contains("<circle class=\"side"));
}

#[cfg(feature = "png")]
#[test]
fn every_picture_has_pixels() {
    let folder = Folder::new();
    let png = folder.path("x.PNG").display().to_string();
    let sides = ["لوحة=data/shop.parquet", "data/pay.parquet"];
    let three = "more=data/pay.parquet";
    for (kind, more) in [
        ("venn", &["--by", "city_tier"][..]),
        ("segments", &["--by", "city_tier"]),
        ("trend", &["--day", "last_active"]),
        ("upset", &[three]),
        ("matrix", &[three]),
        ("jaccard", &[three]),
        ("reach", &[three]),
    ] {
        let size = ["-o", &png, "--size", "640x360"];
        let answer = overlap(&[&["plot", kind][..], &sides, more, &size].concat());
        assert_eq!(answer.code, Some(0), "{kind}: {answer:?}");
        let bytes = std::fs::read(&png).unwrap();
        assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "{kind}");
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (640, 360), "{kind}");
    }
}

#[test]
fn what_can_not_be_drawn_or_written_is_refused() {
    let folder = Folder::new();
    let side = ids(&folder, "a.csv", 0, 10);
    let other = ids(&folder, "b.csv", 5, 15);
    let page = folder.path("page.html").display().to_string();
    overlap(&["report", "-o", &page]).fails(2, &["required"]);
    overlap(&["report", &side, "--from", &other, "-o", &page]).fails(2, &["cannot be used"]);
    overlap(&["report", &side, &other, "-o", &side]).fails(2, &["is an input and an output"]);
    overlap(&["report", "--from", &side, "-o", &page]).fails(3, &["a.csv", "isn't JSON"]);
    overlap(&["report", "--from", "none.json", "-o", &page]).fails(3, &["none.json"]);
    let json = folder.bytes(
        "x.json",
        b"{\"schema\":\"overlap.report/1\",\"sides\":[{\"name\":\"a\"}]}",
    );
    overlap(&["report", "--from", &json, "-o", &json]).fails(2, &["is an input and an output"]);
    overlap(&["plot", "venn", &side, &other, "-o", "x.pdf"]).fails(2, &[".svg", ".png"]);
    overlap(&["plot", "matrix", &side, &other, "-o", "x.svg"]).fails(2, &["three or more sides"]);
    overlap(&["plot", "venn", &side, "-o", "x.svg", "--size", "9x9"]).fails(2, &["1600x900"]);
    assert!(!std::path::Path::new(&page).exists());
    let nowhere = folder.path("no/such/page.html").display().to_string();
    overlap(&["report", &side, &other, "-o", &nowhere]).fails(6, &["no folder"]);
}
