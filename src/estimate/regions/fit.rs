//! Where the likelihood of the regions is largest: no region below what was seen of it, and totals
//! that are certain kept.
//!
//! A few steps that multiply (as of expectation and maximisation) lead from a rough start to the
//! neighbourhood, Newton's with an active set of bounds from there to the maximum.

use super::linear::{Square, dot};
use super::model::Model;
use super::registers::Slopes;
use super::solver::Solver;

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
    // First as if sets had no fixed size: a correction far from the maximum would lead astray. How
    // near the maximum is near enough for a center, in ln L:
    const NEAR: f64 = 1e-2;
    const NEARER: f64 = 1e-3;
    let mut bend = None;
    let mut users = maximise(model, start(model), Until::Near(NEAR), &mut bend).users;
    let mut then = |users: Vec<f64>, until| {
        if !model.center(&users) {
            bend = None;
        }
        maximise(model, users, until, &mut bend)
    };
    users = then(users, Until::Near(NEARER)).users;
    then(users, Until::There)
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
    // A total that is kept is kept but for rounding.
    for _ in caps {
        let over = |(regions, most): &&(Vec<usize>, f64)| {
            let users: f64 = regions.iter().map(|&region| fit.users[region]).sum();
            users > *most + NONE
        };
        let Some(over) = caps.iter().find(over) else {
            return;
        };
        model.totals.push(over.clone());
        let mut users = fit.users.clone();
        keep_totals(model, &mut users);
        *fit = maximise(model, users, Until::There, &mut None);
    }
}

/// What each region would have if the sample alone spoke, with a little for what wasn't seen, moved
/// towards what registers say.
fn start(model: &Model<'_>) -> Vec<f64> {
    const STEPS_MAX: usize = 20;
    /// Steps that should gain less ln L than this are Newton's business.
    const GAIN_MIN: f64 = 1.0;
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
    for _ in 0..STEPS_MAX {
        let slopes = model.poisson_at(&users);
        let next = multiplied(model, &users, &slopes);
        let moves = next.iter().zip(&users).map(|(next, users)| next - users);
        let slope = slopes
            .up
            .iter()
            .zip(&slopes.down)
            .map(|(up, down)| up - down);
        let gain: f64 = moves.zip(slope).map(|(change, slope)| change * slope).sum();
        users = next;
        if gain < GAIN_MIN {
            break;
        }
    }
    make_room(model, &mut users);
    users
}

