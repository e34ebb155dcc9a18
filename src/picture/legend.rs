//! Regions as rows beside a picture: colours, names, numbers and bars with their intervals.

use super::svg::{self, Anchor, Canvas};
use crate::report::number::{whole, whole_interval};
use crate::report::{FullReport, Number};

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The sides, as bits.
    pub(super) mask: usize,
    /// What stands before the names, such as `only `.
    pub(super) prefix: &'static str,
    pub(super) names: Vec<String>,
    pub(super) users: Number,
}

impl Row {
    /// Its names, each shortened so far that all of them are at most `ems` wide.
    fn name(&self, ems: f64) -> String {
        /// Of an ampersand between two names.
        const JOINT: f64 = 1.6;
        let joints = self.names.len().saturating_sub(1) as f64;
        let room = ems - svg::ems(self.prefix) - JOINT * joints;
        let each = room / self.names.len().max(1) as f64;
        let names = self.names.iter().map(|name| svg::shortened(name, each));
        self.prefix.to_owned() + &names.collect::<Vec<_>>().join(" & ")
    }
}

/// The regions of a report by falling users, in words; at most so many.
pub(super) fn rows(report: &FullReport) -> Vec<Row> {
    let count = report.sides.len();
    let name = |mask: usize| {
        let names = (0..count).filter(|side| mask >> side & 1 == 1);
        let names: Vec<String> = names.map(|side| report.sides[side].name.clone()).collect();
        match (names.len(), count) {
            (1, 1) => ("", names),
            (1, _) => ("only ", names),
            (2, 2) => ("both", Vec::new()),
            (all, _) if all == count => ("all", Vec::new()),
            _ => ("", names),
        }
    };
    let regions = report.region_masks().into_iter();
    let mut rows: Vec<Row> = regions
        .map(|(mask, users)| {
            let (prefix, names) = name(mask);
            Row {
                mask,
                prefix,
                names,
                users,
            }
        })
        .collect();
    rows.sort_by_key(|row| (row.mask.count_ones(), row.mask));
    rows
}

/// How high a row with an interval is, in ems.
pub(super) const ROW: f64 = 3.8;

/// Draws rows within a rectangle's width from `top` on; returns where they end.
pub(super) fn draw(canvas: &mut Canvas, rows: &[Row], place: [f64; 2], width: f64) -> f64 {
    let most = rows.iter().map(|row| row.users.upper).fold(1.0, f64::max);
    draw_to(canvas, rows, place, width, most)
}

/// [`draw`], with bars that fill the width for `most` users.
pub(super) fn draw_to(
    canvas: &mut Canvas,
    rows: &[Row],
    [left, top]: [f64; 2],
    width: f64,
    most: f64,
) -> f64 {
    let em = canvas.em();
    let bar_left = left + 1.6 * em;
    let scale = (width - 1.6 * em).max(em) / most;
    let mut y = top;
    for row in rows {
        swatch(canvas, row.mask, [left, y]);
        let number = whole(row.users.value);
        let number_room = canvas.width_of(&number);
        let room = width - 2.2 * em - number_room;
        let name = row.name(room / em);
        canvas.text([bar_left, y + em], Anchor::Start, room, "", &name);
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
            y += (ROW - BARE_ROW) * em;
        }
        y += BARE_ROW * em;
    }
    y
}

/// How high a row without an interval is, in ems.
const BARE_ROW: f64 = 2.6;

/// The colours of the sides of a region, one over the other as in the picture.
fn swatch(canvas: &mut Canvas, mask: usize, [x, y]: [f64; 2]) {
    let em = canvas.em();
    for side in (0..8).filter(|side| mask >> side & 1 == 1) {
        canvas.rect([x, y + 0.15 * em, em, em], &format!("part c{side}"));
    }
}
