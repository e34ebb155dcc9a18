//! Regions that may have users or none.
//!
//! An estimate can't be below 0. Where little is known, empty regions are therefore estimated too large
//! on average: with 0 users or a few, never with fewer than 0. Each of them alone is within its interval,
//! but together they may distort the sums that they are parts of: with eight sides and a sample of 16,
//! hundreds of empty overlaps took two standard deviations from the union of all. So intervals reach to
//! where the sums would be if all these regions were empty, unless the data exclude that.

use super::fit::Fit;
use super::linear::{Square, dot};
use super::model::Model;

/// How much each region would gain if all doubtful ones were empty, by the covariance of the fit;
/// `None` if there are none, or if they can't all be empty.
pub(super) fn lean(model: &Model<'_>, fit: &Fit, covariance: &Square) -> Option<Vec<f64>> {
    /// A region of more standard deviations than this certainly has users.
    const SURE: f64 = 2.0;
    let is_doubtful = |&region: &usize| {
        let is_unseen = model.sample.floor[region] == 0.0;
        is_unseen && fit.users[region] < SURE * covariance.at(region, region).sqrt()
    };
    let doubtful: Vec<usize> = fit.free.iter().copied().filter(is_doubtful).collect();
    let users: Vec<f64> = doubtful.iter().map(|&region| fit.users[region]).collect();
    let pull = covariance.block(&doubtful).cholesky()?.solve(&users);
    // As surprising as so many normal variates, squared and summed up, are once in a thousand times.
    let (degrees, surprise) = (users.len() as f64, dot(&pull, &users));
    if users.is_empty() || surprise > 3.0_f64.mul_add((2.0 * degrees).sqrt(), degrees) {
        return None;
    }
    let gain = |region: usize| {
        let row = covariance.row(region);
        -(doubtful.iter().zip(&pull))
            .map(|(&other, pull)| row[other] * pull)
            .sum::<f64>()
    };
    Some((0..model.places).map(gain).collect())
}
