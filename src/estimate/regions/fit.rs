//! Where the likelihood of the regions is largest: no region below what was seen of it, and totals
//! that are certain kept.
//!
//! A few steps that multiply (as of expectation and maximisation) lead from a rough start to the
//! neighbourhood, Newton's with an active set of bounds from there to the maximum.

use super::linear::{Square, dot};
use super::model::Model;
use super::registers::Slopes;

/// A maximum.
#[derive(Debug)]
pub(super) struct Fit {
    pub(super) users: Vec<f64>,
    /// Slopes of ln L by the regions, less the prices of the totals: negative where a bound holds a
    /// region.
    pub(super) slope: Vec<f64>,
    /// Regions that no bound holds.
    pub(super) free: Vec<usize>,
}

/// A region with this little more than its bound is at its bound: it rounds to it.
const NONE: f64 = 0.01;

/// Fits the model, whose registers are centered on the fit.
pub(super) fn fit(model: &mut Model<'_>) -> Fit {
    let mut users = start(model);
    for _ in 0..2 {
        model.center(&users);
        users = maximise(model, users).users;
    }
    maximise(model, users)
}

/// Holds sets that came out larger than the most they can have at that.
pub(super) fn keep_below(model: &mut Model<'_>, fit: &mut Fit, caps: &[(Vec<usize>, f64)]) {
    for _ in caps {
        let over = |(regions, most): &&(Vec<usize>, f64)| {
            regions.iter().map(|&region| fit.users[region]).sum::<f64>() > *most
        };
        let Some(over) = caps.iter().find(over) else {
            return;
        };
        model.totals.push(over.clone());
        let mut users = fit.users.clone();
        keep_totals(model, &mut users);
        fit.users = maximise(model, users).users;
    }
}

/// What each region would have if the sample alone spoke, with a little for what wasn't seen, moved
/// towards what registers say.
fn start(model: &Model<'_>) -> Vec<f64> {
    const STEPS: usize = 12;
    /// Hashes that might have been seen of a region of which none was.
    const UNSEEN: f64 = 0.1;
    let sample = &model.sample;
    let theta = if sample.theta > 0.0 {
        sample.theta
    } else {
        1e-3
    };
    let mut users: Vec<f64> = sample
        .floor
        .iter()
        .map(|&seen| (seen + UNSEEN) / theta)
        .collect();
    users[0] = 0.0;
    keep_totals(model, &mut users);
    for _ in 0..STEPS {
        let Slopes { up, down, .. } = model.poisson_at(&users);
        for region in 1..users.len() {
            let factor = up[region] / down[region].max(f64::MIN_POSITIVE);
            if factor.is_finite() {
                users[region] *= factor.clamp(1e-3, 1e3);
            }
            users[region] = users[region].max(sample.floor[region]).max(NONE);
        }
        keep_totals(model, &mut users);
    }
    make_room(model, &mut users);
    users
}

/// Scales the regions of every certain total, down to their floors at the most.
fn keep_totals(model: &Model<'_>, users: &mut [f64]) {
    const ROUNDS: usize = 4;
    let floor = &model.sample.floor;
    for _ in 0..ROUNDS {
        for (regions, total) in &model.totals {
            let least: f64 = regions.iter().map(|&region| floor[region]).sum();
            let above: f64 = regions
                .iter()
                .map(|&region| users[region] - floor[region])
                .sum();
            let wanted = (total - least).max(0.0);
            for &region in regions {
                users[region] = match above > 0.0 {
                    true => floor[region] + (users[region] - floor[region]) * (wanted / above),
                    false => floor[region] + wanted / regions.len() as f64,
                };
            }
        }
    }
}

/// No class of users is smaller than what was seen of it.
fn make_room(model: &Model<'_>, users: &mut [f64]) {
    for class in &model.sample.classes {
        let lack = class.seen - class.size(users);
        if lack > 0.0 {
            let share = lack / class.regions.len() as f64;
            for &region in &class.regions {
                users[region] += share;
            }
        }
    }
}

/// Newton's steps over the regions that no bound holds.
fn maximise(model: &Model<'_>, start: Vec<f64>) -> Fit {
    const STEPS_MAX: usize = 50;
    const GAIN_MIN: f64 = 1e-7;
    let mut users = start;
    let mut at = model.at(&users);
    let mut prices = vec![0.0; model.totals.len()];
    for _ in 0..STEPS_MAX {
        let slope = slope_less_prices(model, &at, &prices);
        let free = free_regions(model, &users, &slope);
        let Some(step) = newton_step(model, &users, &at, &free) else {
            break;
        };
        prices.clone_from(&step.prices);
        let Some((next, next_at)) = moved(model, &users, at.value, &free, &step.change) else {
            break;
        };
        let done = step.gain < GAIN_MIN;
        (users, at) = (next, next_at);
        if done {
            break;
        }
    }
    let slope = slope_less_prices(model, &at, &prices);
    let mut free = Vec::with_capacity(users.len());
    for (region, &floor) in model.sample.floor.iter().enumerate().skip(1) {
        // Steps end when they gain nothing any more, perhaps short of a bound.
        let is_held = users[region] < floor + 0.5 && slope[region] <= 0.0;
        if is_held || users[region] <= floor {
            users[region] = floor;
        } else {
            free.push(region);
        }
    }
    Fit { users, slope, free }
}

