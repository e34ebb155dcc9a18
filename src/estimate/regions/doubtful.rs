//! Regions that may have users or none.
//!
//! An estimate can't be below 0. Where little is known, empty regions are therefore estimated too large
//! on average: with 0 users or a few, never with fewer than 0. Each of them alone is within its interval,
//! but together they may distort the sums that they are parts of: with eight sides and a sample of 16,
//! hundreds of empty overlaps took two standard deviations from the union of all. So intervals reach to
//! where the sums would be if all these regions were empty, but for those that the data say can't be.

use super::fit::Fit;
use super::linear::{Square, dot};
use super::model::Model;

/// Regions that may all be empty together.
struct Doubtful {
    regions: Vec<usize>,
    /// Their covariance, inverted, times their users; 0 of a region that was taken out.
    pull: Vec<f64>,
}

/// How much each region would gain if all doubtful ones were empty, by the covariance of the fit;
/// `None` if there are none, or if rounding has the better of it.
pub(super) fn lean(model: &Model<'_>, fit: &Fit, covariance: &Square) -> Option<Vec<f64>> {
    /// What may be missing of a doubtful region that becomes empty, as a share of its standard deviation.
    const ROUNDING: f64 = 0.01;
    let doubtful = Doubtful::find(model, fit, covariance)?;
    let gain = |region: usize| {
        let row = covariance.row(region);
        let pulls = doubtful.regions.iter().zip(&doubtful.pull);
        -pulls.map(|(&other, pull)| row[other] * pull).sum::<f64>()
    };
    let gains: Vec<f64> = (0..model.places).map(gain).collect();
    // Regions of which little more is known than their sum make a matrix that hardly has an inverse.
    let becomes_empty = |&region: &usize| {
        let left = (fit.users[region] + gains[region]).abs();
        left <= ROUNDING * covariance.at(region, region).sqrt()
    };
    let are_empty = doubtful.left().all(becomes_empty);
    are_empty.then_some(gains)
}

impl Doubtful {
    /// All regions that may be empty one by one, without those that speak most against their being empty together, one
    /// after the other, until that is no surprise.
    fn find(model: &Model<'_>, fit: &Fit, covariance: &Square) -> Option<Self> {
        /// A region of more standard deviations than this certainly has users.
        const SURE: f64 = 2.0;
        let may_be_empty = |&region: &usize| {
            let is_unseen = model.sample.floor[region] == 0.0;
            is_unseen && fit.users[region] < SURE * covariance.at(region, region).sqrt()
        };
        let regions: Vec<usize> = fit.free.iter().copied().filter(may_be_empty).collect();
        let users: Vec<f64> = regions.iter().map(|&region| fit.users[region]).collect();
        let factor = covariance.block(&regions).cholesky()?;
        let pull = factor.solve(&users);
        if !is_surprise(regions.len(), dot(&pull, &users)) {
            return (!regions.is_empty()).then_some(Self { regions, pull });
        }
        Self { regions, pull }.without_the_loudest(factor.inverse(), users)
    }

    /// The regions that weren't taken out.
    fn left(&self) -> impl Iterator<Item = &usize> {
        let pulls = self.regions.iter().zip(&self.pull);
        pulls
            .filter(|(_, pull)| **pull != 0.0)
            .map(|(region, _)| region)
    }

    /// Takes out regions until the rest is no surprise. `inverse` is that of the covariance.
    fn without_the_loudest(mut self, mut inverse: Square, mut users: Vec<f64>) -> Option<Self> {
        for left in (1..users.len()).rev() {
            let speaks = |&i: &usize| self.pull[i] * users[i];
            let loudest = (0..users.len()).max_by(|i, j| speaks(i).total_cmp(&speaks(j)))?;
            // The inverse of what is left of a matrix, from its inverse.
            let row: Vec<f64> = inverse.row(loudest).to_vec();
            for (i, cell) in row.iter().enumerate() {
                let share = cell / row[loudest];
                for (j, other) in row.iter().enumerate() {
                    inverse.add(i, j, -share * other);
                }
            }
            let pull = self.pull[loudest];
            for (own, cell) in self.pull.iter_mut().zip(&row) {
                *own -= cell / row[loudest] * pull;
            }
            (users[loudest], self.pull[loudest]) = (0.0, 0.0);
            if !is_surprise(left, dot(&self.pull, &users)) {
                return Some(self);
            }
        }
        None
    }
}

/// Whether so many normal variates, squared and summed up, are as large once in a thousand times.
fn is_surprise(count: usize, squares: f64) -> bool {
    let count = count as f64;
    squares > 3.0_f64.mul_add((2.0 * count).sqrt(), count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(rows: &[&[f64]]) -> Square {
        let mut square = Square::zeros(rows.len());
        for (i, row) in rows.iter().enumerate() {
            for (j, &value) in row.iter().enumerate() {
                square.add(i, j, value);
            }
        }
        square
    }

    /// What is left when the loudest region is gone is what a fresh solution for the others says.
    #[test]
    fn taking_out_a_region_leaves_the_solution_of_the_others() {
        let covariance = square(&[
            &[4.0, -3.5, 0.5, 0.1],
            &[-3.5, 4.0, 0.2, 0.3],
            &[0.5, 0.2, 2.0, 0.4],
            &[0.1, 0.3, 0.4, 1.0],
        ]);
        let users = vec![3.0, 3.5, 1.0, 0.5];
        let factor = covariance.cholesky().expect("positive");
        let all = Doubtful {
            regions: vec![0, 1, 2, 3],
            pull: factor.solve(&users),
        };
        assert!(is_surprise(4, dot(&all.pull, &users)));
        let loudest = usize::from(all.pull[1] * users[1] > all.pull[0] * users[0]);
        let rest: Vec<usize> = (0..4).filter(|&region| region != loudest).collect();
        let of_rest: Vec<f64> = rest.iter().map(|&region| users[region]).collect();
        let expected = covariance.block(&rest).cholesky().expect("positive");
        let expected = expected.solve(&of_rest);
        let found = all.without_the_loudest(factor.inverse(), users);
        let found = found.expect("three may be empty");
        assert_eq!(found.pull[loudest], 0.0);
        for (region, expected) in rest.iter().zip(expected) {
            assert!((found.pull[*region] - expected).abs() < 1e-9, "{region}");
        }
    }

    #[test]
    fn one_region_that_has_users_for_sure_is_never_left() {
        let covariance = square(&[&[1.0]]);
        let factor = covariance.cholesky().expect("positive");
        let one = Doubtful {
            regions: vec![0],
            pull: vec![9.0],
        };
        assert!(
            one.without_the_loudest(factor.inverse(), vec![9.0])
                .is_none()
        );
    }
}
