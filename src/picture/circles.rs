//! Circles whose areas are numbers: exact for two, as close as circles get for three.
//!
//! Areas of discs that meet are sums over the arcs that bound them (Green's theorem); no grid and no
//! sampling. Three circles have six degrees of freedom and seven regions, so that few families of
//! three sets can be drawn exactly; how far a drawing is off is part of the answer.

use std::f64::consts::{PI, TAU};

/// A circle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Circle {
    /// Its centre.
    pub center: [f64; 2],
    /// Its radius; 0 of an empty set.
    pub radius: f64,
}

impl Circle {
    fn area(&self) -> f64 {
        PI * self.radius * self.radius
    }

    fn distance(&self, point: [f64; 2]) -> f64 {
        (point[0] - self.center[0]).hypot(point[1] - self.center[1])
    }

    fn at(&self, angle: f64) -> [f64; 2] {
        [
            self.center[0] + self.radius * angle.cos(),
            self.center[1] + self.radius * angle.sin(),
        ]
    }
}

/// Up to three circles for the users of every region (by mask; place 0 isn't looked at), and how far
/// the drawing is off: the largest difference of a region's share of the whole.
#[must_use]
pub fn circles(regions: &[f64]) -> (Vec<Circle>, f64) {
    let count = regions.len().trailing_zeros() as usize;
    let sum = |wanted: &dyn Fn(usize) -> bool| -> f64 {
        (1..regions.len())
            .filter(|&mask| wanted(mask))
            .map(|mask| regions[mask])
            .sum()
    };
    let radius = |set: usize| (sum(&|mask| mask >> set & 1 == 1) / PI).sqrt();
    let radii: Vec<f64> = (0..count).map(radius).collect();
    let apart = |a: usize, b: usize| {
        let both = 1 << a | 1 << b;
        Apart::new(radii[a], radii[b], sum(&|mask| mask & both == both))
    };
    let placed: Vec<[f64; 2]> = match count {
        0 | 1 => vec![[0.0; 2]; count],
        2 => vec![[0.0; 2], [apart(0, 1).liked, 0.0]],
        _ => triangle(agreeing([apart(0, 1), apart(0, 2), apart(1, 2)])),
    };
    let start: Vec<Circle> = (placed.iter().zip(&radii))
        .map(|(&center, &radius)| Circle { center, radius })
        .collect();
    if count < 3 {
        return (start, 0.0);
    }
    let all = sum(&|_| true).max(f64::MIN_POSITIVE);
    let wanted: Vec<f64> = regions.iter().map(|users| users / all).collect();
    let unit = all.sqrt();
    let scaled = |circle: &Circle, by: f64| Circle {
        center: circle.center.map(|x| x * by),
        radius: circle.radius * by,
    };
    let start: Vec<Circle> = start
        .iter()
        .map(|circle| scaled(circle, 1.0 / unit))
        .collect();
    let best = fitted(&start, &wanted);
    let off = worst(&best, &wanted);
    (
        best.iter().map(|circle| scaled(circle, unit)).collect(),
        off,
    )
}

/// The area that two discs share.
#[must_use]
pub fn lens(a: f64, b: f64, distance: f64) -> f64 {
    if distance >= a + b {
        return 0.0;
    }
    let small = a.min(b);
    if distance <= (a - b).abs() {
        return PI * small * small;
    }
    let half_angle = |own: f64, other: f64| {
        let cosine = (distance * distance + own * own - other * other) / (2.0 * distance * own);
        cosine.clamp(-1.0, 1.0).acos()
    };
    let segment = |radius: f64, half: f64| radius * radius * (half - (2.0 * half).sin() / 2.0);
    segment(a, half_angle(a, b)) + segment(b, half_angle(b, a))
}

/// How far apart two circles may be: circles that share nothing, or one within the other, have a choice.
#[derive(Clone, Copy, Debug)]
struct Apart {
    least: f64,
    most: f64,
    /// The distance that looks best: circles apart leave a gap, and one within the other touches it from
    /// inside.
    liked: f64,
}

