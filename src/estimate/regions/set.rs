//! Sets of regions.

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

    pub(super) const fn has(&self, region: usize) -> bool {
        self.0[region / 64] >> (region % 64) & 1 == 1
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    pub(super) fn join(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
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
