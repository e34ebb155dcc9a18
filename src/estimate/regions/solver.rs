//! Newton's steps where some sums are certain.

use super::linear::{Factor, Square, dot};

/// Quadratic steps under linear ties: information H and ties C give the step H⁻¹ (g − Cᵀ μ) with
/// the prices μ for which C · step is what the totals lack.
pub(super) struct Solver {
    factor: Factor,
    /// H⁻¹ Cᵀ, a row for each tie that ties anything.
    through: Vec<Vec<f64>>,
    /// The ties of these rows.
    tied: Vec<usize>,
    ties: Vec<Vec<f64>>,
    schur: Option<Factor>,
}

impl Solver {
    /// `None` if the information is of no use.
    pub(super) fn new(
        information: &Square,
        fit: &[f64],
        free: &[usize],
        ties: Vec<Vec<f64>>,
    ) -> Option<Self> {
        let scale: Vec<f64> = free
            .iter()
            .map(|&region| 1.0 / (1.0 + fit[region] * fit[region]))
            .collect();
        let factor = damped(information.block(free), &scale)?;
        let tied: Vec<usize> = (0..ties.len())
            .filter(|&tie| ties[tie].contains(&1.0))
            .collect();
        let through: Vec<Vec<f64>> = tied.iter().map(|&tie| factor.solve(&ties[tie])).collect();
        let mut schur = Square::zeros(tied.len());
        for (i, &tie) in tied.iter().enumerate() {
            for (j, through) in through.iter().enumerate() {
                schur.add(i, j, dot(&ties[tie], through));
            }
            // Ties that say the same twice are one.
            let diagonal = schur.at(i, i);
            schur.add(i, i, 1e-12 * diagonal);
        }
        Some(Self {
            schur: schur.cholesky(),
            factor,
            through,
            tied,
            ties,
        })
    }

    pub(super) fn solve(&self, slope: &[f64], lacks: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut change = self.factor.solve(slope);
        let mut prices = vec![0.0; lacks.len()];
        if let Some(schur) = &self.schur {
            let over: Vec<f64> = (self.tied.iter())
                .map(|&tie| dot(&self.ties[tie], &change) - lacks[tie])
                .collect();
            for (at, price) in schur.solve(&over).into_iter().enumerate() {
                prices[self.tied[at]] = price;
                for (change, through) in change.iter_mut().zip(&self.through[at]) {
                    *change -= price * through;
                }
            }
        }
        (change, prices)
    }

    /// The covariance of the free regions under the ties.
    pub(super) fn covariance(&self) -> Square {
        let mut covariance = self.factor.inverse();
        for (tied, right) in self.tied_changes() {
            let left = &self.through[tied];
            for (i, left) in left.iter().enumerate() {
                for (cell, right) in covariance.row_mut(i).iter_mut().zip(&right) {
                    *cell -= left * right;
                }
            }
        }
        covariance
    }

    /// How the free regions change if all that each tie ties grows by one user, in the order of the
    /// ties.
    pub(super) fn changes_of_totals(&self) -> Vec<Vec<f64>> {
        let mut changes = vec![vec![0.0; self.factor.len()]; self.ties.len()];
        for (tied, change) in self.tied_changes() {
            changes[self.tied[tied]] = change;
        }
        changes
    }

    /// H⁻¹ Cᵀ (C H⁻¹ Cᵀ)⁻¹, a row for each tie that ties anything.
    fn tied_changes(&self) -> Vec<(usize, Vec<f64>)> {
        let Some(schur) = &self.schur else {
            return Vec::new();
        };
        let inner = schur.inverse();
        let change = |a: usize| {
            let mut change = vec![0.0; self.factor.len()];
            for (b, through) in self.through.iter().enumerate() {
                let weight = inner.at(a, b);
                for (change, through) in change.iter_mut().zip(through) {
                    *change += weight * through;
                }
            }
            (a, change)
        };
        (0..self.through.len()).map(change).collect()
    }
}

/// The factor of an information matrix, with as little more on its diagonal as it needs: where ln L
/// is a slope without a bend, rounding may leave less than nothing. `scale` is the information of one
/// event about each unknown.
fn damped(mut information: Square, scale: &[f64]) -> Option<Factor> {
    let mut damping = 1e-9;
    loop {
        if let Some(factor) = information.cholesky() {
            return Some(factor);
        }
        if damping > 1e3 {
            return None;
        }
        for (i, scale) in scale.iter().enumerate() {
            let more = damping * (information.at(i, i).abs() + scale);
            information.add(i, i, more);
        }
        damping *= 30.0;
    }
}
