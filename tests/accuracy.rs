//! Seeded trials: how often the intervals of real sketches hold the truth.

use overlap::id::IdBatch;
use overlap::{Confidence, PairEstimate, Sketch, SketchOptions, estimate_sketches};

/// A pair of sets of integers that no other trial shares.
#[derive(Clone, Copy, Debug)]
struct Shape {
    only_a: i64,
    only_b: i64,
    both: i64,
}

fn estimate(shape: Shape, seed: i64, options: SketchOptions) -> PairEstimate {
    let start = seed << 32;
    let end_a = start + shape.only_a + shape.both;
    let end = end_a + shape.only_b;
    let sketch = |users: std::ops::Range<i64>| {
        let ids: Vec<i64> = users.collect();
        Sketch::of(IdBatch::Integers(&ids), options).unwrap()
    };
    let (a, b) = (sketch(start..end_a), sketch(end_a - shape.both..end));
    estimate_sketches(&a, &b, Confidence::default()).unwrap()
}

#[test]
fn explore() {
    let options = SketchOptions::new(12, 1024).unwrap();
    for (only_a, only_b, both) in [
        (1000, 1000, 100),
        (1500, 300, 500),
        (1000, 1000, 1000),
        (3000, 100, 800),
        (9000, 9000, 1000),
        (1900, 1900, 0),
        (9500, 5, 500),
        (50_000, 50_000, 10_000),
        (50_000, 50_000, 100),
        (50_000, 50_000, 0),
        (50_000, 0, 50_000),
        (100_000, 100, 900),
        (100_000, 0, 2000),
        (10_000, 10_000, 90_000),
        (90_000, 1_000, 9_000),
    ] {
        let shape = Shape {
            only_a,
            only_b,
            both,
        };
        let trials = 2000;
        let mut stats = vec![(0, 0.0, 0.0, 0.0); 10];
        for seed in 0..trials {
            let e = estimate(shape, seed + 1, options);
            let (a, b, x) = (only_a as f64, only_b as f64, both as f64);
            let truths = [
                (e.overlap, x),
                (e.only_a, a),
                (e.only_b, b),
                (e.a, a + x),
                (e.b, b + x),
                (e.union, a + b + x),
                (e.share_of_a, x / (a + x)),
                (e.share_of_b, x / (b + x)),
                (e.jaccard, x / (a + b + x)),
                (e.gain_a, b / (a + x)),
            ];
            for (s, (est, truth)) in stats.iter_mut().zip(truths) {
                s.0 += i32::from(est.lower <= truth && truth <= est.upper);
                s.1 += est.value - truth;
                s.2 += (est.value - truth).powi(2);
                s.3 += est.upper - est.lower;
            }
        }
        print!("{only_a}/{only_b}/{both}: ");
        let n = trials as f64;
        for (name, s) in ["x", "a", "b", "A", "B", "U", "sA", "sB", "J", "gA"]
            .iter()
            .zip(&stats)
        {
            print!("{name} {:.1}% ", 100.0 * s.0 as f64 / n);
        }
        let s = stats[0];
        println!(
            "| x rmse {:.2} bias {:.2} width {:.1}",
            (s.2 / n).sqrt(),
            s.1 / n,
            s.3 / n
        );
    }
}

#[test]
fn dig() {
    use overlap::{estimate_pair, pair_counts};
    let options = SketchOptions::new(12, 1024).unwrap();
    for (only_a, only_b, both) in [
        (100_000, 100, 900),
        (102_000, 100, 900),
        (99_000, 100, 900),
        (100_000, 50, 950),
        (100_000, 300, 700),
        (150_000, 100, 900),
    ] {
        for mode in 0..3 {
            let (mut low, mut high, mut sum, mut sq, mut ths) = (0, 0, 0.0, 0.0, 0.0);
            let trials = 1000;
            for seed in 0..trials {
                let start = (seed + 1) << 32;
                let end_a = start + only_a + both;
                let end = end_a + only_b;
                let sketch = |users: std::ops::Range<i64>| {
                    let ids: Vec<i64> = users.collect();
                    Sketch::of(IdBatch::Integers(&ids), options).unwrap()
                };
                let (a, b) = (sketch(start..end_a), sketch(end_a - both..end));
                let mut c = pair_counts(&a, &b).unwrap();
                if mode == 1 {
                    c.registers = None;
                }
                if mode == 2 {
                    c.sample = None;
                    c.known_b = Some(1000);
                }
                let e = estimate_pair(&c, Confidence::default());
                if mode == 0 && only_b == 50 && (both as f64) < e.overlap.lower && seed < 100 {
                    let c = pair_counts(&a, &b).unwrap();
                    let r = c.registers.unwrap();
                    let sm = c.sample.unwrap();
                    println!(
                        "x {:?} b {:?} Nb {} Nx {} b_above {} equal {} theta {}",
                        e.overlap,
                        e.only_b,
                        sm.only_b,
                        sm.both,
                        r.b_above_a.iter().sum::<u32>(),
                        r.equal.iter().sum::<u32>(),
                        sm.theta
                    );
                }
                low += i32::from((both as f64) < e.overlap.lower);
                high += i32::from((both as f64) > e.overlap.upper);
                sum += e.overlap.value - both as f64;
                sq += (e.overlap.value - both as f64).powi(2);
                ths += pair_counts(&a, &b).unwrap().sample.unwrap().theta;
            }
            let n = trials as f64;
            println!(
                "{only_a}/{only_b}/{both} mode {mode}: truth below {:.1}% above {:.1}% bias {:.1} rmse {:.1} theta {:.4}",
                100.0 * low as f64 / n,
                100.0 * high as f64 / n,
                sum / n,
                (sq / n).sqrt(),
                ths / n
            );
        }
    }
}
