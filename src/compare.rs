//! One walk over two sketches → the counts that the estimators need.

use crate::error::{Error, Result};
use crate::estimate::{
    PairCounts, RANKS, RegisterCounts, SampleCounts, SetCounts, SetRegisters, SetSample,
};
use crate::sketch::{BottomK, HyperLogLog, Sketch};

/// All that two sketches know about their users' overlap. Registers of different precision are
/// compared at the lower one, samples below the lower θ; what only one of them has says nothing.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if hashes or domains of the IDs differ, or if they have no
/// part in common.
pub fn pair_counts(a: &Sketch, b: &Sketch) -> Result<PairCounts> {
    a.ensure_comparable(b)?;
    Ok(PairCounts {
        sample: (a.sample().zip(b.sample())).map(|(a, b)| sample_counts(a, b)),
        registers: (a.registers().zip(b.registers())).map(|(a, b)| register_counts(a, b)),
        known_a: None,
        known_b: None,
    })
}

/// All that one sketch knows about the number of its users.
#[must_use]
pub fn set_counts(sketch: &Sketch) -> SetCounts {
    let sample = sketch.sample();
    SetCounts {
        sample: sample.map(|sample| set_sample(sample.hashes().len(), sample)),
        registers: sketch.registers().map(set_registers),
        known: None,
    }
}

/// All that some sketches know about the number of their users together. Every sampled hash below
/// the lowest θ counts: cutting back to k would lose up to half of the accuracy.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if hashes or domains of the IDs differ, or if they have no
/// part in common.
pub fn union_counts(sketches: &[&Sketch]) -> Result<Option<SetCounts>> {
    let Some((first, rest)) = sketches.split_first() else {
        return Ok(None);
    };
    let mut merged = (*first).clone();
    for sketch in rest {
        merged.merge(sketch)?;
    }
    let samples: Option<Vec<&BottomK>> = sketches.iter().map(|sketch| sketch.sample()).collect();
    let lowest = (samples.iter().flatten()).min_by_key(|sample| sample.theta());
    let sample = (samples.as_ref().zip(lowest)).map(|(samples, lowest)| {
        let below = |sample: &&BottomK| below(sample.hashes(), lowest.theta()).to_vec();
        let mut hashes: Vec<u64> = samples.iter().flat_map(below).collect();
        hashes.sort();
        hashes.dedup();
        set_sample(hashes.len(), lowest)
    });
    Ok(Some(SetCounts {
        sample,
        registers: merged.registers().map(set_registers),
        known: None,
    }))
}

/// How many sampled hashes below the lowest θ lie in each exclusive region of some sides (bit i of
/// a place is side i), and that θ as a share of all hashes.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if a side has no sample.
pub fn region_hashes(sketches: &[&Sketch]) -> Result<(Vec<u64>, f64)> {
    let samples: Option<Vec<&BottomK>> = sketches.iter().map(|sketch| sketch.sample()).collect();
    let samples = samples.ok_or_else(|| {
        Error::new(
            crate::error::ErrorKind::Incomparable,
            "regions need the samples of all sides, but one is registers alone",
        )
        .hint("leave out HLL sketches without a theta sketch, or compare two sides at a time")
    })?;
    let theta = samples.iter().map(|s| s.theta()).min().unwrap_or(0);
    let share = (samples.iter().map(|s| s.sampled_share())).fold(1.0, f64::min);
    let mut members: Vec<(u64, usize)> = (samples.iter().enumerate())
        .flat_map(|(side, sample)| {
            below(sample.hashes(), theta)
                .iter()
                .map(move |&hash| (hash, 1 << side))
        })
        .collect();
    members.sort();
    let mut regions = vec![0; 1 << sketches.len()];
    for same in members.chunk_by(|(a, _), (b, _)| a == b) {
        regions[same.iter().map(|(_, side)| side).sum::<usize>()] += 1;
    }
    Ok((regions, share))
}

/// `hashes` hashes below the θ of `sample`.
fn set_sample(hashes: usize, sample: &BottomK) -> SetSample {
    SetSample {
        hashes: hashes as u64,
        theta: sample.sampled_share(),
    }
}

fn set_registers(registers: &HyperLogLog) -> SetRegisters {
    let mut histogram = [0_u32; RANKS];
    // See `register_counts` for ranks above the model's.
    let most = registers.precision().rank_max();
    for &rank in registers.registers() {
        histogram[usize::from(rank.min(most))] += 1;
    }
    SetRegisters {
        precision: registers.precision().get(),
        histogram,
    }
}

fn below(hashes: &[u64], theta: u64) -> &[u64] {
    &hashes[..hashes.partition_point(|&hash| hash < theta)]
}

fn sample_counts(a: &BottomK, b: &BottomK) -> SampleCounts {
    let theta = a.theta().min(b.theta());
    let (below_a, below_b) = (below(a.hashes(), theta), below(b.hashes(), theta));
    let both = common(below_a, below_b);
    let share = a.sampled_share().min(b.sampled_share());
    let (len_a, len_b) = (below_a.len() as u64, below_b.len() as u64);
    SampleCounts {
        only_a: len_a - both,
        only_b: len_b - both,
        both,
        theta: share,
        theta_a: a.sampled_share(),
        theta_b: b.sampled_share(),
        above_a: a.hashes().len() as u64 - len_a,
        above_b: b.hashes().len() as u64 - len_b,
        // |A| |B| θ / 2^bits with |A| = len_a / θ.
        chance_matches: len_a as f64 * len_b as f64 / (share * (1_u64 << a.bits()) as f64),
    }
}

