//! Two to eight sides: how often intervals hold the truth, and whether a side is estimated better or
//! worse for standing beside others.
//!
//! Registers and samples are drawn from their exact distributions ([`drawn`]), or come from IDs that
//! are hashed.

#[path = "many_drawn.rs"]
mod drawn; // sketches of N sides

use drawn::Drawn;
use overlap::id::IdBatch;
use overlap::{
    Confidence, Estimate, ExpectedRegions, PairEstimate, Sketch, SketchOptions, SketchSize,
    estimate_pair, estimate_regions, regions,
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
    count: f64,
    inside: f64,
    /// Squared relative errors: of the number, of the side alone, and as the bound has them.
    squares: [f64; 3],
    /// Relative widths: of the number, and of the side alone.
    widths: [f64; 2],
}

impl Kind {
    fn add(&mut self, estimate: Estimate, truth: f64) {
        self.count += 1.0;
        self.inside += f64::from(u8::from((estimate.lower..=estimate.upper).contains(&truth)));
        self.squares[0] += ((estimate.value - truth) / truth.max(1.0)).powi(2);
        self.widths[0] += (estimate.upper - estimate.lower) / truth.max(1.0);
    }

    fn add_alone(&mut self, alone: Estimate, truth: f64) {
        self.squares[1] += ((alone.value - truth) / truth.max(1.0)).powi(2);
        self.widths[1] += (alone.upper - alone.lower) / truth.max(1.0);
    }

    fn plus(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            inside: self.inside + other.inside,
            squares: std::array::from_fn(|i| self.squares[i] + other.squares[i]),
            widths: std::array::from_fn(|i| self.widths[i] + other.widths[i]),
        }
    }

    /// Share of intervals that hold the truth, in percent; `None` of no intervals.
    pub fn coverage(&self) -> Option<f64> {
        (self.count > 0.0).then(|| 100.0 * self.inside / self.count)
    }

    /// RMSE and mean width over those of the side alone.
    pub fn beside_alone(&self) -> [f64; 2] {
        let [together, alone, _] = self.squares;
        [(together / alone).sqrt(), self.widths[0] / self.widths[1]]
    }

    /// RMSE over the Cramér–Rao bound; `None` where there is none.
    pub fn beside_bound(&self) -> Option<f64> {
        let [together, _, bound] = self.squares;
        (bound > 0.0).then(|| (together / bound).sqrt())
    }
}

/// Sides, overlaps of two, unions of two, union of all, formulas, regions with users and without.
pub const KINDS: usize = 7;

pub struct Row {
    pub family: Family,
    pub kinds: [Kind; KINDS],
}

/// Every family of the table whose sketches are drawn.
pub fn families() -> Vec<Family> {
    let mut families = Vec::new();
    for (precision, k) in SKETCHES {
        let is_large = k == 65_536;
        let equal = if is_large { 100_000_000 } else { 300_000 };
        let largest = if is_large { 100_000_000 } else { 10_000_000 };
        for users in [[equal; 3], [largest, largest / 10, largest / 1_000]] {
            families.extend(of_sizes(users, precision, k));
        }
    }
    families
}

/// Families of sides that are small enough to be hashed one user at a time.
pub fn hashed_families() -> Vec<Family> {
    let families = SKETCHES.into_iter().flat_map(|(precision, k)| {
        let users = if k == 65_536 { 300_000 } else { 100_000 };
        of_sizes([users; 3], precision, k)
    });
    families.collect()
}

const SKETCHES: [(u8, usize); 4] = [(12, 4_096), (12, 16), (16, 1_024), (16, 65_536)];

fn of_sizes(users: [u64; 3], precision: u8, k: usize) -> Vec<Family> {
    let cores = [0.0, 0.1, 0.5, 0.9, 0.99, 1.0].map(Structure::Core);
    let unions = [0.1, 0.5, 0.9].map(Structure::Union);
    let structures = cores.into_iter().chain(unions).chain([Structure::Nested]);
    let structures: Vec<Structure> = structures.collect();
    let family = |(sides, structure)| Family {
        sides,
        structure,
        users,
        precision,
        k,
    };
    let sides = [2, 3, 4, 6, 8].into_iter();
    let families = sides.flat_map(|sides| structures.iter().map(move |it| (sides, *it)));
    families
        // The union of one other side is a copy.
        .filter(|(sides, structure)| *sides > 2 || !matches!(structure, Structure::Union(_)))
        .map(family)
        .collect()
}

/// All families, with sketches drawn from their distributions or hashed.
pub fn run(families: Vec<Family>, trials: u64, how: Sketches) -> Vec<Row> {
    let rows = families.into_iter().map(|family| {
        let row = Row {
            family,
            kinds: row(&family, trials, how),
        };
        eprint!("{family:?} {}", crate::write::many_row(&row));
        row
    });
    rows.collect()
}

/// Where a trial's sketches come from.
#[derive(Clone, Copy, Debug)]
pub enum Sketches {
    /// From their exact distributions.
    Drawn,
    /// From IDs, with so many rows a user.
    Hashed { rows: usize },
}

