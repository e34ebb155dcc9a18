//! A grid of bits in which every user sets one, and its form with noise.
//!
//! Bucket and level of a user's bit come from the low end of the hash, as index and rank of the registers do. Since one
//! user is one bit, flipping every bit with probability 1 / (1 + e^ε) makes the whole grid ε-differentially
//! private for adding or removing one user, whatever hash the reader knows.

use crate::error::{Error, ErrorKind, Result};
use crate::hash::{BatchHasher, Filter, HashScheme, HashSink};
use crate::id::{IdBatch, IdDomain, IdSink, Profile, ensure_one_profile, merge_domains};
use std::ops::RangeInclusive;

/// Bits by level and bucket; for each user one is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    precision: u8,
    /// Level by level, 64 buckets a word.
    words: Vec<u64>,
}

impl Grid {
    /// How many levels there are. The last one takes all users beyond.
    pub const LEVELS: usize = 24;

    /// log2 of the number of buckets: below 2^10 noise hides everything, 2^22 are 12 MiB.
    pub const PRECISIONS: RangeInclusive<u8> = 10..=22;

    /// The default of `overlap sketch --epsilon`: 768 KiB.
    pub const PRECISION: u8 = 18;

    /// The grid of nobody.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] outside [`Self::PRECISIONS`].
    pub fn new(precision: u8) -> Result<Self> {
        let (least, most) = (Self::PRECISIONS.start(), Self::PRECISIONS.end());
        if !Self::PRECISIONS.contains(&precision) {
            return Err(Error::usage(format!(
                "a grid of 2^{precision} buckets, but 2^{least} to 2^{most} are possible"
            )));
        }
        Ok(Self {
            precision,
            words: vec![0; Self::word_count(precision)],
        })
    }

    /// A grid from its words, such as those in a file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for another number of them.
    pub fn from_words(precision: u8, words: Vec<u64>) -> Result<Self> {
        let fits =
            Self::PRECISIONS.contains(&precision) && words.len() == Self::word_count(precision);
        match fits {
            true => Ok(Self { precision, words }),
            false => Err(Error::input("a grid of another size than it says")),
        }
    }

    /// How many words a grid has.
    #[must_use]
    pub const fn word_count(precision: u8) -> usize {
        Self::LEVELS << (precision - 6)
    }

    /// log2 of the number of buckets.
    #[must_use]
    pub const fn precision(&self) -> u8 {
        self.precision
    }

    /// The bits, level by level.
    #[must_use]
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Sets the bit of a hash.
    pub fn set(&mut self, hash: u64) {
        let bucket = hash & ((1 << self.precision) - 1);
        let level = (hash >> self.precision)
            .trailing_zeros()
            .min(Self::LEVELS as u32 - 1);
        let bit = (u64::from(level) << self.precision) | bucket;
        // Fewer than 2^27 bits.
        self.words[(bit >> 6) as usize] |= 1 << (bit & 63);
    }

    /// Turns this grid into that of the union. Both are without noise and of one size.
    pub fn merge(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Flips every bit with probability `chance` / 2^64.
    fn flip(&mut self, chance: u64, random: &mut dyn FnMut() -> u64) {
        for word in &mut self.words {
            *word ^= flips(chance, random);
        }
    }
}

/// 64 bits, each set with probability `chance` / 2^64. The digits of 64 random numbers are drawn one by one, and
/// compared with those of `chance` until all are decided: 8 words as a rule.
fn flips(chance: u64, random: &mut dyn FnMut() -> u64) -> u64 {
    let (mut below, mut undecided) = (0, u64::MAX);
    for digit in (0..u64::BITS).rev() {
        let drawn = random();
        if chance >> digit & 1 == 1 {
            below |= undecided & !drawn;
            undecided &= drawn;
        } else {
            undecided &= !drawn;
        }
        if undecided == 0 {
            break;
        }
    }
    below
}

/// A grid with noise: what may be given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoisyGrid {
    scheme: HashScheme,
    domain: Option<IdDomain>,
    profile: Profile,
    epsilon_millionths: u64,
    grid: Grid,
}

