//! The joint likelihood of the registers of N sets.
//!
//! Users of one region hit the registers of all its sets with one rank. Hits of different ranks are
//! independent under the Poisson model, so that the probability of a vector of registers is a
//! product over ranks: at rank k the sets whose register is lower (L) were not hit, each whose
//! register is k (E) was, the others (above) may have been. With s = 2^−k / m and U(T) the users of
//! the union of the sets in T, inclusion and exclusion over E gives
//!
//! ```text
//! P_k(L, E) = Σ over S ⊆ E of (−1)^|S| e^{−s U(L ∪ S)}
//! ```
//!
//! For one and two sets this is Ertl's likelihood (arXiv:1702.01284, sections 4 and 6). Everything
//! is a function of U, so that derivatives by U come first; those by regions are sums of them.

use super::super::counts::RANKS;
use super::super::likelihood::Rank;
use super::linear::Square;
use super::ternary::{self, EQUAL};
use super::unions::{by_regions, sums_of_touching, unions_of};

/// How the registers of some sets lie to each other, counted over all registers. Sets are bits of
/// masks, in the order in which their registers were given.
#[derive(Clone, Debug)]
pub struct JointRegisters {
    precision: u8,
    set_count: usize,
    patterns: Vec<Pattern>,
    /// Registers by rank k and the sets whose register is at most k: `RANKS` rows of 2^N places.
    at_most: Vec<u32>,
}

/// `count` registers that hold `rank` in the sets of `equal`, less in those of `below`, and more
/// in all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pattern {
    rank: usize,
    /// Both masks as a place of [`ternary`].
    place: usize,
    below: usize,
    equal: usize,
    count: u32,
}

impl JointRegisters {
    /// Counts the registers of up to eight sets, given as equally long slices of 2^precision ranks;
    /// ranks above the largest that the precision allows count as that one.
    #[must_use]
    pub fn count(precision: u8, registers: &[&[u8]]) -> Self {
        let set_count = registers.len();
        let places = 1 << set_count;
        let most = 64 - precision.min(63) + 1;
        let thirds: Vec<usize> = (0..set_count).map(ternary::count).collect();
        // By rank, and a digit for each set.
        let row = ternary::count(set_count);
        let mut counts = vec![0_u32; RANKS * row];
        // Changes from rank to rank first; their running sum is what is wanted.
        let mut changes = vec![0_i64; (RANKS + 1) * places];
        let length = registers.iter().map(|ranks| ranks.len()).min().unwrap_or(0);
        let mut order = [(0_u8, 0_usize); 8];
        for register in 0..length {
            let order = &mut order[..set_count];
            for (set, slot) in order.iter_mut().enumerate() {
                *slot = (registers[set][register].min(most), set);
            }
            order.sort_unstable();
            let (mut below, mut below_digits) = (0_usize, 0_usize);
            for same in order.chunk_by(|a, b| a.0 == b.0) {
                let rank = usize::from(same[0].0);
                let equal: usize = same.iter().map(|(_, set)| 1 << set).sum();
                let digits: usize = same.iter().map(|&(_, set)| thirds[set]).sum();
                if rank > 0 {
                    counts[rank * row + below_digits + EQUAL * digits] += 1;
                }
                changes[rank * places + below] -= i64::from(below > 0);
                below |= equal;
                below_digits += digits;
                changes[rank * places + below] += 1;
            }
        }
        Self {
            precision,
            set_count,
            patterns: patterns(&counts, set_count),
            at_most: running_sums(&changes, places),
        }
    }

    pub(super) const fn set_count(&self) -> usize {
        self.set_count
    }

    /// Adds ln L and its derivatives by the regions' users (places of `users` are masks).
    pub(super) fn add_to(&self, users: &[f64], sum: &mut Slopes) {
        let unions = unions_of(users);
        let mut up = vec![0.0; users.len()];
        let mut down = self.silence();
        for (union, silence) in unions.iter().zip(&down) {
            sum.value -= union * silence;
        }
        let mut rank = RankTerms::new(self.set_count);
        for same in self.patterns.chunk_by(|a, b| a.rank == b.rank) {
            rank.miss(&unions, Rank::new(same[0].rank, self.precision).s);
            let s = rank.s;
            for pattern in same {
                let count = f64::from(pattern.count);
                let all = rank.probability[pattern.place];
                if all > PLAIN_ABOVE {
                    sum.value += count * (all.ln() + s * unions[pattern.below]);
                    rank.weights[pattern.place] = count / all;
                    up[pattern.below] += count * s;
                    continue;
                }
                rank.fill_small(&unions, pattern.below, pattern.equal);
                sum.value += count * rank.small.ln();
                for &(union, slope) in &rank.slopes {
                    up[union] += count * slope;
                    up[pattern.below] -= count * slope;
                }
            }
            rank.add_slopes(&mut up);
        }
        sums_of_touching(&mut up);
        sums_of_touching(&mut down);
        for mask in 1..users.len() {
            sum.up[mask] += up[mask];
            sum.down[mask] += down[mask];
        }
    }

