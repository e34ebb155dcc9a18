//! Other estimators on the same or equally many bytes.

use crate::draw::{Draw, Parts};
use overlap::{
    Confidence, RANKS, RegisterCounts, SampleCounts, SetCounts, SetRegisters, estimate_set,
};

/// Inclusion and exclusion of three HyperLogLogs: |A| + |B| − |A ∪ B|, each by maximum likelihood.
pub fn inclusion_exclusion(counts: &RegisterCounts) -> f64 {
    let sum = |parts: [&[u32; RANKS]; 3]| {
        let histogram = std::array::from_fn(|rank| parts.iter().map(|part| part[rank]).sum());
        size(counts.precision, histogram)
    };
    let a = sum([&counts.a_below_b, &counts.a_above_b, &counts.equal]);
    let b = sum([&counts.b_above_a, &counts.b_below_a, &counts.equal]);
    let union = sum([&counts.b_above_a, &counts.a_above_b, &counts.equal]);
    (a + b - union).max(0.0)
}

fn size(precision: u8, histogram: [u32; RANKS]) -> f64 {
    let registers = Some(SetRegisters {
        precision,
        histogram,
    });
    let counts = SetCounts {
        registers,
        ..SetCounts::default()
    };
    estimate_set(&counts, Confidence::default()).value
}

/// The Jaccard similarity of the k smallest hashes of the union, times the union of two
/// HyperLogLogs.
pub fn minhash_times_union(
    draw: &mut Draw,
    parts: Parts,
    k: u64,
    registers: &RegisterCounts,
) -> f64 {
    let share = parts.x as f64 / parts.union() as f64;
    let matches = draw.binomial(k, share);
    let union: [u32; RANKS] = std::array::from_fn(|rank| {
        registers.b_above_a[rank] + registers.a_above_b[rank] + registers.equal[rank]
    });
    matches as f64 / k as f64 * size(registers.precision, union)
}

/// What DataSketches does: matches below θ, over θ.
pub fn theta(sample: &SampleCounts) -> f64 {
    sample.both as f64 / sample.theta
}
