//! Whether events happen as often as `--break-even` says.

use crate::draw::{Draw, Parts};
use overlap::id::IdBatch;
use overlap::{PairCounts, Sketch, SketchOptions, SketchSize, pair_counts, probability_of_gain};
use rayon::prelude::*;
use std::fmt::Write;

/// The probabilities that are looked at.
pub const LEVELS: [f64; 3] = [0.1, 0.5, 0.9];

/// What was measured of one shape.
pub struct Row {
    shape: Shape,
    /// How often the gain was more than the number that was given each of [`LEVELS`].
    happened: [f64; 3],
}

#[derive(Clone, Copy)]
struct Shape {
    /// Users of A alone, of B alone, of both.
    parts: [u64; 3],
    sketch: SketchSize,
    /// Whether the users are hashed, or the counts drawn from their exact distribution.
    is_hashed: bool,
    /// Whether both sizes are known.
    known: bool,
}

const SMALL: SketchSize = SketchSize {
    precision: 12,
    k: 1024,
};
const DEFAULT: SketchSize = SketchSize::balanced(16);

const fn hashed(parts: [u64; 3], known: bool) -> Shape {
    Shape {
        parts,
        sketch: SMALL,
        is_hashed: true,
        known,
    }
}

const fn drawn(parts: [u64; 3], known: bool) -> Shape {
    Shape {
        parts,
        sketch: DEFAULT,
        is_hashed: false,
        known,
    }
}

const SHAPES: [Shape; 12] = [
    hashed([1_500, 1_500, 500], false),
    hashed([9_000, 9_000, 1_000], false),
    hashed([50_000, 50_000, 10_000], false),
    hashed([50_000, 50_000, 10_000], true),
    hashed([10_000, 10_000, 90_000], false),
    hashed([90_000, 1_000, 9_000], false),
    hashed([100_000, 1_000, 100], true),
    drawn([900_000_000, 900_000_000, 100_000_000], false),
    drawn([900_000_000, 900_000_000, 100_000_000], true),
    drawn([100_000_000, 100_000_000, 900_000_000], false),
    drawn([999_000_000, 9_000_000, 1_000_000], false),
    drawn([910_000_000, 10_000_000, 90_000_000], false),
];

pub fn run(trials: u64) -> Vec<Row> {
    SHAPES.iter().map(|&shape| row(shape, trials)).collect()
}

fn row(shape: Shape, trials: u64) -> Row {
    let [_, gain, _] = shape.parts;
    let given = |trial: u64| {
        let counts = match shape.is_hashed {
            true => hashed_counts(shape, trial),
            false => drawn_counts(shape, trial),
        };
        probability_of_gain(&counts, gain - 1)
    };
    let given: Vec<f64> = (0..trials).into_par_iter().map(given).collect();
    // The gain is more than the number that is given a probability just if being more than the next
    // smaller than itself is given no more.
    let share = |level: f64| given.iter().filter(|&&p| p <= level).count() as f64;
    Row {
        shape,
        happened: LEVELS.map(|level| share(level) / trials as f64),
    }
}

fn known(shape: Shape, counts: PairCounts) -> PairCounts {
    let [a, b, x] = shape.parts;
    let size = |users: u64| shape.known.then_some(users);
    PairCounts {
        known_a: size(a + x),
        known_b: size(b + x),
        ..counts
    }
}

fn hashed_counts(shape: Shape, trial: u64) -> PairCounts {
    let [a, b, x] = shape.parts.map(u64::cast_signed);
    let (p, k) = (shape.sketch.precision, shape.sketch.k as usize);
    let options = SketchOptions::new(p, k).expect("in range");
    // No two trials share users.
    let start = (trial + 1).cast_signed() * 10_000_019;
    let sketch = |users: std::ops::Range<i64>| {
        // Only the counts are asked: rows, which bound the sizes, are of other sketches.
        let ids: Vec<i64> = users.collect();
        Sketch::of(IdBatch::Integers(&ids), options).expect("integers")
    };
    let (a, b) = (
        sketch(start..start + a + x),
        sketch(start + a..start + a + x + b),
    );
    let counts = PairCounts {
        most_a: None,
        most_b: None,
        ..pair_counts(&a, &b).expect("one domain")
    };
    known(shape, counts)
}

fn drawn_counts(shape: Shape, trial: u64) -> PairCounts {
    let [a, b, x] = shape.parts;
    let (parts, sketch) = (Parts { a, b, x }, shape.sketch);
    let mut draw = Draw::new(trial * 1_000_003 + b + x);
    let counts = PairCounts {
        sample: Some(draw.sample(parts, sketch.k)),
        registers: Some(draw.registers(parts, sketch.precision)),
        ..PairCounts::default()
    };
    known(shape, counts)
}

/// The page, `docs/accuracy-gain.md`.
pub fn page(rows: &[Row], trials: u64) -> String {
    let mut out = HEAD.replace("TRIALS", &trials.to_string());
    for row in rows {
        let [a, b, x] = row.shape.parts;
        let (p, k) = (row.shape.sketch.precision, row.shape.sketch.k);
        let how = match row.shape.is_hashed {
            true => "hashed",
            false => "drawn",
        };
        let sizes = match row.shape.known {
            true => "known",
            false => "estimated",
        };
        let _ = write!(
            out,
            "| {a}, {b}, {x} | p = {p}, k = {k} | {how} | {sizes} |"
        );
        for (happened, level) in row.happened.iter().zip(LEVELS) {
            let error = (level * (1.0 - level) / trials as f64).sqrt();
            let off = (happened - level) / error;
            let _ = write!(out, " {:.1} ({off:+.1}) |", happened * 100.0);
        }
        out.push('\n');
    }
    out
}

const HEAD: &str = "# How often the events of `--break-even` happen

Measured by `cargo bench --bench accuracy -- gain TRIALS` (seeded; TRIALS trials a row), which writes this page. In every trial two sides are
sketched, and the program is asked for the number of new users to which it gives a probability of 10, 50 and 90 %. The columns say in how
many percent of the trials the second side had more new users than that, and in parentheses how many standard errors of the simulation this
is away from the probability. *Hashed* trials sketch real IDs, each its own; the counts of *drawn* ones come from the sketches' exact
distributions. Sizes are estimated, or known as with `--unique`.

| only A, only B, both | sketch | trials | sizes | given 10 % | given 50 % | given 90 % |
|---|---|---|---|---:|---:|---:|
";
