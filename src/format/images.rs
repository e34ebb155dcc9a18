//! Which columns of a table hold another program's sketches.

use crate::hash::HashScheme;

/// Columns of images that Apache DataSketches made, in tables of other programs (Spark's
/// `theta_sketch_agg` and `hll_sketch_agg`, Druid, Hive).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageColumns {
    /// The column of theta sketches.
    pub theta: Option<String>,
    /// The column of HLL sketches.
    pub hll: Option<String>,
    /// How text was hashed before it came into them, which images don't tell: false is UTF-8, true UTF-16.
    pub utf16: bool,
}

impl ImageColumns {
    /// The hash of images.
    #[must_use]
    pub const fn hash(&self) -> HashScheme {
        match self.utf16 {
            true => HashScheme::Murmur3Utf16,
            false => HashScheme::Murmur3,
        }
    }

    /// The columns that were named.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        self.theta.iter().chain(&self.hll)
    }
}
