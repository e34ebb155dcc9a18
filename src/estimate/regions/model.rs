//! ln L of the regions of N sets: samples, registers, and what is certain.

use super::linear::{Factor, Square, dot};
use super::registers::{JointRegisters, Slopes};
use super::sample::SampleTerms;

/// Everything that is known about the regions. Places of all vectors are region masks; place 0 is
/// not used.
#[derive(Debug)]
pub(super) struct Model<'a> {
    pub(super) places: usize,
    pub(super) sample: SampleTerms,
    pub(super) registers: Option<RegisterTerms<'a>>,
    /// Regions whose total is certain: of samples that are whole sets, and known sizes.
    pub(super) totals: Vec<(Vec<usize>, f64)>,
}

/// The registers, which may be of some of the sets only.
#[derive(Debug)]
pub(super) struct RegisterTerms<'a> {
    joint: &'a JointRegisters,
    /// For every region, which of the sets with registers it lies in.
    seen_as: Vec<usize>,
    correction: Option<Correction>,
}

/// What turns the registers' Poisson likelihood into that of sets of a fixed size, to second order
/// around `center`; see [`super::super::fisher`].
#[derive(Debug)]
struct Correction {
    center: Vec<f64>,
    slope: Vec<f64>,
    /// Information under fixed sizes.
    full: Square,
    /// How much more that is than under the Poisson model.
    more: Square,
    /// I D^½ over the regions that have users, a row for each region.
    rooted: Vec<Vec<f64>>,
    /// Of 1 − R.
    rest: Factor,
    /// These regions, and the roots of their users.
    some: Vec<(usize, f64)>,
}

impl<'a> RegisterTerms<'a> {
    /// Registers of the sets `sets`, in that order.
    pub(super) fn new(joint: &'a JointRegisters, sets: &[usize], places: usize) -> Self {
        let seen_as = |region: usize| {
            let bits = sets.iter().enumerate();
            bits.map(|(bit, set)| (region >> set & 1) << bit).sum()
        };
        Self {
            joint,
            seen_as: (0..places).map(seen_as).collect(),
            correction: None,
        }
    }

    fn project(&self, users: &[f64]) -> Vec<f64> {
        let mut projected = vec![0.0; 1 << self.joint.set_count()];
        for (&place, &users) in self.seen_as.iter().zip(users) {
            projected[place] += users;
        }
        projected[0] = 0.0;
        projected
    }

    fn poisson_to(&self, users: &[f64], sum: &mut Slopes) {
        let mut projected = Slopes::zeros(1 << self.joint.set_count());
        self.joint.add_to(&self.project(users), &mut projected);
        sum.value += projected.value;
        for (region, &place) in self.seen_as.iter().enumerate().skip(1) {
            sum.up[region] += projected.up[place];
            sum.down[region] += projected.down[place];
        }
    }

    fn information(&self, users: &[f64]) -> Square {
        // Regions of less than a user are none: their scores would drown everything in rounding.
        let some = |users: f64| if users < 1.0 { 0.0 } else { users };
        let projected: Vec<f64> = self.project(users).into_iter().map(some).collect();
        self.widened(self.joint.information(&projected))
    }

    /// From the regions of the sets that have registers to those of all.
    fn widened(&self, narrow: Square) -> Square {
        let places = self.seen_as.len();
        if self
            .seen_as
            .iter()
            .enumerate()
            .all(|(region, &place)| region == place)
        {
            return narrow;
        }
        let mut wide = Square::zeros(places);
        for i in 1..places {
            for j in 1..places {
                wide.add(i, j, narrow.at(self.seen_as[i], self.seen_as[j]));
            }
        }
        wide
    }
}

