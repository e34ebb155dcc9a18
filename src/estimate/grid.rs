//! Two sets from grids of bits with noise: the joint likelihood of each level's four cells.
//!
//! A user sets one bit: bucket i of m, level k with probability 2^−(k+1), the last level with what is left. With s the
//! probability of one such bit, a bit stays unset with probability e^−(a+x)s in A's grid, e^−(b+x)s in B's, and
//! e^−(a+b+x)s in both (Flajolet and Martin's PCSA under the Poisson model). Every bit was flipped
//! with probability q of its side's own, which is linear in these three: with c = 1 − 2q,
//! P(A reads 0) = q + c P(A unset), and likewise for both.

use super::answer::{Answer, whole_users};
use super::bounded::Bounded;
use super::fisher;
use super::likelihood::{BOTH, Derivatives, Likelihood, ONLY_A, ONLY_B, SET_A, SET_B, UNION};
use super::matrix::{Matrix, Vector, apply, dot, inverse, quadratic};
use super::newton::Model;
use super::pair::PairEstimate;
use super::{Confidence, Estimate};

/// How many levels a grid has.
pub const GRID_LEVELS: usize = 24;

/// How many bits of each level two grids read as 00, 01, 10 and 11 (A's first), and their noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GridCounts {
    /// log2 of the number of buckets.
    pub precision: u8,
    /// The probability with which each side's bits were flipped, above 0 and below 1/2.
    pub flips: [f64; 2],
    /// The counts by level.
    pub levels: [[u64; 4]; GRID_LEVELS],
}

/// The probabilities that belong to one level at (a, b, x): of reading 00, 01, 10, 11, with their
/// derivatives.
struct Cells {
    value: [f64; 4],
    first: [Vector; 4],
    second: [Matrix; 4],
}

impl GridCounts {
    /// The probability that one user sets one given bit of a level.
    fn chance(&self, level: usize) -> f64 {
        let exponent = (level + 1).min(GRID_LEVELS - 1) as f64;
        (-exponent).exp2() / f64::from(self.precision).exp2()
    }

    fn cells(&self, level: usize, v: &Vector) -> Cells {
        let s = self.chance(level);
        let [q_a, q_b] = self.flips;
        let (c_a, c_b) = (1.0 - 2.0 * q_a, 1.0 - 2.0 * q_b);
        let unset = [SET_A, SET_B, UNION].map(|w| (w, (-s * dot(&w, v)).exp()));
        // Each of the four as a constant and factors of the three.
        let zero = |factors: [f64; 3], constant: f64| (constant, factors);
        let a_0 = zero([c_a, 0.0, 0.0], q_a);
        let b_0 = zero([0.0, c_b, 0.0], q_b);
        let both_0 = zero([q_b * c_a, q_a * c_b, c_a * c_b], q_a * q_b);
        let less = |one: (f64, [f64; 3]), other: (f64, [f64; 3])| {
            (
                one.0 - other.0,
                std::array::from_fn(|i| one.1[i] - other.1[i]),
            )
        };
        let neither = less(less((1.0, [0.0; 3]), a_0), b_0);
        let both_1 = (
            neither.0 + both_0.0,
            std::array::from_fn(|i| neither.1[i] + both_0.1[i]),
        );
        let mut cells = Cells {
            value: [0.0; 4],
            first: [[0.0; 3]; 4],
            second: [[[0.0; 3]; 3]; 4],
        };
        let forms = [both_0, less(a_0, both_0), less(b_0, both_0), both_1];
        for (cell, (constant, factors)) in forms.into_iter().enumerate() {
            cells.value[cell] = constant;
            for ((w, p), factor) in unset.iter().zip(factors) {
                cells.value[cell] += factor * p;
                for i in 0..3 {
                    cells.first[cell][i] -= factor * s * p * w[i];
                    for j in 0..3 {
                        cells.second[cell][i][j] += factor * s * s * p * w[i] * w[j];
                    }
                }
            }
            // Rounding must not make a probability 0: with noise none is.
            let least = q_a.min(q_b).powi(2) / 2.0;
            cells.value[cell] = cells.value[cell].max(least);
        }
        cells
    }

