//! Where a partner's new users are: a bar for each segment.

use super::svg::{Anchor, Canvas, Size};
use crate::report::FullReport;
use crate::report::number::{percent, whole};

/// Draws as many segments as there is room for, the largest gain first.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let Some(segments) = &report.segments else {
        return canvas;
    };
    let least = 2.6 * em;
    let room = ((size.height - 4.5 * em) / least).floor().max(1.0) as usize;
    let shown = room.min(segments.rows.len());
    let pitch = ((size.height - 4.5 * em) / shown.max(1) as f64).clamp(least, 1.8 * least);
    let longest = segments
        .rows
        .iter()
        .map(|row| canvas.width_of(&row.label()));
    let names = (longest.fold(0.0, f64::max) + em).clamp(4.0 * em, 0.3 * size.width);
    let numbers = if size.is_narrow() {
        7.5 * em
    } else {
        15.0 * em
    };
    let (left, right) = (names + em, size.width - numbers - em);
    let most = segments
        .rows
        .iter()
        .map(|row| row.new.upper.max(row.users.value));
    let scale = (right - left) / most.fold(1.0, f64::max);
    canvas.rect([em, 0.7 * em, em, em], "off");
    canvas.text(
        [2.3 * em, 1.5 * em],
        Anchor::Start,
        0.42 * size.width,
        "dim",
        &format!("users of {}", segments.partner),
    );
    let key = 0.5 * size.width;
    canvas.rect([key, 0.7 * em, em, em], "new");
    canvas.text(
        [key + 1.3 * em, 1.5 * em],
        Anchor::Start,
        0.5 * size.width - 2.0 * em,
        "dim",
        &format!("of them new to {}", segments.ours),
    );
    for (place, row) in segments.rows.iter().take(shown).enumerate() {
        let y = 2.6 * em + pitch * place as f64;
        let middle = y + 0.5 * pitch;
        canvas.text(
            [names, middle + 0.35 * em],
            Anchor::End,
            names - 0.5 * em,
            "",
            &row.label(),
        );
        canvas.rect(
            [left, y + 0.25 * pitch, row.users.value * scale, 0.5 * pitch],
            "off",
        );
        canvas.rect(
            [left, y + 0.25 * pitch, row.new.value * scale, 0.5 * pitch],
            "new",
        );
        if !row.new.is_exact() {
            let ends = [row.new.lower, row.new.upper].map(|users| left + users * scale);
            canvas.whisker(middle, ends, 0.18 * pitch);
        }
        let share = percent(&row.new_share.estimate());
        let text = match size.is_narrow() {
            true => whole(row.new.value),
            false => format!("{} new, {share} of it", whole(row.new.value)),
        };
        canvas.text(
            [right + 0.6 * em, middle + 0.35 * em],
            Anchor::Start,
            numbers,
            "",
            &text,
        );
    }
    let end = 2.6 * em + pitch * shown as f64;
    if shown < segments.rows.len() {
        let note = format!(
            "and {} more segments with fewer new users",
            segments.rows.len() - shown
        );
        canvas.text(
            [em, end + 1.2 * em],
            Anchor::Start,
            size.width - 2.0 * em,
            "dim",
            &note,
        );
    }
    canvas.ends_at(end + 2.0 * em);
    canvas
}
