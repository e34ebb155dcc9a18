//! Reach over time: users of every day, of all days so far, and who comes again.

use super::axis::{short, ticks};
use super::svg::{Anchor, Canvas, Size};
use crate::report::{FullReport, Number, TrendPart};

/// One line of a panel.
struct Line {
    class: usize,
    values: Vec<Option<Number>>,
}

/// Draws three panels, one below the other.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let Some(trend) = &report.trend else {
        return canvas;
    };
    let unit = &trend.unit;
    let panels = [
        (format!("users of the {unit}"), "users", "overlap", false),
        (
            format!("users of all {unit}s so far"),
            "cumulative",
            "overlap_cumulative",
            false,
        ),
        (
            format!("share of the {unit} before that comes again"),
            "returned",
            "",
            true,
        ),
    ];
    let keys = 2.6 * em;
    let height = (size.height - keys - 2.0 * em) / panels.len() as f64;
    for (place, (title, own, shared, is_share)) in panels.iter().enumerate() {
        let lines = lines(trend, own, shared);
        let top = keys + height * place as f64;
        panel(
            &mut canvas,
            trend,
            &lines,
            title,
            [top, top + height],
            *is_share,
        );
    }
    key(&mut canvas, trend);
    canvas
}

fn lines(trend: &TrendPart, own: &str, shared: &str) -> Vec<Line> {
    let values = |side: Option<&str>, measure: &str| -> Vec<Option<Number>> {
        let of_day = |day: &crate::report::DayPart| {
            let found = day
                .measures
                .iter()
                .find(|it| it.measure == measure && it.side.as_deref() == side);
            found.and_then(|found| found.value)
        };
        trend.days.iter().map(of_day).collect()
    };
    let sides = trend.sides.iter().enumerate();
    let mut lines: Vec<Line> = sides
        .map(|(class, side)| Line {
            class: class % 8,
            values: values(Some(side), own),
        })
        .collect();
    lines.push(Line {
        class: 4,
        values: values(None, shared),
    });
    lines.retain(|line| line.values.iter().any(Option::is_some));
    lines
}

fn panel(
    canvas: &mut Canvas,
    trend: &TrendPart,
    lines: &[Line],
    title: &str,
    [top, bottom]: [f64; 2],
    is_share: bool,
) {
    let em = canvas.em();
    let (left, right) = (5.5 * em, canvas.size.width - 1.5 * em);
    let (ceiling, base) = (top + 2.0 * em, bottom - 1.6 * em);
    canvas.text(
        [em, top + em],
        Anchor::Start,
        canvas.size.width - 2.0 * em,
        "strong",
        title,
    );
    let values = || lines.iter().flat_map(|line| line.values.iter().flatten());
    let most = values()
        .map(|number| number.upper)
        .fold(if is_share { 0.01 } else { 1.0 }, f64::max);
    let marks = ticks(most, ((base - ceiling) / (2.4 * em)).floor());
    let end = marks.last().copied().unwrap_or(most).max(f64::MIN_POSITIVE);
    let y = |value: f64| base - (base - ceiling) * value / end;
    for mark in marks {
        canvas.line([left, y(mark)], [right, y(mark)], "grid");
        let text = match is_share {
            true => format!("{} %", short((1000.0 * mark).round() / 10.0)),
            false => short(mark),
        };
        canvas.text(
            [left - 0.5 * em, y(mark) + 0.35 * em],
            Anchor::End,
            left - em,
            "dim",
            &text,
        );
    }
    let count = trend.days.len();
    let step = (right - left) / count.saturating_sub(1).max(1) as f64;
    let x = |day: usize| left + step * day as f64;
    for line in lines {
        strand(canvas, line, &x, &y);
    }
    dates(canvas, trend, base, &x);
}

/// A line with gaps where there is no number, and its band.
fn strand(canvas: &mut Canvas, line: &Line, x: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) {
    let days: Vec<usize> = (0..line.values.len())
        .filter(|&day| line.values[day].is_some())
        .collect();
    let runs = days.chunk_by(|a, b| a + 1 == *b);
    for run in runs {
        let numbers = run.iter().filter_map(|&day| Some((day, line.values[day]?)));
        let numbers: Vec<(usize, Number)> = numbers.collect();
        let upper = numbers
            .iter()
            .map(|(day, number)| [x(*day), y(number.upper)]);
        let lower = numbers
            .iter()
            .rev()
            .map(|(day, number)| [x(*day), y(number.lower)]);
        let band: Vec<[f64; 2]> = upper.chain(lower).collect();
        canvas.path(&band, true, &format!("band c{}", line.class));
        let points: Vec<[f64; 2]> = numbers
            .iter()
            .map(|(day, number)| [x(*day), y(number.value)])
            .collect();
        match points[..] {
            [point] => canvas.dot(point, 0.2 * canvas.em(), &format!("c{}", line.class)),
            _ => canvas.path(&points, false, &format!("l{}", line.class)),
        }
    }
}

/// Dates below a panel, so many as have room.
fn dates(canvas: &mut Canvas, trend: &TrendPart, base: f64, x: &impl Fn(usize) -> f64) {
    let em = canvas.em();
    let count = trend.days.len();
    let width = canvas.width_of("2026-11-23") + em;
    let step = if count > 1 { x(1) - x(0) } else { width };
    let each = (width / step).ceil().max(1.0) as usize;
    let has_room = |day: &usize| x(*day) + 0.5 * width <= canvas.size.width;
    let days = (0..count).step_by(each).filter(has_room);
    for day in days.collect::<Vec<_>>() {
        let place = [x(day), base + 1.3 * em];
        canvas.text(place, Anchor::Middle, width, "dim", &trend.days[day].day);
    }
}

fn key(canvas: &mut Canvas, trend: &TrendPart) {
    const SHOWN: usize = 8;
    let em = canvas.em();
    let both = (trend.sides.len() == 2).then_some(("both", 4));
    let sides = trend
        .sides
        .iter()
        .enumerate()
        .map(|(class, side)| (side.as_str(), class));
    let keys: Vec<(&str, usize)> = sides.take(SHOWN).chain(both).collect();
    let room = (canvas.size.width - 2.0 * em) / keys.len().max(1) as f64;
    for (place, (name, class)) in keys.iter().enumerate() {
        let left = em + room * place as f64;
        canvas.rect([left, 0.6 * em, em, em], &format!("c{class}"));
        canvas.text(
            [left + 1.4 * em, 1.45 * em],
            Anchor::Start,
            room - 2.0 * em,
            "",
            name,
        );
    }
}
