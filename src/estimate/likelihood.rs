//! ln L of (a, b, x) with its gradient and Hessian.
//!
//! Registers: Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
//! (arXiv:1702.01284), section 6, for index and rank from independent bits under the Poisson model.
//! Sample: a Poisson process thinned by θ where θ is small; where it isn't, the number of a set's
//! hashes below θ is binomial given the set's size, and the Poisson form would be too wide.

use super::counts::{RANKS, RegisterCounts, SetRegisters};
use super::grid::GridCounts;
use super::matrix::{Matrix, Vector, apply, dot};

/// ln L and its derivatives by (a, b, x) at one point.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Derivatives {
    pub(super) value: f64,
    pub(super) gradient: Vector,
    pub(super) hessian: Matrix,
}

impl Derivatives {
    /// Adds a term that depends on λ = wᵀ(a, b, x) alone: its value, first and second derivative.
    fn add(&mut self, w: &Vector, value: f64, first: f64, second: f64) {
        self.value += value;
        for i in 0..3 {
            self.gradient[i] += first * w[i];
            for j in 0..3 {
                self.hessian[i][j] += second * w[i] * w[j];
            }
        }
    }
}

/// The sets that a term may be about, as sums of (a, b, x).
pub(super) const ONLY_A: Vector = [1.0, 0.0, 0.0];
pub(super) const ONLY_B: Vector = [0.0, 1.0, 0.0];
pub(super) const BOTH: Vector = [0.0, 0.0, 1.0];
pub(super) const SET_A: Vector = [1.0, 0.0, 1.0];
pub(super) const SET_B: Vector = [0.0, 1.0, 1.0];
pub(super) const UNION: Vector = [1.0, 1.0, 1.0];

/// Above this θ the sample is binomial; below it the Poisson form differs by less than half a
/// percent in the interval's width, and takes chance matches into account.
const BINOMIAL_ABOVE: f64 = 0.01;

/// The sample's counts as the likelihood takes them: shifted ones are no whole numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct SampleData {
    /// Hashes below θ of a, b and x.
    pub(super) below: Vector,
    pub(super) theta: f64,
    /// Thresholds of A and B, and their hashes between θ and there.
    pub(super) above: [(f64, f64); 2],
    pub(super) chance_matches: f64,
}

impl SampleData {
    fn is_binomial(&self) -> bool {
        self.theta > BINOMIAL_ABOVE
    }

    /// The least that (a, b, x) can be: what was seen, where sets are fixed.
    pub(super) fn floor(&self) -> Vector {
        if self.is_binomial() {
            self.below
        } else {
            [0.0; 3]
        }
    }

    fn add_to(&self, v: &Vector, sum: &mut Derivatives) {
        let parts = [ONLY_A, ONLY_B, BOTH];
        if self.is_binomial() {
            for (w, seen) in parts.iter().zip(self.below) {
                binomial(w, dot(w, v), seen, self.theta, sum);
            }
        } else {
            for (i, (w, seen)) in parts.iter().zip(self.below).enumerate() {
                let background = if i == 2 { self.chance_matches } else { 0.0 };
                poisson(w, dot(w, v), seen, self.theta, background, sum);
            }
        }
        for (w, (theta_s, seen)) in [SET_A, SET_B].iter().zip(self.above) {
            if theta_s <= self.theta || theta_s >= 1.0 {
                continue;
            }
            if self.is_binomial() {
                let unseen = dot(w, v) - dot(w, &self.below);
                binomial(
                    w,
                    unseen,
                    seen,
                    (theta_s - self.theta) / (1.0 - self.theta),
                    sum,
                );
            } else {
                poisson(w, dot(w, v), seen, theta_s - self.theta, 0.0, sum);
            }
        }
    }
}

/// `seen` ~ Poisson(share λ + background).
fn poisson(w: &Vector, size: f64, seen: f64, share: f64, background: f64, sum: &mut Derivatives) {
    let rate = size + background / share;
    if seen > 0.0 {
        let pull = seen / rate;
        sum.add(
            w,
            seen * rate.ln() - share * size,
            pull - share,
            -pull / rate,
        );
    } else {
        sum.add(w, -share * size, -share, 0.0);
    }
}

