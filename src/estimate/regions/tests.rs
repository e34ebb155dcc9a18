//! Regions against what is known of them: the pair's likelihood, finite differences, single sets,
//! and sets of users.

use super::super::counts::{RANKS, RegisterCounts, SetCounts, SetRegisters, SetSample};
use super::super::likelihood::{Derivatives, RegisterTerms};
use super::super::{estimate_set, fisher};
use super::registers::Slopes;
use super::*;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Users with random hashes, seen by the sets whose bits their regions have.
struct World {
    precision: u8,
    /// Hash for the sample (as a share of all hashes), word for the registers, region.
    users: Vec<(f64, u64, usize)>,
    set_count: usize,
}

impl World {
    fn new(seed: u64, precision: u8, regions: &[u64]) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut users = Vec::new();
        for (region, &count) in regions.iter().enumerate() {
            for _ in 0..count {
                users.push((random.random_range(0.0..1.0), random.next_u64(), region));
            }
        }
        Self {
            precision,
            users,
            set_count: regions.len().trailing_zeros() as usize,
        }
    }

    fn of_set(&self, set: usize) -> impl Iterator<Item = &(f64, u64, usize)> {
        self.users
            .iter()
            .filter(move |(_, _, region)| region >> set & 1 == 1)
    }

    fn registers(&self, set: usize) -> Vec<u8> {
        let mut registers = vec![0_u8; 1 << self.precision];
        for (_, word, _) in self.of_set(set) {
            let rank =
                (word >> self.precision | 1 << (64 - self.precision)).trailing_zeros() as u8 + 1;
            let register = &mut registers[*word as usize & ((1 << self.precision) - 1)];
            *register = (*register).max(rank);
        }
        registers
    }

    fn theta(&self, set: usize, k: usize) -> f64 {
        let mut hashes: Vec<f64> = self.of_set(set).map(|(hash, _, _)| *hash).collect();
        hashes.sort_by(f64::total_cmp);
        hashes.get(k).copied().unwrap_or(1.0)
    }

    fn counts(&self, k: usize) -> RegionCounts {
        let thetas: Vec<f64> = (0..self.set_count).map(|set| self.theta(set, k)).collect();
        let mut cuts = thetas.clone();
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut before = 0.0;
        let mut sample = Vec::new();
        for cut in cuts {
            let sets = (0..self.set_count).filter(|&set| thetas[set] >= cut);
            let visible: usize = sets.map(|set| 1 << set).sum();
            let mut seen = vec![0; 1 << self.set_count];
            for (hash, _, region) in &self.users {
                if (before..cut).contains(hash) {
                    seen[region & visible] += 1;
                }
            }
            seen[0] = 0;
            sample.push(SampleLayer {
                visible,
                share: if cut >= 1.0 {
                    1.0
                } else {
                    (cut - before) / (1.0 - before)
                },
                seen,
            });
            before = cut;
        }
        let registers: Vec<Vec<u8>> = (0..self.set_count).map(|set| self.registers(set)).collect();
        let registers: Vec<&[u8]> = registers.iter().map(Vec::as_slice).collect();
        RegionCounts {
            set_count: self.set_count,
            sample,
            registers: Some((
                JointRegisters::count(self.precision, &registers),
                (0..self.set_count).collect(),
            )),
            ..RegionCounts::default()
        }
    }

    fn alone(&self, set: usize, k: usize) -> Estimate {
        let theta = self.theta(set, k);
        let mut histogram = [0; RANKS];
        for rank in self.registers(set) {
            histogram[usize::from(rank)] += 1;
        }
        let hashes = self
            .of_set(set)
            .filter(|(hash, _, _)| *hash < theta)
            .count();
        let counts = SetCounts {
            sample: Some(SetSample {
                hashes: hashes as u64,
                theta,
            }),
            registers: Some(SetRegisters {
                precision: self.precision,
                histogram,
            }),
            ..SetCounts::default()
        };
        estimate_set(&counts, Confidence::default())
    }
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-300)
}