/// The users after one step that multiplies each region by what more users gain over what they cost.
fn multiplied(model: &Model<'_>, users: &[f64], slopes: &Slopes) -> Vec<f64> {
    let floor = &model.sample.floor;
    let mut next = users.to_vec();
    for region in 1..users.len() {
        let factor = slopes.up[region] / slopes.down[region].max(f64::MIN_POSITIVE);
        if factor.is_finite() {
            next[region] *= factor.clamp(1e-3, 1e3);
        }
        next[region] = next[region].max(floor[region]).max(NONE);
    }
    keep_totals(model, &mut next);
    next
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

/// No class of users is smaller than what was seen of it: every hash is a user of one of the regions
/// that it may be of, divided as they are. Where whole samples tell, there are no others.
fn make_room(model: &Model<'_>, users: &mut [f64]) {
    let mut seen = vec![0.0; users.len()];
    for (regions, hashes) in model
        .sample
        .seen_of
        .iter()
        .filter(|(_, hashes)| *hashes > 0)
    {
        let all: f64 = regions.iter().map(|region| users[region]).sum();
        for region in regions.iter() {
            seen[region] += *hashes as f64 * users[region] / all.max(f64::MIN_POSITIVE);
        }
    }
    for (region, seen) in seen.iter().enumerate().skip(1) {
        users[region] = users[region].max(*seen);
    }
    for (regions, _) in &model.sample.certain {
        for &region in regions {
            users[region] = seen[region];
        }
    }
}

/// How far steps go.
#[derive(Clone, Copy, PartialEq)]
enum Until {
    /// To where another step gains less than this in ln L.
    Near(f64),
    /// To the maximum, with every region that is pressed to its bound there.
    There,
}

/// Newton's steps over the regions that no bound holds. `bend` is the curvature nearby, where it is
/// known, and afterwards that of the last steps.
fn maximise(model: &Model<'_>, start: Vec<f64>, until: Until, bend: &mut Option<Square>) -> Fit {
    const STEPS_MAX: usize = 50;
    /// A step that should gain less in ln L leads to where ln L bends as it did: it moves all regions
    /// together by less than a third of what is known of them.
    const SMALL: f64 = 0.05;
    let gain_min = match until {
        Until::Near(gain) => gain,
        Until::There => 1e-5,
    };
    let mut users = start;
    let mut at = model.at(&users);
    let mut prices = vec![0.0; model.totals.len()];
    let mut damping = 0.0;
    for _ in 0..STEPS_MAX {
        let slope = slope_less_prices(model, &at, &prices);
        let curvature = bend.take().unwrap_or_else(|| model.curvature(&users));
        let division = divided(model, &users, &slope, &curvature);
        let here = Here {
            users: &users,
            at: &at,
            curvature: &curvature,
            division: &division,
        };
        let Some(step) = here.step(model, &mut damping) else {
            break;
        };
        if step.expected < SMALL && damping == 0.0 {
            *bend = Some(curvature);
        }
        let done = step.expected < gain_min || step.gained < 1e-3 * gain_min;
        (users, at, prices) = (step.users, step.at, step.prices);
        if done && (division.pressed.is_empty() || until != Until::There) {
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
    let mut division = Division {
        free: Vec::with_capacity(users.len()),
        pressed: Vec::new(),
    };
    for region in (1..users.len()).filter(|&region| !model.is_certain(region)) {
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

/// How many users each certain total lacks.
fn lacks_of(model: &Model<'_>, users: &[f64]) -> Vec<f64> {
    let found = |regions: &[usize]| regions.iter().map(|&region| users[region]).sum::<f64>();
    (model.totals.iter())
        .map(|(regions, total)| total - found(regions))
        .collect()
}

/// Where a step begins.
struct Here<'a> {
    users: &'a [f64],
    at: &'a Slopes,
    curvature: &'a Square,
    division: &'a Division,
}

/// A step that was taken.
struct Step {
    users: Vec<f64>,
    at: Slopes,
    /// What one more user of each total would gain.
    prices: Vec<f64>,
    /// How much ln L should have gained, to first order, and how much it has.
    expected: f64,
    gained: f64,
}

impl Here<'_> {
    /// A step that gains a fair part of what it should, damped as far as that takes: where ln L hardly
    /// bends, the parabola leads too far.
    fn step(&self, model: &Model<'_>, damping: &mut f64) -> Option<Step> {
        /// Less damping than this is none.
        const DAMPING_MIN: f64 = 1e-5;
        const TRIES_MAX: usize = 12;
        const FAIR: f64 = 0.05;
        const SLACK: f64 = 1e-9;
        let slack = SLACK * (1.0 + self.at.value.abs() * 1e-6);
        for _ in 0..TRIES_MAX {
            let pressed = self.pressed_users(model, *damping);
            let (change, prices, expected) = self.newton(model, &pressed, *damping)?;
            let users = self.moved(model, &change, &pressed);
            let at = model.at(&users);
            // Users that a total lacked before and has now are paid for at its price.
            let paid =
                dot(&prices, &lacks_of(model, self.users)) - dot(&prices, &lacks_of(model, &users));
            let gained = at.value - self.at.value - paid;
            if gained >= FAIR * expected || (expected < 1.0 && gained >= -slack) {
                *damping = if *damping > 0.1 * DAMPING_MIN {
                    *damping * 0.1
                } else {
                    0.0
                };
                return Some(Step {
                    users,
                    at,
                    prices,
                    expected,
                    gained,
                });
            }
            *damping = (*damping * 8.0).max(DAMPING_MIN);
        }
        None
    }

    /// What the pressed regions keep: nothing above their bounds, or the more the stronger the
    /// damping.
    fn pressed_users(&self, model: &Model<'_>, damping: f64) -> Vec<f64> {
        let kept = |&region: &usize| {
            let floor = model.sample.floor[region];
            let kept = (self.users[region] - floor) * (damping / (1.0 + damping));
            floor + if kept < NONE { 0.0 } else { kept }
        };
        self.division.pressed.iter().map(kept).collect()
    }

    /// The change of the free regions, the prices of the totals, and the gain to first order.
    fn newton(
        &self,
        model: &Model<'_>,
        pressed: &[f64],
        damping: f64,
    ) -> Option<(Vec<f64>, Vec<f64>, f64)> {
        let (users, free) = (self.users, &self.division.free);
        let slope_of = |region: usize| self.at.up[region] - self.at.down[region];
        // What pressed regions lose bends the slopes of the others.
        let mut stays = users.to_vec();
        let mut lost = vec![0.0; users.len()];
        for (&region, &kept) in self.division.pressed.iter().zip(pressed) {
            stays[region] = kept;
            lost[region] = users[region] - kept;
        }
        let bent = |&region: &usize| slope_of(region) + dot(self.curvature.row(region), &lost);
        let slope: Vec<f64> = free.iter().map(bent).collect();
        let ties = ties(model, free);
        let solver = match damping > 0.0 {
            true => {
                let mut damped = self.curvature.clone();
                for &region in free {
                    let above = users[region] - model.sample.floor[region];
                    let bend = damped.at(region, region) + 1.0 / (0.01 + above * above);
                    damped.add(region, region, damping * bend);
                }
                Solver::new(&damped, users, free, ties)?
            }
            false => Solver::new(self.curvature, users, free, ties)?,
        };
        let lacks = lacks_of(model, &stays);
        let (change, prices) = solver.solve(&slope, &lacks);
        let moves = free.iter().zip(&change);
        let gain: f64 = moves
            .map(|(&region, change)| slope_of(region) * change)
            .sum();
        let pressed = self.division.pressed.iter();
        let loss: f64 = pressed.map(|&region| slope_of(region) * lost[region]).sum();
        let expected = gain - loss - dot(&prices, &lacks_of(model, users));
        Some((change, prices, expected))
    }

    /// The users after a step: no free region comes closer to its bound than by a tenth of the way,
    /// but the last hundredth of a user.
    fn moved(&self, model: &Model<'_>, change: &[f64], pressed: &[f64]) -> Vec<f64> {
        let floor = &model.sample.floor;
        let mut next = self.users.to_vec();
        for (&region, change) in self.division.free.iter().zip(change) {
            let above = self.users[region] - floor[region];
            let moved = (above + change).max(0.1 * above);
            let is_none = moved < NONE && *change < 0.0;
            next[region] = floor[region] + if is_none { 0.0 } else { moved };
        }
        for (&region, &kept) in self.division.pressed.iter().zip(pressed) {
            next[region] = kept;
        }
        keep_totals(model, &mut next);
        next
    }
}

/// For every certain total, which of the free regions belong to it.
pub(super) fn ties(model: &Model<'_>, free: &[usize]) -> Vec<Vec<f64>> {
    let member =
        |regions: &Vec<usize>, region: &usize| f64::from(u8::from(regions.contains(region)));
    (model.totals.iter())
        .map(|(regions, _)| free.iter().map(|region| member(regions, region)).collect())
        .collect()
}