impl Model<'_> {
    /// Whether a region's users are certain: they are listed, or nobody is in it.
    pub(super) fn is_certain(&self, region: usize) -> bool {
        let mut totals = self.totals.iter();
        self.sample.fixed.has(region)
            || totals.any(|(regions, total)| *total == 0.0 && regions.contains(&region))
    }

    /// ln L and its slopes; with the correction that [`Self::center`] set.
    pub(super) fn at(&self, users: &[f64]) -> Slopes {
        let mut sum = Slopes::zeros(self.places);
        if let Some(registers) = &self.registers {
            registers.poisson_to(users, &mut sum);
            if let Some(correction) = &registers.correction {
                correction.add_to(users, &mut sum);
            }
        }
        // Last: an impossible point makes the value minus infinity.
        self.sample.add_to(users, &mut sum);
        sum
    }

    /// Slopes as of Poisson counts throughout, for steps that multiply.
    pub(super) fn poisson_at(&self, users: &[f64]) -> Slopes {
        let mut sum = Slopes::zeros(self.places);
        if let Some(registers) = &self.registers {
            registers.poisson_to(users, &mut sum);
        }
        for class in &self.sample.classes {
            let (up, down) = class.poisson(users);
            for &region in &class.regions {
                sum.up[region] += up;
                sum.down[region] += down;
            }
        }
        sum
    }

    /// −∂² ln L as good as it is needed for steps: the registers' by what was found.
    pub(super) fn curvature(&self, users: &[f64]) -> Square {
        let mut curvature = Square::zeros(self.places);
        if let Some(terms) = &self.registers {
            curvature = terms.widened(terms.joint.curvature(&terms.project(users)));
            if let Some(correction) = &terms.correction {
                curvature.add_all(&correction.more);
            }
        }
        self.sample.add_information(users, &mut curvature);
        curvature
    }

    /// −∂² ln L, the registers' as expected.
    pub(super) fn information(&self, users: &[f64]) -> Square {
        let correction = (self.registers.as_ref()).and_then(|terms| terms.correction.as_ref());
        let mut information =
            correction.map_or_else(|| Square::zeros(self.places), |it| it.full.clone());
        self.sample.add_information(users, &mut information);
        information
    }

    /// Makes the registers' likelihood that of sets of a fixed size around `users`. Near the last
    /// center what registers know is the same, and only their score is taken anew: whether so.
    pub(super) fn center(&mut self, users: &[f64]) -> bool {
        let Some(terms) = &mut self.registers else {
            return true;
        };
        let mut at = Slopes::zeros(self.places);
        terms.poisson_to(users, &mut at);
        let score: Vec<f64> = at
            .up
            .iter()
            .zip(&at.down)
            .map(|(up, down)| up - down)
            .collect();
        let near = terms.correction.take().filter(|last| last.is_near(users));
        let is_near = near.is_some();
        let mut correction =
            near.unwrap_or_else(|| Correction::new(users, terms.information(users)));
        correction.center_at(users, &score);
        terms.correction = Some(correction);
        is_near
    }
}

impl Correction {
    /// Sets have a fixed size, while the registers' likelihood takes it as Poisson: the common noise
    /// D = diag(users) must come out of its covariance. With the information I that makes
    /// W = (I⁻¹ − D)⁻¹ = I + I X I, X = (D⁻¹ − I)⁻¹, and W I⁻¹ = 1 + I X of the score.
    ///
    /// X = D^½ (1 − R)⁻¹ D^½ with R = D^½ I D^½, whose eigenvalues are below 1: registers can't know
    /// more than the population itself.
    fn new(users: &[f64], poisson: Square) -> Self {
        let places = users.len();
        let some: Vec<(usize, f64)> = (1..places)
            .filter(|&region| users[region] >= 1.0)
            .map(|region| (region, users[region].sqrt()))
            .collect();
        let rooted = |region: usize| -> Vec<f64> {
            let row = poisson.row(region);
            some.iter().map(|&(r, root)| row[r] * root).collect()
        };
        let rooted: Vec<Vec<f64>> = (0..places).map(rooted).collect();
        let rest = factor_of_rest(&rooted, &some);
        let mut more = Square::zeros(places);
        let halves: Vec<Vec<f64>> = rooted.iter().map(|row| rest.half_solve(row)).collect();
        for i in 1..places {
            for j in 1..=i {
                more.row_mut(i)[j] = dot(&halves[j], &halves[i]);
            }
        }
        more.mirror();
        let mut full = poisson;
        full.add_all(&more);
        Self {
            center: users.to_vec(),
            slope: vec![0.0; places],
            full,
            more,
            rooted,
            rest,
            some,
        }
    }

    fn center_at(&mut self, users: &[f64], score: &[f64]) {
        let score: Vec<f64> = self.some.iter().map(|&(r, root)| score[r] * root).collect();
        let inner = self.rest.solve(&score);
        self.slope = self.rooted.iter().map(|row| dot(row, &inner)).collect();
        self.center = users.to_vec();
    }

    /// Whether the center is so close that the registers themselves hardly tell the two apart.
    fn is_near(&self, users: &[f64]) -> bool {
        const SIGMA: f64 = 0.3;
        let step: Vec<f64> = users.iter().zip(&self.center).map(|(u, c)| u - c).collect();
        dot(&self.full.apply(&step), &step) < SIGMA * SIGMA
    }

    fn add_to(&self, users: &[f64], sum: &mut Slopes) {
        let step: Vec<f64> = users.iter().zip(&self.center).map(|(u, c)| u - c).collect();
        for (region, bend) in self.more.apply(&step).into_iter().enumerate().skip(1) {
            sum.value += (self.slope[region] - 0.5 * bend) * step[region];
            sum.up[region] += self.slope[region] - bend;
        }
    }
}

/// The factor of 1 − R for R = D^½ I D^½, from the rows I D^½. Where rounding or a coarse guess made R too
/// large, a little less of it.
fn factor_of_rest(rooted: &[Vec<f64>], some: &[(usize, f64)]) -> Factor {
    let n = some.len();
    let mut unit = Square::zeros(n);
    for i in 0..n {
        unit.add(i, i, 1.0);
    }
    for part in [1.0, 0.999, 0.99, 0.9, 0.5] {
        let mut rest = unit.clone();
        for (i, &(region, root)) in some.iter().enumerate() {
            for (cell, value) in rest.row_mut(i).iter_mut().zip(&rooted[region]) {
                *cell -= part * root * value;
            }
        }
        if let Some(factor) = rest.cholesky() {
            return factor;
        }
    }
    Factor::unit(n)
}