    pub(super) fn add_to(&self, v: &Vector, sum: &mut Derivatives) {
        for (level, counts) in self.levels.iter().enumerate() {
            let cells = self.cells(level, v);
            for (cell, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let (count, value) = (count as f64, cells.value[cell]);
                sum.value += count * value.ln();
                for i in 0..3 {
                    let slope = cells.first[cell][i] / value;
                    sum.gradient[i] += count * slope;
                    for j in 0..3 {
                        let bend = cells.second[cell][i][j] / value;
                        sum.hessian[i][j] += count * (bend - slope * cells.first[cell][j] / value);
                    }
                }
            }
        }
    }

    /// The expected information about (a, b, x) under the Poisson model.
    fn information(&self, v: &Vector) -> Matrix {
        let m = f64::from(self.precision).exp2();
        let mut information = [[0.0; 3]; 3];
        for level in 0..GRID_LEVELS {
            let cells = self.cells(level, v);
            for (value, first) in cells.value.iter().zip(&cells.first) {
                for i in 0..3 {
                    for j in 0..3 {
                        information[i][j] += m * first[i] * first[j] / value;
                    }
                }
            }
        }
        information
    }

    fn log_likelihood(&self, v: &Vector) -> f64 {
        let mut at = Derivatives::default();
        self.add_to(v, &mut at);
        at.value
    }

    /// Where to begin: the sizes one by one, by trying powers of 2, then the overlap as the share of the smaller
    /// side that is likeliest.
    fn start(&self) -> Vector {
        const LARGEST: i32 = 44;
        let mut sizes = [1.0_f64; 2];
        for _ in 0..2 {
            for side in 0..2 {
                let tries = (0..=LARGEST).map(|exponent| f64::from(exponent).exp2());
                let value = |size: f64| {
                    let mut v = [sizes[0], sizes[1], 0.0];
                    v[side] = size;
                    self.log_likelihood(&v)
                };
                sizes[side] = likeliest(tries, value).unwrap_or(1.0);
            }
        }
        let smaller = sizes[0].min(sizes[1]);
        let with = |x: f64| [(sizes[0] - x).max(0.5), (sizes[1] - x).max(0.5), x];
        let shares = [0.001, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97];
        let tries = shares.into_iter().map(|share| share * smaller);
        let x = likeliest(tries, |x| self.log_likelihood(&with(x)));
        with(x.unwrap_or(0.1 * smaller))
    }

    fn answer(&self, confidence: Confidence) -> Answer<'_> {
        let mut model = Model {
            likelihood: Likelihood {
                sample: None,
                registers: None,
                grid: Some(self),
                correction: None,
                beside: [0.0; 3],
            },
            known: [None; 2],
            parts: [true; 3],
        };
        let mut fit = model.maximise(&self.start(), None);
        // Sets have a fixed size; the correction is centered on the fit, which it moves a little.
        for _ in 0..2 {
            let Some(center) = fisher::center(&fit.v) else {
                break;
            };
            let mut at = Derivatives::default();
            self.add_to(&center, &mut at);
            let information = self.information(&center);
            model.likelihood.correction =
                fisher::fixed_population(&center, &information, &at.gradient, [true; 3]);
            fit = model.maximise(&fit.v, None);
        }
        Answer {
            covariance: model.covariance(&fit.v),
            model,
            fit,
            z: confidence.z(),
            register_events: [0.0; 3],
        }
    }
}

fn likeliest(tries: impl Iterator<Item = f64>, value: impl Fn(f64) -> f64) -> Option<f64> {
    tries.max_by(|&one, &other| value(one).total_cmp(&value(other)))
}

/// A fit without bounds: what the data say of (a, b, x) if each could be below 0, and how sure they are.
struct Unbounded {
    v: Vector,
    covariance: Matrix,
}

