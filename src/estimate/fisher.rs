//! The information that registers are expected to hold about (a, b, x), and what a fixed
//! population adds to it.

use super::likelihood::{
    Correction, Derivatives, ONLY_A, ONLY_B, Rank, RegisterTerms, SET_A, SET_B,
};
use super::matrix::{Matrix, Vector, apply, inverse};

/// The distribution of one register over sets of λ users: probabilities and scores ∂ ln P / ∂λ.
struct Register {
    probability: Vec<f64>,
    score: Vec<f64>,
}

impl Register {
    fn new(users: f64, p: u8) -> Self {
        let last = 64 - usize::from(p) + 1;
        let (mut probability, mut score) = (Vec::new(), Vec::new());
        for value in 0..=last {
            let rank = Rank::new(value, p);
            let silent = (-users * rank.silence).exp();
            if value == 0 {
                probability.push(silent);
                score.push(-rank.silence);
                continue;
            }
            let heard = -(-users * rank.s).exp_m1();
            probability.push(silent * heard);
            score.push(rank.s * (-users * rank.s).exp() / heard - rank.silence);
        }
        Self { probability, score }
    }

    /// Σ over values below each, of `weight`.
    fn sums_below(&self, weight: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let mut sum = 0.0;
        let terms = self.probability.iter().zip(&self.score);
        terms
            .map(|(&probability, &score)| {
                let before = sum;
                sum += weight(probability, score);
                before
            })
            .collect()
    }
}

/// Expected information about (a, b, x) in the registers of two sets at precision p, under the
/// Poisson model: m · E[score scoreᵀ].
pub(super) fn of_pair(v: &Vector, p: u8) -> Matrix {
    let [a, b, x] = *v;
    let mut information = [[0.0; 3]; 3];
    add_ordered(&mut information, (SET_A, a + x), (ONLY_B, b), p);
    add_ordered(&mut information, (SET_B, b + x), (ONLY_A, a), p);
    add_equal(&mut information, v, p);
    let m = f64::from(p).exp2();
    information.map(|row| row.map(|value| m * value))
}

/// Expected information about a set's size, likewise.
pub(super) fn of_set(users: f64, p: u8) -> f64 {
    let register = Register::new(users, p);
    let terms = register.probability.iter().zip(&register.score);
    f64::from(p).exp2()
        * terms
            .map(|(probability, score)| probability * score * score)
            .sum::<f64>()
}

/// The cells in which the first set's register is below the second's: there the probability is a
/// product, so that sums over both values come from sums over one.
fn add_ordered(information: &mut Matrix, low: (Vector, f64), high: (Vector, f64), p: u8) {
    let (lower, higher) = (Register::new(low.1, p), Register::new(high.1, p));
    let below = lower.sums_below(|probability, _| probability);
    let scores_below = lower.sums_below(|probability, score| probability * score);
    let squares_below = lower.sums_below(|probability, score| probability * score * score);
    let (mut of_low, mut of_high, mut of_both) = (0.0, 0.0, 0.0);
    for (value, (&probability, &score)) in higher.probability.iter().zip(&higher.score).enumerate()
    {
        of_low += probability * squares_below[value];
        of_high += probability * score * score * below[value];
        of_both += probability * score * scores_below[value];
    }
    for i in 0..3 {
        for j in 0..3 {
            let (w, q) = (&low.0, &high.0);
            information[i][j] += of_low * w[i] * w[j]
                + of_high * q[i] * q[j]
                + of_both * (w[i] * q[j] + q[i] * w[j]);
        }
    }
}

fn add_equal(information: &mut Matrix, v: &Vector, p: u8) {
    for value in 0..=64 - usize::from(p) + 1 {
        let mut at = Derivatives::default();
        RegisterTerms::of_equal(value, p).add_to(v, &mut at);
        let probability = at.value.exp();
        for i in 0..3 {
            for j in 0..3 {
                information[i][j] += probability * at.gradient[i] * at.gradient[j];
            }
        }
    }
}