#[test]
fn two_sets_have_the_likelihood_of_a_pair() {
    let world = World::new(1, 6, &[0, 900, 500, 700]);
    let (a, b) = (world.registers(0), world.registers(1));
    let joint = JointRegisters::count(6, &[&a, &b]);
    let mut counts = RegisterCounts {
        precision: 6,
        a_below_b: [0; RANKS],
        b_above_a: [0; RANKS],
        a_above_b: [0; RANKS],
        b_below_a: [0; RANKS],
        equal: [0; RANKS],
    };
    for (&a, &b) in a.iter().zip(&b) {
        let (a, b) = (usize::from(a), usize::from(b));
        match a.cmp(&b) {
            std::cmp::Ordering::Less => {
                counts.a_below_b[a] += 1;
                counts.b_above_a[b] += 1;
            }
            std::cmp::Ordering::Greater => {
                counts.a_above_b[a] += 1;
                counts.b_below_a[b] += 1;
            }
            std::cmp::Ordering::Equal => counts.equal[a] += 1,
        }
    }
    let terms = RegisterTerms::of_pair(&counts);
    let mut offset = None;
    for v in [[900.0, 500.0, 700.0], [40.0, 3_000.0, 2.0], [1e5, 1e3, 1e4]] {
        let mut pair = Derivatives::default();
        terms.add_to(&v, &mut pair);
        let mut sum = Slopes::zeros(4);
        joint.add_to(&[0.0, v[0], v[1], v[2]], &mut sum);
        // Both leave out constants, but the same ones at every point.
        let difference = sum.value - pair.value;
        let offset = *offset.get_or_insert(difference);
        assert!(
            (difference - offset).abs() < 1e-7 * pair.value.abs(),
            "{v:?}"
        );
        for (i, slope) in pair.gradient.iter().enumerate() {
            let found = sum.up[i + 1] - sum.down[i + 1];
            let scale = sum.down[i + 1];
            assert!(
                (found - slope).abs() < 1e-9 * scale,
                "{v:?} {i}: {found} {slope}"
            );
        }
        let information = joint.information(&[0.0, v[0], v[1], v[2]]);
        let expected = fisher::of_pair(&v, 6);
        for i in 0..3 {
            for j in 0..3 {
                let (found, expected) = (information.at(i + 1, j + 1), expected[i][j]);
                let scale = (expected_scale(&information, i + 1, j + 1)).max(expected.abs());
                assert!(
                    (found - expected).abs() < 5e-3 * scale,
                    "{v:?} {i} {j}: {found} {expected}"
                );
            }
        }
    }
}

fn expected_scale(information: &linear::Square, i: usize, j: usize) -> f64 {
    (information.at(i, i) * information.at(j, j)).sqrt()
}

#[test]
fn slopes_are_those_of_finite_differences() {
    let regions = [0, 300, 200, 150, 400, 90, 250, 120];
    let world = World::new(2, 5, &regions);
    let registers: Vec<Vec<u8>> = (0..3).map(|set| world.registers(set)).collect();
    let registers: Vec<&[u8]> = registers.iter().map(Vec::as_slice).collect();
    let joint = JointRegisters::count(5, &registers);
    let users = regions.map(|users| users as f64 * 1.1);
    let at = |users: &[f64]| {
        let mut sum = Slopes::zeros(8);
        joint.add_to(users, &mut sum);
        sum
    };
    let here = at(&users);
    for region in 1..8 {
        let h = users[region] * 1e-5;
        let moved = |by: f64| {
            let mut moved = users;
            moved[region] += by;
            at(&moved).value
        };
        let slope = (moved(h) - moved(-h)) / (2.0 * h);
        let found = here.up[region] - here.down[region];
        assert!(
            (slope - found).abs() < 1e-6 * here.down[region],
            "{region}: {slope} {found}"
        );
    }
}

#[test]
fn copies_of_a_set_are_estimated_as_the_set_alone() {
    for (seed, k) in [(3, 256), (4, 16), (5, 1_000)] {
        let mut regions = vec![0; 64];
        regions[63] = 30_000;
        let world = World::new(seed, 10, &regions);
        let fit = estimate_regions(&world.counts(k));
        let alone = world.alone(0, k);
        for set in 0..6 {
            let found = fit.sum(|mask| mask >> set & 1 == 1);
            assert!(near(found.value, alone.value, 1e-4), "{found:?} {alone:?}");
            let (width, expected) = (found.upper - found.lower, alone.upper - alone.lower);
            assert!(near(width, expected, 0.01), "{found:?} {alone:?}");
        }
        let union = fit.sum(|_| true);
        assert_eq!(union, fit.sum(|mask| mask & 1 == 1));
    }
}

