//! Circles with areas that are users, of one to three sides.

use super::circles::{Circle, areas, circles};
use super::legend;
use super::svg::{Anchor, Canvas, Size};
use crate::report::number::{percent_of, whole};
use crate::report::{FullReport, Number};

/// Draws the circles and a row for every region.
pub(super) fn draw(report: &FullReport, size: Size) -> Canvas {
    let mut canvas = Canvas::new(size);
    let em = canvas.em();
    let users = users_by_mask(report);
    let (shapes, off) = circles(&users);
    let rows = legend::rows(report);
    let is_narrow = size.is_narrow();
    let exact = rows.iter().all(|row| row.users.is_exact());
    let rows_height = rows.len() as f64 * em * if exact { 2.6 } else { 3.8 };
    let margin = em;
    let field = match is_narrow {
        true => [
            margin,
            2.4 * em,
            size.width - 2.0 * margin,
            0.8 * size.width,
        ],
        false => {
            let width = 0.56 * size.width - margin;
            [margin, 2.4 * em, width, size.height - 5.0 * em]
        }
    };
    let fan = fan(report, &shapes);
    let place = Place::new(&[&shapes[..], &fan].concat(), field);
    place.draw(&mut canvas, report, &shapes, &fan);
    let note = note(&shapes, off, report);
    let (left, top, width) = match is_narrow {
        true => (
            margin,
            field[1] + field[3] + 3.4 * em,
            size.width - 2.0 * margin,
        ),
        false => {
            let top = (0.5 * (size.height - rows_height)).max(em);
            (0.6 * size.width, top, 0.4 * size.width - margin)
        }
    };
    let foot = match is_narrow {
        true => field[1] + field[3] + 1.6 * em,
        false => size.height - 0.8 * em,
    };
    canvas.text([field[0], foot], Anchor::Start, field[2], "dim", &note);
    let end = legend::draw(&mut canvas, &rows, [left, top], width);
    if is_narrow {
        canvas.ends_at(end + 0.5 * em);
    }
    canvas
}

fn users_by_mask(report: &FullReport) -> Vec<f64> {
    let mut users = vec![0.0; 1 << report.sides.len()];
    for (mask, number) in report.region_masks() {
        users[mask] = number.value;
    }
    users
}

/// How true the areas are, in a line.
fn note(shapes: &[Circle], off: f64, report: &FullReport) -> String {
    let radii = || shapes.iter().map(|circle| circle.radius);
    let (least, most) = (
        radii().fold(f64::INFINITY, f64::min),
        radii().fold(0.0, f64::max),
    );
    if most <= 0.0 {
        return "no users in any side".into();
    }
    if !are_true(shapes, &users_by_mask(report)) {
        return format!("areas off by up to {} of the whole", percent_of(off));
    }
    let has_fan = report.sides.len() == 2
        && report
            .pairs
            .first()
            .is_some_and(|pair| !pair.overlap.is_exact());
    match (least < 0.01 * most, has_fan) {
        _ if least <= 0.0 => "areas are users; a side has no users".into(),
        (true, _) => "areas are users; a side is too small to see".into(),
        (_, true) => "areas are users; dashed: limits of the overlap".into(),
        _ => "areas are users".into(),
    }
}

/// Whether the area of every region is its users but for half a percent; of regions below a thousandth
/// of the whole, but for half a percent of that.
fn are_true(shapes: &[Circle], users: &[f64]) -> bool {
    const PART: f64 = 0.005;
    const SMALL: f64 = 0.001;
    let all: f64 = users.iter().sum();
    let drawn = areas(shapes);
    let mut regions = drawn.iter().zip(users).skip(1);
    regions.all(|(area, users)| (area - users).abs() <= PART * users.max(SMALL * all))
}

/// From the circles' own units to the drawing's.
struct Place {
    scale: f64,
    shift: [f64; 2],
}

impl Place {
    fn new(shapes: &[Circle], [left, top, width, height]: [f64; 4]) -> Self {
        let ends = |axis: usize| {
            let low = shapes.iter().map(|it| it.center[axis] - it.radius);
            let high = shapes.iter().map(|it| it.center[axis] + it.radius);
            (
                low.fold(f64::INFINITY, f64::min),
                high.fold(f64::NEG_INFINITY, f64::max),
            )
        };
        let ((x_low, x_high), (y_low, y_high)) = (ends(0), ends(1));
        let span = |low: f64, high: f64| (high - low).max(f64::MIN_POSITIVE);
        let scale = (width / span(x_low, x_high)).min(height / span(y_low, y_high));
        let scale = if scale.is_finite() { scale } else { 0.0 };
        Self {
            scale,
            shift: [
                left + 0.5 * width - scale * 0.5 * (x_low + x_high),
                top + 0.5 * height - scale * 0.5 * (y_low + y_high),
            ],
        }
    }

    fn point(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [
            self.shift[0] + self.scale * x,
            self.shift[1] + self.scale * y,
        ]
    }

