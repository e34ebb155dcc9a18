//! Every two of many sides as a heat map: what share of the row's users is on the column's side, or Jaccard.

use super::order::clustered;
use super::svg::{Anchor, Canvas, Size};
use crate::report::FullReport;
use std::fmt::Write;

/// Classes of shares; colours grow darker with them.
const CLASSES: usize = 9;

/// What a square shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// The share of the row's users that are on the column's side.
    Share,
    /// Users of both as a share of the users of either.
    Jaccard,
}

impl Measure {
    fn of(self, report: &FullReport, row: usize, column: usize) -> f64 {
        match self {
            Self::Share => share_of(report, row, column),
            Self::Jaccard => jaccard(report, row, column),
        }
    }

    /// The class of a square; `None` where row and column are one side.
    fn class(self, report: &FullReport, row: usize, column: usize) -> Option<usize> {
        let share = self.of(report, row, column);
        (row != column).then_some(((share * CLASSES as f64) as usize).min(CLASSES - 1))
    }

    const fn note(self) -> &'static str {
        match self {
            Self::Share => "of the row's users are on the column's side",
            Self::Jaccard => "of the users of either are on both (Jaccard)",
        }
    }
}

/// Draws all sides, those that share much side by side; names where there is room for them.
pub(super) fn draw(report: &FullReport, size: Size, measure: Measure) -> Canvas {
    /// The scale and its text, in ems.
    const SCALE: f64 = 28.0;
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let count = report.sides.len();
    let order = clustered(count, |a, b| jaccard(report, a, b));
    let longest = (report.sides.iter())
        .map(|side| canvas.width_of(&side.name))
        .fold(0.0, f64::max);
    let names = (longest + em).min(0.3 * size.width);
    let heads = names.min(0.3 * size.height);
    let (left, top) = (names + 0.5 * em, heads + 0.5 * em);
    // On a wide ground the scale stands beside the squares, which are larger then.
    let tall = size.height - top - em;
    let is_beside = size.width - left - tall >= (SCALE + 3.0) * em;
    let room = match is_beside {
        true => tall,
        false => (size.width - left - em).min(size.height - heads - 5.5 * em),
    };
    let cell = room / count.max(1) as f64;
    let map = Map {
        report,
        measure,
        order: &order,
        left,
        top,
        cell,
    };
    map.cells(&mut canvas);
    // Where names have no room of their own, every so many sides have one.
    let each = (1.15 * em / cell).ceil().max(1.0) as usize;
    let places = order.iter().enumerate();
    for (place, &side) in places.filter(|(place, _)| place % each == 0) {
        let middle = cell * (place as f64 + 0.5) + 0.35 * em;
        let name = &report.sides[side].name;
        let (across, up) = (names - 0.6 * em, heads - 0.6 * em);
        let foot = [left - 0.4 * em, top + middle];
        canvas.text(foot, Anchor::End, across, "", name);
        canvas.upright_text_up([left + middle, top - 0.4 * em], up, "", name);
    }
    if is_beside {
        let place = [left + room + 2.0 * em, top];
        scale(&mut canvas, place, SCALE * em, &map.notes(each));
        canvas.ends_at(top + room + 0.5 * em);
    } else {
        let place = [0.5 * em, top + room + 0.8 * em];
        let end = scale(&mut canvas, place, size.width - em, &map.notes(each));
        canvas.ends_at(f64::max(end, top + room + 4.8 * em));
    }
    canvas
}

/// Users of two sides as a share of the users of either.
pub(crate) fn jaccard(report: &FullReport, a: usize, b: usize) -> f64 {
    let overlap = report.overlap_of(a, b).map_or(0.0, |overlap| overlap.value);
    let union = report.users_of(a).value + report.users_of(b).value - overlap;
    if union > 0.0 {
        (overlap / union).min(1.0)
    } else {
        0.0
    }
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

/// The squares: whose, in which order, and where.
struct Map<'a> {
    report: &'a FullReport,
    measure: Measure,
    order: &'a [usize],
    left: f64,
    top: f64,
    cell: f64,
}

impl Map<'_> {
    /// What is to be known of the squares, where one of so many sides is named.
    fn notes(&self, each: usize) -> Vec<String> {
        let named = (each > 1).then(|| format!("names: 1 in {each}"));
        let note = self.measure.note().to_owned();
        std::iter::once(note).chain(named).collect()
    }

    fn cells(&self, canvas: &mut Canvas) {
        let &Self {
            order,
            left,
            top,
            cell,
            ..
        } = self;
        let side = cell * order.len() as f64;
        canvas.rect([left, top, side, side], "h0");
        // One path for each class, of runs along the rows: a cell each would be a hundred times as long.
        let mut paths = vec![String::new(); CLASSES];
        for (place, &row) in order.iter().enumerate() {
            let y = top + cell * place as f64;
            canvas.rect([left + cell * place as f64, y, cell, cell], "off");
            let class = |&column: &usize| self.measure.class(self.report, row, column);
            let classes: Vec<Option<usize>> = order.iter().map(class).collect();
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
            self.shares(canvas);
        }
    }

    /// The share in every square.
    fn shares(&self, canvas: &mut Canvas) {
        /// From this class on, letters are light.
        const DARK: usize = 5;
        let unit = match self.cell > canvas.width_of("100 %") {
            true => " %",
            false => "",
        };
        for (y, &row) in self.order.iter().enumerate() {
            for (x, &column) in self.order.iter().enumerate() {
                let Some(class) = self.measure.class(self.report, row, column) else {
                    continue;
                };
                let shade = if class < DARK { "ink" } else { "pale-text" };
                let share = self.measure.of(self.report, row, column);
                let text = format!("{:.0}{unit}", 100.0 * share);
                let place = [
                    self.left + self.cell * (x as f64 + 0.5),
                    self.top + self.cell * (y as f64 + 0.5) + 0.35 * canvas.em(),
                ];
                canvas.text(place, Anchor::Middle, self.cell, shade, &text);
            }
        }
    }
}

/// What the colours mean; returns where it ends. A note without room stands in two lines.
fn scale(canvas: &mut Canvas, [left, top]: [f64; 2], room: f64, notes: &[String]) -> f64 {
    let em = canvas.em();
    let width = (0.7 * room / CLASSES as f64).min(2.2 * em);
    let zero = canvas.width_of("0 %") + 0.5 * em;
    let foot = top + 0.75 * em;
    canvas.text([left, foot], Anchor::Start, zero, "dim", "0 %");
    for class in 0..CLASSES {
        let place = [left + zero + width * class as f64, top, width, 0.8 * em];
        canvas.rect(place, &format!("h{class}"));
    }
    let end = left + zero + width * CLASSES as f64 + 0.5 * em;
    canvas.text([end, foot], Anchor::Start, 5.0 * em, "dim", "100 %");
    let mut y = top + 2.4 * em;
    for note in notes {
        let halves = note.find(" are ").map(|at| note.split_at(at));
        let lines = match halves {
            Some((one, other)) if canvas.width_of(note) > room => vec![one, other.trim_start()],
            _ => vec![note.as_str()],
        };
        for line in lines {
            canvas.text([left, y], Anchor::Start, room, "dim", line);
            y += 1.4 * em;
        }
    }
    y
}