/// Parts below this many users are no place to expand a likelihood around: it is no parabola there.
const PART_MIN: f64 = 30.0;

/// A point near `v` from which the registers' likelihood can be corrected: every part at least
/// [`PART_MIN`], at the expense of the part it shares a set with, since the sizes of the sets are
/// known best. `None` if they are too small for that.
pub(super) fn center(v: &Vector) -> Option<Vector> {
    let mut center = *v;
    let lack = (PART_MIN - v[2]).max(0.0);
    center[2] += lack;
    for side in 0..2 {
        center[side] -= lack;
        let lack = (PART_MIN - center[side]).max(0.0);
        center[side] += lack;
        center[2] -= lack;
    }
    center
        .iter()
        .all(|&part| part >= PART_MIN)
        .then_some(center)
}

/// Sets have a fixed size, while the registers' likelihood takes it as Poisson: the common noise
/// diag(a, b, x) must come out of its covariance. To second order around `center`, where the
/// likelihood has this `information` and `score`, that adds W − I to the information I, with
/// W = (I⁻¹ − diag(center))⁻¹, and moves the slope along.
pub(super) fn fixed_population(
    center: &Vector,
    information: &Matrix,
    score: &Vector,
    active: [bool; 3],
) -> Option<Correction> {
    let covariance = inverse(information, active)?;
    let mut fixed = covariance;
    for i in (0..3).filter(|&i| active[i]) {
        fixed[i][i] -= center[i];
    }
    let full = inverse(&fixed, active)?;
    // The registers' own step from the center, and the slope that leads to it under W.
    let step = apply(&covariance, score);
    let slope = apply(&full, &step);
    let mut correction = Correction {
        center: *center,
        slope: [0.0; 3],
        information: [[0.0; 3]; 3],
    };
    for i in (0..3).filter(|&i| active[i]) {
        correction.slope[i] = slope[i] - score[i];
        for j in (0..3).filter(|&j| active[j]) {
            correction.information[i][j] = full[i][j] - information[i][j];
        }
    }
    Some(correction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_set_has_the_information_of_the_literature() {
        // m · I with I(n/m): 0.0952 at 0.1, 0.626 at 1, 0.9305 from 10 on, per (ln n).
        let m = f64::from(1 << 14);
        for (load, expected) in [(0.1, 0.0952), (1.0, 0.626), (3.0, 0.907), (1000.0, 0.9305)] {
            let users = load * m;
            let information = of_set(users, 14) * users * users / m;
            assert!(
                (information - expected).abs() < 1e-3,
                "{load}: {information}"
            );
        }
    }

    #[test]
    fn a_pair_of_disjoint_sets_knows_each_as_one_set() {
        let information = of_pair(&[1e6, 2e6, 0.0], 12);
        let single = of_set(1e6, 12);
        // With x known to be 0 the two sets are independent.
        assert!((information[0][0] / single - 1.0).abs() < 1e-9);
        assert!(information[0][1].abs() < 1e-9 * single);
    }

    #[test]
    fn the_center_keeps_the_sizes_of_the_sets() {
        assert_eq!(center(&[1000.0, 0.0, 500.0]), Some([1000.0, 30.0, 470.0]));
        assert_eq!(center(&[1000.0, 400.0, 10.0]), Some([980.0, 380.0, 30.0]));
        assert_eq!(center(&[1000.0, 0.0, 40.0]), None);
    }

    #[test]
    fn what_registers_know_is_less_than_the_population_itself() {
        let v = [3000.0, 2000.0, 1000.0];
        let information = of_pair(&v, 12);
        let correction =
            fixed_population(&v, &information, &[0.0; 3], [true; 3]).expect("well posed");
        for i in 0..3 {
            assert!(correction.information[i][i] > 0.0);
        }
    }
}