impl Apart {
    /// Two circles that share `area`.
    fn new(a: f64, b: f64, area: f64) -> Self {
        /// Of circles that share nothing, as a share of the larger one's radius.
        const GAP: f64 = 0.08;
        let small = a.min(b);
        if area <= 0.0 {
            return Self {
                least: a + b,
                most: f64::INFINITY,
                liked: a + b + GAP * a.max(b),
            };
        }
        if area >= PI * small * small * (1.0 - 1e-12) {
            return Self {
                least: 0.0,
                most: (a - b).abs(),
                liked: (a - b).abs(),
            };
        }
        let (mut near, mut far) = ((a - b).abs(), a + b);
        for _ in 0..200 {
            let middle = 0.5 * (near + far);
            if lens(a, b, middle) > area {
                near = middle;
            } else {
                far = middle;
            }
        }
        let liked = 0.5 * (near + far);
        Self {
            least: liked,
            most: liked,
            liked,
        }
    }
}

/// Distances of three pairs that a triangle can have, where the pairs' choice allows one: such circles
/// have all areas of pairs.
fn agreeing(pairs: [Apart; 3]) -> [f64; 3] {
    const ROUNDS: usize = 16;
    let mut found = pairs.map(|pair| pair.liked);
    for _ in 0..ROUNDS {
        for i in 0..3 {
            let (one, other) = (found[(i + 1) % 3], found[(i + 2) % 3]);
            let in_triangle = found[i].clamp((one - other).abs(), one + other);
            found[i] = in_triangle.clamp(pairs[i].least, pairs[i].most);
        }
    }
    found
}

/// Three points so far apart; if no triangle has such sides, on a line as close as they get.
fn triangle([ab, ac, bc]: [f64; 3]) -> Vec<[f64; 2]> {
    if ab <= 0.0 {
        return vec![[0.0; 2], [0.0; 2], [0.5 * (ac + bc), 0.0]];
    }
    let x = (ab * ab + ac * ac - bc * bc) / (2.0 * ab);
    let y = (ac * ac - x * x).max(0.0).sqrt();
    vec![[0.0; 2], [ab, 0.0], [x.clamp(-ac, ac), y]]
}

/// The areas of all exclusive regions of up to three discs, by mask.
#[must_use]
pub fn areas(circles: &[Circle]) -> Vec<f64> {
    let places = 1_usize << circles.len();
    let mut within: Vec<f64> = (0..places).map(|mask| shared(circles, mask)).collect();
    // What several discs share less what they share with others, from all discs down.
    for bit in 0..circles.len() {
        for mask in 0..places {
            if mask >> bit & 1 == 0 {
                within[mask] -= within[mask | 1 << bit];
            }
        }
    }
    within[0] = 0.0;
    within.iter().map(|area| area.max(0.0)).collect()
}

/// The area that all discs of a mask share.
fn shared(circles: &[Circle], mask: usize) -> f64 {
    let picked: Vec<&Circle> = (circles.iter().enumerate())
        .filter(|(i, _)| mask >> i & 1 == 1)
        .map(|(_, circle)| circle)
        .collect();
    match picked[..] {
        [] => return 0.0,
        [one] => return one.area(),
        [a, b] => return lens(a.radius, b.radius, a.distance(b.center)),
        _ => {}
    }
    if picked.iter().any(|circle| circle.radius <= 0.0) {
        return 0.0;
    }
    (0..picked.len())
        .map(|own| arcs(&picked, own))
        .sum::<f64>()
        .max(0.0)
}