impl Unbounded {
    /// One step of the likelihood's parabola from the bounded fit. There are so many bits that noise is normal, and the
    /// likelihood a parabola, as far as errors reach.
    fn of(counts: &GridCounts, answer: &Answer<'_>) -> Option<Self> {
        let likelihood = &answer.model.likelihood;
        let mut information = counts.information(&answer.fit.v);
        if let Some(correction) = &likelihood.correction {
            for (row, more) in information.iter_mut().zip(&correction.information) {
                for (cell, more) in row.iter_mut().zip(more) {
                    *cell += more;
                }
            }
        }
        let covariance = inverse(&information, [true; 3])?;
        let step = apply(&covariance, &likelihood.at(&answer.fit.v).gradient);
        Some(Self {
            v: std::array::from_fn(|i| answer.fit.v[i] + step[i]),
            covariance,
        })
    }

    /// The number of users in the parts of `w`, of which there are `most` at most.
    fn users(&self, w: &Vector, value: f64, most: f64, z: f64) -> Estimate {
        let bounded = Bounded {
            unbounded: dot(w, &self.v),
            sigma: quadratic(&self.covariance, w).max(0.0).sqrt(),
            most,
        };
        let (lower, upper) = bounded.limits(z);
        whole_users(value, lower, upper)
    }

    fn numbers(&self, answer: &Answer<'_>) -> PairEstimate {
        let (whole, z) = (answer.whole(), answer.z);
        let users = |w: &Vector, most: f64| self.users(w, dot(w, &whole), most, z);
        let sets = [SET_A, SET_B].map(|w| users(&w, f64::INFINITY));
        let [a, b] = sets.map(|set| set.upper);
        let parts = [users(&ONLY_A, a), users(&ONLY_B, b), users(&BOTH, a.min(b))];
        answer.pair(parts, sets, users(&UNION, f64::INFINITY))
    }
}

/// The joint maximum-likelihood estimate of two sets from grids with noise, with intervals. No number is below 0, and
/// no overlap above a side: where the noise is larger than that, intervals reach the bound.
#[must_use]
pub fn estimate_grids(counts: &GridCounts, confidence: Confidence) -> PairEstimate {
    let answer = counts.answer(confidence);
    Unbounded::of(counts, &answer)
        .map_or_else(|| answer.numbers(), |unbounded| unbounded.numbers(&answer))
}

/// The overlap without the bound at 0: of sets that share nobody it is below 0 as often as above, so that the mean of
/// many such estimates is right. One step of the likelihood's parabola from the bounded fit.
#[must_use]
pub fn unbounded_overlap(counts: &GridCounts) -> f64 {
    let answer = counts.answer(Confidence::default());
    Unbounded::of(counts, &answer).map_or(answer.fit.v[2], |unbounded| unbounded.v[2])
}

