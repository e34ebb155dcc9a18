//! Where the likelihood of the regions is largest: no region below what was seen of it, and totals
//! that are certain kept.
//!
//! A few steps that multiply (as of expectation and maximisation) lead from a rough start to the
//! neighbourhood, Newton's with an active set of bounds from there to the maximum.

use super::linear::{Factor, Square, dot};
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
    if model
        .totals
        .iter()
        .map(|(regions, _)| regions.len())
        .sum::<usize>()
        + 1
        == model.places
    {
        return counted(model);
    }
    let mut users = start(model);
    model.center(&users);
    users = maximise(model, users).users;
    model.center(&users);
    maximise(model, users)
}

/// Every region's total is certain.
fn counted(model: &Model<'_>) -> Fit {
    let mut users = vec![0.0; model.places];
    for (regions, total) in &model.totals {
        for &region in regions {
            users[region] = *total;
        }
    }
    Fit {
        slope: vec![0.0; model.places],
        free: Vec::new(),
        users,
    }
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
    const STEPS: usize = 6;
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
    const GAIN_MIN: f64 = 1e-6;
    let mut users = start;
    let mut at = model.at(&users);
    let mut prices = vec![0.0; model.totals.len()];
    for _ in 0..STEPS_MAX {
        let slope = slope_less_prices(model, &at, &prices);
        let curvature = model.curvature(&users);
        let division = divided(model, &users, &slope, &curvature);
        let Some(step) = newton_step(model, &users, &at, &curvature, &division) else {
            break;
        };
        prices.clone_from(&step.prices);
        let Some((next, next_at)) = moved(model, &users, at.value, &division, &step.change) else {
            break;
        };
        let done = step.gain < GAIN_MIN && division.pressed.is_empty();
        let is_stuck = next_at.value - at.value < 1e-3 * GAIN_MIN && division.pressed.is_empty();
        (users, at) = (next, next_at);
        if done || is_stuck {
            break;
        }
    }
    let slope = slope_less_prices(model, &at, &prices);
    // A region of less than half a user is none: what little it has may be anybody's.
    let is_free = |&region: &usize| users[region] >= model.sample.floor[region] + 0.5;
    let free = (1..users.len()).filter(is_free).collect();
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

/// How regions move in one step; the others stay at their bounds.
struct Division {
    /// By Newton's step.
    free: Vec<usize>,
    /// To their bounds, where ln L is higher: in Newton's step they would drag all others along, as
    /// if there were no bound.
    pressed: Vec<usize>,
}

fn divided(model: &Model<'_>, users: &[f64], slope: &[f64], curvature: &Square) -> Division {
    let nobody = |region: usize| {
        let mut totals = model.totals.iter();
        totals.any(|(regions, total)| *total == 0.0 && regions.contains(&region))
    };
    let mut division = Division {
        free: Vec::with_capacity(users.len()),
        pressed: Vec::new(),
    };
    for region in (1..users.len()).filter(|&region| !nobody(region)) {
        let above = users[region] - model.sample.floor[region];
        let gain_at_bound = -(slope[region] + 0.5 * curvature.at(region, region) * above) * above;
        if gain_at_bound > 0.0 {
            division.pressed.push(region);
        } else if above > 0.0 || slope[region] > 0.0 {
            division.free.push(region);
        }
    }
    keep_one_free(model, slope, &mut division);
    division
}

/// A total that has users has a region that can hold them.
fn keep_one_free(model: &Model<'_>, slope: &[f64], division: &mut Division) {
    let floor = &model.sample.floor;
    for (regions, total) in &model.totals {
        let least: f64 = regions.iter().map(|&region| floor[region]).sum();
        if *total <= least || regions.iter().any(|region| division.free.contains(region)) {
            continue;
        }
        let best = regions
            .iter()
            .max_by(|&&a, &&b| slope[a].total_cmp(&slope[b]));
        if let Some(&best) = best {
            division.pressed.retain(|&region| region != best);
            division.free.push(best);
        }
    }
}

struct Step {
    change: Vec<f64>,
    /// What one more user of each total would gain.
    prices: Vec<f64>,
    /// How much ln L should gain, to first order.
    gain: f64,
}

fn newton_step(
    model: &Model<'_>,
    users: &[f64],
    at: &Slopes,
    curvature: &Square,
    division: &Division,
) -> Option<Step> {
    let free = &division.free;
    let slope: Vec<f64> = free
        .iter()
        .map(|&region| at.up[region] - at.down[region])
        .collect();
    let solver = Solver::new(curvature, users, free, ties(model, free))?;
    // What pressed regions lose, the others of the same totals gain.
    let is_pressed = |region: &usize| division.pressed.contains(region);
    let stays = |&region: &usize| match is_pressed(&region) {
        true => model.sample.floor[region],
        false => users[region],
    };
    let lacks: Vec<f64> = (model.totals.iter())
        .map(|(regions, total)| total - regions.iter().map(stays).sum::<f64>())
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

    fn solve(&self, slope: &[f64], lacks: &[f64]) -> (Vec<f64>, Vec<f64>) {
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

/// The users after a step, cut until ln L doesn't fall: no free region comes closer to its bound than
/// by a tenth of the way, but the last hundredth of a user.
fn moved(
    model: &Model<'_>,
    users: &[f64],
    value: f64,
    division: &Division,
    change: &[f64],
) -> Option<(Vec<f64>, Slopes)> {
    const CUTS_MAX: usize = 12;
    const SLACK: f64 = 1e-9;
    let floor = &model.sample.floor;
    let mut share = 1.0;
    for _ in 0..CUTS_MAX {
        let mut next = users.to_vec();
        for (&region, change) in division.free.iter().zip(change) {
            let above = users[region] - floor[region];
            let moved = (above + share * change).max(0.1 * above);
            let is_none = moved < NONE && *change < 0.0;
            next[region] = floor[region] + if is_none { 0.0 } else { moved };
        }
        for &region in &division.pressed {
            next[region] = floor[region] + (1.0 - share) * (users[region] - floor[region]);
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
