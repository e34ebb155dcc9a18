//! Compares two or more sketches in one pass and counts the hashes and register values that they share.

use crate::error::{Error, ErrorKind, Result};
use crate::estimate::{
    Confidence, GRID_LEVELS, GridCounts, JointRegisters, ListedPair, ListedRegions, PairCounts,
    RANKS, RegionCounts, RegisterCounts, SampleCounts, SampleLayer, SetCounts, SetRegisters,
    SetSample,
};
use crate::id::Tally;
use crate::sketch::{BottomK, HyperLogLog, Members, NoisyGrid, Precision, Sketch};
use std::borrow::Cow;
use std::collections::HashMap;

/// Counts what two sketches share and have alone, for [`crate::estimate_pair`]. Registers of different precision are
/// compared at the lower one, samples below the lower θ; what only one of them has says nothing.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if hashes or domains of the IDs differ, or if they have no
/// part in common.
pub fn pair_counts(a: &Sketch, b: &Sketch) -> Result<PairCounts> {
    a.ensure_comparable(b)?;
    Ok(PairCounts {
        listed: listed_pair(a, b),
        sample: (a.sample().zip(b.sample())).map(|(a, b)| sample_counts(a, b)),
        registers: (a.registers().zip(b.registers())).map(|(a, b)| register_counts(a, b)),
        most_a: most_users(a),
        most_b: most_users(b),
        ..PairCounts::default()
    })
}

/// What is exact of a pair of which the users of just one are listed.
fn listed_pair(a: &Sketch, b: &Sketch) -> Option<ListedPair> {
    let (of_a, of_b) = (a.members()?, b.members()?);
    if of_a.is_listed() == of_b.is_listed() || !of_a.is_of_list_of(of_b) {
        return None;
    }
    let (side, listed, other) = match of_a.is_listed() {
        true => (0, of_a, b.sample()?),
        false => (1, of_b, a.sample()?),
    };
    let both = of_a.and(of_b);
    let common = both.count();
    let sampled = both.sampled().take_while(|&hash| hash < other.theta());
    Some(ListedPair {
        side,
        only: listed.count() - common,
        both: common,
        rest: set_sample(other.hashes().len() - sampled.count(), other),
    })
}

/// Counts the bits of two grids with noise, level by level, for [`crate::estimate_grids`].
///
/// # Errors
/// Those of [`NoisyGrid::ensure_comparable`].
pub fn grid_counts(a: &NoisyGrid, b: &NoisyGrid) -> Result<GridCounts> {
    a.ensure_comparable(b)?;
    let precision = a.grid().precision();
    let mut levels = [[0; 4]; GRID_LEVELS];
    let words = a.grid().words().len() / GRID_LEVELS;
    let of_a = a.grid().words().chunks(words);
    let of_b = b.grid().words().chunks(words);
    for (counts, (of_a, of_b)) in levels.iter_mut().zip(of_a.zip(of_b)) {
        for (&a, &b) in of_a.iter().zip(of_b) {
            for (count, bits) in counts.iter_mut().zip([!a & !b, !a & b, a & !b, a & b]) {
                *count += u64::from(bits.count_ones());
            }
        }
    }
    Ok(GridCounts {
        precision,
        flips: [a.flip(), b.flip()],
        levels,
    })
}

/// Counts the hashes and register values of one sketch, for [`crate::estimate_set`].
#[must_use]
pub fn set_counts(sketch: &Sketch) -> SetCounts {
    let sample = sketch.sample();
    SetCounts {
        sample: sample.map(|sample| set_sample(sample.hashes().len(), sample)),
        registers: sketch.registers().map(set_registers),
        known: None,
        most: most_users(sketch),
    }
}

/// Counts the hashes and register values of the union of sketches, for [`crate::estimate_set`]. Every sampled hash below
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
        most: most_users(&merged),
    }))
}

/// Counts what up to eight sketches share, region by region, for [`crate::estimate_regions`].
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for no sketches or more than eight,
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub fn region_counts(sketches: &[&Sketch]) -> Result<RegionCounts> {
    let most = RegionCounts::SETS_MAX;
    let set_count = sketches.len();
    if set_count == 0 || set_count > most {
        return Err(Error::usage(format!(
            "{set_count} sides, but regions are of 1 to {most}"
        )));
    }
    ensure_all_comparable(sketches)?;
    let members = members_of(sketches);
    Ok(RegionCounts {
        set_count,
        sample: sample_layers(sketches, members.as_deref()),
        listed: members.as_deref().map(listed_regions),
        registers: joint_registers(sketches),
        known: vec![None; set_count],
        most: sketches.iter().map(|sketch| most_users(sketch)).collect(),
        confidence: Confidence::default(),
    })
}