/// `seen` ~ Binomial(size, share), the binomial coefficient by Stirling's formula with ½ added
/// where it keeps small numbers right.
fn binomial(w: &Vector, size: f64, seen: f64, share: f64, sum: &mut Derivatives) {
    let log_miss = (-share).ln_1p();
    let all = size + 0.5;
    let missed = size - seen + 0.5;
    if missed <= 0.0 || log_miss.is_infinite() {
        sum.value = f64::NEG_INFINITY;
        return;
    }
    let value = all * all.ln() - missed * missed.ln() + (size - seen) * log_miss;
    sum.add(
        w,
        value,
        (all / missed).ln() + log_miss,
        1.0 / all - 1.0 / missed,
    );
}

/// The registers' part of ln L, prepared for many evaluations.
#[derive(Clone, Debug, Default)]
pub(super) struct RegisterTerms {
    /// Σ count · s, by (a, b, x): the probability that nothing larger came.
    silence: Vector,
    hits: Vec<Hit>,
    equals: Vec<Equal>,
}

/// `count` registers that saw at least one hash of probability s from the set w.
#[derive(Clone, Copy, Debug)]
struct Hit {
    w: Vector,
    s: f64,
    count: f64,
}

/// `count` registers in which both sets reached the same value.
#[derive(Clone, Copy, Debug)]
struct Equal {
    s: f64,
    count: f64,
}

impl RegisterTerms {
    pub(super) fn of_pair(counts: &RegisterCounts) -> Self {
        let mut terms = Self::default();
        let p = counts.precision;
        terms.add_histogram(SET_A, &counts.a_below_b, p);
        terms.add_histogram(ONLY_B, &counts.b_above_a, p);
        terms.add_histogram(ONLY_A, &counts.a_above_b, p);
        terms.add_histogram(SET_B, &counts.b_below_a, p);
        for (rank, &count) in counts
            .equal
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            terms.add_equal(&Rank::new(rank, p), count);
        }
        terms
    }

    /// One register in which both sets hold `value`.
    pub(super) fn of_equal(value: usize, p: u8) -> Self {
        let mut terms = Self::default();
        terms.add_equal(&Rank::new(value, p), 1);
        terms
    }

    /// One set, in the place of A with b = x = 0.
    pub(super) fn of_set(counts: &SetRegisters) -> Self {
        let mut terms = Self::default();
        terms.add_histogram(ONLY_A, &counts.histogram, counts.precision);
        terms
    }

    fn add_histogram(&mut self, w: Vector, histogram: &[u32; RANKS], p: u8) {
        for (rank, &count) in histogram
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            let rank = Rank::new(rank, p);
            self.add_silence(&w, &rank, count);
            if rank.value > 0 {
                self.hits.push(Hit {
                    w,
                    s: rank.s,
                    count: f64::from(count),
                });
            }
        }
    }

    fn add_equal(&mut self, rank: &Rank, count: u32) {
        self.add_silence(&UNION, rank, count);
        if rank.value > 0 {
            self.equals.push(Equal {
                s: rank.s,
                count: f64::from(count),
            });
        }
    }

    fn add_silence(&mut self, w: &Vector, rank: &Rank, count: u32) {
        for (silence, w) in self.silence.iter_mut().zip(w) {
            *silence += f64::from(count) * rank.silence * w;
        }
    }

    pub(super) fn add_to(&self, v: &Vector, sum: &mut Derivatives) {
        sum.value -= dot(&self.silence, v);
        for i in 0..3 {
            sum.gradient[i] -= self.silence[i];
        }
        for hit in &self.hits {
            let s = hit.s;
            let rate = dot(&hit.w, v) * s;
            let silent = (-rate).exp();
            let heard = -(-rate).exp_m1();
            let odds = silent / heard;
            let first = s * odds;
            let second = -s * s * odds / heard;
            sum.add(
                &hit.w,
                hit.count * heard.ln(),
                hit.count * first,
                hit.count * second,
            );
        }
        for equal in &self.equals {
            equal.add_to(v, sum);
        }
    }
}

