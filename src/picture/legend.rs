//! Regions as rows beside a picture: colours, names, numbers and bars with their intervals.

use super::svg::{Anchor, Canvas};
use crate::report::number::{whole, whole_interval};
use crate::report::{FullReport, Number};

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The sides, as bits.
    pub(super) mask: usize,
    pub(super) name: String,
    pub(super) users: Number,
}

/// The regions of a report by falling users, in words; at most so many.
pub(super) fn rows(report: &FullReport) -> Vec<Row> {
    let count = report.sides.len();
    let name = |mask: usize| {
        let names = (0..count).filter(|side| mask >> side & 1 == 1);
        let names: Vec<&str> = names.map(|side| report.sides[side].name.as_str()).collect();
        match (names.len(), count) {
            (1, 1) => names[0].to_owned(),
            (1, _) => format!("only {}", names[0]),
            (2, 2) => "both".into(),
            (all, _) if all == count => "all".into(),
            _ => names.join(" & "),
        }
    };
    let regions = report.region_masks().into_iter();
    let mut rows: Vec<Row> = regions
        .map(|(mask, users)| Row {
            mask,
            name: name(mask),
            users,
        })
        .collect();
    rows.sort_by_key(|row| (row.mask.count_ones(), row.mask));
    rows
}

/// Draws rows within a rectangle's width from `top` on; returns where they end.
pub(super) fn draw(canvas: &mut Canvas, rows: &[Row], [left, top]: [f64; 2], width: f64) -> f64 {
    let em = canvas.em();
    let most = rows.iter().map(|row| row.users.upper).fold(1.0, f64::max);
    let bar_left = left + 1.6 * em;
    let scale = (width - 1.6 * em).max(em) / most;
    let mut y = top;
    for row in rows {
        swatch(canvas, row.mask, [left, y]);
        let number = whole(row.users.value);
        let number_room = canvas.width_of(&number);
        let room = width - 2.2 * em - number_room;
        canvas.text([bar_left, y + em], Anchor::Start, room, "", &row.name);
        let right = [left + width, y + em];
        canvas.text(right, Anchor::End, number_room, "strong", &number);
        let bar = y + 1.45 * em;
        canvas.rect([bar_left, bar, row.users.value * scale, 0.5 * em], "bar");
        if !row.users.is_exact() {
            let ends = [row.users.lower, row.users.upper].map(|users| bar_left + users * scale);
            canvas.whisker(bar + 0.25 * em, ends, 0.35 * em);
            let interval = whole_interval(&row.users.estimate());
            canvas.text(
                [bar_left, bar + 1.6 * em],
                Anchor::Start,
                width - 1.6 * em,
                "dim",
                &interval,
            );
            y += 1.2 * em;
        }
        y += 2.6 * em;
    }
    y
}

/// The colours of the sides of a region, one over the other as in the picture.
fn swatch(canvas: &mut Canvas, mask: usize, [x, y]: [f64; 2]) {
    let em = canvas.em();
    for side in (0..8).filter(|side| mask >> side & 1 == 1) {
        canvas.rect([x, y + 0.15 * em, em, em], &format!("part c{side}"));
    }
}
