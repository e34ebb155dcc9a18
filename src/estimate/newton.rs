//! Where a likelihood is largest: damped Newton over logarithms.

use super::likelihood::Likelihood;
use super::matrix::{Matrix, Vector, dot, inverse};

/// A likelihood together with what is known for certain: which of |A| and |B| are given.
///
/// The unknowns become coordinates without bounds: ln a and ln b (none where the set's size is
/// known: a = |A| − x), and ln x, or ln(x / (M − x)) where a known size bounds x by M.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model<'a> {
    pub(super) likelihood: Likelihood<'a>,
    pub(super) known: [Option<f64>; 2],
    /// Which of a, b and x can be more than 0 at all: a single set has only the first.
    pub(super) parts: [bool; 3],
}

/// A maximum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) v: Vector,
    pub(super) value: f64,
}

/// A part this small is none: it rounds to 0, and its logarithm must not run away.
const PART_FLOOR: f64 = 0.01;

/// A part this large is beyond anything that saturated registers can tell; sums of three such parts
/// are still whole in an f64.
pub(super) const PART_CEILING: f64 = 1e15;

const _: () = assert!(3.0 * PART_CEILING < (1_u64 << f64::MANTISSA_DIGITS) as f64);

/// The largest change of a coordinate in one step: a factor of 20.
const STEP_MAX: f64 = 3.0;

/// Derivatives in coordinates.
struct Local {
    value: f64,
    gradient: Vector,
    hessian: Matrix,
}

impl Model<'_> {
    /// Maximises from `start`; the part `held` stays where it is.
    pub(super) fn maximise(&self, start: &Vector, held: Option<usize>) -> Fit {
        const STEPS_MAX: usize = 60;
        const GAIN_MIN: f64 = 1e-9;
        let mut v = self.feasible(start, held);
        let mut local = self.local(&v);
        let mut damping = 0.0;
        for _ in 0..STEPS_MAX {
            let active = self.active(&v, &local, held);
            if active == [false; 3] {
                break;
            }
            let (step, gain) = newton_step(&local, active, &mut damping);
            if gain < GAIN_MIN {
                break;
            }
            let next = self.moved(&v, &step, held);
            let next_local = self.local(&next);
            if next_local.value >= local.value {
                damping = if damping > 1e-3 { damping * 0.1 } else { 0.0 };
                (v, local) = (next, next_local);
            } else if damping > 1e12 {
                break;
            } else {
                damping = (damping * 10.0).max(1e-3);
            }
        }
        Fit {
            v,
            value: local.value,
        }
    }

    /// The covariance of (a, b, x) at a maximum, from the curvature there; infinite where the data
    /// say nothing.
    pub(super) fn covariance(&self, v: &Vector) -> Matrix {
        let derivatives = self.likelihood.at(v);
        let columns = self.columns(&[1.0; 3]);
        let free = self.free();
        let mut information = [[0.0; 3]; 3];
        for i in 0..3 {
            for j in 0..3 {
                let bend = super::matrix::apply(&derivatives.hessian, &columns[j]);
                information[i][j] = -dot(&columns[i], &bend);
            }
        }
        // A part at its floor has no curvature worth the name, and no say.
        let active: [bool; 3] = std::array::from_fn(|i| free[i] && v[i] > PART_FLOOR);
        let inner =
            inverse(&information, active).unwrap_or_else(|| diagonal_inverse(&information, active));
        let mut covariance = [[0.0; 3]; 3];
        for (i, row) in covariance.iter_mut().enumerate() {
            for (j, cell) in row.iter_mut().enumerate() {
                for (k, from) in columns.iter().enumerate() {
                    for (l, to) in columns.iter().enumerate() {
                        *cell += from[i] * inner[k][l] * to[j];
                    }
                }
            }
        }
        covariance
    }

    /// The largest x that the known sizes allow; infinite without any.
    pub(super) fn overlap_max(&self) -> f64 {
        let floor = self.likelihood.floor();
        let bound = |side: usize| self.known[side].map_or(f64::INFINITY, |n| n - floor[side]);
        bound(0).min(bound(1)).max(2.0 * PART_FLOOR)
    }

    pub(super) fn part_floor(&self, part: usize) -> f64 {
        self.likelihood.floor()[part].max(PART_FLOOR)
    }

    /// Puts `part` where it is wanted and the known sizes right; the others follow so that sizes
    /// stay what they were, which is where the maximum is likely to be.
    pub(super) fn placed(&self, v: &Vector, part: usize, value: f64) -> Vector {
        let mut placed = *v;
        placed[part] = value;
        let shift = value - v[part];
        match part {
            2 => {
                placed[0] -= shift;
                placed[1] -= shift;
            }
            _ => placed[2] -= shift,
        }
        self.feasible(&placed, Some(part))
    }

    const fn free(&self) -> [bool; 3] {
        let [a, b, x] = self.parts;
        [
            a && self.known[0].is_none(),
            b && self.known[1].is_none(),
            x,
        ]
    }

    fn feasible(&self, v: &Vector, held: Option<usize>) -> Vector {
        let mut feasible = *v;
        for (part, size) in feasible.iter_mut().enumerate() {
            *size = if self.parts[part] {
                size.max(self.part_floor(part)).min(PART_CEILING)
            } else {
                0.0
            };
        }
        let most = self.overlap_max();
        if held != Some(2) && feasible[2] >= most {
            // Just inside the bound, where the logit is still finite.
            feasible[2] = (most * (1.0 - 1e-9)).max(most - PART_FLOOR).max(PART_FLOOR);
        }
        for side in 0..2 {
            if let Some(known) = self.known[side] {
                feasible[side] = (known - feasible[2]).max(PART_FLOOR * 0.01);
            }
        }
        feasible
    }

    /// How (a, b, x) move with each coordinate, for coordinates that move their own part by
    /// `rates`.
    fn columns(&self, rates: &Vector) -> [Vector; 3] {
        let follows = |side: usize| {
            if self.known[side].is_some() {
                -rates[2]
            } else {
                0.0
            }
        };
        [
            [rates[0], 0.0, 0.0],
            [0.0, rates[1], 0.0],
            [follows(0), follows(1), rates[2]],
        ]
    }

    fn local(&self, v: &Vector) -> Local {
        let derivatives = self.likelihood.at(v);
        let room = 1.0 - v[2] / self.overlap_max();
        // dv/dy and d²v/dy² of each coordinate: exponential, or logistic for a bounded x.
        let rates = [v[0], v[1], v[2] * room];
        let bends = [
            v[0],
            v[1],
            v[2] * room * (1.0 - 2.0 * v[2] / self.overlap_max()),
        ];
        let (columns, second) = (self.columns(&rates), self.columns(&bends));
        let mut local = Local {
            value: derivatives.value,
            gradient: [0.0; 3],
            hessian: [[0.0; 3]; 3],
        };
        for i in 0..3 {
            local.gradient[i] = dot(&columns[i], &derivatives.gradient);
            for j in 0..3 {
                let bend = super::matrix::apply(&derivatives.hessian, &columns[j]);
                local.hessian[i][j] = dot(&columns[i], &bend);
            }
            local.hessian[i][i] += dot(&second[i], &derivatives.gradient);
        }
        local
    }

    /// Coordinates that can move: free, not held, and not pressed against their floor.
    fn active(&self, v: &Vector, local: &Local, held: Option<usize>) -> [bool; 3] {
        let free = self.free();
        std::array::from_fn(|i| {
            let pressed = v[i] <= self.part_floor(i) * (1.0 + 1e-9) && local.gradient[i] <= 0.0;
            free[i] && held != Some(i) && !pressed
        })
    }

    fn moved(&self, v: &Vector, step: &Vector, held: Option<usize>) -> Vector {
        let most = self.overlap_max();
        let mut moved = [
            v[0] * step[0].exp(),
            v[1] * step[1].exp(),
            v[2] * step[2].exp(),
        ];
        if most.is_finite() {
            let odds = v[2] / (most - v[2]) * step[2].exp();
            moved[2] = most * odds / (1.0 + odds);
        }
        if held == Some(2) {
            moved[2] = v[2];
        }
        self.feasible(&moved, held)
    }
}

