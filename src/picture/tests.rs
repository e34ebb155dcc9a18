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

/// A number from 0 to 1, the same ones in every run.
fn random(state: &mut u64) -> f64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*state >> 11) as f64 / (1_u64 << 53) as f64
}

/// Holds the drawing of some regions (by mask from 1 on) against their users: every overlap of two and
/// of three within half a percent, or within that of a thousandth of the whole. `false` if the picture says
/// that its areas aren't true.
fn is_drawn_true(regions: &[u64]) -> bool {
    let names = &["a", "b", "c"][..if regions.len() > 3 { 3 } else { 2 }];
    let svg = PictureKind::Venn.svg(&report(names, regions), Size::of(1600.0, 900.0));
    if svg.contains("off by up to") {
        return false;
    }
    assert!(svg.contains("areas are users"), "{regions:?}");
    let found = areas(&drawn(&svg));
    let all = regions.iter().sum::<u64>() as f64;
    let scale = found.iter().sum::<f64>() / all;
    for wanted in [0b011, 0b101, 0b110, 0b111] {
        let within = (1..=regions.len()).filter(|mask| mask & wanted == wanted);
        let (mut area, mut users) = (0.0, 0.0);
        for mask in within {
            area += found[mask] / scale;
            users += regions[mask - 1] as f64;
        }
        assert!(
            (area - users).abs() <= 0.005 * users.max(0.001 * all),
            "{regions:?} {wanted:03b}: {area}, not {users}"
        );
    }
    true
}

#[test]
fn drawn_overlaps_of_two_sides_are_within_half_a_percent_of_the_numbers() {
    let mut state = 11;
    for _ in 0..1000 {
        let mut next = || 1 + (1e5 * random(&mut state)) as u64;
        assert!(is_drawn_true(&[next(), next(), next()]));
    }
}

#[test]
fn triples_that_circles_can_have_are_drawn_true() {
    let mut state = 5;
    for case in 0..1000 {
        // Close to each other, far apart, and mostly within one another.
        let span = [1.0, 3.0, 0.5][case % 3];
        let mut circle = || Circle {
            center: [span * random(&mut state), span * random(&mut state)],
            radius: 0.1 + random(&mut state).powi(2),
        };
        let wanted = areas(&[circle(), circle(), circle()]);
        let all: f64 = wanted.iter().sum();
        let users = |area: &f64| (1e7 * area / all).round() as u64;
        let regions: Vec<u64> = wanted.iter().skip(1).map(users).collect();
        assert!(is_drawn_true(&regions), "{regions:?}");
    }
}

#[test]
fn triples_whose_areas_are_said_to_be_true_are() {
    let (mut state, mut exact) = (17, 0);
    for _ in 0..1000 {
        let mut users = || match random(&mut state) < 0.3 {
            true => 0,
            false => (1e5 * random(&mut state)) as u64,
        };
        let mut regions: Vec<u64> = (1..8).map(|_| users()).collect();
        regions[0] += 1;
        // A side that the picture can't show has no circle to measure.
        let has_users =
            |side: &usize| (1..8).any(|mask| mask >> side & 1 == 1 && regions[mask - 1] > 0);
        if (0..3).filter(has_users).count() == 3 {
            exact += usize::from(is_drawn_true(&regions));
        }
    }
    assert!(exact > 100, "{exact} are exact");
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
