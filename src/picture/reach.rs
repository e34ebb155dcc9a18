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
    let key = Key::new(&canvas, report);
    let above = 2.6 + KEY_LINE * (key.lines() - 1) as f64;
    let (left, top) = (5.5 * em, above * em);
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
    key.draw(&mut canvas);
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

/// What the lines are; one below the other where they have no room side by side.
struct Key {
    texts: Vec<&'static str>,
    is_stacked: bool,
}

impl Key {
    fn new(canvas: &Canvas, report: &FullReport) -> Self {
        let text = |curve: &ReachPart| match &curve.order[..] {
            "greedy" => "the side that adds most next",
            _ => "as given",
        };
        let texts: Vec<&str> = report.reach.iter().map(text).collect();
        let em = canvas.em();
        let widths = texts.iter().map(|text| canvas.width_of(text) + 4.0 * em);
        let is_stacked = widths.sum::<f64>() > canvas.size.width - em;
        Self { texts, is_stacked }
    }

    /// How many lines it takes.
    fn lines(&self) -> usize {
        match self.is_stacked {
            true => self.texts.len(),
            false => 1,
        }
    }

    fn draw(&self, canvas: &mut Canvas) {
        let em = canvas.em();
        let (mut x, mut y) = (em, 1.1 * em);
        for (place, text) in self.texts.iter().enumerate() {
            let is_main = place + 1 == self.texts.len();
            let class = if is_main { "l0" } else { "l4 dash" };
            canvas.line([x, y], [x + 2.0 * em, y], class);
            let room = canvas.width_of(text);
            canvas.text([x + 2.5 * em, y + 0.35 * em], Anchor::Start, room, "", text);
            match self.is_stacked {
                true => y += KEY_LINE * em,
                false => x += room + 4.0 * em,
            }
        }
    }
}

/// From line to line of the key, in ems.
const KEY_LINE: f64 = 1.4;
