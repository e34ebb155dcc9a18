//! Where a partner's new users are: a bar for each segment.

use super::svg::{Anchor, Canvas, Size};
use crate::report::number::{percent, whole};
use crate::report::{FullReport, SegmentPart, SegmentsPart};

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
    let bars = Bars::new(&canvas, segments);
    let half = 0.5 * size.width;
    let keys = [
        (em, "off", format!("users of {}", segments.partner)),
        (half, "new", format!("of them new to {}", segments.ours)),
    ];
    for (left, class, text) in keys {
        canvas.rect([left, 0.7 * em, em, em], class);
        let place = [left + 1.3 * em, 1.5 * em];
        canvas.text(place, Anchor::Start, half - 3.0 * em, "dim", &text);
    }
    for (place, row) in segments.rows.iter().take(shown).enumerate() {
        bars.draw(&mut canvas, row, 2.6 * em + pitch * place as f64, pitch);
    }
    let end = 2.6 * em + pitch * shown as f64;
    if shown < segments.rows.len() {
        let left_out = segments.rows.len() - shown;
        let note = format!("and {left_out} more segments with fewer new users");
        let place = [em, end + 1.2 * em];
        canvas.text(place, Anchor::Start, size.width - 2.0 * em, "dim", &note);
    }
    canvas.ends_at(end + 2.0 * em);
    canvas
}

/// Where names, bars and numbers stand, and how long a user is.
struct Bars {
    names: f64,
    left: f64,
    right: f64,
    numbers: f64,
    scale: f64,
}

impl Bars {
    fn new(canvas: &Canvas, segments: &SegmentsPart) -> Self {
        let (em, size) = (canvas.em(), canvas.size);
        let rows = segments.rows.iter();
        let longest = rows.clone().map(|row| canvas.width_of(&row.label()));
        let names = (longest.fold(0.0, f64::max) + em).clamp(4.0 * em, 0.3 * size.width);
        let numbers = em * if size.is_narrow() { 7.5 } else { 15.0 };
        let (left, right) = (names + em, size.width - numbers - em);
        let most = rows.map(|row| row.new.upper.max(row.users.value));
        Self {
            names,
            left,
            right,
            numbers,
            scale: (right - left) / most.fold(1.0, f64::max),
        }
    }

    fn draw(&self, canvas: &mut Canvas, row: &SegmentPart, top: f64, pitch: f64) {
        let em = canvas.em();
        let (left, scale) = (self.left, self.scale);
        let middle = top + 0.5 * pitch;
        let foot = middle + 0.35 * em;
        let room = self.names - 0.5 * em;
        canvas.text([self.names, foot], Anchor::End, room, "", &row.label());
        for (users, class) in [(row.users.value, "off"), (row.new.value, "new")] {
            let bar = [left, top + 0.25 * pitch, users * scale, 0.5 * pitch];
            canvas.rect(bar, class);
        }
        if !row.new.is_exact() {
            let ends = [row.new.lower, row.new.upper].map(|users| left + users * scale);
            canvas.whisker(middle, ends, 0.18 * pitch);
        }
        let share = percent(&row.new_share.estimate());
        let text = match canvas.size.is_narrow() {
            true => whole(row.new.value),
            false => format!("{} new, {share} of it", whole(row.new.value)),
        };
        let place = [self.right + 0.6 * em, foot];
        canvas.text(place, Anchor::Start, self.numbers, "", &text);
    }
}
