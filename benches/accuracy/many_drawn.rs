//! Sketches of N sides from their exact distributions, in a time that hardly depends on the number of
//! users.
//!
//! Registers: from the highest rank down, users are thrown until every register is hit; what lies
//! below changes nothing. Sets of millions are as good as Poisson. Samples: how many users of a region have a hash below some threshold is
//! binomial, and known only as finely as the sides' thresholds ask.

use super::Family;
use overlap::{
    Confidence, Estimate, JointRegisters, PairCounts, RANKS, RegionCounts, RegisterCounts,
    SampleCounts, SampleLayer, SetCounts, SetRegisters, SetSample, estimate_set,
};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::{Binomial, Distribution};
use std::cmp::Ordering;

/// The sketches of a family.
pub struct Drawn {
    precision: u8,
    registers: Vec<Vec<u8>>,
    /// Hashes of every region with users, where they lie.
    hashes: Vec<(usize, Hashes)>,
    thetas: Vec<f64>,
}

impl Drawn {
    pub fn new(trial: u64, family: &Family, regions: &[(usize, u64)]) -> Self {
        let mut rng = SmallRng::seed_from_u64(trial);
        let mut registers = vec![vec![0_u8; 1 << family.precision]; family.sides];
        for &(region, users) in regions {
            let own = maxima(&mut rng, users, family.precision);
            for side in (0..family.sides).filter(|side| region >> side & 1 == 1) {
                for (all, own) in registers[side].iter_mut().zip(&own) {
                    *all = (*all).max(*own);
                }
            }
        }
        let mut hashes: Vec<(usize, Hashes)> = (regions.iter())
            .map(|&(region, users)| (region, Hashes::new(users)))
            .collect();
        let thetas: Vec<f64> = (0..family.sides)
            .map(|side| threshold(&mut rng, &mut hashes, side, family.k as u64))
            .collect();
        for (_, hashes) in &mut hashes {
            for &theta in thetas.iter().filter(|theta| **theta < 1.0) {
                hashes.cut(&mut rng, theta);
            }
        }
        Self {
            precision: family.precision,
            registers,
            hashes,
            thetas,
        }
    }

    pub fn counts(&self) -> RegionCounts {
        let set_count = self.thetas.len();
        let mut cuts = self.thetas.clone();
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut before = 0.0;
        let layer = |cut: f64| {
            let visible = (0..set_count).filter(|&side| self.thetas[side] >= cut);
            let visible: usize = visible.map(|side| 1 << side).sum();
            let mut seen = vec![0; 1 << set_count];
            for (region, hashes) in &self.hashes {
                seen[region & visible] += hashes.below(cut) - hashes.below(before);
            }
            seen[0] = 0;
            let share = if cut >= 1.0 {
                1.0
            } else {
                (cut - before) / (1.0 - before)
            };
            before = cut;
            SampleLayer {
                visible,
                share,
                seen,
            }
        };
        let sample = cuts.into_iter().map(layer).collect();
        let registers: Vec<&[u8]> = self.registers.iter().map(Vec::as_slice).collect();
        let joint = JointRegisters::count(self.precision, &registers);
        RegionCounts {
            set_count,
            sample,
            registers: Some((joint, (0..set_count).collect())),
            ..RegionCounts::default()
        }
    }