fn slope_less_prices(model: &Model<'_>, at: &Slopes, prices: &[f64]) -> Vec<f64> {
    let mut slope: Vec<f64> = at
        .up
        .iter()
        .zip(&at.down)
        .map(|(up, down)| up - down)
        .collect();
    for ((regions, _), price) in model.totals.iter().zip(prices) {
        for &region in regions {
            slope[region] -= price;
        }
    }
    slope
}

/// Regions above their bounds, and those that want to leave theirs.
fn free_regions(model: &Model<'_>, users: &[f64], slope: &[f64]) -> Vec<usize> {
    let floor = &model.sample.floor;
    let nobody = |region: usize| {
        let mut totals = model.totals.iter();
        totals.any(|(regions, total)| *total == 0.0 && regions.contains(&region))
    };
    (1..users.len())
        .filter(|&region| users[region] > floor[region] || slope[region] > 0.0)
        .filter(|&region| !nobody(region))
        .collect()
}

struct Step {
    change: Vec<f64>,
    /// What one more user of each total would gain.
    prices: Vec<f64>,
    /// How much ln L should gain, to first order.
    gain: f64,
}

fn newton_step(model: &Model<'_>, users: &[f64], at: &Slopes, free: &[usize]) -> Option<Step> {
    let slope: Vec<f64> = free
        .iter()
        .map(|&region| at.up[region] - at.down[region])
        .collect();
    let information = model.information(users).block(free);
    let solver = Solver::new(information, &ties(model, free))?;
    let lacks: Vec<f64> = (model.totals.iter())
        .map(|(regions, total)| total - regions.iter().map(|&region| users[region]).sum::<f64>())
        .collect();
    let (change, prices) = solver.solve(&slope, &lacks);
    let gain = dot(&slope, &change);
    Some(Step {
        gain: gain - dot(&prices, &lacks),
        change,
        prices,
    })
}

/// For every certain total, which of the free regions belong to it.
pub(super) fn ties(model: &Model<'_>, free: &[usize]) -> Vec<Vec<f64>> {
    let member =
        |regions: &Vec<usize>, region: &usize| f64::from(u8::from(regions.contains(region)));
    (model.totals.iter())
        .map(|(regions, _)| free.iter().map(|region| member(regions, region)).collect())
        .collect()
}

/// Quadratic steps under linear ties: information H and ties C give the step H⁻¹ (g − Cᵀ μ) with
/// the prices μ for which C · step is what the totals lack.
pub(super) struct Solver {
    inverse: Square,
    /// H⁻¹ Cᵀ, a row for each tie that ties anything.
    through: Vec<Vec<f64>>,
    /// The ties of these rows.
    tied: Vec<usize>,
    ties: Vec<Vec<f64>>,
    schur: Option<super::linear::Factor>,
}

impl Solver {
    /// `None` if the information is of no use.
    pub(super) fn new(mut information: Square, ties: &[Vec<f64>]) -> Option<Self> {
        let mut factor = information.cholesky();
        let mut damping = 1e-9;
        while factor.is_none() {
            if damping > 1e3 {
                return None;
            }
            for i in 0..information.len() {
                let more = damping * information.at(i, i).abs() + f64::MIN_POSITIVE;
                information.add(i, i, more);
            }
            damping *= 30.0;
            factor = information.cholesky();
        }
        let inverse = factor?.inverse();
        let tied: Vec<usize> = (0..ties.len())
            .filter(|&tie| ties[tie].contains(&1.0))
            .collect();
        let through: Vec<Vec<f64>> = tied.iter().map(|&tie| inverse.apply(&ties[tie])).collect();
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
            inverse,
            through,
            tied,
            ties: ties.to_vec(),
        })
    }

    fn solve(&self, slope: &[f64], lacks: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut change = self.inverse.apply(slope);
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
    pub(super) fn covariance(mut self) -> Square {
        if let Some(schur) = &self.schur {
            let inner = schur.inverse();
            for (a, left) in self.through.iter().enumerate() {
                for (b, right) in self.through.iter().enumerate() {
                    let weight = inner.at(a, b);
                    for (i, left) in left.iter().enumerate() {
                        for (cell, right) in self.inverse.row_mut(i).iter_mut().zip(right) {
                            *cell -= weight * left * right;
                        }
                    }
                }
            }
        }
        self.inverse
    }
}

/// The users after a step, cut until ln L doesn't fall: no region comes closer to its bound than by a
/// tenth of the way, but the last hundredth of a user.
fn moved(
    model: &Model<'_>,
    users: &[f64],
    value: f64,
    free: &[usize],
    change: &[f64],
) -> Option<(Vec<f64>, Slopes)> {
    const CUTS_MAX: usize = 12;
    const SLACK: f64 = 1e-9;
    let floor = &model.sample.floor;
    let mut share = 1.0;
    for _ in 0..CUTS_MAX {
        let mut next = users.to_vec();
        for (&region, change) in free.iter().zip(change) {
            let above = users[region] - floor[region];
            let moved = (above + share * change).max(0.1 * above);
            let is_none = moved < NONE && *change < 0.0;
            next[region] = floor[region] + if is_none { 0.0 } else { moved };
        }
        keep_totals(model, &mut next);
        let at = model.at(&next);
        if at.value >= value - SLACK * (1.0 + value.abs() * 1e-6) {
            return Some((next, at));
        }
        share *= 0.25;
    }
    None
}
