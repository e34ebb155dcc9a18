//! Exclusive regions of four and more sides: a column each, the largest first (Lex et al., UpSet,
//! IEEE TVCG 20, 2014), with the interval of every number.

use super::axis::{short, ticks};
use super::legend;
use super::svg::{Anchor, Canvas, Size};
use crate::report::FullReport;
use crate::report::number::whole;

/// Draws as many of the largest regions as there is room for, and says how many are left out.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let mut rows = legend::rows(report);
    rows.retain(|row| row.users.upper > 0.0);
    rows.sort_by(|a, b| b.users.value.total_cmp(&a.users.value));
    let sides = report.sides.len();
    let names_width = if size.is_narrow() { 0.34 } else { 0.3 } * size.width;
    let (left, right) = (names_width + em, size.width - em);
    let pitch = 1.35 * em;
    let shown = (((right - left - em) / pitch).floor().max(1.0) as usize).min(rows.len());
    let pitch = ((right - left - em) / shown.max(1) as f64).min(2.4 * em);
    let dots_height = ROW * em * sides as f64;
    let bottom = size.height - 2.2 * em;
    let (top, base) = (2.0 * em, bottom - dots_height - 0.8 * em);
    columns(
        &mut canvas,
        &rows[..shown],
        [left, right],
        [top, base],
        pitch,
    );
    let first = base + 0.8 * em;
    for side in 0..sides {
        if side % 2 == 0 {
            let y = first + ROW * em * side as f64;
            canvas.rect([left - 0.3 * em, y, right - left, ROW * em], "grid-row");
        }
        name(
            &mut canvas,
            report,
            side,
            [names_width, middle_of(first, em, side)],
        );
    }
    for (column, row) in rows[..shown].iter().enumerate() {
        let x = left + pitch * (column as f64 + 0.5);
        dots(&mut canvas, row.mask, sides, [x, first]);
    }
    let note = match rows.len() - shown {
        0 => "users of just the marked sides; whiskers: limits of the intervals".into(),
        left_out => format!("the {shown} largest regions; {left_out} smaller ones are not drawn"),
    };
    canvas.text(
        [0.5 * em, size.height - 0.7 * em],
        Anchor::Start,
        size.width - em,
        "dim",
        &note,
    );
    canvas
}

/// The height of a side's row in ems.
const ROW: f64 = 1.5;

/// Where the middle of a side's row is, below the first.
fn middle_of(first: f64, em: f64, side: usize) -> f64 {
    first + ROW * em * (side as f64 + 0.5)
}

/// A side's name and users, which a bar below them shows; they end at `right`.
fn name(canvas: &mut Canvas, report: &FullReport, side: usize, [right, y]: [f64; 2]) {
    let em = canvas.em();
    let sizes = (0..report.sides.len()).map(|side| report.users_of(side).upper);
    let widest = sizes.fold(1.0, f64::max);
    let users = report.users_of(side);
    let number = whole(users.value);
    let number_room = canvas.width_of(&number);
    let bar = (right - number_room - 0.8 * em).max(em) * users.value / widest;
    canvas.rect([0.5 * em, y + 0.45 * em, bar, 0.18 * em], "bar");
    let (foot, room) = (y + 0.3 * em, right - number_room - em);
    let name = &report.sides[side].name;
    canvas.text([0.5 * em, foot], Anchor::Start, room, "", name);
    canvas.text([right, foot], Anchor::End, number_room, "dim", &number);
}

/// Which sides a column is of.
fn dots(canvas: &mut Canvas, mask: usize, sides: usize, [x, first]: [f64; 2]) {
    let em = canvas.em();
    let y = |side: usize| middle_of(first, em, side);
    let inside: Vec<usize> = (0..sides).filter(|side| mask >> side & 1 == 1).collect();
    if let [first, .., last] = inside[..] {
        canvas.line([x, y(first)], [x, y(last)], "join");
    }
    for side in 0..sides {
        let class = if inside.contains(&side) { "on" } else { "off" };
        canvas.dot([x, y(side)], 0.38 * em, class);
    }
}

fn columns(
    canvas: &mut Canvas,
    rows: &[legend::Row],
    [left, right]: [f64; 2],
    [top, base]: [f64; 2],
    pitch: f64,
) {
    let em = canvas.em();
    let most = rows.iter().map(|row| row.users.upper).fold(1.0, f64::max);
    let marks = ticks(most, ((base - top) / (3.0 * em)).floor());
    let end = marks.last().copied().unwrap_or(most).max(f64::MIN_POSITIVE);
    let y = |users: f64| base - (base - top) * users / end;
    for mark in marks {
        canvas.line([left, y(mark)], [right, y(mark)], "grid");
        let place = [left - 0.4 * em, y(mark) + 0.35 * em];
        canvas.text(place, Anchor::End, 6.0 * em, "dim", &short(mark));
    }
    for (column, row) in rows.iter().enumerate() {
        let x = left + pitch * (column as f64 + 0.5);
        let height = base - y(row.users.value);
        canvas.rect(
            [x - 0.36 * pitch, y(row.users.value), 0.72 * pitch, height],
            "bar",
        );
        if !row.users.is_exact() {
            canvas.upright_whisker(x, [y(row.users.lower), y(row.users.upper)], 0.2 * pitch);
        }
    }
}
