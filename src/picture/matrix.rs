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
    let longest = (report.sides.iter())
        .map(|side| canvas.width_of(&side.name))
        .fold(0.0, f64::max);
    let names = (longest + em).min(0.3 * size.width);
    let heads = names.min(0.3 * size.height);
    let room = (size.width - names - 1.5 * em).min(size.height - heads - 5.5 * em);
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
    scale(&mut canvas, top + room + 0.8 * em, each);
    canvas.ends_at(top + room + 4.8 * em);
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

/// The class of a square; `None` where row and column are one side.
fn class(report: &FullReport, row: usize, column: usize) -> Option<usize> {
    let share = share_of(report, row, column);
    (row != column).then_some(((share * CLASSES as f64) as usize).min(CLASSES - 1))
}

fn cells(
    canvas: &mut Canvas,
    report: &FullReport,
    order: &[usize],
    [left, top]: [f64; 2],
    cell: f64,
) {
    let side = cell * order.len() as f64;
    canvas.rect([left, top, side, side], "h0");
    // One path for each class, of runs along the rows: a cell each would be a hundred times as long.
    let mut paths = vec![String::new(); CLASSES];
    for (place, &row) in order.iter().enumerate() {
        let y = top + cell * place as f64;
        canvas.rect([left + cell * place as f64, y, cell, cell], "off");
        let classes: Vec<Option<usize>> = (order.iter())
            .map(|&column| class(report, row, column))
            .collect();
        let mut from = 0;
        for run in classes.chunk_by(|a, b| a == b) {
            if let Some(own) = run[0].filter(|own| *own > 0) {
                let (x, width) = (left + cell * from as f64, cell * run.len() as f64);
                let _ = write!(
                    paths[own],
                    "M{x:.1} {y:.1}h{width:.1}v{cell:.1}h-{width:.1}z"
                );
            }
            from += run.len();
        }
    }
    let classes = paths.iter().enumerate();
    for (class, path) in classes.filter(|(_, path)| !path.is_empty()) {
        canvas.raw_path(path, &format!("cell h{class}"));
    }
    if cell > canvas.width_of("99") && cell > 1.4 * canvas.em() {
        shares(canvas, report, order, [left, top], cell);
    }
}

/// The share in every square.
fn shares(
    canvas: &mut Canvas,
    report: &FullReport,
    order: &[usize],
    [left, top]: [f64; 2],
    cell: f64,
) {
    /// From this class on, letters are light.
    const DARK: usize = 5;
    let unit = match cell > canvas.width_of("100 %") {
        true => " %",
        false => "",
    };
    for (y, &row) in order.iter().enumerate() {
        for (x, &column) in order.iter().enumerate() {
            let Some(class) = class(report, row, column) else {
                continue;
            };
            let shade = if class < DARK { "ink" } else { "pale-text" };
            let text = format!("{:.0}{unit}", 100.0 * share_of(report, row, column));
            let place = [
                left + cell * (x as f64 + 0.5),
                top + cell * (y as f64 + 0.5) + 0.35 * canvas.em(),
            ];
            canvas.text(place, Anchor::Middle, cell, shade, &text);
        }
    }
}

fn scale(canvas: &mut Canvas, top: f64, each: usize) {
    let em = canvas.em();
    let (left, room) = (0.5 * em, canvas.size.width - em);
    let width = (0.7 * room / CLASSES as f64).min(2.2 * em);
    let zero = canvas.width_of("0 %") + 0.5 * em;
    canvas.text([left, top + 0.75 * em], Anchor::Start, zero, "dim", "0 %");
    for class in 0..CLASSES {
        let place = [left + zero + width * class as f64, top, width, 0.8 * em];
        canvas.rect(place, &format!("h{class}"));
    }
    let end = left + zero + width * CLASSES as f64 + 0.5 * em;
    canvas.text(
        [end, top + 0.75 * em],
        Anchor::Start,
        5.0 * em,
        "dim",
        "100 %",
    );
    let note = match each {
        1 => "of the row's users are on the column's side".into(),
        _ => format!("of the row's users are on the column's side; names: 1 in {each}"),
    };
    canvas.text([left, top + 2.4 * em], Anchor::Start, room, "dim", &note);
}