#[test]
fn a_union_of_others_and_a_copy_change_no_other_interval() {
    let three = World::new(6, 10, &[0, 9_000, 8_000, 4_000, 7_000, 2_000, 1_000, 3_000]);
    let widen = |also: &dyn Fn(usize) -> bool| {
        let mut users = three.users.clone();
        for (_, _, region) in &mut users {
            *region |= usize::from(also(*region)) << 3;
        }
        World {
            precision: 10,
            users,
            set_count: 4,
        }
    };
    let before = estimate_regions(&three.counts(500));
    for four in [
        widen(&|region| region & 1 == 1),
        widen(&|region| region & 3 != 0),
    ] {
        let after = estimate_regions(&four.counts(500));
        for wanted in 1..8_usize {
            let same = |mask: usize| mask & 7 != 0 && wanted & mask & 7 != 0;
            let (a, b) = (before.sum(same), after.sum(same));
            assert!(near(a.value, b.value, 1e-3), "{wanted}: {a:?} {b:?}");
            assert!(
                near(a.upper - a.lower, b.upper - b.lower, 0.01),
                "{wanted}: {a:?} {b:?}"
            );
        }
    }
}

/// One row a user is common, and then rows are a bound that half of all estimates reach. If the union's
/// interval takes no notice, it is held in 43 of these 60.
#[test]
fn the_union_of_sets_with_a_row_a_user_is_held() {
    let mut regions = [0; 1 << 6];
    (0..6).for_each(|set| regions[1 << set] = 2_000);
    let holds = |seed: &u64| {
        let fit = estimate_regions(&RegionCounts {
            most: vec![Some(2_000); 6],
            ..World::new(*seed, 7, &regions).counts(64)
        });
        let union = fit.sum(|_| true);
        (union.lower..=union.upper).contains(&12_000.0)
    };
    let held = (0..60).filter(holds).count();
    assert!(held >= 53, "{held}");
}

/// Without room for doubtful regions, it is held in 41 of these 60.
#[test]
fn the_union_of_sets_without_a_common_user_is_held() {
    let mut regions = [0; 1 << 6];
    (0..6).for_each(|set| regions[1 << set] = 2_000);
    let holds = |seed: &u64| {
        let fit = estimate_regions(&World::new(*seed, 7, &regions).counts(4));
        let union = fit.sum(|_| true);
        (union.lower..=union.upper).contains(&12_000.0)
    };
    let held = (0..60).filter(holds).count();
    assert!(held >= 54, "{held}");
}

#[test]
fn sets_that_fit_their_samples_are_counted_beside_larger_ones() {
    let regions = [0, 20_000, 3, 4, 15_000, 5, 0, 9];
    let world = World::new(7, 8, &regions);
    let fit = estimate_regions(&world.counts(64));
    let small = fit.sum(|mask| mask & 2 == 2);
    assert_eq!(small, Estimate::exact(16.0));
    let overlap = fit.sum(|mask| mask & 3 == 3);
    assert!(overlap.upper <= 16.0, "{overlap:?}");
    let both = World::new(8, 8, &[0, 20_000, 3, 4, 11, 5, 0, 9]);
    let fit = estimate_regions(&both.counts(64));
    assert_eq!(fit.sum(|mask| mask & 2 == 2), Estimate::exact(16.0));
    assert_eq!(fit.sum(|mask| mask & 4 == 4), Estimate::exact(25.0));
    assert_eq!(fit.sum(|mask| mask & 6 == 6), Estimate::exact(9.0));
    assert_eq!(fit.sum(|mask| mask & 6 != 0), Estimate::exact(32.0));
    assert_eq!(
        fit.pair(|m| m & 2 == 2, |m| m & 4 == 4).jaccard,
        Estimate::exact(9.0 / 32.0)
    );
}

#[test]
fn complete_samples_are_counted() {
    let regions = [0, 7, 3, 4, 11, 5, 0, 9];
    let fit = estimate_regions(&World::new(9, 4, &regions).counts(64));
    for (region, &users) in regions.iter().enumerate().skip(1) {
        assert_eq!(
            fit.sum(|mask| mask == region),
            Estimate::exact(users as f64)
        );
    }
}

#[test]
fn known_sizes_are_kept_to_the_user() {
    let regions = [0, 9_000, 8_000, 4_000, 7_000, 2_000, 1_000, 3_000];
    let mut counts = World::new(10, 8, &regions).counts(200);
    counts.known = vec![Some(18_000), None, Some(13_000)];
    let fit = estimate_regions(&counts);
    assert_eq!(fit.sum(|mask| mask & 1 == 1), Estimate::exact(18_000.0));
    assert_eq!(fit.sum(|mask| mask & 4 == 4), Estimate::exact(13_000.0));
    let free = estimate_regions(&World::new(10, 8, &regions).counts(200));
    let width = |fit: &RegionsEstimate| {
        let overlap = fit.sum(|mask| mask & 5 == 5);
        overlap.upper - overlap.lower
    };
    assert!(width(&fit) < width(&free));
}