impl Equal {
    /// With α = e^{−as}, β = e^{−bs}, ξ = e^{−xs}, the probability that both sets reach the value
    /// is D = (1 − αξ)(1 − βξ) + αβξ(1 − ξ): a sum of positive products, where the plain form
    /// 1 − αξ − βξ + αβξ cancels.
    fn add_to(&self, v: &Vector, sum: &mut Derivatives) {
        let s = self.s;
        let [alpha, beta, xi] = v.map(|size| (-size * s).exp());
        let [not_alpha, not_beta, not_xi] = v.map(|size| -(-size * s).exp_m1());
        let not_set_a = -(-(v[0] + v[2]) * s).exp_m1();
        let not_set_b = -(-(v[1] + v[2]) * s).exp_m1();
        let d = not_set_a * not_set_b + alpha * beta * xi * not_xi;
        // First derivatives of D by a, b, x, each divided by s.
        let by_a = alpha * xi * not_beta;
        let by_b = beta * xi * not_alpha;
        let by_x = xi * (1.0 - not_alpha * not_beta);
        let cross = alpha * beta * xi;
        let first = [by_a, by_b, by_x].map(|derivative| s * derivative / d);
        // Second derivatives, each divided by s².
        let second = [
            [-by_a, cross, -by_a],
            [cross, -by_b, -by_b],
            [-by_a, -by_b, -by_x],
        ];
        sum.value += self.count * d.ln();
        for i in 0..3 {
            sum.gradient[i] += self.count * first[i];
            for j in 0..3 {
                let curvature = s * s * second[i][j] / d - first[i] * first[j];
                sum.hessian[i][j] += self.count * curvature;
            }
        }
    }
}

/// A register value and the probabilities that belong to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rank {
    pub(super) value: usize,
    /// Probability that one user hits this register with exactly this rank (from the last rank:
    /// with any from there on).
    pub(super) s: f64,
    /// Probability that one user hits it with a larger rank.
    pub(super) silence: f64,
}

impl Rank {
    pub(super) fn new(value: usize, p: u8) -> Self {
        let m = f64::from(p).exp2();
        let last = 64 - usize::from(p) + 1;
        let share = |rank: usize| (-(rank as f64)).exp2() / m;
        if value >= last {
            // A tail, not a point: everything from the last rank on.
            Self {
                value,
                s: share(last - 1),
                silence: 0.0,
            }
        } else {
            Self {
                value,
                s: share(value),
                silence: share(value),
            }
        }
    }
}

/// What turns the registers' Poisson likelihood into that of sets of a fixed size, to second order
/// around `center`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correction {
    pub(super) center: Vector,
    pub(super) slope: Vector,
    /// Information that the Poisson form leaves out.
    pub(super) information: Matrix,
}

/// ln L of everything known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Likelihood<'a> {
    pub(super) sample: Option<SampleData>,
    pub(super) registers: Option<&'a RegisterTerms>,
    pub(super) grid: Option<&'a GridCounts>,
    pub(super) correction: Option<Correction>,
    /// Users beside (a, b, x) who are known for certain: registers saw them too.
    pub(super) beside: Vector,
}