/// What the arcs of one circle that lie in all others add to the area within.
fn arcs(circles: &[&Circle], own: usize) -> f64 {
    let circle = circles[own];
    let mut cuts = vec![0.0, TAU];
    for (i, other) in circles.iter().enumerate() {
        let distance = circle.distance(other.center);
        let meets = distance < circle.radius + other.radius
            && distance > (circle.radius - other.radius).abs();
        if i != own && meets {
            let towards =
                (other.center[1] - circle.center[1]).atan2(other.center[0] - circle.center[0]);
            let cosine = (distance * distance + circle.radius * circle.radius
                - other.radius * other.radius)
                / (2.0 * distance * circle.radius);
            let half = cosine.clamp(-1.0, 1.0).acos();
            cuts.extend([towards - half, towards + half].map(|angle| angle.rem_euclid(TAU)));
        }
    }
    cuts.sort_by(f64::total_cmp);
    let inside = |angle: f64| {
        let point = circle.at(angle);
        circles.iter().enumerate().all(|(i, other)| {
            // Of two equal circles the first one's arcs count.
            let is_same = circle.distance(other.center) < 1e-12
                && (circle.radius - other.radius).abs() < 1e-12;
            i == own
                || if is_same {
                    own < i
                } else {
                    other.distance(point) <= other.radius
                }
        })
    };
    let along = |from: f64, to: f64| {
        let ([x, y], r) = (circle.center, circle.radius);
        0.5 * (r * r * (to - from) + r * x * (to.sin() - from.sin())
            - r * y * (to.cos() - from.cos()))
    };
    let pieces = cuts.windows(2).filter(|ends| ends[1] - ends[0] > 1e-14);
    // A piece is inside or outside as a whole. Its middle is where circles on a line touch.
    let somewhere = |ends: &[f64]| ends[0] + 0.413 * (ends[1] - ends[0]);
    let inner = pieces.filter(|ends| inside(somewhere(ends)));
    inner.map(|ends| along(ends[0], ends[1])).sum()
}

fn worst(circles: &[Circle], wanted: &[f64]) -> f64 {
    let areas = areas(circles);
    let off = (1..wanted.len()).map(|mask| (areas[mask] - wanted[mask]).abs());
    off.fold(0.0, f64::max)
}

/// Nelder and Mead's simplex search (Computer Journal 7, 1965) over centres and radii, begun again
/// around its best until it gets no further.
fn fitted(start: &[Circle], wanted: &[f64]) -> Vec<Circle> {
    /// Areas within a millionth of the whole: less can't be seen.
    const EXACT: f64 = 1e-12;
    let to_circles = |x: &[f64]| -> Vec<Circle> {
        let circle = |part: &[f64]| Circle {
            center: [part[0], part[1]],
            radius: part[2].abs(),
        };
        x.chunks_exact(3).map(circle).collect()
    };
    let loss = |x: &[f64]| -> f64 {
        let areas = areas(&to_circles(x));
        (1..wanted.len())
            .map(|mask| (areas[mask] - wanted[mask]).powi(2))
            .sum()
    };
    let mut best: Vec<f64> = (start.iter())
        .flat_map(|circle| [circle.center[0], circle.center[1], circle.radius])
        .collect();
    let mut least = loss(&best);
    for step in [0.1, 0.02, 0.3, 0.05, 0.01] {
        if least < EXACT {
            break;
        }
        let (found, value) = simplex(&best, step, &loss);
        if value < least {
            (best, least) = (found, value);
        }
    }
    to_circles(&best)
}

