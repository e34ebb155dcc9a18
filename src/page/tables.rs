//! The numbers behind each picture, as a table.

use super::sections::{share, shown};
use crate::picture::{PictureKind, jaccard, share_of};
use crate::report::number::{whole, whole_interval};
use crate::report::{FullReport, Number, RegionPart};
use maud::{Markup, html};

/// The table of a picture; folded away where it is long.
pub(super) fn of(report: &FullReport, kind: PictureKind) -> Markup {
    const SHORT: usize = 8;
    let (header, rows) = match kind {
        PictureKind::Venn | PictureKind::Upset => regions(report),
        PictureKind::Largest => largest(report),
        PictureKind::Matrix | PictureKind::Jaccard => matrix(report),
        PictureKind::Reach => reach(report),
        PictureKind::Segments => segments(report),
        PictureKind::Trend => trend(report),
    };
    let long = rows.len() > SHORT;
    let table = table(&header, &rows, kind.heading());
    html! {
        @if long {
            details { summary { "The numbers: " (rows.len()) " rows" } (table) }
        } @else { (table) }
    }
}

type Rows = (Vec<String>, Vec<Vec<String>>);

fn table(header: &[String], rows: &[Vec<String>], label: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label={ "Table: " (label) } {
            table {
                thead { tr { @for cell in header { th scope="col" { (cell) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (i, cell) in row.iter().enumerate() {
                                @if i == 0 { th scope="row" { bdi { (cell) } } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn headers<const N: usize>(titles: [&str; N]) -> Vec<String> {
    titles.map(str::to_owned).to_vec()
}

fn limits(number: &Number) -> String {
    match number.is_exact() {
        true => "exact".into(),
        false => whole_interval(&number.estimate()),
    }
}

/// A share of the whole is at most all of it, even where limits of the part are above those of the whole.
fn of_all(share: Number) -> Number {
    Number::new(
        share.value,
        share.lower,
        share.upper.min(1.0).max(share.value),
    )
}

fn joined(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| shown(name)).collect();
    names.join(" & ")
}

fn regions(report: &FullReport) -> Rows {
    let regions = report.regions.iter();
    let row = |region: &RegionPart| region_row(report, joined(&region.sides), &region.users);
    (region_headers(), regions.map(row).collect())
}

fn region_headers() -> Vec<String> {
    headers(["on just these sides", "users", "limits", "of all"])
}

fn region_row(report: &FullReport, name: String, users: &Number) -> Vec<String> {
    let union = report.union.map_or(0.0, |union| union.value);
    vec![
        name,
        whole(users.value),
        limits(users),
        share(&of_all(users.per(union))),
    ]
}

/// The largest regions, and what else there may be.
fn largest(report: &FullReport) -> Rows {
    let Some(largest) = &report.largest else {
        return Rows::default();
    };
    let regions = largest.regions.iter();
    let row = |region: &RegionPart| region_row(report, joined(&region.sides), &region.users);
    let mut rows: Vec<Vec<String>> = regions.map(row).collect();
    let rest = &largest.rest;
    if rest.regions > 0 {
        let name = format!("{} smaller regions together", whole(rest.regions as f64));
        rows.push(region_row(report, name, &rest.users));
    }
    if rest.unseen_most > 0 {
        let most = format!("at most {}", whole(rest.unseen_most as f64));
        let name = "any one region of which the sample saw nobody".into();
        rows.push(vec![name, "–".into(), most, "–".into()]);
    }
    (region_headers(), rows)
}

/// Every two of few sides, or of many those that share most.
fn matrix(report: &FullReport) -> Rows {
    const SHOWN: usize = 60;
    let count = report.sides.len();
    let pairs = (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b)));
    let overlaps = pairs.filter_map(|(a, b)| Some((a, b, report.overlap_of(a, b)?)));
    let mut overlaps: Vec<(usize, usize, Number)> = overlaps.collect();
    overlaps.sort_by(|x, y| y.2.value.total_cmp(&x.2.value));
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let row = |&(a, b, overlap): &(usize, usize, Number)| {
        vec![
            joined(&[report.sides[a].name.clone(), report.sides[b].name.clone()]),
            whole(overlap.value),
            limits(&overlap),
            percent(share_of(report, a, b)),
            percent(share_of(report, b, a)),
            percent(jaccard(report, a, b)),
        ]
    };
    let mut rows: Vec<Vec<String>> = overlaps.iter().take(SHOWN).map(row).collect();
    if overlaps.len() > SHOWN {
        let left = whole((overlaps.len() - SHOWN) as f64);
        rows.push(vec![format!(
            "and {left} pairs that share less; the JSON report has them"
        )]);
    }
    let header = [
        "on both",
        "users",
        "limits",
        "of the first",
        "of the second",
        "of either (Jaccard)",
    ];
    (headers(header), rows)
}

/// The curve with the names, which is the last.
fn reach(report: &FullReport) -> Rows {
    let header = ["side", "users", "new", "limits", "reach", "limits"];
    let steps = report
        .reach
        .last()
        .map_or(&[][..], |curve| &curve.steps[..]);
    let row = |step: &crate::report::StepPart| {
        vec![
            shown(&step.side),
            whole(step.users.value),
            whole(step.added.value),
            limits(&step.added),
            whole(step.reach.value),
            limits(&step.reach),
        ]
    };
    (headers(header), steps.iter().map(row).collect())
}

fn segments(report: &FullReport) -> Rows {
    let Some(segments) = &report.segments else {
        return Rows::default();
    };
    let has_ours = segments.rows.iter().any(|row| row.users_of_ours.is_some());
    let mut header = vec![segments.columns.join(", ")];
    if has_ours {
        header.push(format!("users of {}", shown(&segments.ours)));
    }
    header.push(format!("users of {}", shown(&segments.partner)));
    header.extend(headers(["new", "limits", "of the segment", "reach gained"]));
    let row = |row: &crate::report::SegmentPart| {
        let mut cells = vec![row.label()];
        if has_ours {
            cells.push(
                row.users_of_ours
                    .map_or("–".into(), |users| whole(users.value)),
            );
        }
        cells.extend([
            whole(row.users.value),
            whole(row.new.value),
            limits(&row.new),
            share(&row.new_share),
            share(&row.gain),
        ]);
        cells
    };
    (header, segments.rows.iter().map(row).collect())
}

fn trend(report: &FullReport) -> Rows {
    let Some(trend) = &report.trend else {
        return Rows::default();
    };
    let mut header = vec![trend.unit.clone()];
    let first = trend.days.first().map_or(&[][..], |day| &day.measures[..]);
    header.extend(first.iter().map(|measure| {
        let side = shown(measure.side.as_deref().unwrap_or("both"));
        format!("{side}: {}", measure.measure.replace('_', " "))
    }));
    let cell = |measure: &crate::report::MeasurePart| match &measure.value {
        None => "–".into(),
        Some(value) if measure.measure.starts_with("returned") => share(value),
        Some(value) => whole(value.value),
    };
    let row = |day: &crate::report::DayPart| {
        let mut cells = vec![day.day.clone()];
        cells.extend(day.measures.iter().map(cell));
        cells
    };
    (header, trend.days.iter().map(row).collect())
}
