//! Three to eight sides: how often intervals hold the truth, and whether a side is estimated better
//! or worse for standing beside others.
//!
//! Registers and samples are drawn from their exact distributions; sets of up to a few million users
//! are thrown one by one.

use overlap::{
    Confidence, Estimate, JointRegisters, RANKS, RegionCounts, SampleLayer, SetCounts,
    SetRegisters, SetSample, estimate_regions, estimate_set,
};
use rayon::prelude::*;

/// What sides have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Structure {
    /// A share of the smallest side is in all sides, everybody else in one.
    Core(f64),
    /// The same of all sides but the last, which is the union of the others.
    Union(f64),
    /// Each side lies within the one before it.
    Nested,
}

/// One family of sides and one size of sketch.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    pub sides: usize,
    pub structure: Structure,
    /// Users of the sides, over and over.
    pub users: [u64; 3],
    pub precision: u8,
    pub k: usize,
}

/// Numbers of one kind, over all trials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kind {
    pub count: f64,
    pub inside: f64,
    squares: [f64; 2],
    widths: [f64; 2],
}

impl Kind {
    fn add(&mut self, estimate: Estimate, truth: f64, alone: Estimate) {
        self.count += 1.0;
        self.inside += f64::from(u8::from((estimate.lower..=estimate.upper).contains(&truth)));
        for (i, estimate) in [estimate, alone].into_iter().enumerate() {
            self.squares[i] += ((estimate.value - truth) / truth.max(1.0)).powi(2);
            self.widths[i] += (estimate.upper - estimate.lower) / truth.max(1.0);
        }
    }

    fn plus(self, other: Self) -> Self {
        let sum = |a: [f64; 2], b: [f64; 2]| [a[0] + b[0], a[1] + b[1]];
        Self {
            count: self.count + other.count,
            inside: self.inside + other.inside,
            squares: sum(self.squares, other.squares),
            widths: sum(self.widths, other.widths),
        }
    }

    /// Share of intervals that hold the truth, in percent; `None` of no intervals.
    pub fn coverage(&self) -> Option<f64> {
        (self.count > 0.0).then(|| 100.0 * self.inside / self.count)
    }

    /// RMSE and mean width over those of the side alone.
    pub fn beside_alone(&self) -> [f64; 2] {
        let [together, alone] = self.squares;
        [(together / alone).sqrt(), self.widths[0] / self.widths[1]]
    }
}

/// Sides, overlaps of two, unions of two, union of all, regions with users and without.
pub const KINDS: usize = 6;

pub struct Row {
    pub family: Family,
    pub kinds: [Kind; KINDS],
}

/// Every family of the table.
pub fn families() -> Vec<Family> {
    let shares = [0.0, 0.1, 0.5, 0.9, 0.99, 1.0];
    let cores = shares.map(Structure::Core);
    let unions = [0.1, 0.5, 0.9].map(Structure::Union);
    let structures: Vec<Structure> = cores
        .into_iter()
        .chain(unions)
        .chain([Structure::Nested])
        .collect();
    let mut families = Vec::new();
    for (precision, k) in [(12, 4_096), (12, 16), (16, 1_024), (16, 65_536)] {
        let is_large = k == 65_536;
        let equal = if is_large { 100_000_000 } else { 300_000 };
        let largest = if is_large { 100_000_000 } else { 10_000_000 };
        for users in [[equal; 3], [largest, largest / 10, largest / 1_000]] {
            for sides in [3, 4, 6, 8] {
                families.extend(structures.iter().map(|&structure| Family {
                    sides,
                    structure,
                    users,
                    precision,
                    k,
                }));
            }
        }
    }
    families
}

pub fn run(trials: u64) -> Vec<Row> {
    let families = families();
    let rows = families.into_iter().map(|family| {
        let row = (0..trials)
            .into_par_iter()
            .map(|trial| one_trial(&family, trial))
            .reduce(
                || [Kind::default(); KINDS],
                |a, b| std::array::from_fn(|i| a[i].plus(b[i])),
            );
        eprintln!("{family:?} {:?}", row[0].coverage());
        Row { family, kinds: row }
    });
    rows.collect()
}

