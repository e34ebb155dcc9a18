//! The reach of ever more sides together, with its band.

use super::axis::{short, ticks};
use super::svg::{Anchor, Canvas, Size};
use crate::report::{FullReport, ReachPart};

/// Draws the curves of all orders; the names are those of the last order, which is the greedy one where
/// there is one.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let Some(main) = report.reach.last() else {
        return canvas;
    };
    let count = main.steps.len();
    let pitch_room = size.width - 6.5 * em;
    let pitch = pitch_room / count.max(1) as f64;
    let each = (1.2 * em / pitch).ceil().max(1.0) as usize;
    let longest = main
        .steps
        .iter()
        .map(|step| canvas.width_of(&step.side))
        .fold(0.0, f64::max);
    let names = longest.min(0.32 * size.height) + 0.1 * em;
    let (left, top) = (5.5 * em, 2.6 * em);
    let base = size.height - names - 1.2 * em;
    let most = report
        .reach
        .iter()
        .flat_map(|curve| &curve.steps)
        .map(|step| step.reach.upper);
    let most = most.fold(1.0, f64::max);
    let marks = ticks(most, ((base - top) / (3.0 * em)).floor());
    let end = marks.last().copied().unwrap_or(most).max(f64::MIN_POSITIVE);
    let y = |users: f64| base - (base - top) * users / end;
    let x = |step: usize| left + pitch * (step as f64 + 0.5);
    for mark in marks {
        canvas.line([left, y(mark)], [size.width - em, y(mark)], "grid");
        canvas.text(
            [left - 0.5 * em, y(mark) + 0.35 * em],
            Anchor::End,
            left - em,
            "dim",
            &short(mark),
        );
    }
    for (place, curve) in report.reach.iter().enumerate() {
        let is_main = place + 1 == report.reach.len();
        line(&mut canvas, curve, is_main, &x, &y);
    }
    for (step, part) in main
        .steps
        .iter()
        .enumerate()
        .filter(|(step, _)| step % each == 0)
    {
        canvas.upright_text(
            [x(step) + 0.35 * em, base + 0.6 * em],
            names,
            "",
            &part.side,
        );
    }
    key(&mut canvas, report);
    canvas
}

fn line(
    canvas: &mut Canvas,
    curve: &ReachPart,
    is_main: bool,
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
) {
    const DOTS_MAX: usize = 60;
    let steps = || curve.steps.iter().enumerate();
    let points: Vec<[f64; 2]> = steps()
        .map(|(i, step)| [x(i), y(step.reach.value)])
        .collect();
    if is_main {
        let upper = steps().map(|(i, step)| [x(i), y(step.reach.upper)]);
        let lower = steps().rev().map(|(i, step)| [x(i), y(step.reach.lower)]);
        let band: Vec<[f64; 2]> = upper.chain(lower).collect();
        canvas.path(&band, true, "band c0");
    }
    let class = if is_main { "l0" } else { "l4 dash" };
    canvas.path(&points, false, class);
    if is_main && points.len() <= DOTS_MAX {
        for ((i, step), point) in steps().zip(&points) {
            if !step.reach.is_exact() {
                let ends = [y(step.reach.lower), y(step.reach.upper)];
                canvas.upright_whisker(x(i), ends, 0.25 * canvas.em());
            }
            canvas.dot(*point, 0.25 * canvas.em(), "c0");
        }
    }
}

fn key(canvas: &mut Canvas, report: &FullReport) {
    let em = canvas.em();
    let mut at = em;
    for (place, curve) in report.reach.iter().enumerate() {
        let is_main = place + 1 == report.reach.len();
        let text = match &curve.order[..] {
            "greedy" => "the side that adds most next",
            _ => "as given",
        };
        let class = if is_main { "l0" } else { "l4 dash" };
        canvas.line([at, 1.1 * em], [at + 2.0 * em, 1.1 * em], class);
        let room = canvas.width_of(text);
        canvas.text([at + 2.5 * em, 1.45 * em], Anchor::Start, room, "", text);
        at += room + 4.0 * em;
    }
}