impl NoisyGrid {
    /// The range of ε, in millionths: 0.01 to 10.
    pub const EPSILONS: RangeInclusive<u64> = 10_000..=10_000_000;

    /// ε as a whole number of millionths.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] outside [`Self::EPSILONS`].
    pub fn millionths(epsilon: f64) -> Result<u64> {
        let millionths = epsilon * 1e6;
        let inside = (*Self::EPSILONS.start() as f64..=*Self::EPSILONS.end() as f64)
            .contains(&millionths.round());
        match inside {
            // Rounded down: never less noise than was asked for.
            true => Ok((millionths + 1e-3).floor() as u64),
            false => Err(Error::usage(format!(
                "epsilon is {epsilon}, but must be 0.01 to 10"
            ))),
        }
    }

    /// A grid with noise from its parts, such as those in a file.
    ///
    /// # Errors
    /// [`ErrorKind::Input`] for an ε outside [`Self::EPSILONS`].
    pub fn from_parts(
        domain: Option<IdDomain>,
        profile: Profile,
        epsilon_millionths: u64,
        grid: Grid,
    ) -> Result<Self> {
        if !Self::EPSILONS.contains(&epsilon_millionths) {
            return Err(Error::input("an impossible epsilon"));
        }
        Ok(Self {
            scheme: HashScheme::Xxh3,
            domain,
            profile,
            epsilon_millionths,
            grid,
        })
    }

    /// The bits, with noise.
    #[must_use]
    pub const fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The kind of the IDs; `None` if there was none.
    #[must_use]
    pub const fn domain(&self) -> Option<IdDomain> {
        self.domain
    }

    /// How the IDs were brought to one form.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// ε in millionths.
    #[must_use]
    pub const fn epsilon_millionths(&self) -> u64 {
        self.epsilon_millionths
    }

    /// ε.
    #[must_use]
    pub fn epsilon(&self) -> f64 {
        self.epsilon_millionths as f64 / 1e6
    }

    /// The probability with which each bit was flipped.
    #[must_use]
    pub fn flip(&self) -> f64 {
        flip_of(self.epsilon_millionths)
    }

    /// Whether this grid and another can be compared.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if kinds or forms of the IDs, or the sizes of the grids differ.
    pub fn ensure_comparable(&self, other: &Self) -> Result<()> {
        if merge_domains(self.domain, other.domain)?.is_some() && self.domain == other.domain {
            ensure_one_profile(&self.profile, &other.profile)?;
        }
        let (one, two) = (self.grid.precision, other.grid.precision);
        if one == two {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Incomparable,
            format!(
                "grids of 2^{one} and 2^{two} buckets: with noise in them they can't be made alike"
            ),
        )
        .hint("sketch both sides with the same number of buckets"))
    }
}

