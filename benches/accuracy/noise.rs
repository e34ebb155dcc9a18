//! Sketches with noise: the error of the overlap against its bound, and how often intervals hold it.
//!
//! Counts are drawn level by level from their distribution, which is written down here once more: a bit is unset with
//! probability e^(−users · share of the level / buckets), and flipped with 1 / (1 + e^ε).

use overlap::{Confidence, GRID_LEVELS, GridCounts, estimate_grids, grid_bound};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Binomial, Distribution};
use rayon::prelude::*;
use std::fmt::Write;

const USERS_A: f64 = 1e9;
const SIZE_RATIOS: [f64; 2] = [1.0, 100.0];
const SHARES: [f64; 3] = [0.5, 0.1, 0.01];
const PRECISIONS: [u8; 3] = [16, 18, 20];
const EPSILONS: [f64; 4] = [0.5, 1.0, 2.0, 4.0];

/// What was measured at one point.
#[derive(Clone, Copy, Default)]
struct Point {
    /// The bound as a share of the overlap.
    bound: f64,
    /// RMSE over the bound.
    ratio: f64,
    coverage: f64,
}

/// A table of all points, a row a pair of sides and size of grids.
pub fn run(trials: u64) -> String {
    let mut out = String::from(
        "| users of B, share | buckets | ε = ½ | 1 | 2 | 4 |\n|---|---|---:|---:|---:|---:|\n",
    );
    for ratio in SIZE_RATIOS {
        for share in SHARES {
            for precision in PRECISIONS {
                let size = USERS_A / ratio;
                let row = format!("| {size:.0e}, {} % | 2^{precision} |", share * 100.0);
                let cells = EPSILONS.map(|epsilon| {
                    let point = measure(size, share, precision, epsilon, trials);
                    let percent = point.bound * 100.0;
                    let bound = match percent {
                        percent if percent >= 10.0 => format!("{percent:.0}"),
                        _ => format!("{percent:.2}"),
                    };
                    let (ratio, held) = (point.ratio, point.coverage * 100.0);
                    format!(" {bound} %: {ratio:.2}, {held:.1} % |")
                });
                let row = cells.into_iter().fold(row, |row, cell| row + &cell);
                eprintln!("{row}");
                let _ = writeln!(out, "{row}");
            }
        }
    }
    out
}

fn measure(size_b: f64, share: f64, precision: u8, epsilon: f64, trials: u64) -> Point {
    let x = size_b * share;
    let users = [USERS_A - x, size_b - x, x];
    let flips = [1.0 / (1.0 + epsilon.exp()); 2];
    let bound = grid_bound(users, precision, flips);
    let one = |trial: u64| {
        let seed = trial << 32 ^ u64::from(precision) << 24 ^ (epsilon * 10.0) as u64 ^ x as u64;
        let counts = drawn(users, precision, flips, &mut StdRng::seed_from_u64(seed));
        let overlap = estimate_grids(&counts, Confidence::default()).overlap;
        let held = (overlap.lower..=overlap.upper).contains(&x);
        [(overlap.value - x).powi(2), f64::from(u8::from(held))]
    };
    let sums = (0..trials)
        .into_par_iter()
        .map(one)
        .reduce(|| [0.0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
    Point {
        bound: bound / x,
        ratio: (sums[0] / trials as f64).sqrt() / bound,
        coverage: sums[1] / trials as f64,
    }
}

fn drawn(users: [f64; 3], precision: u8, flips: [f64; 2], random: &mut StdRng) -> GridCounts {
    let mut counts = GridCounts {
        precision,
        flips,
        levels: [[0; 4]; GRID_LEVELS],
    };
    for (level, counts) in counts.levels.iter_mut().enumerate() {
        let (mut left, mut rest) = (1_u64 << precision, 1.0);
        for (cell, chance) in read(users, precision, flips, level).into_iter().enumerate() {
            let share = (chance / rest).clamp(0.0, 1.0);
            let drawn = match cell {
                3 => left,
                _ => Binomial::new(left, share).expect("a share").sample(random),
            };
            counts[cell] = drawn;
            left -= drawn;
            rest -= chance;
        }
    }
    counts
}

/// The probabilities of reading 00, 01, 10 and 11 in a bucket of a level.
fn read(users: [f64; 3], precision: u8, flips: [f64; 2], level: usize) -> [f64; 4] {
    let halvings = (level + 1).min(GRID_LEVELS - 1) as i32;
    let share = 0.5_f64.powi(halvings + i32::from(precision));
    let unset = |users: f64| (-users * share).exp();
    let [a, b, x] = users;
    let (none, no_a, no_b) = (unset(a + b + x), unset(a + x), unset(b + x));
    let truth = [none, no_a - none, no_b - none, 1.0 - no_a - no_b + none];
    let flipped = |from: usize, to: usize, side: usize| {
        let bit = |cell: usize| cell >> (1 - side) & 1;
        match bit(from) == bit(to) {
            true => 1.0 - flips[side],
            false => flips[side],
        }
    };
    std::array::from_fn(|to| {
        let ways = truth.iter().enumerate();
        ways.map(|(from, chance)| chance * flipped(from, to, 0) * flipped(from, to, 1))
            .sum()
    })
}