/// All numbers of one family.
pub fn row(family: &Family, trials: u64, how: Sketches) -> [Kind; KINDS] {
    let regions = family.regions();
    let mut users = vec![0.0; 1 << family.sides];
    for &(region, count) in &regions {
        users[region] = count as f64;
    }
    let mut kinds = (0..trials)
        .into_par_iter()
        .map(|trial| {
            let fitted = match how {
                Sketches::Drawn => Fitted::drawn(family, &regions, trial),
                Sketches::Hashed { rows } => Fitted::hashed(family, &regions, trial, rows),
            };
            fitted.kinds(&users)
        })
        .reduce(
            || [Kind::default(); KINDS],
            |a, b| std::array::from_fn(|i| a[i].plus(b[i])),
        );
    let sketch = SketchSize {
        precision: family.precision,
        k: family.k as u64,
    };
    // Regions of nobody have no bound.
    if let Some(expected) = ExpectedRegions::new(&users, sketch) {
        for (kind, number) in numbers(&users) {
            let bound = expected.relative(&number);
            if bound.is_finite() {
                kinds[kind].squares[2] += trials as f64 * bound * bound;
            }
        }
    }
    kinds
}

/// Which regions a number is the sum of.
type Number = Box<dyn Fn(usize) -> bool>;

/// Everything that is asked of a family, with its kind; the sides come first.
fn numbers(users: &[f64]) -> Vec<(usize, Number)> {
    let sides = users.len().trailing_zeros() as usize;
    let mut numbers: Vec<(usize, Number)> = Vec::new();
    let mut add = |kind: usize, number: Number| numbers.push((kind, number));
    for a in 0..sides {
        add(0, Box::new(move |region| region >> a & 1 == 1));
    }
    for a in 0..sides {
        for b in a + 1..sides {
            let both = 1 << a | 1 << b;
            add(1, Box::new(move |region| region & both == both));
            add(2, Box::new(move |region| region & both != 0));
        }
    }
    add(3, Box::new(|_| true));
    let last = 1 << (sides - 1);
    // (a | b) - last, last - a, a ^ b.
    add(
        4,
        Box::new(move |region| region & 3 != 0 && region & last == 0),
    );
    add(
        4,
        Box::new(move |region| region & 1 == 0 && region & last != 0),
    );
    add(4, Box::new(move |region| (region & 3).count_ones() == 1));
    for region in 1..users.len() {
        let kind = if users[region] > 0.0 { 5 } else { 6 };
        add(kind, Box::new(move |other| other == region));
    }
    numbers
}

/// Sums the regions that are asked for.
type Sum = Box<dyn Fn(&dyn Fn(usize) -> bool) -> Estimate>;

/// What one trial says.
struct Fitted {
    sum: Sum,
    /// Each side without the others.
    alone: Vec<Estimate>,
}

impl Fitted {
    fn drawn(family: &Family, regions: &[(usize, u64)], trial: u64) -> Self {
        let drawn = Drawn::new(trial, family, regions);
        let alone = (0..family.sides).map(|side| drawn.alone(side)).collect();
        let sum: Sum = match family.sides {
            2 => {
                let pair = estimate_pair(&drawn.pair_counts(), Confidence::default());
                Box::new(move |wanted| sum_of_pair(&pair, wanted))
            }
            _ => {
                let fit = estimate_regions(&drawn.counts());
                Box::new(move |wanted| fit.sum(wanted))
            }
        };
        Self { sum, alone }
    }

    fn hashed(family: &Family, of_regions: &[(usize, u64)], trial: u64, rows: usize) -> Self {
        let mut ids = vec![Vec::new(); family.sides];
        let mut next = (trial as i64) << 40;
        for &(region, users) in of_regions {
            for (side, ids) in ids.iter_mut().enumerate() {
                if region >> side & 1 == 1 {
                    ids.extend(next..next + users as i64);
                }
            }
            next += users as i64;
        }
        for ids in &mut ids {
            *ids = ids.repeat(rows);
        }
        let options = SketchOptions::new(family.precision, family.k).expect("in range");
        let sketch = |ids: &Vec<i64>| Sketch::of(IdBatch::Integers(ids), options).expect("IDs");
        let sketches: Vec<Sketch> = ids.iter().map(sketch).collect();
        let fit = |sketches: &[&Sketch]| {
            let known = vec![None; sketches.len()];
            regions(sketches, &known, Confidence::default()).expect("sketches that compare")
        };
        let alone = sketches.iter().map(|sketch| fit(&[sketch]).side(0));
        let alone = alone.collect();
        let together = fit(&sketches.iter().collect::<Vec<_>>());
        Self {
            sum: Box::new(move |wanted| together.sum(wanted)),
            alone,
        }
    }

    fn kinds(&self, users: &[f64]) -> [Kind; KINDS] {
        let mut kinds = [Kind::default(); KINDS];
        for (at, (kind, number)) in numbers(users).iter().enumerate() {
            let picked = users.iter().enumerate().skip(1);
            let picked = picked.filter(|(region, _)| number(*region));
            let truth: f64 = picked.map(|(_, users)| users).sum();
            kinds[*kind].add((self.sum)(number), truth);
            if let Some(&alone) = self.alone.get(at) {
                kinds[0].add_alone(alone, truth);
            }
        }
        kinds
    }
}

/// Any sum of the regions of a pair.
fn sum_of_pair(pair: &PairEstimate, wanted: &dyn Fn(usize) -> bool) -> Estimate {
    match [1, 2, 3].map(wanted) {
        [true, false, false] => pair.only_a,
        [false, true, false] => pair.only_b,
        [false, false, true] => pair.overlap,
        [true, false, true] => pair.a,
        [false, true, true] => pair.b,
        [true, true, true] => pair.union,
        [true, true, false] => Estimate {
            value: pair.only_a.value + pair.only_b.value,
            lower: pair.only_a.lower + pair.only_b.lower,
            upper: pair.only_a.upper + pair.only_b.upper,
        },
        [false, false, false] => Estimate::exact(0.0),
    }
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