fn simplex(start: &[f64], step: f64, loss: &dyn Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    const STEPS: usize = 1500;
    /// Where all corners are as good, as a share of what is lost.
    const FLAT: f64 = 1e-8;
    let n = start.len();
    let mut points: Vec<(Vec<f64>, f64)> = vec![(start.to_vec(), loss(start))];
    for i in 0..n {
        let mut point = start.to_vec();
        point[i] += step;
        let value = loss(&point);
        points.push((point, value));
    }
    for _ in 0..STEPS {
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        if points[n].1 - points[0].1 <= 1e-18 + FLAT * points[0].1 {
            break;
        }
        let mean: Vec<f64> = (0..n)
            .map(|i| points[..n].iter().map(|(point, _)| point[i]).sum::<f64>() / n as f64)
            .collect();
        let worst = points[n].clone();
        let towards = |by: f64| {
            let point: Vec<f64> = (mean.iter().zip(&worst.0))
                .map(|(mean, worst)| mean + by * (mean - worst))
                .collect();
            let value = loss(&point);
            (point, value)
        };
        let reflected = towards(1.0);
        points[n] = if reflected.1 < points[0].1 {
            let further = towards(2.0);
            if further.1 < reflected.1 {
                further
            } else {
                reflected
            }
        } else if reflected.1 < points[n - 1].1 {
            reflected
        } else {
            towards(if reflected.1 < worst.1 { 0.5 } else { -0.5 })
        };
        if points[n].1 >= worst.1 {
            let best = points[0].0.clone();
            for (point, value) in &mut points {
                point
                    .iter_mut()
                    .zip(&best)
                    .for_each(|(x, best)| *x = 0.5 * (*x + best));
                *value = loss(point);
            }
        }
    }
    points.sort_by(|a, b| a.1.total_cmp(&b.1));
    points.swap_remove(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(state: &mut u64) -> f64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn two_circles_have_the_areas_they_stand_for() {
        let mut state = 7;
        for _ in 0..1000 {
            let size = |state: &mut u64| 10_f64.powf(6.0 * random(state)).round();
            let regions = [0.0, size(&mut state), size(&mut state), size(&mut state)];
            let (circles, off) = circles(&regions);
            let found = areas(&circles);
            assert_eq!(off, 0.0);
            for mask in 1..4 {
                let most = 1e-9 * regions.iter().sum::<f64>();
                assert!(
                    (found[mask] - regions[mask]).abs() <= most,
                    "{regions:?} {found:?}"
                );
            }
        }
    }

    #[test]
    fn areas_of_three_discs_are_those_of_a_fine_grid() {
        let circle = |x: f64, y: f64, radius: f64| Circle {
            center: [x, y],
            radius,
        };
        for circles in [
            [
                circle(0.0, 0.0, 1.0),
                circle(1.0, 0.0, 1.0),
                circle(0.5, 0.8, 0.9),
            ],
            [
                circle(0.0, 0.0, 1.0),
                circle(0.1, 0.0, 0.5),
                circle(0.2, 0.1, 0.2),
            ],
            [
                circle(0.0, 0.0, 1.0),
                circle(0.0, 0.0, 1.0),
                circle(0.9, 0.1, 0.4),
            ],
            [
                circle(0.0, 0.0, 1.0),
                circle(3.0, 0.0, 1.0),
                circle(1.5, 0.0, 0.8),
            ],
        ] {
            let found = areas(&circles);
            let cell = 0.005;
            let mut counted = [0.0; 8];
            for i in -400..1000 {
                for j in -400..400 {
                    let point = [(f64::from(i) + 0.5) * cell, (f64::from(j) + 0.5) * cell];
                    let inside = |(i, circle): (usize, &Circle)| {
                        usize::from(circle.distance(point) <= circle.radius) << i
                    };
                    let mask: usize = circles.iter().enumerate().map(inside).sum();
                    counted[mask] += cell * cell;
                }
            }
            for mask in 1..8 {
                assert!(
                    (found[mask] - counted[mask]).abs() < 0.01,
                    "{mask}: {found:?} {counted:?}"
                );
            }
        }
    }

    #[test]
    fn areas_that_circles_can_have_are_found_again() {
        let mut state = 3;
        let mut exact = 0;
        for _ in 0..60 {
            let mut circle = || Circle {
                center: [random(&mut state), random(&mut state)],
                radius: 0.3 + random(&mut state),
            };
            let wanted = areas(&[circle(), circle(), circle()]);
            let (found, off) = circles(&wanted);
            let all: f64 = wanted.iter().sum();
            for (found, wanted) in areas(&found).iter().zip(&wanted).skip(1) {
                assert!(
                    (found - wanted).abs() / all <= off + 1e-6,
                    "the loss is what is off"
                );
            }
            exact += usize::from(off < 1e-3);
        }
        assert!(exact > 50, "{exact} of 60");
    }
}