/// Randomised merge.
impl NoisyGrid {
    /// A grid of both grids' users that looks as if they had been sketched together, with more noise than either:
    /// 1 − e^−ε = (1 − e^−ε₁) (1 − e^−ε₂). It is made of the two grids alone, and so tells no more of anybody than they do.
    ///
    /// "Sketch-Flip-Merge: Mergeable Sketches for Private Distinct Counting" (Hehir, Ting and Cormode, ICML 2023). Let a(1) = −q / (1 − 2q)
    /// and a(0) = (1 − q) / (1 − 2q): the mean of a of a bit with noise q is 1 if the bit was 0, and 0 if it was 1. A bit that is set with
    /// probability (1 + d) / 2 − d a₁ a₂ is therefore set with (1 + d) / 2 or (1 − d) / 2, as the union's bit is 1 or 0. The largest
    /// possible d is 1 / (2 a₁(0) a₂(0) − 1).
    ///
    /// # Errors
    /// Those of [`Self::ensure_comparable`]; [`ErrorKind::Incomparable`] for a grid and itself, whose noise is one and the same;
    /// [`ErrorKind::Usage`] if the ε of the merged grid is below [`Self::EPSILONS`].
    pub fn merge(&self, other: &Self, random: &mut dyn FnMut() -> u64) -> Result<Self> {
        self.ensure_comparable(other)?;
        if self.grid == other.grid {
            let error = Error::new(
                ErrorKind::Incomparable,
                "is there twice, with the same noise",
            );
            return Err(error.hint("name every sketch with noise once"));
        }
        let epsilon_millionths = self.merged_millionths(other)?;
        let chances = self.merge_chances(other, flip_of(epsilon_millionths));
        let pairs = self.grid.words.iter().zip(&other.grid.words);
        let words = pairs.map(|(&a, &b)| {
            let cells = [!a & !b, !a & b, a & !b, a & b].into_iter().zip(chances);
            cells.fold(0, |word, (cell, chance)| {
                word | (cell & flips(chance, random))
            })
        });
        Ok(Self {
            scheme: self.scheme,
            domain: self.domain.or(other.domain),
            profile: match self.domain {
                Some(_) => self.profile.clone(),
                None => other.profile.clone(),
            },
            epsilon_millionths,
            grid: Grid {
                precision: self.grid.precision,
                words: words.collect(),
            },
        })
    }

    /// The ε of the merged grid, rounded down.
    fn merged_millionths(&self, other: &Self) -> Result<u64> {
        let kept = |grid: &Self| 1.0 - (-grid.epsilon()).exp();
        let epsilon = -(1.0 - kept(self) * kept(other)).ln();
        let millionths = (epsilon * 1e6).floor() as u64;
        match Self::EPSILONS.contains(&millionths) {
            true => Ok(millionths),
            false => Err(Error::usage(format!(
                "merged they have so much noise that nothing is left: epsilon {}",
                millionths as f64 / 1e6
            ))
            .hint("sketch the data of all of them together")),
        }
    }

    /// Probabilities, of 2^64, that a bit is set whose two bits are 00, 01, 10 and 11.
    fn merge_chances(&self, other: &Self, flip: f64) -> [u64; 4] {
        let weights = |grid: &Self| {
            let q = grid.flip();
            [(1.0 - q) / (1.0 - 2.0 * q), -q / (1.0 - 2.0 * q)]
        };
        let (one, two, d) = (weights(self), weights(other), 1.0 - 2.0 * flip);
        [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| {
            let chance = (1.0 + d) / 2.0 - d * one[a] * two[b];
            (chance.clamp(0.0, 1.0) * 2.0_f64.powi(64)) as u64
        })
    }
}

/// 1 / (1 + e^ε), not rounded down.
fn flip_of(millionths: u64) -> f64 {
    (1.0 / (1.0 + (millionths as f64 / 1e6).exp())).next_up()
}

/// A grid in the making.
#[derive(Debug)]
pub struct GridSketcher {
    hasher: BatchHasher,
    domain: Option<IdDomain>,
    grid: Grid,
}

impl GridSketcher {
    /// A grid of nobody yet, with IDs of the domain if it is known.
    ///
    /// # Errors
    /// Those of [`Grid::new`].
    pub fn new(precision: u8, domain: Option<IdDomain>) -> Result<Self> {
        Ok(Self {
            hasher: BatchHasher::default(),
            domain,
            grid: Grid::new(precision)?,
        })
    }

    /// Takes in what another one saw of the same side.
    ///
    /// # Errors
    /// [`ErrorKind::Incomparable`] if their IDs are of different domains.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.domain = merge_domains(self.domain, other.domain)?;
        self.grid.merge(&other.grid);
        Ok(())
    }

    /// The grid with noise. The bits without noise are gone.
    #[must_use]
    pub fn finish(
        mut self,
        profile: Profile,
        epsilon_millionths: u64,
        random: &mut dyn FnMut() -> u64,
    ) -> NoisyGrid {
        let chance = flip_of(epsilon_millionths) * 2.0_f64.powi(64);
        self.grid.flip(chance as u64, random);
        NoisyGrid {
            scheme: HashScheme::Xxh3,
            domain: self.domain,
            profile,
            epsilon_millionths,
            grid: self.grid,
        }
    }
}