/// The step that maximises the local parabola, damped until it is one, and what it should gain.
fn newton_step(local: &Local, active: [bool; 3], damping: &mut f64) -> (Vector, f64) {
    loop {
        let mut bowl = local.hessian.map(|row| row.map(|value| -value));
        for (i, row) in bowl.iter_mut().enumerate() {
            row[i] += *damping * row[i].abs().max(1e-3);
        }
        if let Some(inverse) = inverse(&bowl, active) {
            let mut step = super::matrix::apply(&inverse, &local.gradient);
            let gain = dot(&step, &local.gradient);
            let largest = step
                .iter()
                .fold(0.0_f64, |largest, value| largest.max(value.abs()));
            if largest > STEP_MAX {
                step = step.map(|value| value * STEP_MAX / largest);
            }
            return (step, gain);
        }
        *damping = (*damping * 4.0).max(1e-3);
        if *damping > 1e15 {
            return ([0.0; 3], 0.0);
        }
    }
}

/// Where a matrix is singular: each coordinate for itself.
fn diagonal_inverse(m: &Matrix, active: [bool; 3]) -> Matrix {
    let unknown = PART_CEILING * PART_CEILING;
    let mut inverse = [[0.0; 3]; 3];
    for i in (0..3).filter(|&i| active[i]) {
        // Where nothing bends, nothing is known.
        inverse[i][i] = if m[i][i] > 0.0 {
            1.0 / m[i][i]
        } else {
            unknown
        };
    }
    inverse
}
