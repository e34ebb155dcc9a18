//! Sets of regions.

use super::linear::dot;

/// Which of at most 256 regions are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RegionSet([u64; 4]);

impl RegionSet {
    /// The regions from 1 to `places` − 1 that `wanted` picks.
    pub(super) fn of(places: usize, wanted: impl Fn(usize) -> bool) -> Self {
        let mut set = Self::default();
        for region in (1..places).filter(|&region| wanted(region)) {
            set.0[region / 64] |= 1 << (region % 64);
        }
        set
    }

    /// Bit r of the four words, the lowest first, stands for region r.
    pub(super) const fn words(&self) -> [u64; 4] {
        self.0
    }

    pub(super) const fn has(&self, region: usize) -> bool {
        self.0[region / 64] >> (region % 64) & 1 == 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    /// These regions, but for those of another set.
    pub(super) fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & !other.0[at]))
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }

    /// Sums the values of these regions, given one for every region.
    pub(super) fn sum_of(&self) -> impl Fn(&[f64]) -> f64 {
        /// From so many on it is quicker to multiply all than to pick some.
        const MANY: usize = 16;
        let picked: Vec<usize> = self.iter().collect();
        let mut weights = Vec::new();
        if picked.len() >= MANY {
            weights = vec![0.0; 256];
            picked.iter().for_each(|&region| weights[region] = 1.0);
        }
        move |values| match weights[..] {
            [] => picked.iter().map(|&region| values[region]).sum(),
            _ => dot(values, &weights[..values.len()]),
        }
    }

    /// In rising order.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        let words = self.0.into_iter().enumerate();
        words.flat_map(|(at, word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let region = (left != 0).then(|| 64 * at + left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(region)
            })
        })
    }
}
