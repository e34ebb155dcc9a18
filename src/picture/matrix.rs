//! Every two of many sides as a heat map: what share of the row's users is on the column's side.

use super::order::clustered;
use super::svg::{Anchor, Canvas, Size};
use crate::report::FullReport;
use std::fmt::Write;

/// Classes of shares; colours grow darker with them.
const CLASSES: usize = 9;

/// Draws all sides, those that share much side by side; names where there is room for them.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let count = report.sides.len();
    let order = clustered(count, |a, b| jaccard(report, a, b));
    let is_narrow = size.is_narrow();
    let names = if is_narrow { 0.3 } else { 0.24 } * size.width;
    let heads = names.min(0.3 * size.height);
    let room = (size.width - names - em).min(size.height - heads - 4.0 * em);
    let cell = room / count.max(1) as f64;
    let (left, top) = (names + 0.5 * em, heads + 0.5 * em);
    cells(&mut canvas, report, &order, [left, top], cell);
    // Where names have no room of their own, every so many sides have one.
    let each = (1.15 * em / cell).ceil().max(1.0) as usize;
    for (place, &side) in order
        .iter()
        .enumerate()
        .filter(|(place, _)| place % each == 0)
    {
        let middle = cell * (place as f64 + 0.5) + 0.35 * em;
        let name = &report.sides[side].name;
        canvas.text(
            [left - 0.4 * em, top + middle],
            Anchor::End,
            names - 0.6 * em,
            "",
            name,
        );
        canvas.upright_text_up([left + middle, top - 0.4 * em], heads - 0.6 * em, "", name);
    }
    scale(
        &mut canvas,
        [left, top + room + 0.8 * em],
        size.width - left - em,
        each,
    );
    canvas.cut(top + room + 3.6 * em);
    canvas
}

fn jaccard(report: &FullReport, a: usize, b: usize) -> f64 {
    let overlap = report.overlap_of(a, b).map_or(0.0, |overlap| overlap.value);
    let union = report.users_of(a).value + report.users_of(b).value - overlap;
    if union > 0.0 { overlap / union } else { 0.0 }
}

/// The share of a side's users that are on another too.
pub(crate) fn share_of(report: &FullReport, row: usize, column: usize) -> f64 {
    let users = report.users_of(row).value;
    let overlap = report
        .overlap_of(row, column)
        .map_or(0.0, |overlap| overlap.value);
    if users > 0.0 {
        (overlap / users).min(1.0)
    } else {
        0.0
    }
}

fn cells(
    canvas: &mut Canvas,
    report: &FullReport,
    order: &[usize],
    [left, top]: [f64; 2],
    cell: f64,
) {
    let em = canvas.em();
    let count = order.len();
    let class = |row: usize, column: usize| {
        let share = share_of(report, order[row], order[column]);
        ((share * CLASSES as f64) as usize).min(CLASSES - 1)
    };
    let side = cell * count as f64;
    canvas.rect([left, top, side, side], "h0");
    // One path for each class, of runs along the rows: a cell each would be a hundred times as long.
    let mut paths = vec![String::new(); CLASSES];
    for row in 0..count {
        let mut column = 0;
        while column < count {
            let from = column;
            let own = if row == column {
                None
            } else {
                Some(class(row, column))
            };
            while column < count
                && (if row == column {
                    None
                } else {
                    Some(class(row, column))
                }) == own
            {
                column += 1;
            }
            if let Some(own) = own.filter(|own| *own > 0) {
                let (x, y) = (left + cell * from as f64, top + cell * row as f64);
                let width = cell * (column - from) as f64;
                let _ = write!(
                    paths[own],
                    "M{x:.1} {y:.1}h{width:.1}v{cell:.1}h-{width:.1}z"
                );
            }
        }
    }
    for (class, path) in paths
        .iter()
        .enumerate()
        .filter(|(_, path)| !path.is_empty())
    {
        canvas.raw_path(path, &format!("cell h{class}"));
    }
    let text_fits = cell > canvas.width_of("100 %") && cell > 1.4 * em;
    for row in 0..count {
        let (x, y) = (left + cell * row as f64, top + cell * row as f64);
        canvas.rect([x, y, cell, cell], "off");
        for column in (0..count).filter(|column| *column != row && text_fits) {
            let share = share_of(report, order[row], order[column]);
            let shade = if class(row, column) > 4 {
                "pale-text"
            } else {
                "ink"
            };
            let place = [
                left + cell * (column as f64 + 0.5),
                top + cell * (row as f64 + 0.5) + 0.35 * em,
            ];
            canvas.text(
                place,
                Anchor::Middle,
                cell,
                shade,
                &format!("{:.0} %", 100.0 * share),
            );
        }
    }
}

fn scale(canvas: &mut Canvas, [left, top]: [f64; 2], room: f64, each: usize) {
    let em = canvas.em();
    let width = (room / CLASSES as f64).min(2.2 * em);
    for class in 0..CLASSES {
        canvas.rect(
            [left + width * class as f64, top, width, 0.7 * em],
            &format!("h{class}"),
        );
    }
    let y = top + 1.9 * em;
    canvas.text([left, y], Anchor::Start, 3.0 * em, "dim", "0 %");
    let end = left + width * CLASSES as f64;
    canvas.text([end, y], Anchor::End, 4.0 * em, "dim", "100 %");
    let note = match each {
        1 => "share of the row's users that are on the column's side".into(),
        _ => format!("share of the row's users on the column's side; one name in {each}"),
    };
    if room > end - left + 12.0 * em {
        let place = [end + em, top + 0.7 * em];
        canvas.text(place, Anchor::Start, room - (end - left) - em, "dim", &note);
    }
}
