//! The error to expect of sums of regions at best.

use super::super::planning::SketchSize;
use super::linear::{Square, dot};
use super::model::{Model, RegisterTerms};
use super::registers::JointRegisters;
use super::sample::SampleTerms;
use super::solver::Solver;

/// How well sketches of one size can tell N sets apart: the Cramér–Rao bound of every sum of their
/// regions, if it is known which regions have users.
#[derive(Clone, Debug)]
pub struct ExpectedRegions {
    users: Vec<f64>,
    /// Regions with users.
    some: Vec<usize>,
    /// Of these, in their order.
    covariance: Square,
}

impl ExpectedRegions {
    /// `users` holds the users of each exclusive region, a region being a mask of sets: 2^N places
    /// for N sets, place 0 not used. Of up to eight sets; `None` of more, or if nothing can be told.
    ///
    /// ```
    /// use overlap::{ExpectedRegions, SketchSize};
    ///
    /// // Three sets of 10^8 users, a tenth of which all have in common.
    /// let users = [0.0, 9e7, 9e7, 0.0, 9e7, 0.0, 0.0, 1e7];
    /// let expected = ExpectedRegions::new(&users, SketchSize::balanced(16)).expect("three sets");
    /// // Of those in all three: 1.0 %.
    /// assert!((expected.relative(|region| region == 0b111) - 0.0100).abs() < 1e-4);
    /// ```
    #[must_use]
    pub fn new(users: &[f64], sketch: SketchSize) -> Option<Self> {
        let places = users.len();
        let set_count = places.trailing_zeros() as usize;
        if !places.is_power_of_two() || !(1..=super::RegionCounts::SETS_MAX).contains(&set_count) {
            return None;
        }
        let users: Vec<f64> = users.iter().map(|users| users.max(0.0)).collect();
        let size = |set: usize| -> f64 { super::members(set, places).map(|it| users[it]).sum() };
        let theta = |set: usize| (sketch.k as f64 / size(set)).min(1.0);
        let thetas: Vec<f64> = (0..set_count).map(theta).collect();
        let registers = JointRegisters::count(sketch.precision, &vec![&[][..]; set_count]);
        let sets: Vec<usize> = (0..set_count).collect();
        let sample = SampleTerms::expected(&thetas, &users);
        let mut model = Model {
            places,
            totals: sample.certain.clone(),
            sample,
            registers: Some(RegisterTerms::new(&registers, &sets, places)),
        };
        model.center(&users);
        let some: Vec<usize> = (1..places).filter(|&region| users[region] > 0.0).collect();
        let ties = super::fit::ties(&model, &some);
        let covariance = Solver::new(&model.information(&users), &users, &some, ties)?.covariance();
        Some(Self {
            users,
            some,
            covariance,
        })
    }

    /// The relative standard deviation of the users in all regions that `wanted` picks: 0 is exact,
    /// infinite where there is no user.
    #[must_use]
    pub fn relative(&self, wanted: impl Fn(usize) -> bool) -> f64 {
        let is_wanted = |&region: &usize| f64::from(u8::from(wanted(region)));
        let picked: Vec<f64> = self.some.iter().map(is_wanted).collect();
        let size: f64 = (self.some.iter().zip(&picked))
            .map(|(&region, picked)| self.users[region] * picked)
            .sum();
        let variance = dot(&self.covariance.apply(&picked), &picked).max(0.0);
        match size > 0.0 {
            true => variance.sqrt() / size,
            false => f64::INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::planning::{PairSizes, expected_error};
    use super::*;

    #[test]
    fn two_sets_are_told_apart_as_well_as_a_pair() {
        for (users, sketch) in [
            ([0.0, 9e7, 9e7, 1e7], SketchSize::balanced(16)),
            (
                [0.0, 9e6, 2e5, 8e5],
                SketchSize {
                    precision: 12,
                    k: 4_096,
                },
            ),
            (
                [0.0, 2e5, 2e5, 1e5],
                SketchSize {
                    precision: 12,
                    k: 16,
                },
            ),
        ] {
            let sizes = PairSizes {
                only_a: users[1],
                only_b: users[2],
                overlap: users[3],
                known: [false; 2],
            };
            let pair = expected_error(&sizes, sketch);
            let regions = ExpectedRegions::new(&users, sketch).expect("two sets");
            for (found, expected) in [
                (regions.relative(|region| region & 1 == 1), pair.a),
                (regions.relative(|region| region & 2 == 2), pair.b),
                (regions.relative(|region| region == 3), pair.overlap),
                (regions.relative(|_| true), pair.union),
            ] {
                assert!((found / expected - 1.0).abs() < 0.01, "{found} {expected}");
            }
        }
    }

    #[test]
    fn what_fits_the_samples_is_exact_and_nobody_is_infinitely_hard() {
        let users = [0.0, 10.0, 20.0, 0.0, 5.0, 0.0, 0.0, 3.0];
        let regions = ExpectedRegions::new(&users, SketchSize::balanced(8)).expect("three sets");
        assert!(regions.relative(|region| region & 1 == 1) < 1e-6);
        assert_eq!(regions.relative(|region| region == 3), f64::INFINITY);
        assert!(ExpectedRegions::new(&users[..7], SketchSize::balanced(8)).is_none());
    }
}