impl HashSink for Grid {
    fn filter(&self) -> Filter {
        Filter::ALL
    }

    fn take(&mut self, hashes: &[u64]) {
        hashes.iter().for_each(|&hash| self.set(hash));
    }
}

impl IdSink for GridSketcher {
    fn push(&mut self, batch: IdBatch<'_>) -> Result<()> {
        self.domain = merge_domains(self.domain, Some(batch.domain()))?;
        self.hasher.hash(batch, &mut self.grid);
        Ok(())
    }

    fn counts_repeats(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::hash_integer;

    /// splitmix64.
    fn random(mut state: u64) -> impl FnMut() -> u64 {
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }
    }

    fn sketcher(users: std::ops::Range<i64>) -> GridSketcher {
        let mut sketcher = GridSketcher::new(10, None).expect("a precision");
        let ids: Vec<i64> = users.collect();
        sketcher.push(IdBatch::Integers(&ids)).expect("pushes");
        sketcher
    }

    #[test]
    fn one_user_is_one_bit() {
        for user in 0..1_000 {
            let words = sketcher(user..user + 1).grid.words;
            assert_eq!(words.iter().map(|word| word.count_ones()).sum::<u32>(), 1);
            let mut other = Grid::new(10).expect("a precision");
            other.set(hash_integer(user));
            assert_eq!(words, other.words, "the hash is that of every other sketch");
        }
    }

    #[test]
    fn a_grid_of_parts_is_that_of_all() {
        let mut merged = sketcher(0..700);
        merged.merge(&sketcher(500..2_000)).expect("merges");
        assert_eq!(merged.grid, sketcher(0..2_000).grid);
    }

    /// The share of flipped bits within five standard deviations, of set and of unset bits alike.
    #[test]
    fn every_bit_is_flipped_with_the_probability_of_epsilon() {
        for (seed, epsilon) in [(1, 0.1), (2, 1.0), (3, 4.0)] {
            let before = sketcher(0..5_000);
            let plain = before.grid.clone();
            let millionths = NoisyGrid::millionths(epsilon).expect("in range");
            let noisy = before.finish(Profile::default(), millionths, &mut random(seed));
            let q = 1.0 / (1.0 + f64::exp(epsilon));
            assert!((noisy.flip() - q).abs() < 1e-9);
            for set in [true, false] {
                let (mut bits, mut flipped) = (0.0, 0.0);
                for (old, new) in plain.words.iter().zip(noisy.grid().words()) {
                    let those = if set { *old } else { !old };
                    bits += f64::from(those.count_ones());
                    flipped += f64::from(((old ^ new) & those).count_ones());
                }
                let room = 5.0 * (q * (1.0 - q) / bits).sqrt();
                assert!(
                    (flipped / bits - q).abs() < room,
                    "ε {epsilon}, {set}: {flipped} of {bits}"
                );
            }
        }
    }

    #[test]
    fn random_bits_have_exact_chances_at_the_ends() {
        assert_eq!(flips(0, &mut random(1)), 0);
        let mut ones = 0;
        for _ in 0..1_000 {
            ones += flips(1 << 63, &mut random(7)).count_ones();
        }
        assert!(ones > 0);
        let mut source = random(9);
        let count: u32 = (0..2_000)
            .map(|_| flips(1 << 62, &mut source).count_ones())
            .sum();
        // A quarter of 128,000 bits, within five standard deviations.
        assert!(count.abs_diff(32_000) < 775, "{count}");
    }