    /// How strongly ln L bends: Σ score scoreᵀ over the patterns that were found, which is never
    /// negative and sees how little is known of regions that few registers tell of.
    pub(super) fn curvature(&self, users: &[f64]) -> Square {
        let unions = unions_of(users);
        let mut by_unions = Square::zeros(users.len());
        let mut rank = RankTerms::new(self.set_count);
        for same in self.patterns.chunk_by(|a, b| a.rank == b.rank) {
            rank.miss(&unions, Rank::new(same[0].rank, self.precision).s);
            for pattern in same {
                let count = f64::from(pattern.count);
                let all = rank.probability[pattern.place];
                if all > PLAIN_ABOVE {
                    rank.weights[pattern.place] = count / (all * all);
                } else {
                    rank.fill_small(&unions, pattern.below, pattern.equal);
                    let own = -rank.s - rank.slopes.iter().map(|(_, slope)| slope).sum::<f64>();
                    rank.slopes.push((pattern.below, own));
                    add_square(&mut by_unions, &rank.slopes, count);
                }
            }
            rank.add_squares(&mut by_unions);
        }
        by_unions.mirror();
        by_regions(by_unions)
    }

    /// By set mask: Σ over registers and ranks at which just these sets were not hit, of the
    /// probability that a user would have hit them.
    fn silence(&self) -> Vec<f64> {
        let places = 1 << self.set_count;
        let mut silence = vec![0.0; places];
        let last = 64 - usize::from(self.precision.min(63)) + 1;
        for rank in 0..last {
            // At the next rank, the sets that are at most at this one are below it.
            let s = Rank::new(rank + 1, self.precision).s;
            for (mask, silence) in silence.iter_mut().enumerate().skip(1) {
                *silence += s * f64::from(self.at_most[rank * places + mask]);
            }
        }
        silence
    }

    /// The information about the regions that so many registers are expected to hold, if these are
    /// the regions' users: E[score scoreᵀ] under the Poisson model.
    ///
    /// From the highest rank down, what is below a rank is independent of what is above it given
    /// which sets were hit already: scores of different ranks are uncorrelated, and the information
    /// is a sum over ranks.
    pub(super) fn information(&self, users: &[f64]) -> Square {
        // Patterns that are expected this rarely say next to nothing, however surprising they would
        // be.
        const EXPECTED_MIN: f64 = 2e-4;
        let places = users.len();
        let unions = unions_of(users);
        let m = f64::from(self.precision).exp2();
        let mut by_unions = Square::zeros(places);
        let mut rank = RankTerms::new(self.set_count);
        let last = 64 - usize::from(self.precision.min(63)) + 1;
        for value in 1..=last {
            let Rank { s, silence, .. } = Rank::new(value, self.precision);
            // The sets that saw nothing above this rank are below, each of the others is equal.
            rank.miss(&unions, silence);
            let expected: Vec<f64> = (0..places)
                .map(|settled| m * rank.probability[rank.place(settled, places - 1 - settled)])
                .collect();
            rank.miss(&unions, s);
            for settled in (1..places).filter(|&settled| expected[settled] >= EXPECTED_MIN) {
                for equal in submasks(settled) {
                    let place = rank.place(settled ^ equal, equal);
                    let all = rank.probability[place];
                    if expected[settled] * all >= EXPECTED_MIN {
                        rank.weights[place] = expected[settled] / all;
                    }
                }
            }
            rank.add_squares(&mut by_unions);
        }
        by_unions.mirror();
        by_regions(by_unions)
    }
}

/// Adds `times` score scoreᵀ, each pair of places in one of its two cells.
fn add_square(form: &mut Square, score: &[(usize, f64)], times: f64) {
    for (at, &(i, left)) in score.iter().enumerate() {
        let row = form.row_mut(i);
        for &(j, right) in &score[at..] {
            row[j] += times * left * right;
        }
    }
}

/// (−1)^|S|.
const fn sign(subset: usize) -> f64 {
    if subset.count_ones().is_multiple_of(2) {
        1.0
    } else {
        -1.0
    }
}

/// ln L, and its slopes by the users of every region in two parts: `up` is what more users gain,
/// `down` (to be taken off) what they cost.
#[derive(Clone, Debug)]
pub(super) struct Slopes {
    pub(super) value: f64,
    pub(super) up: Vec<f64>,
    pub(super) down: Vec<f64>,
}