    /// Of the first two sides.
    pub fn pair_counts(&self) -> PairCounts {
        let [theta_a, theta_b] = [self.thetas[0], self.thetas[1]];
        let theta = theta_a.min(theta_b);
        let below = |sides: usize, place: f64| -> u64 {
            let own = self.hashes.iter().filter(|(region, _)| region & 3 == sides);
            own.map(|(_, hashes)| hashes.below(place)).sum()
        };
        let of_side = |side: usize, place: f64| below(side, place) + below(3, place);
        let sample = SampleCounts {
            only_a: below(1, theta),
            only_b: below(2, theta),
            both: below(3, theta),
            theta,
            theta_a,
            theta_b,
            above_a: of_side(1, theta_a) - of_side(1, theta),
            above_b: of_side(2, theta_b) - of_side(2, theta),
            chance_matches: 0.0,
        };
        let mut registers = RegisterCounts {
            precision: self.precision,
            a_below_b: [0; RANKS],
            b_above_a: [0; RANKS],
            a_above_b: [0; RANKS],
            b_below_a: [0; RANKS],
            equal: [0; RANKS],
        };
        for (&a, &b) in self.registers[0].iter().zip(&self.registers[1]) {
            let (a, b) = (usize::from(a), usize::from(b));
            match a.cmp(&b) {
                Ordering::Less => {
                    registers.a_below_b[a] += 1;
                    registers.b_above_a[b] += 1;
                }
                Ordering::Greater => {
                    registers.a_above_b[a] += 1;
                    registers.b_below_a[b] += 1;
                }
                Ordering::Equal => registers.equal[a] += 1,
            }
        }
        PairCounts {
            sample: Some(sample),
            registers: Some(registers),
            ..PairCounts::default()
        }
    }