fn one_trial(family: &Family, trial: u64) -> [Kind; KINDS] {
    let mut draw = Draw(trial.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
    let regions = family.regions();
    let drawn = Drawn::new(&mut draw, family, &regions);
    let fit = estimate_regions(&drawn.counts());
    let mut kinds = [Kind::default(); KINDS];
    let truth = |wanted: &dyn Fn(usize) -> bool| -> f64 {
        let picked = regions.iter().filter(|(region, _)| wanted(*region));
        picked.map(|(_, users)| *users as f64).sum()
    };
    let mut add = |kind: usize, wanted: &dyn Fn(usize) -> bool, alone: Option<Estimate>| {
        let estimate = fit.sum(wanted);
        kinds[kind].add(estimate, truth(wanted), alone.unwrap_or(estimate));
    };
    for a in 0..family.sides {
        add(0, &|region| region >> a & 1 == 1, Some(drawn.alone(a)));
        for b in a + 1..family.sides {
            let both = 1 << a | 1 << b;
            add(1, &|region| region & both == both, None);
            add(2, &|region| region & both != 0, None);
        }
    }
    add(3, &|_| true, None);
    for region in 1..1_usize << family.sides {
        let has_users = regions
            .iter()
            .any(|(other, users)| *other == region && *users > 0);
        add(
            if has_users { 4 } else { 5 },
            &|other| other == region,
            None,
        );
    }
    kinds
}

impl Family {
    /// Regions with users, as masks of sides.
    fn regions(&self) -> Vec<(usize, u64)> {
        match self.structure {
            Structure::Core(share) => self.core(self.sides, share),
            Structure::Union(share) => {
                let last = 1 << (self.sides - 1);
                let others = self.core(self.sides - 1, share);
                others
                    .into_iter()
                    .map(|(region, users)| (region | last, users))
                    .collect()
            }
            Structure::Nested => {
                let each = self.users[0] / self.sides as u64;
                (1..=self.sides)
                    .map(|sides| ((1 << sides) - 1, each))
                    .collect()
            }
        }
    }

    fn core(&self, sides: usize, share: f64) -> Vec<(usize, u64)> {
        let size = |side: usize| self.users[side % 3];
        let smallest = (0..sides).map(size).min().unwrap_or(0);
        let shared = (smallest as f64 * share) as u64;
        let own = (0..sides).map(|side| (1 << side, size(side) - shared));
        let all = std::iter::once(((1 << sides) - 1, shared));
        all.chain(own).filter(|(_, users)| *users > 0).collect()
    }
}

/// The sketches of a family.
struct Drawn {
    precision: u8,
    registers: Vec<Vec<u8>>,
    /// Sampled hashes as shares of all hashes, with the sides that hold them.
    hashes: Vec<(f64, usize)>,
    thetas: Vec<f64>,
}

impl Drawn {
    fn new(draw: &mut Draw, family: &Family, regions: &[(usize, u64)]) -> Self {
        let mut registers = vec![vec![0_u8; 1 << family.precision]; family.sides];
        let sizes: Vec<u64> = (0..family.sides)
            .map(|side| {
                regions
                    .iter()
                    .filter(|(region, _)| region >> side & 1 == 1)
                    .map(|(_, n)| n)
                    .sum()
            })
            .collect();
        // So far at most a sample reaches, but for one in a googol.
        let k = family.k as f64;
        let reach = |side: usize| ((k + 12.0 * k.sqrt() + 30.0) / sizes[side] as f64).min(1.0);
        let mut hashes = Vec::new();
        for &(region, users) in regions {
            let sides = || (0..family.sides).filter(move |side| region >> side & 1 == 1);
            let own = draw.maxima(users, family.precision);
            for side in sides() {
                for (all, own) in registers[side].iter_mut().zip(&own) {
                    *all = (*all).max(*own);
                }
            }
            let reach = sides().map(reach).fold(0.0, f64::max);
            for _ in 0..draw.binomial(users, reach) {
                hashes.push((draw.share() * reach, region));
            }
        }
        let theta = |side: usize| {
            let own = hashes.iter().filter(|(_, region)| region >> side & 1 == 1);
            let mut own: Vec<f64> = own.map(|(hash, _)| *hash).collect();
            if sizes[side] <= family.k as u64 {
                return 1.0;
            }
            *own.select_nth_unstable_by(family.k, f64::total_cmp).1
        };
        Self {
            precision: family.precision,
            thetas: (0..family.sides).map(theta).collect(),
            registers,
            hashes,
        }
    }

    fn counts(&self) -> RegionCounts {
        let set_count = self.thetas.len();
        let mut cuts = self.thetas.clone();
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let mut before = 0.0;
        let layer = |cut: f64| {
            let visible = (0..set_count).filter(|&side| self.thetas[side] >= cut);
            let visible: usize = visible.map(|side| 1 << side).sum();
            let mut seen = vec![0; 1 << set_count];
            for (hash, region) in &self.hashes {
                if (before..cut).contains(hash) {
                    seen[region & visible] += 1;
                }
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

    fn alone(&self, side: usize) -> Estimate {
        let theta = self.thetas[side];
        let own = self
            .hashes
            .iter()
            .filter(|(_, region)| region >> side & 1 == 1);
        let mut histogram = [0; RANKS];
        for &rank in &self.registers[side] {
            histogram[usize::from(rank)] += 1;
        }
        let counts = SetCounts {
            sample: Some(SetSample {
                hashes: own.filter(|(hash, _)| *hash < theta).count() as u64,
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

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a hundred million numbers a second.
struct Draw(u64);

impl Draw {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// In (0, 1).
    fn share(&mut self) -> f64 {
        ((self.word() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.share().ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * self.share()).cos()
    }

    /// One by one where the count is small, else normal: there its skewness is below a hundredth.
    fn binomial(&mut self, n: u64, share: f64) -> u64 {
        let mean = n as f64 * share;
        if share >= 1.0 {
            return n;
        }
        if mean > 10_000.0 {
            let drawn = mean + (mean * (1.0 - share)).sqrt() * self.normal();
            return drawn.round().max(0.0) as u64;
        }
        // Gaps between successes are geometric.
        let (mut at, mut count) = (0.0, 0);
        let log_miss = (-share).ln_1p();
        loop {
            at += (self.share().ln() / log_miss).floor() + 1.0;
            if at > n as f64 {
                return count;
            }
            count += 1;
        }
    }

    fn maxima(&mut self, users: u64, precision: u8) -> Vec<u8> {
        const ONE_BY_ONE_MAX: u64 = 1_500_000;
        let m = 1_usize << precision;
        let mut registers = vec![0_u8; m];
        if users <= ONE_BY_ONE_MAX {
            for _ in 0..users {
                let word = self.word();
                let rank = (word >> precision | 1 << (64 - precision)).trailing_zeros() as u8 + 1;
                let register = &mut registers[word as usize & (m - 1)];
                *register = (*register).max(rank);
            }
            return registers;
        }
        // P(max <= k) = exp(-n/m 2^-k): the rank at which an exponential variate is reached.
        let load = users as f64 / m as f64;
        let last = f64::from(64 - precision + 1);
        for register in &mut registers {
            let variate = -self.share().ln();
            *register = (load / variate).log2().ceil().clamp(0.0, last) as u8;
        }
        registers
    }
}