impl Slopes {
    pub(super) fn zeros(places: usize) -> Self {
        Self {
            value: 0.0,
            up: vec![0.0; places],
            down: vec![0.0; places],
        }
    }
}

/// Above this, differences of probabilities have digits to spare.
const PLAIN_ABOVE: f64 = 1e-6;

/// What is likely at one rank, for every place of [`ternary`], and weights to be summed up.
struct RankTerms {
    set_count: usize,
    of_mask: Vec<usize>,
    s: f64,
    /// By union: e^{−s U(T)}.
    missed: Vec<f64>,
    /// By place: that each of some sets is hit and others aren't.
    probability: Vec<f64>,
    weights: Vec<f64>,
    /// Of the last improbable pattern: its probability given that the others aren't hit, and
    /// ∂ ln P / ∂U of every union but that of the others.
    small: f64,
    slopes: Vec<(usize, f64)>,
    spare: Vec<f64>,
}

impl RankTerms {
    fn new(set_count: usize) -> Self {
        let places = ternary::count(set_count);
        Self {
            set_count,
            of_mask: ternary::places_of_masks(set_count),
            s: 0.0,
            missed: Vec::new(),
            probability: Vec::new(),
            weights: vec![0.0; places],
            small: 1.0,
            slopes: Vec::new(),
            spare: Vec::new(),
        }
    }

    fn place(&self, below: usize, equal: usize) -> usize {
        self.of_mask[below] + EQUAL * self.of_mask[equal]
    }

    /// Hits of a user come with probability `s`.
    fn miss(&mut self, unions: &[f64], s: f64) {
        self.s = s;
        self.missed.clear();
        self.missed
            .extend(unions.iter().map(|union| (-s * union).exp()));
        ternary::alternating(&self.missed, &mut self.probability, &mut self.spare);
    }

    /// Adds what the weights say of ∂ ln P / ∂U, and clears them.
    fn add_slopes(&mut self, up: &mut [f64]) {
        ternary::alternating_back(&mut self.weights, self.set_count);
        for ((up, weight), missed) in up.iter_mut().zip(&self.weights).zip(&self.missed) {
            *up -= self.s * weight * missed;
        }
        self.weights.fill(0.0);
    }

    /// Adds weight · score scoreᵀ of all places to the upper triangle, and clears the weights.
    fn add_squares(&mut self, form: &mut Square) {
        let terms: Vec<f64> = (self.missed.iter().enumerate())
            .map(|(union, missed)| sign(union) * self.s * missed)
            .collect();
        ternary::add_squares(form, &mut self.weights, &terms, &self.of_mask);
        self.weights.fill(0.0);
    }

    /// Σ over S ⊆ `equal`, S ≠ ∅, of (−1)^|S| (e^{−s (U(below ∪ S) − U(below))} − 1): without the
    /// ones, which cancel, it would lose all digits where s is small.
    fn fill_small(&mut self, unions: &[f64], below: usize, equal: usize) {
        let s = self.s;
        self.slopes.clear();
        let (mut probability, mut largest) = (0.0, 0.0_f64);
        for subset in submasks(equal).filter(|&subset| subset != 0) {
            let union = below | subset;
            let missed = (-s * (unions[union] - unions[below])).exp_m1();
            probability += sign(subset) * missed;
            largest = largest.max(-missed);
            self.slopes
                .push((union, -sign(subset) * s * (missed + 1.0)));
        }
        // What is left below rounding is nothing, but must not divide by zero.
        self.small = probability.max(largest * 1e-14).max(f64::MIN_POSITIVE);
        for (_, slope) in &mut self.slopes {
            *slope /= self.small;
        }
    }
}

/// All subsets of a mask, itself first and the empty one last.
fn submasks(mask: usize) -> impl Iterator<Item = usize> {
    let mut next = Some(mask);
    std::iter::from_fn(move || {
        let here = next?;
        next = (here != 0).then(|| (here - 1) & mask);
        Some(here)
    })
}

fn patterns(counts: &[u32], set_count: usize) -> Vec<Pattern> {
    let row = counts.len() / RANKS;
    let seen = counts.iter().enumerate().filter(|(_, count)| **count > 0);
    seen.map(|(at, &count)| {
        let place = at % row;
        let (below, equal) = ternary::masks_of(place, set_count);
        Pattern {
            rank: at / row,
            place,
            below,
            equal,
            count,
        }
    })
    .collect()
}

fn running_sums(changes: &[i64], places: usize) -> Vec<u32> {
    let mut sums = vec![0_i64; places];
    let rows = changes.chunks_exact(places).take(RANKS);
    rows.flat_map(|row| {
        for (sum, change) in sums.iter_mut().zip(row) {
            *sum += change;
        }
        sums.clone()
    })
    .map(|sum| u32::try_from(sum).unwrap_or(0))
    .collect()
}
