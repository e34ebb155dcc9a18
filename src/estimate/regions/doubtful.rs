//! Regions that may have users or none.
//!
//! No region has fewer users than none: where little is known, those that have none come out with a
//! few or with none, never with fewer, and so with too many on average. Each alone is within its
//! interval. Together they may hold enough to bend what they are parts of: with eight sides and a
//! sample of 16, hundreds of empty overlaps took two standard deviations from the union of all. So
//! intervals reach to where the sums would be if nobody were in these regions, unless that is out of
//! question.

use super::fit::Fit;
use super::linear::{Square, dot};
use super::model::Model;

/// How much each region would gain if all doubtful ones were nobody's, by the covariance of the fit;
/// `None` if there are none, or if they can't all be nobody's.
pub(super) fn lean(model: &Model<'_>, fit: &Fit, covariance: &Square) -> Option<Vec<f64>> {
    /// Standard deviations that a region must have to be somebody's beyond doubt.
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