/// Which listed users each of some sets has, if any set's users are listed.
fn members_of<'a>(sketches: &[&'a Sketch]) -> Option<Vec<&'a Members>> {
    let members: Vec<&Members> =
        (sketches.iter().map(|sketch| sketch.members())).collect::<Option<_>>()?;
    let is_one_list = members.iter().all(|it| it.is_of_list_of(members[0]));
    let any_is_listed = members.iter().any(|it| it.is_listed());
    (is_one_list && any_is_listed).then_some(members)
}

/// Listed users by the sets that they are in.
fn listed_regions(members: &[&Members]) -> ListedRegions {
    let listed = members.iter().enumerate();
    let listed = listed.filter(|(_, members)| members.is_listed());
    let sets = listed.map(|(set, _)| 1 << set).sum();
    let mut users = Members::by_sets(members);
    // A user in none of these sets is listed for another one.
    let is_other = |region: usize| region & sets == 0;
    (0..users.len())
        .filter(|&region| is_other(region))
        .for_each(|region| users[region] = 0);
    ListedRegions { sets, users }
}

/// The listed users of these sets; those of sets that aren't asked about here are left out.
fn listed_users(members: &[&Members]) -> Option<Members> {
    let listed = members.iter().filter(|members| members.is_listed());
    let listed = listed.map(|members| (*members).clone());
    listed.reduce(|mut all, members| {
        all.join(&members);
        all
    })
}

/// A sample without the hashes of these members of the set.
fn without(sample: &BottomK, members: &Members) -> Vec<u64> {
    let mut listed = members.sampled().peekable();
    let is_unlisted = |hash: &&u64| {
        while listed.next_if(|it| it < *hash).is_some() {}
        listed.peek() != Some(*hash)
    };
    let unlisted = sample.hashes().iter().filter(is_unlisted);
    unlisted.copied().collect()
}

fn ensure_all_comparable(sketches: &[&Sketch]) -> Result<()> {
    for (i, a) in sketches.iter().enumerate() {
        for b in &sketches[i + 1..] {
            a.ensure_comparable(b)?;
        }
    }
    Ok(())
}

/// What the common sample of some sketches, that below the lowest θ, saw of their exclusive regions.
#[derive(Clone, Debug, PartialEq)]
pub struct SampledRegions {
    /// The lowest threshold as a share of all hashes, in (0, 1]; 1 if every sample is its set.
    pub theta: f64,
    /// How many values a sampled hash can have.
    pub hash_values: f64,
    /// The sketches of each region that was seen, by their places, and how many hashes lie in just
    /// these; the largest first.
    pub seen: Vec<(Vec<usize>, u64)>,
}

/// Every combination of sketches that users of their common sample are in.
///
/// # Errors
/// [`crate::ErrorKind::Usage`] for no sketches, [`crate::ErrorKind::Incomparable`] if two of them
/// can't be compared, or if one has no sample.
pub fn sampled_regions(sketches: &[&Sketch]) -> Result<SampledRegions> {
    /// The hashes are taken in so many turns, each of a range: all of 300 sides at once would be
    /// hundreds of megabytes.
    const TURNS: u64 = 256;
    if sketches.is_empty() {
        return Err(Error::usage("no sides"));
    }
    ensure_all_comparable(sketches)?;
    let samples: Option<Vec<&BottomK>> = sketches.iter().map(|sketch| sketch.sample()).collect();
    let lowest = samples.as_ref().and_then(|samples| {
        let lowest = samples.iter().min_by_key(|sample| sample.theta())?;
        Some((samples, *lowest))
    });
    let Some((samples, lowest)) = lowest else {
        return Err(Error::new(
            ErrorKind::Incomparable,
            "a side is an HLL sketch alone, and regions of many sides come from samples",
        )
        .hint("leave that side out, or sketch its data again"));
    };
    let mut seen: HashMap<Vec<usize>, u64> = HashMap::new();
    let mut begun = vec![0_usize; samples.len()];
    let mut hashes: Vec<(u64, usize)> = Vec::new();
    for turn in 1..=TURNS {
        let end = u128::from(lowest.theta()) * u128::from(turn) / u128::from(TURNS);
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        hashes.clear();
        for (side, sample) in samples.iter().enumerate() {
            let until = below(sample.hashes(), end).len();
            let own = &sample.hashes()[begun[side]..until];
            hashes.extend(own.iter().map(|&hash| (hash, side)));
            begun[side] = until;
        }
        hashes.sort_unstable();
        for user in hashes.chunk_by(|one, other| one.0 == other.0) {
            let sides: Vec<usize> = user.iter().map(|&(_, side)| side).collect();
            *seen.entry(sides).or_default() += 1;
        }
    }
    let mut seen: Vec<(Vec<usize>, u64)> = seen.into_iter().collect();
    // Of regions of one size those of the first sides come first.
    seen.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Ok(SampledRegions {
        theta: lowest.sampled_share(),
        hash_values: (1_u64 << lowest.bits()) as f64,
        seen,
    })
}