/// The way to the maximum begins where the known sizes aren't met yet.
#[test]
fn known_sizes_of_nested_sets_are_met() {
    let mut regions = [0; 16];
    for (region, users) in [
        (0b1111, 28_263),
        (0b1011, 279),
        (0b1110, 813),
        (0b1010, 8),
        (0b1000, 1_285),
    ] {
        regions[region] = users;
    }
    for seed in 0..10 {
        let fit = estimate_regions(&RegionCounts {
            known: vec![Some(28_542), None, Some(29_076), Some(30_648)],
            ..World::new(seed, 10, &regions).counts(1_024)
        });
        assert_eq!(fit.sum(|region| region >> 2 & 1 == 1).value, 29_076.0);
        // Nobody is outside the largest of them.
        assert!(fit.sum(|_| true).value < 30_700.0, "{seed}");
    }
}

#[test]
fn no_set_has_more_users_than_rows() {
    let regions = [0, 9_000, 8_000, 4_000, 7_000, 2_000, 1_000, 3_000];
    for seed in 0..8 {
        let mut counts = World::new(seed, 6, &regions).counts(64);
        counts.most = vec![Some(18_000), Some(16_000), Some(13_000)];
        let fit = estimate_regions(&counts);
        for (set, most) in [18_000.0, 16_000.0, 13_000.0].into_iter().enumerate() {
            let users = fit.sum(|mask| mask >> set & 1 == 1);
            assert!(users.value <= most && users.upper <= most, "{users:?}");
            assert!(users.lower < most * 0.99, "{users:?}");
        }
    }
}

#[test]
fn sums_lie_within_what_they_are_part_of_and_hold_what_was_seen() {
    for seed in 0..30 {
        let mut random = StdRng::seed_from_u64(seed);
        let sets = random.random_range(1..=5_u32);
        let regions: Vec<u64> = (0..1_usize << sets)
            .map(|region| match random.random_range(0..4) {
                _ if region == 0 => 0,
                0 => 0,
                1 => random.random_range(0..5),
                _ => random.random_range(0..3_000),
            })
            .collect();
        let world = World::new(seed + 100, 6, &regions);
        let counts = world.counts(*[16, 60, 500].get(seed as usize % 3).expect("of three"));
        let fit = estimate_regions(&counts);
        let union = fit.sum(|_| true);
        let mut sum = 0.0;
        for region in 1..regions.len() {
            let users = fit.sum(|mask| mask == region);
            sum += users.value;
            let ordered = 0.0 <= users.lower && users.lower <= users.value;
            assert!(ordered && users.value <= users.upper, "{seed}: {users:?}");
            assert!(users.upper <= union.upper && users.upper.is_finite());
            for set in (0..sets).filter(|set| region >> set & 1 == 1) {
                let set = fit.sum(|mask| mask >> set & 1 == 1);
                assert!(
                    users.upper <= set.upper && users.lower <= set.lower,
                    "{seed}"
                );
            }
        }
        assert_eq!(sum, union.value);
    }
}

#[test]
fn any_counts_give_an_estimate() {
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let set_count = random.random_range(1..=4_usize);
        let places = 1 << set_count;
        let layers = random.random_range(0..=3);
        let sample = (0..layers).map(|layer| SampleLayer {
            visible: if layer == 0 {
                places - 1
            } else {
                random.random_range(1..places)
            },
            share: *[1e-9, 0.001, 0.5, 1.0]
                .get(random.random_range(0..4))
                .expect("of four"),
            seen: (0..places)
                .map(|_| random.random_range(0..100) * random.random_range(0..2))
                .collect(),
        });
        let sample: Vec<SampleLayer> = sample.collect();
        let registers: Vec<Vec<u8>> = (0..set_count)
            .map(|_| {
                let most = random.random_range(0..=64_u8);
                (0..16).map(|_| random.random_range(0..=most)).collect()
            })
            .collect();
        let registers: Vec<&[u8]> = registers.iter().map(Vec::as_slice).collect();
        let joint = JointRegisters::count(4, &registers);
        let counts = RegionCounts {
            set_count,
            sample,
            registers: (seed % 3 > 0).then(|| (joint, (0..set_count).collect())),
            known: vec![(seed % 5 == 0).then_some(50); set_count],
            most: vec![(seed % 2 == 0).then_some(500); set_count],
            ..RegionCounts::default()
        };
        let fit = estimate_regions(&counts);
        for region in 1..places {
            let users = fit.sum(|mask| mask == region);
            let ordered = 0.0 <= users.lower && users.lower <= users.value;
            let finite = users.value <= users.upper && users.upper.is_finite();
            assert!(ordered && finite, "{seed} {region}: {users:?}");
        }
    }
}