impl Likelihood<'_> {
    pub(super) fn at(&self, v: &Vector) -> Derivatives {
        let mut sum = Derivatives::default();
        let all: Vector = std::array::from_fn(|i| v[i] + self.beside[i]);
        if let Some(registers) = self.registers {
            registers.add_to(&all, &mut sum);
        }
        if let Some(grid) = self.grid {
            grid.add_to(v, &mut sum);
        }
        if let Some(correction) = &self.correction {
            let step: Vector = std::array::from_fn(|i| all[i] - correction.center[i]);
            let bend = apply(&correction.information, &step);
            sum.value += dot(&correction.slope, &step) - 0.5 * dot(&bend, &step);
            for i in 0..3 {
                sum.gradient[i] += correction.slope[i] - bend[i];
                for j in 0..3 {
                    sum.hessian[i][j] -= correction.information[i][j];
                }
            }
        }
        // Last: an impossible point makes the value minus infinity.
        if let Some(sample) = &self.sample {
            sample.add_to(v, &mut sum);
        }
        sum
    }

    /// The least that (a, b, x) can be.
    pub(super) fn floor(&self) -> Vector {
        self.sample.map_or([0.0; 3], |sample| sample.floor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers() -> RegisterTerms {
        let mut counts = RegisterCounts {
            precision: 4,
            a_below_b: [0; RANKS],
            b_above_a: [0; RANKS],
            a_above_b: [0; RANKS],
            b_below_a: [0; RANKS],
            equal: [0; RANKS],
        };
        counts.a_below_b[0] = 1;
        counts.a_below_b[3] = 2;
        counts.b_above_a[4] = 2;
        counts.b_above_a[61] = 1;
        counts.a_above_b[5] = 3;
        counts.b_below_a[2] = 3;
        counts.equal[0] = 1;
        counts.equal[3] = 5;
        counts.equal[61] = 1;
        RegisterTerms::of_pair(&counts)
    }

    fn check_derivatives(likelihood: &Likelihood<'_>, v: Vector) {
        let at = likelihood.at(&v);
        for i in 0..3 {
            let h = v[i] * 1e-5;
            let moved = |sign: f64| {
                let mut moved = v;
                moved[i] += sign * h;
                likelihood.at(&moved)
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            let slope = (up.value - down.value) / (2.0 * h);
            let scale = at.gradient[i].abs().max(1e-3 / v[i]);
            assert!(
                (slope - at.gradient[i]).abs() < 1e-4 * scale,
                "gradient {i}: {slope}"
            );
            for j in 0..3 {
                let bend = (up.gradient[j] - down.gradient[j]) / (2.0 * h);
                let scale = at.hessian[i][j].abs().max(1e-3 / (v[i] * v[j]));
                let found = at.hessian[i][j];
                assert!(
                    (bend - found).abs() < 1e-4 * scale,
                    "Hessian {i} {j}: {bend} {found}"
                );
            }
        }
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let terms = registers();
        let sample = SampleData {
            below: [7.0, 3.0, 4.0],
            theta: 0.1,
            above: [(0.1, 0.0), (0.4, 12.0)],
            chance_matches: 0.2,
        };
        let poisson = SampleData {
            theta: 0.005,
            above: [(0.02, 9.0), (0.005, 0.0)],
            ..sample
        };
        let correction = Correction {
            center: [70.0, 40.0, 40.0],
            slope: [0.01, -0.02, 0.03],
            information: [[0.01, 0.001, 0.002], [0.001, 0.02, 0.0], [0.002, 0.0, 0.03]],
        };
        for sample in [None, Some(sample), Some(poisson)] {
            for correction in [None, Some(correction)] {
                let likelihood = Likelihood {
                    sample,
                    registers: Some(&terms),
                    grid: None,
                    correction,
                    beside: [0.0; 3],
                };
                check_derivatives(&likelihood, [80.0, 50.0, 30.0]);
                check_derivatives(&likelihood, [800.0, 15.0, 5.0]);
            }
        }
    }

    #[test]
    fn the_probabilities_of_all_register_pairs_sum_to_one() {
        // Every outcome of a single register pair, through the same terms as the likelihood.
        let v = [40.0, 15.0, 20.0];
        let p = 4;
        let last = 64 - p as usize + 1;
        let mut total = 0.0;
        for i in 0..=last {
            for j in 0..=last {
                let mut counts = RegisterCounts {
                    precision: p,
                    a_below_b: [0; RANKS],
                    b_above_a: [0; RANKS],
                    a_above_b: [0; RANKS],
                    b_below_a: [0; RANKS],
                    equal: [0; RANKS],
                };
                match i.cmp(&j) {
                    std::cmp::Ordering::Less => {
                        counts.a_below_b[i] = 1;
                        counts.b_above_a[j] = 1;
                    }
                    std::cmp::Ordering::Greater => {
                        counts.a_above_b[i] = 1;
                        counts.b_below_a[j] = 1;
                    }
                    std::cmp::Ordering::Equal => counts.equal[i] = 1,
                }
                let mut sum = Derivatives::default();
                RegisterTerms::of_pair(&counts).add_to(&v, &mut sum);
                total += sum.value.exp();
            }
        }
        assert!((total - 1.0).abs() < 1e-12, "{total}");
    }

    #[test]
    fn huge_and_tiny_sets_stay_finite() {
        let terms = registers();
        let likelihood = Likelihood {
            sample: None,
            registers: Some(&terms),
            grid: None,
            correction: None,
            beside: [0.0; 3],
        };
        for v in [
            [1e12, 1e12, 1e12],
            [1e-2, 1e-2, 1e-2],
            [1e12, 1e-2, 1e-2],
            [1e-2, 1e3, 1e12],
        ] {
            let at = likelihood.at(&v);
            let numbers = at.gradient.iter().chain(at.hessian.iter().flatten());
            assert!(
                at.value.is_finite() && numbers.clone().all(|n| n.is_finite()),
                "{v:?}"
            );
        }
    }
}