/// The smallest standard deviation that an unbiased estimate of the overlap can have: Cramér and Rao's bound, for
/// planning. `users` are those of A alone, of B alone and of both; `flips` as in [`GridCounts`].
///
/// ```
/// use overlap::grid_bound;
///
/// // Two sides of a billion users that share a tenth, 2^18 buckets, ε = 2: 2.3 % of the overlap.
/// let flip = 1.0 / (1.0 + 2_f64.exp());
/// let bound = grid_bound([9e8, 9e8, 1e8], 18, [flip; 2]);
/// assert!((bound / 1e8 - 0.023).abs() < 0.001);
/// ```
#[must_use]
pub fn grid_bound(users: [f64; 3], precision: u8, flips: [f64; 2]) -> f64 {
    let counts = GridCounts {
        precision,
        flips,
        levels: [[0; 4]; GRID_LEVELS],
    };
    let covariance = inverse(&counts.information(&users), [true; 3]);
    covariance.map_or(f64::INFINITY, |covariance| {
        // Less the noise of a Poisson number of users: the sets have a fixed size.
        (covariance[2][2] - users[2]).max(0.0).sqrt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;
    use rand_distr::{Binomial, Distribution};

    fn flip(epsilon: f64) -> f64 {
        1.0 / (1.0 + epsilon.exp())
    }

    /// Counts drawn from the cells' own probabilities.
    fn drawn(users: Vector, precision: u8, flips: [f64; 2], random: &mut StdRng) -> GridCounts {
        let mut counts = GridCounts {
            precision,
            flips,
            levels: [[0; 4]; GRID_LEVELS],
        };
        for level in 0..GRID_LEVELS {
            let cells = counts.cells(level, &users).value;
            let (mut left, mut rest) = (1_u64 << precision, 1.0);
            for cell in 0..4 {
                let share = (cells[cell] / rest).clamp(0.0, 1.0);
                let drawn = Binomial::new(left, share).expect("a share").sample(random);
                let drawn = if cell == 3 { left } else { drawn };
                counts.levels[level][cell] = drawn;
                left -= drawn;
                rest -= cells[cell];
            }
        }
        counts
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let mut random = StdRng::seed_from_u64(1);
        let users = [3e4, 2e4, 1e4];
        let counts = drawn(users, 10, [flip(1.0), flip(2.0)], &mut random);
        let at = |v: &Vector| {
            let mut at = Derivatives::default();
            counts.add_to(v, &mut at);
            at
        };
        let v = [2.5e4, 2.2e4, 1.3e4];
        let here = at(&v);
        for i in 0..3 {
            let h = v[i] * 1e-4;
            let moved = |sign: f64| {
                let mut moved = v;
                moved[i] += sign * h;
                at(&moved)
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            let slope = (up.value - down.value) / (2.0 * h);
            assert!(
                (slope / here.gradient[i] - 1.0).abs() < 1e-4,
                "{i}: {slope}"
            );
            for j in 0..3 {
                let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * h);
                assert!(
                    (bend / here.hessian[i][j] - 1.0).abs() < 1e-3,
                    "{i} {j}: {bend}"
                );
            }
        }
    }

    #[test]
    fn probabilities_sum_to_one() {
        let counts = GridCounts {
            precision: 12,
            flips: [flip(0.5), flip(3.0)],
            levels: [[0; 4]; GRID_LEVELS],
        };
        for level in 0..GRID_LEVELS {
            let sum: f64 = counts.cells(level, &[5e4, 1e5, 3e4]).value.iter().sum();
            assert!((sum - 1.0).abs() < 1e-12, "{level}: {sum}");
        }
    }

    /// The bound is that of `anchors` of the plan: the relative standard deviations of the overlap of sets of
    /// 10^9 users, in percent.
    #[test]
    fn the_bound_is_the_one_that_was_published_beforehand() {
        for (users, precision, epsilon, percent) in [
            ([9e8, 9e8, 1e8], 16, 4.0, 2.4),
            ([9e8, 9e8, 1e8], 18, 1.0, 6.9),
            ([9e8, 9e8, 1e8], 20, 2.0, 1.1),
            ([5e8, 5e8, 5e8], 18, 1.0, 1.1),
            ([9.9e8, 9.9e8, 1e7], 20, 1.0, 36.0),
            ([9.95e8, 5e6, 5e6], 16, 2.0, 34.0),
        ] {
            let bound = grid_bound(users, precision, [flip(epsilon); 2]) / users[2] * 100.0;
            assert!(
                (bound / percent - 1.0).abs() < 0.06,
                "{users:?} {precision} {epsilon}: {bound}"
            );
        }
    }

    /// RMSE at most 1.05 of the bound, and intervals that hold the truth in 93.5 to 96.5 % of the trials, over the grid
    /// of the plan. `OVERLAP_CASES` sets the trials of each point: 400 by default, where both bounds get the
    /// room of three standard deviations.
    #[test]
    fn estimates_reach_the_bound_and_intervals_hold_the_truth() {
        let trials = std::env::var("OVERLAP_CASES")
            .ok()
            .and_then(|n| n.parse().ok());
        let trials: u32 = trials.unwrap_or(400);
        let n = f64::from(trials);
        for (point, (users, precision, epsilon)) in [
            ([9e8, 9e8, 1e8], 16, 4.0),
            ([9e8, 9e8, 1e8], 18, 1.0),
            ([5e8, 5e8, 5e8], 16, 2.0),
            ([9.9e8, 9.9e8, 1e7], 18, 4.0),
            ([9.95e8, 5e6, 5e6], 18, 4.0),
            ([9e6, 9e6, 1e6], 18, 2.0),
            // Far more noise than users in both: estimates at the bound, intervals as good as elsewhere.
            ([9.9e8, 9.9e8, 1e7], 16, 0.5),
            ([9.9e8, 9e6, 1e6], 16, 1.0),
            ([9.999e8, 9.9e6, 1e5], 18, 2.0),
        ]
        .into_iter()
        .enumerate()
        {
            let flips = [flip(epsilon); 2];
            let bound = grid_bound(users, precision, flips);
            let mut random = StdRng::seed_from_u64(100 + point as u64);
            let (mut squares, mut held) = (0.0, 0.0);
            for _ in 0..trials {
                let counts = drawn(users, precision, flips, &mut random);
                let pair = estimate_grids(&counts, Confidence::default());
                squares += (pair.overlap.value - users[2]).powi(2);
                let holds = (pair.overlap.lower..=pair.overlap.upper).contains(&users[2]);
                held += f64::from(u8::from(holds));
            }
            let rmse = (squares / n).sqrt() / bound;
            let room = 3.0 / (2.0 * n).sqrt();
            assert!(
                rmse < 1.05 + room,
                "point {point}: RMSE {rmse} of the bound"
            );
            let coverage = held / n;
            let room = 3.0 * (0.95 * 0.05 / n).sqrt();
            assert!(
                (0.935 - room..=0.965 + room).contains(&coverage),
                "point {point}: {coverage}"
            );
            println!(
                "{users:?} p {precision} ε {epsilon}: RMSE {rmse:.3} of the bound, coverage {coverage:.4}"
            );
        }
    }

    /// Of sets that share nobody the mean of the unbounded estimates is 0, within three standard errors.
    #[test]
    fn without_the_bound_the_estimate_is_unbiased_at_0() {
        const TRIALS: u32 = 400;
        let (users, flips) = ([1e6, 2e6, 0.0], [flip(1.0), flip(2.0)]);
        let sigma = grid_bound(users, 14, flips);
        let mut random = StdRng::seed_from_u64(5);
        let (mut sum, mut zeros) = (0.0, 0);
        for _ in 0..TRIALS {
            let counts = drawn(users, 14, flips, &mut random);
            sum += unbounded_overlap(&counts);
            let pair = estimate_grids(&counts, Confidence::default());
            zeros += u32::from(pair.overlap.lower == 0.0);
        }
        let mean = sum / f64::from(TRIALS);
        assert!(
            mean.abs() < 3.0 * sigma / f64::from(TRIALS).sqrt(),
            "{mean} of {sigma}"
        );
        assert!(zeros > TRIALS * 93 / 100, "{zeros} intervals reach 0");
    }

    #[test]
    fn any_counts_give_an_estimate() {
        let m = 1 << 10;
        let all = |cells: [u64; 4]| [cells; GRID_LEVELS];
        for levels in [
            all([m, 0, 0, 0]),
            all([0, 0, 0, m]),
            all([0, m, 0, 0]),
            all([m / 4; 4]),
            all([m / 2, 0, 0, m / 2]),
        ] {
            for flips in [[flip(0.01); 2], [flip(1.0); 2], [flip(10.0), flip(0.1)]] {
                let counts = GridCounts {
                    precision: 10,
                    flips,
                    levels,
                };
                let pair = estimate_grids(&counts, Confidence::default());
                let x = pair.overlap;
                assert!(
                    0.0 <= x.lower && x.lower <= x.value && x.value <= x.upper,
                    "{pair:?}"
                );
                assert!(x.upper.is_finite() && pair.a.upper.is_finite());
                assert_eq!(pair.a.value + pair.b.value - x.value, pair.union.value);
                assert!(!unbounded_overlap(&counts).is_nan());
            }
        }
    }
}
