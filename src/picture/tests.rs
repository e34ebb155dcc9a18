//! What must hold of every picture.

use super::{Circle, PictureKind, Size, areas};
use crate::report::FullReport;

/// A report of sides with these names and of regions with these users, by mask from 1 on.
pub(super) fn report(names: &[&str], regions: &[u64]) -> FullReport {
    let sides = names.iter().enumerate().map(|(side, name)| {
        let users: u64 = (1..=regions.len())
            .filter(|mask| mask >> side & 1 == 1)
            .map(|mask| regions[mask - 1])
            .sum();
        serde_json::json!({"name": name, "files": 1, "users": {"value": users, "lower": users, "upper": users}})
    });
    let sides: Vec<_> = sides.collect();
    let parts = regions.iter().enumerate().map(|(i, users)| {
        let sides = (names.iter().enumerate()).filter(|(side, _)| (i + 1) >> side & 1 == 1);
        let sides: Vec<&&str> = sides.map(|(_, name)| name).collect();
        serde_json::json!({"sides": sides, "users": {"value": users, "lower": users * 99 / 100, "upper": users * 101 / 100}})
    });
    let parts: Vec<_> = parts.collect();
    let value = serde_json::json!({
        "schema": "overlap.report/1", "confidence": 0.95, "sides": sides, "regions": parts, "warnings": [],
    });
    FullReport::from_json(&value.to_string()).expect("reads")
}

/// The circles of the sides, as the picture has them.
fn drawn(svg: &str) -> Vec<Circle> {
    let attribute = |tag: &str, name: &str| -> f64 {
        let rest = tag.split_once(&format!("{name}=\"")).expect("is there").1;
        rest.split_once('"')
            .expect("ends")
            .0
            .parse()
            .expect("a number")
    };
    let tags = svg.split("<circle class=\"side ").skip(1);
    tags.map(|tag| Circle {
        center: [attribute(tag, " cx"), attribute(tag, " cy")],
        radius: attribute(tag, " r"),
    })
    .collect()
}

#[test]
fn drawn_areas_are_within_half_a_percent_of_the_numbers() {
    let mut state = 11_u64;
    let mut next = |most: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        1 + (state >> 33) % most
    };
    for _ in 0..1000 {
        let regions = [next(100_000), next(100_000), next(100_000)];
        let svg = PictureKind::Venn.svg(&report(&["a", "b"], &regions), Size::of(1600.0, 900.0));
        let found = areas(&drawn(&svg));
        let scale = found.iter().sum::<f64>() / regions.iter().sum::<u64>() as f64;
        let overlap = found[3] / scale;
        assert!(
            (overlap / regions[2] as f64 - 1.0).abs() < 0.005,
            "{regions:?} {overlap}"
        );
    }
}

#[test]
fn triples_whose_areas_are_said_to_be_true_are() {
    let mut exact = 0;
    for case in 0..40_u64 {
        // Unlike sides that circles can be: two that share nobody, or one within another.
        let regions = match case % 2 {
            0 => [500 + case, 700, 0, 300, 0, 100 + 3 * case, 0],
            _ => [900 + case, 0, 300 + 5 * case, 800, 0, 0, 0],
        };
        let report = report(&["a", "b", "c"], &regions);
        let svg = PictureKind::Venn.svg(&report, Size::of(1600.0, 900.0));
        if svg.contains("off by up to") {
            continue;
        }
        exact += 1;
        let found = areas(&drawn(&svg));
        let scale = found.iter().sum::<f64>() / regions.iter().sum::<u64>() as f64;
        for (mask, users) in regions.iter().enumerate() {
            let off = (found[mask + 1] / scale - *users as f64).abs();
            assert!(
                off < 0.0006 * regions.iter().sum::<u64>() as f64,
                "{regions:?} {found:?}"
            );
        }
    }
    assert!(exact > 20, "{exact} of 40 are exact");
}

#[test]
fn hostile_names_change_nothing_but_their_own_text() {
    let plain = PictureKind::Venn.svg(&report(&["a", "b"], &[5, 6, 7]), Size::of(800.0, 450.0));
    let long = "x".repeat(10_000);
    let names = [
        "<script>alert(1)</script>",
        "\"'&--><svg>",
        "\u{202E}\u{2066}abc",
        &long,
        "\u{0}\u{1}",
    ];
    for name in names {
        let svg = PictureKind::Venn.svg(&report(&[name, "b"], &[5, 6, 7]), Size::of(800.0, 450.0));
        assert_eq!(svg.matches("<rect").count(), plain.matches("<rect").count());
        assert_eq!(svg.matches("<text").count(), plain.matches("<text").count());
        assert!(!svg.contains("<script") && !svg.contains('\u{0}'), "{name}");
        assert!(svg.len() < plain.len() + 45_000, "{}", svg.len());
        for (found, expected) in drawn(&svg).iter().zip(drawn(&plain)) {
            assert_eq!(*found, expected);
        }
    }
}

#[cfg(feature = "png")]
#[test]
fn pixels_are_those_of_the_drawing() {
    let report = report(&["shop", "منصة"], &[500, 600, 700]);
    let png = super::png(&PictureKind::Venn.svg(&report, Size::of(800.0, 450.0))).expect("paints");
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes([png[at], png[at + 1], png[at + 2], png[at + 3]]);
    assert_eq!((size(16), size(20)), (800, 450));
}

#[cfg(not(feature = "png"))]
#[test]
fn a_program_without_pixels_says_so() {
    let error = super::png("<svg/>").expect_err("no painter");
    assert!(error.to_string().contains("without PNG"), "{error}");
}

#[test]
fn a_picture_in_a_low_frame_is_scaled_and_not_cut() {
    let report = report(&["a", "b", "c"], &[500, 600, 700, 800, 100, 200, 300]);
    let svg = PictureKind::Venn.svg(&report, Size::of(300.0, 400.0));
    assert!(
        svg.contains(" width=\"300\" height=\"400\""),
        "{}",
        &svg[..200]
    );
    let view = svg.split_once("viewBox=\"0 0 300 ").expect("a view").1;
    let height: f64 = view
        .split_once('"')
        .expect("ends")
        .0
        .parse()
        .expect("a number");
    assert!(height > 400.0, "{height}");
}