    fn draw(&self, canvas: &mut Canvas, report: &FullReport, shapes: &[Circle], fan: &[Circle]) {
        let drawn: Vec<Circle> = (shapes.iter())
            .map(|circle| Circle {
                center: self.point(circle.center),
                radius: self.scale * circle.radius,
            })
            .collect();
        for (side, circle) in drawn.iter().enumerate().filter(|(_, it)| it.radius > 0.0) {
            canvas.circle(circle.center, circle.radius, &format!("side c{side}"));
        }
        for circle in fan {
            let radius = self.scale * circle.radius;
            canvas.circle(self.point(circle.center), radius, "fan");
        }
        for (mask, number) in report.region_masks() {
            label(canvas, &drawn, mask, number);
        }
        names(canvas, report, &drawn);
    }
}

/// Where the second of two circles would be at the limits of the overlap.
fn fan(report: &FullReport, shapes: &[Circle]) -> Vec<Circle> {
    let ([a, b], Some(pair)) = (shapes, report.pairs.first()) else {
        return Vec::new();
    };
    if pair.overlap.is_exact() || a.radius <= 0.0 || b.radius <= 0.0 {
        return Vec::new();
    }
    let sizes = [a, b].map(|circle| std::f64::consts::PI * circle.radius.powi(2));
    let at_limit = [pair.overlap.lower, pair.overlap.upper].map(|overlap| {
        let overlap = overlap.min(sizes[0]).min(sizes[1]);
        let regions = [0.0, sizes[0] - overlap, sizes[1] - overlap, overlap];
        circles(&regions).0
    });
    at_limit
        .into_iter()
        .filter_map(|mut two| two.pop())
        .collect()
}

/// The users of a region, inside it where there is room.
fn label(canvas: &mut Canvas, drawn: &[Circle], mask: usize, number: Number) {
    if number.value <= 0.0 || areas(drawn)[mask] <= 0.0 {
        return;
    }
    let text = whole(number.value);
    let (width, height) = (canvas.width_of(&text), canvas.em());
    let Some([x, y]) = roomiest(drawn, mask, 0.5 * width, 0.5 * height) else {
        return;
    };
    canvas.text(
        [x, y + 0.36 * height],
        Anchor::Middle,
        width,
        "strong",
        &text,
    );
}

/// The middle of a region for a box of half the width and half the height; `None` if none fits.
fn roomiest(drawn: &[Circle], mask: usize, half_width: f64, half_height: f64) -> Option<[f64; 2]> {
    const STEPS: i32 = 48;
    let fits = |[x, y]: [f64; 2]| {
        drawn
            .iter()
            .enumerate()
            .filter(|(_, it)| it.radius > 0.0)
            .all(|(side, circle)| {
                let [dx, dy] = [(x - circle.center[0]).abs(), (y - circle.center[1]).abs()];
                if mask >> side & 1 == 1 {
                    (dx + half_width).hypot(dy + half_height) < circle.radius
                } else {
                    (dx - half_width)
                        .max(0.0)
                        .hypot((dy - half_height).max(0.0))
                        > circle.radius
                }
            })
    };
    // How far the next outline is.
    let room = |[x, y]: [f64; 2]| {
        let from = drawn.iter().map(|circle| {
            let distance = (x - circle.center[0]).hypot(y - circle.center[1]);
            (distance - circle.radius).abs()
        });
        from.fold(f64::INFINITY, f64::min)
    };
    let own = (drawn.iter().enumerate())
        .filter(|(side, _)| mask >> side & 1 == 1)
        .map(|(_, circle)| circle)
        .min_by(|a, b| a.radius.total_cmp(&b.radius))?;
    let step = |i: i32| (2.0 * (f64::from(i) + 0.5) / f64::from(STEPS) - 1.0) * own.radius;
    let points = (0..STEPS).flat_map(|i| (0..STEPS).map(move |j| (i, j)));
    let points = points.map(|(i, j)| [own.center[0] + step(i), own.center[1] + step(j)]);
    points
        .filter(|&point| fits(point))
        .max_by(|&a, &b| room(a).total_cmp(&room(b)))
}

/// The sides' names above or below their circles, one beside the other.
fn names(canvas: &mut Canvas, report: &FullReport, drawn: &[Circle]) {
    let em = canvas.em();
    let mut sides: Vec<usize> = (0..drawn.len()).collect();
    sides.sort_by(|&a, &b| drawn[a].center[0].total_cmp(&drawn[b].center[0]));
    let width = canvas.size.width;
    let share = match canvas.size.is_narrow() {
        true => width,
        false => 0.56 * width,
    };
    let room = (share - 2.0 * em) / drawn.len().max(1) as f64;
    for (place, &side) in sides.iter().enumerate() {
        let x = em + room * place as f64;
        canvas.rect([x, 0.6 * em, em, em], &format!("part c{side}"));
        let name = &report.sides[side].name;
        canvas.text(
            [x + 1.4 * em, 1.45 * em],
            Anchor::Start,
            room - 2.0 * em,
            "",
            name,
        );
    }
}
