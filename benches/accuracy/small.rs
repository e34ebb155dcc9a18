//! Small sets, where a good part of the users is sampled: real hashes of real IDs.

use crate::draw::Parts;
use overlap::id::IdBatch;
use overlap::{
    Confidence, PairSizes, Sketch, SketchOptions, SketchSize, estimate_pair, expected_error,
    pair_counts,
};
use rayon::prelude::*;

/// What was measured of one shape.
pub struct Row {
    pub parts: Parts,
    pub sketch: SketchSize,
    pub theta: f64,
    /// Relative, or infinite where there is no overlap.
    pub bound: f64,
    pub rmse: f64,
    pub coverage: [f64; 2],
    /// Mean half width of the 95 % interval over z times the bound.
    pub width: f64,
}

const SMALL: SketchSize = SketchSize {
    precision: 12,
    k: 1024,
};
const DEFAULT: SketchSize = SketchSize::balanced(16);

/// Users of A alone, of B alone, of both.
const SHAPES: [([u64; 3], SketchSize); 12] = [
    ([1_000, 1_000, 100], SMALL),
    ([1_500, 300, 500], SMALL),
    ([1_000, 1_000, 1_000], SMALL),
    ([1_900, 1_900, 0], SMALL),
    ([3_000, 100, 800], SMALL),
    ([9_000, 9_000, 1_000], SMALL),
    ([9_500, 5, 500], SMALL),
    ([50_000, 50_000, 10_000], SMALL),
    ([50_000, 50_000, 0], SMALL),
    ([100_000, 100, 900], SMALL),
    ([10_000, 10_000, 90_000], SMALL),
    ([80_000, 50_000, 20_000], DEFAULT),
];

pub fn run(trials: u64) -> Vec<Row> {
    SHAPES
        .iter()
        .map(|&([a, b, x], sketch)| row(Parts { a, b, x }, sketch, trials))
        .collect()
}

fn row(parts: Parts, sketch: SketchSize, trials: u64) -> Row {
    let [a, b, x] = [parts.a, parts.b, parts.x].map(|users| users as f64);
    let sizes = PairSizes {
        only_a: a,
        only_b: b,
        overlap: x,
        known: [false; 2],
    };
    let bound = expected_error(&sizes, sketch).overlap;
    let outcomes: Vec<Outcome> = (0..trials)
        .into_par_iter()
        .map(|trial| one_trial(parts, sketch, trial))
        .collect();
    let n = trials as f64;
    let mean = |of: &dyn Fn(&Outcome) -> f64| outcomes.iter().map(of).sum::<f64>() / n;
    let scale = if parts.x > 0 { x } else { 1.0 };
    Row {
        parts,
        sketch,
        theta: mean(&|outcome| outcome.theta),
        bound,
        rmse: mean(&|outcome| outcome.error * outcome.error).sqrt() / scale,
        coverage: [0, 1].map(|level| mean(&|outcome| outcome.inside[level])),
        width: mean(&|outcome| outcome.half_width) / scale / (Confidence::default().z() * bound),
    }
}

struct Outcome {
    theta: f64,
    error: f64,
    inside: [f64; 2],
    half_width: f64,
}

fn one_trial(parts: Parts, sketch: SketchSize, trial: u64) -> Outcome {
    let options = SketchOptions::new(sketch.precision, sketch.k as usize).expect("in range");
    // No two trials share users.
    let start = (trial + 1).cast_signed() * 10_000_019;
    let end_a = start + parts.size_a().cast_signed();
    let end = end_a + parts.b.cast_signed();
    let sketch = |users: std::ops::Range<i64>| {
        let ids: Vec<i64> = users.collect();
        Sketch::of(IdBatch::Integers(&ids), options).expect("integers")
    };
    let (a, b) = (
        sketch(start..end_a),
        sketch(end_a - parts.x.cast_signed()..end),
    );
    let counts = pair_counts(&a, &b).expect("one domain");
    let truth = parts.x as f64;
    let [usual, high] = [0.95, 0.997]
        .map(|level| estimate_pair(&counts, Confidence::new(level).expect("a level")).overlap);
    Outcome {
        theta: counts.sample.map_or(1.0, |sample| sample.theta),
        error: usual.value - truth,
        inside: [usual, high].map(|found| f64::from((found.lower..=found.upper).contains(&truth))),
        half_width: (usual.upper - usual.lower) / 2.0,
    }
}
