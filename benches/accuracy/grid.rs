//! The cells and what is measured in each.

use crate::draw::{Draw, Parts};
use crate::rivals;
use overlap::{Confidence, PairCounts, PairSizes, SketchSize, estimate_pair, expected_error};
use rayon::prelude::*;

/// The sketch that is characterised: the default.
pub const SKETCH: SketchSize = SketchSize::balanced(16);

const USERS_A: u64 = 1_000_000_000;
const SIZE_RATIOS: [u64; 4] = [1, 10, 100, 1_000];
const SHARES: [f64; 10] = [
    0.0,
    2e-4,
    0.002,
    0.01,
    0.02,
    0.1,
    0.3,
    2.0 / 3.0,
    0.9,
    0.999,
];

/// What is known of the sizes.
pub type Known = [bool; 2];

/// One estimator in one cell, relative to the true overlap (to |B| where there is none).
#[derive(Clone, Copy, Debug, Default)]
pub struct Error {
    pub rmse: f64,
    pub bias: f64,
}

/// Everything measured in one cell.
#[derive(Clone, Debug)]
pub struct Cell {
    pub parts: Parts,
    pub ratio: u64,
    pub share: f64,
    pub bound: f64,
    pub joint: Error,
    /// Share of intervals that hold the truth at 95 % and at 99.7 %.
    pub coverage: [f64; 2],
    /// Mean half width of the 95 % interval in units of z times the bound.
    pub width: f64,
    /// Inclusion–exclusion, MinHash × HLL and theta with the very same p and k.
    pub same_sketch: [Error; 3],
    /// The same with the bytes of ours, split as serves each best.
    pub same_bytes: [Error; 3],
}

pub struct Report {
    pub free: Vec<Cell>,
    pub known: Vec<Cell>,
}

pub fn run(trials: u64) -> Report {
    let known_shares = [0.02, 0.1, 0.5, 0.9];
    let known = known_shares.map(|share| cell(1, share, [true; 2], trials));
    let mut free = Vec::new();
    for ratio in SIZE_RATIOS {
        for share in SHARES {
            free.push(cell(ratio, share, [false; 2], trials));
            eprintln!("{}", line(&free[free.len() - 1]));
        }
    }
    Report {
        free,
        known: known.into(),
    }
}

fn line(cell: &Cell) -> String {
    format!(
        "1:{} {:.4} bound {:.3}% rmse/bound {:.3} bias/rmse {:+.3} cover {:.2} {:.2} width {:.3}",
        cell.ratio,
        cell.share,
        cell.bound * 100.0,
        cell.joint.rmse / cell.bound,
        cell.joint.bias / cell.joint.rmse,
        cell.coverage[0] * 100.0,
        cell.coverage[1] * 100.0,
        cell.width
    )
}

fn cell(ratio: u64, share: f64, known: Known, trials: u64) -> Cell {
    let size_b = USERS_A / ratio;
    let x = (size_b as f64 * share).round() as u64;
    let parts = Parts {
        a: USERS_A - x,
        b: size_b - x,
        x,
    };
    let sizes = PairSizes {
        only_a: parts.a as f64,
        only_b: parts.b as f64,
        overlap: x as f64,
        known,
    };
    let sums = (0..trials)
        .into_par_iter()
        .map(|trial| one_trial(parts, known, seed(ratio, share, known, trial)))
        .reduce(Sums::default, Sums::plus);
    let scale = if x > 0 { x as f64 } else { size_b as f64 };
    let n = trials as f64;
    let error = |[sum, squares]: [f64; 2]| Error {
        rmse: (squares / n).sqrt() / scale,
        bias: sum / n / scale,
    };
    let bound = if x > 0 {
        expected_error(&sizes, SKETCH).overlap
    } else {
        f64::NAN
    };
    Cell {
        parts,
        ratio,
        share,
        bound,
        joint: error(sums.errors[0]),
        coverage: sums.inside.map(|inside| inside / n),
        width: sums.half_width / n / scale / (Confidence::default().z() * bound),
        same_sketch: [1, 2, 3].map(|i| error(sums.errors[i])),
        same_bytes: [4, 5, 6].map(|i| error(sums.errors[i])),
    }
}

fn seed(ratio: u64, share: f64, known: Known, trial: u64) -> u64 {
    let cell = (ratio << 48) ^ ((share * 1e6) as u64).wrapping_mul(0x9e37_79b9);
    cell ^ (u64::from(known[0]) << 60) ^ (trial << 20)
}

#[derive(Clone, Copy, Default)]
struct Sums {
    /// Sum and sum of squares of the error: ours, three rivals twice.
    errors: [[f64; 2]; 7],
    inside: [f64; 2],
    half_width: f64,
}

impl Sums {
    fn plus(mut self, other: Self) -> Self {
        for (mine, theirs) in self
            .errors
            .iter_mut()
            .flatten()
            .zip(other.errors.iter().flatten())
        {
            *mine += theirs;
        }
        for (mine, theirs) in self.inside.iter_mut().zip(other.inside) {
            *mine += theirs;
        }
        self.half_width += other.half_width;
        self
    }

    fn add(&mut self, estimator: usize, error: f64) {
        self.errors[estimator][0] += error;
        self.errors[estimator][1] += error * error;
    }
}

/// Hashes and registers that the rivals get for the bytes of ours: inclusion–exclusion all of it
/// in 6-bit registers; MinHash × HLL a tenth of it in registers, the rest in 8-byte hashes; theta
/// 6 bytes a hash, as DataSketches' compressed form needs.
fn rivals_sizes() -> (u8, u64, u64) {
    let bytes = SKETCH.stored_bytes();
    let precision = (bytes / 0.75).log2().round() as u8;
    (precision, (bytes * 0.9 / 8.0) as u64, (bytes / 6.0) as u64)
}

fn one_trial(parts: Parts, known: Known, seed: u64) -> Sums {
    let mut draw = Draw::new(seed);
    let mut sums = Sums::default();
    let truth = parts.x as f64;
    let registers = draw.registers(parts, SKETCH.precision);
    let sample = draw.sample(parts, SKETCH.k);
    let size = |is_known: bool, size: u64| is_known.then_some(size);
    let counts = PairCounts {
        sample: Some(sample),
        registers: Some(registers),
        known_a: size(known[0], parts.size_a()),
        known_b: size(known[1], parts.size_b()),
        ..PairCounts::default()
    };
    for (i, level) in [0.95, 0.997].into_iter().enumerate() {
        let confidence = Confidence::new(level).expect("a level");
        let overlap = estimate_pair(&counts, confidence).overlap;
        sums.inside[i] = f64::from((overlap.lower..=overlap.upper).contains(&truth));
        if i == 0 {
            sums.add(0, overlap.value - truth);
            sums.half_width = (overlap.upper - overlap.lower) / 2.0;
        }
    }
    sums.add(1, rivals::inclusion_exclusion(&registers) - truth);
    let minhash = rivals::minhash_times_union(&mut draw, parts, SKETCH.k, &registers);
    sums.add(2, minhash - truth);
    sums.add(3, rivals::theta(&sample) - truth);
    let (precision, hashes, theta_hashes) = rivals_sizes();
    let large = draw.registers(parts, precision);
    sums.add(4, rivals::inclusion_exclusion(&large) - truth);
    let small = draw.registers(parts, precision - 3);
    let minhash = rivals::minhash_times_union(&mut draw, parts, hashes, &small);
    sums.add(5, minhash - truth);
    let theta = draw.sample(parts, theta_hashes);
    sums.add(6, rivals::theta(&theta) - truth);
    sums
}
