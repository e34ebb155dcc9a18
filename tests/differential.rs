//! Independent implementations as references.

use hyperloglogplus::{HyperLogLog, HyperLogLogPlus};
use overlap::id::IdBatch;
use overlap::{Confidence, Sketch, SketchOptions, estimate_set, hash_integer, set_counts};
use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

/// Our hash in the clothes of std, so that both see the same bits.
struct Xxh3;

struct Word(u64);

impl BuildHasher for Xxh3 {
    type Hasher = Word;
    fn build_hasher(&self) -> Word {
        Word(0)
    }
}

impl Hasher for Word {
    fn write(&mut self, _: &[u8]) {
        unreachable!("integers only");
    }
    fn write_i64(&mut self, id: i64) {
        self.0 = hash_integer(id);
    }
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Half a percent at p = 14 is about 0.6 standard deviations of either; four of the difference.
#[test]
fn registers_agree_with_hyperloglogplus() {
    for users in [1_000_i64, 20_000, 300_000] {
        let ids: Vec<i64> = (0..users).collect();
        let mut reference = HyperLogLogPlus::<i64, _>::new(14, Xxh3).unwrap();
        ids.iter().for_each(|id| reference.insert(id));
        let sketch = Sketch::of(IdBatch::Integers(&ids), SketchOptions::new(14, 16).unwrap());
        let mut counts = set_counts(&sketch.unwrap());
        counts.sample = None;
        let ours = estimate_set(&counts, Confidence::default()).value;
        let difference = ours / reference.count() - 1.0;
        assert!(difference.abs() < 0.045, "{users} users: {difference}");
        assert!(
            (ours / users as f64 - 1.0).abs() < 0.033,
            "{users} users: {ours}"
        );
    }
}

#[test]
fn the_sample_agrees_with_the_theta_sketch_of_datasketches() {
    use datasketches::theta::ThetaSketchBuilder;
    for users in [1_000_i64, 20_000, 300_000] {
        let ids: Vec<i64> = (0..users).collect();
        let mut reference = ThetaSketchBuilder::default().lg_k(12).build().unwrap();
        ids.iter().for_each(|id| reference.update(id));
        let sketch = Sketch::of(
            IdBatch::Integers(&ids),
            SketchOptions::new(4, 4096).unwrap(),
        );
        let mut counts = set_counts(&sketch.unwrap());
        counts.registers = None;
        let ours = estimate_set(&counts, Confidence::default()).value;
        // 1/sqrt(k) is 1.6 % for each; four standard deviations of the difference.
        let difference = ours / reference.estimate() - 1.0;
        assert!(difference.abs() < 0.09, "{users} users: {difference}");
        if users < 4096 {
            assert_eq!(ours, reference.estimate(), "both are exact");
        }
    }
}

#[test]
fn exact_sketches_agree_with_hash_sets() {
    let a: Vec<i64> = (0..30_000).map(|i| i * i % 40_009).collect();
    let b: Vec<i64> = (0..30_000).map(|i| i * 3 % 50_021).collect();
    let options = SketchOptions::default();
    let [sketch_a, sketch_b] =
        [&a, &b].map(|ids| Sketch::of(IdBatch::Integers(ids), options).unwrap());
    let pair = overlap::estimate_sketches(&sketch_a, &sketch_b, Confidence::default()).unwrap();
    let [a, b] = [a, b].map(|ids| ids.into_iter().collect::<HashSet<i64>>());
    assert_eq!(pair.overlap.value, a.intersection(&b).count() as f64);
    assert_eq!(pair.union.value, a.union(&b).count() as f64);
    assert_eq!(
        (pair.a.value, pair.b.value),
        (a.len() as f64, b.len() as f64)
    );
}
