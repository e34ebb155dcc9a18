//! Three to eight sides: how often intervals hold the truth, and whether a side is estimated better
//! or worse for standing beside others.
//!
//! Registers and samples are drawn from their exact distributions ([`drawn`]).

#[path = "many_drawn.rs"]
mod drawn; // sketches of N sides

use drawn::Drawn;
use overlap::{Estimate, estimate_regions};
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
        let kinds = row(&family, trials);
        eprintln!("{family:?} {:?}", kinds[0].coverage());
        Row { family, kinds }
    });
    rows.collect()
}

/// All numbers of one family.
pub fn row(family: &Family, trials: u64) -> [Kind; KINDS] {
    (0..trials)
        .into_par_iter()
        .map(|trial| one_trial(family, trial))
        .reduce(
            || [Kind::default(); KINDS],
            |a, b| std::array::from_fn(|i| a[i].plus(b[i])),
        )
}

fn one_trial(family: &Family, trial: u64) -> [Kind; KINDS] {
    let regions = family.regions();
    let drawn = Drawn::new(trial, family, &regions);
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
