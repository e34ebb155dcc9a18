//! The largest exclusive regions of many sides: a bar for each, the largest first.

use super::legend::{self, Row};
use super::svg::{Anchor, Canvas, Size};
use crate::report::number::{whole, whole_interval};
use crate::report::{FullReport, LargestPart, RegionPart};

/// Draws as many regions as there is room for, in two columns on wide grounds, and sums up the others.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let Some(largest) = &report.largest else {
        return canvas;
    };
    let columns = if size.is_narrow() { 1 } else { 2 };
    let top = 1.2 * em;
    let each = (((size.height - top - 3.0 * em) / (legend::ROW * em)).floor()).max(1.0) as usize;
    let shown = (each * columns).min(largest.regions.len());
    let rows: Vec<Row> = (largest.regions.iter().take(shown))
        .map(|region| row(report, region))
        .collect();
    let most = rows.iter().map(|row| row.users.upper).fold(1.0, f64::max);
    let width = (size.width - em) / columns as f64 - em;
    let per_column = shown.div_ceil(columns).max(1);
    let mut end = top;
    for (column, rows) in rows.chunks(per_column).enumerate() {
        let left = em + (width + em) * column as f64;
        end = f64::max(
            end,
            legend::draw_to(&mut canvas, rows, [left, top], width, most),
        );
    }
    let place = [em, end + 1.2 * em];
    let note = note(largest, shown);
    canvas.text(place, Anchor::Start, size.width - 2.0 * em, "dim", &note);
    canvas.ends_at(end + 2.0 * em);
    canvas
}

/// What the picture leaves out.
fn note(largest: &LargestPart, shown: usize) -> String {
    let rest = &largest.rest;
    match (largest.regions.len() - shown, rest.regions) {
        (0, 0) => "no other region is known to have users".into(),
        (0, _) => {
            let interval = match rest.users.is_exact() {
                true => String::new(),
                false => format!(" ({})", whole_interval(&rest.users.estimate())),
            };
            let users = whole(rest.users.value);
            let regions = whole(rest.regions as f64);
            format!("{regions} smaller regions have {users} users together{interval}")
        }
        (left_out, more) => {
            let left_out = whole(left_out as f64 + more as f64);
            format!("the {shown} largest regions; {left_out} smaller ones are not drawn")
        }
    }
}

fn row(report: &FullReport, region: &RegionPart) -> Row {
    let (prefix, names) = named(report, &region.sides);
    Row {
        mask: 0,
        prefix,
        names,
        users: region.users,
    }
}

/// A region in few words: its sides, or those that are missing, or the first of many.
fn named(report: &FullReport, sides: &[String]) -> (&'static str, Vec<String>) {
    /// More names in a row are too short to be read.
    const NAMED: usize = 3;
    let missing = report.sides.iter().map(|side| &side.name);
    let missing: Vec<String> = (missing.filter(|name| !sides.contains(name)))
        .cloned()
        .collect();
    if sides.len() > NAMED && missing.is_empty() {
        return ("all", Vec::new());
    }
    if sides.len() > NAMED && missing.len() < NAMED {
        return ("all but ", missing);
    }
    if sides.len() > NAMED {
        let mut names = sides[..NAMED - 1].to_vec();
        names.push(format!("{} more", sides.len() + 1 - NAMED));
        return ("", names);
    }
    let prefix = if sides.len() == 1 { "only " } else { "" };
    (prefix, sides.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::PictureKind;

    fn report(sides: usize, regions: &[&[usize]], others: u64) -> FullReport {
        let name = |side: &usize| format!("s{side}");
        let users = |n: u64| serde_json::json!({"value": n, "lower": n - 1, "upper": n + 1});
        let sides: Vec<_> = (0..sides)
            .map(|side| serde_json::json!({"name": name(&side)}))
            .collect();
        let regions: Vec<_> = (regions.iter().enumerate())
            .map(|(i, sides)| {
                let sides: Vec<String> = sides.iter().map(name).collect();
                serde_json::json!({"sides": sides, "users": users(900 - i as u64)})
            })
            .collect();
        let rest = serde_json::json!({"regions": others, "users": users(77), "unseen_most": 5});
        let value = serde_json::json!({
            "schema": "overlap.regions/1", "sides": sides, "regions": regions, "rest": rest,
        });
        FullReport::from_json(&value.to_string()).expect("reads")
    }

    #[test]
    fn regions_of_many_sides_are_named_in_few_words() {
        let all: Vec<usize> = (0..12).collect();
        let regions: [&[usize]; 5] = [&[3], &[0, 1, 2], &[0, 1, 2, 3, 4], &all, &all[2..]];
        let report = report(12, &regions, 4);
        assert!(PictureKind::Largest.is_in(&report) && !PictureKind::Upset.is_in(&report));
        let svg = PictureKind::Largest.svg(&report, Size::of(1600.0, 900.0));
        for text in [
            ">only s3<",
            ">s0 &amp; s1 &amp; s2<",
            ">s0 &amp; s1 &amp; 3 more<",
            ">all<",
            ">all but s0 &amp; s1<",
            ">4 smaller regions have 77 users together (76 – 78)<",
        ] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
    }

    #[test]
    fn what_has_no_room_is_counted() {
        let sides: Vec<[usize; 1]> = (0..40).map(|side| [side]).collect();
        let regions: Vec<&[usize]> = sides.iter().map(|side| &side[..]).collect();
        let report = report(40, &regions, 2);
        let svg = PictureKind::Largest.svg(&report, Size::of(800.0, 450.0));
        let shown = svg.matches(">only s").count();
        let note = format!("the {shown} largest regions; {} smaller", 42 - shown);
        assert!(
            (5..40).contains(&shown) && svg.contains(&note),
            "{note}: {svg}"
        );
    }
}