/// No more users than rows with an ID.
fn most_users(sketch: &Sketch) -> Option<u64> {
    sketch.tally().map(Tally::ids)
}

/// The samples, cut at every threshold: in a layer the sets are visible whose samples reach through
/// it.
///
/// Hashes of listed users, of whom it is known which sets they are in, are left out.
fn sample_layers(sketches: &[&Sketch], members: Option<&[&Members]>) -> Vec<SampleLayer> {
    let samples: Vec<Option<&BottomK>> = sketches.iter().map(|sketch| sketch.sample()).collect();
    let each = || {
        samples
            .iter()
            .enumerate()
            .filter_map(|(set, sample)| Some((set, (*sample)?)))
    };
    let mut cuts: Vec<(u64, f64)> = each()
        .map(|(_, sample)| (sample.theta(), sample.sampled_share()))
        .collect();
    cuts.sort_by_key(|(theta, _)| *theta);
    cuts.dedup_by_key(|(theta, _)| *theta);
    let listed = members.and_then(|members| Some((members, listed_users(members)?)));
    let unlisted: Option<Vec<Vec<u64>>> = listed.map(|(members, listed)| {
        let unlisted =
            |(set, sample): (usize, &BottomK)| without(sample, &members[set].and(&listed));
        each().map(unlisted).collect()
    });
    let mut rest: Vec<(usize, &[u64])> = each()
        .enumerate()
        .map(|(at, (set, sample))| match &unlisted {
            Some(unlisted) => (1 << set, &unlisted[at][..]),
            None => (1 << set, sample.hashes()),
        })
        .collect();
    let mut before = 0.0;
    let layer = |&(theta, share): &(u64, f64)| {
        let reach_on = each().filter(|(_, sample)| sample.theta() >= theta);
        let visible = reach_on.map(|(set, _)| 1 << set).sum();
        let own: Vec<(usize, &[u64])> = rest
            .iter_mut()
            .map(|(set, hashes)| {
                let (inside, beyond) = hashes.split_at(below(hashes, theta).len());
                *hashes = beyond;
                (*set, inside)
            })
            .collect();
        let layer = SampleLayer {
            visible,
            share: ((share - before) / (1.0 - before)).min(1.0),
            seen: by_members(&own, sketches.len()),
        };
        before = share;
        layer
    };
    cuts.iter().map(layer).collect()
}

/// How many hashes lie in just these of some ascending lists, by their bits.
fn by_members(lists: &[(usize, &[u64])], set_count: usize) -> Vec<u64> {
    let mut seen = vec![0; 1 << set_count];
    let mut rest = lists.to_vec();
    loop {
        let next = rest.iter().filter_map(|(_, hashes)| hashes.first()).min();
        let Some(&next) = next else {
            return seen;
        };
        let mut members = 0;
        for (set, hashes) in &mut rest {
            if let Some((_, beyond)) = hashes.split_first().filter(|(hash, _)| **hash == next) {
                members |= *set;
                *hashes = beyond;
            }
        }
        seen[members] += 1;
    }
}

/// The registers of all sets that have any, at the lowest precision of them.
fn joint_registers(sketches: &[&Sketch]) -> Option<(JointRegisters, Vec<usize>)> {
    let each = || {
        let registers = sketches.iter().map(|sketch| sketch.registers());
        registers
            .enumerate()
            .filter_map(|(set, registers)| Some((set, registers?)))
    };
    let precision = each().map(|(_, registers)| registers.precision()).min()?;
    let folded: Vec<Cow<'_, HyperLogLog>> = each()
        .map(|(_, registers)| folded(registers, precision))
        .collect();
    let ranks: Vec<&[u8]> = folded
        .iter()
        .map(|registers| registers.registers())
        .collect();
    let sets = each().map(|(set, _)| set).collect();
    Some((JointRegisters::count(precision.get(), &ranks), sets))
}

fn folded(registers: &HyperLogLog, precision: Precision) -> Cow<'_, HyperLogLog> {
    let mut folded = Cow::Borrowed(registers);
    if registers.precision() != precision {
        folded.to_mut().fold(precision);
    }
    folded
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
    let (a, b) = (folded(a, precision), folded(b, precision));
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
