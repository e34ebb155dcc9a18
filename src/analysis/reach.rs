//! Which partner adds most new users next? The reach of ever more sides together.

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

/// One more side.
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
/// first, whatever the order; without one, the largest side does if the order is greedy.
///
/// # Errors
/// [`crate::ErrorKind::Incomparable`] if two of them can't be compared.
pub fn reach(
    sketches: &[&Sketch],
    order: ReachOrder,
    base: Option<usize>,
    confidence: Confidence,
) -> Result<Vec<ReachStep>> {
    let users = sketches.par_iter();
    let users = users.map(|sketch| estimate_set(&set_counts(sketch), confidence));
    let users: Vec<Estimate> = users.collect();
    let mut left: Vec<usize> = (0..sketches.len()).collect();
    let mut so_far = Accumulated::new(confidence);
    let mut steps: Vec<ReachStep> = Vec::with_capacity(left.len());
    let mut sum = 0.0;
    while !left.is_empty() {
        let at = match (steps.len(), base, order) {
            (0, Some(base), _) => left.iter().position(|&side| side == base).unwrap_or(0),
            (_, _, ReachOrder::Given) => 0,
            (_, _, ReachOrder::Greedy) => so_far.most_added(&left, sketches)?,
        };
        let side = left.remove(at);
        let (added, reach) = so_far.add(sketches[side])?;
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

    /// The union of the sets so far; `None` before the first.
    pub(super) const fn union(&self) -> Option<&Sketch> {
        self.union.as_ref()
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

    /// The place in `left` of the set that would add most.
    fn most_added(&self, left: &[usize], sketches: &[&Sketch]) -> Result<usize> {
        let added = left.par_iter().map(|&side| match &self.union {
            None => Ok(estimate_set(&set_counts(sketches[side]), self.confidence).value),
            Some(union) => {
                let counts = pair_counts(union, sketches[side])?;
                Ok(estimate_pair(&counts, self.confidence).only_b.value)
            }
        });
        let added: Vec<f64> = added.collect::<Result<_>>()?;
        let mut most = 0;
        for (at, added_here) in added.iter().enumerate() {
            if *added_here > added[most] {
                most = at;
            }
        }
        Ok(most)
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
