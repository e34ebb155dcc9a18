//! Which hashes may be dropped as soon as they are known.

/// A test that a hash passes if its low end or its high end is rare enough.
///
/// Sketches keep what is rare: after the first few thousand users almost no hash changes one, and
/// two comparisons of the hash tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// A hash passes if it has none of these bits,
    pub zeros: u64,
    /// or if it is at most this.
    pub most: u64,
}

impl Filter {
    /// Every hash passes.
    pub const ALL: Self = Self {
        zeros: 0,
        most: u64::MAX,
    };

    /// Whether `hash` passes.
    #[inline]
    #[must_use]
    pub const fn passes(self, hash: u64) -> bool {
        hash & self.zeros == 0 || hash <= self.most
    }
}
