//! Which partner adds most new users next? The reach of ever more sides together.

use super::regions::{Regions, fit_of_few};
use crate::compare::{pair_counts, set_counts};
use crate::error::Result;
use crate::estimate::{Confidence, Estimate, PairEstimate, estimate_pair, estimate_set};
use crate::sketch::Sketch;
use rayon::prelude::*;

/// In which order sides are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReachOrder {
    /// As they were given.
    #[default]
    Given,
    /// Each time the one that adds most new users; of equal ones the first given.
    Greedy,
}

/// A side that is added to those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReachStep {
    /// Its place among the sides given.
    pub side: usize,
    /// Its own users.
    pub users: Estimate,
    /// Those of them that no side before has.
    pub added: Estimate,
    /// Users of all sides so far.
    pub reach: Estimate,
    /// The sum of the sides' users so far by their reach: how many sides reach a user on average,
    /// at least 1 (0 without users).
    pub duplication: f64,
}

/// The cumulative reach of sides, on the threads of the pool that it is called in. `base` comes
/// first, whatever the order; without one, the largest side does if the order is greedy. Up to eight
/// sides are one fit, as in [`crate::regions`].
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub fn reach(
    sketches: &[&Sketch],
    order: ReachOrder,
    base: Option<usize>,
    confidence: Confidence,
) -> Result<Vec<ReachStep>> {
    let fit = fit_of_few(sketches, confidence)?;
    reach_by(fit, sketches, order, base, confidence)
}

/// [`reach`] with the fit of all sides, where there is one.
pub(crate) fn reach_by(
    fit: Option<Regions>,
    sketches: &[&Sketch],
    order: ReachOrder,
    base: Option<usize>,
    confidence: Confidence,
) -> Result<Vec<ReachStep>> {
    let users: Vec<Estimate> = match &fit {
        Some(fit) => (0..sketches.len()).map(|side| fit.side(side)).collect(),
        None => (sketches.par_iter())
            .map(|sketch| estimate_set(&set_counts(sketch), confidence))
            .collect(),
    };
    let mut so_far: Box<dyn SoFar> = match fit {
        Some(fit) => Box::new(Fitted { fit, sides: 0 }),
        None => Box::new(Pairwise {
            accumulated: Accumulated::new(confidence),
            sketches,
        }),
    };
    let mut left: Vec<usize> = (0..sketches.len()).collect();
    let mut steps: Vec<ReachStep> = Vec::with_capacity(left.len());
    let mut sum = 0.0;
    while !left.is_empty() {
        let at = match (steps.len(), base, order) {
            (0, Some(base), _) => left.iter().position(|&side| side == base).unwrap_or(0),
            (_, _, ReachOrder::Given) => 0,
            (_, _, ReachOrder::Greedy) => most(&so_far.would_add(&left)?),
        };
        let side = left.remove(at);
        let (added, reach) = so_far.add(side)?;
        sum += users[side].value;
        steps.push(ReachStep {
            side,
            users: users[side],
            added,
            reach,
            duplication: if reach.value > 0.0 {
                (sum / reach.value).max(1.0)
            } else {
                0.0
            },
        });
    }
    Ok(steps)
}

/// The place of the largest value, of equal ones the first.
fn most(values: &[f64]) -> usize {
    let mut most = 0;
    for (at, value) in values.iter().enumerate() {
        if *value > values[most] {
            most = at;
        }
    }
    most
}

/// The union of the sides so far, which are known by their places.
trait SoFar {
    /// How many users each of some sides would add.
    fn would_add(&self, sides: &[usize]) -> Result<Vec<f64>>;

    /// Adds a side; returns how many of its users are new, and the size of the union.
    fn add(&mut self, side: usize) -> Result<(Estimate, Estimate)>;
}

/// Few sides: every number is a sum of one fit.
struct Fitted {
    fit: Regions,
    /// The sides so far, as bits.
    sides: usize,
}

impl Fitted {
    fn new_users(&self, side: usize) -> Estimate {
        let sides = self.sides;
        (self.fit).sum(|mask| mask & sides == 0 && mask >> side & 1 == 1)
    }
}

impl SoFar for Fitted {
    fn would_add(&self, sides: &[usize]) -> Result<Vec<f64>> {
        Ok(sides
            .iter()
            .map(|&side| self.new_users(side).value)
            .collect())
    }

    fn add(&mut self, side: usize) -> Result<(Estimate, Estimate)> {
        let added = self.new_users(side);
        self.sides |= 1 << side;
        let sides = self.sides;
        Ok((added, self.fit.sum(|mask| mask & sides != 0)))
    }
}

/// Many sides: each is compared with the union of those before it.
struct Pairwise<'a> {
    accumulated: Accumulated,
    sketches: &'a [&'a Sketch],
}

impl SoFar for Pairwise<'_> {
    fn would_add(&self, sides: &[usize]) -> Result<Vec<f64>> {
        let confidence = self.accumulated.confidence;
        let added = sides.par_iter().map(|&side| match &self.accumulated.union {
            None => Ok(estimate_set(&set_counts(self.sketches[side]), confidence).value),
            Some(union) => {
                let counts = pair_counts(union, self.sketches[side])?;
                Ok(estimate_pair(&counts, confidence).only_b.value)
            }
        });
        added.collect()
    }

    fn add(&mut self, side: usize) -> Result<(Estimate, Estimate)> {
        self.accumulated.add(self.sketches[side])
    }
}

/// A union that grows set by set, and its size.
///
/// The size is the sum of what every set added, so that numbers add up and never fall; the pair
/// fits of consecutive steps alone would disagree by their own errors. Those of the sum are no
/// larger: it is as if each part of the union were estimated where it was seen best. The interval
/// has the relative width of the union's own.
#[derive(Debug)]
pub(super) struct Accumulated {
    union: Option<Sketch>,
    size: Estimate,
    confidence: Confidence,
}

impl Accumulated {
    pub(super) const fn new(confidence: Confidence) -> Self {
        Self {
            union: None,
            size: Estimate::exact(0.0),
            confidence,
        }
    }

    /// Adds a set; returns how many of its users are new, and the size of the union.
    pub(super) fn add(&mut self, sketch: &Sketch) -> Result<(Estimate, Estimate)> {
        let Some(union) = &mut self.union else {
            self.union = Some(sketch.clone());
            self.size = estimate_set(&set_counts(sketch), self.confidence);
            return Ok((self.size, self.size));
        };
        let pair = estimate_pair(&pair_counts(union, sketch)?, self.confidence);
        union.merge(sketch)?;
        self.size = summed(self.size.value, &pair);
        Ok((pair.only_b, self.size))
    }
}

fn summed(before: f64, pair: &PairEstimate) -> Estimate {
    let value = before + pair.only_b.value;
    let width = |end: f64| match pair.union.value {
        union if union > 0.0 => (value * end / union).round(),
        _ => value,
    };
    Estimate {
        value,
        lower: width(pair.union.lower).min(value),
        upper: width(pair.union.upper).max(value),
    }
}