    /// What the side's own sketch says of its size.
    pub fn alone(&self, side: usize) -> Estimate {
        let theta = self.thetas[side];
        let own = (self.hashes.iter()).filter(|(region, _)| region >> side & 1 == 1);
        let mut histogram = [0; RANKS];
        for &rank in &self.registers[side] {
            histogram[usize::from(rank)] += 1;
        }
        let counts = SetCounts {
            sample: Some(SetSample {
                hashes: own.map(|(_, hashes)| hashes.below(theta)).sum(),
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

/// Where a side's sample ends: its (k + 1)-th smallest hash, or 1 if it has no more than k users.
fn threshold(rng: &mut SmallRng, hashes: &mut [(usize, Hashes)], side: usize, k: u64) -> f64 {
    /// Few enough hashes to look at each.
    const FEW: u64 = 64;
    let own = |(region, _): &&mut (usize, Hashes)| *region >> side & 1 == 1;
    let mut own: Vec<&mut Hashes> = hashes.iter_mut().filter(own).map(|(_, it)| it).collect();
    let all: u64 = own.iter().map(|hashes| hashes.below(1.0)).sum();
    if all <= k {
        return 1.0;
    }
    // The threshold lies in [from, to), with `before` hashes below it.
    let (mut from, mut to, mut before, mut within) = (0.0, 1.0, 0, all);
    while within > FEW {
        let middle = f64::midpoint(from, to);
        let left: u64 = own.iter_mut().map(|hashes| hashes.cut(rng, middle)).sum();
        if left > k {
            (to, within) = (middle, left - before);
        } else {
            (from, before, within) = (middle, left, before + within - left);
        }
    }
    let mut inside: Vec<f64> = own
        .iter_mut()
        .flat_map(|hashes| hashes.list(rng, from, to))
        .collect();
    inside.sort_by(f64::total_cmp);
    inside[(k - before) as usize]
}

/// Hashes of one region as shares of all hashes, known only as finely as was asked.
struct Hashes {
    /// In order, from 0 to 1 without a gap.
    stretches: Vec<Stretch>,
}

/// The hashes from a place to that of the next stretch.
#[derive(Clone)]
struct Stretch {
    from: f64,
    count: u64,
    /// Each of them, in order, once they were looked at.
    listed: Option<Vec<f64>>,
}

impl Hashes {
    fn new(users: u64) -> Self {
        let all = Stretch {
            from: 0.0,
            count: users,
            listed: None,
        };
        Self {
            stretches: vec![all],
        }
    }

    /// Hashes below a place that was cut at.
    fn below(&self, place: f64) -> u64 {
        let before = self.stretches.iter().take_while(|it| it.from < place);
        before.map(|stretch| stretch.count).sum()
    }

    /// Cuts at a place; returns how many hashes lie below it.
    fn cut(&mut self, rng: &mut SmallRng, place: f64) -> u64 {
        let at = self.stretches.partition_point(|it| it.from < place);
        let to = self.stretches.get(at).map_or(1.0, |next| next.from);
        if place < to {
            let right = self.stretches[at - 1].cut(rng, place, to);
            self.stretches.insert(at, right);
        }
        self.below(place)
    }

    /// Every hash between two places that were cut at.
    fn list(&mut self, rng: &mut SmallRng, from: f64, to: f64) -> Vec<f64> {
        let mut all = Vec::new();
        for at in 0..self.stretches.len() {
            let next = self.stretches.get(at + 1).map_or(1.0, |next| next.from);
            let stretch = &mut self.stretches[at];
            if stretch.from >= from && next <= to {
                let (from, count) = (stretch.from, stretch.count);
                let listed = stretch.listed.get_or_insert_with(|| {
                    let hash = |_| rng.random::<f64>().mul_add(next - from, from);
                    let mut listed: Vec<f64> = (0..count).map(hash).collect();
                    listed.sort_by(f64::total_cmp);
                    listed
                });
                all.extend_from_slice(listed);
            }
        }
        all
    }
}

impl Stretch {
    /// Keeps what lies below a place of this stretch, which ends at `to`; returns the rest.
    fn cut(&mut self, rng: &mut SmallRng, place: f64, to: f64) -> Self {
        let below = match &self.listed {
            Some(listed) => listed.partition_point(|hash| *hash < place) as u64,
            None => {
                let share = (place - self.from) / (to - self.from);
                let binomial = Binomial::new(self.count, share).expect("a share");
                binomial.sample(rng)
            }
        };
        let right = Self {
            from: place,
            count: self.count - below,
            listed: self
                .listed
                .as_mut()
                .map(|listed| listed.split_off(below as usize)),
        };
        self.count = below;
        right
    }
}

/// The largest rank that so many users leave in every register.
fn maxima(rng: &mut SmallRng, users: u64, precision: u8) -> Vec<u8> {
    /// From here on that the number of users is fixed changes less than a trial could tell.
    const FIXED_MAX: u64 = 1_500_000;
    match users <= FIXED_MAX {
        true => thrown(rng, users, precision),
        false => poisson(rng, users, precision),
    }
}

/// As if each register were hit by a Poisson number of users: P(max ≤ k) = e^(−n/m 2^−k).
fn poisson(rng: &mut SmallRng, users: u64, precision: u8) -> Vec<u8> {
    let load = users as f64 / f64::from(precision).exp2();
    let last = 64 - precision + 1;
    // Of all words, those below this place are of a register of at most this rank.
    let place = |rank: u8| match rank < last {
        true => ((-load * (-f64::from(rank)).exp2()).exp() * 2_f64.powi(64)) as u64,
        false => u64::MAX,
    };
    let places: Vec<u64> = (0..=last).map(place).collect();
    let rank_from = |word: u64, from: u8| {
        let more = places[usize::from(from)..]
            .iter()
            .take_while(|place| word >= **place);
        (from + more.count() as u8).min(last)
    };
    // The first byte tells nearly all.
    let least: Vec<u8> = (0..256).map(|byte| rank_from(byte << 56, 0)).collect();
    let draw = |_| {
        let word = rng.next_u64();
        rank_from(word, least[(word >> 56) as usize])
    };
    (0..1_usize << precision).map(draw).collect()
}

/// Users thrown from the highest rank down, until every register is hit.
fn thrown(rng: &mut SmallRng, users: u64, precision: u8) -> Vec<u8> {
    let mut registers = vec![0_u8; 1 << precision];
    let (mut empty, mut left) = (registers.len(), users);
    let bits = u32::from(64 - precision);
    // Of the users whose rank is at most this one, what share has it? One half but at the end.
    let mut share_at_most = 1.0;
    for rank in (1..=bits + 1).rev() {
        let share = match rank {
            1 => 1.0,
            rank if rank > bits => (-f64::from(bits)).exp2(),
            rank => (-f64::from(rank)).exp2(),
        };
        let binomial = Binomial::new(left, (share / share_at_most).min(1.0)).expect("a share");
        let hits = binomial.sample(rng);
        (left, share_at_most) = (left - hits, share_at_most - share);
        for _ in 0..hits {
            let place = rng.next_u64() as usize & (registers.len() - 1);
            if registers[place] == 0 {
                registers[place] = rank as u8;
                empty -= 1;
            }
            if empty == 0 {
                return registers;
            }
        }
    }
    registers
}