    #[test]
    fn epsilon_is_never_more_than_was_asked_for() {
        assert_eq!(NoisyGrid::millionths(1.0), Ok(1_000_000));
        assert_eq!(NoisyGrid::millionths(0.3), Ok(300_000));
        assert_eq!(NoisyGrid::millionths(0.123_456_9), Ok(123_456));
        for bad in [0.0, 0.009, 10.1, -1.0, f64::NAN] {
            assert_eq!(
                NoisyGrid::millionths(bad).map_err(|e| e.kind()),
                Err(ErrorKind::Usage)
            );
        }
    }

    /// Of bits whose union is 1, and of bits whose union is 0, in every combination of the two sides: those with noise are as
    /// many as in a grid that was sketched at once, within five standard deviations.
    #[test]
    fn a_merged_grid_has_the_noise_that_it_says() {
        let (first, second) = (sketcher(0..4_000), sketcher(3_000..9_000));
        let (plain_a, plain_b) = (first.grid.clone(), second.grid.clone());
        let mut source = random(5);
        let a = first.finish(Profile::default(), 2_000_000, &mut source);
        let b = second.finish(Profile::default(), 1_000_000, &mut source);
        let kept = |epsilon: f64| 1.0 - (-epsilon).exp();
        let mut counts = [[0.0; 2]; 4];
        let mut q = 0.0;
        for _ in 0..20 {
            let merged = a.merge(&b, &mut source).expect("merges");
            assert!((kept(merged.epsilon()) - kept(2.0) * kept(1.0)).abs() < 1e-5);
            q = merged.flip();
            let words = plain_a.words.iter().zip(&plain_b.words);
            for ((&a, &b), &got) in words.zip(&merged.grid.words) {
                let cells = [!a & !b, !a & b, a & !b, a & b];
                for (count, cell) in counts.iter_mut().zip(cells) {
                    count[0] += f64::from(cell.count_ones());
                    count[1] += f64::from((cell & got).count_ones());
                }
            }
        }
        for (cell, [bits, set]) in counts.into_iter().enumerate() {
            let chance = if cell == 0 { q } else { 1.0 - q };
            // The noise of the two grids is the same in all 20 merges.
            let room = 5.0 * (0.25 / (bits / 20.0)).sqrt();
            assert!(
                (set / bits - chance).abs() < room,
                "{cell}: {set} of {bits}, {chance}"
            );
        }
    }

    #[test]
    fn a_merged_grid_needs_two_and_some_epsilon() {
        let noisy = |millionths: u64, seed: u64| {
            sketcher(0..100).finish(Profile::default(), millionths, &mut random(seed))
        };
        let one = noisy(1_000_000, 1);
        let same = one.merge(&one.clone(), &mut random(2)).expect_err("itself");
        assert_eq!(same.kind(), ErrorKind::Incomparable);
        let little = noisy(20_000, 3).merge(&noisy(20_000, 4), &mut random(5));
        assert_eq!(
            little.expect_err("nothing is left").kind(),
            ErrorKind::Usage
        );
        let chances = one.merge_chances(
            &one,
            flip_of(one.merged_millionths(&one).expect("in range")),
        );
        // Where both bits are 0 the merged one hardly ever is 1, and where both are 1 hardly ever 0.
        assert!(
            chances[0] < 1 << 46 && chances[3] > u64::MAX / 2,
            "{chances:?}"
        );
    }

    #[test]
    fn grids_of_other_sizes_and_ids_are_not_compared() {
        let noisy = |precision: u8, domain: IdDomain| {
            let sketcher = GridSketcher::new(precision, Some(domain)).expect("a precision");
            sketcher.finish(Profile::default(), 1_000_000, &mut random(1))
        };
        let one = noisy(10, IdDomain::Integer);
        assert!(one.ensure_comparable(&noisy(10, IdDomain::Integer)).is_ok());
        for other in [noisy(11, IdDomain::Integer), noisy(10, IdDomain::Text)] {
            let error = one.ensure_comparable(&other).expect_err("differs");
            assert_eq!(error.kind(), ErrorKind::Incomparable);
        }
    }
}