/// How many hashes are in both ascending lists. Steps without branches: which list is ahead is a
/// coin toss that no predictor wins.
fn common(a: &[u64], b: &[u64]) -> u64 {
    let (mut i, mut j, mut both) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        both += u64::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    both
}

/// The five histograms of Ertl's joint estimation (arXiv:1702.01284, section 6).
fn register_counts(a: &HyperLogLog, b: &HyperLogLog) -> RegisterCounts {
    let precision = a.precision().min(b.precision());
    let fold = |registers: &HyperLogLog| {
        let mut folded = registers.clone();
        folded.fold(precision);
        folded
    };
    let (folded_a, folded_b);
    let (a, b) = if a.precision() == b.precision() {
        (a, b)
    } else {
        (folded_a, folded_b) = (fold(a), fold(b));
        (&folded_a, &folded_b)
    };
    // All pairs of ranks first: counting needs no branch, and the table stays in the first cache.
    let mut pairs = vec![[0_u32; RANKS]; RANKS];
    for (&x, &y) in a.registers().iter().zip(b.registers()) {
        pairs[usize::from(x)][usize::from(y)] += 1;
    }
    let mut counts = RegisterCounts {
        precision: precision.get(),
        a_below_b: [0; RANKS],
        b_above_a: [0; RANKS],
        a_above_b: [0; RANKS],
        b_below_a: [0; RANKS],
        equal: [0; RANKS],
    };
    // The model's largest rank stands for all that are at least as large: DataSketches' ranks go on
    // to 63, and P(rank ≥ r) = 2^(1−r) all the same.
    let most = usize::from(a.precision().rank_max());
    for (x, row) in pairs.iter().enumerate() {
        let x = x.min(most);
        for (y, &count) in row.iter().enumerate() {
            let y = y.min(most);
            if x == y {
                counts.equal[x] += count;
            }
            if x < y {
                counts.a_below_b[x] += count;
                counts.b_above_a[y] += count;
            } else if x > y {
                counts.a_above_b[x] += count;
                counts.b_below_a[y] += count;
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::IdBatch;
    use crate::sketch::SketchOptions;

    fn sketch(users: std::ops::Range<i64>, precision: u8, k: usize) -> Sketch {
        let ids: Vec<i64> = users.collect();
        let options = SketchOptions::new(precision, k).expect("in range");
        Sketch::of(IdBatch::Integers(&ids), options).expect("sketches")
    }

    #[test]
    fn counts_of_exact_sketches_are_the_truth() {
        let counts = pair_counts(&sketch(0..700, 6, 1000), &sketch(500..900, 6, 1000));
        let sample = counts.expect("comparable").sample.expect("has a sample");
        assert_eq!((sample.only_a, sample.only_b, sample.both), (500, 200, 200));
        assert_eq!((sample.theta, sample.above_a, sample.above_b), (1.0, 0, 0));
    }

    #[test]
    fn below_the_lower_theta_both_samples_are_complete() {
        let (a, b) = (sketch(0..10_000, 6, 100), sketch(5_000..5_200, 8, 1000));
        let sample = pair_counts(&a, &b)
            .expect("comparable")
            .sample
            .expect("has a sample");
        assert_eq!(sample.only_a + sample.both, 100);
        assert_eq!(sample.only_b + sample.both + sample.above_b, 200);
        assert_eq!(
            sample.both,
            sample.only_b + sample.both,
            "B is a subset of A"
        );
        assert!(sample.theta < 0.02 && sample.theta_b == 1.0);
    }

    #[test]
    fn swapping_sides_swaps_the_counts() {
        let (a, b) = (sketch(0..10_000, 8, 100), sketch(5_000..25_000, 6, 300));
        let one = pair_counts(&a, &b)
            .expect("comparable")
            .registers
            .expect("registers");
        let other = pair_counts(&b, &a)
            .expect("comparable")
            .registers
            .expect("registers");
        assert_eq!(one.a_below_b, other.b_below_a);
        assert_eq!(one.b_above_a, other.a_above_b);
        assert_eq!(one.equal, other.equal);
        assert_eq!(one.precision, 6);
        let total: u32 = one
            .equal
            .iter()
            .chain(&one.a_below_b)
            .chain(&one.a_above_b)
            .sum();
        assert_eq!(total, 64);
    }

    #[test]
    fn the_union_counts_every_hash_below_the_lowest_theta() {
        let sides = [sketch(0..5_000, 6, 64), sketch(5_000..10_000, 6, 64)];
        let counts = union_counts(&sides.each_ref())
            .expect("comparable")
            .expect("two sides");
        let sample = counts.sample.expect("has a sample");
        assert!(sample.hashes > 64, "{}", sample.hashes);
        let estimate = sample.hashes as f64 / sample.theta;
        assert!((estimate / 10_000.0 - 1.0).abs() < 0.4, "{estimate}");
    }
}
